package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/money"
	"brigade/internal/order"
	"brigade/internal/tracking"
)

const tagR = "Contract R"

// sourceR scopes the idempotency keys of contract R's clients.
const sourceR = "orders"

func (s *server) addContractR() {
	r := func(method, path string, view View, id, summary, description, response string) route {
		return route{
			method: method, path: path, view: view, id: id, tag: tagR, summary: summary, description: description,
			response: response, badRequest: true, lenient: true,
		}
	}
	place := r(http.MethodPost, "/orders", ViewOrderService, "place-free-form-order", "Place a free-form order",
		"Takes an order with the client's own items and prices; what is not on the menu is made by a recipe of one step. With an "+
			"Idempotency-Key the same request again gives the first answer.",
		`{"order_number":"ORD_20241216_001","status":"received","total_amount":24.98}`)
	place.request = `{"customer_name":"Ada Lovelace","order_type":"dine_in","table_number":7,"items":[{"name":"Margherita Pizza","quantity":2,"price":12.49}]}`
	place.errors, place.quiet = []int{http.StatusConflict}, true
	add(s, place, s.placeFreeForm)
	get := func(path, id, summary, description, response string) route {
		d := r(http.MethodGet, path, ViewTracking, id, summary, description, response)
		d.errors = []int{http.StatusNotFound}
		return d
	}
	add(s, get("/orders/{order_number}/status", "track-order", "Where an order is",
		"The order's status, when it will be ready and who last worked on it.",
		`{"order_number":"ORD_20241216_001","current_status":"cooking","updated_at":"2024-12-16T12:00:40Z",
"estimated_completion":"2024-12-16T12:02:05Z","processed_by":"Asha"}`), s.trackOrder)
	add(s, get("/orders/{order_number}/history", "track-order-history", "What happened to an order",
		"Every change of the order's status with who made it, oldest first.",
		`[{"status":"received","timestamp":"2024-12-16T12:00:00Z","changed_by":"till-1"},
{"status":"cooking","timestamp":"2024-12-16T12:00:40Z","changed_by":"Asha"}]`), s.trackHistory)
	add(s, r(http.MethodGet, "/workers/status", ViewTracking, "list-workers", "Who works", "The kitchen staff of the outlet and the workers that take whole orders.",
		`[{"worker_name":"Asha","status":"online","orders_processed":17,"last_seen":"2024-12-16T12:00:00Z"}]`), s.listWorkers)
}

// contractStatus is contract R's name of a status.
var contractStatus = map[order.Status]string{
	order.Created:            "received",
	order.Rejected:           "cancelled",
	order.Scheduled:          "received",
	order.InPreparation:      "cooking",
	order.Ready:              "ready",
	order.SchedulingDelivery: "ready",
	order.WaitingForDriver:   "ready",
	order.InDelivery:         "ready",
	order.Served:             "completed",
	order.Collected:          "completed",
	order.Delivered:          "completed",
	order.Cancelled:          "cancelled",
}

// ContractStatus is contract R's name of a status.
func ContractStatus(s order.Status) string { return contractStatus[s] }

type freeFormBody struct {
	CustomerName    string         `json:"customer_name" required:"false" doc:"1 to 100 letters (any script), spaces, hyphens, apostrophes" example:"Ada Lovelace"`
	OrderType       order.Type     `json:"order_type" required:"false" doc:"dine_in, takeout or delivery" example:"dine_in"`
	Items           []freeFormItem `json:"items" required:"false" doc:"1 to 20"`
	TableNumber     count          `json:"table_number,omitempty" doc:"1 to 100; for dine_in, which needs it" example:"7"`
	DeliveryAddress string         `json:"delivery_address,omitempty" doc:"At least 10 characters; for delivery, which needs it" example:"12 Analytical Row, London"`
}

type freeFormItem struct {
	Name     string `json:"name" required:"false" doc:"1 to 50 characters" example:"Margherita Pizza"`
	Quantity count  `json:"quantity" required:"false" doc:"1 to 10" example:"2"`
	Price    price  `json:"price" required:"false" doc:"Of one; 0.01 to 999.99, at most two decimals" example:"12.49"`
}

type freeFormInput struct {
	OutletParam
	KeyParam
	Body freeFormBody
}

type freeFormOutput struct {
	Body struct {
		Number string       `json:"order_number" example:"ORD_20241216_001"`
		Status string       `json:"status" example:"received"`
		Total  money.Amount `json:"total_amount" example:"24.98"`
	} `nameHint:"FreeFormReceipt"`
}

func (s *server) placeFreeForm(ctx context.Context, who actor.Actor, in *freeFormInput) (*freeFormOutput, error) {
	if err := clean("Idempotency-Key", in.Key); err != nil {
		return nil, err
	}
	outlet, err := s.outlet(ctx, who, in.Outlet)
	if err != nil {
		return nil, err
	}
	p, err := in.Body.placement(outlet, in.Key)
	if err != nil {
		return nil, err
	}
	r, err := s.Orders.Place(ctx, who, p)
	if err != nil {
		return nil, err
	}
	out := &freeFormOutput{}
	out.Body.Number, out.Body.Status, out.Body.Total = r.Order.Number, contractStatus[order.Created], r.Order.Total
	return out, nil
}

// placement reads the body by contract R's rules. Errors: KindInvalid, every faulty field named.
func (b freeFormBody) placement(outlet int64, key string) (order.Placement, error) {
	p := order.Placement{
		Source: sourceR, Key: key, Fingerprint: order.Fingerprint(b), Outlet: outlet, Type: b.OrderType,
		CustomerName: b.CustomerName, TableNumber: int(b.TableNumber), DeliveryAddress: b.DeliveryAddress,
	}
	var f errs.Fields
	for i, it := range b.Items {
		w := order.Wanted{Name: it.Name, Quantity: int(it.Quantity)}
		amount, err := it.Price.amount()
		if err != nil {
			f.Add(fmt.Sprintf("items[%d].price", i), "must be an amount with at most two decimals")
			amount = new(money.Amount)
			*amount = 1 // so that it is not called out of range as well
		}
		w.Price = amount
		p.Items = append(p.Items, w)
	}
	if e, ok := p.ValidateFreeForm().(*errs.Error); ok { //nolint:errorlint // returned as it is
		f = append(f, e.Fields...)
	}
	return p, f.Err()
}

type trackRef struct {
	Number string `path:"order_number" doc:"The order's number" example:"ORD_20241216_001" maxLength:"64"`
}

type trackOutput struct {
	Body struct {
		Number    string     `json:"order_number" example:"ORD_20241216_001"`
		Status    string     `json:"current_status" enum:"received,cooking,ready,completed,cancelled" example:"cooking"`
		UpdatedAt time.Time  `json:"updated_at"`
		Estimate  *time.Time `json:"estimated_completion" doc:"When it was ready, else by the estimates of what is left to do; null when cancelled"`
		By        string     `json:"processed_by" doc:"Who last worked on it; empty before anybody has" example:"Asha"`
	} `nameHint:"OrderStatus"`
}

func (s *server) trackOrder(ctx context.Context, who actor.Actor, in *trackRef) (*trackOutput, error) {
	t, err := s.tracked(ctx, who, in.Number)
	if err != nil {
		return nil, err
	}
	o, ticket, tasks, out := t.Order, t.Ticket, t.Ticket.TaskViews, &trackOutput{}
	out.Body.Number, out.Body.Status, out.Body.UpdatedAt = o.Number, contractStatus[o.Status], o.UpdatedAt.UTC()
	out.Body.Estimate, out.Body.By = s.estimate(o, ticket), tracking.LastWorker(followed(tasks))
	if len(tasks) == 0 && o.Status != order.Created { // a worker took the whole order
		out.Body.By = o.UpdatedBy
	}
	return out, nil
}

type contractChange struct {
	Status    string    `json:"status" enum:"received,cooking,ready,completed,cancelled" example:"received"`
	Timestamp time.Time `json:"timestamp"`
	ChangedBy string    `json:"changed_by" example:"till-1"`
}

type contractHistoryOutput struct{ Body []contractChange }

func (s *server) trackHistory(ctx context.Context, who actor.Actor, in *trackRef) (*contractHistoryOutput, error) {
	changes, err := s.Orders.History(ctx, who, in.Number)
	if err != nil {
		return nil, err
	}
	out := &contractHistoryOutput{Body: make([]contractChange, len(changes))}
	for i, c := range changes {
		out.Body[i] = contractChange{contractStatus[c.Status], c.At.UTC(), c.By}
	}
	return out, nil
}

type workerView struct {
	Name      string     `json:"worker_name" example:"Asha"`
	Status    string     `json:"status" enum:"online,offline" doc:"online: at work now, neither off shift nor on a break; a worker: seen within two of his heartbeats" example:"online"`
	Processed int64      `json:"orders_processed" doc:"Orders that a worker made, or on which somebody of the staff completed a task" example:"17"`
	LastSeen  *time.Time `json:"last_seen" doc:"A worker's last sign of life; when the last task was completed; null: never"`
}

type workersOutput struct{ Body []workerView }

// queueWorkers lists the workers that take whole orders from a queue.
func (s *server) queueWorkers(ctx context.Context, who actor.Actor) ([]workerView, error) {
	if s.Workers == nil {
		return nil, nil
	}
	workers, err := s.Workers.Workers(ctx, who.Tenant)
	views := make([]workerView, len(workers))
	for i, w := range workers {
		views[i] = workerView{w.Name, onlineText(w.Online), w.Processed, when(w.LastSeen)}
	}
	return views, err
}

func onlineText(online bool) string {
	if online {
		return "online"
	}
	return "offline"
}

func (s *server) listWorkers(ctx context.Context, who actor.Actor, in *OutletParam) (*workersOutput, error) {
	b, _, err := s.glance(ctx, who, *in)
	if err != nil {
		return nil, err
	}
	workers, err := s.queueWorkers(ctx, who)
	if err != nil {
		return nil, err
	}
	out := &workersOutput{Body: make([]workerView, len(b.People), len(b.People)+len(workers))}
	for i, p := range b.People {
		out.Body[i] = workerView{p.Name, onlineText(p.OnShift), p.Orders, when(p.LastSeen)}
	}
	out.Body = append(out.Body, workers...)
	return out, nil
}
