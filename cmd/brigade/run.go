package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"

	"brigade/internal/app"
	"brigade/internal/cli"
	"brigade/internal/config"
	"brigade/internal/telemetry"
)

// newLogger writes to stdout, where contract R's readers expect logs.
func newLogger(env *cli.Env, c config.Common) *slog.Logger {
	return telemetry.NewLogger(env.Out, c.Level(), "brigade", telemetry.WithFormat(c.LogFormat))
}

// tracesTo is where spans are sent.
func tracesTo(t config.Traces) telemetry.TraceOptions {
	return telemetry.TraceOptions{Endpoint: t.OTLPEndpoint, Protocol: t.OTLPProtocol}
}

// run runs an app until ctx ends or a part of it breaks down. It announces it in the state folder; "" is none.
func run(ctx context.Context, env *cli.Env, state string, cfg app.Config) error {
	a := app.New(cfg)
	if err := a.Start(ctx); err != nil {
		if ctx.Err() != nil {
			return nil // told to end while starting
		}
		return err
	}
	withdraw := announce(a, state, cfg.Logger)
	fmt.Fprintf(env.Out, "ready %s\n", a.URL())
	introduce(env.Err, a, cfg)
	var failure error
	select {
	case <-ctx.Done():
	case failure = <-a.Failed():
	}
	withdraw()
	return errors.Join(failure, a.Stop(context.WithoutCancel(ctx)))
}

// announce tells the other commands where this app is, and returns what takes that back. Brigade runs as well when
// the folder cannot be written: the commands must then be told.
func announce(a *app.App, state string, log *slog.Logger) (withdraw func()) {
	if state == "" {
		return func() {}
	}
	at, err := cli.Announce(state, cli.Running{PID: os.Getpid(), URL: a.URL(), DatabaseURL: a.DatabaseURL()})
	if err != nil {
		log.Warn("other commands will not find this brigade by themselves", "action", "announce_failed", "error", err)
		return func() {}
	}
	return func() {
		if err := at.Withdraw(); err != nil {
			log.Warn("the announcement was not taken back", "action", "withdraw_failed", "error", err)
		}
	}
}

// introduce tells people what is running and how to use it.
func introduce(w io.Writer, a *app.App, cfg app.Config) {
	fmt.Fprintf(w, "\n%s is running%s.\n", rolesText(cfg.Roles), demoText(cfg.Demo))
	fmt.Fprintf(w, "  page    %s/\n  api     %s/docs\n", a.URL(), a.URL())
	fmt.Fprintf(w, "  access  %s\n", accessText(a, cfg))
	if cfg.TimeScale != 1 {
		fmt.Fprintf(w, "  clock   runs %v times as fast\n", cfg.TimeScale)
	}
	fmt.Fprintf(w, "  stop    Ctrl-C\n\n")
}

func rolesText(roles []config.Role) string {
	for _, r := range []config.Role{config.RoleAPI, config.RoleKitchen, config.RoleRelay} {
		if !slices.Contains(roles, r) {
			return fmt.Sprintf("Brigade in the roles %v", roles)
		}
	}
	return "Brigade"
}

func demoText(d config.Demo) string {
	switch d {
	case config.DemoBusy:
		return " with a demo restaurant, whose customers, cooks and drivers are simulated (--demo busy)"
	case config.DemoData:
		return " with a demo restaurant, in which nobody acts by himself (--demo data)"
	default:
		return " without a demo (--demo off)"
	}
}

func accessText(a *app.App, cfg app.Config) string {
	if a.Demo() != nil {
		return "no token needed: whoever reaches this loopback address acts as the demo owner"
	}
	where := ""
	switch {
	case cfg.DatabaseURL == "" && cfg.State != ".brigade":
		where = " --state " + cfg.State
	case cfg.State == "":
		where = " --database-url URL"
	}
	tenant := "SLUG"
	if cfg.Demo != config.DemoOff {
		tenant = "demo"
	}
	return "a token is needed: brigade token create --tenant " + tenant + " --name NAME --role owner" + where
}
