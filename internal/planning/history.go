package planning

import (
	"context"
	"math"
	"slices"

	"brigade/internal/planning/forecast"
)

// book is everything that forecasts are made from, up to the end of a day.
type book struct {
	until     Day  // the last known day
	whole     bool // histories are read whole, whatever their models look at
	horizon   int
	outlets   []Outlet
	calendars *calendars
	products  []*product
	byID      map[int64]*product // renamed series lead to what they are now
	reported  map[int64]dayRange
	models    map[int64]Model
	hours     map[int64][]forecast.DayHours // by series; of the last weeks
}

// product is a series that is sold today, with its history.
type product struct {
	Series
	ids     []int64      // of its earlier names, and its own
	sold    map[Day]cell // while reading
	past    forecast.Series
	model   Model
	profile [7]forecast.Hours
}

type cell struct {
	milli   int64
	soldOut bool
}

// dayRange is a set of days.
type dayRange struct {
	first Day
	has   []bool
}

func (r *dayRange) add(d Day) {
	switch {
	case len(r.has) == 0:
		r.first = d
	case d < r.first:
		r.has = append(make([]bool, r.first-d, int(r.first-d)+len(r.has)), r.has...)
		r.first = d
	}
	for int(d-r.first) >= len(r.has) {
		r.has = append(r.has, false)
	}
	r.has[d-r.first] = true
}

func (r *dayRange) holds(d Day) bool {
	i := int(d - r.first)
	return i >= 0 && i < len(r.has) && r.has[i]
}

const (
	profileDays = 56 // of which hours are looked at
	maxHistory  = 5 * 366
)

// read reads the book of a tenant, or of one outlet, as it was known at the end of a day.
func (s *Service) read(ctx context.Context, tenant, outlet int64, until Day, horizon int, whole bool) (*book, error) {
	b := &book{
		until: until, horizon: horizon, whole: whole, byID: map[int64]*product{}, reported: map[int64]dayRange{},
		hours: map[int64][]forecast.DayHours{},
	}
	var err error
	if b.outlets, err = s.store.Outlets(ctx, tenant, outlet); err != nil {
		return nil, err
	}
	first, last := until-maxHistory, until+Day(horizon)+2*forecast.MaxHorizon
	marks, err := s.store.Marks(ctx, tenant, Query{Outlet: outlet, First: first, Last: last, Most: math.MaxInt32})
	if err != nil {
		return nil, err
	}
	b.calendars = newCalendars(b.outlets, marks, first, last)
	if b.models, err = s.store.Models(ctx, tenant); err != nil {
		return nil, err
	}
	return b, s.readSales(ctx, tenant, outlet, b)
}

func (s *Service) readSales(ctx context.Context, tenant, outlet int64, b *book) error {
	list, err := s.store.Series(ctx, tenant, outlet)
	if err != nil {
		return err
	}
	b.add(list)
	err = s.store.Reported(ctx, tenant, outlet, b.until, func(outlet int64, d Day) {
		r := b.reported[outlet]
		r.add(d)
		b.reported[outlet] = r
	})
	if err != nil {
		return err
	}
	for part := range slices.Chunk(b.products, 500) {
		if err := s.readPart(ctx, tenant, b, part); err != nil {
			return err
		}
	}
	for _, p := range b.products {
		b.profile(p)
	}
	b.hours = nil
	return nil
}

// readPart reads some series. Their days are turned into histories at once: as days they take much more room.
func (s *Service) readPart(ctx context.Context, tenant int64, b *book, part []*product) error {
	var ids []int64
	for _, p := range part {
		ids = append(ids, p.ids...)
	}
	err := s.store.Days(ctx, tenant, ids, b.until, func(id int64, d Day, milli int64, soldOut bool) {
		if p := b.byID[id]; p != nil && d > b.until-maxHistory {
			p.note(d, milli, soldOut)
		}
	})
	if err != nil {
		return err
	}
	for _, p := range part {
		b.close(p)
	}
	return s.store.Hours(ctx, tenant, ids, b.until-profileDays, b.until, func(id int64, d Day, hour int, milli int64) {
		if p := b.byID[id]; p != nil {
			b.noteHour(p.ID, d, hour, float64(milli)/Milli)
		}
	})
}

// add lists the products that are sold today; renamed ones lead to them.
func (b *book) add(list []Series) {
	type place struct {
		outlet int64
		sku    string
	}
	now := map[place]*product{}
	for _, s := range list {
		if s.Now == "" {
			p := &product{Series: s, ids: []int64{s.ID}}
			now[place{s.Outlet, s.SKU}], b.byID[s.ID] = p, p
			b.products = append(b.products, p)
		}
	}
	for _, s := range list {
		if p := now[place{s.Outlet, s.Now}]; s.Now != "" && p != nil {
			b.byID[s.ID], p.ids = p, append(p.ids, s.ID)
		}
	}
}

func (p *product) note(d Day, milli int64, soldOut bool) {
	if p.sold == nil {
		p.sold = map[Day]cell{}
	}
	c := p.sold[d]
	p.sold[d] = cell{c.milli + milli, c.soldOut || soldOut}
}

// close turns what was noted into a history. Days of which the outlet reported nothing are not known.
func (b *book) close(p *product) {
	first := b.until + 1
	for d := range p.sold {
		first = min(first, d)
	}
	p.model = b.models[p.ID]
	if w := p.model.History; w > 0 && !b.whole {
		first = max(first, b.until-Day(w)+1)
	}
	n := int(b.until-first) + 1
	p.past = forecast.Series{
		ID: seriesKey(p.ID), Outlet: seriesKey(p.Outlet), Item: p.SKU, Start: first,
		Sales: make([]float64, n), SoldOut: make([]bool, n), Calendar: b.calendars.of(p.Outlet, p.SKU),
	}
	reported := b.reported[p.Outlet]
	for i := range n {
		d := first + Day(i)
		c, ok := p.sold[d]
		p.past.Sales[i], p.past.SoldOut[i] = float64(c.milli)/Milli, c.soldOut
		if !ok && !reported.holds(d) {
			p.past.Sales[i] = math.NaN()
		}
	}
	p.sold = nil
}

// noteHour adds what was sold in an hour to the days of a series, and of its outlet under its negative id.
func (b *book) noteHour(id int64, d Day, hour int, units float64) {
	for _, key := range []int64{id, -b.byID[id].Outlet} {
		days := b.hours[key]
		if days == nil {
			days = make([]forecast.DayHours, profileDays+1)
			for i := range days {
				days[i].Day = b.until - profileDays + Day(i)
			}
			b.hours[key] = days
		}
		days[d-b.until+profileDays].Sales[hour] += units
	}
}

// enoughByHour is how much must have been sold by the hour for a product to have a profile of its own.
const enoughByHour = 60

// profile says how a product's days spread over the hours: by its own sales, when there are few by its outlet's.
func (b *book) profile(p *product) {
	days := b.hours[p.ID]
	sum := 0.0
	for i := range days {
		for _, v := range days[i].Sales {
			sum += max(v, 0)
		}
	}
	if sum < enoughByHour {
		if all := b.hours[-p.Outlet]; all != nil {
			days = all
		}
	}
	for w := range p.profile {
		on := b.until + 1 + Day((w-int((b.until+1).Weekday())+7)%7)
		p.profile[w] = forecast.HourProfile(days, on.Weekday(), on)
	}
}
