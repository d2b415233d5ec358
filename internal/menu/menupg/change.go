package menupg

import (
	"context"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"time"

	"brigade/internal/event"
	"brigade/internal/menu/load"
	"brigade/internal/menu/menupg/db"
	"brigade/internal/modifier"
	"brigade/internal/store"
)

// change writes what differs between the database and a file.
type change struct {
	have *state
	want *load.Document
	diff load.Diff

	q      *db.Queries
	opts   Options
	tenant int64
}

// differs tells whether something is to be added or changed.
func (c *change) differs(ref load.Ref) bool {
	return slices.ContainsFunc(c.diff.Changes, func(ch load.Change) bool {
		return ch.Ref == ref && ch.Action != load.Removed
	})
}

func (c *change) apply(ctx context.Context, tx store.Tx, opts Options) error {
	if c.diff.Empty() {
		return nil
	}
	c.q, c.opts = db.New(tx), opts
	if err := c.putTenant(ctx); err != nil {
		return err
	}
	var events []event.Event
	for _, o := range c.want.Outlets {
		e, err := c.outlet(ctx, o)
		if err != nil {
			return err
		}
		events = append(events, e...)
	}
	if len(events) == 0 {
		return nil
	}
	return opts.Append(ctx, tx, events)
}

func (c *change) putTenant(ctx context.Context) (err error) {
	t := c.want.Tenant
	ref := load.Ref{Kind: load.KindTenant, Name: t.Slug}
	c.tenant = c.have.ids[ref]
	if c.differs(ref) {
		c.tenant, err = c.q.PutTenant(ctx, db.PutTenantParams{
			Slug: t.Slug, Name: t.Name, Tier: t.Tier, Timezone: t.Timezone, Currency: t.Currency,
		})
	}
	if err != nil {
		return err
	}
	for _, o := range c.want.Outlets {
		if o.Default { // there must never be two, not even in between
			return c.q.ClearDefaultOutlet(ctx, db.ClearDefaultOutletParams{TenantID: c.tenant, Slug: o.Slug})
		}
	}
	return nil
}

// site is one outlet being changed.
type site struct {
	*change
	load.Outlet
	id int64
}

func (s *site) ref(kind load.Kind, name string) load.Ref {
	return load.Ref{Kind: kind, Outlet: s.Slug, Name: name}
}

func (s *site) station(name string) int64 { return s.have.ids[s.ref(load.KindStation, name)] }
func (s *site) machine(name string) int64 { return s.have.ids[s.ref(load.KindMachine, name)] }

// outlet writes what differs in one outlet and returns the event that says so to its kitchen, if that is concerned.
func (c *change) outlet(ctx context.Context, o load.Outlet) ([]event.Event, error) {
	s := &site{change: c, Outlet: o}
	for _, write := range []func(context.Context) error{
		s.putOutlet, s.putStations, s.putMachines, s.putStaff, s.putItems, s.setFreeForm, s.remove,
	} {
		if err := write(ctx); err != nil {
			return nil, err
		}
	}
	return s.announce(ctx)
}

func (s *site) putOutlet(ctx context.Context) (err error) {
	ref := load.Ref{Kind: load.KindOutlet, Name: s.Slug}
	s.id = s.have.ids[ref]
	if s.differs(ref) {
		s.id, err = s.q.PutOutlet(ctx, db.PutOutletParams{
			TenantID: s.tenant, Slug: s.Slug, Name: s.Name, Timezone: s.Timezone, IsDefault: s.Default,
			StaleAfterSeconds: int32(s.StaleAfter / time.Second), CourseGapSeconds: int32(s.CourseGap / time.Second),
		})
	}
	if err == nil && s.Admission != "" && s.differs(ref) {
		err = s.q.PutOutletAdmission(ctx, db.PutOutletAdmissionParams{OutletID: s.id, TenantID: s.tenant, Settings: []byte(s.Admission)})
	}
	return err
}

func (s *site) putStations(ctx context.Context) error {
	for _, st := range s.Stations {
		ref := s.ref(load.KindStation, st.Name)
		if !s.differs(ref) {
			continue
		}
		id, err := s.q.PutStation(ctx, db.PutStationParams{
			TenantID: s.tenant, OutletID: s.id, Name: st.Name, Capacity: int32(st.Capacity),
		})
		if err != nil {
			return err
		}
		s.have.ids[ref] = id
	}
	return nil
}

func (s *site) putMachines(ctx context.Context) error {
	for _, m := range s.Machines {
		ref := s.ref(load.KindMachine, m.Name)
		if !s.differs(ref) {
			continue
		}
		id, err := s.q.PutMachine(ctx, db.PutMachineParams{
			TenantID: s.tenant, OutletID: s.id, StationID: s.station(m.Station), Name: m.Name, Capacity: int32(m.Capacity),
			ChangedAt: s.opts.At, Removed: RemovedMachine,
		})
		if err != nil {
			return err
		}
		s.have.ids[ref] = id
	}
	return nil
}

func (s *site) putStaff(ctx context.Context) error {
	for _, w := range s.Staff {
		if !s.differs(s.ref(load.KindStaff, w.Name)) {
			continue
		}
		id, err := s.q.PutStaff(ctx, db.PutStaffParams{
			TenantID: s.tenant, OutletID: s.id, Name: w.Name,
			MaxParallel: int32(w.MaxParallel), BaseEfficiency: w.Efficiency,
		})
		if err != nil {
			return err
		}
		if err := s.putSkills(ctx, id, w); err != nil {
			return err
		}
		if err := s.putTimes(ctx, id, w); err != nil {
			return err
		}
	}
	return nil
}

func (s *site) putSkills(ctx context.Context, staff int64, w load.Staff) error {
	if err := s.q.DropSkills(ctx, staff); err != nil {
		return err
	}
	p := db.AddSkillsParams{StaffID: staff}
	for _, name := range w.Skills {
		p.StationIds = append(p.StationIds, s.station(name))
	}
	return s.q.AddSkills(ctx, p)
}

func (s *site) putTimes(ctx context.Context, staff int64, w load.Staff) error {
	if err := s.q.DropTimes(ctx, staff); err != nil {
		return err
	}
	p := db.AddTimesParams{StaffID: staff}
	for _, t := range w.Times {
		p.Kinds, p.Weekdays = append(p.Kinds, t.Kind), append(p.Weekdays, int16(t.Weekday))
		p.Starts, p.Ends = append(p.Starts, t.Starts), append(p.Ends, t.Ends)
	}
	return s.q.AddTimes(ctx, p)
}

func (s *site) putItems(ctx context.Context) error {
	for _, it := range s.Items {
		ref := s.ref(load.KindItem, it.SKU)
		if !s.differs(ref) {
			continue
		}
		recipe, err := s.recipe(ctx, ref, it)
		if err != nil {
			return err
		}
		choices, err := json.Marshal(append([]modifier.Group{}, it.Choices...))
		if err != nil {
			return err
		}
		_, err = s.q.PutItem(ctx, db.PutItemParams{
			TenantID: s.tenant, OutletID: s.id, Sku: it.SKU, Name: it.Name, Category: it.Category,
			Description: it.Description, PriceMinor: int64(it.Price), RecipeID: recipe, Needs: needsOf(it),
			Choices: choices, Allergens: append([]string{}, it.Allergens...),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func needsOf(it load.Item) (needs int32) {
	if it.Alcohol {
		needs |= needsAlcohol
	}
	if it.Large {
		needs |= needsLarge
	}
	return needs
}

// recipe returns the recipe that an item has, or a new version of it when its steps differ.
func (s *site) recipe(ctx context.Context, ref load.Ref, it load.Item) (int64, error) {
	if id, known := s.have.recipes[ref]; known && reflect.DeepEqual(s.have.item(ref).Steps, it.Steps) {
		return id, nil
	}
	id, err := s.q.AddRecipe(ctx, db.AddRecipeParams{TenantID: s.tenant, OutletID: s.id, Sku: it.SKU})
	if err != nil {
		return 0, err
	}
	for i, st := range it.Steps {
		err := s.q.AddStep(ctx, db.AddStepParams{
			RecipeID: id, StepNo: int32(i), Description: st.Name, StationID: s.station(st.Station),
			MachineID: s.machine(st.Machine), EstimateSeconds: st.Seconds, BasePriority: st.Priority,
			BatchSize: int16(st.Batch.Size), BatchWaitSeconds: st.Batch.Wait.Seconds(),
		})
		if err != nil {
			return 0, err
		}
	}
	return id, s.dependencies(ctx, id, it.Steps)
}

// dependencies are written after all steps: a step may wait for a later one.
func (s *site) dependencies(ctx context.Context, recipe int64, steps []load.Step) error {
	for i, st := range steps {
		p := db.AddDependenciesParams{RecipeID: recipe, StepNo: int32(i)}
		for _, j := range st.After {
			p.DependsOn = append(p.DependsOn, int32(j))
		}
		if err := s.q.AddDependencies(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

func (s *site) setFreeForm(ctx context.Context) error {
	if !s.differs(load.Ref{Kind: load.KindOutlet, Name: s.Slug}) {
		return nil
	}
	return s.q.SetFreeFormStation(ctx, db.SetFreeFormStationParams{ID: s.id, StationID: s.station(s.FreeFormStation)})
}

// remove switches off what the file no longer lists.
func (s *site) remove(ctx context.Context) error {
	for _, ch := range s.diff.Changes {
		if ch.Action != load.Removed || ch.Outlet != s.Slug {
			continue
		}
		var err error
		switch id := s.have.ids[ch.Ref]; ch.Kind {
		case load.KindMachine:
			err = s.q.RetireMachine(ctx, db.RetireMachineParams{ID: id, Removed: RemovedMachine, ChangedAt: s.opts.At})
		case load.KindStaff:
			err = s.q.RemoveStaff(ctx, id)
		case load.KindItem:
			err = s.q.RemoveItem(ctx, id)
		case load.KindStation:
			err = s.q.RemoveStation(ctx, db.RemoveStationParams{ID: id, RemovedAt: &s.opts.At})
		case load.KindTenant, load.KindOutlet, // nothing to switch off
			load.KindRegion, load.KindDriver, load.KindPlace, load.KindZone, load.KindReach, // delivery's
			load.KindIngredient, load.KindPreparation, load.KindBill, load.KindSupplier, load.KindProduct: // stock's
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// announce moves the outlet's version and returns an event when its kitchen is not what it was.
func (s *site) announce(ctx context.Context) ([]event.Event, error) {
	var what []string
	for _, ch := range s.diff.Changes {
		mine := ch.Outlet == s.Slug || ch.Kind == load.KindOutlet && ch.Name == s.Slug
		if word := announced[ch.Kind]; mine && word != "" && !slices.Contains(what, word) {
			what = append(what, word)
		}
	}
	if what == nil {
		return nil, nil
	}
	version, err := s.q.MoveConfigVersion(ctx, s.id)
	if err != nil {
		return nil, err
	}
	e := event.New(event.KitchenChanged, event.AggregateOutlet, s.id, int(version), s.opts.At, event.KitchenPayload{
		What: strings.Join(what, ", "), Name: s.Slug, Now: "loaded", By: s.opts.By,
	})
	e.Tenant, e.Outlet = s.tenant, s.id
	return []event.Event{e}, nil
}

// announced is what the kitchen's event calls what changed; a changed menu does not concern it.
var announced = map[load.Kind]string{
	load.KindOutlet: "outlet", load.KindStation: "stations", load.KindMachine: "machines", load.KindStaff: "staff",
}
