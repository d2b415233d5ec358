package web_test

import (
	"context"
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

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"brigade/internal/config"
	"brigade/internal/store/pgtest"
)

// another opens a second tablet: the same browser, with a store and cookies of its own.
func (b *browser) another() *browser {
	b.t.Helper()
	ctx, closePage := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	b.t.Cleanup(closePage)
	x := &browser{t: b.t, ctx: ctx}
	require.NoError(b.t, chromedp.Listen(ctx, x.note))
	_, err := chromedp.Call(ctx, log.Enable, cdp.Empty{})
	require.NoError(b.t, err)
	return x
}

// gone waits until nothing on the page matches.
func (b *browser) gone(selector string) {
	b.t.Helper()
	b.do(chromedp.WaitNotPresent(chromedp.CSS(selector)))
}

// press presses keys, as a bump bar does.
func (b *browser) press(keys string) {
	b.t.Helper()
	b.do(chromedp.KeyEvent(keys))
}

// until waits until a JavaScript expression is true.
func (b *browser) until(condition string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
	defer cancel()
	_, err := chromedp.Run(ctx, chromedp.Poll[bool]("Boolean("+condition+")", chromedp.WithPollingInterval(50*time.Millisecond)))
	require.NoError(b.t, err, condition)
}

// requireNoException is requireNoFaults for a page that has lost its network, of which browsers complain.
func (b *browser) requireNoException() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, fault := range b.faults {
		require.Contains(b.t, fault, "net::ERR", "only what the network did")
	}
}

// order places an order by the kitchen's contract and returns its id and its first tasks.
func (s *site) order(key, items string) (order int64, tasks []int64) {
	s.t.Helper()
	status, answer := s.call(http.MethodPost, "/api/v1/orders/confirm", fmt.Sprintf(`{"external_order_id":%q,"items":{%s}}`, key, items))
	require.Equal(s.t, http.StatusCreated, status, answer)
	for _, id := range answer["ready_task_ids"].([]any) {
		tasks = append(tasks, int64(id.(float64)))
	}
	return int64(answer["order_id"].(float64)), tasks
}

func (s *site) taskStatus(task int64) string {
	s.t.Helper()
	_, answer := s.call(http.MethodGet, fmt.Sprint("/api/v1/tasks/", task), "")
	return answer["status"].(string)
}

// A cook who has nothing but a bump bar makes an order, takes a bump back, and the expeditor hands it over.
func TestKitchenByKeyboardAlone(t *testing.T) {
	t.Parallel()
	b := openBrowser(t)
	s := start(t, pgtest.NewURL(t), config.DemoData)
	s.order("keys", `"wrap":1`)
	b.do(chromedp.Navigate(s.url + "/kitchen/kitchen/all"))
	b.shows(`#link[data-state="on"]`)
	b.until(`document.querySelectorAll(".row.assigned").length === 2 && document.querySelector(".badge").textContent === "1"`)
	b.evaluate(`document.body.dataset.mark = "same page"`)
	b.press("1")
	b.until(`document.querySelectorAll(".row.started").length === 2`)
	b.press(kb.Enter) // the focus is still on the card
	b.shows(`.row.assigned`)
	b.gone(`.row.started`)
	b.press("1")
	b.shows(`.row.started`)
	b.press(kb.Enter)
	b.until(`document.querySelectorAll(".tick").length === 0`)
	b.press("u")
	b.shows(`.row.started`)
	b.press(kb.ArrowRight + kb.Enter)
	b.until(`document.querySelectorAll(".tick").length === 0`)
	b.press("r")
	b.shows(`dialog#lately[open] [data-undo]`)
	b.press(kb.Escape)
	b.gone(`dialog[open]`)
	require.Equal(t, "same page", b.evaluate(`document.body.dataset.mark`))

	b.evaluate(`[...document.querySelectorAll(".tabs a")].find(a => a.href.endsWith("/expo")).focus(); ""`)
	b.press(kb.Enter)
	b.shows(`.tick.ready`)
	b.until(`document.querySelector("#link").dataset.state === "on"`)
	b.press("1")
	b.until(`document.querySelectorAll(".tick").length === 0`)
	_, list := s.call(http.MethodGet, "/api/v1/orders?status=collected", "")
	require.Len(t, list["orders"], 1)
	b.requireNoFaults()
}

// Two tablets bump one task at the same moment: it is bumped once, and both show it.
func TestTwoTabletsBumpOneTask(t *testing.T) {
	t.Parallel()
	one := openBrowser(t)
	database := pgtest.NewURL(t)
	s := start(t, database, config.DemoData)
	_, tasks := s.order("two", `"cold_coffee":1`)
	two := one.another()
	row := fmt.Sprintf(`.row[data-task="%d"]`, tasks[0])
	for _, b := range []*browser{one, two} {
		b.do(chromedp.Navigate(s.url + "/kitchen/kitchen/all"))
		b.shows(`#link[data-state="on"]`)
		b.shows(row + ".assigned")
	}
	for _, status := range []string{".started", ""} {
		var both sync.WaitGroup
		for _, b := range []*browser{one, two} {
			both.Go(func() {
				_, _ = chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.querySelector('`+row+` .go').click(); ""`))
			})
		}
		both.Wait()
		for _, b := range []*browser{one, two} {
			if status == "" {
				b.gone(row)
			} else {
				b.shows(row + status)
			}
		}
	}
	for _, b := range []*browser{one, two} {
		b.until(`document.body.dataset.kept === "0"`)
		b.requireNoFaults()
	}
	require.Equal(t, "COMPLETED", s.taskStatus(tasks[0]))
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
	b := openBrowser(t)
	s := start(t, pgtest.NewURL(t), config.DemoData)
	_, tasks := s.order("offline", `"burger_combo":1`)
	net := newWire(t, strings.TrimPrefix(s.url, "http://"))
	b.do(chromedp.Navigate("http://" + net.address + "/kitchen/kitchen/all"))
	b.shows(`#link[data-state="on"]`)
	patty := fmt.Sprintf(`.row[data-task="%d"]`, tasks[0])
	b.shows(patty + ".assigned")
	b.shows(`body[data-pictured]`)

	net.set(cut)
	b.shows(`#link[data-state="off"]`)
	b.shows(`#offline:not([hidden])`)
	b.do(chromedp.Click(chromedp.CSS(patty + " .go")))
	b.shows(patty + `[data-tapped="start"][data-kept]`)
	b.until(`document.getElementById("offline").textContent.includes("1 bump")`)
	require.Equal(t, "ASSIGNED", s.taskStatus(tasks[0]))
	b.evaluate(`delete document.body.dataset.pictured; ""`)
	b.shows(`body[data-pictured]`)
	b.do(chromedp.Navigate("http://" + net.address + "/kitchen/kitchen/all")) // switched off and on
	b.shows(`#link[data-state="off"]`)
	b.shows(patty + `[data-tapped="start"][data-kept]`)

	net.set(whole)
	b.shows(`#link[data-state="on"]`)
	b.shows(patty + ".started")
	b.until(`document.body.dataset.kept === "0"`)
	require.Equal(t, "STARTED", s.taskStatus(tasks[0]))

	net.set(deaf) // the kitchen hears, the tablet does not
	b.do(chromedp.Click(chromedp.CSS(patty + " .go")))
	b.shows(patty + `[data-kept]`)
	require.Eventually(t, func() bool { return s.taskStatus(tasks[0]) == "COMPLETED" }, 30*time.Second, 20*time.Millisecond)
	status, _ := s.call(http.MethodPost, fmt.Sprintf("/api/v1/tasks/%d/undo", tasks[0]), "") // somebody else takes it back
	require.Equal(t, http.StatusOK, status)
	net.set(whole)
	b.until(`document.body.dataset.kept === "0"`)
	b.shows(`#link[data-state="on"]`)
	b.shows(patty + ".started:not([data-kept])")
	require.Equal(t, "STARTED", s.taskStatus(tasks[0]), "the same tap, sent again, is not carried out again")
	b.requireNoException()
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

//go:embed testdata/axe/axe.min.js
var axe string

// audit looks for what people who see badly, or use no mouse, cannot use: the rules of WCAG 2.2 A and AA.
const audit = `(async () => {
	const found = await axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] });
	document.body.dataset.audit = found.violations.map(v => v.impact + " " + v.id + ": " + v.nodes.slice(0, 3).map(n => n.html.slice(0, 160) + " " + n.any.map(x => x.message).join("; ")).join(" | ")).join("\n") || "clean";
})(); ""`

// Every page passes the audit, in light and dark, and says its texts in each language.
func TestPagesAreAccessible(t *testing.T) {
	t.Parallel()
	b := openBrowser(t)
	s := start(t, pgtest.NewURL(t), config.DemoData)
	s.order("seen", `"burger_combo":2,"wrap":1,"cold_coffee":1`)
	_, tasks := s.order("ready", `"dip_cup":1`)
	require.Eventually(t, func() bool { return s.taskStatus(tasks[0]) == "ASSIGNED" }, 30*time.Second, 20*time.Millisecond)
	for _, do := range []string{"start", "complete"} {
		status, _ := s.call(http.MethodPost, fmt.Sprintf("/api/v1/tasks/%d/%s", tasks[0], do), "")
		require.Equal(t, http.StatusOK, status)
	}
	for i, path := range []string{"/kitchen/kitchen", "/kitchen/kitchen/all", "/kitchen/kitchen/expo", "/kitchen/kitchen/all-day", "/kitchen/kitchen/86", "/login"} {
		theme := []string{"light", "dark"}[i%2]
		lang := []string{"en", "es", "ru"}[i%3]
		b.do(chromedp.Navigate(s.url + path))
		b.evaluate(fmt.Sprintf(`fetch("/look", {method: "POST", body: new URLSearchParams({lang: %q, theme: %q, next: "/login"})}).then(() => { document.body.dataset.look = "set" }); ""`, lang, theme))
		b.shows(`body[data-look="set"]`)
		b.do(chromedp.Navigate(s.url + path))
		b.shows(fmt.Sprintf(`html[lang=%q][data-theme=%q]`, lang, theme))
		if strings.HasPrefix(path, "/kitchen/") {
			b.shows(`#link[data-state="on"]`)
		}
		b.evaluate(axe + `; ""`)
		b.evaluate(audit)
		b.shows(`body[data-audit]`)
		require.Equal(t, "clean", b.evaluate(`document.body.dataset.audit`), "%s, %s, %s", path, theme, lang)
	}
	b.evaluate(`document.querySelector("main").append(document.createElement("button")); delete document.body.dataset.audit; ""`)
	b.evaluate(audit)
	b.shows(`body[data-audit*="button-name"]`) // the audit sees what is wrong
	b.do(chromedp.Navigate(s.url + "/kitchen/kitchen/all"))
	b.until(`[...document.querySelectorAll(".tick .go, .tools button")].every(x => x.getBoundingClientRect().height >= 56)`)
	b.requireNoFaults()
}
