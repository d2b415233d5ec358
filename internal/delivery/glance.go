package delivery

import (
	"context"
	"slices"
	"time"

	"brigade/internal/event"
)

// glanceEvery is how often, in real time, estimates follow the positions of drivers who have something on board.
const glanceEvery = 3 * time.Second

// Glance lets estimates follow where drivers are, without planning anything: what they have on board comes when they are at its
// door, and what they do afterwards moves with it. Whoever has to be told is told. Errors: *NotOwnerError, those of the store.
func (e *Engine) Glance(ctx context.Context, f Fence) error {
	ctx, cancel := context.WithTimeout(ctx, roundTime)
	defer cancel()
	now := e.clock.Now().Truncate(time.Microsecond)
	b, err := e.store.Riding(ctx, f.Region)
	if err != nil {
		return err
	}
	e.remember(b)
	if len(b.Deliveries) == 0 {
		return nil
	}
	d := Reckon(b, now, e.roads.Prepare(ctx, b.ridden(), b.Crow(now)), e.options)
	if err := e.commit(ctx, f, d, now); err != nil || len(d.ETAs) == 0 {
		return err
	}
	return e.store.Estimate(ctx, d.ETAs, nil)
}

// tour is what a driver has accepted, in the order in which it comes.
func (b *Board) tour(driver int64) []*Delivery {
	var tour []*Delivery
	for _, x := range b.Deliveries {
		if x.Carries(driver) && !x.ETA.At.IsZero() {
			tour = append(tour, x)
		}
	}
	slices.SortStableFunc(tour, func(x, y *Delivery) int { return x.ETA.At.Compare(y.ETA.At) })
	return tour
}

// ridden are the ways that Reckon wants.
func (b *Board) ridden() []Way {
	var ways []Way
	for _, who := range b.Drivers {
		if who.Last == nil {
			continue
		}
		at := who.Last.Point
		for _, x := range b.tour(who.ID) {
			if x.Status != PickedUp {
				break
			}
			ways = append(ways, Way{at, x.To})
			at = x.To
		}
	}
	return ways
}

// Reckon is pure: when what drivers have on board comes, from where they are now, by the sequence of the last plan. A driver
// of whom nothing was heard for long is left to the next look.
func Reckon(b *Board, now time.Time, ride func(from, to Point) time.Duration, o Options) Decision {
	d := &decision{b: b, now: now, ride: ride, o: o}
	d.ETAs = map[int64]ETA{}
	for _, who := range b.Drivers {
		if who.Last != nil && !d.silent(who) {
			d.follow(who)
		}
	}
	return d.Decision
}

// follow goes a driver's tour from where he is.
func (d *decision) follow(who *Driver) {
	tour := d.b.tour(who.ID)
	at, clock, shift := who.Last.Point, d.now, time.Duration(0)
	for _, x := range tour { // who has just picked something up is about to leave
		if leaves := x.PickedUpAt.Add(d.o.Plan.PickupService / 2); x.Status == PickedUp && leaves.After(clock) {
			clock = leaves
		}
	}
	aboard := true // so far nothing is to be picked up in between
	for i, x := range tour {
		aboard = aboard && x.Status == PickedUp
		if !aboard {
			d.shift(x, shift)
			continue
		}
		arrive := clock.Add(time.Duration(float64(d.ride(at, x.To)) / speeds[who.Vehicle]))
		comes := arrive.Add(d.o.Plan.DropService / 2)
		shift = comes.Sub(x.ETA.At)
		d.expect(x, comes)
		if i == 0 {
			d.near(x, arrive, comes)
		}
		at, clock = x.To, arrive.Add(d.o.Plan.DropService)
	}
}

// near lets a customer be told, once, that his driver is about to arrive.
func (d *decision) near(x *Delivery, arrive, comes time.Time) {
	if x.Status == PickedUp && x.NearAt.IsZero() && arrive.Sub(d.now) <= d.o.Near {
		d.want("near", x, nil, func(t *Turn) error { t.Tell(x.Order, event.DriverNear, comes); return nil })
	}
}

// shift moves an estimate with what comes before it.
func (d *decision) shift(x *Delivery, by time.Duration) {
	if by.Abs() >= etaStep {
		d.ETAs[x.Order] = ETA{x.ETA.At.Add(by), x.ETA.From.Add(by), x.ETA.To.Add(by)}
	}
}
