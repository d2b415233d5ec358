package dispatchsim

import (
	"cmp"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Solution is what happened on a day, in the tables that the published evaluator reads.
type Solution struct {
	Assignments []Assignment
	Deliveries  []Delivery // one per order, in the instance's sequence; Courier -1: not delivered
	Moves       [][]Move   // by courier
}

// Assignment is a collection: the orders that a courier took on board at one time and place. It was final At.
type Assignment struct {
	At, Pickup int
	Courier    int
	Orders     []int
}

// Delivery is how one order went.
type Delivery struct{ Courier, Pickup, Door int }

// Move is one drive.
type Move struct {
	Departs  int
	From, To string
}

func newSolution(in *Instance) Solution {
	s := Solution{Deliveries: make([]Delivery, len(in.Orders)), Moves: make([][]Move, len(in.Couriers))}
	for i := range s.Deliveries {
		s.Deliveries[i].Courier = -1
	}
	return s
}

func (s *Solution) collected(now, courier, order int) {
	s.Assignments = append(s.Assignments, Assignment{now, now, courier, []int{order}})
}

func (s *Solution) delivered(order, courier, pickup, door int) {
	s.Deliveries[order] = Delivery{courier, pickup, door}
}

func (s *Solution) moved(courier, now int, from, to string) {
	s.Moves[courier] = append(s.Moves[courier], Move{now, from, to})
}

// finish joins what was collected together into one bundle, in the sequence of the doors.
func (s *Solution) finish(in *Instance) {
	type key struct{ pickup, courier, restaurant int }
	at := map[key]int{}
	var out []Assignment
	for _, a := range s.Assignments {
		k := key{a.Pickup, a.Courier, in.Orders[a.Orders[0]].Restaurant}
		if i, ok := at[k]; ok {
			out[i].Orders = append(out[i].Orders, a.Orders...)
			continue
		}
		at[k] = len(out)
		out = append(out, a)
	}
	for _, a := range out {
		slices.SortStableFunc(a.Orders, func(x, y int) int { return cmp.Compare(s.Deliveries[x].Door, s.Deliveries[y].Door) })
	}
	s.Assignments = out
}

// Write writes the three tables of the solution into a folder, which it makes.
func (s *Solution) Write(in *Instance, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, text := range map[string]string{
		"solution_info_assignments.txt": s.assignments(in),
		"solution_info_orders.txt":      s.orders(in),
		"solution_info_couriers.txt":    s.moves(in),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func (s *Solution) assignments(in *Instance) string {
	var b strings.Builder
	b.WriteString("assignment_time pickup_time courier orders\n")
	for _, a := range s.Assignments {
		fmt.Fprintf(&b, "%d %d %s", a.At, a.Pickup, in.Couriers[a.Courier].ID)
		for _, o := range a.Orders {
			b.WriteString(" " + in.Orders[o].ID)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func (s *Solution) orders(in *Instance) string {
	var b strings.Builder
	b.WriteString("order placement_time ready_time pickup_time dropoff_time courier\n")
	for i, d := range s.Deliveries {
		o, pickup, door, who := &in.Orders[i], "None", "None", "None"
		if d.Courier >= 0 {
			pickup, door, who = strconv.Itoa(d.Pickup), strconv.Itoa(d.Door), in.Couriers[d.Courier].ID
		}
		fmt.Fprintf(&b, "%s %d %d %s %s %s\n", o.ID, o.Placed, o.Ready, pickup, door, who)
	}
	return b.String()
}

func (s *Solution) moves(in *Instance) string {
	var b strings.Builder
	b.WriteString("courier departure_time origin destination\n")
	for c, moves := range s.Moves {
		id := in.Couriers[c].ID
		for _, m := range moves {
			from := m.From
			if from == id {
				from = "0"
			}
			fmt.Fprintf(&b, "%s %d %s %s\n", id, m.Departs, from, m.To)
		}
	}
	return b.String()
}

// Figures are how good a day was. Times are minutes, means over delivered orders.
type Figures struct {
	Orders, Lost  int
	ClickToDoor   float64
	ClickToDoor90 float64 // 90th percentile
	ReadyToPickup float64
	Bound         float64 // mean click-to-door that nobody can beat: preparation and the drive
	Spread        float64 // of the couriers' deliveries per hour on shift: standard deviation as a share of the mean
}

// Undelivered is the share of orders that nobody delivered, in percent.
func (f Figures) Undelivered() float64 {
	if f.Orders == 0 {
		return 0
	}
	return 100 * float64(f.Lost) / float64(f.Orders)
}

// Figures measures the solution.
func (s *Solution) Figures(in *Instance) Figures {
	f := Figures{Orders: len(in.Orders)}
	var doors []float64
	for i, d := range s.Deliveries {
		o := &in.Orders[i]
		drive := in.Minutes(in.Restaurants[o.Restaurant].At, o.At)
		f.Bound += float64(o.Ready-o.Placed+in.PickupMin/2+drive+in.DropMin/2) / float64(len(in.Orders))
		if d.Courier < 0 {
			f.Lost++
			continue
		}
		doors = append(doors, float64(d.Door-o.Placed))
		f.ReadyToPickup += float64(d.Pickup - o.Ready)
	}
	if len(doors) == 0 {
		return f
	}
	for _, x := range doors {
		f.ClickToDoor += x / float64(len(doors))
	}
	f.ReadyToPickup /= float64(len(doors))
	f.Spread = s.spread(in)
	slices.Sort(doors)
	at := 0.9 * float64(len(doors)-1)
	low := doors[int(at)]
	f.ClickToDoor90 = low + (at-math.Floor(at))*(doors[int(math.Ceil(at))]-low)
	return f
}

// spread is how unequal the couriers' work is. An hour on shift counts the same, whoever works it.
func (s *Solution) spread(in *Instance) float64 {
	done := make([]float64, len(in.Couriers))
	for _, d := range s.Deliveries {
		if d.Courier >= 0 {
			done[d.Courier]++
		}
	}
	all, hours := 0.0, 0.0
	for i, c := range in.Couriers {
		all += done[i]
		hours += float64(c.Off-c.On) / 60
	}
	if all == 0 || hours <= 0 {
		return 0
	}
	mean, variance := all/hours, 0.0
	for i, c := range in.Couriers {
		if h := float64(c.Off-c.On) / 60; h > 0 {
			variance += h / hours * (done[i]/h - mean) * (done[i]/h - mean)
		}
	}
	return math.Sqrt(variance) / mean
}
