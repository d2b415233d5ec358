// Package tenantpg keeps tenants, outlets and tokens in Postgres.
package tenantpg

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/store"
	"brigade/internal/tenant"
	"brigade/internal/tenant/tenantpg/db"
)

// Store implements tenant.Store.
type Store struct{ q *db.Queries }

var _ tenant.Store = (*Store)(nil)

// New returns a store over a pool.
func New(pool *pgxpool.Pool) *Store { return &Store{q: db.New(pool)} }

// Tenants implements tenant.Store.
func (s *Store) Tenants(ctx context.Context) ([]tenant.Tenant, error) {
	rows, err := s.q.Tenants(ctx)
	if err != nil {
		return nil, store.Classify(err)
	}
	out := make([]tenant.Tenant, len(rows))
	for i, r := range rows {
		zone, err := location(r.Timezone)
		if err != nil {
			return nil, err
		}
		out[i] = tenant.Tenant{
			ID: r.ID, Slug: r.Slug, Name: r.Name, Tier: r.Tier, Status: tenant.Status(r.Status),
			Timezone: zone, Currency: r.Currency,
		}
	}
	return out, nil
}

// Outlets implements tenant.Store.
func (s *Store) Outlets(ctx context.Context, tenantID int64) ([]tenant.Outlet, error) {
	rows, err := s.q.Outlets(ctx, tenantID)
	if err != nil {
		return nil, store.Classify(err)
	}
	out := make([]tenant.Outlet, len(rows))
	for i, r := range rows {
		zone, err := location(r.Timezone)
		if err != nil {
			return nil, err
		}
		out[i] = tenant.Outlet{
			ID: r.ID, Tenant: r.TenantID, Slug: r.Slug, Name: r.Name, Timezone: zone, Currency: r.Currency,
			Default: r.IsDefault, FreeFormStation: r.FreeFormStationID,
			StaleAfter: time.Duration(r.StaleAfterSeconds) * time.Second, ConfigVersion: r.ConfigVersion,
		}
	}
	return out, nil
}

// location reads a zone that was checked when it was written.
func location(name string) (*time.Location, error) {
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("time zone in the database: %w", err)
	}
	return zone, nil
}

// Credential implements tenant.Store.
func (s *Store) Credential(ctx context.Context, hash tenant.Hash) (tenant.Credential, error) {
	r, err := s.q.Credential(ctx, hash[:])
	if err != nil {
		return tenant.Credential{}, found(err)
	}
	return tenant.Credential{
		Token: tenant.Token{
			ID: r.ID, Tenant: r.TenantID, Outlet: r.OutletID, Name: r.Name, Role: actor.Role(r.Role), Driver: r.DriverID,
			Created: r.CreatedAt.UTC(), Expires: utc(r.ExpiresAt),
		},
		TenantStatus: tenant.Status(r.TenantStatus), DefaultOutlet: r.DefaultOutlet,
	}, nil
}

// InsertToken implements tenant.Store.
func (s *Store) InsertToken(ctx context.Context, t tenant.Token, hash tenant.Hash) (tenant.Token, error) {
	r, err := s.q.InsertToken(ctx, db.InsertTokenParams{
		TenantID: t.Tenant, OutletID: t.Outlet, Name: t.Name, Role: string(t.Role), Hash: hash[:], ExpiresAt: t.Expires,
		DriverID: t.Driver,
	})
	if err != nil {
		return tenant.Token{}, store.Classify(err)
	}
	t.ID, t.Created = r.ID, r.CreatedAt.UTC()
	return t, nil
}

// Tokens implements tenant.Store.
func (s *Store) Tokens(ctx context.Context, tenantID, outlet int64) ([]tenant.Token, error) {
	rows, err := s.q.Tokens(ctx, db.TokensParams{TenantID: tenantID, OutletID: outlet})
	if err != nil {
		return nil, store.Classify(err)
	}
	out := make([]tenant.Token, len(rows))
	for i, r := range rows {
		out[i] = tenant.Token{
			ID: r.ID, Tenant: r.TenantID, Outlet: r.OutletID, Name: r.Name, Role: actor.Role(r.Role),
			Created: r.CreatedAt.UTC(), Expires: utc(r.ExpiresAt), Revoked: utc(r.RevokedAt),
		}
	}
	return out, nil
}

// RevokeToken implements tenant.Store.
func (s *Store) RevokeToken(ctx context.Context, tenantID, outlet, id int64) (tenant.Hash, error) {
	hash, err := s.q.RevokeToken(ctx, db.RevokeTokenParams{TenantID: tenantID, OutletID: outlet, ID: id})
	if err != nil {
		return tenant.Hash{}, found(err)
	}
	return tenant.Hash(hash), nil
}

func found(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return errs.NotFound("there is no such token")
	}
	return store.Classify(err)
}

func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}
