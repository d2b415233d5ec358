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
	trackedFor = time.Minute     // an order changes by events only, but for the names of people and stations
	boardFor   = 2 * time.Second // breaks begin and end by time alone
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
		if t.Order, err = s.Orders.Get(ctx, who, number); err != nil {
			return t, "", err
		}
		t.Order.Lines = nil // long, and not needed
		t.Ticket, err = s.ticket(ctx, who, t.Order.ID)
		return t, live.Order(t.Order.ID), err
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
