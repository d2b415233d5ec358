package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"brigade/internal/actor"
	"brigade/internal/config"
	"brigade/internal/delivery"
	"brigade/internal/delivery/deliverypg"
	"brigade/internal/errs"
	"brigade/internal/tenant"
	"brigade/internal/tenant/tenantpg"
)

type tokenCommand struct {
	Create tokenCreate `cmd:"" help:"Make a token. It is shown this once."`
	List   tokenList   `cmd:"" help:"List tokens; the tokens themselves are not kept."`
	Revoke tokenRevoke `cmd:"" help:"End a token."`
}

// tokenRow is a token as JSON.
type tokenRow struct {
	ID      int64      `json:"id"`
	Token   string     `json:"token,omitempty"` // only when it is made
	Tenant  string     `json:"tenant"`
	Outlet  string     `json:"outlet,omitempty"` // "": every outlet of the tenant
	Name    string     `json:"name"`
	Role    actor.Role `json:"role"`
	Created time.Time  `json:"created_at"`
	Expires *time.Time `json:"expires_at,omitempty"`
	Revoked *time.Time `json:"revoked_at,omitempty"`
}

type tokenCreate struct {
	config.Migrate `group:"database"`
	Tenant         string     `name:"tenant" required:"" placeholder:"SLUG" help:"Whose data it gives access to."`
	Name           string     `name:"name" required:"" placeholder:"NAME" help:"Who will use it: histories show the name."`
	Role           actor.Role `name:"role" required:"" placeholder:"ROLE" help:"What it may do: owner, manager, cook, driver, integrator or customer."`
	Outlet         string     `name:"outlet" placeholder:"SLUG" help:"The only outlet it is for (default: all of the tenant)."`
	Driver         string     `name:"driver" placeholder:"NAME" help:"For the role driver: whose own it is, by name; it acts for him alone."`
	ExpiresDays    int        `name:"expires-days" placeholder:"DAYS" help:"It ends by itself after so many days (default: never)."`
	JSON           bool       `name:"json" help:"Write JSON."`
}

// Help implements kong.HelpProvider.
func (tokenCreate) Help() string {
	return `The token alone is written to stdout, so that a script can catch it. Only its hash is kept: nobody can show it again.

    brigade token create --tenant demo --name "Till 1" --role integrator
    export BRIGADE_TOKEN=$(brigade token create --tenant demo --name me --role owner)`
}

// Validate names every faulty flag.
func (c *tokenCreate) Validate() error {
	var f errs.Fields
	if !c.Role.Valid() {
		f.Add("--role", "must be one of %v, not %q", actor.Roles, c.Role)
	}
	if c.Driver != "" && c.Role != actor.Driver {
		f.Add("--driver", "must only be given with --role driver")
	}
	if c.ExpiresDays < 0 || c.ExpiresDays > 36500 {
		f.Add("--expires-days", "must be from 1 to 36500")
	}
	return f.Err()
}

// Run makes a token.
func (c *tokenCreate) Run(ctx context.Context, env *Env) error {
	return postgres{Common: c.Common, Database: c.Database}.withPool(ctx, env, func(ctx context.Context, pool *pgxpool.Pool) error {
		plain, row, err := c.create(ctx, pool, tenant.New(tenantpg.New(pool)))
		if err != nil {
			return err
		}
		if c.JSON {
			row.Token = plain
			return writeJSON(env.Out, row)
		}
		fmt.Fprintln(env.Out, plain)
		fmt.Fprintf(env.Err, "token %d: %s of tenant %s as %s. Keep it: it cannot be shown again\n", row.ID, row.Role, row.Tenant, row.Name)
		return nil
	})
}

func (c *tokenCreate) create(ctx context.Context, pool *pgxpool.Pool, tenants *tenant.Service) (string, tokenRow, error) {
	by, err := tenants.ActorFor(ctx, c.Tenant, operator, actor.Owner)
	if err != nil {
		return "", tokenRow{}, withHint(ctx, tenants, err)
	}
	want := tenant.NewToken{Name: c.Name, Role: c.Role}
	if c.Outlet != "" {
		o, err := tenants.OutletBySlug(ctx, by.Tenant, c.Outlet)
		if errs.Is(err, errs.KindNotFound) {
			return "", tokenRow{}, errs.NotFound("tenant %s has no outlet %q", c.Tenant, c.Outlet)
		}
		if err != nil {
			return "", tokenRow{}, err
		}
		want.Outlet = o.ID
	}
	if c.Driver != "" {
		found, err := deliverypg.New(pool, deliverypg.Parts{}).Drivers(ctx, delivery.DriverFilter{Tenant: by.Tenant, Name: c.Driver, Limit: 1})
		if err != nil {
			return "", tokenRow{}, err
		}
		if len(found) == 0 {
			return "", tokenRow{}, errs.NotFound("tenant %s has no driver %q", c.Tenant, c.Driver)
		}
		want.Driver = found[0].ID
	}
	if c.ExpiresDays > 0 {
		until := time.Now().AddDate(0, 0, c.ExpiresDays)
		want.Expires = &until
	}
	plain, t, err := tenants.CreateToken(ctx, by, want)
	return plain, newTokenRow(c.Tenant, c.Outlet, t), err
}

// withHint adds to an unknown tenant which ones there are.
func withHint(ctx context.Context, tenants *tenant.Service, err error) error {
	known, listErr := tenants.ListTenants(ctx)
	if !errs.Is(err, errs.KindNotFound) || listErr != nil {
		return err
	}
	if len(known) == 0 {
		return errs.NotFound("there are no tenants yet: load one with brigade load FILE.yaml")
	}
	slugs := make([]string, len(known))
	for i, t := range known {
		slugs[i] = t.Slug
	}
	return errs.NotFound("%s, only %s", err, strings.Join(slugs, ", "))
}

func newTokenRow(tenantSlug, outletSlug string, t tenant.Token) tokenRow {
	return tokenRow{
		ID: t.ID, Tenant: tenantSlug, Outlet: outletSlug, Name: t.Name, Role: t.Role,
		Created: t.Created, Expires: t.Expires, Revoked: t.Revoked,
	}
}

type tokenList struct {
	config.Migrate `group:"database"`
	Tenant         string `name:"tenant" placeholder:"SLUG" help:"Only this tenant's (default: all)."`
	JSON           bool   `name:"json" help:"Write JSON."`
}

// Help implements kong.HelpProvider.
func (tokenList) Help() string {
	return `For example:

    brigade token list --tenant demo`
}

// Run lists the tokens, newest first.
func (c *tokenList) Run(ctx context.Context, env *Env) error {
	return postgres{Common: c.Common, Database: c.Database}.withPool(ctx, env, func(ctx context.Context, pool *pgxpool.Pool) error {
		rows, err := listTokens(ctx, tenant.New(tenantpg.New(pool)), c.Tenant)
		if err != nil {
			return err
		}
		if c.JSON {
			return writeJSON(env.Out, rows)
		}
		now := time.Now()
		t := newTable(env.Out, "ID", "TENANT", "OUTLET", "NAME", "ROLE", "CREATED", "STATE")
		for _, r := range rows {
			t.row(r.ID, r.Tenant, cmp.Or(r.Outlet, "all"), r.Name, r.Role, env.at(&r.Created), r.state(env, now))
		}
		return t.end()
	})
}

// state says whether a token is let in.
func (r tokenRow) state(env *Env, now time.Time) string {
	switch {
	case r.Revoked != nil:
		return "revoked " + env.at(r.Revoked)
	case r.Expires == nil:
		return "valid"
	case r.Expires.Before(now):
		return "expired " + env.at(r.Expires)
	default:
		return "until " + env.at(r.Expires)
	}
}

// listTokens lists one tenant's tokens, or with slug "" everybody's; never nil.
func listTokens(ctx context.Context, tenants *tenant.Service, slug string) ([]tokenRow, error) {
	all, err := tenants.ListTenants(ctx)
	if err != nil {
		return nil, err
	}
	if slug != "" && !slices.ContainsFunc(all, func(t tenant.Tenant) bool { return t.Slug == slug }) {
		return nil, withHint(ctx, tenants, errs.NotFound("there is no tenant %q", slug))
	}
	rows := []tokenRow{}
	for _, t := range all {
		if slug != "" && t.Slug != slug {
			continue
		}
		of, err := tokensOf(ctx, tenants, t)
		if err != nil {
			return nil, err
		}
		rows = append(rows, of...)
	}
	return rows, nil
}

func tokensOf(ctx context.Context, tenants *tenant.Service, t tenant.Tenant) ([]tokenRow, error) {
	tokens, err := tenants.ListTokens(ctx, actor.Actor{Tenant: t.ID, Name: operator, Role: actor.Owner})
	if err != nil {
		return nil, err
	}
	outlets, err := tenants.ListOutlets(ctx, t.ID)
	if err != nil {
		return nil, err
	}
	slugs := map[int64]string{}
	for _, o := range outlets {
		slugs[o.ID] = o.Slug
	}
	rows := make([]tokenRow, len(tokens))
	for i, tok := range tokens {
		rows[i] = newTokenRow(t.Slug, slugs[tok.Outlet], tok)
	}
	return rows, nil
}

type tokenRevoke struct {
	config.Migrate `group:"database"`
	ID             int64 `arg:"" name:"id" help:"The token's number, as brigade token list shows it."`
}

// Help implements kong.HelpProvider.
func (tokenRevoke) Help() string {
	return `A running Brigade may let the token in for 20 more seconds. Revoking it again changes nothing.

    brigade token revoke 3`
}

// Run ends a token.
func (c *tokenRevoke) Run(ctx context.Context, env *Env) error {
	return postgres{Common: c.Common, Database: c.Database}.withPool(ctx, env, func(ctx context.Context, pool *pgxpool.Pool) error {
		tenants := tenant.New(tenantpg.New(pool))
		all, err := tenants.ListTenants(ctx)
		if err != nil {
			return err
		}
		for _, t := range all {
			err := tenants.RevokeToken(ctx, actor.Actor{Tenant: t.ID, Name: operator, Role: actor.Owner}, c.ID)
			if err == nil {
				fmt.Fprintf(env.Out, "token %d of tenant %s is revoked\n", c.ID, t.Slug)
			}
			if !errs.Is(err, errs.KindNotFound) {
				return err
			}
		}
		return errs.NotFound("there is no token %d", c.ID)
	})
}
