package menupg

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"brigade/internal/errs"
	"brigade/internal/event"
	"brigade/internal/menu/load"
	"brigade/internal/menu/menupg/db"
	"brigade/internal/store"
)

// Options say how a file is loaded.
type Options struct {
	DryRun bool      // only tell what would change
	By     string    // who loads it, for the events
	At     time.Time // the product's time

	// Append writes events to the log in the transaction of the change. A dry run does without.
	Append func(ctx context.Context, tx pgx.Tx, events []event.Event) error

	// Also writes what else the file says, in the same transaction, and returns what changes; a dry run writes nothing. The
	// tenant is 0 while it does not exist. May be nil.
	Also func(ctx context.Context, tx pgx.Tx, tenant int64, file *load.Document, dry bool) ([]load.Change, error)
}

// largestFile in bytes: a chain of hundreds of outlets.
const largestFile = 32 << 20

// Load makes the database say what a file says, in one transaction, and returns what changed; nothing when the same
// file is loaded again. Loads wait for each other. What the file no longer lists is switched off and stays in the
// database, because old recipes, orders and tasks name it: items are no longer sold, staff no longer active, machines
// down with the reason RemovedMachine, stations not part of the kitchen. Open orders are not touched:
// they keep their recipes. Measured values (the efficiency and counts of staff, machines that are down) are kept.
// Each outlet whose kitchen changed moves its config_version and says so with one KITCHEN_CHANGED event.
//
// A faulty file is a KindInvalid error that names all faults with their places; name is how they call the file.
func Load(ctx context.Context, pool *pgxpool.Pool, name string, file io.Reader, o Options) (load.Diff, error) {
	text, err := io.ReadAll(io.LimitReader(file, largestFile+1))
	if err != nil {
		return load.Diff{}, fmt.Errorf("read %s: %w", name, err)
	}
	if len(text) > largestFile {
		return load.Diff{}, errs.TooLarge("%s is larger than %d MiB", name, largestFile>>20)
	}
	want, err := load.Parse(name, text)
	if err != nil {
		return load.Diff{}, err
	}
	if o.DryRun {
		return dryRun(ctx, pool, want, o)
	}
	var diff load.Diff
	err = store.Commit(ctx, pool, func(tx store.Tx) error {
		q := db.New(tx)
		if err := q.LockLoads(ctx); err != nil {
			return err
		}
		c, err := compare(ctx, q, want)
		if err != nil {
			return err
		}
		diff = c.diff
		if err := c.apply(ctx, tx, o); err != nil {
			return err
		}
		tenant := c.tenant
		if tenant == 0 { // there was nothing to apply
			tenant = c.have.ids[load.Ref{Kind: load.KindTenant, Name: want.Tenant.Slug}]
		}
		return o.also(ctx, tx, tenant, want, false, &diff)
	})
	return diff, err
}

// also lets others do what else the file says.
func (o Options) also(ctx context.Context, tx pgx.Tx, tenant int64, file *load.Document, dry bool, diff *load.Diff) error {
	if o.Also == nil {
		return nil
	}
	more, err := o.Also(ctx, tx, tenant, file, dry)
	diff.Changes = append(diff.Changes, more...)
	return err
}

func dryRun(ctx context.Context, pool *pgxpool.Pool, want *load.Document, o Options) (diff load.Diff, err error) {
	opts := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err = pgx.BeginTxFunc(ctx, pool, opts, func(tx pgx.Tx) error {
		c, err := compare(ctx, db.New(tx), want)
		if err != nil {
			return err
		}
		diff = c.diff
		return o.also(ctx, tx, c.have.ids[load.Ref{Kind: load.KindTenant, Name: want.Tenant.Slug}], want, true, &diff)
	})
	diff.DryRun = true
	return diff, store.Classify(err)
}

// compare reads what is there, settles which outlet is the default, and says what differs.
func compare(ctx context.Context, q *db.Queries, file *load.Document) (*change, error) {
	have, err := readState(ctx, q, file)
	if err != nil {
		return nil, err
	}
	want := &load.Document{Tenant: file.Tenant, Outlets: slices.Clone(file.Outlets)}
	chosen := chooseDefault(want, have.defaultOutlet)
	for i := range want.Outlets {
		want.Outlets[i].Default = want.Outlets[i].Slug == chosen
	}
	diff := load.Compare(have.doc, want)
	if old := have.defaultOutlet; old != "" && old != chosen && have.outside(old) {
		diff.Changes = append(diff.Changes, load.Change{
			Action: load.Changed, Ref: load.Ref{Kind: load.KindOutlet, Name: old},
			Fields: []load.FieldChange{{Field: "default", From: "yes"}},
		})
	}
	return &change{have: have, want: want, diff: diff}, nil
}

// chooseDefault returns the slug of the outlet that the file calls the default, else of the one that is it already,
// else of the first: a tenant with outlets has a default.
func chooseDefault(want *load.Document, present string) string {
	for _, o := range want.Outlets {
		if o.Default {
			return o.Slug
		}
	}
	if present == "" && len(want.Outlets) > 0 {
		return want.Outlets[0].Slug
	}
	return present
}
