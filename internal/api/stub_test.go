package api

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/actor"
	"brigade/internal/clock"
	"brigade/internal/errs"
	"brigade/internal/event"
	"brigade/internal/event/eventtest"
	"brigade/internal/kitchen"
	"brigade/internal/kitchen/sched"
	"brigade/internal/menu"
	"brigade/internal/order"
	"brigade/internal/telemetry"
	"brigade/internal/tenant"
)

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// stubOrders answers from what it is given.
type stubOrders struct {
	mu      sync.Mutex
	placed  []order.Placement
	receipt order.Receipt
	order   order.Order
	changes []order.Change
	list    []order.Order
	filter  order.Filter
	err     error
	place   func(ctx context.Context) error
}

func (s *stubOrders) Place(ctx context.Context, _ actor.Actor, p order.Placement) (order.Receipt, error) {
	if s.place != nil {
		if err := s.place(ctx); err != nil {
			return order.Receipt{}, err
		}
	}
	if err := p.Validate(); err != nil {
		return order.Receipt{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.placed = append(s.placed, p)
	return s.receipt, s.err
}

func (s *stubOrders) Get(_ context.Context, _ actor.Actor, ref string) (order.Order, error) {
	if ref != s.order.Number {
		return order.Order{}, errs.NotFound("no order %s", ref)
	}
	return s.order, s.err
}

func (s *stubOrders) History(_ context.Context, _ actor.Actor, ref string) ([]order.Change, error) {
	if ref != s.order.Number {
		return nil, errs.NotFound("no order %s", ref)
	}
	return s.changes, s.err
}

func (s *stubOrders) List(_ context.Context, _ actor.Actor, f order.Filter) ([]order.Order, error) {
	s.filter = f
	return s.list, s.err
}

func (s *stubOrders) HandOver(context.Context, actor.Actor, string) (order.Order, error) {
	return s.order, s.err
}

// stubKitchen has one ticket and one board.
type stubKitchen struct {
	ticket kitchen.TicketView
	board  *kitchen.Board
	err    error
	calls  []string
}

func (s *stubKitchen) Start(context.Context, actor.Actor, int64) (kitchen.Task, error) {
	return kitchen.Task{}, s.err
}

func (s *stubKitchen) Complete(context.Context, actor.Actor, int64) (kitchen.Task, error) {
	return kitchen.Task{}, s.err
}

func (s *stubKitchen) RunOnce(context.Context, actor.Actor, int64) (int64, error) { return 5, s.err }

func (s *stubKitchen) Task(_ context.Context, _ actor.Actor, id int64) (kitchen.TaskView, error) {
	for _, t := range s.ticket.TaskViews {
		if t.ID == id {
			return t, s.err
		}
	}
	return kitchen.TaskView{}, errs.NotFound("no task %d", id)
}

func (s *stubKitchen) Ticket(context.Context, actor.Actor, int64) (kitchen.TicketView, error) {
	return s.ticket, s.err
}

func (s *stubKitchen) Explain(ctx context.Context, who actor.Actor, id int64) (kitchen.TaskView, []kitchen.Explanation, error) {
	t, err := s.Task(ctx, who, id)
	return t, []kitchen.Explanation{{DecidedAt: noon, Why: json.RawMessage(`{"policy":"greedy"}`)}}, err
}

func (s *stubKitchen) Board(context.Context, actor.Actor, int64) (*kitchen.Board, error) {
	return s.board, s.err
}

func (s *stubKitchen) Glance(context.Context, actor.Actor, int64, int) (*kitchen.Board, kitchen.Tally, error) {
	return s.board, kitchen.Tally{Tickets: 41}, s.err
}

func (s *stubKitchen) SetMachine(_ context.Context, _ actor.Actor, _ int64, machine string, up bool, reason string) error {
	s.calls = append(s.calls, strings.TrimSpace(machine+map[bool]string{true: " up ", false: " down "}[up]+reason))
	return s.err
}

func (s *stubKitchen) SetBreak(_ context.Context, _ actor.Actor, _ int64, staff string, back bool, d time.Duration) error {
	s.calls = append(s.calls, staff+map[bool]string{true: " back ", false: " break "}[back]+d.String())
	return s.err
}

// stubTenants lets in whoever names a role as his token; "bound" is a cook of outlet 2.
type stubTenants struct{ revoked []int64 }

func (s *stubTenants) Authenticate(_ context.Context, token string) (actor.Actor, error) {
	if token == "bound" {
		return actor.Actor{Tenant: 3, Outlet: 2, Bound: true, Name: "bound", Role: actor.Cook}, nil
	}
	if r := actor.Role(token); r.Valid() {
		return actor.Actor{Tenant: 3, Outlet: 1, Name: token, Role: r}, nil
	}
	return actor.Actor{}, errs.Unauthorized("the token is unknown, expired or revoked")
}

func (s *stubTenants) ListOutlets(context.Context, int64) ([]tenant.Outlet, error) {
	return []tenant.Outlet{
		{ID: 1, Slug: "kitchen", Name: "Kitchen", Timezone: time.UTC, Currency: "EUR", Default: true},
		{ID: 2, Slug: "pizzeria", Name: "Pizzeria", Timezone: time.UTC, Currency: "EUR"},
	}, nil
}

func (s *stubTenants) CreateToken(_ context.Context, _ actor.Actor, want tenant.NewToken) (string, tenant.Token, error) {
	return "brg_plain", tenant.Token{ID: 9, Name: want.Name, Role: want.Role, Outlet: want.Outlet, Created: noon, Expires: want.Expires}, nil
}

func (s *stubTenants) ListTokens(context.Context, actor.Actor) ([]tenant.Token, error) {
	return []tenant.Token{{ID: 9, Name: "till", Role: actor.Cook, Created: noon}}, nil
}

func (s *stubTenants) RevokeToken(_ context.Context, _ actor.Actor, id int64) error {
	s.revoked = append(s.revoked, id)
	return nil
}

type stubMenu struct{}

func (stubMenu) Items(context.Context, int64, int64) ([]menu.Item, error) {
	return []menu.Item{{SKU: "wrap", Name: "Grilled wrap", Category: "Meals", Price: 750}}, nil
}

// stubSales has paused what it is given.
type stubSales struct{ paused []menu.Pause }

func (s *stubSales) Pause(_ context.Context, _ actor.Actor, _ int64, p menu.Pause) (menu.Pause, error) {
	s.paused = append(s.paused, p)
	return p, nil
}

func (s *stubSales) Resume(_ context.Context, _ actor.Actor, _ int64, kind menu.PauseKind, name string) (menu.Pause, error) {
	s.paused = nil
	return menu.Pause{Kind: kind, Name: name}, nil
}

func (s *stubSales) Paused(context.Context, actor.Actor, int64) ([]menu.Pause, error) {
	return s.paused, nil
}

// bundle is an API over stubs.
type bundle struct {
	orders  *stubOrders
	kitchen *stubKitchen
	tenants *stubTenants
	events  *eventtest.Log
	tail    *event.Tail
	clock   *clock.Manual
	logs    *lockedBuffer
	server  *server
	http.Handler
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func setup(t testing.TB, change ...func(*Parts)) *bundle {
	t.Helper()
	b := &bundle{
		orders: &stubOrders{}, kitchen: &stubKitchen{board: demoBoard()}, tenants: &stubTenants{},
		events: eventtest.NewLog(), clock: clock.NewManual(noon), logs: &lockedBuffer{},
	}
	b.tail = event.NewTail(b.events, event.TailOptions{Logger: slog.New(slog.DiscardHandler)})
	b.orders.order, b.kitchen.ticket = demoOrder(), demoTicket()
	b.orders.receipt = order.Receipt{Order: b.orders.order, ReadyTaskIDs: []int64{1, 2, 3}}
	p := Parts{
		Orders: b.orders, Kitchen: b.kitchen, Tenants: b.tenants, Menu: stubMenu{}, Sales: &stubSales{}, Events: b.tail, Clock: b.clock,
		Ready: func(context.Context) error { return nil }, Metrics: telemetry.NewMetrics(),
		Log: telemetry.NewLogger(b.logs, slog.LevelDebug, "api"),
	}
	for _, c := range change {
		c(&p)
	}
	b.server = newServer(p)
	b.Handler = b.server.handler()
	return b
}

func demoOrder() order.Order {
	return order.Order{
		ID: 1, Tenant: 3, Outlet: 1, Number: "ORD_20260504_001", Source: "api", Status: order.Created, Type: order.Takeout,
		Lines: []order.Line{{SKU: "burger_combo", Name: "Burger combo", Quantity: 2, UnitPrice: 1249}}, Total: 2498, Currency: "EUR",
		Priority: 1, Version: 1, PlacedAt: noon, UpdatedAt: noon, UpdatedBy: "till",
	}
}

func demoTicket() kitchen.TicketView {
	task := func(id int64, what string, seconds int, after ...int64) kitchen.TaskView {
		return kitchen.TaskView{
			Task: kitchen.Task{
				ID: id, Item: "Burger combo", Description: what, Estimate: time.Duration(seconds) * time.Second, BasePriority: 20,
				DependsOn: after, PendingDeps: len(after), Status: kitchen.TaskUnassigned,
			},
			Order: 1, Outlet: 1, Number: "ORD_20260504_001", Counter: "griller", MachineName: "grill-1",
		}
	}
	return kitchen.TicketView{TaskViews: []kitchen.TaskView{
		task(1, "grill patty", 80), task(2, "toast bun", 25), task(3, "fry fries", 90), task(4, "assemble burger", 35, 1, 2, 3),
	}}
}

func demoBoard() *kitchen.Board {
	b := &kitchen.Board{
		Layout:   &kitchen.Layout{Tenant: 3, Outlet: 1, Slug: "kitchen", Name: "Kitchen"},
		Stations: []kitchen.StationView{{Station: sched.Station{ID: 3, Name: "griller", Capacity: 6}, Ready: 2}},
		Machines: []kitchen.MachineView{{
			Machine: kitchen.Machine{Machine: sched.Machine{ID: 1, Station: 3, Name: "grill-1", Capacity: 6, Up: true}}, StationName: "griller",
		}},
		People: []kitchen.PersonView{
			{Person: kitchen.Person{ID: 1, Name: "Asha", Active: true, TasksCompleted: 17, LastSeen: noon}, OnShift: true, Station: []string{"griller"}},
			{Person: kitchen.Person{ID: 2, Name: "Ravi"}},
		},
		Tickets: []kitchen.TicketView{demoTicket()},
	}
	for i, t := range demoTicket().TaskViews[:3] {
		b.Queue = append(b.Queue, kitchen.QueueEntry{TaskView: t, Score: 20 - float64(i), Waits: "machine full"})
	}
	return b
}

// answered is one answer, read.
type answered struct {
	status int
	header http.Header
	text   string
	body   map[string]any
}

// call sends a request as the owner, unless headers say otherwise ("Name: value").
func (b *bundle) call(t testing.TB, method, path, body string, headers ...string) answered {
	t.Helper()
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	req := httptest.NewRequest(method, path, r)
	req.Header.Set("Authorization", "Bearer owner")
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ":")
		req.Header.Del(name)
		if value = strings.TrimSpace(value); value != "" {
			req.Header.Set(name, value)
		}
	}
	w := httptest.NewRecorder()
	b.ServeHTTP(w, req)
	a := answered{status: w.Code, header: w.Header(), text: w.Body.String()}
	if strings.HasPrefix(strings.TrimSpace(a.text), "{") {
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &a.body), a.text)
	}
	return a
}

// faults are the faulty fields of a problem with their messages.
func (a answered) faults() map[string]string {
	found := map[string]string{}
	list, _ := a.body["errors"].([]any)
	for _, f := range list {
		fault := f.(map[string]any)
		found[fault["field"].(string)] = fault["message"].(string)
	}
	return found
}
