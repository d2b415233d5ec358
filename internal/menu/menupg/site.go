package menupg

import (
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"

	"brigade/internal/errs"
	"brigade/internal/menu/load"
	"brigade/internal/menu/menupg/db"
	"brigade/internal/store"
)

// Site is what one outlet is set up with, as a transaction has read it.
type Site struct {
	Tenant load.Tenant
	Outlet load.Outlet  // without its stock
	Former []load.Staff // who no longer works there, without hours

	q      *db.Queries
	tenant int64
	state  *state
}

// ReadSite reads an outlet of a tenant. Errors: KindNotFound.
func ReadSite(ctx context.Context, tx store.Tx, tenant, outlet int64) (*Site, error) {
	q := db.New(tx)
	r, err := q.OutletNames(ctx, db.OutletNamesParams{ID: outlet, TenantID: tenant})
	if err != nil {
		return nil, noOutlet(err)
	}
	return readSite(ctx, q, tenant, r.Tenant, r.Slug)
}

// LockSite is ReadSite for somebody who is going to change it: other editors of the outlet, and files, wait for him.
func LockSite(ctx context.Context, tx store.Tx, tenant, outlet int64) (*Site, error) {
	q := db.New(tx)
	if err := q.LockEdits(ctx); err != nil {
		return nil, err
	}
	r, err := q.LockOutlet(ctx, db.LockOutletParams{ID: outlet, TenantID: tenant})
	if err != nil {
		return nil, noOutlet(err)
	}
	return readSite(ctx, q, tenant, r.Tenant, r.Slug)
}

func noOutlet(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return errs.NotFound("there is no such outlet")
	}
	return err
}

func readSite(ctx context.Context, q *db.Queries, tenant int64, tenantSlug, slug string) (*Site, error) {
	st, err := readState(ctx, q, &load.Document{
		Tenant: load.Tenant{Slug: tenantSlug}, Outlets: []load.Outlet{{Slug: slug, Admission: load.Admission{}.Text()}},
	})
	if err != nil {
		return nil, err
	}
	s := &Site{q: q, tenant: tenant, state: st, Tenant: st.doc.Tenant, Outlet: st.doc.Outlets[0]}
	rows, err := q.FormerStaff(ctx, st.ids[load.Ref{Kind: load.KindOutlet, Name: slug}])
	for _, r := range rows {
		slices.Sort(r.Skills)
		s.Former = append(s.Former, load.Staff{Name: r.Name, MaxParallel: int(r.MaxParallel), Efficiency: r.BaseEfficiency, Skills: r.Skills})
	}
	return s, err
}

// ID is that of a station, machine, person or item of the outlet; 0 when it is not there.
func (s *Site) ID(ref load.Ref) int64 { return s.state.ids[ref] }

// Write makes the outlet what it is wanted to be, in the transaction that has locked it, and returns what changed. Its
// kitchen hears of it by an event.
func (s *Site) Write(ctx context.Context, tx store.Tx, want load.Outlet, o Options) ([]load.Change, error) {
	doc := &load.Document{Tenant: s.Tenant, Outlets: []load.Outlet{want}}
	c := &change{have: s.state, want: doc, diff: load.Compare(s.state.doc, doc)}
	if err := c.apply(ctx, tx, o); err != nil {
		return nil, err
	}
	return c.diff.Changes, s.place(ctx, want.Items)
}

// place puts the menu into the order that is wanted, if it is not in it. What is new comes last by itself.
func (s *Site) place(ctx context.Context, want []load.Item) error {
	var have []string
	for _, it := range s.Outlet.Items {
		if slices.ContainsFunc(want, func(w load.Item) bool { return w.SKU == it.SKU }) {
			have = append(have, it.SKU)
		}
	}
	skus := make([]string, len(want))
	for i, it := range want {
		skus[i] = it.SKU
	}
	if len(skus) >= len(have) && slices.Equal(have, skus[:len(have)]) {
		return nil
	}
	return s.q.PlaceItems(ctx, db.PlaceItemsParams{OutletID: s.ID(load.Ref{Kind: load.KindOutlet, Name: s.Outlet.Slug}), Skus: skus})
}

// ReadTenant reads all outlets of a tenant, as a file would describe them. Errors: KindNotFound.
func ReadTenant(ctx context.Context, tx store.Tx, tenant int64) (*load.Document, error) {
	q := db.New(tx)
	slug, err := q.TenantSlug(ctx, tenant)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, errs.NotFound("there is no such tenant")
	}
	if err != nil {
		return nil, err
	}
	want := &load.Document{Tenant: load.Tenant{Slug: slug}}
	outlets, err := q.LoadedOutlets(ctx, tenant)
	if err != nil {
		return nil, err
	}
	for _, o := range outlets {
		want.Outlets = append(want.Outlets, load.Outlet{Slug: o.Slug, Admission: load.Admission{}.Text()})
	}
	st, err := readState(ctx, q, want)
	if err != nil {
		return nil, err
	}
	return st.doc, nil
}
