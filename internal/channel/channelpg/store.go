// Package channelpg keeps ordering providers' channels in Postgres.
package channelpg

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"brigade/internal/channel"
	"brigade/internal/channel/channelpg/db"
	"brigade/internal/errs"
	"brigade/internal/store"
)

// Parts are what the store needs of others; app joins them.
type Parts struct {
	// Tell writes the message that tells a provider of its channel's state, in the transaction. version tells one
	// message from another.
	Tell func(ctx context.Context, tx store.Tx, c channel.Channel, s channel.Standing, version int, at time.Time) error
}

// Store implements channel.Store.
type Store struct {
	pool  *pgxpool.Pool
	q     *db.Queries
	parts Parts
}

var _ channel.Store = (*Store)(nil)

// New returns a store.
func New(pool *pgxpool.Pool, p Parts) *Store { return &Store{pool, db.New(pool), p} }

// Insert implements channel.Store.
func (s *Store) Insert(ctx context.Context, c channel.Channel, k channel.Keys) (channel.Channel, error) {
	hash := k.Hash()
	row, err := s.q.Insert(ctx, db.InsertParams{
		Tenant: c.Tenant, Outlet: c.Outlet, Name: c.Name, Prices: string(c.Prices), Hash: hash[:], Secret: k.Secret, CreatedBy: c.CreatedBy,
	})
	switch {
	case store.IsUnique(err, "channels_tenant_id_name_key"):
		return channel.Channel{}, errs.Conflict("there is a channel %q already", c.Name)
	case errors.Is(err, pgx.ErrNoRows):
		return channel.Channel{}, errs.NotFound("no such outlet")
	}
	c.ID, c.CreatedAt = row.ID, row.CreatedAt
	return c, store.Classify(err)
}

// List implements channel.Store.
func (s *Store) List(ctx context.Context, tenant int64) ([]channel.Channel, error) {
	rows, err := s.q.Channels(ctx, db.ChannelsParams{Tenant: tenant})
	list := make([]channel.Channel, len(rows))
	for i, r := range rows {
		list[i] = toChannel(r)
	}
	return list, store.Classify(err)
}

// Get implements channel.Store.
func (s *Store) Get(ctx context.Context, tenant int64, name string) (channel.Channel, error) {
	r, err := s.row(ctx, tenant, name)
	if err != nil {
		return channel.Channel{}, err
	}
	return toChannel(r), nil
}

func (s *Store) row(ctx context.Context, tenant int64, name string) (db.Channel, error) {
	if name == "" {
		return db.Channel{}, errs.NotFound("there is no channel %q", name)
	}
	rows, err := s.q.Channels(ctx, db.ChannelsParams{Tenant: tenant, Name: name})
	if err == nil && len(rows) == 0 {
		return db.Channel{}, errs.NotFound("there is no channel %q", name)
	}
	if err != nil {
		return db.Channel{}, store.Classify(err)
	}
	return rows[0], nil
}

func toChannel(r db.Channel) channel.Channel {
	c := channel.Channel{
		ID: r.ID, Tenant: r.TenantID, Outlet: r.OutletID, Name: r.Name, Prices: channel.Prices(r.Prices),
		CreatedAt: r.CreatedAt, CreatedBy: r.CreatedBy,
		Delay: channel.Delay{By: time.Duration(r.DelayMinutes) * time.Minute, Reason: r.DelayReason},
	}
	if r.DelayUntil != nil {
		c.Delay.Until = *r.DelayUntil
	}
	return c
}

// ByToken implements channel.Store.
func (s *Store) ByToken(ctx context.Context, hash channel.Hash, now time.Time) (channel.Channel, error) {
	r, err := s.q.ByToken(ctx, db.ByTokenParams{Hash: hash[:], Now: now})
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return channel.Channel{}, errs.NotFound("no channel has this token")
	case err != nil:
		return channel.Channel{}, store.Classify(err)
	case r.TenantStatus != "active":
		return channel.Channel{}, errs.Forbidden("the tenant is %s", r.TenantStatus)
	}
	return channel.Channel{ID: r.ID, Tenant: r.TenantID, Outlet: r.OutletID, Name: r.Name, Prices: channel.Prices(r.Prices)}, nil
}

// Secrets implements channel.Store: the present one first.
func (s *Store) Secrets(ctx context.Context, tenant int64, name string, now time.Time) ([]string, error) {
	r, err := s.row(ctx, tenant, name)
	if err != nil {
		return nil, err
	}
	secrets := []string{r.Secret}
	if r.OldUntil != nil && r.OldUntil.After(now) && r.OldSecret != "" {
		secrets = append(secrets, r.OldSecret)
	}
	return secrets, nil
}

// Rotate implements channel.Store.
func (s *Store) Rotate(ctx context.Context, id int64, k channel.Keys, oldUntil time.Time) error {
	hash := k.Hash()
	return store.Classify(s.q.Rotate(ctx, db.RotateParams{ID: id, Hash: hash[:], Secret: k.Secret, OldUntil: oldUntil}))
}

// SetPrices implements channel.Store.
func (s *Store) SetPrices(ctx context.Context, id int64, p channel.Prices) error {
	return store.Classify(s.q.SetPrices(ctx, db.SetPricesParams{ID: id, Prices: string(p)}))
}

// Forget implements channel.Store.
func (s *Store) Forget(ctx context.Context, id int64) error {
	return store.Classify(s.q.Forget(ctx, id))
}

// Close implements channel.Store.
func (s *Store) Close(ctx context.Context, id int64) error { return store.Classify(s.q.Close(ctx, id)) }

// Meanings implements channel.Store.
func (s *Store) Meanings(ctx context.Context, id int64, ids []string) ([]channel.Meaning, error) {
	if ids == nil {
		ids = []string{}
	}
	rows, err := s.q.Meanings(ctx, db.MeaningsParams{Channel: id, Ids: ids})
	list := make([]channel.Meaning, len(rows))
	for i, r := range rows {
		list[i] = channel.Meaning{ID: r.ForeignID, SKU: r.Sku, Note: r.Note}
	}
	return list, store.Classify(err)
}

// PutMeanings implements channel.Store.
func (s *Store) PutMeanings(ctx context.Context, id int64, list []channel.Meaning, replace bool) error {
	p := db.PutMeaningsParams{Channel: id, Ids: []string{}}
	for _, m := range list {
		p.Ids, p.Skus, p.Notes = append(p.Ids, m.ID), append(p.Skus, m.SKU), append(p.Notes, m.Note)
	}
	return store.Commit(ctx, s.pool, func(tx store.Tx) error {
		q := s.q.WithTx(tx)
		if replace {
			if err := q.DropOthers(ctx, db.DropOthersParams{Channel: id, Ids: p.Ids}); err != nil {
				return err
			}
		}
		return q.PutMeanings(ctx, p)
	})
}

// DropMeaning implements channel.Store.
func (s *Store) DropMeaning(ctx context.Context, id int64, foreign string) error {
	n, err := s.q.DropMeaning(ctx, db.DropMeaningParams{Channel: id, ID: foreign})
	if err == nil && n == 0 {
		return errs.NotFound("%q is not mapped to anything", foreign)
	}
	return store.Classify(err)
}

// SetDelay implements channel.Store.
func (s *Store) SetDelay(ctx context.Context, id int64, d channel.Delay) error {
	p := db.SetDelayParams{ID: id, Minutes: int32(d.By / time.Minute), Reason: d.Reason}
	if !d.Until.IsZero() {
		p.Until = &d.Until
	}
	return store.Classify(s.q.SetDelay(ctx, p))
}

// Known implements channel.Store.
func (s *Store) Known(ctx context.Context, after int64, limit int) ([]channel.Known, error) {
	rows, err := s.q.Known(ctx, db.KnownParams{After: after, N: int32(limit)})
	if err != nil {
		return nil, store.Classify(err)
	}
	list := make([]channel.Known, len(rows))
	for i, r := range rows {
		list[i] = channel.Known{Channel: toChannel(r), Version: int(r.ToldVersion)}
		if err := json.Unmarshal(r.Told, &list[i].Told); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Tell implements channel.Store.
func (s *Store) Tell(ctx context.Context, k channel.Known, now channel.Standing, at time.Time) error {
	text, err := json.Marshal(now)
	if err != nil {
		return err
	}
	return store.Commit(ctx, s.pool, func(tx store.Tx) error {
		n, err := s.q.WithTx(tx).Told(ctx, db.ToldParams{ID: k.ID, Told: text, Version: int32(k.Version)})
		if err != nil || n == 0 {
			return err
		}
		return s.parts.Tell(ctx, tx, k.Channel, now, k.Version+1, at)
	})
}
