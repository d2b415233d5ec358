package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"brigade/internal/account"
	"brigade/internal/account/accountpg"
	"brigade/internal/actor"
	"brigade/internal/config"
	"brigade/internal/delivery"
	"brigade/internal/delivery/deliverypg"
	"brigade/internal/errs"
	"brigade/internal/tenant"
	"brigade/internal/tenant/tenantpg"
)

type userCommand struct {
	Add      userAdd      `cmd:"" help:"Add somebody who signs in by password or PIN."`
	List     userList     `cmd:"" help:"List users."`
	Disable  userDisable  `cmd:"" help:"Let somebody in no more; he is signed out at once, everywhere."`
	Enable   userEnable   `cmd:"" help:"Let somebody in again."`
	Password userPassword `cmd:"" help:"Set a password, or make a link by which it is chosen."`
	PIN      userPIN      `cmd:"" name:"pin" help:"Set somebody's PIN for shared tablets, or take it away."`
}

// userRow is a user as JSON.
type userRow struct {
	ID       int64      `json:"id"`
	Tenant   string     `json:"tenant"`
	Outlet   string     `json:"outlet,omitempty"` // "": every outlet of the tenant
	Station  string     `json:"station,omitempty"`
	Name     string     `json:"name"`
	Email    string     `json:"email,omitempty"`
	Role     actor.Role `json:"role"`
	Active   bool       `json:"active"`
	Password bool       `json:"has_password"`
	HasPIN   bool       `json:"has_pin"`
	LastSeen *time.Time `json:"last_seen_at,omitempty"`
	Link     string     `json:"link,omitempty"` // only when it is made
	PIN      string     `json:"pin,omitempty"`  // only when it is made
}

// userDesk is what commands about users work with.
type userDesk struct {
	*account.Service
	store   *accountpg.Store
	tenants *tenant.Service
	by      actor.Actor
	slug    string
	outlets []tenant.Outlet
	pool    *pgxpool.Pool
}

// userTarget says of which tenant, in which database.
type userTarget struct {
	config.Migrate `group:"database"`
	Tenant         string `name:"tenant" required:"" placeholder:"SLUG" help:"Whose user."`
	JSON           bool   `name:"json" help:"Write JSON."`
}

func (c userTarget) run(ctx context.Context, env *Env, do func(context.Context, *userDesk) error) error {
	return postgres{Common: c.Common, Database: c.Database}.withPool(ctx, env, func(ctx context.Context, pool *pgxpool.Pool) error {
		d := &userDesk{store: accountpg.New(pool), tenants: tenant.New(tenantpg.New(pool)), slug: c.Tenant, pool: pool}
		d.Service = account.New(d.store, slog.New(slog.DiscardHandler))
		var err error
		if d.by, err = d.tenants.ActorFor(ctx, c.Tenant, operator, actor.Owner); err != nil {
			return withHint(ctx, d.tenants, err)
		}
		if d.outlets, err = d.tenants.ListOutlets(ctx, d.by.Tenant); err != nil {
			return err
		}
		return do(ctx, d)
	})
}

// show writes a user, and what is written besides when it is not JSON.
func (c userTarget) show(ctx context.Context, env *Env, d *userDesk, id int64, more func(*userRow)) error {
	u, err := d.Get(ctx, d.by, id)
	if err != nil {
		return err
	}
	row := d.row(u)
	if more != nil {
		more(&row)
	}
	if c.JSON {
		return writeJSON(env.Out, row)
	}
	switch {
	case row.Link != "":
		fmt.Fprintln(env.Out, row.Link)
	case row.PIN != "":
		fmt.Fprintln(env.Out, row.PIN)
	}
	fmt.Fprintf(env.Err, "user %d: %s, %s of tenant %s, %s\n", row.ID, row.Name, row.Role, row.Tenant, row.state())
	return nil
}

func (r userRow) state() string {
	if r.Active {
		return "active"
	}
	return "disabled"
}

func (d *userDesk) row(u account.User) userRow {
	r := userRow{
		ID: u.ID, Tenant: d.slug, Station: u.StationName, Name: u.Name, Email: u.Email, Role: u.Role, Active: u.Active,
		Password: u.Password, HasPIN: u.PINAt != 0, LastSeen: u.LastSeen,
	}
	for _, o := range d.outlets {
		if o.ID == u.Outlet {
			r.Outlet = o.Slug
		}
	}
	return r
}

// find finds a user by number, e-mail address or name.
func (d *userDesk) find(ctx context.Context, ref string) (account.User, error) {
	var found []account.User
	for page := 0; ; page++ {
		list, more, err := d.List(ctx, d.by, page)
		if err != nil {
			return account.User{}, err
		}
		for _, u := range list {
			if fmt.Sprint(u.ID) == ref || u.Email != "" && strings.EqualFold(u.Email, ref) || u.Name == ref {
				found = append(found, u)
			}
		}
		if !more {
			break
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return account.User{}, errs.NotFound("tenant %s has no user %q", d.slug, ref)
	}
	return account.User{}, errs.Conflict("several users are called %q: name one by number or e-mail address", ref)
}

type userAdd struct {
	userTarget
	Name    string     `name:"name" required:"" placeholder:"NAME" help:"His name: histories show it."`
	Role    actor.Role `name:"role" required:"" placeholder:"ROLE" help:"What he may do: owner, manager, cook or driver."`
	Email   string     `name:"email" placeholder:"ADDRESS" help:"By which he signs in with a password (default: he has a PIN only)."`
	Outlet  string     `name:"outlet" placeholder:"SLUG" help:"The only outlet he works at (default: all of the tenant)."`
	Station string     `name:"station" placeholder:"NAME" help:"Of a cook: the only station he sees."`
	Driver  string     `name:"driver" placeholder:"NAME" help:"For the role driver: which driver he is."`
	PIN     string     `name:"pin" placeholder:"DIGITS" help:"His PIN for tablets, 4 to 6 digits."`
}

// Help implements kong.HelpProvider.
func (userAdd) Help() string {
	return `With an e-mail address the path of a link is written to stdout, which works once and for 72 hours: open it at
your Brigade's address to choose the password. The first owner of a restaurant is added so.

    brigade user add --tenant demo --name Olga --role owner --email olga@example.com
    brigade user add --tenant demo --name Asha --role cook --outlet kitchen --station griller --pin 4831`
}

// Run adds a user.
func (c *userAdd) Run(ctx context.Context, env *Env) error {
	return c.run(ctx, env, func(ctx context.Context, d *userDesk) error {
		u, err := c.wanted(ctx, d)
		if err != nil {
			return err
		}
		if u, err = d.Add(ctx, d.by, u); err != nil {
			return err
		}
		if c.PIN != "" {
			if _, err := d.SetPIN(ctx, d.by, u.ID, 0, c.PIN); err != nil {
				return fmt.Errorf("the user is added, the PIN is not set: %w", err)
			}
		}
		link := ""
		if u.Email != "" {
			if link, err = d.Invite(ctx, d.by, u.ID); err != nil {
				return err
			}
			link = "/welcome/" + link
		}
		return c.show(ctx, env, d, u.ID, func(r *userRow) { r.Link = link })
	})
}

func (c *userAdd) wanted(ctx context.Context, d *userDesk) (account.User, error) {
	u := account.User{Name: c.Name, Role: c.Role, Email: c.Email}
	if c.Outlet != "" {
		o, err := d.tenants.OutletBySlug(ctx, d.by.Tenant, c.Outlet)
		if errs.Is(err, errs.KindNotFound) {
			return u, errs.NotFound("tenant %s has no outlet %q", c.Tenant, c.Outlet)
		}
		if err != nil {
			return u, err
		}
		u.Outlet = o.ID
	}
	if c.Station != "" {
		id, err := d.store.StationByName(ctx, d.by.Tenant, u.Outlet, c.Station)
		if errs.Is(err, errs.KindNotFound) {
			return u, errs.NotFound("outlet %q has no station %q", c.Outlet, c.Station)
		}
		if err != nil {
			return u, err
		}
		u.Station = id
	}
	if c.Driver != "" {
		list, err := deliverypg.New(d.pool, deliverypg.Parts{}).Drivers(ctx, delivery.DriverFilter{Tenant: d.by.Tenant, Name: c.Driver, Limit: 1})
		if err != nil || len(list) == 0 {
			return u, cmp.Or(err, error(errs.NotFound("tenant %s has no driver %q", c.Tenant, c.Driver)))
		}
		u.Driver = list[0].ID
	}
	return u, nil
}

type userList struct{ userTarget }

// Help implements kong.HelpProvider.
func (userList) Help() string {
	return `For example:

    brigade user list --tenant demo`
}

// Run lists the users.
func (c *userList) Run(ctx context.Context, env *Env) error {
	return c.run(ctx, env, func(ctx context.Context, d *userDesk) error {
		rows := []userRow{}
		for page := 0; ; page++ {
			list, more, err := d.List(ctx, d.by, page)
			if err != nil {
				return err
			}
			for _, u := range list {
				rows = append(rows, d.row(u))
			}
			if !more {
				break
			}
		}
		if c.JSON {
			return writeJSON(env.Out, rows)
		}
		t := newTable(env.Out, "ID", "NAME", "ROLE", "OUTLET", "STATION", "E-MAIL", "LAST SEEN", "STATE")
		for _, r := range rows {
			t.row(r.ID, r.Name, r.Role, cmp.Or(r.Outlet, "all"), cmp.Or(r.Station, "all"), r.Email, env.at(r.LastSeen), r.state())
		}
		return t.end()
	})
}

// userRef is a command about one user.
type userRef struct {
	userTarget
	User string `arg:"" name:"user" help:"His number, e-mail address or name."`
}

func (c userRef) with(ctx context.Context, env *Env, do func(context.Context, *userDesk, account.User) error) error {
	return c.run(ctx, env, func(ctx context.Context, d *userDesk) error {
		u, err := d.find(ctx, c.User)
		if err != nil {
			return err
		}
		return do(ctx, d, u)
	})
}

type userDisable struct{ userRef }

// Help implements kong.HelpProvider.
func (userDisable) Help() string {
	return `Repeating it changes nothing.

    brigade user disable olga@example.com --tenant demo`
}

// Run disables a user.
func (c *userDisable) Run(ctx context.Context, env *Env) error { return c.turn(ctx, env, false) }

type userEnable struct{ userRef }

// Help implements kong.HelpProvider.
func (userEnable) Help() string {
	return `His password and PIN are what they were.

    brigade user enable olga@example.com --tenant demo`
}

// Run enables a user.
func (c *userEnable) Run(ctx context.Context, env *Env) error { return c.turn(ctx, env, true) }

func (c userRef) turn(ctx context.Context, env *Env, active bool) error {
	return c.with(ctx, env, func(ctx context.Context, d *userDesk, u account.User) error {
		u.Active = active
		if err := d.Change(ctx, d.by, u); err != nil {
			return err
		}
		return c.show(ctx, env, d, u.ID, nil)
	})
}

type userPassword struct {
	userRef
	File string `name:"password-file" placeholder:"FILE" help:"Take the password from the first line of a file; - is standard input (default: make a link)."`
}

// Help implements kong.HelpProvider.
func (userPassword) Help() string {
	return `Without a file the path of a link is written, by which he chooses a password himself. Whoever was signed in as him
is signed out when the password changes.

    brigade user password olga@example.com --tenant demo
    brigade user password olga@example.com --tenant demo --password-file - < secret`
}

// Run sets a password or makes a link.
func (c *userPassword) Run(ctx context.Context, env *Env) error {
	return c.with(ctx, env, func(ctx context.Context, d *userDesk, u account.User) error {
		if c.File == "" {
			link, err := d.Invite(ctx, d.by, u.ID)
			if err != nil {
				return err
			}
			return c.show(ctx, env, d, u.ID, func(r *userRow) { r.Link = "/welcome/" + link })
		}
		plain, err := firstLine(c.File)
		if err == nil {
			err = d.SetPassword(ctx, d.by, u.ID, plain)
		}
		if err != nil {
			return err
		}
		return c.show(ctx, env, d, u.ID, nil)
	})
}

// firstLine reads a secret.
func firstLine(path string) (string, error) {
	var in io.Reader = os.Stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return "", errs.Invalid("%s cannot be read", path).Because(err)
		}
		defer f.Close()
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, 4096))
	line, _, _ := strings.Cut(string(text), "\n")
	return strings.TrimSuffix(line, "\r"), err
}

type userPIN struct {
	userRef
	Outlet string `name:"outlet" placeholder:"SLUG" help:"For somebody of all outlets: at which one's tablets."`
	PIN    string `name:"pin" placeholder:"DIGITS" help:"4 to 6 digits (default: one is made)."`
	Off    bool   `name:"off" help:"Take the PIN away instead."`
}

// Help implements kong.HelpProvider.
func (userPIN) Help() string {
	return `A PIN that is made is written to stdout. Nobody else at the outlet may have it.

    brigade user pin Asha --tenant demo
    brigade user pin Asha --tenant demo --off`
}

// Run sets a PIN or takes it away.
func (c *userPIN) Run(ctx context.Context, env *Env) error {
	return c.with(ctx, env, func(ctx context.Context, d *userDesk, u account.User) error {
		if c.Off {
			if err := d.DropPIN(ctx, d.by, u.ID); err != nil {
				return err
			}
			return c.show(ctx, env, d, u.ID, nil)
		}
		var outlet int64
		for _, o := range d.outlets {
			if o.Slug == c.Outlet {
				outlet = o.ID
			}
		}
		if c.Outlet != "" && outlet == 0 {
			return errs.NotFound("tenant %s has no outlet %q", c.Tenant, c.Outlet)
		}
		made, err := d.SetPIN(ctx, d.by, u.ID, outlet, c.PIN)
		if err != nil {
			return err
		}
		return c.show(ctx, env, d, u.ID, func(r *userRow) { r.PIN = made })
	})
}
