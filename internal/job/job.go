// Package job runs the steps that call the outside: payments, points of sale, messages. A job is inserted in the
// transaction that wants it, so that it exists exactly when the change does, and is tried until it is done, given up
// or out of attempts. It may run more than once: what it does must be safe to repeat.
//
// Jobs are for steps that may be a second late. What must happen on time is a due_at column watched by its owner.
package job

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"brigade/internal/errs"
)

// Queue groups jobs by purpose, so that one that hangs does not hold up the others.
type Queue string

// The queues, with how many jobs of each a process runs at once unless Options say otherwise.
const (
	Payment Queue = "payment" // providers of payment; 200
	Sale    Queue = "sale"    // points of sale and ordering providers; 200
	Notify  Queue = "notify"  // messages to customers and integrators; 200
)

// Options say how a client works. Zero fields take their defaults.
type Options struct {
	Node        int64         // the running node's id: jobs of a node that died are taken over
	Concurrency map[Queue]int // jobs at once, where it is not the default
	Poll        time.Duration // between looks for jobs that became due; new ones are announced; 500 ms
	Timeout     time.Duration // of one run; 30 s
	Rescue      time.Duration // between looks for jobs whose node died; 5 s
	Backoff     time.Duration // before the second attempt, doubled with each; 1 s
	MaxBackoff  time.Duration // 15 min
	Attempts    int           // before a job is given up; 20
	Logger      *slog.Logger  // slog.Default()
}

func (o Options) withDefaults() Options {
	setDefault(&o.Poll, 500*time.Millisecond)
	setDefault(&o.Timeout, 30*time.Second)
	setDefault(&o.Rescue, 5*time.Second)
	setDefault(&o.Backoff, time.Second)
	setDefault(&o.MaxBackoff, 15*time.Minute)
	setDefault(&o.Attempts, 20)
	setDefault(&o.Logger, slog.Default())
	return o
}

// quiet lets only warnings and worse through: River tells of every start and stop.
type quiet struct{ slog.Handler }

// Enabled implements slog.Handler.
func (q quiet) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && q.Handler.Enabled(ctx, l)
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Client inserts jobs and, once started, runs them.
type Client struct {
	pool    *pgxpool.Pool
	workers *Workers
	opts    Options
	insert  *river.Client[pgx.Tx]

	mu     sync.Mutex
	runs   *river.Client[pgx.Tx] // nil: not running
	cancel context.CancelFunc
	loops  sync.WaitGroup
}

// New returns a client that inserts jobs; Start makes it run those that workers are registered for.
func New(pool *pgxpool.Pool, workers *Workers, opts Options) (*Client, error) {
	c := &Client{pool: pool, workers: workers, opts: opts.withDefaults()}
	var err error
	c.insert, err = river.NewClient(riverpgxv5.New(pool), &river.Config{
		Logger: slog.New(quiet{c.opts.Logger.Handler()}), MaxAttempts: c.opts.Attempts, SkipUnknownJobCheck: true,
	})
	return c, err
}

// Start runs jobs until Stop. Workers can be registered until then. Starting twice is an error.
func (c *Client) Start(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.runs != nil {
		return errors.New("job: started before")
	}
	if len(c.workers.queues) == 0 {
		return nil // nothing to run
	}
	runs, err := river.NewClient(riverpgxv5.New(c.pool), c.config())
	if err != nil {
		return err
	}
	if err := rescue(ctx, c.pool); err != nil {
		return err
	}
	ctx, c.cancel = context.WithCancel(context.WithoutCancel(ctx))
	if err := runs.Start(ctx); err != nil {
		c.cancel()
		return errs.Unavailable("jobs cannot be run").Because(err)
	}
	c.runs = runs
	c.loops.Go(func() { c.keepRescuing(ctx) })
	return nil
}

// Stop takes no new jobs, lets those under way end until ctx does, then cancels them; they are run again later.
// Stopping twice, or before Start, is fine.
func (c *Client) Stop(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.runs == nil {
		return nil
	}
	runs := c.runs
	c.runs = nil
	soft, cancel := context.WithTimeout(ctx, stopSoftly)
	defer cancel()
	err := runs.Stop(soft)
	if err != nil {
		err = runs.StopAndCancel(ctx)
	}
	c.cancel()
	c.loops.Wait()
	return err
}

// stopSoftly is how long jobs under way may go on when the process ends.
const stopSoftly = 5 * time.Second

func (c *Client) config() *river.Config {
	queues := map[string]river.QueueConfig{}
	for _, q := range slices.Sorted(maps.Keys(c.workers.queues)) {
		queues[string(q)] = river.QueueConfig{MaxWorkers: c.concurrency(q)}
	}
	return &river.Config{
		ID: nodeName(c.opts.Node), Queues: queues, Workers: c.workers.river, Logger: slog.New(quiet{c.opts.Logger.Handler()}),
		FetchCooldown: 20 * time.Millisecond, FetchPollInterval: c.opts.Poll,
		JobTimeout: c.opts.Timeout, RescueStuckJobsAfter: c.opts.Timeout + 30*time.Second,
		MaxAttempts: c.opts.Attempts, RetryPolicy: backoff{c.opts.Backoff, c.opts.MaxBackoff},
		CompletedJobRetentionPeriod: time.Hour, SkipUnknownJobCheck: true,
	}
}

// usualConcurrency is more than a few that hang can hold: each system that is called gets a small share of it.
const usualConcurrency = 200

func (c *Client) concurrency(q Queue) int {
	if n := c.opts.Concurrency[q]; n > 0 {
		return n
	}
	return usualConcurrency
}
