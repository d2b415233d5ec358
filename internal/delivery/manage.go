package delivery

import (
	"slices"
	"time"

	"brigade/internal/errs"
	"brigade/internal/event"
)

// AssignTo gives a delivery to a driver by hand, whoever was asked or had it; he need not be asked. Errors: KindConflict,
// KindNotFound.
func (t *Turn) AssignTo(order, driver int64) error {
	d, who, err := t.find(order, driver)
	if err != nil {
		return err
	}
	if d.Status == Assigned && d.Driver == driver {
		return nil
	}
	next, err := Next(d.Status, Assign)
	if err != nil {
		return err
	}
	if err := who.takes(); err != nil {
		return err
	}
	if d.Status == Offered {
		t.answer(d, "withdrawn", "assigned by hand")
	}
	t.let(d, d.Number+" went to somebody else")
	if err := t.hold(d, who); err != nil {
		return err
	}
	d.Status = next
	d.Attempt++
	t.Offers = append(t.Offers, OfferRow{
		Order: order, Tenant: d.Tenant, Driver: driver, Attempt: d.Attempt, Outcome: "accepted", Reason: "assigned by hand",
		Why: Why{ByHand: t.By}.Text(),
	})
	t.touch(d, event.DeliveryAssigned, "assigned by hand")
	t.Follow(d)
	return nil
}

// Unassign takes back what was assigned: somebody is looked for, perhaps the same. Repeated: nothing changes. Errors:
// KindConflict unless somebody has it and has not picked it up, KindNotFound.
func (t *Turn) Unassign(order int64) error {
	d := t.Deliveries[order]
	switch {
	case d == nil:
		return errs.NotFound("there is no delivery %d", order)
	case d.Status == Requested:
		return nil
	}
	next, err := Next(d.Status, Release)
	if err != nil {
		return err
	}
	t.release(d, next, "taken back by hand")
	return nil
}

// release takes a delivery from its driver, who has not picked it up.
func (t *Turn) release(d *Delivery, next Status, reason string) {
	t.let(d, d.Number+" was taken back")
	d.Status, d.AssignedAt = next, time.Time{}
	t.touch(d, event.DeliveryReleased, reason)
	d.Driver = 0
}

// TakeOver gives what a driver has on board to another who has met him on the road. Repeated: nothing changes. Errors:
// KindConflict, KindNotFound.
func (t *Turn) TakeOver(order, driver int64) error {
	d, who, err := t.find(order, driver)
	if err != nil {
		return err
	}
	next, err := Next(d.Status, HandOn)
	if err != nil || d.Driver == driver {
		return err
	}
	if err := who.takes(); err != nil {
		return err
	}
	reason := "taken over"
	if before := t.Drivers[d.Driver]; before != nil {
		reason += " from " + before.Name
	}
	assigned := d.AssignedAt
	t.let(d, d.Number+" was taken over by "+who.Name)
	if err := t.hold(d, who); err != nil {
		return err
	}
	d.Status, d.AssignedAt = next, assigned
	t.touch(d, event.DeliveryPickedUp, reason)
	return nil
}

// Incident takes a driver off the road at once, until EndIncident: what he has not picked up goes to others, what he carries
// is escalated; once that is settled he is offline. Repeated: nothing changes. Errors: KindNotFound.
func (t *Turn) Incident(driver int64, reason string) error {
	d := t.Drivers[driver]
	if d == nil {
		return errs.NotFound("there is no such driver")
	}
	if !d.IncidentAt.IsZero() {
		return nil
	}
	d.IncidentAt, d.Incident, d.IncidentOrders = t.Now, reason, nil
	for _, o := range t.byOrder() {
		switch {
		case o.Driver != driver:
		case o.Status == Assigned:
			d.IncidentOrders = append(d.IncidentOrders, o.Order)
			if err := t.GiveBack(o.Order, driver, reason); err != nil {
				return err
			}
		case o.Status == Offered:
			if err := t.Refuse(o.Order, driver, Withdraw, reason); err != nil {
				return err
			}
		case o.Status == PickedUp:
			t.Escalate(o.Order, joined(d.Name+" has it on board", reason))
		}
	}
	if d.Status == Delivering || d.Status == Idle { // on the road, or at home or on a break: there he stays
		d.BreakUntil = time.Time{}
		if d.Status == Idle {
			d.OnlineAt = time.Time{}
		}
		t.stir(d, reason)
		return nil
	}
	return t.Offline(driver, time.Time{}, reason)
}

// EndIncident lets a driver work again, and undoes what his incident did as far as nobody else has it by now: he is given back
// what he had accepted, and what he carries is no longer escalated for it. Repeated: nothing changes. Errors: KindNotFound.
func (t *Turn) EndIncident(driver int64) error {
	d := t.Drivers[driver]
	if d == nil {
		return errs.NotFound("there is no such driver")
	}
	if d.IncidentAt.IsZero() {
		return nil
	}
	since, had := d.IncidentAt, d.IncidentOrders
	d.IncidentAt, d.Incident, d.IncidentOrders = time.Time{}, "", nil
	t.stir(d, "the incident is over")
	if _, onShift := d.shiftEnd(t.Now); onShift && d.Active && d.Status == Idle {
		if err := t.Online(driver); err != nil {
			return err
		}
	}
	for _, o := range t.byOrder() {
		switch {
		case o.Driver == driver && o.Status == PickedUp && o.EscalatedAt.Equal(since):
			o.EscalatedAt, o.Note = time.Time{}, ""
			o.Version++
			o.changed = true
		case slices.Contains(had, o.Order) && (o.Status == Requested || o.Status == Offered):
			o.RefusedBy = slices.DeleteFunc(slices.Clone(o.RefusedBy), func(id int64) bool { return id == driver })
			o.Version++
			o.changed = true
			if d.AtWork() {
				if err := t.AssignTo(o.Order, driver); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (t *Turn) byOrder() []*Delivery {
	list := make([]*Delivery, 0, len(t.Deliveries))
	for _, d := range t.Deliveries {
		list = append(list, d)
	}
	slices.SortFunc(list, func(a, b *Delivery) int { return int(a.Order - b.Order) })
	return list
}

// PinTo says that only one driver may have a delivery; 0: everybody may. An offer to somebody else is withdrawn.
// Errors: KindConflict once somebody has it, KindNotFound.
func (t *Turn) PinTo(order, driver int64) error {
	d := t.Deliveries[order]
	switch {
	case d == nil:
		return errs.NotFound("there is no delivery %d", order)
	case d.Pinned == driver:
		return nil
	case d.Status != Requested && d.Status != Offered:
		return errs.Conflict("delivery %s is %s: assign it to somebody else instead", d.Number, d.Status)
	}
	if d.Status == Offered && driver != 0 && d.Driver != driver {
		if err := t.Refuse(order, d.Driver, Withdraw, "pinned to somebody else"); err != nil {
			return err
		}
	}
	d.Pinned = driver
	d.RefusedBy = slices.DeleteFunc(slices.Clone(d.RefusedBy), func(id int64) bool { return id == driver })
	d.Version++
	d.changed = true
	return nil
}
