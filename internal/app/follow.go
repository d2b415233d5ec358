package app

import (
	"context"
	"slices"

	"brigade/internal/event"
)

// startFollowing runs the tail and tells the desk what other nodes changed.
func (a *App) startFollowing(context.Context) error {
	a.run("tail", a.tail.Run)
	sub := a.tail.Subscribe(1 << 16)
	a.run("kitchen changes", func(ctx context.Context) error {
		defer sub.Close()
		for {
			events, lagged, err := sub.Next(ctx)
			if err != nil {
				return nil // the tail or the app has ended
			}
			a.tellDesk(events)
			if lagged { // nobody knows what changed: everything may have
				a.desk.Reread()
			}
		}
	})
	return nil
}

// tellDesk passes on what is news to the desk: tickets that other nodes changed, and set-ups that anybody changed.
func (a *App) tellDesk(events []event.Event) {
	orders := map[int64][]int64{} // by outlet
	for _, e := range events {
		switch {
		case e.Type == event.KitchenChanged:
			a.desk.Relaid(e.Outlet)
		case e.Origin == a.node.ID():
		case e.AggregateType == event.AggregateTask:
			if p, ok := e.TaskPayload(); ok {
				orders[e.Outlet] = append(orders[e.Outlet], p.OrderID)
			}
		case e.AggregateType == event.AggregateTicket:
			orders[e.Outlet] = append(orders[e.Outlet], e.AggregateID)
		}
	}
	for outlet, changed := range orders {
		slices.Sort(changed)
		a.desk.Changed(outlet, slices.Compact(changed))
	}
}
