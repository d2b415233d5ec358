package api

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"brigade/internal/actor"
	"brigade/internal/network"
)

const topOutlets = 5 // that the dashboard shows

type attentionView struct {
	Outlet  string   `json:"outlet" example:"shop"`
	Tenant  string   `json:"tenant" example:"chain"`
	Reasons []string `json:"reasons"`
}

type dashboardOutput struct {
	Body struct {
		NetworkHead
		Totals    networkFigures   `json:"totals"`
		Outlook   []networkOutlook `json:"outlook"`
		Top       []NetworkOutlet  `json:"top" doc:"With most revenue, five at most"`
		Attention []attentionView  `json:"attention" doc:"At most 100"`
	} `nameHint:"NetworkDashboard"`
}

// asParent lets the operator, who belongs to no tenant, look as the tenant that the request names; others stay who they are.
func (s *server) asParent(ctx context.Context, who actor.Actor, ref string) actor.Actor {
	if who.Tenant != 0 || who.Role != actor.System || s.FindTenant == nil {
		return who
	}
	id, err := strconv.ParseInt(ref, 10, 64)
	if err != nil {
		id = 0
	}
	if tenant, err := s.FindTenant(ctx, id, ref); err == nil { // else the network is not found
		who.Tenant = tenant
	}
	return who
}

func (s *server) networkDashboard(ctx context.Context, who actor.Actor, in *NetworkParam) (*dashboardOutput, error) {
	p, err := s.Network.Picture(ctx, s.asParent(ctx, who, in.Parent), in.Parent, in.Days)
	if err != nil {
		return nil, err
	}
	ranks, err := p.Rank(network.ByRevenue)
	if err != nil {
		return nil, err
	}
	out, total := &dashboardOutput{}, p.Total()
	out.Body.NetworkHead, out.Body.Totals, out.Body.Outlook = headOf(p), viewFigures(&total), viewOutlook(p.Outlook)
	out.Body.Top, out.Body.Attention = []NetworkOutlet{}, []attentionView{}
	for _, r := range ranks[:min(topOutlets, len(ranks))] {
		out.Body.Top = append(out.Body.Top, viewSite(r.SiteFigures))
	}
	for i := range p.Sites {
		if why := reasons(&p.Sites[i].Figures); len(why) > 0 && len(out.Body.Attention) < 100 {
			out.Body.Attention = append(out.Body.Attention, attentionView{p.Sites[i].Slug, p.Sites[i].TenantSlug, why})
		}
	}
	return out, nil
}

// reasons say why somebody should look at an outlet.
func reasons(f *network.Figures) []string {
	var list []string
	say := func(n int, one, many string) {
		switch {
		case n == 1:
			list = append(list, one)
		case n > 1:
			list = append(list, fmt.Sprintf(many, n))
		}
	}
	say(f.Deliveries.Late, "1 delivery is late", "%d deliveries are late")
	say(f.Deliveries.Escalated, "1 delivery waits for somebody to look", "%d deliveries wait for somebody to look")
	say(f.Overdue, "1 shipment is overdue", "%d shipments are overdue")
	if f.Now.Days == 0 && f.Before.Days > 0 {
		list = append(list, "no sales were reported in the period")
	}
	return list
}

type summaryOutput struct {
	Body struct {
		NetworkHead
		Totals  networkFigures   `json:"totals"`
		Sales   []networkDay     `json:"sales" doc:"By day; today as far as it is reported"`
		Outlook []networkOutlook `json:"outlook"`
	} `nameHint:"NetworkSummary"`
}

func (s *server) networkSummary(ctx context.Context, who actor.Actor, in *NetworkParam) (*summaryOutput, error) {
	p, err := s.Network.Picture(ctx, s.asParent(ctx, who, in.Parent), in.Parent, in.Days)
	if err != nil {
		return nil, err
	}
	out, total := &summaryOutput{}, p.Total()
	out.Body.NetworkHead, out.Body.Totals = headOf(p), viewFigures(&total)
	out.Body.Sales, out.Body.Outlook = viewSoldDays(p.Days), viewOutlook(p.Outlook)
	return out, nil
}

type madeAt struct {
	Outlet   string  `json:"outlet" example:"central"`
	Tenant   string  `json:"tenant" example:"chain"`
	Quantity float64 `json:"quantity" example:"90000"`
	Batches  int     `json:"batches" example:"6"`
	Planned  float64 `json:"planned_today" example:"18000"`
	Today    float64 `json:"made_today" example:"12000"`
}

type preparationView struct {
	Code     string   `json:"code" example:"dough"`
	Name     string   `json:"name" example:"Dough"`
	Unit     string   `json:"unit" enum:"g,ml,piece" example:"g"`
	Quantity float64  `json:"quantity" doc:"Made in the period and today" example:"90000"`
	Batches  int      `json:"batches" doc:"Goes in which it was made" example:"6"`
	Planned  float64  `json:"planned_today" doc:"By today's plans of production, edits included" example:"18000"`
	Today    float64  `json:"made_today" example:"12000"`
	Outlets  []madeAt `json:"outlets"`
}

type productionOutput struct {
	Body struct {
		NetworkHead
		Totals       networkFigures    `json:"totals"`
		Central      networkFigures    `json:"central" doc:"What central sites have of it"`
		Outlets      []NetworkOutlet   `json:"outlets"`
		Next         *int              `json:"next" doc:"What to send as offset for the next page; null: there is none"`
		Preparations []preparationView `json:"preparations"`
	} `nameHint:"NetworkProduction"`
}

func (s *server) networkProduction(ctx context.Context, who actor.Actor, in *NetworkPage) (*productionOutput, error) {
	p, err := s.Network.Picture(ctx, s.asParent(ctx, who, in.Parent), in.Parent, in.Days)
	if err != nil {
		return nil, err
	}
	out, total, central := &productionOutput{}, p.Total(), p.Central()
	out.Body.NetworkHead, out.Body.Totals, out.Body.Central = headOf(p), viewFigures(&total), viewFigures(&central)
	sites, next := pageOf(p.Sites, *in)
	out.Body.Outlets, out.Body.Next = make([]NetworkOutlet, len(sites)), next
	for i := range sites {
		out.Body.Outlets[i] = viewSite(&sites[i])
	}
	out.Body.Preparations = viewPreparations(p)
	return out, nil
}

// viewPreparations sums what was made by code and unit. What was made is sorted by code.
func viewPreparations(p *network.Picture) []preparationView {
	list, sites := []preparationView{}, placesOf(p)
	for _, m := range p.Made {
		i := len(list) - 1
		for i >= 0 && list[i].Code == m.Code && list[i].Unit != m.Unit {
			i--
		}
		if i < 0 || list[i].Code != m.Code {
			list = append(list, preparationView{Code: m.Code, Name: m.Name, Unit: m.Unit})
			i = len(list) - 1
		}
		at := madeAt{Quantity: ofMilli(m.Milli), Batches: m.Times, Planned: ofMilli(m.Planned), Today: ofMilli(m.Today)}
		at.Outlet, at.Tenant = sites.slugs(m.Outlet)
		v := &list[i]
		v.Quantity, v.Batches, v.Outlets = tidy(v.Quantity+at.Quantity), v.Batches+at.Batches, append(v.Outlets, at)
		v.Planned, v.Today = tidy(v.Planned+at.Planned), tidy(v.Today+at.Today)
	}
	return list
}

type carriedBy struct {
	Outlet     string            `json:"outlet" example:"shop"`
	Tenant     string            `json:"tenant" example:"chain"`
	Deliveries networkDeliveries `json:"deliveries"`
	Shipments  int               `json:"shipments" example:"4"`
	Overdue    int               `json:"shipments_overdue" example:"1"`
}

type routeView struct {
	Driver  string     `json:"driver" example:"Bea"`
	Vehicle string     `json:"vehicle" example:"moped"`
	Region  string     `json:"region" example:"town"`
	Stops   int        `json:"stops" doc:"Deliveries that he has accepted" example:"2"`
	OnBoard int        `json:"on_board" doc:"Of them, picked up" example:"1"`
	Next    *time.Time `json:"next_at" doc:"When the next of them is expected at its door; null: not known"`
	Last    *time.Time `json:"last_at"`
	Outlets []string   `json:"outlets" doc:"Whose food he carries"`
}

type shipmentView struct {
	Outlet   string  `json:"outlet" example:"shop"`
	Tenant   string  `json:"tenant" example:"chain"`
	Number   string  `json:"number" example:"PO-00007"`
	Supplier string  `json:"supplier" example:"Mill"`
	Status   string  `json:"status" enum:"sent,partly_received" example:"sent"`
	Expected string  `json:"expected" doc:"Empty: not known" example:"2024-12-16"`
	Overdue  bool    `json:"overdue"`
	Value    float64 `json:"value" doc:"In the supplier's currency" example:"120"`
}

type transferView struct {
	Outlet   string  `json:"outlet" example:"shop"`
	Tenant   string  `json:"tenant" example:"chain"`
	Code     string  `json:"code" example:"dough"`
	Name     string  `json:"name" example:"Dough"`
	Unit     string  `json:"unit" enum:"g,ml,piece" example:"g"`
	Received float64 `json:"received" example:"60000"`
	Given    float64 `json:"given" example:"0"`
}

type distributionOutput struct {
	Body struct {
		NetworkHead
		Deliveries networkDeliveries `json:"deliveries"`
		Outlets    []carriedBy       `json:"outlets"`
		Next       *int              `json:"next" doc:"What to send as offset for the next page; null: there is none"`
		Routes     []routeView       `json:"routes"`
		Shipments  []shipmentView    `json:"shipments"`
		Transfers  []transferView    `json:"transfers"`
	} `nameHint:"NetworkDistribution"`
}

func (s *server) networkDistribution(ctx context.Context, who actor.Actor, in *NetworkPage) (*distributionOutput, error) {
	p, err := s.Network.Picture(ctx, s.asParent(ctx, who, in.Parent), in.Parent, in.Days)
	if err != nil {
		return nil, err
	}
	out, total, at := &distributionOutput{}, p.Total(), placesOf(p)
	b := &out.Body
	b.NetworkHead, b.Deliveries = headOf(p), viewUnderWay(total.Deliveries)
	sites, next := pageOf(p.Sites, *in)
	b.Outlets, b.Next = make([]carriedBy, len(sites)), next
	for i := range sites {
		f := &sites[i]
		b.Outlets[i] = carriedBy{f.Slug, f.TenantSlug, viewUnderWay(f.Deliveries), f.Shipments, f.Overdue}
	}
	b.Routes, b.Shipments, b.Transfers = viewRoutes(p, at), viewShipments(p, at), viewTransfers(p, at)
	return out, nil
}

// places finds the outlets of a picture by their ids.
type places map[int64]*network.SiteFigures

func placesOf(p *network.Picture) places {
	m := make(places, len(p.Sites))
	for i := range p.Sites {
		m[p.Sites[i].Outlet] = &p.Sites[i]
	}
	return m
}

// slugs names an outlet and its tenant.
func (m places) slugs(outlet int64) (slug, tenant string) {
	if site := m[outlet]; site != nil {
		return site.Slug, site.TenantSlug
	}
	return "", ""
}

func viewRoutes(p *network.Picture, at places) []routeView {
	list := make([]routeView, len(p.Routes))
	for i, r := range p.Routes {
		list[i] = routeView{r.Name, r.Vehicle, r.Region, r.Stops, r.OnBoard, r.Next, r.Last, []string{}}
		for _, o := range r.Outlets {
			slug, _ := at.slugs(o)
			list[i].Outlets = append(list[i].Outlets, slug)
		}
	}
	return list
}

func viewShipments(p *network.Picture, at places) []shipmentView {
	list := make([]shipmentView, len(p.Shipments))
	for i, sh := range p.Shipments {
		v := shipmentView{Number: sh.Number, Supplier: sh.Supplier, Status: sh.Status, Value: ofMinor(sh.Value)}
		v.Outlet, v.Tenant = at.slugs(sh.Outlet)
		if sh.On != nil {
			v.Expected, v.Overdue = dateOf(*sh.On), sh.On.Before(p.Window.Today)
		}
		list[i] = v
	}
	return list
}

func viewTransfers(p *network.Picture, at places) []transferView {
	list := make([]transferView, len(p.Transfers))
	for i, t := range p.Transfers {
		v := transferView{Code: t.Code, Name: t.Name, Unit: t.Unit, Received: ofMilli(t.In), Given: ofMilli(t.Out)}
		v.Outlet, v.Tenant = at.slugs(t.Outlet)
		list[i] = v
	}
	return list
}

type networkOutletsInput struct {
	NetworkPage
	Metric network.Metric `query:"metric" enum:"revenue,units,growth,waste,accuracy,forecast" default:"revenue" doc:"What outlets are compared by"`
	Outlet string         `query:"outlet" doc:"Only this one, in detail: its id, its slug, or TENANT/SLUG" example:"chain/shop" maxLength:"200"`
}

type rankedView struct {
	NetworkOutlet
	Rank  *int     `json:"rank" doc:"From 1; null: cannot be said" example:"1"`
	Value *float64 `json:"value" doc:"Of the metric" example:"40960"`
}

type networkProduct struct {
	SKU      string  `json:"sku" example:"wrap"`
	Name     string  `json:"name" example:"Wrap"`
	Units    float64 `json:"units" example:"310"`
	Revenue  float64 `json:"revenue" example:"2759"`
	Before   float64 `json:"units_before" example:"290"`
	Forecast float64 `json:"forecast_units" doc:"Seven days from today on" example:"74.2"`
}

type outletDetail struct {
	Days     []networkDay     `json:"days"`
	Products []networkProduct `json:"products" doc:"Those with most revenue, at most 500"`
}

type networkOutletsOutput struct {
	Body struct {
		NetworkHead
		Metric  network.Metric `json:"metric"`
		Outlets []rankedView   `json:"outlets"`
		Next    *int           `json:"next" doc:"What to send as offset for the next page; null: there is none"`
		Detail  *outletDetail  `json:"detail,omitempty" doc:"Of the outlet that was asked for"`
	} `nameHint:"NetworkOutlets"`
}

func (s *server) networkOutlets(ctx context.Context, who actor.Actor, in *networkOutletsInput) (*networkOutletsOutput, error) {
	out := &networkOutletsOutput{}
	var p *network.Picture
	var only *network.SiteFigures
	var err error
	if in.Outlet == "" {
		p, err = s.Network.Picture(ctx, s.asParent(ctx, who, in.Parent), in.Parent, in.Days)
	} else {
		var d network.Detail
		p, only, d, err = s.Network.Drill(ctx, s.asParent(ctx, who, in.Parent), in.Parent, in.Days, in.Outlet)
		out.Body.Detail = viewDetail(d)
	}
	if err != nil {
		return nil, err
	}
	ranks, err := p.Rank(in.Metric)
	if err != nil {
		return nil, err
	}
	out.Body.NetworkHead, out.Body.Metric, out.Body.Outlets = headOf(p), in.Metric, []rankedView{}
	page, next := pageOf(ranks, in.NetworkPage)
	if only != nil {
		page, next = ranks, nil
	}
	out.Body.Next = next
	for _, r := range page {
		if only == nil || r.Outlet == only.Outlet {
			out.Body.Outlets = append(out.Body.Outlets, viewRank(r, in.Metric))
		}
	}
	return out, nil
}

func viewRank(r network.Ranked, by network.Metric) rankedView {
	v := rankedView{NetworkOutlet: viewSite(r.SiteFigures), Value: portion(r.Value)}
	if by == network.ByRevenue {
		v.Value = said(r.Value / 100)
	}
	if r.Rank > 0 {
		v.Rank = &r.Rank
	}
	return v
}

func viewDetail(d network.Detail) *outletDetail {
	v := &outletDetail{Days: viewSoldDays(d.Days), Products: make([]networkProduct, len(d.Products))}
	for i, p := range d.Products {
		v.Products[i] = networkProduct{p.SKU, p.Name, ofMilli(p.Milli), ofMinor(p.Revenue), ofMilli(p.Before), ofMilli(p.Expected)}
	}
	return v
}
