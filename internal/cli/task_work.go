package cli

import (
	"context"
)

type taskUndo struct {
	TaskRef
	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (taskUndo) Help() string {
	return `For a mis-tap, within ten minutes.

    brigade task undo 42`
}

// Run takes a completion back.
func (c *taskUndo) Run(ctx context.Context, env *Env) error {
	return move(ctx, env, &c.Remote, c.TaskRef, "/undo", nil)
}

type taskRecall struct {
	TaskRef
	Reason string `name:"reason" placeholder:"TEXT" help:"Why, for the kitchen."`
	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (taskRecall) Help() string {
	return `A completed task is to be done once more.

    brigade task recall 42 --reason "still raw"`
}

// Run recalls the task.
func (c *taskRecall) Run(ctx context.Context, env *Env) error {
	return move(ctx, env, &c.Remote, c.TaskRef, "/recall", map[string]string{"reason": c.Reason})
}

type taskHand struct {
	TaskRef
	To     string `name:"to" required:"" placeholder:"NAME" help:"To whom, by name or id."`
	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (taskHand) Help() string {
	return `For example:

    brigade task hand 42 --to Noah`
}

// Run hands the task on.
func (c *taskHand) Run(ctx context.Context, env *Env) error {
	return move(ctx, env, &c.Remote, c.TaskRef, "/hand", map[string]string{"to": c.To})
}

type taskHeld struct {
	AtOutlet `group:"server"`
	Remote   `group:"server"`
}

// Help implements kong.HelpProvider.
func (taskHeld) Help() string {
	return `For example:

    brigade task held`
}

// Run lists what is held.
func (c *taskHeld) Run(ctx context.Context, env *Env) error {
	type held struct {
		taskReply
		Why string `json:"held"`
	}
	return ask(ctx, env, &c.Remote, request{path: "/kitchen/held", query: c.query()}, func(tasks []held) error {
		t := newTable(env.Out, "TASK", "ORDER", "ITEM", "STEP", "WHY")
		for _, k := range tasks {
			t.row(k.ID, k.Number, k.Item, k.Description, k.Why)
		}
		return t.end()
	})
}
