package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Jobs counts what this node's jobs do. Seconds are real.
type Jobs struct {
	runs    *prometheus.CounterVec
	seconds *prometheus.HistogramVec
	waited  *prometheus.HistogramVec
	waiting *prometheus.GaugeVec
}

func newJobs(f promauto.Factory) *Jobs {
	const sub = "jobs"
	kind := []string{"kind"}
	return &Jobs{
		runs:    f.NewCounterVec(counterOpts(sub, "runs_total", "Runs of jobs, by outcome: done, failed, put_off, given_up."), []string{"kind", "outcome"}),
		seconds: f.NewHistogramVec(histOpts(sub, "run_duration_seconds", "Time of one run.", fast), kind),
		waited:  f.NewHistogramVec(histOpts(sub, "waited_seconds", "From when a job could run until it did.", fast), kind),
		waiting: f.NewGaugeVec(gaugeOpts(sub, "waiting", "Jobs that are not over, in all processes, by state."), []string{"queue", "state"}),
	}
}

// Ran notes one run of a job, how it ended, how long it took and how long it had waited.
func (j *Jobs) Ran(kind, outcome string, took, waited time.Duration) {
	if j == nil || j.runs == nil {
		return
	}
	j.runs.WithLabelValues(kind, outcome).Inc()
	j.seconds.WithLabelValues(kind).Observe(took.Seconds())
	j.waited.WithLabelValues(kind).Observe(max(0, waited).Seconds())
}

// Count is a number with its two labels.
type Count struct {
	A, B string
	N    int64
}

// SetWaiting notes how many jobs are not over, by queue and state; what is not named is none.
func (j *Jobs) SetWaiting(counts []Count) {
	if j == nil || j.waiting == nil {
		return
	}
	j.waiting.Reset()
	for _, c := range counts {
		j.waiting.WithLabelValues(c.A, c.B).Set(float64(c.N))
	}
}

// Steps counts what others do for orders: providers of payment, points of sale, those who are told.
type Steps struct {
	payments *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	breakers *prometheus.GaugeVec
	lanes    *prometheus.GaugeVec
	stuck    *prometheus.GaugeVec
}

func newSteps(f promauto.Factory) *Steps {
	return &Steps{
		payments: f.NewCounterVec(counterOpts("payment", "attempts_total", "Calls of providers of payment, by outcome: done, refused, unknown."),
			[]string{"method", "step", "outcome"}),
		seconds:  f.NewHistogramVec(histOpts("payment", "call_duration_seconds", "Time of one call of a provider of payment.", fast), []string{"method"}),
		breakers: f.NewGaugeVec(gaugeOpts("breaker", "open", "1 for a system that fails, so that few call it."), []string{"kind", "system"}),
		lanes:    f.NewGaugeVec(gaugeOpts("notify", "lanes", "Lanes of messages, in all processes, by state: resting, working, failing, off."), []string{"channel", "state"}),
		stuck:    f.NewGaugeVec(gaugeOpts("orders", "stuck_steps", "Steps of orders that do not come by themselves, in all processes."), []string{"kind"}),
	}
}

// Paid notes a call of a provider of payment.
func (s *Steps) Paid(method, step, outcome string, took time.Duration) {
	if s == nil || s.payments == nil {
		return
	}
	s.payments.WithLabelValues(method, step, outcome).Inc()
	s.seconds.WithLabelValues(method).Observe(took.Seconds())
}

// SetBreakers notes which systems of a kind are in trouble; the others are not.
func (s *Steps) SetBreakers(kind string, troubled []string) {
	if s == nil || s.breakers == nil {
		return
	}
	s.breakers.DeletePartialMatch(prometheus.Labels{"kind": kind})
	for _, name := range troubled {
		s.breakers.WithLabelValues(kind, name).Set(1)
	}
}

// SetLanes notes how many lanes are in which state, by channel.
func (s *Steps) SetLanes(counts []Count) {
	if s == nil || s.lanes == nil {
		return
	}
	s.lanes.Reset()
	for _, c := range counts {
		s.lanes.WithLabelValues(c.A, c.B).Set(float64(c.N))
	}
}

// SetStuck notes how many steps of each kind are stuck.
func (s *Steps) SetStuck(counts map[string]int64) {
	if s == nil || s.stuck == nil {
		return
	}
	for kind, n := range counts {
		s.stuck.WithLabelValues(kind).Set(float64(n))
	}
}
