package cli

import (
	"context"
	"fmt"
	"net/url"
	"strconv"

	"github.com/jackc/pgx/v5/pgxpool"

	"brigade/internal/config"
	"brigade/internal/network"
	"brigade/internal/network/networkpg"
)

type networkCommand struct {
	Show         networkShow         `cmd:"" help:"The network at a glance, day by day, and what is expected."`
	Production   networkProduction   `cmd:"" help:"What is made where, and what was lost."`
	Distribution networkDistribution `cmd:"" help:"What is under way: deliveries, drivers, shipments, transfers."`
	Outlets      networkOutlets      `cmd:"" help:"The outlets compared; one of them in detail."`

	Members networkMembers `cmd:"" help:"Who is in which network, and which outlets produce for others."`
	Join    networkJoin    `cmd:"" help:"Take a tenant into a network."`
	Leave   networkLeave   `cmd:"" help:"Take a tenant out of its network."`
	Central networkCentral `cmd:"" help:"Say that an outlet produces for others."`
}

// ofNetwork is what every command has that looks at a network.
type ofNetwork struct {
	Parent string `name:"parent" env:"BRIGADE_PARENT" required:"" placeholder:"SLUG" help:"Your tenant, the network's parent."`
	Days   int    `name:"days" default:"30" placeholder:"N" help:"So many days up to yesterday, 1 to 366; they are compared with as many before."`
	Remote `group:"server"`
}

func (o *ofNetwork) request(view string) request {
	return request{
		path:  "/" + url.PathEscape(o.Parent) + "/orchestrator/enterprise/" + view,
		query: url.Values{"days": {strconv.Itoa(o.Days)}},
	}
}

// networkFigures are figures as the API gives them; null: cannot be said.
type networkFigures struct {
	Units          float64  `json:"units"`
	Revenue        float64  `json:"revenue"`
	Growth         *float64 `json:"growth"`
	UnitsToday     float64  `json:"units_today"`
	OrdersOpen     int      `json:"orders_open"`
	UnitsToMake    int64    `json:"units_to_make"`
	UnitsMade      int64    `json:"units_made"`
	WasteCost      float64  `json:"waste_cost"`
	WasteShare     *float64 `json:"waste_share"`
	WasteReduction *float64 `json:"waste_reduction"`
	Forecast       float64  `json:"forecast_units"`
	Accuracy       *float64 `json:"forecast_accuracy"`
}

type networkOutlet struct {
	Outlet  string         `json:"outlet"`
	Tenant  string         `json:"tenant"`
	Central bool           `json:"central"`
	Figures networkFigures `json:"figures"`
}

func (o *networkOutlet) name() string { return o.Tenant + "/" + o.Outlet }

type networkHead struct {
	Network struct {
		Name     string `json:"name"`
		Currency string `json:"currency"`
		Members  int    `json:"members"`
		Outlets  int    `json:"outlets"`
		Central  int    `json:"central_sites"`
	} `json:"network"`
	Period struct {
		First string `json:"first_day"`
		Last  string `json:"last_day"`
	} `json:"period"`
}

type networkDay struct {
	Day     string  `json:"day"`
	Units   float64 `json:"units"`
	Revenue float64 `json:"revenue"`
	Outlets int     `json:"outlets"`
}

type networkShow struct{ ofNetwork }

// Help implements kong.HelpProvider.
func (networkShow) Help() string {
	return `Every sum is that of the outlets' own figures. Networks are for tenants of the enterprise tier.

    brigade network show --parent chain --days 7`
}

// Run shows the network's totals, its days and what is expected.
func (c *networkShow) Run(ctx context.Context, env *Env) error {
	type reply struct {
		networkHead
		Totals  networkFigures `json:"totals"`
		Sales   []networkDay   `json:"sales"`
		Outlook []struct {
			Day   string   `json:"day"`
			Units float64  `json:"units"`
			Low   *float64 `json:"low"`
			High  *float64 `json:"high"`
		} `json:"outlook"`
	}
	return ask(ctx, env, &c.Remote, c.request("network-summary"), func(r reply) error {
		n, f := r.Network, r.Totals
		fmt.Fprintf(env.Out, "%s: %d outlets, %d for others; members: %d\n%s to %s\n", n.Name, n.Outlets, n.Central, n.Members, r.Period.First, r.Period.Last)
		fmt.Fprintf(env.Out, "  sold      %s units, %.2f %s (%s)\n", roundTo(f.Units, 1), f.Revenue, n.Currency, share(f.Growth))
		fmt.Fprintf(env.Out, "  lost      %.2f %s, %s of it; share smaller by %s\n", f.WasteCost, n.Currency, share(f.WasteShare), share(f.WasteReduction))
		fmt.Fprintf(env.Out, "  forecast  %s units in seven days; accuracy %s\n\n", roundTo(f.Forecast, 1), share(f.Accuracy))
		t := newTable(env.Out, "DAY", "UNITS", "REVENUE", "OUTLETS", "LOW", "HIGH")
		for _, d := range r.Sales {
			t.row(d.Day, roundTo(d.Units, 1), fmt.Sprintf("%.2f", d.Revenue), d.Outlets, "", "")
		}
		for _, o := range r.Outlook {
			t.row(o.Day+" expected", roundTo(o.Units, 1), "", "", plain(o.Low), plain(o.High))
		}
		return t.end()
	})
}

type networkProduction struct{ ofNetwork }

// Help implements kong.HelpProvider.
func (networkProduction) Help() string {
	return `What kitchens have to make and what waits, what is forecast for seven days, what was lost; and what of today's plans is made.

    brigade network production --parent chain`
}

// Run shows what is made where.
func (c *networkProduction) Run(ctx context.Context, env *Env) error {
	type reply struct {
		Totals       networkFigures  `json:"totals"`
		Central      networkFigures  `json:"central"`
		Outlets      []networkOutlet `json:"outlets"`
		Next         *int            `json:"next"`
		Preparations []struct {
			Code     string  `json:"code"`
			Unit     string  `json:"unit"`
			Quantity float64 `json:"quantity"`
			Batches  int     `json:"batches"`
			Planned  float64 `json:"planned_today"`
			Today    float64 `json:"made_today"`
		} `json:"preparations"`
	}
	req := c.request("production-overview")
	req.query.Set("limit", "1000")
	return ask(ctx, env, &c.Remote, req, func(r reply) error {
		t := newTable(env.Out, "OUTLET", "FOR OTHERS", "OPEN ORDERS", "TO MAKE", "MADE", "FORECAST", "LOST", "SHARE", "LESS BY")
		row := func(name, central string, f *networkFigures) {
			t.row(name, central, f.OrdersOpen, f.UnitsToMake, f.UnitsMade, roundTo(f.Forecast, 1), fmt.Sprintf("%.2f", f.WasteCost), share(f.WasteShare), share(f.WasteReduction))
		}
		for i := range r.Outlets {
			row(r.Outlets[i].name(), markIf(r.Outlets[i].Central), &r.Outlets[i].Figures)
		}
		row("central sites", "", &r.Central)
		row("network", "", &r.Totals)
		if err := t.end(); err != nil {
			return err
		}
		for _, p := range r.Preparations {
			fmt.Fprintf(env.Out, "%s: %s %s in %d batches; today %s of %s\n", p.Code, roundTo(p.Quantity, 1), p.Unit, p.Batches, roundTo(p.Today, 1), roundTo(p.Planned, 1))
		}
		return nil
	})
}

func markIf(b bool) string {
	if b {
		return "yes"
	}
	return "-"
}

type networkDistribution struct{ ofNetwork }

// Help implements kong.HelpProvider.
func (networkDistribution) Help() string {
	return `Deliveries, drivers on their routes, what suppliers are to bring.

    brigade network distribution --parent chain`
}

type networkUnderWay struct {
	UnderWay int `json:"under_way"`
	Waiting  int `json:"waiting"`
	Assigned int `json:"assigned"`
	PickedUp int `json:"picked_up"`
	Late     int `json:"late"`
}

// Run shows what is under way.
func (c *networkDistribution) Run(ctx context.Context, env *Env) error {
	type reply struct {
		Deliveries networkUnderWay `json:"deliveries"`
		Outlets    []struct {
			networkOutlet
			Deliveries networkUnderWay `json:"deliveries"`
			Shipments  int             `json:"shipments"`
			Overdue    int             `json:"shipments_overdue"`
		} `json:"outlets"`
		Routes []struct {
			Driver  string `json:"driver"`
			Region  string `json:"region"`
			Stops   int    `json:"stops"`
			OnBoard int    `json:"on_board"`
		} `json:"routes"`
		Shipments []struct {
			networkOutlet
			Number   string `json:"number"`
			Supplier string `json:"supplier"`
			Expected string `json:"expected"`
		} `json:"shipments"`
	}
	req := c.request("distribution-status")
	req.query.Set("limit", "1000")
	return ask(ctx, env, &c.Remote, req, func(r reply) error {
		t := newTable(env.Out, "OUTLET", "UNDER WAY", "WAITING", "ASSIGNED", "PICKED UP", "LATE", "SHIPMENTS", "OVERDUE")
		for _, o := range r.Outlets {
			d := o.Deliveries
			t.row(o.name(), d.UnderWay, d.Waiting, d.Assigned, d.PickedUp, d.Late, o.Shipments, o.Overdue)
		}
		d := r.Deliveries
		t.row("network", d.UnderWay, d.Waiting, d.Assigned, d.PickedUp, d.Late, len(r.Shipments), "")
		if err := t.end(); err != nil {
			return err
		}
		for _, v := range r.Routes {
			fmt.Fprintf(env.Out, "%s (%s): %d stops, %d on board\n", v.Driver, v.Region, v.Stops, v.OnBoard)
		}
		for _, s := range r.Shipments {
			fmt.Fprintf(env.Out, "%s from %s to %s: %s\n", s.Number, s.Supplier, s.name(), orDash(s.Expected))
		}
		return nil
	})
}

type networkOutlets struct {
	Metric string `name:"by" enum:"revenue,units,growth,waste,accuracy,forecast" default:"revenue" help:"What they are compared by: revenue, units, growth, waste, accuracy, forecast."`
	Outlet string `name:"outlet" placeholder:"TENANT/SLUG" help:"Only this one, with its days and products."`
	Limit  int    `name:"limit" default:"100" placeholder:"N" help:"So many outlets at most, up to 1000."`

	ofNetwork
}

// Help implements kong.HelpProvider.
func (networkOutlets) Help() string {
	return `The best come first.

    brigade network outlets --parent chain --by growth
    brigade network outlets --parent chain --outlet chain/shop`
}

// Run compares outlets.
func (c *networkOutlets) Run(ctx context.Context, env *Env) error {
	type reply struct {
		Outlets []struct {
			networkOutlet
			Rank *int `json:"rank"`
		} `json:"outlets"`
		Next   *int `json:"next"`
		Detail *struct {
			Products []struct {
				SKU      string  `json:"sku"`
				Units    float64 `json:"units"`
				Revenue  float64 `json:"revenue"`
				Forecast float64 `json:"forecast_units"`
			} `json:"products"`
		} `json:"detail"`
	}
	req := c.request("child-performance")
	req.query.Set("metric", c.Metric)
	req.query.Set("limit", strconv.Itoa(c.Limit))
	if c.Outlet != "" {
		req.query.Set("outlet", c.Outlet)
	}
	return ask(ctx, env, &c.Remote, req, func(r reply) error {
		t := newTable(env.Out, "RANK", "OUTLET", "UNITS", "REVENUE", "GROWTH", "WASTE", "ACCURACY", "FORECAST")
		for _, o := range r.Outlets {
			rank, f := "-", &o.Figures
			if o.Rank != nil {
				rank = strconv.Itoa(*o.Rank)
			}
			t.row(rank, o.name(), roundTo(f.Units, 1), fmt.Sprintf("%.2f", f.Revenue), share(f.Growth), share(f.WasteShare), share(f.Accuracy), roundTo(f.Forecast, 1))
		}
		if err := t.end(); err != nil {
			return err
		}
		if r.Next != nil {
			fmt.Fprintf(env.Err, "there are more: --limit %d\n", 2*c.Limit)
		}
		if r.Detail == nil {
			return nil
		}
		fmt.Fprintln(env.Out)
		t = newTable(env.Out, "SKU", "UNITS", "REVENUE", "FORECAST")
		for _, p := range r.Detail.Products {
			t.row(p.SKU, roundTo(p.Units, 1), fmt.Sprintf("%.2f", p.Revenue), roundTo(p.Forecast, 1))
		}
		return t.end()
	})
}

// networkBase is what every command has that changes who is in which network: they are the operator's, for they join
// data of tenants that otherwise do not see each other.
type networkBase struct {
	config.Migrate `group:"database"`
	JSON           bool `name:"json" help:"Write JSON."`
}

func (b *networkBase) with(ctx context.Context, env *Env, work func(ctx context.Context, s *networkpg.Store, pool *pgxpool.Pool) error) error {
	return postgres{Common: b.Common, Database: b.Database}.withPool(ctx, env, func(ctx context.Context, pool *pgxpool.Pool) error {
		return work(ctx, networkpg.New(pool), pool)
	})
}

// done says a sentence, or nothing in JSON.
func (b *networkBase) done(env *Env, format string, a ...any) error {
	if b.JSON {
		return writeJSON(env.Out, struct{}{})
	}
	_, err := fmt.Fprintf(env.Out, format+"\n", a...)
	return err
}

type networkJoin struct {
	networkBase
	Tenant string `arg:"" help:"The tenant that joins, by its slug."`
	Parent string `name:"parent" env:"BRIGADE_PARENT" required:"" placeholder:"SLUG" help:"Whose network it joins: a tenant of the enterprise tier."`
}

// Help implements kong.HelpProvider.
func (networkJoin) Help() string {
	return `The parent's managers see the figures of its outlets from then on; nothing else changes for the tenant. Repeating it changes nothing.

    brigade network join franchise --parent chain`
}

// Run takes a tenant into a network.
func (c *networkJoin) Run(ctx context.Context, env *Env) error {
	return c.with(ctx, env, func(ctx context.Context, s *networkpg.Store, pool *pgxpool.Pool) error {
		now, err := productTime(ctx, pool)
		if err != nil {
			return err
		}
		if err := s.Join(ctx, c.Tenant, c.Parent, operator, now); err != nil {
			return err
		}
		return c.done(env, "%s is in the network of %s", c.Tenant, c.Parent)
	})
}

type networkLeave struct {
	networkBase
	Tenant string `arg:"" help:"The tenant, by its slug."`
}

// Help implements kong.HelpProvider.
func (networkLeave) Help() string {
	return `Its parent sees nothing of it from then on.

    brigade network leave franchise`
}

// Run takes a tenant out of its network.
func (c *networkLeave) Run(ctx context.Context, env *Env) error {
	return c.with(ctx, env, func(ctx context.Context, s *networkpg.Store, _ *pgxpool.Pool) error {
		if err := s.Leave(ctx, c.Tenant); err != nil {
			return err
		}
		return c.done(env, "%s is in no network any more", c.Tenant)
	})
}

type networkCentral struct {
	networkBase
	Outlet string `arg:"" help:"The outlet, by its slug."`
	Tenant string `name:"tenant" required:"" placeholder:"SLUG" help:"Whose outlet it is."`
	Off    bool   `name:"off" help:"It does so no longer."`
}

// Help implements kong.HelpProvider.
func (networkCentral) Help() string {
	return `Its figures are shown apart, too. Repeating it changes nothing.

    brigade network central kitchen --tenant chain`
}

// Run says whether an outlet produces for others.
func (c *networkCentral) Run(ctx context.Context, env *Env) error {
	return c.with(ctx, env, func(ctx context.Context, s *networkpg.Store, _ *pgxpool.Pool) error {
		if err := s.SetCentral(ctx, c.Tenant, c.Outlet, !c.Off); err != nil {
			return err
		}
		if c.Off {
			return c.done(env, "%s/%s produces for itself", c.Tenant, c.Outlet)
		}
		return c.done(env, "%s/%s produces for others", c.Tenant, c.Outlet)
	})
}

type networkMembers struct{ networkBase }

// Help implements kong.HelpProvider.
func (networkMembers) Help() string {
	return `For example:

    brigade network members`
}

// memberRow is a member as JSON.
type memberRow struct {
	Parent   string `json:"parent"`
	Tenant   string `json:"tenant"`
	Status   string `json:"status"`
	Outlets  int    `json:"outlets"`
	JoinedAt string `json:"joined_at"`
	JoinedBy string `json:"joined_by"`
}

// Run lists who is in which network.
func (c *networkMembers) Run(ctx context.Context, env *Env) error {
	return c.with(ctx, env, func(ctx context.Context, s *networkpg.Store, _ *pgxpool.Pool) error {
		members, err := s.Members(ctx)
		if err != nil {
			return err
		}
		centrals, err := s.Centrals(ctx)
		if err != nil {
			return err
		}
		if c.JSON {
			return writeJSON(env.Out, map[string]any{"members": rowsOf(env, members), "central_sites": centrals})
		}
		t := newTable(env.Out, "PARENT", "MEMBER", "STATUS", "OUTLETS", "SINCE", "BY")
		for _, m := range rowsOf(env, members) {
			t.row(m.Parent, m.Tenant, m.Status, m.Outlets, m.JoinedAt, m.JoinedBy)
		}
		if err := t.end(); err != nil {
			return err
		}
		for _, o := range centrals {
			fmt.Fprintf(env.Out, "%s/%s produces for others\n", o.Tenant, o.Outlet)
		}
		return nil
	})
}

func rowsOf(env *Env, list []network.Member) []memberRow {
	rows := make([]memberRow, len(list))
	for i, m := range list {
		rows[i] = memberRow{m.Parent, m.Slug, m.Status, m.Outlets, env.at(&m.JoinedAt), m.JoinedBy}
	}
	return rows
}
