package eventpg_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"brigade/internal/errs"
	"brigade/internal/event"
	"brigade/internal/event/eventpg"
	"brigade/internal/event/eventtest"
	"brigade/internal/leaktest"
	"brigade/internal/store/pgtest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

func begin(t *testing.T, pool *pgxpool.Pool) pgx.Tx {
	t.Helper()
	tx, err := pool.Begin(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { _ = tx.Rollback(context.Background()) })
	_, err = tx.Exec(t.Context(), "set local idle_in_transaction_session_timeout = 0") // however long a test looks on
	require.NoError(t, err)
	return tx
}

func appendTo(t testing.TB, tx pgx.Tx, events ...event.Event) {
	t.Helper()
	require.NoError(t, eventpg.Append(t.Context(), tx, 9, events))
}

func commit(t testing.TB, pool *pgxpool.Pool, events ...event.Event) {
	t.Helper()
	require.NoError(t, pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
		return eventpg.Append(t.Context(), tx, 9, events)
	}))
}

func positions(events []event.Event) []int64 {
	p := []int64{}
	for _, e := range events {
		p = append(p, e.Position)
	}
	return p
}

func TestAppendKeepsOrderAndFields(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	want := eventtest.Interleaved(50, 20)
	want[3].TraceParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	want[4].Version, want[4].Outlet, want[4].Type = 2, 77, event.KitchenChanged
	want[5].Payload = json.RawMessage(`{"text":"Crème brûlée 🍮","number":9007199254740993,"decimal":1.50}`)
	commit(t, pool, want...)
	commit(t, pool)
	got, err := eventpg.NewLog(pool).Page(t.Context(), 0, 10_000)
	require.NoError(t, err)
	require.Len(t, got, len(want))
	for i := range want {
		require.JSONEq(t, string(want[i].Payload), string(got[i].Payload))
		want[i].Payload, got[i].Payload, want[i].Origin = nil, nil, 9
	}
	require.Equal(t, want, got)
}

func TestReadChooses(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	events := make([]event.Event, 6)
	for i := range events {
		events[i] = eventtest.Event(1, i+1)
		events[i].Tenant, events[i].Outlet = int64(1+i%2), int64(1+i%3)
	}
	events[5].Type = event.TaskReady
	commit(t, pool, events...)
	for name, c := range map[string]struct {
		query event.Query
		want  []int64
	}{
		"all":                 {event.Query{}, []int64{1, 2, 3, 4, 5, 6}},
		"after":               {event.Query{After: 4}, []int64{5, 6}},
		"a stretch":           {event.Query{After: 1, UpTo: 3}, []int64{2, 3}},
		"limited":             {event.Query{Limit: 2}, []int64{1, 2}},
		"of a tenant":         {event.Query{Filter: event.Filter{Tenant: 2}}, []int64{2, 4, 6}},
		"of an outlet":        {event.Query{Filter: event.Filter{Tenant: 2, Outlet: 2}}, []int64{2}},
		"outlet, any tenant":  {event.Query{Filter: event.Filter{Outlet: 3}}, []int64{3, 6}},
		"of a type":           {event.Query{Filter: event.Filter{Types: []event.Type{event.TaskReady}}}, []int64{6}},
		"of a tenant's type":  {event.Query{Filter: event.Filter{Tenant: 1, Types: []event.Type{event.TaskReady}}}, []int64{}},
		"another tenant's":    {event.Query{Filter: event.Filter{Tenant: 3}}, []int64{}},
		"a tenant's, in part": {event.Query{Filter: event.Filter{Tenant: 1}, After: 1, UpTo: 4, Limit: 1}, []int64{3}},
	} {
		got, err := eventpg.Read(t.Context(), pool, c.query)
		require.NoError(t, err, name)
		require.Equal(t, c.want, positions(got), name)
	}
}

// fence accepts one number, as a lease check does.
func fence(valid int64) eventpg.Fence {
	return func(_ context.Context, _ pgx.Tx, resource string, fence int64) error {
		if resource != "relay:main" || fence != valid {
			return errs.Unavailable("somebody else decides by now for %s", resource)
		}
		return nil
	}
}

func TestCursorsAreFencedAndRemember(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	c := eventpg.NewCursors(pool, fence(4))
	ctx := t.Context()
	at := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

	got, err := c.Load(ctx, "main")
	require.NoError(t, err)
	require.Equal(t, event.Cursor{}, got)

	require.NoError(t, c.Fail(ctx, "main", 4, 3, strings.Repeat("é", 3000)+"\x00", time.Minute))
	got, err = c.Load(ctx, "main")
	require.NoError(t, err)
	require.Equal(t, 3, got.Attempts)
	require.InDelta(t, time.Minute, got.RetryIn, float64(10*time.Second))

	require.True(t, errs.Is(c.Mark(ctx, "main", 3, 10, at), errs.KindUnavailable))
	require.True(t, errs.Is(c.Fail(ctx, "main", 3, 9, "late", 0), errs.KindUnavailable))
	require.NoError(t, c.Mark(ctx, "main", 4, 10, at))
	require.True(t, errs.Is(c.Mark(ctx, "main", 4, 10, at), errs.KindConflict), "never backwards")
	got, err = c.Load(ctx, "main")
	require.NoError(t, err)
	require.Equal(t, event.Cursor{Position: 10}, got)
}

type publication struct {
	Position    int64
	PublishedAt *time.Time
	Attempts    int
	LastError   string
}

func TestDomainEventsShowPublication(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	c := eventpg.NewCursors(pool, fence(1))
	commit(t, pool, eventtest.Interleaved(1, 4)...)
	first, second := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC), time.Date(2026, 5, 4, 12, 0, 1, 0, time.UTC)
	_, err := c.Load(t.Context(), "main")
	require.NoError(t, err)
	require.NoError(t, c.Mark(t.Context(), "main", 1, 2, first))
	require.NoError(t, c.Mark(t.Context(), "main", 1, 3, second))
	require.NoError(t, c.Fail(t.Context(), "main", 1, 2, "no paper", time.Second))

	rows, err := pool.Query(t.Context(), "select position, published_at, attempts, last_error from domain_events order by position")
	require.NoError(t, err)
	got, err := pgx.CollectRows(rows, pgx.RowToStructByPos[publication])
	require.NoError(t, err)
	require.Len(t, got, 4)
	require.True(t, got[0].PublishedAt.Equal(first) && got[1].PublishedAt.Equal(first) && got[2].PublishedAt.Equal(second))
	require.Equal(t, publication{Position: 4, Attempts: 2, LastError: "no paper"}, got[3])

	stats, err := eventpg.Stats(t.Context(), pool)
	require.NoError(t, err)
	require.Len(t, stats, 1)
	require.WithinDuration(t, time.Now(), stats[0].UpdatedAt, time.Minute)
	stats[0].UpdatedAt = time.Time{}
	require.Equal(t, event.SinkStats{Name: "main", Position: 3, Behind: 1, Attempts: 2, LastError: "no paper"}, stats[0])
}

func TestPruneKeepsTheYoungAndTheUnpublished(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	old := eventtest.Interleaved(700, 10) // more than one batch
	young := eventtest.Event(9000, 1)
	young.OccurredAt = young.OccurredAt.Add(time.Hour)
	commit(t, pool, append(old, young, eventtest.Event(9001, 1))...)
	limit := young.OccurredAt.Add(-time.Minute)
	ctx := t.Context()

	n, err := eventpg.Prune(ctx, pool, limit, true)
	require.NoError(t, err)
	require.Zero(t, n, "no sink is known that has them")

	c := eventpg.NewCursors(pool, fence(1))
	_, err = c.Load(ctx, "main")
	require.NoError(t, err)
	require.NoError(t, c.Mark(ctx, "main", 1, 100, limit))
	require.NoError(t, c.Mark(ctx, "main", 1, 200, limit))
	n, err = eventpg.Prune(ctx, pool, limit, true)
	require.NoError(t, err)
	require.EqualValues(t, 200, n)

	n, err = eventpg.Prune(ctx, pool, limit, false)
	require.NoError(t, err)
	require.EqualValues(t, 6800, n)
	left, err := eventpg.Read(ctx, pool, event.Query{})
	require.NoError(t, err)
	require.Equal(t, []int64{7001, 7002}, positions(left), "an old event behind a young one stays with it")
	var checkpoints int
	require.NoError(t, pool.QueryRow(ctx, "select count(*) from event_checkpoints").Scan(&checkpoints))
	require.Zero(t, checkpoints)
}

func TestErrorsSayWhatFailed(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	log := eventpg.NewLog(pool)
	_, err := log.Page(ctx, 7, 10)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "after 7")
	_, err = log.Probe(ctx)
	require.ErrorIs(t, err, context.Canceled)
	bad := eventtest.Event(1, 1)
	bad.Payload = json.RawMessage(`{`)
	err = pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
		return eventpg.Append(t.Context(), tx, 1, []event.Event{bad})
	})
	require.ErrorContains(t, err, "append 1 events")
	require.NotErrorIs(t, err, context.Canceled)
}
