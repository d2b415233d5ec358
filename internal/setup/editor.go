package setup

import (
	"context"
	"reflect"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"brigade/internal/actor"
	"brigade/internal/clock"
	"brigade/internal/errs"
	"brigade/internal/event"
	"brigade/internal/kitchen/kitchenpg"
	"brigade/internal/menu/edit"
	"brigade/internal/menu/load"
	"brigade/internal/menu/menupg"
	"brigade/internal/stock/stockpg"
	"brigade/internal/store"
)

// Editor changes what outlets are set up with, one thing at a time, while orders are open: those keep the recipes that
// they began with. It is safe for concurrent use.
type Editor struct {
	Pool  *pgxpool.Pool
	Clock clock.Clock // the product's

	// Append writes events to the log in the transaction of the change.
	Append func(ctx context.Context, tx store.Tx, events []event.Event) error
	// Committed is called after each change, so that this process sees it at once.
	Committed func()
}

// Set reads what an outlet (0: the actor's own) is set up with. Errors: KindForbidden, KindNotFound.
func (e *Editor) Set(ctx context.Context, who actor.Actor, outlet int64) (set edit.Set, err error) {
	outlet, err = mayEdit(who, outlet)
	if err != nil {
		return set, err
	}
	err = e.read(ctx, func(tx store.Tx) error {
		site, err := menupg.ReadSite(ctx, tx, who.Tenant, outlet)
		if err != nil {
			return err
		}
		set, err = setOf(ctx, tx, site, outlet)
		return err
	})
	return set, err
}

// read runs in one snapshot.
func (e *Editor) read(ctx context.Context, do func(store.Tx) error) error {
	opts := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	return store.Classify(pgx.BeginTxFunc(ctx, e.Pool, opts, do))
}

func mayEdit(who actor.Actor, outlet int64) (int64, error) {
	if outlet == 0 {
		outlet = who.Outlet
	}
	if err := who.Require(actor.Manager, actor.Integrator); err != nil {
		return 0, err
	}
	if !who.Sees(outlet) {
		return 0, errs.NotFound("there is no such outlet")
	}
	return outlet, nil
}

func setOf(ctx context.Context, tx store.Tx, site *menupg.Site, outlet int64) (edit.Set, error) {
	set := edit.Set{Currency: site.Tenant.Currency, Outlet: site.Outlet, Former: site.Former}
	have, err := stockpg.ReadSetup(ctx, tx, outlet)
	if err == nil && len(have.Ingredients) > 0 {
		set.Outlet.Stock = stockOf(have, site.Outlet.Items)
	}
	return set, err
}

// Put adds a thing or changes it. version is that of the thing as its editor saw it, "" when he adds it. A thing that is as
// it is wanted to be stays so, whatever the version: an edit that is sent twice is done once.
// Errors: KindForbidden, KindNotFound (the outlet), KindInvalid (each faulty field), KindConflict (an edit.Overtaken).
func (e *Editor) Put(ctx context.Context, who actor.Actor, outlet int64, t edit.Thing, version string) (edit.Done, error) {
	t = t.Tidy()
	return e.change(ctx, who, outlet, t.Ref(""), version, func(set edit.Set) (edit.Set, error) { return set.Put(t) })
}

// Remove takes a station, machine, person or item away; without it nothing changes. Errors as for Put, and KindConflict
// when something still needs it, open orders among them.
func (e *Editor) Remove(ctx context.Context, who actor.Actor, outlet int64, ref load.Ref, version string) (edit.Done, error) {
	return e.change(ctx, who, outlet, ref, version, func(set edit.Set) (edit.Set, error) {
		if set.Find(ref) == nil {
			return set, nil
		}
		return set.Remove(ref)
	})
}

func (e *Editor) change(
	ctx context.Context, who actor.Actor, outlet int64, ref load.Ref, version string, do func(edit.Set) (edit.Set, error),
) (done edit.Done, err error) {
	outlet, err = mayEdit(who, outlet)
	if err != nil {
		return edit.Done{}, err
	}
	err = store.Commit(ctx, e.Pool, func(tx store.Tx) error {
		w := &editing{Editor: e, tx: tx, who: who, outlet: outlet, ref: ref}
		done, err = w.run(ctx, version, do)
		return err
	})
	if err != nil {
		return edit.Done{}, err
	}
	if done.Changed() {
		e.Committed()
	}
	return done, nil
}

// editing is one edit in its transaction.
type editing struct {
	*Editor
	tx     store.Tx
	who    actor.Actor
	outlet int64
	ref    load.Ref
	site   *menupg.Site
}

func (w *editing) run(ctx context.Context, version string, do func(edit.Set) (edit.Set, error)) (edit.Done, error) {
	site, err := menupg.LockSite(ctx, w.tx, w.who.Tenant, w.outlet)
	if err != nil {
		return edit.Done{}, err
	}
	w.site = site
	have, err := setOf(ctx, w.tx, site, w.outlet)
	if err != nil {
		return edit.Done{}, err
	}
	was := have.Find(w.ref)
	want, wrong := do(have)
	now := want.Find(w.ref)
	if edit.Same(was, now) && wrong == nil {
		return edit.Done{Was: was, Now: now}, nil
	}
	if err := w.overtaken(was, version); err != nil {
		return edit.Done{}, err
	}
	if wrong != nil {
		return edit.Done{}, wrong
	}
	if now == nil {
		if err := w.idle(ctx); err != nil {
			return edit.Done{}, err
		}
	}
	return edit.Done{Was: was, Now: now}, w.write(ctx, have, want)
}

// overtaken checks that the thing is still as its editor saw it.
func (w *editing) overtaken(was *edit.Thing, version string) error {
	switch {
	case was == nil && version == "", was != nil && was.Version() == version:
		return nil
	case was == nil:
		return edit.NewOvertaken(nil, "somebody else has removed %s %s in the meantime", w.ref.Kind, w.ref.Name)
	case version == "":
		return edit.NewOvertaken(was, "there is a %s %s already", w.ref.Kind, w.ref.Name)
	}
	return edit.NewOvertaken(was, "somebody else has changed %s %s in the meantime", w.ref.Kind, w.ref.Name)
}

// idle checks that no open order needs what is to be removed.
func (w *editing) idle(ctx context.Context) error {
	id := w.site.ID(load.Ref{Kind: w.ref.Kind, Outlet: w.site.Outlet.Slug, Name: w.ref.Name})
	needs := map[load.Kind]int64{w.ref.Kind: id}
	n, order, err := kitchenpg.OpenWork(ctx, w.tx, w.outlet, needs[load.KindStation], needs[load.KindMachine], needs[load.KindStaff])
	if err != nil || n == 0 {
		return err
	}
	tasks := errs.Textf("an open task needs it")
	if n > 1 {
		tasks = errs.Textf("%d open tasks need it", n)
	}
	return errs.Conflict("%s %s cannot be removed now: %s, of order %s and others perhaps; try again when they are done",
		w.ref.Kind, w.ref.Name, tasks, order)
}

func (w *editing) write(ctx context.Context, have, want edit.Set) error {
	o := menupg.Options{By: w.who.Name, At: w.Clock.Now().Truncate(time.Microsecond), Append: w.Append}
	if _, err := w.site.Write(ctx, w.tx, want.Outlet, o); err != nil {
		return err
	}
	if reflect.DeepEqual(have.Outlet.Stock, want.Outlet.Stock) {
		return nil
	}
	doc := &load.Document{Tenant: w.site.Tenant, Outlets: []load.Outlet{want.Outlet}}
	_, err := stocks(o)(ctx, w.tx, w.who.Tenant, doc, false)
	return err
}
