package app

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"brigade/internal/actor"
	"brigade/internal/bench"
	"brigade/internal/config"
	"brigade/internal/menu/menupg"
)

// StartBench starts an app for a benchmark: all roles but the simulated guests and cooks. It is a bench.Starter.
func StartBench(ctx context.Context, s bench.Setup) (*bench.Brigade, error) {
	cfg := Config{
		Name: "bench", Roles: []config.Role{config.RoleAPI, config.RoleKitchen, config.RoleRelay},
		DatabaseURL: s.DatabaseURL, State: s.State, Demo: config.DemoOff, AutoComplete: true, Logger: s.Logger,
	}
	if s.Jobs {
		cfg.Roles = append(cfg.Roles, config.RoleJobs)
	}
	if s.HTTP {
		cfg.Addr = "127.0.0.1:0"
	}
	if s.Demo {
		cfg.Demo = config.DemoData
	}
	a := New(cfg)
	if err := a.Start(ctx); err != nil {
		return nil, err
	}
	for i, text := range s.Tenants {
		_, err := menupg.Load(ctx, a.pool, fmt.Sprintf("tenant %d", i), strings.NewReader(text), menupg.Options{
			By: "bench", At: a.clock.Now(), Append: a.append,
		})
		if err != nil {
			return nil, errors.Join(err, a.Stop(context.WithoutCancel(ctx)))
		}
	}
	a.node.Poke()
	return &bench.Brigade{
		URL: a.URL(), DatabaseURL: a.DatabaseURL(), Orders: a.orders, Kitchen: a.kitchen, Events: a.tail,
		Owner: func(ctx context.Context, slug string) (actor.Actor, error) {
			return a.tenants.ActorFor(ctx, slug, "bench", actor.Owner)
		},
		Owned: func() int { return len(a.node.Held(string(config.RoleKitchen))) },
		Stop:  a.Stop,
	}, nil
}
