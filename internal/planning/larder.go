package planning

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"brigade/internal/planning/forecast"
	"brigade/internal/planning/supply"
)

// Larder is what plans need to know of an outlet, besides its forecasts. Amounts are thousandths of the ingredient's unit.
type Larder struct {
	Ingredients []Ingredient             // by code
	Needs       []supply.Part            // of stock: preparations that are not held there are taken apart
	Makings     []supply.Part            // of preparations, held in stock or not
	Bills       map[int64][]supply.Share // of a batch, by preparation
	Lots        []LarderLot
	Coming      []Coming
	Suppliers   []LarderSupplier
	Offers      map[int64][]supply.Offer // by ingredient
	Prices      map[string]int64         // minor units, by SKU
	Cooking     []Cooking
	Stations    []Station
	Staff       []Hand
}

// Ingredient is something that is bought, or prepared.
type Ingredient struct {
	ID      int64
	Code    string
	Name    string
	Unit    string // g, ml or piece
	Shelf   time.Duration
	Par     supply.Amount
	Owed    supply.Amount // used though no lot had it
	Known   bool          // it was counted, or came in; else there may be some that nobody knows of
	Batch   supply.Amount // of a preparation; 0: it is bought
	Stocked bool          // of a preparation: it is made ahead
	Lead    time.Duration
	Station int64
	Work    float64 // minutes at the station, per batch
}

// ahead tells whether it is made ahead, in batches.
func (i *Ingredient) ahead() bool { return i.Batch > 0 && i.Stocked }

// fresh is for how many days a new lot may be used, the first included; 0: it keeps.
func (i *Ingredient) fresh() int {
	if i.Shelf <= 0 {
		return 0
	}
	return max(1, int(i.Shelf/(24*time.Hour)))
}

// LarderLot is what is left of a lot.
type LarderLot struct {
	ID         int64
	Ingredient int64
	Amount     supply.Amount
	Expires    *time.Time
}

// Coming is what was ordered and is not in.
type Coming struct {
	Ingredient int64
	Amount     supply.Amount
	Day        Day
}

// LarderSupplier is who delivers.
type LarderSupplier struct {
	supply.Supplier
	Code     string
	Currency string
}

// Cooking is how long a unit of an item is worked on at a station.
type Cooking struct {
	Item    string
	Station int64
	Minutes float64
}

// Station is where something is made.
type Station struct {
	ID       int64
	Name     string
	Capacity int
}

// Hand is somebody who works at stations.
type Hand struct {
	Parallel int
	Stations []int64
	Shifts   []Shift // none: always there
	Breaks   []Shift
}

// Shift is a part of a weekday, in minutes after its midnight; Ends not after Starts: until then on the next day.
type Shift struct {
	Weekday      time.Weekday
	Starts, Ends int
}

func (s Shift) holds(at time.Time) bool {
	minute := at.Hour()*60 + at.Minute()
	switch {
	case s.Starts < s.Ends:
		return at.Weekday() == s.Weekday && minute >= s.Starts && minute < s.Ends
	case at.Weekday() == s.Weekday:
		return minute >= s.Starts
	default:
		return at.Weekday() == (s.Weekday+1)%7 && minute < s.Ends
	}
}

func (h *Hand) there(at time.Time) bool {
	holds := func(s Shift) bool { return s.holds(at) }
	return (len(h.Shifts) == 0 || slices.ContainsFunc(h.Shifts, holds)) && !slices.ContainsFunc(h.Breaks, holds)
}

// bench is an outlet's plan in the making. Its days are counted from today, whatever day is planned: what is used until then
// is used.
type bench struct {
	outlet  *Outlet
	larder  *Larder
	now     time.Time
	today   Day
	day     Day
	days    int // that are looked at
	sells   []sells
	run     int64 // the latest run whose forecasts are used
	byID    map[int64]*Ingredient
	byDay   map[Day][]float64 // sales of all items by the hour
	service float64
	former  former
}

// former is what was planned for the day before.
type former struct {
	starts []Start
	edited []Start                  // as somebody made of them
	there  map[string]supply.Amount // when the day began, by code
}

// sells is what an item is expected to sell on a day, from now on.
type sells struct {
	supply.Demand
	hours []float64
	gone  float64 // sold today before, as far as is known
}

func newBench(o *Outlet, l *Larder, demand []Forecast, day Day, now time.Time) *bench {
	b := &bench{
		outlet: o, larder: l, now: now, today: o.Today(now), day: day, byID: map[int64]*Ingredient{}, byDay: map[Day][]float64{},
		service: ServiceLevel,
	}
	b.days = int(day-b.today) + PlanDays
	for i := range l.Ingredients {
		b.byID[l.Ingredients[i].ID] = &l.Ingredients[i]
	}
	for i := range demand {
		if f := &demand[i]; f.Day >= b.today {
			b.run = max(b.run, f.Run)
			b.sells = append(b.sells, b.toSell(f))
		}
	}
	b.extend()
	return b
}

// extend has days after an item's last forecast sell what was expected a week before.
func (b *bench) extend() {
	last, at := map[string]int{}, map[string]map[int]int{}
	for i := range b.sells {
		s := &b.sells[i]
		if at[s.Item] == nil {
			at[s.Item] = map[int]int{}
		}
		last[s.Item] = max(last[s.Item], s.Day)
		at[s.Item][s.Day] = i
	}
	for i, n := 0, len(b.sells); i < n; i++ {
		s := b.sells[i]
		if s.Day != last[s.Item] {
			continue
		}
		for day := s.Day + 1; day < b.days; day++ {
			if k, ok := at[s.Item][day-7]; ok {
				x := b.sells[k]
				x.Day, x.gone = day, 0
				at[s.Item][day] = len(b.sells)
				b.sells = append(b.sells, x)
			}
		}
	}
}

// toSell is what a forecast leaves to be sold: of today, the hours that are not over. A forecast that was brought up to date
// knows what somebody made of it in the morning.
func (b *bench) toSell(f *Forecast) sells {
	mean, scale := max(f.Mean, 0), 1.0
	if f.Kind != RunIntraday {
		if mean = f.Expected(); f.Mean > 0 {
			scale = mean / f.Mean
		}
	}
	hours, begins := make([]float64, len(f.Hours)), hoursOf(f.Day, b.outlet.Zone)
	left := 0.0
	for i, h := range f.Hours {
		if i < len(begins) && begins[i].Add(time.Hour).After(b.now) {
			hours[i] = max(h, 0) * scale
			left += hours[i]
		}
	}
	share := 1.0
	if f.Day == b.today && mean > 0 {
		share = min(left/mean, 1)
	}
	s := sells{hours: hours, gone: mean * (1 - share), Demand: supply.Demand{Item: f.SKU, Day: int(f.Day - b.today), Mean: mean * share, Levels: f.Levels}}
	for _, q := range f.Quantiles {
		s.Quantiles = append(s.Quantiles, q*scale*share)
	}
	for i, h := range hours {
		for len(b.byDay[f.Day]) <= i {
			b.byDay[f.Day] = append(b.byDay[f.Day], 0)
		}
		b.byDay[f.Day][i] += h
	}
	return s
}

// demand is what all items sell.
func (b *bench) demand() []supply.Demand {
	list := make([]supply.Demand, len(b.sells))
	for i := range b.sells {
		list[i] = b.sells[i].Demand
	}
	return list
}

// lots are an ingredient's, as days see them, with what is on its way.
func (b *bench) lots(id int64) (list []supply.Lot) {
	for _, l := range b.larder.Lots {
		if l.Ingredient == id {
			list = append(list, supply.Lot{ID: l.ID, Amount: l.Amount, Arrives: supply.Here, Last: b.last(l.Expires)})
		}
	}
	for _, c := range b.larder.Coming {
		if c.Ingredient != id {
			continue
		}
		lot := supply.Lot{Amount: c.Amount, Arrives: max(int(c.Day-b.today), 0), Last: supply.Keeps}
		if n := b.byID[id].fresh(); n > 0 {
			lot.Last = lot.Arrives + n - 1
		}
		list = append(list, lot)
	}
	return list
}

// last is the last day on which most of the day is before a time.
func (b *bench) last(expires *time.Time) int {
	if expires == nil {
		return supply.Keeps
	}
	return int(forecast.DayIn(expires.In(b.outlet.Zone).Add(-12*time.Hour)) - b.today)
}

// uses are what demand takes of all ingredients, by day; and what is made of preparations for it.
func (b *bench) uses() (map[int64]*supply.Use, map[int64][]supply.Amount) {
	uses := supply.Uses(b.demand(), b.larder.Needs, b.days, b.service)
	for i := range b.larder.Ingredients {
		g := &b.larder.Ingredients[i]
		if uses[g.ID] == nil {
			uses[g.ID] = &supply.Use{Mean: make([]supply.Amount, b.days), Spread: make([]float64, b.days)}
		}
		uses[g.ID].Mean[0] += g.Owed // the next lot pays it back
	}
	var makings []supply.Making
	for i := range b.larder.Ingredients {
		if g := &b.larder.Ingredients[i]; g.ahead() {
			makings = append(makings, supply.Making{ID: g.ID, Batch: g.Batch, Fresh: g.fresh(), Lots: b.lots(g.ID), Bill: b.bill(g.ID, 0)})
		}
	}
	return uses, supply.Explode(makings, uses, b.days)
}

// deepest is how many preparations may be made of one another.
const deepest = 8

// bill is what a batch takes from stock: preparations that are not made ahead are taken apart.
func (b *bench) bill(id int64, depth int) (list []supply.Share) {
	for _, s := range b.larder.Bills[id] {
		g := b.byID[s.Ingredient]
		switch {
		case g == nil || depth > deepest:
		case g.Batch > 0 && !g.Stocked:
			for _, part := range b.bill(g.ID, depth+1) {
				list = append(list, supply.Share{Ingredient: part.Ingredient, Amount: supply.Of(part.Amount.Units() * s.Amount.Units() / g.Batch.Units())})
			}
		default:
			list = append(list, s)
		}
	}
	return list
}

// on is a day of the plan as people write it.
func (b *bench) on(day int) string { return (b.today + Day(day)).Time().Format("Mon 2 Jan") }

// at is a time of the plan as people at the outlet write it.
func (b *bench) at(t time.Time) string { return t.In(b.outlet.Zone).Format("Mon 15:04") }

// begin is when a day of the plan begins.
func (b *bench) begin(day int) time.Time {
	y, m, d := (b.today + Day(day)).Time().Date()
	return time.Date(y, m, d, 0, 0, 0, 0, b.outlet.Zone)
}

// In writes an amount with its unit, in larger ones where that is shorter: 2.5 kg, 330 ml, 12 pieces.
func In(a supply.Amount, unit string) string {
	v := a.Units()
	switch {
	case unit == "g" && v >= 1000:
		v, unit = v/1000, "kg"
	case unit == "ml" && v >= 1000:
		v, unit = v/1000, "l"
	case unit == "piece" && a != supply.Milli:
		unit = "pieces"
	}
	text := strconv.FormatFloat(v, 'f', 2, 64)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".") + " " + unit
}
