package forecast

import (
	"math"
	"time"

	"gonum.org/v1/gonum/stat/distuv"
)

// HoursPerDay is how many hours a clock shows.
const HoursPerDay = 24

// Hours is the share of a day's sales in each hour that the clock shows; they add up to 1.
type Hours [HoursPerDay]float64

// DayHours are the sales of one day by the hour that the clock shows; NaN: not known.
type DayHours struct {
	Day   Day
	Sales [HoursPerDay]float64
}

// HourProfile returns the shares of hours on a weekday, from days of the past: the same weekday counts fully, other days
// of the same part of the week a quarter, others a little; a day of eight weeks ago counts half. Without sales all hours
// of other days, or else all hours, are alike.
func HourProfile(past []DayHours, weekday time.Weekday, on Day) Hours {
	var sum Hours
	for i := range past {
		p := &past[i]
		if p.Day >= on {
			continue
		}
		w := likeness(p.Day.Weekday(), weekday) * math.Exp2(-float64(on-p.Day)/(8*week))
		day := 0.0
		for _, v := range p.Sales {
			day += known(v)
		}
		if day <= 0 {
			continue
		}
		for h, v := range p.Sales {
			sum[h] += w * known(v) / math.Sqrt(day) // shares, where a busy day tells more than a quiet one
		}
	}
	return sum.normal()
}

func likeness(a, b time.Weekday) float64 {
	weekend := func(d time.Weekday) bool { return d == time.Saturday || d == time.Sunday }
	switch {
	case a == b:
		return 1
	case weekend(a) == weekend(b):
		return 0.25
	default:
		return 0.05
	}
}

func known(v float64) float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return 0
	}
	return max(v, 0)
}

// normal returns shares that add up to 1.
func (p Hours) normal() Hours {
	sum := total(p[:])
	for h := range p {
		if sum > 0 {
			p[h] /= sum
		} else {
			p[h] = 1.0 / HoursPerDay
		}
	}
	return p
}

// Hour is the sales expected in one hour.
type Hour struct {
	Begin time.Time
	Sales float64
}

// Spread spreads a day's forecast over the hours of that day in a zone. On the day the clock goes forward, the share of
// the hour that does not exist goes to the others; when it goes back, the hour that comes twice is shared. The hours add
// up to the forecast.
func (p Hours) Spread(forecast float64, d Day, zone *time.Location) []Hour {
	y, m, day := d.Time().Date()
	begin, end := time.Date(y, m, day, 0, 0, 0, 0, zone), time.Date(y, m, day+1, 0, 0, 0, 0, zone)
	var times [HoursPerDay]float64
	var list []Hour
	for t := begin; t.Before(end); t = t.Add(time.Hour) {
		list = append(list, Hour{Begin: t})
		times[t.Hour()]++
	}
	sum := 0.0
	for i := range list {
		h := list[i].Begin.Hour()
		list[i].Sales = p[h] / times[h]
		sum += list[i].Sales
	}
	for i := range list {
		if sum > 0 {
			list[i].Sales *= forecast / sum
		} else {
			list[i].Sales = forecast / float64(len(list))
		}
	}
	return list
}

// Now is a day's forecast brought up to date while the day goes on.
type Now struct {
	Mean float64 // of the whole day
	Rest float64 // of what is still to come
	Low  float64 // of the whole day, 90 % interval with High
	High float64
}

// Nowcast brings a day's forecast up to date from what has been sold in the hours before until (0 to 24). The forecast
// is taken for a gamma distribution whose spread is that of the interval, sales of the day so far for counts around
// their share: the posterior mean weighs both by what they tell, so that a slow first hour moves little and a busy
// morning much (the Poisson-gamma model: Gelman et al.: Bayesian Data Analysis, 3rd ed. 2013, section 2.6). Low and high
// are the forecast's 5 % and 95 % quantiles. profile is for hours the clock shows; times is sales so far.
func Nowcast(forecast, low, high float64, sold float64, until int, profile Hours) Now {
	until = min(max(until, 0), HoursPerDay)
	sold = known(sold)
	gone := min(total(profile[:until]), 1)
	if forecast <= 0 || gone <= 0 {
		mean := max(forecast, sold)
		return Now{Mean: mean, Rest: mean - sold, Low: max(low, sold), High: max(high, mean)}
	}
	sd := max((high-low)/(2*normalQuantile(0.95)), 0.02*forecast)
	shape := forecast * forecast / (sd * sd)
	rate := shape / forecast
	// Shares vary from day to day: what is seen counts as if so many units at a time were sold.
	lump := max(1, forecast*shareNoise)
	level := (shape + sold/lump) / (rate + gone/lump)
	rest := level * (1 - gone)
	left := math.Sqrt((shape + sold/lump)) / (rate + gone/lump) * (1 - gone)
	noise := math.Sqrt(left*left + rest*lump*(1-gone))
	z := normalQuantile(0.95)
	return Now{Mean: sold + rest, Rest: rest, Low: sold + max(rest-z*noise, 0), High: sold + rest + z*noise}
}

// shareNoise is the variance of a morning's sales around their share, as a part of the squared day.
const shareNoise = 0.02

func normalQuantile(p float64) float64 { return distuv.UnitNormal.Quantile(p) }
