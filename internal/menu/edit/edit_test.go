package edit_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"brigade/internal/errs"
	"brigade/internal/menu/edit"
	"brigade/internal/menu/load"
	"brigade/internal/recipe"
)

func kitchen() edit.Set {
	return edit.Set{Currency: "EUR", Outlet: load.Outlet{
		Slug: "main", Name: "Main", Timezone: "Europe/Madrid",
		Stations: []load.Station{{Name: "grill", Capacity: 2}, {Name: "bar", Capacity: 1}, {Name: "cold", Capacity: 1}},
		Machines: []load.Machine{{Name: "grill-1", Station: "grill", Capacity: 2}},
		Staff:    []load.Staff{{Name: "Ann", MaxParallel: 2, Efficiency: 1, Skills: []string{"bar", "grill"}}},
		Items:    []load.Item{{SKU: "toast", Name: "Toast", Price: 250, Steps: []load.Step{{Name: "toast", Station: "grill", Machine: "grill-1", Seconds: 40, Priority: 10}}}},
	}}
}

func item(change func(*edit.Item)) edit.Thing {
	it := edit.Item{Item: load.Item{SKU: "soup", Name: "Soup", Price: 450, Steps: []load.Step{
		{Name: "warm", Station: "grill", Seconds: 60, Priority: 10}, {Name: "pour", Station: "bar", Seconds: 5, Priority: 10, After: []int{0}},
	}}}
	change(&it)
	return edit.Thing{Item: &it}
}

func staff(change func(*load.Staff)) edit.Thing {
	p := load.Staff{Name: "Ann", MaxParallel: 2, Efficiency: 1, Skills: []string{"bar", "grill"}}
	change(&p)
	return edit.Thing{Staff: &p}
}

func TestFaultsAreNamedAtTheirFields(t *testing.T) {
	t.Parallel()
	for at, thing := range map[string]edit.Thing{
		"name":             {Station: &load.Station{Capacity: 1}},
		"capacity":         {Station: &load.Station{Name: "x"}},
		"station":          {Machine: &load.Machine{Name: "m", Station: "moon", Capacity: 1}},
		"sku":              item(func(it *edit.Item) { it.SKU = "two words" }),
		"price":            item(func(it *edit.Item) { it.Price = -1 }),
		"steps":            item(func(it *edit.Item) { it.Steps = nil }),
		"steps[0].station": item(func(it *edit.Item) { it.Steps[0].Station = "cold" }), // nobody can work there
		"steps[1].station": item(func(it *edit.Item) { it.Steps[1].Station = "moon" }),
		"steps[1].machine": item(func(it *edit.Item) { it.Steps[1].Machine = "grill-1" }), // it stands elsewhere
		"steps[1].name":    item(func(it *edit.Item) { it.Steps[1].Name = "warm" }),
		"steps[0].seconds": item(func(it *edit.Item) { it.Steps[0].Seconds = 0 }),
		"steps[0].after":   item(func(it *edit.Item) { it.Steps[0].After = []int{1} }), // a circle
		"steps[1].after":   item(func(it *edit.Item) { it.Steps[1].After = []int{7} }),
		"parts":            item(func(it *edit.Item) { it.Parts = []load.Part{{Code: "x", Quantity: 1}} }),
		"skills":           staff(func(p *load.Staff) { p.Skills = []string{"bar"} }), // nobody else can grill
		"shifts[1]":        staff(func(p *load.Staff) { p.Times = []load.Time{{Kind: load.Shift, Weekday: 1, Starts: "9", Ends: "17:00"}} }),
		"efficiency":       staff(func(p *load.Staff) { p.Efficiency = 0 }),
		"timezone":         {General: &edit.General{Name: "x", Timezone: "Moon/Base", StaleAfter: time.Minute}},
		"free_form_station": {General: &edit.General{
			Name: "x", Timezone: "UTC", StaleAfter: time.Minute, FreeFormStation: "cold",
		}},
	} {
		_, err := kitchen().Put(thing)
		require.True(t, errs.Is(err, errs.KindInvalid), at)
		var wrong *errs.Error
		require.ErrorAs(t, err, &wrong)
		require.True(t, slices.ContainsFunc(wrong.Fields, func(f errs.Field) bool { return f.Path == at }), "%s: %v", at, err)
	}
	_, err := kitchen().Put(edit.Thing{})
	require.Error(t, err)
	_, err = kitchen().Put(item(func(it *edit.Item) { it.Name = "TOAST" }))
	require.ErrorContains(t, err, "name is that of item toast already")
}

// What was put is found again, the set before is as it was, and what is removed is gone.
func TestSetsAreNotChanged(t *testing.T) {
	t.Parallel()
	before := kitchen()
	soup := item(func(*edit.Item) {})
	after, err := before.Put(soup)
	require.NoError(t, err)
	require.Equal(t, kitchen(), before)
	require.True(t, edit.Same(&soup, after.Find(soup.Ref(""))))
	gone, err := after.Remove(soup.Ref(""))
	require.NoError(t, err)
	require.Nil(t, gone.Find(soup.Ref("")))
	require.NotNil(t, after.Find(soup.Ref("")))
	dearer := item(func(it *edit.Item) { it.Price = 500 })
	require.Equal(t, []load.FieldChange{{Field: "price", From: "4.50", To: "5.00"}}, edit.Differences(soup, dearer))
	beef := item(func(it *edit.Item) {
		it.Parts = []load.Part{{Code: "salt", Quantity: 1500}, {Code: "beef", Quantity: 20_000}}
	})
	require.Equal(t, []load.FieldChange{{Field: "ingredients", From: "", To: "beef 20, salt 1.5"}}, edit.Differences(soup, beef))
	require.Empty(t, edit.Differences(staff(func(*load.Staff) {}), staff(func(p *load.Staff) { p.Skills = []string{"grill", "bar"} })))
	late := edit.NewOvertaken(&soup, "too late")
	require.True(t, errs.Is(late, errs.KindConflict))
	require.ErrorAs(t, error(late), new(edit.Overtaken))
}

// Every recipe without a circle is drawn whole: each step below all that it waits for, none on another, and the critical
// path is as long as package recipe says.
func TestRecipesAreDrawn(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 10).Draw(t, "steps")
		steps := make([]load.Step, n)
		for i := range steps {
			steps[i] = load.Step{Name: fmt.Sprint("step ", i), Station: "grill", Seconds: float64(rapid.IntRange(1, 300).Draw(t, "seconds"))}
			for j := range i {
				if rapid.IntRange(0, 3).Draw(t, "after") == 0 {
					steps[i].After = append(steps[i].After, j)
				}
			}
		}
		g := edit.Draw(steps)
		if len(g.Boxes) != n || g.Total != recipe.Alone(edit.Plain(steps)) {
			t.Fatalf("%+v", g)
		}
		var path time.Duration
		for i, a := range g.Boxes {
			if a.X < 0 || a.X+a.W > g.Width || a.Y+a.H > g.Height {
				t.Fatal("outside of the drawing")
			}
			if a.Critical {
				path += a.Ends - a.Start
			}
			for _, j := range steps[i].After {
				if g.Boxes[j].Y >= a.Y {
					t.Fatal("not below what it waits for")
				}
			}
			for _, b := range g.Boxes[:i] {
				if a.X < b.X+b.W && b.X < a.X+a.W && a.Y < b.Y+b.H && b.Y < a.Y+a.H {
					t.Fatal("one on another")
				}
			}
		}
		if path != g.Total {
			t.Fatalf("the critical path takes %v, not %v", path, g.Total)
		}
	})
	require.Empty(t, edit.Draw([]load.Step{{Name: "a", After: []int{1}}, {Name: "b", After: []int{0}}}).Boxes)
}
