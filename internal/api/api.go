// Package api is Brigade's HTTP surface: the canonical API under /api/v1, the views of it that the contracts K and R
// ask for, server-sent events, OpenAPI and its page at /docs.
//
// Handlers translate: they read a request, call one service, and write its answer. Errors become statuses in errors.go,
// who may do what stands in access.go, and nothing here knows SQL.
package api

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"brigade/internal/actor"
	"brigade/internal/clock"
	"brigade/internal/event"
	"brigade/internal/kitchen"
	"brigade/internal/live"
	"brigade/internal/menu"
	"brigade/internal/order"
	"brigade/internal/telemetry"
	"brigade/internal/tenant"
	"brigade/internal/worker"
)

// Orders takes and follows orders; *order.Service.
type Orders interface {
	Place(ctx context.Context, who actor.Actor, p order.Placement) (order.Receipt, error)
	Get(ctx context.Context, who actor.Actor, ref string) (order.Order, error)
	History(ctx context.Context, who actor.Actor, ref string) ([]order.Change, error)
	List(ctx context.Context, who actor.Actor, f order.Filter) ([]order.Order, error)
	HandOver(ctx context.Context, who actor.Actor, ref string) (order.Order, error)
}

// Kitchen runs kitchens; *kitchen.Service.
type Kitchen interface {
	Start(ctx context.Context, who actor.Actor, task int64) (kitchen.Task, error)
	Complete(ctx context.Context, who actor.Actor, task int64) (kitchen.Task, error)
	RunOnce(ctx context.Context, who actor.Actor, outlet int64) (int64, error)
	Task(ctx context.Context, who actor.Actor, task int64) (kitchen.TaskView, error)
	Ticket(ctx context.Context, who actor.Actor, order int64) (kitchen.TicketView, error)
	Explain(ctx context.Context, who actor.Actor, task int64) (kitchen.TaskView, []kitchen.Explanation, error)
	Board(ctx context.Context, who actor.Actor, outlet int64) (*kitchen.Board, error)
	Glance(ctx context.Context, who actor.Actor, outlet int64, limit int) (*kitchen.Board, kitchen.Tally, error)
	SetMachine(ctx context.Context, who actor.Actor, outlet int64, machine string, up bool, reason string) error
	SetBreak(ctx context.Context, who actor.Actor, outlet int64, staff string, back bool, length time.Duration) error
}

// Workers knows contract R's workers; *workerpg.Store.
type Workers interface {
	Workers(ctx context.Context, tenant int64) ([]worker.View, error)
}

// Tenants knows tokens and outlets; *tenant.Service.
type Tenants interface {
	Authenticate(ctx context.Context, token string) (actor.Actor, error)
	ListOutlets(ctx context.Context, tenant int64) ([]tenant.Outlet, error)
	CreateToken(ctx context.Context, by actor.Actor, want tenant.NewToken) (string, tenant.Token, error)
	ListTokens(ctx context.Context, by actor.Actor) ([]tenant.Token, error)
	RevokeToken(ctx context.Context, by actor.Actor, id int64) error
}

// Menu tells what outlets sell; *menu.Catalogue.
type Menu interface {
	Items(ctx context.Context, tenant, outlet int64) ([]menu.Item, error)
}

// Events gives listeners what happens; *event.Tail.
type Events interface {
	Stream(filter event.Filter, after int64) *event.Stream
}

// View is a group of routes, so that a process can serve only some.
type View string

// The views. Health, metrics and the documentation belong to all.
const (
	ViewCanonical    View = "canonical"        // the API under /api/v1
	ViewKitchen      View = "contract-k"       // contract K's routes
	ViewOrderService View = "order-service"    // contract R: POST /orders
	ViewTracking     View = "tracking-service" // contract R: status, history, workers
)

// Parts are what the API stands on. All but Demo, Views, Version and Metrics are needed.
type Parts struct {
	Orders  Orders
	Kitchen Kitchen
	Editor  Editor
	Setups  Setups
	Care    Care
	Heard   WebhookHeard // what Stripe sends; nil: cards are not accepted

	CalledBack CalledBack // what external points of sale send

	Quotes     Quotes
	Admissions Admissions

	Work      Work
	Sales     Sales
	Estimates Estimates
	Explainer Explainer
	Workers   Workers // contract R's; nil: there are none
	Notices   Notices

	Workflows  Workflows
	Leader     func(context.Context) (Leader, error)                           // of the orchestrators; nil: nobody knows
	FindTenant func(ctx context.Context, id int64, slug string) (int64, error) // for the operator; nil: by id alone

	Deliveries Deliveries
	Zones      Zones
	Planning   Planning
	Stock      Stock
	Paper      Paper
	Plans      Plans
	Network    Network
	Alerts     Alerts
	Channels   Channels
	Tenants    Tenants
	Menu       Menu
	Events     Events
	Clock      clock.Clock                      // the product's
	Ready      func(context.Context) error      // nil when requests can be served; an errs error's sentence is shown
	Redis      func() string                    // how Redis is, when one is used; "" when not, and it may be nil
	Track      func(tenant, order int64) string // where an order's guest follows it; nil: nowhere
	Cache      *live.Cache                      // shared with other processes; nil: there is none
	Metrics    *telemetry.Metrics
	Log        *slog.Logger
	Demo       *actor.Actor // whom requests without a token act as; nil: they are refused
	Open       bool         // requests without a token are let in by whatever name they call this machine
	Views      []View       // empty: all
	Version    string       // of Brigade, for the documentation
}

// Limits of requests.
const (
	maxBody   = 1 << 20
	answerIn  = 10 * time.Second // then the answer is 503; streams have no such limit
	readyIn   = 2 * time.Second
	heartbeat = 15 * time.Second // between signs of life on a stream without events
	writeIn   = 10 * time.Second // a client that takes nothing for so long is cut off
)

// server is the API with its parts.
type server struct {
	Parts
	mux       *http.ServeMux
	huma      huma.API
	ids       *requestIDs
	timeout   time.Duration
	followers limiter         // of deliveries, by their links
	routes    map[string]bool // those that were added, as in the table of access
}

// New returns the handler of all routes. It answers every path: what it does not know with 404.
func New(p Parts) http.Handler { return newServer(p).handler() }

func newServer(p Parts) *server {
	teachHuma()
	s := &server{Parts: p, mux: http.NewServeMux(), ids: newRequestIDs(), timeout: answerIn, routes: map[string]bool{}}
	s.huma = humago.New(s.mux, describe(p.Version))
	s.addHealth()
	s.addOrders()
	s.addEdits()
	s.addCare()
	s.addWebhooks()
	s.addKitchen()
	s.addWork()
	s.addSales()
	s.addQuotes()
	s.addEstimates()
	s.addExplain()
	s.addNotify()
	s.addPlanning()
	s.addStock()
	s.addPurchases()
	s.addOrchestrator()
	s.addPlans()
	s.addNetwork()
	s.addAlerts()
	s.addChannels()
	s.addTenants()
	s.addSetup()
	s.addDeliveries()
	s.addDrivers()
	s.addZones()
	s.addEvents()
	s.addContractK()
	s.addContractR()
	s.addDocs()
	return s
}

func (s *server) handler() http.Handler { return s.observe(protect(s.mux)) }

// serves tells whether a view was asked for.
func (s *server) serves(v View) bool {
	if len(s.Views) == 0 || v == "" {
		return true
	}
	for _, have := range s.Views {
		if have == v {
			return true
		}
	}
	return false
}

// teachHuma gives huma's package-wide settings Brigade's words and errors, once per process.
var teachHuma = sync.OnceFunc(func() {
	huma.DefaultArrayNullable = false
	huma.NewError = newHumaError
	huma.NewErrorWithContext = newHumaErrorInContext
	teachWords()
})
