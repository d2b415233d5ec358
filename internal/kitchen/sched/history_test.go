package sched_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"brigade/internal/kitchen/sched"
)

var noon = sched.At(time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC))

func drawLayout(t *rapid.T) sched.Layout {
	var l sched.Layout
	stations := rapid.IntRange(1, 4).Draw(t, "stations")
	for i := range stations {
		l.Stations = append(l.Stations, sched.Station{
			ID: int64(i + 1), Name: fmt.Sprintf("station %d", i+1), Capacity: rapid.IntRange(1, 5).Draw(t, "capacity"),
		})
	}
	for i := range rapid.IntRange(0, 6).Draw(t, "machines") {
		l.Machines = append(l.Machines, sched.Machine{
			ID: int64(i + 1), Station: rapid.Int64Range(1, int64(stations)).Draw(t, "station"), Name: fmt.Sprintf("machine %d", i+1),
			Capacity: rapid.IntRange(1, 3).Draw(t, "capacity"), Up: rapid.IntRange(0, 4).Draw(t, "up") > 0,
		})
	}
	for i := range rapid.SampledFrom([]int{1, 3, 5, 12, 20}).Draw(t, "staff") {
		l.Staff = append(l.Staff, drawStaff(t, int64(i+1), int64(stations)))
	}
	return l
}

func drawStaff(t *rapid.T, id, stations int64) sched.Staff {
	s := sched.Staff{
		ID: id, Name: fmt.Sprintf("cook %d", id), MaxParallel: rapid.IntRange(1, 3).Draw(t, "parallel"),
		Skills:     drawSkills(t, stations),
		Efficiency: rapid.SampledFrom([]float64{0.8, 0.95, 1, 1.1}).Draw(t, "efficiency"),
	}
	at := noon
	for range rapid.IntRange(0, 3).Draw(t, "breaks") {
		from := at.Add(time.Duration(rapid.IntRange(-300, 900).Draw(t, "from")) * time.Second)
		at = from.Add(time.Duration(rapid.IntRange(1, 900).Draw(t, "length")) * time.Second)
		s.Off = append(s.Off, sched.Interval{From: from, To: at})
	}
	return s
}

func drawSkills(t *rapid.T, stations int64) (skills []int64) {
	for id := range stations {
		if rapid.IntRange(0, 2).Draw(t, "unskilled") < 2 {
			skills = append(skills, id+1)
		}
	}
	return skills
}

func drawWeights(t *rapid.T) sched.Weights {
	w := sched.DefaultWeights()
	w.Aging = rapid.SampledFrom([]float64{0, 0.14, 1}).Draw(t, "aging")
	return w
}

// history does random things to a kitchen, and to the naive one beside it.
type history struct {
	*naive
	now     sched.Instant
	lastID  int64
	started map[int64]sched.Instant
	log     []string // every assignment, with why
}

func newHistory(t *rapid.T) *history {
	return &history{naive: newNaive(drawLayout(t), drawWeights(t)), now: noon, started: map[int64]sched.Instant{}}
}

func (h *history) drawTask(t *rapid.T, id int64) sched.Task {
	ready := h.now.Add(-time.Duration(rapid.IntRange(0, 120).Draw(t, "waited")) * time.Second)
	arrived := ready.Add(-time.Duration(rapid.IntRange(0, 120).Draw(t, "cooked")) * time.Second)
	if rapid.IntRange(0, 4).Draw(t, "alone") == 0 {
		arrived = 0
	}
	return sched.Task{
		ID: id, Order: id / 3, Ready: ready, Arrived: arrived, Station: h.drawStation(t), Machine: h.drawMachine(t),
		Base: float64(rapid.IntRange(0, 5).Draw(t, "base")), Boost: float64(rapid.IntRange(0, 1).Draw(t, "boost")) / 2,
	}
}

// drawStation draws a station of the layout, seldom one that is not there.
func (h *history) drawStation(t *rapid.T) int64 {
	if rapid.IntRange(0, 19).Draw(t, "elsewhere") == 19 {
		return 99
	}
	return rapid.SampledFrom(h.layout.Stations).Draw(t, "station").ID
}

// drawMachine draws any machine of the station for most tasks.
func (h *history) drawMachine(t *rapid.T) int64 {
	if rapid.IntRange(0, 2).Draw(t, "named") < 2 {
		return 0
	}
	return rapid.Int64Range(1, int64(len(h.layout.Machines)+1)).Draw(t, "machine")
}

func (h *history) drawHeld(t *rapid.T) (int64, bool) {
	if len(h.held) == 0 {
		return 0, false
	}
	return rapid.SampledFrom(slices.Sorted(maps.Keys(h.held))).Draw(t, "held"), true
}

func (h *history) step(t *rapid.T) {
	switch rapid.SampledFrom([]string{"enqueue", "enqueue", "requeue", "remove", "start", "release", "occupy", "time", "layout", "plan", "plan"}).Draw(t, "step") {
	case "enqueue":
		for range rapid.IntRange(1, 8).Draw(t, "tasks") {
			h.lastID++
			h.enqueue(h.drawTask(t, h.lastID))
		}
	case "requeue":
		if id, ok := h.drawHeld(t); ok {
			delete(h.started, id)
			h.enqueue(h.drawTask(t, id))
		}
	case "remove":
		if len(h.queue) > 0 {
			require.True(t, h.remove(rapid.SampledFrom(h.queue).Draw(t, "queued").ID))
		}
		require.False(t, h.k.Remove(h.lastID+1))
	case "start":
		if id, ok := h.drawHeld(t); ok {
			h.started[id] = h.now
			require.True(t, h.k.Start(id, h.now))
		}
		require.False(t, h.k.Start(h.lastID+1, h.now))
	case "release":
		h.finish(t)
	case "occupy":
		h.takeByHand(t)
	case "time":
		h.now = h.now.Add(time.Duration(rapid.IntRange(0, 600).Draw(t, "seconds")) * time.Second)
	case "layout":
		h.relayout(drawLayout(t))
	case "plan":
		h.checkPlan(t)
	}
}

func (h *history) finish(t *rapid.T) {
	id, ok := h.drawHeld(t)
	if !ok {
		require.False(t, h.k.Release(h.lastID+1, 0))
		return
	}
	var worked time.Duration
	if at, ok := h.started[id]; ok {
		worked = h.now.Sub(at)
	}
	delete(h.started, id)
	require.True(t, h.release(id, worked))
}

// takeByHand gives a task to somebody who could take it by the rules, so that capacities stay whole.
func (h *history) takeByHand(t *rapid.T) {
	for _, task := range h.queue {
		if h.waitsFor(task, h.now) == sched.Assignable {
			h.occupy(task.ID, place{task.Station, h.machine(task), h.staff(task, h.now)})
			return
		}
	}
}

// checkPlan plans with both and checks the result against the rules one by one.
func (h *history) checkPlan(t *rapid.T) {
	before := maps.Clone(h.held)
	queue := slices.Clone(h.queue)
	most := rapid.SampledFrom([]int{1, 3, math.MaxInt, math.MaxInt, math.MaxInt}).Draw(t, "most")
	plan := h.k.PlanAtMost(h.now, most)
	want := h.plan(h.now, most)

	var got []choice
	for _, a := range plan {
		got = append(got, choice{a.Task, a.Station, a.Machine, a.Staff})
		h.checkRules(t, a, before, queue)
		before[a.Task] = place{a.Station, a.Machine, a.Staff}
		h.log = append(h.log, string(a.Why.AppendJSON(nil)))
	}
	require.Equal(t, want, got)
	if most == math.MaxInt {
		h.checkMaximal(t)
		h.checkNextChange(t)
	}
}

// checkRules checks one assignment, given what was held just before it.
func (h *history) checkRules(t *rapid.T, a sched.Assignment, held map[int64]place, queue []sched.Task) {
	count := func(by func(place) bool) (n int) {
		for _, p := range held {
			if by(p) {
				n++
			}
		}
		return n
	}
	st := h.layout.Stations[a.Station-1]
	require.Less(t, count(func(p place) bool { return p.station == a.Station }), st.Capacity)

	task := queue[slices.IndexFunc(queue, func(q sched.Task) bool { return q.ID == a.Task })]
	hasMachines := slices.ContainsFunc(h.layout.Machines, func(m sched.Machine) bool { return m.Station == a.Station })
	require.Equal(t, task.Machine != 0 || hasMachines, a.Machine != 0)
	if a.Machine != 0 {
		m := h.layout.Machines[a.Machine-1]
		require.True(t, m.Up)
		require.Less(t, count(func(p place) bool { return p.machine == a.Machine }), m.Capacity)
		require.True(t, m.ID == task.Machine || task.Machine == 0 && m.Station == a.Station)
	}
	s := h.layout.Staff[a.Staff-1]
	require.Contains(t, s.Skills, a.Station)
	require.False(t, h.off(s, h.now))
	require.Less(t, count(func(p place) bool { return p.staff == a.Staff }), s.MaxParallel)
	h.checkWhy(t, a, task)
}

func (h *history) checkWhy(t *rapid.T, a sched.Assignment, task sched.Task) {
	w := a.Why
	require.Equal(t, h.now, w.At)
	require.InDelta(t, task.Base+task.Boost+h.weights.Aging*h.now.Sub(cmp.Or(task.Arrived, task.Ready)).Seconds(), w.Score.Total, 1e-4)
	require.Equal(t, a.Staff, w.Staff.Fit[0].ID)
	require.True(t, slices.IsSortedFunc(w.Staff.Fit, func(x, y sched.StaffScore) int { return compare(x.Total, y.Total) }))
	require.LessOrEqual(t, len(w.Staff.Fit), sched.Listed)
	everybody := len(w.Staff.Fit) + w.Staff.FitMore + len(w.Staff.Off) + w.Staff.OffMore +
		len(w.Staff.AtLimit) + w.Staff.AtLimitMore + w.Staff.Unskilled
	require.Equal(t, len(h.layout.Staff), everybody)
	if a.Machine != 0 {
		require.Equal(t, a.Machine, w.Machine.Fit[0].ID)
	}
	require.Len(t, h.machinesFor(task), len(w.Machine.Fit)+w.Machine.FitMore+len(w.Machine.Unfit)+w.Machine.UnfitMore)

	var back sched.Why
	require.NoError(t, json.Unmarshal(w.AppendJSON(nil), &back))
	require.Equal(t, w, back)
}

func compare(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// checkMaximal: nothing is left that could be assigned, and the queue tells the truth, best first.
func (h *history) checkMaximal(t *rapid.T) {
	waiting := h.k.Queue(h.now)
	require.Len(t, waiting, len(h.queue))
	for i, w := range waiting {
		require.NotEqual(t, sched.Assignable, w.For)
		require.Equal(t, h.waitsFor(w.Task, h.now), w.For)
		if i > 0 {
			require.True(t, h.before(waiting[i-1].Task, w.Task, h.now))
			require.GreaterOrEqual(t, waiting[i-1].Score.Total+1e-6, w.Score.Total)
		}
	}
	require.Empty(t, h.k.Plan(h.now))
}

// checkNextChange: until the announced moment nothing can be assigned, then something can.
func (h *history) checkNextChange(t *rapid.T) {
	assignable := func(at sched.Instant) bool {
		return slices.ContainsFunc(h.queue, func(q sched.Task) bool { return h.waitsFor(q, at) == sched.Assignable })
	}
	next, ok := h.k.NextChange(h.now)
	if !ok {
		next = h.now.Add(24 * time.Hour)
	}
	require.Equal(t, ok, assignable(next))
	require.False(t, assignable(next-1))
	require.False(t, assignable((h.now+next)/2))
}

func (h *history) checkUsage(t *rapid.T) {
	u := h.k.Usage()
	require.Equal(t, len(h.queue), u.Queued)
	require.Equal(t, len(h.queue), h.k.Len())
	require.Equal(t, len(h.held), u.Held)
	for _, b := range u.Stations {
		require.Equal(t, h.stationUse(b.ID), b.Busy, b.Name)
	}
	for _, b := range u.Machines {
		require.Equal(t, h.machineUse(b.ID), b.Busy, b.Name)
	}
	for _, b := range u.Staff {
		require.Equal(t, h.staffUse(b.ID), b.Busy, b.Name)
	}
}

// Whatever happens, the planner decides as the naive one does, keeps every rule, counts exactly, and gives everything
// back in the end.
func TestRandomHistories(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		h := newHistory(t)
		for range 60 {
			h.step(t)
			h.checkUsage(t)
		}
		for id := range maps.Clone(h.held) {
			require.True(t, h.release(id, 0))
		}
		for _, q := range slices.Clone(h.queue) {
			require.True(t, h.remove(q.ID))
		}
		h.checkUsage(t)
	})
}

// The same history gives the same plans, explanations included.
func TestSameHistorySamePlan(t *testing.T) {
	t.Parallel()
	run := rapid.Custom(func(t *rapid.T) []string {
		h := newHistory(t)
		for range 25 {
			h.step(t)
		}
		return h.log
	})
	for seed := range 50 {
		first, second := run.Example(seed), run.Example(seed)
		require.Equal(t, first, second)
	}
}
