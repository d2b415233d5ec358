package kitchensim_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"brigade/internal/errs"
	"brigade/internal/kitchen/sched"
	"brigade/internal/sim/kitchensim"
	"brigade/internal/sim/replay"
)

// begin is when all evenings begin.
var begin = time.Date(2026, 1, 1, 18, 0, 0, 0, time.UTC)

func play(t require.TestingT, sc *kitchensim.Scenario, rush *kitchensim.Rush, p sched.Policy) *replay.Played {
	e, err := sc.Evening(rush)
	require.NoError(t, err)
	return kitchensim.Play(e, p)
}

// faults looks whether a trace could have happened. It trusts nothing but the data of the evening.
func faults(sc *kitchensim.Scenario, rush *kitchensim.Rush, p *replay.Played) (list []string) {
	fault := func(r replay.Ran, what string) {
		list = append(list, fmt.Sprintf("order %d unit %d step %d: %s", r.Order, r.Unit, r.Step, what))
	}
	at := func(t time.Time) float64 { return t.Sub(begin).Seconds() }
	type key struct{ order, unit, step int }
	done := map[key]replay.Ran{}
	for _, r := range p.Ran {
		if _, twice := done[key{r.Order, r.Unit, r.Step}]; twice {
			fault(r, "twice")
		}
		done[key{r.Order, r.Unit, r.Step}] = r
		o := rush.Orders[r.Order]
		s := sc.Menu[o.Items[r.Unit]].Steps[r.Step]
		who := sc.Staff[r.Staff-1]
		start := at(r.Start)
		took := s.EstSecs * o.Noise[r.Unit][r.Step] / who.Efficiency
		switch {
		case int(r.Station-1) != s.Station || sc.Machines[r.Machine-1].Station != s.Station:
			fault(r, "elsewhere")
		case !slices.Contains(who.Skills, s.Station):
			fault(r, "without the skill")
		case start < o.Arr:
			fault(r, "before its order came")
		case who.BreakAt >= 0 && start >= who.BreakAt && start < who.BreakAt+who.BreakFor:
			fault(r, "on a break")
		case slices.ContainsFunc(rush.Failures, func(f kitchensim.Failure) bool {
			return f.Machine == int(r.Machine-1) && start >= f.From && start < f.To
		}):
			fault(r, "on a machine that is down")
		case max(at(r.Finish)-start-took, start+took-at(r.Finish)) > 1e-5:
			fault(r, "not as long as it takes")
		}
	}
	n := 0
	for o, order := range rush.Orders {
		for u, item := range order.Items {
			for s, step := range sc.Menu[item].Steps {
				n++
				for _, d := range step.Deps {
					if done[key{o, u, s}].Start.Before(done[key{o, u, d}].Finish) {
						fault(done[key{o, u, s}], "before what it needs")
					}
				}
			}
		}
	}
	if n != len(done) {
		list = append(list, fmt.Sprintf("%d of %d tasks were done", len(done), n))
	}
	return append(list, crowds(sc, p)...)
}

// crowds looks for more at a time than there is room for.
func crowds(sc *kitchensim.Scenario, p *replay.Played) (list []string) {
	look := func(what string, of func(replay.Ran) int64, room func(int64) int) {
		for _, r := range p.Ran {
			busy := 0
			for _, o := range p.Ran {
				if of(o) == of(r) && !o.Start.After(r.Start) && o.Finish.After(r.Start) {
					busy++
				}
			}
			if busy > room(of(r)) {
				list = append(list, fmt.Sprintf("%s %d has %d at once", what, of(r), busy))
			}
		}
	}
	look("station", func(r replay.Ran) int64 { return r.Station }, func(i int64) int { return sc.StationCapacity[i-1] })
	look("machine", func(r replay.Ran) int64 { return r.Machine }, func(i int64) int { return sc.Machines[i-1].Capacity })
	look("person", func(r replay.Ran) int64 { return r.Staff }, func(i int64) int { return sc.Staff[i-1].MaxParallel })
	return list
}

func drawEvening(t *rapid.T) (*kitchensim.Scenario, *kitchensim.Rush) {
	return generate(rapid.Uint64().Draw(t, "seed"), rapid.Float64Range(0.2, 1.5).Draw(t, "load"), rapid.IntRange(1, 18).Draw(t, "orders"))
}

// Whatever happens, everything is made, in a way in which it could have been made: no hold ever locks the kitchen.
func TestEveryPolicyPlaysByTheRules(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		sc, rush := drawEvening(t)
		p := rapid.SampledFrom(sched.Policies()).Draw(t, "policy")
		require.Empty(t, faults(sc, rush, play(t, sc, rush, p)))
	})
}

// What happens later changes nothing of what was done before: nobody looks ahead.
func TestTheFutureDoesNotChangeThePast(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		sc, rush := drawEvening(t)
		p := rapid.SampledFrom(sched.Policies()).Draw(t, "policy")
		first := play(t, sc, rush, p)
		cut := first.Ran[rapid.IntRange(0, len(first.Ran)-1).Draw(t, "cut")].Start
		other := play(t, sc, changedAfter(sc, rush, first, cut), p)
		require.Equal(t, until(first, cut), until(other, cut))
	})
}

// until is what began before a time, without when it ended: what goes on may take longer in another future.
func until(p *replay.Played, cut time.Time) (list []replay.Ran) {
	for _, r := range p.Ran {
		if !r.Start.Before(cut) {
			continue
		}
		if r.Finish.After(cut) {
			r.Finish = time.Time{}
		}
		list = append(list, r)
	}
	return list
}

// changedAfter is the evening with another future: what ends after the cut takes longer, orders that come after it are
// others, machines that fail after it do not.
func changedAfter(sc *kitchensim.Scenario, rush *kitchensim.Rush, p *replay.Played, cut time.Time) *kitchensim.Rush {
	var out kitchensim.Rush
	b, _ := json.Marshal(rush)
	_ = json.Unmarshal(b, &out)
	at := cut.Sub(begin).Seconds()
	for _, r := range p.Ran {
		if r.Finish.After(cut) {
			out.Orders[r.Order].Noise[r.Unit][r.Step] *= 1.7
		}
	}
	for i := range out.Orders {
		if o := &out.Orders[i]; o.Arr >= at {
			o.Arr, o.Due = o.Arr+200, o.Due+777
			o.Items[0] = (o.Items[0] + 1) % len(sc.Menu)
			o.Noise[0] = slices.Repeat([]float64{1}, len(sc.Menu[o.Items[0]].Steps))
		}
	}
	out.Failures = slices.DeleteFunc(out.Failures, func(f kitchensim.Failure) bool { return f.From >= at })
	for i := range out.Failures {
		if f := &out.Failures[i]; f.To > at {
			f.To += 300
		}
	}
	return &out
}

func TestTheSameEveningGivesTheSameTrace(t *testing.T) {
	t.Parallel()
	for _, p := range sched.Policies() {
		var traces [2]bytes.Buffer
		for i := range traces {
			sc, rush := generate(7, 0.9, 40)
			require.NoError(t, kitchensim.WriteTrace(&traces[i], play(t, sc, rush, p)))
		}
		require.Equal(t, traces[0].String(), traces[1].String(), p)
		require.Contains(t, traces[0].String(), "order,item,step,station,machine,staff,start,finish\n0,")
	}
}

// cost is what an evening is judged by, in minutes per order.
func cost(p *replay.Played) float64 {
	f := replay.Figures{}
	for _, o := range p.Orders {
		f.Ticket += o.Ready.Sub(o.Placed).Minutes()
		f.Tardiness += max(0, o.Ready.Sub(o.Due).Minutes())
		f.SyncGap += o.Ready.Sub(o.First).Minutes()
	}
	return (f.Ticket + 3*f.Tardiness + f.SyncGap/2) / float64(len(p.Orders))
}

// On kitchens of any kind the better policy is better: much on average, and by far with the time between an order's
// first unit and its last.
func TestBrigadeBeatsGreedy(t *testing.T) {
	t.Parallel()
	var cheaper, gap, was float64
	const n = 6
	for seed := range uint64(n) {
		sc, rush := generate(100+seed, 0.85, 60)
		b, g := play(t, sc, rush, sched.Brigade), play(t, sc, rush, sched.Greedy)
		cheaper += 1 - cost(b)/cost(g)
		for i := range b.Orders {
			gap += b.Orders[i].Ready.Sub(b.Orders[i].First).Minutes()
			was += g.Orders[i].Ready.Sub(g.Orders[i].First).Minutes()
		}
	}
	require.Greater(t, cheaper/n, 0.2)
	require.Less(t, gap, was/2)
}

func TestRun(t *testing.T) {
	t.Parallel()
	data, out := t.TempDir(), filepath.Join(t.TempDir(), "traces")
	sc, rush := generate(5, 0.8, 20)
	writeJSON(t, filepath.Join(data, "diner.scenario.json"), sc)
	for _, name := range []string{"diner_rho0.80_seed1.json", "diner_rho0.80_seed2.json"} {
		writeJSON(t, filepath.Join(data, name), rush)
	}
	told := 0
	list, err := kitchensim.Run(t.Context(), data, out, sched.Brigade, func(n, of int, _ kitchensim.Outcome) {
		told++
		require.Equal(t, told, n)
		require.Equal(t, 2, of)
	})
	require.NoError(t, err)
	require.Len(t, list, 2)
	require.Equal(t, list[0].Figures, list[1].Figures)
	require.Zero(t, list[0].Figures.Missing)
	require.Positive(t, list[0].Length)
	one, err := os.ReadFile(filepath.Join(out, "diner_rho0.80_seed1.csv"))
	require.NoError(t, err)
	two, err := os.ReadFile(filepath.Join(out, "diner_rho0.80_seed2.csv"))
	require.NoError(t, err)
	require.Equal(t, one, two)

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = kitchensim.Run(ended, data, out, sched.Brigade, func(int, int, kitchensim.Outcome) {})
	require.ErrorIs(t, err, context.Canceled)
}

func writeJSON(t *testing.T, path string, v any) {
	t.Helper()
	b, err := json.Marshal(v)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, b, 0o600))
}

func TestDataThatDoesNotFit(t *testing.T) {
	t.Parallel()
	_, err := kitchensim.Files(t.TempDir())
	require.True(t, errs.Is(err, errs.KindNotFound))
	for name, spoil := range map[string]func(*kitchensim.Scenario, *kitchensim.Rush){
		"capacities": func(sc *kitchensim.Scenario, _ *kitchensim.Rush) { sc.StationCapacity = nil },
		"machine":    func(sc *kitchensim.Scenario, _ *kitchensim.Rush) { sc.Machines[0].Station = 99 },
		"work at":    func(sc *kitchensim.Scenario, _ *kitchensim.Rush) { sc.Staff[0].Skills = []int{-1} },
		"is done at": func(sc *kitchensim.Scenario, _ *kitchensim.Rush) { sc.Menu[0].Steps[0].Station = 99 },
		"waits for":  func(sc *kitchensim.Scenario, _ *kitchensim.Rush) { sc.Menu[0].Steps[0].Deps = []int{0} },
		"noise":      func(_ *kitchensim.Scenario, r *kitchensim.Rush) { r.Orders[0].Noise = nil },
		"the menu":   func(_ *kitchensim.Scenario, r *kitchensim.Rush) { r.Orders[0].Items[0] = 99 },
		"fails":      func(_ *kitchensim.Scenario, r *kitchensim.Rush) { r.Failures = []kitchensim.Failure{{Machine: 99}} },
	} {
		data := t.TempDir()
		sc, rush := generate(5, 0.8, 3)
		spoil(sc, rush)
		writeJSON(t, filepath.Join(data, "diner.scenario.json"), sc)
		path := filepath.Join(data, "diner_rho1.00_seed1.json")
		writeJSON(t, path, rush)
		_, err := kitchensim.Load(path)
		require.True(t, errs.Is(err, errs.KindInvalid), name)
		require.ErrorContains(t, err, name)
	}
	_, err = kitchensim.Load("no-such_rho1_seed1.json")
	require.True(t, errs.Is(err, errs.KindInvalid))
}
