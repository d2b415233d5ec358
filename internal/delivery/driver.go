package delivery

import (
	"slices"
	"strings"
	"time"

	"brigade/internal/delivery/dispatch"
	"brigade/internal/errs"
)

// DriverStatus is contract D's status of a driver.
type DriverStatus string

// The statuses of drivers.
const (
	Idle       DriverStatus = "IDLE"             // not at work, or on a break
	Waiting    DriverStatus = "WAITING_FOR_WORK" // at work, with nothing to carry
	Delivering DriverStatus = "DELIVERING"       // at work, with deliveries that he has accepted
)

// DriverStatuses lists the statuses in the order of a day.
var DriverStatuses = []DriverStatus{Idle, Waiting, Delivering}

// DriverSignal is what can happen to a driver.
type DriverSignal string

// The signals of drivers.
const (
	GoesOnline  DriverSignal = "goes online"
	GoesOffline DriverSignal = "goes offline"
	TakesBreak  DriverSignal = "takes a break"
	Accepts     DriverSignal = "accepts a delivery"
	IsFree      DriverSignal = "has nothing to carry any more"
)

// driverSteps is what follows what for drivers.
var driverSteps = []struct {
	from []DriverStatus
	on   DriverSignal
	to   DriverStatus
}{
	{[]DriverStatus{Idle}, GoesOnline, Waiting},
	{[]DriverStatus{Waiting}, GoesOffline, Idle},
	{[]DriverStatus{Waiting}, TakesBreak, Idle},
	{[]DriverStatus{Waiting, Delivering}, Accepts, Delivering},
	{[]DriverStatus{Delivering}, IsFree, Waiting},
}

// NextDriver decides what becomes of a driver. Errors: KindConflict when his state does not allow it.
func NextDriver(s DriverStatus, on DriverSignal) (DriverStatus, error) {
	for _, t := range driverSteps {
		if t.on == on && slices.Contains(t.from, s) {
			return t.to, nil
		}
	}
	switch {
	case on == GoesOnline, on == GoesOffline && s == Idle, on == TakesBreak && s == Idle:
		return s, nil // he is already
	case s == Delivering:
		return s, errs.Conflict("you have deliveries to bring: deliver or give them back first")
	default:
		return s, errs.Conflict("a driver who is %s cannot do this: go online first", s)
	}
}

// Hours is a weekly shift in the region's time.
type Hours struct {
	Weekday      time.Weekday
	Starts, Ends time.Duration // since midnight; an end that is not after the start is on the next day
}

// Driver is the digital twin of a driver.
type Driver struct {
	ID, Tenant, Region int64
	Name               string
	Vehicle            string
	Capacity           int
	Skills             dispatch.Skills
	Active             bool
	Status             DriverStatus
	Held               int // deliveries that he has accepted and not brought yet
	Done               int // delivered since he went online
	OnlineAt           time.Time
	BreakUntil         time.Time
	SeenAt             time.Time // when he last said anything
	IncidentAt         time.Time // since when a manager has him off the road; zero: he may work
	Incident           string    // why
	IncidentOrders     []int64   // what was taken from him for it
	Shifts             []Hours
	Zone               *time.Location
	Last               *Fix // his last position; nil: never sent one
	Version            int

	expected int // the version in the database
	changed  bool
}

// speeds are how much faster a vehicle is than an ordinary one in town, a moped.
var speeds = map[string]float64{"foot": 0.3, "bicycle": 0.8, "moped": 1, "car": 1}

// Vehicles lists what drivers ride, slowest first.
var Vehicles = []string{"foot", "bicycle", "moped", "car"}

// skillNames are the skills by their bits.
var skillNames = []struct {
	bit  dispatch.Skills
	name string
}{{dispatch.Alcohol, "alcohol"}, {dispatch.Large, "large"}}

// SkillNames lists skills by name.
func SkillNames(s dispatch.Skills) []string {
	names := []string{}
	for _, k := range skillNames {
		if s&k.bit != 0 {
			names = append(names, k.name)
		}
	}
	return names
}

// SkillsOf is the reverse of SkillNames; names that it does not know count for nothing.
func SkillsOf(names []string) (s dispatch.Skills) {
	for _, k := range skillNames {
		if slices.Contains(names, k.name) {
			s |= k.bit
		}
	}
	return s
}

// earlyShift is how long before his shift a driver may go online.
const earlyShift = 30 * time.Minute

// shiftEnd is when the shift ends in which now is, or which begins within earlyShift; ok is false outside of shifts. Who has
// none is on shift for a day.
func (d *Driver) shiftEnd(now time.Time) (end time.Time, ok bool) {
	if len(d.Shifts) == 0 {
		return now.Add(24 * time.Hour), true
	}
	y, m, day := now.In(d.Zone).Date()
	for back := -1; back <= 1; back++ {
		for _, h := range d.Shifts {
			midnight := time.Date(y, m, day+back, 0, 0, 0, 0, d.Zone)
			if midnight.Weekday() != h.Weekday {
				continue
			}
			from := clockTime(midnight, h.Starts)
			to := clockTime(midnight, h.Ends)
			if h.Ends <= h.Starts {
				to = clockTime(midnight.AddDate(0, 0, 1), h.Ends)
			}
			if !now.Before(from.Add(-earlyShift)) && now.Before(to) && to.After(end) {
				end, ok = to, true
			}
		}
	}
	return end, ok
}

func clockTime(midnight time.Time, t time.Duration) time.Time {
	y, m, d := midnight.Date()
	return time.Date(y, m, d, int(t/time.Hour), int(t/time.Minute)%60, 0, 0, midnight.Location())
}

// AtWork tells whether he can be given deliveries.
func (d *Driver) AtWork() bool { return d.Status != Idle }

// takes tells why he cannot be given anything. Errors: KindConflict.
func (d *Driver) takes() error {
	switch {
	case !d.IncidentAt.IsZero():
		return errs.Conflict("%s was taken off the road: %s", d.Name, d.Incident)
	case !d.AtWork():
		return errs.Conflict("%s is not at work", d.Name)
	}
	return nil
}

// named tells whether the driver is called so.
func (d *Driver) named(name string) bool { return strings.EqualFold(d.Name, name) }
