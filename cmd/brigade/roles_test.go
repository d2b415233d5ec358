package main

import (
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"brigade/internal/config"
	"brigade/internal/store"
	"brigade/internal/store/pgtest"
)

// fleet is processes that share a Postgres, each with one role.
type fleet struct {
	t        *testing.T
	url      string
	pool     *pgxpool.Pool
	byRole   map[config.Role][]*process
	starting sync.Mutex
}

func newFleet(t *testing.T) *fleet {
	url := pgtest.NewURL(t)
	pool, err := store.Open(url, 2)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return &fleet{t: t, url: url, pool: pool, byRole: map[config.Role][]*process{}}
}

// add starts one more process of each role.
func (f *fleet) add(roles ...config.Role) {
	var all sync.WaitGroup
	for _, role := range roles {
		all.Go(func() {
			p := start(f.t, "serve", "--database-url", f.url, freePort, "--role", string(role), "--demo=busy", "--time-scale=20", "--log-level=error",
				"--leader-heartbeat=1", "--leader-lock-ttl=3")
			f.starting.Lock()
			defer f.starting.Unlock()
			f.byRole[role] = append(f.byRole[role], p)
		})
	}
	all.Wait()
	for _, role := range roles {
		f.byRole[role][len(f.byRole[role])-1].awaitReady()
	}
}

// remove takes the first process of each role away, by a signal to all of them at once.
func (f *fleet) remove(s syscall.Signal) {
	for role, list := range f.byRole {
		list[0].signal(s)
		f.byRole[role] = list[1:]
	}
}

// settled waits until so many nodes are alive and every lease has an owner among those, and says how long that took.
func (f *fleet) settled(nodes int, what string) {
	f.t.Helper()
	began := time.Now()
	var alive, leases, orphans int
	require.Eventually(f.t, func() bool {
		require.NoError(f.t, f.pool.QueryRow(f.t.Context(), `
			select (select count(*) from nodes where expires_at > now()), count(*), count(*) filter (where n.id is null)
			from leases l left join nodes n on n.id = l.node_id and n.expires_at > now()`).Scan(&alive, &leases, &orphans))
		return alive == nodes && leases > 0 && orphans == 0
	}, patience, 20*time.Millisecond, what)
	f.t.Logf("%s: all %d leases have an owner among %d nodes after %v", what, leases, nodes, time.Since(began).Round(10*time.Millisecond))
}

// owners are all leases with the ids of their owners, as brigade cluster tells; some may just be changing hands.
func (f *fleet) owners() map[string]int64 {
	f.t.Helper()
	for until := time.Now().Add(patience); time.Now().Before(until); <-time.After(50 * time.Millisecond) {
		var state struct {
			Leases []struct {
				Resource string
				Node     int64 `json:"node_id"`
				Since    *time.Time
			}
		}
		require.NoError(f.t, json.Unmarshal([]byte(ok(f.t, "cluster", "--json", "--database-url", f.url)), &state))
		owners, all := map[string]int64{}, true
		for _, l := range state.Leases {
			owners[l.Resource] = l.Node
			all = all && l.Node != 0 && l.Since != nil
		}
		if all {
			return owners
		}
	}
	require.FailNow(f.t, "a lease has no owner")
	return nil
}

// works places an order by one process, and waits until another one has given tasks to people since then, and a third has
// carried what happened.
func (f *fleet) works() {
	f.t.Helper()
	var before int64
	require.NoError(f.t, f.pool.QueryRow(f.t.Context(), "select max(position) from event_log").Scan(&before))
	ok(f.t, "order", "place", "--item=dip_cup", "--server", f.byRole[config.RoleAPI][0].url)
	require.Eventually(f.t, func() bool {
		var carried int
		require.NoError(f.t, f.pool.QueryRow(f.t.Context(), `
			select count(*) from event_log e, event_sinks s
			where e.type = 'TASK_ASSIGNED' and e.position > $1 and e.position <= s.position and s.name = 'main'`, before).Scan(&carried))
		return carried > 0
	}, patience, 50*time.Millisecond, "work goes on")
}

// Two processes of each role share the work. When one of each is killed, or told to end, the other takes over what it
// decided for.
func TestRolesChangeHands(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.add(config.Roles...) // the first one loads the demo for all
	f.add(config.Roles...)
	n := len(config.Roles) + 1 // an orchestrator stands for leader as a node of its own
	f.settled(2*n, "two of each")
	f.works()

	before := f.owners()
	require.Regexp(t, `relay:main +\d+ \S+ +alive +\S`, ok(t, "cluster", "--database-url", f.url))
	f.remove(syscall.SIGKILL)
	f.settled(n, "one of each is killed")
	after := f.owners()
	require.Equal(t, slices.Sorted(maps.Keys(before)), slices.Sorted(maps.Keys(after)))
	require.NotEqual(t, before, after)
	f.works()

	f.add(config.Roles...)
	f.settled(2*n, "one more of each")
	f.remove(syscall.SIGTERM)
	f.settled(n, "one of each is told to end")
	f.works()
	for _, list := range f.byRole {
		for _, p := range list {
			p.end()
		}
	}
}
