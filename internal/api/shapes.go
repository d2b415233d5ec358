package api

import (
	"bytes"
	"context"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/kitchen"
	"brigade/internal/money"
	"brigade/internal/order"
	"brigade/internal/tracking"
	"brigade/internal/worker"
)

// decimal documents money.Amount: a JSON number with two decimals.
type decimal struct{}

// Schema implements huma.SchemaProvider.
func (decimal) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeNumber, Description: "A decimal with two places"}
}

// measured documents measure.Quantity.
type measured struct{}

// Schema implements huma.SchemaProvider.
func (measured) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeNumber, Description: "In the ingredient's unit, with at most three decimals"}
}

// price is a JSON number as the client wrote it, so that it can be read exactly.
type price string

// Schema implements huma.SchemaProvider.
func (price) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeNumber, Description: "A decimal with at most two places"}
}

// UnmarshalJSON implements json.Unmarshaler.
func (p *price) UnmarshalJSON(b []byte) error {
	if !bytes.Equal(b, []byte("null")) {
		*p = price(b)
	}
	return nil
}

// amount reads the price exactly. A nil amount without a fault means that there was none.
func (p price) amount() (*money.Amount, error) {
	if p == "" {
		return nil, nil //nolint:nilnil // no price is no fault here
	}
	a, err := money.Parse(string(p))
	return &a, err
}

// count is a whole number. Numbers that no count can reach stay out of range for whoever checks it.
type count int

// Schema implements huma.SchemaProvider.
func (count) Schema(huma.Registry) *huma.Schema { return &huma.Schema{Type: huma.TypeInteger} }

// UnmarshalJSON implements json.Unmarshaler; 2.0 and 2e0 are whole numbers too.
func (c *count) UnmarshalJSON(b []byte) error {
	if bytes.Equal(b, []byte("null")) {
		return nil
	}
	x, err := strconv.ParseFloat(string(b), 64)
	if err != nil && !math.IsInf(x, 0) {
		return err
	}
	*c = count(math.Max(math.MinInt32, math.Min(math.MaxInt32, x)))
	return nil
}

// when is nil for a time that has not come.
func when(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// given is nil for the id of nobody and the name of nothing.
func given[T comparable](v T) *T {
	var none T
	if v == none {
		return nil
	}
	return &v
}

// clean refuses a text that Postgres cannot keep.
func clean(field, s string) error {
	if text(s) {
		return nil
	}
	var f errs.Fields
	f.Add(field, "must be UTF-8 without NUL")
	return f.Err()
}

// OutletParam is the outlet that a request is about. It is exported for huma, which fills in exported fields only.
type OutletParam struct {
	Outlet string `query:"outlet" doc:"Slug or id of an outlet; without it, the token's own or the default one" example:"kitchen" maxLength:"100"`
}

type orderLine struct {
	No        int          `json:"line" doc:"Its number, which stays when others go" example:"1"`
	SKU       string       `json:"sku" doc:"Empty for an item that is not on the menu" example:"burger_combo"`
	Name      string       `json:"name" example:"Burger combo"`
	Quantity  int          `json:"quantity" doc:"0: it was taken off" example:"2"`
	Cancelled int          `json:"cancelled,omitempty" doc:"Units taken off since" example:"1"`
	UnitPrice money.Amount `json:"unit_price" example:"9.90"`
	Course    int          `json:"course,omitempty" example:"1"`
}

// OrderView is an order as clients see it. It is exported for huma, which documents exported embedded types only.
type OrderView struct {
	ID              int64         `json:"id" example:"1"`
	Number          string        `json:"number" doc:"ORD_YYYYMMDD_NNN, gap-free per UTC day" example:"ORD_20241216_001"`
	Outlet          int64         `json:"outlet_id" example:"1"`
	Source          string        `json:"source" doc:"Who took it: api, kitchen, orders, demo" example:"api"`
	Status          order.Status  `json:"status" enum:"created,rejected,scheduled,in_preparation,ready,scheduling_delivery,waiting_for_driver,in_delivery,served,collected,delivered,cancelled" example:"created"`
	Type            order.Type    `json:"type" enum:"dine_in,takeout,delivery" example:"takeout"`
	CustomerName    string        `json:"customer_name" example:"Ada Lovelace"`
	TableNumber     *int          `json:"table_number" example:"7"`
	DeliveryAddress string        `json:"delivery_address" example:""`
	Lines           []orderLine   `json:"lines"`
	Total           money.Amount  `json:"total" example:"19.80"`
	Fee             *money.Amount `json:"delivery_fee,omitempty" required:"false" doc:"Part of the total: for carrying it" example:"1.90"`
	Currency        string        `json:"currency" example:"EUR"`
	Priority        int           `json:"priority" doc:"10 above 100, 5 from 50 to 100, else 1" example:"1"`
	Version         int           `json:"version" doc:"One higher with each change" example:"1"`
	PlacedAt        time.Time     `json:"placed_at"`
	UpdatedAt       time.Time     `json:"updated_at"`
	UpdatedBy       string        `json:"updated_by" example:"till-1"`
	ReadyAt         *time.Time    `json:"ready_at"`
	ClosedAt        *time.Time    `json:"closed_at"`
	Tracking        string        `json:"tracking_url,omitempty" required:"false" doc:"Where its guest follows it, without a login: told to who places it, and to managers and integrators" example:"/track/AQFvTQ1MT0cwR2xqQUJDREVG"`
	Promise         *PromiseView  `json:"promise,omitempty" required:"false" doc:"When it is said to be ready; without it, the kitchen says it in a moment, or nobody knows. Lists do not show it."`
}

func viewOrder(o order.Order) OrderView {
	v := OrderView{
		ID: o.ID, Number: o.Number, Outlet: o.Outlet, Source: o.Source, Status: o.Status, Type: o.Type,
		CustomerName: o.CustomerName, TableNumber: given(o.TableNumber), DeliveryAddress: o.DeliveryAddress,
		Lines: make([]orderLine, len(o.Lines)), Total: o.Total, Fee: given(o.Fee), Currency: o.Currency, Priority: o.Priority,
		Version: o.Version, PlacedAt: o.PlacedAt.UTC(), UpdatedAt: o.UpdatedAt.UTC(), UpdatedBy: o.UpdatedBy,
		ReadyAt: when(o.ReadyAt), ClosedAt: when(o.ClosedAt),
	}
	for i, l := range o.Lines {
		v.Lines[i] = orderLine{l.No, l.SKU, l.Name, l.Quantity, l.Cancelled, l.UnitPrice, l.Course}
	}
	v.Promise = viewPromise(kitchen.TicketView{}, o.Promise)
	return v
}

type changeView struct {
	Status    order.Status `json:"status" example:"created"`
	Timestamp time.Time    `json:"timestamp"`
	ChangedBy string       `json:"changed_by" example:"till-1"`
	Reason    string       `json:"reason,omitempty" example:""`
}

func viewChanges(changes []order.Change) []changeView {
	out := make([]changeView, len(changes))
	for i, c := range changes {
		out[i] = changeView{Status: c.Status, Timestamp: c.At.UTC(), ChangedBy: c.By, Reason: c.Reason}
	}
	return out
}

// TaskView is a task as clients see it. It is exported for huma, as OrderView.
type TaskView struct {
	ID           int64              `json:"id" example:"1"`
	Order        int64              `json:"order_id" example:"1"`
	Number       string             `json:"order_number" example:"ORD_20241216_001"`
	Item         string             `json:"item" example:"Burger combo"`
	Description  string             `json:"description" example:"grill patty"`
	Counter      string             `json:"counter" doc:"The station" example:"griller"`
	Machine      *string            `json:"machine" doc:"The machine it is on, else the one it needs" example:"grill-1"`
	Staff        *string            `json:"staff" doc:"Who has it" example:"Asha"`
	Status       kitchen.TaskStatus `json:"status" enum:"UNASSIGNED,ASSIGNED,STARTED,COMPLETED,CANCELLED" example:"ASSIGNED"`
	Line         int                `json:"line,omitempty" doc:"Of the order" example:"1"`
	Unit         int                `json:"unit,omitempty" doc:"Which of the line's units, from 1" example:"1"`
	Step         int                `json:"step" doc:"Of the recipe, from 0" example:"0"`
	Course       int                `json:"course,omitempty" example:"1"`
	Remake       int                `json:"remake,omitempty" doc:"How often its unit was made before" example:"1"`
	Load         int64              `json:"load_id,omitempty" doc:"Tasks with the same are done in one load" example:"1"`
	HeldFor      string             `json:"held,omitempty" doc:"Why it is not begun until it is fired" example:"course 2 is held: it follows the courses before it"`
	EstimateSecs float64            `json:"estimate_secs" example:"80"`
	BasePriority float64            `json:"base_priority" example:"20"`
	DependsOn    []int64            `json:"depends_on" doc:"Tasks that must be completed before"`
	PendingDeps  int                `json:"pending_deps" doc:"How many of them are not" example:"0"`
	Requeues     int                `json:"requeues" example:"0"`
	ReadyAt      *time.Time         `json:"ready_at"`
	AssignedAt   *time.Time         `json:"assigned_at"`
	StartedAt    *time.Time         `json:"started_at"`
	DueAt        *time.Time         `json:"due_at" doc:"Assigned: goes back then. Started: completes by itself then"`
	CompletedAt  *time.Time         `json:"completed_at"`
}

func viewTask(t kitchen.TaskView) TaskView {
	v := TaskView{
		ID: t.ID, Order: t.Order, Number: t.Number, Item: t.Item, Description: t.Description, Counter: t.Counter,
		Machine: given(t.MachineName), Staff: given(t.StaffName), Status: t.Status, EstimateSecs: t.Estimate.Seconds(),
		BasePriority: t.BasePriority, DependsOn: t.DependsOn, PendingDeps: t.PendingDeps, Requeues: t.Requeues,
		ReadyAt: when(t.ReadyAt), AssignedAt: when(t.AssignedAt), StartedAt: when(t.StartedAt), DueAt: when(t.DueAt),
		CompletedAt: when(t.CompletedAt), Line: t.Line, Unit: t.Unit, Step: t.Step, Course: t.Course, Remake: t.Remake,
		Load: t.Load, HeldFor: t.HeldFor,
	}
	if v.DependsOn == nil {
		v.DependsOn = []int64{}
	}
	return v
}

func viewTasks(tasks []kitchen.TaskView) []TaskView {
	out := make([]TaskView, len(tasks))
	for i, t := range tasks {
		out[i] = viewTask(t)
	}
	return out
}

// followed is what following an order needs of its ticket.
func followed(tasks []kitchen.TaskView) []tracking.Task {
	out := make([]tracking.Task, len(tasks))
	for i, t := range tasks {
		out[i] = tracking.Task{
			ID: t.ID, Description: t.Description, After: t.DependsOn, Estimate: t.Estimate, Staff: t.StaffName,
			CompletedBy: t.CompletedBy, ReadyAt: t.ReadyAt, AssignedAt: t.AssignedAt, StartedAt: t.StartedAt,
			CompletedAt: t.CompletedAt,
		}
	}
	return out
}

// ticket returns the tasks of an order; none when it has no ticket.
func (s *server) ticket(ctx context.Context, who actor.Actor, id int64) (kitchen.TicketView, error) {
	t, err := s.Kitchen.Ticket(ctx, who, id)
	if errs.Is(err, errs.KindNotFound) {
		return kitchen.TicketView{}, nil
	}
	return t, err
}

// estimate is when an order is ready, or was; nil when it never will be.
func (s *server) estimate(o order.Order, ticket kitchen.TicketView) *time.Time {
	tasks := ticket.TaskViews
	switch {
	case o.Status == order.Cancelled || o.Status == order.Rejected:
		return nil
	case !o.ReadyAt.IsZero() || o.Status.Closed():
		return when(o.ReadyAt)
	case len(tasks) == 0 && o.Status == order.InPreparation: // a worker has it
		return when(o.UpdatedAt.Add(worker.CookingTime(string(o.Type))).UTC())
	case len(tasks) == 0 && o.Status != order.Created:
		return nil
	case len(tasks) == 0:
		return when(s.Clock.Now().Add(worker.CookingTime(string(o.Type))).Truncate(time.Millisecond))
	}
	wanted := slices.DeleteFunc(slices.Clone(tasks), func(t kitchen.TaskView) bool { return t.Status == kitchen.TaskCancelled })
	at := tracking.EstimatedReady(followed(wanted), s.Clock.Now())
	if p := ticket.Promise; p != nil && p.P50.After(at) { // it has to wait for others
		at = p.P50
	}
	return when(at.UTC().Truncate(time.Millisecond))
}
