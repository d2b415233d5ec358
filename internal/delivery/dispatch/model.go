package dispatch

import (
	"math"
	"time"
)

// model is the snapshot in the form the search works on: indices instead of ids, whole seconds from now instead of times.
type model struct {
	s       *Snapshot
	now     time.Time
	drivers []driver
	orders  []order
	points  []Point
	dist    []uint16  // points × points, as far as there is room, seconds + 1; 0: not asked yet
	firsts  [][]int32 // by pick-up place: when each driver could be there first; see soonest

	pickHalf, dropHalf int32
	driverAt           map[int64]int32 // by id
	orderAt            map[int64]int32
	placeAt            map[int64]int32 // pick-up places

	log     []undo  // routes as they were before a try
	epoch   int32   // the current try
	bundles bool    // whether BundleLate limits anything
	late    int32   // BundleLate
	free    []int32 // open orders that may change hands
	tried   int
	looks   int // that are left

	told  []Instruction
	moved []bool // drivers who were told something
}

// driver is a Driver. Its route's prefix states are kept, so that an insertion costs only what it changes.
type driver struct {
	at, start, arr, last int32 // place; when he can leave it; when he reached it; when he last collected there, or never
	on, off              int32
	capacity, load       int32
	skills               Skills
	speed                float64
	bias                 float64 // price of giving him work when he has none
	route                []stop
	pre                  []state // pre[i]: before stop i; the last one: at the end
	cost                 float64
	bound                int // stops at the head of the route that are final
	mark                 int32
}

// order is an Order.
type order struct {
	placed, ready, due int32
	from, to           int32
	size               int32
	needs              Skills
	pin                int32   // driver; -1: none
	not                []int32 // drivers who may not have it
	stage              Stage
	barred             Reason // why nobody may have it
	with               int32  // the driver in whose route it is; -1: none
}

type stop struct {
	order int32
	drop  bool
}

func newModel(s *Snapshot) *model {
	m := &model{
		s: s, now: s.Now, pickHalf: seconds(s.Settings.PickupService / 2), dropHalf: seconds(s.Settings.DropService / 2),
		driverAt: make(map[int64]int32, len(s.Drivers)), orderAt: make(map[int64]int32, len(s.Orders)),
		placeAt: map[int64]int32{}, moved: make([]bool, len(s.Drivers)),
		late: seconds(s.Settings.BundleLate), bundles: s.Settings.BundleLate > 0, looks: s.Settings.Looks,
	}
	m.addDrivers()
	m.addOrders()
	m.dist = make([]uint16, min(mostKept, len(m.points)*len(m.points)))
	m.firsts = make([][]int32, len(m.points))
	return m
}

func (m *model) addDrivers() {
	set, rate := &m.s.Settings, m.rate()
	m.drivers = make([]driver, len(m.s.Drivers))
	for i := range m.s.Drivers {
		in := &m.s.Drivers[i]
		d := driver{
			at: m.place(in.Pickup, in.At), arr: m.at(in.Arrives), last: -never, on: m.at(in.On), off: m.at(in.Off),
			capacity: int32(max(1, set.Capacity)), skills: in.Skills, speed: 1,
			bias: set.RouteCost + m.fairness(in, rate),
		}
		d.start = max(0, m.at(in.Free), d.on)
		if in.Capacity > 0 {
			d.capacity = int32(in.Capacity)
		}
		if in.Speed > 0 && !math.IsInf(in.Speed, 0) {
			d.speed = in.Speed
		}
		if in.Pickup != 0 && !in.Handed.IsZero() {
			d.last = m.at(in.Handed)
		}
		m.drivers[i] = d
		m.driverAt[in.ID] = int32(i)
	}
}

// rate is how many orders drivers have delivered in an hour on shift, all together.
func (m *model) rate() float64 {
	done, hours := 0.0, 0.0
	for i := range m.s.Drivers {
		done += float64(m.s.Drivers[i].Done)
		hours += m.hours(&m.s.Drivers[i])
	}
	return done / max(hours, 1)
}

// hours is how long a driver has been on shift.
func (m *model) hours(d *Driver) float64 { return max(0, min(24, m.now.Sub(d.On).Hours())) }

// fairness is a price for giving work to who has delivered more than his share: what others have in so many hours. It is
// never so much that somebody far away is sent instead.
func (m *model) fairness(d *Driver, rate float64) float64 {
	set := &m.s.Settings
	surplus := float64(d.Done) - rate*m.hours(d)
	return max(-set.RouteCost, min(set.RouteCost, set.FairCost*surplus))
}

func (m *model) addOrders() {
	m.orders = make([]order, len(m.s.Orders))
	for i := range m.s.Orders {
		in := &m.s.Orders[i]
		o := order{
			placed: m.at(in.Placed), ready: m.readiness(in), due: never, from: m.place(in.Pickup, in.From),
			to: m.place(0, in.To), size: int32(max(1, in.Size)), needs: in.Needs, pin: -1, stage: in.Stage, with: -1,
		}
		if !in.Due.IsZero() {
			o.due = m.at(in.Due)
		}
		m.orders[i] = o
		m.orderAt[in.ID] = int32(i)
		m.restrict(in, &m.orders[i])
	}
}

// restrict finds what keeps everybody, or everybody but one, from having the order.
func (m *model) restrict(in *Order, o *order) {
	only := in.Pinned
	if in.Stage != Open {
		only = in.Holder
	}
	if only != 0 || in.Stage != Open {
		d, ok := m.driverAt[only]
		switch {
		case ok:
			o.pin = d
		case in.Stage != Open:
			o.barred = HolderGone
		default:
			o.barred = NotAllowed
		}
	}
	for _, id := range in.Barred {
		if d, ok := m.driverAt[id]; ok && in.Stage == Open {
			o.not = append(o.not, d)
		}
	}
	for _, z := range m.s.Paused {
		if in.Stage == Open && z == in.Zone {
			o.barred = ZonePaused
		}
	}
}

// readiness is the ready time to plan with: between the p50 and the p90, as the settings want.
func (m *model) readiness(o *Order) int32 {
	r := o.Ready
	if o.ReadyP90.After(r) {
		r = r.Add(time.Duration(m.s.Settings.ReadyRisk * float64(o.ReadyP90.Sub(r))))
	}
	return m.at(r)
}

// place returns the index of a place: pick-up places are the same when their id is, others are places of their own.
func (m *model) place(pickup int64, p Point) int32 {
	if i, ok := m.placeAt[pickup]; ok && pickup != 0 {
		return i
	}
	i := int32(len(m.points))
	m.points = append(m.points, p)
	if pickup != 0 {
		m.placeAt[pickup] = i
	}
	return i
}

// at turns a time into seconds from now.
func (m *model) at(t time.Time) int32 {
	return int32(max(-never, min(never, wholeSeconds(t.Sub(m.now)))))
}

// time turns seconds from now back into a time.
func (m *model) time(s int32) time.Time { return m.now.Add(time.Duration(s) * time.Second) }

func seconds(d time.Duration) int32 {
	return int32(max(0, min(never/4, wholeSeconds(d))))
}

// wholeSeconds rounds up.
func wholeSeconds(d time.Duration) time.Duration {
	n := d / time.Second
	if d%time.Second > 0 {
		n++
	}
	return n
}

// between is the time from place a to place b in seconds at ordinary speed.
func (m *model) between(a, b int32) int32 {
	if k := int(a)*len(m.points) + int(b); k < len(m.dist) && m.dist[k] > 0 {
		return int32(m.dist[k]) - 1
	}
	return m.ask(a, b)
}

// mostKept is how many travel times are kept at the most: 32 MiB of them. Others are asked for again, and so are those of
// more than 18 hours.
const mostKept = 16 << 20

// ask asks how long it is from place a to place b, and keeps the answer.
func (m *model) ask(a, b int32) int32 {
	v := int32(0)
	if a != b {
		v = seconds(m.s.Travel.Between(m.points[a], m.points[b]))
	}
	if k := int(a)*len(m.points) + int(b); k < len(m.dist) && v < math.MaxUint16 {
		m.dist[k] = uint16(v + 1)
	}
	return v
}

// drive is the time from place a to place b in seconds for driver d.
func (m *model) drive(d *driver, a, b int32) int32 {
	if d.speed == 1 {
		return m.between(a, b)
	}
	return int32(math.Ceil(float64(m.between(a, b)) / d.speed))
}
