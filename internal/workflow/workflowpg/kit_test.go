package workflowpg_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"brigade/internal/actor"
	"brigade/internal/clock"
	"brigade/internal/errs"
	"brigade/internal/event"
	"brigade/internal/event/eventpg"
	"brigade/internal/store"
	"brigade/internal/store/pgtest"
	"brigade/internal/workflow"
	"brigade/internal/workflow/workflowpg"
)

var operator = actor.Actor{Role: actor.System, Name: "operator"}

var monday = time.Date(2026, 5, 18, 6, 0, 0, 0, time.UTC)

// night is a database with tenants, and a node that does workflows when it is told to.
type night struct {
	t        testing.TB
	pool     *pgxpool.Pool
	store    *workflowpg.Store
	clock    *clock.Manual
	registry *workflow.Registry
	service  *workflow.Service
	engine   *workflow.Engine
	epoch    int64 // of who decides

	mu    sync.Mutex
	did   map[string]int // how often each key was done
	fails map[string]error
}

func setup(t testing.TB, tenants ...string) *night {
	t.Helper()
	n := &night{t: t, pool: pgtest.New(t), clock: clock.NewManual(monday), did: map[string]int{}, fails: map[string]error{}, epoch: 1}
	n.store = workflowpg.New(n.pool, workflowpg.Parts{
		Append: func(ctx context.Context, tx store.Tx, events []event.Event) error {
			return eventpg.Append(ctx, tx, 1, events)
		},
		Committed: func() {},
		Check: func(_ context.Context, _ store.Tx, fence int64) error {
			if fence != n.epoch {
				return errs.Unavailable("somebody else decides by now")
			}
			return nil
		},
	})
	for i, tier := range tenants {
		n.exec("insert into tenants (id, slug, name, tier, timezone) values ($1, $2, $2, $3, 'Europe/Madrid')", i+1, fmt.Sprint("t", i+1), tier)
	}
	n.registry = workflow.NewRegistry()
	for _, name := range []string{"one", "two", "three"} {
		n.registry.Add(name, workflow.Each(n.work))
	}
	n.registry.AddSQL(workflow.Each(n.store.Report("")))
	n.service = workflow.NewService(n.store, n.clock, workflow.ServiceOptions{
		Rulebook: workflow.Rulebook{Steps: n.registry.Names()}, Poke: func() {}, Ended: func(workflow.Execution) {},
		Zone: func(context.Context, int64) (*time.Location, error) { return time.LoadLocation("Europe/Madrid") },
	})
	n.engine = n.node(1)
	return n
}

func (n *night) exec(sql string, args ...any) {
	n.t.Helper()
	_, err := n.pool.Exec(n.t.Context(), sql, args...)
	require.NoError(n.t, err)
}

// node is one more node.
func (n *night) node(id int64) *workflow.Engine {
	return workflow.NewEngine(n.store, n.registry, n.clock, workflow.EngineOptions{
		Node: func() int64 { return id }, Instance: fmt.Sprint("node-", id), Lease: time.Minute,
	})
}

// work does a step of a tenant as the test wants it.
func (n *night) work(_ context.Context, b *workflow.Batch, j workflow.Job) (any, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	key := fmt.Sprintf("%d/%s", j.Tenant, b.Work().Name)
	n.did[key]++
	return map[string]any{"did": n.did[key], "before": len(j.Results)}, n.fails[key]
}

func (n *night) count(key string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.did[key]
}

func (n *night) fail(key string, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.fails[key] = err
}

// put saves a workflow of steps: each a name of what it uses, after those that are named.
func (n *night) put(name string, change func(w *workflow.Workflow)) workflow.Workflow {
	n.t.Helper()
	w, err := n.service.Put(n.t.Context(), operator, name, "put", func(w *workflow.Workflow) error {
		w.Steps = []workflow.Step{
			{Name: "a", Uses: "one"},
			{Name: "b", Uses: "two", After: []string{"a"}},
			{Name: "c", Uses: "three", After: []string{"a"}},
			{Name: "end", Uses: workflow.StepSummary, After: []string{"b", "c"}},
		}
		if change != nil {
			change(w)
		}
		return nil
	})
	require.NoError(n.t, err)
	return w
}

func (n *night) run(name string) workflow.Execution {
	n.t.Helper()
	list, err := n.service.Execute(n.t.Context(), operator, name, workflow.Request{})
	require.NoError(n.t, err)
	return list[0]
}

// work off all that is ready.
func (n *night) drain() {
	n.t.Helper()
	for {
		did, err := n.engine.Once(n.t.Context())
		require.NoError(n.t, err)
		if !did {
			return
		}
	}
}

func (n *night) look(id int64) workflow.Execution {
	n.t.Helper()
	e, err := n.service.Execution(n.t.Context(), operator, id)
	require.NoError(n.t, err)
	return e
}

func (n *night) steps(id int64, status workflow.StepStatus) []workflow.StepRun {
	n.t.Helper()
	list, err := n.service.Steps(n.t.Context(), operator, id, workflow.StepFilter{Status: status, Most: 10_000})
	require.NoError(n.t, err)
	return list
}
