package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"brigade/internal/config"
	"brigade/internal/store/pgtest"
	"brigade/internal/web/webtest"
)

// looked shows a page in a language and colours, audits it, and tries it on a phone.
func looked(b *webtest.Browser, url, lang, theme string) {
	b.T.Helper()
	b.Look(lang, theme)
	b.Do(chromedp.Navigate(url))
	b.Shows(fmt.Sprintf(`html[lang=%q][data-theme=%q]`, lang, theme))
	b.Accessible()
	b.Do(chromedp.EmulateViewport(390, 844))
	b.Until(`document.documentElement.scrollWidth <= 390`)
	b.Do(chromedp.EmulateViewport(1440, 1080))
}

// A manager follows a kitchen's day, takes a machine down and takes it back, sends somebody on a break, and asks what
// another cook and more orders would change.
func TestAManagersDay(t *testing.T) {
	t.Parallel()
	b := webtest.Open(t)
	s := webtest.Start(t, pgtest.NewURL(t), config.DemoData)
	b.Do(chromedp.Navigate(s.URL + "/manager/kitchen"))
	b.Shows(`#link[data-state="on"]`)
	b.Evaluate(`document.body.dataset.mark = "same page"`)
	_, tasks := s.Order("manager", `"burger_combo":1`)
	b.Shows(`.track .job.planned`)
	b.Shows(`.track .job.given`)
	require.Eventually(t, func() bool { return s.TaskStatus(tasks[0]) == "ASSIGNED" }, time.Minute, 20*time.Millisecond)
	status, _ := s.Call(http.MethodPost, fmt.Sprintf("/api/v1/tasks/%d/start", tasks[0]), "")
	require.Equal(t, http.StatusOK, status)
	b.Shows(`.track .job.running`)
	status, _ = s.Call(http.MethodPost, fmt.Sprintf("/api/v1/tasks/%d/complete", tasks[0]), "")
	require.Equal(t, http.StatusOK, status)
	b.Shows(`.track .job.done`)
	b.Shows(`.ticks .now`)

	b.Do(chromedp.Click(chromedp.CSS(`[id^="machine-"][value="down"]`)))
	b.Shows(`tr.down .reason`)
	b.Do(chromedp.Click(chromedp.CSS(`#undo`)))
	b.Gone(`tr.down`)
	b.Do(chromedp.Click(chromedp.CSS(`[id^="staff-"][value="break"]`)))
	b.Shows(`tr.break`)
	require.Equal(t, "same page", b.Evaluate(`document.body.dataset.mark`))
	looked(b, s.URL+"/manager/kitchen?span=3", "en", "light")
	looked(b, s.URL+"/manager/kitchen?span=day", "ru", "dark")

	looked(b, s.URL+"/manager/kitchen/what-if", "en", "dark")
	b.Evaluate(`document.getElementById("evenings").value = "2"; document.getElementById("per_hour").value = "5"; document.getElementById("cook").value = "Noah"; document.getElementById("orders").value = "+20%"; ""`)
	b.Do(chromedp.Click(chromedp.CSS(`.question button.main`)))
	b.Shows(`#run[data-state="done"] .compared`)
	looked(b, b.Evaluate(`location.href`), "es", "light")
	b.NoFaults()
}

// The same without JavaScript, and what is refused.
func TestManagersForms(t *testing.T) {
	t.Parallel()
	s := webtest.Start(t, pgtest.NewURL(t), config.DemoData)
	s.Order("form", `"wrap":1`)
	page := s.Get("/manager/kitchen").Text
	require.Contains(t, page, "Asha")
	require.NotRegexp(t, `<script>|<script [^s]|\son\w+=|\sstyle=`, page, "nothing that the policy refuses")
	require.Equal(t, http.StatusSeeOther, s.Get("/manager").StatusCode)
	for path, want := range map[string]int{
		"/manager/moon": http.StatusNotFound, "/manager/kitchen/why/ORD_1": http.StatusNotFound, "/manager/kitchen/what-if/x": http.StatusNotFound,
		"/manager/kitchen?span=year": http.StatusOK,
	} {
		require.Equal(t, want, s.Get(path).StatusCode, path)
	}
	post := func(path string, fields ...string) webtest.Answer {
		form := url.Values{}
		for i := 0; i < len(fields); i += 2 {
			form.Set(fields[i], fields[i+1])
		}
		return s.Do(http.MethodPost, "/manager/kitchen/"+path, form, "Sec-Fetch-Site", "same-origin")
	}
	kept := post("what-if", "source", "made", "evenings", "many", "per_hour", "12", "orders", "+20%")
	require.Equal(t, http.StatusUnprocessableEntity, kept.StatusCode)
	require.Contains(t, kept.Text, `value="many"`, "what was entered is kept")
	require.Contains(t, kept.Text, `<option selected>&#43;20%</option>`)
	require.Contains(t, post("what-if", "source", "made", "evenings", "1", "per_hour", "12").Text, "at least one thing")
	require.Contains(t, post("what-if", "source", "made", "evenings", "1", "per_hour", "12", "cook", `Bob" like "Asha`).Text, "double quote")

	begun := post("what-if", "source", "made", "evenings", "40", "per_hour", "200", "orders", "+100%")
	require.Equal(t, http.StatusSeeOther, begun.StatusCode)
	run := begun.Header.Get("Location")
	id := run[strings.LastIndex(run, "/")+1:]
	require.Equal(t, http.StatusSeeOther, post("what-if/"+id+"/cancel").StatusCode)
	require.Contains(t, s.Get(run).Text, "was cancelled")
	require.Contains(t, s.Get("/manager/kitchen/what-if").Text, run)
	require.Equal(t, http.StatusNotFound, s.Get("/manager/pizzeria/what-if/"+id).StatusCode, "it is another outlet's")
}
