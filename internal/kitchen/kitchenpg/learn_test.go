package kitchenpg_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/actor"
	"brigade/internal/clock"
	"brigade/internal/errs"
	"brigade/internal/event"
	"brigade/internal/event/eventpg"
	"brigade/internal/kitchen"
	"brigade/internal/kitchen/kitchenpg"
	"brigade/internal/lease"
	"brigade/internal/menu/menupg"
	"brigade/internal/sim/replay"
	"brigade/internal/store"
)

// school is a house whose one kitchen has a burger on its menu, and somebody who learns from it.
type school struct {
	*house
	s       *kitchenpg.Store
	floor   *kitchen.Floor
	layout  *kitchen.Layout
	recipe  int64
	learner *kitchen.Learner
	now     time.Time
}

func newSchool(t *testing.T) *school {
	h := newHouse(t, 1)
	c := &school{house: h, s: h.store(1), now: noon}
	c.layout = h.layout(c.s, h.outlets[0])
	c.recipe = c.menu("burger")
	c.floor = kitchen.NewFloor(c.layout, kitchen.DefaultSettings(), nil, c.now, kitchen.NewIndex())
	h.exec("insert into leases (resource, fence) values ($1, 7)", kitchen.LearningResource)
	c.learner = c.newLearner(7)
	return c
}

func (c *school) newLearner(fence int64) *kitchen.Learner {
	log := eventpg.NewLog(c.pool)
	return kitchen.NewLearner(kitchen.LearnerParts{
		Store: c.learning(), Probe: log.Probe, Fence: func() (int64, bool) { return fence, true },
		Now: func() time.Time { return c.now },
	})
}

func (c *school) learning() *kitchenpg.Learning {
	return kitchenpg.NewLearning(c.pool, func(ctx context.Context, tx store.Tx, fence int64) error {
		return lease.Check(ctx, tx, []string{kitchen.LearningResource}, []int64{fence})
	})
}

// menu puts an item with the steps of house.work on the menu and returns its recipe.
func (c *school) menu(sku string) int64 {
	recipe := c.id("insert into recipes (tenant_id, outlet_id, sku, version) select $1, $2, $3, 1 + count(*) from recipes where sku = $3 returning id",
		c.tenant, c.layout.Outlet, sku)
	for i, st := range c.work(c.layout, 1).Lines[0].Recipe.Steps {
		c.exec("insert into recipe_steps (recipe_id, step_no, description, station_id, estimate_seconds, base_priority) values ($1, $2, $3, $4, $5, $6)",
			recipe, i, st.Description, st.Station, st.Estimate.Seconds(), st.Priority)
	}
	c.exec(`insert into menu_items (tenant_id, outlet_id, sku, name, price_minor, recipe_id) values ($1, $2, $3, 'Burger', 990, $4)
		on conflict (outlet_id, sku) do update set recipe_id = excluded.recipe_id`, c.tenant, c.layout.Outlet, sku, recipe)
	return recipe
}

func (c *school) commit(do func(j *kitchen.Journal)) {
	c.t.Helper()
	j := kitchen.NewJournal(c.layout)
	do(j)
	if j.Empty() {
		return
	}
	require.NoError(c.t, c.s.Commit(context.Background(), j, []kitchen.Fence{{Outlet: c.layout.Outlet, Token: 1}}))
	for _, t := range j.Tickets {
		t.Written()
	}
	for _, task := range j.Tasks {
		c.floorTicket(task.ID).Written()
	}
}

func (c *school) floorTicket(task int64) *kitchen.Ticket {
	tickets, err := c.s.TicketsOfTasks(context.Background(), []int64{task})
	require.NoError(c.t, err)
	if t := c.floor.Tickets()[tickets[0].Order]; t != nil {
		return t
	}
	return tickets[0]
}

// cook makes a burger; every step takes its estimate times ratio. by "": they complete by themselves.
func (c *school) cook(ratio float64, by string) {
	c.t.Helper()
	w := c.work(c.layout, 1)
	w.At = c.now
	ticket := c.open(c.s, w)[0]
	c.exec("insert into order_items (order_id, line_no, tenant_id, sku, name, quantity, unit_price_minor, recipe_id) values ($1, 1, $2, 'burger', 'Burger', 1, 990, $3)",
		w.Order, c.tenant, c.recipe)
	c.floor.Open(ticket)
	for !ticket.Closed() {
		c.commit(func(j *kitchen.Journal) { c.floor.Plan(j, c.now) })
		for _, task := range ticket.Tasks {
			if task.Status != kitchen.TaskAssigned {
				continue
			}
			c.commit(func(j *kitchen.Journal) { _, _, err := c.floor.Start(j, task.ID, c.now); require.NoError(c.t, err) })
			c.now = c.now.Add(time.Duration(ratio * float64(task.Estimate))).Truncate(time.Microsecond)
			c.commit(func(j *kitchen.Journal) {
				_, _, err := c.floor.Complete(j, task.ID, c.now, by)
				require.NoError(c.t, err)
			})
			ticket.Written()
		}
	}
}

// look looks until nothing is left: the first look only notes where the log ends.
func (c *school) look() {
	c.t.Helper()
	for range 3 {
		require.NoError(c.t, c.learner.Look(context.Background()))
	}
}

func (c *school) step(no int) kitchen.StepEstimate {
	c.t.Helper()
	e, err := c.s.Estimate(context.Background(), c.tenant, c.layout.Outlet, kitchen.StepRef{SKU: "burger", Step: no})
	require.NoError(c.t, err)
	return e
}

func TestNewTasksTakeWhatWasLearned(t *testing.T) {
	t.Parallel()
	c := newSchool(t)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 20 {
		ratio := 1.5 + 0.1*r.NormFloat64()
		if i == 13 {
			ratio = 60 // a forgotten bump
		}
		c.cook(ratio, "Asha")
	}
	c.look()
	grill := c.step(0)
	require.Equal(t, 80*time.Second, grill.Base)
	require.InEpsilon(t, 120, grill.Learned.Seconds(), 0.08)
	require.Greater(t, grill.P90, grill.Learned)
	require.Equal(t, grill.Learned, grill.InForce)
	require.EqualValues(t, 20, grill.Samples)
	require.Zero(t, c.id("select count(*) from recipe_steps where recipe_id = $1 and estimate_seconds not in (80, 90, 35)", c.recipe), "recipes stay as they are")

	items, err := menupg.New(c.pool).Items(t.Context(), c.tenant, c.layout.Outlet)
	require.NoError(t, err)
	require.InDelta(t, grill.InForce.Seconds(), items[0].Recipe.Steps[0].Estimate.Seconds(), 0.001)
	days, err := c.s.EstimateDays(t.Context(), c.layout.Outlet, kitchen.StepRef{SKU: "burger"}, "", 10)
	require.NoError(t, err)
	require.NotEmpty(t, days)
	require.Equal(t, c.now.In(c.layout.Location).Format(time.DateOnly), days[0].Day)
	require.Equal(t, grill.InForce, days[0].InForce)
	factors, err := c.s.Factors(t.Context(), c.layout.Outlet)
	require.NoError(t, err)
	require.NotEmpty(t, factors)
}

// Whoever has his hands full takes longer for each thing. The desk notes with every decision how many things a person had in
// hand already; from that it is learned, whatever the policy.
func TestFullHandsAreLearnedFromWhatTheDeskDecides(t *testing.T) {
	t.Parallel()
	c := newSchool(t)
	clk := &wakeable{Manual: clock.NewManual(noon)}
	desk := c.nodeAt(1, clk)
	desk.own(c.first(c.layout.Outlet))
	v := &evening{
		house: c.house, Evening: c.trade(c.layout, 5, 14, 4*time.Hour), clock: clk, desk: desk, rows: c.s, where: map[int64][3]int{}, given: map[attempt]bool{},
	}
	v.Outages, v.Breaks = nil, nil
	v.placed = func(order int64, o replay.Order) {
		for i, u := range o.Units {
			if u.SKU == "burger" {
				c.exec(`insert into order_items (order_id, line_no, tenant_id, sku, name, quantity, unit_price_minor, recipe_id)
					values ($1, $2, $3, 'burger', 'Burger', 1, 990, $4)`, order, i+1, c.tenant, c.recipe)
			}
		}
	}
	v.slower = func(task int64) float64 {
		had := c.id("select (decision->'staff'->'fit'->0->>'active')::int from task_decisions where task_id = $1 order by attempt desc limit 1", task)
		return 1 + 0.5*float64(had)
	}
	v.play()
	c.now = clk.Now()
	c.look()
	factors, err := c.s.Factors(t.Context(), c.layout.Outlet)
	require.NoError(t, err)
	load := map[int64]float64{}
	for _, f := range factors {
		if f.Kind == "load" {
			load[f.Ref] = f.Factor
		}
	}
	require.InDelta(t, 1.4, load[1]/load[0], 0.2, "it is 1.5, and few samples are shrunk: %v", load)
	require.InDelta(t, 1.7, load[2]/load[0], 0.4, "it is 2: %v", load)
}

// What completes by itself says nothing of how long it takes.
func TestAutoCompletionTeachesNothing(t *testing.T) {
	t.Parallel()
	c := newSchool(t)
	for range 20 {
		c.cook(1, "")
	}
	c.look()
	require.Zero(t, c.step(0).Learned)
	require.Zero(t, c.step(0).Samples)
	require.Equal(t, 80*time.Second, c.step(0).InForce)
}

// The cursor moves with what is learned: whoever looks, however often, at the same time, each completion counts once.
func TestEachCompletionTeachesOnce(t *testing.T) {
	t.Parallel()
	c := newSchool(t)
	for range 12 {
		c.cook(2, "Asha")
	}
	head := c.id("select max(position) from event_log")
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for {
				n, err := c.learning().Learn(context.Background(), 7, head, 5, noon)
				if err != nil || n == 0 {
					return
				}
			}
		})
	}
	group.Wait()
	c.look()
	require.EqualValues(t, 12, c.step(0).Samples)
	require.EqualValues(t, 36, c.id("select sum(samples) from learned_factors where kind = 'load'"))
	_, err := c.learning().Learn(t.Context(), 6, head+1, 5, noon)
	require.True(t, errs.Is(err, errs.KindUnavailable), "%v", err)
}

// A transaction that has drawn its positions and is not committed yet is waited for.
func TestGapsAreWaitedFor(t *testing.T) {
	t.Parallel()
	c := newSchool(t)
	tx, err := c.pool.Begin(t.Context())
	require.NoError(t, err)
	defer tx.Rollback(context.Background())
	_, err = tx.Exec(t.Context(), "set local idle_in_transaction_session_timeout = 0") // however long the cooking takes
	require.NoError(t, err)
	e := event.New(event.KitchenChanged, event.AggregateOutlet, c.layout.Outlet, 1, noon, event.KitchenPayload{})
	e.Tenant, e.Outlet = c.tenant, c.layout.Outlet
	require.NoError(t, eventpg.Append(t.Context(), tx, 1, []event.Event{e}))
	for range 6 {
		c.cook(2, "Asha")
	}
	c.look()
	require.Zero(t, c.step(0).Samples)
	require.NoError(t, tx.Commit(t.Context()))
	c.look()
	require.EqualValues(t, 6, c.step(0).Samples)
}

func TestAChangedRecipeBeginsAnew(t *testing.T) {
	t.Parallel()
	c := newSchool(t)
	for range 8 {
		c.cook(2, "Asha")
	}
	c.look()
	require.Greater(t, c.step(0).InForce, 100*time.Second)
	c.recipe = c.menu("burger")
	require.Greater(t, c.step(0).InForce, 100*time.Second, "a new version with the same step")
	c.exec("update recipe_steps set estimate_seconds = 60 where recipe_id = $1 and step_no = 0", c.recipe)
	require.Equal(t, time.Minute, c.step(0).InForce, "what the owner says now counts")
	c.cook(1, "Asha")
	c.look()
	require.EqualValues(t, 1, c.step(0).Samples)
	require.Greater(t, c.step(1).InForce, 100*time.Second, "the others are as they were")
}

func TestPinsOverruleWhatIsLearned(t *testing.T) {
	t.Parallel()
	c := newSchool(t)
	service := kitchen.NewEstimates(c.s, clock.NewManual(noon))
	chef := actor.Actor{Tenant: c.tenant, Outlet: c.layout.Outlet, Role: actor.Manager, Name: "Marie"}
	ref := kitchen.StepRef{SKU: "burger", Step: 1}
	for range 2 {
		e, err := service.Pin(t.Context(), chef, 0, ref, 100*time.Second)
		require.NoError(t, err)
		require.Equal(t, "Marie", e.PinnedBy)
		require.Equal(t, 100*time.Second, e.InForce)
	}
	for range 10 {
		c.cook(2, "Asha")
	}
	c.look()
	require.Equal(t, 100*time.Second, c.step(1).InForce, "it stays")
	require.Greater(t, c.step(1).Learned, 150*time.Second, "and learning goes on beside it")
	e, err := service.Pin(t.Context(), chef, 0, ref, 0)
	require.NoError(t, err)
	require.Equal(t, e.Learned, e.InForce)
	require.Empty(t, e.PinnedBy)

	list, total, err := service.List(t.Context(), chef, 0, 1, 1)
	require.NoError(t, err)
	require.Equal(t, 3, total)
	require.Equal(t, []string{"fryer"}, []string{list[0].StationName})
	for _, c := range []struct {
		who  actor.Actor
		ref  kitchen.StepRef
		pin  time.Duration
		kind errs.Kind
	}{
		{chef, kitchen.StepRef{SKU: "burger", Step: 9}, time.Second, errs.KindNotFound},
		{chef, kitchen.StepRef{SKU: "", Step: 0}, time.Second, errs.KindNotFound},
		{chef, ref, -time.Second, errs.KindInvalid},
		{chef, ref, 25 * time.Hour, errs.KindInvalid},
		{actor.Actor{Tenant: chef.Tenant, Outlet: chef.Outlet, Role: actor.Cook}, ref, time.Second, errs.KindForbidden},
		{actor.Actor{Tenant: chef.Tenant + 1, Outlet: chef.Outlet, Role: actor.Owner}, ref, time.Second, errs.KindNotFound},
	} {
		_, err := service.Pin(t.Context(), c.who, 0, c.ref, c.pin)
		require.True(t, errs.Is(err, c.kind), fmt.Sprint(err, c))
	}
}
