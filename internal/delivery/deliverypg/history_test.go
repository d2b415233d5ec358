package deliverypg_test

import (
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/actor"
	"brigade/internal/delivery"
	"brigade/internal/delivery/deliverypg"
	"brigade/internal/errs"
)

// An evening at random: orders, drivers who obey or do not, managers, a dispatcher that dies, several things at once.
// What always holds is checked after each step; in the end every order is delivered or cancelled.
func TestEveningsAtRandom(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			e := &evening{town: newTown(t), rng: rand.New(rand.NewPCG(seed, 7))}
			for _, set := range []string{"capacity = 1", "capacity = 2, vehicle = 'bicycle'", "capacity = 4, skills = 3, vehicle = 'car'", "capacity = 3"} {
				e.drivers = append(e.drivers, e.online("D"+string(rune('A'+len(e.drivers))), set))
			}
			for range 120 {
				e.step()
				e.check()
				e.limits()
			}
			e.home()
		})
	}
}

type evening struct {
	*town
	rng     *rand.Rand
	drivers []actor.Actor
	ids     []int64
}

func (e *evening) any() actor.Actor { return e.drivers[e.rng.IntN(len(e.drivers))] }

// fine is for calls that may be refused, but must not fail otherwise.
func (e *evening) fine(err error) {
	if err != nil && !errs.Is(err, errs.KindConflict) {
		e.t.Error(err)
	}
}

func (e *evening) step() {
	ctx := e.t.Context()
	e.clock.Advance(time.Duration(e.rng.IntN(40)) * time.Second)
	who := e.any()
	switch dice := e.rng.IntN(100); {
	case dice < 20:
		e.ids = append(e.ids, e.place(float64(300+e.rng.IntN(2500)), func(r *deliverypg.Request) {
			r.Size = 1 + e.rng.IntN(3)
			if e.rng.IntN(6) == 0 {
				r.Needs = []string{"alcohol"}
			}
		}))
	case dice < 45:
		e.look()
	case dice < 70:
		e.obey(who, e.rng.IntN(4) > 0)
	case dice < 78 && len(e.ids) > 0:
		e.exec("update orders set status = 'ready', version = version + 1 where id = $1 and status = 'in_preparation'", e.ids[e.rng.IntN(len(e.ids))])
	case dice < 81 && len(e.ids) > 0:
		e.exec("update orders set status = 'cancelled', closed_at = now(), version = version + 1 where id = $1 and status not in ('delivered')", e.ids[e.rng.IntN(len(e.ids))])
	case dice < 85:
		_, err := e.service.Incident(ctx, e.manager(), ref(who.Driver), "")
		e.fine(err)
	case dice < 87:
		_, err := e.service.EndIncident(ctx, e.manager(), ref(who.Driver))
		e.fine(err)
	case dice < 88 && len(e.ids) > 0:
		_, err := e.service.TakeOver(ctx, e.manager(), ref(e.ids[e.rng.IntN(len(e.ids))]), ref(who.Driver))
		e.fine(err)
	case dice < 89 && len(e.ids) > 0:
		_, err := e.service.Unassign(ctx, e.manager(), ref(e.ids[e.rng.IntN(len(e.ids))]))
		e.fine(err)
	case dice < 92:
		_, err := e.service.Online(ctx, who, "")
		e.fine(err)
	case dice < 95 && len(e.ids) > 0:
		_, err := e.service.Assign(ctx, e.manager(), ref(e.ids[e.rng.IntN(len(e.ids))]), ref(who.Driver))
		e.fine(err)
	case dice < 97:
		e.fail = func() error { return errors.New("killed") }
		_, _, _ = e.engine.Look(ctx, e.fence(), nil)
		e.fail = nil
	default:
		e.crowd()
	}
}

// crowd lets everybody do something at once, and the dispatcher look.
func (e *evening) crowd() {
	var all sync.WaitGroup
	for _, who := range e.drivers {
		all.Go(func() { e.obey(who, true) })
	}
	all.Go(func() { e.fine(e.engine.Glance(e.t.Context(), e.fence())) })
	all.Go(func() {
		_, _, err := e.engine.Look(e.t.Context(), e.fence(), nil)
		e.fine(err)
	})
	all.Wait()
}

// obey lets a driver do the next thing that he has to, or refuse it.
func (e *evening) obey(who actor.Actor, willing bool) {
	ctx := e.t.Context()
	if _, err := e.service.Positions(ctx, who, "", []delivery.Fix{{Point: home, At: e.clock.Now()}}); err != nil {
		e.t.Error(err)
	}
	e.fleet.Flush(ctx)
	work, err := e.service.Work(ctx, who, "")
	if err != nil {
		e.t.Error(err)
		return
	}
	for _, d := range work.Deliveries {
		switch {
		case d.Status == delivery.Offered && willing:
			_, err = e.service.Accept(ctx, who, "", ref(d.Order))
		case d.Status != delivery.PickedUp && !willing:
			_, err = e.service.Decline(ctx, who, "", ref(d.Order), "")
		case d.Status == delivery.Assigned:
			_, err = e.service.PickUp(ctx, who, "", ref(d.Order))
		case d.Status == delivery.PickedUp:
			_, err = e.service.Deliver(ctx, who, "", ref(d.Order), delivery.Proof{AgeChecked: true})
		}
		e.fine(err)
	}
}

// limits are those of drivers.
func (e *evening) limits() {
	require.Zero(e.t, e.id(`select count(*) from deliveries x join drivers d on d.id = x.driver_id join delivery_offers f on f.order_id = x.order_id and f.attempt = x.attempt
		where x.status in ('offered', 'assigned', 'picked_up') and f.reason <> 'assigned by hand' and (x.needs & ~d.skills <> 0 or x.size > d.capacity)`), "skills and capacity are kept")
	require.Zero(e.t, e.id("select count(*) from deliveries x join drivers d on d.id = x.driver_id where x.status = 'offered' and d.status = 'IDLE'"), "nobody is asked at home")
}

// home lets everybody do his work until there is none left.
func (e *evening) home() {
	e.exec("update orders set status = 'ready', version = version + 1 where status = 'in_preparation'")
	open := func() int64 { return e.id("select count(*) from deliveries where closed_at is null") }
	for _, who := range e.drivers {
		_, err := e.service.EndIncident(e.t.Context(), e.manager(), ref(who.Driver))
		e.fine(err)
	}
	for range 200 {
		if open() == 0 {
			break
		}
		for _, who := range e.drivers {
			_, err := e.service.Online(e.t.Context(), who, "")
			e.fine(err)
			e.obey(who, true)
		}
		e.clock.Advance(20 * time.Second)
		e.look()
	}
	e.check()
	require.Zero(e.t, e.id(`select count(*) from deliveries where closed_at is null and escalated_at is null`), "nothing is forgotten")
	require.Zero(e.t, open(), "everything ended")
	require.Zero(e.t, e.id("select count(*) from drivers where held > 0"))
}
