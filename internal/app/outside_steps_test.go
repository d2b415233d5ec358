package app_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"brigade/internal/app"
	"brigade/internal/config"
	"brigade/internal/store"
	"brigade/internal/store/pgtest"
)

// mischief answers each tenant as badly as it can: by what a service may do, the tenants after it.
var mischief = []struct {
	does   string
	answer func(w http.ResponseWriter, r *http.Request)
	says   string // the step's error; "": none
}{
	{"answers", func(w http.ResponseWriter, _ *http.Request) { says(w, "application/json", `{"made":7}`) }, ""},
	{"says nothing", func(http.ResponseWriter, *http.Request) {}, ""},
	{"hangs", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "it took longer than 5s"},
	{"says a page", func(w http.ResponseWriter, _ *http.Request) { says(w, "text/html", "<html>log in</html>") }, "the answer is no JSON: <html>log in"},
	{"says half of it", func(w http.ResponseWriter, _ *http.Request) { says(w, "application/json", `{"made":`) }, "the answer is no JSON"},
	{"never ends", func(w http.ResponseWriter, _ *http.Request) { says(w, "application/json", strings.Repeat(" ", 10<<20)) }, "the answer has more than 8388608 bytes"},
	{"breaks down", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "oops", http.StatusInternalServerError) }, "500 Internal Server Error: oops"},
	{"hangs up", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "there was no answer"},
	{"breaks off", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, `{"made"`)
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}, "the answer broke off"},
}

func says(w http.ResponseWriter, kind, text string) {
	w.Header().Set("Content-Type", kind)
	_, _ = io.WriteString(w, text)
}

// What a service does to one tenant is his trouble alone: each gets his own error, and what hangs is really given up.
func TestServicesThatMisbehave(t *testing.T) {
	t.Parallel()
	released := make(chan string, 100)
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var asked struct {
			Tenant int `json:"tenant_id"`
		}
		_ = json.NewDecoder(r.Body).Decode(&asked) // 0 is nobody
		m := mischief[asked.Tenant-101]
		m.answer(w, r)
		released <- m.does
	}))
	t.Cleanup(service.Close)
	database := pgtest.NewURL(t)
	pool, err := store.Open(database, 1)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	p, _ := orchestrate(t, database, "one", func(c *app.Config) { c.Workflows.ForecastingURL, c.Demo = config.URL(service.URL), config.DemoOff })
	for i := range mischief {
		_, err = pool.Exec(t.Context(), "insert into tenants (id, slug, name, tier) values ($1, $2, $2, 'standard')", 101+i, fmt.Sprint("t", i))
		require.NoError(t, err)
	}
	p.ask(http.StatusOK, http.MethodPut, orchestrated+"/workflows/own", `{"type":"on_demand","max_retries":0,"steps":[
		{"name":"f","uses":"forecast","timeout_seconds":5},{"name":"end","uses":"summary","after":["f"]}]}`)
	e := p.ended(p.ask(http.StatusAccepted, http.MethodPost, orchestrated+"/workflows/own/execute", ""))
	require.Equal(t, "failed", e["status"])
	require.EqualValues(t, len(mischief)-2, e["tenants_failed"])
	steps := p.read(fmt.Sprint("/executions/", e["id"], "/steps"))["steps"].([]any)
	require.Len(t, steps, 2*len(mischief))
	for i, m := range mischief {
		f, end := steps[2*i].(map[string]any), steps[2*i+1].(map[string]any)
		if m.says == "" {
			require.Equal(t, []any{"completed", "completed"}, []any{f["status"], end["status"]}, m.does)
			continue
		}
		require.Equal(t, []any{"failed", "skipped"}, []any{f["status"], end["status"]}, m.does)
		require.Contains(t, f["error"], m.says, m.does)
	}
	eventually(t, "the call that hangs is given up", func() bool {
		select {
		case does := <-released:
			return does == "hangs"
		default:
			return false
		}
	})
}
