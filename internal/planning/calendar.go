package planning

import (
	"context"
	"slices"
	"strconv"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/planning/forecast"
	"brigade/internal/planning/holiday"
)

// calendars are what is known of days without sales, of all outlets.
type calendars struct {
	first, last Day
	outlets     map[int64]*forecast.Calendar
	products    map[int64][]Mark // by outlet, 0 is all: marks of single products
}

// newCalendars writes the calendars of outlets. Marks by hand win over holidays and weekdays, "open" over "closed".
func newCalendars(outlets []Outlet, marks []Mark, first, last Day) *calendars {
	c := &calendars{first: first, last: last, outlets: map[int64]*forecast.Calendar{}, products: map[int64][]Mark{}}
	for i := range outlets {
		o := &outlets[i]
		days := &forecast.Calendar{Start: first, Days: make([]forecast.Marks, last-first+1), Names: map[Day]string{}}
		c.outlets[o.ID] = days
		o.closeWeekdays(days)
		o.markHolidays(days)
		for _, m := range marks {
			if (m.Outlet == 0 || m.Outlet == o.ID) && m.SKU == "" {
				m.on(days)
			}
		}
		for _, m := range marks {
			if (m.Outlet == 0 || m.Outlet == o.ID) && m.SKU == "" && m.Kind == MarkOpen {
				m.on(days)
			}
		}
	}
	for _, m := range marks {
		if m.SKU != "" {
			c.products[m.Outlet] = append(c.products[m.Outlet], m)
		}
	}
	return c
}

func (o *Outlet) closeWeekdays(c *forecast.Calendar) {
	if o.Weekdays == nil {
		return
	}
	for i := range c.Days {
		if !slices.Contains(o.Weekdays, (c.Start + Day(i)).Weekday()) {
			c.Days[i] |= forecast.Closed
		}
	}
}

func (o *Outlet) markHolidays(c *forecast.Calendar) {
	country := o.Country
	if country == "" {
		country = holiday.CountryOf(o.Zone.String())
	}
	for _, d := range holiday.Between(country, c.Start, c.Start+Day(len(c.Days))-1) {
		c.Days[d-c.Start] |= forecast.Holiday
		if o.ClosedOnHolidays {
			c.Days[d-c.Start] |= forecast.Closed
		}
	}
}

// on writes a mark into a calendar.
func (m *Mark) on(c *forecast.Calendar) {
	i := int(m.Day - c.Start)
	if i < 0 || i >= len(c.Days) {
		return
	}
	switch m.Kind {
	case MarkClosed:
		c.Days[i] |= forecast.Closed
	case MarkOpen:
		c.Days[i] &^= forecast.Closed
	case MarkHoliday:
		c.Days[i] |= forecast.Holiday
	case MarkSchool:
		c.Days[i] |= forecast.School
	case MarkEvent, MarkPromotion:
		c.Names[m.Day] = string(m.Kind) + " " + m.Name
	}
}

// of returns the calendar of a product: its outlet's, unless something is marked for it alone.
func (c *calendars) of(outlet int64, sku string) *forecast.Calendar {
	days := c.outlets[outlet]
	own := false
	for _, m := range slices.Concat(c.products[0], c.products[outlet]) {
		if m.SKU != sku || days == nil {
			continue
		}
		if !own {
			days, own = copied(days), true
		}
		m.on(days)
	}
	return days
}

func copied(c *forecast.Calendar) *forecast.Calendar {
	names := make(map[Day]string, len(c.Names))
	for d, n := range c.Names {
		names[d] = n
	}
	return &forecast.Calendar{Start: c.Start, Days: slices.Clone(c.Days), Names: names}
}

// together is the calendar of a sum over outlets: closed when all are, a holiday when it is one anywhere.
func (c *calendars) together(outlets []int64) *forecast.Calendar {
	all := &forecast.Calendar{Start: c.first, Days: make([]forecast.Marks, c.last-c.first+1), Names: map[Day]string{}}
	for i := range all.Days {
		closed := len(outlets) > 0
		for _, o := range outlets {
			m := c.outlets[o].Days[i]
			closed = closed && m&forecast.Closed != 0
			all.Days[i] |= m &^ forecast.Closed
		}
		if closed {
			all.Days[i] |= forecast.Closed
		}
	}
	for _, o := range outlets {
		for d, n := range c.outlets[o].Names {
			all.Names[d] = n
		}
	}
	return all
}

// Marks lists what is special about days.
func (s *Service) Marks(ctx context.Context, who actor.Actor, q Query) ([]Mark, error) {
	return s.store.Marks(ctx, who.Tenant, q.within(who))
}

// maxMarks is how many marks one call may add.
const maxMarks = 1000

// AddMarks says what is special about days. What is there already stays. Errors: KindInvalid.
func (s *Service) AddMarks(ctx context.Context, who actor.Actor, marks []Mark) error {
	var f errs.Fields
	if len(marks) == 0 || len(marks) > maxMarks {
		f.Add("marks", "must be 1 to %d", maxMarks)
	}
	for i, m := range marks {
		at := "marks[" + strconv.Itoa(i) + "]."
		if !slices.Contains(MarkKinds, m.Kind) {
			f.Add(at+"kind", "must be one of %v", MarkKinds)
		}
		if (m.Kind == MarkEvent || m.Kind == MarkPromotion) && m.Name == "" {
			f.Add(at+"name", "must not be empty: others of that name are compared with it")
		}
		if tooLong(m.Name) || tooLong(m.SKU) {
			f.Add(at+"name", "must have at most %d characters", maxText)
		}
		if m.Day < firstDay || m.Day > lastDay {
			f.Add(at+"day", "%v is not between 1900 and 2099", m.Day)
		}
		if only := who.OutletFilter(); only != 0 && m.Outlet != only {
			f.Add(at+"outlet", "is not one of your outlets")
		}
	}
	if err := f.Err(); err != nil {
		return err
	}
	return s.store.AddMarks(ctx, who.Tenant, marks)
}

// DropMark takes a mark back. Errors: KindNotFound.
func (s *Service) DropMark(ctx context.Context, who actor.Actor, id int64) error {
	return s.store.DropMark(ctx, who.Tenant, who.OutletFilter(), id)
}

// Outlet returns how an outlet is planned. Errors: KindNotFound.
func (s *Service) Outlet(ctx context.Context, who actor.Actor, outlet int64) (Outlet, error) {
	if outlet == 0 {
		outlet = who.Outlet
	}
	list, err := s.store.Outlets(ctx, who.Tenant, outlet)
	if err != nil {
		return Outlet{}, err
	}
	if len(list) != 1 || outlet == 0 || !who.Sees(outlet) {
		return Outlet{}, errs.NotFound("there is no such outlet")
	}
	return list[0], nil
}

// PutOutlet says whose public holidays an outlet keeps, and whether it is closed on them.
// Errors: KindInvalid for a country whose holidays are not known, KindNotFound.
func (s *Service) PutOutlet(ctx context.Context, who actor.Actor, o Outlet) error {
	var f errs.Fields
	if o.Country != "" && !slices.Contains(holiday.Countries(), o.Country) {
		f.Add("country", "must be one of %v", holiday.Countries())
	}
	if err := f.Err(); err != nil {
		return err
	}
	have, err := s.Outlet(ctx, who, o.ID)
	if err != nil {
		return err
	}
	have.Country, have.ClosedOnHolidays = o.Country, o.ClosedOnHolidays
	return s.store.PutOutlet(ctx, who.Tenant, have)
}
