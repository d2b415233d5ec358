// Package lease says who decides: each resource (a kitchen, a relay) has one owner among the live nodes.
//
// A node is a process with a row in table nodes, renewed by a heartbeat and judged by the database's clock alone.
// What a node owns is recorded in table leases with a fence, one higher with each new owner. Knowing that one owns
// something is only a hint; what makes two owners impossible is Check, which every commit for a resource runs in its
// own transaction: it holds the lease's row against a takeover until the commit is through, and refuses a commit that
// comes after one.
//
// A node whose row expired or vanished never gets it back. It joins again under a new ID and claims afresh, so an old
// fence cannot come to life again.
package lease

import (
	"context"
	"hash/maphash"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"brigade/internal/errs"
	"brigade/internal/lease/leasepg/db"
	"brigade/internal/telemetry"
)

// Options tune a node; zero fields get the defaults.
type Options struct {
	Heartbeat time.Duration // between renewals of the node's row; 2 s
	TTL       time.Duration // a node that was not renewed for so long is dead; 6 s
	Tick      time.Duration // between looks at what is free and what is lost; 1 s

	// Replace says that no other process of this name can be alive, because the caller holds a lock of its own.
	// What such a process left behind is taken over at once instead of after TTL.
	Replace bool

	Logger  *slog.Logger
	Metrics *telemetry.Lease
}

func (o Options) withDefaults() Options {
	o.Heartbeat = orDefault(o.Heartbeat, 2*time.Second)
	o.TTL = orDefault(o.TTL, 6*time.Second)
	o.Tick = orDefault(o.Tick, time.Second)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

func orDefault(d, fallback time.Duration) time.Duration {
	if d <= 0 {
		return fallback
	}
	return d
}

// Lease is one resource that a node owns.
type Lease struct {
	Resource string
	Fence    int64
}

// Change is what a node has lost and gained since it was told last. A resource that was lost and won again has
// a new fence and is in both: handle Lost first.
type Change struct {
	Lost   []string
	Gained []Lease
}

// Node is this process among the others. It is safe for concurrent use.
type Node struct {
	pool  *pgxpool.Pool // its own two connections: a heartbeat never queues behind the product's work
	q     *db.Queries
	name  string
	roles []string
	opt   Options
	seed  maphash.Seed

	stop  context.CancelFunc
	loops sync.WaitGroup
	wake  chan struct{}

	mu      sync.RWMutex
	id      int64
	until   time.Time        // by the own monotonic clock: TTL after the last successful renewal was sent
	held    map[string]int64 // resource → fence
	version int              // moves whenever held does
	kinds   []*kind
	stopped bool

	toldVersion int // the keeper's: the version that every onChange was told of
}

// Join registers this process and keeps it alive until Stop. ctx bounds the joining only. The roles say which
// kinds of resources the node shares with the others: a role whose resources it never Wants starves its share.
func Join(ctx context.Context, pool *pgxpool.Pool, name string, roles []string, opt Options) (*Node, error) {
	own, err := ownPool(ctx, pool)
	if err != nil {
		return nil, err
	}
	n := &Node{
		pool: own, q: db.New(own), name: name, roles: slices.Clone(roles), opt: opt.withDefaults(), seed: maphash.MakeSeed(),
		wake: make(chan struct{}, 1), held: map[string]int64{},
	}
	if err := n.join(ctx); err != nil {
		own.Close()
		return nil, errs.Unavailable("cannot join the other nodes").Because(err)
	}
	ctx, n.stop = context.WithCancel(context.WithoutCancel(ctx))
	n.loops.Go(func() { n.heart(ctx) })
	n.loops.Go(func() { n.keep(ctx) })
	return n, nil
}

func ownPool(ctx context.Context, pool *pgxpool.Pool) (*pgxpool.Pool, error) {
	cfg := pool.Config()
	cfg.MaxConns, cfg.MinConns, cfg.MinIdleConns = 2, 0, 0
	return pgxpool.NewWithConfig(context.WithoutCancel(ctx), cfg)
}

func (n *Node) join(ctx context.Context) error {
	if n.opt.Replace {
		if err := n.q.DeleteNamesakes(ctx, n.name); err != nil {
			return err
		}
	}
	if err := n.q.DeleteLongDead(ctx); err != nil {
		return err
	}
	sent := time.Now()
	id, err := n.q.InsertNode(ctx, db.InsertNodeParams{
		Name: n.name, Roles: strings.Join(n.roles, ","), TtlSeconds: n.opt.TTL.Seconds(),
	})
	if err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.id, n.until = id, sent.Add(n.opt.TTL)
	n.clearHeld()
	return nil
}

func (n *Node) clearHeld() {
	clear(n.held)
	n.version++
}

// ID is the node's present ID. It changes when the node had to join again.
func (n *Node) ID() int64 {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.id
}

// Alive tells whether the node's row is surely still valid.
func (n *Node) Alive() bool {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return time.Now().Before(n.until)
}

// Owned tells whether this node owns a resource, as far as it knows, and with which fence.
func (n *Node) Owned(resource string) (fence int64, ok bool) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	fence, ok = n.held[resource]
	if !ok || !time.Now().Before(n.until) {
		return 0, false
	}
	return fence, true
}

// Held lists what this node owns of a kind, sorted by resource.
func (n *Node) Held(kind string) []Lease {
	n.mu.RLock()
	defer n.mu.RUnlock()
	if !time.Now().Before(n.until) {
		return nil
	}
	var all []Lease
	for r, fence := range n.held {
		if isOf(kind, r) {
			all = append(all, Lease{r, fence})
		}
	}
	slices.SortFunc(all, func(a, b Lease) int { return strings.Compare(a.Resource, b.Resource) })
	return all
}

// Want makes the node keep its fair share of a kind's resources: ceil(resources / live nodes with that role).
// kind is one of the node's roles. list returns all resources of the kind, each named "kind:…"; it is asked with
// every heartbeat. onChange is told, by one goroutine, of everything lost and gained; while it runs nothing is
// claimed (heartbeats go on), and what is given back is told as lost before anybody else can have it.
func (n *Node) Want(kindName string, list func(context.Context) ([]string, error), onChange func(Change)) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	same := func(k *kind) bool { return k.name == kindName }
	if !slices.Contains(n.roles, kindName) || slices.ContainsFunc(n.kinds, same) {
		return errs.Invalid("node %s cannot want %q: not one of its roles, or wanted already", n.name, kindName)
	}
	n.kinds = append(n.kinds, &kind{
		name: kindName, list: list, onChange: onChange,
		known: map[string]bool{}, told: map[string]int64{},
	})
	n.poke()
	return nil
}

// Poke makes the node look at once, e.g. because there is a new resource.
func (n *Node) Poke() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, k := range n.kinds {
		k.listed = time.Time{}
	}
	n.poke()
}

func (n *Node) poke() {
	select {
	case n.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// Stop gives everything back, so that others can have it with their next look, and removes the node. Stop the work
// on the resources first: commits that are under way stay safe, new ones are refused once somebody else has claimed.
// When Postgres is away the leases run out by themselves after TTL, and the error says so. Stopping twice is fine.
func (n *Node) Stop(ctx context.Context) error {
	n.mu.Lock()
	again := n.stopped
	n.stopped = true
	n.mu.Unlock()
	if again {
		return nil
	}
	n.stop()
	n.loops.Wait()
	defer n.pool.Close()
	id := n.ID()
	n.forget()
	var err error
	for range 3 { // a connection may have died unnoticed
		if err = n.leave(ctx, id); err == nil {
			return nil
		}
	}
	return errs.Unavailable("leases were not given back: they run out by themselves").Because(err)
}

func (n *Node) leave(ctx context.Context, id int64) error {
	return pgx.BeginFunc(ctx, n.pool, func(tx pgx.Tx) error {
		q := n.q.WithTx(tx)
		if err := q.ReleaseAll(ctx, id); err != nil {
			return err
		}
		return q.DeleteNode(ctx, id)
	})
}
