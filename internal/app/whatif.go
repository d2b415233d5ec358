package app

import (
	"context"
	"fmt"
	"time"

	"brigade/internal/errs"
	"brigade/internal/kitchen"
	"brigade/internal/sim/replay"
	"brigade/internal/sim/whatif"
)

const (
	taken     = 15 * time.Minute // what orders of recorded days are taken to be promised for that were promised nothing
	madeNoise = 0.25             // of work that is made up: standard deviation of the log of actual ÷ estimated
	madeHours = 4
)

// buildWhatIf lets managers ask what would be different.
func (a *App) buildWhatIf() *whatif.Runs {
	runs := whatif.NewRuns(a.evenings, whatif.Within)
	runs.OnFault(func(q whatif.Asked, err error) {
		a.log.Error("a question could not be answered", "action", "what_if_failed", "outlet", q.Outlet, "error", err)
	})
	a.onStop("what-if", runs.Stop)
	return runs
}

// evenings reads or makes up what a question is asked of.
func (a *App) evenings(ctx context.Context, q whatif.Asked) ([]*replay.Evening, error) {
	layouts, err := a.tickets.Layouts(ctx, []int64{q.Outlet})
	if err != nil {
		return nil, err
	}
	if len(layouts) == 0 {
		return nil, errs.NotFound("the outlet is gone")
	}
	if q.Days > 0 {
		return a.recordedEvenings(ctx, layouts[0], q.Days)
	}
	return a.madeEvenings(ctx, layouts[0], q)
}

// recordedEvenings are the last days up to now on which something was ordered.
func (a *App) recordedEvenings(ctx context.Context, l *kitchen.Layout, days int) (list []*replay.Evening, err error) {
	today := kitchen.DayOf(a.clock.Now(), l.Location)
	for i := range days {
		from := today.AddDate(0, 0, i+1-days)
		d, err := a.tickets.Day(ctx, l.Outlet, from, from.AddDate(0, 0, 1))
		if errs.Is(err, errs.KindNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if e := replay.Recorded(d, taken); len(e.Orders) > 0 {
			list = append(list, e)
		}
	}
	if len(list) == 0 {
		return nil, errs.NotFound("no order became ready on any of these days: ask of evenings that are made up")
	}
	return list, nil
}

// madeEvenings are made up of what the outlet sells, all of it equally often.
func (a *App) madeEvenings(ctx context.Context, l *kitchen.Layout, q whatif.Asked) (list []*replay.Evening, err error) {
	items, err := a.catalogue.Items(ctx, l.Tenant, l.Outlet)
	if err != nil {
		return nil, err
	}
	y, m, d := a.clock.Now().In(l.Location).Date()
	made := replay.Made{
		Layout: l, Begin: time.Date(y, m, d, 18, 0, 0, 0, l.Location), Length: madeHours * time.Hour, PerHour: q.PerHour, Noise: madeNoise,
	}
	for _, it := range items {
		made.Dishes = append(made.Dishes, replay.Dish{SKU: it.SKU, Item: it.Name, Weight: 1, Steps: it.Recipe.Steps})
	}
	if len(made.Dishes) == 0 {
		return nil, errs.NotFound("the outlet sells nothing")
	}
	for i := range q.Made {
		made.Seed = uint64(i + 1)
		e := replay.Make(made)
		e.Name = fmt.Sprintf("made-up-%03d", i+1)
		list = append(list, e)
	}
	return list, nil
}
