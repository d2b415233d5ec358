package notifypg

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"brigade/internal/money"
	"brigade/internal/notify"
	"brigade/internal/notify/notifypg/db"
	"brigade/internal/store"
)

// OrderContact is the contact of one order's guest.
type OrderContact struct {
	Order, Tenant int64
	notify.Contact
}

// KeepContacts writes contacts of new orders, in their transaction.
func (s *Store) KeepContacts(ctx context.Context, tx store.Tx, contacts []OrderContact) error {
	if len(contacts) == 0 {
		return nil
	}
	var p db.KeepContactsParams
	for _, c := range contacts {
		p.Orders, p.Tenants = append(p.Orders, c.Order), append(p.Tenants, c.Tenant)
		p.Emails, p.Phones, p.Languages = append(p.Emails, c.Email), append(p.Phones, c.Phone), append(p.Languages, c.Language)
	}
	return s.q.WithTx(tx).KeepContacts(ctx, p)
}

// Tell writes the messages that tell of changes, with the jobs that send them, in one transaction; what was told before
// is left out. It returns the new messages.
func (s *Store) Tell(ctx context.Context, changes []notify.Change) (told []notify.Message, err error) {
	if len(changes) == 0 {
		return nil, nil
	}
	err = store.Commit(ctx, s.pool, func(tx store.Tx) error {
		told, err = s.TellIn(ctx, tx, changes)
		return err
	})
	return told, err
}

// TellIn is Tell in the caller's transaction, for changes that are no event of the log: an order that is late, a
// driver who is near.
func (s *Store) TellIn(ctx context.Context, tx store.Tx, changes []notify.Change) ([]notify.Message, error) {
	q := s.q.WithTx(tx)
	audience, err := s.audience(ctx, q, changes)
	if err != nil {
		return nil, err
	}
	if err := provide(ctx, q, changes); err != nil {
		return nil, err
	}
	plan := notify.Plan(changes, audience)
	if len(plan) == 0 {
		return nil, nil
	}
	lanes := lanesOf(plan)
	if err := lock(ctx, q, lanes); err != nil {
		return nil, err
	}
	if err := s.quieten(ctx, q, plan); err != nil {
		return nil, err
	}
	told, err := insert(ctx, q, plan)
	if err != nil {
		return nil, err
	}
	return told, s.wake(ctx, tx, lanesOf(told))
}

func (s *Store) audience(ctx context.Context, q *db.Queries, changes []notify.Change) (notify.Audience, error) {
	a := notify.Audience{Channels: s.parts.Channels, Contacts: map[int64]notify.Contact{}}
	var tenants, orders, alarmed, digested []int64
	for _, c := range changes {
		tenants, orders = append(tenants, c.Tenant), append(orders, c.Facts.OrderID)
		if c.Kind == notify.Attention || c.Kind == notify.Alert {
			alarmed = append(alarmed, c.Outlet)
		}
		if c.Kind == notify.Digest {
			digested = append(digested, c.Tenant)
		}
	}
	slices.Sort(tenants)
	hooks, err := q.AudienceWebhooks(ctx, slices.Compact(tenants))
	if err != nil {
		return a, err
	}
	for _, h := range hooks {
		a.Webhooks = append(a.Webhooks, notify.Webhook{ID: h.ID, Tenant: h.TenantID, Outlet: h.OutletID, Kinds: toKinds(h.Kinds), Source: h.Source})
	}
	if a.Staff, err = staff(ctx, q, alarmed); err != nil {
		return a, err
	}
	if a.Bosses, err = bosses(ctx, q, digested); err != nil {
		return a, err
	}
	contacts, err := q.AudienceContacts(ctx, orders)
	for _, c := range contacts {
		a.Contacts[c.OrderID] = notify.Contact{Email: c.Email, Phone: c.Phone, Language: c.Language}
	}
	return a, err
}

// staff finds how outlets' own people are reached.
func staff(ctx context.Context, q *db.Queries, outlets []int64) (map[int64]notify.Contact, error) {
	if len(outlets) == 0 {
		return nil, nil //nolint:nilnil // nobody is no fault
	}
	rows, err := q.AudienceStaff(ctx, outlets)
	found := make(map[int64]notify.Contact, len(rows))
	for _, r := range rows {
		found[r.OutletID] = notify.Contact{Email: r.AlertEmail, Phone: r.AlertPhone, Language: r.AlertLanguage}
	}
	return found, err
}

// bosses finds how those who answer for tenants are reached.
func bosses(ctx context.Context, q *db.Queries, tenants []int64) (map[int64][]notify.Contact, error) {
	if len(tenants) == 0 {
		return nil, nil //nolint:nilnil // nobody is no fault
	}
	rows, err := q.AudienceBosses(ctx, tenants)
	found := map[int64][]notify.Contact{}
	for _, r := range rows {
		found[r.TenantID] = append(found[r.TenantID], notify.Contact{Email: r.Email, Language: r.Language})
	}
	return found, err
}

// provide tells ordering providers which of their orders it is, and what they owe its guest.
func provide(ctx context.Context, q *db.Queries, changes []notify.Change) error {
	var orders []int64
	for _, c := range changes {
		if c.Source != "" && c.Facts.OrderID != 0 {
			orders = append(orders, c.Facts.OrderID)
		}
	}
	if len(orders) == 0 {
		return nil
	}
	rows, err := q.OfProviders(ctx, orders)
	for _, r := range rows {
		for i := range changes {
			f := &changes[i].Facts
			if f.OrderID != r.ID {
				continue
			}
			f.ExternalID = r.ExternalID
			if changes[i].Kind == notify.Cancelled && r.PaidThere && f.ChangedBy != changes[i].Source {
				total := money.Amount(r.TotalMinor)
				f.PayBack, f.Currency = &total, r.Currency
			}
			if changes[i].Kind == notify.Edited && !r.PaidThere {
				f.PayBack = nil
			}
		}
	}
	return err
}

// quieten collapses what its guest was told a moment ago.
func (s *Store) quieten(ctx context.Context, q *db.Queries, plan []notify.Message) error {
	var p db.ToldLatelyParams
	for _, m := range plan {
		if m.Quiet() {
			p.Orders, p.Kinds = append(p.Orders, m.Change.Facts.OrderID), append(p.Kinds, string(m.Change.Kind))
			p.Channels, p.Recipients = append(p.Channels, string(m.Channel)), append(p.Recipients, m.Recipient)
		}
	}
	if len(p.Orders) == 0 {
		return nil
	}
	rows, err := q.ToldLately(ctx, p)
	for _, r := range rows {
		for i := range plan {
			m := &plan[i]
			if m.Quiet() && m.Change.Facts.OrderID == r.OrderID && string(m.Change.Kind) == r.Kind && string(m.Channel) == r.Channel &&
				m.Recipient == r.Recipient && m.Change.At.Sub(r.At) < notify.CollapseWithin {
				m.Status = notify.Collapsed
			}
		}
	}
	return err
}

// messageKey is what makes a message the same.
type messageKey struct {
	order                    int64
	sequence                 int32
	kind, channel, recipient string
}

func keyOf(m notify.Message) messageKey {
	return messageKey{m.Change.Facts.OrderID, int32(m.Change.Sequence), string(m.Change.Kind), string(m.Channel), m.Recipient}
}

func insert(ctx context.Context, q *db.Queries, plan []notify.Message) ([]notify.Message, error) {
	p, err := columns(plan)
	if err != nil {
		return nil, err
	}
	rows, err := q.InsertMessages(ctx, p)
	if err != nil {
		return nil, err
	}
	ids := make(map[messageKey]int64, len(rows))
	for _, r := range rows {
		ids[messageKey{r.OrderID, r.Sequence, r.Kind, r.Channel, r.Recipient}] = r.ID
	}
	told := make([]notify.Message, 0, len(rows))
	for _, m := range plan {
		if m.ID = ids[keyOf(m)]; m.ID != 0 {
			delete(ids, keyOf(m))
			told = append(told, m)
		}
	}
	return told, nil
}

func columns(plan []notify.Message) (p db.InsertMessagesParams, err error) {
	for _, m := range plan {
		facts, err := facts(m.Change)
		if err != nil {
			return p, err
		}
		p.Tenants, p.Outlets = append(p.Tenants, m.Change.Tenant), append(p.Outlets, m.Change.Outlet)
		p.Orders, p.Sequences = append(p.Orders, m.Change.Facts.OrderID), append(p.Sequences, int32(m.Change.Sequence))
		p.Kinds, p.Channels = append(p.Kinds, string(m.Change.Kind)), append(p.Channels, string(m.Channel))
		p.Webhooks, p.Recipients = append(p.Webhooks, m.Webhook), append(p.Recipients, m.Recipient)
		p.Lanes, p.Languages = append(p.Lanes, m.Lane()), append(p.Languages, m.Language)
		p.Facts, p.Statuses = append(p.Facts, string(facts)), append(p.Statuses, string(m.Status))
		p.OccurredAts = append(p.OccurredAts, m.Change.At)
	}
	return p, nil
}

// facts are what a message says, as it is kept.
func facts(c notify.Change) ([]byte, error) {
	if c.State != nil {
		return json.Marshal(c.State)
	}
	if c.Alarm != nil {
		return json.Marshal(c.Alarm)
	}
	return json.Marshal(c.Facts)
}

// lanesOf lists the lanes in which messages wait, sorted.
func lanesOf(messages []notify.Message) []string {
	var lanes []string
	for _, m := range messages {
		if m.Status == notify.Pending {
			lanes = append(lanes, m.Lane())
		}
	}
	slices.Sort(lanes)
	return slices.Compact(lanes)
}

// lock makes lanes exist and holds their rows, so that a job that finds nothing to do does not rest while messages are
// being written.
func lock(ctx context.Context, q *db.Queries, lanes []string) error {
	if len(lanes) == 0 {
		return nil
	}
	if err := q.EnsureLanes(ctx, lanes); err != nil {
		return err
	}
	return q.LockLanes(ctx, lanes)
}

// wake has somebody work on each locked lane: the job that sleeps there, or else a new one.
func (s *Store) wake(ctx context.Context, tx store.Tx, lanes []string) error {
	if len(lanes) == 0 {
		return nil
	}
	q := s.q.WithTx(tx)
	rows, err := q.RestingLanes(ctx, lanes)
	if err != nil || len(rows) == 0 {
		return err
	}
	idle, err := s.hasten(ctx, tx, rows)
	if err != nil || len(idle) == 0 {
		return err
	}
	return s.enqueue(ctx, tx, idle)
}

// hasten wakes the jobs that sleep and returns the lanes that have none.
func (s *Store) hasten(ctx context.Context, tx store.Tx, rows []db.RestingLanesRow) (idle []string, err error) {
	var asleep []int64
	for _, r := range rows {
		if r.JobID != 0 {
			asleep = append(asleep, r.JobID)
		}
	}
	var awake []int64
	if len(asleep) > 0 {
		if awake, err = s.parts.Hasten(ctx, tx, asleep); err != nil {
			return nil, err
		}
	}
	var working []string
	for _, r := range rows {
		if r.JobID != 0 && slices.Contains(awake, r.JobID) {
			working = append(working, r.Lane)
		} else {
			idle = append(idle, r.Lane)
		}
	}
	return idle, s.q.WithTx(tx).LanesWork(ctx, working)
}

// enqueue begins a new turn of lanes; whoever has an older one ends.
func (s *Store) enqueue(ctx context.Context, tx store.Tx, lanes []string) error {
	rows, err := s.q.WithTx(tx).NewTurns(ctx, lanes)
	if err != nil {
		return err
	}
	turns := make([]Turn, len(rows))
	for i, r := range rows {
		turns[i] = Turn{r.Lane, r.Turn}
	}
	slices.SortFunc(turns, func(a, b Turn) int { return cmp.Compare(a.Lane, b.Lane) })
	return s.parts.Enqueue(ctx, tx, turns)
}

const longestError = 500

// Next implements notify.Lanes.
func (s *Store) Next(ctx context.Context, lane string, turn notify.Turn, limit int) (round notify.Round, err error) {
	err = store.Commit(ctx, s.pool, func(tx store.Tx) error {
		q := s.q.WithTx(tx)
		row, err := q.LockLane(ctx, lane)
		if err != nil {
			return err
		}
		round = notify.Round{Failures: int(row.Failures), Failing: inSeconds(row.FailingSeconds)}
		if row.Turn != turn.Number {
			round.Done = true
			return nil
		}
		if row.ResumeSeconds > 0 {
			round.Wait = inSeconds(row.ResumeSeconds)
			return s.sleep(ctx, q, lane, turn, row.ResumeSeconds)
		}
		return s.fill(ctx, q, lane, turn, limit, &round)
	})
	return round, err
}

// fill takes what is due, or finds out when something will be.
func (s *Store) fill(ctx context.Context, q *db.Queries, lane string, turn notify.Turn, limit int, round *notify.Round) error {
	rows, err := q.DueLetters(ctx, db.DueLettersParams{Lane: lane, N: int32(limit)})
	if err != nil {
		return err
	}
	for _, r := range rows {
		l, err := toLetter(r)
		if err != nil {
			return err
		}
		round.Letters = append(round.Letters, l)
	}
	if len(rows) > 0 {
		return q.LanesWork(ctx, []string{lane})
	}
	next, err := q.NextDue(ctx, lane)
	switch {
	case err != nil:
		return err
	case next.Waiting == 0:
		round.Done = true
		return q.RestLane(ctx, lane)
	}
	round.Wait = inSeconds(max(0.01, next.Seconds))
	return s.sleep(ctx, q, lane, turn, next.Seconds)
}

func (s *Store) sleep(ctx context.Context, q *db.Queries, lane string, turn notify.Turn, seconds float64) error {
	return q.LaneSleeps(ctx, db.LaneSleepsParams{Lane: lane, Job: turn.Job, Seconds: seconds})
}

func inSeconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

func toLetter(r db.DueLettersRow) (notify.Letter, error) {
	m, err := toMessage(db.Notification{
		ID: r.ID, TenantID: r.TenantID, OutletID: r.OutletID, OrderID: r.OrderID, Sequence: r.Sequence, Kind: r.Kind,
		Channel: r.Channel, WebhookID: r.WebhookID, Recipient: r.Recipient, Lane: r.Lane, Language: r.Language, Facts: r.Facts,
		Status: r.Status, Attempts: r.Attempts, NextAttemptAt: r.NextAttemptAt, LastError: r.LastError,
		OccurredAt: r.OccurredAt, CreatedAt: r.CreatedAt, FinishedAt: r.FinishedAt,
	})
	return notify.Letter{Message: m, URL: r.Url, Secret: r.Secret}, err
}

// Record implements notify.Lanes.
func (s *Store) Record(ctx context.Context, r notify.Report) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordIn) // what was sent is written down, whoever ends
	defer cancel()
	return store.Commit(ctx, s.pool, func(tx store.Tx) error {
		q := s.q.WithTx(tx)
		if err := q.LockLanes(ctx, []string{r.Lane}); err != nil {
			return err
		}
		if err := record(ctx, q, r.Results); err != nil {
			return err
		}
		if err := recordLane(ctx, q, r); err != nil || r.Disable == "" {
			return err
		}
		return disable(ctx, q, r)
	})
}

const recordIn = 10 * time.Second

func record(ctx context.Context, q *db.Queries, results []notify.Result) error {
	var p db.RecordResultsParams
	var a db.RecordAttemptsParams
	for _, r := range results {
		reason := printable(r.Error)
		p.Ids, p.Attempts, p.Errors = append(p.Ids, r.Message), append(p.Attempts, int32(r.Attempt)), append(p.Errors, reason)
		p.GiveUps, p.RetrySeconds = append(p.GiveUps, r.GiveUp), append(p.RetrySeconds, r.RetryIn.Seconds())
		a.TookMs, a.Codes = append(a.TookMs, int32(r.Took.Milliseconds())), append(a.Codes, int32(r.Code))
	}
	if len(p.Ids) == 0 {
		return nil
	}
	a.Ids, a.Attempts, a.Errors = p.Ids, p.Attempts, p.Errors
	if err := q.RecordResults(ctx, p); err != nil {
		return err
	}
	return q.RecordAttempts(ctx, a)
}

func recordLane(ctx context.Context, q *db.Queries, r notify.Report) error {
	if len(r.Results) == 0 {
		return nil
	}
	last := ""
	for _, res := range r.Results {
		if res.Error != "" {
			last = printable(res.Error)
		}
	}
	if r.Failed {
		return q.LaneFailed(ctx, db.LaneFailedParams{Lane: r.Lane, PauseSeconds: r.PauseFor.Seconds(), LastError: last})
	}
	return q.LaneSent(ctx, db.LaneSentParams{Lane: r.Lane, PauseSeconds: r.PauseFor.Seconds(), LastError: last})
}

func disable(ctx context.Context, q *db.Queries, r notify.Report) error {
	id, ok := notify.WebhookOf(r.Lane)
	if !ok {
		return nil
	}
	if err := q.DisableWebhook(ctx, db.DisableWebhookParams{ID: id, Reason: r.Disable}); err != nil {
		return err
	}
	return q.GiveUpLane(ctx, db.GiveUpLaneParams{Lane: r.Lane, Reason: "the webhook was switched off: " + r.Disable})
}
