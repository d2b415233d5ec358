package whatif

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"sync"
	"time"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/sim/replay"
)

// Asked is a question about an outlet as somebody asks it.
type Asked struct {
	Outlet  int64
	Days    int     // so many recorded days up to yesterday; 0: evenings that are made up
	Made    int     // evenings that are made up, of the outlet's menu
	PerHour float64 // orders an hour, of these
	Changes []string
}

// State is how far a run is.
type State string

// The states.
const (
	Waiting   State = "waiting"
	Playing   State = "playing"
	Done      State = "done"
	Failed    State = "failed"
	Cancelled State = "cancelled"
)

// Over tells whether nothing more will come of it.
func (s State) Over() bool { return s == Done || s == Failed || s == Cancelled }

// Trial is a question that is being answered, or was.
type Trial struct {
	ID         string
	Tenant     int64
	By         string
	Asked      Asked
	State      State
	Began      time.Time // real time
	Took       time.Duration
	Played, Of int     // evenings
	Answer     *Answer // when it is done
	Fault      error   // when it failed
}

// What a process takes on, and keeps. Answers are kept in memory: whoever asks again after a restart gets the same.
const (
	keptRuns    = 200
	waitingRuns = 5 // of one tenant, that are not over
	mostDays    = 14
	mostMade    = 50
	mostChanges = 12
)

// seedsFor is how often each evening is played, so that about twenty pairs tell what is chance.
func seedsFor(evenings int) int { return max(1, (20+evenings-1)/max(1, evenings)) }

// Runs answers questions in the background, one at a time and on one processor, so that kitchens at work do not wait.
type Runs struct {
	evenings func(ctx context.Context, a Asked) ([]*replay.Evening, error)
	play     func(ctx context.Context) Player // that ends early when ctx does
	faulty   func(a Asked, err error)         // told of questions that failed by no fault of whoever asked; nil: nobody is

	ctx  context.Context //nolint:containedctx // of the process: runs outlive the requests that start them
	stop context.CancelFunc
	work sync.WaitGroup
	turn chan struct{}

	mu   sync.Mutex
	list []*running // the oldest first
}

// running is a run that may be under way.
type running struct {
	Trial
	cancel context.CancelFunc
}

// NewRuns returns runs over a way to read evenings, and to play them until a context ends: Within.
func NewRuns(evenings func(ctx context.Context, a Asked) ([]*replay.Evening, error), play func(ctx context.Context) Player) *Runs {
	ctx, stop := context.WithCancel(context.Background())
	return &Runs{evenings: evenings, play: play, ctx: ctx, stop: stop, turn: make(chan struct{}, 1)}
}

// OnFault says who is told of questions that failed by no fault of whoever asked. It is called before the first one.
func (r *Runs) OnFault(tell func(a Asked, err error)) { r.faulty = tell }

// Stop cancels what is under way and returns when it has ended, or with ctx's error.
func (r *Runs) Stop(ctx context.Context) error {
	r.stop()
	ended := make(chan struct{})
	go func() { r.work.Wait(); close(ended) }()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Start begins to answer a question and returns the run's id. Errors: KindForbidden; KindInvalid, every fault named;
// KindConflict when the tenant has asked too much at once; KindUnavailable when the process ends.
func (r *Runs) Start(who actor.Actor, a Asked) (string, error) {
	if err := r.may(who, a.Outlet); err != nil {
		return "", err
	}
	changes, err := a.check()
	if err != nil {
		return "", err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ctx.Err() != nil {
		return "", errs.Unavailable("Brigade is about to end")
	}
	if r.waiting(who.Tenant) >= waitingRuns {
		return "", errs.Conflict("%d questions wait for their answers: wait for one, or cancel it", waitingRuns)
	}
	ctx, cancel := context.WithCancel(r.ctx)
	x := &running{Trial{ID: rand.Text(), Tenant: who.Tenant, By: who.Name, Asked: a, State: Waiting, Began: time.Now()}, cancel}
	r.list = append(r.list, x)
	r.forget()
	r.work.Go(func() {
		defer cancel()
		r.answer(ctx, x, changes)
	})
	return x.ID, nil
}

func (r *Runs) may(who actor.Actor, outlet int64) error {
	if !who.Sees(outlet) {
		return errs.NotFound("no such outlet")
	}
	return who.Require(actor.Manager)
}

// check reads the changes. Errors: KindInvalid, every fault named.
func (a Asked) check() ([]Change, error) {
	var f errs.Fields
	if (a.Days > 0) == (a.Made > 0) || a.Days < 0 || a.Days > mostDays || a.Made < 0 || a.Made > mostMade {
		f.Add("evenings", "must be 1 to %d recorded days or 1 to %d that are made up", mostDays, mostMade)
	}
	if a.Made > 0 && !(a.PerHour > 0 && a.PerHour <= 1000) {
		f.Add("per_hour", "must be above 0 and at most 1000")
	}
	if len(a.Changes) == 0 || len(a.Changes) > mostChanges {
		f.Add("changes", "must be 1 to %d", mostChanges)
	}
	var list []Change
	for _, text := range a.Changes {
		c, err := Parse(text)
		if err == nil && c.Verb == "policy" {
			_, err = SettingsFor(c.Name)
		}
		if err != nil {
			f.Add("changes", "%v", err)
		}
		list = append(list, c)
	}
	return list, f.Err()
}

func (r *Runs) waiting(tenant int64) (n int) {
	for _, x := range r.list {
		if x.Tenant == tenant && !x.State.Over() {
			n++
		}
	}
	return n
}

// forget drops the oldest that are over.
func (r *Runs) forget() {
	over := len(r.list) - keptRuns
	r.list = slices.DeleteFunc(r.list, func(x *running) bool {
		drop := over > 0 && x.State.Over()
		if drop {
			over--
		}
		return drop
	})
}

// answer waits for its turn and plays.
func (r *Runs) answer(ctx context.Context, x *running, changes []Change) {
	select {
	case r.turn <- struct{}{}:
		defer func() { <-r.turn }()
	case <-ctx.Done():
		r.end(x, nil, ctx.Err())
		return
	}
	r.note(x, func(x *Trial) {
		if x.State == Waiting {
			x.State = Playing
		}
	})
	evenings, err := r.evenings(ctx, x.Asked)
	if err != nil {
		r.end(x, nil, err)
		return
	}
	q := Question{
		Evenings: evenings, Seeds: seedsFor(len(evenings)), Changes: changes, Play: r.play(ctx), Workers: 1,
		Done: func(n, of int) { r.note(x, func(x *Trial) { x.Played, x.Of = n, of }) },
	}
	r.note(x, func(x *Trial) { x.Of = len(evenings) * q.Seeds })
	a, err := Run(ctx, q)
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	r.end(x, a, err)
}

func (r *Runs) note(x *running, change func(*Trial)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&x.Trial)
}

func (r *Runs) end(x *running, a *Answer, err error) {
	r.note(x, func(x *Trial) {
		x.Took = time.Since(x.Began)
		switch {
		case x.State == Cancelled || errors.Is(err, context.Canceled):
			x.State = Cancelled
		case err != nil:
			x.State, x.Fault = Failed, err
			if _, theirs := errors.AsType[*errs.Error](err); !theirs && r.faulty != nil {
				r.faulty(x.Asked, err)
			}
		default:
			x.State, x.Answer = Done, a
		}
	})
}

// Get returns a run as it stands. Errors: KindNotFound, also for one of another tenant and of before the last start.
func (r *Runs) Get(who actor.Actor, outlet int64, id string) (Trial, error) {
	if err := r.may(who, outlet); err != nil {
		return Trial{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if x := r.find(who, outlet, id); x != nil {
		return x.Trial, nil
	}
	return Trial{}, errs.NotFound("this answer is not kept any more: ask again")
}

func (r *Runs) find(who actor.Actor, outlet int64, id string) *running {
	i := slices.IndexFunc(r.list, func(x *running) bool { return x.ID == id && x.Tenant == who.Tenant && x.Asked.Outlet == outlet })
	if i < 0 {
		return nil
	}
	return r.list[i]
}

// List returns an outlet's runs, the newest first.
func (r *Runs) List(who actor.Actor, outlet int64) ([]Trial, error) {
	if err := r.may(who, outlet); err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []Trial
	for _, x := range slices.Backward(r.list) {
		if x.Tenant == who.Tenant && x.Asked.Outlet == outlet {
			list = append(list, x.Trial)
		}
	}
	return list, nil
}

// Cancel ends a run; one that is over stays as it is. Errors: KindNotFound.
func (r *Runs) Cancel(who actor.Actor, outlet int64, id string) error {
	if err := r.may(who, outlet); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	x := r.find(who, outlet, id)
	if x == nil {
		return errs.NotFound("this answer is not kept any more")
	}
	if !x.State.Over() {
		x.State = Cancelled
	}
	x.cancel()
	return nil
}
