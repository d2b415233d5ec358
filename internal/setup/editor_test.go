package setup_test

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"brigade/internal/actor"
	"brigade/internal/clock"
	"brigade/internal/errs"
	"brigade/internal/event"
	"brigade/internal/event/eventpg"
	"brigade/internal/measure"
	"brigade/internal/menu/edit"
	"brigade/internal/menu/load"
	"brigade/internal/recipe"
	"brigade/internal/setup"
	"brigade/internal/store"
	"brigade/internal/store/pgtest"
)

const house = `
tenant: {slug: acme, name: "Acme: the \"house\"", timezone: Europe/Madrid}
outlets:
  - slug: main
    name: Main
    free_form_station: bar
    admission: {stations: [{station: grill, minutes: 20}], acceptable_minutes: 45, answer: pause_source, sources: [api], resume_below: 0.5}
    stations: [{name: grill, capacity: 2}, {name: bar, capacity: 1}, {name: "12", capacity: 1}]
    machines: [{name: grill-1, station: grill, capacity: 2}]
    staff:
      - {name: Ann, max_parallel: 2, efficiency: 1.2, skills: [grill, bar], shifts: [{days: [mon, fri], from: "18:00", to: "02:00"}], breaks: [{days: [mon], from: "20:00", to: "20:30"}]}
      - {name: "yes", max_parallel: 1, skills: [bar]}
    menu:
      - sku: toast
        name: Toast
        description: "hot: # very"
        price: 2.50
        allergens: [gluten]
        choices: [{name: Sauce, max: 2, of: [{name: dip, price: 0.50, allergens: [egg, "soy: sauce"]}, none]}]
        steps:
          - {name: slice bread, station: bar, seconds: 5}
          - {name: toast bread, station: grill, machine: grill-1, seconds: 40.5, priority: 12, batch: {size: 4, max_wait: 60s}}
          - {name: serve, station: bar, seconds: 3}
      - {sku: soda, name: Soda, price: 2, alcohol: true, steps: [{name: pour, station: bar, seconds: 8}]}
    stock:
      ingredients: [{code: bread, name: Bread, unit: g, shelf_life: 36h, par: 2 kg, opening: 3 kg}, {code: "007", name: Butter, unit: g}]
      preparations: [{code: mix, name: Mix, unit: g, batch: 1 kg, lead: 15m, work: 10m, station: bar, parts: {bread: 600 g, "007": 400.5 g}}]
      bills: {toast: {bread: 80 g, mix: 5 g}}
      suppliers: [{code: mill, name: Mill, email: a@mill.example, delivery_days: [mon], cut_off: "16:00", minimum: 10, products: [{code: "1", ingredient: bread, pack: 5 kg, price: 9, preferred: true}]}]
delivery:
  regions:
    - name: Town
      slug: town
      outlets: [{outlet: main, lat: 40.4, lon: -3.7, radius_km: 4, unknown_addresses: take, zones: [{name: near, fee: 1.50, hours: {from: "12:00", to: "23:00"}, area: [[-3.71, 40.39], [-3.69, 40.39], [-3.69, 40.41], [-3.71, 40.41]]}]}]
      drivers: [{name: Bea, vehicle: moped, skills: [alcohol], shifts: [{days: [fri], from: "18:00", to: "02:00"}]}]
  places: [{address: Calle  Mayor, lat: 40.41, lon: -3.71}]
`

type shop struct {
	*setup.Editor
	pool  *pgxpool.Pool
	owner actor.Actor
	poked int
}

func newShop(t *testing.T) *shop {
	t.Helper()
	pool := pgtest.New(t)
	_, err := put(t, pool, house, false)
	require.NoError(t, err)
	s := &shop{pool: pool}
	s.Editor = &setup.Editor{Pool: pool, Clock: clock.Real(), Committed: func() { s.poked++ }, Append: func(ctx context.Context, tx store.Tx, events []event.Event) error {
		return eventpg.Append(ctx, tx, 0, events)
	}}
	s.owner = actor.Actor{Name: "Olga", Role: actor.Owner}
	require.NoError(t, pool.QueryRow(t.Context(), "select tenant_id, id from outlets").Scan(&s.owner.Tenant, &s.owner.Outlet))
	return s
}

func (s *shop) set(t *testing.T) edit.Set {
	t.Helper()
	set, err := s.Set(t.Context(), s.owner, 0)
	require.NoError(t, err)
	return set
}

func (s *shop) find(t *testing.T, kind load.Kind, name string) *edit.Thing {
	t.Helper()
	return s.set(t).Find(load.Ref{Kind: kind, Name: name})
}

func (s *shop) count(t *testing.T, sql string) (n int) {
	t.Helper()
	require.NoError(t, s.pool.QueryRow(t.Context(), sql).Scan(&n))
	return n
}

// What is written down can be loaded where it came from, which changes nothing, and elsewhere, which makes the same.
func TestWhatIsWrittenDownIsLoadedAgain(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{"house": house, "demo": string(load.Demo())} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			if name == "demo" {
				_, err := put(t, s.pool, file, false)
				require.NoError(t, err)
				require.NoError(t, s.pool.QueryRow(t.Context(), "select id from tenants where slug = 'demo'").Scan(&s.owner.Tenant))
			}
			first, err := s.Export(t.Context(), s.owner)
			require.NoError(t, err)
			lines, err := put(t, s.pool, string(first), false)
			require.NoError(t, err, string(first))
			require.Equal(t, []string{"nothing to change"}, lines, string(first))

			other := pgtest.New(t)
			_, err = put(t, other, string(first), false)
			require.NoError(t, err)
			there := &setup.Editor{Pool: other, Clock: clock.Real()}
			again := s.owner
			require.NoError(t, other.QueryRow(t.Context(), "select id from tenants").Scan(&again.Tenant))
			second, err := there.Export(t.Context(), again)
			require.NoError(t, err)
			require.Equal(t, string(first), string(second))
			lines, err = put(t, other, file, true) // what a file opens with is not said again
			require.NoError(t, err)
			require.Equal(t, []string{"nothing to change"}, lines)
		})
	}
}

func TestAKitchenGrowsThingByThing(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	events := s.count(t, "select count(*) from event_log where type = 'KITCHEN_CHANGED'")
	add := func(thing edit.Thing) error {
		_, err := s.Put(t.Context(), s.owner, 0, thing, "")
		return err
	}
	require.NoError(t, add(edit.Thing{Station: &load.Station{Name: " oven ", Capacity: 2}}))
	require.NoError(t, add(edit.Thing{Station: &load.Station{Name: "oven", Capacity: 2}}), "sent twice, done once")
	require.Equal(t, 1, s.count(t, "select count(*) from stations where name = 'oven'"))
	require.Equal(t, events+1, s.count(t, "select count(*) from event_log where type = 'KITCHEN_CHANGED'"), "kitchens hear of it once")
	require.Equal(t, 1, s.poked)
	require.NoError(t, add(edit.Thing{Machine: &load.Machine{Name: "oven-1", Station: "oven", Capacity: 2}}))

	pizza := edit.Item{Item: load.Item{SKU: "pizza", Name: "Pizza", Price: 900, Allergens: []string{"gluten"}, Steps: []load.Step{
		{Name: "roll", Station: "bar", Seconds: 30, Priority: 10},
		{Name: "bake", Station: "oven", Machine: "oven-1", Seconds: 300, Priority: 10, After: []int{0}},
	}}, Parts: []load.Part{{Code: "mix", Quantity: 200 * measure.Milli}}}
	err := add(edit.Thing{Item: &pizza})
	require.ErrorContains(t, err, `steps[1].station nobody can work at "oven"`)

	ann := *s.find(t, load.KindStaff, "Ann").Staff
	version := s.find(t, load.KindStaff, "Ann").Version()
	ann.Skills = append(ann.Skills, "oven")
	_, err = s.Put(t.Context(), s.owner, 0, edit.Thing{Staff: &ann}, version)
	require.NoError(t, err)
	require.NoError(t, add(edit.Thing{Item: &pizza}))
	bare := edit.Item{Item: load.Item{SKU: "bare", Name: "Bare", Allergens: []string{}, Steps: []load.Step{{Name: "pour", Station: "bar", Seconds: 1, Batch: recipe.Batch{Size: 1}, After: []int{}}}}}
	done, err := s.Put(t.Context(), s.owner, 0, edit.Thing{Item: &bare}, "")
	require.NoError(t, err)
	require.Equal(t, s.find(t, load.KindItem, "bare").Version(), done.Now.Version(), "what was written is what is read")
	_, err = s.Remove(t.Context(), s.owner, 0, load.Ref{Kind: load.KindItem, Name: "bare"}, done.Now.Version())
	require.NoError(t, err)
	got := s.find(t, load.KindItem, "pizza").Item
	require.Equal(t, pizza, *got)
	require.Equal(t, []string{"toast", "soda", "pizza"}, s.find(t, edit.KindOrder, "").Order.SKUs)

	order := s.find(t, edit.KindOrder, "")
	_, err = s.Put(t.Context(), s.owner, 0, edit.Thing{Order: &edit.Order{SKUs: []string{"pizza", "toast", "soda"}}}, order.Version())
	require.NoError(t, err)
	require.Equal(t, []string{"pizza", "toast", "soda"}, s.find(t, edit.KindOrder, "").Order.SKUs)
	text, err := s.Export(t.Context(), s.owner)
	require.NoError(t, err)
	require.Less(t, bytes.Index(text, []byte("sku: pizza")), bytes.Index(text, []byte("sku: toast")))
	lines, err := put(t, s.pool, string(text), true)
	require.NoError(t, err)
	require.Equal(t, []string{"nothing to change"}, lines)
}

func TestRecipesAreVersionsAndWhoIsOvertakenSeesWhatIsThere(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	seen := s.find(t, load.KindItem, "soda")
	first, second := *seen.Item, *seen.Item
	first.Steps, second.Price = []load.Step{{Name: "pour", Station: "bar", Seconds: 20, Priority: 10}}, 300
	done, err := s.Put(t.Context(), s.owner, 0, edit.Thing{Item: &first}, seen.Version())
	require.NoError(t, err)
	require.True(t, done.Changed())
	require.Equal(t, 2, s.count(t, "select max(version) from recipes where sku = 'soda'"), "orders that are in keep the recipe they came with")

	_, err = s.Put(t.Context(), s.owner, 0, edit.Thing{Item: &second}, seen.Version())
	var late edit.Overtaken
	require.ErrorAs(t, err, &late)
	require.True(t, errs.Is(err, errs.KindConflict))
	require.InDelta(t, 20, late.Now.Item.Steps[0].Seconds, 0)
	done, err = s.Put(t.Context(), s.owner, 0, edit.Thing{Item: &first}, seen.Version())
	require.NoError(t, err, "the same again is what is there")
	require.False(t, done.Changed())

	// Taken back: what was is put again.
	_, err = s.Put(t.Context(), s.owner, 0, *seen, done.Now.Version())
	require.NoError(t, err)
	require.Equal(t, seen.Version(), s.find(t, load.KindItem, "soda").Version())
}

func TestTwoEditorsAtOnce(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	seen := s.find(t, load.KindStation, "grill")
	results := make([]error, 8)
	var all sync.WaitGroup
	for i := range results {
		all.Go(func() {
			e := *s.Editor
			e.Committed = func() {}
			_, results[i] = e.Put(t.Context(), s.owner, 0, edit.Thing{Station: &load.Station{Name: "grill", Capacity: 10 + i}}, seen.Version())
		})
	}
	all.Wait()
	won := 0
	for _, err := range results {
		if err == nil {
			won++
			continue
		}
		var late edit.Overtaken
		require.ErrorAs(t, err, &late)
	}
	require.Equal(t, 1, won)
}

func TestWhatIsNeededStays(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	remove := func(kind load.Kind, name string) error {
		_, err := s.Remove(t.Context(), s.owner, 0, load.Ref{Kind: kind, Name: name}, s.find(t, kind, name).Version())
		return err
	}
	require.ErrorContains(t, remove(load.KindStation, "grill"), "station grill is still needed: recipes: Toast; machines: grill-1; people: Ann")
	require.ErrorContains(t, remove(load.KindMachine, "grill-1"), "machine grill-1 is still needed: recipes: Toast")
	require.ErrorContains(t, remove(load.KindStaff, "Ann"), "nobody else can work at grill")
	require.NoError(t, remove(load.KindItem, "toast"))
	require.NoError(t, remove(load.KindMachine, "grill-1"))
	require.NoError(t, remove(load.KindStaff, "Ann"))
	require.Equal(t, "Ann", s.set(t).Former[0].Name)

	var grill, order int64
	require.NoError(t, s.pool.QueryRow(t.Context(), "select id from stations where name = 'grill'").Scan(&grill))
	require.NoError(t, s.pool.QueryRow(t.Context(), `insert into tickets (order_id, tenant_id, outlet_id, number, status, priority, tasks_total, created_at, updated_at)
		values (1, $1, $2, 'ORD_1', 'CONFIRMED', 1, 1, now(), now()) returning order_id`, s.owner.Tenant, s.owner.Outlet).Scan(&order))
	_, err := s.pool.Exec(t.Context(), `insert into tasks (id, order_id, tenant_id, outlet_id, line_no, unit_no, step_no, item, description, station_id, estimate_ms, base_priority, depends_on, pending_deps, status)
		values (1, $1, $2, $3, 0, 0, 0, 'Toast', 'grill', $4, 1000, 1, '{}', 0, 'UNASSIGNED')`, order, s.owner.Tenant, s.owner.Outlet, grill)
	require.NoError(t, err)
	require.ErrorContains(t, remove(load.KindStation, "grill"), "an open task needs it, of order ORD_1")
	_, err = s.pool.Exec(t.Context(), "update tickets set closed_at = now()")
	require.NoError(t, err)
	require.NoError(t, remove(load.KindStation, "grill"))
	_, err = s.Remove(t.Context(), s.owner, 0, load.Ref{Kind: load.KindStation, Name: "grill"}, "")
	require.NoError(t, err, "it is gone already")
	require.Nil(t, s.find(t, load.KindStation, "grill"))
}

func TestOnlyWhoRunsAnOutletChangesIt(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	station := edit.Thing{Station: &load.Station{Name: "x", Capacity: 1}}
	for _, who := range []actor.Actor{
		{Tenant: s.owner.Tenant, Outlet: s.owner.Outlet, Role: actor.Cook},
		{Tenant: s.owner.Tenant, Outlet: s.owner.Outlet + 1, Bound: true, Role: actor.Owner},
		{Tenant: s.owner.Tenant + 1, Role: actor.Owner},
	} {
		_, err := s.Put(t.Context(), who, s.owner.Outlet, station, "")
		require.True(t, errs.Is(err, errs.KindForbidden) || errs.Is(err, errs.KindNotFound), "%v", err)
		_, err = s.Set(t.Context(), who, s.owner.Outlet)
		require.Error(t, err)
	}
}

// A change whose transaction fails at its end leaves nothing behind.
func TestNothingIsHalfDone(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	broken := *s.Editor
	broken.Append = func(context.Context, store.Tx, []event.Event) error { return errors.New("the process died") }
	_, err := broken.Put(t.Context(), s.owner, 0, edit.Thing{Station: &load.Station{Name: "x", Capacity: 1}}, "")
	require.Error(t, err)
	require.Nil(t, s.find(t, load.KindStation, "x"))
	require.Zero(t, s.poked)
}
