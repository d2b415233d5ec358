package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"brigade/internal/store"
	"brigade/internal/store/pgtest"
)

// nights are orchestrators over one Postgres, whose steps the test does.
type nights struct {
	t       *testing.T
	url     string
	pool    *pgxpool.Pool
	service *httptest.Server
	nodes   []*process

	mu     sync.Mutex
	at     map[string]int // calls that are being answered, by key
	beside []string       // keys that were asked for while they were being answered
}

func newNights(t *testing.T, tenants, nodes int) *nights {
	n := &nights{t: t, url: pgtest.NewURL(t), at: map[string]int{}}
	var err error
	n.pool, err = store.Open(n.url, 2)
	require.NoError(t, err)
	t.Cleanup(n.pool.Close)
	n.service = httptest.NewServer(http.HandlerFunc(n.serve))
	t.Cleanup(n.service.Close)
	for range nodes {
		n.add()
	}
	_, err = n.pool.Exec(t.Context(), "insert into tenants (slug, name, tier) select 't' || i, 't', 'standard' from generate_series(1, $1) i", tenants)
	require.NoError(t, err)
	return n
}

// add starts one more orchestrator.
func (n *nights) add() {
	n.nodes = append(n.nodes, boot(n.t, "serve", "--role=orchestrator", "--database-url", n.url, freePort, "--log-level=error",
		"--leader-heartbeat=0.5", "--leader-lock-ttl=2", "--step-lease=1", "--time-scale=60"))
}

// serve answers after a moment, and notes what is asked for twice at once.
func (n *nights) serve(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	key := r.Header.Get("Idempotency-Key")
	n.mu.Lock()
	if n.at[key]++; n.at[key] > 1 {
		n.beside = append(n.beside, key)
	}
	n.mu.Unlock()
	<-time.After(time.Duration(5+rand.IntN(20)) * time.Millisecond) // work takes time
	n.mu.Lock()
	n.at[key]--
	n.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"key":%q}`, key)
}

func (n *nights) ask(method, path, body string) map[string]any {
	n.t.Helper()
	req, err := http.NewRequestWithContext(n.t.Context(), method, n.nodes[0].url+"/api/v1/orchestrator"+path, strings.NewReader(body))
	require.NoError(n.t, err)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	require.NoError(n.t, err)
	defer res.Body.Close()
	var v map[string]any
	require.NoError(n.t, json.NewDecoder(res.Body).Decode(&v))
	require.Less(n.t, res.StatusCode, 300, "%v", v)
	return v
}

// A night whose processes are killed at random ends all the same: every step of every tenant was completed once, its
// result is what an undisturbed night gives, and none ran beside itself.
func TestANightOutlivesItsProcesses(t *testing.T) {
	t.Parallel()
	const tenants = 150
	n := newNights(t, tenants, 3)
	n.ask(http.MethodPut, "/workflows/night", fmt.Sprintf(`{"type":"on_demand","retry_delay_seconds":1,"steps":[
		{"name":"a","http":{"url":"%[1]s/a"}},{"name":"b","http":{"url":"%[1]s/b"},"after":["a"]},{"name":"c","http":{"url":"%[1]s/c"},"after":["a"]},
		{"name":"d","uses":"summary","after":["b","c"]}]}`, n.service.URL))
	e := n.ask(http.MethodPost, "/workflows/night/execute", "{}")
	for range 4 {
		<-time.After(time.Duration(100+rand.IntN(400)) * time.Millisecond) // somewhere in the middle
		i := rand.IntN(len(n.nodes))
		n.nodes[i].signal(syscall.SIGKILL)
		n.nodes = append(n.nodes[:i], n.nodes[i+1:]...)
		n.add()
	}
	var now map[string]any
	require.Eventually(t, func() bool {
		now = n.ask(http.MethodGet, fmt.Sprint("/executions/", e["id"]), "")
		return now["status"] != "pending" && now["status"] != "running"
	}, patience, 50*time.Millisecond)
	require.Equal(t, "completed", now["status"], "%v", now)
	require.EqualValues(t, 4*tenants, now["steps_completed"])
	var done, wrong int
	require.NoError(t, n.pool.QueryRow(t.Context(), `
		select count(*), count(*) filter (where s.step < 3 and s.result ->> 'key' is distinct from
			format('night/%s/%s/%s', s.tenant_id, s.day, (array['a','b','c'])[s.step + 1]))
		from workflow_steps s where s.execution_id = $1 and s.status = 'completed'`, int64(e["id"].(float64))).Scan(&done, &wrong))
	require.Equal(t, 4*tenants, done)
	require.Zero(t, wrong)
	var events int
	require.NoError(t, n.pool.QueryRow(t.Context(), "select count(*) from event_log where type = 'WORKFLOW_COMPLETED' and aggregate_id = $1", int64(e["id"].(float64))).Scan(&events))
	require.Equal(t, 1, events)
	n.mu.Lock()
	defer n.mu.Unlock()
	require.Empty(t, n.beside)
}

// leader is which of the nodes decides; nil: none just now.
func (n *nights) leader() *process {
	for _, p := range n.nodes {
		res, err := http.Get(p.url + "/api/v1/orchestrator/leader")
		if err != nil {
			continue
		}
		var l struct {
			Here bool `json:"is_leader"`
		}
		err = json.NewDecoder(res.Body).Decode(&l)
		_ = res.Body.Close()
		if err == nil && l.Here {
			return p
		}
	}
	return nil
}

// begun is how many times of the schedule were begun, and how many executions there are of them.
func (n *nights) begun() (times, executions int) {
	require.NoError(n.t, n.pool.QueryRow(n.t.Context(), `
		select count(distinct scheduled_for), count(*) from workflow_executions where workflow_name = 'minutely'`).Scan(&times, &executions))
	return times, executions
}

// A leader that is killed, or halted for longer than its lease, is replaced; what it would still decide is refused, and each
// time of the schedule is one execution.
func TestTheLeaderIsReplaced(t *testing.T) {
	t.Parallel()
	n := newNights(t, 1, 3)
	n.ask(http.MethodPut, "/workflows/minutely", `{"type":"daily","cron":"* * * * *","timezone":"UTC","steps":[{"name":"s","uses":"summary"}]}`)
	goesOn := func(what string) {
		t.Helper()
		before, _ := n.begun()
		require.Eventually(t, func() bool { now, _ := n.begun(); return now >= before+2 }, patience, 50*time.Millisecond, what)
	}
	decides := func(what string) (p *process) {
		t.Helper()
		require.Eventually(t, func() bool { p = n.leader(); return p != nil }, patience, 20*time.Millisecond, what)
		return p
	}
	first := decides("somebody decides")
	goesOn("the schedule is kept")

	first.signal(syscall.SIGSTOP)
	n.nodes = without(n.nodes, first)
	second := decides("another decides")
	goesOn("by the second")
	first.signal(syscall.SIGCONT)
	n.nodes = append(n.nodes, first)
	goesOn("with the first back")
	require.Equal(t, second.url, decides("one decides").url, "who is back does not decide")

	second.signal(syscall.SIGKILL)
	n.nodes = without(n.nodes, second)
	third := decides("the killed one is replaced")
	goesOn("by the third")
	third.end()
	n.nodes = without(n.nodes, third)
	decides("who left cleanly is replaced")
	goesOn("by the last")
	times, executions := n.begun()
	require.Equal(t, times, executions, "no time was begun twice")
}

func without(list []*process, p *process) []*process {
	var rest []*process
	for _, x := range list {
		if x != p {
			rest = append(rest, x)
		}
	}
	return rest
}
