package lease_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"brigade/internal/errs"
	"brigade/internal/leaktest"
	"brigade/internal/lease"
	"brigade/internal/store"
	"brigade/internal/store/pgtest"
	"brigade/internal/telemetry"
)

const (
	patience = time.Minute
	often    = 5 * time.Millisecond
)

// quick makes the tests short; the proportions are those of the defaults.
var quick = lease.Options{Heartbeat: 100 * time.Millisecond, TTL: 400 * time.Millisecond, Tick: 20 * time.Millisecond}

// steady is for nodes that stay, however slow the machine is.
var steady = lease.Options{Heartbeat: 100 * time.Millisecond, TTL: time.Hour, Tick: 20 * time.Millisecond}

// world is a few nodes over one database.
type world struct {
	t    *testing.T
	pool *pgxpool.Pool
}

func setup(t *testing.T) world {
	t.Helper()
	return world{t, pgtest.New(t)}
}

// node is a member whose connection to Postgres can be cut, and that remembers what it was told.
type node struct {
	*lease.Node
	w   world
	cut atomic.Bool

	mu     sync.Mutex
	owned  map[string]int64
	gained int
	lost   int
}

var errCut = errors.New("the cable is cut")

func (w world) join(name string, opt lease.Options, resources ...string) *node {
	w.t.Helper()
	n := &node{w: w, owned: map[string]int64{}}
	cfg := w.pool.Config()
	cfg.PrepareConn = func(context.Context, *pgx.Conn) (bool, error) {
		if n.cut.Load() {
			return false, errCut
		}
		return true, nil
	}
	pool, err := pgxpool.NewWithConfig(w.t.Context(), cfg)
	require.NoError(w.t, err)
	defer pool.Close() // the node has connections of its own
	n.Node, err = lease.Join(w.t.Context(), pool, name, []string{"kitchen", "relay"}, opt)
	require.NoError(w.t, err)
	w.t.Cleanup(func() {
		n.cut.Store(false)
		require.NoError(w.t, n.Stop(context.Background()))
	})
	if resources != nil {
		n.want(resources...)
	}
	return n
}

func (n *node) want(resources ...string) {
	n.w.t.Helper()
	list := func(context.Context) ([]string, error) { return resources, nil }
	require.NoError(n.w.t, n.Want("kitchen", list, n.changed))
}

// changed checks that the changes it is told of follow from each other.
func (n *node) changed(c lease.Change) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, r := range c.Lost {
		if _, had := n.owned[r]; !had {
			n.w.t.Errorf("lost %s without having had it", r)
		}
		delete(n.owned, r)
	}
	for _, l := range c.Gained {
		if _, had := n.owned[l.Resource]; had {
			n.w.t.Errorf("gained %s twice", l.Resource)
		}
		n.owned[l.Resource] = l.Fence
	}
	n.gained += len(c.Gained)
	n.lost += len(c.Lost)
}

// told is how many resources the node was told to own.
func (n *node) told() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.owned)
}

func (w world) eventually(what string, ok func() bool) {
	w.t.Helper()
	require.Eventually(w.t, ok, patience, often, what)
}

func (w world) check(resource string, fence int64) error {
	return pgx.BeginFunc(w.t.Context(), w.pool, func(tx pgx.Tx) error {
		return lease.Check(w.t.Context(), tx, []string{resource}, []int64{fence})
	})
}

func kitchens(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("kitchen:%d", i)
	}
	return all
}

func TestMain(m *testing.M) {
	leaktest.Main(m)
}

func TestOneNodeOwnsEverythingUntilItStops(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a := w.join("a", steady, kitchens(10)...)
	w.eventually("a owns all", func() bool { return a.told() == 10 })
	fence, ok := a.Owned("kitchen:3")
	require.True(t, ok)
	require.EqualValues(t, 1, fence)
	require.NoError(t, w.check("kitchen:3", fence))
	require.Len(t, a.Held("kitchen"), 10)
	require.Empty(t, a.Held("relay"))
	_, ok = a.Owned("kitchen:99")
	require.False(t, ok)

	require.NoError(t, a.Stop(t.Context()))
	require.NoError(t, a.Stop(t.Context()), "twice is fine")
	require.Zero(t, a.told(), "told of the loss")
	_, ok = a.Owned("kitchen:3")
	require.False(t, ok)
	state, err := lease.Cluster(t.Context(), w.pool)
	require.NoError(t, err)
	require.Empty(t, state.Nodes)
	require.Len(t, state.Leases, 10)
	require.Nil(t, state.Leases[0].Since)
}

func TestCleanStopHandsOverAtOnce(t *testing.T) {
	t.Parallel()
	w := setup(t)
	long := lease.Options{Heartbeat: time.Hour, TTL: 3 * time.Hour, Tick: 20 * time.Millisecond} // no expiry can help
	a := w.join("a", long, "kitchen:1")
	w.eventually("a owns it", func() bool { return a.told() == 1 })
	b := w.join("b", long, "kitchen:1")
	require.NoError(t, a.Stop(t.Context()))
	w.eventually("b owns it", func() bool { return b.told() == 1 })
	fence, _ := b.Owned("kitchen:1")
	require.EqualValues(t, 2, fence)
	require.Error(t, w.check("kitchen:1", 1))
	require.NoError(t, w.check("kitchen:1", 2))
}

func TestPausedNodeLosesItsLeases(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a := w.join("a", quick, kitchens(4)...)
	w.eventually("a owns all", func() bool { return a.told() == 4 })
	b := w.join("b", steady, kitchens(4)...)
	var before []lease.Lease
	var old int64
	w.eventually("shared", func() bool {
		before, old = a.Held("kitchen"), a.ID()
		return a.told() == 2 && b.told() == 2 && len(before) == 2
	})

	a.cut.Store(true)
	w.eventually("a gave itself up", func() bool { return a.told() == 0 && !a.Alive() })
	_, ok := a.Owned(before[0].Resource)
	require.False(t, ok)
	w.eventually("b took over", func() bool { return b.told() == 4 })
	for _, l := range before {
		stale := &lease.StaleError{}
		require.ErrorAs(t, w.check(l.Resource, l.Fence), &stale)
		require.Equal(t, []string{l.Resource}, stale.Resources)
		fence, _ := b.Owned(l.Resource)
		require.Greater(t, fence, l.Fence)
		require.NoError(t, w.check(l.Resource, fence))
	}

	a.cut.Store(false)
	w.eventually("a is back under a new ID", func() bool { return a.ID() != old && a.told() == 2 && b.told() == 2 })
}

func TestNodeGivesItselfUpBeforeTheDatabaseDoes(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a := w.join("a", quick, "kitchen:1")
	w.eventually("a owns it", func() bool { return a.told() == 1 })
	a.cut.Store(true)
	w.eventually("a gave itself up", func() bool { _, ok := a.Owned("kitchen:1"); return !ok })
	require.Nil(t, a.Held("kitchen"))
	w.eventually("told", func() bool { return a.told() == 0 })
	a.cut.Store(false)
	w.eventually("a owns it again", func() bool { return a.told() == 1 })
}

// Every connection dies, again and again: the node goes on, and nothing it owns is lost.
func TestConnectionsDie(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a := w.join("a", steady, kitchens(3)...)
	w.eventually("a owns all", func() bool { return a.told() == 3 })
	for range 5 {
		_, err := w.pool.Exec(t.Context(), `select pg_terminate_backend(pid) from pg_stat_activity
			where datname = current_database() and pid <> pg_backend_pid()`)
		require.NoError(t, err)
		before := w.expiry()
		w.eventually("renewed", func() bool { return w.expiry().After(before) })
	}
	require.Equal(t, 3, a.told())
	fence, ok := a.Owned("kitchen:1")
	require.True(t, ok)
	require.EqualValues(t, 1, fence, "never changed hands")
	require.NoError(t, w.check("kitchen:1", fence))
}

func (w world) expiry() (at time.Time) {
	require.NoError(w.t, w.pool.QueryRow(w.t.Context(), "select max(expires_at) from nodes").Scan(&at))
	return at
}

func TestDeletedNodeJoinsAgainUnderANewID(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a := w.join("a", steady, "kitchen:1")
	w.eventually("a owns it", func() bool { return a.told() == 1 })
	old := a.ID()
	_, err := w.pool.Exec(t.Context(), "delete from nodes")
	require.NoError(t, err)
	w.eventually("a owns it again", func() bool { f, ok := a.Owned("kitchen:1"); return ok && f > 1 && a.ID() != old })
	w.eventually("told", func() bool { a.mu.Lock(); defer a.mu.Unlock(); return a.gained == 2 && a.lost == 1 })
}

func TestFairShareAndResourcesThatComeAndGo(t *testing.T) {
	t.Parallel()
	w := setup(t)
	var mu sync.Mutex
	all := kitchens(30)
	list := func(context.Context) ([]string, error) { mu.Lock(); defer mu.Unlock(); return slices.Clone(all), nil }
	var nodes []*node
	total := func() (n int) {
		for _, x := range nodes {
			n += x.told()
		}
		return n
	}
	for i := range 3 {
		n := w.join(fmt.Sprint("n", i), steady)
		require.NoError(t, n.Want("kitchen", list, n.changed))
		nodes = append(nodes, n)
		w.eventually("shared fairly", func() bool {
			for _, x := range nodes {
				if x.told() != 30/len(nodes) {
					return false
				}
			}
			return true
		})
	}
	mu.Lock()
	all = append(all[5:], "kitchen:new")
	mu.Unlock()
	nodes[0].Poke()
	w.eventually("26 are owned", func() bool { return total() == 26 })
	w.eventually("the old ones by nobody", func() bool {
		state, err := lease.Cluster(t.Context(), w.pool)
		require.NoError(t, err)
		return !slices.ContainsFunc(state.Leases, func(o lease.Ownership) bool { return o.Resource == "kitchen:0" && o.Node != 0 })
	})
}

func TestReplaceTakesOverWithoutWaiting(t *testing.T) {
	t.Parallel()
	w := setup(t)
	slow := lease.Options{Heartbeat: time.Hour, TTL: 3 * time.Hour, Tick: 20 * time.Millisecond, Replace: true}
	a := w.join("up", slow, "kitchen:1")
	w.eventually("a owns it", func() bool { return a.told() == 1 })
	b := w.join("up", slow, "kitchen:1") // a was killed
	w.eventually("b owns it", func() bool { return b.told() == 1 })
	require.Error(t, w.check("kitchen:1", 1))
}

func TestWantRefusesWhatItCannotShare(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a := w.join("a", quick, "kitchen:1")
	list := func(context.Context) ([]string, error) { return nil, nil }
	require.Equal(t, errs.KindInvalid, errs.KindOf(a.Want("driver", list, a.changed)))
	require.Equal(t, errs.KindInvalid, errs.KindOf(a.Want("kitchen", list, a.changed)))
	require.NoError(t, a.Want("relay", list, a.changed))
}

// Faults of a list (an error, a foreign name) cost a look, nothing else.
func TestListFaults(t *testing.T) {
	t.Parallel()
	w := setup(t)
	var calls atomic.Int32
	a := w.join("a", quick)
	require.NoError(t, a.Want("kitchen", func(context.Context) ([]string, error) {
		switch calls.Add(1) {
		case 1:
			return nil, errors.New("no list today")
		case 2:
			return []string{"relay:main"}, nil
		}
		return []string{"kitchen:1"}, nil
	}, a.changed))
	w.eventually("a owns it", func() bool { return a.told() == 1 })
}

func TestJoinWithoutPostgres(t *testing.T) {
	t.Parallel()
	cfg, err := pgxpool.ParseConfig("host=/nonexistent")
	require.NoError(t, err)
	pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
	require.NoError(t, err)
	defer pool.Close()
	_, err = lease.Join(t.Context(), pool, "a", nil, quick)
	require.Equal(t, errs.KindUnavailable, errs.KindOf(err))
}

func TestClusterAndCleanUp(t *testing.T) {
	t.Parallel()
	w := setup(t)
	_, err := w.pool.Exec(t.Context(), `insert into nodes (name, roles, expires_at) values
		('long dead', 'api', now() - interval '25 hours'), ('dead', '', now() - interval '23 hours')`)
	require.NoError(t, err)
	metrics := telemetry.NewMetrics()
	opt := steady
	opt.Metrics = metrics.Lease
	a := w.join("a", opt, "kitchen:1")
	w.eventually("a owns it", func() bool { return a.told() == 1 })
	state, err := lease.Cluster(t.Context(), w.pool)
	require.NoError(t, err)
	require.Len(t, state.Nodes, 2)
	require.False(t, state.Nodes[0].Alive)
	require.Empty(t, state.Nodes[0].Roles)
	require.Equal(t, []string{"kitchen", "relay"}, state.Nodes[1].Roles)
	require.True(t, state.Nodes[1].Alive)
	require.Equal(t, a.ID(), state.Nodes[1].ID)
	require.Len(t, state.Leases, 1)
	require.Equal(t, "a", state.Leases[0].NodeName)
	require.NotNil(t, state.Leases[0].Since)
	require.WithinDuration(t, time.Now(), *state.Leases[0].Since, time.Minute)
}

func TestCheckNamesEverythingStale(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a := w.join("a", steady, kitchens(3)...)
	w.eventually("a owns all", func() bool { return a.told() == 3 })
	err := store.Commit(t.Context(), w.pool, func(tx store.Tx) error {
		return lease.Check(t.Context(), tx, []string{"kitchen:2", "kitchen:0", "kitchen:9", "kitchen:1"}, []int64{7, 1, 1, 0})
	})
	stale := &lease.StaleError{}
	require.ErrorAs(t, err, &stale)
	require.Equal(t, []string{"kitchen:1", "kitchen:2", "kitchen:9"}, stale.Resources)
	require.Equal(t, errs.KindUnavailable, errs.KindOf(err))
	require.ErrorContains(t, err, "kitchen:9")
	require.NoError(t, store.Commit(t.Context(), w.pool, func(tx store.Tx) error {
		return lease.Check(t.Context(), tx, nil, nil)
	}))
}
