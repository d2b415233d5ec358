package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5/pgxpool"

	"brigade/internal/actor"
	"brigade/internal/config"
	"brigade/internal/errs"
	"brigade/internal/tenant"
	"brigade/internal/tenant/tenantpg"
	"brigade/internal/worker/workerpg"
)

type kitchenCommand struct {
	Mode  kitchenMode  `cmd:"" help:"Who cooks at an outlet: tasks for staff and machines, or workers that take whole orders."`
	Rules kitchenRules `cmd:"" help:"By which rules the kitchen decides, and what it aims at."`
}

type kitchenMode struct {
	config.Migrate `group:"database"`
	Mode           string `arg:"" optional:"" name:"mode" help:"tasks or workers; without it, how it stands."`
	Tenant         string `name:"tenant" required:"" placeholder:"SLUG" help:"Whose outlet."`
	Outlet         string `name:"outlet" placeholder:"SLUG" help:"Which outlet (default: the default one)."`
}

// Help implements kong.HelpProvider.
func (kitchenMode) Help() string {
	return `It holds for orders that come in from then on, within a second; what is being made is finished as it was begun. Workers are those of brigade kitchen-worker.

    brigade kitchen mode --tenant demo
    brigade kitchen mode workers --tenant demo --outlet pizzeria`
}

// Validate names every faulty argument.
func (c *kitchenMode) Validate() error {
	var f errs.Fields
	if !slices.Contains([]string{"", string(workerpg.ByTasks), string(workerpg.ByWorkers)}, c.Mode) {
		f.Add("mode", "must be tasks or workers, not %q", c.Mode)
	}
	return f.Err()
}

// Run shows or changes who cooks.
func (c *kitchenMode) Run(ctx context.Context, env *Env) error {
	return postgres{Common: c.Common, Database: c.Database}.withPool(ctx, env, func(ctx context.Context, pool *pgxpool.Pool) error {
		tenants := tenant.New(tenantpg.New(pool))
		who, err := tenants.ActorFor(ctx, c.Tenant, operator, actor.Owner)
		if err != nil {
			return withHint(ctx, tenants, err)
		}
		cooks := workerpg.New(pool, workerpg.Parts{})
		defer cooks.Close()
		if c.Mode != "" {
			return c.change(ctx, tenants, cooks, who)
		}
		modes, err := cooks.Modes(ctx, who.Tenant)
		for _, slug := range slices.Sorted(maps.Keys(modes)) {
			fmt.Fprintf(env.Out, "%-20s %s\n", slug, modes[slug])
		}
		return err
	})
}

func (c *kitchenMode) change(ctx context.Context, tenants *tenant.Service, cooks *workerpg.Store, who actor.Actor) error {
	outlet := who.Outlet
	if c.Outlet != "" {
		o, err := tenants.OutletBySlug(ctx, who.Tenant, c.Outlet)
		if err != nil {
			return err
		}
		outlet = o.ID
	}
	return cooks.SetMode(ctx, who.Tenant, outlet, workerpg.Mode(c.Mode))
}
