package cli

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

type driverCommand struct {
	List     driverList     `cmd:"" help:"The drivers as they are now."`
	Show     driverShow     `cmd:"" help:"One driver with his work."`
	Online   driverOnline   `cmd:"" help:"Let a driver go to work."`
	Offline  driverOffline  `cmd:"" help:"End a driver's work; not while he has deliveries."`
	Break    driverBreak    `cmd:"" help:"Send a driver on a break."`
	Incident driverIncident `cmd:"" help:"Take a driver off the road at once; what he has not picked up goes to others."`
	Recover  driverRecover  `cmd:"" help:"End an incident: the driver works again, and has again what nobody else has by now."`
	Accept   driverAccept   `cmd:"" help:"Accept an offer for a driver."`
	Decline  driverDecline  `cmd:"" help:"Decline an offer for a driver, or give back what is not picked up."`
	Pickup   driverPickup   `cmd:"" help:"Say that a driver has an order on board."`
	Deliver  driverDeliver  `cmd:"" help:"Say that a driver has brought an order to its door."`
	Problem  driverProblem  `cmd:"" help:"Say that a driver cannot deliver what he has: somebody has to look."`
	Load     driverLoad     `cmd:"" help:"Load drivers from a file; the same as brigade load."`
}

type driverLoad struct{ loadCommand }

// Help implements kong.HelpProvider.
func (driverLoad) Help() string {
	return `Who carries orders stands in the tenant's file, under delivery; the rest of the file is loaded with it.

    brigade driver load restaurant.yaml --dry-run`
}

// driverReply is a driver as the API gives him.
type driverReply struct {
	ID         int64      `json:"id"`
	Name       string     `json:"name"`
	Vehicle    string     `json:"vehicle"`
	Capacity   int        `json:"capacity"`
	Skills     []string   `json:"skills"`
	Status     string     `json:"status"`
	Assigned   int        `json:"assigned"`
	Delivered  int        `json:"delivered"`
	BreakUntil *time.Time `json:"break_until"`
	SeenAt     *time.Time `json:"seen_at"`
	Position   *struct {
		Lat float64   `json:"lat"`
		Lon float64   `json:"lon"`
		At  time.Time `json:"at"`
	} `json:"position"`
}

func (d driverReply) where() string {
	if d.Position == nil {
		return "-"
	}
	return fmt.Sprintf("%.5f,%.5f", d.Position.Lat, d.Position.Lon)
}

func (d driverReply) heard(env *Env) string {
	if d.Position != nil {
		return env.clock(&d.Position.At)
	}
	return env.clock(d.SeenAt)
}

type driverList struct {
	Region string `name:"region" placeholder:"SLUG" help:"Only those of one region."`
	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (driverList) Help() string {
	return `For example:

    brigade driver list`
}

// Run lists the drivers.
func (c *driverList) Run(ctx context.Context, env *Env) error {
	q := url.Values{"limit": {"200"}}
	if c.Region != "" {
		q.Set("region", c.Region)
	}
	type page struct {
		Drivers []driverReply `json:"drivers"`
	}
	return ask(ctx, env, &c.Remote, request{path: "/drivers", query: q}, func(p page) error {
		t := newTable(env.Out, "ID", "NAME", "STATUS", "HAS", "DONE", "VEHICLE", "CAPACITY", "AT", "HEARD", "SKILLS")
		for _, d := range p.Drivers {
			t.row(d.ID, d.Name, d.Status, d.Assigned, d.Delivered, d.Vehicle, d.Capacity, d.where(), d.heard(env), orDash(strings.Join(d.Skills, ",")))
		}
		return t.end()
	})
}

// DriverName names a driver.
type DriverName struct {
	Name string `arg:"" name:"driver" help:"Which driver, by name or id."`
}

func (d DriverName) query() url.Values { return url.Values{"driver": {d.Name}} }

type driverShow struct {
	DriverName
	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (driverShow) Help() string {
	return `For example:

    brigade driver show Marta`
}

// Run shows a driver and what he has to do.
func (c *driverShow) Run(ctx context.Context, env *Env) error {
	type work struct {
		Driver     driverReply     `json:"driver"`
		Deliveries []deliveryReply `json:"deliveries"`
	}
	return ask(ctx, env, &c.Remote, request{path: "/driver/work", query: c.query()}, func(w work) error {
		d := w.Driver
		fmt.Fprintf(env.Out, "%s is %s, %s of capacity %d, has delivered %d; at %s, heard of at %s\n",
			d.Name, d.Status, d.Vehicle, d.Capacity, d.Delivered, d.where(), d.heard(env))
		return showDeliveries(env, w.Deliveries)
	})
}

// driverAct sends what a driver does and says it.
func driverAct(ctx context.Context, env *Env, r *Remote, name, action string, body any) error {
	req := request{method: http.MethodPost, path: "/driver/" + action, query: url.Values{"driver": {name}}, body: body}
	return ask(ctx, env, r, req, func(d driverReply) error {
		_, err := fmt.Fprintf(env.Out, "%s is %s\n", d.Name, d.Status)
		return err
	})
}

type driverOnline struct {
	DriverName
	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (driverOnline) Help() string {
	return `What waits for a driver is offered to him at once. For example:

    brigade driver online Marta`
}

// Run lets him go to work.
func (c *driverOnline) Run(ctx context.Context, env *Env) error {
	return driverAct(ctx, env, &c.Remote, c.Name, "online", nil)
}

type driverOffline struct {
	DriverName
	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (driverOffline) Help() string {
	return `For example:

    brigade driver offline Marta`
}

// Run ends his work.
func (c *driverOffline) Run(ctx context.Context, env *Env) error {
	return driverAct(ctx, env, &c.Remote, c.Name, "offline", nil)
}

type driverBreak struct {
	DriverName
	Minutes float64 `name:"minutes" default:"20" placeholder:"N" help:"So long, 1 to 240."`
	Remote  `group:"server"`
}

// Help implements kong.HelpProvider.
func (driverBreak) Help() string {
	return `He is at work again by himself afterwards. For example:

    brigade driver break Marta --minutes 30`
}

// Run begins the break.
func (c *driverBreak) Run(ctx context.Context, env *Env) error {
	return driverAct(ctx, env, &c.Remote, c.Name, "break", map[string]float64{"minutes": c.Minutes})
}

type driverIncident struct {
	DriverName
	Reason string `name:"reason" placeholder:"TEXT" help:"Why, for the others."`
	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (driverIncident) Help() string {
	return `What he carries is escalated: somebody has to look. He cannot go online until brigade driver recover. For example:

    brigade driver incident Marta --reason "fell off his bike"`
}

// Run takes him off the road.
func (c *driverIncident) Run(ctx context.Context, env *Env) error {
	req := request{method: http.MethodPost, path: "/drivers/" + url.PathEscape(c.Name) + "/incident", body: map[string]string{"reason": c.Reason}}
	return ask(ctx, env, &c.Remote, req, func(d driverReply) error {
		_, err := fmt.Fprintf(env.Out, "%s is %s and has %s\n", d.Name, d.Status, strconv.Itoa(d.Assigned)+" on board")
		return err
	})
}

type driverRecover struct {
	DriverName
	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (driverRecover) Help() string {
	return `It undoes an incident. For example:

    brigade driver recover Marta`
}

// Run lets him work again.
func (c *driverRecover) Run(ctx context.Context, env *Env) error {
	req := request{method: http.MethodDelete, path: "/drivers/" + url.PathEscape(c.Name) + "/incident"}
	return ask(ctx, env, &c.Remote, req, func(d driverReply) error {
		_, err := fmt.Fprintf(env.Out, "%s is %s and has %d\n", d.Name, d.Status, d.Assigned)
		return err
	})
}

// Carried names a driver and what he carries.
type Carried struct {
	DriverName
	Delivery string `arg:"" name:"order" help:"Which order, by number or id."`
}

func (c Carried) act(ctx context.Context, env *Env, r *Remote, action string, body any) error {
	req := request{method: http.MethodPost, path: "/driver/deliveries/" + url.PathEscape(c.Delivery) + "/" + action, query: c.query(), body: body}
	return ask(ctx, env, r, req, func(d deliveryReply) error {
		_, err := fmt.Fprintf(env.Out, "%s is %s\n", d.Number, d.Status)
		return err
	})
}

type driverAccept struct {
	Carried
	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (driverAccept) Help() string {
	return `For example:

    brigade driver accept Marta ORD_20241216_001`
}

// Run accepts the offer.
func (c *driverAccept) Run(ctx context.Context, env *Env) error {
	return c.act(ctx, env, &c.Remote, "accept", map[string]string{})
}

type driverDecline struct {
	Carried
	Reason string `name:"reason" placeholder:"TEXT" help:"Why not."`
	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (driverDecline) Help() string {
	return `For example:

    brigade driver decline Marta ORD_20241216_001 --reason "flat tyre"`
}

// Run declines the offer.
func (c *driverDecline) Run(ctx context.Context, env *Env) error {
	return c.act(ctx, env, &c.Remote, "decline", map[string]string{"reason": c.Reason})
}

type driverPickup struct {
	Carried
	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (driverPickup) Help() string {
	return `For example:

    brigade driver pickup Marta ORD_20241216_001`
}

// Run notes the pick-up.
func (c *driverPickup) Run(ctx context.Context, env *Env) error {
	return c.act(ctx, env, &c.Remote, "pickup", map[string]string{})
}

type driverDeliver struct {
	Carried
	Code   string `name:"code" placeholder:"CODE" help:"What the customer said at the door."`
	Aged   bool   `name:"age-checked" help:"He has looked at the papers of whoever took it, for what holds alcohol."`
	Photo  string `name:"photo" placeholder:"REF" help:"Where the photo of the delivery is."`
	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (driverDeliver) Help() string {
	return `For example:

    brigade driver deliver Marta ORD_20241216_001 --code 4711`
}

// Run notes the delivery.
func (c *driverDeliver) Run(ctx context.Context, env *Env) error {
	return c.act(ctx, env, &c.Remote, "delivered", map[string]any{"code": c.Code, "photo": c.Photo, "age_checked": c.Aged})
}

type driverProblem struct {
	Carried
	Reason string `name:"reason" required:"" placeholder:"TEXT" help:"What the matter is."`
	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (driverProblem) Help() string {
	return `The order is escalated and its customer told. For example:

    brigade driver problem Marta ORD_20241216_001 --reason "nobody opens"`
}

// Run notes the problem.
func (c *driverProblem) Run(ctx context.Context, env *Env) error {
	return c.act(ctx, env, &c.Remote, "problem", map[string]string{"reason": c.Reason})
}
