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

	TaskRecalled  Type = "TASK_RECALLED"
	TaskBlocked   Type = "TASK_BLOCKED"
	TaskMoved     Type = "TASK_MOVED"
	TaskHanded    Type = "TASK_HANDED"
	TaskCancelled Type = "TASK_CANCELLED"

	TicketRushed   Type = "TICKET_RUSHED"
	TicketUnrushed Type = "TICKET_UNRUSHED"
	TicketHeld     Type = "TICKET_HELD"
	TicketFired    Type = "TICKET_FIRED"

	// KitchenChanged says that an outlet's stations, machines or staff are not what they were.
	KitchenChanged Type = "KITCHEN_CHANGED"
)

// What happens to orders.
const (
	// OrderStatusChanged is written for each step of an order's life, its first included.
	OrderStatusChanged Type = "ORDER_STATUS_CHANGED"
	// OrderQueued says that an order goes whole to contract R's workers.
	OrderQueued Type = "ORDER_QUEUED"
	// OrderEdited says that an order holds less or more than it did.
	OrderEdited Type = "ORDER_EDITED"
)

// What an outlet sells, and what it does not just now.
const (
	SalePaused  Type = "SALE_PAUSED"
	SaleResumed Type = "SALE_RESUMED"
	// OutletStateChanged says that an outlet has become busy, or is as usual again.
	OutletStateChanged Type = "OUTLET_STATE_CHANGED"
)

// How orders come to their doors.
const (
	DeliveryRequested Type = "DELIVERY_REQUESTED"
	DeliveryOffered   Type = "DELIVERY_OFFERED"
	DeliveryDeclined  Type = "DELIVERY_DECLINED"
	DeliveryAssigned  Type = "DELIVERY_ASSIGNED"
	DeliveryReleased  Type = "DELIVERY_RELEASED"
	DeliveryPickedUp  Type = "DELIVERY_PICKED_UP"
	DeliveryDelivered Type = "DELIVERY_DELIVERED"
	DeliveryCancelled Type = "DELIVERY_CANCELLED"
	DeliveryEscalated Type = "DELIVERY_ESCALATED"
	DeliveryLate      Type = "DELIVERY_LATE"
	DriverNear        Type = "DRIVER_NEAR"
	DriverChanged     Type = "DRIVER_CHANGED"
)

// How what is done again and again ends.
const (
	WorkflowCompleted Type = "WORKFLOW_COMPLETED"
	WorkflowFailed    Type = "WORKFLOW_FAILED"
	WorkflowCancelled Type = "WORKFLOW_CANCELLED"
)

// WorkflowPayload is the payload of the events of executions of workflows. An event without a tenant is of an execution
// for many.
type WorkflowPayload struct {
	WorkflowName    string  `json:"workflow_name"`
	ExecutionID     int64   `json:"execution_id"`
	Day             string  `json:"day"`
	Tenants         int     `json:"tenants_processed"`
	StepsCompleted  int     `json:"steps_completed"`
	StepsFailed     int     `json:"steps_failed"`
	Seconds         float64 `json:"duration_seconds"`
	Error           string  `json:"error_message,omitempty"`
	TenantsAffected int     `json:"tenants_affected,omitempty"` // by what failed, or took too long
}

// What somebody should look at.
const (
	AlertRaised       Type = "ALERT_RAISED"
	AlertEscalated    Type = "ALERT_ESCALATED"
	AlertAcknowledged Type = "ALERT_ACKNOWLEDGED"
	AlertArchived     Type = "ALERT_ARCHIVED"
)

// AlertPayload is the payload of every alert's event: the alert as it is after the change. An event without a tenant is of
// the house's own.
type AlertPayload struct {
	AlertID  int64     `json:"alert_id"`
	Kind     string    `json:"kind"`     // failure, slow, missing, forecast, stock_out
	Key      string    `json:"key"`      // what it is about
	Severity string    `json:"severity"` // info, warning, critical
	Level    int       `json:"level"`    // how often it was escalated
	Status   string    `json:"status"`
	Title    string    `json:"title"`
	Detail   string    `json:"detail"`
	Count    int       `json:"count"` // occurrences
	OutletID int64     `json:"alert_outlet_id,omitempty"`
	FirstAt  time.Time `json:"first_at"`
	LastAt   time.Time `json:"last_at"`
	By       string    `json:"by,omitempty"`
	Note     string    `json:"note,omitempty"`
}

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

// TicketPayload is the payload of the events of a ticket as a whole.
type TicketPayload struct {
	OrderID     int64  `json:"order_id"`
	OrderNumber string `json:"order_number"`
	Status      string `json:"status"`
	Rush        bool   `json:"rush"`
	Course      int    `json:"course,omitempty"` // held or fired; 0: all of them
	By          string `json:"by,omitempty"`
	Reason      string `json:"reason,omitempty"`
}

// QueuedPayload is the payload of OrderQueued.
type QueuedPayload struct {
	OrderID     int64  `json:"order_id"`
	OrderNumber string `json:"order_number"`
}

// EditPayload is the payload of OrderEdited. Amounts are in the currency's minor unit.
type EditPayload struct {
	OrderID         int64      `json:"order_id"`
	OrderNumber     string     `json:"order_number"`
	ChangedBy       string     `json:"changed_by"`
	Reason          string     `json:"reason,omitempty"`
	Lines           []EditLine `json:"lines"`
	OldTotalMinor   int64      `json:"old_total_minor"`
	TotalMinor      int64      `json:"total_minor"`
	DifferenceMinor int64      `json:"difference_minor"` // below 0: to be paid back
	Currency        string     `json:"currency"`
	Source          string     `json:"source,omitempty"` // who took the order
}

// EditLine is a line of an order that changed.
type EditLine struct {
	Line     int    `json:"line"`
	SKU      string `json:"sku,omitempty"`
	Name     string `json:"name"`
	Quantity int    `json:"quantity"` // from now on
	Change   int    `json:"change"`   // below 0: less
}

// PausePayload is the payload of SalePaused and SaleResumed.
type PausePayload struct {
	Kind   string     `json:"kind"` // outlet, source, station, item, zone
	Name   string     `json:"name"`
	Until  *time.Time `json:"until,omitempty"` // absent: until further notice
	Reason string     `json:"reason,omitempty"`
	By     string     `json:"by"`
}

// OutletStatePayload is the payload of OutletStateChanged.
type OutletStatePayload struct {
	OldState string `json:"old_state"` // open, busy
	State    string `json:"state"`
	Reason   string `json:"reason,omitempty"` // the limit that is exceeded; absent: it is only busier than usual
}

// DeliveryPayload is the payload of the events of deliveries: the delivery as it is after the change. Who declined or gave
// back is still named.
type DeliveryPayload struct {
	OrderID      int64      `json:"order_id"`
	OrderNumber  string     `json:"order_number"`
	Status       string     `json:"status"`
	RegionID     int64      `json:"region_id"`
	DriverID     int64      `json:"driver_id,omitempty"`
	Driver       string     `json:"driver,omitempty"`
	Attempt      int        `json:"attempt"` // offers so far
	CustomerName string     `json:"customer_name,omitempty"`
	ETA          *time.Time `json:"eta,omitempty"`
	By           string     `json:"by,omitempty"`
	Reason       string     `json:"reason,omitempty"`
}

// DriverPayload is the payload of DriverChanged.
type DriverPayload struct {
	DriverID int64  `json:"driver_id"`
	Name     string `json:"name"`
	RegionID int64  `json:"region_id"`
	Status   string `json:"status"` // IDLE, WAITING_FOR_WORK, DELIVERING
	Held     int    `json:"held"`   // deliveries that he has accepted and not brought yet
	By       string `json:"by,omitempty"`
	Reason   string `json:"reason,omitempty"`
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
	RefundMinor         int64      `json:"refund_minor,omitempty"` // of a cancelled order: to be paid back
	Currency            string     `json:"currency,omitempty"`
	Source              string     `json:"source,omitempty"`    // who took it
	WaitsFor            string     `json:"waits_for,omitempty"` // before its kitchen has it: payment, time, acceptance
	Attention           bool       `json:"attention,omitempty"` // staff should look: whoever was to make it does not
}

// KitchenPayload is the payload of KitchenChanged.
type KitchenPayload struct {
	What string `json:"what"` // machine, staff, stations
	Name string `json:"name"`
	Now  string `json:"now"` // down, up, break, leave, back, closed, open, loaded
	By   string `json:"by"`
}

// Entry describes one type of event to those who consume it.
type Entry struct {
	Type      Type
	Aggregate string
	Meaning   string
	Payload   any // the zero value of its payload's struct
}

// Catalogue lists every type of event, with the payload of its version of today.
var Catalogue = []Entry{
	{TaskCreated, AggregateTask, "a task came into being with its ticket", TaskPayload{}},
	{TaskReady, AggregateTask, "everything that the task waited for is done", TaskPayload{}},
	{TaskAssigned, AggregateTask, "the task was given to somebody, and to a machine if it needs one", TaskPayload{}},
	{TaskStarted, AggregateTask, "work on the task began", TaskPayload{}},
	{TaskCompleted, AggregateTask, "the task is done", TaskPayload{}},
	{TaskRequeued, AggregateTask, "the assignment was taken back; reason says why", TaskPayload{}},
	{TaskRecalled, AggregateTask, "its completion was taken back: it goes on, or is to be done again", TaskPayload{}},
	{TaskBlocked, AggregateTask, "it is no longer ready: its course is held, or what it waits for was recalled", TaskPayload{}},
	{TaskMoved, AggregateTask, "it is to be done at another station", TaskPayload{}},
	{TaskHanded, AggregateTask, "somebody else has it from now on", TaskPayload{}},
	{TaskCancelled, AggregateTask, "it is not wanted any more; staff says who had it", TaskPayload{}},
	{TicketRushed, AggregateTicket, "the order's tasks go before others", TicketPayload{}},
	{TicketUnrushed, AggregateTicket, "the order's tasks take their turn again", TicketPayload{}},
	{TicketHeld, AggregateTicket, "a course, or the order, is not begun until it is fired", TicketPayload{}},
	{TicketFired, AggregateTicket, "a course, or the order, that was held is to be made now", TicketPayload{}},
	{KitchenChanged, AggregateOutlet, "stations, machines or staff of an outlet changed", KitchenPayload{}},
	{OrderStatusChanged, AggregateOrder, "an order came in, went a step further, or back for something that is made again", OrderPayload{}},
	{OrderQueued, AggregateWork, "an order waits, as a whole, for a worker to cook it", QueuedPayload{}},
	{OrderEdited, AggregateOrder, "an order holds less or more than it did", EditPayload{}},
	{SalePaused, AggregateOutlet, "something cannot be ordered for a while", PausePayload{}},
	{SaleResumed, AggregateOutlet, "it can be ordered again", PausePayload{}},
	{OutletStateChanged, AggregateOutlet, "an outlet has become busy, or is as usual again", OutletStatePayload{}},
	{DeliveryRequested, AggregateDelivery, "an order is to be carried to its door", DeliveryPayload{}},
	{DeliveryOffered, AggregateDelivery, "a driver was asked to carry it", DeliveryPayload{}},
	{DeliveryDeclined, AggregateDelivery, "the driver declined, did not answer, or is not asked any more; reason says which", DeliveryPayload{}},
	{DeliveryAssigned, AggregateDelivery, "the driver has accepted, or was given it by hand", DeliveryPayload{}},
	{DeliveryReleased, AggregateDelivery, "the driver cannot carry it after all: somebody else is looked for", DeliveryPayload{}},
	{DeliveryPickedUp, AggregateDelivery, "the driver has it on board", DeliveryPayload{}},
	{DeliveryDelivered, AggregateDelivery, "it is at its door", DeliveryPayload{}},
	{DeliveryCancelled, AggregateDelivery, "nobody needs to carry it any more", DeliveryPayload{}},
	{DeliveryEscalated, AggregateDelivery, "it does not go on by itself: somebody has to look; reason says why", DeliveryPayload{}},
	{DeliveryLate, AggregateDelivery, "it will come later than its customer was told", DeliveryPayload{}},
	{DriverNear, AggregateDelivery, "its driver is about to arrive", DeliveryPayload{}},
	{DriverChanged, AggregateDriver, "a driver came, went, has a break, or has more or less to carry", DriverPayload{}},
	{WorkflowCompleted, AggregateWorkflow, "an execution of a workflow was completed", WorkflowPayload{}},
	{WorkflowFailed, AggregateWorkflow, "an execution of a workflow failed, for all its tenants or for some", WorkflowPayload{}},
	{WorkflowCancelled, AggregateWorkflow, "an execution of a workflow was cancelled", WorkflowPayload{}},
	{AlertRaised, AggregateAlert, "there is something to look at", AlertPayload{}},
	{AlertEscalated, AggregateAlert, "it has become graver, or nobody has acknowledged it in time", AlertPayload{}},
	{AlertAcknowledged, AggregateAlert, "somebody looks after it", AlertPayload{}},
	{AlertArchived, AggregateAlert, "it is over, or was put away", AlertPayload{}},
}

// EditPayload reads the payload of an OrderEdited event; ok is false for any other.
func (e Event) EditPayload() (p EditPayload, ok bool) {
	ok = e.Type == OrderEdited && json.Unmarshal(e.Payload, &p) == nil
	return p, ok
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

// DeliveryPayload reads the payload of a delivery's event; ok is false for any other.
func (e Event) DeliveryPayload() (p DeliveryPayload, ok bool) {
	ok = e.AggregateType == AggregateDelivery && json.Unmarshal(e.Payload, &p) == nil
	return p, ok
}

// DriverPayload reads the payload of a driver's event; ok is false for any other.
func (e Event) DriverPayload() (p DriverPayload, ok bool) {
	ok = e.AggregateType == AggregateDriver && json.Unmarshal(e.Payload, &p) == nil
	return p, ok
}

// AlertPayload reads the payload of an alert's event; ok is false for any other.
func (e Event) AlertPayload() (p AlertPayload, ok bool) {
	ok = e.AggregateType == AggregateAlert && json.Unmarshal(e.Payload, &p) == nil
	return p, ok
}
