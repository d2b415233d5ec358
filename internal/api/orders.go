package api

import (
	"context"
	"net/http"
	"time"

	"brigade/internal/actor"
	"brigade/internal/order"
	"brigade/internal/tracking"
)

const tagOrders = "Orders"

const exampleOrder = `{"id":1,"number":"ORD_20241216_001","outlet_id":1,"source":"api","status":"created","type":"takeout",
"customer_name":"Ada Lovelace","table_number":null,"delivery_address":"","lines":[{"line":1,"sku":"burger_combo","name":"Burger combo",
"quantity":2,"unit_price":9.90}],"total":19.80,"currency":"EUR","priority":1,"version":1,"placed_at":"2024-12-16T12:00:00Z",
"updated_at":"2024-12-16T12:00:00Z","updated_by":"till-1","ready_at":null,"closed_at":null,"promise":{"p50":"2024-12-16T12:02:05Z",
"p90":"2024-12-16T12:03:00Z","first_p50":"2024-12-16T12:02:05Z","first_p90":"2024-12-16T12:03:00Z","told":"2024-12-16T12:03:00Z","slips":0}}`

const exampleHistory = `[{"status":"created","timestamp":"2024-12-16T12:00:00Z","changed_by":"till-1"},
{"status":"in_preparation","timestamp":"2024-12-16T12:00:40Z","changed_by":"Asha"}]`

func (s *server) addOrders() {
	add(s, route{
		method: http.MethodPost, path: "/api/v1/orders", view: ViewCanonical, id: "place-order", tag: tagOrders,
		summary: "Place an order",
		description: "Takes an order of items of the outlet's menu. With an Idempotency-Key the same request again is " +
			"answered with the first order and 200; another request under the same key is a conflict.",
		status: http.StatusCreated, also: http.StatusOK, errors: []int{http.StatusConflict}, quiet: true,
		request:  `{"type":"takeout","customer_name":"Ada Lovelace","items":[{"sku":"burger_combo","quantity":2}]}`,
		response: exampleOrder,
	}, s.placeOrder)
	add(s, route{
		method: http.MethodGet, path: "/api/v1/orders", view: ViewCanonical, id: "list-orders", tag: tagOrders,
		summary:     "List orders, newest first",
		description: "One page of orders. To get the next page, send `next` of this one as `before`; null means that there is none.",
		response:    `{"orders":[` + exampleOrder + `],"next":null}`,
	}, s.listOrders)
	add(s, route{
		method: http.MethodGet, path: "/api/v1/orders/{ref}", view: ViewCanonical, id: "get-order", tag: tagOrders,
		summary:     "An order with its tasks and timeline",
		description: "An order by number or id, with the kitchen's tasks, when it is expected to be ready, and everything that happened to it, oldest first.",
		errors:      []int{http.StatusNotFound},
		response: exampleOrder[:len(exampleOrder)-1] + `,"estimated_ready_at":"2024-12-16T12:02:05Z","tasks":[` + exampleTask +
			`],"timeline":[{"at":"2024-12-16T12:00:00Z","what":"order_created","by":"till-1","task_id":null,"detail":""}]}`,
	}, s.getOrder)
	add(s, route{
		method: http.MethodGet, path: "/api/v1/orders/{ref}/history", view: ViewCanonical, id: "get-order-history", tag: tagOrders,
		summary: "The changes of an order", description: "Every change of an order's status with who made it, oldest first.",
		errors: []int{http.StatusNotFound}, response: exampleHistory,
	}, s.orderHistory)
	add(s, route{
		method: http.MethodPost, path: "/api/v1/orders/{ref}/hand-over", view: ViewCanonical, id: "hand-over-order", tag: tagOrders,
		summary: "Hand an order over",
		description: "Ends a ready order: served, collected or delivered by its type. One that has a code is collected only with it, " +
			"and delivered with it or with a photo. Repeating it gives the same answer.",
		request: `{"code":"4711"}`,
		errors:  []int{http.StatusNotFound, http.StatusConflict}, response: exampleOrder,
	}, s.handOver)
}

type placeBody struct {
	Outlet          string       `json:"outlet,omitempty" doc:"Slug or id; without it, the token's own or the default outlet" example:"kitchen"`
	Type            order.Type   `json:"type" enum:"dine_in,takeout,delivery" example:"takeout"`
	CustomerName    string       `json:"customer_name,omitempty" doc:"At most 100 characters" example:"Ada Lovelace"`
	TableNumber     count        `json:"table_number,omitempty" doc:"1 to 100" example:"7"`
	DeliveryAddress string       `json:"delivery_address,omitempty" doc:"At most 500 characters" example:"12 Analytical Row, London"`
	Location        *pointBody   `json:"delivery_location,omitempty" doc:"Where that is; without it, as far as it is known from the address"`
	Needs           []string     `json:"delivery_needs,omitempty" doc:"What the driver must be able to do: alcohol, large" example:"[\"alcohol\"]"`
	Hold            bool         `json:"hold,omitempty" doc:"Nothing is begun until the order is fired"`
	Contact         *contactBody `json:"contact,omitempty" doc:"How the guest is told what becomes of the order"`
	Items           []placeItem  `json:"items" doc:"1 to 100 lines, at most 500 units together"`
	Payment         *payBody     `json:"payment,omitempty" doc:"Without it, the order is paid outside Brigade"`
	ReadyAt         *time.Time   `json:"ready_at,omitempty" doc:"When it shall be ready; without it, as soon as it can be" example:"2024-12-16T19:30:00Z"`
	ReadyFor        string       `json:"ready_for,omitempty" doc:"The same by the outlet's clock: the next HH:MM to come" example:"19:30"`
}

type payBody struct {
	Method order.Method `json:"method" doc:"cash, when it is handed over; card or test, before it is made" enum:"cash,card,test" example:"card"`
	Token  string       `json:"token,omitempty" doc:"Whose money, to the provider" example:"pm_card_visa"`
}

type placeItem struct {
	SKU      string `json:"sku" doc:"An item of the menu, by SKU or exact name" example:"burger_combo"`
	Quantity count  `json:"quantity" doc:"1 to 100" example:"2"`
	Course   count  `json:"course,omitempty" doc:"1 to 9: a later course waits until those before it are made" example:"1"`

	Choices []pickBody `json:"choices,omitempty" maxItems:"300" doc:"What is chosen of what the item offers; of a group without any, what is usual"`
	Note    string     `json:"note,omitempty" maxLength:"500" doc:"To the cook" example:"no onions"`
}

// pickBody is one choice.
type pickBody struct {
	Group  string `json:"group" example:"Extras"`
	Choice string `json:"choice" example:"Cheese"`
}

// KeyParam is the key by which a repeated request is known. It is exported for huma, as OutletParam.
type KeyParam struct {
	Key string `header:"Idempotency-Key" doc:"The same key again gives the first answer; at most 200 characters" example:"till-1/2024-12-16/0042"`
}

type placeInput struct {
	KeyParam
	Body placeBody
}

type orderOutput struct {
	Status int
	Body   OrderView
}

func (s *server) placeOrder(ctx context.Context, who actor.Actor, in *placeInput) (*orderOutput, error) {
	if err := clean("Idempotency-Key", in.Key); err != nil {
		return nil, err
	}
	outlet, err := s.outletField(ctx, who, in.Body.Outlet)
	if err != nil {
		return nil, err
	}
	contact, err := in.Body.Contact.contact()
	if err != nil {
		return nil, err
	}
	p := order.Placement{
		Source: "api", Key: in.Key, Fingerprint: order.Fingerprint(in.Body), Outlet: outlet, Type: in.Body.Type,
		CustomerName: in.Body.CustomerName, TableNumber: int(in.Body.TableNumber), DeliveryAddress: in.Body.DeliveryAddress,
		Hold: in.Body.Hold, Contact: contact, Items: wanted(in.Body.Items),
	}
	in.Body.agree(&p)
	r, err := s.Orders.Place(ctx, who, p)
	if err != nil {
		return nil, err
	}
	out := &orderOutput{Status: created(r), Body: viewOrder(r.Order)}
	out.Body.Tracking = s.tracking(r.Order)
	return out, nil
}

// agree fills in how an order is paid and when it is wanted.
func (b placeBody) agree(p *order.Placement) {
	if b.Payment != nil {
		p.Method, p.PaymentToken = b.Payment.Method, b.Payment.Token
	}
	if b.ReadyAt != nil {
		p.ReadyAt = b.ReadyAt.UTC()
	}
	p.ReadyFor = b.ReadyFor
	if b.Location != nil || len(b.Needs) > 0 {
		p.Door = &order.Door{Needs: b.Needs}
	}
	if b.Location != nil {
		p.Door.Located, p.Door.Lat, p.Door.Lon = true, b.Location.Lat, b.Location.Lon
	}
}

type pointBody struct {
	Lat float64 `json:"lat" minimum:"-90" maximum:"90" doc:"Degrees north" example:"40.4203"`
	Lon float64 `json:"lon" minimum:"-180" maximum:"180" doc:"Degrees east" example:"-3.7058"`
}

// created is 201 for what was made now and 200 for what was there before.
func created(r order.Receipt) int {
	if r.Repeated {
		return http.StatusOK
	}
	return http.StatusCreated
}

type listOrdersInput struct {
	OutletParam
	Status []string `query:"status" doc:"Only orders in one of these statuses, separated by commas" example:"created,ready"`
	Open   bool     `query:"open" doc:"Only orders whose life goes on"`
	Limit  int      `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"Orders per page"`
	Before int64    `query:"before" minimum:"0" doc:"Only orders with a smaller id: next of the page before"`
}

type listOrdersOutput struct {
	Body struct {
		Orders []OrderView `json:"orders"`
		Next   *int64      `json:"next" doc:"What to send as before for the next page; null: there is none"`
	} `nameHint:"OrderPage"`
}

func (s *server) listOrders(ctx context.Context, who actor.Actor, in *listOrdersInput) (*listOrdersOutput, error) {
	outlet, err := s.outlet(ctx, who, in.Outlet)
	if err != nil {
		return nil, err
	}
	f := order.Filter{Outlet: outlet, Open: in.Open, Before: in.Before, Limit: in.Limit}
	for _, st := range in.Status {
		f.Status = append(f.Status, order.Status(st))
	}
	orders, err := s.Orders.List(ctx, who, f)
	if err != nil {
		return nil, err
	}
	out := &listOrdersOutput{}
	out.Body.Orders = make([]OrderView, len(orders))
	for i, o := range orders {
		out.Body.Orders[i] = viewOrder(o)
	}
	if len(orders) == in.Limit {
		out.Body.Next = &orders[len(orders)-1].ID
	}
	return out, nil
}

type orderRef struct {
	Ref string `path:"ref" doc:"The order's number or id" example:"ORD_20241216_001" maxLength:"64"`
}

type timelineEntry struct {
	At     time.Time `json:"at"`
	What   string    `json:"what" doc:"order_STATUS, task_ready, task_assigned, task_started or task_completed" example:"task_started"`
	By     string    `json:"by" example:"Asha"`
	Task   *int64    `json:"task_id" doc:"null: the order itself" example:"1"`
	Detail string    `json:"detail" example:"grill patty"`
}

type orderDetail struct {
	OrderView
	EstimatedReadyAt *time.Time      `json:"estimated_ready_at" doc:"When it was ready, else the middle of its promise as it stands; null when cancelled"`
	Tasks            []TaskView      `json:"tasks"`
	Timeline         []timelineEntry `json:"timeline" doc:"Oldest first"`
}

type orderDetailOutput struct{ Body orderDetail }

func (s *server) getOrder(ctx context.Context, who actor.Actor, in *orderRef) (*orderDetailOutput, error) {
	o, err := s.Orders.Get(ctx, who, in.Ref)
	if err != nil {
		return nil, err
	}
	changes, err := s.Orders.History(ctx, who, in.Ref)
	if err != nil {
		return nil, err
	}
	ticket, err := s.ticket(ctx, who, o.ID)
	if err != nil {
		return nil, err
	}
	tasks := ticket.TaskViews
	out := &orderDetailOutput{orderDetail{
		OrderView: viewOrder(o), EstimatedReadyAt: s.estimate(o, ticket), Tasks: viewTasks(tasks),
		Timeline: viewTimeline(changes, followed(tasks)),
	}}
	out.Body.Promise = viewPromise(ticket, o.Promise)
	if who.Require(actor.Manager, actor.Integrator, actor.Channel) == nil { // whoever has it reads the code that is said at the door
		out.Body.Tracking = s.tracking(o)
	}
	return out, nil
}

// tracking is where an order's guest follows it.
func (s *server) tracking(o order.Order) string {
	if s.Track == nil {
		return ""
	}
	return s.Track(o.Tenant, o.ID)
}

func viewTimeline(changes []order.Change, tasks []tracking.Task) []timelineEntry {
	steps := make([]tracking.Change, len(changes))
	for i, c := range changes {
		steps[i] = tracking.Change{At: c.At, Status: string(c.Status), By: c.By, Reason: c.Reason}
	}
	entries := tracking.Timeline(steps, tasks)
	out := make([]timelineEntry, len(entries))
	for i, e := range entries {
		out[i] = timelineEntry{At: e.At.UTC(), What: e.What, By: e.By, Task: given(e.Task), Detail: e.Detail}
	}
	return out
}

type historyOutput struct{ Body []changeView }

func (s *server) orderHistory(ctx context.Context, who actor.Actor, in *orderRef) (*historyOutput, error) {
	changes, err := s.Orders.History(ctx, who, in.Ref)
	return &historyOutput{viewChanges(changes)}, err
}

type oneOrderOutput struct{ Body OrderView }

type handOverInput struct {
	OrderRef
	Body *struct {
		Code  string `json:"code,omitempty" doc:"The order's code, as its guest says it" example:"4711"`
		Photo string `json:"photo,omitempty" maxLength:"500" doc:"Where the photo of a delivery is" example:"photos/4711.jpg"`
	} `nameHint:"HandOver"`
}

func (s *server) handOver(ctx context.Context, who actor.Actor, in *handOverInput) (*oneOrderOutput, error) {
	if in.Body != nil && in.Body.Code+in.Body.Photo != "" {
		if err := clean("photo", in.Body.Code+in.Body.Photo); err != nil {
			return nil, err
		}
		o, err := s.Care.HandOverWith(ctx, who, in.Ref, order.Proof{Code: in.Body.Code, Photo: in.Body.Photo})
		return &oneOrderOutput{viewOrder(o)}, err
	}
	o, err := s.Orders.HandOver(ctx, who, in.Ref)
	return &oneOrderOutput{viewOrder(o)}, err
}
