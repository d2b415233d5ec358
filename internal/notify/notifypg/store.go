// Package notifypg keeps webhooks, guests' contacts, the ledger of messages and its lanes in Postgres.
package notifypg

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"brigade/internal/errs"
	"brigade/internal/notify"
	"brigade/internal/notify/notifypg/db"
	"brigade/internal/store"
)

// Turn is a lane that is to be worked on: one job each.
type Turn struct {
	Lane string
	Turn int64
}

// Parts are what the store needs of others; app joins them.
type Parts struct {
	// Enqueue adds a job for each turn, in the transaction.
	Enqueue func(ctx context.Context, tx store.Tx, turns []Turn) error
	// Hasten makes jobs that sleep run now, and returns those that did.
	Hasten func(ctx context.Context, tx store.Tx, jobs []int64) ([]int64, error)
	// Channels lists what this Brigade can send by.
	Channels []notify.Channel
}

// Store implements notify.Store and notify.Lanes.
type Store struct {
	pool  *pgxpool.Pool
	q     *db.Queries
	parts Parts
}

// New returns a store.
func New(pool *pgxpool.Pool, parts Parts) *Store { return &Store{pool, db.New(pool), parts} }

// AddWebhook implements notify.Store.
func (s *Store) AddWebhook(ctx context.Context, w notify.Webhook) (notify.Webhook, error) {
	row, err := s.q.InsertWebhook(ctx, db.InsertWebhookParams{
		Tenant: w.Tenant, Outlet: w.Outlet, Url: w.URL, Secret: w.Secret, Kinds: fromKinds(w.Kinds),
		Description: w.Description, CreatedBy: w.CreatedBy,
	})
	w.ID, w.CreatedAt = row.ID, row.CreatedAt
	return w, store.Classify(err)
}

// Webhooks implements notify.Store.
func (s *Store) Webhooks(ctx context.Context, tenant, id int64) ([]notify.Webhook, error) {
	rows, err := s.q.Webhooks(ctx, db.WebhooksParams{Tenant: tenant, ID: id})
	list := make([]notify.Webhook, len(rows))
	for i, r := range rows {
		list[i] = notify.Webhook{
			ID: r.ID, Tenant: r.TenantID, Outlet: r.OutletID, Source: r.Source, URL: r.Url, Kinds: toKinds(r.Kinds), Description: r.Description,
			CreatedAt: r.CreatedAt, CreatedBy: r.CreatedBy, DisabledAt: orZero(r.DisabledAt), DisabledReason: r.DisabledReason,
			Health: notify.Health{
				Failures: int(r.Failures), FailingSince: orZero(r.FailingSince), ResumeAt: orZero(r.ResumeAt),
				LastError: r.LastError, LastSentAt: orZero(r.LastSentAt), Pending: int(r.Pending),
			},
		}
	}
	return list, store.Classify(err)
}

// PutSourceWebhook implements notify.Store.
func (s *Store) PutSourceWebhook(ctx context.Context, w notify.Webhook) (notify.Webhook, error) {
	err := store.Commit(ctx, s.pool, func(tx store.Tx) error {
		q := s.q.WithTx(tx)
		row, err := q.PutSourceWebhook(ctx, db.PutSourceWebhookParams{
			Tenant: w.Tenant, Outlet: w.Outlet, Url: w.URL, Secret: w.Secret, Kinds: fromKinds(w.Kinds),
			Description: w.Description, CreatedBy: w.CreatedBy, Source: w.Source,
		})
		if err != nil {
			return err
		}
		w.ID, w.CreatedAt = row.ID, row.CreatedAt
		lanes := []string{notify.WebhookLane(w.ID)}
		if err := lock(ctx, q, lanes); err != nil {
			return err
		}
		if err := q.ResetLane(ctx, lanes[0]); err != nil {
			return err
		}
		return s.wake(ctx, tx, lanes)
	})
	return w, err
}

// Prune deletes messages that were finished before a time of the machine's clock, with their attempts, at most n of
// them. It returns how many.
func (s *Store) Prune(ctx context.Context, before time.Time, n int) (int, error) {
	deleted, err := s.q.PruneMessages(ctx, db.PruneMessagesParams{Before: before, N: int32(n)})
	return int(deleted), store.Classify(err)
}

// ChangeWebhook implements notify.Store.
func (s *Store) ChangeWebhook(ctx context.Context, w notify.Webhook) error {
	n, err := s.q.UpdateWebhook(ctx, db.UpdateWebhookParams{
		Tenant: w.Tenant, ID: w.ID, Outlet: w.Outlet, Url: w.URL, Kinds: fromKinds(w.Kinds), Description: w.Description,
	})
	return found(n, err, w.ID)
}

// RemoveWebhook implements notify.Store.
func (s *Store) RemoveWebhook(ctx context.Context, tenant, id int64) error {
	lane := notify.WebhookLane(id)
	return store.Commit(ctx, s.pool, func(tx store.Tx) error {
		q := s.q.WithTx(tx)
		if err := q.LockLanes(ctx, []string{lane}); err != nil {
			return err
		}
		n, err := q.DeleteWebhook(ctx, db.DeleteWebhookParams{Tenant: tenant, ID: id})
		if err := found(n, err, id); err != nil {
			return err
		}
		return q.GiveUpLane(ctx, db.GiveUpLaneParams{Lane: lane, Reason: "the webhook was removed"})
	})
}

// EnableWebhook implements notify.Store.
func (s *Store) EnableWebhook(ctx context.Context, tenant, id int64) error {
	return s.wakeAfter(ctx, id, func(q *db.Queries) (int64, error) {
		if err := q.ResetLane(ctx, notify.WebhookLane(id)); err != nil {
			return 0, err
		}
		return q.EnableWebhook(ctx, db.EnableWebhookParams{Tenant: tenant, ID: id})
	})
}

// Replay implements notify.Store.
func (s *Store) Replay(ctx context.Context, tenant, webhook, message int64) error {
	return s.wakeAfter(ctx, message, func(q *db.Queries) (int64, error) {
		return q.Replay(ctx, db.ReplayParams{Tenant: tenant, Webhook: webhook, ID: message})
	}, notify.WebhookLane(webhook))
}

// wakeAfter changes something of a lane and gives the lane a job, in one transaction. Without a lane it is the webhook's.
func (s *Store) wakeAfter(ctx context.Context, id int64, change func(*db.Queries) (int64, error), lanes ...string) error {
	if len(lanes) == 0 {
		lanes = []string{notify.WebhookLane(id)}
	}
	return store.Commit(ctx, s.pool, func(tx store.Tx) error {
		q := s.q.WithTx(tx)
		if err := lock(ctx, q, lanes); err != nil {
			return err
		}
		n, err := change(q)
		if err := found(n, err, id); err != nil {
			return err
		}
		return s.wake(ctx, tx, lanes)
	})
}

func found(n int64, err error, id int64) error {
	if err == nil && n == 0 {
		return errs.NotFound("there is no %d", id)
	}
	return store.Classify(err)
}

// Messages implements notify.Store.
func (s *Store) Messages(ctx context.Context, f notify.Filter) ([]notify.Message, error) {
	rows, err := s.q.Messages(ctx, db.MessagesParams{
		Tenant: f.Tenant, Outlet: f.Outlet, OrderID: f.Order, Webhook: f.Webhook, Status: string(f.Status),
		Before: f.Before, N: int32(f.Limit),
	})
	if err != nil {
		return nil, store.Classify(err)
	}
	list := make([]notify.Message, len(rows))
	for i, r := range rows {
		if list[i], err = toMessage(r); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Attempts implements notify.Store.
func (s *Store) Attempts(ctx context.Context, messages []int64) (map[int64][]notify.Attempt, error) {
	rows, err := s.q.Attempts(ctx, messages)
	logs := map[int64][]notify.Attempt{}
	for _, r := range rows {
		logs[r.NotificationID] = append(logs[r.NotificationID], notify.Attempt{
			Number: int(r.Attempt), At: r.At, Took: time.Duration(r.TookMs) * time.Millisecond, Code: int(r.Code), Error: r.Error,
		})
	}
	return logs, store.Classify(err)
}

func toMessage(r db.Notification) (notify.Message, error) {
	m := notify.Message{
		ID: r.ID, Channel: notify.Channel(r.Channel), Webhook: r.WebhookID, Recipient: r.Recipient, Language: r.Language,
		Status: notify.Status(r.Status), Attempts: int(r.Attempts), NextAt: r.NextAttemptAt, LastError: r.LastError,
		CreatedAt: r.CreatedAt, DoneAt: orZero(r.FinishedAt),
		Change: notify.Change{
			Tenant: r.TenantID, Outlet: r.OutletID, Sequence: int(r.Sequence), Kind: notify.Kind(r.Kind), At: r.OccurredAt,
		},
	}
	if m.Change.Kind == notify.StateChanged {
		m.Change.State = &notify.ChannelState{}
		return m, json.Unmarshal(r.Facts, m.Change.State)
	}
	if m.Change.Kind == notify.Alert {
		err := m.Change.SetAlarm(r.Facts)
		return m, err
	}
	return m, json.Unmarshal(r.Facts, &m.Change.Facts)
}

func orZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

func fromKinds(kinds []notify.Kind) []string {
	list := make([]string, len(kinds))
	for i, k := range kinds {
		list[i] = string(k)
	}
	return list
}

func toKinds(list []string) []notify.Kind {
	kinds := make([]notify.Kind, len(list))
	for i, k := range list {
		kinds[i] = notify.Kind(k)
	}
	return kinds
}
