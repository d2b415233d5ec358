package web_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"brigade/internal/config"
	"brigade/internal/store/pgtest"
)

// browser is a real one with one page open, which notes what goes wrong in it.
type browser struct {
	t   *testing.T
	ctx context.Context

	mu     sync.Mutex
	faults []string
}

func openBrowser(t *testing.T) *browser {
	t.Helper()
	if os.Getenv("BRIGADE_NO_BROWSER") == "1" {
		t.Skip("BRIGADE_NO_BROWSER=1")
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU)
	ctx, closeAll := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(closeAll)
	ctx, closePage := chromedp.NewContext(ctx)
	t.Cleanup(closePage)
	b := &browser{t: t, ctx: ctx}
	require.NoError(t, chromedp.Listen(ctx, b.note), "is chromium installed? scripts/setup browser does that")
	_, err := chromedp.Call(ctx, log.Enable, cdp.Empty{})
	require.NoError(t, err)
	return b
}

func (b *browser) note(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		b.faults = append(b.faults, e.ExceptionDetails.Text)
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError {
			b.faults = append(b.faults, e.Entry.Text+" "+e.Entry.URL)
		}
	}
}

func (b *browser) requireNoFaults() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	require.Empty(b.t, b.faults)
}

func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
	defer cancel()
	require.NoError(b.t, chromedp.Do(ctx, steps...))
}

func (b *browser) shows(selector string) {
	b.t.Helper()
	b.do(chromedp.WaitReady(chromedp.CSS(selector)))
}

func (b *browser) evaluate(script string) string {
	b.t.Helper()
	got, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](script))
	require.NoError(b.t, err)
	return got
}

// call sends a request to the API and reads what it answers.
func (s *site) call(method, path, body string) (status int, answer map[string]any) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	require.NoError(s.t, err)
	req.Header.Set("Content-Type", "application/json")
	resp, err := s.client.Do(req)
	require.NoError(s.t, err)
	defer resp.Body.Close()
	require.NoError(s.t, json.NewDecoder(resp.Body).Decode(&answer))
	return resp.StatusCode, answer
}

// An order travels over the board while somebody looks: no reload, no fault, and the keyboard's place is kept.
func TestAnOrderTravels(t *testing.T) {
	t.Parallel()
	b := openBrowser(t)
	s := start(t, pgtest.NewURL(t), config.DemoData)
	b.do(chromedp.Navigate(s.url + "/"))
	b.shows(`#link[data-state="on"]`)
	b.evaluate(`document.body.dataset.mark = "same page"`)

	_, placed := s.call(http.MethodPost, "/api/v1/orders/confirm", `{"external_order_id":"travels","items":{"dip_cup":1}}`)
	card := fmt.Sprintf(" #order-%.0f", placed["order_id"])
	b.shows(".received" + card)

	task := fmt.Sprintf("/api/v1/tasks/%.0f", placed["ready_task_ids"].([]any)[0])
	b.shows(".station .given")
	status, _ := s.call(http.MethodPost, task+"/start", "")
	require.Equal(t, http.StatusOK, status)
	b.shows(".cooking" + card)
	b.shows(".station .started .bar .runs")

	first := b.evaluate(`document.querySelector(".up button").focus(); document.activeElement.id`)
	status, _ = s.call(http.MethodPost, task+"/complete", "")
	require.Equal(t, http.StatusOK, status)
	b.shows(".ready" + card)
	require.Equal(t, first, b.evaluate(`document.activeElement.id`), "the focus stays where it was")

	b.do(chromedp.Click(chromedp.CSS(".ready" + card + " button")))
	b.shows(".closed" + card)
	b.shows("#toast .toast")

	b.do(chromedp.Click(chromedp.CSS("#test-order")))
	b.shows(".received .card")
	b.do(chromedp.Click(chromedp.CSS(".up button")))
	b.shows(".alarm")
	b.do(chromedp.Click(chromedp.CSS("#undo")))
	b.do(chromedp.WaitNotPresent(chromedp.CSS(".alarm")))
	require.Equal(t, "same page", b.evaluate(`document.body.dataset.mark`))
	b.requireNoFaults()

	require.NoError(t, s.app.Stop(t.Context()))
	b.shows(`#link[data-state="off"]`)
	require.Contains(t, b.evaluate(`document.getElementById("link").textContent`), "offline")
}
