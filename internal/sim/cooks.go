package sim

import (
	"context"
	"math"
	"time"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/kitchen"
)

// job is a task that a cook has or will have in hand.
type job struct {
	task, outlet int64
	started      bool
	version      int // of the task, as far as the demo knows
}

// assigned plans to start a task, after the pause that a human needs to get to it. Tasks of orders that no demo guest
// placed are left alone for longer: whoever placed the order may want to press start himself.
func (s *Sim) assigned(outlet, order, task int64, version int, since time.Time) {
	if j := s.tasks[task]; j != nil && j.version >= version {
		return
	}
	j := &job{task: task, outlet: outlet, version: version}
	s.tasks[task] = j
	s.agenda.add(action{
		at:    since.Add(s.pause(order)),
		still: func() bool { return s.tasks[task] == j },
		do: func(ctx context.Context) outcome {
			t, err := s.parts.Kitchen.Start(ctx, s.cook(outlet), task)
			return outcome{task: t, err: err}
		},
		then: func(_ time.Time, o outcome) {
			delete(s.tasks, task)
			if o.err == nil { // else: somebody else was faster, or the next look plans it again
				s.started(outlet, task, o.task.Version, o.task.StartedAt, o.task.Estimate, 0)
			}
		},
	})
}

// started plans to complete a task around its estimate. What takes longer completes by itself, when the engine does so.
func (s *Sim) started(outlet, task int64, version int, since time.Time, estimate, grace time.Duration) {
	if j := s.tasks[task]; j != nil && j.started {
		return
	}
	j := &job{task: task, outlet: outlet, started: true, version: version}
	s.tasks[task] = j
	s.agenda.add(action{
		at:    since.Add(s.pace(estimate) + grace),
		still: func() bool { return s.tasks[task] == j },
		do: func(ctx context.Context) outcome {
			_, err := s.parts.Kitchen.Complete(ctx, s.cook(outlet), task)
			return outcome{err: err}
		},
		then: func(_ time.Time, o outcome) {
			delete(s.tasks, task)
			if o.err == nil {
				s.relieve(j)
			}
		},
	})
}

func (s *Sim) cook(outlet int64) actor.Actor { return s.houses[outlet].as("demo cook", actor.Cook) }

// pause is how long an assigned task waits for its cook.
func (s *Sim) pause(order int64) time.Duration {
	if s.guests[order] == nil {
		return s.between(20*time.Second, 25*time.Second)
	}
	return s.between(2*time.Second, 8*time.Second)
}

// pace is how long a cook takes: log-normal around the estimate, from 0.8 to 1.2 times of it.
func (s *Sim) pace(estimate time.Duration) time.Duration {
	factor := min(1.2, max(0.8, math.Exp(0.1*s.rng.NormFloat64())))
	return time.Duration(factor * float64(estimate))
}

// settle forgets a task that is out of its cook's hands, unless what the demo knows is newer.
func (s *Sim) settle(task int64, version int) {
	if j := s.tasks[task]; j != nil && j.version <= version {
		delete(s.tasks, task)
		s.relieve(j)
	}
}

// relieve takes notice that a task is out of its outlet's hands.
func (s *Sim) relieve(j *job) {
	if h := s.houses[j.outlet]; h != nil && j.started {
		h.busy = max(0, h.busy-1)
	}
}

// compare makes up for what was not heard: tasks in hand, tasks that are no more, how busy it is, orders that are ready.
func (s *Sim) compare(h *house, b *kitchen.Board) {
	open, there := map[int64]bool{}, map[int64]bool{}
	h.busy, h.hands = 0, 0
	for _, p := range b.People {
		if p.OnShift {
			h.hands += p.MaxParallel
		}
	}
	for _, t := range b.Tickets {
		open[t.Order] = true
		for _, v := range t.TaskViews {
			there[v.ID] = v.Status == kitchen.TaskAssigned || v.Status == kitchen.TaskStarted
			s.seen(h, v)
		}
	}
	for id, j := range s.tasks {
		if j.outlet == h.ID && !there[id] {
			delete(s.tasks, id)
		}
	}
	s.compareGuests(h, open)
}

// seen takes notice of a task as it is.
func (s *Sim) seen(h *house, v kitchen.TaskView) {
	if v.Ready() || v.InHand() {
		h.busy++
	}
	switch v.Status {
	case kitchen.TaskAssigned:
		s.assigned(h.ID, v.Order, v.ID, v.Version, v.AssignedAt)
	case kitchen.TaskStarted:
		grace := time.Duration(0)
		if s.guests[v.Order] == nil { // somebody pressed start himself: let him press complete
			grace = s.pause(v.Order)
		}
		s.started(h.ID, v.ID, v.Version, v.StartedAt, v.Estimate, grace)
	default:
	}
}

// passing tells whether the same call may succeed a little later.
func passing(err error) bool {
	return errs.Is(err, errs.KindUnavailable) || errs.Is(err, errs.KindUnknown)
}
