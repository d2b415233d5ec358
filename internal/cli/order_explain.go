package cli

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"brigade/internal/errs"
)

type orderExplain struct {
	Ref string `arg:"" name:"ref" help:"The order's number or id."`
	Due string `name:"due" placeholder:"TIME" help:"Measure lateness against this time, such as 2026-11-19T19:30:00Z (default: what was promised)."`

	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (orderExplain) Help() string {
	return `The chain of tasks that made the order take so long, from when it was placed until it was ready (or now). The segments add up exactly to the total.

    brigade order explain ORD_20260101_001`
}

// Validate names a faulty flag.
func (c *orderExplain) Validate() error {
	var f errs.Fields
	if _, err := time.Parse(time.RFC3339, c.Due); c.Due != "" && err != nil {
		f.Add("--due", "must be a time like 2026-11-19T19:30:00Z")
	}
	return f.Err()
}

// Run explains one order.
func (c *orderExplain) Run(ctx context.Context, env *Env) error {
	q := url.Values{}
	if c.Due != "" {
		q.Set("due", c.Due)
	}
	path := "/orders/" + url.PathEscape(c.Ref) + "/explain"
	return ask(ctx, env, &c.Remote, request{path: path, query: q}, func(a accountReply) error { return a.show(env) })
}

// accountReply is where an order's time went, as the API gives it.
type accountReply struct {
	Number    string     `json:"number"`
	PlacedAt  time.Time  `json:"placed_at"`
	ReadyAt   *time.Time `json:"ready_at"`
	Cancelled *time.Time `json:"cancelled_at"`
	Until     time.Time  `json:"until"`
	DueAt     *time.Time `json:"due_at"`
	TotalSecs float64    `json:"total_secs"`
	LateSecs  float64    `json:"late_secs"`
	Causes    []struct {
		Cause    string  `json:"cause"`
		Secs     float64 `json:"secs"`
		LateSecs float64 `json:"late_secs"`
	} `json:"causes"`
	Segments []segmentReply `json:"segments"`
}

type segmentReply struct {
	Cause    string    `json:"cause"`
	From     time.Time `json:"from"`
	Secs     float64   `json:"secs"`
	LateSecs float64   `json:"late_secs"`
	Item     string    `json:"item"`
	Step     string    `json:"step"`
	Subject  string    `json:"subject"`
	Holders  []struct {
		Number string  `json:"number"`
		Secs   float64 `json:"secs"`
	} `json:"holders"`
}

// causes are what the API's causes are called to people, with the letter that stands for them in the bar.
var causes = map[string]struct{ words, letter string }{
	"station": {"waiting for the station", "s"}, "machine": {"waiting for a machine", "m"},
	"person": {"waiting for a person", "p"}, "other_items": {"waiting for the order's other items", "i"},
	"hold": {"held back", "h"}, "requeue": {"taken back, not started", "r"}, "remake": {"made again", "a"},
	"not_started": {"assigned, not started", "n"}, "cooking": {"being made", "█"}, "overrun": {"longer than estimated", "▒"},
	"other": {"not known", "?"},
}

func (a accountReply) show(env *Env) error {
	fmt.Fprintf(env.Out, "%s  %s\n", a.Number, a.outcome(env))
	fmt.Fprintf(env.Out, "  %s\n\n", a.bar(72))
	t := newTable(env.Out, "FROM", "TOOK", "LATE", "WHAT", "STEP", "BECAUSE")
	for _, s := range a.Segments {
		t.row(env.clock(&s.From), seconds(s.Secs), secondsOrDash(s.LateSecs), causes[s.Cause].words, orDash(s.Step), orDash(s.because()))
	}
	if err := t.end(); err != nil {
		return err
	}
	fmt.Fprintln(env.Out)
	t = newTable(env.Out, "", "TOOK", "LATE", "IN ALL")
	for _, c := range a.Causes {
		t.row(causes[c.Cause].letter, seconds(c.Secs), secondsOrDash(c.LateSecs), causes[c.Cause].words)
	}
	t.row("=", seconds(a.TotalSecs), secondsOrDash(a.LateSecs), "in total")
	return t.end()
}

func secondsOrDash(s float64) string {
	if s == 0 {
		return "-"
	}
	return seconds(s).String()
}

func (a accountReply) outcome(env *Env) string {
	text := "not ready yet, placed " + env.at(&a.PlacedAt)
	if a.ReadyAt != nil {
		text = fmt.Sprintf("placed %s, ready %s", env.at(&a.PlacedAt), env.clock(a.ReadyAt))
	}
	if a.Cancelled != nil {
		return fmt.Sprintf("placed %s, cancelled %s, %v", env.at(&a.PlacedAt), env.clock(a.Cancelled), seconds(a.TotalSecs))
	}
	text += fmt.Sprintf(", %v", seconds(a.TotalSecs))
	switch {
	case a.LateSecs > 0:
		text += fmt.Sprintf(", %v late for %s", seconds(a.LateSecs), env.clock(a.DueAt))
	case a.DueAt != nil:
		text += ", in time for " + env.clock(a.DueAt)
	}
	return text
}

// bar draws the segments at their lengths, each by its letter.
func (a accountReply) bar(width int) string {
	var b strings.Builder
	passed, drawn := 0.0, 0
	for _, s := range a.Segments {
		passed += s.Secs
		upTo := width
		if passed < a.TotalSecs {
			upTo = int(passed / a.TotalSecs * float64(width))
		}
		b.WriteString(strings.Repeat(causes[s.Cause].letter, max(0, upTo-drawn)))
		drawn = max(drawn, upTo)
	}
	return "|" + b.String() + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(b.String()))) + "|"
}

func (s segmentReply) because() string {
	const told = 3
	parts := make([]string, 0, told)
	for _, h := range s.Holders[:min(told, len(s.Holders))] {
		parts = append(parts, h.Number)
	}
	if more := len(s.Holders) - told; more > 0 {
		parts = append(parts, fmt.Sprintf("%d more", more))
	}
	if len(parts) == 0 {
		return s.Subject
	}
	return s.Subject + ": " + strings.Join(parts, ", ")
}
