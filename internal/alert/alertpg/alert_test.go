package alertpg_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"brigade/internal/actor"
	"brigade/internal/alert"
	"brigade/internal/alert/alertpg"
	"brigade/internal/errs"
	"brigade/internal/event"
	"brigade/internal/event/eventpg"
	"brigade/internal/store"
	"brigade/internal/store/pgtest"
)

// stopped is a clock that a test sets.
type stopped struct{ now time.Time }

func (c *stopped) Now() time.Time { return c.now }

func (c *stopped) After(time.Duration) (<-chan time.Time, func()) { return nil, func() {} }

type kit struct {
	pool    *pgxpool.Pool
	store   *alertpg.Store
	service *alert.Service
	clock   *stopped
	who     actor.Actor
}

const (
	acme, other = 7, 8
	main, beach = 70, 71
)

func setup(t *testing.T) *kit {
	t.Helper()
	k := &kit{pool: pgtest.New(t), clock: &stopped{time.Date(2026, 5, 4, 6, 0, 0, 0, time.UTC)}}
	_, err := k.pool.Exec(t.Context(), `
		insert into tenants (id, slug, name) values (7, 'acme', 'Acme'), (8, 'other', 'Other');
		insert into outlets (id, tenant_id, slug, name, timezone, is_default) values (70, 7, 'main', 'Main', 'UTC', true), (71, 7, 'beach', 'Beach', 'UTC', false)`)
	require.NoError(t, err)
	k.store = alertpg.New(k.pool, alertpg.Parts{Append: func(ctx context.Context, tx store.Tx, events []event.Event) error {
		return eventpg.Append(ctx, tx, 1, events)
	}})
	k.service = alert.NewService(k.store, k.clock)
	k.who = actor.Actor{Tenant: acme, Outlet: main, Name: "ann", Role: actor.Owner}
	return k
}

func failed(tenant, execution int64) alert.Signal {
	return alert.Failed(alert.Run{Tenant: tenant, Workflow: "daily", Execution: execution, Day: "2026-05-04"}, "no power", 1, 1)
}

func (k *kit) raise(t *testing.T, signals ...alert.Signal) {
	t.Helper()
	require.NoError(t, k.service.Raise(t.Context(), signals...))
}

// list returns what is listed.
func (k *kit) list(t *testing.T, f alert.Filter) []alert.Alert {
	t.Helper()
	f.Most = 100
	list, err := k.service.Alerts(t.Context(), k.who, f)
	require.NoError(t, err)
	return list
}

// one returns the only alert.
func (k *kit) one(t *testing.T) alert.Alert {
	t.Helper()
	list := k.list(t, alert.Filter{})
	require.Len(t, list, 1)
	return list[0]
}

// events lists what was written to the log.
func (k *kit) events(t *testing.T) (list []string) {
	t.Helper()
	rows, err := k.pool.Query(t.Context(), `select type || ' ' || aggregate_id || ' at ' || outlet_id from event_log order by position`)
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var text string
		require.NoError(t, rows.Scan(&text))
		list = append(list, text)
	}
	require.NoError(t, rows.Err())
	return list
}

func TestTheSameIsCounted(t *testing.T) {
	t.Parallel()
	k := setup(t)
	k.raise(t, failed(acme, 1))
	k.raise(t, failed(acme, 1))
	a := k.one(t)
	require.Equal(t, 1, a.Count, "the same occurrence")
	require.Equal(t, alert.Open, a.Status)
	require.Equal(t, alert.Critical, a.Severity)
	require.Equal(t, k.clock.now.Add(30*time.Minute), *a.EscalateAt)
	k.clock.now = k.clock.now.Add(time.Hour)
	k.raise(t, failed(acme, 2), failed(other, 3))
	again := k.one(t)
	require.Equal(t, a.ID, again.ID)
	require.Equal(t, 2, again.Count)
	require.Equal(t, k.clock.now, again.LastAt)
	require.Equal(t, a.FirstAt, again.FirstAt)
	require.Equal(t, []string{fmt.Sprintf("ALERT_RAISED %d at 70", a.ID), fmt.Sprintf("ALERT_RAISED %d at 0", k.other(t))}, k.events(t),
		"who looks after the default outlet is told, once")
}

func (k *kit) other(t *testing.T) (id int64) {
	t.Helper()
	require.NoError(t, k.pool.QueryRow(t.Context(), `select id from alerts where tenant_id = 8`).Scan(&id))
	return id
}

func TestLifeOfAnAlert(t *testing.T) {
	t.Parallel()
	k := setup(t)
	warning := alert.PoorForecast(alert.Judged{Tenant: acme, Outlet: beach, Validation: 1, Day: "2026-05-03", MAPE: 0.4, Compared: 3})
	k.raise(t, warning)
	id := k.one(t).ID
	a, err := k.service.Acknowledge(t.Context(), k.who, id, "on it")
	require.NoError(t, err)
	require.Equal(t, alert.Acknowledged, a.Status)
	require.Equal(t, "ann", a.AcknowledgedBy)
	require.Nil(t, a.EscalateAt)
	again, err := k.service.Acknowledge(t.Context(), actor.Actor{Tenant: acme, Name: "bob", Role: actor.Owner}, id, "me too")
	require.NoError(t, err)
	require.Equal(t, a, again, "repeated: as before")

	warning.Ref = "validation/2"
	k.raise(t, warning)
	require.Equal(t, alert.Acknowledged, k.one(t).Status, "the same again does not wake anybody")
	graver := alert.PoorForecast(alert.Judged{Tenant: acme, Outlet: beach, Validation: 3, Day: "2026-05-04", MAPE: 0.9, Compared: 3})
	k.raise(t, graver)
	a = k.one(t)
	require.Equal(t, alert.Open, a.Status, "graver: somebody has to look again")
	require.Equal(t, alert.Critical, a.Severity)
	require.NotNil(t, a.EscalateAt)

	a, err = k.service.Archive(t.Context(), k.who, id, "")
	require.NoError(t, err)
	require.Equal(t, alert.Archived, a.Status)
	require.Equal(t, "on it", a.Note)
	again, err = k.service.Archive(t.Context(), k.who, id, "late")
	require.NoError(t, err)
	require.Equal(t, a, again)
	_, err = k.service.Acknowledge(t.Context(), k.who, id, "")
	require.True(t, errs.Is(err, errs.KindConflict), err)
	graver.Ref = "validation/4"
	k.raise(t, graver)
	require.Len(t, k.list(t, alert.Filter{}), 2, "a new one")
	require.Len(t, k.list(t, alert.Filter{Live: true}), 1)
	e := func(what string, id int64) string { return fmt.Sprintf("%s %d at 71", what, id) }
	require.Equal(t, []string{
		e("ALERT_RAISED", id), e("ALERT_ACKNOWLEDGED", id), e("ALERT_ESCALATED", id), e("ALERT_ARCHIVED", id), e("ALERT_RAISED", k.list(t, alert.Filter{})[0].ID),
	}, k.events(t))
}

func TestWhatNobodyAcknowledgesIsEscalated(t *testing.T) {
	t.Parallel()
	k := setup(t)
	k.raise(t, alert.TookLong(alert.Run{Tenant: acme, Workflow: "daily", Execution: 1}, 3, 1, 2), failed(other, 9))
	escalate := func(wait time.Duration) int {
		k.clock.now = k.clock.now.Add(wait)
		n, err := k.service.Escalate(t.Context())
		require.NoError(t, err)
		return n
	}
	_, err := k.service.Acknowledge(t.Context(), actor.Actor{Tenant: other, Role: actor.Owner}, k.other(t), "")
	require.NoError(t, err)
	require.Zero(t, escalate(4*time.Hour-time.Second))
	require.Equal(t, 1, escalate(time.Second))
	a := k.one(t)
	require.Equal(t, alert.Critical, a.Severity)
	require.Equal(t, 1, a.Level)
	require.Zero(t, escalate(time.Hour-time.Second), "twice half an hour")
	require.Equal(t, 1, escalate(time.Second))
	require.Equal(t, 1, escalate(2*time.Hour))
	require.Equal(t, alert.MostEscalations, k.one(t).Level)
	require.Nil(t, k.one(t).EscalateAt)
	require.Zero(t, escalate(1000*time.Hour), "enough is enough")
	require.Len(t, k.events(t), 2+1+3)
}

func TestManyNodesEscalateOnce(t *testing.T) {
	t.Parallel()
	k := setup(t)
	var signals []alert.Signal
	for i := range int64(700) {
		s := failed(acme, i)
		s.Key += fmt.Sprint("/", i)
		signals = append(signals, s)
	}
	k.raise(t, signals...)
	k.clock.now = k.clock.now.Add(30 * time.Minute)
	var wg sync.WaitGroup
	var total [4]int
	failures := make([]error, len(total))
	for i := range total {
		wg.Go(func() { total[i], failures[i] = k.service.Escalate(context.Background()) })
	}
	wg.Wait()
	require.NoError(t, errors.Join(failures...))
	left, err := k.service.Escalate(t.Context()) // what somebody held while others looked
	require.NoError(t, err)
	require.Equal(t, 700, total[0]+total[1]+total[2]+total[3]+left)
	var escalated, levels int
	require.NoError(t, k.pool.QueryRow(t.Context(), `select count(*) filter (where type = 'ALERT_ESCALATED') from event_log`).Scan(&escalated))
	require.NoError(t, k.pool.QueryRow(t.Context(), `select sum(level) from alerts`).Scan(&levels))
	require.Equal(t, 700, escalated)
	require.Equal(t, 700, levels)
}

// TestManyRaiseTheSame: whoever is first makes the alert, the others are counted in it, and one event tells of it.
func TestManyRaiseTheSame(t *testing.T) {
	t.Parallel()
	k := setup(t)
	var wg sync.WaitGroup
	failures := make([]error, 8)
	for i := range failures {
		wg.Go(func() {
			failures[i] = k.service.Raise(context.Background(), failed(acme, int64(i+1)), failed(other, int64(i+1)))
		})
	}
	wg.Wait()
	require.NoError(t, errors.Join(failures...))
	require.Equal(t, 8, k.one(t).Count)
	require.Len(t, k.events(t), 2)
}

func TestWhatIsOverIsArchived(t *testing.T) {
	t.Parallel()
	k := setup(t)
	s := failed(acme, 1)
	k.raise(t, s, failed(other, 1))
	require.NoError(t, k.service.Clear(t.Context(), s.Matter, alert.Matter{Tenant: acme, Kind: alert.Slow, Key: s.Key}))
	require.NoError(t, k.service.Clear(t.Context(), s.Matter))
	a := k.one(t)
	require.Equal(t, alert.Archived, a.Status)
	require.Equal(t, "brigade", a.ArchivedBy)
	require.Equal(t, "it is over", a.Note)
	require.Len(t, k.events(t), 3)
}

func TestOldAlertsAreTidiedAway(t *testing.T) {
	t.Parallel()
	k := setup(t)
	k.raise(t, failed(acme, 1), failed(other, 1))
	_, err := k.service.Acknowledge(t.Context(), k.who, k.one(t).ID, "")
	require.NoError(t, err)
	tidy := func(wait time.Duration) (archived, deleted int) {
		k.clock.now = k.clock.now.Add(wait)
		archived, deleted, err := k.service.CleanUp(t.Context())
		require.NoError(t, err)
		return archived, deleted
	}
	archived, deleted := tidy(alert.QuietFor)
	require.Zero(t, archived+deleted)
	archived, _ = tidy(time.Second)
	require.Equal(t, 1, archived, "nobody has looked after the other one")
	_, deleted = tidy(alert.KeepFor)
	require.Zero(t, deleted)
	_, deleted = tidy(time.Second)
	require.Equal(t, 1, deleted)
	require.Empty(t, k.list(t, alert.Filter{}))
}

func TestWhoSeesAlerts(t *testing.T) {
	t.Parallel()
	k := setup(t)
	shortage := func(outlet int64) alert.Signal {
		return alert.RunsOut(alert.Shortage{Tenant: acme, Outlet: outlet, OutletName: "x", Code: "flour", Name: "Flour", At: k.clock.now, Now: k.clock.now})
	}
	k.raise(t, shortage(main), shortage(beach), failed(acme, 1), failed(other, 1))
	require.Len(t, k.list(t, alert.Filter{}), 3)
	require.Len(t, k.list(t, alert.Filter{Kind: alert.StockOut}), 2)
	require.Len(t, k.list(t, alert.Filter{Outlet: beach}), 1)
	require.Len(t, k.list(t, alert.Filter{Outlet: beach, Shared: true}), 2, "what concerns all as well, but not the other outlet's")
	require.Len(t, k.list(t, alert.Filter{Before: k.list(t, alert.Filter{})[0].ID}), 2)
	bound := actor.Actor{Tenant: acme, Outlet: beach, Bound: true, Name: "bea", Role: actor.Manager}
	list, err := k.service.Alerts(t.Context(), bound, alert.Filter{Shared: true, Most: 10})
	require.NoError(t, err)
	require.Len(t, list, 1)
	_, err = k.service.Alert(t.Context(), bound, list[0].ID)
	require.NoError(t, err)
	for _, a := range k.list(t, alert.Filter{}) {
		if a.Outlet == beach {
			continue
		}
		_, err = k.service.Archive(t.Context(), bound, a.ID, "")
		require.True(t, errs.Is(err, errs.KindNotFound), err)
		_, err = k.service.Alert(t.Context(), bound, a.ID)
		require.True(t, errs.Is(err, errs.KindNotFound), err)
	}
	_, err = k.service.Acknowledge(t.Context(), k.who, k.other(t), "")
	require.True(t, errs.Is(err, errs.KindNotFound), "another tenant's")
	_, err = k.service.Archive(t.Context(), k.who, 1, "a\x00b")
	require.True(t, errs.Is(err, errs.KindInvalid), err)
}
