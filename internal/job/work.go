package job

import (
	"context"
	"encoding/json"
	"math"
	"math/rand/v2"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"brigade/internal/errs"
)

// Workers holds who does which kind of job.
type Workers struct {
	river  *river.Workers
	queues map[Queue]bool
	around Around
}

// Around is called for each run of a job and calls it: for traces and metrics. It returns what the run returned.
type Around func(ctx context.Context, r Run, work func(context.Context) error) error

// Run is one run of a job.
type Run struct {
	Try
	Kind        string
	Queue       Queue
	TraceParent string        // W3C; "": it belongs to no trace
	Waited      time.Duration // since it could have run
}

// Surround has each run called by around. It is called before the first run.
func (w *Workers) Surround(around Around) { w.around = around }

// NewWorkers returns an empty set.
func NewWorkers() *Workers { return &Workers{river: river.NewWorkers(), queues: map[Queue]bool{}} }

// Try says which run of a job this is.
type Try struct {
	ID      int64 // of the job
	Attempt int   // from 1; tries that ended with errs.RetryAfter are not counted
	Last    bool  // when it fails it is not tried again
}

// Register makes work do the jobs of kind T. work returns nil when the job is done; an error marked by errs.Permanent
// gives it up, one marked by errs.RetryAfter puts it off without counting, any other is tried again with backoff.
// Registering a kind twice panics: it is a mistake in the program.
func Register[T Routed](w *Workers, work func(context.Context, T, Try) error) {
	var kind T
	w.queues[kind.Queue()] = true
	river.AddWorker(w.river, &worker[T]{work: work, set: w})
}

type worker[T Routed] struct {
	river.WorkerDefaults[T]
	work func(context.Context, T, Try) error
	set  *Workers
}

// Work implements river.Worker.
func (w *worker[T]) Work(ctx context.Context, j *river.Job[T]) error {
	try := Try{ID: j.ID, Attempt: j.Attempt, Last: j.Attempt >= j.MaxAttempts}
	if w.set.around == nil {
		return outcome(w.work(ctx, j.Args, try))
	}
	r := Run{Try: try, Kind: j.Kind, Queue: Queue(j.Queue), TraceParent: traceOf(j.Metadata), Waited: time.Since(j.ScheduledAt)}
	return outcome(w.set.around(ctx, r, func(ctx context.Context) error { return w.work(ctx, j.Args, try) }))
}

// traceOf reads a job's trace context from its metadata.
func traceOf(metadata []byte) string {
	var m map[string]json.RawMessage
	var parent string
	if len(metadata) <= len("{}") || json.Unmarshal(metadata, &m) != nil || json.Unmarshal(m[metaTrace], &parent) != nil {
		return ""
	}
	return parent
}

// outcome says an error in River's words.
func outcome(err error) error {
	if errs.IsPermanent(err) {
		return river.JobCancel(err)
	}
	if d, ok := errs.RetryDelay(err); ok {
		return river.JobSnooze(d)
	}
	return err
}

// backoff doubles the wait with each attempt, up to a limit, with jitter of a quarter either way.
type backoff struct{ first, longest time.Duration }

// NextRetry implements river.ClientRetryPolicy.
func (b backoff) NextRetry(j *rivertype.JobRow) time.Time {
	return time.Now().UTC().Add(Backoff(b.first, b.longest, len(j.Errors)+1))
}

// Backoff is how long to wait after the n-th failure, from 1: first·2^(n-1), at most longest, a quarter more or less.
func Backoff(first, longest time.Duration, n int) time.Duration {
	d := min(float64(longest), float64(first)*math.Exp2(float64(max(0, n-1))))
	return time.Duration(d * (0.75 + rand.Float64()/2))
}
