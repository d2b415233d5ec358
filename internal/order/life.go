package order

import (
	"slices"

	"brigade/internal/errs"
)

// Wait is what an order waits for before its kitchen has it.
type Wait string

// What an order can wait for. Each wait has an end: the order's due time.
const (
	WaitsNot        Wait = ""           // its kitchen has it, or its life is over
	WaitsPayment    Wait = "payment"    // until the money is promised
	WaitsTime       Wait = "time"       // until it is to be made
	WaitsAcceptance Wait = "acceptance" // until an external point of sale takes it
)

// Life is what of an order decides what may happen to it.
type Life struct {
	Type     Type
	Status   Status
	Waits    Wait
	Later    bool // it is wanted at a time, not as soon as it can be made
	External bool // made by an external point of sale instead of the kitchen
}

// Signal is what can happen to an order.
type Signal string

// The signals.
const (
	PaymentAuthorised  Signal = "payment_authorised" // the money is promised
	PaymentRefused     Signal = "payment_refused"    // and will not come
	Due                Signal = "due"                // it is to be made now
	Overdue            Signal = "overdue"            // what it waits for did not come in time
	PosAccepted        Signal = "pos_accepted"       // the point of sale makes it
	PosRejected        Signal = "pos_rejected"       // the point of sale does not
	PreparationStarted Signal = "preparation_started"
	Finished           Signal = "finished" // everything is made
	Reopened           Signal = "reopened" // something is made again
	CourierWanted      Signal = "courier_wanted"
	CourierWaiting     Signal = "courier_waiting" // it is offered to couriers
	PickedUp           Signal = "picked_up"
	HandOver           Signal = "handed_over"
	Cancel             Signal = "cancelled"
)

// Signals lists all signals.
var Signals = []Signal{
	PaymentAuthorised, PaymentRefused, Due, Overdue, PosAccepted, PosRejected, PreparationStarted, Finished, Reopened,
	CourierWanted, CourierWaiting, PickedUp, HandOver, Cancel,
}

// Effect is what a change of an order asks of others.
type Effect string

// The effects. Those of money and of the point of sale are jobs, written with the change.
const (
	Authorise         Effect = "authorise"          // have the money promised
	Capture           Effect = "capture"            // take the money
	Refund            Effect = "refund"             // give back what was taken, let go what was promised
	OpenTicket        Effect = "open_ticket"        // give it to the kitchen
	RequestPrepare    Effect = "request_prepare"    // ask the external point of sale
	CancelTicket      Effect = "cancel_ticket"      // the kitchen stops
	CancelPreparation Effect = "cancel_preparation" // the external point of sale stops
	ReleaseDriver     Effect = "release_driver"     // whoever was to carry it need not
	Notify            Effect = "notify"             // tell who wants to know
)

// transition is one line of the order's life.
type transition struct {
	from    []Status
	on      Signal
	when    func(Life) bool // nil: always
	says    string          // the condition, for the drawing
	to      func(Type) Status
	waits   Wait // from then on
	effects []Effect
}

func to(s Status) func(Type) Status { return func(Type) Status { return s } }

func waits(w Wait, also ...func(Life) bool) func(Life) bool {
	return func(l Life) bool {
		for _, ok := range also {
			if !ok(l) {
				return false
			}
		}
		return l.Waits == w
	}
}

func later(l Life) bool     { return l.Later }
func now(l Life) bool       { return !l.Later }
func external(l Life) bool  { return l.External }
func own(l Life) bool       { return !l.External }
func atKitchen(l Life) bool { return l.Waits == WaitsNot }

var (
	unmade    = []Status{Created, Scheduled}
	inDoors   = []Status{Created, Scheduled, InPreparation, Ready}
	atCounter = []Status{Ready, SchedulingDelivery, WaitingForDriver} // made, and still in the house
	onTheWay  = []Status{SchedulingDelivery, WaitingForDriver, InDelivery}
)

// transitions are the order's life: what follows what, upon what, and what that asks of others.
var transitions = []transition{
	{[]Status{Created}, PaymentAuthorised, waits(WaitsPayment, later), "paid, for later", to(Scheduled), WaitsTime, []Effect{Notify}},
	{[]Status{Created}, PaymentAuthorised, waits(WaitsPayment, now, own), "paid", to(Scheduled), WaitsNot, []Effect{OpenTicket, Capture, Notify}},
	{[]Status{Created}, PaymentAuthorised, waits(WaitsPayment, now, external), "paid", to(Scheduled), WaitsAcceptance, []Effect{RequestPrepare, Notify}},
	{[]Status{Created}, PaymentRefused, waits(WaitsPayment), "payment refused", to(Rejected), WaitsNot, []Effect{Notify}},
	{[]Status{Created}, Overdue, waits(WaitsPayment), "payment not in time", to(Cancelled), WaitsNot, []Effect{Refund, Notify}},

	{[]Status{Scheduled}, Due, waits(WaitsTime, own), "time to make it", to(Scheduled), WaitsNot, []Effect{OpenTicket, Capture}},
	{[]Status{Scheduled}, Due, waits(WaitsTime, external), "time to make it", to(Scheduled), WaitsAcceptance, []Effect{RequestPrepare}},
	{[]Status{Scheduled}, PosAccepted, waits(WaitsAcceptance), "the point of sale takes it", to(InPreparation), WaitsNot, []Effect{Capture, Notify}},
	{[]Status{Scheduled}, Finished, waits(WaitsAcceptance), "made before it was accepted", to(Ready), WaitsNot, []Effect{Capture, Notify}},
	{[]Status{Scheduled}, PosRejected, waits(WaitsAcceptance), "the point of sale declines", to(Cancelled), WaitsNot, []Effect{Refund, Notify}},
	{[]Status{Scheduled}, Overdue, waits(WaitsAcceptance), "not accepted in time", to(Cancelled), WaitsNot, []Effect{CancelPreparation, Refund, Notify}},

	{unmade, PreparationStarted, atKitchen, "first task started", to(InPreparation), WaitsNot, []Effect{Notify}},
	{unmade, Finished, atKitchen, "everything made", to(Ready), WaitsNot, []Effect{Notify}},
	{[]Status{InPreparation}, Finished, nil, "everything made", to(Ready), WaitsNot, []Effect{Notify}},
	{atCounter, Reopened, nil, "made again", to(InPreparation), WaitsNot, []Effect{Notify}},

	{[]Status{Ready}, CourierWanted, delivers, "to be carried", to(SchedulingDelivery), WaitsNot, nil},
	{[]Status{SchedulingDelivery}, CourierWaiting, nil, "offered to couriers", to(WaitingForDriver), WaitsNot, nil},
	{[]Status{WaitingForDriver, SchedulingDelivery}, PickedUp, nil, "picked up", to(InDelivery), WaitsNot, []Effect{Notify}},
	{[]Status{Ready}, HandOver, nil, "handed over", HandedOver, WaitsNot, []Effect{Capture, Notify}},
	{[]Status{SchedulingDelivery, WaitingForDriver}, HandOver, nil, "brought without a courier", to(Delivered), WaitsNot, []Effect{Capture, Notify}},
	{[]Status{InDelivery}, HandOver, nil, "handed over", to(Delivered), WaitsNot, []Effect{Capture, Notify}},

	{inDoors, Cancel, own, "", to(Cancelled), WaitsNot, []Effect{CancelTicket, Refund, Notify}},
	{inDoors, Cancel, external, "", to(Cancelled), WaitsNot, []Effect{CancelPreparation, Refund, Notify}},
	{onTheWay, Cancel, nil, "", to(Cancelled), WaitsNot, []Effect{ReleaseDriver, Refund, Notify}},
}

func delivers(l Life) bool { return l.Type == Delivery }

// rank is how far along its life a status is: a signal for what is behind the order already changes nothing.
var rank = map[Status]int{
	Created: 0, Scheduled: 1, InPreparation: 2, Ready: 3, SchedulingDelivery: 4, WaitingForDriver: 5, InDelivery: 6,
	Served: 7, Collected: 7, Delivered: 7, Cancelled: 8, Rejected: 8,
}

// Next decides what becomes of an order upon a signal, and what that asks of others. Of a signal that was heard before,
// or comes too late to matter, nothing changes but the effects that make good for it.
// Errors: KindConflict when the life does not allow it.
func Next(l Life, s Signal) (Life, []Effect, error) {
	for _, t := range transitions {
		if t.on == s && slices.Contains(t.from, l.Status) && (t.when == nil || t.when(l)) {
			l.Status, l.Waits = t.to(l.Type), t.waits
			return l, t.effects, nil
		}
	}
	if effects, ok := late(l, s); ok {
		return l, effects, nil
	}
	return l, nil, errs.Conflict("an order that is %s cannot be %s", l.Status, words(s))
}

// late tells of a signal that finds nothing to change whether it is a repeated or late one, and what makes good for it.
func late(l Life, s Signal) (effects []Effect, ok bool) {
	over := l.Status == Cancelled || l.Status == Rejected
	switch s {
	case PaymentAuthorised, PaymentRefused:
		if over && s == PaymentAuthorised {
			return []Effect{Refund}, true
		}
		return nil, true
	case Due, Overdue:
		return nil, true // somebody was faster
	case PosAccepted:
		if over {
			return []Effect{CancelPreparation}, true
		}
		return nil, rank[l.Status] >= rank[InPreparation]
	case PosRejected:
		return nil, over
	case PreparationStarted:
		return nil, rank[l.Status] >= rank[InPreparation]
	case Finished:
		return nil, rank[l.Status] >= rank[Ready]
	case Reopened:
		return nil, l.Status == InPreparation
	case CourierWanted, CourierWaiting, PickedUp:
		return nil, !l.Status.Closed() && rank[l.Status] >= rank[reaches[s]]
	case HandOver:
		return nil, l.Status == HandedOver(l.Type)
	case Cancel:
		return nil, l.Status == Cancelled
	}
	return nil, false
}

// reaches says where couriers' signals lead.
var reaches = map[Signal]Status{CourierWanted: SchedulingDelivery, CourierWaiting: WaitingForDriver, PickedUp: InDelivery}

func words(s Signal) errs.Text {
	switch s {
	case HandOver:
		return errs.Word("handed over")
	case PreparationStarted:
		return errs.Word("begun")
	case PosAccepted, PosRejected:
		return errs.Word("answered by a point of sale")
	case CourierWanted, CourierWaiting:
		return errs.Word("given to a courier")
	case PickedUp:
		return errs.Word("picked up")
	default:
		return errs.Word(s)
	}
}

// Follows returns what may come after a status, in the order of a life.
func Follows(s Status) (next []Status) {
	for _, candidate := range Statuses {
		if candidate != s && slices.ContainsFunc(transitions, func(t transition) bool { return t.leads(s, candidate) }) {
			next = append(next, candidate)
		}
	}
	return next
}

func (t transition) leads(from, to Status) bool {
	return slices.Contains(t.from, from) && slices.ContainsFunc(Types, func(typ Type) bool { return t.to(typ) == to })
}

// HandedOver is the status that ends an order of the given type.
func HandedOver(t Type) Status {
	switch t {
	case DineIn:
		return Served
	case Takeout:
		return Collected
	default:
		return Delivered
	}
}

// Move decides whether an order in status from may come to be in status to. changed is false when it is there
// already (a repeated call answers as before). Errors: KindConflict when the life does not allow it.
func Move(t Type, from, to Status) (changed bool, err error) {
	switch {
	case from == to:
		return false, nil
	case !slices.Contains(Follows(from), to):
		return false, errs.Conflict("an order that is %s cannot become %s", from, to)
	case slices.Contains(onTheWay, to) && t != Delivery:
		return false, errs.Conflict("a %s order cannot become %s", t, to)
	case to.Closed() && to != Cancelled && to != Rejected && to != HandedOver(t):
		return false, errs.Conflict("a %s order ends %s, not %s", t, HandedOver(t), to)
	}
	return true, nil
}
