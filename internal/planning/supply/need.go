package supply

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Amount is a quantity in thousandths of a unit.
type Amount int64

// Milli is how many make a unit.
const Milli = 1000

// most keeps sums of amounts far from the end of the numbers.
const most = Amount(1) << 50

// Of returns the amount nearest to so many units; what is no number, or below zero, is none.
func Of(units float64) Amount { return whole(units * Milli) }

// whole rounds thousandths to an amount.
func whole(milli float64) Amount {
	if !(milli > 0) {
		return 0
	}
	return Amount(math.Round(min(milli, float64(most))))
}

// Units returns the amount in units.
func (a Amount) Units() float64 { return float64(a) / Milli }

// Demand is what an item will sell on a day.
type Demand struct {
	Item      string
	Day       int
	Mean      float64
	Levels    []float64 // of the quantiles, rising
	Quantiles []float64
}

// Part is what one unit of an item takes of an ingredient.
type Part struct {
	Item       string
	Ingredient int64
	Amount     Amount
}

// Use is what is taken of an ingredient, by day.
type Use struct {
	Mean   []Amount
	Spread []float64 // how much more the service level asks for, in thousandths, if the day stood alone
}

// Together is how much the errors of products on a day, and of days after one another, have in common: the weather, the
// season, an event nobody knew of. 0 would let them even out, 1 not at all. Measured on no particular business; between
// these two, errors that have some of it in common are the rule in retail.
const Together = 0.3

// Spread is how much above its mean the demand lies at a service level. Between the quantiles it follows a straight line on
// normal probability paper, beyond the last one too.
func (d *Demand) Spread(level float64) float64 {
	n := min(len(d.Levels), len(d.Quantiles))
	if n == 0 || !(level > 0 && level < 1) {
		return 0
	}
	z, k := distuv.UnitNormal.Quantile(level), 0
	for k < n-2 && level > d.Levels[k+1] {
		k++
	}
	if n == 1 {
		return max(d.Quantiles[0]-d.Mean, 0)
	}
	a, b := distuv.UnitNormal.Quantile(d.Levels[k]), distuv.UnitNormal.Quantile(d.Levels[k+1])
	if b <= a {
		return max(d.Quantiles[k+1]-d.Mean, 0)
	}
	q := d.Quantiles[k] + (d.Quantiles[k+1]-d.Quantiles[k])*(z-a)/(b-a)
	if v := q - d.Mean; v > 0 && !math.IsInf(v, 0) {
		return v
	}
	return 0
}

// Pooled is the spread of a sum: √((1−ρ)·Σs² + ρ·(Σs)²), the standard deviation of a sum of equally correlated errors, with
// ρ = [Together] (Eppen: Effects of centralization on expected costs, Management Science 25, 1979).
func Pooled(spreads []float64) float64 {
	sum, squares := 0.0, 0.0
	for _, s := range spreads {
		if s > 0 {
			sum, squares = sum+s, squares+s*s
		}
	}
	return math.Sqrt((1-Together)*squares + Together*sum*sum)
}

// Uses says what demand of some days takes of each ingredient, at a service level: the chance that a day's stock suffices.
func Uses(demand []Demand, parts []Part, days int, level float64) map[int64]*Use {
	byItem := map[string][]Part{}
	for _, p := range parts {
		byItem[p.Item] = append(byItem[p.Item], p)
	}
	type sum struct {
		mean    []float64
		spreads [][]float64
	}
	sums := map[int64]*sum{}
	for i := range demand {
		d := &demand[i]
		if d.Day < 0 || d.Day >= days {
			continue
		}
		spread := d.Spread(level)
		for _, p := range byItem[d.Item] {
			s := sums[p.Ingredient]
			if s == nil {
				s = &sum{make([]float64, days), make([][]float64, days)}
				sums[p.Ingredient] = s
			}
			s.mean[d.Day] += max(d.Mean, 0) * float64(p.Amount)
			s.spreads[d.Day] = append(s.spreads[d.Day], spread*float64(p.Amount))
		}
	}
	uses := make(map[int64]*Use, len(sums))
	for id, s := range sums {
		u := &Use{make([]Amount, days), make([]float64, days)}
		for d := range days {
			u.Mean[d], u.Spread[d] = whole(s.mean[d]), Pooled(s.spreads[d])
		}
		uses[id] = u
	}
	return uses
}
