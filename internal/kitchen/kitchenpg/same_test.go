package kitchenpg_test

import (
	"cmp"
	"container/heap"
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/clock"
	"brigade/internal/kitchen"
	"brigade/internal/kitchen/kitchenpg"
	"brigade/internal/kitchen/sched"
	"brigade/internal/recipe"
	"brigade/internal/sim/replay"
)

// wakeable is a clock set by hand that remembers when somebody wants to be woken.
type wakeable struct {
	*clock.Manual
	mu   sync.Mutex
	want time.Time
}

func (c *wakeable) After(d time.Duration) (<-chan time.Time, func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.want = c.Now().Add(d)
	return nil, func() {}
}

func (c *wakeable) wanted() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.want
}

// evening is an evening in the real kitchen: the desk, its rows in Postgres, and cooks who do what they are told.
type evening struct {
	*house
	*replay.Evening
	clock *wakeable
	desk  *node
	rows  *kitchenpg.Store
	queue doings
	where map[int64][3]int // by task: order, unit, step
	given map[attempt]bool // what somebody has been told to do

	placed func(order int64, o replay.Order) // hears of each order; may be nil
	slower func(task int64) float64          // how many times longer a task takes than it would alone; may be nil
}

// attempt is a task as it was given to somebody: it may be taken back and given away again.
type attempt struct {
	task int64
	no   int
}

type doing struct {
	at  time.Time
	seq int
	do  func()
}

type doings []doing

func (d doings) Len() int { return len(d) }
func (d doings) Less(i, k int) bool {
	return cmp.Or(d[i].at.Compare(d[k].at), cmp.Compare(d[i].seq, d[k].seq)) < 0
}
func (d doings) Swap(i, k int) { d[i], d[k] = d[k], d[i] }
func (d *doings) Push(x any)   { *d = append(*d, x.(doing)) }
func (d *doings) Pop() any {
	old := *d
	x := old[len(old)-1]
	*d = old[:len(old)-1]
	return x
}

func (v *evening) at(t time.Time, do func()) {
	heap.Push(&v.queue, doing{t, len(v.given)<<20 + len(v.queue), do})
}

// play lets the evening happen, moment by moment.
func (v *evening) play() {
	for i := range v.Orders {
		v.at(v.Orders[i].At, func() { v.arrive(i) })
	}
	for _, o := range v.Outages {
		v.at(o.From, func() { v.setMachine(o.Machine, false) })
		v.at(o.To, func() { v.setMachine(o.Machine, true) })
	}
	for _, b := range v.Breaks {
		v.at(b.From, func() { v.setBreak(b.Person, false) })
		v.at(b.To, func() { v.setBreak(b.Person, true) })
	}
	v.settle()
	for len(v.queue) > 0 {
		now := v.queue[0].at
		if want := v.clock.wanted(); want.After(v.clock.Now()) && want.Before(now) {
			now = want
		}
		v.clock.Set(now)
		for len(v.queue) > 0 && !v.queue[0].at.After(now) {
			heap.Pop(&v.queue).(doing).do()
		}
		v.settle()
		v.begin()
	}
}

// settle waits until the desk has looked at all that has happened: what is asked twice is answered by a round that came
// after it went to sleep once.
func (v *evening) settle() {
	for range 2 {
		_, err := v.desk.RunOnce(context.Background(), v.Layout.Outlet)
		require.NoError(v.t, err)
	}
}

func (v *evening) arrive(i int) {
	o := &v.Orders[i]
	w := kitchen.Work{
		Order: int64(i + 1), Tenant: v.tenant, Outlet: v.Layout.Outlet, Number: o.Number, Priority: o.Priority, At: o.At, Due: o.Due,
	}
	for _, u := range o.Units {
		line := kitchen.WorkLine{SKU: u.SKU, Item: u.Item, Quantity: 1}
		for _, s := range u.Steps {
			line.Recipe.Steps = append(line.Recipe.Steps, s.Step)
		}
		w.Lines = append(w.Lines, line)
	}
	tickets := v.open(v.rows, w)
	for _, task := range tickets[0].Tasks {
		v.where[task.ID] = [3]int{i, task.Line - 1, task.Step}
	}
	if v.placed != nil {
		v.placed(w.Order, *o)
	}
	v.desk.Opened(tickets)
}

// begin lets those begin who were given something.
func (v *evening) begin() {
	tickets, err := v.rows.OpenTickets(context.Background(), []int64{v.Layout.Outlet})
	require.NoError(v.t, err)
	var fresh []*kitchen.Task
	for _, t := range tickets {
		for _, task := range t.Tasks {
			if task.Status == kitchen.TaskAssigned && !v.given[attempt{task.ID, task.Requeues}] {
				fresh = append(fresh, task)
			}
		}
	}
	for _, task := range fresh {
		v.given[attempt{task.ID, task.Requeues}] = true
		at := v.where[task.ID]
		step := v.Orders[at[0]].Units[at[1]].Steps[at[2]]
		v.at(task.AssignedAt.Add(step.Pause), func() { v.start(task, step) })
	}
}

func (v *evening) start(task *kitchen.Task, step replay.Step) {
	now, err := v.rows.TicketsOfTasks(context.Background(), []int64{task.ID})
	require.NoError(v.t, err)
	if t := now[0].Task(task.ID); t.Status != kitchen.TaskAssigned || t.Requeues != task.Requeues {
		return // it was taken back meanwhile
	}
	t, err := v.desk.Start(context.Background(), v.tenant, task.ID)
	require.NoError(v.t, err)
	speed := 0.0
	for _, p := range v.Layout.People {
		if p.ID == t.Staff {
			speed = p.Efficiency
		}
	}
	if v.slower != nil {
		speed /= v.slower(task.ID)
	}
	takes := time.Duration(float64(step.Work) / speed).Truncate(time.Microsecond)
	v.at(t.StartedAt.Add(takes), func() {
		_, err := v.desk.Complete(context.Background(), v.tenant, task.ID)
		require.NoError(v.t, err)
	})
}

func (v *evening) setMachine(id int64, up bool) {
	c := kitchen.MachineChange{Tenant: v.tenant, Outlet: v.Layout.Outlet, Machine: v.Layout.Machine(id), Up: up, By: "boss", At: v.clock.Now()}
	require.NoError(v.t, v.rows.SetMachine(context.Background(), c))
	v.desk.Relaid(v.Layout.Outlet)
}

func (v *evening) setBreak(person int64, back bool) {
	c := kitchen.BreakChange{Tenant: v.tenant, Outlet: v.Layout.Outlet, Staff: v.Layout.Staff(person), Back: back, At: v.clock.Now()}
	require.NoError(v.t, v.rows.SetBreak(context.Background(), c))
	v.desk.Relaid(v.Layout.Outlet)
}

// ran is what was done, as Postgres has it.
func (v *evening) ran() (list []replay.Ran) {
	rows, err := v.pool.Query(context.Background(), `select id, station_id, coalesce(assigned_machine_id, 0), assigned_staff_id, started_at, completed_at
		from tasks where outlet_id = $1`, v.Layout.Outlet)
	require.NoError(v.t, err)
	defer rows.Close()
	for rows.Next() {
		var id int64
		var r replay.Ran
		require.NoError(v.t, rows.Scan(&id, &r.Station, &r.Machine, &r.Staff, &r.Start, &r.Finish))
		at := v.where[id]
		r.Order, r.Unit, r.Step = at[0], at[1], at[2]
		list = append(list, r)
	}
	require.NoError(v.t, rows.Err())
	return list
}

// lines is what was done, to be compared: who did what, where, from when to when.
func lines(e *replay.Evening, ran []replay.Ran) (list []string) {
	for _, r := range ran {
		list = append(list, fmt.Sprintf("%v – %v: order %d unit %d step %d: %s on %s at %s", r.Start.Sub(e.Begin), r.Finish.Sub(e.Begin),
			r.Order, r.Unit, r.Step, e.Layout.Staff(r.Staff), e.Layout.Machine(r.Machine), e.Layout.Station(r.Station)))
	}
	slices.Sort(list)
	return list
}

// rush is an evening in a house's kitchen: more than it can keep up with for a while, a machine fails, somebody takes a
// break that nobody knew of, and some hesitate before they begin.
func (h *house) rush(l *kitchen.Layout, seed uint64) *replay.Evening {
	return h.trade(l, seed, 130, 12*time.Minute)
}

func (h *house) trade(l *kitchen.Layout, seed uint64, perHour float64, length time.Duration) *replay.Evening {
	burger := h.work(l, 1).Lines[0].Recipe.Steps
	fries := burger[1:2]
	wrap := []recipe.Step{burger[0], {Description: "roll", Station: l.Stations[2].ID, Estimate: 40 * time.Second, Priority: 15, After: []int{0}}}
	e := replay.Make(replay.Made{
		Layout: l, Begin: noon, Length: length, PerHour: perHour, Noise: 0.3, Seed: seed, Dishes: []replay.Dish{
			{SKU: "burger", Item: "burger", Weight: 2, Steps: burger},
			{SKU: "fries", Item: "fries", Weight: 1, Steps: fries},
			{SKU: "wrap", Item: "wrap", Weight: 1, Steps: wrap},
		},
	})
	for i := range e.Orders {
		e.Orders[i].Number = fmt.Sprint("ORD_", i+1)
		if i%3 == 0 {
			e.Orders[i].Units[0].Steps[0].Pause = 7 * time.Second
		}
	}
	e.Outages = []kitchen.Outage{{Machine: l.Machines[1].ID, From: noon.Add(3 * time.Minute), To: noon.Add(5 * time.Minute)}}
	e.Breaks = []replay.Break{{Person: l.People[0].ID, From: noon.Add(6 * time.Minute), To: noon.Add(8 * time.Minute)}}
	return e
}

// The kitchen that is served by the desk and Postgres, and the one that is simulated, do the same: the same orders, durations
// and mishaps lead to the same decisions at the same microsecond, under every policy.
func TestTheEngineAndTheSimulatorDecideAlike(t *testing.T) {
	t.Parallel()
	for i, policy := range sched.Policies() {
		t.Run(string(policy), func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, 1)
			rows := h.store(1)
			e := h.rush(h.layout(rows, h.outlets[0]), uint64(i+1))
			clk := &wakeable{Manual: clock.NewManual(noon)}
			choose := func(s *kitchen.Settings) { s.Policy = policy }
			desk := h.nodeAt(1, clk, choose)
			desk.own(h.first(h.outlets[0]))
			v := &evening{
				house: h, Evening: e, clock: clk, desk: desk, rows: rows, where: map[int64][3]int{}, given: map[attempt]bool{},
			}
			v.play()
			h.checkEnd(len(e.Orders))
			settings := kitchen.DefaultSettings()
			settings.Policy = policy
			want := replay.Play(e, settings)
			require.Greater(t, len(want.Ran), 60)
			require.Equal(t, lines(e, want.Ran), lines(e, v.ran()))
		})
	}
}
