package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"brigade/internal/errs"
	"brigade/internal/order"
)

// promiseReply is what an order was promised, as the API gives it.
type promiseReply struct {
	P50      time.Time `json:"p50"`
	P90      time.Time `json:"p90"`
	FirstP90 time.Time `json:"first_p90"`
	Slips    int       `json:"slips"`
}

// say writes "12:31, nine of ten by 12:36, at first by 12:34; the guest was told once".
func (p promiseReply) say(env *Env) string {
	text := fmt.Sprintf("%s, nine of ten by %s", env.clock(&p.P50), env.clock(&p.P90))
	if first := env.clock(&p.FirstP90); first != env.clock(&p.P90) {
		text += ", at first by " + first
	}
	switch {
	case p.Slips == 1:
		text += "; the guest was told once"
	case p.Slips > 1:
		text += fmt.Sprintf("; the guest was told %d times", p.Slips)
	}
	return text
}

type orderQuote struct {
	Item     []string   `name:"item" sep:"none" required:"" placeholder:"SKU=N" help:"What and how many, by SKU or name; once per item. Without =N it is one."`
	Type     order.Type `name:"type" default:"takeout" placeholder:"TYPE" help:"dine_in, takeout or delivery."`
	Address  string     `name:"address" placeholder:"TEXT" help:"Where a delivery goes: what that costs is shown."`
	ReadyFor string     `name:"ready-for" placeholder:"HH:MM" help:"When it is wanted, by the outlet's clock (default: as soon as it can be)."`

	AtOutlet `group:"server"`
	Remote   `group:"server"`
}

// Help implements kong.HelpProvider.
func (orderQuote) Help() string {
	return `Nothing is written. For example:

    brigade order quote --item burger_combo=2 --item cold_coffee
    brigade order quote --item wrap=10 --ready-for 19:30`
}

// Validate names items that cannot be read.
func (c *orderQuote) Validate() error {
	_, err := (&orderPlace{Item: c.Item}).items()
	return err
}

// quoteReply is a quote as the API gives it.
type quoteReply struct {
	State    string     `json:"state"`
	P50      *time.Time `json:"p50"`
	P90      *time.Time `json:"p90"`
	Earliest *time.Time `json:"earliest"`
	Wanted   *time.Time `json:"wanted"`
	Accepted bool       `json:"accepted"`
	InTime   bool       `json:"in_time"`
	Limited  struct {
		Kind string `json:"kind"`
		Name string `json:"name"`
	} `json:"limited_by"`
	Over   []string `json:"over"`
	Paused string   `json:"paused"`

	Total    json.Number    `json:"total"`
	Delivery *carriageReply `json:"delivery"`
}

// Run asks for a quote.
func (c *orderQuote) Run(ctx context.Context, env *Env) error {
	items, err := (&orderPlace{Item: c.Item}).items()
	if err != nil {
		return err
	}
	body := map[string]any{"type": c.Type, "items": items}
	if c.Address != "" {
		body["delivery_address"] = c.Address
	}
	if c.Outlet != "" {
		body["outlet"] = c.Outlet
	}
	if c.ReadyFor != "" {
		body["ready_for"] = c.ReadyFor
	}
	return ask(ctx, env, &c.Remote, request{method: http.MethodPost, path: "/quotes", body: body}, func(q quoteReply) error {
		return q.show(env)
	})
}

func (q quoteReply) show(env *Env) error {
	t := newTable(env.Out)
	t.row("outlet", q.State)
	if q.P50 == nil {
		t.row("ready", "nobody knows")
	} else {
		t.row("ready", env.at(q.P50)+", nine of ten by "+env.clock(q.P90))
		t.row("because of", strings.TrimSpace(q.Limited.Kind+" "+q.Limited.Name))
	}
	if q.Wanted != nil {
		t.row("wanted", env.at(q.Wanted)+map[bool]string{true: ", which is possible", false: ", which is too early"}[q.InTime])
	}
	t.row("earliest", env.at(q.Earliest))
	if q.Total != "" {
		t.row("total", q.Total)
	}
	if q.Delivery != nil {
		t.row("delivery", q.Delivery.say())
	}
	t.row("accepted", map[bool]string{true: "yes", false: "no"}[q.Accepted])
	for _, over := range append(q.Over, q.Paused) {
		if over != "" {
			t.row("limit", over)
		}
	}
	return t.end()
}

type saleLimits struct {
	Name    string             `arg:"" name:"outlet" help:"Which outlet, by slug or id."`
	Set     bool               `name:"set" help:"Set the limits to what the other flags say; what they do not say is no limit."`
	Waiting float64            `name:"station-minutes" placeholder:"N" help:"Minutes of work that may wait at any station."`
	Station map[string]float64 `name:"station" placeholder:"NAME=N" help:"The same of one station; once per station."`
	Ready   float64            `name:"acceptable" placeholder:"N" help:"Minutes until an order is ready (nine of ten)."`
	Answer  string             `name:"answer" default:"quote" placeholder:"WHAT" help:"What is done above a limit: quote, pause_item, pause_station, pause_source or refuse."`
	Source  []string           `name:"source" sep:"," placeholder:"SOURCE,…" help:"What pause_source pauses: api, kitchen, orders, …"`
	Calm    float64            `name:"resume-below" default:"0.7" placeholder:"SHARE" help:"A pause ends below this share of the limit."`

	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (saleLimits) Help() string {
	return `Limits count minutes of work, not orders. Without --set they are shown.

    brigade sale limits kitchen
    brigade sale limits kitchen --set --station fryer=20 --acceptable 45 --answer refuse
    brigade sale limits kitchen --set --station-minutes 30 --answer pause_station --resume-below 0.5`
}

// Validate refuses limits that nobody sets.
func (c *saleLimits) Validate() error {
	var f errs.Fields
	if given := c.Waiting != 0 || len(c.Station) > 0 || c.Ready != 0 || len(c.Source) > 0; given && !c.Set {
		f.Add("--set", "must be given to change limits")
	}
	return f.Err()
}

// admissionReply is how much an outlet takes on, as the API gives it.
type admissionReply struct {
	Waiting  float64            `json:"station_minutes"`
	Stations map[string]float64 `json:"stations,omitempty"`
	Ready    float64            `json:"acceptable_minutes"`
	Answer   string             `json:"answer"`
	Sources  []string           `json:"sources,omitempty"`
	Calm     float64            `json:"resume_below"`
}

// Run shows or sets limits.
func (c *saleLimits) Run(ctx context.Context, env *Env) error {
	req := request{path: "/outlets/" + url.PathEscape(c.Name) + "/admission"}
	if c.Set {
		req.method = http.MethodPut
		req.body = admissionReply{c.Waiting, c.Station, c.Ready, c.Answer, c.Source, c.Calm}
	}
	return ask(ctx, env, &c.Remote, req, func(a admissionReply) error { return a.show(env) })
}

func (a admissionReply) show(env *Env) error {
	t := newTable(env.Out)
	t.row("work waiting at any station", limitText(a.Waiting))
	for _, name := range slices.Sorted(maps.Keys(a.Stations)) {
		t.row("work waiting at "+name, limitText(a.Stations[name]))
	}
	t.row("until an order is ready", limitText(a.Ready))
	t.row("above that", strings.TrimSpace(a.Answer+" "+strings.Join(a.Sources, ", ")))
	t.row("calm again below", strconv.FormatFloat(100*a.Calm, 'f', 0, 64)+" %")
	return t.end()
}

func limitText(m float64) string {
	if m == 0 {
		return "no limit"
	}
	return strconv.FormatFloat(m, 'f', -1, 64) + " min"
}
