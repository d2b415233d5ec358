package api

import (
	"context"
	"math"
	"net/http"
	"time"

	"brigade/internal/actor"
	"brigade/internal/network"
)

const tagNetwork = "Network"

// Network tells parents of their networks; *network.Service.
type Network interface {
	Picture(ctx context.Context, who actor.Actor, parent string, days int) (*network.Picture, error)
	Drill(ctx context.Context, who actor.Actor, parent string, days int, outlet string) (*network.Picture, *network.SiteFigures, network.Detail, error)
}

const (
	exampleNetwork = `"network":{"tenant":"chain","name":"Chain","currency":"EUR","members":1,"inactive":0,"outlets":3,"central_sites":1},
"period":{"first_day":"2024-11-16","last_day":"2024-12-15","today":"2024-12-16","days":30},"as_of":"2024-12-16T12:00:00Z"`
	exampleDeliveries = `{"under_way":6,"waiting":1,"assigned":2,"picked_up":3,"late":1,"escalated":0}`
	exampleTotals     = `{"units":5120,"revenue":40960,"units_before":4800,"revenue_before":38400,"growth":0.067,"units_today":61,"revenue_today":488,
"orders_open":7,"units_to_make":11,"units_made":5,"waste_cost":310.5,"waste_units":42,"waste_unpriced":0,"waste_share":0.008,"waste_reduction":0.12,
"forecast_units":1260.4,"forecast_accuracy":0.88,"deliveries":` + exampleDeliveries + `,"shipments":4,"shipments_overdue":1}`
	exampleOutletRow = `{"outlet":"shop","tenant":"chain","id":2,"name":"Shop","central":false,"figures":` + exampleTotals + `}`
	exampleDaysSold  = `[{"day":"2024-12-15","units":170,"revenue":1360,"outlets":3}]`
	exampleOutlook   = `[{"day":"2024-12-16","units":180.1,"low":141,"high":222.5}]`
)

func (s *server) addNetwork() {
	about := " Figures are at most 15 s old (of networks that take more than a second to sum up, two minutes), and all of one answer of one moment. Sums are those of the outlets to the unit. For tenants of the " +
		"enterprise tier, of their own network: others are refused with 403."
	view := func(name, id, summary, description, response string) route {
		return route{
			method: http.MethodGet, path: "/api/v1/{parent_tenant}/orchestrator/enterprise/" + name, view: ViewOrchestrator, id: id, tag: tagNetwork,
			summary: summary, description: description + about, response: "{" + exampleNetwork + "," + response + "}",
			errors: []int{http.StatusNotFound, http.StatusConflict},
		}
	}
	add(s, view("dashboard", "network-dashboard", "The network at a glance",
		"Totals, what is expected of the days ahead, the outlets with most revenue, and those that somebody should look at.",
		`"totals":`+exampleTotals+`,"outlook":`+exampleOutlook+`,"top":[`+exampleOutletRow+`],
"attention":[{"outlet":"shop","tenant":"chain","reasons":["1 delivery is late"]}]`), s.networkDashboard)
	add(s, view("network-summary", "network-summary", "The network day by day",
		"Totals of the days of the period, sales by day, and the forecast of the network: the sum of its outlets' forecasts with what was edited "+
			"by hand. Low and high are the sums of the tenants' ranges: as if all erred together; null without a forecast of all.",
		`"totals":`+exampleTotals+`,"sales":`+exampleDaysSold+`,"outlook":`+exampleOutlook), s.networkSummary)
	add(s, view("production-overview", "network-production", "What is made",
		"By outlet what kitchens have to make now, what waits to be handed over, what was lost, what is forecast; what central sites have of it; "+
			"which preparations were made in the period, and where, and what of today's plans is made.",
		`"totals":`+exampleTotals+`,"central":`+exampleTotals+`,"outlets":[`+exampleOutletRow+`],"next":null,
"preparations":[{"code":"dough","name":"Dough","unit":"g","quantity":90000,"batches":6,"planned_today":18000,"made_today":12000,
"outlets":[{"outlet":"central","tenant":"chain","quantity":90000,"batches":6,"planned_today":18000,"made_today":12000}]}]`),
		s.networkProduction)
	add(s, view("distribution-status", "network-distribution", "What is under way",
		"Deliveries under way by outlet, drivers on their routes (at most 500), what suppliers are to bring (at most 2000), and what outlets gave "+
			"each other in the period.",
		`"deliveries":`+exampleDeliveries+`,"outlets":[{"outlet":"shop","tenant":"chain","deliveries":`+exampleDeliveries+`,"shipments":4,"shipments_overdue":1}],"next":null,
"routes":[{"driver":"Bea","vehicle":"moped","region":"town","stops":2,"on_board":1,"next_at":"2024-12-16T12:10:00Z","last_at":"2024-12-16T12:40:00Z","outlets":["shop"]}],
"shipments":[{"outlet":"shop","tenant":"chain","number":"PO-00007","supplier":"Mill","status":"sent","expected":"2024-12-16","overdue":false,"value":120}],
"transfers":[{"outlet":"shop","tenant":"chain","code":"dough","name":"Dough","unit":"g","received":60000,"given":0}]`), s.networkDistribution)
	add(s, view("child-performance", "network-outlets", "Outlets compared",
		"Ranked by a metric, the best first; those of which it cannot be said come last, without a rank. With `outlet` (its id, its slug, or "+
			"TENANT/SLUG when several have it) that one alone, with its rank, its sales by day and its products. To get the next page, send "+
			"`next` as `offset`.",
		`"metric":"revenue","outlets":[`+exampleOutletRow[:len(exampleOutletRow)-1]+`,"rank":1,"value":40960}],"next":null,
"detail":{"days":`+exampleDaysSold+`,"products":[{"sku":"wrap","name":"Wrap","units":310,"revenue":2759,"units_before":290,"forecast_units":74.2}]}`),
		s.networkOutlets)
}

// NetworkParam is which network a request is about. It is exported for huma, as OutletParam.
type NetworkParam struct {
	Parent string `path:"parent_tenant" doc:"Slug or id of your tenant" example:"chain" maxLength:"100"`
	Days   int    `query:"days" minimum:"1" maximum:"366" default:"30" doc:"How many days up to yesterday; they are compared with as many before"`
}

// NetworkPage is NetworkParam with a page of outlets.
type NetworkPage struct {
	NetworkParam
	Limit  int `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"Outlets per page"`
	Offset int `query:"offset" minimum:"0" maximum:"10000000" doc:"How many to leave out: next of the page before"`
}

// pageOf is a page of a list, and where the next one begins.
func pageOf[V any](list []V, in NetworkPage) ([]V, *int) {
	from := min(in.Offset, len(list))
	to := min(from+in.Limit, len(list))
	if to == len(list) {
		return list[from:to], nil
	}
	return list[from:to], &to
}

// NetworkHead is what every answer about a network begins with. It is exported for huma.
type NetworkHead struct {
	Network struct {
		Tenant   string `json:"tenant" example:"chain"`
		Name     string `json:"name" example:"Chain"`
		Currency string `json:"currency" example:"EUR"`
		Members  int    `json:"members" doc:"Tenants that have joined" example:"1"`
		Inactive int    `json:"inactive" doc:"Of them, suspended or cancelled ones: their outlets are left out" example:"0"`
		Outlets  int    `json:"outlets" example:"3"`
		Central  int    `json:"central_sites" doc:"Outlets that produce for others" example:"1"`
	} `json:"network" nameHint:"NetworkName"`
	Period struct {
		First string `json:"first_day" example:"2024-11-16"`
		Last  string `json:"last_day" doc:"Yesterday" example:"2024-12-15"`
		Today string `json:"today" example:"2024-12-16"`
		Days  int    `json:"days" example:"30"`
	} `json:"period" nameHint:"NetworkPeriod"`
	At time.Time `json:"as_of" doc:"When the figures were read"`
}

func headOf(p *network.Picture) (h NetworkHead) {
	h.Network.Tenant, h.Network.Name, h.Network.Currency = p.Parent.Slug, p.Parent.Name, p.Parent.Currency
	h.Network.Members, h.Network.Inactive, h.Network.Outlets = p.Parent.Members, p.Parent.Inactive, len(p.Sites)
	for i := range p.Sites {
		if p.Sites[i].Central {
			h.Network.Central++
		}
	}
	h.Period.First, h.Period.Last = dateOf(p.Window.First), dateOf(p.Window.Last)
	h.Period.Today, h.Period.Days, h.At = dateOf(p.Window.Today), p.Window.Days, p.At
	return h
}

func dateOf(t time.Time) string { return t.Format(time.DateOnly) }

func ofMilli(v int64) float64 { return float64(v) / 1000 }

func ofMinor(v int64) float64 { return float64(v) / 100 }

type networkDeliveries struct {
	UnderWay  int `json:"under_way" example:"6"`
	Waiting   int `json:"waiting" doc:"Nobody has accepted them yet" example:"1"`
	Assigned  int `json:"assigned" doc:"To be fetched" example:"2"`
	PickedUp  int `json:"picked_up" example:"3"`
	Late      int `json:"late" doc:"Expected later than was promised" example:"1"`
	Escalated int `json:"escalated" doc:"Somebody has to look" example:"0"`
}

func viewUnderWay(d network.Deliveries) networkDeliveries {
	return networkDeliveries{d.Open(), d.Waiting, d.Assigned, d.PickedUp, d.Late, d.Escalated}
}

type networkFigures struct {
	Units         float64  `json:"units" doc:"Sold in the period" example:"5120"`
	Revenue       float64  `json:"revenue" example:"40960"`
	UnitsBefore   float64  `json:"units_before" doc:"In as many days before" example:"4800"`
	RevenueBefore float64  `json:"revenue_before" example:"38400"`
	Growth        *float64 `json:"growth" doc:"Of revenue; 1 = 100 %; null: cannot be said, as below" example:"0.067"`
	UnitsToday    float64  `json:"units_today" doc:"Today so far" example:"61"`
	RevenueToday  float64  `json:"revenue_today" example:"488"`

	OrdersOpen  int   `json:"orders_open" doc:"Now" example:"7"`
	UnitsToMake int64 `json:"units_to_make" doc:"Of these orders" example:"11"`
	UnitsMade   int64 `json:"units_made" doc:"That wait to be handed over or are on their way" example:"5"`

	WasteCost      float64  `json:"waste_cost" doc:"Food made in vain and ingredients thrown away, in the period" example:"310.5"`
	WasteUnits     int      `json:"waste_units" doc:"Made in vain" example:"42"`
	WasteUnpriced  int      `json:"waste_unpriced" doc:"Entries of ingredients that no supplier sells: they cost nothing here" example:"0"`
	WasteShare     *float64 `json:"waste_share" doc:"Of revenue" example:"0.008"`
	WasteReduction *float64 `json:"waste_reduction" doc:"How much smaller the share is than before; below 0: larger" example:"0.12"`

	ForecastUnits    float64  `json:"forecast_units" doc:"Seven days from today on" example:"1260.4"`
	ForecastAccuracy *float64 `json:"forecast_accuracy" doc:"1 − WAPE over the period" example:"0.88"`

	Deliveries networkDeliveries `json:"deliveries"`
	Shipments  int               `json:"shipments" doc:"That suppliers are to bring" example:"4"`
	Overdue    int               `json:"shipments_overdue" example:"1"`
}

func viewFigures(f *network.Figures) networkFigures {
	return networkFigures{
		Units: ofMilli(f.Now.Milli), Revenue: ofMinor(f.Now.Revenue), UnitsBefore: ofMilli(f.Before.Milli), RevenueBefore: ofMinor(f.Before.Revenue),
		Growth: portion(f.Growth()), UnitsToday: ofMilli(f.Today.Milli), RevenueToday: ofMinor(f.Today.Revenue),
		OrdersOpen: f.Kitchen.Orders, UnitsToMake: f.Kitchen.ToMake, UnitsMade: f.Kitchen.Made,
		WasteCost: ofMinor(f.Waste.Cost()), WasteUnits: f.Waste.Units, WasteUnpriced: f.Waste.Unpriced,
		WasteShare: portion(f.WasteShare()), WasteReduction: portion(f.WasteReduction()),
		ForecastUnits: ofMilli(f.Expected()), ForecastAccuracy: portion(f.ForecastAccuracy()),
		Deliveries: viewUnderWay(f.Deliveries), Shipments: f.Shipments, Overdue: f.Overdue,
	}
}

// NetworkOutlet is an outlet with its figures. It is exported for huma.
type NetworkOutlet struct {
	Outlet  string         `json:"outlet" example:"shop"`
	Tenant  string         `json:"tenant" example:"chain"`
	ID      int64          `json:"id" example:"2"`
	Name    string         `json:"name" example:"Shop"`
	Central bool           `json:"central" doc:"It produces for others"`
	Figures networkFigures `json:"figures"`
}

func viewSite(s *network.SiteFigures) NetworkOutlet {
	return NetworkOutlet{s.Slug, s.TenantSlug, s.Outlet, s.Name, s.Central, viewFigures(&s.Figures)}
}

type networkDay struct {
	Day     string  `json:"day" example:"2024-12-15"`
	Units   float64 `json:"units" example:"170"`
	Revenue float64 `json:"revenue" example:"1360"`
	Outlets int     `json:"outlets" doc:"That reported anything" example:"3"`
}

func viewSoldDays(list []network.DaySales) []networkDay {
	days := make([]networkDay, len(list))
	for i, d := range list {
		days[i] = networkDay{dateOf(d.Day), ofMilli(d.Milli), ofMinor(d.Revenue), d.Outlets}
	}
	return days
}

type networkOutlook struct {
	Day   string   `json:"day" example:"2024-12-16"`
	Units float64  `json:"units" doc:"The sum of the outlets' forecasts" example:"180.1"`
	Low   *float64 `json:"low" example:"141"`
	High  *float64 `json:"high" example:"222.5"`
}

func viewOutlook(list []network.Outlook) []networkOutlook {
	days := make([]networkOutlook, len(list))
	for i, o := range list {
		days[i] = networkOutlook{dateOf(o.Day), ofMilli(o.Milli), tenth(o.Low), tenth(o.High)}
	}
	return days
}

// portion is a share to a hundredth of a percent.
func portion(v float64) *float64 { return said(math.Round(v*10_000) / 10_000) }

func tenth(v float64) *float64 { return said(math.Round(v*10) / 10) }
