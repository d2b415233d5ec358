package driver

import (
	"fmt"
	"html/template"
	"net/url"
	"strconv"
	"time"

	"brigade/internal/delivery"
	"brigade/internal/web/page"
	"brigade/internal/web/texts"
)

// view is what changes on a driver's page while he looks.
type view struct {
	ID, Base string // of the driver; of what is sent
	Shift    shiftView
	Trips    []trip
	Pickups  []pickup
	Doors    []door
}

// shiftView is whether he works.
type shiftView struct {
	State  string // off, incident, break, waiting, delivering
	Says   string
	Note   string
	AtWork bool
	Refs   string // of what is tapped; see refsOf
}

// trip is what he is offered together.
type trip struct {
	ID     int64
	Until  time.Time
	Clock  string // of Until
	Orders int
	Refs   string
	Legs   []leg
}

// leg is one order of a trip, before he takes it: nothing of its guest is told yet.
type leg struct {
	Short, Outlet, Zone, Way, By, Cash string
	Facts                              []string
}

// pickup is a restaurant with what waits for him there.
type pickup struct {
	Outlet string
	Map    template.URL
	Bags   []bag
}

// bag is an order to be collected.
type bag struct {
	Order     int64
	Short     string
	Ready     bool
	Facts     []string
	Refs      string
	Escalated string
}

// door is where an order goes.
type door struct {
	Order             int64
	Short             string
	OnBoard           bool // he has collected it
	Customer, Address string
	Map               template.URL
	Located           bool
	By, Promised      string // when it comes, and what was said first
	Late              bool
	Cash              string
	CodeWanted        bool
	AgeCheck          bool
	Escalated         string // why somebody looks after it
	Refs              string
}

// writer says what is seen in a language.
type writer struct {
	*look
	lang texts.Language
	say  func(key string, args ...any) string
	zone *time.Location
}

// newView is a driver's work in a language.
func newView(l *look, lang texts.Language) view {
	d := l.Work.Driver
	w := writer{l, lang, page.Sayer(lang), time.UTC}
	if d.Zone != nil {
		w.zone = d.Zone
	}
	v := view{ID: strconv.FormatInt(d.ID, 10), Base: path + "/" + strconv.FormatInt(d.ID, 10), Shift: w.shift(d)}
	for _, x := range l.Work.Deliveries {
		if x.Status == delivery.Offered {
			v.Trips = w.offered(v.Trips, x)
			continue
		}
		if x.Status == delivery.Assigned {
			v.Pickups = w.toCollect(v.Pickups, x)
		}
		v.Doors = append(v.Doors, w.door(x))
	}
	return v
}

// refOf names a delivery as a page has seen it: what is tapped twice on one page, without a script, is one tap.
func refOf(x *delivery.Delivery) string {
	return strconv.FormatInt(x.Order, 10) + ":" + strconv.Itoa(x.Version)
}

func (w writer) shift(d *delivery.Driver) shiftView {
	s := shiftView{State: "waiting", AtWork: d.AtWork(), Refs: ":" + strconv.Itoa(d.Version)}
	switch {
	case !d.IncidentAt.IsZero():
		s.State, s.Note = "incident", d.Incident
	case d.Status == delivery.Delivering:
		s.State = "delivering"
	case d.Status == delivery.Idle && d.BreakUntil.After(w.Now):
		s.State, s.Says = "break", w.say("driver.is.break", w.clock(d.BreakUntil))
		return s
	case d.Status == delivery.Idle:
		s.State = "off"
	}
	s.Says = w.say("driver.is."+s.State, d.Held)
	return s
}

// offered puts an offer to those that run out with it.
func (w writer) offered(trips []trip, x *delivery.Delivery) []trip {
	l := leg{
		Short: page.ShortNumber(x.Number), Outlet: w.Outlets[x.Outlet].Name, Zone: x.Zone, Way: w.way(x), By: w.clock(x.ETA.At),
		Cash: w.cash(x), Facts: w.facts(x),
	}
	for i := range trips {
		if t := &trips[i]; t.Until.Equal(x.OfferUntil) {
			t.Orders, t.Refs, t.Legs = t.Orders+1, t.Refs+","+refOf(x), append(t.Legs, l)
			return trips
		}
	}
	until := x.OfferUntil.In(w.zone).Format("15:04:05")
	return append(trips, trip{x.Order, x.OfferUntil, until, 1, refOf(x), []leg{l}})
}

// toCollect puts an order to those of the same restaurant.
func (w writer) toCollect(list []pickup, x *delivery.Delivery) []pickup {
	b := bag{
		Order: x.Order, Short: page.ShortNumber(x.Number), Ready: x.Ready(), Facts: w.facts(x), Refs: refOf(x), Escalated: escalated(x),
	}
	name := w.Outlets[x.Outlet].Name
	for i := range list {
		if list[i].Outlet == name {
			list[i].Bags = append(list[i].Bags, b)
			return list
		}
	}
	return append(list, pickup{name, geo(x.From, true, name), []bag{b}})
}

func (w writer) door(x *delivery.Delivery) door {
	return door{
		Order: x.Order, Short: page.ShortNumber(x.Number), OnBoard: x.Status == delivery.PickedUp, Customer: x.Customer, Address: x.Address,
		Map: geo(x.To, x.Located, x.Address), Located: x.Located, By: w.clock(x.ETA.At), Promised: w.clock(x.PromisedAt),
		Late: !x.PromisedAt.IsZero() && x.ETA.At.After(x.PromisedAt), Cash: w.cash(x), CodeWanted: x.Code != "", AgeCheck: x.AgeCheck(),
		Escalated: escalated(x), Refs: refOf(x),
	}
}

// escalated is why somebody looks after a delivery; "" = nobody has to.
func escalated(x *delivery.Delivery) string {
	if x.EscalatedAt.IsZero() {
		return ""
	}
	return x.Note
}

// facts are what he has to know before he takes an order.
func (w writer) facts(x *delivery.Delivery) (list []string) {
	if x.Size > 1 {
		list = append(list, w.say("driver.size", x.Size))
	}
	if x.AgeCheck() {
		list = append(list, w.say("driver.alcohol"))
	}
	return list
}

func (w writer) clock(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(w.zone).Format("15:04")
}

// cash is what he has to take at the door; "" = nothing.
func (w writer) cash(x *delivery.Delivery) string {
	due, ok := w.Money[x.Order]
	if !ok {
		return ""
	}
	return page.Priced(w.lang, due.Currency, due.Sum)
}

// way is how far the door is from the restaurant, as the crow flies.
func (w writer) way(x *delivery.Delivery) string {
	if !x.Located {
		return ""
	}
	km := fmt.Sprintf("%.1f", x.From.Metres(x.To)/1000)
	if w.lang.Code != "en" {
		km = comma(km)
	}
	return w.say("driver.way", km)
}

func comma(number string) string {
	b := []byte(number)
	for i := range b {
		if b[i] == '.' {
			b[i] = ','
		}
	}
	return string(b)
}

// geo is a link to the phone's own maps (RFC 5870, with the query by which maps name a place): to a point, or to an address
// that nobody has placed yet.
func geo(p delivery.Point, located bool, name string) template.URL {
	if !located {
		return template.URL("geo:0,0?q=" + url.PathEscape(name)) //nolint:gosec // every part is escaped
	}
	at := strconv.FormatFloat(p.Lat, 'f', 6, 64) + "," + strconv.FormatFloat(p.Lon, 'f', 6, 64)
	return template.URL("geo:" + at + "?q=" + at + "%28" + url.PathEscape(name) + "%29") //nolint:gosec // the same
}
