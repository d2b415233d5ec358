package planning

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"brigade/internal/actor"
	"brigade/internal/clock"
	"brigade/internal/errs"
	"brigade/internal/planning/forecast"
	"brigade/internal/planning/supply"
)

// PlanKind says what a plan is of.
type PlanKind string

// The kinds of plans.
const (
	PlanProduction  PlanKind = "production"  // what to prepare on a day, by the hour
	PlanProcurement PlanKind = "procurement" // what to order in the next days
	PlanStock       PlanKind = "stock"       // how stock will run
)

const (
	// PlanDays is how many days purchases and stock are planned ahead.
	PlanDays = 14
	// ServiceLevel is the chance with which a day's preparations, and what is there until the next delivery, shall suffice. In
	// the newsvendor's words it says that running out costs nine times as much as one left over (Arrow, Harris and Marschak:
	// Optimal inventory policy, Econometrica 19, 1951).
	ServiceLevel = 0.9
	// planAtOnce is how many outlets are read, planned and written together.
	planAtOnce = 100
)

// Plan is something planned, as it was made: it never changes.
type Plan struct {
	ID       int64
	Outlet   int64
	Kind     PlanKind
	Day      Day
	Revision int // from 1; another one each time something else came out
	Problems int // that it cannot solve
	By       string
	At       time.Time
	Body     []byte // JSON of a Production, a Procurement or a StockCourse
}

// Note is something that a plan has to say besides its lines.
type Note struct {
	Kind    string        `json:"kind"`
	Problem bool          `json:"problem"` // that the plan cannot solve; else a suggestion
	Code    string        `json:"code"`    // of the ingredient or preparation; "": none
	Item    string        `json:"item"`    // the SKU; "": none
	At      time.Time     `json:"at"`
	Amount  supply.Amount `json:"amount"`
	Text    string        `json:"text"`            // all of it, in English
	Name    string        `json:"name,omitempty"`  // of what the code stands for, of the supplier, or of all that it is about
	Unit    string        `json:"unit,omitempty"`  // of the amount; a currency
	Count   int           `json:"count,omitempty"` // batches; percent; minor units of the currency
}

func problems(notes []Note) (n int) {
	for _, note := range notes {
		if note.Problem {
			n++
		}
	}
	return n
}

// PlanStore keeps plans and reads what they are made from, for many outlets at a time.
type PlanStore interface {
	Outlets(ctx context.Context, tenant, outlet int64) ([]Outlet, error)
	// Stocked lists those of some outlets (none: of all) that have ingredients.
	Stocked(ctx context.Context, tenant int64, outlets []int64) ([]int64, error)
	// Larders reads what is known of outlets' stock, suppliers, kitchens and menus.
	Larders(ctx context.Context, tenant int64, outlets []int64) (map[int64]*Larder, error)
	// DemandOf lists the latest forecasts of outlets' products, with edits, by day.
	DemandOf(ctx context.Context, tenant int64, outlets []int64, first, last Day) ([]Forecast, error)
	// PutPlans keeps plans of one kind and day; one that says the same as the latest of its outlet changes nothing.
	PutPlans(ctx context.Context, tenant int64, kind PlanKind, day Day, plans []Plan, digests [][]byte, by string, at time.Time) error
	// LatestPlans lists the latest plan of each outlet, or the one of a revision.
	LatestPlans(ctx context.Context, tenant int64, kind PlanKind, day Day, outlets []int64, revision int) ([]Plan, error)
	AddPlanEdit(ctx context.Context, tenant int64, e PlanEdit) error
	// PlanEdits lists the latest edit of each code and day.
	PlanEdits(ctx context.Context, tenant int64, kind PlanKind, outlets []int64, first, last Day) ([]PlanEdit, error)
	// Taken lists what sales took of ingredients, by the bills.
	Taken(ctx context.Context, tenant int64, outlets []int64, first, last Day) ([]Taken, error)
	// ToPrepareAgain lists outlets whose forecast of today is newer than what they plan to prepare.
	ToPrepareAgain(ctx context.Context, now time.Time) ([]OutletRef, error)
}

// Planner makes plans from forecasts and stock. It is safe for use by many goroutines, and by many processes at once.
type Planner struct {
	store PlanStore
	clock clock.Clock
}

// NewPlanner returns a planner; the clock is the product's.
func NewPlanner(store PlanStore, clk clock.Clock) *Planner {
	return &Planner{store, clk}
}

// Production plans what outlets (none: all of the tenant's) prepare on a day, 0 is each outlet's today. Planned again from the
// same, nothing changes. It returns how many outlets have a plan; those without ingredients have none.
// Errors: KindInvalid for a day that is over or too far ahead.
func (p *Planner) Production(ctx context.Context, tenant int64, outlets []int64, day Day, by string) (int, error) {
	return p.plan(ctx, tenant, outlets, PlanProduction, day, by, func(t *bench) (any, []Note) {
		b := t.produce()
		return b, b.Notes
	})
}

// Procurement plans what outlets order in the days from a day on, likewise.
func (p *Planner) Procurement(ctx context.Context, tenant int64, outlets []int64, day Day, by string) (int, error) {
	return p.plan(ctx, tenant, outlets, PlanProcurement, day, by, func(t *bench) (any, []Note) {
		b := t.procure()
		return b, b.Notes
	})
}

// StockProjection plans how outlets' stock runs from a day on, likewise.
func (p *Planner) StockProjection(ctx context.Context, tenant int64, outlets []int64, day Day, by string) (int, error) {
	return p.plan(ctx, tenant, outlets, PlanStock, day, by, func(t *bench) (any, []Note) {
		b := t.project()
		return b, b.Notes
	})
}

// plan reads, plans and writes some outlets at a time.
func (p *Planner) plan(ctx context.Context, tenant int64, outlets []int64, kind PlanKind, day Day, by string, one func(*bench) (any, []Note)) (int, error) {
	places, err := p.store.Outlets(ctx, tenant, 0)
	if err != nil {
		return 0, err
	}
	if outlets == nil {
		outlets = []int64{}
	}
	stocked, err := p.store.Stocked(ctx, tenant, outlets)
	if err != nil {
		return 0, err
	}
	n, now := 0, p.clock.Now()
	for d, group := range byDay(places, stocked, day, now) {
		for part := range slices.Chunk(group, planAtOnce) {
			if err := p.planPart(ctx, tenant, part, kind, d, by, now, one); err != nil {
				return n, err
			}
			n += len(part)
		}
	}
	return n, nil
}

// byDay groups outlets by the day that is meant: today is not the same day everywhere.
func byDay(places []Outlet, stocked []int64, day Day, now time.Time) map[Day][]*Outlet {
	groups := map[Day][]*Outlet{}
	for i := range places {
		o := &places[i]
		if _, ok := slices.BinarySearch(stocked, o.ID); !ok {
			continue
		}
		d := day
		if d == 0 {
			d = o.Today(now)
		}
		groups[d] = append(groups[d], o)
	}
	return groups
}

func (p *Planner) planPart(ctx context.Context, tenant int64, part []*Outlet, kind PlanKind, day Day, by string, now time.Time, one func(*bench) (any, []Note)) error {
	ids, first := make([]int64, len(part)), day
	for i, o := range part {
		ids[i], first = o.ID, min(first, o.Today(now))
		if err := near(o, day, now); err != nil {
			return err
		}
	}
	larders, err := p.store.Larders(ctx, tenant, ids)
	if err != nil {
		return err
	}
	list, err := p.store.DemandOf(ctx, tenant, ids, first, day+PlanDays-1)
	if err != nil {
		return err
	}
	demand := map[int64][]Forecast{}
	for i := range list {
		demand[list[i].Outlet] = append(demand[list[i].Outlet], list[i])
	}
	plans, digests := make([]Plan, len(part)), make([][]byte, len(part))
	former, err := p.formerly(ctx, tenant, kind, ids, day)
	if err != nil {
		return err
	}
	for i, o := range part {
		b := newBench(o, larders[o.ID], demand[o.ID], day, now)
		b.former = former[o.ID]
		body, notes := one(b)
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		digest := sha256.Sum256(text)
		plans[i], digests[i] = Plan{Outlet: o.ID, Body: text, Problems: problems(notes)}, digest[:]
	}
	return p.store.PutPlans(ctx, tenant, kind, day, plans, digests, by, now)
}

// formerly is what outlets planned to prepare on a day until now.
func (p *Planner) formerly(ctx context.Context, tenant int64, kind PlanKind, outlets []int64, day Day) (map[int64]former, error) {
	if kind != PlanProduction {
		return nil, nil
	}
	plans, err := p.store.LatestPlans(ctx, tenant, kind, day, outlets, 0)
	if err != nil || len(plans) == 0 {
		return nil, err
	}
	edits, err := p.store.PlanEdits(ctx, tenant, kind, outlets, day, day)
	if err != nil {
		return nil, err
	}
	list := make(map[int64]former, len(plans))
	for i := range plans {
		f := former{there: map[string]supply.Amount{}}
		var body Production
		if err := json.Unmarshal(plans[i].Body, &body); err != nil {
			return nil, err
		}
		f.starts, f.edited = body.Starts, slices.Clone(body.Starts)
		for k := range body.Totals {
			t := &body.Totals[k]
			f.there[t.Code] = t.There
			j := slices.IndexFunc(edits, func(e PlanEdit) bool { return e.Outlet == plans[i].Outlet && e.Code == t.Code })
			if j >= 0 {
				t.Edited = &edits[j]
				f.edited = edited(f.edited, t)
			}
		}
		list[plans[i].Outlet] = f
	}
	return list, nil
}

// farthest is how many days ahead something can be planned.
const farthest = 7

func near(o *Outlet, day Day, now time.Time) error {
	var f errs.Fields
	if today := o.Today(now); day < today {
		f.Add("day", "%v is over", day)
	} else if day > today+farthest {
		f.Add("day", "must not be more than %d days ahead", farthest)
	}
	return f.Err()
}

// Latest returns the latest plan of an outlet (0: the actor's own) for a day (0: today), or the one of a revision, and the
// outlet. Errors: KindNotFound.
func (p *Planner) Latest(ctx context.Context, who actor.Actor, outlet int64, kind PlanKind, day Day, revision int) (Plan, Outlet, error) {
	o, err := p.outlet(ctx, who, outlet)
	if err != nil {
		return Plan{}, o, err
	}
	if day == 0 {
		day = o.Today(p.clock.Now())
	}
	list, err := p.store.LatestPlans(ctx, who.Tenant, kind, day, []int64{o.ID}, revision)
	if err == nil && len(list) == 0 {
		err = errs.NotFound("there is no %s plan of %s for %v", kind, o.Slug, day)
	}
	if err != nil {
		return Plan{}, o, err
	}
	return list[0], o, nil
}

func (p *Planner) outlet(ctx context.Context, who actor.Actor, outlet int64) (Outlet, error) {
	if outlet == 0 {
		outlet = who.Outlet
	}
	list, err := p.store.Outlets(ctx, who.Tenant, outlet)
	if err != nil {
		return Outlet{}, err
	}
	if len(list) != 1 || outlet == 0 || !who.Sees(outlet) {
		return Outlet{}, errs.NotFound("there is no such outlet")
	}
	return list[0], nil
}

// Refresh plans again what to prepare where today's forecast was brought up to date since. It returns how many outlets it
// planned for. It looks at what is, so that nothing is lost when it is interrupted. A tenant that fails does not stop the others.
func (p *Planner) Refresh(ctx context.Context) (int, error) {
	list, err := p.store.ToPrepareAgain(ctx, p.clock.Now())
	if err != nil {
		return 0, err
	}
	tenants := map[int64][]int64{}
	for _, o := range list {
		tenants[o.Tenant] = append(tenants[o.Tenant], o.Outlet)
	}
	n := 0
	for tenant, outlets := range tenants {
		done, failed := p.Production(ctx, tenant, outlets, 0, "noon")
		n, err = n+done, errors.Join(err, failed)
	}
	return n, err
}

// hoursOf are the hours of a day at an outlet, 23 to 25.
func hoursOf(d Day, zone *time.Location) (hours []time.Time) {
	y, m, day := d.Time().Date()
	for t := time.Date(y, m, day, 0, 0, 0, 0, zone); forecast.DayIn(t) == d; t = t.Add(time.Hour) {
		hours = append(hours, t)
	}
	return hours
}
