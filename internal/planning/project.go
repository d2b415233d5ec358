package planning

import (
	"fmt"
	"time"

	"brigade/internal/planning/supply"
)

// StockCourse is how an outlet's stock runs.
type StockCourse struct {
	Forecast    int64         `json:"forecast"` // the latest run that it is made from
	Ingredients []StockedItem `json:"ingredients"`
	Notes       []Note        `json:"notes"`
}

// StockedItem is how the stock of an ingredient runs: with what is there, what was ordered, and what will be prepared.
type StockedItem struct {
	Code    string        `json:"code"`
	Name    string        `json:"name"`
	Unit    string        `json:"unit"`
	There   supply.Amount `json:"there"`
	Days    []StockDay    `json:"days"`
	Out     *time.Time    `json:"out"`     // about when it runs out; nil: it does not
	Ordered *time.Time    `json:"ordered"` // the same, once what is planned to be ordered comes
	Wasted  supply.Amount `json:"wasted"`  // will expire
}

// StockDay is a day of it: Closing = Opening + Arrivals - Used - Expired.
type StockDay struct {
	Day      Day           `json:"day"`
	Opening  supply.Amount `json:"opening"`
	Arrivals supply.Amount `json:"arrivals"`
	Used     supply.Amount `json:"used"`
	Unmet    supply.Amount `json:"unmet"`
	Expired  supply.Amount `json:"expired"`
	Closing  supply.Amount `json:"closing"`
}

// project plans how stock runs from b.day on.
func (b *bench) project() StockCourse {
	uses, made := b.uses()
	lines, _ := supply.Procure(b.buying(uses))
	out := StockCourse{Forecast: b.run, Ingredients: []StockedItem{}, Notes: []Note{}}
	for i := range b.larder.Ingredients {
		g := &b.larder.Ingredients[i]
		if g.Batch > 0 && !g.Stocked {
			continue
		}
		lots := b.lots(g.ID)
		for day, a := range made[g.ID] {
			lots = append(lots, b.fresh(g, a, day))
		}
		course := supply.Project(lots, uses[g.ID].Mean)
		for j := range lines {
			if lines[j].Ingredient == g.ID {
				lots = append(lots, b.fresh(g, lines[j].Amount, lines[j].Delivery))
			}
		}
		ordered := supply.Project(lots, uses[g.ID].Mean)
		s := b.stocked(g, course)
		s.Out, s.Ordered = b.out(course), b.out(ordered)
		out.Ingredients = append(out.Ingredients, s)
		out.Notes = append(out.Notes, b.outNotes(g, course, &s)...)
		out.Notes = append(out.Notes, b.savings(g, course)...)
	}
	out.Notes = append(append(out.Notes, b.unforecast()...), b.uncounted()...)
	return out
}

// fresh is a lot that will be made or delivered.
func (b *bench) fresh(g *Ingredient, a supply.Amount, day int) supply.Lot {
	l := supply.Lot{ID: -1, Amount: a, Arrives: day, Last: supply.Keeps}
	if n := g.fresh(); n > 0 {
		l.Last = day + n - 1
	}
	return l
}

func (b *bench) stocked(g *Ingredient, c supply.Course) StockedItem {
	s := StockedItem{Code: g.Code, Name: g.Name, Unit: g.Unit, Days: []StockDay{}}
	for _, l := range b.larder.Lots {
		if l.Ingredient == g.ID {
			s.There += l.Amount
		}
	}
	for _, w := range c.Waste {
		s.Wasted += w.Amount
	}
	for _, d := range c.Steps[int(b.day-b.today):] {
		s.Days = append(s.Days, StockDay{b.today + Day(d.Day), d.Opening, d.Arrivals, d.Used, d.Unmet, d.Expired, d.Closing})
	}
	return s
}

// out is about when something runs out: in the hour in which that share of the day's sales is reached.
func (b *bench) out(c supply.Course) *time.Time {
	if c.Out < 0 {
		return nil
	}
	step := c.Steps[c.Out]
	at, hours, sum := b.begin(c.Out), b.byDay[b.today+Day(c.Out)], 0.0
	for _, v := range hours {
		sum += v
	}
	left := sum * float64(step.Used) / float64(step.Used+step.Unmet)
	for i, v := range hours {
		if left -= v; left < 0 {
			at = at.Add(time.Duration(i) * time.Hour)
			break
		}
	}
	at = at.UTC()
	return &at
}

func (b *bench) outNotes(g *Ingredient, c supply.Course, s *StockedItem) []Note {
	if c.Out < 0 || s.Ordered == nil { // what is planned to be ordered comes before that
		return nil
	}
	missing := supply.Amount(0)
	for _, d := range c.Steps {
		missing += d.Unmet
	}
	n := Note{Kind: "runs_out", Code: g.Code, At: *s.Out, Amount: missing, Problem: s.Ordered.Equal(*s.Out), Name: g.Name, Unit: g.Unit}
	n.Text = fmt.Sprintf("%s runs out about %s", g.Name, s.Out.In(b.outlet.Zone).Format("Mon 2 Jan 15:04"))
	if n.Problem {
		n.Text += ", before anything that can be ordered comes"
	} else {
		n.Text += "; with what is planned to be ordered, about " + s.Ordered.In(b.outlet.Zone).Format("Mon 2 Jan 15:04")
	}
	return []Note{n}
}

// savings are suggestions against waste.
func (b *bench) savings(g *Ingredient, c supply.Course) (notes []Note) {
	if len(c.Waste) == 0 {
		return nil
	}
	for _, w := range c.Waste {
		if w.Lot < 0 {
			continue
		}
		notes = append(notes, Note{
			Kind: "expires", Code: g.Code, At: b.begin(w.Day).UTC(), Amount: w.Amount, Name: g.Name, Unit: g.Unit,
			Text: fmt.Sprintf("%s of %s will expire on %s", In(w.Amount, g.Unit), g.Name, b.on(w.Day)),
		})
	}
	for _, s := range supply.Savings(g.ID, c.Waste, b.sellers(g.ID), g.Batch) {
		n := Note{Kind: string(s.Kind), Code: g.Code, Item: s.Item, At: b.begin(s.Day).UTC(), Amount: s.Amount, Name: g.Name, Unit: g.Unit}
		switch s.Kind {
		case supply.PriceDown:
			n.Count = s.Percent
			n.Text = fmt.Sprintf("%d %% off %s until %s would sell about %.0f more and save %s of %s",
				s.Percent, s.Item, b.on(s.Day), s.Units, In(s.Amount, g.Unit), g.Name)
		case supply.MakeLess:
			n.Count = s.Batches
			n.Text = fmt.Sprintf("%d batches less of %s: %s would expire on %s", s.Batches, g.Name, In(s.Amount, g.Unit), b.on(s.Day))
		}
		notes = append(notes, n)
	}
	return notes
}

// sellers are the items that take an ingredient.
func (b *bench) sellers(id int64) (list []supply.Seller) {
	for _, n := range partsOf(b.larder.Needs, id) {
		s := supply.Seller{Item: n.Item, Takes: n.Amount, Sells: make([]float64, b.days)}
		for i := range b.sells {
			if x := &b.sells[i]; x.Item == n.Item && x.Day < b.days {
				s.Sells[x.Day] += x.Mean
			}
		}
		list = append(list, s)
	}
	return list
}
