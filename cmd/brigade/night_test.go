package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"brigade/internal/store"
	"brigade/internal/store/pgtest"
)

// nights are orchestrators over one Postgres.
type nights struct {
	t     *testing.T
	url   string
	pool  *pgxpool.Pool
	nodes []*process
}

func newNights(t *testing.T, url string, nodes int) *nights {
	n := &nights{t: t, url: url}
	var err error
	n.pool, err = store.Open(n.url, 2)
	require.NoError(t, err)
	t.Cleanup(n.pool.Close)
	for range nodes {
		n.add("--leader-heartbeat=0.5", "--leader-lock-ttl=2", "--step-lease=1", "--time-scale=60").awaitReady()
	}
	return n
}

// add starts one more orchestrator.
func (n *nights) add(flags ...string) *process {
	p := start(n.t, append([]string{"serve", "--role=orchestrator", "--database-url", n.url, freePort, "--log-level=error"}, flags...)...)
	n.nodes = append(n.nodes, p)
	return p
}

func (n *nights) exec(sql string, args ...any) {
	n.t.Helper()
	_, err := n.pool.Exec(n.t.Context(), sql, args...)
	require.NoError(n.t, err)
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
	n := newNights(t, pgtest.NewURL(t), 3)
	n.exec("insert into tenants (slug, name, tier) values ('t', 't', 'standard')")
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
