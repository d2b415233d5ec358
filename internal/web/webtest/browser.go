// Package webtest runs Brigade and a real browser for the tests of its pages.
package webtest

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// patience is how long a machine with far too much to do may take for what a page is waited for.
const patience = 3 * time.Minute

// Browser is a real one with one page open, which notes what goes wrong in it.
type Browser struct {
	T   *testing.T
	Ctx context.Context // of chromedp

	mu     sync.Mutex
	faults []string
}

// Open opens a real browser with one page, which is closed when the test ends.
func Open(t *testing.T) *Browser {
	t.Helper()
	if os.Getenv("BRIGADE_NO_BROWSER") == "1" {
		t.Skip("BRIGADE_NO_BROWSER=1")
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WSURLReadTimeout(patience))
	ctx, closeAll := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(closeAll)
	ctx, closePage := chromedp.NewContext(ctx)
	t.Cleanup(closePage)
	b := &Browser{T: t, Ctx: ctx}
	require.NoError(t, chromedp.Listen(ctx, b.note), "is chromium installed? scripts/setup browser does that")
	_, err := chromedp.Call(ctx, log.Enable, cdp.Empty{})
	require.NoError(t, err)
	return b
}

func (b *Browser) note(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		what := e.ExceptionDetails.Text
		if x := e.ExceptionDetails.Exception; x != nil {
			what += " " + x.Description
		}
		b.faults = append(b.faults, what)
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError {
			b.faults = append(b.faults, e.Entry.Text+" "+e.Entry.URL)
		}
	}
}

// NoFaults fails when anything went wrong in the page.
func (b *Browser) NoFaults() {
	b.T.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	require.Empty(b.T, b.faults)
}

// Do takes some steps, which must succeed. A step that lost its element to a newer one, which pages that are
// alive may bring at any time, is taken again.
func (b *Browser) Do(steps ...chromedp.Action[chromedp.Void]) {
	b.T.Helper()
	ctx, cancel := context.WithTimeout(b.Ctx, patience)
	defer cancel()
	for _, step := range steps {
		err := chromedp.Do(ctx, step)
		for err != nil && ctx.Err() == nil && replaced.MatchString(err.Error()) {
			err = chromedp.Do(ctx, step)
		}
		require.NoError(b.T, err)
	}
}

// replaced is what a browser says of an element that is no more.
var replaced = regexp.MustCompile("(?i)could not find node|no node with given id|node is detached|does not belong to the document|could not compute (box model|content quads)")

// Shows waits until something on the page matches a selector.
func (b *Browser) Shows(selector string) {
	b.T.Helper()
	b.Do(chromedp.WaitReady(chromedp.CSS(selector)))
}

// Evaluate runs a script in the page and returns its result, a string.
func (b *Browser) Evaluate(script string) string {
	b.T.Helper()
	ctx, cancel := context.WithTimeout(b.Ctx, patience)
	defer cancel()
	got, err := chromedp.Run(ctx, chromedp.Evaluate[string](script))
	require.NoError(b.T, err)
	return got
}

// Another opens a second tablet: the same browser, with a store and cookies of its own.
func (b *Browser) Another() *Browser {
	b.T.Helper()
	ctx, closePage := chromedp.NewContext(b.Ctx, chromedp.WithNewBrowserContext())
	b.T.Cleanup(closePage)
	x := &Browser{T: b.T, Ctx: ctx}
	require.NoError(b.T, chromedp.Listen(ctx, x.note))
	_, err := chromedp.Call(ctx, log.Enable, cdp.Empty{})
	require.NoError(b.T, err)
	return x
}

// Gone waits until nothing on the page matches.
func (b *Browser) Gone(selector string) {
	b.T.Helper()
	b.Do(chromedp.WaitNotPresent(chromedp.CSS(selector)))
}

// Press presses keys, as a bump bar does.
func (b *Browser) Press(keys string) {
	b.T.Helper()
	b.Do(chromedp.KeyEvent(keys))
}

// Until waits until a JavaScript expression is true, be it on the page that comes next: one that is just going away, or not
// there yet, has no say. What cannot be said yet, of an element that is to come, is not so yet.
func (b *Browser) Until(condition string) {
	b.T.Helper()
	ctx, cancel := context.WithTimeout(b.Ctx, patience)
	defer cancel()
	for {
		so, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("Boolean("+condition+")"))
		if so && err == nil {
			return
		}
		select {
		case <-ctx.Done():
			require.FailNow(b.T, "it does not become so", "%s (%v)", condition, err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// NoException is NoFaults for a page that has lost its network, of which browsers complain.
func (b *Browser) NoException() {
	b.T.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, fault := range b.faults {
		require.Contains(b.T, fault, "net::ERR", "only what the network did")
	}
}

// NoSurprise is NoFaults for a page some of whose forms were refused, of which browsers complain, too.
func (b *Browser) NoSurprise() {
	b.T.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, fault := range b.faults {
		require.Regexp(b.T, "responded with a status of (409|422) ", fault, "only what was refused")
	}
}

//go:embed axe/axe.min.js
var axe string

// Audit looks for what people who see badly, or use no mouse, cannot use: the rules of WCAG 2.2 A and AA.
const Audit = `(async () => {
	const found = await axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] });
	document.body.dataset.audit = found.violations.map(v => v.impact + " " + v.id + ": " + v.nodes.slice(0, 3).map(n => n.html.slice(0, 160) + " " + n.any.map(x => x.message).join("; ")).join(" | ")).join("\n") || "clean";
})(); ""`

// Accessible fails when the page has what people who see badly, or use no mouse, cannot use.
func (b *Browser) Accessible() {
	b.T.Helper()
	b.Evaluate(axe + `; delete document.body.dataset.audit; ""`)
	b.Evaluate(Audit)
	b.Shows(`body[data-audit]`)
	require.Equal(b.T, "clean", b.Evaluate(`document.body.dataset.audit`), b.Evaluate(`location.pathname + ", " + document.documentElement.lang + ", " + document.documentElement.dataset.theme`))
}

// Look chooses the language and the colours in which a site's pages are shown from now on.
func (b *Browser) Look(lang, theme string) {
	b.T.Helper()
	b.Evaluate(fmt.Sprintf(`delete document.body.dataset.look; fetch("/look", {method: "POST", body: new URLSearchParams({lang: %q, theme: %q, next: "/login"})}).then(() => { document.body.dataset.look = "set" }); ""`, lang, theme))
	b.Shows(`body[data-look="set"]`)
}
