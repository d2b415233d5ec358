package dispatch

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"brigade/internal/delivery"
)

// chosen is what is shown of what somebody has chosen; both nil: nothing.
type chosen struct {
	Slug   string
	Order  *chosenOrder
	Driver *chosenDriver
}

// chosenOrder is a delivery with what can be done with it.
type chosenOrder struct {
	row
	Customer            string
	Placed              string
	Needs               string
	Aboard, Open        bool
	CanPin, CanTakeBack bool
	Options             []option
	Offers              []offer
}

// option is a driver to choose.
type option struct {
	ID             int64
	Name, Says     string
	Best, Selected bool
}

// offer is who was asked, why him, and what he said.
type offer struct {
	Time, Name, Outcome, Reason string
	Why                         []string
	Others                      []other
}

// other is somebody else who could have had it.
type other struct{ Name, Cost string }

// chosenDriver is a driver with what is before him.
type chosenDriver struct {
	driver
	Stops []row
}

func (v viewer) chosenOrder(d *delivery.Delivery, offers []delivery.OfferView) chosenOrder {
	o := chosenOrder{
		row: v.row(d), Customer: d.Customer, Placed: v.clock(d.PlacedAt), Needs: strings.Join(delivery.SkillNames(d.Needs), ", "),
		Aboard: d.Status == delivery.PickedUp, Open: d.Open(), CanTakeBack: d.Status == delivery.Assigned,
		CanPin: d.Status == delivery.Requested || d.Status == delivery.Offered, Options: v.options(d, offers),
	}
	for i := len(offers) - 1; i >= 0; i-- {
		o.Offers = append(o.Offers, v.offer(offers[i]))
	}
	return o
}

// options are the drivers who could have a delivery: first those whom the planner thinks best of, then who is nearest.
func (v viewer) options(d *delivery.Delivery, offers []delivery.OfferView) []option {
	cost := map[int64]float64{}
	if n := len(offers); n > 0 {
		for _, a := range offers[n-1].Why.Alternatives {
			cost[a.Driver] = a.Cost
		}
	}
	type choice struct {
		option
		rank   int
		cost   float64
		metres float64
	}
	var list []choice
	for _, x := range v.Region.Drivers {
		if !x.AtWork() || !x.IncidentAt.IsZero() {
			continue
		}
		c := choice{option: option{ID: x.ID, Name: x.Name, Selected: d.Driver == x.ID}, rank: 1, metres: 1e9}
		if x.Last != nil {
			c.metres = x.Last.Metres(d.From)
		}
		if k, known := cost[x.ID]; known {
			c.rank, c.cost, c.Best = 0, k, true
		}
		c.Says = v.say("dispatch.option", v.driver(x).Says, x.Held, x.Capacity)
		list = append(list, c)
	}
	slices.SortStableFunc(list, func(a, b choice) int {
		return cmp.Or(a.rank-b.rank, cmp.Compare(a.cost, b.cost), cmp.Compare(a.metres, b.metres))
	})
	all := make([]option, len(list))
	for i, c := range list {
		all[i] = c.option
	}
	return all
}

func (v viewer) offer(o delivery.OfferView) offer {
	x := offer{Time: v.clock(o.OfferedAt), Name: o.Name, Outcome: v.say("dispatch.outcome." + o.Outcome), Reason: o.Reason}
	w := o.Why
	if w.ByHand != "" {
		x.Why = append(x.Why, v.say("dispatch.why.by_hand", w.ByHand))
		return x
	}
	x.Why = append(x.Why, v.say("dispatch.why.cost", minutes(w.Cost)))
	if w.Arrives != nil {
		x.Why = append(x.Why, v.say("dispatch.why.arrives", v.clock(*w.Arrives)))
	}
	if w.FoodWaits >= 60 {
		x.Why = append(x.Why, v.say("dispatch.why.food_waits", minutes(w.FoodWaits)))
	}
	if w.Drivers > 0 {
		x.Why = append(x.Why, v.say("dispatch.why.among", w.Drivers, w.OpenOrders))
	}
	if len(w.With) > 0 {
		x.Why = append(x.Why, v.say("dispatch.why.with", strings.Join(w.With, ", ")))
	}
	for _, a := range w.Alternatives {
		x.Others = append(x.Others, other{a.Name, v.say("dispatch.why.other", minutes(a.Cost))})
	}
	return x
}

func (v viewer) chosenDriver(d *delivery.Driver) chosenDriver {
	c := chosenDriver{driver: v.driver(d)}
	for _, x := range v.tours[d.ID] {
		c.Stops = append(c.Stops, v.row(x))
	}
	return c
}

// minutes are so many seconds, in minutes.
func minutes(seconds float64) string { return strconv.FormatFloat(seconds/60, 'f', 1, 64) }
