package sched_test

import (
	"fmt"
	"time"

	"brigade/internal/kitchen/sched"
)

// Contract K's demo kitchen.
const (
	fryer, microwave, griller, beverage, adhoc = 1, 2, 3, 4, 5
	grill1, fryer1, blender1, micro1, packing1 = 1, 2, 3, 4, 5
	asha, ravi, noah                           = 1, 2, 3
)

func demoLayout() sched.Layout {
	return sched.Layout{
		Stations: []sched.Station{
			{ID: fryer, Name: "fryer", Capacity: 4},
			{ID: microwave, Name: "microwave", Capacity: 2},
			{ID: griller, Name: "griller", Capacity: 6},
			{ID: beverage, Name: "beverage", Capacity: 2},
			{ID: adhoc, Name: "adhoc", Capacity: 99},
		},
		Machines: []sched.Machine{
			{ID: grill1, Station: griller, Name: "grill-1", Capacity: 6, Up: true},
			{ID: fryer1, Station: fryer, Name: "fryer-1", Capacity: 4, Up: true},
			{ID: blender1, Station: beverage, Name: "blender-1", Capacity: 2, Up: true},
			{ID: micro1, Station: microwave, Name: "micro-1", Capacity: 2, Up: true},
			{ID: packing1, Station: adhoc, Name: "packing-1", Capacity: 99, Up: true},
		},
		Staff: []sched.Staff{
			{ID: asha, Name: "Asha", Skills: []int64{griller, fryer}, MaxParallel: 3, Efficiency: 1.10},
			{ID: ravi, Name: "Ravi", Skills: []int64{beverage, adhoc}, MaxParallel: 2, Efficiency: 0.95},
			{ID: noah, Name: "Noah", Skills: []int64{microwave, adhoc, griller}, MaxParallel: 2, Efficiency: 1.00},
		},
	}
}

func demoTask(id, station int64, base float64) sched.Task {
	return sched.Task{ID: id, Order: 1, Station: station, Base: base, Ready: noon}
}

// One burger_combo, two cold_coffee and a wrap arrive together.
func ExampleKitchen_Plan() {
	k := sched.New(demoLayout(), sched.DefaultWeights())
	k.Enqueue(demoTask(1, griller, 20))  // grill patty
	k.Enqueue(demoTask(2, griller, 16))  // toast bun
	k.Enqueue(demoTask(3, fryer, 18))    // fry fries
	k.Enqueue(demoTask(5, beverage, 16)) // blend coffee
	k.Enqueue(demoTask(7, beverage, 16))
	k.Enqueue(demoTask(9, microwave, 16)) // warm tortilla
	k.Enqueue(demoTask(10, griller, 17))  // grill filling

	for _, a := range k.Plan(noon) {
		fmt.Printf("task %d: %s takes it on machine %d\n", a.Task, a.Why.Staff.Fit[0].Name, a.Machine)
	}
	for _, w := range k.Queue(noon) {
		fmt.Printf("task %d waits: %s\n", w.Task.ID, w.For)
	}
	// Output:
	// task 1: Asha takes it on machine 1
	// task 3: Asha takes it on machine 2
	// task 10: Noah takes it on machine 1
	// task 2: Noah takes it on machine 1
	// task 5: Ravi takes it on machine 3
	// task 7: Ravi takes it on machine 3
	// task 9 waits: staff at their limit
}

// Waiting earns priority: 0.14 points a second let a dip cup (6) pass a fresh cup assembly (12) after 43 seconds.
func ExampleKitchen_Queue() {
	k := sched.New(demoLayout(), sched.DefaultWeights())
	dip, cup := demoTask(1, adhoc, 6), demoTask(2, adhoc, 12)
	cup.Ready = noon.Add(43 * time.Second)
	k.Enqueue(dip)
	k.Enqueue(cup)
	for _, w := range k.Queue(noon.Add(50 * time.Second)) {
		fmt.Printf("task %d: %.2f\n", w.Task.ID, w.Score.Total)
	}
	// Output:
	// task 1: 13.00
	// task 2: 12.98
}

func ExampleWhy_AppendJSON() {
	l := demoLayout()
	l.Staff[noah-1].Off = []sched.Interval{{From: noon, To: noon.Add(15 * time.Minute)}}
	k := sched.New(l, sched.DefaultWeights())
	k.Enqueue(demoTask(1, griller, 20))
	plan := k.Plan(noon.Add(10 * time.Second))
	fmt.Printf("%s\n", plan[0].Why.AppendJSON(nil))
	// Output:
	// {"policy":"greedy","at":1772452810000000,"score":{"total":21.4,"base":20,"boost":0,"wait":10,"aging":1.4},"station":{"id":3,"name":"griller","busy":0,"capacity":6},"machine":{"fit":[{"id":1,"name":"grill-1","busy":0,"capacity":6}]},"staff":{"fit":[{"id":1,"name":"Asha","active":0,"load":0,"util":0,"efficiency":-1.21,"total":-1.21}],"off":["Noah"],"unskilled":1}}
}
