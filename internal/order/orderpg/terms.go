package orderpg

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"brigade/internal/errs"
	"brigade/internal/money"
	"brigade/internal/order"
	"brigade/internal/order/orderpg/db"
	"brigade/internal/recipe"
	"brigade/internal/store"
)

// salt tells this installation's keys from another's: providers keep keys for days, and databases are made anew.
type salt struct {
	mu   sync.Mutex
	text string
}

func (s *salt) of() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text
}

// Salt sets what keeps the idempotency keys of two installations apart. It is called before the first order with terms,
// always with the same text for the same database.
func (s *Store) Salt(text string) {
	s.salted.mu.Lock()
	defer s.salted.mu.Unlock()
	s.salted.text = text
}

// insertTerms writes the terms of new orders, with the first step of their payments. It returns the steps that are to be
// asked for after the commit; others have jobs.
func (s *Store) insertTerms(ctx context.Context, pipe store.Tx, orders []*order.Order, terms map[int64]*order.Terms) (asks []order.Attempt, err error) {
	var p termRows
	var pays paymentRows
	var attempts attemptRows
	var jobs []order.Job
	for _, o := range orders {
		t := terms[o.ID]
		if t == nil {
			continue
		}
		p.add(o, t)
		if t.Waits == order.WaitsAcceptance {
			jobs = append(jobs, order.Job{Kind: order.JobPrepare, Order: o.ID})
		}
		if t.Pay.Method == order.NoMethod {
			continue
		}
		pays.add(o, t.Pay)
		if step, sum, ok := order.NextStep(t.Pay, t.Life(o.Type, o.Status), o.Total); ok {
			first := one{Order: *o, terms: *t}
			a := first.attempt(1, step, sum, order.AttemptKey(s.salted.of(), o.ID, 1))
			attempts.add(a, o.Tenant, s.asker(), o.PlacedAt)
			if s.asker() == 0 {
				jobs = append(jobs, order.Job{Kind: order.JobSettle, Order: o.ID})
			} else {
				asks = append(asks, *a)
			}
		}
	}
	if err := s.writeTerms(ctx, pipe, p, pays, attempts); err != nil || len(jobs) == 0 {
		return asks, err
	}
	return asks, s.parts.Jobs(ctx, pipe, jobs)
}

func (s *Store) writeTerms(ctx context.Context, pipe store.Tx, p termRows, pays paymentRows, attempts attemptRows) error {
	q := s.q.WithTx(pipe)
	if err := q.InsertTerms(ctx, p.InsertTermsParams); err != nil {
		return err
	}
	if len(pays.Orders) > 0 {
		if err := q.InsertPayments(ctx, pays.InsertPaymentsParams); err != nil {
			return err
		}
	}
	if len(attempts.Orders) == 0 {
		return nil
	}
	return q.InsertAttempts(ctx, attempts.InsertAttemptsParams)
}

type termRows struct{ db.InsertTermsParams }

func (p *termRows) add(o *order.Order, t *order.Terms) {
	p.Orders, p.Tenants, p.Outlets = append(p.Orders, o.ID), append(p.Tenants, o.Tenant), append(p.Outlets, o.Outlet)
	p.Waits, p.External, p.Codes = append(p.Waits, string(t.Waits)), append(p.External, t.External), append(p.Codes, t.Code)
	p.Due, p.Wanted = append(p.Due, t.DueAt), append(p.Wanted, t.WantedAt)
}

type paymentRows struct{ db.InsertPaymentsParams }

func (p *paymentRows) add(o *order.Order, pay order.Payment) {
	p.Orders, p.Tenants, p.Outlets = append(p.Orders, o.ID), append(p.Tenants, o.Tenant), append(p.Outlets, o.Outlet)
	p.Methods, p.Tokens = append(p.Methods, string(pay.Method)), append(p.Tokens, pay.Token)
	p.Currencies, p.At = append(p.Currencies, o.Currency), append(p.At, o.PlacedAt)
}

type attemptRows struct{ db.InsertAttemptsParams }

func (p *attemptRows) add(a *order.Attempt, tenant, asker int64, at time.Time) {
	p.Orders, p.Tenants, p.Seqs = append(p.Orders, a.Order), append(p.Tenants, tenant), append(p.Seqs, int16(a.Seq))
	p.Steps, p.Amounts = append(p.Steps, string(a.Step)), append(p.Amounts, int64(a.Sum))
	p.Keys, p.Askers, p.At = append(p.Keys, a.Key), append(p.Askers, asker), append(p.At, at)
}

// settled keeps the outcome of a step before the next takes its place in memory.
func (b *lives) settled(o *one) {
	if o.tried {
		b.outcomes.add(o)
	}
}

type outcomeRows struct{ db.UpdateAttemptsParams }

func (p *outcomeRows) add(o *one) {
	p.Orders, p.Seqs, p.States = append(p.Orders, o.ID), append(p.Seqs, int16(o.last.Seq)), append(p.States, o.state)
	p.Tries, p.At = append(p.Tries, int32(o.last.Tries)), append(p.At, o.now)
	failure, note := o.note, ""
	if o.state == attemptResolved {
		failure, note = "", o.note
	}
	p.Errors, p.Notes, p.Refs = append(p.Errors, failure), append(p.Notes, note), append(p.Refs, o.terms.Pay.Reference)
}

// write writes what changed.
func (b *lives) write(ctx context.Context, pipe *store.Pipeline, ids []int64) error {
	tickets, err := b.open(ctx, pipe, ids)
	if err != nil {
		return err
	}
	if err := b.writeTerms(ctx, ids); err != nil {
		return err
	}
	if err := b.writePayments(ctx, ids); err != nil {
		return err
	}
	if err := b.walk.write(ctx, b.q, func() error { return nil }); err != nil {
		return err
	}
	if events := slices.Concat(b.walk.events, tickets); len(events) > 0 {
		if err := b.store.parts.Append(ctx, pipe, events); err != nil {
			return err
		}
	}
	if len(b.jobs) == 0 {
		return nil
	}
	return b.store.parts.Jobs(ctx, pipe, b.jobs)
}

func (b *lives) writeTerms(ctx context.Context, ids []int64) error {
	var p db.UpdateTermsParams
	for _, id := range ids {
		o := b.orders[id]
		if !o.changed {
			continue
		}
		t := o.terms
		p.Orders, p.Waits = append(p.Orders, id), append(p.Waits, string(t.Waits))
		p.Due, p.Wanted = append(p.Due, t.DueAt), append(p.Wanted, t.WantedAt)
		p.Proofs, p.Failures = append(p.Proofs, t.Proof), append(p.Failures, t.Failure)
	}
	if len(p.Orders) == 0 {
		return nil
	}
	return b.q.UpdateTerms(ctx, p)
}

func (b *lives) writePayments(ctx context.Context, ids []int64) error {
	var p db.UpdatePaymentsParams
	var begun attemptRows
	for _, id := range ids {
		o := b.orders[id]
		if o.tried {
			b.outcomes.add(o)
		}
		if o.begun {
			begun.add(o.last, o.Tenant, b.askerOf(o), o.now)
		}
		if !o.paid {
			continue
		}
		pay := o.terms.Pay
		p.Orders, p.Authorised = append(p.Orders, id), append(p.Authorised, int64(pay.Authorised))
		p.Captured, p.Refunded = append(p.Captured, int64(pay.Captured)), append(p.Refunded, int64(pay.Refunded))
		p.States, p.Refs, p.At = append(p.States, payState(pay)), append(p.Refs, pay.Reference), append(p.At, o.now)
	}
	if len(p.Orders) > 0 {
		if err := b.q.UpdatePayments(ctx, p); err != nil {
			return err
		}
	}
	if len(b.outcomes.Orders) > 0 {
		if err := b.q.UpdateAttempts(ctx, b.outcomes.UpdateAttemptsParams); err != nil {
			return err
		}
	}
	if len(begun.Orders) == 0 {
		return nil
	}
	return b.q.InsertAttempts(ctx, begun.InsertAttemptsParams)
}

func (b *lives) askerOf(o *one) int64 {
	if o.asked {
		return b.store.asker()
	}
	return 0
}

// Abandoned makes jobs of steps that nobody asks for any more, and returns how many: their node died, had too much to
// do, or could not write down what it was told.
func (s *Store) Abandoned(ctx context.Context) (n int, err error) {
	err = store.Commit(ctx, s.pool, func(tx store.Tx) error {
		ids, err := s.q.WithTx(tx).TakeAbandoned(ctx, abandonedAtOnce)
		n = len(ids)
		if err != nil || n == 0 {
			return err
		}
		jobs := make([]order.Job, n)
		for i, id := range ids {
			jobs[i] = order.Job{Kind: order.JobSettle, Order: id}
		}
		return s.parts.Jobs(ctx, tx, jobs)
	})
	return n, err
}

const abandonedAtOnce = 1000

// settleMoved lets the money follow orders that were moved or changed elsewhere: by the kitchen, at the hand-over.
func (s *Store) settleMoved(ctx context.Context, tx store.Tx, moved []*order.Order, edited map[int64]bool, pays map[int64]order.Method) error {
	var jobs []order.Job
	for _, o := range moved {
		job := order.Job{Kind: order.JobSettle, Order: o.ID}
		owes := o.Status.Closed() || edited[o.ID]
		if owes && pays[o.ID] != order.NoMethod && !slices.Contains(jobs, job) {
			jobs = append(jobs, job)
		}
	}
	if len(jobs) == 0 {
		return nil
	}
	return s.parts.Jobs(ctx, tx, jobs)
}

// Pending implements order.Ledger.
func (s *Store) Pending(ctx context.Context, id int64) (*order.Attempt, error) {
	r, err := s.q.PendingAttempt(ctx, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil //nolint:nilnil // none is no fault
	}
	if err != nil {
		return nil, store.Classify(err)
	}
	return &order.Attempt{
		Order: r.OrderID, Tenant: r.TenantID, Outlet: r.OutletID, Seq: int(r.Seq), Number: r.Number, Step: order.Step(r.Step), Over: r.Over,
		Sum: money.Amount(r.AmountMinor), Currency: r.Currency, Method: order.Method(r.Method), Token: r.Token, Key: r.Key,
		Tries: int(r.Tries), Reference: r.PaymentReference, Began: r.CreatedAt,
	}, nil
}

// Settings implements order.Outfits: defaults for an outlet that has none.
func (s *Store) Settings(ctx context.Context, outlet int64) (order.Settings, error) {
	set := order.DefaultSettings()
	r, err := s.q.Settings(ctx, outlet)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
	case err != nil:
		return set, store.Classify(err)
	default:
		set.PaymentWithin = time.Duration(r.PaymentWithinSeconds) * time.Second
		set.PosAccept = time.Duration(r.PosAcceptSeconds) * time.Second
		set.HandOverCode, set.PosURL, set.PosSecret = r.HandOverCode, r.PosUrl, r.PosSecret
		set.Alert = order.Contact{Email: r.AlertEmail, Phone: r.AlertPhone, Language: r.AlertLanguage}
	}
	set.Hours, err = openHours(ctx, s.q, outlet)
	return set, store.Classify(err)
}

func openHours(ctx context.Context, q *db.Queries, outlet int64) (list []order.OpenHours, err error) {
	rows, err := q.Hours(ctx, outlet)
	for _, h := range rows {
		list = append(list, order.OpenHours{
			Weekday: time.Weekday(h.Weekday), Opens: sinceMidnight(h.Opens), Closes: sinceMidnight(h.Closes),
		})
	}
	return list, err
}

func sinceMidnight(t pgtype.Time) time.Duration {
	return time.Duration(t.Microseconds) * time.Microsecond
}

func clockTime(d time.Duration) pgtype.Time {
	return pgtype.Time{Microseconds: d.Microseconds(), Valid: true}
}

// PutSettings writes an outlet's settings and hours.
func (s *Store) PutSettings(ctx context.Context, outlet int64, set order.Settings) error {
	return store.Commit(ctx, s.pool, func(tx store.Tx) error {
		q := s.q.WithTx(tx)
		if err := q.LockSettings(ctx, outlet); err != nil {
			return err
		}
		err := q.PutSettings(ctx, db.PutSettingsParams{
			Outlet: outlet, PaymentWithin: int32(set.PaymentWithin.Seconds()), HandOverCode: set.HandOverCode,
			PosUrl: set.PosURL, PosSecret: set.PosSecret, PosAccept: int32(set.PosAccept.Seconds()),
			AlertEmail: set.Alert.Email, AlertPhone: set.Alert.Phone, AlertLanguage: set.Alert.Language,
		})
		if err != nil {
			return err
		}
		return writeHours(ctx, q, outlet, set.Hours)
	})
}

// PutHours implements order.Files.
func (s *Store) PutHours(ctx context.Context, outlet int64, may func(have []order.OpenHours) error, hours []order.OpenHours) error {
	return store.Commit(ctx, s.pool, func(tx store.Tx) error {
		q := s.q.WithTx(tx)
		if err := q.LockSettings(ctx, outlet); err != nil {
			return err
		}
		have, err := openHours(ctx, q, outlet)
		if err != nil {
			return err
		}
		if err := may(have); err != nil {
			return err
		}
		return writeHours(ctx, q, outlet, hours)
	})
}

func writeHours(ctx context.Context, q *db.Queries, outlet int64, hours []order.OpenHours) error {
	if err := q.ClearHours(ctx, outlet); err != nil {
		return err
	}
	p := db.InsertHoursParams{Outlet: outlet}
	for _, h := range hours {
		p.Weekdays = append(p.Weekdays, int16(h.Weekday))
		p.Opens, p.Closes = append(p.Opens, clockTime(h.Opens)), append(p.Closes, clockTime(h.Closes))
	}
	return q.InsertHours(ctx, p)
}

// Timers implements order.Timers.
func (s *Store) Timers(ctx context.Context, n int) ([]order.Timer, error) {
	rows, err := s.q.DueOrders(ctx, int32(n))
	timers := make([]order.Timer, len(rows))
	for i, r := range rows {
		timers[i] = order.Timer{
			Order: r.OrderID, Tenant: r.TenantID, Outlet: r.OutletID, Waits: order.Wait(r.Waits), DueAt: timeOf(r.DueAt),
			WantedAt: timeOf(r.WantedAt),
		}
	}
	return timers, store.Classify(err)
}

// Terms implements order.Inspector. Errors: KindNotFound when the order has none.
func (s *Store) Terms(ctx context.Context, tenant, id int64) (order.Terms, error) {
	r, err := s.q.Terms(ctx, db.TermsParams{OrderID: id, Tenant: tenant})
	if errors.Is(err, pgx.ErrNoRows) {
		return order.Terms{}, errs.NotFound("order %d has no terms", id)
	}
	return order.Terms{
		Waits: order.Wait(r.Waits), DueAt: timeOf(r.DueAt), WantedAt: timeOf(r.WantedAt), External: r.External, Code: r.Code,
		Proof: r.Proof, Failure: r.Failure, Pay: order.Payment{
			Method: order.Method(r.Method), Token: r.Token, Authorised: money.Amount(r.Authorised), Captured: money.Amount(r.Captured),
			Refunded: money.Amount(r.Refunded), Refused: r.State == payRefused, Released: r.State == payReleased,
		},
	}, store.Classify(err)
}

// LinesToMake returns what an order holds, with recipes as they are read.
func (s *Store) LinesToMake(ctx context.Context, id int64, read func(recipes []int64) (map[int64]recipe.Recipe, error)) ([]order.Line, error) {
	items, err := s.q.OrderLines(ctx, []int64{id})
	if err != nil {
		return nil, store.Classify(err)
	}
	ids := make([]int64, len(items))
	for i, it := range items {
		ids[i] = it.RecipeID
	}
	recipes, err := read(ids)
	lines := make([]order.Line, len(items))
	for i, it := range items {
		lines[i] = order.Line{
			No: int(it.LineNo), SKU: it.Sku, Name: it.Name, Quantity: int(it.Quantity), Course: int(it.Course), Recipe: recipes[it.RecipeID],
		}
	}
	return lines, err
}

// Briefly returns orders without their lines, as a transaction sees them; those that do not exist are missing.
func (s *Store) Briefly(ctx context.Context, tx store.Tx, ids []int64) (map[int64]order.Order, error) {
	rows, err := s.q.WithTx(tx).Orders(ctx, ids)
	found := make(map[int64]order.Order, len(rows))
	for _, r := range rows {
		found[r.ID] = orderOf(r)
	}
	return found, err
}

// Steps implements order.Files.
func (s *Store) Steps(ctx context.Context, tenant, id int64) ([]order.StepView, error) {
	rows, err := s.q.Attempts(ctx, db.AttemptsParams{OrderID: id, Tenant: tenant})
	steps := make([]order.StepView, len(rows))
	for i, r := range rows {
		steps[i] = order.StepView{
			Seq: int(r.Seq), Step: order.Step(r.Step), Sum: money.Amount(r.AmountMinor), Key: r.Key, State: r.State,
			Tries: int(r.Tries), Error: r.LastError, Note: r.Note, Reference: r.Reference, Began: r.CreatedAt, Changed: r.UpdatedAt,
		}
	}
	return steps, store.Classify(err)
}

// Jobs implements order.Files. The tables of jobs are not Brigade's own, so that sqlc does not know them.
func (s *Store) Jobs(ctx context.Context, id int64) ([]order.JobView, error) {
	rows, err := s.pool.Query(ctx, `select id, kind, state::text, attempt, scheduled_at, coalesce(to_jsonb(errors), '[]')
		from river_job where args @> jsonb_build_object('order', $1::bigint) order by id limit 100`, id)
	if err != nil {
		return nil, store.Classify(err)
	}
	jobs, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (j order.JobView, err error) {
		return j, row.Scan(&j.ID, &j.Kind, &j.State, &j.Attempt, &j.Next, &j.Errors)
	})
	return jobs, store.Classify(err)
}

// Stuck implements order.Files.
func (s *Store) Stuck(ctx context.Context, tenant int64, before time.Time) ([]order.StuckStep, error) {
	rows, err := s.q.Stuck(ctx, db.StuckParams{Tenant: tenant, Before: before})
	steps := make([]order.StuckStep, len(rows))
	for i, r := range rows {
		steps[i] = order.StuckStep{
			Order: r.OrderID, Outlet: r.OutletID, Number: r.Number, Kind: r.Kind, Step: r.Step, Tries: int(r.Tries),
			Error: r.LastError, Since: r.Since,
		}
	}
	return steps, store.Classify(err)
}

// ForSale returns an order with its terms, for the point of sale that makes it. Errors: KindNotFound.
func (s *Store) ForSale(ctx context.Context, id int64) (order.Order, order.Terms, error) {
	found, err := load(ctx, s.q, []int64{id})
	if err != nil {
		return order.Order{}, order.Terms{}, store.Classify(err)
	}
	if len(found) == 0 {
		return order.Order{}, order.Terms{}, errs.NotFound("no order %d", id)
	}
	terms, err := s.Terms(ctx, found[0].Tenant, id)
	return found[0], terms, err
}
