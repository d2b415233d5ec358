package api

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"time"
	"unicode/utf8"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/kitchen"
	"brigade/internal/order"
)

const tagK = "Contract K"

// sourceK scopes the external ids of contract K's clients.
const sourceK = "kitchen"

func (s *server) addContractK() {
	k := func(method, path, id, summary, description, response string) route {
		return route{
			method: method, path: "/api/v1" + path, view: ViewKitchen, id: id, tag: tagK, summary: summary,
			description: description, response: response, quiet: method == http.MethodPost, lenient: true,
		}
	}
	confirm := k(http.MethodPost, "/orders/confirm", "confirm-order", "Confirm an order for the kitchen",
		"Bursts an order into tasks. The same external_order_id again gives the first answer and creates nothing. What is paused "+
			"is refused with 409, which names it.",
		`{"order_id":1,"ready_task_ids":[1,2,3]}`)
	confirm.request = `{"external_order_id":"ord-1001","items":{"burger_combo":1,"cold_coffee":2,"wrap":1}}`
	confirm.status, confirm.also, confirm.errors = http.StatusCreated, http.StatusOK, []int{http.StatusConflict}
	add(s, confirm, s.confirm)
	add(s, k(http.MethodPost, "/allocator/run-once", "run-allocator", "Assign what can be assigned",
		"Returns a task that was assigned in this round; 0 when nothing could be assigned. What is ready and waits is shown in Redis, "+
			"when there is one, as sorted set tasks:pending: members are task ids, the best has the lowest score.", `{"assigned_task_id":5}`), s.runOnce)
	start := k(http.MethodPost, "/tasks/{taskID}/start", "start-task", "Start a task",
		"Begins an assigned task. Repeating it gives the same answer.", `{"status":"STARTED"}`)
	start.errors = []int{http.StatusNotFound, http.StatusConflict}
	add(s, start, s.startTask)
	complete := k(http.MethodPost, "/tasks/{taskID}/complete", "complete-task", "Complete a task",
		"Ends a started task. Repeating it gives the same answer.", `{"status":"COMPLETED"}`)
	complete.errors = start.errors
	add(s, complete, s.completeTask)
	get := k(http.MethodGet, "/tasks/{taskID}", "get-task", "A task", "A task as it is now.",
		`{"id":1,"order_id":1,"description":"grill patty","counter":"griller","machine":"grill-1","estimate_secs":80,"base_priority":20,
"pending_deps":0,"assigned_staff_id":1,"assigned_machine_id":1,"status":"ASSIGNED","assigned_at":"2024-12-16T12:00:00Z",
"started_at":null,"completed_at":null}`)
	get.errors = []int{http.StatusNotFound}
	add(s, get, s.getTask)
}

type confirmBody struct {
	ExternalOrderID string           `json:"external_order_id" required:"false" doc:"The client's own id of the order, 1 to 200 characters" example:"ord-1001"`
	Items           map[string]count `json:"items" required:"false" doc:"How many of which item of the menu, 1 to 100 each"`
}

type confirmInput struct {
	OutletParam
	Body confirmBody
}

type confirmAnswer struct {
	OrderID      int64   `json:"order_id" example:"1"`
	ReadyTaskIDs []int64 `json:"ready_task_ids" doc:"Tasks that waited for nothing when the order was confirmed"`
}

type confirmOutput struct {
	Status int
	Body   confirmAnswer
}

func (s *server) confirm(ctx context.Context, who actor.Actor, in *confirmInput) (*confirmOutput, error) {
	outlet, err := s.outlet(ctx, who, in.Outlet)
	if err != nil {
		return nil, err
	}
	p := in.Body.placement(outlet)
	if err := in.Body.check(p); err != nil {
		return nil, err
	}
	r, err := s.Orders.Place(ctx, who, p)
	if err != nil {
		return nil, err
	}
	ids := r.ReadyTaskIDs
	if ids == nil {
		ids = []int64{}
	}
	return &confirmOutput{Status: created(r), Body: confirmAnswer{r.Order.ID, ids}}, nil
}

func (b confirmBody) placement(outlet int64) order.Placement {
	p := order.Placement{
		Source: sourceK, Key: b.ExternalOrderID, Outlet: outlet, Type: order.Takeout,
		Items: make([]order.Wanted, 0, len(b.Items)),
	}
	for _, sku := range slices.Sorted(maps.Keys(b.Items)) {
		p.Items = append(p.Items, order.Wanted{SKU: sku, Quantity: int(b.Items[sku]), Path: "items." + sku})
	}
	return p
}

// check names a faulty external id together with everything else that is wrong.
func (b confirmBody) check(p order.Placement) error {
	if n := utf8.RuneCountInString(b.ExternalOrderID); n >= 1 && len(b.ExternalOrderID) <= maxExternalID {
		return nil // intake checks the rest
	}
	p.Key = ""
	var f errs.Fields
	f.Add("external_order_id", "must have 1 to %d characters", maxExternalID)
	if e, ok := p.Validate().(*errs.Error); ok { //nolint:errorlint // Validate returns it as it is
		f = append(f, e.Fields...)
	}
	return f.Err()
}

const maxExternalID = 200

type runOnceOutput struct {
	Body struct {
		Task int64 `json:"assigned_task_id" doc:"0: nothing could be assigned" example:"5"`
	} `nameHint:"RunOnce"`
}

func (s *server) runOnce(ctx context.Context, who actor.Actor, in *OutletParam) (*runOnceOutput, error) {
	outlet, err := s.outlet(ctx, who, in.Outlet)
	if err != nil {
		return nil, err
	}
	out := &runOnceOutput{}
	out.Body.Task, err = s.Kitchen.RunOnce(ctx, who, outlet)
	return out, err
}

type taskStatusOutput struct {
	Body struct {
		Status kitchen.TaskStatus `json:"status" example:"STARTED"`
	} `nameHint:"TaskStatus"`
}

func taskStatus(status kitchen.TaskStatus) *taskStatusOutput {
	out := &taskStatusOutput{}
	out.Body.Status = status
	return out
}

func (s *server) startTask(ctx context.Context, who actor.Actor, in *taskRef) (*taskStatusOutput, error) {
	_, err := s.Kitchen.Start(ctx, who, in.Task)
	return taskStatus(kitchen.TaskStarted), err
}

func (s *server) completeTask(ctx context.Context, who actor.Actor, in *taskRef) (*taskStatusOutput, error) {
	_, err := s.Kitchen.Complete(ctx, who, in.Task)
	return taskStatus(kitchen.TaskCompleted), err
}

type contractTask struct {
	ID                int64              `json:"id" example:"1"`
	OrderID           int64              `json:"order_id" example:"1"`
	Description       string             `json:"description" example:"grill patty"`
	Counter           string             `json:"counter" example:"griller"`
	Machine           *string            `json:"machine" doc:"null: it needs none" example:"grill-1"`
	EstimateSecs      float64            `json:"estimate_secs" example:"80"`
	BasePriority      float64            `json:"base_priority" example:"20"`
	PendingDeps       int                `json:"pending_deps" example:"0"`
	AssignedStaffID   *int64             `json:"assigned_staff_id" example:"1"`
	AssignedMachineID *int64             `json:"assigned_machine_id" example:"1"`
	Status            kitchen.TaskStatus `json:"status" example:"ASSIGNED"`
	AssignedAt        *time.Time         `json:"assigned_at"`
	StartedAt         *time.Time         `json:"started_at"`
	CompletedAt       *time.Time         `json:"completed_at"`
}

type contractTaskOutput struct{ Body contractTask }

func (s *server) getTask(ctx context.Context, who actor.Actor, in *taskRef) (*contractTaskOutput, error) {
	t, err := s.Kitchen.Task(ctx, who, in.Task)
	if err != nil {
		return nil, err
	}
	return &contractTaskOutput{contractTask{
		ID: t.ID, OrderID: t.Order, Description: t.Description, Counter: t.Counter, Machine: given(t.MachineName),
		EstimateSecs: t.Estimate.Seconds(), BasePriority: t.BasePriority, PendingDeps: t.PendingDeps,
		AssignedStaffID: given(t.Staff), AssignedMachineID: given(t.OnMachine), Status: t.Status,
		AssignedAt: when(t.AssignedAt), StartedAt: when(t.StartedAt), CompletedAt: when(t.CompletedAt),
	}}, nil
}
