package notifypg

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"brigade/internal/errs"
	"brigade/internal/notify"
	"brigade/internal/notify/notifypg/db"
	"brigade/internal/store"
)

// BeginTrial implements notify.Trials.
func (s *Store) BeginTrial(ctx context.Context, w notify.Webhook, c notify.Change) (l notify.Letter, err error) {
	text, err := facts(c)
	if err != nil {
		return l, err
	}
	lane := notify.WebhookLane(w.ID)
	err = store.Commit(ctx, s.pool, func(tx store.Tx) error {
		q := s.q.WithTx(tx)
		if err := lock(ctx, q, []string{lane}); err != nil {
			return err
		}
		row, err := q.BeginTrial(ctx, db.BeginTrialParams{
			Tenant: c.Tenant, ID: w.ID, Lane: lane, Facts: text, Reason: "the test was cut short", At: c.At,
		})
		if errors.Is(err, pgx.ErrNoRows) {
			return errs.NotFound("no webhook %d", w.ID)
		}
		c.Outlet, c.Sequence = row.OutletID, int(row.Sequence)
		l = notify.Letter{
			Message: notify.Message{ID: row.ID, Change: c, Channel: notify.ByWebhook, Webhook: w.ID, Recipient: lane, Status: notify.Failed},
			URL:     row.Url, Secret: row.Secret,
		}
		return err
	})
	return l, err
}

// EndTrial implements notify.Trials.
func (s *Store) EndTrial(ctx context.Context, t notify.Trial) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordIn) // what was sent is written down, whoever has left
	defer cancel()
	return store.Commit(ctx, s.pool, func(tx store.Tx) error {
		q, reason := s.q.WithTx(tx), printable(t.Error)
		if err := q.EndTrial(ctx, db.EndTrialParams{ID: t.Message, Error: reason}); err != nil {
			return err
		}
		return q.RecordAttempts(ctx, db.RecordAttemptsParams{
			Ids: []int64{t.Message}, Attempts: []int32{1}, TookMs: []int32{int32(t.Took.Milliseconds())},
			Codes: []int32{int32(t.Code)}, Errors: []string{reason},
		})
	})
}
