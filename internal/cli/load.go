package cli

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"brigade/internal/config"
	"brigade/internal/event"
	"brigade/internal/event/eventpg"
	"brigade/internal/menu/load"
	"brigade/internal/menu/menupg"
	"brigade/internal/setup"
	"brigade/internal/store"
)

type loadCommand struct {
	config.Load `group:"database"`
	JSON        bool `name:"json" help:"Write what changes as JSON."`
}

// Help implements kong.HelpProvider.
func (loadCommand) Help() string {
	return `Loading the same file again changes nothing. What the file no longer lists is switched off; orders that are in keep the recipes they came with. A faulty file is refused whole, with every fault and its line.

    brigade load restaurant.yaml --dry-run
    brigade load restaurant.yaml`
}

// Run loads the file, or says what loading it would change.
func (c *loadCommand) Run(ctx context.Context, env *Env) error {
	p := postgres{Common: c.Common, Database: c.Database, mayCreate: true}
	return p.withPool(ctx, env, func(ctx context.Context, pool *pgxpool.Pool) error {
		diff, err := c.load(ctx, pool)
		if err != nil {
			return err
		}
		if c.JSON {
			return writeJSON(env.Out, diff)
		}
		if c.DryRun && !diff.Empty() {
			fmt.Fprintln(env.Out, "this would change, nothing was changed:")
		}
		fmt.Fprintln(env.Out, diff)
		return nil
	})
}

func (c *loadCommand) load(ctx context.Context, pool *pgxpool.Pool) (load.Diff, error) {
	file, err := os.Open(c.File)
	if err != nil {
		return load.Diff{}, err
	}
	defer file.Close()
	now, err := productTime(ctx, pool)
	if err != nil {
		return load.Diff{}, err
	}
	return setup.Load(ctx, pool, c.File, file, menupg.Options{
		DryRun: c.DryRun, By: operator, At: now,
		Append: func(ctx context.Context, tx store.Tx, events []event.Event) error {
			return eventpg.Append(ctx, tx, 0, events) // no node did it: all of them hear of it
		},
	})
}

// operator is the name of whoever works at the command line, in histories.
const operator = "operator"

// productTime is the time of the product's clock, which may have run ahead.
func productTime(ctx context.Context, pool *pgxpool.Pool) (now time.Time, err error) {
	err = pool.QueryRow(ctx, "select greatest(now(), max(reached)) from product_clock").Scan(&now)
	return now.UTC(), store.Classify(err)
}
