package forecast

import "math"

// regression is ridge regression on weekday, recent weekday, trend, time of the year and school holidays, fitted again
// every week on everything known by then, older days counting less.
//
// It works on square roots, which make the spread of sales about even (Anscombe 1948) and take the weight off outliers;
// the variance is added back so that the mean is met. Reference: Hoerl and Kennard: Ridge regression, 1970; Hyndman and
// Athanasopoulos: Forecasting: Principles and Practice, 3rd ed., ch. 7 (calendar and Fourier terms).
type regression struct {
	h     *history
	fits  []fit
	which []int // the fit to use at the end of each day; -1: none yet
	dates []angle
	fade  []float64 // what a day counts, by age
}

type angle struct{ sin, cos float64 }

// Columns of the design.
const (
	colDow    = 0
	colTrend  = colDow + week
	colYear   = colTrend + 1 // two harmonics
	colSchool = colYear + 4  // on weekdays, on weekends
	colRecent = colSchool + 2
	columns   = colRecent + week

	halfLife    = 240       // days after which a day counts half
	recentDays  = 12 * week // days that make the recent weekdays
	recentScale = 0.35      // of their columns: makes the penalty eight times as strong
	penalty     = 3.0       // days of evidence against each coefficient
	recentFits  = 26 * week // days over which it is fitted every week; before that, every four
	lookBack    = 3 * halfLife
	yearly      = 500 // days of history from which the time of the year is used
)

type design [columns]float64

// fit is the regression as of the end of day t.
type fit struct {
	t        int
	coef     design
	centre   float64 // of the square roots
	variance float64
}

func newRegression(h *history) *regression {
	r := &regression{h: h, dates: make([]angle, h.n+ahead)}
	for i := range r.dates {
		a := 2 * math.Pi * float64(i) / 365.25 // the phase does not matter
		r.dates[i] = angle{math.Sin(a), math.Cos(a)}
	}
	r.fade = make([]float64, lookBack+1)
	for age := range r.fade {
		r.fade[age] = math.Exp2(-float64(age) / halfLife)
	}
	for t := range h.n {
		if left := h.n - 1 - t; left%week == 0 && (left < recentFits || left%(4*week) == 0) {
			r.fits = append(r.fits, r.fit(t))
		}
		r.which = append(r.which, len(r.fits)-1)
	}
	return r
}

func (r *regression) name() string { return "regression" }

func (r *regression) at(t, steps, dow int) float64 {
	if t < 0 || r.which[t] < 0 {
		return math.NaN()
	}
	f := &r.fits[r.which[t]]
	var x design
	r.fill(&x, t+steps, f.t, dow)
	x[colRecent+dow] = recentScale
	s := f.centre
	for i, c := range f.coef {
		s += c * x[i]
	}
	s = max(s, 0)
	return s*s + f.variance
}

// fill writes what is known of day i, seen from day t, but for the recent weekdays.
func (r *regression) fill(x *design, i, t, dow int) {
	*x = design{}
	x[colDow+dow] = 1
	x[colTrend] = max(float64(i-t)/365, -2)
	if t >= yearly {
		a := r.dates[i]
		x[colYear], x[colYear+1] = a.sin, a.cos
		x[colYear+2], x[colYear+3] = 2*a.sin*a.cos, 1-2*a.sin*a.sin
	}
	if r.h.marks[i]&School != 0 {
		if dow == 0 || dow == 6 {
			x[colSchool+1] = 1
		} else {
			x[colSchool] = 1
		}
	}
}

// fit solves the normal equations with what is known at the end of day t.
func (r *regression) fit(t int) fit {
	h := r.h
	f := fit{t: t}
	top, centre := r.centre(t)
	f.centre = centre
	var gram [columns]design
	var right, x design
	var index [columns]int
	for i := max(0, t-lookBack); i <= t; i++ {
		if y, ok := h.teaches(i, 0, 0); ok {
			r.observed(&x, i, t)
			accumulate(&gram, &right, x.nonzero(&index), &x, r.fade[t-i], math.Sqrt(min(y, top))-centre)
		}
	}
	for i := range gram {
		gram[i][i] += penalty
	}
	f.coef = solve(&gram, &right)
	f.variance = r.variance(&f, top)
	return f
}

// centre returns where outliers are cut, and the square root around which coefficients are shrunk.
func (r *regression) centre(t int) (top, centre float64) {
	level := r.h.mean(t-16*week+1, t+1)
	if math.IsNaN(level) {
		if level = r.h.mean(0, t+1); math.IsNaN(level) {
			level = 0
		}
	}
	return max(4*level, level+4*r.h.unit*r.h.rare), math.Sqrt(level)
}

func (r *regression) observed(x *design, i, t int) {
	dow := r.h.dow(i)
	r.fill(x, i, t, dow)
	if t-i < recentDays {
		x[colRecent+dow] = recentScale
	}
}

// variance returns the weighted variance of the square roots around the fit.
func (r *regression) variance(f *fit, top float64) float64 {
	var sum, n float64
	var x design
	for i := max(0, f.t-halfLife); i <= f.t; i++ {
		y, ok := r.h.teaches(i, 0, 0)
		if !ok {
			continue
		}
		r.observed(&x, i, f.t)
		s := f.centre
		for k, c := range f.coef {
			s += c * x[k]
		}
		e := math.Sqrt(min(y, top)) - s
		sum += e * e
		n++
	}
	return sum / max(n, 1)
}

// nonzero returns the columns that are not zero.
func (x *design) nonzero(index *[columns]int) []int {
	list := index[:0]
	for i, v := range x {
		if v != 0 {
			list = append(list, i)
		}
	}
	return list
}

// accumulate adds an observation to the lower triangle of the normal equations.
func accumulate(gram *[columns]design, right *design, list []int, x *design, w, y float64) {
	for k, i := range list {
		wx := w * x[i]
		right[i] += wx * y
		for _, j := range list[:k+1] {
			gram[i][j] += wx * x[j]
		}
	}
}

// solve solves a positive definite system given by its lower triangle, by Cholesky's decomposition in place: the
// systems are many and small.
func solve(a *[columns]design, b *design) design {
	for i := range columns {
		for j := range i + 1 {
			s := a[i][j]
			for k := range j {
				s -= a[i][k] * a[j][k]
			}
			if i == j {
				a[i][i] = math.Sqrt(s)
			} else {
				a[i][j] = s / a[j][j]
			}
		}
	}
	x := *b
	for i := range columns {
		for k := range i {
			x[i] -= a[i][k] * x[k]
		}
		x[i] /= a[i][i]
	}
	for i := columns - 1; i >= 0; i-- {
		for k := i + 1; k < columns; k++ {
			x[i] -= a[k][i] * x[k]
		}
		x[i] /= a[i][i]
	}
	return x
}
