package web

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"brigade/internal/event"
	"brigade/internal/tenant"
)

const (
	spacing    = 250 * time.Millisecond // between two looks at an outlet, at least
	rest       = 4                      // and at least so many times as long as a look takes
	lookAgain  = 10 * time.Second       // without an event: shifts begin and figures age by time alone
	beatEvery  = 5 * time.Second        // a sign of life; browsers miss it after 12 s
	writeMax   = 10 * time.Second       // a viewer that takes no data for so long is gone
	checkEvery = 15 * time.Second       // how long a token that was revoked may still watch
)

// section is one part of a page that changes while somebody looks: its name among those of the page, its template and
// what that shows.
type section struct {
	name, part string
	data       any
	event      string // of the message that brings it; "" = its name
}

// feeds keeps the viewers of some pages up to date. All viewers of an outlet share one feed, which reads once for all of
// them and renders once for all who have the same view of it, begins with the first and ends with the last.
type feeds struct {
	tail *event.Tail
	log  *slog.Logger
	page func(view string) *template.Template // which has the parts
	look func(ctx context.Context, o tenant.Outlet) (any, error)
	cut  func(o tenant.Outlet, view string, look any) []section
	beat func(o tenant.Outlet) any // what the partial "clock" shows
	mu   sync.Mutex

	spacing time.Duration // between two looks at an outlet, at least; 0 = spacing
	active  map[int64]*feed
}

// feed is one outlet as it was last read.
type feed struct {
	outlet tenant.Outlet
	stop   context.CancelFunc

	turn sync.Mutex // who draws: an older look never overwrites a newer one
	last any        // look; nil: none yet

	mu      sync.Mutex
	screens map[string]*screen // by view
}

// screen is a page as it was last rendered for one view.
type screen struct {
	order    []string
	sections map[string]rendered
	version  uint64
	viewers  map[*viewer]struct{}
}

// rendered is a section's HTML and the version of the page that brought it.
type rendered struct {
	event   string
	html    []byte
	version uint64
}

// viewer is somebody who watches: what he has seen, and a signal that there is more.
type viewer struct {
	screen *screen
	seen   uint64
	signal chan struct{} // capacity 1
}

// join returns a viewer of an outlet, who has seen nothing yet, and a way to leave.
func (f *feeds) join(o tenant.Outlet, view string) (*feed, *viewer, func()) {
	fd, v, fresh := f.enter(o, view)
	if fresh {
		fd.turn.Lock()
		defer fd.turn.Unlock()
		if fd.last != nil {
			f.draw(context.Background(), fd, view)
		}
	}
	return fd, v, func() { f.leave(fd, view, v) }
}

// enter adds a viewer; fresh is true when nobody has this view yet.
func (f *feeds) enter(o tenant.Outlet, view string) (fd *feed, v *viewer, fresh bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fd = f.active[o.ID]
	if fd == nil {
		ctx, stop := context.WithCancel(context.Background())
		fd = &feed{outlet: o, stop: stop, screens: map[string]*screen{}}
		f.active[o.ID] = fd
		go f.run(ctx, fd)
	}
	fd.mu.Lock()
	defer fd.mu.Unlock()
	if fd.screens[view] == nil {
		fd.screens[view], fresh = &screen{sections: map[string]rendered{}, viewers: map[*viewer]struct{}{}}, true
	}
	v = &viewer{screen: fd.screens[view], signal: make(chan struct{}, 1)}
	v.screen.viewers[v] = struct{}{}
	v.wake()
	return fd, v, fresh
}

func (f *feeds) leave(fd *feed, view string, v *viewer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fd.mu.Lock()
	defer fd.mu.Unlock()
	delete(v.screen.viewers, v)
	if len(v.screen.viewers) == 0 && fd.screens[view] == v.screen {
		delete(fd.screens, view)
	}
	if len(fd.screens) == 0 && f.active[fd.outlet.ID] == fd {
		delete(f.active, fd.outlet.ID)
		fd.stop()
	}
}

// run keeps a feed up to date until nobody watches: it looks, rests, and waits until something happens.
func (f *feeds) run(ctx context.Context, fd *feed) {
	sub := f.tail.Subscribe(0, event.Filter{Tenant: fd.outlet.Tenant, Outlet: fd.outlet.ID})
	defer sub.Close()
	for ctx.Err() == nil {
		began := time.Now()
		f.update(ctx, fd)
		if !sleep(ctx, max(cmp.Or(f.spacing, spacing), rest*time.Since(began))) || !f.await(ctx, fd, sub) {
			return
		}
	}
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// await returns when it is worth while to look again, beating meanwhile; false when there is nothing more to come.
func (f *feeds) await(ctx context.Context, fd *feed, sub *event.Subscription) bool {
	for range int(lookAgain / beatEvery) {
		for _, view := range fd.views() {
			f.put(ctx, fd, view, section{name: "clock", part: "clock", data: f.beat(fd.outlet)})
		}
		wait, cancel := context.WithTimeout(ctx, beatEvery)
		_, _, err := sub.Next(wait)
		cancel()
		switch {
		case ctx.Err() != nil || errors.Is(err, event.ErrStopped):
			return false
		case err == nil:
			return true
		}
	}
	return true
}

func (fd *feed) views() []string {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	return slices.Collect(maps.Keys(fd.screens))
}

// update looks and keeps what has changed. When looking fails, viewers are told that what they see is old.
func (f *feeds) update(ctx context.Context, fd *feed) {
	look, err := f.look(ctx, fd.outlet)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		f.log.WarnContext(ctx, "the kitchen could not be read for its viewers", "action", "look_failed", "outlet", fd.outlet.Slug, "error", err)
	}
	fd.turn.Lock()
	defer fd.turn.Unlock()
	if err == nil {
		fd.last = look
	}
	for _, view := range fd.views() {
		if err == nil {
			f.draw(ctx, fd, view)
		}
		f.put(ctx, fd, view, section{name: "trouble", part: "trouble", data: err != nil})
	}
}

// draw renders a view of what was last read.
func (f *feeds) draw(ctx context.Context, fd *feed, view string) {
	sections := f.cut(fd.outlet, view, fd.last)
	keep := map[string]bool{"clock": true, "trouble": true}
	for _, s := range sections {
		keep[s.name] = true
		f.put(ctx, fd, view, s)
	}
	fd.drop(view, keep)
}

// drop forgets sections that are no more. Their viewers hear of it by what is left.
func (fd *feed) drop(view string, keep map[string]bool) {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	sc := fd.screens[view]
	if sc == nil {
		return
	}
	sc.order = slices.DeleteFunc(sc.order, func(name string) bool { return !keep[name] })
	maps.DeleteFunc(sc.sections, func(name string, _ rendered) bool { return !keep[name] })
}

// put renders a section and, when it is not what it was, wakes the viewers.
func (f *feeds) put(ctx context.Context, fd *feed, view string, s section) {
	var html bytes.Buffer
	if err := f.page(view).ExecuteTemplate(&html, s.part, s.data); err != nil {
		f.log.ErrorContext(ctx, "a part of a page could not be rendered", "action", "page_failed", "part", s.part, "error", err)
		return
	}
	fd.mu.Lock()
	defer fd.mu.Unlock()
	sc := fd.screens[view]
	if sc == nil {
		return // the last who had this view has left
	}
	old, known := sc.sections[s.name]
	if known && bytes.Equal(old.html, html.Bytes()) {
		return
	}
	if !known {
		sc.order = append(sc.order, s.name)
	}
	sc.version++
	sc.sections[s.name] = rendered{cmp.Or(s.event, s.name), html.Bytes(), sc.version}
	for v := range sc.viewers {
		v.wake()
	}
}

func (v *viewer) wake() {
	select {
	case v.signal <- struct{}{}:
	default:
	}
}

// news is what a viewer has not seen yet, as messages of the stream. A slow viewer skips what was overtaken.
func (fd *feed) news(v *viewer) []byte {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	var out bytes.Buffer
	for _, name := range v.screen.order {
		if s := v.screen.sections[name]; s.version > v.seen {
			writeMessage(&out, s.event, s.html)
		}
	}
	v.seen = v.screen.version
	return out.Bytes()
}

// writeMessage writes one server-sent event; each line of its data has a prefix. A carriage return, which somebody's
// name may hold, would end a line too.
func writeMessage(out *bytes.Buffer, name string, data []byte) {
	fmt.Fprintf(out, "event: %s\n", name)
	for line := range bytes.Lines(bytes.ReplaceAll(data, []byte("\r"), []byte(" "))) {
		if line = bytes.TrimSpace(line); len(line) > 0 {
			fmt.Fprintf(out, "data: %s\n", line)
		}
	}
	out.WriteString("data:\n\n")
}

// stream sends an outlet's sections as they change until the visitor leaves or may not watch any more. Whoever comes
// back gets everything anew.
func (f *feeds) stream(w http.ResponseWriter, r *http.Request, o tenant.Outlet, view string, mayStay func(context.Context) error) error {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // proxies pass it on at once
	out := http.NewResponseController(w)
	_ = out.SetReadDeadline(time.Time{}) // a stream has no end; not every writer knows deadlines
	if _, err := w.Write([]byte("retry: 1000\n\n")); err != nil {
		return nil
	}
	fd, v, leave := f.join(o, view)
	defer leave()
	check := time.NewTicker(checkEvery)
	defer check.Stop()
	for {
		select {
		case <-r.Context().Done():
			return nil
		case <-check.C:
			if mayStay(r.Context()) != nil {
				return nil // when he asks again he is told why
			}
		case <-v.signal:
			_ = out.SetWriteDeadline(time.Now().Add(writeMax)) // the same
			if _, err := w.Write(fd.news(v)); err != nil {
				return nil
			}
			if err := out.Flush(); err != nil {
				return nil
			}
		}
	}
}
