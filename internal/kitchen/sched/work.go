package sched

import (
	"math"
	"slices"
	"time"
)

// HalfLife is how fast past work is forgotten: an hour later it counts half.
const HalfLife = time.Hour

// work is the record behind a staff member's utilization. It outlives layouts.
//
// Utilization is the average number of tasks he was working on, weighted by recency (the weight of a moment halves
// with every [HalfLife]), divided by how many he may have in hand. It is 0 for somebody who has done nothing for long
// and approaches 1 for somebody who works to his limit all the time. A task worked on from s to e adds, at e,
// 1 − 2^(−(e−s)/HalfLife), the integral of that weight; cutting work into many tasks therefore changes nothing.
type work struct {
	credit  float64 // the weighted average as of at
	at      Instant
	fresh   float64 // finished since; it is dated at the next plan, which follows every change at once
	running []run   // started and not finished
}

type run struct {
	task  int64
	since Instant
}

// weight is what one task worked on for d until now adds.
func weight(d time.Duration) float64 {
	return 1 - fading(d)
}

// fading is how much of the past is left after d.
func fading(d time.Duration) float64 {
	if d <= 0 {
		return 1
	}
	return math.Exp2(-float64(d) / float64(HalfLife))
}

func (w *work) start(task int64, since Instant) {
	w.stop(task)
	w.running = append(w.running, run{task, since})
}

func (w *work) stop(task int64) {
	w.running = slices.DeleteFunc(w.running, func(r run) bool { return r.task == task })
}

// finish counts a task that was worked on for d.
func (w *work) finish(task int64, d time.Duration) {
	w.stop(task)
	w.fresh += weight(d)
}

// book dates fresh work.
func (w *work) book(now Instant) {
	if w.fresh == 0 {
		return
	}
	w.credit, w.at, w.fresh = w.past(now), now, 0
}

func (w *work) past(now Instant) float64 {
	return w.credit*fading(now.Sub(w.at)) + w.fresh
}

// average is the weighted average number of tasks worked on.
func (w *work) average(now Instant) float64 {
	sum := w.past(now)
	for _, r := range w.running {
		sum += weight(now.Sub(r.since))
	}
	return sum
}

func (p *member) utilization(now Instant) float64 {
	return p.work.average(now) / float64(max(p.MaxParallel, 1))
}
