package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"brigade/internal/store"
	"brigade/internal/store/pgtest"
)

// region is one with two dispatchers, each a process of its own.
type region struct {
	t           *testing.T
	api         *process
	pool        *pgxpool.Pool
	dispatchers map[int64]*process // by node
}

func newRegion(t *testing.T) *region {
	url := pgtest.NewURL(t)
	pool, err := store.Open(url, 2)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	r := &region{t: t, pool: pool, dispatchers: map[int64]*process{}}
	serve := func(roles string) *process {
		return boot(t, "serve", "--database-url", url, freePort, "--role", roles, "--demo=data", "--log-level=error")
	}
	r.api = serve("api,kitchen,relay")
	for range 2 {
		p := serve("delivery")
		r.dispatchers[r.number("select max(id) from nodes")] = p
	}
	return r
}

func (r *region) number(sql string, args ...any) (n int64) {
	r.t.Helper()
	require.NoError(r.t, r.pool.QueryRow(r.t.Context(), sql, args...).Scan(&n))
	return n
}

// ask asks the API for what has to work.
func (r *region) ask(method, path, body string) (answer map[string]any) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.api.url+"/api/v1"+path, bytes.NewBufferString(body))
	require.NoError(r.t, err)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := http.DefaultClient.Do(req)
	require.NoError(r.t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(r.t, err)
	require.Less(r.t, res.StatusCode, 300, "%s %s: %s", method, path, text)
	require.NoError(r.t, json.Unmarshal(text, &answer), string(text))
	return answer
}

func (r *region) eventually(what string, so func() bool) {
	r.t.Helper()
	require.Eventually(r.t, so, patience, 20*time.Millisecond, what)
}

// owner is the node that decides, once one does.
func (r *region) owner() (node int64) {
	r.t.Helper()
	r.eventually("somebody decides", func() bool {
		node = r.number(`select coalesce(max(l.node_id), 0) from leases l join nodes n on n.id = l.node_id
			where l.resource like 'delivery:%' and n.expires_at > now()`)
		return r.dispatchers[node] != nil
	})
	return node
}

// A dispatcher is killed when it has decided and is about to commit: nothing of its decision is there, the other one decides
// anew, and the order comes to its door by one driver.
//
//nolint:paralleltest // its processes and those of the other tests together would want more connections than there are
func TestADispatcherIsKilledBetweenDecisionAndCommit(t *testing.T) {
	r := newRegion(t)
	number := r.ask(http.MethodPost, "/orders", `{"type":"delivery","customer_name":"Ada","delivery_address":"Gran Vía 1, Madrid",
		"delivery_location":{"lat":40.4215,"lon":-3.7040},"items":[{"sku":"dip_cup","quantity":1}]}`)["number"].(string)
	_, err := r.pool.Exec(t.Context(), "update orders set status = 'ready', ready_at = now(), version = version + 1 where number = $1", number)
	require.NoError(t, err)
	r.owner()

	hold, err := r.pool.Begin(t.Context()) // whoever decides cannot commit
	require.NoError(t, err)
	_, err = hold.Exec(t.Context(), "set local idle_in_transaction_session_timeout = 0") // however long that takes
	require.NoError(t, err)
	_, err = hold.Exec(t.Context(), "select from deliveries where number = $1 for update", number)
	require.NoError(t, err)
	r.ask(http.MethodPost, "/driver/online?driver=Marta", "")
	r.eventually("it has decided, and waits to commit", func() bool {
		return r.number("select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like '%LockDeliveries%'") > 0
	})
	owner := r.owner()
	r.dispatchers[owner].signal(syscall.SIGKILL)
	<-r.dispatchers[owner].exited
	delete(r.dispatchers, owner)
	for _, other := range r.dispatchers {
		other.signal(syscall.SIGSTOP) // it does not decide before it has been looked
	}
	require.NoError(t, hold.Rollback(t.Context()))
	require.Zero(t, r.number("select count(*) from delivery_offers"), "nothing of the decision is there")
	for _, other := range r.dispatchers {
		other.signal(syscall.SIGCONT)
	}

	r.eventually("the other one decides anew", func() bool {
		return r.number("select count(*) from deliveries d join drivers x on x.id = d.driver_id where d.status = 'offered' and x.name = 'Marta'") == 1
	})
	require.NotEqual(t, owner, r.owner())
	require.EqualValues(t, 1, r.number("select count(*) from delivery_offers"))
	require.EqualValues(t, 1, r.number("select count(*) from event_log where type = 'DELIVERY_OFFERED'"))
	for _, step := range []string{"accept", "pickup", "delivered"} {
		r.ask(http.MethodPost, "/driver/deliveries/"+number+"/"+step+"?driver=Marta", `{}`)
	}
	require.Equal(t, "delivered", r.ask(http.MethodGet, "/orders/"+number, "")["status"])
	require.Contains(t, ok(t, "driver", "show", "Marta", "--server", r.api.url), "WAITING_FOR_WORK")
}
