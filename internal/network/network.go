// Package network sums up what a parent tenant sees of its network: its own outlets and those of the tenants that have
// joined it, with the sites that produce for others. Every sum is made of the outlets' own figures, in whole thousandths
// and minor units, so that a network's figures are those of its outlets to the unit.
package network

import "time"

// Tier is the tier of tenants that have a network.
const Tier = "enterprise"

// Parent is a tenant as the head of a network.
type Parent struct {
	ID       int64
	Slug     string
	Name     string
	Tier     string
	Active   bool
	Zone     *time.Location
	Currency string // of all members
	Members  int    // tenants that have joined
	Inactive int    // of them, suspended or cancelled ones: their outlets are left out
}

// Site is an outlet in a network.
type Site struct {
	Outlet     int64
	Tenant     int64
	Slug       string
	Name       string
	TenantSlug string
	TenantName string
	Timezone   string
	Central    bool // it produces for others
}

// Window are the days that figures are about: so many that are over, by the parent's clock, as many before them, and today.
// Dates are midnights of UTC; each outlet's days are its own.
type Window struct {
	Before time.Time // the first of the days to compare with
	First  time.Time
	Last   time.Time // yesterday
	Today  time.Time
	Days   int
	Ahead  int // days that are forecast, from today on
}

const (
	// DefaultDays is how many days a window has unless said otherwise.
	DefaultDays = 30
	// MostDays is how many it has at most.
	MostDays = 366
	// AheadDays are forecast.
	AheadDays = 7
)

// NewWindow returns the window of a number of days up to yesterday.
func NewWindow(now time.Time, zone *time.Location, days int) Window {
	y, m, d := now.In(zone).Date()
	today := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	return Window{
		Before: today.AddDate(0, 0, -2*days), First: today.AddDate(0, 0, -days), Last: today.AddDate(0, 0, -1), Today: today,
		Days: days, Ahead: AheadDays,
	}
}

// Sales are what was sold. Quantities are thousandths of a unit, money is in the currency's minor unit.
type Sales struct {
	Milli   int64
	Revenue int64
	Days    int // on which anything was reported
}

// Waste is what was lost, in the currency's minor unit.
type Waste struct {
	Units    int   // that were made in vain
	Food     int64 // their estimated cost
	Stock    int64 // ingredients thrown away, at what their suppliers take
	Unpriced int   // of these, entries nobody sells
}

// Cost is all that was lost.
func (w Waste) Cost() int64 { return w.Food + w.Stock }

// Kitchen is what a kitchen has to do now.
type Kitchen struct {
	Orders int   // that are open
	ToMake int64 // units of them
	Made   int64 // units that wait to be handed over or are on their way
}

// Deliveries are deliveries under way.
type Deliveries struct {
	Waiting   int // nobody has accepted them
	Assigned  int // somebody fetches them
	PickedUp  int
	Late      int // expected later than was promised
	Escalated int // somebody has to look
}

// Open is all that is under way.
func (d Deliveries) Open() int { return d.Waiting + d.Assigned + d.PickedUp }

// Accuracy is how far forecasts of products were off.
type Accuracy struct {
	Compared int
	Off      float64 // units, summed up without sign
	Actual   float64 // units
}

// Figures are an outlet's, or sums of several outlets'.
type Figures struct {
	Before, Now, Today Sales
	WasteBefore        Waste
	Waste              Waste
	Kitchen            Kitchen
	Deliveries         Deliveries
	Shipments          int     // from suppliers, on their way
	Overdue            int     // of them
	Forecast           []int64 // thousandths of units by day, from today on
	Accuracy           Accuracy
}

// Add adds another's figures. Days of sales are the most that any outlet reported.
func (f *Figures) Add(o *Figures) {
	f.Before.add(o.Before)
	f.Now.add(o.Now)
	f.Today.add(o.Today)
	f.WasteBefore.add(o.WasteBefore)
	f.Waste.add(o.Waste)
	f.Kitchen = Kitchen{f.Kitchen.Orders + o.Kitchen.Orders, f.Kitchen.ToMake + o.Kitchen.ToMake, f.Kitchen.Made + o.Kitchen.Made}
	a, b := f.Deliveries, o.Deliveries
	f.Deliveries = Deliveries{a.Waiting + b.Waiting, a.Assigned + b.Assigned, a.PickedUp + b.PickedUp, a.Late + b.Late, a.Escalated + b.Escalated}
	f.Shipments, f.Overdue = f.Shipments+o.Shipments, f.Overdue+o.Overdue
	for i, v := range o.Forecast {
		if i == len(f.Forecast) {
			f.Forecast = append(f.Forecast, 0)
		}
		f.Forecast[i] += v
	}
	f.Accuracy = Accuracy{f.Accuracy.Compared + o.Accuracy.Compared, f.Accuracy.Off + o.Accuracy.Off, f.Accuracy.Actual + o.Accuracy.Actual}
}

func (s *Sales) add(o Sales) {
	s.Milli, s.Revenue, s.Days = s.Milli+o.Milli, s.Revenue+o.Revenue, max(s.Days, o.Days)
}

func (w *Waste) add(o Waste) {
	*w = Waste{w.Units + o.Units, w.Food + o.Food, w.Stock + o.Stock, w.Unpriced + o.Unpriced}
}
