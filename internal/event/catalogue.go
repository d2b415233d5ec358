package event

import (
	"encoding/json"
	"time"
)

// Kitchen events (contract K, topic kitchen.domain.events).
const (
	TaskCreated   Type = "TASK_CREATED"
	TaskReady     Type = "TASK_READY"
	TaskAssigned  Type = "TASK_ASSIGNED"
	TaskStarted   Type = "TASK_STARTED"
	TaskCompleted Type = "TASK_COMPLETED"
	TaskRequeued  Type = "TASK_REQUEUED"

	// KitchenChanged says that an outlet's stations, machines or staff are not what they were.
	KitchenChanged Type = "KITCHEN_CHANGED"
)

// OrderStatusChanged is written for each step of an order's life, its first included.
const OrderStatusChanged Type = "ORDER_STATUS_CHANGED"

// TaskPayload is the payload of every task event: the task as it is after the change.
type TaskPayload struct {
	TaskID      int64      `json:"task_id"`
	OrderID     int64      `json:"order_id"`
	OrderNumber string     `json:"order_number"`
	Item        string     `json:"item"`
	Description string     `json:"description"`
	Counter     string     `json:"counter"`
	Status      string     `json:"status"`
	PendingDeps int        `json:"pending_deps"`
	Staff       string     `json:"staff,omitempty"`
	Machine     string     `json:"machine,omitempty"`
	DueAt       *time.Time `json:"due_at,omitempty"`
	By          string     `json:"by,omitempty"`
	Reason      string     `json:"reason,omitempty"`
}

// OrderPayload is the payload of OrderStatusChanged.
type OrderPayload struct {
	OrderID             int64      `json:"order_id"`
	OrderNumber         string     `json:"order_number"`
	OldStatus           string     `json:"old_status"` // "" for a new order
	NewStatus           string     `json:"new_status"`
	ChangedBy           string     `json:"changed_by"`
	Reason              string     `json:"reason,omitempty"`
	Type                string     `json:"order_type,omitempty"`
	CustomerName        string     `json:"customer_name,omitempty"`
	EstimatedCompletion *time.Time `json:"estimated_completion,omitempty"`
}

// KitchenPayload is the payload of KitchenChanged.
type KitchenPayload struct {
	What string `json:"what"` // machine, staff, stations
	Name string `json:"name"`
	Now  string `json:"now"` // down, up, break, back, loaded
	By   string `json:"by"`
}

// Entry describes one type of event to those who consume it.
type Entry struct {
	Type      Type
	Aggregate string
	Meaning   string
	Payload   any // the zero value of its payload's struct
}

// Catalogue lists every type of event, with version 1 of its payload.
var Catalogue = []Entry{
	{TaskCreated, AggregateTask, "a task came into being with its ticket", TaskPayload{}},
	{TaskReady, AggregateTask, "everything that the task waited for is done", TaskPayload{}},
	{TaskAssigned, AggregateTask, "the task was given to somebody, and to a machine if it needs one", TaskPayload{}},
	{TaskStarted, AggregateTask, "work on the task began", TaskPayload{}},
	{TaskCompleted, AggregateTask, "the task is done", TaskPayload{}},
	{TaskRequeued, AggregateTask, "the assignment was taken back; reason says why", TaskPayload{}},
	{KitchenChanged, AggregateOutlet, "stations, machines or staff of an outlet changed", KitchenPayload{}},
	{OrderStatusChanged, AggregateOrder, "an order came in, or went one step further", OrderPayload{}},
}

// OrderPayload reads the payload of an OrderStatusChanged event; ok is false for any other.
func (e Event) OrderPayload() (p OrderPayload, ok bool) {
	ok = e.Type == OrderStatusChanged && json.Unmarshal(e.Payload, &p) == nil
	return p, ok
}

// TaskPayload reads the payload of a task event; ok is false for any other.
func (e Event) TaskPayload() (p TaskPayload, ok bool) {
	ok = e.AggregateType == AggregateTask && json.Unmarshal(e.Payload, &p) == nil
	return p, ok
}
