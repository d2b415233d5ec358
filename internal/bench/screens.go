package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"strconv"
	"sync"
	"time"

	"brigade/internal/event"
)

// How long the cooks of the screens' benchmark take to begin what they were given, and to finish it.
const (
	lookFor = 300 * time.Millisecond
	cookFor = 1200 * time.Millisecond
)

// Live is how soon screens showed what happened, and what open screens cost.
type Live struct {
	Screens   int     `json:"screens"`     // that were watched
	Rate      float64 `json:"orders_rate"` // orders per second, whole lives, over all kitchens
	Started   int     `json:"started"`     // tasks that were begun
	Seen      Latency `json:"seen_ms"`     // from the cook's tap until the last byte of the changed card was at the screen
	Missed    int     `json:"missed"`      // that a screen never showed as begun
	Bytes     float64 `json:"bytes_per_second_and_screen"`
	Cores     float64 `json:"cores"` // of this process, the cooks and the screens' ends included
	PGCores   float64 `json:"postgres_cores,omitempty"`
	Open      int     `json:"open"` // streams that were opened in the end, where little happens
	BeforeMiB float64 `json:"rss_before_mib"`
	OpenMiB   float64 `json:"rss_open_mib"`
}

func (l *Live) write(w io.Writer) {
	if l == nil {
		return
	}
	fmt.Fprintf(w, "  screens   %d at %.0f orders/s: p50 %.1f  p90 %.1f  p99 %.1f  max %.1f ms from the tap to the screen (%d taps, %d never seen)\n",
		l.Screens, l.Rate, l.Seen.P50, l.Seen.P90, l.Seen.P99, l.Seen.Max, l.Started, l.Missed)
	fmt.Fprintf(w, "            %.1f KB/s a screen; %.2f cores, Postgres %.2f\n", l.Bytes/1000, l.Cores, l.PGCores)
	fmt.Fprintf(w, "  open      %d streams: %.0f MiB, %.0f MiB before\n", l.Open, l.OpenMiB, l.BeforeMiB)
}

// Screens measures how soon kitchen screens show that a task was begun, while orders live whole lives in all kitchens at a
// fixed rate, and then what many open screens cost.
func Screens(ctx context.Context, o Options) (r Report, err error) {
	o = o.withDefaults()
	setDefault(&o.Kitchens, 50)
	setDefault(&o.Screens, 50)
	setDefault(&o.Rate, 100)
	r = Report{Bench: "screens", Machine: thisMachine()}
	if err := o.check(); err != nil {
		return r, err
	}
	st, err := setUp(ctx, o, Setup{HTTP: true, Tenants: []string{tenantFile("bench", o.Kitchens, 10)}})
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, st.close(context.WithoutCancel(ctx))) }()
	if r.Machine.Postgres, st.postgres, err = meet(ctx, st.DatabaseURL); err != nil {
		return r, err
	}
	k, err := newKitchens(ctx, st)
	if err != nil {
		return r, err
	}
	w := &wall{kitchens: k, taps: map[int64]time.Time{}, live: &Live{Screens: o.Screens, Rate: o.Rate, Open: o.Connections}}
	if w.token, err = st.Token(ctx, k.owner); err != nil {
		return r, err
	}
	r.Check, r.Live = &Check{}, w.live
	if err := w.watch(ctx); err != nil {
		return r, err
	}
	if err := w.open(ctx); err != nil {
		return r, err
	}
	l := w.live
	r.Check.Accepted, r.Check.Stored = int(k.placed.Load()), int(k.placed.Load())
	r.Check.expect(k.failures.Load() == 0, "%d taps failed", k.failures.Load())
	r.Check.expect(l.Started == tasksPerOrder*r.Check.Accepted, "%d tasks were begun, of %d orders", l.Started, r.Check.Accepted)
	return r, r.err()
}

// wall is all screens of a benchmark.
type wall struct {
	*kitchens
	token string
	live  *Live

	mu    sync.Mutex
	taps  map[int64]time.Time // when a task was begun that no screen has shown
	seen  []time.Duration
	bytes int64
}

// watch opens the screens and lets orders live while they are looked at.
func (w *wall) watch(ctx context.Context) error {
	work, rest := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer rest()
	for i := range w.o.Screens {
		body, err := w.connect(work, i)
		if err != nil {
			return err
		}
		wg.Go(func() { w.look(body) })
	}
	sub := w.Events.Subscribe(1<<18, event.Filter{Tenant: w.owner.Tenant, Types: []event.Type{event.TaskAssigned}})
	defer sub.Close()
	wg.Go(func() { w.listen(work, sub) })
	for range bumpers {
		wg.Go(func() { w.cook(work) })
	}
	w.o.say("%d screens in %d kitchens, %.0f orders a second for %v", w.o.Screens, w.o.Kitchens, w.o.Rate, w.o.Duration)
	err := w.o.profiled(func() {
		l := w.metered(func() *Load {
			return atRate(work, "orders", 64, w.o.Rate, w.o.Duration, func(ctx context.Context, _, _ int) error {
				if err := w.under.Acquire(ctx, tasksPerOrder); err != nil {
					return err
				}
				return w.place(ctx)
			})
		})
		w.live.Cores, w.live.PGCores = l.Cores, l.PGCores
	})
	if err != nil {
		return err
	}
	if err := w.drain(ctx); err != nil {
		return err
	}
	if err := pause(ctx, time.Second); err != nil { // the screens show the last
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.live.Missed, w.live.Started = len(w.taps), len(w.taps)+len(w.seen)
	w.live.Bytes = float64(w.bytes) / w.o.Duration.Seconds() / float64(w.o.Screens)
	if seen := latencyOf(w.seen); seen != nil {
		w.live.Seen = *seen
	}
	return nil
}

// connect opens a screen: of the kitchens that have one, in turn.
func (w *wall) connect(ctx context.Context, i int) (io.ReadCloser, error) {
	url := fmt.Sprintf("%s/live/kitchen/kitchen-%d/all", w.URL, i%w.o.Kitchens)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Cookie", "brigade_token="+w.token)
	res, err := (&http.Transport{DisableCompression: true, ReadBufferSize: 2048, WriteBufferSize: 1024}).RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusOK {
		_ = res.Body.Close()
		return nil, fmt.Errorf("a screen was answered %s", res.Status)
	}
	return res.Body, nil
}

// look reads what comes to a screen, until it is closed.
func (w *wall) look(screen io.ReadCloser) {
	defer func() { _ = screen.Close() }()
	lines := bufio.NewReaderSize(screen, 64<<10)
	for {
		line, err := lines.ReadSlice('\n')
		if err != nil {
			return
		}
		w.note(line, time.Now())
	}
}

// note remembers when a screen first showed a task as begun.
func (w *wall) note(line []byte, now time.Time) {
	_, rest, begun := bytes.Cut(line, []byte(`row started" data-task="`))
	id, _, _ := bytes.Cut(rest, []byte(`"`))
	task, err := strconv.ParseInt(string(id), 10, 64)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.bytes += int64(len(line))
	if !begun || err != nil {
		return
	}
	if at, open := w.taps[task]; open {
		w.seen = append(w.seen, now.Sub(at))
		delete(w.taps, task)
	}
}

// cook begins and finishes tasks at the pace of people, many beside each other, until ctx ends.
func (w *wall) cook(ctx context.Context) {
	seen := context.WithoutCancel(ctx)
	for {
		select {
		case <-ctx.Done():
			return
		case task := <-w.todo:
			if pause(ctx, lookFor) != nil {
				return
			}
			w.tapped(task)
			if _, err := w.Kitchen.Start(seen, w.owner, task); err != nil {
				w.kitchens.note(ctx, err)
				continue
			}
			_ = pause(ctx, cookFor) // at the end, too, what was begun is finished
			if _, err := w.Kitchen.Complete(seen, w.owner, task); err != nil {
				w.kitchens.note(ctx, err)
				continue
			}
			w.done.Add(1)
			w.under.Release(1)
		}
	}
}

// tapped remembers when a task was begun whose kitchen has a screen.
func (w *wall) tapped(task int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.taps[task] = time.Now()
}

// open opens many screens and measures what they take.
func (w *wall) open(ctx context.Context) error {
	debug.FreeOSMemory()
	w.live.BeforeMiB = residentMiB()
	w.o.say("opening %d streams", w.o.Connections)
	work, rest := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer rest()
	for i := range w.o.Connections {
		body, err := w.connect(work, i)
		if err != nil {
			return err
		}
		wg.Go(func() {
			defer func() { _ = body.Close() }()
			_, _ = io.CopyBuffer(io.Discard, struct{ io.Reader }{body}, make([]byte, 512)) // until it is closed
		})
	}
	if err := pause(ctx, min(w.o.Duration, 10*time.Second)); err != nil {
		return err
	}
	debug.FreeOSMemory()
	w.live.OpenMiB = residentMiB()
	return nil
}
