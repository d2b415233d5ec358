package schedule

import "time"

// CatchUp says what becomes of runs that were missed: while no scheduler was alive, say.
type CatchUp string

// What becomes of them. Empty means Once.
const (
	Once  CatchUp = "once" // the newest of them runs, in the place of all
	All   CatchUp = "all"  // they all run, oldest first; of very many the newest MaxCatchUp
	Never CatchUp = "skip" // none of them runs
)

const (
	// DefaultGrace is longer than it takes another instance to notice that the leader is lost.
	DefaultGrace = 5 * time.Minute
	// MaxCatchUp bounds what All runs after one outage.
	MaxCatchUp = 1000
)

func (c CatchUp) valid() bool { return c == "" || c == Once || c == All || c == Never }

// Due is what a look at the clock finds.
type Due struct {
	Start   []Run     // to be started, oldest first
	Passed  int       // missed, and not to be run
	Through time.Time // everything up to here is decided: where the next look goes on from
}

// Due decides the runs that start after one moment – through which all was decided before – and not after another.
// A run that is no later than the schedule's grace is on time and starts. What is later was missed: all of it starts, or its
// newest unless one is on time to take its place, or nothing. Each run is in one of Start and Passed, once.
func (s Schedule) Due(decided, now time.Time) Due {
	due := Due{Through: now}
	if now.Before(decided) {
		due.Through = decided
	}
	grace := s.Grace
	if grace <= 0 {
		grace = DefaultGrace
	}
	var missed []Run
	for r := range s.until(decided, now) {
		if now.Sub(r.At) <= grace {
			due.Start = append(due.Start, r)
			continue
		}
		if missed = append(missed, r); len(missed) > MaxCatchUp {
			missed = missed[1:]
			due.Passed++
		}
	}
	again := s.again(missed, len(due.Start) > 0)
	due.Passed += len(missed) - len(again)
	due.Start = append(again[:len(again):len(again)], due.Start...)
	return due
}

// again returns which of the missed runs start.
func (s Schedule) again(missed []Run, onTime bool) []Run {
	switch {
	case s.CatchUp == All:
		return missed
	case s.CatchUp == Never, onTime, len(missed) == 0:
		return nil
	}
	return missed[len(missed)-1:]
}

// Overlap says what becomes of a run that is due while an earlier one has not ended.
type Overlap string

// What becomes of it. Empty means OverlapSkip.
const (
	OverlapSkip   Overlap = "skip"       // it does not run
	OverlapQueue  Overlap = "queue"      // it runs after those before it; of many that wait, no more than MaxWaiting
	OverlapCancel Overlap = "cancel_old" // the earlier one is cancelled, then it runs
)

// MaxWaiting bounds how many runs of one schedule wait for an earlier one.
const MaxWaiting = 10

func (o Overlap) valid() bool {
	return o == "" || o == OverlapSkip || o == OverlapQueue || o == OverlapCancel
}

// Action is what to do with a run that is due.
type Action string

// The actions.
const (
	Start   Action = "start"
	Drop    Action = "drop"
	Wait    Action = "wait"    // start it when the earlier ones have ended
	Replace Action = "replace" // cancel the earlier ones, running and waiting, and start it when they have ended
)

// Decide tells what to do with a run that is due, given how many earlier runs are at work and how many wait.
func (o Overlap) Decide(running, waiting int) Action {
	switch {
	case running == 0 && waiting == 0:
		return Start
	case o == OverlapCancel:
		return Replace
	case o == OverlapQueue && waiting < MaxWaiting:
		return Wait
	}
	return Drop
}
