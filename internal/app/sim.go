package app

import (
	"context"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"brigade/internal/config"
	"brigade/internal/lease"
	"brigade/internal/sim"
)

const (
	simResource    = "sim:"
	ridersResource = simResource + "drivers"
)

// simRiders are the demo's drivers: one of all processes plays them.
func (a *App) simRiders(tenant int64) *sim.Riders {
	return sim.NewRiders(sim.RidersParts{
		Drivers: a.deliveries, Tenant: tenant, Clock: a.clock, Log: a.log,
		Mine: func() bool { _, mine := a.node.Owned(ridersResource); return mine },
		Tick: min(3*time.Second, max(200*time.Millisecond, time.Duration(float64(3*time.Second)/a.clock.Scale()))), Seed: rand.Uint64(),
	})
}

// startSim plays the busy demo at the demo tenant's outlets. Several processes share them out.
func (a *App) startSim(context.Context) error {
	if !a.has(config.RoleSim) {
		return nil
	}
	owner, err := a.tenants.DemoActor(context.Background())
	if err != nil {
		return err
	}
	var mine atomic.Pointer[[]int64]
	mine.Store(&[]int64{})
	play := sim.New(sim.Parts{
		Orders: a.orders, Kitchen: a.kitchen, Events: a.tail, Clock: a.clock, Log: a.log,
		Outlets: func(ctx context.Context) ([]sim.Outlet, error) { return a.simOutlets(ctx, owner.Tenant, *mine.Load()) },
		Menu:    a.simMenu,
	}, sim.Options{Seed: rand.Uint64(), Look: simLook(a.clock.Scale())})
	a.run("sim", play.Run)
	a.run("sim drivers", a.simRiders(owner.Tenant).Run)
	a.run("sim purchases", a.buyForDemo(owner))
	list := func(ctx context.Context) ([]string, error) {
		outlets, err := a.simOutlets(ctx, owner.Tenant, nil)
		names := []string{ridersResource}
		for _, o := range outlets {
			names = append(names, simResource+strconv.FormatInt(o.ID, 10))
		}
		return names, err
	}
	return a.node.Want(string(config.RoleSim), list, func(lease.Change) {
		held := []int64{}
		for _, l := range a.node.Held(string(config.RoleSim)) {
			if id, err := strconv.ParseInt(strings.TrimPrefix(l.Resource, simResource), 10, 64); err == nil {
				held = append(held, id)
			}
		}
		mine.Store(&held)
		play.Poke()
	})
}

// simOutlets lists a tenant's outlets; only those of ids unless it is nil.
func (a *App) simOutlets(ctx context.Context, tenant int64, ids []int64) ([]sim.Outlet, error) {
	outlets, err := a.tenants.ListOutlets(ctx, tenant)
	if err != nil {
		return nil, err
	}
	carried, err := a.deliveryRows.Served(ctx, tenant)
	var list []sim.Outlet
	for _, o := range outlets {
		if ids == nil || slices.Contains(ids, o.ID) {
			list = append(list, sim.Outlet{ID: o.ID, Tenant: o.Tenant, Location: o.Timezone, Carried: carried[o.ID]})
		}
	}
	return list, err
}

func (a *App) simMenu(ctx context.Context, o sim.Outlet) ([]sim.Dish, error) {
	items, err := a.catalogue.Items(ctx, o.Tenant, o.ID)
	dishes := make([]sim.Dish, len(items))
	for i, it := range items {
		dishes[i].SKU = it.SKU
		for _, s := range it.Recipe.Steps {
			dishes[i].Work += s.Estimate
		}
	}
	return dishes, err
}

// simLook is the real time between the demo's looks at what is there: 3 s of product time, within what Postgres does not
// notice.
func simLook(scale float64) time.Duration {
	return min(3*time.Second, max(500*time.Millisecond, time.Duration(float64(3*time.Second)/scale)))
}
