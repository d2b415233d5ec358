package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"

	"brigade/internal/errs"
)

type zoneCommand struct {
	List   zoneList   `cmd:"" help:"The zones of an outlet: fees, minimums, and whether they are delivered to now."`
	Show   zoneShow   `cmd:"" help:"One zone, with its area."`
	Load   zoneLoad   `cmd:"" help:"Set the zones of an outlet from a GeoJSON file, all of them."`
	Remove zoneRemove `cmd:"" help:"Remove a zone; its orders are still brought."`
	Pause  zonePause  `cmd:"" help:"Take no orders for a zone for a while."`
	Resume zoneResume `cmd:"" help:"Take orders for a zone again."`
	Check  zoneCheck  `cmd:"" help:"Is this place delivered to, and what does it cost?"`
	Reach  zoneReach  `cmd:"" help:"How far an outlet delivers without zones; what becomes of unknown addresses."`
}

// zoneReply is a zone as the API gives it.
type zoneReply struct {
	Name     string       `json:"name"`
	Fee      json.Number  `json:"fee"`
	Minimum  json.Number  `json:"minimum"`
	FreeFrom *json.Number `json:"free_from"`
	Extra    float64      `json:"extra_minutes"`
	Hours    *struct {
		From string `json:"from"`
		To   string `json:"to"`
	} `json:"hours"`
	SquareKm   float64 `json:"square_km"`
	Delivering bool    `json:"delivering"`
	Paused     *struct {
		Until  *time.Time `json:"until"`
		Reason string     `json:"reason"`
		By     string     `json:"by"`
	} `json:"paused"`
	Geometry json.RawMessage `json:"geometry"`
}

// zonesReply is where an outlet delivers, as the API gives it.
type zonesReply struct {
	Zones   []zoneReply `json:"zones"`
	Radius  float64     `json:"radius_metres"`
	Unknown string      `json:"unknown_addresses"`
}

// state says whether a zone is delivered to: "yes", "paused until 13:00 by Ada: a flood", "no, from 12:00 to 23:00".
func (z zoneReply) state(env *Env) string {
	switch {
	case z.Paused != nil:
		text := "paused"
		if z.Paused.Until != nil {
			text += " until " + env.clock(z.Paused.Until)
		}
		text += " by " + z.Paused.By
		if z.Paused.Reason != "" {
			text += ": " + z.Paused.Reason
		}
		return text
	case z.Delivering:
		return "yes"
	case z.Hours != nil:
		return "no, from " + z.Hours.From + " to " + z.Hours.To
	}
	return "no"
}

func orNever(n *json.Number) string {
	if n == nil {
		return "never"
	}
	return string(*n)
}

func (z zoneReply) hours() string {
	if z.Hours == nil {
		return "always"
	}
	return z.Hours.From + "-" + z.Hours.To
}

func (r zonesReply) show(env *Env) error {
	t := newTable(env.Out, "ZONE", "FEE", "MINIMUM", "FREE FROM", "EXTRA MIN", "HOURS", "KM²", "DELIVERED TO")
	for _, z := range r.Zones {
		t.row(z.Name, z.Fee, z.Minimum, orNever(z.FreeFrom), z.Extra, z.hours(), z.SquareKm, z.state(env))
	}
	if err := t.end(); err != nil {
		return err
	}
	reach := "everywhere"
	if r.Radius > 0 {
		reach = fmt.Sprintf("within %g km", r.Radius/1000)
	}
	if len(r.Zones) == 0 {
		fmt.Fprintf(env.Out, "no zones: delivered to %s\n", reach)
	}
	_, err := fmt.Fprintf(env.Out, "addresses that nobody can place: %s\n", r.Unknown)
	return err
}

// ZonesOf names the outlet whose zones are meant.
type ZonesOf struct {
	Name string `arg:"" name:"outlet" help:"Which outlet, by slug or id."`
}

func (z ZonesOf) path(more string) string { return "/outlets/" + url.PathEscape(z.Name) + more }

// ask sends a request and shows the zones as they are then.
func (z ZonesOf) ask(ctx context.Context, env *Env, r *Remote, method, more string, body any) error {
	return ask(ctx, env, r, request{method: method, path: z.path(more), body: body}, func(v zonesReply) error { return v.show(env) })
}

type zoneList struct {
	ZonesOf
	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (zoneList) Help() string {
	return `Where zones overlap, the smallest counts. For example:

    brigade delivery zone list kitchen`
}

// Run lists the zones.
func (c *zoneList) Run(ctx context.Context, env *Env) error {
	return c.ask(ctx, env, &c.Remote, http.MethodGet, "/delivery-zones", nil)
}

// ZoneName names a zone of an outlet.
type ZoneName struct {
	ZonesOf
	Zone string `arg:"" name:"zone" help:"Which zone."`
}

func (z ZoneName) at(more string) string { return "/delivery-zones/" + url.PathEscape(z.Zone) + more }

type zoneShow struct {
	ZoneName
	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (zoneShow) Help() string {
	return `For example:

    brigade delivery zone show kitchen centre`
}

// Run shows a zone.
func (c *zoneShow) Run(ctx context.Context, env *Env) error {
	quiet := c.Remote
	quiet.JSON = false // it is one of a list
	return ask(ctx, env, &quiet, request{path: c.path("/delivery-zones")}, func(r zonesReply) error {
		for _, z := range r.Zones {
			if z.Name == c.Zone {
				return z.show(env, c.JSON)
			}
		}
		return errs.NotFound("there is no zone %q", c.Zone)
	})
}

func (z zoneReply) show(env *Env, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(env.Out).Encode(z)
	}
	t := newTable(env.Out)
	t.row("zone", z.Name)
	t.row("fee", z.Fee)
	t.row("minimum", z.Minimum)
	t.row("free from", orNever(z.FreeFrom))
	t.row("extra minutes", z.Extra)
	t.row("hours", z.hours())
	t.row("size", fmt.Sprintf("%g km²", z.SquareKm))
	t.row("delivered to", z.state(env))
	t.row("area", string(z.Geometry))
	return t.end()
}

type zoneLoad struct {
	ZonesOf
	File   string `arg:"" name:"file" type:"existingfile" help:"A GeoJSON FeatureCollection."`
	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (zoneLoad) Help() string {
	return `Each feature is a Polygon with the properties name, fee, minimum, free_from, extra_minutes and hours. What the file does not
list is removed; a zone that keeps its name stays paused. For example:

    brigade delivery zone load kitchen zones.geojson

with {"type":"FeatureCollection","features":[{"type":"Feature",
  "properties":{"name":"centre","fee":1.90,"minimum":10,"free_from":25,"hours":{"from":"12:00","to":"23:00"}},
  "geometry":{"type":"Polygon","coordinates":[[[-3.72,40.41],[-3.69,40.41],[-3.69,40.43],[-3.72,40.43],[-3.72,40.41]]]}}]}

The tenant's file may say the same; see brigade load.`
}

// Run loads zones.
func (c *zoneLoad) Run(ctx context.Context, env *Env) error {
	text, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	if !json.Valid(text) {
		return errs.Invalid("%s is not JSON", c.File)
	}
	return c.ask(ctx, env, &c.Remote, http.MethodPut, "/delivery-zones", json.RawMessage(text))
}

type zoneRemove struct {
	ZoneName
	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (zoneRemove) Help() string {
	return `To stop for a while, pause it instead. For example:

    brigade delivery zone remove kitchen outskirts`
}

// Run removes a zone.
func (c *zoneRemove) Run(ctx context.Context, env *Env) error {
	return c.ask(ctx, env, &c.Remote, http.MethodDelete, c.at(""), nil)
}

type zonePause struct {
	ZoneName
	Minutes float64 `name:"minutes" placeholder:"N" help:"So long (default: until further notice)."`
	Until   string  `name:"until" placeholder:"TIME" help:"The same as a time, as 2026-05-04T18:00:00Z."`
	Reason  string  `name:"reason" placeholder:"TEXT" help:"Why, for whoever is refused."`
	Remote  `group:"server"`
}

// Help implements kong.HelpProvider.
func (zonePause) Help() string {
	return `Orders for it are refused with the earliest time; what is in is still brought. Undo it with resume. For example:

    brigade delivery zone pause kitchen outskirts --minutes 45 --reason "two drivers short"`
}

// Run pauses a zone.
func (c *zonePause) Run(ctx context.Context, env *Env) error {
	body := map[string]any{}
	if c.Minutes != 0 {
		body["minutes"] = c.Minutes
	}
	if c.Until != "" {
		body["until"] = c.Until
	}
	if c.Reason != "" {
		body["reason"] = c.Reason
	}
	return c.ask(ctx, env, &c.Remote, http.MethodPost, c.at("/pause"), body)
}

type zoneResume struct {
	ZoneName
	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (zoneResume) Help() string {
	return `For example:

    brigade delivery zone resume kitchen outskirts`
}

// Run ends a pause.
func (c *zoneResume) Run(ctx context.Context, env *Env) error {
	return c.ask(ctx, env, &c.Remote, http.MethodPost, c.at("/resume"), nil)
}

type zoneCheck struct {
	ZonesOf
	Address string   `arg:"" optional:"" name:"address" help:"Where to, as far as it is known."`
	Lat     *float64 `name:"lat" placeholder:"DEGREES" help:"With --lon, instead of an address."`
	Lon     *float64 `name:"lon" placeholder:"DEGREES" help:"With --lat."`
	Total   float64  `name:"total" placeholder:"N" help:"What the order comes to."`
	Remote  `group:"server"`
}

// Help implements kong.HelpProvider.
func (zoneCheck) Help() string {
	return `For example:

    brigade delivery zone check kitchen "Calle de Goya 5" --total 18.50
    brigade delivery zone check kitchen --lat=40.42 --lon=-3.70`
}

// Run checks a place.
func (c *zoneCheck) Run(ctx context.Context, env *Env) error {
	q := url.Values{}
	if c.Address != "" {
		q.Set("address", c.Address)
	}
	if c.Lat != nil && c.Lon != nil {
		q.Set("lat", strconv.FormatFloat(*c.Lat, 'f', -1, 64))
		q.Set("lon", strconv.FormatFloat(*c.Lon, 'f', -1, 64))
	}
	q.Set("total", strconv.FormatFloat(c.Total, 'f', 2, 64))
	return ask(ctx, env, &c.Remote, request{path: c.path("/delivery-check"), query: q}, func(v carriageReply) error {
		_, err := fmt.Fprintln(env.Out, v.say())
		return err
	})
}

// carriageReply is what carrying an order means, as the API gives it.
type carriageReply struct {
	Zone     string       `json:"zone"`
	Fee      json.Number  `json:"fee"`
	Minimum  json.Number  `json:"minimum"`
	FreeFrom *json.Number `json:"free_from"`
	Refused  string       `json:"refused"`
}

// say writes "centre: fee 1.90, from 10.00 on, free from 25.00".
func (v carriageReply) say() string {
	zone := v.Zone
	if zone == "" {
		zone = "no zone"
	}
	text := zone + ": fee " + string(v.Fee)
	if v.Minimum != "0.00" {
		text += ", from " + string(v.Minimum) + " on"
	}
	if v.FreeFrom != nil {
		text += ", free from " + string(*v.FreeFrom)
	}
	if v.Refused != "" {
		text += "; refused now: " + v.Refused
	}
	return text
}

type zoneReach struct {
	ZonesOf
	RadiusKm float64 `name:"radius-km" placeholder:"N" help:"So far while there are no zones; 0 is everywhere."`
	Unknown  string  `name:"unknown" default:"refuse" enum:"refuse,take" placeholder:"WHAT" help:"What becomes of addresses that nobody can place: refuse or take."`
	Remote   `group:"server"`
}

// Help implements kong.HelpProvider.
func (zoneReach) Help() string {
	return `Both are set at once. For example:

    brigade delivery zone reach kitchen --radius-km 5 --unknown take`
}

// Run sets how far an outlet delivers.
func (c *zoneReach) Run(ctx context.Context, env *Env) error {
	return c.ask(ctx, env, &c.Remote, http.MethodPut, "/delivery-reach", map[string]any{
		"radius_metres": c.RadiusKm * 1000, "unknown_addresses": c.Unknown,
	})
}
