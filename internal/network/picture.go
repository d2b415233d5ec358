package network

import (
	"cmp"
	"math"
	"slices"
	"time"

	"brigade/internal/errs"
)

// SiteFigures are an outlet with its figures.
type SiteFigures struct {
	Site
	Figures
}

// DaySales are what was sold on a day.
type DaySales struct {
	Day     time.Time
	Milli   int64
	Revenue int64
	Outlets int // that reported anything
}

// Outlook is what is expected of a day.
type Outlook struct {
	Day   time.Time
	Milli int64
	// Low and High are between what the day should lie as often as forecasts' intervals hold, if all tenants err together;
	// NaN without forecasts of whole tenants. Units.
	Low, High float64
}

// Made is a preparation that an outlet makes in the house; quantities are thousandths of the unit.
type Made struct {
	Outlet  int64
	Code    string
	Name    string
	Unit    string
	Milli   int64 // made in the window and today
	Times   int   // in so many goes
	Today   int64 // of it, today
	Planned int64 // to be made today
}

// Transfer is what an outlet got from and gave to others.
type Transfer struct {
	Outlet  int64
	Code    string
	Name    string
	Unit    string
	In, Out int64 // thousandths of the unit
}

// Route is a driver on his way.
type Route struct {
	Driver  int64
	Tenant  int64
	Name    string
	Vehicle string
	Region  string
	Stops   int // deliveries that he has accepted
	OnBoard int // of them, fetched
	Next    *time.Time
	Last    *time.Time
	Outlets []int64
}

// Shipment is a purchase order on its way.
type Shipment struct {
	Outlet   int64
	Number   string
	Supplier string
	Status   string
	On       *time.Time // the day it is expected
	Value    int64      // in the supplier's currency's minor unit
}

// Picture is a network at one moment: everything in it was read at once.
type Picture struct {
	Parent    Parent
	Window    Window
	At        time.Time // of the product's clock
	Sites     []SiteFigures
	Days      []DaySales
	Outlook   []Outlook
	Made      []Made
	Transfers []Transfer
	Routes    []Route
	Shipments []Shipment
}

// Total are the figures of the whole network: the sums of its outlets'.
func (p *Picture) Total() Figures { return p.sum(func(*SiteFigures) bool { return true }) }

// Central are the figures of the sites that produce for others.
func (p *Picture) Central() Figures { return p.sum(func(s *SiteFigures) bool { return s.Central }) }

func (p *Picture) sum(of func(*SiteFigures) bool) Figures {
	f := Figures{Forecast: make([]int64, p.Window.Ahead)}
	for i := range p.Sites {
		if of(&p.Sites[i]) {
			f.Add(&p.Sites[i].Figures)
		}
	}
	return f
}

// Site finds an outlet by its id.
func (p *Picture) Site(outlet int64) (*SiteFigures, bool) {
	for i := range p.Sites {
		if p.Sites[i].Outlet == outlet {
			return &p.Sites[i], true
		}
	}
	return nil, false
}

// Growth is how much more revenue the window has than the days before it; NaN when there was none.
func (f *Figures) Growth() float64 {
	return ratio(float64(f.Now.Revenue-f.Before.Revenue), float64(f.Before.Revenue))
}

// WasteShare is what was lost for each unit of money sold; NaN when nothing was sold.
func (f *Figures) WasteShare() float64 { return ratio(float64(f.Waste.Cost()), float64(f.Now.Revenue)) }

// WasteReduction is how much smaller the share of waste is than it was in the days before; below 0: larger; NaN when it
// cannot be said.
func (f *Figures) WasteReduction() float64 {
	before := ratio(float64(f.WasteBefore.Cost()), float64(f.Before.Revenue))
	return ratio(before-f.WasteShare(), before)
}

// ForecastAccuracy is 1 - WAPE (Kolassa, Schütz 2007: advantages of the MAD/mean ratio over the MAPE); at least 0, NaN
// when nothing was compared.
func (f *Figures) ForecastAccuracy() float64 {
	a := 1 - ratio(f.Accuracy.Off, f.Accuracy.Actual)
	if math.IsNaN(a) {
		return a
	}
	return max(a, 0)
}

// Expected is what is forecast for all the days ahead, in thousandths of units.
func (f *Figures) Expected() (milli int64) {
	for _, v := range f.Forecast {
		milli += v
	}
	return milli
}

func ratio(a, b float64) float64 {
	if b == 0 || math.IsNaN(b) {
		return math.NaN()
	}
	return a / b
}

// Metric is what outlets are compared by.
type Metric string

// The metrics.
const (
	ByRevenue  Metric = "revenue"
	ByUnits    Metric = "units"
	ByGrowth   Metric = "growth"
	ByWaste    Metric = "waste"    // the smallest share first
	ByAccuracy Metric = "accuracy" // of forecasts
	ByForecast Metric = "forecast"
)

// Metrics lists the metrics.
var Metrics = []Metric{ByRevenue, ByUnits, ByGrowth, ByWaste, ByAccuracy, ByForecast}

// Of is an outlet's value of a metric; NaN when it cannot be said.
func (m Metric) Of(f *Figures) float64 {
	switch m {
	case ByUnits:
		return float64(f.Now.Milli) / 1000
	case ByGrowth:
		return f.Growth()
	case ByWaste:
		return f.WasteShare()
	case ByAccuracy:
		return f.ForecastAccuracy()
	case ByForecast:
		return float64(f.Expected()) / 1000
	default:
		return float64(f.Now.Revenue)
	}
}

// Ranked are an outlet's figures with its rank by a metric.
type Ranked struct {
	*SiteFigures
	Rank  int // from 1; those with the same value have the same rank; 0: it cannot be said
	Value float64
}

// Rank compares the outlets by a metric, the best first, those of which it cannot be said last.
// Errors: KindInvalid for no such metric.
func (p *Picture) Rank(by Metric) ([]Ranked, error) {
	if !slices.Contains(Metrics, by) {
		var f errs.Fields
		f.Add("metric", "must be one of %v", Metrics)
		return nil, f.Err()
	}
	list := make([]Ranked, len(p.Sites))
	for i := range p.Sites {
		list[i] = Ranked{SiteFigures: &p.Sites[i], Value: by.Of(&p.Sites[i].Figures)}
	}
	slices.SortStableFunc(list, func(a, b Ranked) int {
		if math.IsNaN(a.Value) || math.IsNaN(b.Value) {
			return cmp.Compare(truth(math.IsNaN(a.Value)), truth(math.IsNaN(b.Value)))
		}
		if by == ByWaste {
			return cmp.Compare(a.Value, b.Value)
		}
		return cmp.Compare(b.Value, a.Value)
	})
	for i := range list {
		switch {
		case math.IsNaN(list[i].Value):
		case i > 0 && list[i].Value == list[i-1].Value:
			list[i].Rank = list[i-1].Rank
		default:
			list[i].Rank = i + 1
		}
	}
	return list, nil
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}
