package page

import (
	"cmp"
	"context"
	"net/http"
	"slices"

	"brigade/internal/account"
	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/tenant"
)

// Outlet finds the outlet that a request names by slug (in its path or in a field "outlet"), else the visitor's own,
// among those that he may see. Errors: KindNotFound.
func (k *Kit) Outlet(r *http.Request, who actor.Actor) (tenant.Outlet, []tenant.Outlet, error) {
	known, err := k.Tenants.ListOutlets(r.Context(), who.Tenant)
	if err != nil {
		return tenant.Outlet{}, nil, err
	}
	all := slices.DeleteFunc(slices.Clone(known), func(o tenant.Outlet) bool { return !who.Sees(o.ID) })
	if len(all) == 0 {
		return tenant.Outlet{}, nil, errs.NotFound("this restaurant has no outlet yet: load one with brigade load FILE.yaml")
	}
	slug := cmp.Or(r.PathValue("outlet"), r.FormValue("outlet"))
	i := slices.IndexFunc(all, func(o tenant.Outlet) bool { return o.Slug == slug || slug == "" && o.ID == who.Outlet })
	switch {
	case i >= 0:
		return all[i], all, nil
	case slug == "":
		return all[0], all, nil
	}
	return tenant.Outlet{}, nil, errs.NotFound("there is no outlet %q", slug)
}

// Watcher is who reads an outlet for all who watch it.
func Watcher(o tenant.Outlet) actor.Actor {
	return actor.Actor{Tenant: o.Tenant, Outlet: o.ID, Bound: true, Name: "board", Role: actor.System}
}

// MayStay asks whether who opened a stream is still who he was.
func (k *Kit) MayStay(r *http.Request, who actor.Actor) func(context.Context) error {
	return func(ctx context.Context) error {
		again, err := k.Visitor(r.WithContext(ctx))
		if err == nil && again != who {
			err = errs.Unauthorized("somebody else signed in")
		}
		return err
	}
}

// Signed is true when a visitor has signed in, so that there is something to sign out of.
func (k *Kit) Signed(r *http.Request) bool {
	if v, ok := r.Context().Value(visitKey{}).(account.Visit); ok && v.Session != 0 {
		return true
	}
	return k.Demo == nil && Secret(r, tokenCookie) != ""
}
