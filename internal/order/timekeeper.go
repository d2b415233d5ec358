package order

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"brigade/internal/clock"
)

// Timer is when something happens to an order by itself.
type Timer struct {
	Order, Tenant, Outlet int64
	Waits                 Wait
	DueAt                 time.Time
	WantedAt              time.Time
}

// Timers knows the timers of all orders.
type Timers interface {
	Lives
	// Timers returns the first n timers, the earliest first.
	Timers(ctx context.Context, n int) ([]Timer, error)
}

// Planner tells how long before an order is wanted its kitchen must have it.
type Planner interface {
	// Lead returns how long the order itself takes when nothing else is to be made, and how long the kitchen is busy
	// with what it has now. Both in product time.
	Lead(ctx context.Context, t Timer) (alone, queue time.Duration, err error)
}

// How the release of an order is planned, in product time.
const (
	lookAhead = 20 * time.Minute // before that, what the kitchen is busy with now says nothing
	lookAgain = time.Minute      // then its queue is looked at so often
)

// ReleaseAt decides when a kitchen gets an order that is wanted at a time: at a release that is not after now it gets it,
// else it is looked at again then.
func ReleaseAt(now, wanted time.Time, alone, queue time.Duration) time.Time {
	far := wanted.Add(-alone - lookAhead)
	if far.After(now) {
		return far
	}
	release := wanted.Add(-alone - queue)
	if release.After(now.Add(lookAgain)) {
		return now.Add(lookAgain)
	}
	return release
}

// Timekeeper lets happen what is due: one of all nodes does. A second one would do no harm, for what is due happens once.
type Timekeeper struct {
	timers  Timers
	planner Planner
	clock   clock.Clock
	mine    func() bool // whether this node does
	log     *slog.Logger
	wake    chan struct{}
}

// NewTimekeeper returns a timekeeper. mine tells whether this node keeps the time.
func NewTimekeeper(t Timers, p Planner, clk clock.Clock, mine func() bool, log *slog.Logger) *Timekeeper {
	return &Timekeeper{timers: t, planner: p, clock: clk, mine: mine, log: log, wake: make(chan struct{}, 1)}
}

// Poke says that there may be a new timer.
func (k *Timekeeper) Poke() {
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// How many timers are read at once, and how often they are looked at when nobody says that there is a new one.
const (
	timersAtOnce = 512
	lookAtLeast  = 2 * time.Second
)

// Run keeps the time until ctx ends.
func (k *Timekeeper) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		pause := lookAtLeast
		var due <-chan time.Time
		stop := func() {}
		if k.mine() {
			next, err := k.look(ctx)
			switch {
			case err != nil && ctx.Err() == nil:
				k.log.WarnContext(ctx, "timers of orders were not read, or not all rung", "action", "timers_failed", "error", err)
				pause = lookAtLeast / 4
			case !next.IsZero():
				due, stop = k.clock.After(max(0, next.Sub(k.clock.Now())))
			}
		}
		k.sleep(ctx, pause, due)
		stop()
	}
	return nil
}

func (k *Timekeeper) sleep(ctx context.Context, pause time.Duration, due <-chan time.Time) {
	t := time.NewTimer(pause)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-k.wake:
	case <-due:
	case <-t.C:
	}
}

// look rings what is due and returns when the next timer is; zero: there is none.
func (k *Timekeeper) look(ctx context.Context) (time.Time, error) {
	for {
		timers, err := k.timers.Timers(ctx, timersAtOnce)
		if err != nil || len(timers) == 0 {
			return time.Time{}, err
		}
		now := k.clock.Now()
		n := 0
		for n < len(timers) && !timers[n].DueAt.After(now) {
			n++
		}
		if n == 0 {
			return timers[0].DueAt, nil
		}
		if err := k.ring(ctx, timers[:n], now); err != nil {
			return time.Time{}, err
		}
	}
}

// ring rings timers side by side, so that they share a transaction.
func (k *Timekeeper) ring(ctx context.Context, timers []Timer, now time.Time) error {
	failures := make([]error, len(timers))
	var all sync.WaitGroup
	for i, t := range timers {
		all.Go(func() { failures[i] = k.one(ctx, t, now) })
	}
	all.Wait()
	for _, err := range failures {
		if err != nil {
			return err
		}
	}
	return nil
}

func (k *Timekeeper) one(ctx context.Context, t Timer, now time.Time) error {
	h := Happening{Order: t.Order, Signal: Overdue, By: "clock", Reason: overdue[t.Waits], At: now.Truncate(time.Microsecond)}
	if t.Waits == WaitsTime {
		alone, queue, err := k.planner.Lead(ctx, t)
		if err != nil {
			return err
		}
		h.Signal, h.Reason = Due, ""
		if at := ReleaseAt(now, t.WantedAt, alone, queue); at.After(now) && !t.WantedAt.IsZero() {
			h.Signal, h.PutOff = "", at
		}
	}
	_, err := k.timers.Tell(ctx, h)
	return err
}

// overdue says why an order was given up.
var overdue = map[Wait]string{
	WaitsPayment:    "it was not paid in time",
	WaitsAcceptance: "the point of sale did not answer in time",
}
