package cli

import (
	"context"
	"fmt"
	"strings"

	"brigade/internal/config"
	"brigade/internal/errs"
	"brigade/internal/lease"
	"brigade/internal/store"
)

type migrateCommand struct {
	Up     migrateUp     `cmd:"" help:"Bring the schema to the newest version."`
	Down   migrateDown   `cmd:"" help:"Take back the newest migration, and the data that only it knew."`
	Status migrateStatus `cmd:"" help:"List the migrations and when each was applied."`
}

type migrateUp struct {
	config.Migrate `group:"database"`
}

// Help implements kong.HelpProvider.
func (migrateUp) Help() string {
	return `brigade up does this by itself. Several may do it at once: one works, the others wait.

    brigade migrate up --database-url postgres://brigade@db/brigade`
}

// Run brings the schema up to date.
func (c *migrateUp) Run(ctx context.Context, env *Env) error {
	p := postgres{Common: c.Common, Database: c.Database, mayCreate: true}
	return p.with(ctx, env, func(ctx context.Context, url string) error {
		if err := migrate(ctx, url); err != nil {
			return err
		}
		steps, err := store.MigrationStatus(ctx, url)
		if err == nil && len(steps) > 0 {
			fmt.Fprintf(env.Out, "the schema is at version %d\n", steps[len(steps)-1].Version)
		}
		return err
	})
}

type migrateDown struct {
	config.Migrate `group:"database"`
}

// Help implements kong.HelpProvider.
func (migrateDown) Help() string {
	return `The first migration holds everything: taking it back empties the database. Stop every brigade that uses the database first.

    brigade migrate down`
}

// Run takes back the newest migration.
func (c *migrateDown) Run(ctx context.Context, env *Env) error {
	p := postgres{Common: c.Common, Database: c.Database}
	return p.with(ctx, env, func(ctx context.Context, url string) error {
		if err := refuseInUse(ctx, url); err != nil {
			return err
		}
		newest, err := newestApplied(ctx, url)
		if err != nil {
			return reached(err)
		}
		if err := store.MigrateDown(ctx, url); err != nil {
			return reached(err)
		}
		fmt.Fprintf(env.Out, "took back %s\n", newest)
		return nil
	})
}

// refuseInUse refuses to take away tables that running nodes work with.
func refuseInUse(ctx context.Context, url string) error {
	pool, err := store.Open(url, 1)
	if err != nil {
		return err
	}
	defer pool.Close()
	state, err := lease.Cluster(ctx, pool)
	if err != nil {
		return nil // there is no such table, or no server: what follows says so
	}
	var alive []string
	for _, n := range state.Nodes {
		if n.Alive {
			alive = append(alive, fmt.Sprintf("%s (node %d)", n.Name, n.ID))
		}
	}
	if len(alive) > 0 {
		return errs.Conflict("brigade is running on this database: %s. Stop it first", strings.Join(alive, ", "))
	}
	return nil
}

func newestApplied(ctx context.Context, url string) (string, error) {
	steps, err := store.MigrationStatus(ctx, url)
	for i := len(steps) - 1; i >= 0; i-- {
		if !steps[i].AppliedAt.IsZero() {
			return steps[i].Name, err
		}
	}
	return "", err
}

type migrateStatus struct {
	config.Migrate `group:"database"`
	JSON           bool `name:"json" help:"Write JSON."`
}

// Help implements kong.HelpProvider.
func (migrateStatus) Help() string {
	return `For example:

    brigade migrate status`
}

// migrationRow is one migration as JSON.
type migrationRow struct {
	Version   int64   `json:"version"`
	Name      string  `json:"name"`
	AppliedAt *string `json:"applied_at"` // RFC 3339; null: not applied
}

// Run lists the migrations.
func (c *migrateStatus) Run(ctx context.Context, env *Env) error {
	p := postgres{Common: c.Common, Database: c.Database}
	return p.with(ctx, env, func(ctx context.Context, url string) error {
		steps, err := store.MigrationStatus(ctx, url)
		if err != nil {
			return reached(err)
		}
		if c.JSON {
			return writeJSON(env.Out, migrationRows(steps))
		}
		t := newTable(env.Out, "VERSION", "NAME", "APPLIED")
		for _, s := range steps {
			t.row(s.Version, s.Name, env.at(&s.AppliedAt))
		}
		return t.end()
	})
}

func migrationRows(steps []store.Migration) []migrationRow {
	rows := make([]migrationRow, len(steps))
	for i, s := range steps {
		rows[i] = migrationRow{Version: s.Version, Name: s.Name}
		if !s.AppliedAt.IsZero() {
			at := s.AppliedAt.UTC().Format("2006-01-02T15:04:05Z07:00")
			rows[i].AppliedAt = &at
		}
	}
	return rows
}
