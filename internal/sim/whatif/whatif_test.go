package whatif_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"brigade/internal/errs"
	"brigade/internal/kitchen"
	"brigade/internal/kitchen/sched"
	"brigade/internal/recipe"
	"brigade/internal/sim/replay"
	"brigade/internal/sim/whatif"
)

var six = time.Date(2026, 11, 19, 17, 0, 0, 0, time.UTC) // in Madrid

func layout() *kitchen.Layout {
	madrid, _ := time.LoadLocation("Europe/Madrid")
	return (&kitchen.Layout{
		Tenant: 1, Outlet: 1, Location: madrid, StaleAfter: 2 * time.Minute,
		Stations: []sched.Station{{ID: 1, Name: "fryer", Capacity: 2}, {ID: 2, Name: "pass", Capacity: 9}},
		Machines: []kitchen.Machine{
			{Machine: sched.Machine{ID: 1, Station: 1, Name: "fryer-1", Capacity: 2, Up: true}},
			{Machine: sched.Machine{ID: 2, Station: 2, Name: "old table", Capacity: 9}, Reason: "removed"},
		},
		People: []kitchen.Person{
			{ID: 1, Name: "Asha", Active: true, Skills: []int64{1, 2}, MaxParallel: 3, Efficiency: 1},
			{ID: 2, Name: "Noah", Active: true, Skills: []int64{1, 2}, MaxParallel: 3, Efficiency: 1},
		},
	}).Index()
}

func evening(seed uint64) *replay.Evening {
	steps := func(fry time.Duration) []recipe.Step {
		return []recipe.Step{
			{Description: "fry", Station: 1, Machine: 1, Estimate: fry, Priority: 10},
			{Description: "pack", Station: 2, Estimate: 20 * time.Second, Priority: 10, After: []int{0}},
		}
	}
	return replay.Make(replay.Made{
		Layout: layout(), Begin: six, Length: 2 * time.Hour, PerHour: 25, Noise: 0.2, Seed: seed, Dishes: []replay.Dish{
			{SKU: "fries", Item: "Fries", Weight: 2, Steps: steps(100 * time.Second)}, {SKU: "wrap", Item: "Big wrap", Weight: 1, Steps: steps(50 * time.Second)},
		},
	})
}

func play(e *replay.Evening, policy string) (*replay.Played, error) {
	if policy != "" && policy != "greedy" {
		return nil, errs.Invalid("there is no policy %q", policy)
	}
	s := kitchen.DefaultSettings()
	s.Policy = sched.Greedy // which does not plan for who will come
	return replay.Play(e, s), nil
}

func ask(t *testing.T, texts ...string) *whatif.Answer {
	t.Helper()
	q := whatif.Question{Seeds: 2, Play: play}
	for seed := range uint64(4) {
		q.Evenings = append(q.Evenings, evening(seed))
	}
	for _, text := range texts {
		c, err := whatif.Parse(text)
		require.NoError(t, err)
		q.Changes = append(q.Changes, c)
	}
	a, err := whatif.Run(t.Context(), q)
	require.NoError(t, err)
	require.Equal(t, 8, a.Evenings)
	require.Equal(t, texts, a.Changes)
	for _, d := range a.Differences {
		require.LessOrEqual(t, d.Low, d.Mean)
		require.GreaterOrEqual(t, d.High, d.Mean)
		require.InDelta(t, d.With-d.Without, d.Mean, 1e-9)
	}
	return a
}

func TestOneMoreFryerHelpsAndOneCookLessDoesNot(t *testing.T) {
	t.Parallel()
	better := ask(t, "machine fryer-2").Differences[0]
	require.Equal(t, "ticket time", better.Figure)
	require.Less(t, better.High, 0.0)
	require.True(t, better.Sure)
	worse := ask(t, "no-cook noah from 18:30").Differences[0]
	require.Greater(t, worse.Mean, 0.0)
	require.Less(t, ask(t, "without-item fries").Differences[0].High, 0.0)
	require.Less(t, ask(t, `without-item "Big wrap"`).Differences[0].High, 0.0)
	require.Less(t, ask(t, "machine spare like fryer-1 capacity 1 from 18:30 to 19:30").Differences[0].Mean, 0.0)
	require.Greater(t, ask(t, "no-machine fryer-1 from 18:30 to 18:45").Differences[0].Mean, 0.0)
	require.Greater(t, ask(t, "station fryer capacity 1").Differences[0].Mean, 0.0)
}

// What a minute costs is the outlet's to say: without a price on waiting for the rest of an order nothing is held.
func TestRulesOfTheOutlet(t *testing.T) {
	t.Parallel()
	apart := ask(t, "policy brigade together 0").Differences
	near := ask(t, "policy brigade together 5").Differences
	require.Equal(t, "sync gap", apart[4].Figure)
	require.Less(t, near[4].With, apart[4].With)
}

// Evenings are paired: what changes nothing makes no difference at all.
func TestWhatChangesNothingMakesNoDifference(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"policy greedy", "policy greedy late 9", "station pass capacity 9"} {
		for _, d := range ask(t, text).Differences[:5] {
			require.Zero(t, d.Mean, text)
			require.Zero(t, d.Low)
			require.Zero(t, d.High)
			require.False(t, d.Sure)
		}
	}
}

func TestOneEveningSaysNothingOfChance(t *testing.T) {
	t.Parallel()
	c, err := whatif.Parse("machine fryer-2")
	require.NoError(t, err)
	a, err := whatif.Run(t.Context(), whatif.Question{Evenings: []*replay.Evening{evening(1)}, Changes: []whatif.Change{c}, Play: play})
	require.NoError(t, err)
	require.False(t, a.Differences[0].Sure)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = whatif.Run(gone, whatif.Question{Evenings: []*replay.Evening{evening(1)}, Changes: []whatif.Change{c}, Play: play})
	require.ErrorIs(t, err, context.Canceled)
	_, err = whatif.Run(t.Context(), whatif.Question{})
	require.True(t, errs.Is(err, errs.KindInvalid))
}

func TestFaultsSayWhatCouldStandThere(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                "a change must not be empty",
		"fryer":                           `cannot begin with "fryer", but with machine, no-machine`,
		"machine":                         "after machine comes a name",
		`machine "fryer 2`:                "a quote is not closed",
		"machine fryer-2 when 18:00":      `"when" cannot follow here; machine takes like, capacity, from, to`,
		"machine fryer-2 from":            "after from comes a value",
		"machine fryer-2 from 25:00":      "from is a time like 18:00",
		"machine fryer-2 capacity none":   "capacity is a whole number from 1",
		"station fryer":                   "say how large: station fryer capacity N",
		"cook Zoë":                        "say whose skills: cook Zoë like NAME",
		"cook Zoë like Noah efficiency 0": "efficiency is a number above 0",
		"without-item wrap from 18:00":    "without-item takes a name and nothing else",
		`no-cook ""`:                      "the name is empty",
		"policy brigade late -1":          "late is a number from 0 to 100",
		"policy brigade capacity 3":       "policy takes wait, late, together",
	} {
		_, err := whatif.Parse(text)
		require.True(t, errs.Is(err, errs.KindInvalid), text)
		require.ErrorContains(t, err, want)
	}
	for text, want := range map[string]string{
		"machine oven-1":          "say which one it is like",
		"machine fryer-1":         `there is a machine "fryer-1" already`,
		"machine x like grill":    `no machine "grill"`,
		"no-machine old":          "there are",
		"no-cook Ann":             `there is no cook "Ann"; there are Asha, Noah`,
		"cook noah like Asha":     `there is a cook "noah" already`,
		"station bar capacity 3":  `there is no station "bar"; there are fryer, pass`,
		"without-item soup":       `there is no item "soup"; there are fries, wrap`,
		"no-cook Noah from 12:00": "not within the evening",
		"policy best":             "must be one of brigade, greedy, fifo",
	} {
		c, err := whatif.Parse(text)
		require.NoError(t, err, text)
		_, err = whatif.Run(t.Context(), whatif.Question{
			Evenings: []*replay.Evening{evening(1)}, Changes: []whatif.Change{c}, Seeds: 20,
			Play: func(*replay.Evening, string) (*replay.Played, error) { panic("nothing is played in vain") },
		})
		require.True(t, errs.Is(err, errs.KindInvalid), text)
		require.ErrorContains(t, err, want)
	}
}

// Whatever is typed, the answer is a change or a sentence, and what was understood can be read again.
func TestAnyTextIsUnderstoodOrRefused(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`(machine|no-cook|cook|station|policy|x)?( ("[a-z ]*"|[a-z0-9-]+|from|to|like|capacity|18:30|7)){0,7}`).Draw(t, "text")
		c, err := whatif.Parse(text)
		if err != nil {
			require.True(t, errs.Is(err, errs.KindInvalid))
			return
		}
		again, err := whatif.Parse(c.Text)
		require.NoError(t, err)
		require.Equal(t, c, again)
		e := evening(1)
		_, _ = whatif.Apply(e, []whatif.Change{c})
		require.Equal(t, evening(1), e, "the evening itself is not touched")
	})
}
