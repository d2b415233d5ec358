package sim

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/event"
	"brigade/internal/order"
)

// house is an outlet at play.
type house struct {
	Outlet
	busy  int // tasks in hand or waiting for hands, as of the last look and what came and went since
	hands int // tasks that the staff on shift can have in hand
}

// guest is somebody who placed an order and waits for it.
type guest struct {
	order, outlet int64
	number        string
	typ           order.Type
	leaving       bool // the hand-over is planned
}

// open begins to play an outlet: it finds the guests of earlier runs and lets the next one come in.
func (s *Sim) open(ctx context.Context, o Outlet) error {
	f := order.Filter{Outlet: o.ID, Open: true, Limit: 200}
	for {
		page, err := s.parts.Orders.List(ctx, o.as("demo", actor.Manager), f)
		if err != nil {
			return err
		}
		for _, found := range page {
			if found.Source == Source {
				s.guests[found.ID] = &guest{order: found.ID, outlet: o.ID, number: found.Number, typ: found.Type}
			}
		}
		if len(page) < f.Limit {
			break
		}
		f.Before = page[len(page)-1].ID
	}
	h := &house{Outlet: o}
	s.houses[o.ID] = h
	s.expect(h, s.parts.Clock.Now().Add(s.between(0, 2*time.Second)))
	return nil
}

// How often guests come in at a quiet time and at the height of a meal, as long as the kitchen keeps up.
const (
	quietGap = 28 * time.Second
	peakGap  = 12 * time.Second
)

// demand is how lively a time of day is, from 0 to 1: quiet mornings, lunch around 13:30, dinner around 20:30.
func demand(local time.Time) float64 {
	hour := float64(local.Hour()) + float64(local.Minute())/60
	bell := func(peak, width float64) float64 {
		return math.Exp(-(hour - peak) * (hour - peak) / (2 * width * width))
	}
	return max(bell(13.5, 1.2), bell(20.5, 1.5))
}

// gap is the mean time between two guests at a local time.
func gap(local time.Time) time.Duration {
	rate := 1/quietGap.Seconds() + demand(local)*(1/peakGap.Seconds()-1/quietGap.Seconds())
	return time.Duration(float64(time.Second) / rate)
}

// patience is by how much a kitchen that is busy with so many tasks stretches the gap between guests: an idle one fills
// up quickly, a full one loses guests. ok is false when nobody comes in at all. Some hands are always left free, so that
// the orders of real people do not wait behind the demo's.
func patience(busy, hands int) (factor float64, ok bool) {
	const calm, lively, full = 0.3, 0.6, 0.85
	if hands == 0 {
		return 0, false
	}
	switch load := float64(busy) / float64(hands); {
	case load < calm:
		return 0.25, true
	case load < lively:
		return 1, true
	case load < full:
		return 1 + 2*(load-lively)/(full-lively), true
	}
	return 0, false
}

// expect lets a guest come to the door at a time. He comes in if the kitchen is not too full.
func (s *Sim) expect(h *house, at time.Time) {
	s.agenda.add(action{
		at:    at,
		still: func() bool { return s.houses[h.ID] == h },
		then:  func(now time.Time, _ outcome) { s.welcome(h, now) },
	})
}

func (s *Sim) welcome(h *house, now time.Time) {
	factor, ok := patience(h.busy, h.hands)
	if !ok {
		s.expect(h, now.Add(s.between(4*time.Second, 8*time.Second)))
		return
	}
	s.placed++
	s.place(h, now, s.order())
	mean := factor * float64(gap(now.In(h.Location)))
	s.expect(h, now.Add(s.between(time.Duration(0.5*mean), time.Duration(1.5*mean))))
}

// order is what a guest brings along; what he eats he decides when he has seen the menu.
func (s *Sim) order() order.Placement {
	p := order.Placement{
		Source: Source, Key: fmt.Sprintf("%016x-%d", s.run, s.placed), CustomerName: s.name(), Type: s.orderType(),
	}
	switch p.Type {
	case order.DineIn:
		p.TableNumber = 1 + s.rng.IntN(24)
	case order.Delivery:
		p.DeliveryAddress = s.address()
	default:
	}
	return p
}

func (s *Sim) orderType() order.Type {
	switch dice := s.rng.Float64(); {
	case dice < 0.5:
		return order.DineIn
	case dice < 0.8:
		return order.Takeout
	}
	return order.Delivery
}

// errNothingSold is what a guest finds where there is no menu.
var errNothingSold = errors.New("nothing is sold here")

// place orders. What could not be written is tried again under the same key.
func (s *Sim) place(h *house, at time.Time, p order.Placement) {
	dice := s.rng.Uint64() // the menu is read beside other calls, which must not share the loop's dice
	s.agenda.add(action{
		at:    at,
		still: func() bool { return s.houses[h.ID] == h },
		do: func(ctx context.Context) outcome {
			if p.Items == nil {
				dishes, err := s.parts.Menu(ctx, h.Outlet)
				if err != nil || len(dishes) == 0 {
					return outcome{err: errors.Join(err, errNothingSold)}
				}
				p.Items = basket(dishes, dice)
			}
			r, err := s.parts.Orders.Place(ctx, h.as("demo guest", actor.Customer), p)
			return outcome{receipt: r, err: err}
		},
		then: func(now time.Time, o outcome) {
			switch {
			case o.err == nil:
				s.takeIn(h, o.receipt.Order)
			case passing(o.err):
				s.place(h, now.Add(s.between(2*time.Second, 4*time.Second)), p)
			default:
				s.parts.Log.Debug("a demo guest could not order", "action", "demo_order_refused", "error", o.err)
			}
		},
	})
}

func (s *Sim) takeIn(h *house, o order.Order) {
	if s.guests[o.ID] == nil {
		s.guests[o.ID] = &guest{order: o.ID, outlet: h.ID, number: o.Number, typ: o.Type}
	}
	for _, l := range o.Lines {
		for _, step := range l.Recipe.Steps {
			if len(step.After) == 0 {
				h.busy += l.Quantity
			}
		}
	}
}

// follow takes notice of a change to a guest's order.
func (s *Sim) follow(g *guest, e event.Event) {
	p, ok := e.OrderPayload()
	switch status := order.Status(p.NewStatus); {
	case !ok:
	case status == order.Ready:
		s.handOver(g, e.OccurredAt)
	case status.Closed():
		delete(s.guests, g.order)
	}
}

// compareGuests finds the guests whose order is no longer in the kitchen: it is ready.
func (s *Sim) compareGuests(h *house, open map[int64]bool) {
	var ready []*guest
	for _, g := range s.guests {
		if g.outlet == h.ID && !open[g.order] {
			ready = append(ready, g)
		}
	}
	slices.SortFunc(ready, func(a, b *guest) int { return int(a.order - b.order) }) // the dice fall in one order
	for _, g := range ready {
		s.handOver(g, s.parts.Clock.Now())
	}
}

// handOver plans to hand a ready order over, once.
func (s *Sim) handOver(g *guest, since time.Time) {
	if g.leaving {
		return
	}
	if h := s.houses[g.outlet]; g.typ == order.Delivery && h != nil && h.Carried {
		delete(s.guests, g.order) // a driver brings it
		return
	}
	g.leaving = true
	s.agenda.add(action{
		at:    since.Add(s.handOverPause(g.typ)),
		still: func() bool { return s.guests[g.order] == g },
		do: func(ctx context.Context) outcome {
			_, err := s.parts.Orders.HandOver(ctx, s.houses[g.outlet].as(handedOverBy(g.typ), actor.Cook), g.number)
			return outcome{err: err}
		},
		then: func(now time.Time, o outcome) {
			if passing(o.err) {
				g.leaving = false
				s.handOver(g, now)
				return
			}
			if o.err != nil && !errs.Is(o.err, errs.KindConflict) { // a conflict: cancelled meanwhile
				s.parts.Log.Debug("a demo order was not handed over", "action", "demo_hand_over_failed", "error", o.err)
			}
			delete(s.guests, g.order)
		},
	})
}

func (s *Sim) handOverPause(t order.Type) time.Duration {
	switch t {
	case order.DineIn:
		return s.between(5*time.Second, 15*time.Second)
	case order.Takeout:
		return s.between(10*time.Second, 45*time.Second)
	default:
		return s.between(30*time.Second, 90*time.Second)
	}
}

func handedOverBy(t order.Type) string {
	switch t {
	case order.DineIn:
		return "demo waiter"
	case order.Takeout:
		return "demo counter"
	default:
		return "demo courier"
	}
}
