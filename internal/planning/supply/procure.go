package supply

import (
	"cmp"
	"slices"
	"time"
)

// Supplier is who delivers, on which terms.
type Supplier struct {
	ID       int64
	Name     string
	Lead     int           // days from the day of the cut-off to the delivery
	Cutoff   time.Duration // after midnight by the outlet's clock: until then an order is taken for that day
	Weekdays [7]bool       // on which it delivers, from Sunday
	Least    int64         // minor units that a delivery must be worth; 0: any
}

// Offer is how a supplier sells an ingredient.
type Offer struct {
	Product   int64
	Supplier  int64
	Pack      Amount
	Fewest    int   // packs of a line
	Price     int64 // minor units of a pack
	Preferred bool  // before others, whatever they cost
}

// Stock is what is known of an ingredient: there, on its way, and used.
type Stock struct {
	ID     int64
	Name   string
	Lots   []Lot // open purchases too
	Use    Use
	Fresh  int    // days a delivery may be used, its own included; 0: it keeps
	Par    Amount // how much should be there after a delivery, at least
	Offers []Offer
}

// Buying is what there is to order, and from whom.
type Buying struct {
	Now       time.Time
	First     time.Time // day 0: only its date counts
	Zone      *time.Location
	Days      int // on which deliveries are ordered
	Suppliers []Supplier
	Stocks    []Stock
}

// Line is an ingredient of an order.
type Line struct {
	Supplier   int64
	Product    int64
	Ingredient int64
	Delivery   int       // day
	OrderBy    time.Time // the cut-off
	Packs      int
	Amount     Amount // of all packs
	Price      int64  // minor units of all packs
	Why        Why
}

// Why explains a line's quantity: Need = max(Use + Safety − Stock, what would be missing on a day, up to par), made whole
// packs; less when it would not keep.
type Why struct {
	From, Until int    // the days that the line is for; until the next delivery, its day excluded
	Use         Amount // expected in these days
	Safety      Amount // against more than expected, until then
	Stock       Amount // there on From's morning and good in these days, open orders included
	Need        Amount
	Par         bool // up to par
	Fresh       bool // not more than is used while it is fresh
	Fewest      bool // raised to the fewest packs that are sold
	Added       int  // packs to reach the least worth of a delivery
	Choice      Choice
}

// Choice is why a supplier was chosen.
type Choice string

// The reasons.
const (
	OnlySeller Choice = "the only one who sells it"
	Preferred  Choice = "preferred"
	Cheapest   Choice = "the cheapest"
	Sooner     Choice = "delivers before the usual one can"
)

// ProblemKind is what is wrong with an ingredient.
type ProblemKind string

// The kinds of problems.
const (
	NobodySells ProblemKind = "nobody_sells"    // no supplier, or none who delivers in time at all
	RunsOut     ProblemKind = "runs_out"        // before anything can be delivered
	TooSmall    ProblemKind = "below_minimum"   // a delivery is worth less than the supplier's least
	WillExpire  ProblemKind = "packs_too_large" // more than can be used while it is fresh must be bought
)

// Problem is what a plan cannot solve.
type Problem struct {
	Kind       ProblemKind
	Ingredient int64 // 0: of a whole delivery
	Supplier   int64 // 0: of no one
	Day        int
	Amount     Amount // missing, or too much
	Price      int64  // minor units missing to the least worth
}

// Procure orders for every delivery day what is missing until the next one: up to the expected use and a safety stock, the
// periodic review, order-up-to-level system (R, S) of Silver, Pyke and Thomas: Inventory and Production Management in
// Supply Chains, 4th ed. 2017, section 6.7. The safety stock is the spread that the service level asks for ([Demand.Spread])
// over the days from the cut-off to the next delivery, in which nothing can be done about it ([Pooled]).
//
// An ingredient comes from the preferred supplier, else from the one who sells it cheapest by amount. If it runs out before he can deliver, another
// one, the cheapest of those in time or else the first, bridges the days until then. Nothing is ordered after its cut-off, in
// part packs, or in fewer packs than are sold. Use after its last known day is taken to be as a week before.
func Procure(b Buying) ([]Line, []Problem) {
	p := newBuyer(&b)
	for _, s := range p.stocks {
		p.choose(s)
	}
	for day := range b.Days {
		for i := range b.Suppliers {
			p.deliver(&b.Suppliers[i], day)
		}
		for _, s := range p.stocks {
			s.shelf.day(day, s.mean(day))
		}
	}
	return p.lines, p.problems
}

// buyer is a plan in the making.
type buyer struct {
	*Buying
	stocks   []*stock
	days     map[int64][]int // of deliveries, by supplier, past the end of the plan too
	lines    []Line
	problems []Problem
}

// stock is an ingredient as the plan goes on.
type stock struct {
	*Stock
	shelf   *shelf
	sources []source
}

// source is from whom an ingredient comes on some days.
type source struct {
	offer  Offer
	until  int // deliveries before this day
	choice Choice
}

// beyond is how many days after the plan deliveries are looked for.
const beyond = 14

func newBuyer(b *Buying) *buyer {
	p := &buyer{Buying: b, days: map[int64][]int{}}
	slices.SortFunc(b.Suppliers, func(x, y Supplier) int { return cmp.Compare(x.ID, y.ID) })
	for i := range b.Suppliers {
		s := &b.Suppliers[i]
		for day := range b.Days + beyond {
			if s.Weekdays[b.date(day).Weekday()] && b.Now.Before(b.Deadline(s, day)) {
				p.days[s.ID] = append(p.days[s.ID], day)
			}
		}
	}
	for i := range b.Stocks {
		s := &b.Stocks[i]
		p.stocks = append(p.stocks, &stock{Stock: s, shelf: newShelf(s.Lots)})
	}
	return p
}

func (b *Buying) date(day int) time.Time {
	y, m, d := b.First.Date()
	return time.Date(y, m, d+day, 0, 0, 0, 0, time.UTC)
}

// Deadline is until when a delivery can be ordered, by the outlet's clock: also on days with 23 or 25 hours.
func (b *Buying) Deadline(s *Supplier, day int) time.Time {
	y, m, d := b.date(day - s.Lead).Date()
	return time.Date(y, m, d, 0, int(s.Cutoff/time.Minute), 0, 0, b.Zone)
}

// mean is the expected use on a day.
func (s *stock) mean(day int) Amount {
	if n := len(s.Use.Mean); day >= n {
		if day = alike(day, n); day < 0 {
			return 0
		}
	}
	return max(s.Use.Mean[day], 0)
}

func (s *stock) spread(day int) float64 {
	if n := len(s.Use.Spread); day >= n {
		if day = alike(day, n); day < 0 {
			return 0
		}
	}
	return s.Use.Spread[day]
}

// alike is the last of n days that has the weekday of a later one; -1: none.
func alike(day, n int) int {
	for day >= n {
		day -= 7
	}
	return max(day, -1)
}

// next is the first of a supplier's deliveries after a day; ok is false when there is none.
func (p *buyer) next(supplier int64, after int) (day int, ok bool) {
	for _, d := range p.days[supplier] {
		if d > after {
			return d, true
		}
	}
	return p.Days + beyond, false
}

// choose says from whom an ingredient comes when.
func (p *buyer) choose(s *stock) {
	offers := p.offers(s)
	if len(offers) == 0 {
		if gap := missing(s.shelf, s, 0, p.Days); gap.unmet > 0 {
			p.problems = append(p.problems, Problem{Kind: NobodySells, Ingredient: s.ID, Day: gap.day, Amount: gap.unmet})
		}
		return
	}
	main := offers[0]
	first, _ := p.next(main.Supplier, -1)
	if gap := missing(s.shelf, s, 0, min(first, p.Days)); gap.unmet > 0 {
		p.bridge(s, offers[1:], first, gap)
	}
	s.sources = append(s.sources, source{main, p.Days, choice(main, s.Offers)})
}

func choice(main Offer, offers []Offer) Choice {
	switch {
	case len(offers) == 1:
		return OnlySeller
	case main.Preferred:
		return Preferred
	default:
		return Cheapest
	}
}

// offers are those of suppliers who can deliver: preferred ones, then the cheapest first; among equals who delivers first.
func (p *buyer) offers(s *stock) []Offer {
	var list []Offer
	for _, o := range s.Offers {
		if first, ok := p.next(o.Supplier, -1); ok && first < p.Days && o.Pack > 0 {
			list = append(list, o)
		}
	}
	slices.SortStableFunc(list, func(a, b Offer) int {
		x, _ := p.next(a.Supplier, -1)
		y, _ := p.next(b.Supplier, -1)
		return cmp.Or(last(a.Preferred)-last(b.Preferred), cmp.Compare(perUnit(a), perUnit(b)), cmp.Compare(x, y), cmp.Compare(a.Product, b.Product))
	})
	return list
}

// last puts what is so before what is not.
func last(first bool) int {
	if first {
		return 0
	}
	return 1
}

func perUnit(o Offer) float64 { return float64(o.Price) / float64(o.Pack) }

// bridge finds who delivers before the usual supplier does. Offers are the best first.
func (p *buyer) bridge(s *stock, offers []Offer, until int, g gap) {
	best, day := -1, until
	for i, o := range offers {
		first, _ := p.next(o.Supplier, -1)
		if first <= g.day {
			best, day = i, first
			break
		}
		if first < day {
			best, day = i, first
		}
	}
	if best >= 0 {
		s.sources = append(s.sources, source{offers[best], until, Sooner})
		g = missing(s.shelf, s, 0, min(day, p.Days))
	}
	if g.unmet > 0 {
		p.problems = append(p.problems, Problem{Kind: RunsOut, Ingredient: s.ID, Day: g.day, Amount: g.unmet})
	}
}

// gap is what is missing in some days.
type gap struct {
	unmet Amount
	day   int    // the first on which something is
	left  Amount // on the last evening
}

// missing lives through days with what is on a shelf.
func missing(sh *shelf, s *stock, from, until int) gap {
	try, g := sh.copy(), gap{day: -1}
	for day := from; day < until; day++ {
		step, _ := try.day(day, s.mean(day))
		if g.unmet += step.Unmet; step.Unmet > 0 && g.day < 0 {
			g.day = day
		}
	}
	g.left = try.here(until - 1)
	return g
}

// deliver plans what a supplier brings on a day.
func (p *buyer) deliver(s *Supplier, day int) {
	if !slices.Contains(p.days[s.ID], day) {
		return
	}
	begin, worth := len(p.lines), int64(0)
	var of []*stock
	for _, st := range p.stocks {
		if src := st.from(s.ID, day); src != nil {
			if l := p.line(s, st, src, day); l.Packs > 0 {
				p.lines, of, worth = append(p.lines, l), append(of, st), worth+l.Price
			}
		}
	}
	lines := p.lines[begin:]
	if len(lines) > 0 && worth < s.Least {
		p.fill(s, lines, of, worth)
	}
	for i := range lines {
		p.receive(&lines[i], of[i])
	}
}

// from is the source that delivers an ingredient on a day; nil when it is another supplier.
func (s *stock) from(supplier int64, day int) *source {
	for i := range s.sources {
		if day < s.sources[i].until {
			if s.sources[i].offer.Supplier == supplier {
				return &s.sources[i]
			}
			return nil
		}
	}
	return nil
}

// line says how much of an ingredient a delivery must bring.
func (p *buyer) line(s *Supplier, st *stock, src *source, day int) Line {
	until, _ := p.next(s.ID, day)
	if src.until < p.Days {
		until = min(until, src.until)
	}
	w := Why{From: day, Until: until, Choice: src.choice}
	var spreads []float64
	for d := max(day-s.Lead, 0); d < until; d++ {
		spreads = append(spreads, st.spread(d))
	}
	for d := day; d < until; d++ {
		w.Use += st.mean(d)
	}
	w.Safety = whole(Pooled(spreads))
	g := missing(st.shelf, st, day, until)
	w.Stock = w.Use - g.unmet + g.left
	w.Need = g.unmet + max(w.Safety-g.left, 0)
	if par := st.Par - st.shelf.here(day); par > w.Need {
		w.Need, w.Par = par, true
	}
	if most := st.freshNeed(day, w.Safety); st.Fresh > 0 && most < w.Need {
		w.Need, w.Par, w.Fresh = most, false, true
	}
	l := Line{Supplier: s.ID, Product: src.offer.Product, Ingredient: st.ID, Delivery: day, OrderBy: p.Deadline(s, day), Why: w}
	if w.Need > 0 {
		l.set(src.offer, int((w.Need+src.offer.Pack-1)/src.offer.Pack))
	}
	return l
}

// freshNeed is the most that makes sense of what does not keep: what is missing while it is fresh, and a safety stock.
func (s *stock) freshNeed(day int, safety Amount) Amount {
	soon := missing(s.shelf, s, day, day+s.Fresh)
	return soon.unmet + max(safety-soon.left, 0)
}

// set gives a line so many packs, at least the fewest that are sold.
func (l *Line) set(o Offer, packs int) {
	if packs < o.Fewest {
		packs, l.Why.Fewest = o.Fewest, true
	}
	l.Packs, l.Amount, l.Price = packs, Amount(packs)*o.Pack, int64(packs)*o.Price
}

// fill adds packs to a delivery until it is worth the supplier's least: of what is used up first, as far as it is used
// while it is fresh and within the plan.
func (p *buyer) fill(s *Supplier, lines []Line, of []*stock, worth int64) {
	for worth < s.Least {
		best, soonest := -1, p.Days
		for i := range lines {
			if of[i].from(s.ID, lines[i].Delivery).offer.Price <= 0 {
				continue
			}
			if day, ok := p.usedUp(&lines[i], of[i]); ok && day < soonest {
				best, soonest = i, day
			}
		}
		if best < 0 {
			p.problems = append(p.problems, Problem{Kind: TooSmall, Supplier: s.ID, Day: lines[0].Delivery, Price: s.Least - worth})
			return
		}
		l, o := &lines[best], of[best].from(s.ID, lines[best].Delivery).offer
		l.set(o, l.Packs+1)
		l.Why.Added++
		worth += o.Price
	}
}

// usedUp is the day on which something is missing although a line is delivered; ok is false when another pack would not be
// used in time.
func (p *buyer) usedUp(l *Line, s *stock) (day int, ok bool) {
	until := p.Days
	if s.Fresh > 0 {
		until = min(until, l.Delivery+s.Fresh)
	}
	with := s.shelf.copy()
	with.add(s.lot(l))
	g := missing(with, s, l.Delivery, until)
	o := s.from(l.Supplier, l.Delivery).offer
	return g.day, g.unmet >= o.Pack
}

// lot is what a line becomes.
func (s *stock) lot(l *Line) Lot {
	lot := Lot{ID: -1, Amount: l.Amount, Arrives: l.Delivery, Last: Keeps}
	if s.Fresh > 0 {
		lot.Last = l.Delivery + s.Fresh - 1
	}
	return lot
}

// receive puts a line on the shelf and tells when not all of it will be used in time.
func (p *buyer) receive(l *Line, s *stock) {
	s.shelf.add(s.lot(l))
	if s.Fresh == 0 {
		return
	}
	most := l.Why.Safety
	for d := l.Delivery; d < l.Delivery+s.Fresh; d++ {
		most += s.mean(d)
	}
	if l.Amount > most {
		p.problems = append(p.problems, Problem{
			Kind: WillExpire, Ingredient: l.Ingredient, Supplier: l.Supplier, Day: l.Delivery + s.Fresh - 1, Amount: l.Amount - most,
		})
	}
}
