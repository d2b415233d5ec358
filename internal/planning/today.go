package planning

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/planning/forecast"
)

// Now is a product's day while it goes on.
type Now struct {
	Forecast
	Morning float64 // what was forecast before the day, or made of it by hand
	Sold    float64 // so far, up to the last full hour
	Rest    float64 // still to come: what to have ready
	Low     float64 // of the whole day; nine in ten days lie between
	High    float64
}

// Today brings an outlet's forecast of today up to date from what was sold until the last full hour, by the clock of the
// outlet. It returns the hour, 0 to 24. Errors: KindNotFound.
func (s *Service) Today(ctx context.Context, who actor.Actor, outlet int64) ([]Now, int, error) {
	o, err := s.Outlet(ctx, who, outlet)
	if err != nil {
		return nil, 0, err
	}
	now := s.clock.Now().In(o.Zone)
	return s.today(ctx, who.Tenant, &o, now)
}

func (s *Service) today(ctx context.Context, tenant int64, o *Outlet, now time.Time) ([]Now, int, error) {
	day := forecast.DayIn(now)
	list, err := s.store.Current(ctx, tenant, Query{Outlet: o.ID, First: day, Last: day, Kind: RunDaily, Most: math.MaxInt32})
	if err != nil {
		return nil, 0, err
	}
	sold, err := s.soldBy(ctx, tenant, o.ID, day, now.Hour())
	if err != nil {
		return nil, 0, err
	}
	result := make([]Now, len(list))
	for i := range list {
		result[i] = list[i].now(sold[list[i].Series], now.Hour(), o.Zone)
	}
	return result, now.Hour(), nil
}

// soldBy returns what was sold of each series on a day before an hour, under its present name.
func (s *Service) soldBy(ctx context.Context, tenant, outlet int64, day Day, until int) (map[int64]float64, error) {
	list, err := s.store.Series(ctx, tenant, outlet)
	if err != nil {
		return nil, err
	}
	b := &book{byID: map[int64]*product{}}
	b.add(list)
	ids := make([]int64, len(list))
	for i := range list {
		ids[i] = list[i].ID
	}
	sold := map[int64]float64{}
	err = s.store.Hours(ctx, tenant, ids, day, day, func(id int64, _ Day, hour int, milli int64) {
		if p := b.byID[id]; p != nil && hour < until {
			sold[p.ID] += float64(milli) / Milli
		}
	})
	return sold, err
}

// now brings a forecast up to date. Its hours tell what share of the day is over.
func (f *Forecast) now(sold float64, until int, zone *time.Location) Now {
	n := Now{Forecast: *f, Morning: f.Expected(), Sold: sold}
	last := len(f.Quantiles) - 1
	if last < 0 {
		return n
	}
	shares := f.shares(zone)
	scale := 1.0
	if f.Mean > 0 {
		scale = n.Morning / f.Mean
	}
	c := forecast.Nowcast(n.Morning, f.Quantiles[0]*scale, f.Quantiles[last]*scale, sold, until, shares)
	n.Mean, n.Rest, n.Low, n.High = c.Mean, c.Rest, c.Low, c.High
	n.Quantiles = make([]float64, last+1)
	wide := f.Quantiles[last] - f.Quantiles[0]
	for i, q := range f.Quantiles {
		n.Quantiles[i] = c.Mean
		if wide > 0 {
			n.Quantiles[i] = c.Low + (q-f.Quantiles[0])/wide*(c.High-c.Low)
		}
	}
	n.Hours = toCome(f.Hours, c.Rest, until, f.Day, zone)
	return n
}

// clockHours are the hours that the clock shows on a day, from midnight on.
func clockHours(d Day, zone *time.Location) []int {
	y, m, day := d.Time().Date()
	var hours []int
	for t := time.Date(y, m, day, 0, 0, 0, 0, zone); forecast.DayIn(t) == d; t = t.Add(time.Hour) {
		hours = append(hours, t.Hour())
	}
	return hours
}

// shares are the parts of a day by the hour that the clock shows; without any all hours are alike.
func (f *Forecast) shares(zone *time.Location) (shares forecast.Hours) {
	sum := 0.0
	for _, v := range f.Hours {
		sum += v
	}
	for i, h := range clockHours(f.Day, zone) {
		switch {
		case sum > 0 && i < len(f.Hours):
			shares[h] += f.Hours[i] / sum
		case sum <= 0:
			shares[h] = 1.0 / forecast.HoursPerDay
		}
	}
	return shares
}

// toCome spreads what is still to come over the hours that are, as the forecast does.
func toCome(hours []float64, rest float64, until int, d Day, zone *time.Location) []float64 {
	left := make([]float64, len(hours))
	sum := 0.0
	for i, h := range clockHours(d, zone) {
		if h >= until && i < len(hours) {
			left[i] = hours[i]
			sum += hours[i]
		}
	}
	for i := range left {
		if sum > 0 {
			left[i] *= rest / sum
		}
	}
	return left
}

// KeepToday keeps the forecast of today as it is brought up to date: plans that ask for today's demand find it from then
// on, and what was forecast before the day stays as it was made. Errors: KindNotFound.
func (s *Service) KeepToday(ctx context.Context, who actor.Actor, outlet int64) (Run, error) {
	o, err := s.Outlet(ctx, who, outlet)
	if err != nil {
		return Run{}, err
	}
	now := s.clock.Now().In(o.Zone)
	list, hour, err := s.today(ctx, who.Tenant, &o, now)
	if err != nil {
		return Run{}, err
	}
	if len(list) == 0 {
		return Run{}, errs.NotFound("there is no forecast of today yet")
	}
	r, err := s.store.AddRun(ctx, who.Tenant, Run{
		Outlet: o.ID, Kind: RunIntraday, Day: forecast.DayIn(now), Horizon: 1, By: who.Name, Requested: s.clock.Now(),
	})
	if err == nil {
		r, err = s.store.Claim(ctx, who.Tenant, r.ID, s.clock.Now())
	}
	if err != nil {
		return Run{}, err
	}
	made := Made{}
	for i := range list {
		n := &list[i]
		made.Forecasts = append(made.Forecasts, n.Forecast)
		made.Series = append(made.Series, MadeSeries{n.Series, "nowcast", 0, fmt.Sprintf("%g sold until %d:00", n.Sold, hour), math.NaN()})
	}
	r.Levels, r.Series = list[0].Levels, len(list)
	if err := s.store.Finish(ctx, who.Tenant, r, made, s.clock.Now()); err != nil {
		return Run{}, err
	}
	return s.store.Run(ctx, who.Tenant, r.ID)
}

// OutletRef names an outlet.
type OutletRef struct{ Tenant, Outlet int64 }

// noon is the hour, by the clock of the outlet, at which the morning is over.
const noon = 12

// Noon keeps today's forecast, as the morning's sales change it, of every outlet at which noon has passed, once a day. It
// returns how many it kept. One process at a time shall call it.
func (s *Service) Noon(ctx context.Context) (int, error) {
	list, err := s.store.AtNoon(ctx, s.clock.Now(), noon)
	n := 0
	for _, o := range list {
		_, failed := s.KeepToday(ctx, actor.Actor{Tenant: o.Tenant, Outlet: o.Outlet, Name: "noon", Role: actor.System}, o.Outlet)
		switch {
		case failed == nil:
			n++
		case !errs.Is(failed, errs.KindNotFound):
			err = errors.Join(err, failed)
		}
	}
	return n, err
}
