package tracking

import (
	"time"

	"brigade/internal/delivery"
	"brigade/internal/order"
)

// stage is a part of an order's life and whether it was reached.
type stage struct {
	key, icon string
	reached   bool
	at        time.Time // zero: not known
}

// steps are the parts of the order's life, as its type has them. The last that was reached before the first that was not
// is where it is now.
func (v viewer) steps() []step {
	var list []step
	stages := v.stages()
	now, over := 0, v.File.Order.Status.Closed()
	for now+1 < len(stages) && stages[now+1].reached {
		now++
	}
	failed := v.File.Order.Status == order.Cancelled || v.File.Order.Status == order.Rejected
	for i, s := range stages {
		if failed && !s.reached {
			continue
		}
		x := step{Icon: s.icon, Name: v.say("tracking.step." + s.key), State: "todo"}
		switch {
		case s.reached && (i != now || over):
			x.State = "done"
		case i == now:
			x.State = "now"
		}
		if s.reached && !s.at.IsZero() {
			x.Time = v.clock(s.at)
		}
		list = append(list, x)
	}
	if failed {
		o := v.File.Order
		list = append(list, step{Icon: "late", Name: v.say("tracking.step." + string(o.Status)), State: "failed", Time: v.clock(o.UpdatedAt)})
	}
	return list
}

func (v viewer) stages() []stage {
	o := v.File.Order
	list := []stage{{"received", "received", true, o.PlacedAt}}
	if paid, wanted := v.paid(); wanted {
		list = append(list, paid)
	}
	list = append(list, v.cooking(), v.ready())
	switch o.Type {
	case order.DineIn:
		return append(list, stage{"served", "dine_in", o.Status == order.Served, o.ClosedAt})
	case order.Takeout:
		return append(list, stage{"collected", "takeout", o.Status == order.Collected, o.ClosedAt})
	case order.Delivery:
	}
	return append(list, v.road()...)
}

// paid is the step of an order that is paid before it is made.
func (v viewer) paid() (s stage, wanted bool) {
	t := v.File.Terms
	if t == nil || !t.Pay.Method.Before() {
		return s, false
	}
	s = stage{key: "paid", icon: "card", reached: t.Pay.Authorised > 0 || t.Pay.Captured > 0 || t.Pay.Method == order.Provider}
	if t.Pay.Method == order.Provider {
		s.at = v.File.Order.PlacedAt
	}
	for _, x := range v.File.Steps {
		if x.State == "done" && (x.Step == order.StepAuthorise || x.Step == order.StepCapture) && s.at.IsZero() {
			s.at = x.Changed
		}
	}
	return s, true
}

// reachedAt is when an order was last given one of some statuses after which it has not gone back.
func (v viewer) reachedAt(of ...order.Status) (at time.Time, reached bool) {
	for _, c := range v.File.History {
		for _, s := range of {
			if c.Status == s && !reached {
				at, reached = c.At, true
			}
		}
		if c.Status == order.InPreparation && of[0] == order.Ready { // made again
			reached = false
		}
	}
	return at, reached
}

func (v viewer) cooking() stage {
	at, reached := v.reachedAt(order.InPreparation)
	_, ready := v.reachedAt(madeStatuses...)
	return stage{"cooking", "cooking", reached || ready, at}
}

// madeStatuses are those of an order of which everything is made.
var madeStatuses = []order.Status{
	order.Ready, order.SchedulingDelivery, order.WaitingForDriver, order.InDelivery, order.Served, order.Collected, order.Delivered,
}

func (v viewer) ready() stage {
	at, reached := v.reachedAt(madeStatuses...)
	return stage{"ready", "ready", reached, at}
}

// road is what comes after the kitchen.
func (v viewer) road() []stage {
	away, left := v.reachedAt(order.InDelivery, order.Delivered)
	o := v.File.Order
	driver := stage{key: "driver", icon: "person", reached: left}
	if c := v.Carried; c != nil {
		driver.reached = driver.reached || c.Status == delivery.Assigned || c.Status == delivery.PickedUp || c.Status == delivery.Delivered
		driver.at = c.AssignedAt
	}
	return []stage{
		driver, {"away", "delivery", left, away}, {"delivered", "closed", o.Status == order.Delivered, o.ClosedAt},
	}
}
