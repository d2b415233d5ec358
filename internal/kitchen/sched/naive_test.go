package sched_test

import (
	"cmp"
	"math"
	"slices"
	"time"

	"brigade/internal/kitchen/sched"
)

// naive is the contract written down without any cleverness: for every decision it goes over every task, every machine
// and everybody. It knows the kitchen only by what it was told; of the planner it uses the utilization, which has tests
// of its own.
type naive struct {
	layout  sched.Layout
	weights sched.Weights
	queue   []sched.Task
	held    map[int64]place
	k       *sched.Kitchen
}

type place struct{ station, machine, staff int64 }

type choice struct{ task, station, machine, staff int64 }

func newNaive(l sched.Layout, w sched.Weights) *naive {
	return &naive{layout: l, weights: w, held: map[int64]place{}, k: sched.New(l, w)}
}

func (n *naive) drop(task int64) {
	n.queue = slices.DeleteFunc(n.queue, func(t sched.Task) bool { return t.ID == task })
}

func (n *naive) enqueue(t sched.Task) {
	delete(n.held, t.ID)
	n.drop(t.ID)
	n.queue = append(n.queue, t)
	n.k.Enqueue(t)
}

func (n *naive) remove(task int64) bool {
	n.drop(task)
	return n.k.Remove(task)
}

func (n *naive) occupy(task int64, p place) {
	n.drop(task)
	n.held[task] = p
	n.k.Occupy(task, p.station, p.machine, p.staff)
}

func (n *naive) release(task int64, worked time.Duration) bool {
	delete(n.held, task)
	return n.k.Release(task, worked)
}

func (n *naive) relayout(l sched.Layout) {
	n.layout = l
	n.k.Relayout(l)
}

func (n *naive) used(by func(place) bool) int {
	used := 0
	for _, p := range n.held {
		if by(p) {
			used++
		}
	}
	return used
}

func (n *naive) stationUse(id int64) int {
	return n.used(func(p place) bool { return p.station == id })
}

func (n *naive) machineUse(id int64) int {
	return n.used(func(p place) bool { return p.machine == id })
}

func (n *naive) staffUse(id int64) int { return n.used(func(p place) bool { return p.staff == id }) }

// plan decides until nothing can be assigned, at most most times.
func (n *naive) plan(now sched.Instant, most int) []choice {
	var plan []choice
	for len(plan) < most {
		best := -1
		for i, t := range n.queue {
			if n.waitsFor(t, now) == sched.Assignable && (best < 0 || n.before(t, n.queue[best], now)) {
				best = i
			}
		}
		if best < 0 {
			break
		}
		t := n.queue[best]
		c := choice{t.ID, t.Station, n.machine(t), n.staff(t, now)}
		n.drop(t.ID)
		n.held[t.ID] = place{c.station, c.machine, c.staff}
		plan = append(plan, c)
	}
	return plan
}

// before compares priorities at now, equal to a millionth of a point counting as equal.
func (n *naive) before(a, b sched.Task, now sched.Instant) bool {
	score := func(t sched.Task) int64 {
		return int64(math.Round((t.Base + t.Boost + n.weights.Aging*now.Sub(cmp.Or(t.Arrived, t.Ready)).Seconds()) * 1e6))
	}
	switch {
	case score(a) != score(b):
		return score(a) > score(b)
	case a.Ready != b.Ready:
		return a.Ready < b.Ready
	}
	return a.ID < b.ID
}

func (n *naive) waitsFor(t sched.Task, now sched.Instant) sched.Reason {
	i := slices.IndexFunc(n.layout.Stations, func(s sched.Station) bool { return s.ID == t.Station })
	switch {
	case i < 0:
		return sched.StationUnknown
	case n.stationUse(t.Station) >= n.layout.Stations[i].Capacity:
		return sched.StationFull
	}
	machines := n.machinesFor(t)
	up := slices.ContainsFunc(machines, func(m sched.Machine) bool { return m.Up })
	switch {
	case len(machines) == 0 && t.Machine != 0:
		return sched.MachineUnknown
	case len(machines) > 0 && !up:
		return sched.MachineDown
	case len(machines) > 0 && !slices.ContainsFunc(machines, n.machineFree):
		return sched.MachineFull
	}
	return n.staffReason(t, now)
}

func (n *naive) staffReason(t sched.Task, now sched.Instant) sched.Reason {
	skilled, present, free := 0, 0, 0
	for _, s := range n.layout.Staff {
		if !slices.Contains(s.Skills, t.Station) {
			continue
		}
		skilled++
		if n.off(s, now) {
			continue
		}
		present++
		if n.staffUse(s.ID) < s.MaxParallel {
			free++
		}
	}
	switch {
	case free > 0:
		return sched.Assignable
	case present > 0:
		return sched.StaffAtLimit
	case skilled > 0:
		return sched.AllOff
	}
	return sched.NobodySkilled
}

func (n *naive) off(s sched.Staff, now sched.Instant) bool {
	return slices.ContainsFunc(s.Off, func(iv sched.Interval) bool { return iv.From <= now && now < iv.To })
}

func (n *naive) machinesFor(t sched.Task) []sched.Machine {
	var list []sched.Machine
	for _, m := range n.layout.Machines {
		if m.ID == t.Machine || t.Machine == 0 && m.Station == t.Station {
			list = append(list, m)
		}
	}
	return list
}

func (n *naive) machineFree(m sched.Machine) bool { return m.Up && n.machineUse(m.ID) < m.Capacity }

func (n *naive) machine(t sched.Task) int64 {
	best, bestShare := int64(0), math.Inf(1)
	for _, m := range n.machinesFor(t) {
		share := float64(n.machineUse(m.ID)) / float64(m.Capacity)
		if n.machineFree(m) && share < bestShare {
			best, bestShare = m.ID, share
		}
	}
	return best
}

func (n *naive) staff(t sched.Task, now sched.Instant) int64 {
	best, bestScore := int64(0), math.Inf(1)
	for _, s := range n.layout.Staff {
		if !slices.Contains(s.Skills, t.Station) || n.off(s, now) || n.staffUse(s.ID) >= s.MaxParallel {
			continue
		}
		w := n.weights
		score := w.Load*float64(n.staffUse(s.ID)) + w.Util*n.k.Utilization(s.ID, now) - w.Efficiency*s.Efficiency
		if score < bestScore {
			best, bestScore = s.ID, score
		}
	}
	return best
}
