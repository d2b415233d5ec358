package kitchen_test

import (
	"time"

	"brigade/internal/kitchen"
	"brigade/internal/kitchen/sched"
)

// Contract K's demo kitchen.
const fryer, microwave, griller, beverage, adhoc = 1, 2, 3, 4, 5

func demo() *kitchen.Layout {
	l := &kitchen.Layout{Tenant: tenant, Outlet: outlet, Location: time.UTC, StaleAfter: 2 * time.Minute}
	l.Stations = []sched.Station{
		{ID: fryer, Name: "fryer", Capacity: 4},
		{ID: microwave, Name: "microwave", Capacity: 2},
		{ID: griller, Name: "griller", Capacity: 6},
		{ID: beverage, Name: "beverage", Capacity: 2},
		{ID: adhoc, Name: "adhoc", Capacity: 99},
	}
	for _, m := range []sched.Machine{
		{ID: 1, Station: griller, Name: "grill-1", Capacity: 6, Up: true},
		{ID: 2, Station: fryer, Name: "fryer-1", Capacity: 4, Up: true},
		{ID: 3, Station: beverage, Name: "blender-1", Capacity: 2, Up: true},
		{ID: 4, Station: microwave, Name: "micro-1", Capacity: 2, Up: true},
		{ID: 5, Station: adhoc, Name: "packing-1", Capacity: 99, Up: true},
	} {
		l.Machines = append(l.Machines, kitchen.Machine{Machine: m})
	}
	l.People = []kitchen.Person{
		{ID: 1, Name: "Asha", Active: true, MaxParallel: 3, Efficiency: 1.10, Skills: []int64{griller, fryer}},
		{ID: 2, Name: "Ravi", Active: true, MaxParallel: 2, Efficiency: 0.95, Skills: []int64{beverage, adhoc}},
		{ID: 3, Name: "Noah", Active: true, MaxParallel: 2, Efficiency: 1.00, Skills: []int64{microwave, adhoc, griller}},
	}
	return l.Index()
}

// eventsUpTo is what a world had told when a ticket looked as in the picture.
func eventsUpTo(w *world, picture *kitchen.Ticket) (events map[int64][]entry, began, ready map[int64]int) {
	events = map[int64][]entry{}
	for _, task := range picture.Tasks {
		events[task.ID] = w.events[task.ID][:task.Version]
	}
	return events, map[int64]int{picture.Order: count(w.everStarted(picture))}, map[int64]int{picture.Order: count(picture.Closed())}
}
