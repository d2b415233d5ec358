package page

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/event"
	"brigade/internal/event/eventtest"
	"brigade/internal/tenant"
)

// watched is a feed of a page with the sections a and b, over a log in memory and a virtual clock.
type watched struct {
	t     *testing.T
	feeds *Feeds
	log   *eventtest.Log
	a, b  atomic.Value
	looks atomic.Int64
	fault atomic.Value
	slow  atomic.Int64 // how long a look takes
	wild  atomic.Value // called by a look, when it is set
}

var testOutlet = About(tenant.Outlet{ID: 9, Tenant: 1, Slug: "o"})

func newWatched(t *testing.T) *watched {
	t.Helper()
	w := &watched{t: t, log: eventtest.NewLog()}
	w.a.Store("a1")
	w.b.Store("b1")
	tail := event.NewTail(w.log, event.TailOptions{})
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = tail.Run(ctx) }()
	t.Cleanup(func() { stop(); <-done })
	page := template.Must(template.New("").Parse(
		`{{define "text"}}{{.}}{{end}}{{define "clock"}}tick {{.}}{{end}}{{define "trouble"}}{{if .}}trouble{{end}}{{end}}`))
	w.feeds = (&Kit{Parts: Parts{Tail: tail, Log: slog.New(slog.DiscardHandler)}}).Feeds(FeedOptions{
		Look: w.look,
		Page: func(string) *template.Template { return page },
		Cut:  func(_ Topic, _ string, look any) []Section { return look.([]Section) },
	})
	w.feeds.beat = func(tenant.Outlet) any { return time.Now().Unix() }
	return w
}

func (w *watched) look(ctx context.Context, _ Topic) (any, error) {
	w.looks.Add(1)
	sleep(ctx, time.Duration(w.slow.Load()))
	if wild, _ := w.wild.Load().(func() any); wild != nil {
		return wild(), ctx.Err()
	}
	if err, _ := w.fault.Load().(error); err != nil && err.Error() != "" {
		return nil, err
	}
	return []Section{{Name: "a", Part: "text", Data: w.a.Load()}, {Name: "b", Part: "text", Data: w.b.Load()}}, nil
}

func (w *watched) happens() {
	e := event.New(event.TaskStarted, event.AggregateTask, 1, 1, time.Now(), event.TaskPayload{})
	e.Tenant, e.Outlet = testOutlet.Outlet.Tenant, testOutlet.Outlet.ID
	w.log.Append(e)
	w.feeds.tail.Poke()
}

// read returns the messages that a viewer gets once everything is quiet.
func read(fd *feed, v *viewer) string {
	<-time.After(time.Second)
	synctest.Wait()
	return string(fd.news(v))
}

func TestOnlyWhatChangedIsSent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWatched(t)
		fd, v, leave := w.feeds.join(testOutlet, "")
		defer leave()
		first := read(fd, v)
		require.Contains(t, first, "event: a\ndata: a1\ndata:\n\n")
		require.Contains(t, first, "event: b\ndata: b1\ndata:\n\n")
		require.Contains(t, first, "event: clock\ndata: tick")

		w.b.Store("b2")
		w.happens()
		news := read(fd, v)
		require.Contains(t, news, "event: b\ndata: b2\n")
		require.NotContains(t, news, "event: a\n")

		_, late, leaveLate := w.feeds.join(testOutlet, "")
		defer leaveLate()
		again := read(fd, late)
		require.Contains(t, again, "event: a\ndata: a1\n", "whoever comes back gets everything")
		require.Contains(t, again, "event: b\ndata: b2\n")
	})
}

func TestViewersShareOneLookAndTheLastOneEndsIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWatched(t)
		var leaves []func()
		for range 50 {
			_, _, leave := w.feeds.join(testOutlet, "")
			leaves = append(leaves, leave)
		}
		<-time.After(time.Minute)
		looks := w.looks.Load()
		require.LessOrEqual(t, looks, int64(10), "nothing happens, so time alone makes it look")
		for _, leave := range leaves {
			leave()
			leave()
		}
		synctest.Wait()
		require.Empty(t, w.feeds.active)
		<-time.After(time.Minute)
		require.Equal(t, looks, w.looks.Load(), "nobody watches")
	})
}

func TestABusyOutletIsLookedAtFourTimesASecond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWatched(t)
		_, _, leave := w.feeds.join(testOutlet, "")
		defer leave()
		for range 1000 {
			w.happens()
			<-time.After(10 * time.Millisecond)
		}
		require.InDelta(t, 40, w.looks.Load(), 3, "in ten seconds")

		w.slow.Store(int64(time.Second))
		before := w.looks.Load()
		for range 1000 {
			w.happens()
			<-time.After(20 * time.Millisecond)
		}
		require.LessOrEqual(t, w.looks.Load()-before, int64(11), "a look that takes a second is worth one of rest")
	})
}

func TestViewersAreToldWhatIsOld(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWatched(t)
		fd, v, leave := w.feeds.join(testOutlet, "")
		defer leave()
		read(fd, v)
		w.fault.Store(errors.New("postgres is away"))
		w.happens()
		require.Contains(t, read(fd, v), "event: trouble\ndata: trouble\n")
		w.fault.Store(errors.New(""))
		w.happens()
		require.Contains(t, read(fd, v), "event: trouble\ndata:\n\n")
	})
}

// A look that panics, finds what no view knows, or has no end is a fault of that page: its viewers are told, everything else
// goes on, and so does it when it is mended.
func TestALookGoneWildIsTheEndOfNothing(t *testing.T) {
	t.Parallel()
	for name, wild := range map[string]func() any{
		"panics":                  func() any { panic("nil somewhere") },
		"is none that can be cut": func() any { return 42 },
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWatched(t)
			fd, v, leave := w.feeds.join(testOutlet, "")
			defer leave()
			read(fd, v)
			w.wild.Store(wild)
			w.happens()
			require.Contains(t, read(fd, v), "event: trouble\ndata: trouble\n", name)
			_, _, leaveToo := w.feeds.join(testOutlet, "es") // to whom it is drawn when he comes
			leaveToo()
			w.wild.Store((func() any)(nil))
			w.b.Store("b2")
			w.happens()
			again := read(fd, v)
			require.Contains(t, again, "event: b\ndata: b2\n", name)
			require.Contains(t, again, "event: trouble\ndata:\n\n", name)
			require.Len(t, w.feeds.active[testOutlet.Key].screens, 1, name)
		})
	}
}

func TestALookWithoutEndIsEnded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWatched(t)
		fd, v, leave := w.feeds.join(testOutlet, "")
		defer leave()
		read(fd, v)
		w.slow.Store(int64(time.Hour))
		w.wild.Store(func() any { return nil })
		w.happens()
		<-time.After(time.Minute)
		require.Contains(t, read(fd, v), "event: trouble\ndata: trouble\n")
		require.Empty(t, w.feeds.free, "others may look")
	})
}

// What is over changes by nothing but an event: a page of it that somebody has left open is looked at now and then only.
func TestWhatIsOverIsHardlyLookedAt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWatched(t)
		w.feeds.Over = func(look any) bool { return look.([]Section)[0].Data == "over" }
		fd, v, leave := w.feeds.join(testOutlet, "")
		defer leave()
		<-time.After(10 * time.Minute)
		require.InDelta(t, 59, w.looks.Load(), 3, "every ten seconds")
		w.a.Store("over")
		w.happens()
		require.Contains(t, read(fd, v), "data: over")
		before := w.looks.Load()
		<-time.After(10 * time.Minute)
		require.InDelta(t, 10, w.looks.Load()-before, 1, "every minute")
		read(fd, v)
		<-time.After(beatEvery)
		require.Contains(t, read(fd, v), "event: clock\n", "it is alive all the same")
		w.b.Store("paid back")
		w.happens()
		require.Contains(t, read(fd, v), "data: paid back")
	})
}

func TestAFeedBeatsWhenNothingHappens(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWatched(t)
		fd, v, leave := w.feeds.join(testOutlet, "")
		defer leave()
		read(fd, v)
		for range 10 {
			<-time.After(beatEvery)
			require.Contains(t, read(fd, v), "event: clock\n")
		}
	})
}

// A server that gives requests little time to arrive does not end streams by that.
func TestAStreamOutlivesTheReadTimeout(t *testing.T) {
	t.Parallel()
	w := newWatched(t)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		_ = w.feeds.Stream(rw, r, testOutlet, "", func(context.Context) error { return nil })
	}))
	server.Config.ReadTimeout = 500 * time.Millisecond // enough for a slow machine to read the request
	server.Start()
	defer server.Close()
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, nil)
	require.NoError(t, err)
	resp, err := server.Client().Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	for _, want := range []string{"b1", "b2", "b3"} {
		w.b.Store(want)
		w.happens()
		for lines.Scan() && lines.Text() != "data: "+want {
		}
		require.Equal(t, "data: "+want, lines.Text())
		<-time.After(2 * server.Config.ReadTimeout)
	}
}

// What somebody calls himself cannot end a message and begin another.
func TestNamesStayInTheirMessage(t *testing.T) {
	t.Parallel()
	for _, data := range []string{"<img src=x>\r\nevent: trouble\r\ndata: x", "a\rb", "a\n\n\nb", "\nid: 7\n", ""} {
		var out bytes.Buffer
		writeMessage(&out, "name", []byte(data))
		lines := strings.FieldsFunc(strings.TrimSuffix(out.String(), "\n\n"), func(r rune) bool { return r == '\n' || r == '\r' })
		require.Equal(t, "event: name", lines[0])
		for _, line := range lines[1:] {
			require.True(t, strings.HasPrefix(line, "data:"), "%q", line)
		}
		require.Equal(t, 1, strings.Count(out.String(), "\n\n"), "one message")
	}
}
