package planning

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"brigade/internal/planning/forecast"
	"brigade/internal/planning/supply"
)

// Production is what to prepare on a day.
type Production struct {
	Forecast int64   `json:"forecast"` // the latest run that it is made from
	Starts   []Start `json:"starts"`   // by the time at which they begin
	Totals   []Total `json:"totals"`   // by preparation
	Notes    []Note  `json:"notes"`
}

// Start is some batches of a preparation that are begun at one time.
type Start struct {
	Code    string        `json:"code"`
	Name    string        `json:"name"`
	Unit    string        `json:"unit"`
	Station string        `json:"station"` // "": anywhere
	Begin   time.Time     `json:"begin"`
	Ready   time.Time     `json:"ready"`
	Until   *time.Time    `json:"until"` // it may be used; nil: it keeps
	For     time.Time     `json:"for"`   // the hour in which it is first needed
	Batches int           `json:"batches"`
	Amount  supply.Amount `json:"amount"`
	Minutes float64       `json:"minutes"` // of work at the station
}

// Total is a preparation's day.
type Total struct {
	Code     string        `json:"code"`
	Name     string        `json:"name"`
	Unit     string        `json:"unit"`
	Batch    supply.Amount `json:"batch"`
	There    supply.Amount `json:"there"`    // and good when the day's first plan was made
	Expected supply.Amount `json:"expected"` // to be taken on the day
	Wanted   supply.Amount `json:"wanted"`   // with what the service level adds
	Planned  supply.Amount `json:"planned"`  // to be begun on the day, and begun already
	Edited   *PlanEdit     `json:"-"`        // what somebody made of it; nil: nothing
}

// produce plans an outlet's day. Hours are looked at from now until the end of the next day, so that what takes long is begun
// for tomorrow. What a former plan of the day had begun by now stays.
func (b *bench) produce() Production {
	out := Production{Forecast: b.run, Starts: []Start{}, Totals: []Total{}, Notes: []Note{}}
	k := b.kitchen()
	for _, s := range b.former.starts {
		if s.Begin.Before(k.Hours[0]) {
			out.Starts = append(out.Starts, s)
		}
	}
	wants := map[int64][]supply.Amount{}
	for _, level := range b.levels() {
		list := make([]supply.Preparation, len(level))
		for i, g := range level {
			list[i] = b.preparation(g, k.Hours, wants[g.ID])
		}
		plan := supply.Produce(list, k)
		k.Minutes = plan.Left
		for _, s := range plan.Starts {
			b.pass(wants, s, len(k.Hours))
		}
		b.tell(&out, list, plan, k.Hours)
	}
	out.Notes = append(out.Notes, b.unforecast()...)
	slices.SortStableFunc(out.Starts, func(x, y Start) int {
		return cmp.Or(x.Begin.Compare(y.Begin), cmp.Compare(x.Code, y.Code))
	})
	slices.SortFunc(out.Totals, func(x, y Total) int { return cmp.Compare(x.Code, y.Code) })
	return out
}

// levels are the preparations: first those that items take, then those that these are made of, and so on.
func (b *bench) levels() (levels [][]*Ingredient) {
	at := map[int64]int{}
	for range deepest {
		for i := range b.larder.Ingredients {
			g := &b.larder.Ingredients[i]
			for _, s := range b.larder.Bills[g.ID] {
				if g.Batch > 0 && at[s.Ingredient] < min(at[g.ID]+1, deepest) {
					at[s.Ingredient] = at[g.ID] + 1
				}
			}
		}
	}
	for i := range b.larder.Ingredients {
		if g := &b.larder.Ingredients[i]; g.Batch > 0 {
			for len(levels) <= at[g.ID] {
				levels = append(levels, nil)
			}
			levels[at[g.ID]] = append(levels[at[g.ID]], g)
		}
	}
	return levels
}

// kitchen is the time that there is: of every station as many minutes as hands and places allow, less what cooking takes.
func (b *bench) kitchen() supply.Kitchen {
	k := supply.Kitchen{Minutes: map[int64][]float64{}}
	for d := b.today; d <= b.day+1; d++ {
		for _, h := range hoursOf(d, b.outlet.Zone) {
			if h.Add(time.Hour).After(b.now) {
				k.Hours = append(k.Hours, h)
			}
		}
	}
	cooking := b.cooking(k.Hours)
	for _, s := range b.larder.Stations {
		minutes := make([]float64, len(k.Hours))
		for i, h := range k.Hours {
			minutes[i] = max(float64(60*b.places(&s, h.Add(30*time.Minute)))-cooking[s.ID][i], 0)
		}
		k.Minutes[s.ID] = minutes
	}
	return k
}

// places is how many things can be worked on at a station at a time.
func (b *bench) places(s *Station, at time.Time) int {
	hands := 0
	for i := range b.larder.Staff {
		if h := &b.larder.Staff[i]; slices.Contains(h.Stations, s.ID) && h.there(at.In(b.outlet.Zone)) {
			hands += h.Parallel
		}
	}
	return min(hands, s.Capacity)
}

// cooking is how many minutes of each station the expected orders take, by the hour.
func (b *bench) cooking(hours []time.Time) map[int64][]float64 {
	taken := map[int64][]float64{}
	for _, s := range b.larder.Stations {
		taken[s.ID] = make([]float64, len(hours))
	}
	for i := range b.sells {
		s := &b.sells[i]
		by := b.spread(s, hours)
		for _, c := range b.larder.Cooking {
			if c.Item == s.Item && taken[c.Station] != nil {
				for h, v := range by {
					taken[c.Station][h] += v * c.Minutes
				}
			}
		}
	}
	return taken
}

// spread is what an item sells in each of some hours.
func (b *bench) spread(s *sells, hours []time.Time) []float64 {
	list, day := make([]float64, len(hours)), b.today+Day(s.Day)
	i := slices.IndexFunc(hours, func(t time.Time) bool { return forecast.DayIn(t.In(b.outlet.Zone)) == day })
	if i < 0 {
		return list
	}
	first := int(hours[i].Sub(b.begin(s.Day)) / time.Hour)
	for k := first; k < len(s.hours) && i+k-first < len(list); k++ {
		list[i+k-first] = s.hours[k]
	}
	return list
}

// preparation is one as it is planned: what items take of it by the hour, with a safety that grows with the day's, and what
// other preparations take.
func (b *bench) preparation(g *Ingredient, hours []time.Time, others []supply.Amount) supply.Preparation {
	p := supply.Preparation{ID: g.ID, Name: g.Name, Station: g.Station, Batch: g.Batch, Work: g.Work, Lead: g.Lead, Shelf: g.Shelf}
	p.Want = make([]supply.Amount, len(hours))
	parts := partsOf(b.larder.Makings, g.ID)
	uses := supply.Uses(b.demand(), parts, b.days, b.service)[g.ID]
	users := map[string]int{}
	for i := range b.sells {
		s := &b.sells[i]
		for _, part := range parts {
			if part.Item != s.Item {
				continue
			}
			if _, ok := users[s.Item]; !ok {
				users[s.Item] = len(p.Users)
				p.Users = append(p.Users, supply.User{Item: s.Item, Takes: part.Amount, Price: float64(b.larder.Prices[s.Item]), Sells: make([]float64, len(hours))})
			}
			more := 1.0
			if m := uses.Mean[s.Day]; m > 0 {
				more += uses.Spread[s.Day] / float64(m)
			}
			for h, v := range b.spread(s, hours) {
				p.Users[users[s.Item]].Sells[h] += v
				p.Want[h] += supply.Amount(math.Round(v * float64(part.Amount) * more))
			}
		}
	}
	for h, v := range others {
		p.Want[h] += v
	}
	if !g.Stocked {
		p.Ready = b.begun(g, p.Users, hours[0])
	}
	for _, l := range b.larder.Lots {
		if l.Ingredient == g.ID {
			r := supply.Ready{Amount: l.Amount}
			if l.Expires != nil {
				r.Until = *l.Expires
			}
			p.Ready = append(p.Ready, r)
		}
	}
	return p
}

// begun is what is left of what the day's plan had begun, of a preparation whose stock nobody keeps: taken as made, less what
// was sold since.
func (b *bench) begun(g *Ingredient, users []supply.User, now time.Time) (list []supply.Ready) {
	gone := b.gone(users)
	for _, s := range b.former.edited {
		if s.Code != g.Code || !s.Begin.Before(now) {
			continue
		}
		r := supply.Ready{Amount: s.Amount, From: s.Ready}
		if s.Until != nil {
			r.Until = *s.Until
		}
		take := min(r.Amount, gone)
		r.Amount, gone = r.Amount-take, gone-take
		list = append(list, r)
	}
	return list
}

// gone is what today's sales took before now.
func (b *bench) gone(users []supply.User) (sum supply.Amount) {
	for _, u := range users {
		for i := range b.sells {
			if s := &b.sells[i]; s.Item == u.Item && s.Day == 0 {
				sum += supply.Of(s.gone * u.Takes.Units())
			}
		}
	}
	return sum
}

func partsOf(all []supply.Part, ingredient int64) (list []supply.Part) {
	for _, n := range all {
		if n.Ingredient == ingredient && n.Amount > 0 {
			list = append(list, n)
		}
	}
	return list
}

// pass has what begun batches take wanted in that hour.
func (b *bench) pass(wants map[int64][]supply.Amount, s supply.Start, hours int) {
	for _, share := range b.larder.Bills[s.Preparation] {
		if g := b.byID[share.Ingredient]; g != nil && g.Batch > 0 && g.ID != s.Preparation {
			if wants[g.ID] == nil {
				wants[g.ID] = make([]supply.Amount, hours)
			}
			wants[g.ID][s.Hour] += share.Amount * supply.Amount(s.Batches)
		}
	}
}

// tell writes down what a plan says of the day that is planned.
func (b *bench) tell(out *Production, list []supply.Preparation, plan supply.Day, hours []time.Time) {
	on := func(h int) bool { return forecast.DayIn(hours[h].In(b.outlet.Zone)) == b.day }
	planned := map[int64]supply.Amount{}
	for _, s := range plan.Starts {
		if g := b.byID[s.Preparation]; on(s.Hour) {
			planned[g.ID] += s.Amount
			out.Starts = append(out.Starts, b.start(g, s, hours))
		}
	}
	for _, s := range out.Starts {
		for i := range list {
			if g := b.byID[list[i].ID]; g.Code == s.Code && s.Begin.Before(hours[0]) {
				planned[g.ID] += s.Amount
			}
		}
	}
	for i := range list {
		out.Totals = append(out.Totals, b.total(&list[i], plan.Course[list[i].ID], planned[list[i].ID], on))
	}
	for _, s := range plan.Shorts {
		if on(s.Hour) {
			out.Notes = append(out.Notes, b.short(s, hours[s.Hour]))
		}
	}
	for _, c := range plan.Cuts {
		if on(c.From) {
			out.Notes = append(out.Notes, b.cut(c, hours[c.From]))
		}
	}
}

func (b *bench) start(g *Ingredient, s supply.Start, hours []time.Time) Start {
	x := Start{
		Code: g.Code, Name: g.Name, Unit: g.Unit, Station: b.station(g.Station), Begin: s.Begin.UTC(), Ready: s.Ready.UTC(),
		For: hours[s.Needed].UTC(), Batches: s.Batches, Amount: s.Amount, Minutes: s.Minutes,
	}
	if !s.Until.IsZero() {
		until := s.Until.UTC()
		x.Until = &until
	}
	return x
}

func (b *bench) station(id int64) string {
	for _, s := range b.larder.Stations {
		if s.ID == id {
			return s.Name
		}
	}
	return ""
}

func (b *bench) total(p *supply.Preparation, course []supply.Hour, planned supply.Amount, on func(int) bool) Total {
	g := b.byID[p.ID]
	t := Total{Code: g.Code, Name: g.Name, Unit: g.Unit, Batch: g.Batch, Planned: planned}
	if b.day == b.today {
		t.Expected = b.gone(p.Users)
		t.Wanted = t.Expected
	}
	there, known := b.former.there[g.Code]
	first := !known
	t.There = there
	for h, c := range course {
		if !on(h) {
			continue
		}
		if first {
			t.There, first = c.Opening, false
		}
		t.Wanted += p.Want[h]
		for _, u := range p.Users {
			t.Expected += supply.Of(u.Sells[h] * u.Takes.Units())
		}
	}
	return t
}

func (b *bench) short(s supply.Short, at time.Time) Note {
	g := b.byID[s.Preparation]
	why := ""
	switch s.Kind {
	case supply.TooLate:
		why = fmt.Sprintf("it takes %s and should have been begun before", long(g.Lead))
	case supply.NoMinutes:
		why = fmt.Sprintf("%s has %.0f of the %.0f minutes that a batch takes", b.station(g.Station), s.Free, g.Work)
	case supply.TooShort:
		why = fmt.Sprintf("it keeps %s, and %s has no %.0f minutes within that time", long(g.Shelf), b.station(g.Station), g.Work)
	}
	return Note{
		Kind: string(s.Kind), Problem: true, Code: g.Code, At: at.UTC(), Amount: s.Amount, Name: g.Name, Unit: g.Unit,
		Text: fmt.Sprintf("%s of %s are missing at %s: %s", In(s.Amount, g.Unit), g.Name, b.at(at), why),
	}
}

// long writes a duration of whole minutes: 8 h, 1 h 30 min.
func long(d time.Duration) string {
	h, m := int(d/time.Hour), int(d/time.Minute)%60
	switch {
	case h == 0:
		return fmt.Sprintf("%d min", m)
	case m == 0:
		return fmt.Sprintf("%d h", h)
	default:
		return fmt.Sprintf("%d h %d min", h, m)
	}
}

func (b *bench) cut(c supply.Cut, at time.Time) Note {
	g, units := b.byID[c.Preparation], math.Ceil(c.Units-1e-9)
	return Note{
		Kind: "cut", Code: g.Code, Item: c.Item, At: at.UTC(), Amount: supply.Of(units), Name: g.Name,
		Text: fmt.Sprintf("sell %.0f less of %s from %s on: there is not enough %s", units, c.Item, b.at(at), g.Name),
	}
}
