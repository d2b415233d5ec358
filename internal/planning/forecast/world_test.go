package forecast_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"brigade/internal/planning/forecast"
)

var monday = forecast.DayOf(2024, time.January, 1)

// shop generates sales as a shop might have them: weekdays, a season, holidays, noise that grows with the level.
type shop struct {
	level, noise, growth, season float64
	weekdays                     [7]float64 // factors, Sunday first
	days                         int
	seed                         uint64
	whole                        bool
	start                        forecast.Day // 0: monday
	calendar                     *forecast.Calendar
	chance                       float64 // of any sale on a day; 0: always
}

var weekend = [7]float64{1.3, 0.8, 0.8, 0.9, 1, 1.2, 1.5}

func (s shop) mean(d forecast.Day) float64 {
	start := s.start
	if start == 0 {
		start = monday
	}
	if !s.calendar.Open(d) {
		return 0
	}
	i := float64(d - start)
	f := s.weekdays[d.Weekday()]
	if s.calendar.At(d)&forecast.Holiday != 0 {
		f = s.weekdays[0] * 1.1
	}
	return s.level * f * (1 + s.growth*i/365) * (1 + s.season*math.Sin(2*math.Pi*float64(d)/365.25))
}

func (s shop) series(id string) forecast.Series {
	if s.start == 0 {
		s.start = monday
	}
	rng := rand.New(rand.NewPCG(s.seed, 3))
	f := forecast.Series{ID: id, Start: s.start, Calendar: s.calendar, Sales: make([]float64, s.days)}
	for i := range f.Sales {
		m := s.mean(s.start + forecast.Day(i))
		v := max(m*(1+s.noise*rng.NormFloat64()), 0)
		if s.chance > 0 && rng.Float64() > s.chance {
			v = 0
		}
		if s.whole {
			v = math.Round(v)
		}
		f.Sales[i] = v
	}
	return f
}

// holidays closes Christmas and marks a holiday every first of a month.
func holidays(from forecast.Day, days int) *forecast.Calendar {
	c := &forecast.Calendar{Start: from, Days: make([]forecast.Marks, days)}
	for i := range c.Days {
		d := (from + forecast.Day(i)).Time()
		switch {
		case d.Month() == time.December && d.Day() == 25:
			c.Days[i] = forecast.Closed | forecast.Holiday
		case d.Day() == 1:
			c.Days[i] = forecast.Holiday
		}
	}
	return c
}

// town is many shops of different sizes.
func town(n, days int) []forecast.Series {
	c := holidays(monday, days+60)
	list := make([]forecast.Series, n)
	for i := range list {
		s := shop{
			level: 5 * math.Exp(float64(i%7)), noise: 0.3, growth: 0.1, season: 0.1, weekdays: weekend, days: days,
			seed: uint64(i), calendar: c, whole: i%2 == 0,
		}
		if i%9 == 8 {
			s.chance = 0.3
		}
		list[i] = s.series(fmt.Sprintf("s%05d", i))
		list[i].Outlet, list[i].Item = fmt.Sprint("o", i/20), fmt.Sprint("i", i%20)
	}
	return list
}

func means(r forecast.Result) []float64 {
	list := make([]float64, len(r.Days))
	for i, d := range r.Days {
		list[i] = d.Mean
	}
	return list
}

func total(values []float64) (sum float64) {
	for _, v := range values {
		sum += v
	}
	return sum
}

func BenchmarkPool(b *testing.B) {
	for _, n := range []int{200, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			list := town(n, 730)
			for b.Loop() {
				forecast.Pool(list, 14, forecast.Options{Workers: 2})
			}
		})
	}
}
