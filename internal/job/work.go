package job

import (
	"context"
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
}

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
	river.AddWorker(w.river, &worker[T]{work: work})
}

type worker[T Routed] struct {
	river.WorkerDefaults[T]
	work func(context.Context, T, Try) error
}

// Work implements river.Worker.
func (w *worker[T]) Work(ctx context.Context, j *river.Job[T]) error {
	return outcome(w.work(ctx, j.Args, Try{ID: j.ID, Attempt: j.Attempt, Last: j.Attempt >= j.MaxAttempts}))
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
