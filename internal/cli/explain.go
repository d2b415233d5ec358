package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"brigade/internal/kitchen/sched"
)

type taskExplain struct {
	TaskRef
	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (taskExplain) Help() string {
	return `Each time the task was assigned, the scores of that moment were kept: who could have taken it (the lowest score got it), who was off or had his hands full, and which machines could not be used and why.

    brigade task explain 42`
}

// explanation is why a task went to whom, as the API gives it.
type explanation struct {
	Task      taskReply  `json:"task"`
	Decisions []decision `json:"decisions"`
}

type decision struct {
	Attempt   int       `json:"attempt"`
	DecidedAt time.Time `json:"decided_at"`
	Why       sched.Why `json:"why"`
}

// Run explains the task.
func (c *taskExplain) Run(ctx context.Context, env *Env) error {
	return ask(ctx, env, &c.Remote, request{path: c.path("/explain")}, func(e explanation) error { return e.show(env) })
}

func (e explanation) show(env *Env) error {
	k := e.Task
	fmt.Fprintf(env.Out, "task %d  %s of %s (%s)  %s\n", k.ID, k.Description, k.Item, k.Number, k.Status)
	if len(e.Decisions) == 0 {
		fmt.Fprintln(env.Out, "nobody has been given it yet"+waiting(k))
	}
	for _, d := range e.Decisions {
		if err := d.show(env); err != nil {
			return err
		}
	}
	return nil
}

func waiting(k taskReply) string {
	if k.PendingDeps > 0 {
		return fmt.Sprintf(": it waits for %d of the tasks %v", k.PendingDeps, k.DependsOn)
	}
	return "; brigade task queue tells what it waits for"
}

func (d decision) show(env *Env) error {
	w, why := env.Out, d.Why
	fmt.Fprintf(w, "\nassigned %s", env.at(&d.DecidedAt))
	if d.Attempt > 0 {
		fmt.Fprintf(w, ", after %d requeues", d.Attempt)
	}
	fmt.Fprintf(w, ", policy %s\n", why.Policy)
	if why.Outlook != (sched.Outlook{}) {
		showOutlook(w, why.Outlook)
	} else {
		fmt.Fprintf(w, "  priority %.1f = base %.1f + boost %.1f + %.1f for waiting %v\n",
			why.Score.Total, why.Score.Base, why.Score.Boost, why.Score.Aging, seconds(why.Score.Wait))
	}
	fmt.Fprintf(w, "  station %s\n", useText(why.Station))
	showMachines(w, why.Machine)
	return showCandidates(w, why.Staff)
}

// showOutlook writes what the planner expected of the order: where it stood, when it was due and would be ready.
func showOutlook(w io.Writer, o sched.Outlook) {
	place := "behind those that are planned in detail"
	if o.Place > 0 {
		place = fmt.Sprintf("%d. of %d orders", o.Place, o.Orders)
	}
	fmt.Fprintf(w, "  %s: due in %v, expected to be ready in %v, slack %v\n", place, seconds(o.Due), seconds(o.Ready), seconds(o.Slack))
	path := "others of the order take longer"
	if o.Critical {
		path = "the order waits for it"
	}
	fmt.Fprintf(w, "  %v of work to the end of its unit; %s\n", seconds(o.Path), path)
	if o.Held > 0 {
		fmt.Fprintf(w, "  held back for %v, to be ready together with the rest of its order\n", seconds(o.Held))
	}
}

// useText writes "griller, 1 of 6 in use".
func useText(u sched.Use) string {
	return fmt.Sprintf("%s, %d of %d in use", u.Name, u.Busy, u.Capacity)
}

func showMachines(w io.Writer, m sched.MachineChoice) {
	for i, u := range m.Fit {
		taken := ""
		if i == 0 {
			taken = "  ← taken"
		}
		fmt.Fprintf(w, "  machine %s%s\n", useText(u), taken)
	}
	for _, u := range m.Unfit {
		fmt.Fprintf(w, "  machine %s: not possible, %s\n", useText(u), u.Why)
	}
	if n := m.FitMore + m.UnfitMore; n > 0 {
		fmt.Fprintf(w, "  and %d more machines\n", n)
	}
}

func showCandidates(w io.Writer, s sched.StaffChoice) error {
	t := newTable(w, "  STAFF", "SCORE", "LOAD", "UTILIZATION", "EFFICIENCY", "IN HAND", "")
	for i, c := range s.Fit {
		taken := ""
		if i == 0 {
			taken = "← got it"
		}
		t.row("  "+c.Name, fmt.Sprintf("%.2f", c.Total), fmt.Sprintf("%.2f", c.Load), fmt.Sprintf("%.2f", c.Util),
			fmt.Sprintf("%.2f", c.Efficiency), c.Active, taken)
	}
	if err := t.end(); err != nil {
		return err
	}
	others(w, "off shift or on a break", s.Off, s.OffMore)
	others(w, "hands full", s.AtLimit, s.AtLimitMore)
	if s.FitMore > 0 {
		fmt.Fprintf(w, "  %d more could have taken it\n", s.FitMore)
	}
	if s.Unskilled > 0 {
		fmt.Fprintf(w, "  %d without the skill\n", s.Unskilled)
	}
	return nil
}

func others(w io.Writer, what string, names []string, more int) {
	if len(names) == 0 {
		return
	}
	text := strings.Join(names, ", ")
	if more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	fmt.Fprintf(w, "  %s: %s\n", what, text)
}
