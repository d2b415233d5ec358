// Package planning keeps what was sold and says what will be: sales histories, calendars, forecasts that are kept as
// made, and how good they were. The deciding code is in package forecast; package planningpg keeps everything in Postgres.
//
// Days and hours are those that the clock at the outlet shows. A day of which an outlet has reported nothing is not
// known; on a day of which it has, what was not reported was not sold.
package planning

import (
	"time"

	"brigade/internal/planning/forecast"
)

// Day is a day of the civil calendar at an outlet.
type Day = forecast.Day

// Outlet is an outlet as planning sees it.
type Outlet struct {
	ID               int64
	Slug             string
	Zone             *time.Location
	Country          string // ISO 3166 in small letters, of its public holidays; "": by its time zone
	ClosedOnHolidays bool
	Weekdays         []time.Weekday // on which it opens; nil: on all
}

// Series is one product at one outlet.
type Series struct {
	ID     int64
	Outlet int64
	SKU    string
	Name   string
	Now    string // the SKU under which a renamed product is sold today; "": its own
}

// MarkKind is what is special about a day.
type MarkKind string

// The kinds of marks.
const (
	MarkClosed    MarkKind = "closed"
	MarkOpen      MarkKind = "open" // although the weekday, or a holiday, would be closed
	MarkHoliday   MarkKind = "holiday"
	MarkSchool    MarkKind = "school"
	MarkEvent     MarkKind = "event"     // its name recalls others of that name
	MarkPromotion MarkKind = "promotion" // likewise; may be for one product
)

// MarkKinds lists the kinds.
var MarkKinds = []MarkKind{MarkClosed, MarkOpen, MarkHoliday, MarkSchool, MarkEvent, MarkPromotion}

// Mark says what is special about a day.
type Mark struct {
	ID     int64
	Outlet int64  // 0: all
	SKU    string // "": all products
	Day    Day
	Kind   MarkKind
	Name   string
}

// Sold is what was sold of a product on a day.
type Sold struct {
	Day      Day
	Outlet   int64
	SKU      string
	Name     string
	Quantity float64
	Revenue  int64 // in the currency's minor unit
	SoldOut  bool  // it ran out: demand may have been higher
}

// Price is what a unit was sold for on average, in the currency's minor unit; 0 when that cannot be said.
func (s Sold) Price() float64 {
	if s.Quantity <= 0 {
		return 0
	}
	return float64(s.Revenue) / s.Quantity
}

// Milli is how quantities are kept: in thousandths of a unit, so that sums are exact.
const Milli = 1000

// Levels are the quantiles that forecasts are kept with.
func Levels() []float64 { return []float64{0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95} }

// Alias says under which SKU a renamed product is sold today.
type Alias struct {
	SKU string
	Now string
	By  string
	At  time.Time
}

// Today returns the day that the clock shows at an outlet.
func (o *Outlet) Today(now time.Time) Day { return forecast.DayIn(now.In(o.Zone)) }
