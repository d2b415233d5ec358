package telemetry

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const namespace = "brigade"

// fast are buckets in seconds for what should take milliseconds.
var fast = []float64{.001, .0025, .005, .01, .025, .06, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300}

// Metrics is the process's own registry, with Go's and the process's collectors and the metrics of every component.
//
// Each component gets its own small struct. A nil or zero struct takes no notes, so that tests need none.
type Metrics struct {
	Kitchen *Kitchen
	Events  *Events
	Lease   *Lease
	HTTP    *HTTP
	Redis   *Redis
	Jobs    *Jobs
	Steps   *Steps

	registry *prometheus.Registry
	commits  commits
}

// NewMetrics returns a registry in which every metric of Brigade is registered.
func NewMetrics() *Metrics {
	reg := prometheus.NewRegistry()
	reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	with := promauto.With(reg)
	return &Metrics{
		registry: reg,
		Kitchen:  newKitchen(with),
		Events:   newEvents(with),
		Lease:    newLease(with),
		HTTP:     newHTTP(with),
		Redis:    newRedis(with),
		Jobs:     newJobs(with),
		Steps:    newSteps(with),
		commits:  newCommits(with),
	}
}

// Registerer is for components with metrics of their own.
func (m *Metrics) Registerer() prometheus.Registerer { return m.registry }

// Handler answers GET /metrics.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry})
}

// Commit returns the metrics of the group commit of that name: orders, kitchen.
func (m *Metrics) Commit(name string) *Commit {
	return &Commit{
		size:    m.commits.size.WithLabelValues(name),
		seconds: m.commits.seconds.WithLabelValues(name),
		failed:  m.commits.failed.WithLabelValues(name),
	}
}

func gaugeOpts(sub, name, help string) prometheus.GaugeOpts {
	return prometheus.GaugeOpts{Namespace: namespace, Subsystem: sub, Name: name, Help: help}
}

func counterOpts(sub, name, help string) prometheus.CounterOpts {
	return prometheus.CounterOpts{Namespace: namespace, Subsystem: sub, Name: name, Help: help}
}

func histOpts(sub, name, help string, buckets []float64) prometheus.HistogramOpts {
	return prometheus.HistogramOpts{Namespace: namespace, Subsystem: sub, Name: name, Help: help, Buckets: buckets}
}

// Kitchen counts what the kitchens of this node do. Seconds are of the product's clock.
type Kitchen struct {
	queue, wait             prometheus.Gauge
	assignment              prometheus.Histogram
	plan                    prometheus.Histogram
	overtaken, staleRequeue prometheus.Counter
}

func newKitchen(f promauto.Factory) *Kitchen {
	const sub = "kitchen"
	return &Kitchen{
		queue:        f.NewGauge(gaugeOpts(sub, "queue_length", "Ready tasks that nobody has been assigned.")),
		wait:         f.NewGauge(gaugeOpts(sub, "queue_wait_seconds", "How long the oldest ready task has waited.")),
		assignment:   f.NewHistogram(histOpts(sub, "assignment_latency_seconds", "From ready to assigned.", fast)),
		plan:         f.NewHistogram(histOpts(sub, "plan_duration_seconds", "Time to plan one kitchen.", planBuckets)),
		overtaken:    f.NewCounter(counterOpts(sub, "overtaken_total", "Decisions refused at commit because something had changed.")),
		staleRequeue: f.NewCounter(counterOpts(sub, "requeued_total", "Assigned tasks put back into the queue.")),
	}
}

var planBuckets = []float64{1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 5e-2}

// SetQueue notes how many ready tasks wait, in all kitchens of this node, and how long the oldest has waited.
func (k *Kitchen) SetQueue(length int, oldest time.Duration) {
	if k == nil || k.queue == nil {
		return
	}
	k.queue.Set(float64(length))
	k.wait.Set(oldest.Seconds())
}

// Assigned notes one assignment and how long the task had been ready.
func (k *Kitchen) Assigned(sinceReady time.Duration) {
	if k != nil && k.assignment != nil {
		k.assignment.Observe(sinceReady.Seconds())
	}
}

// Planned notes how long planning one kitchen took, in real time.
func (k *Kitchen) Planned(took time.Duration) {
	if k != nil && k.plan != nil {
		k.plan.Observe(took.Seconds())
	}
}

// Overtaken notes n decisions that were refused at commit.
func (k *Kitchen) Overtaken(n int) {
	if k != nil && k.overtaken != nil {
		k.overtaken.Add(float64(n))
	}
}

// Requeued notes n tasks put back into the queue.
func (k *Kitchen) Requeued(n int) {
	if k != nil && k.staleRequeue != nil {
		k.staleRequeue.Add(float64(n))
	}
}

type commits struct {
	size, seconds *prometheus.HistogramVec
	failed        *prometheus.CounterVec
}

func newCommits(f promauto.Factory) commits {
	const sub = "commit"
	sizes := prometheus.ExponentialBuckets(1, 2, 12)
	return commits{
		size:    f.NewHistogramVec(histOpts(sub, "batch_size", "Callers that shared one transaction.", sizes), []string{"batch"}),
		seconds: f.NewHistogramVec(histOpts(sub, "duration_seconds", "Time of one shared transaction.", fast), []string{"batch"}),
		failed:  f.NewCounterVec(counterOpts(sub, "failed_total", "Shared transactions that failed."), []string{"batch"}),
	}
}

// Commit counts the transactions of one group commit.
type Commit struct {
	size, seconds prometheus.Observer
	failed        prometheus.Counter
}

// Done notes a transaction shared by size callers, how long it took and its outcome.
func (c *Commit) Done(size int, took time.Duration, err error) {
	if c == nil || c.size == nil {
		return
	}
	c.size.Observe(float64(size))
	c.seconds.Observe(took.Seconds())
	if err != nil {
		c.failed.Inc()
	}
}

// Events counts how events leave the log.
type Events struct {
	behind    *prometheus.GaugeVec
	published *prometheus.CounterVec
	failed    *prometheus.CounterVec
}

func newEvents(f promauto.Factory) *Events {
	const sub = "events"
	sink := []string{"sink"}
	return &Events{
		behind:    f.NewGaugeVec(gaugeOpts(sub, "behind", "Events in the log that a sink has not published yet."), sink),
		published: f.NewCounterVec(counterOpts(sub, "published_total", "Events published."), sink),
		failed:    f.NewCounterVec(counterOpts(sub, "failed_total", "Batches that a sink refused."), sink),
	}
}

// SetBehind notes how many events a sink has not published yet.
func (e *Events) SetBehind(sink string, n int64) {
	if e != nil && e.behind != nil {
		e.behind.WithLabelValues(sink).Set(float64(n))
	}
}

// Published notes n events that a sink took.
func (e *Events) Published(sink string, n int) {
	if e != nil && e.published != nil {
		e.published.WithLabelValues(sink).Add(float64(n))
	}
}

// Failed notes a batch that a sink refused.
func (e *Events) Failed(sink string) {
	if e != nil && e.failed != nil {
		e.failed.WithLabelValues(sink).Inc()
	}
}

// Lease counts what this node owns.
type Lease struct {
	held          *prometheus.GaugeVec
	gained, lost  *prometheus.CounterVec
	renewalFailed prometheus.Counter
}

func newLease(f promauto.Factory) *Lease {
	const sub = "lease"
	kind := []string{"kind"}
	return &Lease{
		held:          f.NewGaugeVec(gaugeOpts(sub, "held", "Leases this node holds."), kind),
		gained:        f.NewCounterVec(counterOpts(sub, "gained_total", "Leases this node took."), kind),
		lost:          f.NewCounterVec(counterOpts(sub, "lost_total", "Leases this node lost or gave back."), kind),
		renewalFailed: f.NewCounter(counterOpts(sub, "renewal_failed_total", "Heartbeats that Postgres did not take.")),
	}
}

// Changed notes leases gained and lost, and how many of that kind are held now.
func (l *Lease) Changed(kind string, gained, lost, held int) {
	if l == nil || l.held == nil {
		return
	}
	l.held.WithLabelValues(kind).Set(float64(held))
	l.gained.WithLabelValues(kind).Add(float64(gained))
	l.lost.WithLabelValues(kind).Add(float64(lost))
}

// RenewalFailed notes a heartbeat that Postgres did not take.
func (l *Lease) RenewalFailed() {
	if l != nil && l.renewalFailed != nil {
		l.renewalFailed.Inc()
	}
}

// HTTP counts requests by route (the pattern, never the path), method and status.
type HTTP struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	inFlight prometheus.Gauge
}

func newHTTP(f promauto.Factory) *HTTP {
	const sub = "http"
	return &HTTP{
		requests: f.NewCounterVec(counterOpts(sub, "requests_total", "Requests answered."), []string{"route", "method", "status"}),
		seconds:  f.NewHistogramVec(histOpts(sub, "request_duration_seconds", "Time to answer.", fast), []string{"route", "method"}),
		inFlight: f.NewGauge(gaugeOpts(sub, "in_flight", "Requests being answered.")),
	}
}

// Begin notes a request that has come in; the returned function notes its answer.
func (h *HTTP) Begin() (done func(route, method string, status int)) {
	if h == nil || h.requests == nil {
		return func(string, string, int) {}
	}
	start := time.Now()
	h.inFlight.Inc()
	return func(route, method string, status int) {
		h.inFlight.Dec()
		h.requests.WithLabelValues(route, method, strconv.Itoa(status)).Inc()
		h.seconds.WithLabelValues(route, method).Observe(time.Since(start).Seconds())
	}
}
