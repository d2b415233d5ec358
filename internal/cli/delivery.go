package cli

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

type deliveryCommand struct {
	List     deliveryList     `cmd:"" help:"The deliveries, newest first."`
	Show     deliveryShow     `cmd:"" help:"One delivery: who has it, when it comes, the link to follow it."`
	Explain  deliveryExplain  `cmd:"" help:"Who was asked for it, why him, and what he said."`
	Assign   deliveryAssign   `cmd:"" help:"Give it to a driver by hand."`
	Unassign deliveryUnassign `cmd:"" help:"Take it back from a driver who has not picked it up."`
	TakeOver deliveryTakeOver `cmd:"" name:"take-over" help:"Let another driver take over what is on board."`
	Pin      deliveryPin      `cmd:"" help:"Say that only one driver may have it."`
	Unpin    deliveryUnpin    `cmd:"" help:"Say that everybody may."`
	Regions  deliveryRegions  `cmd:"" help:"The regions: who is available, what waits."`
	Zone     zoneCommand      `cmd:"" help:"Where outlets deliver: zones, fees, minimums, pauses."`
}

// deliveryReply is a delivery as the API gives it.
type deliveryReply struct {
	Order       int64      `json:"order_id"`
	Number      string     `json:"order_number"`
	Status      string     `json:"status"`
	OrderStatus string     `json:"order_status"`
	Driver      *int64     `json:"driver_id"`
	Customer    string     `json:"customer"`
	Address     string     `json:"address"`
	Located     bool       `json:"located"`
	Promised    *time.Time `json:"promised_at"`
	ETA         *struct {
		At   time.Time `json:"at"`
		From time.Time `json:"from"`
		To   time.Time `json:"to"`
	} `json:"eta"`
	Escalated *time.Time `json:"escalated_at"`
	Note      string     `json:"note"`
	Tracking  string     `json:"tracking"`
}

func (d deliveryReply) driver() string {
	if d.Driver == nil {
		return "-"
	}
	return fmt.Sprint(*d.Driver)
}

func (d deliveryReply) eta(env *Env) string {
	if d.ETA == nil {
		return "-"
	}
	return fmt.Sprintf("%s (%s-%s)", d.ETA.At.In(env.Zone).Format("15:04"), d.ETA.From.In(env.Zone).Format("15:04"), d.ETA.To.In(env.Zone).Format("15:04"))
}

func (d deliveryReply) matter() string {
	if d.Escalated != nil {
		return "ESCALATED: " + d.Note
	}
	return orDash(d.Note)
}

func showDeliveries(env *Env, list []deliveryReply) error {
	t := newTable(env.Out, "NUMBER", "STATUS", "ORDER IS", "DRIVER", "COMES", "ADDRESS", "NOTE")
	for _, d := range list {
		t.row(d.Number, d.Status, d.OrderStatus, d.driver(), d.eta(env), d.Address, d.matter())
	}
	return t.end()
}

type deliveryList struct {
	Open  bool `name:"open" help:"Only those whose life goes on."`
	Limit int  `name:"limit" default:"50" placeholder:"N" help:"So many at most, up to 200."`

	AtOutlet `group:"server"`
	Remote   `group:"server"`
}

// Help implements kong.HelpProvider.
func (deliveryList) Help() string {
	return `For example:

    brigade delivery list --open`
}

// Run lists deliveries.
func (c *deliveryList) Run(ctx context.Context, env *Env) error {
	q := c.query()
	q.Set("limit", fmt.Sprint(c.Limit))
	if c.Open {
		q.Set("open", "true")
	}
	type page struct {
		Deliveries []deliveryReply `json:"deliveries"`
	}
	return ask(ctx, env, &c.Remote, request{path: "/deliveries", query: q}, func(p page) error { return showDeliveries(env, p.Deliveries) })
}

// DeliveryRef names a delivery.
type DeliveryRef struct {
	Delivery string `arg:"" name:"order" help:"Which order, by number or id."`
}

func (d DeliveryRef) path(more string) string {
	return "/deliveries/" + url.PathEscape(d.Delivery) + more
}

type deliveryShow struct {
	DeliveryRef
	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (deliveryShow) Help() string {
	return `For example:

    brigade delivery show ORD_20241216_001`
}

// Run shows a delivery.
func (c *deliveryShow) Run(ctx context.Context, env *Env) error {
	return ask(ctx, env, &c.Remote, request{path: c.path("")}, func(d deliveryReply) error { return d.show(env) })
}

func (d deliveryReply) show(env *Env) error {
	t := newTable(env.Out)
	t.row("delivery", d.Number)
	t.row("status", d.Status+", the order is "+d.OrderStatus)
	t.row("driver", d.driver())
	t.row("comes", d.eta(env)+", promised by "+env.clock(d.Promised))
	t.row("to", d.Customer+", "+d.Address)
	if !d.Located {
		t.row("", "nobody knows where that is: an ordinary ride is planned")
	}
	t.row("note", d.matter())
	t.row("follow", orDash(d.Tracking))
	return t.end()
}

type deliveryExplain struct {
	DeliveryRef
	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (deliveryExplain) Help() string {
	return `Costs are in seconds of customers' time: what the order adds to a driver's route. For example:

    brigade delivery explain ORD_20241216_001`
}

// offerReply is who was asked, as the API gives it.
type offerReply struct {
	Attempt  int       `json:"attempt"`
	Driver   string    `json:"driver"`
	Offered  time.Time `json:"offered_at"`
	Outcome  string    `json:"outcome"`
	Reason   string    `json:"reason"`
	Decision struct {
		ByHand       string     `json:"by_hand"`
		Cost         float64    `json:"cost"`
		FoodWaits    float64    `json:"food_waits_seconds"`
		Arrives      *time.Time `json:"arrives"`
		ReadyP50     *time.Time `json:"ready_p50"`
		Orders       int        `json:"open_orders"`
		Drivers      int        `json:"drivers"`
		With         []string   `json:"together_with"`
		Alternatives []struct {
			Driver string  `json:"driver"`
			Cost   float64 `json:"cost"`
		} `json:"alternatives"`
	} `json:"why"`
}

// Run explains a delivery.
func (c *deliveryExplain) Run(ctx context.Context, env *Env) error {
	type reply struct {
		Delivery deliveryReply `json:"delivery"`
		Offers   []offerReply  `json:"offers"`
	}
	return ask(ctx, env, &c.Remote, request{path: c.path("/explain")}, func(r reply) error {
		fmt.Fprintf(env.Out, "%s is %s; %s\n", r.Delivery.Number, r.Delivery.Status, r.Delivery.matter())
		t := newTable(env.Out, "#", "ASKED", "DRIVER", "SAID", "WHY HE", "OTHERS")
		for _, o := range r.Offers {
			t.row(o.Attempt, env.clock(&o.Offered), o.Driver, strings.TrimSuffix(o.Outcome+": "+o.Reason, ": "), o.why(env), o.others())
		}
		return t.end()
	})
}

func (o offerReply) why(env *Env) string {
	w := o.Decision
	if w.ByHand != "" {
		return "by " + w.ByHand
	}
	text := fmt.Sprintf("%.0f s; there at %s, food ready at %s and waits %.0f s; one of %d drivers, %d orders",
		w.Cost, env.clock(w.Arrives), env.clock(w.ReadyP50), w.FoodWaits, w.Drivers, w.Orders)
	if len(w.With) > 0 {
		text += "; together with " + strings.Join(w.With, ", ")
	}
	return text
}

func (o offerReply) others() string {
	list := make([]string, len(o.Decision.Alternatives))
	for i, a := range o.Decision.Alternatives {
		list[i] = fmt.Sprintf("%s %.0f s", a.Driver, a.Cost)
	}
	return orDash(strings.Join(list, ", "))
}

// DeliveryTo names a delivery and a driver.
type DeliveryTo struct {
	DeliveryRef
	Driver string `arg:"" name:"driver" help:"Which driver, by name or id."`
}

func (c DeliveryTo) give(ctx context.Context, env *Env, r *Remote, method, action, sentence string) error {
	req := request{method: method, path: c.path(action), body: map[string]string{"driver": c.Driver}}
	return ask(ctx, env, r, req, func(d deliveryReply) error {
		_, err := fmt.Fprintf(env.Out, "%s "+sentence+"\n", d.Number, c.Driver)
		return err
	})
}

type deliveryAssign struct {
	DeliveryTo
	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (deliveryAssign) Help() string {
	return `He is not asked. For example:

    brigade delivery assign ORD_20241216_001 Marta`
}

// Run assigns the delivery.
func (c *deliveryAssign) Run(ctx context.Context, env *Env) error {
	return c.give(ctx, env, &c.Remote, http.MethodPost, "/assign", "is %s's")
}

type deliveryUnassign struct {
	DeliveryRef
	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (deliveryUnassign) Help() string {
	return `Somebody is looked for again, perhaps the same. It undoes assign. For example:

    brigade delivery unassign ORD_20241216_001`
}

// Run takes the delivery back.
func (c *deliveryUnassign) Run(ctx context.Context, env *Env) error {
	return ask(ctx, env, &c.Remote, request{method: http.MethodPost, path: c.path("/unassign")}, func(d deliveryReply) error {
		_, err := fmt.Fprintf(env.Out, "%s is %s\n", d.Number, d.Status)
		return err
	})
}

type deliveryTakeOver struct {
	DeliveryTo
	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (deliveryTakeOver) Help() string {
	return `For food that is on board of a broken vehicle: the other driver has met him and has it now. Undo it by taking it over back.
For example:

    brigade delivery take-over ORD_20241216_001 Karim`
}

// Run lets the driver take it over.
func (c *deliveryTakeOver) Run(ctx context.Context, env *Env) error {
	return c.give(ctx, env, &c.Remote, http.MethodPost, "/take-over", "is on board of %s")
}

type deliveryPin struct {
	DeliveryTo
	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (deliveryPin) Help() string {
	return `He is asked when it is time, nobody else is. For example:

    brigade delivery pin ORD_20241216_001 Marta`
}

// Run pins the delivery.
func (c *deliveryPin) Run(ctx context.Context, env *Env) error {
	return c.give(ctx, env, &c.Remote, http.MethodPut, "/pin", "is for %s alone")
}

type deliveryUnpin struct {
	DeliveryRef
	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (deliveryUnpin) Help() string {
	return `For example:

    brigade delivery unpin ORD_20241216_001`
}

// Run unpins the delivery.
func (c *deliveryUnpin) Run(ctx context.Context, env *Env) error {
	return ask(ctx, env, &c.Remote, request{method: http.MethodDelete, path: c.path("/pin")}, func(d deliveryReply) error {
		_, err := fmt.Fprintf(env.Out, "%s is for everybody\n", d.Number)
		return err
	})
}

type deliveryRegions struct {
	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (deliveryRegions) Help() string {
	return `For example:

    brigade delivery regions`
}

// regionReply is a region as the API gives it.
type regionReply struct {
	Slug    string `json:"slug"`
	Name    string `json:"name"`
	Drivers struct {
		Waiting    int `json:"waiting"`
		Delivering int `json:"delivering"`
		Resting    int `json:"on_break"`
	} `json:"drivers"`
	Deliveries struct {
		Pending   int `json:"pending"`
		Offered   int `json:"offered"`
		Assigned  int `json:"assigned"`
		Aboard    int `json:"on_board"`
		Escalated int `json:"escalated"`
	} `json:"deliveries"`
}

// Run lists the regions.
func (c *deliveryRegions) Run(ctx context.Context, env *Env) error {
	return ask(ctx, env, &c.Remote, request{path: "/delivery-regions"}, func(list []regionReply) error {
		t := newTable(env.Out, "REGION", "NAME", "WAITING", "DELIVERING", "BREAK", "PENDING", "OFFERED", "ASSIGNED", "ON BOARD", "ESCALATED")
		for _, r := range list {
			d, x := r.Drivers, r.Deliveries
			t.row(r.Slug, r.Name, d.Waiting, d.Delivering, d.Resting, x.Pending, x.Offered, x.Assigned, x.Aboard, x.Escalated)
		}
		return t.end()
	})
}
