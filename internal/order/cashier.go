package order

import (
	"context"
	"errors"
	"fmt"
	"sync"
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
	breakers  map[Method]*breaker
	clock     clock.Clock
}

// NewCashier returns a cashier for the methods that have a provider.
func NewCashier(l Ledger, providers map[Method]Payments, clk clock.Clock) *Cashier {
	c := &Cashier{ledger: l, providers: providers, breakers: map[Method]*breaker{}, clock: clk}
	for m := range providers {
		c.breakers[m] = &breaker{}
	}
	return c
}

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

// step asks for one step, writes what came of it, and returns the next.
func (c *Cashier) step(ctx context.Context, a *Attempt) (*Attempt, error) {
	br := c.breakers[a.Method]
	if br == nil {
		return nil, errs.RetryAfter(time.Minute, fmt.Errorf("there is no provider for %s", a.Method))
	}
	if !br.enter() {
		return nil, errs.RetryAfter(breakFor, errors.New("the provider of payment is in trouble: few ask it at a time"))
	}
	asking, cancel := context.WithTimeout(ctx, askFor)
	out, err := c.providers[a.Method].Do(asking, *a)
	cancel()
	br.leave(err)
	if ctx.Err() != nil && err != nil { // the process ends: the attempt stays as it is
		return nil, err
	}
	next, werr := c.next(ctx, Happening{Order: a.Order, Settle: true, Result: &StepResult{Seq: a.Seq, Outcome: out, Err: err}})
	if err != nil && werr == nil {
		return nil, errs.RetryAfter(retryIn(a.Tries), err)
	}
	return next, werr
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

// breaker keeps calls from a provider in trouble: a dead one must not take the hands that others need. A few go on
// asking, so that it is noticed at once when the provider is back, and so that orders which fail by themselves do not
// keep those behind them from being paid.
type breaker struct {
	mu       sync.Mutex
	failures int // in a row
	inside   int // calls under way
}

// Failures in a row after which a provider is in trouble, how many ask one in trouble at a time, and how long the others
// wait.
const (
	breakAfter = 10
	breakTo    = 5
	breakFor   = 2 * time.Second
)

// enter tells whether the provider may be asked; whoever enters leaves.
func (b *breaker) enter() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failures >= breakAfter && b.inside >= breakTo {
		return false
	}
	b.inside++
	return true
}

func (b *breaker) leave(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.inside--
	if err == nil {
		b.failures = 0
		return
	}
	b.failures++
}
