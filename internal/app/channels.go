package app

import (
	"context"
	"strings"
	"time"

	"brigade/internal/actor"
	"brigade/internal/channel"
	"brigade/internal/channel/channelpg"
	"brigade/internal/errs"
	"brigade/internal/kitchen"
	"brigade/internal/menu"
	"brigade/internal/money"
	"brigade/internal/notify"
	"brigade/internal/order"
	"brigade/internal/order/orderpg"
	"brigade/internal/store"
	"brigade/internal/tenant"
)

// buildChannels makes what ordering providers order by.
func (a *App) buildChannels() {
	a.announce = make(chan struct{}, 1)
	rows := channelpg.New(a.pool, channelpg.Parts{Tell: a.tellState})
	a.channels = channel.New(rows, channel.Parts{
		Orders: channelOrders{a}, Menu: channelMenu{a.catalogue}, Doors: doors{a}, Hooks: channelHooks{a.notices}, Clock: a.clock,
		Changed: a.announceSoon,
	})
}

// tokens lets in people and programs by their tokens, and ordering providers by their channels'.
type tokens struct {
	*tenant.Service
	channels *channel.Service
}

// Authenticate implements api.Tenants.
func (t tokens) Authenticate(ctx context.Context, token string) (actor.Actor, error) {
	if strings.HasPrefix(token, channel.TokenPrefix) {
		return t.channels.Authenticate(ctx, token)
	}
	return t.Service.Authenticate(ctx, token)
}

// channelOrders takes providers' orders as orders.
type channelOrders struct{ app *App }

// Place implements channel.Orders.
func (p channelOrders) Place(ctx context.Context, c channel.Channel, o channel.Order, lines []channel.Line) (channel.Taken, error) {
	placement := order.Placement{
		Source: c.Source(), Key: o.ID, Fingerprint: order.Fingerprint(o), Outlet: c.Outlet, Type: order.Type(o.Type),
		CustomerName: o.CustomerName, TableNumber: o.TableNumber, DeliveryAddress: o.DeliveryAddress, ReadyAt: o.ReadyAt,
		Method: order.Cash,
	}
	if o.Paid {
		placement.Method = order.Provider
	}
	for _, l := range lines {
		placement.Items = append(placement.Items, order.Wanted{SKU: l.SKU, Note: l.Note, Quantity: l.Quantity, Price: l.Price, Path: l.Path})
	}
	r, err := p.app.orders.Place(ctx, c.Actor(), placement)
	if err != nil {
		return channel.Taken{}, err
	}
	t, err := p.taken(ctx, r.Order, o.ID)
	t.Repeated = r.Repeated
	return t, err
}

// Find implements channel.Orders.
func (p channelOrders) Find(ctx context.Context, c channel.Channel, id string) (channel.Taken, error) {
	o, err := p.app.orderRows.ByKey(ctx, c.Tenant, c.Source(), id)
	if err != nil {
		return channel.Taken{}, err
	}
	return p.taken(ctx, o, id)
}

// Cancel implements channel.Orders.
func (p channelOrders) Cancel(ctx context.Context, c channel.Channel, t channel.Taken, reason string) (channel.Taken, error) {
	if _, err := p.app.editor.Cancel(ctx, c.Actor(), t.Number, "", reason); err != nil {
		return channel.Taken{}, err
	}
	now, err := p.Find(ctx, c, t.ID)
	if err != nil || now.Owed == 0 {
		return now, err
	}
	now, err = p.PaidBack(ctx, c, now, "it has cancelled the order itself")
	if errs.Is(err, errs.KindConflict) {
		return p.Find(ctx, c, t.ID)
	}
	return now, err
}

// PaidBack implements channel.Orders.
func (p channelOrders) PaidBack(ctx context.Context, c channel.Channel, t channel.Taken, note string) (channel.Taken, error) {
	who := c.Actor()
	who.Role = actor.System
	if _, err := p.app.care.Resolve(ctx, who, t.Number, string(order.StepRefund), note, false); err != nil {
		return channel.Taken{}, err
	}
	return p.Find(ctx, c, t.ID)
}

// taken is an order in its provider's words.
func (p channelOrders) taken(ctx context.Context, o order.Order, id string) (channel.Taken, error) {
	t := channel.Taken{ID: id, Number: o.Number, Status: string(o.Status), Total: o.Total, Currency: o.Currency}
	terms, err := p.app.orderRows.Terms(ctx, o.Tenant, o.ID)
	if errs.Is(err, errs.KindNotFound) || err == nil && terms.Pay.Method != order.Provider {
		return t, nil
	}
	_, keeps := order.Owed(terms.Life(o.Type, o.Status), terms.Pay.Method, o.Total)
	if o.Status != order.Cancelled || o.UpdatedBy != o.Source {
		t.Owed = max(0, terms.Pay.Held()-keeps)
	}
	return t, err
}

// paidThere is payment at an ordering provider: it has the money, and pays back what is not delivered. What it is to pay
// back by our doing stays open until it says that it has.
type paidThere struct{ orders *orderpg.Store }

// Do implements order.Payments.
func (p paidThere) Do(ctx context.Context, a order.Attempt) (order.Outcome, error) {
	if a.Step != order.StepRefund {
		return order.Outcome{Done: true}, nil
	}
	found, err := p.orders.Orders(ctx, []int64{a.Order})
	if err != nil {
		return order.Outcome{}, err
	}
	if len(found) == 1 && found[0].Status == order.Cancelled && found[0].UpdatedBy == found[0].Source {
		return order.Outcome{Done: true}, nil // it has cancelled it itself
	}
	return order.Outcome{Reason: "the ordering provider is to pay this back, and has not said that it did"}, nil
}

// channelMenu shows the menu to channels.
type channelMenu struct{ catalogue *menu.Catalogue }

// Prices implements channel.Menu.
func (m channelMenu) Prices(ctx context.Context, tenantID, outlet int64, skus []string) (map[string]money.Amount, error) {
	items, err := m.catalogue.Lookup(ctx, tenantID, outlet, skus)
	prices := make(map[string]money.Amount, len(items))
	for i, it := range items {
		if it != nil && it.SKU == skus[i] {
			prices[it.SKU] = it.Price
		}
	}
	return prices, err
}

// doors are what is paused by hand, and how busy the outlet is.
type doors struct{ app *App }

// Standing implements channel.Doors.
func (d doors) Standing(ctx context.Context, tenantID, outlet int64, source string) (channel.Standing, error) {
	who := actor.Actor{Tenant: tenantID, Outlet: outlet, Role: actor.System}
	pauses, err := d.app.sales.Paused(ctx, who, outlet)
	now := channel.Standing{State: channel.Open}
	for _, p := range pauses {
		if p.Kind == menu.PauseOutlet || p.Kind == menu.PauseSource && p.Name == source {
			now = channel.Longer(now, channel.Standing{State: channel.Paused, Until: p.Until, Reason: p.Reason})
		}
	}
	if err != nil || now.State == channel.Paused {
		return now, err
	}
	return d.pressed(ctx, who)
}

// delayStep is how finely a delay is told, so that a provider does not hear of every minute.
const delayStep = 5 * time.Minute

// pressed tells how busy the actor's outlet is: by its limits, and for so long as its kitchen has to do.
func (d doors) pressed(ctx context.Context, who actor.Actor) (channel.Standing, error) {
	p, err := d.app.kitchen.Pressure(ctx, who, who.Outlet)
	if err != nil || p.State != kitchen.StateBusy {
		return channel.Standing{State: channel.Open}, err
	}
	queue, err := d.app.tickets.Backlog(ctx, who.Outlet)
	delay := max(delayStep, (queue + delayStep - 1).Truncate(delayStep))
	return channel.Standing{State: channel.Busy, Delay: delay, Reason: "the kitchen is busy"}, err
}

// Shut implements channel.Doors.
func (d doors) Shut(ctx context.Context, who actor.Actor, outlet int64, source string, until time.Time, reason string) error {
	_, err := d.app.sales.Pause(ctx, who, outlet, menu.Pause{Kind: menu.PauseSource, Name: source, Until: until, Reason: reason})
	return err
}

// Unshut implements channel.Doors.
func (d doors) Unshut(ctx context.Context, who actor.Actor, outlet int64, source string) error {
	_, err := d.app.sales.Resume(ctx, who, outlet, menu.PauseSource, source)
	return err
}

// channelHooks tells providers by webhooks.
type channelHooks struct{ notices *notify.Service }

// Put implements channel.Hooks.
func (h channelHooks) Put(ctx context.Context, who actor.Actor, c channel.Channel, url, secret string) error {
	_, err := h.notices.PutSourceWebhook(ctx, who, notify.Webhook{
		Outlet: c.Outlet, URL: url, Secret: secret, Source: c.Source(), Description: "channel " + c.Name,
	})
	return err
}

// URL implements channel.Hooks.
func (h channelHooks) URL(ctx context.Context, who actor.Actor, c channel.Channel) (string, error) {
	w, err := h.notices.SourceWebhook(ctx, who, c.Source())
	if errs.Is(err, errs.KindNotFound) {
		return "", nil
	}
	return w.URL, err
}

// Remove implements channel.Hooks.
func (h channelHooks) Remove(ctx context.Context, who actor.Actor, c channel.Channel) error {
	w, err := h.notices.SourceWebhook(ctx, who, c.Source())
	if errs.Is(err, errs.KindNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return h.notices.RemoveWebhook(ctx, who, w.ID)
}

// tellState writes the message that tells a provider how its channel takes orders.
func (a *App) tellState(ctx context.Context, tx store.Tx, c channel.Channel, s channel.Standing, version int, at time.Time) error {
	state := &notify.ChannelState{Channel: c.Name, State: string(s.State), Delay: int(s.Delay / time.Minute), Reason: s.Reason}
	if !s.Until.IsZero() {
		until := s.Until.UTC()
		state.Until = &until
	}
	_, err := a.ledger.TellIn(ctx, tx, []notify.Change{{
		Tenant: c.Tenant, Outlet: c.Outlet, Sequence: version, Kind: notify.StateChanged, At: at, Source: c.Source(), State: state,
	}})
	return err
}

// announceSoon has providers told that something was paused, or is open again.
func (a *App) announceSoon() {
	select {
	case a.announce <- struct{}{}:
	default:
	}
}

// announceEvery is how long a pause that ends by itself, or a delay that was said on another node, may go untold.
const announceEvery = 5 * time.Second

// announceStates tells providers of their channels' states, on the node that reads the log for messages.
func (a *App) announceStates(ctx context.Context) error {
	tick := time.NewTicker(announceEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-a.announce:
		case <-tick.C:
		}
		if _, mine := a.node.Owned(notifyIntake); !mine {
			continue
		}
		if _, err := a.channels.Announce(ctx); err != nil && ctx.Err() == nil {
			a.log.WarnContext(ctx, "providers were not told of their channels", "action", "announce_failed", "error", err)
		}
	}
}
