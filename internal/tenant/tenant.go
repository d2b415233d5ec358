// Package tenant says whose data it is: tenants, their outlets, and the tokens by which people and programs ask for it.
package tenant

import (
	"context"
	"time"
	_ "time/tzdata" // outlets have time zones, and a bare machine may have no zone database

	"brigade/internal/actor"
)

// Status says whether a tenant may work.
type Status string

// The statuses. Only active tenants are let in.
const (
	Active    Status = "active"
	Suspended Status = "suspended"
	Cancelled Status = "cancelled"
)

// Tenant is one business whose data nobody else sees.
type Tenant struct {
	ID       int64
	Slug     string
	Name     string
	Tier     string // starter, standard, enterprise
	Status   Status
	Timezone *time.Location
	Currency string // ISO 4217
}

// Outlet is one place of a tenant with a kitchen of its own.
type Outlet struct {
	ID              int64
	Tenant          int64
	Slug            string
	Name            string
	Timezone        *time.Location
	Currency        string        // the tenant's
	Default         bool          // requests that name no outlet mean this one; at most one per tenant
	FreeFormStation int64         // where items that are not on the menu are made; 0 = they are not made
	StaleAfter      time.Duration // an assigned task that was not started for so long is requeued
	ConfigVersion   int64         // moves whenever stations, machines or staff change
}

// Token is what is known of a token; the token itself is known to its holder alone.
type Token struct {
	ID      int64
	Tenant  int64
	Outlet  int64 // 0 = every outlet of the tenant
	Name    string
	Role    actor.Role
	Driver  int64 // whose own it is; 0: nobody's
	Created time.Time
	Expires *time.Time // nil = never
	Revoked *time.Time // nil = not revoked
}

// Hash is the SHA-256 of a token.
type Hash [32]byte

// Credential is a valid token with what Authenticate needs to know of its tenant.
type Credential struct {
	Token
	TenantStatus  Status
	DefaultOutlet int64 // of the tenant; 0 = it has none
}

// Store keeps tenants, outlets and tokens. What does not exist is a KindNotFound error.
type Store interface {
	// Tenants returns all tenants by slug.
	Tenants(ctx context.Context) ([]Tenant, error)
	// Outlets returns a tenant's outlets by slug.
	Outlets(ctx context.Context, tenant int64) ([]Outlet, error)
	// Credential returns the token with the hash, unless it is revoked or expired by the database's clock.
	Credential(ctx context.Context, hash Hash) (Credential, error)
	// InsertToken keeps a new token's hash and returns the token with its ID and time of creation.
	InsertToken(ctx context.Context, t Token, hash Hash) (Token, error)
	// Tokens returns a tenant's tokens, newest first; those of one outlet alone unless outlet is 0.
	Tokens(ctx context.Context, tenant, outlet int64) ([]Token, error)
	// RevokeToken marks a token as revoked, once, and returns its hash. Outlet is as for Tokens.
	RevokeToken(ctx context.Context, tenant, outlet, id int64) (Hash, error)
}
