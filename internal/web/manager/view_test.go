package manager

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/kitchen"
	"brigade/internal/kitchen/sched"
	"brigade/internal/tenant"
	"brigade/internal/web/page"
	"brigade/internal/web/texts"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func at(minutes float64) time.Time { return noon.Add(time.Duration(minutes * float64(time.Minute))) }

func diary() *kitchen.Diary {
	l := (&kitchen.Layout{
		Location: time.UTC, Stations: []sched.Station{{ID: 1, Name: "griller", Capacity: 2}},
		People: []kitchen.Person{{ID: 1, Name: "Asha", Active: true}, {ID: 2, Name: "Gone"}},
	}).Index()
	return &kitchen.Diary{
		Since: at(-480), Now: at(0), Board: &kitchen.Board{Layout: l},
		Work: []kitchen.Stint{
			{Task: 1, Number: "ORD_1_001", Station: 1, Staff: 1, From: at(-20), To: at(-10)},
			{Task: 2, Number: "ORD_1_002", Station: 1, Staff: 1, From: at(-15), To: at(-5)},
			{Task: 3, Number: "ORD_1_003", Station: 1, Staff: 1, From: at(-3), Estimate: 10 * time.Minute},
			{Task: 4, Number: "ORD_1_004", Station: 1, Staff: 1, From: at(-4), Estimate: time.Minute},
			{Task: 9, Number: "ORD_1_009", Station: 1, Staff: 1, From: at(-300), To: at(-200)},
		},
		Ahead: []kitchen.Stint{
			{Task: 5, Number: "ORD_1_005", Station: 1, Staff: 1, From: at(0), To: at(2)},
			{Task: 6, Number: "ORD_1_005", Station: 1, From: at(10), To: at(15)},
		},
		Given: []int64{5},
	}
}

var english = texter(page.Sayer(texts.Languages[0]))

func TestADayIsDrawn(t *testing.T) {
	t.Parallel()
	d := diary()
	stations, people := lanes(d, windowOf("1", d), english)
	require.Len(t, stations, 1)
	require.Len(t, people, 1, "who is not there any more and did nothing is left out")
	kinds := map[string]int{}
	for _, b := range stations[0].Bars {
		kinds[b.Kind]++
	}
	require.Equal(t, map[string]int{"done": 2, "running": 1, "over": 1, "given": 1, "planned": 1}, kinds)
	require.Equal(t, "griller: 2 done, 2 running, 2 to come", stations[0].Say)
	require.Equal(t, 2*trackHeight, stations[0].Height, "two at a time")
	require.Equal(t, barView{X: "25.00%", W: "16.67%", Kind: "done", Label: "001", Text: "Order 001: ,  (done), 11:40:00–11:50:00"}, stations[0].Bars[0])
	require.Len(t, people[0].Bars, 5, "nobody is to do the last one yet")
	again, _ := lanes(d, windowOf("1", d), english)
	require.Equal(t, stations, again)
}

// However much was done, what is drawn of a lane is bounded, in time without overlapping, and nothing is lost.
func TestALongDayIsJoined(t *testing.T) {
	t.Parallel()
	d := diary()
	d.Since, d.Work, d.Ahead = at(-600), nil, nil
	for i := range 5000 {
		from := at(-500).Add(time.Duration(i) * 6 * time.Second)
		d.Work = append(d.Work, kitchen.Stint{Task: int64(i), Number: "ORD_1_001", Station: 1, From: from, To: from.Add(30 * time.Second)})
	}
	all := pieces(d, windowOf("day", d))
	tracks, hidden := arrange(all)
	require.Zero(t, hidden)
	drawn, tasks := 0, 0
	for _, track := range tracks {
		for i, p := range track.pieces {
			drawn, tasks = drawn+1, tasks+p.n
			require.True(t, i == 0 || p.from+1e-6 >= track.pieces[i-1].to)
		}
	}
	require.Equal(t, 5000, tasks)
	require.Less(t, drawn, 1000)
}

func TestLoadsTakeOneBar(t *testing.T) {
	t.Parallel()
	list := []piece{{Stint: kitchen.Stint{Load: 7}, kind: "done", n: 1}, {Stint: kitchen.Stint{Load: 7}, kind: "done", n: 1}, {kind: "done", n: 1}, {kind: "done", n: 1}}
	joined := loaded(list)
	require.Len(t, joined, 3)
	require.Equal(t, 2, joined[0].n)
}

// The explained minutes: the segments fill the bar, and the sentence names who bears most.
func TestWhyAnOrderWasLate(t *testing.T) {
	t.Parallel()
	a := &kitchen.Account{Number: "ORD_1_007", Placed: at(0), End: at(10), Due: at(5), Ready: true, Segments: []kitchen.Segment{
		{Cause: kitchen.CauseStation, From: at(0), To: at(6), Late: 5 * time.Minute, Subject: `<script>`, Holders: []kitchen.Holder{{Number: "ORD_1_001", For: time.Minute}}},
		{Cause: kitchen.CauseCooking, From: at(6), To: at(10), Task: &kitchen.Task{Item: "Wrap", Description: "grill"}},
	}}
	v := newWhy(a, nil, english)
	require.Equal(t, "5:00 min late; most of it: waiting for a station, 5:00 min.", v.Said)
	require.Equal(t, "50.00%", v.Due)
	require.Equal(t, "60.00%", v.Segments[0].W)
	require.Equal(t, "taken by 001", v.Segments[0].Whose)
	require.Equal(t, "grill", v.Segments[1].Step)
	for cause := range map[kitchen.Cause]bool{kitchen.CauseStation: true, kitchen.CauseOther: true, kitchen.CauseRemake: true, kitchen.CauseNotBegun: true, kitchen.CauseItems: true} {
		require.NotContains(t, causeName(cause, english), "manager.", "every cause has a name")
	}
}

func TestFiguresOfAnEmptyDay(t *testing.T) {
	t.Parallel()
	d := &kitchen.Diary{Since: at(-100), Now: at(0), Board: &kitchen.Board{Layout: (&kitchen.Layout{Location: time.UTC}).Index()}}
	for _, span := range spans {
		v := newDayView(d, tenant.Outlet{Slug: "k"}, view{texts.Languages[0], span})
		require.Len(t, v.Figures, 6)
		require.NotEmpty(t, v.Axis.Ticks, span)
		require.NotContains(t, fmt.Sprint(v.Figures), "manager.", "every text is there")
	}
}

// What was asked is said in words, unless it says more than words are there for.
func TestChangesInWords(t *testing.T) {
	t.Parallel()
	ru, _ := texts.Find("ru")
	say := texter(page.Sayer(ru))
	for change, want := range map[string]string{
		`cook "one more" like "Asha" from 18:00 to 21:00`: "ещё один повар, как Asha с 18:00 до 21:00",
		`no-cook "Asha"`:                     "без сотрудника: Asha",
		`machine "m" like "grill-1"`:         "ещё одна машина, как grill-1",
		`no-machine "grill-1" to 19:00`:      "grill-1 не работает до 19:00",
		`station "griller" capacity "3"`:     "станция griller на 3 места",
		`without-item "wrap"`:                "wrap не продаётся",
		`policy "fifo"`:                      "по правилам fifo",
		`orders "+20%"`:                      "заказов: +20%",
		`policy "brigade" late 5`:            `policy "brigade" late 5`,
		`cook "x" like "Asha" parallel 2`:    `cook "x" like "Asha" parallel 2`,
		`nonsense`:                           `nonsense`,
		`machine "m" like "g" capacity "12"`: `machine "m" like "g" capacity "12"`,
	} {
		require.Equal(t, want, worded(change, say))
	}
}
