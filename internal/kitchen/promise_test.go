package kitchen_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"brigade/internal/errs"
	"brigade/internal/kitchen"
	"brigade/internal/kitchen/sched"
	"brigade/internal/recipe"
)

var evening = time.Date(2026, 11, 19, 18, 0, 0, 0, time.UTC)

// grill is a kitchen with two grills, a fryer and two cooks.
func grill() *kitchen.Layout {
	return (&kitchen.Layout{
		Tenant: 1, Outlet: 1, Location: time.UTC, StaleAfter: time.Hour,
		Stations: []sched.Station{{ID: 1, Name: "griller", Capacity: 4}, {ID: 2, Name: "fryer", Capacity: 2}},
		Machines: []kitchen.Machine{
			{Machine: sched.Machine{ID: 1, Station: 1, Name: "grill-1", Capacity: 1, Up: true}},
			{Machine: sched.Machine{ID: 2, Station: 1, Name: "grill-2", Capacity: 1, Up: true}},
		},
		People: []kitchen.Person{
			{ID: 1, Name: "Asha", Active: true, Skills: []int64{1, 2}, MaxParallel: 2, Efficiency: 1},
			{ID: 2, Name: "Noah", Active: true, Skills: []int64{1, 2}, MaxParallel: 2, Efficiency: 1},
		},
	}).Index()
}

func promising() kitchen.Settings {
	s := kitchen.DefaultSettings()
	s.Promises, s.AutoComplete = true, true
	return s
}

// promised is a floor whose orders are promised times, with what it wanted to be written last.
type promised struct {
	*kitchen.Floor
	j    *kitchen.Journal
	next int64
	last int64
	came time.Time
}

func newPromised(l *kitchen.Layout, tickets ...*kitchen.Ticket) *promised {
	return &promised{Floor: kitchen.NewFloor(l, promising(), tickets, evening, kitchen.NewIndex())}
}

func steaks(n int) []kitchen.WorkLine {
	return []kitchen.WorkLine{{SKU: "steak", Item: "Steak", Quantity: n, Recipe: recipe.Recipe{Steps: []recipe.Step{
		{Description: "grill", Station: 1, Estimate: 4 * time.Minute},
	}}}}
}

// order places an order of so many steaks, a second after the one before at the earliest, and returns its ticket.
func (p *promised) order(n int, now time.Time) *kitchen.Ticket {
	if earliest := p.came.Add(time.Second); now.Before(earliest) {
		now = earliest
	}
	p.came = now
	p.last++
	t := kitchen.Burst(kitchen.Work{Order: p.last, Tenant: 1, Outlet: 1, At: now, Lines: steaks(n)}, func() int64 { p.next++; return p.next })
	p.Open(t)
	p.look(now)
	return t
}

// look lets happen what is due, plans, begins what was assigned, and foresees.
func (p *promised) look(now time.Time) {
	p.j = kitchen.NewJournal(p.Layout)
	p.Due(p.j, now)
	p.Plan(p.j, now)
	for _, t := range p.j.Tasks {
		if t.Status == kitchen.TaskAssigned {
			_, _, _ = p.Start(p.j, t.ID, now)
		}
	}
	p.Foresee(p.j, now)
}

func TestAnOrderIsPromisedATimeWhenItComes(t *testing.T) {
	t.Parallel()
	p := newPromised(grill())
	ticket := p.order(1, evening)
	require.NotNil(t, ticket.Promise)
	require.Len(t, p.j.Promises, 1)
	require.False(t, p.j.Empty())
	require.Equal(t, 4*time.Minute, ticket.Promise.Made.Lead)
	require.True(t, ticket.Promise.P50.Before(ticket.Promise.P90))
	require.Equal(t, ticket.Promise.P90, ticket.Promise.Told)

	other := p.order(3, evening)
	require.True(t, other.Promise.P90.After(ticket.Promise.P90), "one grill is left for three steaks")
	first := *ticket.Promise
	p.look(evening.Add(20 * time.Second))
	require.Empty(t, p.j.Promises, "nothing has moved")
	require.Equal(t, first, *ticket.Promise)
}

// The grills break down: everybody who waits for them is told once, and again only when it gets much later still.
func TestAGuestIsToldOnceWhenHisOrderSlips(t *testing.T) {
	t.Parallel()
	p := newPromised(grill())
	p.order(2, evening)
	ticket := p.order(2, evening)
	promise := *ticket.Promise

	down := grill()
	down.Machines[0].Up, down.Machines[1].Up = false, false
	now := evening.Add(30 * time.Second)
	p.j = kitchen.NewJournal(p.Layout)
	p.Relayout(p.j, down, now)
	p.Plan(p.j, now)
	p.Foresee(p.j, now)
	require.Len(t, p.j.Promises, 1, "what is on the grills goes on")
	slip := p.j.Promises[0]
	require.True(t, slip.Slipped)
	require.Equal(t, ticket, slip.Ticket)
	require.Equal(t, 1, slip.Slips)
	require.True(t, slip.Told.After(promise.Told.Add(2*time.Minute)))
	require.Equal(t, promise.FirstP90(), slip.FirstP90(), "the first promise is kept, by it the kitchen is judged")
	for s := range 6 {
		p.look(now.Add(time.Duration(s+1) * 10 * time.Second))
		for _, x := range p.j.Promises {
			require.False(t, x.Slipped, "he was told a moment ago")
		}
	}
	require.Equal(t, 1, ticket.Promise.Slips)
}

func TestAPromiseOutlivesTheOwner(t *testing.T) {
	t.Parallel()
	p := newPromised(grill())
	ticket := p.order(2, evening)
	promise := *ticket.Promise
	ticket.Written()
	p.Close()

	heir := newPromised(grill(), ticket)
	heir.look(evening.Add(5 * time.Second))
	require.Equal(t, promise, *ticket.Promise)
	require.Empty(t, heir.j.Promises)
}

// What is held is promised nothing until somebody fires it.
func TestWhatIsHeldIsPromisedNothing(t *testing.T) {
	t.Parallel()
	p := newPromised(grill())
	ticket := kitchen.Burst(kitchen.Work{Order: 1, Tenant: 1, Outlet: 1, At: evening, Hold: true, Lines: steaks(1)}, func() int64 { return 1 })
	p.Open(ticket)
	p.look(evening)
	require.Nil(t, ticket.Promise)
	require.False(t, p.NextDue(evening).Before(evening.Add(time.Second)), "and it is not asked for all the time")
	at := evening.Add(time.Minute)
	require.NoError(t, kitchen.Doer{Floor: p.Floor, J: kitchen.NewJournal(p.Layout), Ticket: ticket, Now: at}.Fire(0))
	p.look(at)
	require.NotNil(t, ticket.Promise)
	require.Equal(t, at, ticket.Promise.At)
}

func TestAKitchenLearnsFromItsPromises(t *testing.T) {
	t.Parallel()
	p := newPromised(grill())
	p.order(1, evening)
	before := p.Quotes([]kitchen.Work{{Lines: steaks(1)}}, evening.Add(time.Hour))[0]
	now := evening
	for range 30 { // everything takes exactly what was planned
		now = now.Add(10 * time.Minute)
		p.order(1, now)
		p.look(now.Add(4 * time.Minute))
		require.Len(t, p.j.Calibrations, 1, "it is written down once in a while")
	}
	learned := p.j.Calibrations[0].Calibration
	require.Equal(t, 31, learned.Seen)
	l := grill()
	l.Learned = learned
	require.Equal(t, p.Quotes([]kitchen.Work{{Lines: steaks(1)}}, now.Add(time.Hour)), newPromised(l).Quotes([]kitchen.Work{{Lines: steaks(1)}}, now.Add(time.Hour)))
	after := p.Quotes([]kitchen.Work{{Lines: steaks(1)}}, now.Add(2*time.Hour))[0]
	require.Less(t, after.Made.P90, before.Made.P90)
}

// A quote is what the same order is promised, and nothing is changed by asking.
func TestAQuoteIsThePromiseAndChangesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		asked, silent := newPromised(grill()), newPromised(grill())
		now := evening
		for range rapid.IntRange(0, 6).Draw(t, "orders") {
			n := rapid.IntRange(1, 4).Draw(t, "steaks")
			asked.order(n, now)
			silent.order(n, now)
			now = now.Add(time.Duration(rapid.IntRange(0, 400).Draw(t, "gap")) * time.Second)
			asked.Quotes([]kitchen.Work{{Lines: steaks(rapid.IntRange(1, 3).Draw(t, "asked for"))}}, now)
			asked.look(now)
			silent.look(now)
			require.Equal(t, silent.j.Promises, asked.j.Promises)
			require.Len(t, asked.j.Tasks, len(silent.j.Tasks))
			require.Equal(t, silent.NextDue(now), asked.NextDue(now))
		}
		q := asked.Quotes([]kitchen.Work{{Lines: steaks(2)}}, now)[0]
		require.True(t, q.Known)
		require.False(t, q.P90.Before(q.P50))
		require.Equal(t, q, asked.Quotes([]kitchen.Work{{Lines: steaks(2)}}, now)[0])
	})
}

func limited(a kitchen.Admission) *kitchen.Layout {
	l := grill()
	l.Admission = &a
	return l
}

func TestAnOutletRefusesWhatItCannotKeepUpWith(t *testing.T) {
	t.Parallel()
	p := newPromised(limited(kitchen.Admission{Waiting: 10 * time.Minute, Answer: kitchen.AnswerRefuse}))
	quote := func(n int) kitchen.Quote { return p.Quotes([]kitchen.Work{{Lines: steaks(n)}}, evening)[0] }
	require.NoError(t, quote(9).Verdict.Refusal(time.Time{}), "nothing waits: however large it is, it is made")
	p.order(4, evening) // two are on the grills, two wait: eight minutes of work
	err := quote(1).Verdict.Refusal(time.Time{})
	require.True(t, errs.Is(err, errs.KindConflict))
	require.ErrorContains(t, err, "10 minutes of work waiting at griller")
	v := quote(1).Verdict
	require.True(t, v.Earliest.After(evening.Add(4*time.Minute)), "when two have left the grills")
	require.NoError(t, v.Refusal(v.Earliest), "it can be ordered for the time that is named")
	require.NoError(t, v.Refusal(v.Earliest.Add(time.Hour)))
	require.Error(t, v.Refusal(v.Earliest.Add(-time.Second)))

	p.Layout.Admission = &kitchen.Admission{Acceptable: 6 * time.Minute, Answer: kitchen.AnswerRefuse}
	require.ErrorContains(t, quote(1).Verdict.Refusal(time.Time{}), "no more than 6 minutes until an order is ready")
	p.Layout.Admission.Answer = kitchen.AnswerQuote
	require.NotEmpty(t, quote(1).Verdict.Over)
	require.NoError(t, quote(1).Verdict.Refusal(time.Time{}), "it only says so")
}

// A station, an item or a channel is paused above the limit, and comes back well below it, not just below.
func TestAnOutletPausesAndLetsGoAgain(t *testing.T) {
	t.Parallel()
	for answer, want := range map[kitchen.Answer]kitchen.AutoPause{
		kitchen.AnswerPauseStation: {Kind: "station", Name: "griller", Cause: "griller"},
		kitchen.AnswerPauseItem:    {Kind: "item", Name: "Steak", Cause: "griller"},
		kitchen.AnswerPauseSource:  {Kind: "source", Name: "api", Cause: "griller"},
	} {
		a := kitchen.Admission{Stations: map[string]time.Duration{"griller": 30 * time.Minute}, Answer: answer, Calm: 0.5}
		if answer == kitchen.AnswerPauseSource {
			a.Sources = []string{"api"}
		}
		p := newPromised(limited(a))
		p.order(9, evening) // 28 minutes wait
		require.Empty(t, begun(p.j))
		p.order(1, evening.Add(time.Second))
		require.Equal(t, []kitchen.AutoPause{want}, begun(p.j))
		require.Equal(t, kitchen.StateBusy, p.j.Pressures[0].State)
		require.Contains(t, p.j.Pressures[0].Reason, "30 minutes of work")

		now := evening.Add(time.Second)
		var ended time.Duration
		for ended == 0 {
			now = now.Add(10 * time.Second)
			p.look(now)
			require.Empty(t, begun(p.j), "it is paused already")
			for _, x := range p.j.Pressures {
				if len(x.End) > 0 {
					ended = now.Sub(evening)
					require.Equal(t, []kitchen.AutoPause{want}, x.End)
				}
			}
		}
		require.Greater(t, ended, 8*time.Minute, "not when it is just below: at half")
		require.Less(t, ended, 16*time.Minute)
	}
}

func begun(j *kitchen.Journal) (list []kitchen.AutoPause) {
	for _, p := range j.Pressures {
		list = append(list, p.Begin...)
	}
	return list
}

// Without limits an outlet says when it takes longer than usual.
func TestAnOutletIsBusyAndCalmsDown(t *testing.T) {
	t.Parallel()
	p := newPromised(grill())
	p.order(1, evening)
	require.Empty(t, p.j.Pressures)
	var states []kitchen.State
	for range 12 {
		p.order(1, evening)
		for _, x := range p.j.Pressures {
			states = append(states, x.State)
		}
	}
	require.Equal(t, []kitchen.State{kitchen.StateBusy}, states)
	require.Equal(t, kitchen.StateBusy, p.Quotes([]kitchen.Work{{Lines: steaks(1)}}, evening)[0].Verdict.State)
	now, state := evening, kitchen.StateBusy
	for range 400 {
		now = now.Add(10 * time.Second)
		p.look(now)
		for _, x := range p.j.Pressures {
			state = x.State
		}
	}
	require.Equal(t, kitchen.StateOpen, state)
}

func TestLimitsAreChecked(t *testing.T) {
	t.Parallel()
	stations := grill().Stations
	require.NoError(t, (&kitchen.Admission{}).Check(stations))
	err := (&kitchen.Admission{
		Waiting: -1, Acceptable: 8 * 24 * time.Hour, Stations: map[string]time.Duration{"oven": time.Minute, "fryer": -time.Minute},
		Answer: "shout", Sources: []string{"api"}, Calm: 1,
	}).Check(stations)
	for _, field := range []string{"station_minutes", "acceptable_minutes", "stations.oven", "stations.fryer", "answer", "sources", "resume_below"} {
		require.ErrorContains(t, err, field)
	}
	require.ErrorContains(t, (&kitchen.Admission{Answer: kitchen.AnswerPauseSource}).Check(stations), "sources")
}
