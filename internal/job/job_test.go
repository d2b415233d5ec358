package job_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"brigade/internal/errs"
	"brigade/internal/job"
	"brigade/internal/leaktest"
	"brigade/internal/store"
	"brigade/internal/store/pgtest"
)

type greet struct {
	Name string `json:"name"`
}

func (greet) Kind() string     { return "greet" }
func (greet) Queue() job.Queue { return job.Notify }

type ran struct {
	name string
	try  job.Try
}

// kit is a running client whose jobs end as the test says.
type kit struct {
	pool   *pgxpool.Pool
	client *job.Client
	ran    chan ran
}

func setup(t *testing.T, end func(greet, job.Try) error) *kit {
	t.Helper()
	k := &kit{pool: pgtest.New(t), ran: make(chan ran, 100)}
	workers := job.NewWorkers()
	job.Register(workers, func(_ context.Context, g greet, try job.Try) error {
		k.ran <- ran{g.Name, try}
		return end(g, try)
	})
	var err error
	k.client, err = job.New(k.pool, workers, job.Options{Node: k.node(t), Poll: 20 * time.Millisecond, Backoff: time.Millisecond, Attempts: 3})
	require.NoError(t, err)
	return k
}

func (k *kit) start(t *testing.T) {
	t.Helper()
	require.NoError(t, k.client.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, k.client.Stop(context.Background())) })
}

func (k *kit) node(t *testing.T) (id int64) {
	t.Helper()
	require.NoError(t, k.pool.QueryRow(t.Context(),
		"insert into nodes (name, roles, expires_at) values ('n', 'jobs', now() + interval '1 hour') returning id").Scan(&id))
	return id
}

func (k *kit) insert(t *testing.T, jobs ...job.Routed) {
	t.Helper()
	require.NoError(t, store.Commit(t.Context(), k.pool, func(tx store.Tx) error {
		return k.client.InsertMany(t.Context(), tx, jobs)
	}))
}

func (k *kit) next(t *testing.T) ran {
	t.Helper()
	select {
	case r := <-k.ran:
		return r
	case <-t.Context().Done():
		t.Fatal("no job was run")
		return ran{}
	}
}

func (k *kit) state(t *testing.T) (state string) {
	t.Helper()
	require.NoError(t, k.pool.QueryRow(t.Context(), "select state::text from river_job order by id limit 1").Scan(&state))
	return state
}

func done(greet, job.Try) error { return nil }

func TestAJobExistsExactlyWhenItsTransactionDoes(t *testing.T) { //nolint:paralleltest // it looks for goroutines that were left
	defer leaktest.None(t, goleak.IgnoreAnyFunction("brigade/internal/store/pgtest.(*factory).keep"), goleak.IgnoreCurrent())
	k := setup(t, done)
	refused := errors.New("refused")
	err := store.Commit(t.Context(), k.pool, func(tx store.Tx) error {
		if err := k.client.Insert(t.Context(), tx, greet{"never"}); err != nil {
			return err
		}
		return refused
	})
	require.ErrorIs(t, err, refused)
	k.insert(t, greet{"a"})
	require.NoError(t, k.client.Start(t.Context()))
	require.Equal(t, "a", k.next(t).name)
	require.Error(t, k.client.Start(t.Context()))
	require.NoError(t, k.client.Stop(t.Context()))
	require.NoError(t, k.client.Stop(t.Context()))
	require.Equal(t, "completed", k.state(t))
	k.pool.Close()
}

func TestAFailedJobIsTriedAgainUntilItIsOutOfAttempts(t *testing.T) {
	t.Parallel()
	k := setup(t, func(greet, job.Try) error { return errors.New("no") })
	k.insert(t, greet{"a"})
	k.start(t)
	for attempt := 1; attempt <= 3; attempt++ {
		r := k.next(t)
		require.Equal(t, attempt, r.try.Attempt)
		require.Equal(t, attempt == 3, r.try.Last)
	}
	require.Eventually(t, func() bool { return k.state(t) == "discarded" }, time.Minute, 10*time.Millisecond)
}

func TestAJobCanBeGivenUpOrPutOff(t *testing.T) {
	t.Parallel()
	k := setup(t, func(_ greet, try job.Try) error {
		return errs.Permanent(errors.New("never"))
	})
	k.insert(t, greet{"a"})
	k.start(t)
	k.next(t)
	require.Eventually(t, func() bool { return k.state(t) == "cancelled" }, time.Minute, 10*time.Millisecond)

	n := 0
	k = setup(t, func(greet, job.Try) error {
		if n++; n <= 4 { // more often than it has attempts
			return errs.RetryAfter(time.Millisecond, errors.New("busy"))
		}
		return nil
	})
	k.insert(t, greet{"b"})
	k.start(t)
	for range 5 {
		require.False(t, k.next(t).try.Last)
	}
	require.Eventually(t, func() bool { return k.state(t) == "completed" }, time.Minute, 10*time.Millisecond)
}

func TestJobsOfADeadNodeRunAgainAtOnce(t *testing.T) {
	t.Parallel()
	k := setup(t, done)
	k.insert(t, greet{"a"})
	_, err := k.pool.Exec(t.Context(), `update river_job set state = 'running', attempt = 1, attempted_at = now(), attempted_by = '{node-4711}'`)
	require.NoError(t, err)
	k.start(t)
	require.Equal(t, 2, k.next(t).try.Attempt)
}

func TestBackoffDoublesUpToALimitWithJitter(t *testing.T) {
	t.Parallel()
	for n, want := range []time.Duration{1: time.Second, 2: 2 * time.Second, 5: 16 * time.Second, 12: time.Minute} {
		if want == 0 {
			continue
		}
		got := job.Backoff(time.Second, time.Minute, n)
		require.InDelta(t, want.Seconds(), got.Seconds(), want.Seconds()/4)
	}
}
