package kitchen

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"brigade/internal/errs"
)

// conclude writes what the round did and answers.
func (d *Desk) conclude(ctx context.Context, r *round) {
	for _, outlets := range d.portions(r) {
		d.write(ctx, r, outlets)
	}
	d.rememberAssigned(r)
	for _, m := range r.commands {
		if !r.undone[m.command.outlet] {
			d.answer(m.command)
		}
	}
	for _, m := range r.commands { // told is told, to all who asked in this round
		if m.command.kind == cmdRunOnce && !r.undone[m.command.outlet] {
			delete(d.firsts, m.command.outlet)
		}
	}
	for outlet := range r.touched {
		if f := d.floors[outlet]; f != nil {
			d.remind(outlet, r.now)
			d.observer.Queued(outlet, f.Planner().Len())
		}
	}
}

// portions are the kitchens that are written together: all of them, but each of those apart that could not be written
// lately.
func (d *Desk) portions(r *round) (list [][]int64) {
	var sound []int64
	for _, outlet := range slices.Sorted(maps.Keys(r.journals)) {
		switch {
		case r.journals[outlet].Empty():
		case d.ill[outlet] != nil:
			list = append(list, []int64{outlet})
		default:
			sound = append(sound, outlet)
		}
	}
	if len(sound) > 0 {
		list = append(list, sound)
	}
	return list
}

// write commits what the round did in some kitchens. When that is refused, parts of them are tried alone, so that what is
// wrong in one kitchen never keeps the others from their work.
func (d *Desk) write(ctx context.Context, r *round, outlets []int64) {
	err := d.commit(ctx, r, outlets)
	switch {
	case err == nil:
		d.written(r, outlets)
	case len(outlets) == 1 || errs.Is(err, errs.KindUnavailable) || errs.Is(err, errs.KindUnknown):
		d.undo(ctx, r, outlets, err)
	default:
		for _, part := range parts(outlets, err) {
			d.write(ctx, r, part)
		}
	}
}

// parts divides kitchens into those that an error is about and the others, or else in halves.
func parts(outlets []int64, err error) [][]int64 {
	if lost, ok := errors.AsType[*NotOwnerError](err); ok {
		isLost := func(outlet int64) bool { return slices.Contains(lost.Outlets, outlet) }
		ours := slices.DeleteFunc(slices.Clone(outlets), isLost)
		if len(ours) > 0 && len(ours) < len(outlets) {
			return [][]int64{ours, slices.DeleteFunc(outlets, func(o int64) bool { return !isLost(o) })}
		}
	}
	half := len(outlets) / 2
	return [][]int64{outlets[:half], outlets[half:]}
}

func (d *Desk) commit(ctx context.Context, r *round, outlets []int64) error {
	j := r.journals[outlets[0]]
	if len(outlets) > 1 {
		j = NewJournal(nil)
		for _, outlet := range outlets {
			j.Merge(r.journals[outlet])
		}
	}
	fences := d.fences(outlets)
	started := time.Now()
	d.floorsMu.Unlock() // meanwhile quotes go by what the round has decided
	err := d.store.Commit(ctx, j, fences)
	d.floorsMu.Lock()
	d.observer.Committed(len(j.Tasks), time.Since(started))
	return err
}

func (d *Desk) fences(outlets []int64) (fences []Fence) {
	for _, outlet := range outlets {
		if d.floors[outlet] != nil {
			fences = append(fences, Fence{outlet, d.owned[outlet]})
		}
	}
	return fences
}

// written takes notice that some kitchens' journals are.
func (d *Desk) written(r *round, outlets []int64) {
	for _, outlet := range outlets {
		delete(d.ill, outlet)
		for _, t := range r.journals[outlet].Tasks {
			t.written = t.Version
			if t.Status == TaskAssigned {
				d.observer.Assigned(t.AssignedAt.Sub(t.ReadyAt))
			}
		}
		for _, t := range r.journals[outlet].Tickets {
			t.written = t.Version
		}
	}
}

func (d *Desk) rememberAssigned(r *round) {
	for outlet, task := range r.assigned {
		if !r.undone[outlet] {
			d.firsts[outlet] = first{d.round.Load(), task}
		}
	}
}

func (d *Desk) answer(c *command) {
	if c.kind == cmdRunOnce {
		if f := d.firsts[c.outlet]; f.round >= c.round {
			c.result.ID = f.task
		}
	}
	close(c.done)
}

// undo forgets what the round changed in memory in kitchens that could not be written, and reads it again; overtaken
// commands are tried again.
func (d *Desk) undo(ctx context.Context, r *round, outlets []int64, err error) {
	for _, outlet := range outlets {
		r.undone[outlet] = true
		d.reload(outlet)
	}
	notOwner, lost := errors.AsType[*NotOwnerError](err)
	if lost { // another node decides there; its lease keeper tells us the same in a moment
		for _, outlet := range notOwner.Outlets {
			delete(d.owned, outlet)
			delete(d.loading, outlet)
		}
	}
	refused, no := errors.AsType[*RefusedError](err) // one order's commands spoiled the round for the others
	tapped, twice := errors.AsType[*TappedError](err)
	again := lost || no || twice || errors.Is(err, ErrOvertaken)
	d.log.WarnContext(ctx, "a round was not written", "action", "kitchen_round_failed", "kitchens", outlets, "error", err)
	if again {
		err = errs.Unavailable("the kitchen is changing hands: nothing was written").Because(err)
	} else if !errs.Is(err, errs.KindUnavailable) && !errs.Is(err, errs.KindUnknown) {
		d.sicken(outlets[0])
	}
	for _, m := range r.commands {
		c := m.command
		switch {
		case !slices.Contains(outlets, c.outlet):
		case no && c.kind == cmdChange && c.order == refused.Order:
			c.err = refused.Err
			close(c.done)
		case twice && tapped.has(c.tap):
			c.err = tapped
			close(c.done)
		default:
			d.retry(m, again, err)
		}
	}
}

// retry lets a command be tried again in the next round, or tells why it failed.
func (d *Desk) retry(m message, again bool, err error) {
	if m.tries++; again && m.tries < maxTries && d.send(m) == nil {
		return
	}
	m.command.err = err
	close(m.command.done)
}

// illness is of a kitchen of which Postgres does not take what is written: something is wrong with its rows, or with
// what is made of them.
type illness struct {
	until time.Time // in real time: it is left alone
	pause time.Duration
}

// How long such a kitchen is left alone before it is read and tried again: each time twice as long.
const (
	firstIllness   = 200 * time.Millisecond
	longestIllness = 10 * time.Second
)

func (d *Desk) sicken(outlet int64) {
	i := d.ill[outlet]
	if i == nil {
		i = &illness{pause: firstIllness / 2}
		d.ill[outlet] = i
	}
	i.pause = min(2*i.pause, longestIllness)
	i.until = time.Now().Add(i.pause)
}

// toLoad lists the kitchens that are to be read now.
func (d *Desk) toLoad() (outlets []int64) {
	for outlet := range d.loading {
		if i := d.ill[outlet]; i == nil || !time.Now().Before(i.until) {
			outlets = append(outlets, outlet)
		}
	}
	slices.Sort(outlets)
	return outlets
}
