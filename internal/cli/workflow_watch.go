package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"brigade/internal/errs"
)

// watch looks at an execution until it is over, and says how it ended.
func (r *Remote) watch(ctx context.Context, env *Env, e executionReply, raw json.RawMessage, noWait bool) error {
	if !noWait {
		var err error
		if e, raw, err = r.follow(ctx, env, e, raw); err != nil {
			return err
		}
	}
	if r.JSON {
		fmt.Fprintln(env.Out, string(raw))
	} else {
		fmt.Fprintf(env.Out, "execution %d of %s for %s is %s: %d of %d steps, %s\n", e.ID, e.Name, e.Date, e.Status, e.Done, e.Total, e.forWhom())
	}
	return e.outcome()
}

// outcome is an error when an execution is over and was not completed.
func (e *executionReply) outcome() error {
	if e.Status == "failed" || e.Status == "cancelled" {
		return errs.Unavailable("execution %d is %s: %s", e.ID, e.Status, orDash(e.Error))
	}
	return nil
}

func (r *Remote) follow(ctx context.Context, env *Env, e executionReply, raw json.RawMessage) (executionReply, json.RawMessage, error) {
	bar := newBar(env, int64(max(1, e.Total)), e.Name)
	defer func() { _ = bar.Finish() }() // only a picture
	for !e.over() {
		if err := pause(ctx, e.ID); err != nil {
			return e, raw, err
		}
		var err error
		if e, raw, err = fetch[executionReply](ctx, r, request{path: executionPath(e.ID)}); err != nil {
			return e, raw, unwatched(ctx, e.ID, err)
		}
		bar.ChangeMax(max(1, e.Total))
		bar.Describe(e.Name + " " + e.present())
		_ = bar.Set(int(e.Progress * float64(e.Total)))
	}
	return e, raw, nil
}

// pause waits before the next look at an execution.
func pause(ctx context.Context, id int64) error {
	select {
	case <-ctx.Done():
		return unwatched(ctx, id, context.Cause(ctx))
	case <-time.After(barEvery):
		return nil
	}
}

// unwatched is why an execution is looked at no longer. That somebody stops watching is no fault of it.
func unwatched(ctx context.Context, id int64, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return errs.Unavailable("execution %d goes on: brigade workflow show %d tells how far it is, brigade workflow cancel %d ends it", id, id, id)
}

// present is the first step that is not over everywhere.
func (e *executionReply) present() string {
	for _, s := range e.Steps {
		if s.Open > 0 {
			return s.Step
		}
	}
	return ""
}

type backfillReply struct{ Executions []executionReply }

// over is how many dates are over and how many of them were completed.
func (b *backfillReply) over() (over, completed int) {
	for i := range b.Executions {
		if e := &b.Executions[i]; e.over() {
			over++
			if e.Status == "completed" {
				completed++
			}
		}
	}
	return over, completed
}

// watchBackfill looks at the executions of all dates until they are over, and says which were not completed.
func (r *Remote) watchBackfill(ctx context.Context, env *Env, id int64) error {
	query := url.Values{"backfill": {strconv.FormatInt(id, 10)}, "limit": {"500"}} // there are 366 at most
	bar := newBar(env, 1, "dates")
	for {
		list, raw, err := fetch[backfillReply](ctx, r, request{path: orchestratorPath + "/executions", query: query})
		if err != nil {
			return unwatched(ctx, id, err)
		}
		over, completed := list.over()
		bar.ChangeMax(max(1, len(list.Executions)))
		_ = bar.Set(over)
		if over == len(list.Executions) {
			_ = bar.Finish() // only a picture
			return r.tellBackfill(env, list, raw, completed)
		}
		if err := pause(ctx, id); err != nil {
			return err
		}
	}
}

func (r *Remote) tellBackfill(env *Env, list backfillReply, raw json.RawMessage, completed int) error {
	var bad error
	if r.JSON {
		fmt.Fprintln(env.Out, string(raw))
	} else {
		fmt.Fprintf(env.Out, "%d of %d dates are completed\n", completed, len(list.Executions))
	}
	for i := len(list.Executions) - 1; i >= 0; i-- { // the latest is the first
		e := &list.Executions[i]
		if err := e.outcome(); err != nil {
			bad = err
			if !r.JSON {
				fmt.Fprintf(env.Out, "  %s, execution %d, is %s: %s\n", e.Date, e.ID, e.Status, orDash(e.Error))
			}
		}
	}
	if bad != nil {
		return errs.Unavailable("%d of %d dates are not completed", len(list.Executions)-completed, len(list.Executions))
	}
	return nil
}
