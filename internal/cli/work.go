package cli

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"brigade/internal/errs"
	"brigade/internal/money"
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

type staffLeave struct {
	Name string `arg:"" name:"name" help:"Who, by name or id."`

	AtOutlet `group:"server"`
	Remote   `group:"server"`
}

// Help implements kong.HelpProvider.
func (staffLeave) Help() string {
	return `He gets nothing until his next shift. What he works on is listed: hand it to somebody.

    brigade staff leave Asha`
}

// Run lets somebody go.
func (c *staffLeave) Run(ctx context.Context, env *Env) error {
	type reply struct {
		Until *time.Time  `json:"until"`
		Begun []taskReply `json:"begun"`
	}
	req := request{method: http.MethodPost, path: "/kitchen/staff/" + url.PathEscape(c.Name) + "/leave", query: c.query()}
	return ask(ctx, env, &c.Remote, req, func(r reply) error {
		until := "until brigade staff back"
		if r.Until != nil {
			until = "until " + env.at(r.Until)
		}
		fmt.Fprintf(env.Out, "%s has left, %s\n", c.Name, until)
		if len(r.Begun) == 0 {
			return nil
		}
		return showTasks(env, r.Begun)
	})
}

type stationCommand struct {
	List  stationList  `cmd:"" help:"The stations and their work."`
	Close stationClose `cmd:"" help:"Close a station; its work goes to another one."`
	Open  stationOpen  `cmd:"" help:"Open a closed station."`
}

type stationList struct {
	AtOutlet `group:"server"`
	Remote   `group:"server"`
}

// Help implements kong.HelpProvider.
func (stationList) Help() string {
	return `For example:

    brigade station list`
}

// Run lists the stations.
func (c *stationList) Run(ctx context.Context, env *Env) error {
	type station struct {
		Name                                        string `json:"name"`
		Capacity, Assigned, Started, Ready, Blocked int
		ClosedTo                                    string `json:"closed_to"`
		Reason                                      string `json:"reason"`
	}
	return ask(ctx, env, &c.Remote, request{path: "/kitchen/stations", query: c.query()}, func(stations []station) error {
		t := newTable(env.Out, "NAME", "STATE", "COOKING", "ASSIGNED", "READY", "BLOCKED", "CAPACITY", "REASON")
		for _, s := range stations {
			state := "open"
			if s.ClosedTo != "" {
				state = "closed, to " + s.ClosedTo
			}
			t.row(s.Name, state, s.Started, s.Assigned, s.Ready, s.Blocked, s.Capacity, s.Reason)
		}
		return t.end()
	})
}

// StationRef names a station.
type StationRef struct {
	Name string `arg:"" name:"name" help:"Which, by name or id."`
}

func (r StationRef) path(action string) string {
	return "/kitchen/stations/" + url.PathEscape(r.Name) + "/" + action
}

type stationClose struct {
	StationRef
	To     string `name:"to" required:"" placeholder:"NAME" help:"The station that takes over."`
	Reason string `name:"reason" placeholder:"TEXT" help:"Why, for the others."`

	AtOutlet `group:"server"`
	Remote   `group:"server"`
}

// Help implements kong.HelpProvider.
func (stationClose) Help() string {
	return `What nobody has begun there moves, and new work goes there too.

    brigade station close fryer --to griller --reason quiet`
}

// Run closes the station.
func (c *stationClose) Run(ctx context.Context, env *Env) error {
	req := request{method: http.MethodPost, path: c.path("close"), query: c.query(), body: map[string]string{"to": c.To, "reason": c.Reason}}
	return ask(ctx, env, &c.Remote, req, func(any) error {
		_, err := fmt.Fprintf(env.Out, "%s is closed, %s takes over\n", c.Name, c.To)
		return err
	})
}

type stationOpen struct {
	StationRef

	AtOutlet `group:"server"`
	Remote   `group:"server"`
}

// Help implements kong.HelpProvider.
func (stationOpen) Help() string {
	return `For example:

    brigade station open fryer`
}

// Run opens the station.
func (c *stationOpen) Run(ctx context.Context, env *Env) error {
	return ask(ctx, env, &c.Remote, request{method: http.MethodPost, path: c.path("open"), query: c.query()}, func(any) error {
		_, err := fmt.Fprintf(env.Out, "%s is open\n", c.Name)
		return err
	})
}

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

type wasteCommand struct {
	Limit  int   `name:"limit" default:"50" placeholder:"N" help:"So many at most, up to 500."`
	Before int64 `name:"before" placeholder:"ID" help:"Go on where a list ended: it says so."`

	AtOutlet `group:"server"`
	Remote   `group:"server"`
}

// Help implements kong.HelpProvider.
func (wasteCommand) Help() string {
	return `Food that was made in vain, newest first: cancelled or made again.

    brigade waste --limit 20`
}

// Run lists the waste log.
func (c *wasteCommand) Run(ctx context.Context, env *Env) error {
	q := c.query()
	q.Set("limit", strconv.Itoa(c.Limit))
	if c.Before > 0 {
		q.Set("before", strconv.FormatInt(c.Before, 10))
	}
	type page struct {
		Entries []struct {
			Number  string       `json:"order_number"`
			Item    string       `json:"item"`
			Steps   []string     `json:"steps"`
			Cost    money.Amount `json:"cost"`
			Outcome string       `json:"outcome"`
			Why     string       `json:"why"`
			Reason  string       `json:"reason"`
			By      string       `json:"by"`
			At      time.Time    `json:"at"`
		} `json:"entries"`
		Next *int64 `json:"next"`
	}
	return ask(ctx, env, &c.Remote, request{path: "/kitchen/waste", query: q}, func(p page) error {
		t := newTable(env.Out, "TIME", "ORDER", "ITEM", "COST", "OUTCOME", "WHY", "BY", "REASON", "MADE")
		for _, w := range p.Entries {
			t.row(env.at(&w.At), w.Number, w.Item, w.Cost, w.Outcome, w.Why, w.By, orDash(w.Reason), strings.Join(w.Steps, ", "))
		}
		if p.Next != nil {
			defer fmt.Fprintf(env.Err, "there are more: --before %d\n", *p.Next)
		}
		return t.end()
	})
}
