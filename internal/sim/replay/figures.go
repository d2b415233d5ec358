package replay

import (
	"math"
	"slices"
	"time"
)

// Figures are what an evening is judged by. Times are minutes, shares are from 0 to 1.
type Figures struct {
	Orders    int     `json:"orders"`
	Missing   int     `json:"missing"` // not ready by the end
	Ticket    float64 `json:"ticket_minutes"`
	TicketP95 float64 `json:"ticket_p95_minutes"`
	Late      float64 `json:"late_share"`        // of the orders to which something was promised
	Tardiness float64 `json:"tardiness_minutes"` // on average over them
	SyncGap   float64 `json:"sync_gap_minutes"`  // from the first unit of an order to the last
	Staff     float64 `json:"staff_utilisation"` // hands at work, while orders came in
	Machines  float64 `json:"machine_utilisation"`
	Promised  int     `json:"promised,omitempty"`    // orders that were promised a time when they came
	WithinP50 float64 `json:"within_p50,omitempty"`  // share of them that were ready by their p50
	WithinP90 float64 `json:"within_p90,omitempty"`  // and by their p90
	P90       float64 `json:"p90_minutes,omitempty"` // from when they came to their p90, on average
}

// Measure sums an evening up.
func Measure(e *Evening, p *Played) Figures {
	f := Figures{Orders: len(p.Orders)}
	var tickets []float64
	promised := 0.0
	for _, o := range p.Orders {
		minutes := o.Ready.Sub(o.Placed).Minutes()
		tickets = append(tickets, minutes)
		f.Ticket += minutes
		f.SyncGap += o.Ready.Sub(o.First).Minutes()
		if o.Missing {
			f.Missing++
		}
		if !o.Due.IsZero() {
			promised++
			if late := o.Ready.Sub(o.Due); late > 0 {
				f.Late++
				f.Tardiness += late.Minutes()
			}
		}
	}
	f.keep(p)
	n := math.Max(1, float64(len(p.Orders)))
	f.Ticket, f.SyncGap = f.Ticket/n, f.SyncGap/n
	f.Late, f.Tardiness = f.Late/math.Max(1, promised), f.Tardiness/math.Max(1, promised)
	if slices.Sort(tickets); len(tickets) > 0 {
		f.TicketP95 = tickets[min(len(tickets)-1, int(math.Ceil(0.95*float64(len(tickets))))-1)]
	}
	f.utilise(e, p)
	return f
}

// keep works out how promises were kept.
func (f *Figures) keep(p *Played) {
	for _, o := range p.Orders {
		if o.P90.IsZero() {
			continue
		}
		f.Promised++
		f.P90 += o.P90.Sub(o.Placed).Minutes()
		if !o.Missing && !o.Ready.After(o.P50) {
			f.WithinP50++
		}
		if !o.Missing && !o.Ready.After(o.P90) {
			f.WithinP90++
		}
	}
	n := math.Max(1, float64(f.Promised))
	f.WithinP50, f.WithinP90, f.P90 = f.WithinP50/n, f.WithinP90/n, f.P90/n
}

// utilise works out how busy hands and machines were from the first order to the last one's end.
func (f *Figures) utilise(e *Evening, p *Played) {
	if len(p.Ran) == 0 {
		return
	}
	begin, end := p.Ran[0].Start, p.Ran[0].Finish
	staff, machines := time.Duration(0), time.Duration(0)
	slots := map[int64]int{}
	for _, m := range e.Layout.Machines {
		if !m.Removed() && m.Capacity < crowd {
			slots[m.ID] = m.Capacity
		}
	}
	for _, r := range p.Ran {
		staff += r.Finish.Sub(r.Start)
		if slots[r.Machine] > 0 {
			machines += r.Finish.Sub(r.Start)
		}
		if r.Finish.After(end) {
			end = r.Finish
		}
	}
	hands, all := 0, 0
	for _, person := range e.Layout.People {
		if person.Active {
			hands += person.MaxParallel
		}
	}
	for _, n := range slots {
		all += n
	}
	long := end.Sub(begin).Seconds()
	f.Staff = staff.Seconds() / math.Max(1, long*float64(hands))
	f.Machines = machines.Seconds() / math.Max(1, long*float64(all))
}

// crowd is the capacity from which on a machine is no machine: a packing table that is never full.
const crowd = 50
