package sched

// Priority is a task's priority in points at now, as the queue is ordered by: higher is sooner. All tasks age alike, so
// between any two the difference stays what it is.
func (w Weights) Priority(t Task, now Instant) float64 { return w.score(t, now).Total }
