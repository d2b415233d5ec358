package order

import (
	"context"
	"errors"
	"strconv"
	"time"

	"brigade/internal/errs"
	"brigade/internal/money"
)

// Method is how an order is paid.
type Method string

// The methods. An order without one is paid as its outlet sees fit, outside Brigade.
const (
	NoMethod Method = ""
	Cash     Method = "cash"     // when it is handed over
	Card     Method = "card"     // before it is made
	Test     Method = "test"     // before it is made, by the built-in provider
	Provider Method = "provider" // at the ordering provider that took the order, which pays back, too
)

// First tells whether the money must be promised before the order is made.
func (m Method) First() bool { return m == Card || m == Test }

// Before tells whether the guest has agreed to a sum before the order is made: nothing can be added to it.
func (m Method) Before() bool { return m.First() || m == Provider }

// Payment is where the money of an order stands.
type Payment struct {
	Method     Method
	Token      string // says whose money, to the provider
	Currency   string
	Authorised money.Amount // promised
	Captured   money.Amount // taken, in all
	Refunded   money.Amount // given back, in all; at most Captured
	Refused    bool         // it was not promised
	Released   bool         // the promise was let go
	Reference  string       // the provider's name for it
}

// Held is what the business has of the guest's money.
func (p Payment) Held() money.Amount { return p.Captured - p.Refunded }

// Step is one step at a provider.
type Step string

// The steps.
const (
	StepAuthorise Step = "authorise"
	StepCapture   Step = "capture"
	StepRefund    Step = "refund"
	StepRelease   Step = "release" // let a promise go
)

// Owed tells what an order's life asks of its payment: whether the money shall be promised, and how much taken.
func Owed(l Life, m Method, total money.Amount) (promised bool, taken money.Amount) {
	switch {
	case l.Status == Cancelled || l.Status == Rejected:
		return false, 0
	case m == Cash:
		if l.Status.Closed() {
			return false, total
		}
		return false, 0
	case m == Provider:
		return false, total
	case l.Waits != WaitsNot:
		return true, 0
	}
	return true, total
}

// NextStep decides what must be done so that the money is where an order's life wants it; ok is false when it is there.
func NextStep(p Payment, l Life, total money.Amount) (s Step, sum money.Amount, ok bool) {
	promised, taken := Owed(l, p.Method, total)
	switch {
	case p.Refused || p.Method == NoMethod:
		return "", 0, false
	case p.Held() > taken:
		return StepRefund, p.Held() - taken, true
	case p.Method == Cash || p.Method == Provider:
		return StepCapture, taken - p.Held(), taken > p.Held()
	case p.Authorised == 0:
		return StepAuthorise, total, promised && total > 0
	case p.Released || p.Captured > 0: // what was added since is a balance to be paid on hand-over
		return "", 0, false
	case taken > 0:
		return StepCapture, min(taken, p.Authorised), true
	case !promised:
		return StepRelease, p.Authorised, true
	}
	return "", 0, false
}

// Attempt is a step as a provider is asked for it: with the same key until its outcome is known.
type Attempt struct {
	Order     int64
	Tenant    int64
	Outlet    int64
	Seq       int // among the order's steps, from 1
	Number    string
	Step      Step
	Sum       money.Amount
	Currency  string
	Method    Method
	Token     string // "": the guest pays by himself, at the provider's page
	Key       string
	Over      bool      // the order was cancelled or rejected since: nobody shall pay any more
	Tries     int       // that failed
	Reference string    // of what was authorised
	Began     time.Time // when it was written, in product time; zero: a moment ago, or nobody knows
}

// AttemptKey is the idempotency key of an order's n-th step. The salt keeps two installations with one provider apart.
func AttemptKey(salt string, order int64, n int) string {
	return "brigade-" + salt + "-" + strconv.FormatInt(order, 10) + "-" + strconv.Itoa(n)
}

// Outcome is what a provider says about a step.
type Outcome struct {
	Done      bool   // else it is refused, for good
	Reference string // the provider's name for the payment
	Reason    string // of a refusal, for people
}

// StepResult is an outcome with its attempt.
type StepResult struct {
	Seq     int
	Outcome Outcome
	Err     error  // not nil: the outcome is not known, and is asked for again
	Note    string // not "": somebody resolved it by hand, and says how
}

// Payments is a provider of payment.
type Payments interface {
	// Do asks for a step and returns its outcome. The same key again gives the same outcome and moves no more money.
	// An error means that nobody knows the outcome: it is asked for again.
	Do(ctx context.Context, a Attempt) (Outcome, error)
}

// Pages is a provider of payment with a page at which guests pay by themselves.
type Pages interface {
	// Page returns the address of the page for the guest of a step: the same each time. Errors: KindConflict when it cannot be
	// paid any more.
	Page(ctx context.Context, a Attempt) (url string, err error)
}

// ErrUnpaid says that a guest who pays by himself has not done so yet.
var ErrUnpaid = errors.New("the guest has not paid yet")

// ErrInKitchen says that an order is its kitchen's by now: what changes it goes there.
var ErrInKitchen = errors.New("the order is with its kitchen")

// Apply notes a step's outcome in a payment. The signal is what it means to the order; "" is nothing.
func (p *Payment) Apply(s Step, sum money.Amount, o Outcome) Signal {
	switch {
	case s == StepAuthorise && !o.Done:
		p.Refused = true
		return PaymentRefused
	case !o.Done:
		return ""
	}
	if o.Reference != "" {
		p.Reference = o.Reference
	}
	switch s {
	case StepAuthorise:
		p.Authorised = sum
		return PaymentAuthorised
	case StepCapture:
		p.Captured += sum
	case StepRefund:
		p.Refunded += sum
	case StepRelease:
		p.Released = true
	}
	return ""
}

// validatePayment checks what a client says about payment.
func (p Placement) validatePayment(f *errs.Fields) {
	switch p.Method {
	case NoMethod, Cash, Card, Test:
	case Provider:
		if !fromChannel(p.Source) {
			f.Add("payment.method", "provider is for ordering providers")
		}
	default:
		f.Add("payment.method", "must be cash, card or test")
	}
	if p.Method == Card && p.PaymentToken == "" && p.Source != FromShop { // whose guests pay by themselves
		f.Add("payment.token", "is needed for a card")
	}
	if len(p.PaymentToken) > maxKey {
		f.Add("payment.token", "must have at most %d characters", maxKey)
	}
}
