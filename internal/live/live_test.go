package live

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/errs"
	"brigade/internal/event"
	"brigade/internal/event/brokertest"
	"brigade/internal/event/eventtest"
	"brigade/internal/leaktest"
	"brigade/internal/telemetry"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

var silent = slog.New(slog.DiscardHandler)

// background runs a loop until the test ends.
func background(t *testing.T, loop func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- loop(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
	})
}

func link(t *testing.T, url string) *Link {
	t.Helper()
	l, err := Open(url, "a test", silent, telemetry.NewMetrics().Redis)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	background(t, l.Run)
	return l
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for until := time.Now().Add(time.Minute); !is(); <-time.After(2 * time.Millisecond) {
		require.True(t, time.Now().Before(until), what)
	}
}

// process is one of several that share a Redis and a log.
type process struct {
	id    int64
	link  *Link
	tail  *event.Tail
	watch *Watch
	cache *Cache
}

func start(t *testing.T, id int64, log event.Log, url string) *process {
	p := &process{id: id, link: link(t, url), tail: event.NewTail(log, event.TailOptions{Logger: silent})}
	p.watch = NewWatch(p.tail, func() int64 { return id })
	p.cache = NewCache(p.link, p.watch, "here")
	background(t, p.tail.Run)
	background(t, p.watch.Run)
	eventually(t, "Redis is up", p.link.Up)
	eventually(t, "the watch follows", func() bool { return p.watch.holds("nothing", 1<<60) })
	return p
}

// truth is a database: for each order the position of its last change.
type truth struct {
	log *eventtest.Log
	mu  sync.Mutex
	now map[int64]int64
}

func change(order, origin int64) event.Event {
	e := eventtest.Event(order, 1)
	e.AggregateType, e.Origin = event.AggregateOrder, origin
	return e
}

// write changes an order as a process does, and returns what a read must show from then on.
func (d *truth) write(p *process, order int64) int64 {
	e := change(order, p.id)
	p.watch.Writing([]event.Event{e})
	d.mu.Lock()
	defer d.mu.Unlock()
	d.log.Append(e)
	d.now[order]++
	return d.now[order]
}

func (d *truth) read(order int64) int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.now[order]
}

func (d *truth) through(t *testing.T, p *process, order int64, loads *atomic.Int64) int64 {
	v, err := Read(t.Context(), p.cache, fmt.Sprint("order:", order), time.Minute, func() (int64, Subject, error) {
		loads.Add(1)
		v := d.read(order)
		if rand.IntN(4) == 0 { // what is written late is old
			<-time.After(time.Duration(rand.IntN(3000)) * time.Microsecond)
		}
		return v, Order(order), nil
	})
	require.NoError(t, err)
	return v
}

// Three processes write and read at random, by one Redis that is flushed now and then. Who wrote reads what he wrote,
// nobody ever goes back in time, and when all is quiet everybody reads the truth, without asking the database.
func TestNobodyReadsWhatIsOld(t *testing.T) {
	t.Parallel()
	server := brokertest.Redis(t)
	d := &truth{log: eventtest.NewLog(), now: map[int64]int64{}}
	const orders, steps = 4, 150
	var processes []*process
	for id := range int64(3) {
		processes = append(processes, start(t, id+1, d.log, server.URL()))
	}
	var loads, reads atomic.Int64
	var all sync.WaitGroup
	for _, p := range processes {
		for range 2 {
			all.Go(func() {
				written := map[int64]int64{}
				for range steps {
					order := 1 + rand.Int64N(orders)
					switch n := rand.IntN(100); {
					case n < 15:
						written[order] = d.write(p, order)
						p.tail.Poke()
					case n == 99:
						p.link.client.FlushAll(t.Context())
					default:
						reads.Add(1)
						v := d.through(t, p, order, &loads)
						if v < written[order] {
							t.Errorf("process %d wrote %d and read %d", p.id, written[order], v)
							return
						}
					}
				}
			})
		}
	}
	all.Wait()
	end, err := d.log.Probe(t.Context())
	require.NoError(t, err)
	for _, p := range processes {
		eventually(t, "the tail has all", func() bool { return p.tail.Stats().Position == end.Head })
		for order := range int64(orders) {
			eventually(t, "the truth is read", func() bool { return d.through(t, p, order+1, &loads) == d.read(order+1) })
		}
	}
	before := loads.Load()
	for order := range int64(orders) {
		for _, p := range processes {
			eventually(t, "it is shared", func() bool {
				was := loads.Load()
				return d.through(t, p, order+1, &loads) == d.read(order+1) && loads.Load() == was
			})
		}
	}
	t.Logf("%d reads asked the database %d times while everybody wrote, and %d times afterwards", reads.Load(), before, loads.Load()-before)
}

func TestAYoungEntryIsNotOverwritten(t *testing.T) {
	t.Parallel()
	server := brokertest.Redis(t)
	p := start(t, 1, eventtest.NewLog(), server.URL())
	p.cache.put(t.Context(), "k", 7, Order(1), "young", time.Minute)
	p.cache.put(t.Context(), "k", 5, Order(1), "old", time.Minute)
	var v string
	eventually(t, "the young one is there", func() bool { return p.cache.get(t.Context(), "k", &v) })
	require.Equal(t, "young", v)
	p.cache.put(t.Context(), "k", 8, Order(1), "younger", time.Minute)
	eventually(t, "the younger one is there", func() bool { return p.cache.get(t.Context(), "k", &v) && v != "young" })
	require.Equal(t, "younger", v)
	p.watch.take([]event.Event{{Position: 9, AggregateType: event.AggregateTicket, AggregateID: 1}})
	require.False(t, p.cache.get(t.Context(), "k", &v))
	require.Positive(t, p.link.client.PTTL(t.Context(), "brigade:read:here:k").Val())
}

// While Redis hangs, refuses or is gone, everything is read from the database, at once but for the first who notices.
func TestReadsGoOnWithoutRedis(t *testing.T) {
	t.Parallel()
	server := brokertest.Redis(t)
	proxy := brokertest.NewProxy(t, server.Addr())
	p := start(t, 1, eventtest.NewLog(), "redis://"+proxy.Addr())
	read := func() (loaded bool) {
		v, err := Read(t.Context(), p.cache, "k", time.Minute, func() (string, Subject, error) {
			loaded = true
			return "there", Order(1), nil
		})
		require.NoError(t, err)
		require.Equal(t, "there", v)
		return loaded
	}
	require.True(t, read())
	eventually(t, "it is kept", func() bool { return !read() }) // a Redis that is slow for a moment keeps nothing
	for name, break_ := range map[string]func() (mend func()){
		"hangs": proxy.Block,
		"is cut": func() func() {
			proxy.Refuse(true)
			return func() { proxy.Refuse(false) }
		},
		"is gone": func() func() {
			server.Kill()
			return func() { server.Start(t) }
		},
	} {
		mend := break_()
		for range 50 {
			require.True(t, read(), name)
		}
		require.False(t, p.link.Up(), name)
		require.NotEmpty(t, p.link.State().Why)
		mend()
		eventually(t, "Redis is back when it "+name, p.link.Up)
		eventually(t, "it is used again", func() bool { return !read() })
	}
}

// A client who goes away in the middle is no fault of Redis'.
func TestAClientWhoHasGone(t *testing.T) {
	t.Parallel()
	server := brokertest.Redis(t)
	p := start(t, 1, eventtest.NewLog(), server.URL())
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Read(gone, p.cache, "k", time.Minute, func() (int, Subject, error) { return 0, "", errors.New("gone") })
	require.ErrorContains(t, err, "gone")
	require.True(t, p.link.Up())
	v, err := Read(gone, nil, "k", time.Minute, func() (int, Subject, error) { return 3, "", nil })
	require.NoError(t, err)
	require.Equal(t, 3, v)
}

func TestSubjects(t *testing.T) {
	t.Parallel()
	payload := event.TaskPayload{TaskID: 7, OrderID: 4711, Description: `"order_id":5`}
	e := event.New(event.TaskReady, event.AggregateTask, 7, 1, time.Now(), payload)
	e.Outlet = 3
	require.Equal(t, []Subject{"order:4711", "outlet:3"}, subjects(e))
	e.Payload = []byte(`{"task_id": 7, "order_id": 12}`) // as Postgres may write it
	require.Equal(t, []Subject{"order:12", "outlet:3"}, subjects(e))
	e.Payload = []byte(`{}`)
	require.Equal(t, []Subject{"outlet:3"}, subjects(e))
	require.Equal(t, []Subject{"order:9"}, subjects(event.Event{AggregateType: event.AggregateOrder, AggregateID: 9}))
}

func TestMoreSubjectsThanAreKept(t *testing.T) {
	t.Parallel()
	w := NewWatch(event.NewTail(eventtest.NewLog(), event.TailOptions{Logger: silent}), func() int64 { return 1 })
	w.begin(event.TailStats{Settled: true})
	events := make([]event.Event, subjectsKept+1)
	for i := range events {
		events[i] = event.Event{Position: int64(i + 1), AggregateType: event.AggregateOrder, AggregateID: int64(i)}
	}
	w.take(events[:subjectsKept])
	require.True(t, w.holds(Order(5), 6))
	require.False(t, w.holds(Order(5), 5))
	w.take(events[subjectsKept:])
	require.False(t, w.holds(Order(5), subjectsKept), "nobody knows any more")
	require.True(t, w.holds(Order(5), subjectsKept+1))
}

func TestPokes(t *testing.T) {
	t.Parallel()
	server := brokertest.Redis(t)
	poked := make([]atomic.Int64, 2)
	var pokes []*Pokes
	for i := range poked {
		p := NewPokes(link(t, server.URL()), func() { poked[i].Add(1) })
		background(t, p.Send)
		background(t, p.Listen)
		eventually(t, "it listens", func() bool { return poked[i].Load() > 0 }) // who begins to listen may have missed something
		pokes = append(pokes, p)
	}
	one, two := poked[0].Load(), poked[1].Load()
	pokes[0].Committed()
	eventually(t, "the other one is told", func() bool { return poked[1].Load() > two })
	require.Equal(t, one, poked[0].Load(), "nobody tells himself")
	server.Kill()
	pokes[0].Committed()
	server.Start(t)
	eventually(t, "the connection is back", func() bool {
		two = poked[1].Load()
		pokes[0].Committed()
		<-time.After(20 * time.Millisecond)
		return poked[1].Load() > two
	})
}

func TestWhatIsWrongIsSaid(t *testing.T) {
	t.Parallel()
	_, err := Open("http://:sesame@x", "x", silent, nil)
	require.True(t, errs.Is(err, errs.KindInvalid))
	require.NotContains(t, err.Error(), "sesame")
	server := brokertest.Redis(t, "--requirepass", "sesame")
	for url, want := range map[string]string{
		server.URL():                        "refuses the user or the password",
		"redis://:wrong@" + server.Addr():   "refuses the user or the password",
		"redis://x:sesame@" + server.Addr(): "refuses the user or the password",
		"redis://127.0.0.1:1":               "cannot be reached",
		"unix:///nowhere/redis.sock":        "cannot be reached",
	} {
		l, err := Open(url, "x", silent, nil)
		require.NoError(t, err)
		require.Error(t, l.Ping(t.Context()))
		require.Contains(t, l.State().Why, want, url)
		require.NoError(t, l.Close())
	}
	require.Contains(t, Explain(context.DeadlineExceeded), "does not answer")
}
