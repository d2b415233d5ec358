package kitchen

import (
	"cmp"
	"math"
	"slices"
	"time"

	"brigade/internal/kitchen/sched"
)

// Use is how much of a station or of a person was at work in a stretch of time.
type Use struct {
	Tasks int
	// Share is, of a station, the time of its slots that was used; of a person, of his time at work, when he had something
	// in hand. NaN: there was no such time.
	Share float64
	Mean  float64       // slots, or tasks in hand, on average over that time
	Time  time.Duration // a person's time at work; else the stretch
}

// Begun is when the first task of the day was begun; Now when none was.
func (d *Diary) Begun() time.Time {
	if len(d.Work) == 0 {
		return d.Now
	}
	return later(d.Work[0].From, d.Since)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Stations tells how much of each station was used between two times, by id.
func (d *Diary) Stations(from, to time.Time) map[int64]Use {
	uses := map[int64]Use{}
	sums, loads := map[int64]time.Duration{}, map[int64]bool{}
	for _, w := range d.Work {
		long := d.within(w, from, to)
		if long <= 0 {
			continue
		}
		u := uses[w.Station]
		u.Tasks++
		uses[w.Station] = u
		if w.Load != 0 && loads[w.Load] {
			continue // it shares the slot of another
		}
		loads[w.Load] = true
		sums[w.Station] += long
	}
	for _, st := range d.Board.Layout.Stations {
		u := uses[st.ID]
		u.Time = to.Sub(from)
		u.Mean = portion(sums[st.ID], u.Time)
		u.Share = math.Min(1, u.Mean/float64(max(1, st.Capacity)))
		uses[st.ID] = u
	}
	return uses
}

// People tells how much of each person's time was used between two times, by id.
func (d *Diary) People(from, to time.Time) map[int64]Use {
	uses := map[int64]Use{}
	sums, busy, until := map[int64]time.Duration{}, map[int64]time.Duration{}, map[int64]time.Time{}
	for _, w := range d.Work {
		long := d.within(w, from, to)
		if w.Staff == 0 || long <= 0 {
			continue
		}
		u := uses[w.Staff]
		u.Tasks++
		uses[w.Staff] = u
		sums[w.Staff] += long
		begin, end := later(later(w.From, from), until[w.Staff]), earlier(d.end(w), to)
		if end.After(begin) { // tasks come by start, so that what overlaps is counted once
			busy[w.Staff] += end.Sub(begin)
			until[w.Staff] = end
		}
	}
	for _, p := range d.Board.Layout.People {
		u := uses[p.ID]
		u.Time = max(d.atWork(p, from, to), busy[p.ID]) // who helps out in his time off is at work
		u.Mean, u.Share = portion(sums[p.ID], u.Time), portion(busy[p.ID], u.Time)
		uses[p.ID] = u
	}
	return uses
}

func portion(part, whole time.Duration) float64 {
	if whole <= 0 {
		return math.NaN()
	}
	return float64(part) / float64(whole)
}

func (d *Diary) end(w Stint) time.Time {
	if w.To.IsZero() {
		return d.Now
	}
	return w.To
}

// within is how much of a task lies between two times.
func (d *Diary) within(w Stint, from, to time.Time) time.Duration {
	return earlier(d.end(w), to).Sub(later(w.From, from))
}

// atWork is how long a person was there between two times.
func (d *Diary) atWork(p Person, from, to time.Time) time.Duration {
	if !p.Active || !to.After(from) {
		return 0
	}
	there := to.Sub(from)
	for _, off := range sched.Off(p.Hours, d.Board.Layout.Location, from, to) {
		there -= off.To.Time().Sub(off.From.Time())
	}
	return there
}

// Kept is how promises were kept.
type Kept struct {
	From         time.Time // of the hour; zero: of the day
	Orders       int       // that are ready and were promised a time
	ByP50, ByP90 int
	Bias         time.Duration // ready after the middle of the promise, on average; below 0: before it
}

// Promises tells how the day's promises were kept, all together and by the hour in which orders were placed.
func (d *Diary) Promises() (all Kept, hours []Kept) {
	for _, o := range d.Orders {
		if o.Ready.IsZero() || o.P90.IsZero() {
			continue
		}
		hour := o.Placed.Truncate(time.Hour)
		i := slices.IndexFunc(hours, func(k Kept) bool { return k.From.Equal(hour) })
		if i < 0 {
			i, hours = len(hours), append(hours, Kept{From: hour})
		}
		all.count(o)
		hours[i].count(o)
	}
	all.settle()
	for i := range hours {
		hours[i].settle()
	}
	slices.SortFunc(hours, func(a, b Kept) int { return a.From.Compare(b.From) })
	return all, hours
}

func (k *Kept) count(o Served) {
	k.Orders++
	k.Bias += o.Ready.Sub(o.P50)
	if !o.Ready.After(o.P50) {
		k.ByP50++
	}
	if !o.Ready.After(o.P90) {
		k.ByP90++
	}
}

func (k *Kept) settle() {
	if k.Orders > 0 {
		k.Bias /= time.Duration(k.Orders)
	}
}

// LateOrders are the day's orders that were not ready in time, the latest first.
func (d *Diary) LateOrders() []Served {
	var list []Served
	for _, o := range d.Orders {
		if o.Late(d.Now) > 0 {
			list = append(list, o)
		}
	}
	slices.SortStableFunc(list, func(a, b Served) int { return cmp.Compare(b.Late(d.Now), a.Late(d.Now)) })
	return list
}
