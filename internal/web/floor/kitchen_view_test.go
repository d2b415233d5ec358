package floor

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"brigade/internal/web/page"

	"github.com/stretchr/testify/require"

	"brigade/internal/actor"
	"brigade/internal/delivery"
	"brigade/internal/kitchen"
	"brigade/internal/kitchen/sched"
	"brigade/internal/order"
	"brigade/internal/tenant"
	"brigade/internal/web/texts"
)

var dinner = time.Date(2026, 3, 2, 19, 0, 0, 0, time.UTC)

// evening is a kitchen with an order in hand, one whose parts wait for all there is to wait for, and two at the pass.
func evening() *kitchenLook {
	cook := func(id int64, what string, status kitchen.TaskStatus, station int64) kitchen.TaskView {
		k := kitchen.Task{ID: id, Line: 1, Unit: 1, Item: "Burger", Description: what, Station: station, Status: status, Estimate: time.Minute, Course: 1}
		return kitchen.TaskView{Task: k, Order: 1, Number: "ORD_20260302_007", Counter: []string{"", "griller", "fryer"}[station], StaffName: "Asha"}
	}
	grill := cook(11, "grill patty", kitchen.TaskStarted, 1)
	grill.StartedAt = dinner.Add(-90 * time.Second)
	toast := cook(12, "toast bun", kitchen.TaskAssigned, 1)
	fries := cook(13, "fry fries", kitchen.TaskCompleted, 2)
	fries.CompletedAt, fries.CompletedBy = dinner.Add(-time.Minute), "Noah"
	stack := cook(14, "stack", kitchen.TaskUnassigned, 1)
	stack.PendingDeps, stack.DependsOn = 2, []int64{11, 12, 13}
	waits := []kitchen.TaskView{
		cook(21, "full", kitchen.TaskUnassigned, 1), cook(22, "full", kitchen.TaskUnassigned, 1), cook(23, "together", kitchen.TaskUnassigned, 1),
		cook(24, "company", kitchen.TaskUnassigned, 1), cook(25, "dessert", kitchen.TaskUnassigned, 1),
	}
	waits[4].Course = 2
	first := ticketOf(1, "ORD_20260302_007", grill, toast, fries, stack)
	second := ticketOf(2, "ORD_20260302_008", waits...)
	second.Courses = []kitchen.Course{{No: 2, Reason: "the guests are talking"}}
	third := ticketOf(3, "ORD_20260302_009")
	third.ClosedAt = dinner
	queue := func(k kitchen.TaskView, r sched.Reason, until time.Time) *kitchen.QueueEntry {
		return &kitchen.QueueEntry{TaskView: k, For: r, Until: until}
	}
	guest := order.Order{ID: 3, Number: "ORD_20260302_009", Type: order.Delivery, Status: order.WaitingForDriver, ReadyAt: dinner, CustomerName: "Zoë"}
	return &kitchenLook{
		Screen: &kitchen.Screen{
			Now:   dinner,
			Board: &kitchen.Board{Tickets: []kitchen.TicketView{first, second}, Stations: []kitchen.StationView{{Station: sched.Station{ID: 1, Name: "griller"}}}},
			Made:  []kitchen.TicketView{third},
			Begins: map[int64]kitchen.Begin{
				21: {At: dinner.Add(2 * time.Minute)}, 23: {At: dinner.Add(5 * time.Minute), Held: true}, 14: {At: dinner.Add(time.Minute)},
			},
			Expected: map[int64]time.Time{1: dinner.Add(4 * time.Minute)},
			Waiting: map[int64]*kitchen.QueueEntry{
				21: queue(waits[0], sched.StaffAtLimit, time.Time{}), 22: queue(waits[1], sched.StaffAtLimit, time.Time{}),
				23: queue(waits[2], sched.Assignable, time.Time{}), 24: queue(waits[3], sched.Assignable, dinner.Add(time.Minute)),
			},
		},
		Zone: time.UTC,
		Orders: map[int64]order.Order{
			1: {ID: 1, Number: "ORD_20260302_007", Type: order.DineIn, TableNumber: 5, Lines: []order.Line{{No: 1, Name: "Burger", Quantity: 2}}}, 3: guest,
		},
		Making:  []order.Order{{ID: 1, Number: "ORD_20260302_007", Type: order.DineIn, TableNumber: 5, Status: order.InPreparation, Lines: []order.Line{{No: 1, Name: "Burger", Quantity: 1}}}},
		Pass:    []order.Order{guest},
		Carried: map[int64]carrier{3: {Driver: "Marta", Status: delivery.Assigned}},
	}
}

func ticketOf(id int64, number string, tasks ...kitchen.TaskView) kitchen.TicketView {
	v := kitchen.TicketView{Ticket: kitchen.Ticket{Order: id, Number: number, CreatedAt: dinner.Add(-10 * time.Minute)}, TaskViews: tasks}
	for i := range tasks {
		v.Tasks = append(v.Tasks, &tasks[i].Task)
	}
	return v
}

func english(key string, args ...any) string { return page.Sayer(texts.Languages[0])(key, args...) }

// A station shows what is in hand, what comes next and why not now, and what is held until when and why.
func TestAStationShowsNowNextAndHeld(t *testing.T) {
	t.Parallel()
	v := newStationScreen(evening(), 1, english)
	require.Len(t, v.Now, 1)
	card := v.Now[0]
	require.Equal(t, "Table 5", card.Where)
	require.Equal(t, []string{"grill patty", "toast bun"}, []string{card.Tasks[0].What, card.Tasks[1].What})
	require.Equal(t, "start", card.Do, "first everything is begun")
	require.Equal(t, "12", card.IDs)
	require.Equal(t, card.Tasks[0].Start.Add(time.Minute), card.Tasks[0].Due)

	require.Len(t, v.Next, 2)
	require.Equal(t, "after grill patty, toast bun", v.Next[0].Why)
	require.Equal(t, "19:01", v.Next[0].When)
	require.Equal(t, []waitRow{{Count: 2, What: "full", Item: "Burger"}}, v.Next[1].Rows)
	require.Equal(t, "all hands are full", v.Next[1].Why)

	require.Len(t, v.Held, 1)
	var held []string
	for _, r := range v.Held[0].Rows {
		held = append(held, r.What+": "+r.Why)
	}
	require.Equal(t, []string{
		"together: so that the order is ready together", "company: waits for company in its load", "dessert: held: the guests are talking",
	}, held)
	require.Equal(t, "until 19:01", v.Held[0].When, "of its parts the first")
	require.Empty(t, v.Recent, "that was at another station")
	require.Len(t, newStationScreen(evening(), 0, english).Recent, 1)
}

// The pass shows whole orders: what is missing of them, and who waits for those that are ready.
func TestThePassShowsWholeOrders(t *testing.T) {
	t.Parallel()
	v := newExpoScreen(evening(), english)
	require.Len(t, v.Ready, 1)
	require.Equal(t, "Driver Marta", v.Ready[0].Waits)
	require.Len(t, v.Making, 1)
	require.Equal(t, "ready about 19:04", v.Making[0].Expected)
	require.Equal(t, []missing{{"griller", "started", 1}, {"griller", "assigned", 1}, {"griller", "waiting", 1}}, v.Making[0].Lines[0].Missing)
	for o, want := range map[*order.Order]string{
		{Type: order.DineIn, TableNumber: 7}: "Table 7 waits", {Type: order.Takeout, CustomerName: "Zoë"}: "Zoë waits",
		{Type: order.Takeout}: "the guest waits", {Type: order.Delivery}: "a driver is looked for",
	} {
		require.Equal(t, want, waitsFor(*o, carrier{}, english))
	}
}

// Every view is drawn for itself, so nobody makes up his own.
func TestOnlyViewsThatThereAre(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]kitchenView{
		"": {}, "all": {viewAll, 0}, "expo": {viewExpo, 0}, "all-day": {viewAllDay, 0}, "86": {view86, 0}, "station/7": {viewStation, 7},
	} {
		v, ok := readView(path)
		require.True(t, ok, path)
		require.Equal(t, want, v)
		require.Equal(t, path, v.String())
	}
	for _, path := range []string{"station", "station/", "station/x", "station/0", "station/-1", "station/007", "station/7/8", "all/", "all/7", "expo/x", "none", "/"} {
		_, ok := readView(path)
		require.False(t, ok, path)
	}
}

// carried is a fleet with a delivery in the hands of a driver, of whom the list has no room for.
type carried struct{ Fleet }

func (carried) List(context.Context, actor.Actor, delivery.Filter) ([]*delivery.Delivery, error) {
	return []*delivery.Delivery{{Order: 3, Driver: 4711, Status: delivery.Assigned}, {Order: 4, Status: delivery.Requested}}, nil
}

func (carried) Drivers(context.Context, actor.Actor, delivery.DriverFilter) ([]*delivery.Driver, error) {
	return []*delivery.Driver{{ID: 1, Name: "Marta"}}, nil
}

func TestADriverWhoseNameIsNotReadIsADriver(t *testing.T) {
	t.Parallel()
	s := &server{Parts: Parts{Fleet: carried{}}}
	l := &kitchenLook{Orders: map[int64]order.Order{3: {ID: 3, Type: order.Delivery}, 4: {ID: 4, Type: order.Delivery}}, Carried: map[int64]carrier{}}
	require.NoError(t, s.readCarriers(t.Context(), actor.Actor{}, tenant.Outlet{}, l))
	require.Equal(t, "Driver #4711", waitsFor(l.Orders[3], l.Carried[3], english))
	require.Equal(t, "a driver is looked for", waitsFor(l.Orders[4], l.Carried[4], english))
}

func TestAllDayCounts(t *testing.T) {
	t.Parallel()
	v := newAllDayScreen(evening())
	require.Equal(t, []allDayRow{{"Burger", 2, 1}}, v.Items)
	require.Equal(t, "griller", v.Stations[0].Name)
	require.Contains(t, v.Stations[0].Rows, allDayRow{"full", 2, 0})
}

// Every view can be written in every language, patches name their cards, and what somebody calls himself stays text.
func TestViewsInEveryLanguage(t *testing.T) {
	t.Parallel()
	l := evening()
	l.Tickets[0].TaskViews[0].Item = hostile
	all := partials()
	for _, lang := range texts.Languages {
		for _, view := range []string{"", "all", "station/1", "expo", "all-day"} {
			for _, s := range cutKitchen(page.About(tenant.Outlet{Slug: "k"}), lang.Code+"|"+view, l) {
				var html bytes.Buffer
				require.NoError(t, all.Of(lang.Code, "station").ExecuteTemplate(&html, s.Part, s.Data))
				require.NotContains(t, html.String(), "<script>alert")
				require.NotContains(t, html.String(), "%!", "a text that is not filled")
				if s.Event == "patch" {
					require.Contains(t, html.String(), fmt.Sprintf(`id="%s"`, s.Name))
				}
			}
		}
	}
	list := cutKitchen(page.About(tenant.Outlet{}), "en|station/1", l)
	require.Equal(t, "now:now-1;next:next-1,next-2;held:held-2", list[len(list)-1].Data)
}

// A kitchen of two hundred orders: only the card that changed is another one.
func TestOnlyTheChangedCardIsDrawn(t *testing.T) {
	t.Parallel()
	l := evening()
	for i := range 200 {
		k := l.Tickets[0].TaskViews[0]
		k.ID = int64(1000 + i)
		l.Tickets = append(l.Tickets, ticketOf(int64(100+i), fmt.Sprintf("ORD_20260302_%d", 100+i), k))
	}
	station := partials().Of("en", "station")
	draw := func() map[string]string {
		drawn := map[string]string{}
		for _, s := range cutKitchen(page.About(tenant.Outlet{}), "en|all", l) {
			var html bytes.Buffer
			require.NoError(t, station.ExecuteTemplate(&html, s.Part, s.Data))
			drawn[s.Name] = html.String()
		}
		return drawn
	}
	before := draw()
	l.Now = l.Now.Add(time.Second)
	l.Tickets[20].Rush = true
	changed := []string{}
	for name, html := range draw() {
		if before[name] != html && !strings.HasPrefix(name, "counts") {
			changed = append(changed, name)
		}
	}
	require.ElementsMatch(t, []string{fmt.Sprint("now-", l.Tickets[20].Order), "lists"}, changed)
}
