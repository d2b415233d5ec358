package menupg

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"brigade/internal/menu/load"
	"brigade/internal/menu/menupg/db"
	"brigade/internal/money"
	"brigade/internal/recipe"
)

// RemovedMachine is the reason why a machine is down that its outlet's file no longer lists. Such a machine is not
// there any more: nothing waits for it to come up again but a file that lists it.
const RemovedMachine = "removed"

// state is what the database says, in the terms of a file, with the ids of everything.
type state struct {
	doc           *load.Document // nil when the tenant does not exist; only the outlets that the file names
	ids           map[load.Ref]int64
	recipes       map[load.Ref]int64 // by item
	defaultOutlet string             // slug; "" when there is none
}

// outside tells whether an outlet is not one of those that the file names.
func (s *state) outside(slug string) bool {
	return !slices.ContainsFunc(s.doc.Outlets, func(o load.Outlet) bool { return o.Slug == slug })
}

func readState(ctx context.Context, q *db.Queries, want *load.Document) (*state, error) {
	s := &state{ids: map[load.Ref]int64{}, recipes: map[load.Ref]int64{}}
	t, err := q.LoadedTenant(ctx, want.Tenant.Slug)
	if errors.Is(err, pgx.ErrNoRows) {
		return s, nil
	}
	if err != nil {
		return nil, err
	}
	s.ids[load.Ref{Kind: load.KindTenant, Name: t.Slug}] = t.ID
	s.doc = &load.Document{Tenant: load.Tenant{
		Slug: t.Slug, Name: t.Name, Tier: t.Tier, Timezone: t.Timezone, Currency: t.Currency,
	}}
	outlets, err := q.LoadedOutlets(ctx, t.ID)
	if err != nil {
		return nil, err
	}
	for _, o := range outlets {
		if o.IsDefault {
			s.defaultOutlet = o.Slug
		}
		i := slices.IndexFunc(want.Outlets, func(w load.Outlet) bool { return w.Slug == o.Slug })
		if i < 0 {
			continue
		}
		if err := s.outlet(ctx, q, o, want.Outlets[i]); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *state) outlet(ctx context.Context, q *db.Queries, r db.LoadedOutletsRow, want load.Outlet) error {
	o := load.Outlet{
		Slug: r.Slug, Name: r.Name, Timezone: r.Timezone, Default: r.IsDefault, FreeFormStation: r.FreeFormStation,
		StaleAfter: time.Duration(r.StaleAfterSeconds) * time.Second, CourseGap: time.Duration(r.CourseGapSeconds) * time.Second,
	}
	s.ids[load.Ref{Kind: load.KindOutlet, Name: o.Slug}] = r.ID
	if want.Admission != "" {
		var a load.Admission
		if err := json.Unmarshal(r.Admission, &a); err != nil {
			return err
		}
		o.Admission = a.Text()
	}
	for _, read := range []func(context.Context, *db.Queries, int64, *load.Outlet, load.Outlet) error{
		s.stations, s.machines, s.staff, s.items,
	} {
		if err := read(ctx, q, r.ID, &o, want); err != nil {
			return err
		}
	}
	s.doc.Outlets = append(s.doc.Outlets, o)
	return nil
}

func (s *state) stations(ctx context.Context, q *db.Queries, id int64, o *load.Outlet, _ load.Outlet) error {
	rows, err := q.LoadedStations(ctx, id)
	for _, r := range rows {
		s.ids[load.Ref{Kind: load.KindStation, Outlet: o.Slug, Name: r.Name}] = r.ID
		o.Stations = append(o.Stations, load.Station{Name: r.Name, Capacity: int(r.Capacity)})
	}
	return err
}

func (s *state) machines(ctx context.Context, q *db.Queries, id int64, o *load.Outlet, _ load.Outlet) error {
	rows, err := q.LoadedMachines(ctx, db.LoadedMachinesParams{OutletID: id, Removed: RemovedMachine})
	for _, r := range rows {
		s.ids[load.Ref{Kind: load.KindMachine, Outlet: o.Slug, Name: r.Name}] = r.ID
		o.Machines = append(o.Machines, load.Machine{Name: r.Name, Station: r.Station, Capacity: int(r.Capacity)})
	}
	return err
}

func (s *state) staff(ctx context.Context, q *db.Queries, id int64, o *load.Outlet, _ load.Outlet) error {
	times, err := s.times(ctx, q, id)
	if err != nil {
		return err
	}
	rows, err := q.LoadedStaff(ctx, id)
	for _, r := range rows {
		s.ids[load.Ref{Kind: load.KindStaff, Outlet: o.Slug, Name: r.Name}] = r.ID
		slices.Sort(r.Skills) // in Go's order, whatever the database's collation
		o.Staff = append(o.Staff, load.Staff{
			Name: r.Name, MaxParallel: int(r.MaxParallel), Efficiency: r.BaseEfficiency, Skills: r.Skills, Times: times[r.ID],
		})
	}
	return err
}

func (s *state) times(ctx context.Context, q *db.Queries, outlet int64) (map[int64][]load.Time, error) {
	rows, err := q.LoadedTimes(ctx, outlet)
	times := map[int64][]load.Time{}
	for _, r := range rows {
		times[r.StaffID] = append(times[r.StaffID], load.Time{
			Kind: r.Kind, Weekday: time.Weekday(r.Weekday), Starts: r.Starts, Ends: r.Ends,
		})
	}
	return times, err
}

func (s *state) items(ctx context.Context, q *db.Queries, id int64, o *load.Outlet, _ load.Outlet) error {
	rows, err := q.LoadedItems(ctx, id)
	if err != nil {
		return err
	}
	recipes := make([]int64, len(rows))
	for i, r := range rows {
		recipes[i] = r.RecipeID
	}
	steps, err := s.steps(ctx, q, recipes)
	if err != nil {
		return err
	}
	for _, r := range rows {
		choices, err := groups(r.Choices)
		if err != nil {
			return err
		}
		ref := load.Ref{Kind: load.KindItem, Outlet: o.Slug, Name: r.Sku}
		s.ids[ref], s.recipes[ref] = r.ID, r.RecipeID
		o.Items = append(o.Items, load.Item{
			SKU: r.Sku, Name: r.Name, Category: r.Category, Description: r.Description,
			Price: money.Amount(r.PriceMinor), Steps: steps[r.RecipeID], Alcohol: r.Needs&needsAlcohol != 0, Large: r.Needs&needsLarge != 0,
			Choices: choices, Allergens: slices.Clip(r.Allergens),
		})
	}
	return nil
}

func (s *state) steps(ctx context.Context, q *db.Queries, recipes []int64) (map[int64][]load.Step, error) {
	rows, err := q.LoadedSteps(ctx, recipes)
	steps := map[int64][]load.Step{}
	for _, r := range rows {
		steps[r.RecipeID] = append(steps[r.RecipeID], load.Step{
			Name: r.Description, Station: r.Station, Machine: r.Machine,
			Seconds: r.EstimateSeconds, Priority: r.BasePriority, After: ints(r.After),
			Batch: recipe.Batch{Size: int(r.BatchSize), Wait: time.Duration(r.BatchWaitSeconds * float64(time.Second))},
		})
	}
	return steps, err
}

// item returns a known item.
func (s *state) item(ref load.Ref) load.Item {
	for _, o := range s.doc.Outlets {
		i := slices.IndexFunc(o.Items, func(it load.Item) bool { return it.SKU == ref.Name })
		if o.Slug == ref.Outlet && i >= 0 {
			return o.Items[i]
		}
	}
	return load.Item{}
}
