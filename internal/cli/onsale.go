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

// While says for how long something is off.
type While struct {
	Minutes float64 `name:"minutes" placeholder:"N" help:"For so long, 1 to 10080 (default: until further notice)."`
	Reason  string  `name:"reason" placeholder:"TEXT" help:"Why; whoever is refused hears it."`
}

// Validate names every faulty flag.
func (w *While) Validate() error {
	var f errs.Fields
	if w.Minutes != 0 && !(w.Minutes >= 1 && w.Minutes <= 10080) {
		f.Add("--minutes", "must be from 1 to 10080")
	}
	return f.Err()
}

func (w *While) body() map[string]any {
	b := map[string]any{"reason": w.Reason}
	if w.Minutes > 0 {
		b["minutes"] = w.Minutes
	}
	return b
}

type menuOff struct {
	Item string `arg:"" name:"item" help:"Which, by SKU or name."`
	Drop bool   `name:"drop" help:"Take units that nobody has begun off open orders."`
	While

	AtOutlet `group:"server"`
	Remote   `group:"server"`
}

// Help implements kong.HelpProvider.
func (menuOff) Help() string {
	return `Nobody can order the item any more. Open orders that hold it are listed.

    brigade menu 86 wrap --reason "no tortillas"`
}

// Run takes the item off.
func (c *menuOff) Run(ctx context.Context, env *Env) error {
	body := c.body()
	body["drop"] = c.Drop
	type reply struct {
		Item   string `json:"item"`
		Orders []struct {
			Number   string `json:"order_number"`
			Status   string `json:"status"`
			Line     int    `json:"line"`
			Quantity int    `json:"quantity"`
			Dropped  int    `json:"dropped"`
		} `json:"orders"`
	}
	req := request{method: http.MethodPost, path: "/menu/" + url.PathEscape(c.Item) + "/86", query: c.query(), body: body}
	return ask(ctx, env, &c.Remote, req, func(r reply) error {
		fmt.Fprintf(env.Out, "%s is off\n", r.Item)
		if len(r.Orders) == 0 {
			return nil
		}
		t := newTable(env.Out, "ORDER", "STATUS", "LINE", "QUANTITY", "DROPPED")
		for _, o := range r.Orders {
			t.row(o.Number, o.Status, o.Line, o.Quantity, o.Dropped)
		}
		return t.end()
	})
}

type menuBack struct {
	Item string `arg:"" name:"item" help:"Which, by SKU or name."`

	AtOutlet `group:"server"`
	Remote   `group:"server"`
}

// Help implements kong.HelpProvider.
func (menuBack) Help() string {
	return `For example:

    brigade menu back wrap`
}

// Run puts the item on again.
func (c *menuBack) Run(ctx context.Context, env *Env) error {
	req := request{method: http.MethodPost, path: "/menu/" + url.PathEscape(c.Item) + "/back", query: c.query()}
	return ask(ctx, env, &c.Remote, req, func(any) error {
		_, err := fmt.Fprintf(env.Out, "%s is back\n", c.Item)
		return err
	})
}

type saleCommand struct {
	Status saleStatus `cmd:"" help:"Whether the outlet takes orders, and what is off."`
	Pause  salePause  `cmd:"" help:"Pause an item, a station, a source or the outlet."`
	Resume saleResume `cmd:"" help:"End a pause."`
	Limits saleLimits `cmd:"" help:"How much the outlet takes on, in minutes of work."`
}

type saleStatus struct {
	AtOutlet `group:"server"`
	Remote   `group:"server"`
}

// Help implements kong.HelpProvider.
func (saleStatus) Help() string {
	return `For example:

    brigade sale status`
}

type pauseReply struct {
	Kind   string     `json:"kind"`
	Name   string     `json:"name"`
	Until  *time.Time `json:"until"`
	Reason string     `json:"reason"`
	By     string     `json:"by"`
}

// Run shows what is on sale.
func (c *saleStatus) Run(ctx context.Context, env *Env) error {
	type reply struct {
		Status string       `json:"status"`
		Paused []pauseReply `json:"paused"`
	}
	return ask(ctx, env, &c.Remote, request{path: "/status", query: c.query()}, func(r reply) error {
		fmt.Fprintln(env.Out, r.Status)
		if len(r.Paused) == 0 {
			return nil
		}
		t := newTable(env.Out, "WHAT", "NAME", "UNTIL", "BY", "REASON")
		for _, p := range r.Paused {
			t.row(p.Kind, orDash(p.Name), env.at(p.Until), p.By, p.Reason)
		}
		return t.end()
	})
}

// PauseRef names what can be paused.
type PauseRef struct {
	Kind string `arg:"" name:"what" enum:"item,station,source,outlet" help:"item, station, source or outlet."`
	Name string `arg:"" name:"name" optional:"" help:"Which; none for the outlet."`
}

func (r PauseRef) String() string { return strings.TrimSpace(r.Kind + " " + r.Name) }

type salePause struct {
	PauseRef
	While

	AtOutlet `group:"server"`
	Remote   `group:"server"`
}

// Help implements kong.HelpProvider.
func (salePause) Help() string {
	return `Orders that need what is paused are refused; orders that are in go on.

    brigade sale pause station fryer --minutes 30 --reason "oil change"
    brigade sale pause source orders`
}

// Run pauses something.
func (c *salePause) Run(ctx context.Context, env *Env) error {
	body := c.body()
	body["kind"], body["name"] = c.Kind, c.Name
	return ask(ctx, env, &c.Remote, request{method: http.MethodPost, path: "/pauses", query: c.query(), body: body}, func(p pauseReply) error {
		until := "until further notice"
		if p.Until != nil {
			until = "until " + env.at(p.Until)
		}
		_, err := fmt.Fprintf(env.Out, "%s is paused, %s\n", c.PauseRef, until)
		return err
	})
}

type saleResume struct {
	PauseRef

	AtOutlet `group:"server"`
	Remote   `group:"server"`
}

// Help implements kong.HelpProvider.
func (saleResume) Help() string {
	return `For example:

    brigade sale resume station fryer`
}

// Run ends a pause.
func (c *saleResume) Run(ctx context.Context, env *Env) error {
	q := c.query()
	q.Set("kind", c.Kind)
	q.Set("name", c.Name)
	return tell(ctx, env, &c.Remote, request{method: http.MethodDelete, path: "/pauses", query: q}, c.String()+" can be ordered again")
}
