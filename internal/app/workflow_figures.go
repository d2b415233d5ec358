package app

import (
	"context"
	"sync"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"brigade/internal/actor"
	"brigade/internal/store"
	"brigade/internal/workflow"
)

// workflowFigures are contract O's metrics. Each execution counts in the process in which it ended.
type workflowFigures struct {
	executions *prometheus.CounterVec
	duration   *prometheus.HistogramVec
	success    *prometheus.GaugeVec
	tenants    *prometheus.CounterVec
	leader     *prometheus.GaugeVec
	steps      *prometheus.CounterVec
}

func newWorkflowFigures(r prometheus.Registerer) *workflowFigures {
	f := promauto.With(r)
	name := []string{"workflow_name"}
	return &workflowFigures{
		executions: f.NewCounterVec(prometheus.CounterOpts{
			Name: "orchestrator_workflow_executions_total", Help: "Executions that ended, by their status.",
		}, []string{"workflow_name", "status"}),
		duration: f.NewHistogramVec(prometheus.HistogramOpts{
			Name: "orchestrator_workflow_duration_seconds", Help: "How long executions took.", Buckets: []float64{60, 300, 600, 1200, 1800, 3600},
		}, name),
		success: f.NewGaugeVec(prometheus.GaugeOpts{
			Name: "orchestrator_workflow_success_rate_percentage", Help: "The share of executions of the last 30 days that were completed.",
		}, name),
		tenants: f.NewCounterVec(prometheus.CounterOpts{
			Name: "orchestrator_tenants_processed_total", Help: "Tenants of executions that ended, by what became of them.",
		}, []string{"workflow_name", "status"}),
		leader: f.NewGaugeVec(prometheus.GaugeOpts{
			Name: "orchestrator_leader_instance", Help: "1 while this instance decides when workflows begin.",
		}, []string{"instance_id"}),
		steps: f.NewCounterVec(prometheus.CounterOpts{
			Name: "orchestrator_steps_total", Help: "Steps of tenants that this instance has done, by what became of them.",
		}, []string{"workflow_name", "step", "status"}),
	}
}

// ended counts an execution.
func (f *workflowFigures) ended(e workflow.Execution) {
	f.executions.WithLabelValues(e.Name, string(e.Status)).Inc()
	if e.Ended != nil {
		f.duration.WithLabelValues(e.Name).Observe(e.Took(*e.Ended).Seconds())
	}
	f.tenants.WithLabelValues(e.Name, "completed").Add(float64(max(0, e.Tenants-e.TenantsBad)))
	f.tenants.WithLabelValues(e.Name, "failed").Add(float64(e.TenantsBad))
}

// finished counts the steps of a batch.
func (f *workflowFigures) finished(b *workflow.Batch, done []workflow.Done) {
	for i := range done {
		f.steps.WithLabelValues(b.Name, b.Work().Name, string(done[i].Status)).Inc()
	}
}

func (f *workflowFigures) leads(instance string, leads bool) {
	value := 0.0
	if leads {
		value = 1
	}
	f.leader.WithLabelValues(instance).Set(value)
}

const (
	successDays  = 30
	figuresEvery = 15 * time.Second
)

// keepWorkflowFigures keeps the figures that have to be asked for.
func (a *App) keepWorkflowFigures(ctx context.Context) error {
	tick := time.NewTicker(figuresEvery)
	defer tick.Stop()
	for {
		a.askWorkflowFigures(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (a *App) askWorkflowFigures(ctx context.Context) {
	days, err := a.workflows.Statistics(ctx, actor.Actor{Role: actor.System}, successDays)
	if err != nil {
		return // Postgres is away: others say so
	}
	completed, all := map[string]int{}, map[string]int{}
	for _, d := range days {
		completed[d.Name] += d.Completed
		all[d.Name] += d.Completed + d.Failed
	}
	for name, n := range all {
		if n > 0 {
			a.flows.figures.success.WithLabelValues(name).Set(100 * float64(completed[name]) / float64(n))
		}
	}
}

// workflowMeter tells what batches of steps cost: of the processor, their share of what the process took while they ran
// beside each other; of Postgres, what their own calls took.
type workflowMeter struct {
	mu     sync.Mutex
	active int
	spent  time.Duration // a single batch's share since the process began
	last   time.Duration // of the process, when spent was brought up to date
}

func newWorkflowMeter() *workflowMeter { return &workflowMeter{last: processorTime()} }

// Begin implements workflow.Meter.
func (m *workflowMeter) Begin(ctx context.Context) (context.Context, func() workflow.Cost) {
	began := m.count(1)
	ctx, asked := store.Metered(ctx)
	return ctx, func() workflow.Cost {
		return workflow.Cost{CPU: m.count(-1) - began, DB: asked.Took(), Rows: asked.Rows()}
	}
}

// count brings the share up to date before there is a batch more or less, and returns it.
func (m *workflowMeter) count(change int) time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := processorTime()
	if m.active > 0 {
		m.spent += (now - m.last) / time.Duration(m.active)
	}
	m.last = now
	m.active += change
	return m.spent
}

// processorTime is what the process has taken of the processors so far.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
