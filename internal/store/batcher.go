package store

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"go.opentelemetry.io/otel/trace"

	"brigade/internal/errs"
)

// Outcome is what one caller of a batch gets.
type Outcome[Res any] struct {
	Res Res
	Err error
}

// Work writes a batch set-based in tx and returns an outcome for each request, in order. An outcome with an error
// must have written nothing. An error of Work itself rolls everything back; Batcher then finds out whose fault it is.
type Work[Req, Res any] func(ctx context.Context, tx Tx, reqs []Req) ([]Outcome[Res], error)

// Batcher is group commit: callers that arrive while a transaction runs share the next one.
// It is safe for concurrent use.
type Batcher[Req, Res any] struct {
	pool *pgxpool.Pool
	work Work[Req, Res]
	opts BatcherOptions
	key  func(Req) string // see Apart; may be nil

	mu      sync.Mutex
	changed *sync.Cond // the queue, closed, or what is under way
	queue   []*call[Req, Res]
	writing int             // how many requests the batches under way have
	keys    map[string]bool // theirs
	closed  bool
	lanes   sync.WaitGroup
}

// BatcherOptions bound a Batcher. Zero values take the defaults.
type BatcherOptions struct {
	Name     string                              // for traces
	MaxBatch int                                 // requests in one transaction; default 512
	MaxQueue int                                 // requests that may wait; more are refused; default 20,000
	Timeout  time.Duration                       // of one transaction; default 30 s
	Lanes    int                                 // transactions at the same time; default 1
	Observe  func(size int, took time.Duration)  // called after each transaction; may be nil
	After    func(ctx context.Context, size int) // called after each commit, before callers hear of it; may be nil
}

type call[Req, Res any] struct {
	req  Req
	key  string
	out  Outcome[Res]
	done chan struct{}
	span trace.Span // nil: nobody traces the caller
}

// NewBatcher starts a group commit. Close ends it.
func NewBatcher[Req, Res any](pool *pgxpool.Pool, work Work[Req, Res], opts BatcherOptions) *Batcher[Req, Res] {
	if opts.MaxBatch == 0 {
		opts.MaxBatch = 512
	}
	if opts.MaxQueue == 0 {
		opts.MaxQueue = 20_000
	}
	if opts.Timeout == 0 {
		opts.Timeout = 30 * time.Second
	}
	b := &Batcher[Req, Res]{pool: pool, work: work, opts: opts, keys: map[string]bool{}}
	b.changed = sync.NewCond(&b.mu)
	for range max(1, opts.Lanes) {
		b.lanes.Go(b.run)
	}
	return b
}

// Apart says that requests with the same key must not be written at the same time: the later one joins the other's batch
// or waits for its end. "" is no key. It is called before the first Do.
func (b *Batcher[Req, Res]) Apart(key func(Req) string) { b.key = key }

// Do commits req together with its neighbours and returns its own outcome. It returns nil only after the commit.
// When ctx ends while the request still waits it is withdrawn and nothing is written; once its transaction runs,
// Do waits for the outcome. Errors: KindUnavailable (nothing was written), KindUnknown, and what the work says.
func (b *Batcher[Req, Res]) Do(ctx context.Context, req Req) (Res, error) {
	c := &call[Req, Res]{req: req, done: make(chan struct{}), span: callSpan(ctx, b.opts.Name)}
	if b.key != nil {
		c.key = b.key(req)
	}
	defer func() { endSpan(c.span, c.out.Err) }()
	if err := b.enqueue(c); err != nil {
		return c.out.Res, err
	}
	select {
	case <-c.done:
	case <-ctx.Done():
		if b.withdraw(c) {
			return c.out.Res, errs.Unavailable("the request ended before it was written").Because(ctx.Err())
		}
		<-c.done
	}
	return c.out.Res, c.out.Err
}

func (b *Batcher[Req, Res]) enqueue(c *call[Req, Res]) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.closed:
		return errs.Unavailable("shutting down: nothing was written")
	case len(b.queue) >= b.opts.MaxQueue:
		return errs.Unavailable("too many requests wait: nothing was written")
	}
	b.queue = append(b.queue, c)
	b.changed.Signal()
	return nil
}

// Waiting is how many requests wait for the next transaction.
func (b *Batcher[Req, Res]) Waiting() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.queue)
}

func (b *Batcher[Req, Res]) withdraw(c *call[Req, Res]) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, q := range b.queue {
		if q == c {
			b.queue = append(b.queue[:i], b.queue[i+1:]...)
			return true
		}
	}
	return false
}

// take waits for the next batch; there is none once the batcher is closed and empty.
func (b *Batcher[Req, Res]) take() []*call[Req, Res] {
	b.mu.Lock()
	defer b.mu.Unlock()
	for {
		batch := b.pick()
		if len(b.queue) > 0 {
			b.changed.Signal() // another lane may take the rest
		}
		if len(batch) > 0 || b.closed && len(b.queue) == 0 {
			return batch
		}
		b.changed.Wait()
	}
}

// pick takes the oldest requests out of the queue, but for those with a key that another lane is writing. It takes none
// while fewer wait than are being written: few large transactions cost less than many small ones.
func (b *Batcher[Req, Res]) pick() (batch []*call[Req, Res]) {
	if len(b.queue) < b.writing {
		return nil
	}
	busy := len(b.keys) > 0
	var rest []*call[Req, Res]
	for i, c := range b.queue {
		if len(batch) == b.opts.MaxBatch {
			rest = append(rest, b.queue[i:]...)
			break
		}
		if busy && b.keys[c.key] {
			rest = append(rest, c)
			continue
		}
		batch = append(batch, c)
	}
	b.queue = rest
	b.writing += len(batch)
	for _, c := range batch {
		if c.key != "" {
			b.keys[c.key] = true
		}
	}
	return batch
}

// release lets others write what a batch had the keys of.
func (b *Batcher[Req, Res]) release(batch []*call[Req, Res]) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.writing -= len(batch)
	for _, c := range batch {
		delete(b.keys, c.key)
	}
	b.changed.Broadcast()
}

func (b *Batcher[Req, Res]) run() {
	for {
		batch := b.take()
		if len(batch) == 0 {
			return
		}
		b.commit(batch)
		b.release(batch)
		for _, c := range batch {
			close(c.done)
		}
	}
}

// commit writes a batch. When the transaction fails by the fault of some request, halves are tried alone,
// so that one bad request never fails its neighbours.
func (b *Batcher[Req, Res]) commit(batch []*call[Req, Res]) {
	started := time.Now()
	outs, err := b.transact(batch)
	if b.opts.Observe != nil {
		b.opts.Observe(len(batch), time.Since(started))
	}
	switch {
	case err == nil:
		for i, c := range batch {
			c.out = outs[i]
		}
	case len(batch) == 1 || errs.Is(err, errs.KindUnavailable) || errs.Is(err, errs.KindUnknown):
		for _, c := range batch {
			c.out.Err = err
		}
	default:
		b.commit(batch[:len(batch)/2])
		b.commit(batch[len(batch)/2:])
	}
}

func (b *Batcher[Req, Res]) transact(batch []*call[Req, Res]) (outs []Outcome[Res], err error) {
	ctx, cancel := context.WithTimeout(context.Background(), b.opts.Timeout)
	defer cancel()
	reqs := make([]Req, len(batch))
	var traced []trace.Span
	for i, c := range batch {
		reqs[i] = c.req
		if c.span != nil {
			traced = append(traced, c.span)
		}
	}
	span := sharedSpan(b.opts.Name, len(batch), traced)
	defer func() { endSpan(span, err) }()
	err = Commit(ctx, b.pool, func(tx Tx) error {
		var err error
		outs, err = b.work(ctx, tx, reqs)
		return err
	})
	if err == nil && b.opts.After != nil {
		b.opts.After(ctx, len(batch))
	}
	return outs, err
}

// Close refuses new requests, commits what waits and returns. Closing twice is fine.
func (b *Batcher[Req, Res]) Close() {
	b.mu.Lock()
	b.closed = true
	b.changed.Broadcast()
	b.mu.Unlock()
	b.lanes.Wait()
}
