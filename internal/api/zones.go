package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"brigade/internal/actor"
	"brigade/internal/delivery"
	"brigade/internal/errs"
	"brigade/internal/money"
)

// Zones knows where outlets deliver; *delivery.Zones.
type Zones interface {
	Atlas(ctx context.Context, who actor.Actor, outlet int64) (*delivery.Atlas, error)
	Put(ctx context.Context, who actor.Actor, outlet int64, zones []delivery.Zone) (*delivery.Atlas, error)
	Remove(ctx context.Context, who actor.Actor, outlet int64, name string) (*delivery.Atlas, error)
	Pause(ctx context.Context, who actor.Actor, outlet int64, name string, until time.Time, reason string) (*delivery.Atlas, error)
	Resume(ctx context.Context, who actor.Actor, outlet int64, name string) (*delivery.Atlas, error)
	PutReach(ctx context.Context, who actor.Actor, outlet int64, r delivery.Reach) (*delivery.Atlas, error)
	Carry(ctx context.Context, j delivery.Journey) (delivery.Carriage, error)
}

const exampleRing = `[[[-3.72,40.41],[-3.69,40.41],[-3.69,40.43],[-3.72,40.43],[-3.72,40.41]]]`

const exampleZones = `{"zones":[{"name":"centre","fee":1.90,"minimum":10.00,"free_from":25.00,"extra_minutes":5,"hours":{"from":"12:00","to":"23:00"},"square_km":5.65,
"delivering":false,"paused":{"at":"2024-12-16T12:00:00Z","until":"2024-12-16T13:00:00Z","reason":"a demonstration","by":"Ada"},
"geometry":{"type":"Polygon","coordinates":` + exampleRing + `}}],"radius_metres":0,"unknown_addresses":"refuse"}`

func (s *server) addZones() {
	add(s, route{
		method: http.MethodGet, path: "/api/v1/delivery-regions", view: ViewCanonical, id: "list-regions", tag: tagDelivery,
		summary: "Regions", description: "Where drivers and outlets are planned together: which drivers are available, and what waits for one.",
		response: `[{"id":1,"slug":"madrid","name":"Madrid centre","timezone":"Europe/Madrid","offer_seconds":45,
"drivers":{"waiting":3,"delivering":2,"on_break":0},"deliveries":{"pending":1,"offered":1,"assigned":1,"on_board":2,"escalated":0}}]`,
	}, s.listRegions)
	zone := func(method, path, id, summary, description, request string) route {
		return changes(method, "/outlets/{outlet}"+path, id, tagDelivery, summary, description, request, exampleZones)
	}
	list := zone(http.MethodGet, "/delivery-zones", "list-zones", "Where an outlet delivers",
		"Its zones with what they cost and whether they are delivered to now. Where zones overlap, the smallest counts, also while it is "+
			"paused; one that is outside of its hours does not count. An outlet without zones delivers within `radius_metres`, 0 is everywhere.", "")
	list.errors = []int{http.StatusNotFound}
	add(s, list, s.listZones)
	add(s, zone(http.MethodPut, "/delivery-zones", "put-zones", "Set where an outlet delivers",
		"All its zones at once, as a GeoJSON FeatureCollection: each feature is a Polygon with the properties name, fee, minimum, free_from "+
			"(0: never free), extra_minutes and hours. One that keeps its name stays paused. Repeating it changes nothing.",
		`{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"name":"centre","fee":1.90,"minimum":10.00,"free_from":25.00,
"extra_minutes":5,"hours":{"from":"12:00","to":"23:00"}},"geometry":{"type":"Polygon","coordinates":`+exampleRing+`}}]}`), s.putZones)
	add(s, zone(http.MethodDelete, "/delivery-zones/{zone}", "remove-zone", "Remove a zone",
		"Nothing more is taken for it; its orders are still brought.", ""), s.removeZone)
	add(s, zone(http.MethodPost, "/delivery-zones/{zone}/pause", "pause-zone", "Pause a zone",
		"Orders for it are refused with 409 and the earliest time; what is in is still brought. Without `until` and `minutes` it is paused "+
			"until further notice. Paused again: the new time and reason hold.", `{"minutes":30,"reason":"a demonstration"}`), s.pauseZone)
	add(s, zone(http.MethodPost, "/delivery-zones/{zone}/resume", "resume-zone", "End the pause of a zone",
		"Orders for it are taken again. Repeating it changes nothing.", ""), s.resumeZone)
	add(s, zone(http.MethodPut, "/delivery-reach", "put-reach", "Set how far an outlet delivers",
		"How far it delivers while it has no zones, and whether addresses are taken that nobody can place: without a fee, by an ordinary ride.",
		`{"radius_metres":5000,"unknown_addresses":"take"}`), s.putReach)
	check := zone(http.MethodGet, "/delivery-check", "check-delivery", "Is this delivered to?",
		"The zone of a place or an address, and what an order of that total would pay. 422 when nothing is delivered there.", "")
	check.response = `{"zone":"centre","fee":1.90,"minimum":10.00,"free_from":25.00,"extra_minutes":5,"refused":""}`
	add(s, check, s.checkDelivery)
}

// ZonePauseView says that a zone is paused. It is exported for huma, as OutletParam.
type ZonePauseView struct {
	At     time.Time  `json:"at"`
	Until  *time.Time `json:"until" doc:"null: until further notice"`
	Reason string     `json:"reason" example:"a demonstration"`
	By     string     `json:"by" example:"Ada"`
}

// ZoneHours are when a zone is delivered to. It is exported for huma, as OutletParam.
type ZoneHours struct {
	From string `json:"from" pattern:"^([01][0-9]|2[0-3]):[0-5][0-9]$" doc:"In the outlet's time" example:"12:00"`
	To   string `json:"to" pattern:"^([01][0-9]|2[0-3]):[0-5][0-9]$" doc:"Not after from: next day" example:"23:00"`
}

// Geometry is a GeoJSON Polygon. It is exported for huma, as OutletParam.
type Geometry struct {
	_           struct{}      `json:"-" additionalProperties:"true"`
	Type        string        `json:"type" enum:"Polygon" example:"Polygon"`
	Coordinates [][][]float64 `json:"coordinates" minItems:"1" doc:"Rings of [longitude, latitude], the outer one first; the last position of each is its first"`
}

// ZoneView is a zone as clients see it. It is exported for huma, as OrderView.
type ZoneView struct {
	Name       string         `json:"name" example:"centre"`
	Fee        money.Amount   `json:"fee" example:"1.90"`
	Minimum    money.Amount   `json:"minimum" doc:"What an order must come to, without the fee" example:"10.00"`
	FreeFrom   *money.Amount  `json:"free_from" doc:"From there on there is no fee; null: never" example:"25.00"`
	Extra      float64        `json:"extra_minutes" doc:"Promised on top of the estimate" example:"5"`
	Hours      *ZoneHours     `json:"hours" doc:"null: always"`
	SquareKm   float64        `json:"square_km" example:"5.65"`
	Delivering bool           `json:"delivering" doc:"It is neither paused nor outside of its hours"`
	Paused     *ZonePauseView `json:"paused" doc:"null: it is not"`
	Geometry   Geometry       `json:"geometry"`
}

type zonesOutput struct {
	Body struct {
		Zones   []ZoneView `json:"zones" doc:"By name"`
		Radius  float64    `json:"radius_metres" doc:"How far is delivered while there are no zones; 0: everywhere" example:"5000"`
		Unknown string     `json:"unknown_addresses" enum:"refuse,take" doc:"What becomes of orders whose address nobody can place" example:"refuse"`
	} `nameHint:"DeliveryZones"`
}

// viewZones shows an atlas at the outlet's time.
func (s *server) viewZones(ctx context.Context, who actor.Actor, outlet int64, a *delivery.Atlas, err error) (*zonesOutput, error) {
	if err != nil {
		return nil, err
	}
	local, err := s.localTime(ctx, who, outlet)
	if err != nil {
		return nil, err
	}
	out := &zonesOutput{}
	out.Body.Zones, out.Body.Radius, out.Body.Unknown = make([]ZoneView, len(a.Zones)), a.Radius, "refuse"
	if a.TakeUnknown {
		out.Body.Unknown = "take"
	}
	for i := range a.Zones {
		out.Body.Zones[i] = viewZone(&a.Zones[i], local)
	}
	return out, nil
}

func viewZone(z *delivery.Zone, local time.Time) ZoneView {
	v := ZoneView{
		Name: z.Name, Fee: z.Fee, Minimum: z.Minimum, FreeFrom: given(z.FreeFrom), Extra: z.Extra.Minutes(),
		SquareKm: float64(int(z.Area.SquareMetres()/1e4)) / 100, Delivering: z.Active(local) && !z.Paused(local), Geometry: Geometry{Type: "Polygon"},
	}
	for _, ring := range z.Area.Rings() {
		list := make([][]float64, len(ring))
		for i, c := range ring {
			list[i] = []float64{c[0], c[1]}
		}
		v.Geometry.Coordinates = append(v.Geometry.Coordinates, list)
	}
	if z.Opens != z.Closes {
		v.Hours = &ZoneHours{dayClock(z.Opens), dayClock(z.Closes)}
	}
	if z.Paused(local) {
		v.Paused = &ZonePauseView{z.Pause.At.UTC(), when(z.Pause.Until), z.Pause.Reason, z.Pause.By}
	}
	return v
}

func dayClock(d time.Duration) string {
	return fmt.Sprintf("%02d:%02d", int(d/time.Hour), int(d/time.Minute)%60)
}

// localTime is the present by an outlet's clock; 0 is the actor's own outlet.
func (s *server) localTime(ctx context.Context, who actor.Actor, outlet int64) (time.Time, error) {
	list, err := s.Tenants.ListOutlets(ctx, who.Tenant)
	now := s.Clock.Now()
	for _, o := range list {
		if (o.ID == outlet || outlet == 0 && o.ID == who.Outlet) && o.Timezone != nil {
			return now.In(o.Timezone), err
		}
	}
	return now.UTC(), err
}

// AtOutletRef is the outlet of a path. It is exported for huma, as OutletParam.
type AtOutletRef struct {
	Outlet string `path:"outlet" doc:"Slug or id" example:"kitchen" maxLength:"100"`
}

// ofZones does something with an outlet's zones and shows what they are then.
func (s *server) ofZones(ctx context.Context, who actor.Actor, ref string, do func(outlet int64) (*delivery.Atlas, error)) (*zonesOutput, error) {
	outlet, err := s.outlet(ctx, who, ref)
	if err != nil {
		return nil, err
	}
	a, err := do(outlet)
	return s.viewZones(ctx, who, outlet, a, err)
}

func (s *server) listZones(ctx context.Context, who actor.Actor, in *AtOutletRef) (*zonesOutput, error) {
	return s.ofZones(ctx, who, in.Outlet, func(outlet int64) (*delivery.Atlas, error) { return s.Zones.Atlas(ctx, who, outlet) })
}

// ZoneProperties are what a feature says of its zone. It is exported for huma, as OutletParam.
type ZoneProperties struct {
	Name     string     `json:"name" minLength:"1" maxLength:"60" example:"centre"`
	Fee      price      `json:"fee,omitempty" example:"1.90"`
	Minimum  price      `json:"minimum,omitempty" example:"10.00"`
	FreeFrom price      `json:"free_from,omitempty" example:"25.00"`
	Extra    float64    `json:"extra_minutes,omitempty" minimum:"0" maximum:"240" example:"5"`
	Hours    *ZoneHours `json:"hours,omitempty"`
}

// ZoneFeature is a GeoJSON Feature. It is exported for huma, as OutletParam.
type ZoneFeature struct {
	_          struct{}       `json:"-" additionalProperties:"true"`
	Type       string         `json:"type" enum:"Feature"`
	Properties ZoneProperties `json:"properties"`
	Geometry   Geometry       `json:"geometry"`
}

type putZonesInput struct {
	AtOutletRef
	Body struct {
		_        struct{}      `json:"-" additionalProperties:"true"`
		Type     string        `json:"type" enum:"FeatureCollection"`
		Features []ZoneFeature `json:"features" maxItems:"200"`
	} `nameHint:"ZoneFeatures"`
}

func (s *server) putZones(ctx context.Context, who actor.Actor, in *putZonesInput) (*zonesOutput, error) {
	var f errs.Fields
	zones := make([]delivery.Zone, len(in.Body.Features))
	for i, x := range in.Body.Features {
		zones[i] = x.zone(&f, fmt.Sprintf("features[%d]", i))
	}
	if err := f.Err(); err != nil {
		return nil, err
	}
	return s.ofZones(ctx, who, in.Outlet, func(outlet int64) (*delivery.Atlas, error) { return s.Zones.Put(ctx, who, outlet, zones) })
}

// zone reads a feature; what is wrong with the zone itself, delivery says.
func (x ZoneFeature) zone(f *errs.Fields, at string) delivery.Zone {
	p := x.Properties
	sum := func(field string, v price) (a money.Amount) {
		read, err := v.amount()
		if err != nil {
			f.Add(at+"."+field, "%s", err)
		} else if read != nil {
			a = *read
		}
		return a
	}
	z := delivery.Zone{
		Name: p.Name, Fee: sum("fee", p.Fee), Minimum: sum("minimum", p.Minimum), FreeFrom: sum("free_from", p.FreeFrom),
		Extra: time.Duration(p.Extra * float64(time.Minute)).Truncate(time.Second),
	}
	if p.Hours != nil {
		z.Opens, z.Closes = sinceMidnight(p.Hours.From), sinceMidnight(p.Hours.To)
	}
	for i, ring := range x.Geometry.Coordinates {
		z.Area = append(z.Area, nil)
		for j, c := range ring {
			if len(c) < 2 || len(c) > 3 {
				f.Add(fmt.Sprintf("%s.geometry.coordinates[%d][%d]", at, i, j), "must be [longitude, latitude]")
				continue
			}
			z.Area[i] = append(z.Area[i], delivery.Point{Lat: c[1], Lon: c[0]})
		}
	}
	return z
}

// sinceMidnight reads a checked HH:MM.
func sinceMidnight(hhmm string) time.Duration {
	t, err := time.Parse("15:04", hhmm)
	if err != nil { // its pattern was checked
		return 0
	}
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute
}

// ZoneRef names a zone of an outlet. It is exported for huma, as OutletParam.
type ZoneRef struct {
	AtOutletRef
	Zone string `path:"zone" doc:"Its name" example:"centre" maxLength:"60"`
}

func (s *server) removeZone(ctx context.Context, who actor.Actor, in *ZoneRef) (*zonesOutput, error) {
	return s.ofZones(ctx, who, in.Outlet, func(outlet int64) (*delivery.Atlas, error) { return s.Zones.Remove(ctx, who, outlet, in.Zone) })
}

type pauseZoneInput struct {
	ZoneRef
	Body struct {
		Until   *time.Time `json:"until,omitempty" doc:"Then it is delivered to again by itself" example:"2024-12-16T13:00:00Z"`
		Minutes float64    `json:"minutes,omitempty" minimum:"0" maximum:"10080" doc:"The same as a length from now" example:"30"`
		Reason  string     `json:"reason,omitempty" maxLength:"500" example:"a demonstration"`
	} `nameHint:"PauseZone"`
}

func (s *server) pauseZone(ctx context.Context, who actor.Actor, in *pauseZoneInput) (*zonesOutput, error) {
	if err := clean("reason", in.Body.Reason); err != nil {
		return nil, err
	}
	until := time.Time{}
	switch {
	case in.Body.Until != nil && in.Body.Minutes > 0:
		return nil, errs.Invalid("either until or minutes must be given")
	case in.Body.Until != nil:
		until = in.Body.Until.UTC()
	case in.Body.Minutes > 0:
		until = s.Clock.Now().Add(time.Duration(in.Body.Minutes * float64(time.Minute))).Truncate(time.Second)
	}
	return s.ofZones(ctx, who, in.Outlet, func(outlet int64) (*delivery.Atlas, error) {
		return s.Zones.Pause(ctx, who, outlet, in.Zone, until, in.Body.Reason)
	})
}

func (s *server) resumeZone(ctx context.Context, who actor.Actor, in *ZoneRef) (*zonesOutput, error) {
	return s.ofZones(ctx, who, in.Outlet, func(outlet int64) (*delivery.Atlas, error) { return s.Zones.Resume(ctx, who, outlet, in.Zone) })
}

type putReachInput struct {
	AtOutletRef
	Body struct {
		Radius  float64 `json:"radius_metres" minimum:"0" maximum:"200000" doc:"0: everywhere" example:"5000"`
		Unknown string  `json:"unknown_addresses,omitempty" enum:"refuse,take" default:"refuse" example:"take"`
	} `nameHint:"DeliveryReach"`
}

func (s *server) putReach(ctx context.Context, who actor.Actor, in *putReachInput) (*zonesOutput, error) {
	r := delivery.Reach{Radius: in.Body.Radius, TakeUnknown: in.Body.Unknown == "take"}
	return s.ofZones(ctx, who, in.Outlet, func(outlet int64) (*delivery.Atlas, error) { return s.Zones.PutReach(ctx, who, outlet, r) })
}

type checkDeliveryInput struct {
	AtOutletRef
	Lat     float64 `query:"lat" minimum:"-90" maximum:"90" doc:"With lon: where it goes"`
	Lon     float64 `query:"lon" minimum:"-180" maximum:"180"`
	Address string  `query:"address" maxLength:"500" doc:"Without lat and lon, as far as it is known" example:"Calle Mayor 5, Madrid"`
	Total   float64 `query:"total" minimum:"0" maximum:"1000000" doc:"What the order comes to" example:"18.50"`
}

// CarriageView is what carrying an order means. It is exported for huma, as OrderView.
type CarriageView struct {
	Zone     string        `json:"zone" doc:"Empty: there are no zones, or nobody knows where it is" example:"centre"`
	Fee      money.Amount  `json:"fee" example:"1.90"`
	Minimum  money.Amount  `json:"minimum" example:"10.00"`
	FreeFrom *money.Amount `json:"free_from" doc:"null: never" example:"25.00"`
	Extra    float64       `json:"extra_minutes" doc:"Promised on top of the estimate" example:"5"`
	Refused  string        `json:"refused" doc:"Why it would not be taken just now" example:""`
}

type carriageOutput struct{ Body CarriageView }

func (s *server) checkDelivery(ctx context.Context, who actor.Actor, in *checkDeliveryInput) (*carriageOutput, error) {
	outlet, err := s.outlet(ctx, who, in.Outlet)
	if err != nil {
		return nil, err
	}
	local, err := s.localTime(ctx, who, outlet)
	if err != nil {
		return nil, err
	}
	j := delivery.Journey{Tenant: who.Tenant, Outlet: outlet, Address: in.Address, Sum: money.Amount(in.Total*100 + 0.5), Local: local.Location()}
	if in.Lat != 0 || in.Lon != 0 {
		j.Door = &delivery.Point{Lat: in.Lat, Lon: in.Lon}
	}
	c, err := s.Zones.Carry(ctx, j)
	if err != nil {
		return nil, err
	}
	v := CarriageView{Zone: c.Zone, Fee: c.Fee, Minimum: c.Minimum, FreeFrom: given(c.FreeFrom), Extra: c.Extra.Minutes()}
	if c.Refusal != nil {
		v.Refused = c.Refusal.Error()
	}
	return &carriageOutput{v}, nil
}

type regionDrivers struct {
	Waiting    int `json:"waiting" doc:"Available" example:"3"`
	Delivering int `json:"delivering" example:"2"`
	Resting    int `json:"on_break" example:"0"`
}

type regionDeliveries struct {
	Pending   int `json:"pending" doc:"Nobody is asked yet" example:"1"`
	Offered   int `json:"offered" example:"1"`
	Assigned  int `json:"assigned" example:"1"`
	Aboard    int `json:"on_board" example:"2"`
	Escalated int `json:"escalated" doc:"Of all these: somebody has to look" example:"0"`
}

type regionView struct {
	ID         int64            `json:"id" example:"1"`
	Slug       string           `json:"slug" example:"madrid"`
	Name       string           `json:"name" example:"Madrid centre"`
	Timezone   string           `json:"timezone" example:"Europe/Madrid"`
	OfferFor   float64          `json:"offer_seconds" doc:"Then an offer goes to somebody else" example:"45"`
	Drivers    regionDrivers    `json:"drivers"`
	Deliveries regionDeliveries `json:"deliveries"`
}

type regionsOutput struct{ Body []regionView }

func (s *server) listRegions(ctx context.Context, who actor.Actor, _ *struct{}) (*regionsOutput, error) {
	list, err := s.Deliveries.Regions(ctx, who)
	out := &regionsOutput{Body: make([]regionView, len(list))}
	for i, r := range list {
		out.Body[i] = regionView{
			r.ID, r.Slug, r.Name, r.Zone.String(), r.OfferFor.Seconds(),
			regionDrivers{r.Waiting, r.Delivering, r.Resting},
			regionDeliveries{r.Pending, r.Offered, r.Assigned, r.Aboard, r.Escalated},
		}
	}
	return out, err
}
