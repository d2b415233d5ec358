package planning

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"time"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/planning/supply"
)

// PlanEdit is what somebody knew better than a plan. It holds for all plans of that day, also those made later.
type PlanEdit struct {
	Outlet   int64
	Kind     PlanKind
	Day      Day // on which it is made, or delivered
	Code     string
	Was      supply.Amount // planned at that time
	Quantity supply.Amount
	Stock    supply.Amount // that was there for those days
	Until    Day           // until which it is for; excluded
	Reason   string
	By       string
	At       time.Time
}

// Taken is what a day's sales took of an ingredient.
type Taken struct {
	Outlet int64
	Code   string
	Day    Day
	Amount supply.Amount
}

// ProductionOf returns what to prepare at an outlet (0: the actor's own) on a day (0: today), edits included.
// Errors: KindNotFound.
func (p *Planner) ProductionOf(ctx context.Context, who actor.Actor, outlet int64, day Day, revision int) (Production, Plan, Outlet, error) {
	plan, o, err := p.Latest(ctx, who, outlet, PlanProduction, day, revision)
	var body Production
	if err == nil {
		err = json.Unmarshal(plan.Body, &body)
	}
	if err != nil || revision != 0 {
		return body, plan, o, err
	}
	edits, err := p.edits(ctx, who, PlanProduction, o.ID, plan.Day, plan.Day)
	for i := range body.Totals {
		t := &body.Totals[i]
		if t.Edited = edits.of(plan.Day, t.Code); t.Edited != nil {
			body.Starts = edited(body.Starts, t)
		}
	}
	return body, plan, o, err
}

// edited has a preparation's batches begun as somebody said: those that begin last go first, more are begun with the last.
func edited(starts []Start, t *Total) []Start {
	left := 0
	if t.Batch > 0 {
		left = int((t.Edited.Quantity + t.Batch - 1) / t.Batch)
	}
	var list []Start
	last := -1
	for _, s := range starts {
		if s.Code == t.Code {
			n := min(s.Batches, left)
			left -= n
			s.times(n)
			if n == 0 {
				continue
			}
			last = len(list)
		}
		list = append(list, s)
	}
	if last >= 0 && left > 0 {
		list[last].times(list[last].Batches + left)
	}
	return list
}

func (s *Start) times(n int) {
	if s.Batches > 0 {
		s.Amount, s.Minutes = s.Amount/supply.Amount(s.Batches)*supply.Amount(n), s.Minutes/float64(s.Batches)*float64(n)
	}
	s.Batches = n
}

// ProcurementOf returns what to order, likewise.
func (p *Planner) ProcurementOf(ctx context.Context, who actor.Actor, outlet int64, day Day, revision int) (Procurement, Plan, Outlet, error) {
	plan, o, err := p.Latest(ctx, who, outlet, PlanProcurement, day, revision)
	var body Procurement
	if err == nil {
		err = json.Unmarshal(plan.Body, &body)
	}
	if err != nil || revision != 0 {
		return body, plan, o, err
	}
	edits, err := p.edits(ctx, who, PlanProcurement, o.ID, plan.Day, plan.Day+PlanDays)
	for i := range body.Lines {
		body.Lines[i].Edited = edits.of(body.Lines[i].Deliver, body.Lines[i].Code)
	}
	return body, plan, o, err
}

// StockOf returns how stock runs, likewise.
func (p *Planner) StockOf(ctx context.Context, who actor.Actor, outlet int64, day Day, revision int) (StockCourse, Plan, Outlet, error) {
	plan, o, err := p.Latest(ctx, who, outlet, PlanStock, day, revision)
	var body StockCourse
	if err == nil {
		err = json.Unmarshal(plan.Body, &body)
	}
	return body, plan, o, err
}

type planEdits []PlanEdit

func (p *Planner) edits(ctx context.Context, who actor.Actor, kind PlanKind, outlet int64, first, last Day) (planEdits, error) {
	return p.store.PlanEdits(ctx, who.Tenant, kind, []int64{outlet}, first, last)
}

func (l planEdits) of(day Day, code string) *PlanEdit {
	i := slices.IndexFunc(l, func(e PlanEdit) bool { return e.Day == day && e.Code == code })
	if i < 0 {
		return nil
	}
	return &l[i]
}

// most is how many batches or packs anybody asks for.
const maxPacks = 100_000

// EditProduction says how many batches of a preparation are made on a day. The plan stays as it was made; once the day is over
// it is shown who was right. Errors: KindInvalid, KindNotFound when the latest plan of the day has no such preparation,
// KindConflict for a day that is over.
func (p *Planner) EditProduction(ctx context.Context, who actor.Actor, outlet int64, day Day, code string, batches int, reason string) (PlanEdit, error) {
	if err := checkEdit("batches", batches, reason); err != nil {
		return PlanEdit{}, err
	}
	body, plan, o, err := p.ProductionOf(ctx, who, outlet, day, 0)
	if err != nil {
		return PlanEdit{}, err
	}
	i := slices.IndexFunc(body.Totals, func(t Total) bool { return t.Code == code })
	if i < 0 {
		return PlanEdit{}, errs.NotFound("nothing is planned of %s for %v", code, plan.Day)
	}
	t := &body.Totals[i]
	return p.edit(ctx, who, &o, PlanEdit{
		Kind: PlanProduction, Day: plan.Day, Code: code, Was: t.Planned, Quantity: t.Batch * supply.Amount(batches), Stock: t.There,
		Until: plan.Day + 1, Reason: reason,
	})
}

// EditProcurement says how many packs of an ingredient are ordered for a delivery day, likewise.
func (p *Planner) EditProcurement(ctx context.Context, who actor.Actor, outlet int64, deliver Day, code string, packs int, reason string) (PlanEdit, error) {
	if err := checkEdit("packs", packs, reason); err != nil {
		return PlanEdit{}, err
	}
	body, _, o, err := p.ProcurementOf(ctx, who, outlet, 0, 0)
	if err != nil {
		return PlanEdit{}, err
	}
	i := slices.IndexFunc(body.Lines, func(l PurchaseLine) bool { return l.Code == code && l.Deliver == deliver })
	if i < 0 {
		return PlanEdit{}, errs.NotFound("nothing is planned of %s for %v", code, deliver)
	}
	l := &body.Lines[i]
	return p.edit(ctx, who, &o, PlanEdit{
		Kind: PlanProcurement, Day: deliver, Code: code, Was: l.Amount(), Quantity: l.Pack * supply.Amount(packs), Stock: l.Stock,
		Until: l.Until, Reason: reason,
	})
}

func checkEdit(field string, n int, reason string) error {
	var f errs.Fields
	if n < 0 || n > maxPacks {
		f.Add(field, "must be 0 to %d", maxPacks)
	}
	if tooLong(reason) {
		f.Add("reason", "must have at most %d characters", maxText)
	}
	return f.Err()
}

func (p *Planner) edit(ctx context.Context, who actor.Actor, o *Outlet, e PlanEdit) (PlanEdit, error) {
	now := p.clock.Now()
	if e.Day < o.Today(now) {
		return PlanEdit{}, errs.Conflict("%v is over", e.Day)
	}
	e.Outlet, e.By, e.At = o.ID, who.Name, now.Truncate(time.Microsecond)
	return e, p.store.AddPlanEdit(ctx, who.Tenant, e)
}

// EditOutcome is an edit against what was taken in its days.
type EditOutcome struct {
	PlanEdit
	Taken     supply.Amount
	PlanError supply.Amount // how far what was planned, with what was there, lay off
	EditError supply.Amount // how far the edit did
}

// EditAccuracy is what edits did to the accuracy of plans.
type EditAccuracy struct {
	Edits     []EditOutcome // the latest first
	Better    int           // nearer to what was taken than the plan
	Worse     int
	PlanWAPE  float64 // errors of the plans, of what was taken; NaN: cannot be said
	EditsWAPE float64
}

// EditAccuracy compares edits of days that are over with what was taken by the sales of their days.
func (p *Planner) EditAccuracy(ctx context.Context, who actor.Actor, outlet int64, kind PlanKind, first, last Day) (EditAccuracy, error) {
	var a EditAccuracy
	o, err := p.outlet(ctx, who, outlet)
	if err != nil {
		return a, err
	}
	edits, err := p.edits(ctx, who, kind, o.ID, first, last)
	if err != nil {
		return a, err
	}
	taken, err := p.taken(ctx, who.Tenant, o.ID, first, last+PlanDays)
	if err != nil {
		return a, err
	}
	today := o.Today(p.clock.Now())
	plan, edit, sum := 0.0, 0.0, 0.0
	for _, e := range edits {
		if e.Until > today {
			continue
		}
		x := EditOutcome{PlanEdit: e}
		for d := e.Day; d < e.Until; d++ {
			x.Taken += taken[dayCode{d, e.Code}]
		}
		x.PlanError, x.EditError = off(e.Stock+e.Was, x.Taken), off(e.Stock+e.Quantity, x.Taken)
		switch {
		case x.EditError < x.PlanError:
			a.Better++
		case x.EditError > x.PlanError:
			a.Worse++
		}
		plan, edit, sum = plan+x.PlanError.Units(), edit+x.EditError.Units(), sum+x.Taken.Units()
		a.Edits = append(a.Edits, x)
	}
	slices.Reverse(a.Edits)
	a.PlanWAPE, a.EditsWAPE = math.NaN(), math.NaN()
	if sum > 0 {
		a.PlanWAPE, a.EditsWAPE = plan/sum, edit/sum
	}
	return a, nil
}

func off(have, taken supply.Amount) supply.Amount { return max(have-taken, taken-have) }

type dayCode struct {
	day  Day
	code string
}

// taken is what sales took of ingredients by day, also through preparations.
func (p *Planner) taken(ctx context.Context, tenant, outlet int64, first, last Day) (map[dayCode]supply.Amount, error) {
	list, err := p.store.Taken(ctx, tenant, []int64{outlet}, first, last)
	if err != nil {
		return nil, err
	}
	larders, err := p.store.Larders(ctx, tenant, []int64{outlet})
	if err != nil {
		return nil, err
	}
	l := larders[outlet]
	b := &bench{larder: l, byID: map[int64]*Ingredient{}}
	byCode := map[string]*Ingredient{}
	for i := range l.Ingredients {
		b.byID[l.Ingredients[i].ID], byCode[l.Ingredients[i].Code] = &l.Ingredients[i], &l.Ingredients[i]
	}
	taken := map[dayCode]supply.Amount{}
	for _, t := range list {
		b.take(taken, byCode[t.Code], t.Day, t.Amount, 0)
	}
	return taken, nil
}

func (b *bench) take(taken map[dayCode]supply.Amount, g *Ingredient, day Day, a supply.Amount, depth int) {
	if g == nil || depth > deepest {
		return
	}
	taken[dayCode{day, g.Code}] += a
	if g.Batch == 0 {
		return
	}
	for _, s := range b.larder.Bills[g.ID] {
		b.take(taken, b.byID[s.Ingredient], day, supply.Of(a.Units()*s.Amount.Units()/g.Batch.Units()), depth+1)
	}
}
