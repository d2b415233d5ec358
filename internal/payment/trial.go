package payment

import (
	"context"
	"errors"
	"hash/fnv"
	"strings"
	"sync"
	"time"

	"brigade/internal/money"
	"brigade/internal/order"
)

// What the built-in provider does is said by the token of a payment: "decline" refuses it, "timeout" moves the money and
// does not answer the first time, "slow" answers after some seconds, "flaky" fails each step twice, "no_refund" refuses
// every refund; everything else is approved at once.
const (
	tokenDecline  = "decline"
	tokenTimeout  = "timeout"
	tokenSlow     = "slow"
	tokenFlaky    = "flaky"
	tokenNoRefund = "no_refund"
)

const slowAnswer = 3 * time.Second

// Trial is the built-in provider. It moves no real money. What a key led to is said by the key alone, so that it
// answers as before after a restart, too; how much was moved it remembers while the process lives.
type Trial struct {
	mu    sync.Mutex
	asked map[string]int // by key
	moved map[int64]money.Amount
}

// NewTrial returns a provider that has moved nothing.
func NewTrial() *Trial { return &Trial{asked: map[string]int{}, moved: map[int64]money.Amount{}} }

// errNoAnswer is what the built-in provider's callers see when it is told not to answer.
var errNoAnswer = errors.New("the provider did not answer")

// Do implements order.Payments.
func (t *Trial) Do(ctx context.Context, a order.Attempt) (order.Outcome, error) {
	behaviour, _, _ := strings.Cut(a.Token, ":")
	times := t.ask(a.Key)
	switch {
	case behaviour == tokenFlaky && times <= 2:
		return order.Outcome{}, errNoAnswer
	case behaviour == tokenDecline && a.Step == order.StepAuthorise:
		return order.Outcome{Reason: "the card was declined"}, nil
	case behaviour == tokenNoRefund && a.Step == order.StepRefund:
		return order.Outcome{Reason: "refunds are switched off"}, nil
	case behaviour == tokenSlow:
		if err := wait(ctx, slowAnswer); err != nil {
			return order.Outcome{}, err
		}
	}
	t.move(a)
	if behaviour == tokenTimeout && times == 1 {
		return order.Outcome{}, errNoAnswer
	}
	return order.Outcome{Done: true, Reference: reference(a)}, nil
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// ask counts how often a key was asked for.
func (t *Trial) ask(key string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.asked[key]++
	return t.asked[key]
}

// move moves the money of a key once.
func (t *Trial) move(a order.Attempt) {
	t.mu.Lock()
	defer t.mu.Unlock()
	done := a.Key + "/done"
	if t.asked[done]++; t.asked[done] > 1 {
		return
	}
	switch a.Step {
	case order.StepCapture:
		t.moved[a.Order] += a.Sum
	case order.StepRefund:
		t.moved[a.Order] -= a.Sum
	case order.StepAuthorise, order.StepRelease:
	}
}

// Moved is how much of a guest's money the provider has moved for an order since it was made.
func (t *Trial) Moved(order int64) money.Amount {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.moved[order]
}

// reference is the same for all steps of an order's payment.
func reference(a order.Attempt) string {
	if a.Reference != "" {
		return a.Reference
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(a.Key)) // it never fails
	const digits = "0123456789abcdef"
	name := []byte("trial_")
	for sum := h.Sum64(); sum > 0; sum >>= 4 {
		name = append(name, digits[sum&15])
	}
	return string(name)
}
