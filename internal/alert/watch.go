package alert

import (
	"context"
	"slices"
	"time"
)

// MissingAfter is how late a run may begin before it is missed: another leader takes over sooner.
const MissingAfter = 15 * time.Minute

// Hurt is a tenant for whom a run failed.
type Hurt struct {
	Tenant int64
	Why    string
}

// Runs tells what became of runs.
type Runs interface {
	// Hurt lists the tenants for whom a run failed.
	Hurt(ctx context.Context, execution int64) ([]Hurt, error)
	// Recovered lists the tenants with a living alert that a workflow failed for whom a run of it had no failure.
	Recovered(ctx context.Context, execution int64, m Matter) ([]int64, error)
	// Took lists how long the runs like one before it took, latest first.
	Took(ctx context.Context, execution int64) ([]time.Duration, error)
	// Missing lists runs that should have begun before a moment.
	Missing(ctx context.Context, before time.Time) ([]Run, error)
	// Live lists what living alerts of a kind are about.
	Live(ctx context.Context, kind Kind) ([]Matter, error)
}

// Ended is how a run ended.
type Ended struct {
	Run
	Error    string // "": it was completed
	Tenants  int
	Affected int // tenants for whom it failed
	Took     time.Duration
}

// Watch raises and clears alerts by what becomes of runs.
type Watch struct {
	service *Service
	runs    Runs
}

// NewWatch returns a watch.
func NewWatch(service *Service, runs Runs) *Watch { return &Watch{service, runs} }

// Ended takes the end of a run into account: a failure is signalled to the run's own tenant and to every tenant for whom it
// failed; what has gone well is no longer failing; what took long by the runs before it is signalled. The same
// end again changes nothing.
func (w *Watch) Ended(ctx context.Context, e Ended) error {
	failure := e.matter(Failure)
	var over []Matter
	recovered, err := w.runs.Recovered(ctx, e.Execution, failure)
	if err != nil {
		return err
	}
	for _, tenant := range recovered {
		over = append(over, Matter{tenant, Failure, failure.Key})
	}
	var signals []Signal
	if e.Error != "" {
		if signals, err = w.failed(ctx, e); err != nil {
			return err
		}
	} else {
		over = append(over, failure)
		signals, over, err = w.slow(ctx, e, over)
		if err != nil {
			return err
		}
	}
	if err := w.service.Clear(ctx, over...); err != nil {
		return err
	}
	return w.service.Raise(ctx, signals...)
}

func (w *Watch) failed(ctx context.Context, e Ended) ([]Signal, error) {
	signals := []Signal{Failed(e.Run, e.Error, max(e.Tenants, 1), max(e.Affected, 1))}
	hurt, err := w.runs.Hurt(ctx, e.Execution)
	for _, h := range hurt {
		if h.Tenant == e.Tenant {
			continue
		}
		own := e.Run
		own.Tenant = h.Tenant
		signals = append(signals, Failed(own, h.Why, 1, 1))
	}
	return signals, err
}

// slow signals a run that took long; one that did not is no longer slow.
func (w *Watch) slow(ctx context.Context, e Ended, over []Matter) ([]Signal, []Matter, error) {
	took, err := w.runs.Took(ctx, e.Execution)
	if err != nil {
		return nil, nil, err
	}
	usual, limit, ok := Limit(took)
	if !ok || e.Took <= limit {
		return nil, append(over, e.matter(Slow)), nil
	}
	return []Signal{TookLong(e.Run, e.Took, usual, limit)}, over, nil
}

// Look signals runs that should have begun by now; those that have begun since are no longer missing.
func (w *Watch) Look(ctx context.Context, now time.Time) error {
	missing, err := w.runs.Missing(ctx, now.Add(-MissingAfter))
	if err != nil {
		return err
	}
	known, err := w.runs.Live(ctx, Missing)
	if err != nil {
		return err
	}
	signals := make([]Signal, len(missing))
	for i, r := range missing {
		signals[i] = DidNotCome(r)
		known = slices.DeleteFunc(known, func(m Matter) bool { return m == signals[i].Matter })
	}
	if err := w.service.Clear(ctx, known...); err != nil {
		return err
	}
	return w.service.Raise(ctx, signals...)
}
