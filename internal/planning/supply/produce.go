package supply

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// Preparation is something that is made ahead, in batches.
type Preparation struct {
	ID      int64
	Name    string
	Station int64         // where it is made; 0: anywhere, at any time
	Batch   Amount        // made at a time
	Work    float64       // minutes at the station, per batch
	Lead    time.Duration // from the start of a batch until it can be used
	Shelf   time.Duration // after that; 0: it keeps
	Want    []Amount      // by the hour: what to have, safety included
	Ready   []Ready
	Users   []User
}

// Ready is some of a preparation that is there, or begun.
type Ready struct {
	Amount Amount
	From   time.Time // zero: it is there
	Until  time.Time // zero: it keeps
}

// User is an item that takes a preparation.
type User struct {
	Item  string
	Takes Amount    // one unit
	Price float64   // of a unit, in any currency
	Sells []float64 // expected by the hour
}

// Kitchen is the time that there is to make something.
type Kitchen struct {
	Hours   []time.Time         // when each begins, rising: 23 to 25 to a day
	Minutes map[int64][]float64 // of a station, by the hour, that cooking leaves
}

// Start is some batches of a preparation that are begun at one time.
type Start struct {
	Preparation int64
	Hour        int // in which it is begun
	Begin       time.Time
	Ready       time.Time
	Until       time.Time // zero: it keeps
	Batches     int
	Amount      Amount
	Minutes     float64 // at the station
	Needed      int     // the first hour it is for
}

// ShortKind is why a preparation cannot be there in time.
type ShortKind string

// Why a preparation is not there.
const (
	TooLate   ShortKind = "too_late"   // it should have been begun before the plan begins
	NoMinutes ShortKind = "no_minutes" // the station has no time left before it is needed
	TooShort  ShortKind = "too_short"  // it does not keep from when there is time until it is needed
)

// Short is what cannot be there in time.
type Short struct {
	Preparation int64
	Kind        ShortKind
	Hour        int // in which it is missing
	Amount      Amount
	Minutes     float64 // that are missing at the station
	Free        float64 // minutes that it has left before
	Station     int64
}

// Cut is a suggestion to sell less of an item, because what it takes cannot be made.
type Cut struct {
	Item        string
	Preparation int64
	Units       float64
	From        int // hour
}

// Hour is a preparation's stock in an hour: Closing = Opening + Made − Used − Expired.
type Hour struct {
	Opening, Made, Used, Unmet, Expired, Closing Amount
}

// Day is a plan.
type Day struct {
	Starts []Start
	Shorts []Short
	Cuts   []Cut
	Course map[int64][]Hour    // by preparation
	Left   map[int64][]float64 // minutes of each station, by the hour, that nothing was planned for
}

// Produce says when to begin how many batches. It goes through the hours; what is missing in one is made as late as it can be
// and still be ready when the hour begins, where the station has the minutes for it. In an hour in which several
// preparations are short of time, those whose items earn most per minute of the station come first (the rule for one scarce
// resource: Goldratt and Cox: The Goal, 1984). What cannot be made is told with the reason, and which items to sell less of.
func Produce(preparations []Preparation, k Kitchen) Day {
	m := newMaker(preparations, k)
	for h := range k.Hours {
		for _, b := range m.benches {
			m.make(b, h)
		}
		for _, b := range m.benches {
			m.day.Course[b.ID] = append(m.day.Course[b.ID], b.live(k.Hours, h))
		}
	}
	for _, b := range m.benches {
		m.cut(b)
	}
	m.day.Left = m.left
	slices.SortStableFunc(m.day.Starts, func(a, b Start) int {
		return cmp.Or(a.Begin.Compare(b.Begin), cmp.Compare(a.Preparation, b.Preparation))
	})
	return m.day
}

// maker is a plan in the making.
type maker struct {
	Kitchen
	left    map[int64][]float64
	benches []*bench
	day     Day
}

// bench is a preparation as the plan goes on.
type bench struct {
	*Preparation
	ready  []batch
	shorts []Short
}

// batch is some of a preparation; seen once an hour's stock has it.
type batch struct {
	Ready
	seen bool
}

func newMaker(list []Preparation, k Kitchen) *maker {
	m := &maker{Kitchen: k, left: map[int64][]float64{}, day: Day{Course: map[int64][]Hour{}}}
	for station, minutes := range k.Minutes {
		m.left[station] = slices.Clone(minutes)
	}
	for i := range list {
		b := &bench{Preparation: &list[i]}
		for _, r := range list[i].Ready {
			if r.Amount > 0 {
				b.ready = append(b.ready, batch{r, len(k.Hours) > 0 && !r.From.After(k.Hours[0])})
			}
		}
		b.sort()
		m.benches = append(m.benches, b)
	}
	slices.SortStableFunc(m.benches, func(a, b *bench) int {
		return cmp.Or(cmp.Compare(b.worth(), a.worth()), cmp.Compare(a.ID, b.ID))
	})
	return m
}

// worth is what a minute of the station earns by it.
func (b *bench) worth() float64 {
	if b.Work <= 0 {
		return math.Inf(1)
	}
	earned, taken := 0.0, 0.0
	for _, u := range b.Users {
		sells := 0.0
		for _, v := range u.Sells {
			sells += v
		}
		earned, taken = earned+sells*u.Price, taken+sells*float64(u.Takes)
	}
	if taken <= 0 {
		return 0
	}
	return earned / taken * float64(b.Batch) / b.Work
}

// sort puts what is to be used first at the front.
func (b *bench) sort() {
	slices.SortStableFunc(b.ready, func(x, y batch) int {
		switch {
		case x.Until.IsZero() != y.Until.IsZero():
			return last(y.Until.IsZero()) - last(x.Until.IsZero())
		default:
			return cmp.Or(x.Until.Compare(y.Until), x.From.Compare(y.From))
		}
	})
}

func (r *Ready) good(at time.Time) bool {
	return !r.From.After(at) && (r.Until.IsZero() || r.Until.After(at))
}

func (b *bench) want(h int) Amount {
	if h >= len(b.Want) {
		return 0
	}
	return max(b.Want[h], 0)
}

// make begins what is missing in an hour.
func (m *maker) make(b *bench, h int) {
	at, missing := m.Hours[h], b.want(h)
	for _, r := range b.ready {
		if r.good(at) {
			missing -= min(missing, r.Amount)
		}
	}
	for missing > 0 && b.Batch > 0 {
		s, short := m.slot(b, h)
		if short != nil {
			short.Amount = missing
			b.shorts = append(b.shorts, *short)
			m.day.Shorts = append(m.day.Shorts, *short)
			return
		}
		n := int((missing + b.Batch - 1) / b.Batch)
		if b.Station != 0 && b.Work > 0 {
			n = int(min(float64(n), m.free(b, s)/b.Work))
		}
		m.begin(b, s, h, n)
		missing -= min(missing, b.Batch*Amount(n))
	}
}

// slot is the latest hour in which a batch can be begun to be ready when an hour begins.
func (m *maker) slot(b *bench, h int) (int, *Short) {
	at := m.Hours[h]
	short := &Short{Preparation: b.ID, Kind: TooLate, Hour: h, Station: b.Station}
	for s := h; s >= 0; s-- {
		ready := m.Hours[s].Add(b.Lead)
		if ready.After(at) {
			continue
		}
		if b.Shelf > 0 && !ready.Add(b.Shelf).After(at) {
			if short.Kind == NoMinutes {
				short.Kind = TooShort
			}
			break
		}
		free := m.free(b, s)
		if free >= b.Work {
			return s, nil
		}
		if short.Kind == TooLate || free > short.Free {
			short.Free = free
		}
		short.Kind, short.Minutes = NoMinutes, b.Work-short.Free
	}
	return 0, short
}

// window is the hours in which the work on a batch that is begun in one is done.
func (m *maker) window(b *bench, s int) (from, until int) {
	until = s + 1
	for until < len(m.Hours) && m.Hours[until].Before(m.Hours[s].Add(b.Lead)) {
		until++
	}
	return s, until
}

// free is how many minutes the station has for a batch that is begun in an hour.
func (m *maker) free(b *bench, s int) (sum float64) {
	if b.Station == 0 || b.Work <= 0 {
		return b.Work
	}
	minutes := m.left[b.Station]
	for i, until := m.window(b, s); i < until && i < len(minutes); i++ {
		sum += max(minutes[i], 0)
	}
	return sum
}

// begin puts batches into the plan.
func (m *maker) begin(b *bench, s, h, n int) {
	work := b.Work * float64(n)
	if minutes := m.left[b.Station]; b.Station != 0 {
		for i, until := m.window(b, s); i < until && i < len(minutes); i++ {
			take := min(work, max(minutes[i], 0))
			minutes[i], work = minutes[i]-take, work-take
		}
	}
	x := Start{
		Preparation: b.ID, Hour: s, Begin: m.Hours[s], Ready: m.Hours[s].Add(b.Lead), Batches: n, Amount: b.Batch * Amount(n),
		Minutes: b.Work * float64(n), Needed: h,
	}
	if b.Shelf > 0 {
		x.Until = x.Ready.Add(b.Shelf)
	}
	b.ready = append(b.ready, batch{Ready: Ready{x.Amount, x.Ready, x.Until}})
	b.sort()
	for i := range m.day.Starts {
		if have := &m.day.Starts[i]; have.Preparation == b.ID && have.Hour == s {
			have.Batches, have.Amount, have.Minutes = have.Batches+n, have.Amount+x.Amount, have.Minutes+x.Minutes
			return
		}
	}
	m.day.Starts = append(m.day.Starts, x)
}

// live goes through an hour: what is used, and what is past its time at the next one.
func (b *bench) live(hours []time.Time, h int) Hour {
	at, next := hours[h], hours[h].Add(time.Hour)
	if h+1 < len(hours) {
		next = hours[h+1]
	}
	var s Hour
	for i := range b.ready {
		r := &b.ready[i]
		switch {
		case r.From.After(at):
			continue
		case r.seen:
			s.Opening += r.Amount
		default:
			s.Made, r.seen = s.Made+r.Amount, true
		}
		if r.good(at) {
			take := min(r.Amount, b.want(h)-s.Used)
			r.Amount, s.Used = r.Amount-take, s.Used+take
		}
		if r.Amount > 0 && !r.Until.IsZero() && !r.Until.After(next) {
			s.Expired += r.Amount
			r.Amount = 0
		}
	}
	b.ready = slices.DeleteFunc(b.ready, func(r batch) bool { return r.Amount == 0 })
	s.Unmet = b.want(h) - s.Used
	s.Closing = s.Opening + s.Made - s.Used - s.Expired
	return s
}

// cut says which items to sell less of, for all that a preparation is short of: those that earn least by it first.
func (m *maker) cut(b *bench) {
	users := slices.Clone(b.Users)
	slices.SortStableFunc(users, func(x, y User) int {
		return cmp.Or(cmp.Compare(x.Price*float64(y.Takes), y.Price*float64(x.Takes)), cmp.Compare(x.Item, y.Item))
	})
	for _, s := range b.shorts {
		missing := float64(s.Amount)
		for _, u := range users {
			if u.Takes <= 0 || missing <= 0 || s.Hour >= len(u.Sells) {
				continue
			}
			units := min(missing/float64(u.Takes), max(u.Sells[s.Hour], 0))
			missing -= units * float64(u.Takes)
			m.addCut(Cut{Item: u.Item, Preparation: b.ID, Units: units, From: s.Hour})
		}
	}
}

func (m *maker) addCut(c Cut) {
	if c.Units <= 0 {
		return
	}
	for i := range m.day.Cuts {
		if have := &m.day.Cuts[i]; have.Item == c.Item && have.Preparation == c.Preparation {
			have.Units, have.From = have.Units+c.Units, min(have.From, c.From)
			return
		}
	}
	m.day.Cuts = append(m.day.Cuts, c)
}
