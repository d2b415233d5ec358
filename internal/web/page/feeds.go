package page

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
	"runtime/debug"
	"slices"
	"strconv"
	"sync"
	"time"

	"brigade/internal/event"
	"brigade/internal/tenant"
)

const (
	spacing    = 250 * time.Millisecond // between two looks at a topic, at least
	rest       = 1                      // and at least so many times as long as a look takes
	abreast    = 8                      // looks at once: screens are not to take the kitchen's connections to Postgres
	lookAgain  = 10 * time.Second       // without an event: shifts begin and figures age by time alone
	lookOver   = time.Minute            // the same of what is over
	lookMax    = 30 * time.Second       // a look that takes longer has failed, and lets others have their turn
	beatEvery  = 5 * time.Second        // a sign of life; browsers miss it after 12 s
	writeMax   = 10 * time.Second       // a viewer that takes no data for so long is gone
	checkEvery = 15 * time.Second       // how long a token that was revoked may still watch
)

// Section is one part of a page that changes while somebody looks: its name among those of the page, its template and
// what that shows.
type Section struct {
	Name, Part string
	Data       any
	Event      string // of the message that brings it; "" = its name
}

// Topic is what a feed is about, one look at which serves all who watch it.
type Topic struct {
	Key    string        // among those of the same Feeds
	Events event.Filter  // what happens to it
	Outlet tenant.Outlet // whose clock is shown
	// Concerns tells whether one of Events is worth a look; nil: each is.
	Concerns func(event.Event) bool
}

// concerns tells whether one of some events is worth a look.
func (t Topic) concerns(events []event.Event) bool {
	return t.Concerns == nil || slices.ContainsFunc(events, t.Concerns)
}

// About is the topic of an outlet, whole.
func About(o tenant.Outlet) Topic {
	return Topic{Key: strconv.FormatInt(o.ID, 10), Events: event.Filter{Tenant: o.Tenant, Outlet: o.ID}, Outlet: o}
}

// FeedOptions say how some pages are kept up to date.
type FeedOptions struct {
	// Page returns the template that has the parts, in the language of a view.
	Page func(view string) *template.Template
	// Look reads a topic for all who watch it.
	Look func(ctx context.Context, t Topic) (any, error)
	// Cut is what a look shows in a view; it is called for each view, and renders nothing.
	Cut func(t Topic, view string, look any) []Section
	// Spacing is the time between two looks at a topic, at least; 0 = 250 ms.
	Spacing time.Duration
	// Again is when a topic is looked at anew although nothing has happened: less than 5 s, or whole fives of seconds; 0 = 10 s.
	Again time.Duration
	// Over tells that of what was read nothing changes by time alone any more; nil: it always may.
	Over func(look any) bool
}

// Feeds keep the viewers of some pages up to date. All viewers of a topic share one feed, which reads once for all of
// them and renders once for all who have the same view of it, begins with the first and ends with the last.
type Feeds struct {
	FeedOptions
	tail *event.Tail
	log  *slog.Logger
	beat func(o tenant.Outlet) any // what the partial "clock" shows
	free chan struct{}             // of those who may look at once
	mu   sync.Mutex

	active map[string]*feed
}

// Feeds returns feeds that nobody watches yet.
func (k *Kit) Feeds(o FeedOptions) *Feeds {
	return &Feeds{
		FeedOptions: o, tail: k.Tail, log: k.Log, active: map[string]*feed{}, free: make(chan struct{}, abreast),
		beat: func(o tenant.Outlet) any { return k.Time(o) },
	}
}

// feed is one topic as it was last read.
type feed struct {
	topic Topic
	stop  context.CancelFunc

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

// join returns a viewer of a topic, who has seen nothing yet, and a way to leave.
func (f *Feeds) join(t Topic, view string) (*feed, *viewer, func()) {
	fd, v, fresh := f.enter(t, view)
	if fresh {
		fd.turn.Lock()
		defer fd.turn.Unlock()
		if fd.last != nil {
			_ = f.draw(context.Background(), fd, view) // it was logged; the next look tells the viewer
		}
	}
	return fd, v, func() { f.leave(fd, view, v) }
}

// enter adds a viewer; fresh is true when nobody has this view yet.
func (f *Feeds) enter(t Topic, view string) (fd *feed, v *viewer, fresh bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fd = f.active[t.Key]
	if fd == nil {
		ctx, stop := context.WithCancel(context.Background())
		fd = &feed{topic: t, stop: stop, screens: map[string]*screen{}}
		f.active[t.Key] = fd
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

func (f *Feeds) leave(fd *feed, view string, v *viewer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fd.mu.Lock()
	defer fd.mu.Unlock()
	delete(v.screen.viewers, v)
	if len(v.screen.viewers) == 0 && fd.screens[view] == v.screen {
		delete(fd.screens, view)
	}
	if len(fd.screens) == 0 && f.active[fd.topic.Key] == fd {
		delete(f.active, fd.topic.Key)
		fd.stop()
	}
}

// run keeps a feed up to date until nobody watches: it looks, rests, and waits until something happens.
func (f *Feeds) run(ctx context.Context, fd *feed) {
	sub := f.tail.Subscribe(0, fd.topic.Events)
	defer sub.Close()
	for ctx.Err() == nil {
		began := time.Now()
		f.update(ctx, fd)
		if !sleep(ctx, max(cmp.Or(f.Spacing, spacing), rest*time.Since(began))) || !f.await(ctx, fd, sub) {
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
func (f *Feeds) await(ctx context.Context, fd *feed, sub *event.Subscription) bool {
	again := cmp.Or(f.Again, lookAgain)
	if f.Over != nil && fd.last != nil && f.Over(fd.last) {
		again = lookOver
	}
	pause := min(again, beatEvery)
	for range int(again / pause) {
		for _, view := range fd.views() {
			f.put(ctx, fd, view, Section{Name: "clock", Part: "clock", Data: f.beat(fd.topic.Outlet)})
		}
		switch news, err := awaitNews(ctx, fd.topic, sub, pause); {
		case ctx.Err() != nil || errors.Is(err, event.ErrStopped):
			return false
		case news:
			return true
		}
	}
	return true
}

// awaitNews waits for something that the topic is about, until the next sign of life is due.
func awaitNews(ctx context.Context, t Topic, sub *event.Subscription, pause time.Duration) (news bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, pause)
	defer cancel()
	for {
		events, lagged, err := sub.Next(ctx)
		if err != nil {
			return false, err
		}
		if lagged || t.concerns(events) {
			return true, nil
		}
	}
}

func (fd *feed) views() []string {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	return slices.Collect(maps.Keys(fd.screens))
}

// update looks and keeps what has changed. When looking fails, viewers are told that what they see is old.
func (f *Feeds) update(ctx context.Context, fd *feed) {
	look, err := f.lookInTurn(ctx, fd.topic)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		f.log.WarnContext(ctx, "what is shown could not be read for its viewers", "action", "look_failed", "topic", fd.topic.Key, "error", err)
	}
	fd.turn.Lock()
	defer fd.turn.Unlock()
	if err == nil {
		fd.last = look
	}
	for _, view := range fd.views() {
		trouble := err != nil || f.draw(ctx, fd, view) != nil
		f.put(ctx, fd, view, Section{Name: "trouble", Part: "trouble", Data: trouble})
	}
}

func (f *Feeds) lookInTurn(ctx context.Context, t Topic) (look any, err error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case f.free <- struct{}{}:
	}
	defer func() { <-f.free }()
	ctx, cancel := context.WithTimeout(ctx, lookMax)
	defer cancel()
	defer f.caught(ctx, t, &err)
	return f.Look(ctx, t)
}

// caught makes an error of a panic: what is wrong with one page must not end the process, which cooks and drivers work with.
func (f *Feeds) caught(ctx context.Context, t Topic, err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("panic: %v", p)
		f.log.ErrorContext(ctx, "a look panicked", "action", "panic", "topic", t.Key, "error", *err, "stack", string(debug.Stack()))
	}
}

// draw renders a view of what was last read.
func (f *Feeds) draw(ctx context.Context, fd *feed, view string) (err error) {
	defer f.caught(ctx, fd.topic, &err)
	sections := f.Cut(fd.topic, view, fd.last)
	keep := map[string]bool{"clock": true, "trouble": true}
	for _, s := range sections {
		keep[s.Name] = true
		f.put(ctx, fd, view, s)
	}
	fd.drop(view, keep)
	return nil
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
func (f *Feeds) put(ctx context.Context, fd *feed, view string, s Section) {
	var html bytes.Buffer
	if err := f.Page(view).ExecuteTemplate(&html, s.Part, s.Data); err != nil {
		f.log.ErrorContext(ctx, "a part of a page could not be rendered", "action", "page_failed", "part", s.Part, "error", err)
		return
	}
	fd.mu.Lock()
	defer fd.mu.Unlock()
	sc := fd.screens[view]
	if sc == nil {
		return // the last who had this view has left
	}
	old, known := sc.sections[s.Name]
	if known && bytes.Equal(old.html, html.Bytes()) {
		return
	}
	if !known {
		sc.order = append(sc.order, s.Name)
	}
	sc.version++
	sc.sections[s.Name] = rendered{cmp.Or(s.Event, s.Name), html.Bytes(), sc.version}
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

// Stream sends a topic's sections as they change until the visitor leaves or may not watch any more. Whoever comes
// back gets everything anew.
func (f *Feeds) Stream(w http.ResponseWriter, r *http.Request, t Topic, view string, mayStay func(context.Context) error) error {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // proxies pass it on at once
	out := http.NewResponseController(w)
	_ = out.SetReadDeadline(time.Time{}) // a stream has no end; not every writer knows deadlines
	if _, err := w.Write([]byte("retry: 1000\n\n")); err != nil {
		return nil
	}
	fd, v, leave := f.join(t, view)
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
