package app

import (
	"brigade/internal/account"
	"brigade/internal/account/accountpg"
	"brigade/internal/kitchen"
	"brigade/internal/order"
	"brigade/internal/web"
	"brigade/internal/web/dispatch"
	"brigade/internal/web/driver"
	"brigade/internal/web/floor"
	"brigade/internal/web/manager"
	"brigade/internal/web/network"
	"brigade/internal/web/page"
	"brigade/internal/web/planning"
	"brigade/internal/web/settings"
	"brigade/internal/web/shop"
	"brigade/internal/web/tracking"
	workflowpages "brigade/internal/web/workflows"
)

// pageParts are what the pages stand on, area by area; what a network has drawn is shared with the API.
func (a *App) pageParts(net network.Network) web.Parts {
	accounts := account.New(accountpg.New(a.pool), a.log)
	return web.Parts{
		Parts:    page.Parts{Tenants: a.tenants, Users: accounts, Tail: a.tail, Clock: a.clock, Demo: a.demo, Log: a.log, Tiles: page.Tiles{Template: a.cfg.Pages.MapTiles, Credit: a.cfg.Pages.MapCredit}},
		Floor:    floor.Parts{Orders: a.orders, Kitchen: a.kitchen, Menu: a.catalogue, Sales: a.sales, Fleet: a.deliveries},
		Dispatch: dispatch.Parts{Fleet: a.deliveries, Zones: a.zones},
		Driver:   driver.Parts{Fleet: a.deliveries, Money: a.orderRows},
		Tracking: tracking.Parts{
			Links: a.links, Orders: a.care, Kitchen: a.kitchen, Why: kitchen.NewExplainer(a.tickets, a.clock), Fleet: a.deliveries, Zones: a.zones,
			Cashier: a.cashier,
		},
		Network: network.Parts{Network: net, Places: a.deliveryRows},
		Manager: manager.Parts{
			Days: kitchen.NewDiaries(a.tickets, a.clock), Explain: kitchen.NewExplainer(a.tickets, a.clock), Kitchen: a.kitchen, Menu: a.catalogue,
			WhatIf: a.buildWhatIf(),
		},
		Shop: shop.Parts{
			Tenants: a.tenants, Menu: a.catalogue, Sales: a.sales, Orders: a.orders, Hours: a.orderRows, Zones: a.zones, Links: a.links,
			Accepts: a.guestsPayBy, Public: a.cfg.Pages.PublicURL,
		},
		Planning:  planning.Parts{Planning: a.planning, Planner: a.planner, Stock: a.stock, Alerts: a.alerts, Paper: a.purchasePaper},
		Workflows: workflowpages.Parts{Workflows: a.workflows, Holidays: isHoliday},
		Settings:  settings.Parts{Editor: a.setups, Sales: a.sales, Hours: a.care, Calendar: a.planning, Zones: a.zones, Tokens: a.tenants, Accounts: accounts, Channels: a.channels, Hooks: a.notices, Kitchen: a.kitchen},
	}
}

// guestsPayBy tells whether guests of shops can pay by a method: by card only where Stripe's page can send them back.
func (a *App) guestsPayBy(m order.Method) bool {
	return a.cashier.Accepts(m) && (m != order.Card || a.cfg.Pages.PublicURL != "")
}
