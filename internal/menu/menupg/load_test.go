package menupg_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"brigade/internal/errs"
	"brigade/internal/event"
	"brigade/internal/event/eventpg"
	"brigade/internal/menu"
	"brigade/internal/menu/load"
	"brigade/internal/menu/menupg"
	"brigade/internal/money"
	"brigade/internal/store/pgtest"
)

var at = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const file = `tenant: {slug: acme, name: Acme, timezone: Europe/Madrid}
outlets:
  - slug: main
    name: Main
    free_form_station: bar
    stations: [{name: grill, capacity: 2}, {name: bar, capacity: 1}]
    machines: [{name: grill-1, station: grill, capacity: 1}, {name: grill-2, station: grill, capacity: 1}]
    staff:
      - {name: Ann, max_parallel: 2, efficiency: 1.2, skills: [grill, bar], shifts: [{days: [mon], from: "18:00", to: "02:00"}], breaks: [{days: [mon], from: "20:00", to: "20:30"}]}
      - {name: Bob, max_parallel: 1, skills: [bar]}
    menu:
      - sku: toast
        name: Toast
        price: 2.50
        steps:
          - {name: slice bread, station: bar, seconds: 5}
          - {name: toast bread, station: grill, machine: grill-1, seconds: 40.5, priority: 12}
          - {name: serve, station: bar, seconds: 3}
      - {sku: soda, name: Soda, price: 2, steps: [{name: pour, station: bar, seconds: 8}]}
`

type bundle struct {
	pool *pgxpool.Pool
}

func setup(t *testing.T) *bundle {
	t.Helper()
	return &bundle{pool: pgtest.New(t)}
}

func appendEvents(ctx context.Context, tx pgx.Tx, events []event.Event) error {
	return eventpg.Append(ctx, tx, 7, events)
}

func (b *bundle) try(t *testing.T, text string, dry bool) (load.Diff, error) {
	t.Helper()
	return menupg.Load(t.Context(), b.pool, "f.yaml", strings.NewReader(text), menupg.Options{
		DryRun: dry, By: "operator", At: at, Append: appendEvents,
	})
}

func (b *bundle) load(t *testing.T, text string) []string {
	t.Helper()
	diff, err := b.try(t, text, false)
	require.NoError(t, err)
	return diff.Lines()
}

// value returns one value of the database.
func value[V any](t *testing.T, b *bundle, query string, args ...any) (v V) {
	t.Helper()
	require.NoError(t, b.pool.QueryRow(t.Context(), query, args...).Scan(&v))
	return v
}

func (b *bundle) exec(t *testing.T, query string) {
	t.Helper()
	_, err := b.pool.Exec(t.Context(), query)
	require.NoError(t, err)
}

// dump returns all that a load may write, as text.
func (b *bundle) dump(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, table := range []string{
		"tenants", "outlets", "stations", "machines", "staff", "staff_skills", "staff_shifts", "menu_items", "recipes",
		"recipe_steps", "recipe_step_dependencies", "event_log",
	} {
		all.WriteString(value[string](t, b, "select coalesce(string_agg(t::text, E'\n' order by t::text), '') from "+table+" t"))
	}
	return all.String()
}

func edit(old, new string) string { return strings.Replace(file, old, new, 1) }

const nothing = "nothing to change"

func TestLoadingTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.Len(t, b.load(t, file), 1+1+2+2+2+2)
	before := b.dump(t)
	require.Equal(t, []string{nothing}, b.load(t, file))
	require.Equal(t, before, b.dump(t))
}

func TestLimitsAreLoaded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.load(t, file)
	limited := edit("    stations: [", "    admission: {stations: [{station: grill, minutes: 20}], answer: refuse}\n    stations: [")
	lines := b.load(t, limited)
	require.Len(t, lines, 1)
	require.Contains(t, lines[0], "admission")
	require.Equal(t, []string{nothing}, b.load(t, limited))
	require.Equal(t, []string{nothing}, b.load(t, file), "a file that does not say it leaves it as it is")
	require.JSONEq(t, `{"answer":"refuse","stations":{"grill":1200000000000}}`, value[string](t, b, "select settings::text from admission_settings"))
	require.Equal(t, 2, value[int](t, b, "select count(*) from event_log where type = 'KITCHEN_CHANGED'"), "its kitchen hears of it")
}

func TestDemoLoadsTwice(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.load(t, string(load.Demo()))
	require.Equal(t, []string{nothing}, b.load(t, string(load.Demo())))
	require.Equal(t, []string{"kitchen"}, value[[]string](t, b, `select array_agg(slug) from outlets where is_default`))
}

func TestDryRunTellsAndWritesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	empty := b.dump(t)
	diff, err := b.try(t, file, true)
	require.NoError(t, err)
	require.True(t, diff.DryRun)
	require.Equal(t, empty, b.dump(t))

	require.Equal(t, diff.Lines(), b.load(t, file), "it told what would happen")
	loaded := b.dump(t)
	diff, err = b.try(t, edit("price: 2.50", "price: 2.80"), true)
	require.NoError(t, err)
	require.Equal(t, []string{"~ main: item toast: price 2.50 → 2.80"}, diff.Lines())
	require.Equal(t, loaded, b.dump(t))
}

func TestWhatIsWritten(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.load(t, file)
	require.Equal(t, "bar", value[string](t, b, `select s.name from outlets o join stations s on s.id = o.free_form_station_id where o.slug = 'main'`))
	require.True(t, value[bool](t, b, `select is_default from outlets`), "the only outlet is the default")
	require.Equal(t, []string{"bar", "grill"}, value[[]string](t, b, `
		select array_agg(st.name order by st.name) from staff_skills k join staff s on s.id = k.staff_id join stations st on st.id = k.station_id where s.name = 'Ann'`))
	require.Equal(t, []string{"break 1 20:00:00-20:30:00", "shift 1 18:00:00-02:00:00"}, value[[]string](t, b, `
		select array_agg(kind || ' ' || weekday || ' ' || starts || '-' || ends order by kind) from staff_shifts`))
	require.Equal(t, "1.2", value[string](t, b, `select efficiency::text from staff where name = 'Ann'`))
}

func TestFaultyFileIsRefusedAsAWhole(t *testing.T) {
	t.Parallel()
	b := setup(t)
	empty := b.dump(t)
	_, err := b.try(t, edit("station: grill, machine", "station: gril, machine"), false)
	require.True(t, errs.Is(err, errs.KindInvalid))
	require.ErrorContains(t, err, `f.yaml:17:42: unknown station "gril": there are grill, bar`)
	require.Equal(t, empty, b.dump(t))
}

func TestChangedRecipeIsANewVersion(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.load(t, file)
	old := value[int64](t, b, `select recipe_id from menu_items where sku = 'toast'`)
	steps := value[string](t, b, `select string_agg(s::text, ',' order by step_no) from recipe_steps s where recipe_id = $1`, old)
	soda := value[int64](t, b, `select recipe_id from menu_items where sku = 'soda'`)

	require.Equal(t, []string{"~ main: item toast: price 2.50 → 2.60"}, b.load(t, edit("price: 2.50", "price: 2.60")))
	require.Equal(t, old, value[int64](t, b, `select recipe_id from menu_items where sku = 'toast'`), "a price is no recipe")

	b.load(t, edit("seconds: 40.5", "seconds: 50"))
	item := b.items(t)[0]
	require.NotEqual(t, old, item.Recipe.ID)
	require.Equal(t, 2, item.Recipe.Version)
	require.Equal(t, 50*time.Second, item.Recipe.Steps[1].Estimate)
	require.Equal(t, steps, value[string](t, b, `select string_agg(s::text, ',' order by step_no) from recipe_steps s where recipe_id = $1`, old),
		"orders keep the recipe they came with")
	require.Equal(t, soda, b.items(t)[1].Recipe.ID)
}

func TestMeasuredValuesAreKept(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.load(t, file)
	b.exec(t, `update staff set efficiency = 1.4, tasks_completed = 12, worked_seconds = 99 where name = 'Ann';
		update machines set up = false, reason = 'broken belt' where name = 'grill-1'`)
	require.Equal(t, []string{nothing}, b.load(t, file))
	require.Equal(t, []string{
		"~ main: machine grill-1: capacity 1 → 2", "~ main: staff Ann: efficiency 1.2 → 1.3",
	}, b.load(t, strings.Replace(edit("{name: grill-1, station: grill, capacity: 1}", "{name: grill-1, station: grill, capacity: 2}"), "1.2", "1.3", 1)))
	require.Equal(t, "1.3 1.4 12 99", value[string](t, b, `select concat_ws(' ', base_efficiency, efficiency, tasks_completed, worked_seconds) from staff where name = 'Ann'`))
	require.Equal(t, "f broken belt", value[string](t, b, `select concat_ws(' ', up, reason) from machines where name = 'grill-1'`))
}

func TestWhatTheFileNoLongerListsIsSwitchedOff(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.load(t, file)
	ids := value[[]int64](t, b, `select array_agg(id order by id) from machines`)
	without := strings.NewReplacer(
		", {name: grill-2, station: grill, capacity: 1}", "",
		"      - {name: Bob, max_parallel: 1, skills: [bar]}\n", "",
		"      - {sku: soda, name: Soda, price: 2, steps: [{name: pour, station: bar, seconds: 8}]}\n", "",
	).Replace(file)
	require.Equal(t, []string{"- main: machine grill-2", "- main: staff Bob", "- main: item soda"}, b.load(t, without))
	require.Equal(t, "f removed", value[string](t, b, `select concat_ws(' ', up, reason) from machines where name = 'grill-2'`))
	require.False(t, value[bool](t, b, `select active from staff where name = 'Bob'`))
	require.Len(t, b.items(t), 1)
	require.Equal(t, []string{nothing}, b.load(t, without))

	require.Len(t, b.load(t, file), 3, "and comes back")
	require.Equal(t, "t ", value[string](t, b, `select concat_ws(' ', up, reason) from machines where name = 'grill-2'`))
	require.True(t, value[bool](t, b, `select active from staff where name = 'Bob'`))
	require.Len(t, b.items(t), 2)
	require.Equal(t, ids, value[[]int64](t, b, `select array_agg(id order by id) from machines`), "as what it was")
	require.Equal(t, []string{nothing}, b.load(t, file))
}

func TestStationThatOnlyOldRecipesKnowIsHistory(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.load(t, file)
	without := strings.NewReplacer(
		"{name: grill, capacity: 2}, ", "", "skills: [grill, bar]", "skills: [bar]", "station: grill, machine: grill-1", "station: bar",
		"    machines: [{name: grill-1, station: grill, capacity: 1}, {name: grill-2, station: grill, capacity: 1}]\n", "",
	).Replace(file)
	require.Contains(t, b.load(t, without), "- main: station grill")
	require.Equal(t, []string{nothing}, b.load(t, without))
	// Listed again, although nothing uses it: that is no difference, however often it is loaded.
	listed := strings.Replace(without, "stations: [", "stations: [{name: grill, capacity: 2}, ", 1)
	b.load(t, listed)
	require.Equal(t, []string{nothing}, b.load(t, listed))
	b.load(t, file)
	require.Equal(t, []string{nothing}, b.load(t, file))
}

func TestKitchenHearsOfItsChanges(t *testing.T) {
	t.Parallel()
	b := setup(t)
	type heard struct {
		Aggregate string
		Sequence  int
		What      string
		Origin    int64
	}
	events := func() (out []heard) {
		rows, err := b.pool.Query(t.Context(), `select aggregate_type, sequence, payload->>'what', origin from event_log where type = 'KITCHEN_CHANGED' order by position`)
		require.NoError(t, err)
		out, err = pgx.CollectRows(rows, pgx.RowToStructByPos[heard])
		require.NoError(t, err)
		return out
	}
	b.load(t, file)
	require.Equal(t, []heard{{"outlet", 2, "outlet, stations, machines, staff", 7}}, events())
	b.load(t, edit("price: 2.50", "price: 2.60"))
	require.Len(t, events(), 1, "a price does not concern the kitchen")
	b.load(t, edit("max_parallel: 1", "max_parallel: 3"))
	require.Equal(t, heard{"outlet", 3, "staff", 7}, events()[1])
	require.Equal(t, 3, value[int](t, b, `select config_version from outlets`))

	var p event.KitchenPayload
	require.NoError(t, json.Unmarshal(value[[]byte](t, b, `select payload from event_log order by position limit 1`), &p))
	require.Equal(t, event.KitchenPayload{What: "outlet, stations, machines, staff", Name: "main", Now: "loaded", By: "operator"}, p)
	require.Equal(t, at, value[time.Time](t, b, `select occurred_at from event_log limit 1`).UTC())
}

func TestNothingIsWrittenWhenTheEventIsNot(t *testing.T) {
	t.Parallel()
	b := setup(t)
	empty, broken := b.dump(t), errors.New("broken")
	_, err := menupg.Load(t.Context(), b.pool, "f.yaml", strings.NewReader(file), menupg.Options{
		At: at, Append: func(context.Context, pgx.Tx, []event.Event) error { return broken },
	})
	require.ErrorIs(t, err, broken)
	require.Equal(t, empty, b.dump(t))
}

func TestConcurrentLoadsWaitForEachOther(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var wg sync.WaitGroup
	diffs, failures := make([]load.Diff, 8), make([]error, 8)
	for i := range diffs {
		wg.Go(func() { diffs[i], failures[i] = b.try(t, file, false) })
	}
	wg.Wait()
	require.NoError(t, errors.Join(failures...))
	changed := 0
	for _, d := range diffs {
		if !d.Empty() {
			changed++
		}
	}
	require.Equal(t, 1, changed)
}

func TestThereIsOneDefaultOutlet(t *testing.T) {
	t.Parallel()
	b := setup(t)
	defaults := func() string {
		return value[string](t, b, `select string_agg(slug, ' ') from outlets where is_default`)
	}
	b.load(t, file)
	const second = "tenant: {slug: acme, name: Acme, timezone: Europe/Madrid}\noutlets:\n  - {slug: side, name: Side, stations: [], staff: []}\n"
	b.load(t, second)
	require.Equal(t, "main", defaults(), "an outlet more does not take it")
	require.Equal(t, []string{
		"~ outlet side: default (none) → yes", "~ outlet main: default yes → (none)",
	}, b.load(t, strings.Replace(second, "name: Side", "name: Side, default: true", 1)))
	require.Equal(t, "side", defaults())
	require.Equal(t, []string{nothing}, b.load(t, second), "nor does a file that does not say lose it")
	_, main, _ := strings.Cut(file, "outlets:\n")
	b.load(t, strings.Replace(second+main, "name: Main", "name: Main\n    default: true", 1))
	require.Equal(t, "main", defaults())
}

func (b *bundle) items(t *testing.T) []menu.Item {
	t.Helper()
	items, err := menupg.New(b.pool).Items(t.Context(), b.tenant(t), b.outlet(t))
	require.NoError(t, err)
	return items
}

func (b *bundle) tenant(t *testing.T) int64 {
	t.Helper()
	return value[int64](t, b, `select id from tenants where slug = 'acme'`)
}

func (b *bundle) outlet(t *testing.T) int64 {
	t.Helper()
	return value[int64](t, b, `select id from outlets where slug = 'main'`)
}

func TestItemsCarryTheirRecipes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.load(t, file)
	items := b.items(t)
	require.Len(t, items, 2)
	toast := items[0]
	require.Equal(t, "toast", toast.SKU)
	require.Equal(t, money.Amount(250), toast.Price)
	require.Equal(t, 1, toast.Recipe.Version)
	require.Len(t, toast.Recipe.Steps, 3)
	grill := toast.Recipe.Steps[1]
	require.Equal(t, "toast bread", grill.Description)
	require.Equal(t, value[int64](t, b, `select id from stations where name = 'grill'`), grill.Station)
	require.Equal(t, value[int64](t, b, `select id from machines where name = 'grill-1'`), grill.Machine)
	require.Equal(t, 40500*time.Millisecond, grill.Estimate)
	require.InDelta(t, 12, grill.Priority, 0)
	require.Empty(t, grill.After)
	require.Equal(t, []int{0, 1}, toast.Recipe.Steps[2].After)

	none, err := menupg.New(b.pool).Items(t.Context(), b.tenant(t)+1, b.outlet(t))
	require.NoError(t, err)
	require.Empty(t, none, "another tenant's outlet sells nothing")
}

func TestVersionMovesWithTheMenuAlone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.load(t, file)
	version := func() string {
		v, err := menupg.New(b.pool).Version(t.Context(), b.tenant(t), b.outlet(t))
		require.NoError(t, err)
		return v
	}
	first := version()
	b.load(t, edit("max_parallel: 1", "max_parallel: 3"))
	require.Equal(t, first, version())
	b.exec(t, `update menu_items set price_minor = price_minor + 1 where sku = 'soda'`)
	second := version()
	require.NotEqual(t, first, second)
	b.load(t, edit("seconds: 40.5", "seconds: 41"))
	require.NotEqual(t, second, version())
}
