package store_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"brigade/internal/errs"
	"brigade/internal/leaktest"
	"brigade/internal/store"
	"brigade/internal/store/localpg"
	"brigade/internal/store/pgtest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

const patience = time.Minute

// entries is a table with unique names, and a work that inserts names and answers each with its id.
type entries struct {
	pool  *pgxpool.Pool
	asker *pgxpool.Pool // for looking what is there
	gate  chan struct{} // not nil: a batch waits here before it inserts
	in    chan int      // not nil: hears the size of each batch that begins
}

func newEntries(t *testing.T, pool *pgxpool.Pool) *entries {
	t.Helper()
	_, err := pool.Exec(t.Context(), "create table entries (id bigint generated always as identity, name text primary key check (name <> 'poison'))")
	require.NoError(t, err)
	return &entries{pool: pool, asker: pool}
}

func (e *entries) insert(ctx context.Context, tx store.Tx, names []string) ([]store.Outcome[int64], error) {
	if e.in != nil {
		e.in <- len(names)
	}
	if e.gate != nil {
		<-e.gate
	}
	outs := make([]store.Outcome[int64], len(names))
	rows, err := tx.Query(ctx, "insert into entries (name) select unnest($1::text[]) returning id", names)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for i := 0; rows.Next(); i++ {
		if err := rows.Scan(&outs[i].Res); err != nil {
			return nil, err
		}
	}
	return outs, rows.Err()
}

func (e *entries) has(t *testing.T) map[string]bool {
	t.Helper()
	rows, err := e.asker.Query(t.Context(), "select name from entries")
	require.NoError(t, err)
	defer rows.Close()
	names := map[string]bool{}
	for rows.Next() {
		var name string
		require.NoError(t, rows.Scan(&name))
		names[name] = true
	}
	require.NoError(t, rows.Err())
	return names
}

// The poison is refused by the table itself: Postgres fails the whole statement, and only the guilty one may hear of it.
func TestOneBadRequestNeverFailsItsNeighbours(t *testing.T) {
	t.Parallel()
	for name, bad := range map[string]string{
		"breaks a check": "poison", "exists already": "taken", "cannot be stored": "nul\x00", "is no text": "\xff",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEntries(t, pgtest.New(t))
			_, err := e.pool.Exec(t.Context(), "insert into entries (name) values ('taken')")
			require.NoError(t, err)
			e.gate, e.in = make(chan struct{}), make(chan int, 100)
			b := store.NewBatcher(e.pool, e.insert, store.BatcherOptions{})
			defer b.Close()

			var done sync.WaitGroup
			done.Go(func() { _, err := b.Do(t.Context(), "first"); require.NoError(t, err) })
			require.Equal(t, 1, <-e.in)
			var failed atomic.Int64
			for i := range 50 {
				done.Go(func() {
					want := fmt.Sprint("good ", i)
					if i == 17 {
						want = bad
					}
					_, err := b.Do(context.Background(), want)
					if err != nil {
						failed.Add(1)
						require.Equal(t, 17, i, err)
						require.False(t, errs.Is(err, errs.KindUnavailable), "it is the request's fault: %v", err)
					}
				})
			}
			require.Eventually(t, func() bool { return b.Waiting() == 50 }, patience, time.Millisecond)
			close(e.gate)
			done.Wait()
			require.EqualValues(t, 1, failed.Load())
			require.Len(t, e.has(t), 51)
			require.Equal(t, 50, <-e.in, "they shared a transaction first")
		})
	}
}

// A mistake of the work that no database knows of is the request's, too: neighbours are not told that Postgres is away.
func TestAnErrorOfTheWorkIsNotMistakenForAnOutage(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	gate := make(chan struct{})
	b := store.NewBatcher(pool, func(_ context.Context, _ store.Tx, reqs []int) ([]store.Outcome[int], error) {
		<-gate
		for _, r := range reqs {
			if r == 3 {
				return nil, errors.New("three cannot be encoded")
			}
		}
		return make([]store.Outcome[int], len(reqs)), nil
	}, store.BatcherOptions{})
	defer b.Close()
	var done sync.WaitGroup
	for i := range 6 {
		done.Go(func() {
			_, err := b.Do(context.Background(), i)
			if i == 3 {
				require.Equal(t, errs.KindInternal, errs.KindOf(err))
			} else {
				require.NoError(t, err)
			}
		})
	}
	close(gate)
	done.Wait()
}

func TestWithdrawnRequestIsNotWritten(t *testing.T) {
	t.Parallel()
	e := newEntries(t, pgtest.New(t))
	e.gate, e.in = make(chan struct{}), make(chan int, 100)
	b := store.NewBatcher(e.pool, e.insert, store.BatcherOptions{})
	defer b.Close()
	var done sync.WaitGroup
	running, stopRunning := context.WithCancel(t.Context())
	done.Go(func() {
		_, err := b.Do(running, "runs")
		require.NoError(t, err, "once it runs the outcome is awaited")
	})
	<-e.in
	waiting, cancel := context.WithCancel(t.Context())
	done.Go(func() {
		_, err := b.Do(waiting, "withdrawn")
		require.True(t, errs.Is(err, errs.KindUnavailable))
		require.ErrorIs(t, err, context.Canceled)
	})
	done.Go(func() { _, err := b.Do(context.Background(), "stays"); require.NoError(t, err) })
	require.Eventually(t, func() bool { return b.Waiting() == 2 }, patience, time.Millisecond)
	stopRunning()
	cancel()
	require.Eventually(t, func() bool { return b.Waiting() == 1 }, patience, time.Millisecond)
	close(e.gate)
	done.Wait()
	require.Equal(t, map[string]bool{"runs": true, "stays": true}, e.has(t))
}

func TestFullQueueRefusesAndCloseCommitsWhatWaits(t *testing.T) {
	t.Parallel()
	e := newEntries(t, pgtest.New(t))
	e.gate, e.in = make(chan struct{}), make(chan int, 100)
	b := store.NewBatcher(e.pool, e.insert, store.BatcherOptions{MaxQueue: 3, MaxBatch: 2})
	var done sync.WaitGroup
	do := func(name string) {
		done.Go(func() { _, err := b.Do(context.Background(), name); require.NoError(t, err) })
	}
	do("0")
	<-e.in
	for _, name := range []string{"1", "2", "3"} {
		do(name)
	}
	require.Eventually(t, func() bool { return b.Waiting() == 3 }, patience, time.Millisecond)
	_, err := b.Do(t.Context(), "4")
	require.True(t, errs.Is(err, errs.KindUnavailable))

	closed := make(chan struct{})
	go func() { b.Close(); close(closed) }()
	require.Eventually(t, func() bool {
		_, err := b.Do(t.Context(), "5")
		require.True(t, errs.Is(err, errs.KindUnavailable))
		return strings.Contains(err.Error(), "shutting down")
	}, patience, time.Millisecond)
	close(e.gate)
	<-closed
	b.Close()
	done.Wait()
	require.Len(t, e.has(t), 4)
	require.Equal(t, 2, <-e.in, "batches are bounded")
}

func TestHooksSeeEachCommitOnce(t *testing.T) {
	t.Parallel()
	e := newEntries(t, pgtest.New(t))
	var observed, after atomic.Int64
	b := store.NewBatcher(e.pool, e.insert, store.BatcherOptions{
		Observe: func(n int, took time.Duration) { observed.Add(int64(n)); require.Positive(t, took) },
		After:   func(_ context.Context, n int) { after.Add(int64(n)) },
	})
	defer b.Close()
	_, err := b.Do(t.Context(), "a")
	require.NoError(t, err)
	_, err = b.Do(t.Context(), "a")
	require.True(t, store.IsUnique(err, "entries_pkey"))
	require.EqualValues(t, 2, observed.Load())
	require.EqualValues(t, 1, after.Load(), "nobody hears of what was not committed")
}

// Connections are cut at random moments, before and during commits: who was answered is in the table, who was told that
// nothing was written is not.
func TestOutcomesAreExactWhenConnectionsAreCut(t *testing.T) {
	t.Parallel()
	e := newEntries(t, pgtest.New(t))
	b := store.NewBatcher(e.pool, e.insert, store.BatcherOptions{})
	cutter := pool(t, e.pool, "cutter")
	e.asker = cutter
	ctx, stop := context.WithCancel(t.Context())
	var cutting sync.WaitGroup
	cutting.Go(func() {
		rng := rand.New(rand.NewPCG(1, 2))
		for ctx.Err() == nil {
			_, err := cutter.Exec(context.WithoutCancel(ctx), `select pg_terminate_backend(pid) from pg_stat_activity, pg_sleep($1)
				where datname = current_database() and backend_type = 'client backend' and application_name <> 'cutter'`, rng.Float64()*0.003)
			require.NoError(t, err)
		}
	})
	o := newOutcomes()
	for round := 0; round < 12 || o.refused < 20; round++ {
		o.load(b, fmt.Sprint(round), 16, 20)
		o.check(t, e.has(t))
	}
	stop()
	cutting.Wait()
	b.Close()
	t.Logf("%d written, %d refused, %d unknown", o.written, o.refused, o.unknowns)
	require.NotZero(t, o.written)
}

// A crash of the whole server forgets the transactions that were not flushed, and gives their numbers to others.
func TestOutcomesAreExactWhenPostgresCrashes(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts a server of its own")
	}
	server := ownServer(t)
	p, err := store.Open(server.URL(), 8)
	require.NoError(t, err)
	t.Cleanup(p.Close)
	e := newEntries(t, p)
	b := store.NewBatcher(p, e.insert, store.BatcherOptions{})
	defer b.Close()
	noise := noise(t, p)
	o := newOutcomes()
	for round := range 3 {
		var crash sync.WaitGroup
		crash.Go(func() { killOneBackend(p) })
		o.load(b, fmt.Sprint(round), 16, 200)
		crash.Wait()
		require.Eventually(t, func() bool { return store.Ready(t.Context(), p) == nil }, patience, 5*time.Millisecond)
		o.check(t, e.has(t))
	}
	noise()
	t.Logf("%d written, %d refused, %d unknown", o.written, o.refused, o.unknowns)
	require.NotZero(t, o.written)
}

func ownServer(t *testing.T) *localpg.Server {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "crash")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	require.NoError(t, os.Chmod(dir, 0o755))
	server, err := localpg.Start(t.Context(), localpg.Config{StateDir: dir, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Stop(context.Background())) })
	return server
}

// noise runs other transactions all the time, which are given numbers, too. The returned function ends it.
func noise(t *testing.T, p *pgxpool.Pool) func() {
	t.Helper()
	_, err := p.Exec(t.Context(), "create table noise (n bigint)")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	var done sync.WaitGroup
	for range 3 {
		done.Go(func() {
			for ctx.Err() == nil {
				_, _ = p.Exec(ctx, "insert into noise values (1)")
			}
		})
	}
	return func() { stop(); done.Wait() }
}

// killOneBackend ends a backend without warning, upon which the server ends them all and recovers: one that is
// committing, if there is one, else its own.
func killOneBackend(p *pgxpool.Pool) {
	pid, committing := 0, false
	for range 200 {
		err := p.QueryRow(context.Background(), `select pid, query ilike 'commit%' and state = 'active' as committing
			from pg_stat_activity where application_name = 'brigade' order by committing desc, pid = pg_backend_pid() desc limit 1`).Scan(&pid, &committing)
		if err == nil && committing {
			break
		}
	}
	if pid != 0 { // 0 would be this process and all of its group
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

// pool is another pool on the same database, under another name.
func pool(t *testing.T, like *pgxpool.Pool, name string) *pgxpool.Pool {
	t.Helper()
	cfg := like.Config()
	cfg.ConnConfig.RuntimeParams["application_name"] = name
	cfg.MaxConns = 2
	p, err := pgxpool.NewWithConfig(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(p.Close)
	return p
}

// outcomes is what callers were told.
type outcomes struct {
	mu                         sync.Mutex
	told                       map[string]error
	written, refused, unknowns int
}

func newOutcomes() *outcomes { return &outcomes{told: map[string]error{}} }

// load places names from many callers at once.
func (o *outcomes) load(b *store.Batcher[string, int64], prefix string, callers, each int) {
	var done sync.WaitGroup
	for c := range callers {
		done.Go(func() {
			for i := range each {
				name := fmt.Sprintf("%s/%d/%d", prefix, c, i)
				_, err := b.Do(context.Background(), name)
				o.mu.Lock()
				o.told[name] = err
				o.mu.Unlock()
			}
		})
	}
	done.Wait()
}

// check compares what callers were told since the last check with what is there.
func (o *outcomes) check(t *testing.T, has map[string]bool) {
	t.Helper()
	for name, err := range o.told {
		switch {
		case err == nil:
			o.written++
			require.True(t, has[name], "%s was answered and is not there", name)
		case errs.Is(err, errs.KindUnavailable):
			o.refused++
			require.False(t, has[name], "%s was refused (%v) and is there", name, err)
		default:
			o.unknowns++
			require.True(t, errs.Is(err, errs.KindUnknown), "an outage is not an internal error: %v", err)
		}
	}
	clear(o.told)
}
