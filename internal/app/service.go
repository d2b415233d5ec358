package app

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/trace"

	"brigade/internal/api"
	"brigade/internal/config"
	"brigade/internal/event/rabbitmq"
	"brigade/internal/telemetry"
	"brigade/internal/worker"
)

// Service is what contract R's services are told beside what all processes are.
type Service struct {
	Tenant        string // for whom they work; "": the only active tenant, else the demo
	MaxConcurrent int    // requests that are worked on at a time; 0: no limit
	Worker        worker.Config
	Prefetch      int // orders that a worker cooks at a time
}

// startService starts what the process does as one of contract R's services.
func (a *App) startService(ctx context.Context) error {
	if !a.has(config.RoleOrderService) && !a.has(config.RoleTracking) && !a.has(config.RoleWorker) {
		return nil
	}
	if err := a.cooks.Found(ctx); err != nil {
		return err
	}
	t, err := a.serviceTenant(ctx)
	if err != nil {
		return err
	}
	modes, err := a.cooks.Modes(ctx, t.ID)
	if err != nil {
		return err
	}
	a.log.InfoContext(ctx, fmt.Sprintf("working for tenant %s; whoever reaches this service acts for it without a token", t.Slug),
		"action", "service_started", "tenant", t.Slug, "kitchens", modes)
	if a.has(config.RoleWorker) {
		return a.startWorker(ctx, t.ID)
	}
	who, err := a.serviceActor(ctx, string(a.cfg.Roles[0]))
	if err != nil {
		return err
	}
	a.demo = &who
	return nil
}

// startWorker registers the worker and lets him take orders. When he stops he finishes what he holds.
func (a *App) startWorker(ctx context.Context, tenant int64) error {
	cfg := a.cfg.Service.Worker
	cfg.Tenant = tenant
	if err := cfg.Validate(); err != nil {
		return err
	}
	w, err := worker.Start(ctx, cfg, a.cooks, a.clock, a.log)
	if err != nil {
		return err
	}
	a.onStop("worker", w.Leave)
	a.run("heartbeat", w.Beat)
	c := &rabbitmq.Consumer{Options: a.rabbitMQ("worker " + cfg.Name), Prefetch: a.cfg.Service.Prefetch}
	for _, t := range w.Types() {
		c.Queues = append(c.Queues, rabbitmq.TypeQueue(t))
	}
	c.Handle = func(ctx context.Context, d rabbitmq.Delivery) rabbitmq.Verdict {
		if parent, ok := d.Headers["traceparent"].(string); ok {
			var span trace.Span
			ctx, span = a.traces.Start(telemetry.WithTraceParent(ctx, parent), "worker cooks", trace.SpanKindConsumer)
			defer span.End()
		}
		return map[worker.Outcome]rabbitmq.Verdict{
			worker.Cooked: rabbitmq.Done, worker.Later: rabbitmq.Requeue, worker.Refused: rabbitmq.Refuse,
		}[w.Cook(ctx, d.Body)]
	}
	a.run("consumer", func(ctx context.Context) error { c.Run(ctx); return nil })
	a.parts[len(a.parts)-1].longer = cfg.Longest() // he finishes what he holds
	a.run("tidy", func(ctx context.Context) error { return a.tidy(ctx, tenant, cfg.Heartbeat) })
	return nil
}

// tidy keeps the queue of everything from growing while nobody reads it: what workers have finished is taken off it.
func (a *App) tidy(ctx context.Context, tenant int64, every time.Duration) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		n, err := rabbitmq.Tidy(ctx, a.rabbitMQ("tidy"), rabbitmq.KitchenQueue, func(ctx context.Context, bodies [][]byte) ([]bool, error) {
			return a.finished(ctx, tenant, bodies)
		})
		if err == nil && n > 0 {
			a.log.DebugContext(ctx, "finished orders taken off the queue that nobody reads", "action", "queue_tidied", "orders", n)
		}
	}
}

// finished tells which messages are of orders that need no worker any more.
func (a *App) finished(ctx context.Context, tenant int64, bodies [][]byte) ([]bool, error) {
	numbers := make([]string, len(bodies))
	for i, b := range bodies {
		if m, err := worker.DecodeOrder(b); err == nil {
			numbers[i] = m.Number
		}
	}
	done, err := a.cooks.Finished(ctx, tenant, numbers)
	is := map[string]bool{}
	for _, n := range done {
		is[n] = true
	}
	finished := make([]bool, len(bodies))
	for i, n := range numbers {
		finished[i] = is[n]
	}
	return finished, err
}

// serviceViews are the routes that a process without the api role serves beside its health.
func (a *App) serviceViews() []api.View {
	views := []api.View{"none"}
	if a.has(config.RoleOrderService) {
		views = append(views, api.ViewOrderService)
	}
	if a.has(config.RoleTracking) {
		views = append(views, api.ViewTracking)
	}
	if a.has(config.RoleOrchestrator) {
		views = append(views, api.ViewOrchestrator)
	}
	return views
}

// waitForTurn is how long a request waits while as many as allowed are worked on.
const waitForTurn = 3 * time.Second

// limit lets so many requests be worked on at a time. Others wait a little, and are told to come again then.
func (a *App) limit(next http.Handler) http.Handler {
	n := a.cfg.Service.MaxConcurrent
	if n == 0 {
		return next
	}
	turns := make(chan struct{}, n)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet { // health, metrics
			next.ServeHTTP(w, r)
			return
		}
		timeout := time.NewTimer(waitForTurn)
		defer timeout.Stop()
		select {
		case turns <- struct{}{}:
			defer func() { <-turns }()
			next.ServeHTTP(w, r)
		case <-r.Context().Done():
		case <-timeout.C:
			api.Refuse(w, fmt.Sprintf("%d requests are being worked on already: try again", n))
		}
	})
}
