package lease_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"brigade/internal/lease"
	"brigade/internal/lease/leasepg/db"
)

// Commits of an owner that has been paused too long race with its successor's takeover, many times. Whatever the
// interleaving: once the successor has loaded, nothing of the old owner is written any more.
func TestTakeoverAndCommitNeverBothSucceed(t *testing.T) {
	t.Parallel()
	w := setup(t)
	q := db.New(w.pool)
	_, err := w.pool.Exec(t.Context(), "create table written (n bigint not null)")
	require.NoError(t, err)
	_, err = w.pool.Exec(t.Context(), "insert into written values (0)")
	require.NoError(t, err)
	require.NoError(t, q.Register(t.Context(), []string{"kitchen:1"}))

	var committed, refused int
	for fence := int64(0); fence < 300; fence++ {
		outcomes := make(chan error, 3)
		var start, done sync.WaitGroup
		start.Add(1)
		for range cap(outcomes) {
			done.Go(func() {
				start.Wait()
				outcomes <- w.write("kitchen:1", fence)
			})
		}
		start.Done()
		seen := w.takeOver(q, fence)
		done.Wait()
		close(outcomes)
		for err := range outcomes {
			if stale := (*lease.StaleError)(nil); errors.As(err, &stale) {
				refused++
				continue
			}
			require.NoError(t, err)
			committed++
		}
		require.Equal(t, seen, w.written(), "something was written after the successor had loaded")
		require.Equal(t, committed, w.written(), "what was answered is written, what was refused is not")
	}
	require.NotZero(t, committed)
	require.NotZero(t, refused)
}

// write is the old owner's commit.
func (w world) write(resource string, fence int64) error {
	return pgx.BeginFunc(w.t.Context(), w.pool, func(tx pgx.Tx) error {
		if err := lease.Check(w.t.Context(), tx, []string{resource}, []int64{fence}); err != nil {
			return err
		}
		_, err := tx.Exec(w.t.Context(), "update written set n = n + 1")
		return err
	})
}

func (w world) written() (n int) {
	require.NoError(w.t, w.pool.QueryRow(w.t.Context(), "select n from written").Scan(&n))
	return n
}

// takeOver claims for a new node, as soon as the dead owner's commits let it, and returns what it loads then.
func (w world) takeOver(q *db.Queries, fence int64) (loaded int) {
	_, err := w.pool.Exec(w.t.Context(), "update nodes set expires_at = '-infinity'")
	require.NoError(w.t, err)
	id, err := q.InsertNode(w.t.Context(), db.InsertNodeParams{Name: "successor", TtlSeconds: 60})
	require.NoError(w.t, err)
	claim := db.ClaimParams{NodeID: id, Resources: []string{"kitchen:1"}, Fences: []int64{fence}}
	for claimed := int64(0); claimed == 0; {
		claimed, err = q.Claim(w.t.Context(), claim)
		require.NoError(w.t, err)
	}
	return w.written()
}

// Many nodes reach for the same resources at once: each resource goes to exactly one, and its fence moves by one.
func TestClaimsNeverOverlap(t *testing.T) {
	t.Parallel()
	w := setup(t)
	q := db.New(w.pool)
	resources := kitchens(40)
	require.NoError(t, q.Register(t.Context(), resources))
	var wins [8]int64
	var claims sync.WaitGroup
	for i := range wins {
		id, err := q.InsertNode(t.Context(), db.InsertNodeParams{Name: "n", TtlSeconds: 60})
		require.NoError(t, err)
		claims.Go(func() {
			var err error
			wins[i], err = q.Claim(context.Background(), db.ClaimParams{NodeID: id, Resources: resources, Fences: make([]int64, 40)})
			if err != nil {
				t.Error(err)
			}
		})
	}
	claims.Wait()
	var sum int64
	for _, n := range wins {
		sum += n
	}
	require.EqualValues(t, 40, sum)
	var wrong int
	require.NoError(t, w.pool.QueryRow(t.Context(), "select count(*) from leases where fence <> 1").Scan(&wrong))
	require.Zero(t, wrong)
}

// A commit that hangs holds up the takeover of its own kitchen, of no other.
func TestHangingCommitDelaysOnlyItsOwnTakeover(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a := w.join("a", quick, kitchens(2)...)
	var tx pgx.Tx
	w.eventually("a owns all and commits for one", func() bool {
		var err error
		tx, err = w.pool.Begin(t.Context())
		require.NoError(t, err)
		_, err = tx.Exec(t.Context(), "set local idle_in_transaction_session_timeout = 0") // however long it hangs
		require.NoError(t, err)
		fence, ok := a.Owned("kitchen:0")
		if ok && a.told() == 2 && lease.Check(t.Context(), tx, []string{"kitchen:0"}, []int64{fence}) == nil {
			return true
		}
		require.NoError(t, tx.Rollback(t.Context()))
		return false
	})
	defer func() { _ = tx.Rollback(context.Background()) }()

	a.cut.Store(true)
	b := w.join("b", steady, kitchens(2)...)
	w.eventually("b has the other", func() bool { _, ok := b.Owned("kitchen:1"); return ok })
	_, ok := b.Owned("kitchen:0")
	require.False(t, ok)
	require.NoError(t, tx.Commit(t.Context()))
	w.eventually("b has both", func() bool { return b.told() == 2 })
}

// A dead node never claims: its row has expired, however sure it is of itself.
func TestExpiredNodeClaimsNothing(t *testing.T) {
	t.Parallel()
	w := setup(t)
	q := db.New(w.pool)
	require.NoError(t, q.Register(t.Context(), []string{"kitchen:1"}))
	id, err := q.InsertNode(t.Context(), db.InsertNodeParams{Name: "late", TtlSeconds: -1})
	require.NoError(t, err)
	n, err := q.Claim(t.Context(), db.ClaimParams{NodeID: id, Resources: []string{"kitchen:1"}, Fences: []int64{0}})
	require.NoError(t, err)
	require.Zero(t, n)
	rows, err := q.RenewNode(t.Context(), db.RenewNodeParams{ID: id, TtlSeconds: 60})
	require.NoError(t, err)
	require.Zero(t, rows)
}
