// Package web serves Brigade's pages: server-rendered, alive by server-sent events, usable without JavaScript.
//
// Each area of pages is a package beside this one; package page says what they share and how to add one.
package web

import (
	"net/http"

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
	"brigade/internal/web/workflows"
)

// Parts are what the pages show and act on, by area.
type Parts struct {
	page.Parts
	Floor     floor.Parts
	Manager   manager.Parts
	Network   network.Parts
	Planning  planning.Parts
	Settings  settings.Parts
	Shop      shop.Parts
	Tracking  tracking.Parts
	Dispatch  dispatch.Parts
	Driver    driver.Parts
	Workflows workflows.Parts
}

// Mounts are the patterns that New's handler answers.
var Mounts = []string{"/{$}", "/planning", "/planning/", "/workflows", "/workflows/", "/board/", "/kitchen/", "/live/", "/static/", "/login", "/logout", "/look", "/track/", "/dispatch", "/dispatch/", "/driver", "/driver/", "/settings/", "/account", "/account/", "/pin", "/lock", "/tablet/", "/welcome/", "/shop/", "/manager", "/manager/", "/network", "/network/"}

// New returns the handler of all pages, for Mounts. Streams end with their request's context.
func New(p Parts) http.Handler {
	mux, kit := http.NewServeMux(), page.New(p.Parts)
	kit.Mount(mux)
	floor.Mount(mux, kit, p.Floor)
	manager.Mount(mux, kit, p.Manager)
	network.Mount(mux, kit, p.Network)
	planning.Mount(mux, kit, p.Planning)
	settings.Mount(mux, kit, p.Settings)
	shop.Mount(mux, kit, p.Shop)
	tracking.Mount(mux, kit, p.Tracking)
	dispatch.Mount(mux, kit, p.Dispatch)
	driver.Mount(mux, kit, p.Driver)
	workflows.Mount(mux, kit, p.Workflows)
	return page.Protect(mux, p.Tiles.Template)
}
