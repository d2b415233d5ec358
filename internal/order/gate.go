package order

import (
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// Gates keep calls from others' systems that are in trouble, or that take too long: none of them gets more hands than
// its share, so that the rest stay with those who answer. A few go on asking one in trouble, so that it is noticed at once
// when it is back, and so that orders which fail by themselves do not keep those behind them waiting.
// They are safe for concurrent use.
type Gates struct {
	limit int

	mu    sync.Mutex
	doors map[string]*door
}

type door struct {
	failures int // in a row
	inside   int // calls under way
}

// Failures in a row after which a system is in trouble, how many call one in trouble at a time, and how long the others
// wait.
const (
	breakAfter = 10
	breakTo    = 5
	breakFor   = 2 * time.Second
)

// ErrNotCalled is what leaves a gate of a system that was not called after all.
var ErrNotCalled = errors.New("not called")

// NewGates returns gates that let limit calls through to each system at a time.
func NewGates(limit int) *Gates { return &Gates{limit: limit, doors: map[string]*door{}} }

// Later is how long somebody waits whom a gate did not let through: not all the same.
func Later() time.Duration { return breakFor/2 + rand.N(breakFor) }

// Enter tells whether a system may be called now. If so, leave is told once what came of the call.
func (g *Gates) Enter(system string) (leave func(error), ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	d := g.doors[system]
	if d == nil {
		d = &door{}
		g.doors[system] = d
	}
	if d.inside >= g.limit || d.failures >= breakAfter && d.inside >= breakTo {
		return nil, false
	}
	d.inside++
	return func(err error) { g.leave(system, d, err) }, true
}

func (g *Gates) leave(system string, d *door, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	d.inside--
	switch {
	case err == nil:
		d.failures = 0
	case !errors.Is(err, ErrNotCalled):
		d.failures++
	}
	if d.inside == 0 && d.failures == 0 && g.doors[system] == d {
		delete(g.doors, system)
	}
}

// Troubled lists the systems that have failed too often in a row.
func (g *Gates) Troubled() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	var names []string
	for name, d := range g.doors {
		if d.failures >= breakAfter {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
