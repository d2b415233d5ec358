package dispatch

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"brigade/internal/delivery"
	"brigade/internal/web/page"
	"brigade/internal/web/texts"
	"brigade/internal/web/town"
)

const (
	perPage    = 40 // deliveries in the list
	mostListed = 10_000
	mostRows   = 40 // drivers in the timeline
	oldFix     = 90 * time.Second
)

// view is a region as the page shows it. It is pure: a look in, what is to be seen out.
type view struct {
	Slug    string
	Figures []figure
	Open    []row
	Total   int
	From    int // how many stand before the first of Open
	Drivers []driver
	Zones   []zone
	Map     town.Drawing
	Gantt   gantt
}

// Before and Next are the pages of the list around this one; -1: there is none.
func (v view) Before() int { return max(-1, v.From-perPage) }

// Next is the page after this one; -1: there is none.
func (v view) Next() int {
	if n := v.From + perPage; n < v.Total {
		return n
	}
	return -1
}

// figure is the region in one number.
type figure struct {
	Name  string
	Count int
	Alarm bool
}

// row is an open delivery.
type row struct {
	Slug, Number, Short string
	State, Icon, Says   string // assigned; its icon; "Marta has it"
	Address, Outlet     string
	Promised, Expected  string
	Slack               string // "4 min late", "6 min to spare"
	Late, Alarm         bool
	DriverID            int64
	Pinned              string
	Note                string
}

// driver is somebody who could carry something.
type driver struct {
	ID               int64
	Slug, Name       string
	State, Says      string // idle, busy, off, incident
	Held, Room       int
	Vehicle          string
	Seen             string // "12 s ago"; "": never
	Stale            bool
	Stops            int
	BackAt           string // when he has brought everything
	Incident, Reason string
	Skills           string
}

// zone is a part of town.
type zone struct {
	Slug, Name, Outlet string
	OutletID           int64
	Paused             bool
	Until, Reason, By  string
}

// viewer makes a view in a language.
type viewer struct {
	*look
	say   func(key string, args ...any) string
	tiles page.Tiles
	names map[int64]string
	tours map[int64][]*delivery.Delivery // what drivers have accepted, what comes first first
}

func (s *server) viewer(l *look, lang string) viewer {
	language, _ := texts.Find(lang)
	v := viewer{l, page.Sayer(language), s.Tiles, l.names(), map[int64][]*delivery.Delivery{}}
	for _, d := range l.Region.Deliveries {
		if d.Carries(d.Driver) {
			v.tours[d.Driver] = append(v.tours[d.Driver], d)
		}
	}
	for _, tour := range v.tours {
		slices.SortStableFunc(tour, func(a, b *delivery.Delivery) int {
			return cmp.Or(a.ETA.At.Compare(b.ETA.At), cmp.Compare(a.Order, b.Order))
		})
	}
	return v
}

// view shows a look in a language, its list from a place on.
func (s *server) view(l *look, lang string, from int) view {
	v := s.viewer(l, lang)
	open := slices.Clone(l.Region.Deliveries)
	slices.SortStableFunc(open, v.moreUrgent)
	if from >= len(open) {
		from = 0
	}
	w := view{Slug: l.Place.Slug, Total: len(open), From: from, Figures: v.figures(), Drivers: v.drivers(), Zones: v.zones(), Map: v.drawn(), Gantt: v.gantt()}
	for _, d := range open[from:min(len(open), from+perPage)] {
		w.Open = append(w.Open, v.row(d))
	}
	return w
}

func (v viewer) clock(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	if v.Place.Zone != nil {
		t = t.In(v.Place.Zone)
	}
	return t.Format("15:04")
}

// usualWait is what counts as promised for a delivery of which nothing was said yet.
const usualWait = 45 * time.Minute

// slack is how much time is left between when a delivery is expected and what was promised; below zero: it will be late.
func (v viewer) slack(d *delivery.Delivery) time.Duration {
	promised, expected := d.PromisedAt, d.ETA.At
	if promised.IsZero() {
		promised = d.PlacedAt.Add(usualWait)
	}
	if expected.Before(v.Now) {
		expected = v.Now
	}
	return promised.Sub(expected)
}

// moreUrgent orders deliveries: first what does not go on by itself, then by what is left of their time.
func (v viewer) moreUrgent(a, b *delivery.Delivery) int {
	if x, y := a.EscalatedAt.IsZero(), b.EscalatedAt.IsZero(); x != y {
		if x {
			return 1
		}
		return -1
	}
	return cmp.Or(cmp.Compare(v.slack(a), v.slack(b)), cmp.Compare(a.Order, b.Order))
}

func (v viewer) figures() []figure {
	counts := map[delivery.Status]int{}
	late, free := 0, 0
	for _, d := range v.Region.Deliveries {
		counts[d.Status]++
		if v.slack(d) < 0 || !d.EscalatedAt.IsZero() {
			late++
		}
	}
	for _, d := range v.Region.Drivers {
		if d.Status == delivery.Waiting && d.IncidentAt.IsZero() {
			free++
		}
	}
	return []figure{
		{v.say("dispatch.figure.wanted"), counts[delivery.Requested], false},
		{v.say("dispatch.figure.offered"), counts[delivery.Offered], false},
		{v.say("dispatch.figure.assigned"), counts[delivery.Assigned], false},
		{v.say("dispatch.figure.aboard"), counts[delivery.PickedUp], false},
		{v.say("dispatch.figure.late"), late, late > 0},
		{v.say("dispatch.figure.free"), free, false},
	}
}

// icons are how states are drawn.
var icons = map[delivery.Status]string{
	delivery.Requested: "wait", delivery.Offered: "bell", delivery.Assigned: "person", delivery.PickedUp: "delivery",
	delivery.Delivered: "ready", delivery.Cancelled: "closed",
}

func (v viewer) row(d *delivery.Delivery) row {
	slack := v.slack(d)
	r := row{
		Slug: v.Place.Slug, Number: d.Number, Short: page.ShortNumber(d.Number), State: string(d.Status), Icon: icons[d.Status], Says: v.says(d),
		Address: d.Address, Promised: v.clock(d.PromisedAt), Expected: v.clock(d.ETA.At), Late: slack < 0, DriverID: d.Driver, Note: d.Note,
		Alarm: !d.EscalatedAt.IsZero(),
	}
	if len(v.Region.Outlets) > 1 {
		r.Outlet = v.Outlets[d.Outlet].Name
	}
	switch minutes := int(slack.Abs() / time.Minute); {
	case d.PromisedAt.IsZero():
	case slack < 0:
		r.Slack = v.say("dispatch.late", max(1, minutes))
	default:
		r.Slack = v.say("dispatch.spare", minutes)
	}
	if d.Pinned != 0 {
		r.Pinned = called(v.names, d.Pinned)
	}
	return r
}

// says tells who has a delivery.
func (v viewer) says(d *delivery.Delivery) string {
	name := called(v.names, d.Driver)
	switch d.Status {
	case delivery.Offered:
		return v.say("dispatch.says.offered", name, v.clock(d.OfferUntil))
	case delivery.Assigned:
		return v.say("dispatch.says.assigned", name)
	case delivery.PickedUp:
		return v.say("dispatch.says.picked_up", name)
	case delivery.Requested, delivery.Delivered, delivery.Cancelled:
	}
	return v.say("dispatch.says." + string(d.Status))
}

func (v viewer) drivers() []driver {
	var list []driver
	for _, d := range v.Region.Drivers {
		list = append(list, v.driver(d))
	}
	rank := map[string]int{"incident": 0, "idle": 1, "busy": 2, "off": 3}
	slices.SortStableFunc(list, func(a, b driver) int { return cmp.Or(rank[a.State]-rank[b.State], strings.Compare(a.Name, b.Name)) })
	return list
}

func (v viewer) driver(d *delivery.Driver) driver {
	x := driver{
		ID: d.ID, Slug: v.Place.Slug, Name: d.Name, Held: d.Held, Room: d.Capacity, Vehicle: v.say("dispatch.vehicle." + d.Vehicle),
		Stops: len(v.tours[d.ID]), Skills: strings.Join(delivery.SkillNames(d.Skills), ", "),
	}
	switch {
	case !d.IncidentAt.IsZero():
		x.State, x.Incident, x.Reason = "incident", v.clock(d.IncidentAt), d.Incident
	case d.Status == delivery.Waiting:
		x.State = "idle"
	case d.Status == delivery.Delivering:
		x.State = "busy"
	default:
		x.State = "off"
	}
	x.Says = v.say("dispatch.driver." + x.State)
	if tour := v.tours[d.ID]; len(tour) > 0 {
		x.BackAt = v.clock(tour[len(tour)-1].ETA.At)
	}
	if d.Last != nil {
		age := v.Now.Sub(d.Last.At)
		x.Stale = age > oldFix
		x.Seen = v.age(age)
	}
	return x
}

// age says how long ago something was, in steps that do not change all the time.
func (v viewer) age(d time.Duration) string {
	switch {
	case d < 30*time.Second:
		return v.say("dispatch.age.now")
	case d < oldFix:
		return v.say("dispatch.age.minute")
	case d < time.Hour:
		return v.say("dispatch.age.minutes", int(d/time.Minute))
	}
	return v.say("dispatch.age.long")
}

func (v viewer) zones() []zone {
	var list []zone
	for _, z := range v.Region.Zones {
		x := zone{Slug: v.Place.Slug, Name: z.Name, OutletID: z.Outlet, Paused: z.Paused(v.Now)}
		if len(v.Region.Outlets) > 1 {
			x.Outlet = v.Outlets[z.Outlet].Name
		}
		if x.Paused {
			x.Until, x.Reason, x.By = v.clock(z.Pause.Until), z.Pause.Reason, z.Pause.By
		}
		list = append(list, x)
	}
	return list
}

const mapWidth, mapHeight = 900, 620

// drawn is the map: zones, outlets, doors, drivers and the stops that they have before them.
func (v viewer) drawn() town.Drawing {
	m := town.Map{Around: true, Tiles: v.tiles.Template, Credit: v.tiles.Credit}
	for _, z := range v.Region.Zones {
		kind, label := "open", z.Name
		if z.Paused(v.Now) {
			kind, label = "paused", z.Name+" · "+v.say("dispatch.zone.paused")
		}
		m.Areas = append(m.Areas, town.Area{Kind: kind, Label: label, Shape: z.Area})
	}
	for id, at := range v.Region.Outlets {
		m.Places = append(m.Places, town.Place{Key: "outlet-" + idText(id), Kind: "outlet", Label: v.Outlets[id].Name, At: at})
	}
	slices.SortFunc(m.Places, func(a, b town.Place) int { return strings.Compare(a.Key, b.Key) })
	for _, d := range v.Region.Deliveries {
		if d.Located {
			m.Places = append(m.Places, v.door(d))
		}
	}
	for _, d := range v.Region.Drivers {
		if d.Last != nil && (d.AtWork() || !d.IncidentAt.IsZero()) {
			m.Places = append(m.Places, v.onRoad(d))
			m.Ways = append(m.Ways, v.way(d)...)
		}
	}
	return m.Draw(mapWidth, mapHeight)
}

func (v viewer) door(d *delivery.Delivery) town.Place {
	p := town.Place{Key: "order-" + d.Number, Kind: "door", Label: page.ShortNumber(d.Number), Note: v.says(d), At: d.To}
	if v.slack(d) < 0 || !d.EscalatedAt.IsZero() {
		p.Kind = "door late"
	}
	return p
}

func (v viewer) onRoad(d *delivery.Driver) town.Place {
	x := v.driver(d)
	p := town.Place{Key: "driver-" + idText(d.ID), Kind: "driver", Label: d.Name, Note: x.Says, At: d.Last.Point, Faded: x.Stale, Marked: !d.IncidentAt.IsZero()}
	if d.Status != delivery.Delivering {
		p.Kind = "driver idle"
	}
	if x.Stale {
		p.Note += ", " + v.say("dispatch.seen", x.Seen)
	}
	return p
}

// way is what a driver has before him: to the outlets for what he fetches, then from door to door as it is expected.
func (v viewer) way(d *delivery.Driver) []town.Way {
	tour := v.tours[d.ID]
	if len(tour) == 0 {
		return nil
	}
	via := []delivery.Point{d.Last.Point}
	for _, x := range tour {
		if x.Status == delivery.Assigned && !slices.Contains(via, x.From) {
			via = append(via, x.From)
		}
	}
	for _, x := range tour {
		via = append(via, x.To)
	}
	return []town.Way{{Kind: "ride", Of: "driver-" + strconv.FormatInt(d.ID, 10), Via: via}}
}
