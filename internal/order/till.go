package order

import (
	"context"
	"sync"

	"brigade/internal/errs"
)

// Till asks for steps of payments the moment they are written, without a job: most providers answer at once. What does
// not come to an end here becomes a job, like everything that is asked for a second time; so does what was under way when
// the process died, and what there was no hand for, because each step says until when somebody asks for it.
type Till struct {
	cashier *Cashier
	hands   int
	queue   chan Attempt
}

// tillWaits is how many steps wait for a hand. What comes on top is left to jobs.
const tillWaits = 8192

// NewTill returns a till of a cashier at which so many steps are asked for at a time.
func NewTill(c *Cashier, hands int) *Till {
	return &Till{cashier: c, hands: hands, queue: make(chan Attempt, tillWaits)}
}

// Begun hears of steps that were just written. It does not wait.
func (t *Till) Begun(steps []Attempt) {
	for _, a := range steps {
		select {
		case t.queue <- a:
		default:
			return
		}
	}
}

// Run asks until ctx ends.
func (t *Till) Run(ctx context.Context) error {
	var all sync.WaitGroup
	for range t.hands {
		all.Go(func() {
			for {
				select {
				case <-ctx.Done():
					return
				case a := <-t.queue:
					t.cashier.atOnce(ctx, &a)
				}
			}
		})
	}
	all.Wait()
	return nil
}

// atOnce does a step and those that follow from it. What fails, or finds no place at the provider, is left to a job. When
// it cannot even be written that it failed, a job asks after a while.
func (c *Cashier) atOnce(ctx context.Context, a *Attempt) {
	for a != nil {
		out, err := c.ask(ctx, a)
		if ctx.Err() != nil && err != nil {
			return
		}
		h := Happening{Order: a.Order, Till: true, Later: err != nil}
		if _, unasked := errs.RetryDelay(err); !unasked {
			h.Result = &StepResult{Seq: a.Seq, Outcome: out, Err: err}
		}
		next, werr := c.next(ctx, h)
		if err != nil || werr != nil {
			return
		}
		a = next
	}
}
