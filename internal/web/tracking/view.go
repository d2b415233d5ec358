package tracking

import (
	"strings"
	"time"

	"brigade/internal/delivery"
	"brigade/internal/errs"
	"brigade/internal/kitchen"
	"brigade/internal/money"
	"brigade/internal/order"
	"brigade/internal/web/page"
	"brigade/internal/web/texts"
	"brigade/internal/web/town"
)

// view is an order as its guest sees it. It is pure: a look in, what is to be seen out.
type view struct {
	Number, Short string
	Outlet, Where string
	Headline      string
	Say           string // a sentence below it; "": none
	Label, When   string // "At your door", "18:40–18:47"; "": nobody knows, or it is over
	First         string // what was said at first, when it is another time
	Steps         []step
	Notes         []note
	Code          string // to be said at the counter or at the door; "": none
	CodeSay       string
	Lines         []line
	Total, Fee    string
	Map           *town.Drawing
	Pay           string // where the guest pays by himself; "": he has, or does not
	Over          bool
	Failed        bool // cancelled, or never taken
}

// step is a part of an order's life.
type step struct {
	Icon, Name, State string // done, now, todo, failed
	Time              string
}

// note says what has changed, and why.
type note struct{ Time, Text string }

// line is what was ordered.
type line struct {
	Quantity, Cancelled int
	Name, Price         string
}

// viewer makes a view in a language.
type viewer struct {
	*look
	say   func(key string, args ...any) string
	tiles page.Tiles
}

// view shows a look in a language.
func (s *server) view(l *look, lang string) view {
	language, _ := texts.Find(lang)
	v := viewer{l, page.Sayer(language), s.Tiles}.view()
	if l.unpaidByGuest() {
		v.Pay = s.Links.Path(l.Outlet.Tenant, l.File.Order.ID) + "/pay"
	}
	return v
}

func (v viewer) view() view {
	o := v.File.Order
	w := view{
		Number: o.Number, Short: page.ShortNumber(o.Number), Outlet: v.Outlet.Name, Over: o.Status.Closed(),
		Failed: o.Status == order.Cancelled || o.Status == order.Rejected,
		Lines:  v.lines(), Total: v.sum(o.Total), Map: v.drawn(),
	}
	if o.Fee > 0 {
		w.Fee = v.sum(o.Fee)
	}
	if o.Type == order.DineIn && o.TableNumber > 0 {
		w.Where = v.say("tracking.table", o.TableNumber)
	}
	w.Headline, w.Say = v.headline()
	if !w.Over {
		w.Label, w.When, w.First = v.interval()
		w.Code, w.CodeSay = v.code()
	}
	w.Steps, w.Notes = v.steps(), v.notes()
	return w
}

func (v viewer) clock(t time.Time) string {
	if v.Outlet.Timezone != nil {
		t = t.In(v.Outlet.Timezone)
	}
	return t.Format("15:04")
}

// span writes an interval: from the minute it begins in to the one it ends before.
func (v viewer) span(from, to time.Time) string {
	to = to.Add(time.Minute - time.Nanosecond).Truncate(time.Minute)
	a, b := v.clock(from), v.clock(to)
	if a == b {
		return a
	}
	return a + "–" + b
}

func (v viewer) sum(a money.Amount) string { return a.String() + " " + v.File.Order.Currency }

// headline says where the order is, in a few words and a sentence.
func (v viewer) headline() (head, say string) {
	o := v.File.Order
	key := string(o.Status)
	switch {
	case v.waitsFor(order.WaitsPayment):
		key = "unpaid"
	case v.waitsFor(order.WaitsTime):
		return v.say("tracking.head.later"), v.say("tracking.say.later", v.clock(v.File.Terms.WantedAt))
	case o.Status == order.Ready || o.Status == order.SchedulingDelivery || o.Status == order.WaitingForDriver:
		key = v.readyKey()
	case o.Status == order.InDelivery && v.Carried != nil && !v.Carried.NearAt.IsZero():
		key = "near"
	}
	return v.say("tracking.head." + key), v.sentence(key)
}

func (v viewer) readyKey() string {
	switch {
	case v.File.Order.Type != order.Delivery:
		return "ready_" + string(v.File.Order.Type)
	case v.Driver != "":
		return "driver_comes"
	}
	return "driver_wanted"
}

// sentence is what is said below the headline.
func (v viewer) sentence(key string) string {
	switch key {
	case string(order.Cancelled), string(order.Rejected):
		return v.ending()
	case "driver_comes", "near", string(order.InDelivery):
		if v.Driver != "" {
			return v.say("tracking.say."+key, v.Driver)
		}
		return ""
	case "ready_takeout", "ready_dine_in", "unpaid", "driver_wanted", string(order.InPreparation), string(order.Created), string(order.Scheduled):
		return v.say("tracking.say." + key)
	}
	return v.say("tracking.say.enjoy")
}

// ending says why an order was cancelled or not taken, and what becomes of its money.
func (v viewer) ending() string {
	var parts []string
	if last := len(v.File.History) - 1; last >= 0 {
		if r := strings.TrimRight(strings.Join(strings.Fields(v.File.History[last].Reason), " "), "."); r != "" {
			parts = append(parts, v.say("tracking.reason", errs.Word(r)))
		}
	}
	if t := v.File.Terms; t != nil {
		switch {
		case t.Pay.Captured > 0 && t.Pay.Held() == 0, t.Pay.Released:
			parts = append(parts, v.say("tracking.money.back"))
		case t.Pay.Held() > 0, t.Pay.Authorised > 0:
			parts = append(parts, v.say("tracking.money.coming"))
		}
	}
	return strings.Join(parts, " ")
}

func (v viewer) waitsFor(w order.Wait) bool { return v.File.Terms != nil && v.File.Terms.Waits == w }

// interval says when it comes: half of such orders come by its beginning, nine of ten by its end, as things stand.
func (v viewer) interval() (label, when, first string) {
	o := v.File.Order
	made := o.Status == order.Created || o.Status == order.Scheduled || o.Status == order.InPreparation
	if c := v.Carried; c != nil && c.Open() && !c.ETA.At.IsZero() {
		when := v.span(v.notPast(c.ETA.From), v.notPast(c.ETA.To))
		if !c.PromisedAt.IsZero() && c.ETA.To.Sub(c.PromisedAt).Abs() >= worthSaying {
			first = v.say("tracking.first_by", v.clock(c.PromisedAt))
		}
		return v.say("tracking.at_door"), when, first
	}
	switch p := v.Promise; {
	case made && p != nil && !p.P90.IsZero():
		if !v.Now.Before(p.P90) {
			return v.say("tracking.ready_at"), v.say("tracking.any_moment"), v.firstSaid()
		}
		return v.say("tracking.ready_at"), v.span(v.notPast(p.P50), p.P90), v.firstSaid()
	case made && v.File.Terms != nil && !v.File.Terms.WantedAt.IsZero():
		return v.say("tracking.ready_at"), v.clock(v.File.Terms.WantedAt), ""
	case !o.ReadyAt.IsZero() && o.Type != order.Delivery:
		return v.say("tracking.ready_since"), v.clock(o.ReadyAt), ""
	}
	return "", "", ""
}

func (v viewer) notPast(t time.Time) time.Time {
	if t.Before(v.Now) {
		return v.Now
	}
	return t
}

// firstSaid is what the kitchen said at first, when that has moved.
func (v viewer) firstSaid() string {
	p := v.Promise
	if p.P90.Sub(p.FirstP90()).Abs() < worthSaying {
		return ""
	}
	return v.say("tracking.first", v.span(p.FirstP50(), p.FirstP90()))
}

// code is what the guest says when he is given his order.
func (v viewer) code() (code, say string) {
	t := v.File.Terms
	if t == nil || t.Code == "" || v.File.Order.Type == order.DineIn {
		return "", ""
	}
	return t.Code, v.say("tracking.code." + string(v.File.Order.Type))
}

func (v viewer) lines() []line {
	var list []line
	for _, l := range v.File.Order.Lines {
		list = append(list, line{l.Quantity, l.Cancelled, l.Name, v.sum(l.UnitPrice.Times(l.Quantity))})
	}
	return list
}

// busy are the causes that mean that a kitchen has much to do.
var busy = map[kitchen.Cause]bool{
	kitchen.CauseStation: true, kitchen.CauseMachine: true, kitchen.CausePerson: true, kitchen.CauseItems: true,
	kitchen.CauseRequeue: true, kitchen.CauseNotBegun: true, kitchen.CauseOther: true,
}

// notes say what has changed since the order was placed, and why; the latest first.
func (v viewer) notes() []note {
	var list []note
	if !v.File.Order.Status.Closed() {
		list = append(list, v.roadNotes()...)
		list = append(list, v.promiseNotes()...)
	}
	h := v.File.History
	for i := len(h) - 1; i > 0; i-- {
		if h[i].Status == order.InPreparation && h[i-1].Status != order.Created && h[i-1].Status != order.Scheduled && h[i-1].Status != order.InPreparation {
			list = append(list, note{v.clock(h[i].At), v.say("tracking.note.again")})
		}
	}
	for _, l := range v.File.Order.Lines {
		if l.Cancelled > 0 {
			list = append(list, note{"", v.say("tracking.note.taken_off", l.Cancelled, l.Name)})
		}
	}
	if t := v.File.Terms; t != nil && t.Pay.Refunded > 0 {
		list = append(list, note{"", v.say("tracking.note.paid_back", v.sum(t.Pay.Refunded))})
	}
	return list
}

func (v viewer) promiseNotes() []note {
	p := v.Promise
	if p == nil || v.File.Order.ReadyAt.After(p.At) {
		return nil
	}
	by := p.P90.Sub(p.FirstP90())
	minutes := int((by.Abs() + 30*time.Second) / time.Minute)
	switch {
	case by <= -worthSaying:
		return []note{{"", v.say("tracking.note.sooner", minutes)}}
	case by < worthSaying:
		return nil
	}
	why := "tracking.why.longer"
	switch {
	case v.Cause == kitchen.CauseRemake:
		why = "tracking.why.again"
	case v.Cause == kitchen.CauseHold:
		why = "tracking.why.course"
	case busy[v.Cause]:
		why = "tracking.why.busy"
	}
	return []note{{"", v.say("tracking.note.later", minutes) + " " + v.say(why)}}
}

func (v viewer) roadNotes() []note {
	c := v.Carried
	if c == nil {
		return nil
	}
	var list []note
	for _, n := range []struct {
		at  time.Time
		key string
	}{{c.EscalatedAt, "tracking.note.trouble"}, {c.NearAt, "tracking.note.near"}, {c.LateAt, "tracking.note.late"}} {
		if !n.at.IsZero() {
			list = append(list, note{v.clock(n.at), v.say(n.key)})
		}
	}
	return list
}

// staleAfter is when a driver's position counts as old.
const staleAfter = 90 * time.Second

// drawn is the map: the outlet, the door, and the driver while he has this order on board.
func (v viewer) drawn() *town.Drawing {
	c := v.Carried
	if c == nil || !c.Open() || !c.Located {
		return nil
	}
	m := town.Map{Tiles: v.tiles.Template, Credit: v.tiles.Credit}
	m.Places = []town.Place{
		{Key: "outlet", Kind: "outlet", Label: v.Outlet.Name, At: c.From},
		{Key: "door", Kind: "door", Label: v.say("tracking.you"), At: c.To},
	}
	way := town.Way{Kind: "plan", Via: []delivery.Point{c.From, c.To}}
	if here := c.Here; here != nil {
		p := town.Place{Key: "driver", Kind: "driver", Label: v.driverName(), At: here.Point, Marked: true}
		if age := v.Now.Sub(here.At); age > staleAfter {
			p.Faded, p.Note = true, v.say("tracking.seen", int(age/time.Minute))
		}
		m.Places = append(m.Places, p)
		way = town.Way{Kind: "ride", Via: []delivery.Point{here.Point, c.To}}
	}
	m.Ways = []town.Way{way}
	if v.Zone != nil {
		m.Areas = []town.Area{{Kind: "open", Shape: v.Zone.Area}}
	}
	d := m.Draw(mapWidth, mapHeight)
	return &d
}

const mapWidth, mapHeight = 720, 400

func (v viewer) driverName() string {
	if v.Driver == "" {
		return v.say("tracking.driver")
	}
	return v.Driver
}
