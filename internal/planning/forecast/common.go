package forecast

import (
	"math"
	"slices"
)

// common is what the series of a pool share, by day: what special occasions did to everybody, and how much more than
// usual was sold lately.
type common struct {
	start   Day
	dates   []date
	around  []float64            // by day: mean of sales against the same weekday of the weeks around; NaN unknown
	pool    recent               // against the profile, in units
	outlets map[string]recent    // the same for one outlet
	priors  map[string]*priors   // by item, outlet, and "" for all
	levels  map[string][]float64 // by item and ""
}

// recent sums up, by day, how far sales were from what the profile expected.
type recent struct {
	sum, n []float64 // cumulated
}

// over returns the mean of the days up to and with day i.
func (r *recent) over(i, days int) float32 {
	from, to := max(i+1-days, 0), min(max(i+1, 0), len(r.sum)-1)
	if from >= to || r.n[to] == r.n[from] {
		return 0
	}
	return float32((r.sum[to] - r.sum[from]) / (r.n[to] - r.n[from]))
}

const (
	commonSeries = 400 // of a large pool are enough to know what is common
	unknown      = -9  // as a feature
)

// newCommon looks at the histories, which are in order of their ids.
func newCommon(histories []*history) *common {
	c := &common{outlets: map[string]recent{}, priors: map[string]*priors{}, levels: map[string][]float64{}}
	end := c.span(histories)
	for d := c.start; d < end+ahead; d++ {
		c.dates = append(c.dates, d.date())
	}
	days := int(end - c.start)
	ratios := make([][]float64, days)
	c.pool = newRecent(days)
	step := max(1, len(histories)/commonSeries)
	var shares collected
	for i, h := range histories {
		if h.known == 0 {
			continue
		}
		chosen := i%step == 0
		shares.levels(h)
		if o := h.series.Outlet; o != "" || chosen {
			c.addRecent(h, o, chosen)
		}
		if !chosen {
			continue
		}
		offset := int(h.series.Start - c.start)
		for t, r := range around(h) {
			if !math.IsNaN(r) {
				ratios[offset+t] = append(ratios[offset+t], r)
			}
		}
		shares.add(h)
	}
	c.pool.cumulate()
	for _, r := range c.outlets {
		r.cumulate()
	}
	for _, list := range ratios {
		c.around = append(c.around, trimmedMean(list))
	}
	shares.settle(c)
	return c
}

// span sets the first day of all and returns the day after the last.
func (c *common) span(histories []*history) Day {
	end := Day(math.MinInt32)
	c.start = math.MaxInt32
	for _, h := range histories {
		if h.n > 0 {
			c.start, end = min(c.start, h.series.Start), max(end, h.series.End())
		}
	}
	if c.start > end {
		c.start, end = 0, 0
	}
	return end
}

func newRecent(days int) recent {
	return recent{sum: make([]float64, days+1), n: make([]float64, days+1)}
}

func (c *common) addRecent(h *history, outlet string, pool bool) {
	p := newProfile(h, noPriors().weekdays)
	own, ok := c.outlets[outlet]
	if !ok && outlet != "" {
		own = newRecent(len(c.pool.sum) - 1)
		c.outlets[outlet] = own
	}
	offset := int(h.series.Start-c.start) + 1
	for t := 2 * week; t < h.n; t++ {
		if !h.learns(t) {
			continue
		}
		r := min(max((h.y[t]-p.means[t][h.dow(t)])/h.unit, -4), 4)
		if outlet != "" {
			own.sum[offset+t] += r
			own.n[offset+t]++
		}
		if pool {
			c.pool.sum[offset+t] += r
			c.pool.n[offset+t]++
		}
	}
}

func (r *recent) cumulate() {
	for i := 1; i < len(r.sum); i++ {
		r.sum[i] += r.sum[i-1]
		r.n[i] += r.n[i-1]
	}
}

// around compares each day with the same weekday of the five weeks before and after: 0 is as usual, NaN unknown.
func around(h *history) []float64 {
	list := make([]float64, h.n)
	for t := range list {
		list[t] = math.NaN()
		if math.IsNaN(h.y[t]) {
			continue
		}
		var sum, n float64
		for w := -5; w <= 5; w++ {
			if i := t + w*week; w != 0 && i >= 0 && i < h.n && h.learns(i) {
				sum, n = sum+h.y[i], n+1
			}
		}
		if n >= 3 && sum > 0 {
			list[t] = min(h.y[t]/(sum/n), mostFactor) - 1
		}
	}
	return list
}

// trimmedMean leaves out the lowest and the highest fifth; NaN for nothing.
func trimmedMean(values []float64) float64 {
	slices.Sort(values)
	cut := len(values) / 5
	values = values[cut : len(values)-cut]
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// aroundAt returns what a day was to everybody against the weeks around it, 0 for as usual; NaN when that is not known
// at the end of day t.
func (c *common) aroundAt(d, t Day) float64 {
	if k := int(d - c.start); k >= 0 && k < len(c.around) && d+5*week <= t {
		return c.around[k]
	}
	return math.NaN()
}
