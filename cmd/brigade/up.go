package main

import (
	"context"

	"brigade/internal/app"
	"brigade/internal/cli"
	"brigade/internal/config"
)

type up struct {
	config.Up
}

// Help implements kong.HelpProvider.
func (up) Help() string {
	return `Without --database-url a private Postgres runs in the state folder; the data stay there when brigade ends, and the next start goes on with them. Prints "ready http://HOST:PORT" on stdout when it can serve; Ctrl-C ends it.

    brigade up                                   a demo restaurant at work on http://127.0.0.1:8080
    brigade up --demo off --addr 0.0.0.0:80      your own restaurant; load it with brigade load
    brigade up --time-scale 60                   an hour in a minute`
}

// Run runs everything until ctx ends.
func (u *up) Run(ctx context.Context, env *cli.Env) error {
	roles := []config.Role{config.RoleAPI, config.RoleKitchen, config.RoleRelay, config.RoleJobs, config.RoleDelivery, config.RoleOrchestrator}
	if u.Demo == config.DemoBusy {
		roles = append(roles, config.RoleSim)
	}
	return run(ctx, env, u.State, app.Config{
		Roles: roles, Addr: u.Addr, DatabaseURL: u.DatabaseURL.Reveal(), State: u.State, Demo: u.Demo,
		AutoComplete: u.AutoComplete, TimeScale: u.TimeScale, Notify: u.Notify, Pages: u.Pages, Traces: tracesTo(u.Traces), Logger: newLogger(env, u.Common), Brokers: u.Brokers, Workflows: u.Workflows,
	})
}

type serve struct {
	config.Serve
}

// Help implements kong.HelpProvider.
func (serve) Help() string {
	return `Start it on as many machines as you like: they share the kitchens, and take over from one that dies. Every process serves /health, /ready and /metrics on its address; the rest needs the role api.

    brigade serve --role api --addr 0.0.0.0:8080 --database-url postgres://brigade@db/brigade
    brigade serve --role kitchen,relay --addr 127.0.0.1:8081 --database-url postgres://brigade@db/brigade`
}

// Run runs the chosen roles until ctx ends.
func (s *serve) Run(ctx context.Context, env *cli.Env) error {
	return run(ctx, env, "", app.Config{
		Roles: s.Role, Addr: s.Addr, DatabaseURL: s.DatabaseURL.Reveal(), Demo: s.Demo,
		AutoComplete: s.AutoComplete, TimeScale: s.TimeScale, Notify: s.Notify, Pages: s.Pages, Traces: tracesTo(s.Traces), Logger: newLogger(env, s.Common), Brokers: s.Brokers, Workflows: s.Workflows,
	})
}
