package cli

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"brigade/internal/alert"
	"brigade/internal/alert/alertpg"
	"brigade/internal/config"
)

type alertCommand struct {
	List    alertList    `cmd:"" help:"What to look at: runs, forecasts, stock."`
	Show    alertShow    `cmd:"" help:"One alert."`
	Ack     alertAck     `cmd:"" help:"Say that you look after an alert: it is not escalated any more."`
	Archive alertArchive `cmd:"" help:"Put an alert away; the same again will be a new one."`
	House   alertHouse   `cmd:"" help:"The house's own alerts: of runs that are for many tenants. Asks Postgres."`
}

// alertReply is an alert as the API gives it.
type alertReply struct {
	ID          int64      `json:"id"`
	Kind        string     `json:"kind"`
	Outlet      string     `json:"outlet"`
	Severity    string     `json:"severity"`
	Level       int        `json:"level"`
	Status      string     `json:"status"`
	Title       string     `json:"title"`
	Detail      string     `json:"detail"`
	Count       int        `json:"count"`
	FirstAt     time.Time  `json:"first_at"`
	LastAt      time.Time  `json:"last_at"`
	EscalatesAt *time.Time `json:"escalates_at"`
	By          string     `json:"acknowledged_by"`
	ArchivedBy  string     `json:"archived_by"`
	Note        string     `json:"note"`
}

var alertHead = []string{"ID", "SEVERITY", "STATUS", "KIND", "OUTLET", "TIMES", "LAST", "ESCALATED", "WHAT"}

func (a *alertReply) row(env *Env, t *table) {
	t.row(a.ID, a.Severity, a.Status, a.Kind, orDash(a.Outlet), a.Count, env.at(&a.LastAt), a.Level, a.Title)
}

type alertList struct {
	Status   string `name:"status" enum:"live,open,acknowledged,archived,all" default:"live" help:"Which: live (open or acknowledged), open, acknowledged, archived, all."`
	Kind     string `name:"kind" enum:",failure,slow,missing,forecast,stock_out" default:"" help:"Only these: failure, slow, missing, forecast, stock_out."`
	Severity string `name:"severity" enum:",info,warning,critical" default:"" help:"These and graver ones: info, warning, critical."`
	Before   int64  `name:"before" placeholder:"ID" help:"Only earlier ones: the next page."`
	Limit    int    `name:"limit" default:"50" placeholder:"N" help:"So many at most, up to 500."`

	AtOutlet `group:"server"`
	Remote   `group:"server"`
}

// Help implements kong.HelpProvider.
func (alertList) Help() string {
	return `Newest first. What is the same is one alert that is counted; what is over is archived by itself.

    brigade alert list --severity warning
    brigade alert ack 12 --note "on my way"`
}

// Run lists alerts.
func (c *alertList) Run(ctx context.Context, env *Env) error {
	q := c.query()
	q.Set("status", c.Status)
	q.Set("limit", strconv.Itoa(c.Limit))
	for name, value := range map[string]string{"kind": c.Kind, "severity": c.Severity} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if c.Before > 0 {
		q.Set("before", strconv.FormatInt(c.Before, 10))
	}
	type reply struct {
		Alerts []alertReply `json:"alerts"`
		Next   *int64       `json:"next"`
	}
	return ask(ctx, env, &c.Remote, request{path: "/alerts", query: q}, func(r reply) error {
		t := newTable(env.Out, alertHead...)
		for i := range r.Alerts {
			r.Alerts[i].row(env, t)
		}
		if r.Next != nil {
			fmt.Fprintf(env.Err, "there are more: --before %d\n", *r.Next)
		}
		return t.end()
	})
}

// AlertRef names an alert.
type AlertRef struct {
	ID int64 `arg:"" help:"The alert's id."`
}

func (r AlertRef) path(action string) string {
	return "/alerts/" + url.PathEscape(strconv.FormatInt(r.ID, 10)) + action
}

type alertShow struct {
	AlertRef
	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (alertShow) Help() string {
	return `With what it says, how often it was the same, and who looks after it.

    brigade alert show 12`
}

// Run shows an alert.
func (c *alertShow) Run(ctx context.Context, env *Env) error {
	return ask(ctx, env, &c.Remote, request{path: c.path("")}, func(a alertReply) error { return a.show(env) })
}

func (a *alertReply) show(env *Env) error {
	fmt.Fprintf(env.Out, "alert %d  %s  %s\n  %s\n  %s\n", a.ID, a.Severity, a.Status, a.Title, a.Detail)
	fmt.Fprintf(env.Out, "  counted: %d, from %s to %s\n", a.Count, env.at(&a.FirstAt), env.at(&a.LastAt))
	if a.EscalatesAt != nil {
		fmt.Fprintf(env.Out, "  escalated %d times; the next time at %s\n", a.Level, env.at(a.EscalatesAt))
	}
	if a.By != "" {
		fmt.Fprintf(env.Out, "  looked after by %s\n", a.By)
	}
	if a.ArchivedBy != "" {
		fmt.Fprintf(env.Out, "  archived by %s\n", a.ArchivedBy)
	}
	if a.Note != "" {
		fmt.Fprintf(env.Out, "  note: %s\n", a.Note)
	}
	return nil
}

type alertAck struct {
	AlertRef
	Note   string `name:"note" placeholder:"TEXT" help:"What others should know."`
	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (alertAck) Help() string {
	return `It is open again when it becomes graver. Repeating it changes nothing.

    brigade alert ack 12 --note "on my way"`
}

// Run says that somebody looks after an alert.
func (c *alertAck) Run(ctx context.Context, env *Env) error {
	return changeAlert(ctx, env, &c.Remote, c.path("/acknowledge"), c.Note)
}

type alertArchive struct {
	AlertRef
	Note   string `name:"note" placeholder:"TEXT" help:"Why."`
	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (alertArchive) Help() string {
	return `What is over is archived by itself. Repeating it changes nothing.

    brigade alert archive 12 --note "was a drill"`
}

// Run puts an alert away.
func (c *alertArchive) Run(ctx context.Context, env *Env) error {
	return changeAlert(ctx, env, &c.Remote, c.path("/archive"), c.Note)
}

func changeAlert(ctx context.Context, env *Env, r *Remote, path, note string) error {
	body := map[string]any{}
	if note != "" {
		body["note"] = note
	}
	return ask(ctx, env, r, request{method: http.MethodPost, path: path, body: body}, func(a alertReply) error {
		_, err := fmt.Fprintf(env.Out, "alert %d is %s\n", a.ID, a.Status)
		return err
	})
}

type alertHouse struct {
	config.Migrate `group:"database"`
	All            bool `name:"all" help:"Archived ones too."`
	JSON           bool `name:"json" help:"Write JSON."`
}

// Help implements kong.HelpProvider.
func (alertHouse) Help() string {
	return `A run that is for many tenants belongs to none of them. Tenants for whom it failed have alerts of their own.

    brigade alert house`
}

// Run lists the house's own alerts, the latest 200.
func (c *alertHouse) Run(ctx context.Context, env *Env) error {
	return postgres{Common: c.Common, Database: c.Database}.withPool(ctx, env, func(ctx context.Context, pool *pgxpool.Pool) error {
		list, err := alertpg.New(pool, alertpg.Parts{}).Alerts(ctx, 0, alert.Filter{Live: !c.All, Most: 200})
		if err != nil {
			return err
		}
		replies := make([]alertReply, len(list))
		for i, a := range list {
			replies[i] = alertReply{
				a.ID, string(a.Kind), "", a.Severity.String(), a.Level, string(a.Status), a.Title, a.Detail, a.Count, a.FirstAt, a.LastAt, a.EscalateAt,
				a.AcknowledgedBy, a.ArchivedBy, a.Note,
			}
		}
		if c.JSON {
			return writeJSON(env.Out, replies)
		}
		t := newTable(env.Out, alertHead...)
		for i := range replies {
			replies[i].row(env, t)
		}
		return t.end()
	})
}
