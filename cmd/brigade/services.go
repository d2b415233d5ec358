package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"brigade/internal/app"
	"brigade/internal/cli"
	"brigade/internal/config"
	"brigade/internal/telemetry"
)

// services are contract R's: commands, or --mode=NAME.
type services struct {
	OrderService           orderService           `cmd:"" name:"order-service" group:"services" help:"Take orders at POST /orders and send them to workers (also --mode=order-service)."`
	KitchenWorker          kitchenWorker          `cmd:"" name:"kitchen-worker" group:"services" help:"Cook orders from RabbitMQ's queues."`
	TrackingService        trackingService        `cmd:"" name:"tracking-service" group:"services" help:"Tell where orders are and who works."`
	NotificationSubscriber notificationSubscriber `cmd:"" name:"notification-subscriber" group:"services" help:"Print every change of an order's status."`
}

func serviceLogger(env *cli.Env, c config.Common, role config.Role) *slog.Logger {
	return telemetry.NewLogger(env.Out, c.Level(), string(role), telemetry.WithFormat(c.LogFormat))
}

// serviceConfig is what contract R's services are told as parts of Brigade.
func serviceConfig(env *cli.Env, s config.Service, role config.Role) app.Config {
	return app.Config{
		Roles: []config.Role{role}, DatabaseURL: s.DatabaseURL.Reveal(), Demo: config.DemoOff, AutoComplete: true, TimeScale: 1,
		Logger: serviceLogger(env, s.Common, role), Brokers: config.Brokers{RabbitMQURL: s.RabbitMQURL},
		Service: app.Service{Tenant: s.Tenant},
	}
}

// serve runs a service until ctx ends or a part of it breaks down.
func serveUntil(ctx context.Context, cfg app.Config) error {
	a := app.New(cfg)
	if err := a.Start(ctx); err != nil {
		if ctx.Err() != nil {
			return nil // told to end while starting
		}
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
	cfg.Logger.InfoContext(ctx, "stopped", "action", "graceful_shutdown")
	return err
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
	return `A worker takes orders of his types from their queues, the most urgent first, and cooks as many at a time as --prefetch says. SIGTERM lets him finish what he holds.

    brigade kitchen-worker --worker-name chef_mario
    brigade kitchen-worker --worker-name chef_luigi --order-types dine_in,takeout --prefetch 2`
}

// Run cooks until ctx ends.
func (k *kitchenWorker) Run(ctx context.Context, env *cli.Env) error {
	cfg := serviceConfig(env, k.Service, config.RoleWorker)
	cfg.Name = k.WorkerName
	cfg.Service.Prefetch = k.Prefetch
	w := &cfg.Service.Worker
	w.Name, w.Types, w.Heartbeat, w.Scale = k.WorkerName, k.OrderTypes, time.Duration(k.HeartbeatInterval), k.CookingScale
	return serveUntil(ctx, cfg)
}

type notificationSubscriber struct{ config.NotificationSubscriber }

// Run prints changes until ctx ends.
func (n *notificationSubscriber) Run(ctx context.Context, env *cli.Env) error {
	return app.Subscribe(ctx, n.RabbitMQURL.Reveal(), serviceLogger(env, n.Common, "notification-subscriber"), env.Out)
}
