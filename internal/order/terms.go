package order

import (
	"context"
	"time"
)

// Terms are what was agreed about an order beyond what it holds: paid first, wanted at a time, made elsewhere, handed
// over with a code. Most orders have none.
type Terms struct {
	Waits    Wait
	DueAt    time.Time // when the wait ends; zero: never by itself
	WantedAt time.Time // when it shall be ready; zero: as soon as it can be
	External bool      // made by an external point of sale
	Code     string    // said by who collects it; "": none is asked for
	Proof    string    // how it was handed over
	Failure  string    // why a step at the point of sale is not done yet
	Pay      Payment
}

// Life is what of an order with these terms decides what may happen to it.
func (t Terms) Life(typ Type, s Status) Life {
	return Life{Type: typ, Status: s, Waits: t.Waits, Later: !t.WantedAt.IsZero(), External: t.External}
}

// Happening is something that happened to an order with terms. At most one of Signal, Result and the rest is given.
type Happening struct {
	Order  int64
	Outlet int64 // not 0: the order is this outlet's, else it is not found
	Signal Signal
	By     string
	Reason string
	At     time.Time

	Result  *StepResult // what a provider of payment answered
	Settle  bool        // whoever says this does the next step of the payment himself, and has a job for it
	Till    bool        // whoever says this does the next step of the payment himself, at once
	Later   bool        // a job shall do the step of the payment that is open
	PutOff  time.Time   // not zero: the timer rings then instead, while it waits for its time
	Wanted  time.Time   // not zero: it is wanted then instead, while it waits for its time
	Proof   string      // of a hand-over
	Failure *string     // how the step at the point of sale stands
}

// Reply is what became of it.
type Reply struct {
	Tenant, Outlet int64
	Number         string
	Status         Status
	Next           *Attempt // for Settle and Till: the step to do; nil: none
}

// JobKind says which step at somebody else's a job does.
type JobKind string

// The kinds of jobs.
const (
	JobSettle    JobKind = "settle"    // bring the money to where it belongs
	JobPrepare   JobKind = "prepare"   // ask the external point of sale
	JobUnprepare JobKind = "unprepare" // tell it to stop
)

// Job is a step at somebody else's, written with the change that wants it.
type Job struct {
	Kind  JobKind
	Order int64
}

// Lives keeps orders with terms.
type Lives interface {
	// Tell writes what happened to an order; callers that arrive together share one transaction. Errors: KindNotFound
	// when the order has no terms, KindConflict when its life does not allow it, ErrInKitchen; KindUnavailable, KindUnknown.
	Tell(ctx context.Context, h Happening) (Reply, error)
}
