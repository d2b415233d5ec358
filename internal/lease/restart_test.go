package lease_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"brigade/internal/store"
	"brigade/internal/store/localpg"
)

// Postgres stops under a node for longer than its leases last, and comes back: the node knows at once that it owns
// nothing, says so, and goes on by itself afterwards, with new fences.
func TestPostgresStopsAndStartsAgain(t *testing.T) {
	t.Parallel()
	cfg := localpg.Config{StateDir: t.TempDir()}
	server, err := localpg.Start(t.Context(), cfg)
	require.NoError(t, err)
	defer func() { require.NoError(t, server.Stop(context.Background())) }()
	require.NoError(t, store.Migrate(t.Context(), server.URL()))
	pool, err := store.Open(server.URL(), 4)
	require.NoError(t, err)
	defer pool.Close()

	w := world{t, pool}
	a := w.join("a", quick, "kitchen:1")
	var before, after int64
	w.eventually("a owns it", func() bool { before, _ = a.Owned("kitchen:1"); return a.told() == 1 && before > 0 })
	require.NoError(t, server.Stop(t.Context()))
	w.eventually("a gave itself up", func() bool { return a.told() == 0 && !a.Alive() })

	server, err = localpg.Start(t.Context(), cfg)
	require.NoError(t, err)
	w.eventually("a owns it again", func() bool {
		after, _ = a.Owned("kitchen:1")
		return a.told() == 1 && after > 0 && w.check("kitchen:1", after) == nil
	})
	require.Greater(t, after, before)
	require.Error(t, w.check("kitchen:1", before))
	require.NoError(t, a.Stop(t.Context()))
}
