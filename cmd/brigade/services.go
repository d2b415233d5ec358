package main

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"brigade/internal/app"
	"brigade/internal/cli"
	"brigade/internal/config"
	"brigade/internal/errs"
	"brigade/internal/telemetry"
)

// services are contract R's: commands, or --mode=NAME.
type services struct {
	OrderService           orderService           `cmd:"" name:"order-service" group:"services" help:"Take orders at POST /orders and send them to workers (also --mode=order-service)."`
	KitchenWorker          kitchenWorker          `cmd:"" name:"kitchen-worker" group:"services" help:"Cook orders from RabbitMQ's queues."`
	TrackingService        trackingService        `cmd:"" name:"tracking-service" group:"services" help:"Tell where orders are and who works."`
	Orchestrator           orchestrator           `cmd:"" name:"orchestrator" group:"services" help:"Do workflows: every night, every week, or when somebody asks (also --mode=orchestrator)."`
	NotificationSubscriber notificationSubscriber `cmd:"" name:"notification-subscriber" group:"services" help:"Print every change of an order's status."`
}

func serviceLogger(env *cli.Env, c config.Common, role config.Role) *slog.Logger {
	return telemetry.NewLogger(env.Out, c.Level(), string(role), telemetry.WithFormat(c.LogFormat))
}

// serviceConfig is what contract R's services are told as parts of Brigade.
func serviceConfig(env *cli.Env, s config.Service, role config.Role) app.Config {
	return app.Config{
		Roles: []config.Role{role}, DatabaseURL: s.DatabaseURL.Reveal(), Demo: config.DemoOff, AutoComplete: true, TimeScale: 1,
		Logger: serviceLogger(env, s.Common, role), Traces: serviceTraces(s, role), Brokers: config.Brokers{RabbitMQURL: s.RabbitMQURL},
		Service: app.Service{Tenant: s.Tenant},
	}
}

// serviceTraces is where a service's spans are sent, in its own name.
func serviceTraces(s config.Service, role config.Role) telemetry.TraceOptions {
	to := tracesTo(s.Traces)
	to.Service = string(role)
	return to
}

// serveUntil runs a service until ctx ends or a part of it breaks down. Why it could not start is said in the log too:
// that is where a service's operators look.
func serveUntil(ctx context.Context, cfg app.Config) error {
	a := app.New(cfg)
	if err := a.Start(ctx); err != nil {
		if ctx.Err() != nil {
			return nil // told to end while starting
		}
		cfg.Logger.ErrorContext(ctx, "the service cannot start", "action", "startup_failed", "error", err)
		return err
	}
	if a.URL() != "" {
		cfg.Logger.InfoContext(ctx, "listening on "+a.URL(), "action", "listening", "url", a.URL())
	}
	var failure error
	select {
	case <-ctx.Done():
	case failure = <-a.Failed():
	}
	err := errors.Join(failure, a.Stop(context.WithoutCancel(ctx)))
	sayStopped(ctx, cfg.Logger)
	return err
}

func sayStopped(ctx context.Context, log *slog.Logger) {
	log.InfoContext(ctx, "stopped", "action", "graceful_shutdown")
}

type orderService struct{ config.OrderService }

// Help implements kong.HelpProvider.
func (orderService) Help() string {
	return `In a database that holds nobody yet it makes a restaurant whose orders go to workers; in another one, brigade kitchen mode workers lets an outlet choose them.

    brigade order-service --port 3000 --max-concurrent 50
    curl -d '{"customer_name":"Ada","order_type":"takeout","items":[{"name":"Pizza","quantity":1,"price":9.5}]}' localhost:3000/orders`
}

// Run takes orders until ctx ends.
func (o *orderService) Run(ctx context.Context, env *cli.Env) error {
	cfg := serviceConfig(env, o.Service, config.RoleOrderService)
	cfg.Addr, cfg.Service.MaxConcurrent = o.Addr(), o.MaxConcurrent
	return serveUntil(ctx, cfg)
}

type trackingService struct{ config.TrackingService }

// Run answers until ctx ends.
func (t *trackingService) Run(ctx context.Context, env *cli.Env) error {
	cfg := serviceConfig(env, t.Service, config.RoleTracking)
	cfg.Addr = t.Addr()
	return serveUntil(ctx, cfg)
}

type kitchenWorker struct{ config.KitchenWorker }

// Help implements kong.HelpProvider.
func (kitchenWorker) Help() string {
	return `A worker takes orders of his types from their queues, of each the most urgent first, and cooks as many at a time as --prefetch says. SIGTERM lets him finish what he holds.

    brigade kitchen-worker --worker-name chef_mario
    brigade kitchen-worker --worker-name chef_luigi --order-types dine_in,takeout --prefetch 2`
}

// Validate returns one KindInvalid error that names every fault, or nil.
func (k *kitchenWorker) Validate() error {
	for i, t := range k.OrderTypes {
		k.OrderTypes[i] = strings.TrimSpace(t)
	}
	var f errs.Fields
	for _, err := range []error{k.KitchenWorker.Validate(), k.service().CheckWorker()} {
		if e, ok := errors.AsType[*errs.Error](err); ok {
			f = append(f, e.Fields...)
		}
	}
	return f.Err()
}

func (k *kitchenWorker) service() app.Service {
	s := app.Service{Tenant: k.Tenant, Prefetch: k.Prefetch}
	w := &s.Worker
	w.Name, w.Types, w.Heartbeat, w.Scale = k.WorkerName, k.OrderTypes, time.Duration(k.HeartbeatInterval), k.CookingScale
	return s
}

// Run cooks until ctx ends.
func (k *kitchenWorker) Run(ctx context.Context, env *cli.Env) error {
	cfg := serviceConfig(env, k.Service, config.RoleWorker)
	cfg.Name = k.WorkerName
	cfg.Service = k.service()
	return serveUntil(ctx, cfg)
}

type notificationSubscriber struct{ config.NotificationSubscriber }

// Run prints changes until ctx ends.
func (n *notificationSubscriber) Run(ctx context.Context, env *cli.Env) error {
	log := serviceLogger(env, n.Common, "notification-subscriber")
	err := app.Subscribe(ctx, n.RabbitMQURL.Reveal(), log, env.Out)
	sayStopped(ctx, log)
	return err
}

type orchestrator struct{ config.Orchestrator }

// Help implements kong.HelpProvider.
func (orchestrator) Help() string {
	return `Any number of orchestrators share the steps; one of them decides when workflows begin, and others take over from it. Whoever reaches its address acts as the operator, for all tenants.

    brigade orchestrator --database-url postgres://brigade@db/brigade
    brigade workflow run daily --server http://127.0.0.1:8018`
}

// Run does workflows until ctx ends.
func (o *orchestrator) Run(ctx context.Context, env *cli.Env) error {
	cfg := serviceConfig(env, o.Service, config.RoleOrchestrator)
	cfg.Addr, cfg.Workflows, cfg.Brokers.RedisURL = o.Addr(), o.Workflows, o.RedisURL
	return serveUntil(ctx, cfg)
}
