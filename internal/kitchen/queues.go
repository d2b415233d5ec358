package kitchen

import (
	"context"
	"time"

	"brigade/internal/errs"
	"brigade/internal/kitchen/sched"
)

// Queue is what waits in a kitchen for nothing but capacity, as it was committed last.
type Queue struct {
	Tenant, Outlet int64
	Fence          int64     // under which this node decides for the kitchen
	At             time.Time // of the priorities
	Tasks          []Ranked  // in no order
}

// Ranked is a task with its priority, in points: higher is sooner.
type Ranked struct {
	Task     int64
	Priority float64
}

// ask is somebody who wants to see queues.
type ask struct {
	outlets []int64 // nil: all
	answer  chan []Queue
}

// queues is Desks.Queues of one desk.
func (d *Desk) queues(ctx context.Context, outlets []int64) ([]Queue, error) {
	a := ask{outlets, make(chan []Queue, 1)}
	d.mu.Lock()
	d.asks = append(d.asks, a)
	d.mu.Unlock()
	select {
	case d.wake <- struct{}{}:
	default:
	}
	select {
	case queues := <-a.answer:
		return queues, nil
	case <-d.done:
		return nil, errs.Unavailable("the kitchen has stopped")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// showQueues answers who asked, between two rounds: what the floors hold then is committed.
func (d *Desk) showQueues() {
	d.mu.Lock()
	asks := d.asks
	d.asks = nil
	d.mu.Unlock()
	if len(asks) == 0 {
		return
	}
	now := d.clock.Now()
	for _, a := range asks {
		if a.outlets == nil {
			for outlet := range d.floors {
				a.outlets = append(a.outlets, outlet)
			}
		}
		var queues []Queue
		for _, outlet := range a.outlets {
			fence, ours := d.owned[outlet]
			if f := d.floors[outlet]; f != nil && ours {
				q := f.queue(now)
				q.Fence = fence
				queues = append(queues, q)
			}
		}
		a.answer <- queues
	}
}

// queue lists the tasks that are ready, those that wait for company in a load included.
func (f *Floor) queue(now time.Time) Queue {
	q := Queue{Tenant: f.Layout.Tenant, Outlet: f.Layout.Outlet, At: now}
	at := sched.At(now)
	for _, ticket := range f.tickets {
		for _, t := range ticket.Tasks {
			if t.Ready() {
				q.Tasks = append(q.Tasks, Ranked{t.ID, f.settings.Weights.Priority(f.settings.queued(ticket, t), at)})
			}
		}
	}
	return q
}
