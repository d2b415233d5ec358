package store_test

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"brigade/internal/errs"
	"brigade/internal/store"
	"brigade/internal/store/pgtest"
)

// A crash gives the numbers of lost transactions to others: their commits are not ours.
func TestLostTransactionIsNotMistakenForAnotherWithItsNumber(t *testing.T) {
	t.Parallel()
	server := ownServer(t)
	p, err := store.Open(server.URL(), 8)
	require.NoError(t, err)
	t.Cleanup(p.Close)
	_, err = p.Exec(t.Context(), "create table written (n int)")
	require.NoError(t, err)
	var run string
	var xid, again int64
	lost := func() error { return store.Resolve(t.Context(), p, run, xid, context.DeadlineExceeded) }
	var other pgx.Tx
	t.Cleanup(func() { _ = other.Rollback(context.Background()) })
	for try := 0; try == 0 || again != xid; try++ { // on a slow machine the number may be on the disk before the crash: then it is gone for good
		require.Less(t, try, 20, "the number is given out again")
		if other != nil {
			_ = other.Rollback(t.Context())
		}
		run, xid = beginAndCrash(t, p)
		require.Eventually(t, func() bool { return store.Ready(t.Context(), p) == nil }, patience, time.Millisecond)
		require.True(t, errs.Is(lost(), errs.KindUnavailable), "the number was not given out again")
		other, again = number(t, p)
		for again < xid {
			_ = other.Rollback(t.Context())
			other, again = number(t, p)
		}
	}
	require.True(t, errs.Is(lost(), errs.KindUnavailable))
	require.NoError(t, other.Commit(t.Context()))
	require.True(t, errs.Is(lost(), errs.KindUnknown), "somebody committed under that number")
}

// number begins a transaction that is given a number.
func number(t *testing.T, p *pgxpool.Pool) (tx pgx.Tx, xid int64) {
	t.Helper()
	tx, err := p.Begin(t.Context())
	require.NoError(t, err)
	require.NoError(t, tx.QueryRow(t.Context(), "select pg_current_xact_id()::text::bigint").Scan(&xid))
	return tx, xid
}

// beginAndCrash begins a transaction, writes a row and kills its backend, upon which all of the server starts again.
func beginAndCrash(t *testing.T, p *pgxpool.Pool) (run string, xid int64) {
	t.Helper()
	tx, err := p.Begin(t.Context())
	require.NoError(t, err)
	run, err = store.RunOf(t.Context(), tx)
	require.NoError(t, err)
	require.NoError(t, tx.QueryRow(t.Context(), "select pg_current_xact_id()::text::bigint").Scan(&xid))
	_, err = tx.Exec(t.Context(), "insert into written values (1)")
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(int(tx.Conn().PgConn().PID()), syscall.SIGKILL))
	require.Error(t, tx.Commit(t.Context()))
	_ = tx.Rollback(t.Context())
	return run, xid
}

func TestTimesAreReadInUTC(t *testing.T) {
	t.Parallel()
	p := pgtest.New(t)
	var at time.Time
	var maybe *time.Time
	var list []time.Time
	require.NoError(t, p.QueryRow(t.Context(), "select now(), now(), array[now()]").Scan(&at, &maybe, &list))
	require.Equal(t, []*time.Location{time.UTC, time.UTC, time.UTC}, []*time.Location{at.Location(), maybe.Location(), list[0].Location()})
}
