package forecast

import "math"

// Backtest is what would have been forecast at several origins, and what was sold then.
type Backtest struct {
	Series  []Series
	Origins []Day      // last days that were known
	Results [][]Result // by origin and series
}

// NewBacktest forecasts all series as they were known at the end of each origin, one origin after the other. Calendars
// stay whole: closed days and holidays are known ahead. Each is told after every origin; when it says false, or
// Options.Stop is closed, the backtest ends and is nil.
func NewBacktest(series []Series, origins []Day, horizon int, o Options, each func(done int) bool) *Backtest {
	b := &Backtest{Series: series, Origins: origins}
	for i, origin := range origins {
		known := make([]Series, len(series))
		for k := range series {
			known[k] = series[k].Until(origin)
		}
		results := Pool(known, horizon, o)
		if results == nil && len(series) > 0 || !each(i+1) {
			return nil
		}
		b.Results = append(b.Results, results)
	}
	return b
}

// Scale is what the errors of a series are measured by: see [Scales].
type Scale struct{ MASE, RMSSE2 float64 }

// Score sums up a backtest for the first days after each origin.
type Score struct {
	Metrics          // over all days of all series
	Horizon  int     // days
	MASE     float64 // mean over the series
	RMSSE    float64 // mean over the series
	Coverage float64 // of the interval between the lowest and the highest level
	Pinball  float64 // mean over the levels, as a share of mean sales
}

// Score scores the first horizon days. Days that were closed or are not known are not scored, nor are series without a
// scale in MASE and RMSSE.
func (b *Backtest) Score(horizon int, levels []float64, scales map[string]Scale) Score {
	var all scored
	s := Score{Horizon: horizon}
	n := 0.0
	for k := range b.Series {
		one := b.scored(k, horizon)
		all.join(one)
		if c := scales[b.Series[k].ID]; len(one.actual) > 0 && c.MASE > 0 && c.RMSSE2 > 0 {
			s.MASE += MASE(one.actual, one.mean, c.MASE)
			s.RMSSE += RMSSE(one.actual, one.mean, c.RMSSE2)
			n++
		}
	}
	s.MASE, s.RMSSE = s.MASE/n, s.RMSSE/n
	s.Metrics = Measure(all.actual, all.mean)
	if len(all.quantiles) > 0 {
		s.Coverage = Coverage(all.actual, all.quantiles[0], all.quantiles[len(all.quantiles)-1])
		for i, q := range all.quantiles {
			s.Pinball += Pinball(all.actual, q, levels[i]) / float64(len(all.quantiles))
		}
		s.Pinball *= float64(len(all.actual)) / total(all.actual)
	}
	return s
}

// scored is the days of a series that count, of all origins.
type scored struct {
	actual, mean []float64
	quantiles    [][]float64
}

func (s *scored) join(o scored) {
	s.actual, s.mean = append(s.actual, o.actual...), append(s.mean, o.mean...)
	for i, q := range o.quantiles {
		if len(s.quantiles) <= i {
			s.quantiles = append(s.quantiles, nil)
		}
		s.quantiles[i] = append(s.quantiles[i], q...)
	}
}

func (b *Backtest) scored(k, horizon int) (s scored) {
	series := &b.Series[k]
	for i, origin := range b.Origins {
		for steps, a := range b.Results[i][k].Days {
			at := int(a.Day - series.Start)
			// A series that ended before the origin is forecast from its end; one that begins later not at all.
			if a.Day != origin+Day(steps)+1 || steps >= horizon || at < 0 || at >= len(series.Sales) {
				continue
			}
			if y := series.Sales[at]; series.Calendar.Open(a.Day) && !math.IsNaN(y) {
				s.join(scored{[]float64{y}, []float64{a.Mean}, columnsOf(a.Quantiles)})
			}
		}
	}
	return s
}

func columnsOf(row []float64) [][]float64 {
	list := make([][]float64, len(row))
	for i, v := range row {
		list[i] = []float64{v}
	}
	return list
}
