package cli

import (
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"brigade/internal/event/brokertest"
	"brigade/internal/kitchen/readyqueue"
	"brigade/internal/store/pgtest"
)

func TestClusterTellsOfRedis(t *testing.T) {
	t.Parallel()
	server, url := brokertest.Redis(t), "--database-url="+pgtest.NewURL(t)
	c := redis.NewClient(&redis.Options{Addr: server.Addr()})
	defer c.Close()
	require.NoError(t, c.ZAdd(t.Context(), readyqueue.All, redis.Z{Member: 1}, redis.Z{Member: 2}).Err())
	require.Regexp(t, `redis://\S+ +up +0 +2\n`, ok(t, "cluster", url, "--redis-url", server.URL()))
	require.Contains(t, ok(t, "cluster", "--json", url, "--redis-url", server.URL()), `"ready_tasks": 2`)
	server.Kill()
	out := ok(t, "cluster", url, "--redis-url", "redis://:sesame@"+server.Addr())
	require.Contains(t, out, "Redis cannot be reached")
	require.NotContains(t, out, "sesame")
	require.NotContains(t, ok(t, "cluster", url), "REDIS")
	require.Equal(t, ExitFailed, run(t, "cluster", url, "--redis-url=http://x").code)
}
