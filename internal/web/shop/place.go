package shop

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/tenant"
	"brigade/internal/web/page"
)

// place is a shop: an outlet of a tenant. Outlets' slugs are unique in their tenant alone, so an address names both.
type place struct {
	tenant.Outlet
	tenant tenant.Tenant
}

// base is the address of the shop, under which its pages are.
func (p place) base() string { return "/shop/" + p.tenant.Slug + "/" + p.Slug }

// guest is who orders: nobody who has signed in, and nothing but this outlet is there for him.
func (p place) guest() actor.Actor {
	return actor.Actor{Tenant: p.Outlet.Tenant, Outlet: p.ID, Bound: true, Name: "guest", Role: actor.Customer}
}

// asker is whom a shop counts requests by.
func (p place) asker(r *http.Request) string {
	return strconv.FormatInt(p.ID, 10) + " " + page.From(r).Network()
}

// zone is the outlet's.
func (p place) zone() *time.Location {
	if p.Timezone == nil {
		return time.UTC
	}
	return p.Timezone
}

// in finds the shop that an address names. What went wrong is said to htmx as a message, whatever it asked for.
func (s *server) in(do func(http.ResponseWriter, *http.Request, place) error) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		p, err := s.find(r.Context(), r.PathValue("tenant"), r.PathValue("outlet"))
		if err == nil {
			err = do(w, r, p)
		}
		if err != nil && r.Header.Get("HX-Request") != "" {
			w.Header().Set("HX-Retarget", "#toast")
			w.Header().Set("HX-Reswap", "innerHTML")
		}
		return err
	}
}

var errNoShop = errs.NotFound("there is no such shop")

// find returns the shop of an outlet. Errors: KindNotFound.
func (s *server) find(ctx context.Context, tenantSlug, outletSlug string) (place, error) {
	all, err := s.active(ctx)
	if err != nil {
		return place{}, err
	}
	i := slices.IndexFunc(all, func(t tenant.Tenant) bool { return t.Slug == tenantSlug })
	if i < 0 {
		return place{}, errNoShop
	}
	return s.outlet(ctx, all[i], func(o tenant.Outlet) bool { return o.Slug == outletSlug })
}

func (s *server) outlet(ctx context.Context, t tenant.Tenant, match func(tenant.Outlet) bool) (place, error) {
	outlets, err := s.Kit.Tenants.ListOutlets(ctx, t.ID)
	if err != nil {
		return place{}, err
	}
	i := slices.IndexFunc(outlets, match)
	if i < 0 {
		return place{}, errNoShop
	}
	return place{outlets[i], t}, nil
}

// tenantsFor is how long what is known of tenants is trusted, in real time: one that is suspended sells nothing then.
const tenantsFor = 5 * time.Second

// active returns the tenants that may work.
func (s *server) active(ctx context.Context) ([]tenant.Tenant, error) {
	s.mu.Lock()
	known, fresh := s.tenants, time.Since(s.readAt) < tenantsFor
	s.mu.Unlock()
	if fresh {
		return known, nil
	}
	all, err := s.Parts.Tenants.ListTenants(ctx)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(t tenant.Tenant) bool { return t.Status != tenant.Active })
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tenants, s.readAt = all, time.Now()
	return all, nil
}

// anyShop leads a short address to the shop that is meant: /shop/TENANT to its default outlet, and, where there is one
// tenant (or the demo), /shop/OUTLET and /shop/, too.
func (s *server) anyShop(w http.ResponseWriter, r *http.Request) error {
	all, err := s.active(r.Context())
	if err != nil {
		return err
	}
	short := r.PathValue("short")
	p, err := place{}, error(errNoShop)
	if i := slices.IndexFunc(all, func(t tenant.Tenant) bool { return t.Slug == short }); i >= 0 {
		p, err = s.outlet(r.Context(), all[i], func(o tenant.Outlet) bool { return o.Default })
	} else if i := slices.IndexFunc(all, func(t tenant.Tenant) bool { return len(all) == 1 || t.Slug == tenant.DemoSlug && s.Demo != nil }); i >= 0 {
		p, err = s.outlet(r.Context(), all[i], func(o tenant.Outlet) bool { return o.Slug == short || short == "" && o.Default })
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, p.base(), http.StatusSeeOther)
	return nil
}
