package app_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"brigade/internal/app"
	"brigade/internal/config"
	"brigade/internal/event/brokertest"
	"brigade/internal/store/pgtest"
)

func confirm(t *testing.T, a *app.App, id string) {
	t.Helper()
	body := fmt.Sprintf(`{"external_order_id":%q,"items":{"burger_combo":1}}`, id)
	res, err := http.Post(a.URL()+"/api/v1/orders/confirm", "application/json", strings.NewReader(body))
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusCreated, res.StatusCode)
}

// readiness asks /ready, which must be so, what it says of Redis.
func readiness(t *testing.T, a *app.App) string {
	t.Helper()
	res, err := http.Get(a.URL() + "/ready")
	require.NoError(t, err)
	defer res.Body.Close()
	require.Equal(t, http.StatusOK, res.StatusCode)
	var said struct{ Status, Redis string }
	require.NoError(t, json.NewDecoder(res.Body).Decode(&said))
	require.Equal(t, "ready", said.Status)
	return said.Redis
}

// mirrored waits until Redis shows what is ready in Postgres, and nothing else.
func mirrored(t *testing.T, p *pgxpool.Pool, c *redis.Client) {
	t.Helper()
	eventually(t, "Redis shows what is ready", func() bool {
		rows, err := p.Query(t.Context(), "select id::text from tasks where status = 'UNASSIGNED' and ready_at is not null")
		require.NoError(t, err)
		ready, err := pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(t, err)
		rows, err = p.Query(t.Context(), "select distinct 'tasks:pending:' || tenant_id || ':' || outlet_id from tasks")
		require.NoError(t, err)
		kitchen, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[string])
		require.NoError(t, err)
		slices.Sort(ready)
		for _, key := range []string{"tasks:pending", kitchen} {
			shown, err := c.ZRange(t.Context(), key, 0, -1).Result()
			slices.Sort(shown)
			if err != nil || len(ready) < 5 || !slices.Equal(ready, shown) {
				return false
			}
		}
		return true
	})
}

// Two nodes show in Redis what waits in the kitchen that one of them decides for: while Redis is killed, started again
// empty, flushed and hangs, and when the kitchen changes hands. Nobody who orders notices.
func TestReadyQueuesInRedis(t *testing.T) {
	t.Parallel()
	server := brokertest.Redis(t)
	proxy := brokertest.NewProxy(t, server.Addr())
	database := pgtest.NewURL(t)
	b := config.Brokers{RedisURL: config.URL("redis://" + proxy.Addr() + "/0")}
	one, two := startWith(t, database, b), startWith(t, database, b)
	p := pool(t, database)
	c := redis.NewClient(&redis.Options{Addr: server.Addr()})
	defer c.Close()
	n := 0
	load := func(a *app.App) {
		var guests sync.WaitGroup
		for range 4 {
			first := n
			n += 5
			guests.Go(func() {
				for i := range 5 {
					confirm(t, a, fmt.Sprint("o", first+i))
				}
			})
		}
		guests.Wait()
	}
	load(one)
	mirrored(t, p, c)
	best, err := c.ZRangeWithScores(t.Context(), "tasks:pending", 0, 0).Result()
	require.NoError(t, err)
	require.Negative(t, best[0].Score)
	eventually(t, "it is said that Redis is up", func() bool { return readiness(t, one) == "up" && readiness(t, two) == "up" })

	server.Kill()
	load(two)
	eventually(t, "it is said that Redis is away", func() bool {
		return strings.Contains(readiness(t, one), "Redis") && strings.HasPrefix(readiness(t, two), "away since")
	})
	server.Start(t)
	mirrored(t, p, c)
	require.NoError(t, c.FlushAll(t.Context()).Err())
	mirrored(t, p, c)
	release := proxy.Block()
	load(one)
	release()
	mirrored(t, p, c)

	require.NoError(t, stop(one))
	load(two)
	mirrored(t, p, c)
	eventually(t, "it is said that Redis is up again", func() bool { return readiness(t, two) == "up" })
}

// A password that Redis refuses is said at the start, and is no reason not to serve.
func TestRedisRefusesThePassword(t *testing.T) {
	t.Parallel()
	server := brokertest.Redis(t, "--requirepass", "sesame")
	var log syncBuffer
	a := app.New(app.Config{
		Roles: []config.Role{config.RoleAPI, config.RoleKitchen}, Addr: "127.0.0.1:0", DatabaseURL: pgtest.NewURL(t), Demo: config.DemoData,
		Logger:  slog.New(slog.NewTextHandler(&log, nil)),
		Brokers: config.Brokers{RedisURL: config.URL("redis://:wrong@" + server.Addr())},
	})
	require.NoError(t, a.Start(t.Context()))
	defer func() { require.NoError(t, stop(a)) }()
	require.Contains(t, readiness(t, a), "Redis refuses the user or the password of --redis-url")
	require.Contains(t, log.String(), "Redis refuses the user or the password of --redis-url")
	require.NotContains(t, log.String(), "wrong")
	server.Kill()
	server.Set("--requirepass", "wrong")
	server.Start(t)
	eventually(t, "it is tried again", func() bool { return readiness(t, a) == "up" })
}

// syncBuffer is a log.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// What one process commits is seen by another, which looks because it is told so.
func TestOtherProcessesAreToldByRedis(t *testing.T) {
	t.Parallel()
	server := brokertest.Redis(t)
	database := pgtest.NewURL(t)
	b := config.Brokers{RedisURL: config.URL(server.URL())}
	one, two := startWith(t, database, b), startWith(t, database, b)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, two.URL()+"/api/v1/events?types=TASK_CREATED", http.NoBody)
	require.NoError(t, err)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	require.Equal(t, http.StatusOK, res.StatusCode)
	lines := bufio.NewScanner(res.Body)
	heard := func() {
		for lines.Scan() {
			if strings.HasPrefix(lines.Text(), "data:") {
				return
			}
		}
		require.NoError(t, lines.Err())
	}
	var took []time.Duration
	for i := range 40 {
		began := time.Now()
		confirm(t, one, fmt.Sprint("told", i))
		heard()
		took = append(took, time.Since(began))
		for range 3 {
			heard()
		}
	}
	slices.Sort(took)
	t.Logf("from sending an order to one process until another tells of it: median %v, longest %v", took[len(took)/2], took[len(took)-1])
}

// Following an order is answered from what was read before, by whichever process, and still nobody is told what is old:
// not who has just changed something, and nobody once his process knows.
func TestTrackingIsShared(t *testing.T) {
	t.Parallel()
	server := brokertest.Redis(t)
	database := pgtest.NewURL(t)
	b := config.Brokers{RedisURL: config.URL(server.URL())}
	one, two := startWith(t, database, b), startWith(t, database, b)
	p := pool(t, database)
	track := func(a *app.App, number string) string {
		res, err := http.Get(a.URL() + "/orders/" + number + "/status")
		require.NoError(t, err)
		defer res.Body.Close()
		var s status
		require.NoError(t, json.NewDecoder(res.Body).Decode(&s))
		return s.Current
	}
	for i := range 5 {
		confirm(t, one, fmt.Sprint("t", i))
		var number string
		require.NoError(t, p.QueryRow(t.Context(), "select number from orders order by id desc limit 1").Scan(&number))
		for range 10 {
			require.Contains(t, []string{"received", "cooking"}, track(two, number))
		}
		res, err := http.Post(one.URL()+"/api/v1/orders/"+number+"/cancel", "application/json", strings.NewReader(`{"reason":"test"}`))
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Equal(t, http.StatusOK, res.StatusCode)
		require.Equal(t, "cancelled", track(one, number), "who wrote reads what he wrote")
		eventually(t, "the other process knows", func() bool { return track(two, number) == "cancelled" })
	}
	res, err := http.Get(two.URL() + "/metrics")
	require.NoError(t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.Regexp(t, `brigade_redis_cached_reads_total{outcome="hit"} [1-9]`, string(text))
}
