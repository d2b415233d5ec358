package cli

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"brigade/internal/errs"
)

type estimateCommand struct {
	List    estimateList  `cmd:"" help:"How long each step of the menu takes: by its recipe, as learned, and for new tasks."`
	Show    estimateShow  `cmd:"" help:"A step's estimate, day by day."`
	Pin     estimatePin   `cmd:"" help:"Fix how long new tasks of a step take, whatever is learned."`
	Unpin   estimateUnpin `cmd:"" help:"Let a step's estimate follow what is learned again."`
	Factors factorList    `cmd:"" name:"factors" help:"What makes work take longer: stations, people, full hands."`
}

// estimateReply is a step's estimate as the API gives it.
type estimateReply struct {
	SKU         string     `json:"sku"`
	Item        string     `json:"item"`
	Step        int        `json:"step"`
	Description string     `json:"description"`
	Station     string     `json:"station"`
	BaseSecs    float64    `json:"base_secs"`
	LearnedSecs *float64   `json:"learned_secs"`
	P90Secs     *float64   `json:"p90_secs"`
	InForceSecs float64    `json:"in_force_secs"`
	Samples     int64      `json:"samples"`
	PinnedSecs  *float64   `json:"pinned_secs"`
	PinnedBy    string     `json:"pinned_by"`
	PinnedAt    *time.Time `json:"pinned_at"`
}

// lasting writes a duration, "-" for none.
func lasting(secs *float64) string {
	if secs == nil {
		return "-"
	}
	return seconds(*secs).String()
}

func (e estimateReply) pinned() string {
	if e.PinnedSecs == nil {
		return "-"
	}
	return "by " + orDash(e.PinnedBy)
}

type estimateList struct {
	Limit  int `name:"limit" default:"100" placeholder:"N" help:"So many at most, up to 500."`
	Offset int `name:"offset" placeholder:"N" help:"Go on where a list ended: it says so."`

	AtOutlet `group:"server"`
	Remote   `group:"server"`
}

// Help implements kong.HelpProvider.
func (estimateList) Help() string {
	return `Tasks that people complete teach how long steps take; one that was forgotten for an hour teaches nothing.

    brigade estimate list --outlet kitchen`
}

// Validate names every faulty flag.
func (c *estimateList) Validate() error {
	var f errs.Fields
	if c.Limit < 1 || c.Limit > 500 {
		f.Add("--limit", "must be from 1 to 500")
	}
	if c.Offset < 0 {
		f.Add("--offset", "must not be below 0")
	}
	return f.Err()
}

// Run lists estimates.
func (c *estimateList) Run(ctx context.Context, env *Env) error {
	q := c.query()
	q.Set("limit", strconv.Itoa(c.Limit))
	q.Set("offset", strconv.Itoa(c.Offset))
	type page struct {
		Estimates []estimateReply `json:"estimates"`
		Total     int             `json:"total"`
		Next      *int            `json:"next"`
	}
	return ask(ctx, env, &c.Remote, request{path: "/kitchen/estimates", query: q}, func(p page) error {
		t := newTable(env.Out, "SKU", "STEP", "WHAT", "STATION", "RECIPE", "LEARNED", "9 IN 10", "NEW TASKS", "SAMPLES", "PINNED")
		for _, e := range p.Estimates {
			t.row(e.SKU, e.Step, e.Description, e.Station, seconds(e.BaseSecs), lasting(e.LearnedSecs), lasting(e.P90Secs),
				seconds(e.InForceSecs), e.Samples, e.pinned())
		}
		if p.Next != nil {
			defer fmt.Fprintf(env.Err, "there are more, %d in all: --offset %d\n", p.Total, *p.Next)
		}
		return t.end()
	})
}

// StepRef names a step of an item.
type StepRef struct {
	SKU  string `arg:"" name:"sku" help:"The item's SKU."`
	Step int    `arg:"" name:"step" help:"The step's number in the recipe, from 0; estimate list shows it."`
}

func (r StepRef) path() string {
	return "/kitchen/estimates/" + url.PathEscape(r.SKU) + "/" + strconv.Itoa(r.Step)
}

// Validate names every faulty argument.
func (r StepRef) Validate() error {
	var f errs.Fields
	if r.SKU == "" {
		f.Add("sku", "must not be empty")
	}
	if r.Step < 0 {
		f.Add("step", "counts from 0")
	}
	return f.Err()
}

type estimateShow struct {
	StepRef
	Days   int    `name:"days" default:"30" placeholder:"N" help:"So many days at most, up to 400."`
	Before string `name:"before" placeholder:"YYYY-MM-DD" help:"Go on where a list ended: it says so."`

	AtOutlet `group:"server"`
	Remote   `group:"server"`
}

// Help implements kong.HelpProvider.
func (estimateShow) Help() string {
	return `For example, the first step of a burger:

    brigade estimate show burger_combo 0`
}

// Run shows a step's estimate with its history.
func (c *estimateShow) Run(ctx context.Context, env *Env) error {
	q := c.query()
	q.Set("limit", strconv.Itoa(c.Days))
	if c.Before != "" {
		q.Set("before", c.Before)
	}
	type reply struct {
		estimateReply
		History []struct {
			Day         string   `json:"day"`
			LearnedSecs *float64 `json:"learned_secs"`
			P90Secs     *float64 `json:"p90_secs"`
			InForceSecs float64  `json:"in_force_secs"`
			Samples     int64    `json:"samples"`
		} `json:"history"`
		Next *string `json:"next"`
	}
	return ask(ctx, env, &c.Remote, request{path: c.path(), query: q}, func(r reply) error {
		if err := r.show(env); err != nil {
			return err
		}
		fmt.Fprintln(env.Out)
		t := newTable(env.Out, "DAY", "LEARNED", "9 IN 10", "NEW TASKS", "SAMPLES")
		for _, d := range r.History {
			t.row(d.Day, lasting(d.LearnedSecs), lasting(d.P90Secs), seconds(d.InForceSecs), d.Samples)
		}
		if r.Next != nil {
			defer fmt.Fprintf(env.Err, "there may be earlier days: --before %s\n", *r.Next)
		}
		return t.end()
	})
}

func (e estimateReply) show(env *Env) error {
	fmt.Fprintf(env.Out, "%s of %s (%s %d)\n", e.Description, e.Item, e.SKU, e.Step)
	t := newTable(env.Out)
	t.row("  station", e.Station)
	t.row("  recipe", seconds(e.BaseSecs))
	t.row("  learned", lasting(e.LearnedSecs)+", nine in ten take less than "+lasting(e.P90Secs))
	t.row("  samples", e.Samples)
	if e.PinnedSecs != nil {
		t.row("  pinned", lasting(e.PinnedSecs)+" by "+orDash(e.PinnedBy)+" at "+env.at(e.PinnedAt))
	}
	t.row("  new tasks", seconds(e.InForceSecs))
	return t.end()
}

type estimatePin struct {
	StepRef
	Length time.Duration `arg:"" name:"length" help:"How long, such as 95s or 1m35s."`

	AtOutlet `group:"server"`
	Remote   `group:"server"`
}

// Help implements kong.HelpProvider.
func (estimatePin) Help() string {
	return `New tasks of the step take this long until it is unpinned; learning goes on beside it.

    brigade estimate pin burger_combo 0 95s`
}

// Validate names every faulty argument.
func (c *estimatePin) Validate() error {
	var f errs.Fields
	if c.Length <= 0 || c.Length > 24*time.Hour {
		f.Add("length", "must be above 0 and at most 24h")
	}
	return f.Err()
}

// Run pins an estimate.
func (c *estimatePin) Run(ctx context.Context, env *Env) error {
	body := map[string]float64{"seconds": c.Length.Seconds()}
	req := request{method: http.MethodPut, path: c.path() + "/pin", query: c.query(), body: body}
	return ask(ctx, env, &c.Remote, req, func(e estimateReply) error { return e.show(env) })
}

type estimateUnpin struct {
	StepRef

	AtOutlet `group:"server"`
	Remote   `group:"server"`
}

// Help implements kong.HelpProvider.
func (estimateUnpin) Help() string {
	return `Repeating it is fine.

    brigade estimate unpin burger_combo 0`
}

// Run unpins an estimate.
func (c *estimateUnpin) Run(ctx context.Context, env *Env) error {
	req := request{method: http.MethodDelete, path: c.path() + "/pin", query: c.query()}
	return ask(ctx, env, &c.Remote, req, func(e estimateReply) error { return e.show(env) })
}

type factorList struct {
	AtOutlet `group:"server"`
	Remote   `group:"server"`
}

// Help implements kong.HelpProvider.
func (factorList) Help() string {
	return `People are compared with somebody of efficiency 1, full hands with the usual; 1.00 also means that too little is known.

    brigade estimate factors --outlet kitchen`
}

// Run shows the factors.
func (c *factorList) Run(ctx context.Context, env *Env) error {
	type factor struct {
		Kind    string  `json:"kind"`
		Name    string  `json:"name"`
		Load    *int64  `json:"load"`
		Factor  float64 `json:"factor"`
		Samples int64   `json:"samples"`
	}
	return ask(ctx, env, &c.Remote, request{path: "/kitchen/factors", query: c.query()}, func(list []factor) error {
		t := newTable(env.Out, "KIND", "WHICH", "TAKES", "SAMPLES")
		for _, f := range list {
			which := f.Name
			if f.Load != nil {
				which = fmt.Sprintf("%d other tasks in hand", *f.Load)
			}
			t.row(f.Kind, orDash(which), fmt.Sprintf("×%.2f", f.Factor), f.Samples)
		}
		return t.end()
	})
}
