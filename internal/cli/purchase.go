package cli

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"brigade/internal/errs"
	"brigade/internal/measure"
	"brigade/internal/money"
)

type supplierCommand struct {
	List supplierList `cmd:"" help:"Where an outlet buys, and until when for which day."`
	Show supplierShow `cmd:"" help:"A supplier with what he sells."`
}

// supplierReply is a supplier as the API gives it.
type supplierReply struct {
	Supplier     string       `json:"supplier"`
	Name         string       `json:"name"`
	Email        string       `json:"email"`
	Phone        string       `json:"phone"`
	Currency     string       `json:"currency"`
	LeadDays     int          `json:"lead_days"`
	Days         []string     `json:"delivery_days"`
	CutOff       string       `json:"cut_off"`
	Minimum      money.Amount `json:"minimum"`
	NextDelivery string       `json:"next_delivery"`
	OrderBy      time.Time    `json:"order_by"`
}

type supplierList struct {
	Limit int    `name:"limit" default:"200" placeholder:"N" help:"So many rows at most, up to 1000."`
	After string `name:"after" placeholder:"CODE" help:"Only codes after this one."`

	AtOutlet `group:"server"`
	Remote   `group:"server"`
}

// Help implements kong.HelpProvider.
func (supplierList) Help() string {
	return `With the next day for which something can still be ordered.

    brigade supplier list`
}

// Run lists suppliers.
func (c *supplierList) Run(ctx context.Context, env *Env) error {
	q := c.query()
	q.Set("limit", strconv.Itoa(c.Limit))
	if c.After != "" {
		q.Set("after", c.After)
	}
	type reply struct {
		Suppliers []supplierReply `json:"suppliers"`
		Next      *string         `json:"next"`
	}
	return ask(ctx, env, &c.Remote, request{path: "/suppliers", query: q}, func(r reply) error {
		t := newTable(env.Out, "SUPPLIER", "NAME", "DELIVERS", "NEXT", "ORDER BY", "MINIMUM", "E-MAIL")
		for _, s := range r.Suppliers {
			t.row(s.Supplier, s.Name, everyDayOr(s.Days), s.NextDelivery, env.at(&s.OrderBy), s.Minimum.String()+" "+s.Currency, orDash(s.Email))
		}
		moreAfter(env, r.Next)
		return t.end()
	})
}

func everyDayOr(days []string) string {
	if len(days) == 0 {
		return "every day"
	}
	return strings.Join(days, " ")
}

type supplierShow struct {
	Supplier string `arg:"" name:"supplier" help:"Its code."`

	AtOutlet `group:"server"`
	Remote   `group:"server"`
}

// Help implements kong.HelpProvider.
func (supplierShow) Help() string {
	return `What is sold in packs is ordered in packs.

    brigade supplier show mercado`
}

// Run shows a supplier.
func (c *supplierShow) Run(ctx context.Context, env *Env) error {
	type reply struct {
		Supplier supplierReply `json:"supplier"`
		Products []struct {
			Code       string           `json:"code"`
			Name       string           `json:"name"`
			Ingredient string           `json:"ingredient"`
			Unit       measure.Unit     `json:"unit"`
			Pack       measure.Quantity `json:"pack"`
			Price      money.Amount     `json:"price"`
			Least      int              `json:"least"`
		} `json:"products"`
	}
	return ask(ctx, env, &c.Remote, request{path: "/suppliers/" + url.PathEscape(c.Supplier), query: c.query()}, func(r reply) error {
		s := r.Supplier
		fmt.Fprintf(env.Out, "%s (%s), %s\ndelivers %s, ordered until %s %d days before; orders from %s %s on\nnext delivery %s, to be ordered until %s\n",
			s.Name, s.Supplier, orDash(s.Email), everyDayOr(s.Days), s.CutOff, s.LeadDays, s.Minimum, s.Currency, s.NextDelivery, env.at(&s.OrderBy))
		t := newTable(env.Out, "PRODUCT", "NAME", "INGREDIENT", "PACK", "PRICE", "LEAST")
		for _, p := range r.Products {
			t.row(p.Code, p.Name, p.Ingredient, p.Pack.In(p.Unit), p.Price, p.Least)
		}
		return t.end()
	})
}

type purchaseCommand struct {
	List    purchaseList    `cmd:"" help:"Purchase orders."`
	Show    purchaseShow    `cmd:"" help:"A purchase order with its lines."`
	Suggest purchaseSuggest `cmd:"" help:"Draft what is needed, a draft per supplier."`
	Create  purchaseCreate  `cmd:"" help:"Draft an order by hand."`
	Edit    purchaseEdit    `cmd:"" help:"Change a draft."`
	Send    purchaseSend    `cmd:"" help:"Send it to its supplier."`
	Receive purchaseReceive `cmd:"" help:"Take in what came of it."`
	Cancel  purchaseCancel  `cmd:"" help:"Give it up."`
	Export  purchaseExport  `cmd:"" help:"Write it as PDF or CSV."`
}

// purchaseReply is a purchase order as the API gives it.
type purchaseReply struct {
	Number       string       `json:"number"`
	Supplier     string       `json:"supplier"`
	SupplierName string       `json:"supplier_name"`
	Status       string       `json:"status"`
	DeliverOn    string       `json:"deliver_on"`
	OrderBy      *time.Time   `json:"order_by"`
	Currency     string       `json:"currency"`
	Total        money.Amount `json:"total"`
	Minimum      money.Amount `json:"minimum"`
	Note         string       `json:"note"`
	Version      int          `json:"version"`
	SentTo       string       `json:"sent_to"`
	Failure      string       `json:"failure"`
	SentAt       *time.Time   `json:"sent_at"`
	ChangedBy    string       `json:"changed_by"`
	Lines        []struct {
		Line      int              `json:"line"`
		Product   string           `json:"product"`
		Name      string           `json:"name"`
		Unit      measure.Unit     `json:"unit"`
		Pack      measure.Quantity `json:"pack"`
		Packs     int              `json:"packs"`
		Suggested *int             `json:"suggested"`
		Quantity  measure.Quantity `json:"quantity"`
		Price     money.Amount     `json:"price"`
		Amount    money.Amount     `json:"amount"`
		Received  measure.Quantity `json:"received"`
	} `json:"lines"`
}

func (p purchaseReply) show(env *Env) error {
	fmt.Fprintf(env.Out, "%s: %s, %s, delivery %s, to be ordered until %s, version %d\n",
		p.Number, p.SupplierName, p.Status, orDash(p.DeliverOn), env.at(p.OrderBy), p.Version)
	if p.SentAt != nil {
		fmt.Fprintf(env.Out, "sent %s %s\n", env.at(p.SentAt), sentHow(p))
	}
	if p.Note != "" {
		fmt.Fprintf(env.Out, "note: %s\n", p.Note)
	}
	t := newTable(env.Out, "LINE", "PRODUCT", "NAME", "PACK", "PACKS", "SUGGESTED", "QUANTITY", "PRICE", "AMOUNT", "RECEIVED")
	for _, l := range p.Lines {
		suggested := "-"
		if l.Suggested != nil {
			suggested = strconv.Itoa(*l.Suggested)
		}
		t.row(l.Line, l.Product, l.Name, l.Pack.In(l.Unit), l.Packs, suggested, l.Quantity.In(l.Unit), l.Price, l.Amount, l.Received.In(l.Unit))
	}
	t.row("", "", "", "", "", "", "", "TOTAL", p.Total, p.Currency)
	return t.end()
}

func sentHow(p purchaseReply) string {
	switch {
	case p.Failure != "":
		return "to " + p.SentTo + ", but it has not arrived: " + p.Failure
	case p.SentTo != "":
		return "to " + p.SentTo
	}
	return "by hand: brigade purchase export writes it"
}

type purchaseList struct {
	Supplier string `name:"supplier" placeholder:"CODE" help:"Only of this one."`
	All      bool   `name:"all" help:"Also those that are closed."`
	Limit    int    `name:"limit" default:"50" placeholder:"N" help:"So many rows at most, up to 500."`
	Before   int64  `name:"before" placeholder:"ID" help:"Only those before this one."`
	CSV      bool   `name:"csv" help:"Write CSV."`

	AtOutlet `group:"server"`
	Remote   `group:"server"`
}

// Help implements kong.HelpProvider.
func (purchaseList) Help() string {
	return `Latest first; those that are open unless --all asks for all.

    brigade purchase list --supplier mercado`
}

// Run lists purchase orders.
func (c *purchaseList) Run(ctx context.Context, env *Env) error {
	q := c.query()
	q.Set("limit", strconv.Itoa(c.Limit))
	if c.Supplier != "" {
		q.Set("supplier", c.Supplier)
	}
	if c.All {
		q.Set("all", "true")
	}
	if c.Before != 0 {
		q.Set("before", strconv.FormatInt(c.Before, 10))
	}
	return ask(ctx, env, &c.Remote, request{path: "/purchases", query: q}, func(r purchasesReply) error { return r.show(env, c.CSV) })
}

type purchasesReply struct {
	Purchases []purchaseReply `json:"purchases"`
	Next      *int64          `json:"next"`
}

func (r purchasesReply) show(env *Env, csv bool) error {
	s := newSheetOut(env.Out, csv, "NUMBER", "SUPPLIER", "STATUS", "DELIVERY", "ORDER BY", "LINES", "TOTAL", "CURRENCY", "CHANGED BY")
	for _, p := range r.Purchases {
		s.row(p.Number, p.Supplier, p.Status, orDash(p.DeliverOn), env.at(p.OrderBy), len(p.Lines), p.Total, p.Currency, p.ChangedBy)
	}
	if r.Next != nil {
		fmt.Fprintf(env.Err, "there may be more: --before %d\n", *r.Next)
	}
	return s.end()
}

// purchaseRef is for commands that are about one purchase order.
type purchaseRef struct {
	Purchase string `arg:"" name:"purchase" help:"Its number at the outlet (PO-00003), or its id."`

	AtOutlet `group:"server"`
	Remote   `group:"server"`
}

func (c *purchaseRef) path(more string) string {
	return "/purchases/" + url.PathEscape(c.Purchase) + more
}

func (c *purchaseRef) ask(ctx context.Context, env *Env, req request) error {
	req.query = c.query()
	return ask(ctx, env, &c.Remote, req, func(p purchaseReply) error { return p.show(env) })
}

type purchaseShow struct{ purchaseRef }

// Help implements kong.HelpProvider.
func (purchaseShow) Help() string {
	return `By its number at the outlet, or its id.

    brigade purchase show PO-00003`
}

// Run shows a purchase order.
func (c *purchaseShow) Run(ctx context.Context, env *Env) error {
	return c.ask(ctx, env, request{path: c.path("")})
}

type purchaseSuggest struct {
	Key string `name:"key" placeholder:"KEY" help:"Asked again with the same key, the same drafts are shown."`

	AtOutlet `group:"server"`
	Remote   `group:"server"`
}

// Help implements kong.HelpProvider.
func (purchaseSuggest) Help() string {
	return `By the latest purchase plan where there is one, else so that every ingredient comes up to its par level. What is ordered and drafted already counts.

    brigade purchase suggest
    brigade purchase edit PO-00003 1001=3
    brigade purchase send PO-00003`
}

// Run drafts what is needed.
func (c *purchaseSuggest) Run(ctx context.Context, env *Env) error {
	req := request{method: http.MethodPost, path: "/purchases/suggested", query: c.query(), key: c.Key}
	return ask(ctx, env, &c.Remote, req, func(r purchasesReply) error {
		if len(r.Purchases) == 0 {
			fmt.Fprintln(env.Out, "nothing is needed")
			return nil
		}
		return r.show(env, false)
	})
}

// wishFlags are products and packs on the command line.
type wishFlags struct {
	Lines []string `arg:"" optional:"" name:"product=packs" help:"Packs by the supplier's code, as 1001=3; again for each."`
	On    string   `name:"on" placeholder:"YYYY-MM-DD" help:"The day of the delivery (default: the next one possible)."`
	Note  *string  `name:"note" placeholder:"TEXT" help:"For the supplier."`
}

// Validate names every faulty line.
func (c *wishFlags) Validate() error {
	var f errs.Fields
	for _, l := range c.Lines {
		code, packs, _ := strings.Cut(l, "=")
		if n, err := strconv.Atoi(packs); err != nil || n < 0 || code == "" {
			f.Add(l, "must be a product and a number of packs, as 1001=3")
		}
	}
	return f.Err()
}

func (c *wishFlags) body() map[string]any {
	b := map[string]any{}
	lines := make([]map[string]any, len(c.Lines))
	for i, l := range c.Lines {
		code, packs, _ := strings.Cut(l, "=")
		n, _ := strconv.Atoi(packs) // Validate has looked
		lines[i] = map[string]any{"product": code, "packs": n}
	}
	if c.Lines != nil {
		b["lines"] = lines
	}
	if c.On != "" {
		b["deliver_on"] = c.On
	}
	if c.Note != nil {
		b["note"] = *c.Note
	}
	return b
}

type purchaseCreate struct {
	Supplier string `arg:"" name:"supplier" help:"Its code."`
	wishFlags
	Key string `name:"key" placeholder:"KEY" help:"The same order with the same key is drafted once."`

	AtOutlet `group:"server"`
	Remote   `group:"server"`
}

// Help implements kong.HelpProvider.
func (purchaseCreate) Help() string {
	return `Products by the supplier's code, with packs.

    brigade purchase create mercado 1001=2 1040=1 --note "back door"`
}

// Run drafts.
func (c *purchaseCreate) Run(ctx context.Context, env *Env) error {
	body := c.body()
	body["supplier"] = c.Supplier
	req := request{method: http.MethodPost, path: "/purchases", query: c.query(), key: c.Key, body: body}
	return ask(ctx, env, &c.Remote, req, func(p purchaseReply) error { return p.show(env) })
}

type purchaseEdit struct {
	purchaseRef
	wishFlags
	Seen int `name:"seen" placeholder:"VERSION" help:"Refuse it when somebody else has changed it since this version."`
}

// Help implements kong.HelpProvider.
func (purchaseEdit) Help() string {
	return `0 packs take a product out. What was suggested stays to be seen.

    brigade purchase edit PO-00003 1001=3 1040=0`
}

// Run changes a draft.
func (c *purchaseEdit) Run(ctx context.Context, env *Env) error {
	body := c.body()
	if c.Seen != 0 {
		body["version"] = c.Seen
	}
	return c.ask(ctx, env, request{method: http.MethodPut, path: c.path(""), body: body})
}

type purchaseSend struct{ purchaseRef }

// Help implements kong.HelpProvider.
func (purchaseSend) Help() string {
	return `By e-mail, where the supplier has an address and Brigade a mail server (--mail-url); else it is noted as sent: export it and send it yourself.

    brigade purchase send PO-00003
    brigade purchase export PO-00003 --out PO-00003.pdf`
}

// Run sends.
func (c *purchaseSend) Run(ctx context.Context, env *Env) error {
	return c.ask(ctx, env, request{method: http.MethodPost, path: c.path("/send")})
}

type purchaseCancel struct{ purchaseRef }

// Help implements kong.HelpProvider.
func (purchaseCancel) Help() string {
	return `What came in stays in stock.

    brigade purchase cancel PO-00003`
}

// Run cancels.
func (c *purchaseCancel) Run(ctx context.Context, env *Env) error {
	return c.ask(ctx, env, request{method: http.MethodPost, path: c.path("/cancel")})
}

type purchaseReceive struct {
	purchaseRef
	Lines   []string `arg:"" optional:"" name:"line=quantity" help:"What came of which line, as 1=90 or 2='4.5 kg' (default: all that is open)."`
	Expires string   `name:"expires" placeholder:"YYYY-MM-DD" help:"When that expires (default: by its shelf life)."`
	Close   bool     `name:"close" help:"Nothing more will come."`
	Key     string   `name:"key" placeholder:"KEY" help:"The same delivery with the same key is taken in once."`
}

// Validate names every faulty line.
func (c *purchaseReceive) Validate() error {
	var f errs.Fields
	for _, l := range c.Lines {
		no, q, _ := strings.Cut(l, "=")
		if n, err := strconv.Atoi(no); err != nil || n < 1 || q == "" {
			f.Add(l, "must be a line and a quantity, as 1=90")
		}
	}
	if c.Expires != "" && len(c.Lines) == 0 {
		f.Add("--expires", "needs the lines that it is about")
	}
	if _, err := expiry(c.Expires); err != nil {
		f.Add("--expires", "must be a day, as 2026-05-04")
	}
	return f.Err()
}

// Help implements kong.HelpProvider.
func (purchaseReceive) Help() string {
	return `Without lines, all that is open came in.

    brigade purchase receive PO-00003
    brigade purchase receive PO-00003 1=90 2='4.5 kg' --close`
}

// Run receives.
func (c *purchaseReceive) Run(ctx context.Context, env *Env) error {
	body := map[string]any{"close": c.Close}
	var lines []map[string]any
	for _, l := range c.Lines {
		no, q, _ := strings.Cut(l, "=")
		n, _ := strconv.Atoi(no) // Validate has looked
		entry := map[string]any{"line": n, "quantity": q}
		if at, _ := expiry(c.Expires); at != "" {
			entry["expires"] = at
		}
		lines = append(lines, entry)
	}
	if lines != nil {
		body["lines"] = lines
	}
	return c.ask(ctx, env, request{method: http.MethodPost, path: c.path("/receive"), body: body, key: c.Key})
}

type purchaseExport struct {
	purchaseRef
	Format string `name:"format" enum:"pdf,csv" default:"pdf" placeholder:"pdf|csv" help:"As what (default: pdf)."`
	Out    string `name:"out" placeholder:"FILE" help:"Where to (default: the order's number in this folder; - is the screen)."`
}

// Help implements kong.HelpProvider.
func (purchaseExport) Help() string {
	return `Numbers and dates are written as where the outlet is.

    brigade purchase export PO-00003
    brigade purchase export PO-00003 --format csv --out -`
}

// Run writes the order's paper.
func (c *purchaseExport) Run(ctx context.Context, env *Env) error {
	q := c.query()
	q.Set("format", c.Format)
	res, err := c.send(ctx, request{path: c.path("/document"), query: q}, nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if c.Out == "-" {
		_, err = io.Copy(env.Out, res.Body)
		return err
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, largestReply))
	if err != nil {
		return err
	}
	name := c.Out
	if name == "" {
		name = strings.ToUpper(c.Purchase) + "." + c.Format
	}
	if err := os.WriteFile(name, body, 0o644); err != nil { //nolint:gosec // for whoever shall send it
		return err
	}
	fmt.Fprintln(env.Out, "written to", name)
	return nil
}
