package telemetry

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Redis counts what this process does with Redis.
type Redis struct {
	up       prometheus.Gauge
	failed   prometheus.Counter
	drawn    *prometheus.CounterVec
	reads    *prometheus.CounterVec
	mirrored prometheus.Gauge
}

func newRedis(f promauto.Factory) *Redis {
	const sub = "redis"
	return &Redis{
		up:       f.NewGauge(gaugeOpts(sub, "up", "1 while Redis answers; 0 also when none is configured.")),
		failed:   f.NewCounter(counterOpts(sub, "failed_total", "Exchanges with Redis that failed.")),
		drawn:    f.NewCounterVec(counterOpts(sub, "queue_changes_total", "Tasks written to or taken out of the ready queues in Redis."), []string{"drawing"}),
		reads:    f.NewCounterVec(counterOpts(sub, "cached_reads_total", "Reads that may be answered from Redis: hit, miss, or not asked (off)."), []string{"outcome"}),
		mirrored: f.NewGauge(gaugeOpts(sub, "queues_shown", "1 while the ready queues of this node's kitchens are shown in Redis.")),
	}
}

// SetUp notes whether Redis answers.
func (r *Redis) SetUp(up bool) {
	if r != nil && r.up != nil {
		r.up.Set(oneIf(up))
	}
}

// SetShown notes whether ready queues are shown.
func (r *Redis) SetShown(shown bool) {
	if r != nil && r.mirrored != nil {
		r.mirrored.Set(oneIf(shown))
	}
}

// Failed notes an exchange that failed.
func (r *Redis) Failed() {
	if r != nil && r.failed != nil {
		r.failed.Inc()
	}
}

// Drawn notes n tasks that were drawn, because of a change or with the whole queue.
func (r *Redis) Drawn(n int, full bool) {
	if r == nil || r.drawn == nil {
		return
	}
	drawing := "change"
	if full {
		drawing = "full"
	}
	r.drawn.WithLabelValues(drawing).Add(float64(n))
}

// Read notes how a read was answered: hit, miss or off.
func (r *Redis) Read(outcome string) {
	if r != nil && r.reads != nil {
		r.reads.WithLabelValues(outcome).Inc()
	}
}

func oneIf(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
