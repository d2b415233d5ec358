package bench

import (
	"sync"
	"time"
)

// waits measures from when a task was ready until a subscriber heard that it is assigned, and tells first completions
// from repeated ones.
type waits struct {
	mu        sync.Mutex
	measuring bool
	ready     map[int64]time.Time
	heard     []time.Duration
	completed []uint64 // a bit for each task
}

func (w *waits) measure(on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.measuring = on
}

func (w *waits) isReady(task int64, at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.measuring {
		w.ready[task] = at
	}
}

func (w *waits) isAssigned(task int64, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if at, ok := w.ready[task]; ok {
		w.heard = append(w.heard, now.Sub(at))
		delete(w.ready, task)
	}
}

// times returns what was measured.
func (w *waits) times() []time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.heard
}

// first tells whether a task is completed for the first time. Task ids are dense.
func (w *waits) first(task int64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	word, bit := int(task/64), uint64(1)<<(task%64)
	for word >= len(w.completed) {
		w.completed = append(w.completed, make([]uint64, 1024)...)
	}
	if w.completed[word]&bit != 0 {
		return false
	}
	w.completed[word] |= bit
	return true
}
