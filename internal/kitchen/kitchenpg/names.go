package kitchenpg

import (
	"context"
	"sync"
	"time"

	"brigade/internal/kitchen"
	"brigade/internal/kitchen/kitchenpg/db"
)

// names remembers what kitchens' stations are called, for the events of new tasks.
type names struct {
	mu       sync.Mutex
	byOutlet map[int64]*kitchen.Layout
}

// of returns the layouts of the work's outlets, read with q where need be. One that lacks a station of the work is read
// again.
func (n *names) of(ctx context.Context, q *db.Queries, work []kitchen.Work) (map[int64]*kitchen.Layout, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.byOutlet == nil {
		n.byOutlet = map[int64]*kitchen.Layout{}
	}
	var missing []int64
	for _, w := range work {
		if l := n.byOutlet[w.Outlet]; l == nil || !knows(l, w) {
			missing = append(missing, w.Outlet)
		}
	}
	if len(missing) > 0 {
		found, err := layouts(ctx, q, missing, time.Now()) // for their names: hours do not matter
		if err != nil {
			return nil, err
		}
		for _, l := range found {
			n.byOutlet[l.Outlet] = l
		}
	}
	return n.pick(work), nil
}

// pick copies what the work needs; an outlet that does not exist has no names.
func (n *names) pick(work []kitchen.Work) map[int64]*kitchen.Layout {
	picked := make(map[int64]*kitchen.Layout, 1)
	for _, w := range work {
		if picked[w.Outlet] = n.byOutlet[w.Outlet]; picked[w.Outlet] == nil {
			picked[w.Outlet] = (&kitchen.Layout{Outlet: w.Outlet}).Index()
		}
	}
	return picked
}

func knows(l *kitchen.Layout, w kitchen.Work) bool {
	for _, line := range w.Lines {
		for _, step := range line.Recipe.Steps {
			if l.Station(step.Station) == "" {
				return false
			}
		}
	}
	return true
}
