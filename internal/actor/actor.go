// Package actor says who asks. Every call into a feature carries an Actor, and every query is scoped by its tenant.
package actor

import (
	"context"
	"slices"

	"brigade/internal/errs"
)

// Role is what somebody may do.
type Role string

// The roles. System is Brigade itself (the engine, a timer).
const (
	Owner      Role = "owner"
	Manager    Role = "manager"
	Cook       Role = "cook"
	Driver     Role = "driver"
	Integrator Role = "integrator"
	Customer   Role = "customer"
	System     Role = "system"
	Channel    Role = "channel" // an ordering provider, by its channel's token
)

// Roles lists the roles that a token can have.
var Roles = []Role{Owner, Manager, Cook, Driver, Integrator, Customer}

// Valid tells whether a token can have the role.
func (r Role) Valid() bool { return slices.Contains(Roles, r) }

// Actor is who asks, for which tenant, and for which of its outlets.
type Actor struct {
	Tenant int64
	Outlet int64 // the outlet that requests without one mean: the token's own, else the tenant's default
	Bound  bool  // true when the token is for Outlet alone: others are as if they did not exist
	Name   string
	Role   Role
	Driver int64 // whose token it is, of a driver's own; 0: nobody's

	User    int64 // the person, when one signed in; 0: a token's holder
	Station int64 // the only station whose work he sees and does; 0: every station
}

// Require returns a KindForbidden error unless the actor has one of the roles. Owner and System may do everything.
func (a Actor) Require(roles ...Role) error {
	if a.Role == Owner || a.Role == System || slices.Contains(roles, a.Role) {
		return nil
	}
	return errs.Forbidden("a %s may not do this", a.Role)
}

// Sees tells whether the actor may see an outlet of its tenant.
func (a Actor) Sees(outlet int64) bool { return !a.Bound || a.Outlet == outlet }

// Whole returns a KindForbidden error for somebody who works at one station only: what is asked for is about the whole
// kitchen.
func (a Actor) Whole() error {
	if a.Station != 0 {
		return errs.Forbidden("this is for those who see the whole kitchen")
	}
	return nil
}

// OutletFilter is the outlet to filter lists by: the bound one, or 0 for all of the tenant.
func (a Actor) OutletFilter() int64 {
	if a.Bound {
		return a.Outlet
	}
	return 0
}

type key struct{}

// With returns a context that carries the actor.
func With(ctx context.Context, a Actor) context.Context { return context.WithValue(ctx, key{}, a) }

// From returns the context's actor; ok is false when nobody was authenticated.
func From(ctx context.Context) (a Actor, ok bool) {
	a, ok = ctx.Value(key{}).(Actor)
	return a, ok
}
