package api

import (
	"context"
	"fmt"
	"time"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/kitchen"
	"brigade/internal/live"
	"brigade/internal/order"
)

// What many ask for again and again is read once for all processes, where they share a cache.
const (
	trackedFor = 10 * time.Second // an order changes by events only, but for names, and what is expected of its kitchen
	boardFor   = 2 * time.Second  // breaks begin and end by time alone
)

// tracked is what following an order needs to know of it.
type tracked struct {
	Order  order.Order
	Ticket kitchen.TicketView
}

// tracked reads an order with its tasks. Errors: KindNotFound.
func (s *server) tracked(ctx context.Context, who actor.Actor, number string) (tracked, error) {
	key := fmt.Sprintf("order:%d:%s", who.Tenant, number)
	t, err := live.Read(ctx, s.Cache, key, trackedFor, func() (t tracked, about live.Subject, err error) {
		o, err := s.Orders.Get(ctx, who, number)
		if err != nil {
			return t, "", err
		}
		t.Order = order.Order{ // nothing of who the guest is
			ID: o.ID, Tenant: o.Tenant, Outlet: o.Outlet, Number: o.Number, Status: o.Status, Type: o.Type, PlacedAt: o.PlacedAt,
			UpdatedAt: o.UpdatedAt, UpdatedBy: o.UpdatedBy, ReadyAt: o.ReadyAt, ClosedAt: o.ClosedAt,
		}
		t.Ticket, err = s.ticket(ctx, who, o.ID)
		return t, live.Order(o.ID), err
	})
	if err == nil && !who.Sees(t.Order.Outlet) {
		return tracked{}, errs.NotFound("no order %s", number)
	}
	return t, err
}

// sharedBoard is board for an outlet that the actor may see. Errors: KindNotFound.
func (s *server) sharedBoard(ctx context.Context, who actor.Actor, in OutletParam) (boardView, error) {
	outlet, err := s.outlet(ctx, who, in.Outlet)
	if err != nil {
		return boardView{}, err
	}
	if outlet == 0 {
		outlet = who.Outlet
	}
	key := fmt.Sprintf("board:%d:%d", who.Tenant, outlet)
	v, err := live.Read(ctx, s.Cache, key, boardFor, func() (boardView, live.Subject, error) {
		v, err := s.board(ctx, who, in)
		return v, live.Outlet(v.Outlet), err
	})
	if err == nil && !who.Sees(v.Outlet) {
		return boardView{}, errs.NotFound("no such outlet")
	}
	return v, err
}
