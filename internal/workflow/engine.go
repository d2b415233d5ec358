package workflow

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"brigade/internal/clock"
	"brigade/internal/errs"
)

// EngineOptions tune an engine; zero fields take their defaults.
type EngineOptions struct {
	Node     func() int64                // this node's id
	Instance string                      // its name
	Workers  int                         // batches that are done at a time; 2
	Share    int                         // jobs of one tenant at a time, on all nodes; 2
	Lease    time.Duration               // without a sign of life others take over what a node has; 15 s
	Tick     time.Duration               // between looks for work while there is none; 1 s
	Target   time.Duration               // that a batch shall take, by which its size is chosen; 3 s
	Ended    func(Execution)             // told of every execution that ended here; may be nil
	Finished func(b *Batch, done []Done) // told of every batch whose outcome was kept; may be nil
	Away     func(error) bool            // whether work failed because Postgres was away: that costs no attempt; nil: none did
	Meter    Meter
	Logger   *slog.Logger
}

// Meter measures what work takes.
type Meter interface {
	// Begin returns a context for the work, and what tells its cost when the work is over.
	Begin(ctx context.Context) (context.Context, func() Cost)
}

func (o *EngineOptions) complete() {
	orDefault(&o.Workers, 2)
	orDefault(&o.Share, 2)
	orDefault(&o.Lease, 15*time.Second)
	orDefault(&o.Tick, time.Second)
	orDefault(&o.Target, 3*time.Second)
	if o.Ended == nil {
		o.Ended = func(Execution) {}
	}
	if o.Finished == nil {
		o.Finished = func(*Batch, []Done) {}
	}
	if o.Away == nil {
		o.Away = func(error) bool { return false }
	}
	if o.Meter == nil {
		o.Meter = noMeter{}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
}

func orDefault[T comparable](v *T, fallback T) {
	var zero T
	if *v == zero {
		*v = fallback
	}
}

type noMeter struct{}

// Begin implements Meter.
func (noMeter) Begin(ctx context.Context) (context.Context, func() Cost) {
	return ctx, func() Cost { return Cost{} }
}

// Engine does the steps of executions on this node. Any number of nodes may run one.
type Engine struct {
	queue   Queue
	runners Runners
	clock   clock.Clock
	o       EngineOptions
	pace    pace
	poked   chan struct{}

	mu   sync.Mutex
	held map[int64]context.CancelCauseFunc // batches that are being done
}

// Runners finds who does a step.
type Runners interface {
	// Runner returns who does a step; ok is false when nobody can.
	Runner(s *Step) (r Runner, ok bool)
}

// NewEngine returns an engine that does nothing until Run.
func NewEngine(queue Queue, runners Runners, clock clock.Clock, o EngineOptions) *Engine {
	o.complete()
	return &Engine{
		queue: queue, runners: runners, clock: clock, o: o, pace: pace{target: o.Target},
		poked: make(chan struct{}, o.Workers), held: map[int64]context.CancelCauseFunc{},
	}
}

// Poke says that there may be something to do.
func (e *Engine) Poke() {
	for range cap(e.poked) {
		select {
		case e.poked <- struct{}{}:
		default:
			return
		}
	}
}

// Run does steps until ctx ends. What is being done then is given up; others take it over when its lease runs out.
func (e *Engine) Run(ctx context.Context) error {
	var loops sync.WaitGroup
	for range e.o.Workers {
		loops.Go(func() { e.work(ctx) })
	}
	loops.Go(func() { e.beat(ctx) })
	loops.Go(func() { e.tidy(ctx) })
	loops.Wait()
	return nil
}

func (e *Engine) work(ctx context.Context) {
	for ctx.Err() == nil {
		did, err := e.Once(ctx)
		if err != nil && ctx.Err() == nil {
			e.o.Logger.WarnContext(ctx, "steps of workflows wait", "action", "workflow_steps_wait", "error", err)
		}
		if did && err == nil {
			continue
		}
		wait := time.NewTimer(e.o.Tick)
		select {
		case <-ctx.Done():
		case <-e.poked:
		case <-wait.C:
		}
		wait.Stop()
	}
}

// Once does one batch, if there is one; did tells whether there was.
func (e *Engine) Once(ctx context.Context) (did bool, err error) {
	b, err := e.queue.Claim(ctx, Claim{
		Node: e.o.Node(), Instance: e.o.Instance, Now: e.clock.Now(), Lease: e.o.Lease, Share: e.o.Share, Size: e.pace.size,
	})
	if err != nil || b == nil {
		return false, err
	}
	done, took := e.do(ctx, b)
	if ctx.Err() != nil {
		return true, e.leave(ctx, b, done)
	}
	e.pace.note(b.Work(), len(b.Jobs), took)
	return true, e.keep(ctx, b, done, keepFor)
}

// leaveFor is how long a node that stops tries to hand over what it has not done; else its lease runs out.
const leaveFor = 2 * time.Second

// leave hands over what a node that stops has not done: others do it at once.
func (e *Engine) leave(ctx context.Context, b *Batch, done []Done) error {
	return e.keep(ctx, b, done, leaveFor)
}

// do does a batch under its lease.
func (e *Engine) do(node context.Context, b *Batch) ([]Done, time.Duration) {
	ctx, cancel := context.WithCancelCause(node)
	defer cancel(nil)
	e.hold(b.ID, cancel)
	defer e.hold(b.ID, nil)
	r, ok := e.runners.Runner(b.Work())
	if !ok {
		gone := errs.Permanent(errs.Invalid("this brigade cannot do the step %s", b.Work().Uses))
		return e.verdict(node, false).judge(b, all(len(b.Jobs), gone)), 0
	}
	limit := b.Work().TimeLimit()
	if !r.Together {
		limit *= time.Duration(len(b.Jobs)) // each job has its own
	}
	metered, cost := e.o.Meter.Begin(ctx)
	began := time.Now()
	outcomes := attend(metered, limit, len(b.Jobs), func(ctx context.Context) []Outcome { return r.Run(ctx, b) })
	took := time.Since(began)
	done := e.verdict(node, r.Together).judge(b, outcomes)
	share(done, cost(), took)
	return done, took
}

func (e *Engine) verdict(node context.Context, together bool) verdict {
	return verdict{together: together, now: e.clock.Now(), chance: rand.Float64, leaving: node.Err() != nil, lost: func(err error) bool {
		return errors.Is(err, errLost) || e.o.Away(err)
	}}
}

// share spreads the cost of a batch over its jobs, and its time over those that have none of their own.
func share(done []Done, c Cost, took time.Duration) {
	n := time.Duration(max(1, len(done)))
	for i := range done {
		done[i].Cost = Cost{CPU: c.CPU / n, DB: c.DB / n, Rows: c.Rows / int64(n)}
		orDefault(&done[i].Took, took/n)
	}
	if len(done) > 0 {
		done[0].Cost.Rows += c.Rows % int64(n)
	}
}

// keepFor is how long an outcome is tried to be kept while Postgres is away.
const keepFor = 30 * time.Second

// keep writes down what came of a batch. It tries again while Postgres is away, and when nobody knows whether it was written: a
// batch is kept once.
func (e *Engine) keep(ctx context.Context, b *Batch, done []Done, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	for {
		ended, err := e.queue.Finish(ctx, b, done, e.clock.Now())
		switch {
		case err == nil:
			e.o.Finished(b, done)
			e.Poke()
			if ended != nil {
				e.o.Ended(*ended)
			}
			return nil
		case errs.Is(err, errs.KindConflict):
			e.o.Logger.InfoContext(ctx, "somebody else does these steps by now", "action", "workflow_batch_lost", "execution", b.Execution, "step", b.Work().Name)
			return nil
		case !errs.Is(err, errs.KindUnavailable) && !errs.Is(err, errs.KindUnknown):
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(time.Second):
		}
	}
}

func (e *Engine) hold(id int64, cancel context.CancelCauseFunc) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if cancel == nil {
		delete(e.held, id)
		return
	}
	e.held[id] = cancel
}

// errLost is why work is ended that was cancelled, or that others may have by now.
var errLost = errs.Unavailable("this process could not tell the others that it does it")

// beat prolongs the leases of what is being done, and ends what is no longer wanted. When Postgres cannot be asked for
// as long as a lease holds, everything is ended: others may have it.
func (e *Engine) beat(ctx context.Context) {
	last := time.Now()
	tick := time.NewTicker(e.o.Lease / 5)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		ids := e.holding()
		if len(ids) == 0 {
			last = time.Now()
			continue
		}
		sent := time.Now()
		asked, cancel := context.WithTimeout(ctx, e.o.Lease/3)
		alive, err := e.queue.Beat(asked, ids, e.o.Lease)
		cancel()
		switch {
		case err == nil:
			last = sent
			e.drop(ids, alive)
		case time.Since(last) > e.o.Lease*2/3:
			e.drop(ids, nil)
		}
	}
}

func (e *Engine) holding() []int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	ids := make([]int64, 0, len(e.held))
	for id := range e.held {
		ids = append(ids, id)
	}
	return ids
}

func (e *Engine) drop(ids, alive []int64) {
	is := make(map[int64]bool, len(alive))
	for _, id := range alive {
		is[id] = true
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, id := range ids {
		if cancel := e.held[id]; cancel != nil && !is[id] {
			cancel(errLost)
		}
	}
}

// tidy looks now and then after what no node does.
func (e *Engine) tidy(ctx context.Context) {
	tick := time.NewTicker(e.o.Tick)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		ended, err := e.queue.Tidy(ctx, e.clock.Now())
		if err != nil && ctx.Err() == nil && !errors.Is(err, context.Canceled) {
			e.o.Logger.WarnContext(ctx, "workflows were not looked after", "action", "workflow_tidy_failed", "error", err)
		}
		for _, x := range ended {
			e.o.Ended(x)
		}
	}
}

// pace learns how long steps take, and says how many to take at once.
type pace struct {
	target time.Duration
	mu     sync.Mutex
	per    map[string]time.Duration // a job, by the sort of step
}

const (
	firstBatch   = 16
	largestBatch = 500
	learn        = 0.3 // how much of a new figure is believed
)

func sortOf(s *Step) string {
	switch {
	case s.Uses != "":
		return s.Uses
	case s.HTTP != nil:
		return "http " + s.HTTP.URL
	default:
		return "sql " + s.Name
	}
}

func (p *pace) size(s *Step) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	per, known := p.per[sortOf(s)]
	switch {
	case !known:
		return firstBatch
	case per <= 0:
		return largestBatch
	default:
		return int(min(max(p.target/per, 1), largestBatch))
	}
}

func (p *pace) note(s *Step, jobs int, took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.per == nil {
		p.per = map[string]time.Duration{}
	}
	now, of := took/time.Duration(max(1, jobs)), sortOf(s)
	if before, known := p.per[of]; known {
		now = before + time.Duration(learn*float64(now-before))
	}
	p.per[of] = now
}
