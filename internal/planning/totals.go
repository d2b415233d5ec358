package planning

import (
	"cmp"
	"math"
	"slices"

	"brigade/internal/planning/forecast"
)

// Level is what forecasts and metrics are summed up to.
type Level string

// The levels.
const (
	LevelProduct Level = "product" // at all outlets together
	LevelOutlet  Level = "outlet"
	LevelNetwork Level = "network"
)

// TotalForecast is the forecast of a sum. Its mean is the sum of its parts' means.
type TotalForecast struct {
	Run       int64
	Outlet    int64  // 0: all
	SKU       string // "": all products
	Day       Day
	Mean      float64
	Levels    []float64
	Quantiles []float64
}

// total is a sum of products.
type total struct {
	outlet int64
	sku    string
	parts  []int // indices of the book's products
}

// totals are the outlets, the products that several outlets sell, and the network.
type totals struct {
	book *book
	list []total
}

func (b *book) totals() *totals {
	t := &totals{book: b}
	outlets, skus := map[int64][]int{}, map[string][]int{}
	all := make([]int, len(b.products))
	for i, p := range b.products {
		outlets[p.Outlet], skus[p.SKU] = append(outlets[p.Outlet], i), append(skus[p.SKU], i)
		all[i] = i
	}
	for o, parts := range outlets {
		t.list = append(t.list, total{outlet: o, parts: parts})
	}
	for sku, parts := range skus {
		t.list = append(t.list, total{sku: sku, parts: parts})
	}
	if len(all) > 0 {
		t.list = append(t.list, total{parts: all})
	}
	slices.SortFunc(t.list, func(a, b total) int { return cmp.Or(cmp.Compare(a.outlet, b.outlet), cmp.Compare(a.sku, b.sku)) })
	return t
}

// histories are the sums' own. A day that one of the outlets has not reported is not known. What is the same as another
// is left out: a sum of one product, and what adds up to the network.
func (t *totals) histories() []forecast.Series {
	var list []forecast.Series
	for k, sum := range t.list {
		if t.own(k) {
			list = append(list, t.book.sum(sum))
		}
	}
	return list
}

// own tells whether a sum has a history of its own. The network is the first of the list.
func (t *totals) own(k int) bool {
	n := len(t.list[k].parts)
	return n > 1 && (k == 0 || n < len(t.book.products))
}

// all gives each sum its forecast, from those of the histories and of the products.
func (t *totals) all(products, made []forecast.Result) []forecast.Result {
	list := make([]forecast.Result, len(t.list))
	for k, sum := range t.list {
		switch {
		case t.own(k):
			list[k], made = made[0], made[1:]
		case len(sum.parts) == 1:
			list[k] = products[sum.parts[0]]
		default:
			list[k] = list[0]
		}
	}
	return list
}

func (b *book) sum(t total) forecast.Series {
	first, places := b.until+1, map[int64]bool{}
	for _, i := range t.parts {
		first = min(first, b.products[i].past.Start)
		places[b.products[i].Outlet] = true
	}
	var outlets []int64
	for o := range places {
		outlets = append(outlets, o)
	}
	slices.Sort(outlets)
	s := forecast.Series{
		ID: "o" + seriesKey(t.outlet) + "/" + t.sku, Start: first, Sales: make([]float64, b.until-first+1),
		SoldOut: make([]bool, b.until-first+1), Calendar: b.calendars.together(outlets),
	}
	for _, i := range t.parts {
		past := &b.products[i].past
		offset := int(past.Start - first)
		for k, v := range past.Sales {
			if math.IsNaN(v) && !past.Calendar.Open(past.Start+Day(k)) {
				continue
			}
			s.Sales[offset+k] += v
			s.SoldOut[offset+k] = s.SoldOut[offset+k] || past.SoldOut[k]
		}
	}
	return s
}

// reconcile makes products agree with what their outlet sells as a whole, as far as each of them is sure.
func (t *totals) reconcile(products, sums []forecast.Result, levels []float64) {
	for k, sum := range t.list {
		if sum.outlet == 0 || len(sum.parts) < 2 {
			continue
		}
		for d := range sums[k].Days {
			reconcileDay(products, sum.parts, &sums[k].Days[d], d, levels)
		}
	}
}

func reconcileDay(products []forecast.Result, parts []int, sum *forecast.Ahead, d int, levels []float64) {
	means, variances, all := make([]float64, len(parts)), make([]float64, len(parts)), make([]int, len(parts))
	for i, p := range parts {
		a := &products[p].Days[d]
		means[i], variances[i], all[i] = a.Mean, a.Variance(levels), i
	}
	agreed := forecast.Reconcile(means, variances, []forecast.Total{{Mean: sum.Mean, Variance: sum.Variance(levels), Parts: all}})
	for i, p := range parts {
		move(&products[p].Days[d], agreed[i])
	}
}

// move gives a forecast another mean. Its interval goes along; whole numbers stay whole.
func move(a *forecast.Ahead, mean float64) {
	if a.Mean <= 0 || mean == a.Mean {
		return
	}
	whole := true
	for _, q := range a.Quantiles {
		whole = whole && q == math.Trunc(q)
	}
	for i := range a.Quantiles {
		if a.Quantiles[i] *= mean / a.Mean; whole {
			a.Quantiles[i] = math.Round(a.Quantiles[i])
		}
	}
	a.Mean = mean
}

// made are the sums of what products were forecast, with the intervals of the sums' own forecasts.
func (t *totals) made(products, sums []forecast.Result, r *Run) []TotalForecast {
	var list []TotalForecast
	for k, sum := range t.list {
		for d := range r.Horizon {
			a := sums[k].Days[d]
			a.Quantiles = slices.Clone(a.Quantiles) // others may have the same forecast
			mean := 0.0
			for _, p := range sum.parts {
				mean += products[p].Days[d].Mean
			}
			if a.Mean <= 0 { // unknown as a whole: as if all parts erred together
				a.Quantiles = make([]float64, len(r.Levels))
				for _, p := range sum.parts {
					for i, q := range products[p].Days[d].Quantiles {
						a.Quantiles[i] += q
					}
				}
			}
			move(&a, mean)
			list = append(list, TotalForecast{Outlet: sum.outlet, SKU: sum.sku, Day: a.Day, Mean: mean, Levels: r.Levels, Quantiles: a.Quantiles})
		}
	}
	return list
}
