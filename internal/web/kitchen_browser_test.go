package web_test

import (
	_ "embed"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"brigade/internal/web/webtest"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"brigade/internal/config"
	"brigade/internal/store/pgtest"
)

// A cook who has nothing but a bump bar makes an order, takes a bump back, and the expeditor hands it over.
func TestKitchenByKeyboardAlone(t *testing.T) {
	t.Parallel()
	b := webtest.Open(t)
	s := webtest.Start(t, pgtest.NewURL(t), config.DemoData)
	s.Order("keys", `"wrap":1`)
	b.Do(chromedp.Navigate(s.URL + "/kitchen/kitchen/all"))
	b.Shows(`#link[data-state="on"]`)
	b.Until(`document.querySelectorAll(".row.assigned").length === 2 && document.querySelector(".badge").textContent === "1"`)
	b.Evaluate(`document.body.dataset.mark = "same page"`)
	b.Press("1")
	b.Until(`document.querySelectorAll(".row.started").length === 2`)
	b.Press(kb.Enter) // the focus is still on the card
	b.Shows(`.row.assigned`)
	b.Gone(`.row.started`)
	b.Press("1")
	b.Shows(`.row.started`)
	b.Press(kb.Enter)
	b.Until(`document.querySelectorAll(".tick").length === 0`)
	b.Press("u")
	b.Shows(`.row.started`)
	b.Press(kb.ArrowRight + kb.Enter)
	b.Until(`document.querySelectorAll(".tick").length === 0`)
	b.Press("r")
	b.Shows(`dialog#lately[open] [data-undo]`)
	b.Press(kb.Escape)
	b.Gone(`dialog[open]`)
	require.Equal(t, "same page", b.Evaluate(`document.body.dataset.mark`))

	b.Evaluate(`[...document.querySelectorAll(".tabs a")].find(a => a.href.endsWith("/expo")).focus(); ""`)
	b.Press(kb.Enter)
	b.Shows(`.tick.ready`)
	b.Until(`document.querySelector("#link").dataset.state === "on"`)
	b.Press("1")
	b.Until(`document.querySelectorAll(".tick").length === 0`)
	_, list := s.Call(http.MethodGet, "/api/v1/orders?status=collected", "")
	require.Len(t, list["orders"], 1)
	b.NoFaults()
}

// Two tablets bump one task at the same moment: it is bumped once, and both show it.
func TestTwoTabletsBumpOneTask(t *testing.T) {
	t.Parallel()
	one := webtest.Open(t)
	database := pgtest.NewURL(t)
	s := webtest.Start(t, database, config.DemoData)
	_, tasks := s.Order("two", `"cold_coffee":1`)
	two := one.Another()
	row := fmt.Sprintf(`.row[data-task="%d"]`, tasks[0])
	for _, b := range []*webtest.Browser{one, two} {
		b.Do(chromedp.Navigate(s.URL + "/kitchen/kitchen/all"))
		b.Shows(`#link[data-state="on"]`)
		b.Shows(row + ".assigned")
	}
	for _, bump := range [][2]string{{".assigned", ".started"}, {".started", ""}} {
		before, status := bump[0], bump[1]
		var both sync.WaitGroup
		for _, b := range []*webtest.Browser{one, two} {
			both.Go(func() { // who is so late that he sees it bumped has no more to bump
				_, _ = chromedp.Run(b.Ctx, chromedp.Evaluate[string](`document.querySelector('`+row+before+` .go')?.click(); ""`))
			})
		}
		both.Wait()
		for _, b := range []*webtest.Browser{one, two} {
			if status == "" {
				b.Gone(row)
			} else {
				b.Shows(row + status)
			}
		}
	}
	for _, b := range []*webtest.Browser{one, two} {
		b.Until(`document.body.dataset.kept === "0"`)
		b.NoFaults()
	}
	require.Equal(t, "COMPLETED", s.TaskStatus(tasks[0]))
	pool, err := pgxpool.New(t.Context(), database)
	require.NoError(t, err)
	defer pool.Close()
	for _, typ := range []string{"TASK_STARTED", "TASK_COMPLETED"} {
		var n int
		require.NoError(t, pool.QueryRow(t.Context(), "select count(*) from event_log where type = $1 and aggregate_id = $2", typ, tasks[0]).Scan(&n))
		require.Equal(t, 1, n, typ)
	}
}

// A tablet loses its network: it says so, keeps what it shows and what is tapped, also when it is loaded anew. Of one tap the
// kitchen's answer is lost; when the network is back nothing is done twice.
func TestAnOfflineTablet(t *testing.T) {
	t.Parallel()
	b := webtest.Open(t)
	s := webtest.Start(t, pgtest.NewURL(t), config.DemoData)
	_, tasks := s.Order("offline", `"burger_combo":1`)
	net := newWire(t, strings.TrimPrefix(s.URL, "http://"))
	b.Do(chromedp.Navigate("http://" + net.address + "/kitchen/kitchen/all"))
	b.Shows(`#link[data-state="on"]`)
	patty := fmt.Sprintf(`.row[data-task="%d"]`, tasks[0])
	b.Shows(patty + ".assigned")
	b.Shows(`body[data-pictured]`)

	net.set(cut)
	b.Shows(`#link[data-state="off"]`)
	b.Shows(`#offline:not([hidden])`)
	b.Do(chromedp.Click(chromedp.CSS(patty + " .go")))
	b.Shows(patty + `[data-tapped="start"][data-kept]`)
	b.Until(`document.getElementById("offline").textContent.includes("1 bump")`)
	require.Equal(t, "ASSIGNED", s.TaskStatus(tasks[0]))
	b.Evaluate(`delete document.body.dataset.pictured; ""`)
	b.Shows(`body[data-pictured]`)
	b.Do(chromedp.Navigate("http://" + net.address + "/kitchen/kitchen/all")) // switched off and on
	b.Shows(`#link[data-state="off"]`)
	b.Shows(patty + `[data-tapped="start"][data-kept]`)

	net.set(whole)
	b.Shows(`#link[data-state="on"]`)
	b.Shows(patty + ".started")
	b.Until(`document.body.dataset.kept === "0"`)
	require.Equal(t, "STARTED", s.TaskStatus(tasks[0]))

	net.set(deaf) // the kitchen hears, the tablet does not
	b.Do(chromedp.Click(chromedp.CSS(patty + " .go")))
	b.Shows(patty + `[data-kept]`)
	require.Eventually(t, func() bool { return s.TaskStatus(tasks[0]) == "COMPLETED" }, time.Minute, 20*time.Millisecond)
	status, _ := s.Call(http.MethodPost, fmt.Sprintf("/api/v1/tasks/%d/undo", tasks[0]), "") // somebody else takes it back
	require.Equal(t, http.StatusOK, status)
	net.set(whole)
	b.Until(`document.body.dataset.kept === "0"`)
	b.Shows(`#link[data-state="on"]`)
	b.Shows(patty + ".started:not([data-kept])")
	require.Equal(t, "STARTED", s.TaskStatus(tasks[0]), "the same tap, sent again, is not carried out again")
	b.NoException()
}

// wire is a network between a tablet and its kitchen that can be cut.
type wire struct {
	address string
	state   atomic.Int32

	mu    sync.Mutex
	conns []net.Conn
}

const (
	whole int32 = iota
	cut
	deaf // what the kitchen says is lost
)

func newWire(t *testing.T, to string) *wire {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	w := &wire{address: listener.Addr().String()}
	t.Cleanup(func() { _ = listener.Close(); w.hangUp() })
	go func() {
		for {
			tablet, err := listener.Accept()
			if err != nil {
				return
			}
			go w.join(tablet, to)
		}
	}()
	return w
}

func (w *wire) join(tablet net.Conn, to string) {
	kitchen, err := net.Dial("tcp", to)
	if err != nil || w.state.Load() == cut {
		_ = tablet.Close()
		if kitchen != nil {
			_ = kitchen.Close()
		}
		return
	}
	w.mu.Lock()
	w.conns = append(w.conns, tablet, kitchen)
	w.mu.Unlock()
	go func() { _, _ = io.Copy(kitchen, tablet); _ = kitchen.Close() }()
	_, _ = io.Copy(&hearing{w, tablet}, kitchen)
	_ = tablet.Close()
}

// hearing passes on what the kitchen says, unless the tablet is deaf.
type hearing struct {
	wire   *wire
	tablet net.Conn
}

func (h *hearing) Write(p []byte) (int, error) {
	if h.wire.state.Load() == deaf {
		return len(p), nil
	}
	return h.tablet.Write(p)
}

// set changes the network. Calls under way end but in a deaf one.
func (w *wire) set(state int32) {
	was := w.state.Swap(state)
	if state == cut || was == deaf {
		w.hangUp()
	}
}

func (w *wire) hangUp() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.conns {
		_ = c.Close()
	}
	w.conns = nil
}

// Every page passes the audit, in light and dark, and says its texts in each language.
func TestPagesAreAccessible(t *testing.T) {
	t.Parallel()
	b := webtest.Open(t)
	s := webtest.Start(t, pgtest.NewURL(t), config.DemoData)
	s.Order("seen", `"burger_combo":2,"wrap":1,"cold_coffee":1`)
	_, tasks := s.Order("ready", `"dip_cup":1`)
	require.Eventually(t, func() bool { return s.TaskStatus(tasks[0]) == "ASSIGNED" }, time.Minute, 20*time.Millisecond)
	for _, do := range []string{"start", "complete"} {
		status, _ := s.Call(http.MethodPost, fmt.Sprintf("/api/v1/tasks/%d/%s", tasks[0], do), "")
		require.Equal(t, http.StatusOK, status)
	}
	for i, path := range []string{"/kitchen/kitchen", "/kitchen/kitchen/all", "/kitchen/kitchen/expo", "/kitchen/kitchen/all-day", "/kitchen/kitchen/86", "/login"} {
		theme := []string{"light", "dark"}[i%2]
		lang := []string{"en", "es", "ru"}[i%3]
		b.Do(chromedp.Navigate(s.URL + path))
		b.Look(lang, theme)
		b.Do(chromedp.Navigate(s.URL + path))
		b.Shows(fmt.Sprintf(`html[lang=%q][data-theme=%q]`, lang, theme))
		if strings.HasPrefix(path, "/kitchen/") {
			b.Shows(`#link[data-state="on"]`)
		}
		b.Accessible()
	}
	b.Evaluate(`document.querySelector("main").append(document.createElement("button")); delete document.body.dataset.audit; ""`)
	b.Evaluate(webtest.Audit)
	b.Shows(`body[data-audit*="button-name"]`) // the audit sees what is wrong
	b.Do(chromedp.Navigate(s.URL + "/kitchen/kitchen/all"))
	b.Until(`[...document.querySelectorAll(".tick .go, .tools button")].every(x => x.getBoundingClientRect().height >= 56)`)
	b.NoFaults()
}
