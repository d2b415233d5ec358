package store_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"brigade/internal/store"
	"brigade/internal/store/pgtest"
)

var errFewer = errors.New("fewer rows than expected")

func TestPipeline(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	ctx := t.Context()
	_, err := pool.Exec(ctx, "create table pipes (n int primary key)")
	require.NoError(t, err)
	count := func() (n int) {
		require.NoError(t, pool.QueryRow(ctx, "select count(*) from pipes").Scan(&n))
		return n
	}
	insert := func(work func(context.Context, *store.Pipeline) error) error {
		return store.Commit(ctx, pool, func(tx store.Tx) error {
			p := store.NewPipeline(tx)
			for n := range 3 {
				if _, err := p.Exec(ctx, "insert into pipes values ($1)", n); err != nil {
					return err
				}
			}
			return work(ctx, p)
		})
	}

	// A query sees what was executed before it.
	require.NoError(t, insert(func(ctx context.Context, p *store.Pipeline) error {
		var n int
		require.NoError(t, p.QueryRow(ctx, "select count(*) from pipes").Scan(&n))
		require.Equal(t, 3, n)
		return p.Flush(ctx)
	}))
	require.Equal(t, 3, count())

	// What fails, fails with the flush, and nothing is written.
	err = insert(func(ctx context.Context, p *store.Pipeline) error { return p.Flush(ctx) })
	require.True(t, store.IsUnique(err, "pipes_pkey"), "%v", err)
	_, err = pool.Exec(ctx, "delete from pipes")
	require.NoError(t, err)
	for _, rows := range []int{3, 4} {
		err = insert(func(ctx context.Context, p *store.Pipeline) error {
			p.Expect(rows, errFewer)
			_, _ = p.Exec(ctx, "update pipes set n = n + 10")
			_, _ = p.Exec(ctx, "insert into pipes values (99)")
			return p.Flush(ctx)
		})
		if rows == 3 {
			require.NoError(t, err)
			require.Equal(t, 4, count())
			continue
		}
		require.ErrorIs(t, err, errFewer)
		require.Equal(t, 4, count())
	}
}
