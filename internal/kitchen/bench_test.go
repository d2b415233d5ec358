package kitchen_test

import (
	"testing"
	"time"

	"brigade/internal/kitchen"
	"brigade/internal/recipe"
)

// burger is contract K's burger_combo: three steps, then one that waits for all of them.
var burger = recipe.Recipe{ID: 1, Steps: []recipe.Step{
	{Description: "grill patty", Station: griller, Estimate: 80 * time.Second, Priority: 20},
	{Description: "toast bun", Station: griller, Estimate: 25 * time.Second, Priority: 16},
	{Description: "fry fries", Station: fryer, Estimate: 90 * time.Second, Priority: 18},
	{Description: "assemble burger", Station: adhoc, Estimate: 35 * time.Second, Priority: 14, After: []int{0, 1, 2}},
}}

// BenchmarkFloorLife is one order's whole life in memory: burst, and each of four tasks assigned, started, completed.
// The backlog is how many other tickets wait in the same kitchen.
func BenchmarkFloorLife(b *testing.B) {
	for name, backlog := range map[string]int{"alone": 0, "backlog=100000": 100_000} {
		b.Run(name, func(b *testing.B) {
			l := demo()
			f := kitchen.NewFloor(l, kitchen.DefaultSettings(), nil, noon, kitchen.NewIndex())
			var id, order int64
			now := noon
			burst := func(r recipe.Recipe) *kitchen.Ticket {
				order++
				return kitchen.Burst(kitchen.Work{
					Order: order, Tenant: tenant, Outlet: outlet, Number: "ORD_20260302_001", At: now,
					Lines: []kitchen.WorkLine{{Item: "burger_combo", Quantity: 1, Recipe: r}},
				}, func() int64 { id++; return id })
			}
			nobody := recipe.Recipe{Steps: []recipe.Step{{Description: "wait", Station: 99, Estimate: time.Second}}}
			for range backlog {
				f.Open(burst(nobody))
			}
			b.ReportAllocs()
			for b.Loop() {
				t := burst(burger)
				j := kitchen.NewJournal(l)
				j.Opened(t)
				f.Open(t)
				for !t.Closed() {
					now = now.Add(time.Second)
					f.Plan(j, now)
					for _, task := range t.Tasks {
						if task.Status == kitchen.TaskAssigned {
							_, _, _ = f.Start(j, task.ID, now)
							_, _, _ = f.Complete(j, task.ID, now, "Asha")
						}
					}
					f.Due(j, now)
				}
			}
		})
	}
}
