package cli

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"brigade/internal/errs"
)

type staffCommand struct {
	List  staffList  `cmd:"" help:"Who is at work, with what, and how fast."`
	Break staffBreak `cmd:"" help:"Send somebody on a break; what he has not started goes to others."`
	Leave staffLeave `cmd:"" help:"Let somebody go before the shift is over."`
	Back  staffBack  `cmd:"" help:"End a break that was taken by hand."`
}

type staffList struct {
	AtOutlet `group:"server"`
	Remote   `group:"server"`
}

// Help implements kong.HelpProvider.
func (staffList) Help() string {
	return `For example:

    brigade staff list`
}

// personReply is a staff member as the API gives it.
type personReply struct {
	Name           string     `json:"name"`
	Active         bool       `json:"active"`
	AtWork         bool       `json:"at_work"`
	Skills         []string   `json:"skills"`
	MaxParallel    int        `json:"max_parallel"`
	Assigned       int        `json:"assigned"`
	Started        int        `json:"started"`
	Efficiency     float64    `json:"efficiency"`
	TasksCompleted int64      `json:"tasks_completed"`
	LastSeenAt     *time.Time `json:"last_seen_at"`
}

func (p personReply) state() string {
	switch {
	case !p.Active:
		return "gone"
	case !p.AtWork:
		return "off"
	case p.Assigned+p.Started == 0:
		return "free"
	default:
		return "busy"
	}
}

// Run lists the staff.
func (c *staffList) Run(ctx context.Context, env *Env) error {
	return ask(ctx, env, &c.Remote, request{path: "/kitchen/staff", query: c.query()}, func(people []personReply) error {
		t := newTable(env.Out, "NAME", "STATE", "COOKS", "NEXT", "AT ONCE", "EFFICIENCY", "DONE", "LAST SEEN", "SKILLS")
		for _, p := range people {
			t.row(p.Name, p.state(), p.Started, p.Assigned, p.MaxParallel, fmt.Sprintf("%.2f", p.Efficiency), p.TasksCompleted,
				env.at(p.LastSeenAt), strings.Join(p.Skills, ","))
		}
		return t.end()
	})
}

type staffBreak struct {
	Name    string  `arg:"" name:"name" help:"Who, by name or id."`
	Minutes float64 `name:"minutes" placeholder:"N" help:"So long, up to 1440 (default: until brigade staff back)."`

	AtOutlet `group:"server"`
	Remote   `group:"server"`
}

// Help implements kong.HelpProvider.
func (staffBreak) Help() string {
	return `For example:

    brigade staff break Asha --minutes 15`
}

// Validate names every faulty flag.
func (c *staffBreak) Validate() error {
	var f errs.Fields
	if c.Minutes != 0 && !(c.Minutes >= 1 && c.Minutes <= 1440) {
		f.Add("--minutes", "must be from 1 to 1440")
	}
	return f.Err()
}

// Run begins the break.
func (c *staffBreak) Run(ctx context.Context, env *Env) error {
	body, length := map[string]float64{}, "until brigade staff back"
	if c.Minutes > 0 {
		body["minutes"] = c.Minutes
		length = fmt.Sprintf("for %v", time.Duration(c.Minutes*float64(time.Minute)))
	}
	req := request{method: http.MethodPost, path: "/kitchen/staff/" + url.PathEscape(c.Name) + "/break", query: c.query(), body: body}
	return ask(ctx, env, &c.Remote, req, func(any) error {
		_, err := fmt.Fprintf(env.Out, "%s is on a break, %s\n", c.Name, length)
		return err
	})
}

type staffBack struct {
	Name string `arg:"" name:"name" help:"Who, by name or id."`

	AtOutlet `group:"server"`
	Remote   `group:"server"`
}

// Help implements kong.HelpProvider.
func (staffBack) Help() string {
	return `For example:

    brigade staff back Asha`
}

// Run ends the break.
func (c *staffBack) Run(ctx context.Context, env *Env) error {
	req := request{method: http.MethodPost, path: "/kitchen/staff/" + url.PathEscape(c.Name) + "/back", query: c.query()}
	return ask(ctx, env, &c.Remote, req, func(any) error {
		_, err := fmt.Fprintf(env.Out, "%s is back\n", c.Name)
		return err
	})
}
