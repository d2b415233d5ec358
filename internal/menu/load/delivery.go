package load

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"brigade/internal/money"
)

// Kinds of things that deliver.
const (
	KindRegion Kind = "region"
	KindDriver Kind = "driver"
	KindPlace  Kind = "place"
	KindZone   Kind = "zone"
	KindReach  Kind = "reach"
)

// Delivery is how a tenant's orders are carried: by own drivers, region by region.
type Delivery struct {
	Regions []Region
	Places  []Place
}

// Region is where drivers and outlets belong together.
type Region struct {
	Slug, Name, Timezone string
	OfferFor             time.Duration // an offer that nobody answers goes to somebody else then; whole seconds
	Outlets              []Site
	Drivers              []Driver
}

// Site is where an outlet stands, in degrees, and where it delivers.
type Site struct {
	Outlet   string
	Lat, Lon float64
	Zones    []Zone // nil: the file does not say
	Reach    *Reach // nil: the file does not say
}

// Reach is how far an outlet delivers beside its zones.
type Reach struct {
	Metres      float64 // while it has no zones; 0: everywhere
	TakeUnknown bool    // addresses that nobody can place
}

// Zone is a part of town that an outlet delivers to.
type Zone struct {
	Name                   string
	Fee, Minimum, FreeFrom money.Amount
	Extra                  time.Duration
	From, To               string         // 15:04; both empty: always
	Rings                  [][][2]float64 // longitude, latitude; as in a GeoJSON Polygon
}

// Driver is somebody who carries orders.
type Driver struct {
	Name, Vehicle string
	Capacity      int      // order sizes on board at a time
	Skills        []string // alcohol, large
	Times         []Time   // shifts; none: whenever he likes
}

// Place is where an address is: a street, or a house in one.
type Place struct {
	Address  string // in lower case
	Lat, Lon float64
}

var (
	vehicles      = regexp.MustCompile(`^(foot|bicycle|moped|car)$`)
	driverSkills  = []string{"alcohol", "large"}
	longestOffer  = 10 * time.Minute
	usualOffer    = 45 * time.Second
	mostOnBoard   = 100
	usualCapacity = 3
)

// delivery reads how orders are carried. Outlets that other files describe may be named too: whoever loads finds them.
func (r *reader) delivery(n *yaml.Node, doc *Document) *Delivery {
	f := r.mapping(n, "delivery", "regions!", "places")
	d := &Delivery{}
	slugs, people, sites := names{what: "region"}, names{what: "driver", fold: true}, names{what: "outlet"}
	for _, n := range f.list("regions") {
		g := r.mapping(n, "a region", "slug!", "name!", "timezone", "offer_for", "outlets!", "drivers")
		region := Region{
			Slug: g.match("slug", slugForm, slugSays), Name: g.text("name"), Timezone: g.zone(doc.Tenant.Timezone),
			OfferFor: g.span("offer_for", 5*time.Second, longestOffer, usualOffer),
		}
		slugs.add(r, g.node("slug"), region.Slug)
		for _, n := range g.list("outlets") {
			region.Outlets = append(region.Outlets, r.site(n, &sites))
		}
		for _, n := range g.list("drivers") {
			region.Drivers = append(region.Drivers, r.driver(n, &people))
		}
		d.Regions = append(d.Regions, region)
	}
	called := names{what: "place"}
	for _, n := range f.list("places") {
		p := r.mapping(n, "a place", "address!", "lat!", "lon!")
		place := Place{
			Address: strings.Join(strings.Fields(strings.ToLower(p.text("address"))), " "),
			Lat:     p.number("lat", -90, 90, 0), Lon: p.number("lon", -180, 180, 0),
		}
		called.add(r, p.node("address"), place.Address)
		d.Places = append(d.Places, place)
	}
	return d
}

func (r *reader) site(n *yaml.Node, sites *names) Site {
	o := r.mapping(n, "an outlet of a region", "outlet!", "lat!", "lon!", "radius_km", "unknown_addresses", "zones")
	site := Site{Outlet: o.match("outlet", slugForm, slugSays), Lat: o.number("lat", -90, 90, 0), Lon: o.number("lon", -180, 180, 0)}
	sites.add(r, o.node("outlet"), site.Outlet)
	if o.values["radius_km"] != nil || o.values["unknown_addresses"] != nil {
		site.Reach = &Reach{
			Metres:      o.number("radius_km", 0, furthest, 0) * 1000,
			TakeUnknown: o.match("unknown_addresses", unknowns, "take or refuse") == "take",
		}
	}
	if o.values["zones"] == nil {
		return site
	}
	site.Zones = []Zone{}
	called := names{what: "zone", fold: true}
	for _, n := range o.list("zones") {
		z := r.zone(n)
		called.add(r, n, z.Name)
		site.Zones = append(site.Zones, z)
	}
	return site
}

const (
	furthest     = 200 // km
	longestExtra = 4 * 60
)

var unknowns = regexp.MustCompile(`^(take|refuse)$`)

func (r *reader) zone(n *yaml.Node) Zone {
	f := r.mapping(n, "a zone", "name!", "fee", "minimum", "free_from", "extra_minutes", "hours", "area!")
	z := Zone{
		Name: f.text("name"), Fee: f.amount("fee"), Minimum: f.amount("minimum"), FreeFrom: f.amount("free_from"),
	}
	if m := f.number("extra_minutes", 0, longestExtra, 0); m == m {
		z.Extra = time.Duration(m * float64(time.Minute)).Truncate(time.Second)
	}
	if h := f.values["hours"]; h != nil {
		hours := r.mapping(h, "hours", "from!", "to!")
		z.From, z.To = hours.dayTime("from"), hours.dayTime("to")
	}
	if a := f.values["area"]; a != nil {
		z.Rings = r.rings(a)
	}
	return z
}

// rings reads a GeoJSON Polygon, or a plain list of [longitude, latitude] that closes by itself.
func (r *reader) rings(n *yaml.Node) (rings [][][2]float64) {
	if n.Kind == yaml.MappingNode {
		var g struct {
			Type        string         `yaml:"type"`
			Coordinates [][][2]float64 `yaml:"coordinates"`
		}
		if err := n.Decode(&g); err != nil || g.Type != "Polygon" {
			r.fault(n, "area must be a GeoJSON Polygon with rings of [longitude, latitude]")
		}
		return g.Coordinates
	}
	var ring [][2]float64
	if err := n.Decode(&ring); err != nil || len(ring) == 0 {
		r.fault(n, "area must be a GeoJSON Polygon, or a list of [longitude, latitude]")
		return nil
	}
	if ring[0] != ring[len(ring)-1] {
		ring = append(ring, ring[0])
	}
	return [][][2]float64{ring}
}

func (r *reader) driver(n *yaml.Node, people *names) Driver {
	f := r.mapping(n, "a driver", "name!", "vehicle!", "capacity", "skills", "shifts")
	d := Driver{
		Name: f.text("name"), Vehicle: f.match("vehicle", vehicles, "foot, bicycle, moped or car"), Capacity: f.count("capacity", mostOnBoard),
	}
	if f.values["capacity"] == nil {
		d.Capacity = usualCapacity
	}
	known := names{what: "skill", known: driverSkills}
	d.Skills = known.pickAll(r, f.list("skills"))
	slices.Sort(d.Skills)
	people.add(r, f.node("name"), d.Name)
	d.Times = (&kitchen{reader: r}).times(f, "shifts", Shift)
	return d
}

// Facts are what there is to say of a region, for comparisons.
func (g Region) Facts() [][2]string {
	facts := [][2]string{{"name", g.Name}, {"timezone", g.Timezone}, {"offer_for", g.OfferFor.String()}}
	for _, o := range g.Outlets {
		facts = append(facts, [2]string{"outlet " + o.Outlet, fmt.Sprintf("%.5f, %.5f", o.Lat, o.Lon)})
	}
	return facts
}

// Facts are what there is to say of a driver in a region, for comparisons.
func (d Driver) Facts(region string) [][2]string {
	shifts := Staff{Times: d.Times}.facts()
	facts := [][2]string{
		{"region", region}, {"vehicle", d.Vehicle}, {"capacity", fmt.Sprint(d.Capacity)}, {"skills", strings.Join(d.Skills, ", ")},
	}
	for _, f := range shifts {
		if f.name == Shift+"s" {
			facts = append(facts, [2]string{f.name, f.value})
		}
	}
	return facts
}

// CompareFacts returns what changes from one thing to another; nil from is nothing.
func CompareFacts(from, to [][2]string) []FieldChange {
	turn := func(list [][2]string) []fact {
		facts := make([]fact, len(list))
		for i, f := range list {
			facts[i] = fact{f[0], f[1]}
		}
		return facts
	}
	return compare(turn(from), turn(to))
}
