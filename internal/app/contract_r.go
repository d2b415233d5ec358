package app

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"brigade/internal/actor"
	"brigade/internal/api"
	"brigade/internal/errs"
	"brigade/internal/event"
	"brigade/internal/event/rabbitmq"
	"brigade/internal/order"
	"brigade/internal/order/orderpg"
	"brigade/internal/store"
	"brigade/internal/tenant"
	"brigade/internal/worker"
	"brigade/internal/worker/workerpg"
)

// CheckWorker names everything that is wrong with what a worker was told. Errors: KindInvalid.
func (s Service) CheckWorker() error { return s.Worker.Validate() }

// buildCooks makes what contract R's workers need.
func (a *App) buildCooks() {
	a.cooks = workerpg.New(a.pool, workerpg.Parts{
		Node: a.node.ID, Committed: a.committed,
		Advance: func(ctx context.Context, tx store.Tx, steps []workerpg.Step) error {
			moves := make([]orderpg.Step, len(steps))
			for i, s := range steps {
				to := order.InPreparation
				if s.Ready {
					to = order.Ready
				}
				moves[i] = orderpg.Step{Order: s.Order, To: orderpg.To(to), By: s.By, At: s.At}
			}
			return a.orderRows.Advance(ctx, tx, moves, true)
		},
	})
	a.onStop("workers' orders", func(context.Context) error { a.cooks.Close(); return nil })
}

// openWork gives new orders to those who cook at their outlets: the task engine, or workers that take whole orders.
func (a *App) openWork(ctx context.Context, tx store.Tx, orders []*order.Order) ([][]int64, []event.Event, func(), error) {
	whole, err := a.cooks.Enrol(ctx, tx, enrollable(orders))
	if err != nil {
		return nil, nil, nil, err
	}
	if len(whole) == 0 {
		return a.openTickets(ctx, tx, orders)
	}
	rest := slices.DeleteFunc(slices.Clone(orders), func(o *order.Order) bool { return whole[o.ID] })
	var found [][]int64
	var events []event.Event
	committed := func() {}
	if len(rest) > 0 {
		if found, events, committed, err = a.openTickets(ctx, tx, rest); err != nil {
			return nil, nil, nil, err
		}
	}
	ready := make([][]int64, len(orders))
	for i, o := range orders {
		if whole[o.ID] {
			ready[i] = []int64{}
			events = append(events, a.queued(o))
			continue
		}
		ready[i], found = found[0], found[1:]
	}
	return ready, events, committed, nil
}

func enrollable(orders []*order.Order) []workerpg.Order {
	list := make([]workerpg.Order, len(orders))
	for i, o := range orders {
		list[i] = workerpg.Order{ID: o.ID, Tenant: o.Tenant, Outlet: o.Outlet, Number: o.Number}
	}
	return list
}

func (a *App) queued(o *order.Order) event.Event {
	e := event.New(event.OrderQueued, event.AggregateWork, o.ID, 1, a.clock.Now(), event.QueuedPayload{OrderID: o.ID, OrderNumber: o.Number})
	e.Tenant, e.Outlet = o.Tenant, o.Outlet
	return e
}

// contractMessages is what clients of the contracts are told of events: how workflows ended, orders for workers, changes of
// status for subscribers. Their exchanges belong to one tenant; what happens to others is not told there.
func (a *App) contractMessages(ctx context.Context, events []event.Event) ([][]rabbitmq.Message, error) {
	messages := make([][]rabbitmq.Message, len(events))
	for i, e := range events {
		messages[i] = workflowMessages(e)
	}
	t, err := a.serviceTenant(ctx)
	if errs.Is(err, errs.KindNotFound) {
		return messages, nil
	}
	if err != nil {
		return nil, err
	}
	orders, err := a.queuedOrders(ctx, t.ID, events)
	if err != nil {
		return nil, err
	}
	for i, e := range events {
		if e.Tenant != t.ID {
			continue
		}
		if m, ok := statusMessage(e); ok {
			messages[i] = append(messages[i], m)
		}
		if o := orders[e.AggregateID]; o != nil && e.Type == event.OrderQueued {
			messages[i] = append(messages[i], orderMessage(e, o))
		}
	}
	return messages, nil
}

// queuedOrders reads the orders that went to workers with some events and that nobody has finished since.
func (a *App) queuedOrders(ctx context.Context, tenant int64, events []event.Event) (map[int64]*order.Order, error) {
	var ids []int64
	for _, e := range events {
		if e.Tenant == tenant && e.Type == event.OrderQueued {
			ids = append(ids, e.AggregateID)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	ids, err := a.cooks.Waiting(ctx, ids)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	slices.Sort(ids)
	found, err := a.orderRows.Orders(ctx, ids)
	byID := make(map[int64]*order.Order, len(found))
	for i := range found {
		byID[found[i].ID] = &found[i]
	}
	return byID, err
}

func orderMessage(e event.Event, o *order.Order) rabbitmq.Message {
	m := worker.OrderMessage{
		Number: o.Number, Customer: o.CustomerName, Type: string(o.Type), Items: []worker.MessageItem{}, Total: o.Total, Priority: o.Priority,
	}
	if o.TableNumber != 0 {
		m.Table = &o.TableNumber
	}
	if o.DeliveryAddress != "" {
		m.Address = &o.DeliveryAddress
	}
	for _, l := range o.Lines {
		m.Items = append(m.Items, worker.MessageItem{Name: l.Name, Quantity: l.Quantity, Price: l.UnitPrice})
	}
	return rabbitmq.Message{
		Exchange: rabbitmq.OrdersExchange, Key: rabbitmq.OrderKey(m.Type, m.Priority), ID: e.ID.String(), Type: "order",
		Priority: m.Priority, At: e.OccurredAt, Body: encode(m), Mandatory: true,
	}
}

// statusMessage is the notification of a change that contract R has a word for; a new order is none.
func statusMessage(e event.Event) (rabbitmq.Message, bool) {
	p, ok := e.OrderPayload()
	if !ok || p.OldStatus == "" {
		return rabbitmq.Message{}, false
	}
	m := worker.StatusMessage{
		Number: p.OrderNumber, Old: api.ContractStatus(order.Status(p.OldStatus)), New: api.ContractStatus(order.Status(p.NewStatus)),
		By: p.ChangedBy, At: e.OccurredAt.UTC(), Estimated: p.EstimatedCompletion,
	}
	if m.Old == m.New {
		return rabbitmq.Message{}, false
	}
	if m.Estimated == nil {
		m.Estimated = estimatedBy(m, p.Type)
	}
	return rabbitmq.Message{
		Exchange: rabbitmq.NotificationsExchange, ID: e.ID.String(), Type: "status", At: e.OccurredAt, Body: encode(m),
	}, true
}

// estimatedBy is when an order is ready that is cooked whole; nil when it never will be.
func estimatedBy(m worker.StatusMessage, orderType string) *time.Time {
	at := m.At
	switch m.New {
	case "received", "cooking":
		at = at.Add(worker.CookingTime(orderType))
	case "cancelled":
		return nil
	}
	return &at
}

func encode(message any) []byte {
	body, err := json.Marshal(message)
	if err != nil { // messages are plain structs
		panic("app: message: " + err.Error())
	}
	return body
}

// tenantChoice remembers for whom contract R's services work.
type tenantChoice struct {
	mu     sync.Mutex
	chosen tenant.Tenant
	asked  time.Time
}

const choiceFor = 5 * time.Second

// serviceTenant is for whom contract R's services work: the one that was named, else the only active tenant, else the
// demo. Errors: KindNotFound.
func (a *App) serviceTenant(ctx context.Context) (tenant.Tenant, error) {
	c := &a.services
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.chosen.ID != 0 && time.Since(c.asked) < choiceFor {
		return c.chosen, nil
	}
	t, err := a.chooseTenant(ctx)
	if err == nil {
		c.chosen, c.asked = t, time.Now()
	}
	return t, err
}

func (a *App) chooseTenant(ctx context.Context) (tenant.Tenant, error) {
	all, err := a.tenants.ListTenants(ctx)
	if err != nil {
		return tenant.Tenant{}, err
	}
	all = slices.DeleteFunc(all, func(t tenant.Tenant) bool { return t.Status != tenant.Active })
	slug := cmp.Or(a.cfg.Service.Tenant, a.cfg.Brokers.RabbitMQTenant)
	if slug == "" && len(all) == 1 {
		return all[0], nil
	}
	slug = cmp.Or(slug, tenant.DemoSlug)
	i := slices.IndexFunc(all, func(t tenant.Tenant) bool { return t.Slug == slug })
	if i < 0 {
		return tenant.Tenant{}, errs.NotFound("there are %d active tenants, and none is called %s: name one with --tenant", len(all), slug)
	}
	return all[i], nil
}

// serviceActor is in whose name requests without a token come.
func (a *App) serviceActor(ctx context.Context, name string) (actor.Actor, error) {
	t, err := a.serviceTenant(ctx)
	if err != nil {
		return actor.Actor{}, err
	}
	return a.tenants.ActorFor(ctx, t.Slug, name, actor.Integrator)
}
