package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"brigade/internal/api"
	"brigade/internal/config"
	"brigade/internal/errs"
	"brigade/internal/kitchen"
	"brigade/internal/network"
	"brigade/internal/network/networkpg"
	"brigade/internal/store"
	"brigade/internal/web"
)

// startHTTP serves the API and the pages. A process without the api role serves only its health.
func (a *App) startHTTP(ctx context.Context) error {
	if a.cfg.Addr == "" {
		return nil
	}
	if err := a.findDemo(ctx); err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", a.cfg.Addr)
	if err != nil {
		return errs.Conflict("%s cannot be served: choose another address with --addr", a.cfg.Addr).Because(err)
	}
	closing, endStreams := context.WithCancel(context.Background())
	server := &http.Server{
		Handler:           endWith(closing, a.traces.HTTP(a.handler())),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
	}
	a.url = "http://" + listener.Addr().String()
	go func() {
		if err := server.Serve(listener); err != nil && !errors.Is(err, http.ErrServerClosed) {
			a.fail(fmt.Errorf("http: %w", err))
		}
	}()
	a.onStop("http", func(ctx context.Context) error {
		endStreams()
		return server.Shutdown(ctx)
	})
	return nil
}

// endless are the routes of streams, and of those who wait for something to happen.
var endless = []string{"/api/v1/events", "/api/v1/driver/stream", "/api/v1/driver/work"}

// endWith ends streams, which have no end of their own, when the server closes; other requests are let through to
// their end.
func endWith(closing context.Context, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if slices.Contains(endless, r.URL.Path) || strings.HasPrefix(r.URL.Path, "/live/") {
			ctx, cancel := context.WithCancel(r.Context())
			defer cancel()
			defer context.AfterFunc(closing, cancel)()
			r = r.WithContext(ctx)
		}
		next.ServeHTTP(w, r)
	})
}

// findDemo decides whether requests without a token act as the demo owner: only for a demo that nobody else can reach.
func (a *App) findDemo(ctx context.Context) error {
	if a.demo != nil || a.cfg.Demo == config.DemoOff || a.cfg.Demo == "" || !config.IsLoopback(a.cfg.Addr) {
		return nil
	}
	owner, err := a.tenants.DemoActor(ctx)
	if err != nil {
		return err
	}
	a.demo = &owner
	return nil
}

// apiParts are what the API stands on.
func (a *App) apiParts() api.Parts {
	return api.Parts{
		Orders: a.orders, Kitchen: a.kitchen, Workers: a.cooks, Tenants: tokens{a.tenants, a.channels}, Menu: a.catalogue, Events: a.tail, Clock: a.clock,
		Channels: a.channels, Care: a.care, Heard: a.heardStripe(), CalledBack: a.calledBack, Editor: a.editor, Setups: a.setups, Work: a.kitchen, Sales: a.sales, Deliveries: a.deliveries, Zones: a.zones, Planning: a.planning, Stock: a.stock, Paper: a.purchasePaper, Workflows: a.workflows, Leader: a.leader, FindTenant: a.findTenant, Plans: a.planner, Alerts: a.alerts, Network: network.NewService(networkpg.New(a.pool), a.clock), Notices: a.notices,
		Quotes: a.orders, Admissions: a.kitchen,
		Estimates: kitchen.NewEstimates(a.tickets, a.clock), Explainer: kitchen.NewExplainer(a.tickets, a.clock),
		Redis: a.redisState, Track: a.links.Best, Cache: a.redis.cache,
		Ready:   func(ctx context.Context) error { return store.Ready(ctx, a.pool) },
		Metrics: a.metrics, Log: a.log, Demo: a.demo, Version: Version(),
	}
}

// handler joins the pages and the API.
func (a *App) handler() http.Handler {
	parts := a.apiParts()
	if !a.has(config.RoleAPI) {
		parts.Views, parts.Open = a.serviceViews(), true
		return a.limit(api.New(parts))
	}
	pages := web.New(a.pageParts(parts.Network))
	mux := http.NewServeMux()
	mux.Handle("/", api.New(parts))
	for _, pattern := range web.Mounts {
		mux.Handle(pattern, pages)
	}
	return mux
}

// Version is Brigade's version as the binary knows it: the module's, or the commit it was built from.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value[:min(12, len(s.Value))]
		}
	}
	return "devel"
}
