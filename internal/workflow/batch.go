package workflow

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"brigade/internal/errs"
)

// Batch is one step of an execution for many tenants, done by one node.
type Batch struct {
	ID        int64 // the fence: what it made is kept only while the batch is this node's
	Execution int64
	Workflow  int64
	Name      string // of the workflow
	House     bool   // the workflow is the operator's, not a tenant's
	Day       Day
	Zone      string
	Step      int
	Plan      Plan
	Jobs      []Job
}

// Job is a tenant's part of a batch.
type Job struct {
	Tenant  int64
	Attempt int                        // from 1
	Losses  int                        // how often it came to nothing by no fault of its own
	Results map[string]json.RawMessage // of the steps before, by their names
}

// Work is the step that the batch does.
func (b *Batch) Work() *Step { return &b.Plan.Steps[b.Step] }

// Key names what is done for a tenant, the same with each attempt: other systems know by it what they did already.
func (b *Batch) Key(tenant int64) string {
	return fmt.Sprintf("%s/%d/%v/%s", b.Name, tenant, b.Day, b.Work().Name)
}

// Said is the line of the log about what came of a batch, and its figures.
func (b *Batch) Said(done []Done) (message string, data map[string]any) {
	counts, cost := map[StepStatus]int{}, Cost{}
	for i := range done {
		counts[done[i].Status]++
		cost.CPU, cost.DB, cost.Rows = cost.CPU+done[i].Cost.CPU, cost.DB+done[i].Cost.DB, cost.Rows+done[i].Cost.Rows
	}
	tenants := "tenants"
	if len(done) == 1 {
		tenants = "tenant"
	}
	message = fmt.Sprintf("%s of %d %s: %d completed", b.Work().Name, len(done), tenants, counts[StepCompleted])
	if n := counts[StepFailed]; n > 0 {
		message += fmt.Sprintf(", %d failed", n)
	}
	if n := counts[StepReady]; n > 0 {
		message += fmt.Sprintf(", %d to be tried again", n)
	}
	if len(done) == 1 {
		data = map[string]any{"tenant_id": done[0].Tenant}
	} else {
		data = map[string]any{"tenants": len(done)}
	}
	data["cpu_ms"], data["db_ms"], data["rows"] = cost.CPU.Milliseconds(), cost.DB.Milliseconds(), cost.Rows
	return message, data
}

// Outcome is what came of a job.
type Outcome struct {
	Result any // kept as JSON, for later steps and for whoever looks
	Err    error
	Logs   []Log         // level, message and data
	Took   time.Duration // 0: its share of what the batch took
}

// Runner does steps of a sort. It does nothing twice that was done under the same key, or the same again: a batch is
// done once more when its node dies over it.
type Runner struct {
	// Run does a batch and returns an outcome for each of its jobs, in order. It ends when ctx does.
	Run func(ctx context.Context, b *Batch) []Outcome
	// Together says that the step's time limit is for the batch, because its jobs are done in one go.
	Together bool
}

// Each returns a runner that does the jobs of a batch one by one, as many at a time as there are processors; each has
// the step's time limit for itself.
func Each(do func(ctx context.Context, b *Batch, j Job) (any, error)) Runner {
	return Runner{Run: func(ctx context.Context, b *Batch) []Outcome {
		outcomes := make([]Outcome, len(b.Jobs))
		var g errgroup.Group
		g.SetLimit(runtime.GOMAXPROCS(0))
		for i := range b.Jobs {
			g.Go(func() error {
				began := time.Now()
				outcomes[i] = limited(ctx, b.Work().TimeLimit(), func(ctx context.Context) Outcome {
					result, err := do(ctx, b, b.Jobs[i])
					return Outcome{Result: result, Err: err}
				})
				outcomes[i].Took = time.Since(began)
				return nil
			})
		}
		_ = g.Wait() // failures are the jobs'
		return outcomes
	}}
}

// grace is how long work may go on after it was told to end, before nobody waits for it any longer.
const grace = 5 * time.Second

// overtimeError is why work was ended that took longer than it may.
type overtimeError struct{ limit time.Duration }

func (e overtimeError) Error() string { return fmt.Sprintf("it took longer than %v", e.limit) }

// limited does work within a time limit. Work that does not end when it is told to is left alone; what it makes later
// is refused.
func limited(ctx context.Context, limit time.Duration, work func(context.Context) Outcome) Outcome {
	outcomes := attend(ctx, limit, 1, func(ctx context.Context) []Outcome { return []Outcome{work(ctx)} })
	return outcomes[0]
}

// attend is limited for a whole batch of n. A panic is an error like any other.
func attend(ctx context.Context, limit time.Duration, n int, work func(context.Context) []Outcome) []Outcome {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, overtimeError{limit})
	defer cancel()
	done := make(chan []Outcome, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				done <- all(n, fmt.Errorf("it broke down: %v", p))
			}
		}()
		done <- work(ctx)
	}()
	select {
	case outcomes := <-done:
		return explained(ctx, outcomes)
	case <-ctx.Done():
	}
	late := time.NewTimer(grace)
	defer late.Stop()
	select {
	case outcomes := <-done:
		return explained(ctx, outcomes)
	case <-late.C:
		return all(n, context.Cause(ctx))
	}
}

// explained says of work that was told to end why.
func explained(ctx context.Context, outcomes []Outcome) []Outcome {
	if ctx.Err() == nil {
		return outcomes
	}
	for i := range outcomes {
		if outcomes[i].Err != nil {
			outcomes[i].Err = context.Cause(ctx)
		}
	}
	return outcomes
}

func all(n int, err error) []Outcome {
	outcomes := make([]Outcome, n)
	for i := range outcomes {
		outcomes[i].Err = err
	}
	return outcomes
}

// largestResult bounds what is kept of a job, in bytes of JSON.
const largestResult = 64 << 10

// Done is what is written down of a job.
type Done struct {
	Tenant  int64
	Status  StepStatus // completed, failed, or ready: to be tried again
	Attempt int
	Losses  int
	Again   time.Time // when it is tried again
	Alone   bool      // by itself
	Result  json.RawMessage
	Error   string
	Cost    Cost
	Took    time.Duration
	Logs    []Log
}

// MostLosses is how often a step comes to nothing because its node died or Postgres went away before it is given up: it may be what
// brings them down.
const MostLosses = 12

// verdict is by what it is decided what becomes of the jobs of a batch.
type verdict struct {
	together bool // they were done in one go
	now      time.Time
	chance   func() float64
	lost     func(error) bool // an error that says nothing of the work: Postgres was away, or this node had to leave it
	leaving  bool             // this node stops: nothing is to be said of what it has left
}

// judge decides what becomes of each job of a batch.
func (v verdict) judge(b *Batch, outcomes []Outcome) []Done {
	if len(outcomes) != len(b.Jobs) {
		outcomes = all(len(b.Jobs), fmt.Errorf("the step gave %d results for %d tenants", len(outcomes), len(b.Jobs)))
	}
	crowd := v.together && len(b.Jobs) > 1 && failedAll(outcomes)
	list := make([]Done, len(b.Jobs))
	for i, j := range b.Jobs {
		d := Done{Tenant: j.Tenant, Attempt: j.Attempt, Losses: j.Losses, Logs: outcomes[i].Logs, Took: outcomes[i].Took}
		raw, err := encode(outcomes[i])
		switch {
		case err == nil:
			d.Status, d.Result = StepCompleted, raw
		case v.leaving:
			d.again(v.now, "")
		case v.lost(err) && j.Losses+1 < MostLosses:
			d.Losses++
			d.again(v.now, err.Error())
			d.Logs = append(d.Logs, Log{Level: "warn", Message: clipped(err.Error()), Data: map[string]any{"losses": d.Losses}})
		case crowd: // one of them may be to blame for all
			d.again(v.now, err.Error())
		default:
			d.fail(b, err, v.now, v.chance)
		}
		list[i] = d
	}
	return list
}

// again lets a job be done again at once, by itself, as if it had not been tried.
func (d *Done) again(now time.Time, why string) {
	d.Status, d.Again, d.Alone, d.Error = StepReady, now, true, clipped(why)
	d.Attempt--
}

func failedAll(outcomes []Outcome) bool {
	for _, o := range outcomes {
		if o.Err == nil {
			return false
		}
	}
	return true
}

// fail decides whether a job is tried again, and notes it in the log.
func (d *Done) fail(b *Batch, err error, now time.Time, chance func() float64) {
	d.Error = clipped(err.Error())
	entry := Log{Level: "error", Message: d.Error, Data: map[string]any{"attempt": d.Attempt}}
	if d.Attempt >= b.Plan.Attempts(b.Step) || errs.IsPermanent(err) {
		d.Status = StepFailed
	} else {
		pause, asked := errs.RetryDelay(err)
		if !asked {
			pause = Backoff(b.Plan.DelayOf(b.Step), d.Attempt, chance())
		}
		d.Status, d.Again = StepReady, now.Add(pause)
		_, d.Alone = errors.AsType[overtimeError](err) // nobody else waits for it again
		entry.Level, entry.Data["again_at"] = "warn", d.Again.UTC().Format(time.RFC3339)
	}
	d.Logs = append(d.Logs, entry)
}

const longestError = 2000 // bytes

func clipped(text string) string {
	if len(text) > longestError {
		text = text[:longestError] + "…"
	}
	return strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", ""), "")
}

// encode makes of a result what is kept of it.
func encode(o Outcome) (json.RawMessage, error) {
	if o.Err != nil || o.Result == nil {
		return json.RawMessage("{}"), o.Err
	}
	raw, err := json.Marshal(o.Result)
	switch {
	case err != nil:
		return nil, errs.Permanent(fmt.Errorf("its result is no JSON: %w", err))
	case len(raw) > largestResult:
		return nil, errs.Permanent(fmt.Errorf("its result has %d bytes; %d are kept", len(raw), largestResult))
	case bytes.Contains(raw, []byte(`\u0000`)):
		return nil, errs.Permanent(errors.New("its result holds the character NUL"))
	}
	return raw, nil
}
