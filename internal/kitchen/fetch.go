package kitchen

import (
	"context"
	"slices"
)

// fetch reads the tickets that no floor knows: of other owners' kitchens, closed ones, or new ones; and ids for new tasks.
func (d *Desk) fetch(ctx context.Context, r *round) error {
	tickets, err := d.readUnknown(ctx, r)
	if err != nil {
		return err
	}
	for _, t := range tickets {
		if f := d.floors[t.Outlet]; f != nil && !t.Closed() {
			f.Open(t)
			r.touched[t.Outlet] = true
			continue
		}
		r.remember(t)
	}
	if err := d.nameLoose(ctx, tickets); err != nil {
		return err
	}
	if err := d.borrow(ctx, r); err != nil {
		return err
	}
	n := 0
	for _, m := range r.commands {
		n += m.command.ids
	}
	if n > 0 {
		r.ids, err = d.store.TaskIDs(ctx, n)
	}
	return err
}

func (d *Desk) readUnknown(ctx context.Context, r *round) (tickets []*Ticket, err error) {
	var tasks, orders []int64
	for _, m := range r.commands {
		c := m.command
		if t, _ := d.find(c); t != nil || c.kind == cmdRunOnce {
			continue
		}
		if c.task != 0 {
			tasks = append(tasks, c.task)
		} else {
			orders = append(orders, c.order)
		}
	}
	if len(tasks) > 0 {
		if tickets, err = d.store.TicketsOfTasks(ctx, tasks); err != nil {
			return nil, err
		}
	}
	orders = slices.DeleteFunc(orders, func(o int64) bool {
		return slices.ContainsFunc(tickets, func(t *Ticket) bool { return t.Order == o })
	})
	if len(orders) == 0 {
		return tickets, nil
	}
	slices.Sort(orders)
	more, err := d.store.Tickets(ctx, slices.Compact(orders))
	return append(tickets, more...), err
}

// borrow builds the floors of other owners' kitchens that a command needs as a whole: to see what has its place where,
// and what shares a load. They are as they were read; versions tell whether that still holds at the commit.
func (d *Desk) borrow(ctx context.Context, r *round) error {
	var outlets []int64
	for _, m := range r.commands {
		c := m.command
		t := r.loose[c.task]
		if c.task == 0 {
			t = r.orders[c.order]
		}
		if t == nil || d.floors[t.Outlet] != nil || c.kind == cmdRunOnce {
			continue
		}
		if c.kind == cmdChange || t.Task(c.task).Load != 0 {
			outlets = append(outlets, t.Outlet)
		}
	}
	if len(outlets) == 0 {
		return nil
	}
	slices.Sort(outlets)
	outlets = slices.Compact(outlets)
	layouts, err := d.store.Layouts(ctx, outlets)
	if err != nil {
		return err
	}
	tickets, err := d.store.OpenTickets(ctx, outlets)
	if err != nil {
		return err
	}
	for _, l := range layouts {
		mine := slices.DeleteFunc(slices.Clone(tickets), func(t *Ticket) bool { return t.Outlet != l.Outlet })
		r.borrowed[l.Outlet] = NewFloor(l, d.settings, mine, r.now, NewIndex())
	}
	return nil
}

// nameLoose makes sure that the set-ups of other owners' kitchens are known by name.
func (d *Desk) nameLoose(ctx context.Context, tickets []*Ticket) error {
	var missing []int64
	for _, t := range tickets {
		if d.floors[t.Outlet] == nil && d.layouts[t.Outlet] == nil {
			missing = append(missing, t.Outlet)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	slices.Sort(missing)
	layouts, err := d.store.Layouts(ctx, slices.Compact(missing))
	for _, l := range layouts {
		d.layouts[l.Outlet] = l
	}
	return err
}
