package floor

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"brigade/internal/web/page"

	"github.com/stretchr/testify/require"

	"brigade/internal/kitchen"
	"brigade/internal/kitchen/sched"
	"brigade/internal/order"
)

var update = flag.Bool("update", false, "write the golden files anew")

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

const hostile = `<img src=x onerror="alert(1)">&'"` + "\r\nevent: trouble\r\ndata: x"

// hostileLook is an outlet where every name that somebody can choose is an attack.
func hostileLook() *look {
	l := (&kitchen.Layout{
		Stations: []sched.Station{{ID: 1, Name: hostile, Capacity: 2}, {ID: 2, Name: "pass", Capacity: 99}},
		Machines: []kitchen.Machine{
			{Machine: sched.Machine{ID: 3, Station: 1, Name: hostile, Capacity: 1}, Reason: hostile},
			{Machine: sched.Machine{ID: 4, Station: 1, Name: "oven", Capacity: 2, Up: true}},
		},
		People: []kitchen.Person{{ID: 5, Name: hostile, Active: true, MaxParallel: 2, Efficiency: 1.084, TasksCompleted: 12}},
	}).Index()
	task := func(id int64, status kitchen.TaskStatus) kitchen.TaskView {
		t := kitchen.Task{ID: id, Station: 1, Description: hostile, Item: hostile, Status: status, Staff: 5, OnMachine: 4, Estimate: time.Minute}
		if status == kitchen.TaskStarted {
			t.StartedAt = noon.Add(-30 * time.Second)
		}
		return kitchen.TaskView{Task: t, Number: "ORD_20260302_007", StaffName: hostile, MachineName: hostile}
	}
	ticket := kitchen.TicketView{Ticket: kitchen.Ticket{Order: 7, Number: "ORD_20260302_007", Done: 1}}
	ticket.Tasks = []*kitchen.Task{{}, {}, {}, {}}
	ticket.TaskViews = []kitchen.TaskView{task(71, kitchen.TaskStarted), task(72, kitchen.TaskAssigned)}
	on := hostileOrder(7, order.InPreparation)
	ready := hostileOrder(8, order.Ready)
	ready.Type, ready.TableNumber, ready.ReadyAt = order.DineIn, 4, noon.Add(-90*time.Second)
	return &look{
		Now: noon,
		Board: &kitchen.Board{
			Layout: l,
			Stations: []kitchen.StationView{
				{Station: l.Stations[0], Started: 1, Assigned: 1, Ready: 5, Blocked: 2}, {Station: l.Stations[1]},
			},
			Machines: []kitchen.MachineView{{Machine: l.Machines[0], StationName: hostile}, {Machine: l.Machines[1], StationName: hostile, Busy: 2}},
			People:   []kitchen.PersonView{{Person: l.People[0], Station: []string{hostile}, OnShift: true, Assigned: 1, Started: 1}},
			Tickets:  []kitchen.TicketView{ticket},
			Queue:    []kitchen.QueueEntry{{TaskView: task(73, kitchen.TaskUnassigned), Waits: hostile}},
		},
		Pulse:  order.Pulse{Open: map[order.Status]int{order.InPreparation: 100_000, order.Ready: 1}, Ready: [order.PulseMinutes]int{2, 1}, Typical: 372 * time.Second},
		Orders: [len(columns)][]order.Order{1: {on}, 2: {ready}},
	}
}

func hostileOrder(id int64, status order.Status) order.Order {
	o := order.Order{
		ID: id, Number: order.Number(noon, int(id)), Status: status, Type: order.Takeout, CustomerName: hostile, PlacedAt: noon.Add(-5 * time.Minute),
	}
	for range 6 {
		o.Lines = append(o.Lines, order.Line{Name: hostile, Quantity: 2})
	}
	return o
}

func partials() *page.Set { return newSet(page.New(page.Parts{})) }

// Every part of the board, as it is sent while somebody looks.
func TestPartsOfTheBoard(t *testing.T) {
	t.Parallel()
	all := partials()
	for _, s := range boardSections(newBoardView(hostileLook(), hostile, never)) {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			var html bytes.Buffer
			require.NoError(t, all.Of("en", "board").ExecuteTemplate(&html, s.Part, s.Data))
			requireGolden(t, s.Name, html.Bytes())
			require.NotContains(t, html.String(), "<img", "names are text")
			require.NotContains(t, html.String(), `alert(1)"`, "nor do they leave their attributes")
		})
	}
}

// The whole page, as browsers without JavaScript see it: ages and bars are there.
func TestPageWithoutJavaScript(t *testing.T) {
	t.Parallel()
	board := boardPage{
		Frame: page.Frame{Title: hostile, Build: "build"}, Demo: true, Address: "http://" + hostile, Sample: hostile,
		Board: newBoardView(hostileLook(), hostile, noon), Clock: page.ClockView{Text: "12:00", Zone: "UTC", Scale: 1},
	}
	board.Outlet.Name, board.Outlet.Slug = hostile, hostile
	var html bytes.Buffer
	require.NoError(t, partials().Of("en", "board").ExecuteTemplate(&html, "layout", board))
	require.NotContains(t, html.String(), "<img src=x")
	require.Contains(t, html.String(), `>5:00</span>`, "the order's age")
	require.Contains(t, html.String(), `>1:30</span>`, "a ready order ages from when it was ready")
	require.Contains(t, html.String(), `<rect width="50%"`, "the bar of the task that is half done")
	require.NotContains(t, html.String(), "style=", "the policy forbids it")
	require.Contains(t, html.String(), `http-equiv="refresh"`)
}

func requireGolden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name+".html")
	if *update {
		require.NoError(t, os.WriteFile(file, got, 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got), "go test -update writes it anew")
}

// What a feed shows must not change with time alone, or it would be sent again and again.
func TestFeedsStandStillWhenNothingHappens(t *testing.T) {
	t.Parallel()
	early, late := hostileLook(), hostileLook()
	late.Now = late.Now.Add(time.Minute)
	require.Equal(t, newBoardView(early, "o", never), newBoardView(late, "o", never))
}

func TestCountsAreExactWhateverIsShown(t *testing.T) {
	t.Parallel()
	v := newBoardView(hostileLook(), "o", never)
	require.Equal(t, 100_000, v.Columns[1].Count)
	require.Equal(t, 99_999, v.Columns[1].More())
	require.Equal(t, 100_001, v.Figures.Open)
	require.Equal(t, 5, v.Figures.Queue)
	require.Equal(t, 4, v.Stations[0].More, "ready tasks that are not shown")
	require.Equal(t, 3, v.Figures.Ready)
	require.Equal(t, 1, v.Figures.Down)
	require.Equal(t, 4, v.Columns[1].Cards[0].Total)
	require.Equal(t, 2, v.Columns[1].Cards[0].MoreItems)
}

func TestPeople(t *testing.T) {
	t.Parallel()
	until := func(d time.Duration) sched.Hours {
		return sched.Hours{Taken: []sched.Interval{{From: sched.At(noon.Add(-time.Minute)), To: sched.At(noon.Add(d))}}}
	}
	b := &kitchen.Board{People: []kitchen.PersonView{
		{Person: kitchen.Person{Name: "works", Active: true}, OnShift: true},
		{Person: kitchen.Person{Name: "takes a break", Active: true, Hours: until(time.Hour)}},
		{Person: kitchen.Person{Name: "is off shift", Active: true, Hours: until(-time.Second)}},
		{Person: kitchen.Person{Name: "left"}},
	}}
	var states []string
	for _, v := range peopleViews(b, noon, "o") {
		states = append(states, v.State)
	}
	require.Equal(t, []string{"work", "break", "off"}, states)
}

func TestMinutes(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		-time.Second: "0:00", 0: "0:00", 59999 * time.Millisecond: "0:59", 7 * time.Minute: "7:00", 3729 * time.Second: "1:02:09",
	} {
		require.Equal(t, want, minutes(d))
	}
}
