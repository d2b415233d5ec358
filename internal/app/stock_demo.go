package app

import (
	"context"
	"slices"
	"strconv"
	"time"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/stock"
)

// demoDelivery is how long the demo's suppliers take, of product time: nobody waits days for a demonstration.
const demoDelivery = 10 * time.Minute

// buyForDemo plays whoever buys for the demo's outlets that this process plays, and their suppliers: what falls below half of its
// par level is ordered, and comes soon.
func (a *App) buyForDemo(owner actor.Actor) func(context.Context) error {
	return func(ctx context.Context) error {
		tick := time.NewTicker(simLook(a.clock.Scale()))
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-tick.C:
			}
			if err := a.buyOnce(ctx, owner); err != nil && ctx.Err() == nil {
				a.log.WarnContext(ctx, "nothing was bought for the demo", "action", "demo_purchase_failed", "error", err)
			}
		}
	}
}

func (a *App) buyOnce(ctx context.Context, owner actor.Actor) error {
	outlets, err := a.tenants.ListOutlets(ctx, owner.Tenant)
	if err != nil {
		return err
	}
	for _, o := range outlets {
		if _, mine := a.node.Owned(simResource + strconv.FormatInt(o.ID, 10)); !mine {
			continue
		}
		who := actor.Actor{Tenant: owner.Tenant, Outlet: o.ID, Name: "demo", Role: actor.Manager}
		if err := a.buyAt(ctx, who); err != nil {
			return err
		}
	}
	return nil
}

// buyAt takes in what is due, and orders what is low unless something of the demo's own is on its way.
func (a *App) buyAt(ctx context.Context, who actor.Actor) error {
	open, err := a.stock.Purchases(ctx, who, stock.Query{Most: 100})
	if err != nil {
		return err
	}
	waiting := false
	for _, p := range open {
		switch {
		case p.CreatedBy != who.Name:
		case p.Status == stock.Draft:
			err = a.sendForDemo(ctx, who, p)
			waiting = true
		case a.clock.Now().Sub(p.SentAt) >= demoDelivery:
			_, err = a.stock.Receive(ctx, who, stock.Receipt{Purchase: p.ID, Key: "demo/" + p.Number, Close: true})
		default:
			waiting = true
		}
		if err != nil {
			return err
		}
	}
	levels, err := a.stock.Levels(ctx, who, stock.Query{})
	low := slices.ContainsFunc(levels, func(l stock.Level) bool { return l.Available()+l.OnOrder < l.Par/2 })
	if err != nil || waiting || !low {
		return err
	}
	return a.fillUp(ctx, who, levels)
}

// fillUp orders what brings everything up to its par level.
func (a *App) fillUp(ctx context.Context, who actor.Actor, levels []stock.Level) error {
	products, err := a.stock.Products(ctx, who, stock.Query{})
	if err != nil {
		return err
	}
	for _, g := range stock.UpToPar(levels, products, nil) {
		var o stock.Order
		for _, l := range g.Lines {
			i := slices.IndexFunc(products, func(p stock.Product) bool { return p.ID == l.Product })
			o.Supplier = products[i].SupplierCode
			o.Lines = append(o.Lines, stock.OrderLine{Product: products[i].Code, Packs: l.Packs})
		}
		p, err := a.stock.Draft(ctx, who, o)
		if err != nil {
			return err
		}
		if err := a.sendForDemo(ctx, who, p); err != nil {
			return err
		}
	}
	return nil
}

// sendForDemo sends a draft, with more of its first product where it is below the supplier's minimum.
func (a *App) sendForDemo(ctx context.Context, who actor.Actor, p stock.Purchase) error {
	if missing := p.Supplier.Minimum - p.Total(); missing > 0 && len(p.Lines) > 0 && p.Lines[0].Price > 0 {
		first := p.Lines[0]
		more := stock.OrderLine{Product: first.Code, Packs: first.Packs + int((missing+first.Price-1)/first.Price)}
		if _, err := a.stock.Edit(ctx, who, p.ID, stock.Edit{Set: []stock.OrderLine{more}}); err != nil {
			return err
		}
	}
	_, err := a.stock.Send(ctx, who, p.ID)
	if errs.Is(err, errs.KindInvalid) { // it cannot be ordered: the next one may
		_, err = a.stock.Cancel(ctx, who, p.ID)
	}
	return err
}
