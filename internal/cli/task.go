package cli

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"brigade/internal/errs"
)

type taskCommand struct {
	Queue    taskQueue    `cmd:"" help:"What is ready and waits, best first, and for what."`
	Show     taskShow     `cmd:"" help:"A task as it is now."`
	Start    taskStart    `cmd:"" help:"Start an assigned task."`
	Complete taskComplete `cmd:"" help:"Complete a started task."`
	Undo     taskUndo     `cmd:"" help:"Take a completion back: a mis-tap."`
	Recall   taskRecall   `cmd:"" help:"Have a completed task done again."`
	Hand     taskHand     `cmd:"" help:"Hand a task on to somebody else."`
	Held     taskHeld     `cmd:"" help:"What is held until it is fired, and why."`
	Explain  taskExplain  `cmd:"" help:"Why a task went to whom: candidates, scores, and what was not possible."`
}

// taskReply is a task as the API gives it.
type taskReply struct {
	ID           int64      `json:"id"`
	Number       string     `json:"order_number"`
	Item         string     `json:"item"`
	Description  string     `json:"description"`
	Counter      string     `json:"counter"`
	Machine      *string    `json:"machine"`
	Staff        *string    `json:"staff"`
	Status       string     `json:"status"`
	EstimateSecs float64    `json:"estimate_secs"`
	BasePriority float64    `json:"base_priority"`
	DependsOn    []int64    `json:"depends_on"`
	PendingDeps  int        `json:"pending_deps"`
	Requeues     int        `json:"requeues"`
	ReadyAt      *time.Time `json:"ready_at"`
	AssignedAt   *time.Time `json:"assigned_at"`
	StartedAt    *time.Time `json:"started_at"`
	DueAt        *time.Time `json:"due_at"`
	CompletedAt  *time.Time `json:"completed_at"`
}

func named(s *string) string {
	if s == nil {
		return "-"
	}
	return orDash(*s)
}

// seconds writes 80 as 1m20s.
func seconds(s float64) time.Duration {
	return time.Duration(s * float64(time.Second)).Round(time.Second / 10)
}

func showTasks(env *Env, tasks []taskReply) error {
	t := newTable(env.Out, "TASK", "ITEM", "STEP", "STATION", "MACHINE", "STATUS", "STAFF", "WAITS FOR", "ESTIMATE")
	for _, k := range tasks {
		waits := "-"
		if k.PendingDeps > 0 {
			waits = fmt.Sprintf("%d of %v", k.PendingDeps, k.DependsOn)
		}
		t.row(k.ID, k.Item, k.Description, k.Counter, named(k.Machine), k.Status, named(k.Staff), waits, seconds(k.EstimateSecs))
	}
	return t.end()
}

// TaskRef names a task.
type TaskRef struct {
	ID int64 `arg:"" name:"id" help:"The task's number."`
}

func (r TaskRef) path(action string) string { return "/tasks/" + strconv.FormatInt(r.ID, 10) + action }

type taskQueue struct {
	Limit  int `name:"limit" default:"100" placeholder:"N" help:"So many at most, up to 500."`
	Offset int `name:"offset" placeholder:"N" help:"Leave out so many of the best."`

	AtOutlet `group:"server"`
	Remote   `group:"server"`
}

// Help implements kong.HelpProvider.
func (taskQueue) Help() string {
	return `The score is the priority now: it grows while a task waits.

    brigade task queue --outlet kitchen`
}

// Validate names every faulty flag.
func (c *taskQueue) Validate() error {
	var f errs.Fields
	if c.Limit < 1 || c.Limit > 500 {
		f.Add("--limit", "must be from 1 to 500")
	}
	if c.Offset < 0 {
		f.Add("--offset", "must not be below 0")
	}
	return f.Err()
}

type queuedReply struct {
	taskReply
	Score    float64 `json:"score"`
	WaitsFor string  `json:"waits_for"`
}

// Run shows the queue.
func (c *taskQueue) Run(ctx context.Context, env *Env) error {
	q := c.query()
	q.Set("limit", strconv.Itoa(c.Limit))
	if c.Offset > 0 {
		q.Set("offset", strconv.Itoa(c.Offset))
	}
	type page struct {
		Tasks []queuedReply `json:"tasks"`
		Total int           `json:"total"`
		Next  *int          `json:"next"`
	}
	return ask(ctx, env, &c.Remote, request{path: "/kitchen/queue", query: q}, func(p page) error {
		t := newTable(env.Out, "TASK", "ORDER", "ITEM", "STEP", "STATION", "SCORE", "READY", "WAITS FOR")
		for _, k := range p.Tasks {
			t.row(k.ID, k.Number, k.Item, k.Description, k.Counter, fmt.Sprintf("%.1f", k.Score), env.clock(k.ReadyAt), orDash(k.WaitsFor))
		}
		if p.Next != nil {
			defer fmt.Fprintf(env.Err, "there are more, %d in all: --offset %d\n", p.Total, *p.Next)
		}
		return t.end()
	})
}

type taskShow struct {
	TaskRef
	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (taskShow) Help() string {
	return `For example:

    brigade task show 42`
}

// Run shows a task. People get names, which the explanation has; programs get the plain task.
func (c *taskShow) Run(ctx context.Context, env *Env) error {
	if c.JSON {
		return ask(ctx, env, &c.Remote, request{path: c.path("")}, func(any) error { return nil })
	}
	return ask(ctx, env, &c.Remote, request{path: c.path("/explain")}, func(e explanation) error {
		return e.Task.show(env)
	})
}

func (k taskReply) show(env *Env) error {
	fmt.Fprintf(env.Out, "task %d  %s\n", k.ID, k.Status)
	t := newTable(env.Out)
	t.row("  order", k.Number)
	t.row("  step", k.Description+" of "+k.Item)
	t.row("  at", k.Counter+", machine "+named(k.Machine))
	t.row("  staff", named(k.Staff))
	t.row("  estimate", seconds(k.EstimateSecs))
	t.row("  priority", k.BasePriority)
	if len(k.DependsOn) > 0 {
		t.row("  after", fmt.Sprintf("tasks %v, %d of them not done", k.DependsOn, k.PendingDeps))
	}
	if k.Requeues > 0 {
		t.row("  requeued", fmt.Sprintf("%d times", k.Requeues))
	}
	for _, m := range []struct {
		what string
		at   *time.Time
	}{{"ready", k.ReadyAt}, {"assigned", k.AssignedAt}, {"started", k.StartedAt}, {"due", k.DueAt}, {"completed", k.CompletedAt}} {
		if m.at != nil {
			t.row("  "+m.what, env.at(m.at))
		}
	}
	return t.end()
}

// move sends a change of a task and says where it is then.
func move(ctx context.Context, env *Env, r *Remote, task TaskRef, action string, body any) error {
	type reply struct {
		Status string `json:"status"`
	}
	return ask(ctx, env, r, request{method: http.MethodPost, path: task.path(action), body: body}, func(s reply) error {
		_, err := fmt.Fprintf(env.Out, "task %d is %s\n", task.ID, s.Status)
		return err
	})
}

type taskStart struct {
	TaskRef
	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (taskStart) Help() string {
	return `Repeating it gives the same answer.

    brigade task start 42`
}

// Run starts the task.
func (c *taskStart) Run(ctx context.Context, env *Env) error {
	return move(ctx, env, &c.Remote, c.TaskRef, "/start", nil)
}

type taskComplete struct {
	TaskRef
	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (taskComplete) Help() string {
	return `Repeating it gives the same answer.

    brigade task complete 42`
}

// Run completes the task.
func (c *taskComplete) Run(ctx context.Context, env *Env) error {
	return move(ctx, env, &c.Remote, c.TaskRef, "/complete", nil)
}
