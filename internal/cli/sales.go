package cli

import (
	"context"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/schollz/progressbar/v3"

	"brigade/internal/config"
	"brigade/internal/errs"
	"brigade/internal/planning"
	"brigade/internal/planning/planningpg"
	"brigade/internal/planning/salesfile"
	"brigade/internal/tenant"
	"brigade/internal/tenant/tenantpg"
)

type salesCommand struct {
	Import salesImport `cmd:"" help:"Take a CSV file of sales into the history."`
	List   salesList   `cmd:"" help:"What was sold, by product and day."`
	Rename salesRename `cmd:"" help:"Say that a product is sold under another SKU since."`
}

type salesImport struct {
	config.Migrate `group:"database"`
	File           string            `arg:"" name:"file" type:"existingfile" help:"The CSV file, with a header."`
	Map            map[string]string `name:"map" placeholder:"FIELD=COLUMN" help:"Which column is which field (again for each, or separated by semicolons); what is not named is guessed and shown. Fields: date, hour, outlet, sku, name, quantity, revenue, price, key, sold_out."`
	Tenant         string            `name:"tenant" placeholder:"SLUG" help:"Whose sales they are (default: the only tenant)."`
	Outlet         string            `name:"outlet" placeholder:"SLUG" help:"Where rows were sold that do not say so (default: the tenant's default outlet)."`
	Source         string            `name:"source" placeholder:"NAME" help:"Who reports them; the same file under the same source changes nothing (default: csv:FILE)."`
	Decimal        string            `name:"decimal" placeholder:"point|comma" enum:",point,comma" default:"" help:"How decimals are written, where the file leaves doubt."`
	Dates          string            `name:"dates" placeholder:"dmy|mdy" enum:",dmy,mdy" default:"" help:"How dates like 03/04/2026 are meant."`
	DryRun         bool              `name:"dry-run" help:"Say what would change and every fault; change nothing."`
	JSON           bool              `name:"json" help:"Write what changed as JSON."`
}

// Help implements kong.HelpProvider.
func (salesImport) Help() string {
	return `A file is taken whole or not at all; every fault is named with its line. Imported again, it changes nothing; a corrected file replaces what it corrects. Without a column for the key, rows of one product, day and hour add up.

    brigade sales import sales.csv --dry-run
    brigade sales import till.csv --map sku=Artikel --map quantity=Menge --decimal comma`
}

// Run imports the file.
func (c *salesImport) Run(ctx context.Context, env *Env) error {
	return postgres{Common: c.Common, Database: c.Database}.withPool(ctx, env, func(ctx context.Context, pool *pgxpool.Pool) error {
		merged, err := c.load(ctx, env, pool)
		if err != nil {
			return err
		}
		if c.JSON {
			return writeJSON(env.Out, map[string]any{
				"lines": merged.Lines, "added": merged.Added, "changed": merged.Changed, "unchanged": merged.Same, "dry_run": c.DryRun,
			})
		}
		would := ""
		if c.DryRun {
			would = " (dry run: nothing was changed)"
		}
		fmt.Fprintf(env.Out, "%d lines: %d new, %d changed, %d known already%s\n", merged.Lines, merged.Added, merged.Changed, merged.Same, would)
		return nil
	})
}

func (c *salesImport) load(ctx context.Context, env *Env, pool *pgxpool.Pool) (planning.Merged, error) {
	owner, err := c.owner(ctx, pool)
	if err != nil {
		return planning.Merged{}, err
	}
	rows := planningpg.New(pool)
	o := salesfile.Options{Map: c.Map, Outlet: c.Outlet, Decimal: c.Decimal, Dates: c.Dates}
	if o.Outlets, err = rows.Outlets(ctx, owner.ID, 0); err != nil {
		return planning.Merged{}, err
	}
	if o.Outlet == "" {
		o.Outlet = defaultOutlet(ctx, pool, owner.ID)
	}
	in, err := os.Open(c.File)
	if err != nil {
		return planning.Merged{}, err
	}
	defer in.Close()
	watched := &watched{File: in}
	file, err := salesfile.Open(watched, o)
	if err != nil {
		return planning.Merged{}, err
	}
	c.showColumns(env, file)
	watched.begin(env)
	merged, err := rows.Import(ctx, owner.ID, c.source(), file, c.DryRun)
	watched.end()
	return merged, err
}

// source is the name under which the file is imported.
func (c *salesImport) source() string {
	if c.Source != "" {
		return c.Source
	}
	name := strings.ToLower(filepath.Base(c.File))
	name = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '.' || r == '_' || r == '-' {
			return r
		}
		return '-'
	}, strings.TrimSuffix(name, ".csv"))
	return "csv:" + name[:min(len(name), 56)]
}

// owner is the tenant that was named, or the only one. Errors: KindInvalid, KindNotFound.
func (c *salesImport) owner(ctx context.Context, pool *pgxpool.Pool) (tenant.Tenant, error) {
	list, err := tenantpg.New(pool).Tenants(ctx)
	if err != nil {
		return tenant.Tenant{}, err
	}
	if c.Tenant == "" && len(list) == 1 {
		return list[0], nil
	}
	for _, t := range list {
		if t.Slug == c.Tenant {
			return t, nil
		}
	}
	if c.Tenant == "" {
		return tenant.Tenant{}, errs.Invalid("--tenant must say which of %d tenants", len(list))
	}
	return tenant.Tenant{}, errs.NotFound("there is no tenant %q", c.Tenant)
}

// defaultOutlet is the slug of the tenant's default outlet; "" when it has none.
func defaultOutlet(ctx context.Context, pool *pgxpool.Pool, owner int64) string {
	list, err := tenantpg.New(pool).Outlets(ctx, owner)
	if err != nil {
		return "" // whoever needs it is told that it is missing
	}
	for _, o := range list {
		if o.Default {
			return o.Slug
		}
	}
	return ""
}

func (c *salesImport) showColumns(env *Env, file *salesfile.File) {
	columns := file.Columns()
	var parts []string
	for _, field := range slices.SortedFunc(maps.Keys(columns), func(a, b string) int { return columns[a] - columns[b] }) {
		parts = append(parts, fmt.Sprintf("%s = column %d", field, columns[field]+1))
	}
	fmt.Fprintf(env.Err, "read as: %s; source %s\n", strings.Join(parts, ", "), c.source())
}

// watched is a file whose reading is shown from when begin is called.
type watched struct {
	*os.File
	bar *progressbar.ProgressBar // nil: not shown
	at  int64
}

func (w *watched) begin(env *Env) {
	size := int64(-1)
	if info, err := w.Stat(); err == nil {
		size = info.Size()
	}
	w.bar = newBar(env, size, "reading")
}

// Read implements io.Reader.
func (w *watched) Read(p []byte) (int, error) {
	n, err := w.File.Read(p)
	w.at += int64(n)
	if w.bar != nil {
		_ = w.bar.Set64(w.at) // only a picture
		if err == io.EOF {
			w.bar.Describe("merging")
		}
	}
	return n, err
}

// Seek implements io.Seeker.
func (w *watched) Seek(offset int64, whence int) (int64, error) {
	at, err := w.File.Seek(offset, whence)
	w.at = at
	return at, err
}

func (w *watched) end() { _ = w.bar.Finish() } // only a picture

type salesList struct {
	SKU   string `name:"sku" placeholder:"SKU" help:"Only this product."`
	From  string `name:"from" placeholder:"YYYY-MM-DD" help:"The first day (default: 30 days ago)."`
	To    string `name:"to" placeholder:"YYYY-MM-DD" help:"The last day (default: today)."`
	Limit int    `name:"limit" default:"500" placeholder:"N" help:"So many rows at most, up to 5000."`
	CSV   bool   `name:"csv" help:"Write CSV."`

	AtOutlet `group:"server"`
	Remote   `group:"server"`
}

// Help implements kong.HelpProvider.
func (salesList) Help() string {
	return `For example, of one product in a week:

    brigade sales list --sku wrap --from 2026-05-04 --to 2026-05-10`
}

// Run lists sales.
func (c *salesList) Run(ctx context.Context, env *Env) error {
	q := days(c.query(), c.SKU, c.From, c.To, c.Limit)
	type reply struct {
		Sales []struct {
			Day      string  `json:"day"`
			Outlet   string  `json:"outlet"`
			SKU      string  `json:"sku"`
			Name     string  `json:"name"`
			Quantity float64 `json:"quantity"`
			Revenue  float64 `json:"revenue"`
			Price    float64 `json:"price"`
			SoldOut  bool    `json:"sold_out"`
		} `json:"sales"`
		Next *int `json:"next"`
	}
	return ask(ctx, env, &c.Remote, request{path: "/sales", query: q}, func(r reply) error {
		s := newSheetOut(env.Out, c.CSV, "DAY", "OUTLET", "SKU", "NAME", "QUANTITY", "REVENUE", "PRICE", "SOLD OUT")
		for _, l := range r.Sales {
			s.row(l.Day, l.Outlet, l.SKU, l.Name, l.Quantity, l.Revenue, l.Price, yesNo(l.SoldOut))
		}
		more(env, r.Next)
		return s.end()
	})
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// days are the parameters that say which days.
func days(q url.Values, sku, from, to string, limit int) url.Values {
	for name, value := range map[string]string{"sku": sku, "from": from, "to": to} {
		if value != "" {
			q.Set(name, value)
		}
	}
	q.Set("limit", strconv.Itoa(limit))
	return q
}

// more says on the side that there are more rows than were asked for.
func more(env *Env, next *int) {
	if next != nil {
		fmt.Fprintf(env.Err, "there may be more: ask for fewer days, or a higher --limit\n")
	}
}

type salesRename struct {
	SKU string `arg:"" name:"sku" help:"The former SKU."`
	Now string `arg:"" name:"now" help:"The SKU under which it is sold since."`

	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (salesRename) Help() string {
	return `The history of the former SKU counts for the other from then on.

    brigade sales rename wrap_old wrap`
}

// Run renames.
func (c *salesRename) Run(ctx context.Context, env *Env) error {
	path := "/planning/aliases/" + url.PathEscape(c.SKU)
	return tell(ctx, env, &c.Remote, request{method: http.MethodPut, path: path, body: map[string]string{"stands_for": c.Now}},
		fmt.Sprintf("what was sold as %s counts for %s", c.SKU, c.Now))
}

// roundTo leaves out decimals that nobody reads.
func roundTo(v float64, decimals int) string {
	if math.IsNaN(v) {
		return "-"
	}
	return strconv.FormatFloat(v, 'f', decimals, 64)
}
