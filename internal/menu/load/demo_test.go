package load_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"brigade/internal/menu/load"
)

func TestDemoKitchenIsTheContracts(t *testing.T) {
	t.Parallel()
	doc := parse(t, string(load.Demo()))
	require.Equal(t, load.Tenant{Slug: "demo", Name: "Demo Restaurants", Tier: "enterprise", Timezone: "Europe/Madrid", Currency: "EUR"}, doc.Tenant)
	k := doc.Outlets[0]
	require.True(t, k.Default)
	require.Equal(t, "kitchen", k.Slug)
	require.Equal(t, "adhoc", k.FreeFormStation)
	require.Equal(t, []load.Station{{"fryer", 4}, {"microwave", 2}, {"griller", 6}, {"beverage", 2}, {"adhoc", 99}}, k.Stations)
	require.Equal(t, []load.Machine{
		{"grill-1", "griller", 6},
		{"fryer-1", "fryer", 4},
		{"blender-1", "beverage", 2},
		{"micro-1", "microwave", 2},
		{"packing-1", "adhoc", 99},
	}, k.Machines)
	require.Equal(t, []load.Staff{
		{"Asha", 3, 1.10, []string{"fryer", "griller"}, nil},
		{"Ravi", 2, 0.95, []string{"adhoc", "beverage"}, nil},
		{"Noah", 2, 1.00, []string{"adhoc", "griller", "microwave"}, nil},
	}, k.Staff)

	type step struct {
		name, station     string
		seconds, priority float64
		after             []int
	}
	want := map[string][]step{
		"burger_combo": {
			{"grill patty", "griller", 80, 20, nil},
			{"toast bun", "griller", 25, 16, nil},
			{"fry fries", "fryer", 90, 18, nil},
			{"assemble burger", "adhoc", 35, 14, []int{0, 1, 2}},
		},
		"wrap": {
			{"warm tortilla", "microwave", 20, 16, nil},
			{"grill filling", "griller", 60, 17, nil},
			{"assemble wrap", "adhoc", 45, 15, []int{0, 1}},
		},
		"cold_coffee": {{"blend coffee", "beverage", 55, 16, nil}, {"cup assembly", "beverage", 30, 12, []int{0}}},
		"dip_cup":     {{"fill dip cup", "adhoc", 12, 6, nil}},
	}
	got := map[string][]step{}
	for _, it := range k.Items {
		for _, s := range it.Steps {
			got[it.SKU] = append(got[it.SKU], step{s.Name, s.Station, s.Seconds, s.Priority, s.After})
		}
	}
	require.Equal(t, want, got)
}

func TestDemoPizzeriaShowsBothKindsOfDependencies(t *testing.T) {
	t.Parallel()
	after := map[string][][]int{}
	for _, it := range parse(t, string(load.Demo())).Outlets[1].Items {
		for _, s := range it.Steps {
			after[it.SKU] = append(after[it.SKU], s.After)
		}
	}
	require.Equal(t, [][]int{nil, {0}, {1}, {2}}, after["margherita"], "explicit")
	require.Equal(t, [][]int{nil, nil, nil, {0, 1, 2}}, after["insalata"], "inferred: plating is last")
	require.Equal(t, [][]int{nil, {0}, {0, 1}}, after["espresso"], "inferred: one machine")
	require.Equal(t, [][]int{nil, nil}, after["lemonade"], "explicit: none")
	require.Len(t, after, 8)
}
