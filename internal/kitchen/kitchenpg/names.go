package kitchenpg

import (
	"context"
	"sync"

	"brigade/internal/kitchen"
)

// names remembers what kitchens' stations are called, for the events of new tasks.
type names struct {
	mu       sync.Mutex
	byOutlet map[int64]*kitchen.Layout
}

// of returns the layouts of the work's outlets. One that lacks a station of the work is read again.
func (n *names) of(ctx context.Context, s *Store, work []kitchen.Work) (map[int64]*kitchen.Layout, error) {
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
	if len(missing) == 0 {
		return n.byOutlet, nil
	}
	layouts, err := s.Layouts(ctx, missing)
	for _, l := range layouts {
		n.byOutlet[l.Outlet] = l
	}
	return n.byOutlet, err
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
