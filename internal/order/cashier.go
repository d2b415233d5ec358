package order

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"brigade/internal/clock"
	"brigade/internal/errs"
)

// Ledger keeps what was asked of providers of payment, and what they said.
type Ledger interface {
	Lives
	// Pending returns the step of an order's payment that has no outcome yet; nil when there is none.
	Pending(ctx context.Context, order int64) (*Attempt, error)
}

// askFor bounds one call of a provider, in real time.
const askFor = 10 * time.Second

// Cashier brings the money of orders to where their lives want it, step by step. It may be killed at any moment: a step
// is written before it is asked for, and asked for with the same key until its outcome is written, too.
type Cashier struct {
	ledger    Ledger
	providers map[Method]Payments
	doors     *Gates // to each provider
	outlets   *Gates // to each provider, of each outlet
	clock     clock.Clock
}

// How many ask a provider at a time, and how many of them in the name of one outlet.
const (
	atProvider = 128
	ofOutlet   = 32
)

// NewCashier returns a cashier for the methods that have a provider.
func NewCashier(l Ledger, providers map[Method]Payments, clk clock.Clock) *Cashier {
	return &Cashier{ledger: l, providers: providers, doors: NewGates(atProvider), outlets: NewGates(ofOutlet), clock: clk}
}

// Troubled lists the providers that fail just now.
func (c *Cashier) Troubled() []string { return c.doors.Troubled() }

// Accepts tells whether there is a provider for a method.
func (c *Cashier) Accepts(m Method) bool { return c.providers[m] != nil }

// Settle does what the payment of an order needs, until nothing is left to do. An error marked by errs.RetryAfter says
// when it is worth going on.
func (c *Cashier) Settle(ctx context.Context, order int64) error {
	a, err := c.ledger.Pending(ctx, order)
	if err == nil && a == nil {
		a, err = c.next(ctx, Happening{Order: order, Settle: true})
	}
	for a != nil && err == nil {
		a, err = c.step(ctx, a)
	}
	return err
}

// enter asks for a place at the provider of a method, in the name of an outlet; whoever has one leaves.
func (c *Cashier) enter(a *Attempt) (leave func(error), ok bool) {
	out, ok := c.outlets.Enter(string(a.Method) + "/" + strconv.FormatInt(a.Outlet, 10))
	if !ok {
		return nil, false
	}
	up, ok := c.doors.Enter(string(a.Method))
	if !ok {
		out(ErrNotCalled)
		return nil, false
	}
	return func(err error) { up(err); out(err) }, true
}

// step asks for one step, writes what came of it, and returns the next.
func (c *Cashier) step(ctx context.Context, a *Attempt) (*Attempt, error) {
	out, err := c.ask(ctx, a)
	if _, later := errs.RetryDelay(err); later || ctx.Err() != nil && err != nil { // nobody asked, or the process ends
		return nil, err
	}
	next, werr := c.next(ctx, Happening{Order: a.Order, Settle: true, Result: &StepResult{Seq: a.Seq, Outcome: out, Err: err}})
	if err != nil && werr == nil {
		return nil, errs.RetryAfter(retryIn(a.Tries), err)
	}
	return next, werr
}

// ask asks a provider for a step. An error marked by errs.RetryAfter means that it was not asked.
func (c *Cashier) ask(ctx context.Context, a *Attempt) (Outcome, error) {
	provider := c.providers[a.Method]
	if provider == nil {
		return Outcome{}, errs.RetryAfter(time.Minute, fmt.Errorf("there is no provider for %s", a.Method))
	}
	leave, ok := c.enter(a)
	if !ok {
		return Outcome{}, errs.RetryAfter(Later(), errors.New("the provider of payment is in trouble, or busy: few ask it at a time"))
	}
	asking, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	out, err := provider.Do(asking, *a)
	if errors.Is(err, ErrUnpaid) {
		leave(nil)
	} else {
		leave(err)
	}
	return out, err
}

// Page returns the address of the page at which the guest of an order pays by himself.
// Errors: KindConflict when there is nothing that he could pay there.
func (c *Cashier) Page(ctx context.Context, order int64) (url string, err error) {
	a, err := c.ledger.Pending(ctx, order)
	if err != nil {
		return "", err
	}
	if a == nil || a.Step != StepAuthorise || a.Token != "" || a.Over {
		return "", errs.Conflict("there is nothing to be paid")
	}
	pages, ok := c.providers[a.Method].(Pages)
	if !ok {
		return "", errs.Conflict("nobody pays by %s by himself", a.Method)
	}
	leave, ok := c.enter(a)
	if !ok {
		return "", errs.Unavailable("the provider of payment is in trouble, or busy")
	}
	asking, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	url, err = pages.Page(asking, *a)
	leave(err)
	return url, err
}

func (c *Cashier) next(ctx context.Context, h Happening) (*Attempt, error) {
	h.By, h.At = "payment", c.clock.Now()
	r, err := c.ledger.Tell(ctx, h)
	return r.Next, err
}

// retryIn is how long to wait after so many failures: doubled each time, at most a minute.
func retryIn(tries int) time.Duration {
	return min(time.Minute, time.Second<<min(tries, 10)/4)
}
