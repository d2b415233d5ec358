package kitchen

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"brigade/internal/event"
)

// LearningResource is what the node must own that learns from what all kitchens do.
const LearningResource = "learning:main"

// LearningStore takes what was completed into account.
type LearningStore interface {
	// Learn learns from at most most completions in the event log up to a position, from where the last call ended, in
	// one transaction that checks the fence of LearningResource. It returns how many it has looked at.
	Learn(ctx context.Context, fence, upTo int64, most int, at time.Time) (int, error)
	// SkipTo leaves out what the log holds before a position, unless that was learned from already.
	SkipTo(ctx context.Context, fence, position int64) error
}

// Learner is the loop that learns. It looks at what is in the log, now and then, away from the hot path, and can be
// killed anywhere: the cursor moves in the transaction that writes what was learned.
type Learner struct {
	store LearningStore
	probe func(context.Context) (event.Probe, error)
	fence func() (int64, bool)
	now   func() time.Time
	log   *slog.Logger
	last  event.Probe
}

// LearnerParts are what a learner stands on.
type LearnerParts struct {
	Store LearningStore
	Probe func(context.Context) (event.Probe, error) // of the event log
	Fence func() (fence int64, ours bool)            // whether this node owns LearningResource
	Now   func() time.Time                           // the product's time
	Log   *slog.Logger
}

// NewLearner returns a learner.
func NewLearner(p LearnerParts) *Learner {
	return &Learner{store: p.Store, probe: p.Probe, fence: p.Fence, now: p.Now, log: p.Log}
}

const (
	learnEvery = 3 * time.Second // of real time
	learnBatch = 500             // completions per transaction
	learnMost  = 3               // transactions per look: a kitchen learns nothing more from thousands a second
	learnLag   = 30_000          // positions: who is farther behind learns from the latest only
)

// Run learns until ctx ends.
func (l *Learner) Run(ctx context.Context) error {
	t := time.NewTicker(learnEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
			if err := l.Look(ctx); err != nil && ctx.Err() == nil {
				l.log.WarnContext(ctx, "nothing was learned", "action", "learning_failed", "error", err)
			}
		}
	}
}

// Look learns from what is settled: positions that were in the log when it looked last, and that nobody who wrote to
// the log at that time may still fill gaps before.
func (l *Learner) Look(ctx context.Context) error {
	fence, ours := l.fence()
	if !ours {
		return nil
	}
	p, err := l.probe(ctx)
	if err != nil {
		return err
	}
	before := l.last
	if slices.ContainsFunc(before.Writers, func(w string) bool { return slices.Contains(p.Writers, w) }) {
		return nil // next time: nobody writes for long
	}
	l.last = p
	settled := before.Head
	if len(p.Writers) == 0 {
		settled = p.Head
	}
	return l.learn(ctx, fence, settled)
}

func (l *Learner) learn(ctx context.Context, fence, upTo int64) error {
	if upTo > learnLag {
		if err := l.store.SkipTo(ctx, fence, upTo-learnLag); err != nil {
			return err
		}
	}
	for range learnMost {
		n, err := l.store.Learn(ctx, fence, upTo, learnBatch, l.now())
		if err != nil || n < learnBatch {
			return err
		}
	}
	return nil
}
