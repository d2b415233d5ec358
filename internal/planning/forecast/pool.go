package forecast

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"sync"
	"sync/atomic"
)

// Pool forecasts many series together for horizon days after each one's history, at most MaxHorizon. Results are in the
// order of the series, which otherwise does not matter. It uses Options.Workers goroutines and returns when all have
// ended; memory beyond the series themselves is about 20 kB per series of two years.
func Pool(series []Series, horizon int, o Options) []Result {
	horizon = min(max(horizon, 0), MaxHorizon)
	p := &pool{o: &o, horizon: horizon, jobs: make([]*job, len(series))}
	for i := range series {
		p.jobs[i] = &job{place: i, series: &series[i]}
	}
	slices.SortStableFunc(p.jobs, func(a, b *job) int { return cmp.Compare(a.series.ID, b.series.ID) })
	if len(series) == 0 || !p.run() {
		return nil
	}
	results := make([]Result, len(series))
	for _, j := range p.jobs {
		results[j.place] = p.maker.result(j)
	}
	return results
}

// pool is one run over many series, in order of their ids.
type pool struct {
	o       *Options
	horizon int
	jobs    []*job
	common  *common
	maker   *maker
}

// job is one series of the run. Of its models only what is needed in the end is kept.
type job struct {
	place   int
	series  *Series
	history *history
	means   []float64
	rows    [][]float32 // features of the days ahead
	sample  []example
	errors  *pastErrors
	model   string
	why     string
	sure    bool // no interval: nothing will be sold
}

// example is a past forecast for the trees to learn from.
type example struct {
	day Day // that was forecast
	x   []float32
	y   float64 // what the mixture missed, in units
}

// run does the work and tells whether it was allowed to end.
func (p *pool) run() bool {
	if !p.each(0, 1, func(j *job) { j.history = newHistory(j.series) }) {
		return false
	}
	histories := make([]*history, len(p.jobs))
	for i, j := range p.jobs {
		histories[i] = j.history
	}
	p.common = newCommon(histories)
	if !p.each(1, 17, p.fit) {
		return false
	}
	p.maker = newMaker(p.o, p.jobs)
	return p.correct() && p.each(19, 1, p.finish)
}

// Progress is reckoned in twentieths of the work per series.
const parts = 20

// each calls do for all jobs, from as many goroutines as allowed; it begins at a part of the work and is so many parts.
// It tells whether it came to the end.
func (p *pool) each(begin, weight int, do func(*job)) bool {
	var next, done atomic.Int64
	var wg sync.WaitGroup
	var telling sync.Mutex
	for range min(max(p.o.Workers, 1), len(p.jobs)) {
		wg.Go(func() {
			for i := next.Add(1) - 1; int(i) < len(p.jobs) && !p.stopped(); i = next.Add(1) - 1 {
				do(p.jobs[i])
				if n := int(done.Add(1)); p.o.Progress != nil && telling.TryLock() {
					p.o.Progress((begin*len(p.jobs)+weight*n)/parts, len(p.jobs))
					telling.Unlock()
				}
			}
		})
	}
	wg.Wait()
	return !p.stopped()
}

func (p *pool) stopped() bool {
	select {
	case <-p.o.Stop:
		return true
	default:
		return false
	}
}

// fit forecasts a series with its own models and notes what the trees and the intervals need.
func (p *pool) fit(j *job) {
	h := j.history
	j.means = make([]float64, p.horizon)
	switch {
	case h.known == 0 && h.last < 0:
		p.guess(j)
		return
	case h.last < 0:
		j.model, j.why, j.sure = "zero", "nothing was ever sold", true
		return
	case h.ended():
		j.model, j.sure = "zero", true
		j.why = fmt.Sprintf("not sold since %v: taken as withdrawn", h.day(h.last))
		return
	}
	m := newMixture(h, p.common.priorsOf(j.series))
	j.model, j.errors, j.why = m.model(), newPastErrors(m), m.why()
	for i := range j.means {
		j.means[i] = m.at(h.n-1, i+1)
	}
	if h.sparse() {
		return // the trees' loss looks for the middle, and that is zero where most days are
	}
	v := newView(m, p.common)
	for i := range j.means {
		x, _ := v.row(h.n-1, i+1)
		j.rows = append(j.rows, x)
	}
	j.sample = v.sample(p.quota())
}

// guess forecasts a series without any history from the same item elsewhere.
func (p *pool) guess(j *job) {
	level := p.common.levelOf(j.series)
	if math.IsNaN(level) || level <= 0 {
		j.model, j.why, j.sure = "zero", "there are no sales to learn from", true
		return
	}
	j.model, j.why = "pool", "no sales yet: what the same item usually sells elsewhere"
	prior, h := p.common.priorsOf(j.series), j.history
	h.level, h.unit = level, level/2
	for i := range j.means {
		if h.kinds[h.n+i] != closed {
			j.means[i] = level * prior.weekdays[h.dow(h.n+i)]
		}
	}
}

// why says what is particular about a forecast.
func (m *mixture) why() string {
	switch h := m.h; {
	case h.known < start:
		return fmt.Sprintf("only %d days are known: it leans on what other series do", h.known)
	case h.sparse():
		return fmt.Sprintf("sold on %d of %d days: the forecast is a mean of days with and without sales", h.sold, h.known)
	case m.factor != 1:
		return fmt.Sprintf("corrected by %+.1f %%: past forecasts were wrong to one side", 100*(m.factor-1))
	default:
		return ""
	}
}

const (
	sampleRows   = 48_000 // that the trees learn from, at most
	samplePerDay = 2      // of one series, at most
	sampleLeast  = 2000   // rows below which there are no trees
)

// quota returns how many examples a series may give.
func (p *pool) quota() int { return max(sampleRows/len(p.jobs), 1) }

// sample returns examples spread evenly over the history; chance depends on the series' id only.
func (v *view) sample(quota int) []example {
	h := v.h
	first := start + errorSteps
	days := h.n - first
	if days <= 0 {
		return nil
	}
	quota = min(quota, samplePerDay*days)
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(h.series.ID)) // never fails
	seed := hash.Sum64()
	list := make([]example, 0, quota)
	for k := range quota {
		dice := mix(seed + uint64(k))
		i := first + int((float64(k)+float64(dice>>40)/(1<<24))*float64(days)/float64(quota))
		steps := 1 + int(dice%errorSteps)
		if math.IsNaN(h.y[i]) || h.floor[i] {
			continue
		}
		x, f := v.row(i-steps, steps)
		list = append(list, example{h.day(i), x, (h.y[i] - f) / h.unit})
	}
	return list
}

// mix spreads the bits of a number (Steele, Lea and Flood: SplitMix, 2014).
func mix(z uint64) uint64 {
	z += 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// heldBack is how many of the last days judge the trees before they learn from these, too.
const heldBack = 12 * week

// correct fits the trees, first without the last weeks to see what they are worth, and adds their corrections.
func (p *pool) correct() bool {
	t, learnt := p.table()
	if learnt < sampleLeast || len(t.y)-learnt < sampleLeast/20 {
		return true
	}
	data := newBinned(t)
	corrections, missed := newBoost(data, learnt).from(data, learnt), t.y[learnt:]
	share := worth(corrections, missed, learnt)
	p.maker.gain = gain(corrections, missed, share)
	if p.stopped() {
		return false
	}
	trees := newBoost(data, len(t.y))
	return p.each(18, 1, func(j *job) {
		for i, x := range j.rows {
			if j.history.kinds[j.history.n+i] != closed {
				j.means[i] += share * trees.at(x) * j.history.unit
			}
		}
	})
}

// table returns all examples, those of the last weeks last, and how many come before these.
func (p *pool) table() (t *table, learnt int) {
	t = &table{}
	end := Day(math.MinInt32)
	for _, j := range p.jobs {
		end = max(end, j.series.End())
	}
	for _, late := range []bool{false, true} {
		for _, j := range p.jobs {
			for _, e := range j.sample {
				if late == (e.day >= end-heldBack) {
					t.add(e)
				}
			}
		}
		if !late {
			learnt = len(t.y)
		}
	}
	for _, j := range p.jobs {
		j.sample = nil
	}
	return t, learnt
}

// finish sees to what holds for every forecast.
func (p *pool) finish(j *job) {
	for i, f := range j.means {
		if !(f > 0) || math.IsInf(f, 0) {
			j.means[i] = 0
		}
	}
	j.rows = nil
}
