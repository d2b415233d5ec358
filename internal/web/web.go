// Package web serves Brigade's pages: server-rendered, alive by server-sent events, usable without JavaScript.
//
// Each area of pages is a package beside this one; package page says what they share and how to add one.
package web

import (
	"net/http"

	"brigade/internal/web/floor"
	"brigade/internal/web/page"
	"brigade/internal/web/planning"
	"brigade/internal/web/settings"
	"brigade/internal/web/tracking"
)

// Parts are what the pages show and act on, by area.
type Parts struct {
	page.Parts
	Planning planning.Parts
	Floor    floor.Parts
	Settings settings.Parts
	Tracking tracking.Parts
}

// Mounts are the patterns that New's handler answers.
var Mounts = []string{"/{$}", "/board/", "/kitchen/", "/live/", "/static/", "/login", "/logout", "/look", "/track/", "/settings/", "/planning", "/planning/"}

// New returns the handler of all pages, for Mounts. Streams end with their request's context.
func New(p Parts) http.Handler {
	mux, kit := http.NewServeMux(), page.New(p.Parts)
	kit.Mount(mux)
	planning.Mount(mux, kit, p.Planning)
	floor.Mount(mux, kit, p.Floor)
	settings.Mount(mux, kit, p.Settings)
	tracking.Mount(mux, kit, p.Tracking)
	return page.Protect(mux, p.Tiles.Template)
}
