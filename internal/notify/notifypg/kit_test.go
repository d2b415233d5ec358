package notifypg_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"brigade/internal/actor"
	"brigade/internal/job"
	"brigade/internal/notify"
	"brigade/internal/notify/notifypg"
	"brigade/internal/post"
	"brigade/internal/store"
	"brigade/internal/store/pgtest"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

const patience = time.Minute

// brisk is a policy whose waits tests can afford.
var brisk = notify.Policy{
	Backoff: 5 * time.Millisecond, MaxBackoff: 20 * time.Millisecond, Attempts: 6, Pause: 5 * time.Millisecond,
	MaxPause: 20 * time.Millisecond, DisableAfter: 4, DisableOver: time.Nanosecond,
}

// sendLane is the job of a lane.
type sendLane struct {
	Lane string `json:"lane"`
	Turn int64  `json:"turn"`
}

func (sendLane) Kind() string     { return "send_lane" }
func (sendLane) Queue() job.Queue { return job.Notify }

// house is a tenant whose changes are told.
type house struct {
	t              *testing.T
	pool           *pgxpool.Pool
	tenant, outlet int64
	store          *notifypg.Store
	service        *notify.Service
	owner          actor.Actor
	jobs           *job.Client
	policy         notify.Policy
	parcels        parcels       // what guests are sent
	hangs          time.Duration // how long a receiver may take
}

// parcels is a carrier that always arrives.
type parcels chan notify.Parcel

func (p parcels) Carry(_ context.Context, parcel notify.Parcel) (int, error) {
	p <- parcel
	return 200, nil
}

func newHouse(t *testing.T, policy notify.Policy) *house {
	t.Helper()
	h := &house{t: t, pool: pgtest.New(t), policy: policy, parcels: make(parcels, 100), hangs: patience}
	h.tenant = h.id("insert into tenants (slug, name) values ('t', 't') returning id")
	h.outlet = h.id("insert into outlets (tenant_id, slug, name, timezone) values ($1, 'main', 'Main', 'UTC') returning id", h.tenant)
	h.owner = actor.Actor{Tenant: h.tenant, Name: "owner", Role: actor.Owner}
	h.build()
	return h
}

// build makes a node's parts; Start runs them.
func (h *house) build() {
	h.t.Helper()
	h.store = notifypg.New(h.pool, notifypg.Parts{
		Channels: []notify.Channel{notify.ByEmail, notify.ByText, notify.Console},
		Hasten: func(ctx context.Context, tx store.Tx, jobs []int64) ([]int64, error) {
			return h.jobs.Hasten(ctx, tx, jobs)
		},
		Enqueue: func(ctx context.Context, tx store.Tx, turns []notifypg.Turn) error {
			jobs := make([]job.Routed, len(turns))
			for i, turn := range turns {
				jobs[i] = sendLane{turn.Lane, turn.Turn}
			}
			return h.jobs.InsertMany(ctx, tx, jobs)
		},
	})
	h.service = notify.NewService(h.store, func(context.Context, *url.URL) error { return nil })
	carrier := post.NewHook(h.hangs, true)
	h.t.Cleanup(carrier.Close)
	office := notify.NewPost(h.store, map[notify.Channel]notify.Carrier{
		notify.ByWebhook: carrier, notify.ByEmail: h.parcels, notify.ByText: h.parcels,
	}, h.policy, slog.New(slog.DiscardHandler))
	workers := job.NewWorkers()
	h.service.Tries(h.store, office)
	job.Register(workers, func(ctx context.Context, s sendLane, try job.Try) error {
		return office.Work(ctx, s.Lane, notify.Turn{Number: s.Turn, Job: try.ID})
	})
	node := h.id("insert into nodes (name, roles, expires_at) values ('n', 'jobs', now() + interval '1 hour') returning id")
	var err error
	h.jobs, err = job.New(h.pool, workers, job.Options{Node: node, Poll: 20 * time.Millisecond, Rescue: 20 * time.Millisecond})
	require.NoError(h.t, err)
}

func (h *house) start() {
	h.t.Helper()
	require.NoError(h.t, h.jobs.Start(h.t.Context()))
	jobs := h.jobs
	h.t.Cleanup(func() { require.NoError(h.t, jobs.Stop(context.Background())) })
}

func (h *house) id(sql string, args ...any) (id int64) {
	h.t.Helper()
	require.NoError(h.t, h.pool.QueryRow(context.Background(), sql, args...).Scan(&id))
	return id
}

func (h *house) change(order int64, seq int, kind notify.Kind) notify.Change {
	return notify.Change{
		Tenant: h.tenant, Outlet: h.outlet, Sequence: seq, Kind: kind, At: noon.Add(time.Duration(seq) * time.Second),
		Facts: notify.Facts{OrderID: order, Number: "ORD_20260302_001", Status: string(kind)},
	}
}

func (h *house) tell(changes ...notify.Change) []notify.Message {
	h.t.Helper()
	told, err := h.store.Tell(h.t.Context(), changes)
	require.NoError(h.t, err)
	return told
}

func (h *house) hook(url string) notify.Webhook {
	h.t.Helper()
	w, err := h.service.AddWebhook(h.t.Context(), h.owner, notify.Webhook{URL: url})
	require.NoError(h.t, err)
	return w
}

func (h *house) deliveries(w notify.Webhook) []notify.Delivery {
	h.t.Helper()
	list, err := h.service.Deliveries(h.t.Context(), h.owner, w.ID, notify.Filter{Limit: 200})
	require.NoError(h.t, err)
	return list
}

func (h *house) webhook(id int64) notify.Webhook {
	h.t.Helper()
	w, err := h.service.Webhook(h.t.Context(), h.owner, id)
	require.NoError(h.t, err)
	return w
}

// eventually waits until something is so.
func (h *house) eventually(so func() bool, what string) {
	h.t.Helper()
	require.Eventually(h.t, so, patience, 5*time.Millisecond, what)
}

// got is one call that a receiver answered with success.
type got struct {
	id, kind string
	order    int64
	seq      int
	header   http.Header
	body     []byte
}

// receiver is an integrator's server; answer decides what it says.
type receiver struct {
	*httptest.Server
	mu   sync.Mutex
	took []got
	all  int
}

func newReceiver(t *testing.T, answer func(n int, g got) int) *receiver {
	t.Helper()
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		g := read(req)
		r.mu.Lock()
		r.all++
		n := r.all
		r.mu.Unlock()
		code := answer(n, g)
		if code == 0 { // drop the connection
			panic(http.ErrAbortHandler)
		}
		if code < 300 {
			r.mu.Lock()
			r.took = append(r.took, g)
			r.mu.Unlock()
		}
		w.WriteHeader(code)
	}))
	t.Cleanup(func() { r.CloseClientConnections(); r.Close() })
	return r
}

func read(req *http.Request) got {
	body, _ := io.ReadAll(req.Body)
	var message struct {
		Type string `json:"type"`
		Data struct {
			Sequence int `json:"sequence"`
			Order    struct {
				ID int64 `json:"id"`
			} `json:"order"`
		} `json:"data"`
	}
	_ = json.Unmarshal(body, &message)
	return got{
		id: req.Header.Get(notify.HeaderID), kind: message.Type, order: message.Data.Order.ID, seq: message.Data.Sequence,
		header: req.Header, body: body,
	}
}

func (r *receiver) calls() []got {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]got(nil), r.took...)
}

func always(code int) func(int, got) int { return func(int, got) int { return code } }
