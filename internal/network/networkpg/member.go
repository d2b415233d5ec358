package networkpg

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"brigade/internal/errs"
	"brigade/internal/network"
	"brigade/internal/network/networkpg/db"
	"brigade/internal/store"
)

// Detail implements network.Store.
func (s *Store) Detail(ctx context.Context, site network.Site, w network.Window) (network.Detail, error) {
	q, tenants := db.New(s.pool), []int64{site.Tenant}
	days, err := daySales(ctx, q, w, tenants, site.Outlet)
	if err != nil {
		return network.Detail{}, store.Classify(err)
	}
	sold, err := q.SalesByProduct(ctx, db.SalesByProductParams{
		Before: w.Before, First: w.First, Last: w.Last, Tenants: tenants, Outlet: site.Outlet,
	})
	if err != nil {
		return network.Detail{}, store.Classify(err)
	}
	first := number(w.Today)
	ahead, err := q.ForecastByProduct(ctx, db.ForecastByProductParams{
		First: first, Last: first + int32(w.Ahead) - 1, Tenants: tenants, Outlet: site.Outlet,
	})
	return network.Detail{Days: days, Products: products(sold, ahead)}, store.Classify(err)
}

// products joins what was sold with what is expected.
func products(sold []db.SalesByProductRow, ahead []db.ForecastByProductRow) []network.Product {
	expected := make(map[string]db.ForecastByProductRow, len(ahead))
	for _, r := range ahead {
		expected[r.Sku] = r
	}
	list := make([]network.Product, 0, len(sold))
	for _, r := range sold {
		list = append(list, network.Product{
			SKU: r.Sku, Name: r.Name, Milli: r.QuantityMilli, Revenue: r.RevenueMinor, Before: r.BeforeMilli,
			Expected: expected[r.Sku].QuantityMilli,
		})
		delete(expected, r.Sku)
	}
	for _, r := range ahead {
		if _, left := expected[r.Sku]; left {
			list = append(list, network.Product{SKU: r.Sku, Name: r.Name, Expected: r.QuantityMilli})
		}
	}
	return list
}

// Join makes a tenant a member of a parent's network; both are named by their slugs. Repeating it changes nothing.
// Errors: KindNotFound; KindConflict for a parent that is not of the enterprise tier or is a member itself, for a
// tenant that has members or another parent, and for tenants of different currencies.
func (s *Store) Join(ctx context.Context, child, parent, by string, at time.Time) error {
	if child == parent {
		return errs.Conflict("a tenant's own outlets are in its network already")
	}
	return store.Commit(ctx, s.pool, func(tx store.Tx) error {
		q := db.New(tx)
		c, p, err := both(ctx, q, child, parent)
		if err != nil {
			return err
		}
		switch at, err := q.ParentOf(ctx, c.ID); {
		case err == nil && at.ID == p.ID:
			return nil
		case err == nil:
			return errs.Conflict("%s is in the network of %s: take it out there first", child, at.Slug)
		case !errors.Is(err, pgx.ErrNoRows):
			return err
		}
		if err := mayJoin(ctx, q, c, p); err != nil {
			return err
		}
		return q.AddMember(ctx, db.AddMemberParams{Tenant: c.ID, Parent: p.ID, By: by, At: at})
	})
}

// both locks and returns two tenants.
func both(ctx context.Context, q *db.Queries, child, parent string) (c, p db.LockTenantsRow, err error) {
	rows, err := q.LockTenants(ctx, []string{child, parent})
	if err != nil {
		return c, p, err
	}
	for slug, into := range map[string]*db.LockTenantsRow{child: &c, parent: &p} {
		i := slices.IndexFunc(rows, func(r db.LockTenantsRow) bool { return r.Slug == slug })
		if i < 0 {
			return c, p, errs.NotFound("there is no tenant %q", slug)
		}
		*into = rows[i]
	}
	return c, p, nil
}

func mayJoin(ctx context.Context, q *db.Queries, c, p db.LockTenantsRow) error {
	if p.Tier != network.Tier {
		return errs.Conflict("%s is of the %s tier; networks are for the %s tier", p.Slug, p.Tier, network.Tier)
	}
	if c.Currency != p.Currency {
		return errs.Conflict("%s counts in %s and %s in %s: their sums would mean nothing", c.Slug, c.Currency, p.Slug, p.Currency)
	}
	if up, err := q.ParentOf(ctx, p.ID); err == nil {
		return errs.Conflict("%s is itself in the network of %s", p.Slug, up.Slug)
	} else if !errors.Is(err, pgx.ErrNoRows) {
		return err
	}
	has, err := q.HasMembers(ctx, c.ID)
	if err == nil && has {
		return errs.Conflict("%s has a network of its own", c.Slug)
	}
	return err
}

// Leave takes a tenant out of its network. Errors: KindNotFound when it is in none.
func (s *Store) Leave(ctx context.Context, child string) error {
	n, err := db.New(s.pool).DropMember(ctx, child)
	if err == nil && n == 0 {
		return errs.NotFound("there is no tenant %q in a network", child)
	}
	return store.Classify(err)
}

// SetCentral says whether an outlet produces for others. Repeating it changes nothing. Errors: KindNotFound for no such outlet.
func (s *Store) SetCentral(ctx context.Context, tenant, outlet string, central bool) error {
	q := db.New(s.pool)
	if !central {
		_, err := q.DropCentral(ctx, db.DropCentralParams{TenantSlug: tenant, OutletSlug: outlet})
		return store.Classify(err)
	}
	n, err := q.SetCentral(ctx, db.SetCentralParams{TenantSlug: tenant, OutletSlug: outlet})
	if err == nil && n == 0 {
		return errs.NotFound("the tenant %q has no outlet %q", tenant, outlet)
	}
	return store.Classify(err)
}

// Members lists who is in which network.
func (s *Store) Members(ctx context.Context) ([]network.Member, error) {
	rows, err := db.New(s.pool).Members(ctx)
	list := make([]network.Member, len(rows))
	for i, r := range rows {
		list[i] = network.Member{
			Parent: r.Parent, Slug: r.Slug, Name: r.Name, Status: r.Status, Outlets: int(r.Outlets), JoinedBy: r.JoinedBy, JoinedAt: r.JoinedAt,
		}
	}
	return list, store.Classify(err)
}

// Central is an outlet that produces for others.
type Central struct {
	Tenant string `json:"tenant"` // slug
	Outlet string `json:"outlet"`
	Name   string `json:"name"`
}

// Centrals lists the outlets that produce for others.
func (s *Store) Centrals(ctx context.Context) ([]Central, error) {
	rows, err := db.New(s.pool).Centrals(ctx)
	list := make([]Central, len(rows))
	for i, r := range rows {
		list[i] = Central{Tenant: r.Tenant, Outlet: r.Slug, Name: r.Name}
	}
	return list, store.Classify(err)
}
