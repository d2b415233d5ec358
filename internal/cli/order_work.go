package cli

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// onOrder names an order for a command that changes it.
type onOrder struct {
	Ref    string `arg:"" name:"ref" help:"The order's number or id."`
	Remote `group:"server"`
}

func (c *onOrder) path(rest string) string { return "/orders/" + url.PathEscape(c.Ref) + rest }

// change sends a change of an order and says how it stands.
func (c *onOrder) change(ctx context.Context, env *Env, method, rest string, body any, key string) error {
	req := request{method: method, path: c.path(rest), body: body, key: key}
	return ask(ctx, env, &c.Remote, req, func(o orderReply) error {
		_, err := fmt.Fprintf(env.Out, "%s  %s  %s %s  %s\n", o.Number, o.Status, o.Total, o.Currency, o.items())
		return err
	})
}

// made says what becomes of food that is made.
type made struct {
	Made   string `name:"made" enum:"wasted,returned" default:"wasted" placeholder:"WHAT" help:"What becomes of what is made: wasted or returned."`
	Reason string `name:"reason" placeholder:"TEXT" help:"Why, for the history and the kitchen."`
}

type orderCancel struct {
	onOrder
	made
}

// Help implements kong.HelpProvider.
func (orderCancel) Help() string {
	return `What nobody has begun is not made; what is made goes into the waste log. Repeating it gives the same answer.

    brigade order cancel ORD_20260101_001 --reason "the guest has left"`
}

// Run cancels the order.
func (c *orderCancel) Run(ctx context.Context, env *Env) error {
	return c.change(ctx, env, http.MethodPost, "/cancel", map[string]string{"made": c.Made, "reason": c.Reason}, "")
}

type orderCut struct {
	onOrder
	Line     int `arg:"" name:"line" help:"The line's number, from 1."`
	Quantity int `arg:"" name:"quantity" help:"So many from now on; 0 for none."`
	made
}

// Help implements kong.HelpProvider.
func (orderCut) Help() string {
	return `Units that are least begun go first. With its last unit the order is cancelled. Repeating it gives the same answer.

    brigade order cut ORD_20260101_001 2 1 --reason "changed his mind"`
}

// Run takes units off a line.
func (c *orderCut) Run(ctx context.Context, env *Env) error {
	body := map[string]any{"quantity": c.Quantity, "made": c.Made, "reason": c.Reason}
	return c.change(ctx, env, http.MethodPut, "/lines/"+strconv.Itoa(c.Line), body, "")
}

type orderAdd struct {
	onOrder
	Item   []string `name:"item" sep:"none" required:"" placeholder:"SKU=N" help:"What and how many, by SKU or name; once per item. Without =N it is one."`
	Reason string   `name:"reason" placeholder:"TEXT" help:"Why, for the history."`
	Key    string   `name:"key" placeholder:"TEXT" help:"The same key again adds nothing (default: a new one)."`
}

// Help implements kong.HelpProvider.
func (orderAdd) Help() string {
	return `An order that was ready is so no longer.

    brigade order add ORD_20260101_001 --item cold_coffee`
}

// Run adds items to the order.
func (c *orderAdd) Run(ctx context.Context, env *Env) error {
	items, err := (&orderPlace{Item: c.Item}).items()
	if err != nil {
		return err
	}
	key := c.Key
	if key == "" {
		key = "cli-" + uuid.NewString()
	}
	return c.change(ctx, env, http.MethodPost, "/lines", map[string]any{"items": items, "reason": c.Reason}, key)
}

// ticketReply is an order's ticket as the API gives it.
type ticketReply struct {
	Number string `json:"order_number"`
	Status string `json:"status"`
	Rush   bool   `json:"rush"`
	Held   []struct {
		Course int        `json:"course"`
		Reason string     `json:"reason"`
		FireAt *time.Time `json:"fires_at"`
	} `json:"held"`
	Tasks []taskReply `json:"tasks"`
}

// work sends a change of an order's ticket and shows it.
func (c *onOrder) work(ctx context.Context, env *Env, method, rest string, body any) error {
	return ask(ctx, env, &c.Remote, request{method: method, path: c.path(rest), body: body}, func(t ticketReply) error {
		fmt.Fprintf(env.Out, "%s  %s", t.Number, t.Status)
		if t.Rush {
			fmt.Fprint(env.Out, "  rush")
		}
		fmt.Fprintln(env.Out)
		for _, h := range t.Held {
			when := ""
			if h.FireAt != nil {
				when = ", fires at " + env.clock(h.FireAt)
			}
			fmt.Fprintf(env.Out, "course %d is held: %s%s\n", h.Course, h.Reason, when)
		}
		return showTasks(env, t.Tasks)
	})
}

type orderRush struct {
	onOrder
	End bool `name:"end" help:"The order takes its turn again."`
}

// Help implements kong.HelpProvider.
func (orderRush) Help() string {
	return `For guests who cannot wait:

    brigade order rush ORD_20260101_001
    brigade order rush ORD_20260101_001 --end`
}

// Run rushes the order, or ends that.
func (c *orderRush) Run(ctx context.Context, env *Env) error {
	method := http.MethodPost
	if c.End {
		method = http.MethodDelete
	}
	return c.work(ctx, env, method, "/rush", nil)
}

type orderHold struct {
	onOrder
	Course int    `name:"course" placeholder:"N" help:"This course (default: all of the order)."`
	Reason string `name:"reason" placeholder:"TEXT" help:"Why, for the kitchen."`
}

// Help implements kong.HelpProvider.
func (orderHold) Help() string {
	return `What nobody has begun is not begun until it is fired.

    brigade order hold ORD_20260101_001 --course 2`
}

// Run holds the order or a course.
func (c *orderHold) Run(ctx context.Context, env *Env) error {
	return c.work(ctx, env, http.MethodPost, "/hold", map[string]any{"course": c.Course, "reason": c.Reason})
}

type orderFire struct {
	onOrder
	Course int `name:"course" placeholder:"N" help:"This course (default: all that is held)."`
}

// Help implements kong.HelpProvider.
func (orderFire) Help() string {
	return `For example:

    brigade order fire ORD_20260101_001 --course 2`
}

// Run fires a course.
func (c *orderFire) Run(ctx context.Context, env *Env) error {
	return c.work(ctx, env, http.MethodPost, "/fire", map[string]any{"course": c.Course})
}

type orderRemake struct {
	onOrder
	Line     int    `arg:"" name:"line" help:"The line's number, from 1."`
	Unit     int    `name:"unit" default:"1" placeholder:"N" help:"Which of the line's units."`
	FromStep *int   `name:"from-step" placeholder:"N" help:"From this step of the recipe on, from 0 (default: everything)."`
	Reason   string `name:"reason" required:"" placeholder:"TEXT" help:"dropped, wrong, cold, …"`
}

// Help implements kong.HelpProvider.
func (orderRemake) Help() string {
	return `What was made of it goes into the waste log.

    brigade order remake ORD_20260101_001 1 --from-step 3 --reason dropped`
}

// Run has a unit made again.
func (c *orderRemake) Run(ctx context.Context, env *Env) error {
	body := map[string]any{"line": c.Line, "unit": c.Unit, "reason": c.Reason}
	if c.FromStep != nil {
		body["from_step"] = *c.FromStep
	}
	return c.work(ctx, env, http.MethodPost, "/remake", body)
}
