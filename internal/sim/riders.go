package sim

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"slices"
	"time"

	"brigade/internal/actor"
	"brigade/internal/clock"
	"brigade/internal/delivery"
)

// Drivers is what drivers' apps ask; delivery.Service is one.
type Drivers interface {
	Drivers(ctx context.Context, who actor.Actor, f delivery.DriverFilter) ([]*delivery.Driver, error)
	Online(ctx context.Context, who actor.Actor, ref string) (*delivery.Driver, error)
	Break(ctx context.Context, who actor.Actor, ref string, length time.Duration) (*delivery.Driver, error)
	Work(ctx context.Context, who actor.Actor, ref string) (delivery.Work, error)
	Accept(ctx context.Context, who actor.Actor, ref, order string) (*delivery.Delivery, error)
	Decline(ctx context.Context, who actor.Actor, ref, order, reason string) (*delivery.Delivery, error)
	PickUp(ctx context.Context, who actor.Actor, ref, order string) (*delivery.Delivery, error)
	Deliver(ctx context.Context, who actor.Actor, ref, order string, p delivery.Proof) (*delivery.Delivery, error)
	Positions(ctx context.Context, who actor.Actor, ref string, fixes []delivery.Fix) (delivery.Verdicts, error)
}

// RidersParts are what the demo's drivers stand on.
type RidersParts struct {
	Drivers Drivers
	Tenant  int64
	Clock   clock.Clock
	Log     *slog.Logger
	Mine    func() bool   // whether this process plays them
	Tick    time.Duration // real time between their looks at their phones
	Seed    uint64
}

// Riders are the demo's drivers: they go online, ride, dawdle, decline now and then, have breaks, and lose their
// connection. What they do they do by the services that the drivers' app uses.
type Riders struct {
	RidersParts
	rng    *rand.Rand
	riders map[int64]*rider
}

// rider is a driver at play.
type rider struct {
	who     actor.Actor
	at      delivery.Point
	speed   float64 // metres a second
	last    time.Time
	mute    time.Time // without a connection until then
	busy    time.Time // at a counter or a door until then
	doing   string    // what he is busy with
	answers map[int64]answer
}

// answer is what a driver makes of an offer, and when he says it.
type answer struct {
	attempt int
	at      time.Time
	dice    float64
}

// How the demo's drivers are.
const (
	pace         = 4.5    // metres a second of a moped, as the crow flies
	nearEnough   = 30.0   // metres
	acceptance   = 0.9    // of offers
	ignorance    = 0.04   // of offers: nobody answers
	breakChance  = 0.0008 // in a look, while there is nothing to do
	muteChance   = 0.002  // in a look, while he rides
	rideVariance = 0.35
)

// NewRiders returns drivers who have not begun.
func NewRiders(p RidersParts) *Riders {
	return &Riders{RidersParts: p, rng: rand.New(rand.NewPCG(p.Seed, 5)), riders: map[int64]*rider{}}
}

// Run plays until ctx ends and returns nil then. What goes wrong is tried again with the next look.
func (r *Riders) Run(ctx context.Context) error {
	tick := time.NewTicker(r.Tick)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if !r.Mine() {
			clear(r.riders)
			continue
		}
		if err := r.look(ctx); err != nil && ctx.Err() == nil {
			r.Log.DebugContext(ctx, "the demo's drivers cannot see their phones", "action", "demo_drivers_blind", "error", err)
		}
	}
}

// look lets every driver look at his phone.
func (r *Riders) look(ctx context.Context) error {
	boss := actor.Actor{Tenant: r.Tenant, Name: "demo", Role: actor.Manager}
	list, err := r.Drivers.Drivers(ctx, boss, delivery.DriverFilter{Limit: 200})
	if err != nil {
		return err
	}
	for _, d := range list {
		if err := r.ride(ctx, d); err != nil {
			return err
		}
	}
	return nil
}

func (r *Riders) rider(d *delivery.Driver) *rider {
	if x := r.riders[d.ID]; x != nil {
		return x
	}
	factor := map[string]float64{"foot": 0.3, "bicycle": 0.8}[d.Vehicle]
	if factor == 0 {
		factor = 1
	}
	x := &rider{
		who:   actor.Actor{Tenant: r.Tenant, Name: d.Name, Role: actor.Driver, Driver: d.ID},
		speed: pace * factor * (1.1 - rideVariance*r.rng.Float64()), last: r.Clock.Now(), answers: map[int64]answer{},
	}
	if d.Last != nil {
		x.at = d.Last.Point
	}
	r.riders[d.ID] = x
	return x
}

// ride is one driver's look at his phone, and what he did since the last.
func (r *Riders) ride(ctx context.Context, d *delivery.Driver) error {
	x, now := r.rider(d), r.Clock.Now()
	if d.Status == delivery.Idle {
		x.last = now
		if d.BreakUntil.IsZero() {
			_, err := r.Drivers.Online(ctx, x.who, "")
			return passingOnly(err)
		}
		return nil
	}
	work, err := r.Drivers.Work(ctx, x.who, "")
	if err != nil {
		return err
	}
	r.move(x, work.Deliveries, now)
	if now.Before(x.mute) {
		return nil
	}
	if d.Status == delivery.Delivering && r.rng.Float64() < muteChance {
		x.mute = now.Add(r.between(time.Minute, 4*time.Minute))
	}
	if x.at != (delivery.Point{}) {
		if _, err := r.Drivers.Positions(ctx, x.who, "", []delivery.Fix{{Point: x.at, At: now}}); err != nil {
			return err
		}
	}
	if len(work.Deliveries) == 0 && r.rng.Float64() < breakChance {
		_, err := r.Drivers.Break(ctx, x.who, "", r.between(5*time.Minute, 15*time.Minute))
		return passingOnly(err)
	}
	for _, job := range work.Deliveries {
		if err := passingOnly(r.attend(ctx, x, job, now)); err != nil {
			return err
		}
	}
	return nil
}

// passingOnly keeps what may be better next time; a refusal is no fault: somebody was faster.
func passingOnly(err error) error {
	if passing(err) {
		return err
	}
	return nil
}

func (r *Riders) between(from, to time.Duration) time.Duration {
	return from + time.Duration(r.rng.Float64()*float64(to-from))
}

// goal is where a driver has to go next: what is to be picked up comes first.
func goal(jobs []*delivery.Delivery) (delivery.Point, bool) {
	for _, status := range []delivery.Status{delivery.Assigned, delivery.PickedUp} {
		i := slices.IndexFunc(jobs, func(j *delivery.Delivery) bool { return j.Status == status })
		switch {
		case i < 0:
		case status == delivery.Assigned:
			return jobs[i].From, true
		default:
			return jobs[i].To, true
		}
	}
	return delivery.Point{}, false
}

// move lets him ride towards where he has to go. Who never was anywhere begins at his first restaurant.
func (r *Riders) move(x *rider, jobs []*delivery.Delivery, now time.Time) {
	passed := now.Sub(x.last)
	x.last = now
	if x.at == (delivery.Point{}) && len(jobs) > 0 {
		x.at = jobs[0].From.Toward(jobs[0].To, 0.5)
	}
	to, ok := goal(jobs)
	if !ok || now.Before(x.busy) {
		return
	}
	left, can := x.at.Metres(to), x.speed*passed.Seconds()
	if left <= can+nearEnough {
		x.at = to
		return
	}
	x.at = x.at.Toward(to, can/left)
}

// attend does what one of his deliveries wants of him.
func (r *Riders) attend(ctx context.Context, x *rider, job *delivery.Delivery, now time.Time) error {
	switch {
	case job.Status == delivery.Offered:
		return r.answer(ctx, x, job, now)
	case job.Status == delivery.Assigned && x.at.Metres(job.From) <= nearEnough:
		if !r.done(x, "at the counter of "+job.Number, now, 20*time.Second, time.Minute) {
			return nil
		}
		_, err := r.Drivers.PickUp(ctx, x.who, "", job.Number)
		return err
	case job.Status == delivery.PickedUp && x.at.Metres(job.To) <= nearEnough:
		if !r.done(x, "at the door of "+job.Number, now, 30*time.Second, 90*time.Second) {
			return nil
		}
		_, err := r.Drivers.Deliver(ctx, x.who, "", job.Number, delivery.Proof{Code: job.Code})
		return err
	}
	return nil
}

// done tells whether he has done something that takes a while; the first time he is asked he begins.
func (r *Riders) done(x *rider, what string, now time.Time, least, most time.Duration) bool {
	if x.doing != what {
		x.doing, x.busy = what, now.Add(r.between(least, most))
	}
	return !now.Before(x.busy)
}

// answer says what he makes of an offer, once he has seen it.
func (r *Riders) answer(ctx context.Context, x *rider, job *delivery.Delivery, now time.Time) error {
	a := x.answers[job.Order]
	if a.attempt != job.Attempt {
		a = answer{job.Attempt, now.Add(r.between(2*time.Second, 15*time.Second)), r.rng.Float64()}
		if len(x.answers) > 50 {
			clear(x.answers) // of long ago
		}
		x.answers[job.Order] = a
	}
	switch {
	case now.Before(a.at) || a.dice < ignorance:
		return nil
	case a.dice > ignorance+acceptance:
		_, err := r.Drivers.Decline(ctx, x.who, "", job.Number, "too far")
		return err
	}
	_, err := r.Drivers.Accept(ctx, x.who, "", job.Number)
	return err
}
