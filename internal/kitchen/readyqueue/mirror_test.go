package readyqueue_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"brigade/internal/event/brokertest"
	"brigade/internal/kitchen"
	"brigade/internal/kitchen/readyqueue"
	"brigade/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

const aging = 0.1

// node is a node's desk, as far as queues go. Tasks' priorities are as of the moment they are asked for.
type node struct {
	mu     sync.Mutex
	queues map[int64]kitchen.Queue
	mirror *readyqueue.Mirror
	born   time.Time
}

// Queues implements readyqueue.Source.
func (n *node) Queues(_ context.Context, outlets []int64) (list []kitchen.Queue, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	now := time.Now()
	for outlet, q := range n.queues {
		if outlets == nil || slices.Contains(outlets, outlet) {
			q.At, q.Tasks = now, slices.Clone(q.Tasks)
			for i := range q.Tasks {
				q.Tasks[i].Priority += aging * now.Sub(n.born).Seconds()
			}
			list = append(list, q)
		}
	}
	return list, nil
}

// set makes the node decide for a kitchen of tenant 1, in which tasks wait with these priorities.
func (n *node) set(outlet, fence int64, tasks map[int64]float64) {
	q := kitchen.Queue{Tenant: 1, Outlet: outlet, Fence: fence}
	for id, p := range tasks {
		q.Tasks = append(q.Tasks, kitchen.Ranked{Task: id, Priority: p})
	}
	n.mu.Lock()
	n.queues[outlet] = q
	n.mu.Unlock()
	n.mirror.Changed(outlet)
}

func (n *node) lose(outlet int64) {
	n.mu.Lock()
	delete(n.queues, outlet)
	n.mu.Unlock()
}

// join starts a node whose mirror draws in the Redis at addr.
func join(t *testing.T, addr string, change ...func(*redis.Options, *readyqueue.Options)) *node {
	t.Helper()
	ro := &redis.Options{Addr: addr, MaxRetries: -1, ContextTimeoutEnabled: true, DialerRetries: 1}
	o := readyqueue.Options{
		Installation: "here", Aging: aging, Spacing: time.Millisecond, Look: 20 * time.Millisecond, Redraw: 100 * time.Millisecond,
		Timeout: time.Minute,
	}
	for _, c := range change {
		c(ro, &o)
	}
	n := &node{queues: map[int64]kitchen.Queue{}, born: time.Now()}
	client := redis.NewClient(ro)
	n.mirror = readyqueue.New(client, n, o)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- n.mirror.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
		require.NoError(t, client.Close())
	})
	return n
}

func connect(t *testing.T, addr string) *redis.Client {
	c := redis.NewClient(&redis.Options{Addr: addr})
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

// await waits until a queue holds these tasks, in this order.
func await(t *testing.T, c *redis.Client, key string, want ...int64) {
	t.Helper()
	texts := make([]string, len(want))
	for i, id := range want {
		texts[i] = strconv.FormatInt(id, 10)
	}
	got, err := []string{"?"}, error(nil)
	for until := time.Now().Add(time.Minute); !slices.Equal(got, texts) || err != nil; <-time.After(2 * time.Millisecond) {
		require.True(t, time.Now().Before(until), "%s holds %v (%v), not %v", key, got, err, texts)
		got, err = c.ZRange(t.Context(), key, 0, -1).Result()
	}
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for until := time.Now().Add(time.Minute); !is(); <-time.After(2 * time.Millisecond) {
		require.True(t, time.Now().Before(until), what)
	}
}

func TestQueuesAreShownBestFirst(t *testing.T) {
	t.Parallel()
	server := brokertest.Redis(t)
	c := connect(t, server.Addr())
	seven, eight := join(t, server.Addr()), join(t, server.Addr())
	seven.set(7, 1, map[int64]float64{1: 20, 2: 10.5})
	eight.set(8, 1, map[int64]float64{3: 1000, 4: 15})
	require.Equal(t, "tasks:pending:1:7", readyqueue.Key(1, 7))
	await(t, c, "tasks:pending:1:7", 1, 2)
	await(t, c, "tasks:pending:1:8", 3, 4)
	await(t, c, readyqueue.All, 3, 1, 4, 2)
	best, err := c.ZPopMin(t.Context(), "tasks:pending:1:7").Result()
	require.NoError(t, err)
	require.Equal(t, "1", best[0].Member)
	require.LessOrEqual(t, best[0].Score, -20.0)
	await(t, c, "tasks:pending:1:7", 1, 2) // a picture: what is taken out of it is there again

	seven.set(7, 1, map[int64]float64{2: 30, 5: 25})
	await(t, c, readyqueue.All, 3, 2, 5, 4)
	seven.set(7, 1, nil)
	await(t, c, readyqueue.All, 3, 4)
	await(t, c, "tasks:pending:1:7")
}

// What Redis loses, by whatever way, is drawn again.
func TestWhatIsLostIsDrawnAgain(t *testing.T) {
	t.Parallel()
	server := brokertest.Redis(t)
	c := connect(t, server.Addr())
	n := join(t, server.Addr())
	n.set(7, 3, map[int64]float64{1: 20, 2: 10})
	n.set(8, 3, map[int64]float64{3: 5})
	await(t, c, readyqueue.All, 1, 2, 3)
	for name, lose := range map[string]func(){
		"flushed":                func() { require.NoError(t, c.FlushAll(t.Context()).Err()) },
		"the queue of all":       func() { require.NoError(t, c.Del(t.Context(), readyqueue.All).Err()) },
		"one kitchen's":          func() { require.NoError(t, c.Del(t.Context(), readyqueue.Key(1, 7)).Err()) },
		"popped by a client":     func() { require.NoError(t, c.ZPopMin(t.Context(), readyqueue.All, 2).Err()) },
		"something that is none": func() { require.NoError(t, c.ZAdd(t.Context(), readyqueue.Key(1, 7), redis.Z{Member: "999"}).Err()) },
		"killed":                 func() { server.Kill(); server.Start(t) },
	} {
		lose()
		await(t, c, readyqueue.All, 1, 2, 3)
		await(t, c, readyqueue.Key(1, 7), 1, 2)
		eventually(t, "no trouble is left of what was "+name, func() bool { return n.mirror.Trouble() == "" })
	}
	server.Kill()
	n.set(7, 3, map[int64]float64{9: 1})
	eventually(t, "it is said", func() bool { return n.mirror.Trouble() != "" })
	server.Start(t)
	await(t, c, readyqueue.All, 3, 9)
}

// Nodes take kitchens from each other again and again, and each believes for a while longer that it still has what it has
// lost. In the end Redis shows what the last owner has, and no older owner was ever believed.
func TestOwnersChange(t *testing.T) {
	t.Parallel()
	server := brokertest.Redis(t)
	c := connect(t, server.Addr())
	nodes := []*node{join(t, server.Addr()), join(t, server.Addr()), join(t, server.Addr())}
	const kitchens, moves = 5, 200
	fences, owner, last := map[int64]int64{}, map[int64]*node{}, map[int64]map[int64]float64{}
	for i := range int64(moves) {
		outlet, n := 1+rand.Int64N(kitchens), nodes[rand.IntN(len(nodes))]
		old := owner[outlet]
		if old != n {
			fences[outlet]++
		}
		owner[outlet], last[outlet] = n, map[int64]float64{100*i + 10: 5, 100*i + 11: 7}
		n.set(outlet, fences[outlet], last[outlet])
		if old != nil && old != n { // it has not heard yet
			old.mirror.Changed(outlet)
			<-time.After(time.Duration(rand.IntN(5)) * time.Millisecond)
			old.lose(outlet)
		}
	}
	var all []int64
	for outlet, tasks := range last {
		ids := slices.SortedFunc(maps.Keys(tasks), func(a, b int64) int { return cmp.Compare(tasks[b], tasks[a]) })
		await(t, c, readyqueue.Key(1, outlet), ids...)
		all = append(all, ids...)
	}
	want := make([]string, len(all))
	for i, id := range all {
		want[i] = strconv.FormatInt(id, 10)
	}
	slices.Sort(want)
	eventually(t, "all kitchens together show the same", func() bool {
		got, err := c.ZRange(t.Context(), readyqueue.All, 0, -1).Result()
		require.NoError(t, err)
		slices.Sort(got)
		return slices.Equal(want, got)
	})
}

// A node that has lost its kitchen and does not know it is refused.
func TestAnOldOwnerIsRefused(t *testing.T) {
	t.Parallel()
	server := brokertest.Redis(t)
	c := connect(t, server.Addr())
	old, young := join(t, server.Addr()), join(t, server.Addr())
	old.set(7, 1, map[int64]float64{1: 20})
	await(t, c, readyqueue.All, 1)
	young.set(7, 2, map[int64]float64{2: 20})
	await(t, c, readyqueue.All, 2)
	for i := range int64(20) {
		old.set(7, 1, map[int64]float64{10 + i: 20})
		old.set(8, 1, map[int64]float64{1000 + i: 1}) // drawn after it
		await(t, c, readyqueue.Key(1, 8), 1000+i)
		await(t, c, readyqueue.Key(1, 7), 2)
	}
	await(t, c, readyqueue.All, 2, 1019)
}

// Long queues are drawn in parts, and changed by their differences.
func TestLongQueues(t *testing.T) {
	t.Parallel()
	server := brokertest.Redis(t)
	c := connect(t, server.Addr())
	drawn := map[bool]int{}
	var mu sync.Mutex
	n := join(t, server.Addr(), func(_ *redis.Options, o *readyqueue.Options) {
		o.Redraw = time.Hour
		o.Drawn = func(tasks int, full bool) {
			mu.Lock()
			defer mu.Unlock()
			drawn[full] += tasks
		}
	})
	tasks := map[int64]float64{}
	for i := range int64(4500) {
		tasks[i+1] = float64(i)
	}
	n.set(7, 1, maps.Clone(tasks))
	n.set(8, 1, map[int64]float64{5001: -1})
	count := func(key string) int64 { return c.ZCard(t.Context(), key).Val() }
	eventually(t, "all is drawn", func() bool { return count(readyqueue.All) == 4501 && count(readyqueue.Key(1, 7)) == 4500 })
	for i := range int64(3000) {
		delete(tasks, i+1)
		tasks[10_000+i] = float64(-i)
	}
	n.set(7, 1, maps.Clone(tasks))
	eventually(t, "all is changed", func() bool {
		return c.ZScore(t.Context(), readyqueue.Key(1, 7), "12999").Err() == nil && count(readyqueue.All) == 4501
	})
	tasks[20_000] = 1e6
	n.set(7, 1, tasks)
	eventually(t, "one more", func() bool { return count(readyqueue.All) == 4502 })
	eventually(t, "all is counted", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return maps.Equal(map[bool]int{true: 4501, false: 6001}, drawn)
	})
}

// A Redis that hangs, or that cuts connections, is tried again until it answers.
func TestNetworkTrouble(t *testing.T) {
	t.Parallel()
	server := brokertest.Redis(t)
	c := connect(t, server.Addr())
	proxy := brokertest.NewProxy(t, server.Addr())
	n := join(t, proxy.Addr(), func(_ *redis.Options, o *readyqueue.Options) { o.Timeout = 300 * time.Millisecond })
	n.set(7, 1, map[int64]float64{1: 20})
	await(t, c, readyqueue.All, 1)
	release := proxy.Block()
	n.set(7, 1, map[int64]float64{2: 20})
	eventually(t, "hanging is noticed", func() bool { return n.mirror.Trouble() != "" })
	release()
	await(t, c, readyqueue.All, 2)
	for i := range int64(10) {
		proxy.CutAfter(200 + rand.IntN(2000))
		proxy.Drop()
		n.set(7, 1, map[int64]float64{10 + i: 20, 30 + i: 10})
		<-time.After(time.Duration(rand.IntN(10)) * time.Millisecond)
	}
	proxy.CutAfter(0)
	await(t, c, readyqueue.All, 19, 39)
	await(t, c, readyqueue.Key(1, 7), 19, 39)
}

func TestWrongPasswordAndNoMemory(t *testing.T) {
	t.Parallel()
	server := brokertest.Redis(t, "--requirepass", "sesame")
	n := join(t, server.Addr(), func(o *redis.Options, _ *readyqueue.Options) { o.Password = "wrong" })
	n.set(7, 1, map[int64]float64{1: 20})
	eventually(t, "it is said", func() bool { return strings.Contains(n.mirror.Trouble(), "WRONGPASS") })
	server.Kill()
	server.Set()
	server.Start(t)
	c := connect(t, server.Addr())
	n = join(t, server.Addr())
	n.set(7, 1, map[int64]float64{1: 20})
	await(t, c, readyqueue.All, 1)
	require.NoError(t, c.ConfigSet(t.Context(), "maxmemory", "1").Err())
	n.set(7, 1, map[int64]float64{1: 20, 2: 10})
	eventually(t, "it is said", func() bool { return strings.Contains(n.mirror.Trouble(), "OOM") })
	require.NoError(t, c.ConfigSet(t.Context(), "maxmemory", "0").Err())
	await(t, c, readyqueue.All, 1, 2)
	eventually(t, "no trouble is left", func() bool { return n.mirror.Trouble() == "" })
}

// Two installations do not mix their queues; what one left behind that is gone makes room for the other.
func TestAnotherInstallation(t *testing.T) {
	t.Parallel()
	server := brokertest.Redis(t)
	c := connect(t, server.Addr())
	here := join(t, server.Addr())
	here.set(7, 50, map[int64]float64{1: 20})
	await(t, c, readyqueue.All, 1)
	there := join(t, server.Addr(), func(_ *redis.Options, o *readyqueue.Options) { o.Installation = "there" })
	there.set(7, 1, map[int64]float64{2: 20})
	eventually(t, "it is said", func() bool { return strings.Contains(there.mirror.Trouble(), "another installation") })
	await(t, c, readyqueue.All, 1)

	gone := brokertest.Redis(t)
	c = connect(t, gone.Addr())
	require.NoError(t, c.ZAdd(t.Context(), readyqueue.Key(1, 3), redis.Z{Member: "5"}).Err())
	require.NoError(t, c.HSet(t.Context(), "tasks:mirror", "installation", "x", "generation", "y", "beat", time.Now().Unix()-31, "1:3", "9:1").Err())
	there = join(t, gone.Addr())
	there.set(7, 1, map[int64]float64{2: 20})
	await(t, c, readyqueue.All, 2)
	await(t, c, readyqueue.Key(1, 3))
}

// A kitchen that nobody draws any more vanishes.
func TestClosedKitchensVanish(t *testing.T) {
	t.Parallel()
	server := brokertest.Redis(t)
	c := connect(t, server.Addr())
	n := join(t, server.Addr())
	n.set(7, 1, map[int64]float64{1: 20})
	await(t, c, readyqueue.All, 1)
	old := time.Now().Unix() - 301
	require.NoError(t, c.ZAdd(t.Context(), readyqueue.Key(2, 3), redis.Z{Member: "5"}).Err())
	require.NoError(t, c.ZAdd(t.Context(), readyqueue.All, redis.Z{Member: "5"}).Err())
	require.NoError(t, c.HSet(t.Context(), "tasks:mirror", "2:3", fmt.Sprint("4:", old), "swept", old).Err())
	await(t, c, readyqueue.Key(2, 3))
	await(t, c, readyqueue.All, 1)
	shown, err := readyqueue.Look(t.Context(), c)
	require.NoError(t, err)
	require.Equal(t, int64(1), shown.Tasks)
}

// A source that cannot tell is asked again.
type mute struct{ asked int }

func (m *mute) Queues(context.Context, []int64) ([]kitchen.Queue, error) {
	m.asked++
	if m.asked < 3 {
		return nil, errors.New("stopped")
	}
	return []kitchen.Queue{{Tenant: 1, Outlet: 7, Fence: 1, Tasks: []kitchen.Ranked{{Task: 1, Priority: 1}}}}, nil
}

func TestASourceThatFails(t *testing.T) {
	t.Parallel()
	server := brokertest.Redis(t)
	c := connect(t, server.Addr())
	m := readyqueue.New(c, &mute{}, readyqueue.Options{Installation: "here", Aging: aging})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx) }()
	await(t, c, readyqueue.All, 1)
	cancel()
	require.NoError(t, <-done)
}
