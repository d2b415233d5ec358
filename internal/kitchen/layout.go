package kitchen

import (
	"math"
	"strconv"
	"strings"
	"time"

	"brigade/internal/kitchen/sched"
)

// Layout is a kitchen as it is set up: stations, machines and staff, with the outlet's settings.
type Layout struct {
	Tenant     int64
	Outlet     int64
	Slug       string
	Name       string
	Location   *time.Location
	StaleAfter time.Duration // an assigned task that is not started by then goes back
	CourseGap  time.Duration // a course that fires by itself does so this long after all before it is made
	Version    int64
	Admission  *Admission        // how much it takes on; nil: all that comes
	Learned    sched.Calibration // what its promises have taught, when it was read
	Pressure   Pressure          // how busy it was then
	Rules      *Rules            // by which it decides; nil: by those of the engine's settings
	Stations   []sched.Station
	Closed     map[int64]Closure // closed stations
	Gone       map[int64]bool    // stations that are no longer part of it: they are kept for the tasks that name them
	Machines   []Machine
	People     []Person

	stations, machines, people map[int64]string
}

// Closure says where the work of a closed station goes.
type Closure struct {
	To     int64
	Reason string
}

// Close notes that a station is closed.
func (l *Layout) Close(station int64, c Closure) {
	if l.Closed == nil {
		l.Closed = map[int64]Closure{}
	}
	l.Closed[station] = c
}

// Leave notes that a station is no longer part of the kitchen.
func (l *Layout) Leave(station int64) {
	if l.Gone == nil {
		l.Gone = map[int64]bool{}
	}
	l.Gone[station] = true
}

// Route is the station that does a station's work now: itself, unless it is closed.
func (l *Layout) Route(station int64) int64 {
	for range len(l.Closed) { // no further than the last one, should they point in a circle
		c, closed := l.Closed[station]
		if !closed {
			break
		}
		station = c.To
	}
	return station
}

// Machine is a machine with its state.
type Machine struct {
	sched.Machine
	Reason string // why it is down
}

// removed is the reason of machines that the kitchen's file no longer names: they are kept for their names alone.
const removed = "removed"

// Removed tells whether the machine is no longer there.
func (m Machine) Removed() bool { return !m.Up && m.Reason == removed }

// Person is a staff member with his hours and what was measured of him.
type Person struct {
	ID             int64
	Name           string
	Active         bool
	Skills         []int64
	MaxParallel    int
	Efficiency     float64
	TasksCompleted int64
	Orders         int64 // on how many he completed a task
	WorkedSeconds  float64
	LastSeen       time.Time
	Hours          sched.Hours // weekly shifts and breaks, breaks taken by hand
}

// named tells whether a name, whatever its case, or decimal id means the person.
func (p Person) named(ref string) bool {
	return strings.EqualFold(p.Name, ref) || strconv.FormatInt(p.ID, 10) == ref
}

// Index prepares the layout's names. Whoever builds a Layout calls it once.
func (l *Layout) Index() *Layout {
	l.stations, l.machines, l.people = map[int64]string{}, map[int64]string{}, map[int64]string{}
	for _, s := range l.Stations {
		l.stations[s.ID] = s.Name
	}
	for _, m := range l.Machines {
		l.machines[m.ID] = m.Name
	}
	for _, p := range l.People {
		l.people[p.ID] = p.Name
	}
	return l
}

// Station implements Names.
func (l *Layout) Station(id int64) string { return l.stations[id] }

// Machine implements Names.
func (l *Layout) Machine(id int64) string { return l.machines[id] }

// Staff implements Names.
func (l *Layout) Staff(id int64) string { return l.people[id] }

// horizon is how far ahead a plan knows shifts and breaks; the desk plans anew long before it ends.
const horizon = 48 * time.Hour

// Plan is the layout as the planner needs it from now on.
func (l *Layout) Plan(now time.Time) sched.Layout {
	out := sched.Layout{Stations: l.Stations}
	for _, m := range l.Machines {
		if !m.Removed() {
			out.Machines = append(out.Machines, m.Machine)
		}
	}
	for _, p := range l.People {
		if !p.Active {
			continue
		}
		out.Staff = append(out.Staff, sched.Staff{
			ID: p.ID, Name: p.Name, Skills: p.Skills, MaxParallel: p.MaxParallel, Efficiency: p.Efficiency,
			Off: sched.Off(p.Hours, l.Location, now, now.Add(horizon)),
		})
	}
	return out
}

// learnRate is the weight of one new measurement.
const learnRate = 0.1

// Learn returns a person's efficiency after one measured task: an exponential moving average of estimate ÷ actual,
// each measurement bounded to 0.25–4 so that a forgotten bump teaches little.
func Learn(efficiency float64, estimate, took time.Duration) float64 {
	ratio := estimate.Seconds() / math.Max(took.Seconds(), 0.001)
	return (1-learnRate)*efficiency + learnRate*math.Min(4, math.Max(0.25, ratio))
}
