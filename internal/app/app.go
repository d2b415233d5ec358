// Package app puts Brigade together: which parts a process runs, how they know each other, in which order they start
// and stop. Nobody but cmd imports it.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"brigade/internal/actor"
	"brigade/internal/alert"
	"brigade/internal/alert/alertpg"
	"brigade/internal/channel"
	"brigade/internal/clock"
	"brigade/internal/config"
	"brigade/internal/delivery"
	"brigade/internal/delivery/deliverypg"
	"brigade/internal/event"
	"brigade/internal/job"
	"brigade/internal/kitchen"
	"brigade/internal/kitchen/kitchenpg"
	"brigade/internal/lease"
	"brigade/internal/menu"
	"brigade/internal/notify"
	"brigade/internal/notify/notifypg"
	"brigade/internal/order"
	"brigade/internal/order/orderpg"
	"brigade/internal/payment"
	"brigade/internal/planning"
	"brigade/internal/planning/planningpg"
	"brigade/internal/pos"
	"brigade/internal/post"
	"brigade/internal/setup"
	"brigade/internal/stock"
	"brigade/internal/stock/stockpg"
	"brigade/internal/telemetry"
	"brigade/internal/tenant"
	"brigade/internal/tracking"
	"brigade/internal/worker/workerpg"
	"brigade/internal/workflow"
	"brigade/internal/workflow/workflowpg"
)

// Config says what a process runs. cmd makes it from flags; tests write it down.
type Config struct {
	Name         string        // of the node, for people; default: the host's name
	Roles        []config.Role // what this process does
	Addr         string        // where HTTP is served; port 0: a free one
	DatabaseURL  string        // "": a private Postgres in State
	State        string
	Demo         config.Demo
	AutoComplete bool
	TimeScale    float64
	Logger       *slog.Logger
	Lease        lease.Options         // zero: the defaults
	Stripe       payment.StripeOptions // without a key cards are not accepted; zero: what the environment says
	Notify       config.Notify
	Pages        config.Pages
	Patience     notify.Policy // with what is told; zero: the defaults
	Brokers      config.Brokers
	Traces       telemetry.TraceOptions // zero: what the standard variables say
	Service      Service                // when the process is one of contract R's services
	Workflows    config.Workflows       // zero: the defaults
}

// App is a running Brigade, or part of one.
type App struct {
	cfg     Config
	log     *slog.Logger
	metrics *telemetry.Metrics
	traces  *orderTraces

	mu      sync.Mutex
	started bool
	stopped bool
	parts   []part // in the order in which they started

	pool      *pgxpool.Pool
	clock     *clock.Scaled
	node      *lease.Node
	eventLog  event.Log
	ownEvents *event.Own // the same, for the tail: what this process commits is not read
	sharedLog event.Log  // the same, for those who follow a little behind the tail
	tail      *event.Tail
	relays    relays
	redis     redis
	cooks     *workerpg.Store // of orders that go whole to contract R's workers
	services  tenantChoice
	tenants   *tenant.Service
	catalogue *menu.Catalogue
	orderRows *orderpg.Store
	orders    *order.Service
	editor    *order.Editor // of orders that are being cooked
	setups    *setup.Editor // of what outlets are set up with
	sales     *menu.Sales
	salesRows *planningpg.Store
	planning  *planning.Service
	planner   *planning.Planner
	alertRows *alertpg.Store
	alerts    *alert.Service
	stockRows *stockpg.Store
	stock     *stock.Service
	letters   *post.Mail // nil: there is no mail server

	workflowRows *workflowpg.Store
	workflows    *workflow.Service
	flows        workflows

	tickets   *kitchenpg.Store
	desk      *kitchen.Desks
	kitchen   *kitchen.Service
	cashier   *order.Cashier
	till      *order.Till
	care      *order.Care
	sale      *pos.Client     // of external points of sale
	saleGates *order.Gates    // to each outlet's
	stripe    *payment.Stripe // nil: cards are not accepted
	salt      string          // keeps this installation's keys at providers apart

	timekeeper *order.Timekeeper

	deliveryRows *deliverypg.Store
	fleet        *delivery.Fleet
	dispatcher   *delivery.Engine
	links        *tracking.Links // by which customers follow their orders
	deliveries   *delivery.Service
	zones        *delivery.Zones

	workers *job.Workers
	jobs    *job.Client
	ledger  *notifypg.Store
	notices *notify.Service

	channels *channel.Service // of ordering providers
	announce chan struct{}    // has providers told of their channels' states
	demo     *actor.Actor     // whom requests without a token act as; nil: nobody
	url      string
	failed   chan error
}

// part is something that was started and has to be stopped.
type part struct {
	name   string
	stop   func(context.Context) error
	longer time.Duration // than others it may take to stop
}

// New returns an app that has not started. It touches nothing.
func New(cfg Config) *App {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.TimeScale == 0 {
		cfg.TimeScale = 1
	}
	return &App{cfg: cfg, log: cfg.Logger, metrics: telemetry.NewMetrics(), failed: make(chan error, 1)}
}

// Start brings the parts up, in order, and returns when the app can serve. When it fails it stops what it had started.
// Errors: KindInvalid for a wrong configuration, KindUnavailable when Postgres cannot be reached, KindConflict when
// another process uses the state folder.
func (a *App) Start(ctx context.Context) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.started {
		return errors.New("app: started before")
	}
	a.started = true
	for _, step := range []func(context.Context) error{
		a.startTraces, a.startDatabase, a.startClock, a.loadDemo, a.joinNodes, a.build, a.startRedis,
		a.startFollowing, a.startSpans, a.startKitchen, a.startLearning, a.startTill, a.startTimers, a.startDelivery, a.startRelays, a.startRetention, a.startJobs, a.startPlanning, a.startAlerts, a.startStock, a.startWorkflows, a.startDemoPlans, a.startMetrics, a.startStepMetrics, a.startService, a.startHTTP, a.startOrdersTopic, a.startDriverTopic, a.startSim,
	} {
		if err := step(ctx); err != nil {
			return errors.Join(err, a.stopParts(context.WithoutCancel(ctx)))
		}
	}
	return nil
}

// Stop ends the parts, the last started first, each within its time. Stopping twice, or before Start, is fine.
func (a *App) Stop(ctx context.Context) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.stopped || !a.started {
		return nil
	}
	a.stopped = true
	return a.stopParts(ctx)
}

// stopTimeout bounds the stop of one part.
const stopTimeout = 15 * time.Second

func (a *App) stopParts(ctx context.Context) error {
	var failures error
	for i := len(a.parts) - 1; i >= 0; i-- {
		p := a.parts[i]
		ctx, cancel := context.WithTimeout(ctx, stopTimeout+p.longer)
		if err := p.stop(ctx); err != nil {
			failures = errors.Join(failures, fmt.Errorf("%s: %w", p.name, err))
		}
		cancel()
		a.log.DebugContext(ctx, p.name+" stopped", "action", "part_stopped")
	}
	a.parts = nil
	return failures
}

func (a *App) onStop(name string, stop func(context.Context) error) {
	a.parts = append(a.parts, part{name: name, stop: stop})
}

// run starts a loop that ends when its context does, and stops it in its turn.
func (a *App) run(name string, loop func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := loop(ctx); err != nil && ctx.Err() == nil {
			a.fail(fmt.Errorf("%s: %w", name, err))
		}
	}()
	a.onStop(name, func(ctx context.Context) error {
		cancel()
		select {
		case <-done:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
}

// fail notes that a part broke down for good; Failed tells the first.
func (a *App) fail(err error) {
	a.log.Error("a part broke down", "action", "part_failed", "error", err)
	select {
	case a.failed <- err:
	default:
	}
}

// Failed delivers when a part broke down for good and the process should end.
func (a *App) Failed() <-chan error { return a.failed }

// URL is where the app serves HTTP; "" when it does not.
func (a *App) URL() string { return a.url }

// Demo is whom requests without a token act as; nil when a token is demanded.
func (a *App) Demo() *actor.Actor { return a.demo }

func (a *App) has(r config.Role) bool {
	for _, have := range a.cfg.Roles {
		if have == r {
			return true
		}
	}
	return false
}
