package app

import (
	"brigade/internal/kitchen"
	"brigade/internal/web"
	"brigade/internal/web/floor"
	"brigade/internal/web/page"
	"brigade/internal/web/planning"
	"brigade/internal/web/settings"
	"brigade/internal/web/tracking"
)

// pageParts are what the pages stand on, area by area.
func (a *App) pageParts() web.Parts {
	return web.Parts{
		Parts: page.Parts{Tenants: a.tenants, Tail: a.tail, Clock: a.clock, Demo: a.demo, Log: a.log, Tiles: page.Tiles{Template: a.cfg.Pages.MapTiles, Credit: a.cfg.Pages.MapCredit}},
		Planning: planning.Parts{Planning: a.planning, Planner: a.planner, Stock: a.stock, Alerts: a.alerts, Paper: a.purchasePaper},
		Floor: floor.Parts{Orders: a.orders, Kitchen: a.kitchen, Menu: a.catalogue, Sales: a.sales, Fleet: a.deliveries},
		Tracking: tracking.Parts{
			Links: a.links, Orders: a.care, Kitchen: a.kitchen, Why: kitchen.NewExplainer(a.tickets, a.clock), Fleet: a.deliveries, Zones: a.zones,
		},
		Settings: settings.Parts{Tokens: a.tenants},
	}
}
