package sched_test

import (
	"fmt"
	"testing"
	"time"

	"brigade/internal/kitchen/sched"
)

// largeLayout is a kitchen of 10 stations, 30 machines and 50 staff with 3 skills each.
func largeLayout(parallel, capacity int) sched.Layout {
	var l sched.Layout
	for i := range int64(10) {
		l.Stations = append(l.Stations, sched.Station{ID: i + 1, Name: fmt.Sprintf("station %d", i+1), Capacity: 3 * capacity})
	}
	for i := range int64(30) {
		l.Machines = append(l.Machines, sched.Machine{ID: i + 1, Station: i%10 + 1, Name: fmt.Sprintf("machine %d", i+1), Capacity: capacity, Up: true})
	}
	for i := range int64(50) {
		l.Staff = append(l.Staff, sched.Staff{
			ID: i + 1, Name: fmt.Sprintf("cook %d", i+1), Skills: []int64{i%10 + 1, (i+3)%10 + 1, (i/10+i+5)%10 + 1},
			MaxParallel: parallel, Efficiency: 0.9 + float64(i%5)/20,
		})
	}
	return l
}

func largeTasks(n int) []sched.Task {
	list := make([]sched.Task, n)
	for i := range list {
		id := int64(i + 1)
		list[i] = sched.Task{ID: id, Order: id / 4, Station: id%10 + 1, Base: float64(id * 7 % 20), Ready: noon.Add(-time.Duration(id*13%600) * time.Second)}
		if id%3 == 0 {
			list[i].Machine = id%30 + 1
			list[i].Station = id%10 + 1
		}
	}
	return list
}

func benchmarkPlan(b *testing.B, parallel, capacity int) {
	k := sched.New(largeLayout(parallel, capacity), sched.DefaultWeights())
	list := largeTasks(1000)
	var plan []sched.Assignment
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		for _, a := range plan {
			k.Release(a.Task, time.Minute)
		}
		for _, t := range list {
			k.Enqueue(t)
		}
		b.StartTimer()
		plan = k.Plan(noon)
	}
	b.ReportMetric(float64(len(plan)), "assigned")
}

// 1,000 ready tasks, 50 staff, 30 machines: as many are assigned as hands are free.
func BenchmarkPlan1000(b *testing.B) { benchmarkPlan(b, 3, 6) }

// The same with room for every task: all 1,000 are assigned in one plan.
func BenchmarkPlan1000AllAssigned(b *testing.B) { benchmarkPlan(b, 40, 40) }

func fullKitchen() *sched.Kitchen {
	k := sched.New(largeLayout(3, 6), sched.DefaultWeights())
	for _, t := range largeTasks(100_000) {
		k.Enqueue(t)
	}
	k.Plan(noon)
	return k
}

// 100,000 queued tasks and no free hand: what a look costs.
func BenchmarkPlanFull(b *testing.B) {
	k := fullKitchen()
	b.ReportAllocs()
	for b.Loop() {
		k.Plan(noon)
	}
}

// 100,000 queued tasks: one is completed, so one is assigned.
func BenchmarkCompleteAndPlan(b *testing.B) {
	k := fullKitchen()
	k.Release(busyTask(k), 0)
	last := k.Plan(noon)
	b.ReportAllocs()
	for b.Loop() {
		k.Release(last[0].Task, time.Minute)
		k.Enqueue(sched.Task{ID: last[0].Task, Station: last[0].Station, Ready: noon})
		last = k.Plan(noon)
	}
}

// busyTask finds a task that is held: releasing one that is not changes nothing.
func busyTask(k *sched.Kitchen) int64 {
	for id := int64(1); ; id++ {
		if k.Start(id, noon) {
			return id
		}
	}
}

func BenchmarkNextChange(b *testing.B) {
	k := fullKitchen()
	for b.Loop() {
		k.NextChange(noon)
	}
}

func BenchmarkEnqueueRemove(b *testing.B) {
	k := fullKitchen()
	t := sched.Task{ID: 1_000_000, Station: 3, Base: 10, Ready: noon}
	b.ReportAllocs()
	for b.Loop() {
		k.Enqueue(t)
		k.Remove(t.ID)
	}
}

func BenchmarkAppendJSON(b *testing.B) {
	k := sched.New(largeLayout(3, 6), sched.DefaultWeights())
	k.Enqueue(sched.Task{ID: 1, Station: 1, Base: 3, Ready: noon.Add(-12345678 * time.Microsecond)})
	plan := k.Plan(noon)
	buf := plan[0].Why.AppendJSON(nil)
	b.SetBytes(int64(len(buf)))
	b.ReportAllocs()
	for b.Loop() {
		buf = plan[0].Why.AppendJSON(buf[:0])
	}
}

func BenchmarkRelayout(b *testing.B) {
	k := fullKitchen()
	l := largeLayout(3, 6)
	for b.Loop() {
		k.Relayout(l)
	}
}
