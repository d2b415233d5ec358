package forecast

import "math"

// view is a series as the trees see it.
type view struct {
	h       *history
	mix     *mixture
	profile *profile
	common  *common
	offset  int // of the history's first day in common
	around  []float64
	sales   recent // ordinary days
	miss    recent // ordinary days against the profile
}

func newView(m *mixture, c *common) *view {
	h := m.h
	v := &view{h: h, mix: m, common: c, offset: int(h.series.Start - c.start), around: around(h)}
	v.profile = m.tracks[1].(*profile)
	v.sales, v.miss = newRecent(h.n), newRecent(h.n)
	for t := range h.n {
		if h.learns(t) {
			v.sales.sum[t+1], v.sales.n[t+1] = h.y[t], 1
			if t >= 2*week {
				v.miss.sum[t+1], v.miss.n[t+1] = h.y[t]-v.profile.means[t][h.dow(t)], 1
			}
		}
	}
	v.sales.cumulate()
	v.miss.cumulate()
	return v
}

// row is what is known at the end of day t about the day steps later, free of scale, and the mixture's forecast for it.
func (v *view) row(t, steps int) ([]float32, float64) {
	h, i := v.h, t+steps
	unit := float32(h.unit)
	base := v.profile.means[t+1][h.dow(i)]
	forecast := v.mix.at(t, steps)
	level := v.sales.over(t, 8*week)
	d := v.common.dates[v.offset+i]
	x := make([]float32, 0, 48)
	x = append(x, float32(steps), float32(h.dow(i)), float32(d.yearDay), float32(d.day), float32(d.easter),
		unit/(level+unit), (float32(base)-level)/unit, float32((forecast-base)/h.unit))
	for w := 1; w <= 3; w++ {
		x = append(x, v.lag(t, i, w, base))
	}
	for _, days := range []int{3, 7, 14, 28, 56} {
		x = append(x, v.miss.over(t, days)/unit)
	}
	x = append(x, (v.sales.over(t, 28)-v.sales.over(t-28, 84))/unit, (v.sales.over(t, 7)-level)/unit, v.lastYear(t, i))
	x = v.days(x, t, i)
	x = v.occasions(x, t, i, float64(level))
	outlet := v.common.outlets[h.series.Outlet]
	for _, days := range []int{2, 7, 21} {
		x = append(x, v.common.pool.over(v.offset+t, days), outlet.over(v.offset+t, days))
	}
	return x, forecast
}

// lag is the same weekday of the weeks before, against the profile.
func (v *view) lag(t, i, weeks int, base float64) float32 {
	i -= weeks * week
	for i > t {
		i -= week
	}
	if i < 0 || !v.h.learns(i) {
		return 0
	}
	return float32((v.h.y[i] - base) / v.h.unit)
}

// lastYear tells how the season went on from here a year ago.
func (v *view) lastYear(t, i int) float32 {
	const back, half = 364, 10
	if t-back-8*week < 0 {
		return unknown
	}
	return (v.sales.over(i-back+half, 2*half+1) - v.sales.over(t-back, 8*week)) / float32(v.h.unit)
}

// days adds the holidays, closed days and school holidays around a day.
func (v *view) days(x []float32, t, i int) []float32 {
	x = append(x, v.mark(i, Holiday), v.mark(i-1, Holiday), v.mark(i+1, Holiday), v.mark(i+2, Holiday), v.mark(i-2, Holiday),
		v.mark(i-1, Closed), v.mark(i+1, Closed))
	next, last := week+1, week+1
	for k := week; k > 0; k-- {
		if v.mark(i+k, Holiday) > 0 {
			next = k
		}
		if v.mark(i-k, Holiday) > 0 {
			last = k
		}
	}
	var school, n float32
	for w := i - 8*week; w < i; w += week {
		if w >= 0 && w <= t {
			school, n = school+v.mark(w, School), n+1
		}
	}
	now := v.mark(i, School)
	return append(x, float32(next), float32(last), now, now-school/max(n, 1))
}

func (v *view) mark(i int, m Marks) float32 {
	if i < 0 || i >= len(v.h.marks) || v.h.marks[i]&m == 0 {
		return 0
	}
	return 1
}

// occasions adds what happened a year ago on the same date, at the same distance from Easter, and on the same weekday: to
// this series and to everybody.
func (v *view) occasions(x []float32, t, i int, level float64) []float32 {
	d := v.h.day(i)
	toEaster := easter(v.common.dates[v.offset+i].year-1) + Day(v.common.dates[v.offset+i].easter)
	for _, same := range []Day{d.yearsBefore(1), toEaster, d - 364} {
		own, all := float32(unknown), float32(unknown)
		if k := int(same - v.h.series.Start); k >= 0 && k+5*week <= t && !math.IsNaN(v.around[k]) {
			own = float32(v.around[k] * level / v.h.unit)
		}
		if r := v.common.aroundAt(same, v.h.day(t)); !math.IsNaN(r) {
			all = float32(r)
		}
		x = append(x, own, all)
	}
	return x
}
