package eventpg_test

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"brigade/internal/event"
	"brigade/internal/event/eventpg"
	"brigade/internal/event/eventtest"
	"brigade/internal/store/pgtest"
)

// reader looks at the log step by step.
type reader struct {
	log *eventpg.Log
	f   event.Follower
}

func (r *reader) look(t *testing.T) []int64 {
	t.Helper()
	if r.f.Stuck() {
		p, err := r.log.Probe(t.Context())
		require.NoError(t, err)
		r.f = r.f.Probed(p)
	}
	page, err := r.log.Page(t.Context(), r.f.Cursor(), 1000)
	require.NoError(t, err)
	got, f := r.f.Take(page)
	r.f = f
	return positions(got)
}

func (r *reader) looks(t *testing.T, n int) []int64 {
	t.Helper()
	got := []int64{}
	for range n {
		got = append(got, r.look(t)...)
	}
	return got
}

func TestAGapIsWaitedForWhileItsWriterLives(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	r := reader{log: eventpg.NewLog(pool)}
	held := begin(t, pool)
	appendTo(t, held, eventtest.Event(1, 1))
	commit(t, pool, eventtest.Event(2, 1))
	require.Empty(t, r.looks(t, 10))
	require.NoError(t, held.Commit(t.Context()))
	require.Equal(t, []int64{1, 2}, r.looks(t, 1))
}

func TestARolledBackGapIsPassed(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	r := reader{log: eventpg.NewLog(pool)}
	dead := begin(t, pool)
	appendTo(t, dead, eventtest.Event(1, 1), eventtest.Event(1, 2))
	commit(t, pool, eventtest.Event(2, 1))
	require.Empty(t, r.looks(t, 3))
	require.NoError(t, dead.Rollback(t.Context()))
	require.Equal(t, []int64{3}, r.looks(t, 2))
}

// A transaction that began early but wrote late has a higher transaction ID than those that have ended, so it lies
// above the snapshot's xmax. Only its lock tells of it.
func TestAGapOfAYoungerTransactionIsWaitedFor(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	r := reader{log: eventpg.NewLog(pool)}
	older, younger := begin(t, pool), begin(t, pool)
	_, err := older.Exec(t.Context(), "select pg_current_xact_id()")
	require.NoError(t, err)
	appendTo(t, younger, eventtest.Event(1, 1))
	appendTo(t, older, eventtest.Event(2, 1))
	require.NoError(t, older.Commit(t.Context()))
	require.Empty(t, r.looks(t, 10))
	require.NoError(t, younger.Commit(t.Context()))
	require.Equal(t, []int64{1, 2}, r.looks(t, 1))
}

func TestATransactionThatWritesNoEventsHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	r := reader{log: eventpg.NewLog(pool)}
	stranger := begin(t, pool)
	_, err := stranger.Exec(t.Context(), "insert into tenants (slug, name) values ('a', 'A')")
	require.NoError(t, err)
	dead := begin(t, pool)
	appendTo(t, dead, eventtest.Event(1, 1))
	require.NoError(t, dead.Rollback(t.Context()))
	commit(t, pool, eventtest.Event(2, 1))
	require.Equal(t, []int64{2}, r.looks(t, 2))
}

func TestASavepointsPositionsAreAGapLikeAnyOther(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	r := reader{log: eventpg.NewLog(pool)}
	tx := begin(t, pool)
	nested, err := tx.Begin(t.Context())
	require.NoError(t, err)
	appendTo(t, nested, eventtest.Event(1, 1))
	require.NoError(t, nested.Rollback(t.Context()))
	nested, err = tx.Begin(t.Context())
	require.NoError(t, err)
	appendTo(t, nested, eventtest.Event(1, 1))
	require.NoError(t, nested.Commit(t.Context()))
	commit(t, pool, eventtest.Event(2, 1))
	require.Empty(t, r.looks(t, 5))
	require.NoError(t, tx.Commit(t.Context()))
	require.Equal(t, []int64{2, 3}, r.looks(t, 3))
}

// crowd writes events of a few aggregates from many connections at once: batches, rollbacks, slow transactions.
// Each aggregate is a row of table staff, held before its event is appended, whose tasks_completed is the sequence.
type crowd struct {
	pool       *pgxpool.Pool
	poke       func()
	aggregates int
}

func newCrowd(t testing.TB, pool *pgxpool.Pool, aggregates int) *crowd {
	_, err := pool.Exec(t.Context(), `
		with t as (insert into tenants (slug, name) values ('t', 'T') returning id),
		     o as (insert into outlets (tenant_id, slug, name, timezone) select id, 'o', 'O', 'UTC' from t returning id, tenant_id)
		insert into staff (id, tenant_id, outlet_id, name, max_parallel, base_efficiency, efficiency)
		select i, o.tenant_id, o.id, 'cook ' || i, 1, 1, 1 from o, generate_series(1, $1) i`, aggregates)
	require.NoError(t, err)
	return &crowd{pool: pool, poke: func() {}, aggregates: aggregates}
}

// work runs writers side by side; each commits or rolls back so many transactions.
func (c *crowd) work(ctx context.Context, writers, transactions int) error {
	g, ctx := errgroup.WithContext(ctx)
	for range writers {
		g.Go(func() error {
			for range transactions {
				if err := c.transaction(ctx); err != nil {
					return err
				}
				c.poke()
			}
			return nil
		})
	}
	return g.Wait()
}

// start runs work beside the test; the channel gives its outcome.
func (c *crowd) start(ctx context.Context, writers, transactions int) <-chan error {
	done := make(chan error, 1)
	go func() { done <- c.work(ctx, writers, transactions) }()
	return done
}

func (c *crowd) transaction(ctx context.Context) error {
	tx, err := c.pool.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(ctx) }()
	first := rand.IntN(c.aggregates)
	rows, err := tx.Query(ctx, `
		with held as (select id from staff where id > $1 and id <= $2 order by id for update)
		update staff s set tasks_completed = tasks_completed + 1 from held where s.id = held.id returning s.id, s.tasks_completed`,
		first, first+1+rand.IntN(5))
	if err != nil {
		return err
	}
	var events []event.Event
	for rows.Next() {
		var id, sequence int64
		if err := rows.Scan(&id, &sequence); err != nil {
			return err
		}
		events = append(events, eventtest.Event(id, int(sequence)))
	}
	if err := eventpg.Append(ctx, tx, 1, events); err != nil {
		return err
	}
	switch rand.IntN(10) {
	case 0:
		return tx.Rollback(ctx)
	case 1:
		if _, err := tx.Exec(ctx, "select pg_sleep($1)", rand.Float64()*0.02); err != nil {
			return err
		}
	}
	return tx.Commit(ctx)
}

func (c *crowd) committed(t testing.TB) (n int) {
	require.NoError(t, c.pool.QueryRow(t.Context(), "select count(*) from event_log").Scan(&n))
	return n
}

// run starts a loop and ends it with the test.
func run(t testing.TB, loop func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- loop(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
	})
}

func newTail(t testing.TB, pool *pgxpool.Pool) *event.Tail {
	tail := event.NewTail(eventpg.NewLog(pool), event.TailOptions{Logger: slog.New(slog.DiscardHandler)})
	run(t, tail.Run)
	return tail
}

func patience(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// receive takes events from a stream until the consumer has n, and checks order; none comes twice.
func receive(t testing.TB, s *event.Stream, c *eventtest.Consumer, n int) {
	for ctx := patience(t); c.Len() < n; {
		events, err := s.Next(ctx)
		require.NoError(t, err, "%d of %d", c.Len(), n)
		for _, e := range events {
			require.NoError(t, c.Take(e))
		}
	}
	require.Zero(t, c.Duplicates)
}

func TestACrowdOfWritersLosesNothing(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	crowd := newCrowd(t, pool, 40)
	tail := newTail(t, pool)
	crowd.poke = tail.Poke
	early := tail.Stream(event.Filter{Tenant: 3}, 0)
	defer early.Close()
	written := crowd.start(t.Context(), 8, 60)
	late := tail.Stream(event.Filter{}, 0) // joins while they write
	defer late.Close()
	require.NoError(t, <-written)
	n := crowd.committed(t)
	receive(t, early, eventtest.NewConsumer(), n)
	receive(t, late, eventtest.NewConsumer(), n)
}

func TestAStreamSurvivesLostConnections(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	tail := newTail(t, pool)
	s := tail.Stream(event.Filter{}, 0)
	defer s.Close()
	consumer := eventtest.NewConsumer()
	write := func(sequence int) { // by a connection that lives
		t.Helper()
		require.Eventually(t, func() bool {
			return pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
				return eventpg.Append(t.Context(), tx, 1, []event.Event{eventtest.Event(1, sequence)})
			}) == nil
		}, time.Minute, time.Millisecond)
	}
	for i := range 5 {
		write(2*i + 1)
		receive(t, s, consumer, 2*i+1)
		_, err := pool.Exec(t.Context(), `
			select pg_terminate_backend(pid) from pg_stat_activity
			where datname = current_database() and pid <> pg_backend_pid()`)
		require.NoError(t, err)
		tail.Poke()
		write(2*i + 2)
		receive(t, s, consumer, 2*i+2)
	}
}

// A relay that is ended and begun anew again and again, with a sink that fails at times: each event arrives, in order.
func TestRelayFromPostgresIsAtLeastOnceAndInOrder(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	crowd := newCrowd(t, pool, 40)
	sink := event.NewMemory(event.MainSink)
	consumer := eventtest.NewConsumer()
	arrived := make(chan int, 100_000)
	calls := 0
	sink.Subscribe("test", func(_ context.Context, events []event.Event) error {
		calls++
		for i, e := range events {
			if calls%5 == 0 && i == len(events)/2 {
				return context.DeadlineExceeded
			}
			if err := consumer.Take(e); err != nil {
				t.Error(err)
			}
		}
		arrived <- consumer.Len()
		return nil
	})
	written := crowd.start(t.Context(), 6, 60)
	for range 5 {
		relayUntil(t, pool, sink, arrived, func(int) bool { return true })
	}
	require.NoError(t, <-written)
	n := crowd.committed(t)
	relayUntil(t, pool, sink, arrived, func(got int) bool { return got == n })

	stats, err := eventpg.Stats(t.Context(), pool)
	require.NoError(t, err)
	require.LessOrEqual(t, stats[0].Behind, int64(n))
}

// relayUntil runs a relay until enough has arrived.
func relayUntil(t *testing.T, pool *pgxpool.Pool, sink event.Sink, arrived <-chan int, enough func(int) bool) {
	t.Helper()
	relay := event.NewRelay(sink, eventpg.NewLog(pool), eventpg.NewCursors(pool, fence(1)), eventtest.Always{},
		event.RelayOptions{Batch: 50, Poll: 5 * time.Millisecond, Spacing: time.Millisecond, Logger: slog.New(slog.DiscardHandler)})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- relay.Run(ctx) }()
	defer func() {
		cancel()
		require.NoError(t, <-done)
	}()
	for deadline := patience(t); ; {
		select {
		case got := <-arrived:
			if enough(got) {
				return
			}
		case <-deadline.Done():
			require.Fail(t, "not everything arrived")
		}
	}
}
