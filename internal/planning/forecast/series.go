package forecast

import (
	"math"
	"slices"
)

// Series is the daily sales of one thing at one place.
type Series struct {
	ID       string
	Outlet   string    // series of one outlet share what happens there; may be empty
	Item     string    // series of one item share its habits; may be empty
	Start    Day       // the day of Sales[0]
	Sales    []float64 // per day, in any unit; NaN: not known. Days after the last one are forecast
	SoldOut  []bool    // demand may have been higher; may be shorter than Sales or nil
	Calendar *Calendar // may be nil
}

// End returns the day after the last one of the history.
func (s *Series) End() Day { return s.Start + Day(len(s.Sales)) }

// Until returns the series as it was known at the end of a day. Days up to then that have no value yet are not known.
func (s *Series) Until(last Day) Series {
	c := *s
	n := max(int(last-s.Start)+1, 0)
	if n <= len(s.Sales) {
		c.Sales = s.Sales[:n:n]
		c.SoldOut = s.SoldOut[:min(n, len(s.SoldOut))]
		return c
	}
	c.Sales = append(make([]float64, 0, n), s.Sales...)
	for len(c.Sales) < n {
		c.Sales = append(c.Sales, math.NaN())
	}
	return c
}

// Renamed joins the history of a product with that of its earlier names: the result has the last one's identity, begins
// with the first day of any and adds up what was sold on the same day.
func Renamed(now Series, before ...Series) Series {
	start, end := now.Start, now.End()
	for _, b := range before {
		if len(b.Sales) > 0 {
			start, end = min(start, b.Start), max(end, b.End())
		}
	}
	joined := now
	joined.Start, joined.Sales, joined.SoldOut = start, make([]float64, end-start), make([]bool, end-start)
	for i := range joined.Sales {
		joined.Sales[i] = math.NaN()
	}
	for _, part := range append(slices.Clone(before), now) {
		joined.add(&part)
	}
	return joined
}

// add adds a part that lies within the series.
func (s *Series) add(part *Series) {
	for i, v := range part.Sales {
		at := int(part.Start-s.Start) + i
		switch {
		case math.IsNaN(v):
		case math.IsNaN(s.Sales[at]):
			s.Sales[at] = v
		default:
			s.Sales[at] += v
		}
		s.SoldOut[at] = s.SoldOut[at] || i < len(part.SoldOut) && part.SoldOut[i]
	}
}
