package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"brigade/internal/errs"
)

type planCommand struct {
	Production  planProduction  `cmd:"" help:"What to prepare, by the hour."`
	Procurement planProcurement `cmd:"" help:"What to order, from whom, by when, and why so much."`
	Stock       planStock       `cmd:"" help:"How stock will run in the next 14 days."`
	Edit        planEdit        `cmd:"" help:"Say what you know better than a plan."`
	Edits       planEdits       `cmd:"" help:"Who was right: plans, or those who edited them."`
}

// ofPlan is what every command has that shows a plan.
type ofPlan struct {
	Day      string `name:"day" aliases:"date" placeholder:"YYYY-MM-DD" help:"The first day, up to a week ahead (default: today)."`
	Again    bool   `name:"again" help:"Plan anew from what is known now; the former plan stays as it was made."`
	Revision int    `name:"revision" placeholder:"N" help:"As it was made then, without edits."`
	CSV      bool   `name:"csv" help:"Write CSV."`

	AtOutlet `group:"server"`
	Remote   `group:"server"`
}

// planNote is what a plan says besides its lines.
type planNote struct {
	Kind    string `json:"kind"`
	Problem bool   `json:"problem"`
	Code    string `json:"code"`
	Text    string `json:"text"`
}

// show shows a plan, after making it when there is none or another one is wanted.
func show[T any](ctx context.Context, env *Env, c *ofPlan, kind string, write func(T) error) error {
	q := c.query()
	if c.Day != "" {
		q.Set("day", c.Day)
	}
	if c.Revision != 0 {
		q.Set("revision", strconv.Itoa(c.Revision))
	}
	if c.Again || c.Revision == 0 && !c.planned(ctx, kind, q) {
		if err := c.make(ctx, kind); err != nil {
			return err
		}
	}
	return ask(ctx, env, &c.Remote, request{path: "/planning/" + kind, query: q}, write)
}

// planned tells whether there is a plan. Whatever else is wrong is said by who asks for it.
func (c *ofPlan) planned(ctx context.Context, kind string, q url.Values) bool {
	_, _, err := fetch[json.RawMessage](ctx, &c.Remote, request{path: "/planning/" + kind, query: q})
	return err == nil || !strings.Contains(err.Error(), "there is no "+kind+" plan")
}

func (c *ofPlan) make(ctx context.Context, kind string) error {
	body := map[string]any{}
	for name, value := range map[string]string{"outlet": c.Outlet, "day": c.Day} {
		if value != "" {
			body[name] = value
		}
	}
	made, _, err := fetch[struct {
		Outlets int `json:"outlets"`
	}](ctx, &c.Remote, request{method: http.MethodPost, path: "/planning/" + kind, body: body})
	if err == nil && made.Outlets == 0 {
		err = errs.Conflict("there is nothing to plan with: no outlet of yours has ingredients; say in the tenant's file what items are made of (brigade load --help)")
	}
	return err
}

// notes writes what a plan says besides its lines: problems first.
func notes(env *Env, list []planNote) {
	for _, problem := range []bool{true, false} {
		for _, n := range list {
			if n.Problem == problem {
				mark := "-"
				if problem {
					mark = "!"
				}
				fmt.Fprintln(env.Err, mark, n.Text)
			}
		}
	}
}

// calm tells whether a plan solves everything.
func calm(list []planNote) bool {
	return !slices.ContainsFunc(list, func(n planNote) bool { return n.Problem })
}

// weigh writes an amount: for people with its unit, in larger ones where that is shorter to read; for programs in its unit.
func (c *ofPlan) weigh(v float64, unit string) string {
	decimals := map[string]float64{"g": 1, "ml": 1, "piece": 10}[unit]
	switch {
	case c.CSV:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case unit == "g" && v >= 1000:
		v, unit, decimals = v/1000, "kg", 100
	case unit == "ml" && v >= 1000:
		v, unit, decimals = v/1000, "l", 100
	case unit == "piece":
		unit = "pc"
	}
	return strconv.FormatFloat(math.Round(v*decimals)/decimals, 'f', -1, 64) + " " + unit
}

// sheet is where a plan's rows go; programs get the unit of amounts in a column of its own.
func (c *ofPlan) sheet(env *Env, head ...string) *sheetOut {
	if c.CSV {
		head = append(head, "UNIT")
	}
	return newSheetOut(env.Out, c.CSV, head...)
}

// add writes a row.
func (c *ofPlan) add(s *sheetOut, unit string, cells ...any) {
	if c.CSV {
		cells = append(cells, unit)
	}
	s.row(cells...)
}

// when writes a time for people; for programs with its zone.
func (c *ofPlan) when(env *Env, t *time.Time) string {
	switch {
	case t == nil:
		return "-"
	case c.CSV:
		return t.Format(time.RFC3339)
	default:
		return t.In(env.Zone).Format("Mon 2 Jan 15:04")
	}
}

type planProduction struct {
	Totals bool `name:"totals" help:"By preparation: what is there, wanted and planned."`

	ofPlan
}

// Help implements kong.HelpProvider.
func (planProduction) Help() string {
	return `Batches are begun as late as they can be, where stations have the minutes that cooking leaves. What cannot be made in time is said with the reason. From noon on the list knows the morning's sales.

    brigade plan production --outlet kitchen
    brigade plan edit production patty 2026-05-20 4 --reason wedding`
}

type productionReply struct {
	Starts []struct {
		Code    string    `json:"code"`
		Unit    string    `json:"unit"`
		Station string    `json:"station"`
		Begin   time.Time `json:"begin"`
		Ready   time.Time `json:"ready"`
		For     time.Time `json:"for"`
		Batches int       `json:"batches"`
		Amount  float64   `json:"amount"`
		Minutes float64   `json:"minutes"`
	} `json:"starts"`
	Totals []struct {
		Code     string   `json:"code"`
		Unit     string   `json:"unit"`
		There    float64  `json:"there"`
		Expected float64  `json:"expected"`
		Wanted   float64  `json:"wanted"`
		Planned  float64  `json:"planned"`
		Edited   *float64 `json:"edited"`
		EditedBy string   `json:"edited_by"`
	} `json:"totals"`
	Notes []planNote `json:"notes"`
}

// Run shows what to prepare.
func (c *planProduction) Run(ctx context.Context, env *Env) error {
	return show(ctx, env, &c.ofPlan, "production", func(r productionReply) error {
		defer notes(env, r.Notes)
		if c.Totals {
			return c.totals(env, r)
		}
		if len(r.Starts) == 0 && calm(r.Notes) {
			fmt.Fprintln(env.Err, "nothing is to be prepared: what is there suffices, or nothing is made ahead")
		}
		s := c.sheet(env, "BEGIN", "READY", "PREPARATION", "BATCHES", "AMOUNT", "STATION", "MINUTES", "FOR")
		for i := range r.Starts {
			x := &r.Starts[i]
			c.add(s, x.Unit, c.when(env, &x.Begin), c.when(env, &x.Ready), x.Code, x.Batches, c.weigh(x.Amount, x.Unit), orDash(x.Station),
				roundTo(x.Minutes, 0), c.when(env, &x.For))
		}
		return s.end()
	})
}

func (c *planProduction) totals(env *Env, r productionReply) error {
	s := c.sheet(env, "PREPARATION", "THERE", "EXPECTED", "WANTED", "PLANNED", "BY HAND", "BY")
	for _, t := range r.Totals {
		hand := "-"
		if t.Edited != nil {
			hand = c.weigh(*t.Edited, t.Unit)
		}
		c.add(s, t.Unit, t.Code, c.weigh(t.There, t.Unit), c.weigh(t.Expected, t.Unit), c.weigh(t.Wanted, t.Unit), c.weigh(t.Planned, t.Unit), hand, orDash(t.EditedBy))
	}
	return s.end()
}

type planProcurement struct {
	Supplier string `name:"supplier" placeholder:"CODE" help:"Only this supplier's."`
	Next     bool   `name:"next" help:"Only each supplier's next delivery."`
	Why      bool   `name:"why" help:"With the reasons for every quantity."`

	ofPlan
}

// Help implements kong.HelpProvider.
func (planProcurement) Help() string {
	return `Quantities are for the days from a delivery to the supplier's next, with a safety stock from the forecast's intervals, less what is there and on its way; in whole packs.

    brigade plan procurement --next --why
    brigade plan procurement --next --supplier grocer --csv > order.csv
    brigade plan edit procurement flour 2026-05-20 4 --reason wedding`
}

type procurementReply struct {
	Lines []struct {
		Supplier string    `json:"supplier"`
		Code     string    `json:"code"`
		Name     string    `json:"name"`
		Unit     string    `json:"unit"`
		Deliver  string    `json:"deliver_on"`
		OrderBy  time.Time `json:"order_by"`
		Pack     float64   `json:"pack"`
		Packs    int       `json:"packs"`
		Order    int       `json:"order"`
		Amount   float64   `json:"amount"`
		Total    float64   `json:"total"`
		Currency string    `json:"currency"`
		Why      string    `json:"why"`
		EditedBy string    `json:"edited_by"`
	} `json:"lines"`
	Notes []planNote `json:"notes"`
}

// Run shows what to order.
func (c *planProcurement) Run(ctx context.Context, env *Env) error {
	return show(ctx, env, &c.ofPlan, "procurement", func(r procurementReply) error {
		defer notes(env, r.Notes)
		head := []string{"DELIVERY", "ORDER BY", "SUPPLIER", "CODE", "NAME", "PACKS", "OF", "AMOUNT", "TOTAL", "CURRENCY", "BY HAND"}
		if c.Why {
			head = append(head, "WHY")
		}
		s, n, next := c.sheet(env, head...), 0, map[string]string{}
		for i := range r.Lines {
			l := &r.Lines[i]
			if next[l.Supplier] == "" {
				next[l.Supplier] = l.Deliver
			}
			if c.Supplier != "" && l.Supplier != c.Supplier || c.Next && l.Deliver != next[l.Supplier] {
				continue
			}
			n++
			hand := "-"
			if l.EditedBy != "" {
				hand = fmt.Sprintf("%s; planned %d", l.EditedBy, l.Packs)
			}
			cells := []any{
				l.Deliver, c.when(env, &l.OrderBy), l.Supplier, l.Code, l.Name, l.Order, c.weigh(l.Pack, l.Unit), c.weigh(l.Amount, l.Unit),
				roundTo(l.Total, 2), l.Currency, hand,
			}
			if c.Why {
				cells = append(cells, l.Why)
			}
			c.add(s, l.Unit, cells...)
		}
		if n == 0 && calm(r.Notes) {
			fmt.Fprintln(env.Err, "nothing is to be ordered: what is there and on its way suffices")
		}
		return s.end()
	})
}

type planStock struct {
	Code  string `name:"code" placeholder:"CODE" help:"One ingredient, day by day."`
	Daily bool   `name:"daily" help:"All ingredients, day by day."`

	ofPlan
}

// Help implements kong.HelpProvider.
func (planStock) Help() string {
	return `RUNS OUT is about when, with what is there, was ordered, and is prepared; WITH ORDERS the same once what is planned to be ordered comes.

    brigade plan stock
    brigade plan stock --code flour`
}

type stockPlanReply struct {
	Ingredients []struct {
		Code    string     `json:"code"`
		Unit    string     `json:"unit"`
		There   float64    `json:"there"`
		Out     *time.Time `json:"out"`
		Ordered *time.Time `json:"out_ordered"`
		Wasted  float64    `json:"wasted"`
		Days    []struct {
			Day      string  `json:"day"`
			Opening  float64 `json:"opening"`
			Arrivals float64 `json:"arrivals"`
			Used     float64 `json:"used"`
			Unmet    float64 `json:"unmet"`
			Expired  float64 `json:"expired"`
			Closing  float64 `json:"closing"`
		} `json:"days"`
	} `json:"ingredients"`
	Notes []planNote `json:"notes"`
}

// Run shows how stock will run.
func (c *planStock) Run(ctx context.Context, env *Env) error {
	return show(ctx, env, &c.ofPlan, "stock", func(r stockPlanReply) error {
		if c.Daily || c.Code != "" {
			return c.daily(env, r)
		}
		defer notes(env, r.Notes)
		s := c.sheet(env, "CODE", "THERE", "RUNS OUT", "WITH ORDERS", "WILL EXPIRE")
		for i := range r.Ingredients {
			x := &r.Ingredients[i]
			c.add(s, x.Unit, x.Code, c.weigh(x.There, x.Unit), c.when(env, x.Out), c.when(env, x.Ordered), c.weigh(x.Wasted, x.Unit))
		}
		return s.end()
	})
}

func (c *planStock) daily(env *Env, r stockPlanReply) error {
	s, n := c.sheet(env, "CODE", "DAY", "OPENING", "ARRIVALS", "USED", "MISSING", "EXPIRED", "CLOSING"), 0
	for i := range r.Ingredients {
		x := &r.Ingredients[i]
		if c.Code != "" && x.Code != c.Code {
			continue
		}
		for _, d := range x.Days {
			n++
			c.add(s, x.Unit, x.Code, d.Day, c.weigh(d.Opening, x.Unit), c.weigh(d.Arrivals, x.Unit), c.weigh(d.Used, x.Unit), c.weigh(d.Unmet, x.Unit),
				c.weigh(d.Expired, x.Unit), c.weigh(d.Closing, x.Unit))
		}
	}
	if n == 0 {
		return errs.Invalid("the plan has no ingredient %q", c.Code)
	}
	return s.end()
}

type planEdit struct {
	Kind   string `arg:"" name:"kind" enum:"production,procurement" help:"production or procurement."`
	Code   string `arg:"" name:"code" help:"The preparation, or the ingredient."`
	Day    string `arg:"" name:"day" help:"On which it is made, or delivered: YYYY-MM-DD."`
	Number int    `arg:"" name:"number" help:"Batches, or packs."`
	Reason string `name:"reason" placeholder:"TEXT" help:"Why you know better."`

	AtOutlet `group:"server"`
	Remote   `group:"server"`
}

// Help implements kong.HelpProvider.
func (planEdit) Help() string {
	return `The plan stays as it was made, and plans made later keep the edit; brigade plan edits shows afterwards who was right.

    brigade plan edit production patty 2026-05-20 4 --reason wedding`
}

// Validate names every faulty argument.
func (c *planEdit) Validate() error {
	var f errs.Fields
	if c.Number < 0 {
		f.Add("NUMBER", "must not be negative")
	}
	return f.Err()
}

// Run edits a plan.
func (c *planEdit) Run(ctx context.Context, env *Env) error {
	field := "batches"
	if c.Kind == "procurement" {
		field = "packs"
	}
	path := "/planning/" + c.Kind + "/" + url.PathEscape(c.Code) + "/" + url.PathEscape(c.Day)
	body := map[string]any{field: c.Number, "reason": c.Reason}
	type reply struct {
		Day     string  `json:"day"`
		Code    string  `json:"code"`
		Planned float64 `json:"planned"`
		Edited  float64 `json:"edited"`
	}
	return ask(ctx, env, &c.Remote, request{method: http.MethodPut, path: path, query: c.query(), body: body}, func(r reply) error {
		fmt.Fprintf(env.Out, "%s on %s: %d %s, %g; planned were %g\n", r.Code, r.Day, c.Number, field, r.Edited, r.Planned)
		return nil
	})
}

type planEdits struct {
	Kind string `name:"kind" enum:"production,procurement" default:"production" placeholder:"KIND" help:"Of production (default) or procurement."`
	From string `name:"from" placeholder:"YYYY-MM-DD" help:"The first day (default: 30 days ago)."`
	To   string `name:"to" placeholder:"YYYY-MM-DD" help:"The last day (default: today)."`
	CSV  bool   `name:"csv" help:"Write CSV."`

	AtOutlet `group:"server"`
	Remote   `group:"server"`
}

// Help implements kong.HelpProvider.
func (planEdits) Help() string {
	return `TAKEN is what the sales of the edited days took, by the bills of materials: the plan and the edit, each with what was there, are compared with it.

    brigade plan edits --kind procurement`
}

// Run shows what edits did.
func (c *planEdits) Run(ctx context.Context, env *Env) error {
	q := c.query()
	q.Set("kind", c.Kind)
	for name, value := range map[string]string{"from": c.From, "to": c.To} {
		if value != "" {
			q.Set(name, value)
		}
	}
	type reply struct {
		Better int      `json:"better"`
		Worse  int      `json:"worse"`
		Plan   *float64 `json:"plan_wape"`
		Edits  *float64 `json:"edits_wape"`
		List   []struct {
			Day       string  `json:"day"`
			Code      string  `json:"code"`
			Planned   float64 `json:"planned"`
			Edited    float64 `json:"edited"`
			Taken     float64 `json:"taken"`
			PlanError float64 `json:"plan_error"`
			EditError float64 `json:"edit_error"`
			By        string  `json:"edited_by"`
			Reason    string  `json:"reason"`
		} `json:"edits"`
	}
	return ask(ctx, env, &c.Remote, request{path: "/planning/plan-edits", query: q}, func(r reply) error {
		if len(r.List) == 0 {
			fmt.Fprintln(env.Err, "nobody edited a plan of days that are over")
		} else if r.Plan != nil && r.Edits != nil {
			fmt.Fprintf(env.Err, "%d edits were nearer than the plan, %d were not: %s off instead of %s\n", r.Better, r.Worse, percent(*r.Edits), percent(*r.Plan))
		}
		s := newSheetOut(env.Out, c.CSV, "DAY", "CODE", "PLANNED", "EDITED", "TAKEN", "PLAN OFF", "EDIT OFF", "BY", "REASON")
		for _, e := range r.List {
			s.row(e.Day, e.Code, e.Planned, e.Edited, e.Taken, e.PlanError, e.EditError, e.By, orDash(e.Reason))
		}
		return s.end()
	})
}
