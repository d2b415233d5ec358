package whatif

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"runtime"
	"runtime/debug"
	"sync"

	"golang.org/x/sync/errgroup"
	"gonum.org/v1/gonum/stat/distuv"

	"brigade/internal/errs"
	"brigade/internal/sim/replay"
)

// Player plays an evening by a policy ("": the usual one). Errors: KindInvalid for a policy that it does not know.
type Player func(e *replay.Evening, policy string) (*replay.Played, error)

// Question is what is asked.
type Question struct {
	Evenings []*replay.Evening
	Seeds    int      // how often each evening is played: as it was, and with that many resamplings less one; at least 1
	Changes  []Change // made together
	Play     Player
	Policy   string // without the changes
	Workers  int    // evenings that are played beside each other; 0: as many as there are processors
	// Done hears of each pair that was played; nil: nobody does. It is called by one at a time.
	Done func(n, of int)
}

// Difference is what a change did to one figure.
type Difference struct {
	Figure  string  `json:"figure"`
	Unit    string  `json:"unit"`
	Without float64 `json:"without"`
	With    float64 `json:"with"`
	Mean    float64 `json:"difference"`
	Low     float64 `json:"low"`  // 95 % confidence interval of the difference;
	High    float64 `json:"high"` // equal to Low when one evening says nothing of chance
	Sure    bool    `json:"sure"` // the interval leaves zero out
}

// Answer is what came of a question.
type Answer struct {
	Evenings    int          `json:"evenings"` // pairs that were played
	Changes     []string     `json:"changes"`
	Orders      [2]int       `json:"orders"`  // that came in, without and with
	Missing     [2]int       `json:"missing"` // orders not ready by the end, without and with
	Differences []Difference `json:"differences"`
}

// figures are what is compared.
var figures = []struct {
	name, unit string
	of         func(replay.Figures) float64
}{
	{"ticket time", "min", func(f replay.Figures) float64 { return f.Ticket }},
	{"ticket time p95", "min", func(f replay.Figures) float64 { return f.TicketP95 }},
	{"late orders", "%", func(f replay.Figures) float64 { return 100 * f.Late }},
	{"tardiness", "min", func(f replay.Figures) float64 { return f.Tardiness }},
	{"sync gap", "min", func(f replay.Figures) float64 { return f.SyncGap }},
	{"staff utilisation", "%", func(f replay.Figures) float64 { return 100 * f.Staff }},
	{"machine utilisation", "%", func(f replay.Figures) float64 { return 100 * f.Machines }},
}

// Run plays every evening with the changes and without, on the same orders and the same luck, and compares the pairs.
// It ends early, with the context's error, when ctx does. Errors: KindInvalid.
func Run(ctx context.Context, q Question) (*Answer, error) {
	if len(q.Evenings) == 0 || len(q.Changes) == 0 {
		return nil, errs.Invalid("a question needs an evening and a change")
	}
	a := &Answer{}
	policy := q.Policy
	for _, c := range q.Changes {
		a.Changes = append(a.Changes, c.Text)
		if c.Verb == "policy" {
			policy = "" // the changed kitchen has rules of its own
		}
	}
	if err := q.check(); err != nil {
		return nil, err
	}
	without, with, err := q.pairs(ctx, policy)
	if err != nil {
		return nil, err
	}
	for i := range with {
		a.Missing[0], a.Missing[1] = a.Missing[0]+without[i].Missing, a.Missing[1]+with[i].Missing
		a.Orders[0], a.Orders[1] = a.Orders[0]+without[i].Orders, a.Orders[1]+with[i].Orders
	}
	a.Evenings = len(with)
	for _, f := range figures {
		d := compare(without, with, f.of)
		d.Figure, d.Unit = f.name, f.unit
		a.Differences = append(a.Differences, d)
	}
	return a, nil
}

// check finds what is wrong with the changes before anything is played, on the evenings as they were: one that chance
// has made of them may begin later.
func (q Question) check() error {
	for _, e := range q.Evenings {
		if _, err := Apply(e, q.Changes); err != nil {
			return err
		}
		for _, c := range q.Changes {
			if err := c.holds(e); err != nil {
				return err
			}
		}
	}
	return nil
}

// pairs plays all evenings, beside each other.
func (q Question) pairs(ctx context.Context, policy string) (without, with []replay.Figures, err error) {
	seeds := max(1, q.Seeds)
	n := len(q.Evenings) * seeds
	without, with = make([]replay.Figures, n), make([]replay.Figures, n)
	var mu sync.Mutex
	played := 0
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(cmp.Or(q.Workers, runtime.GOMAXPROCS(0)))
	for i := range n {
		g.Go(func() (err error) {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			e := q.Evenings[i/seeds].Resampled(uint64(i % seeds))
			if without[i], with[i], err = q.pair(e, policy); err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			if played++; q.Done != nil {
				q.Done(played, n)
			}
			return nil
		})
	}
	return without, with, g.Wait()
}

// pair plays an evening twice. A fault of the planner's is this question's alone: kitchens at work go on.
func (q Question) pair(e *replay.Evening, policy string) (without, with replay.Figures, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("an evening could not be played: %v\n%s", p, debug.Stack())
		}
	}()
	changed, err := Apply(e, q.Changes)
	if err != nil {
		return without, with, err
	}
	before, err := q.Play(e, q.Policy)
	if err != nil {
		return without, with, err
	}
	after, err := q.Play(changed, policy)
	if err != nil {
		return without, with, err
	}
	return replay.Measure(e, before), replay.Measure(changed, after), nil
}

// compare works out the mean difference of pairs with Student's 95 % confidence interval.
func compare(without, with []replay.Figures, of func(replay.Figures) float64) Difference {
	n := float64(len(with))
	var d Difference
	for i := range with {
		d.Without += of(without[i]) / n
		d.With += of(with[i]) / n
	}
	d.Mean = d.With - d.Without
	squares := 0.0
	for i := range with {
		x := of(with[i]) - of(without[i]) - d.Mean
		squares += x * x
	}
	d.Low, d.High = d.Mean, d.Mean
	if n > 1 {
		t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: n - 1}.Quantile(0.975)
		half := t * math.Sqrt(squares/(n-1)/n)
		d.Low, d.High = d.Mean-half, d.Mean+half
		d.Sure = d.Low > 0 || d.High < 0
	}
	return d
}
