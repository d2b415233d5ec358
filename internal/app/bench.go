package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"brigade/internal/actor"
	"brigade/internal/bench"
	"brigade/internal/config"
	"brigade/internal/menu/menupg"
	"brigade/internal/tenant"
	"brigade/internal/worker"
)

// StartBench starts an app for a benchmark: all roles but the simulated guests and cooks. It is a bench.Starter.
func StartBench(ctx context.Context, s bench.Setup) (*bench.Brigade, error) {
	cfg := Config{
		Name: "bench", Roles: []config.Role{config.RoleAPI, config.RoleKitchen, config.RoleRelay},
		DatabaseURL: s.DatabaseURL, State: s.State, Demo: config.DemoOff, AutoComplete: true, Logger: s.Logger,
	}
	if s.Services.Workers > 0 {
		return startBenchServices(ctx, s)
	}
	if s.Still {
		cfg.Roles = []config.Role{config.RoleAPI}
	}
	if s.Nights {
		cfg.Roles = []config.Role{config.RoleOrchestrator}
	}
	if s.Jobs {
		cfg.Roles = append(cfg.Roles, config.RoleJobs)
	}
	if s.Delivery {
		cfg.Roles = append(cfg.Roles, config.RoleDelivery)
	}
	cfg.Brokers.KafkaBrokers = s.Kafka
	if s.HTTP {
		cfg.Addr = "127.0.0.1:0"
	}
	cfg.Brokers.RedisURL = config.URL(s.Redis)
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
		URL: a.URL(), DatabaseURL: a.DatabaseURL(), Orders: a.orders, Kitchen: a.kitchen, Events: a.tail, Workflows: a.workflows,
		Owner: func(ctx context.Context, slug string) (actor.Actor, error) {
			return a.tenants.ActorFor(ctx, slug, "bench", actor.Owner)
		},
		Token: func(ctx context.Context, who actor.Actor) (string, error) {
			plain, _, err := a.tenants.CreateToken(ctx, who, tenant.NewToken{Name: "bench", Role: who.Role})
			return plain, err
		},
		Owned: func() int { return len(a.node.Held(string(config.RoleKitchen))) },
		Stop:  a.Stop,
	}, nil
}

// startBenchServices starts contract R's services as apps of their own over one Postgres.
func startBenchServices(ctx context.Context, s bench.Setup) (*bench.Brigade, error) {
	cfg := Config{
		Name: "bench", Roles: []config.Role{config.RoleOrderService}, Addr: "127.0.0.1:0", DatabaseURL: s.DatabaseURL, State: s.State,
		Demo: config.DemoOff, AutoComplete: true, Logger: s.Logger, Brokers: config.Brokers{RabbitMQURL: config.URL(s.Services.RabbitMQ)},
	}
	orders := New(cfg)
	if err := orders.Start(ctx); err != nil {
		return nil, err
	}
	b := &bench.Brigade{URL: orders.URL(), DatabaseURL: orders.DatabaseURL(), Stop: orders.Stop}
	for i := range s.Services.Workers {
		w := cfg
		w.Name = fmt.Sprintf("worker %d", i+1)
		w.Roles, w.Addr, w.State, w.DatabaseURL = []config.Role{config.RoleWorker}, "", "", b.DatabaseURL
		w.Service = Service{Prefetch: 100, Worker: worker.Config{Name: w.Name, Heartbeat: 30 * time.Second}}
		a := New(w)
		if err := a.Start(ctx); err != nil {
			return nil, errors.Join(err, b.Stop(context.WithoutCancel(ctx)))
		}
		others := b.Stop
		b.Stop = func(ctx context.Context) error { return errors.Join(a.Stop(ctx), others(ctx)) }
	}
	return b, nil
}
