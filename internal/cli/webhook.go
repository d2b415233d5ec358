package cli

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"brigade/internal/errs"
)

type webhookCommand struct {
	Add        webhookAdd        `cmd:"" help:"Post what becomes of orders to a URL. The secret is shown this once."`
	List       webhookList       `cmd:"" help:"The webhooks, and how well they answer."`
	Remove     webhookRemove     `cmd:"" help:"Send nothing there any more."`
	Enable     webhookEnable     `cmd:"" help:"Switch on again one that took nothing for too long."`
	Test       webhookTest       `cmd:"" help:"Send it a signed test message and show what it answers."`
	Deliveries webhookDeliveries `cmd:"" help:"What a webhook was sent, attempt by attempt."`
	Replay     webhookReplay     `cmd:"" help:"Send a message again."`
}

// webhookReply is a webhook as the API gives it.
type webhookReply struct {
	ID             int64      `json:"id"`
	Secret         string     `json:"secret"`
	URL            string     `json:"url"`
	Outlet         *int64     `json:"outlet_id"`
	Kinds          []string   `json:"kinds"`
	DisabledAt     *time.Time `json:"disabled_at"`
	DisabledReason string     `json:"disabled_reason"`
	FailingSince   *time.Time `json:"failing_since"`
	LastError      string     `json:"last_error"`
	LastSentAt     *time.Time `json:"last_sent_at"`
	Pending        int        `json:"pending"`
}

// state says in a few words how a webhook does.
func (w webhookReply) state(env *Env) string {
	switch {
	case w.DisabledAt != nil:
		return "off since " + env.at(w.DisabledAt) + ": " + w.DisabledReason
	case w.FailingSince != nil:
		return "failing since " + env.at(w.FailingSince)
	default:
		return "on"
	}
}

func (w webhookReply) kinds() string { return cmp.Or(strings.Join(w.Kinds, ","), "all") }

type webhookAdd struct {
	URL         string   `arg:"" name:"url" help:"Where messages are posted."`
	Kinds       []string `name:"kinds" sep:"," placeholder:"KIND,…" help:"What is told: accepted, preparing, delayed, ready, on_the_way, driver_near, handed_over, cancelled, rejected, edited, attention, alert (default: everything)."`
	Description string   `name:"description" placeholder:"TEXT" help:"What it is for."`

	AtOutlet `group:"server"`
	Remote   `group:"server"`
}

// Help implements kong.HelpProvider.
func (webhookAdd) Help() string {
	return `The secret alone is written to stdout, so that a script can catch it. Messages are signed with it; docs/how-to-verify-a-webhook.md shows how to check them. With --outlet only that outlet's orders are told.

    brigade webhook add https://example.com/brigade --kinds ready,handed_over`
}

// Run adds a webhook.
func (c *webhookAdd) Run(ctx context.Context, env *Env) error {
	body := map[string]any{"url": c.URL, "kinds": slices.Concat([]string{}, c.Kinds), "description": c.Description}
	if c.Outlet != "" {
		body["outlet"] = c.Outlet
	}
	return ask(ctx, env, &c.Remote, request{method: http.MethodPost, path: "/webhooks", body: body}, func(w webhookReply) error {
		fmt.Fprintln(env.Out, w.Secret)
		fmt.Fprintf(env.Err, "webhook %d: %s to %s. Keep the secret: it cannot be shown again\n", w.ID, w.kinds(), w.URL)
		return nil
	})
}

type webhookList struct {
	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (webhookList) Help() string {
	return `One that fails is tried less and less often; one that took nothing for 24 hours is switched off.

    brigade webhook list`
}

// Run lists webhooks.
func (c *webhookList) Run(ctx context.Context, env *Env) error {
	return ask(ctx, env, &c.Remote, request{path: "/webhooks"}, func(list []webhookReply) error {
		t := newTable(env.Out, "ID", "URL", "KINDS", "STATE", "WAITING", "LAST SENT", "LAST ERROR")
		for _, w := range list {
			t.row(w.ID, w.URL, w.kinds(), w.state(env), w.Pending, env.at(w.LastSentAt), orDash(short(w.LastError)))
		}
		return t.end()
	})
}

// short is the beginning of a long text, in one line.
func short(s string) string {
	const most = 60
	runes := []rune(strings.Join(strings.Fields(s), " "))
	if len(runes) <= most {
		return string(runes)
	}
	return string(runes[:most]) + "…"
}

// WebhookRef names a webhook.
type WebhookRef struct {
	ID int64 `arg:"" name:"id" help:"The webhook's number; webhook list shows it."`
}

func (r WebhookRef) path() string { return "/webhooks/" + strconv.FormatInt(r.ID, 10) }

// done asks for a change that has no answer to show.
func done(ctx context.Context, env *Env, r *Remote, method, path, sentence string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, answerIn,
		errs.Unknown("there was no answer in %v; it may or may not have been done", answerIn))
	defer cancel()
	res, err := r.send(ctx, request{method: method, path: path}, nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if !r.JSON {
		fmt.Fprintln(env.Out, sentence)
	}
	return nil
}

type webhookRemove struct {
	WebhookRef
	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (webhookRemove) Help() string {
	return `What waits for it is given up.

    brigade webhook remove 3`
}

// Run removes a webhook.
func (c *webhookRemove) Run(ctx context.Context, env *Env) error {
	return done(ctx, env, &c.Remote, http.MethodDelete, c.path(), fmt.Sprintf("webhook %d is removed", c.ID))
}

type webhookEnable struct {
	WebhookRef
	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (webhookEnable) Help() string {
	return `Its failures are forgotten. What was given up meanwhile can be replayed. Enabling it again changes nothing.

    brigade webhook enable 3`
}

// Run switches a webhook on.
func (c *webhookEnable) Run(ctx context.Context, env *Env) error {
	return ask(ctx, env, &c.Remote, request{method: http.MethodPost, path: c.path() + "/enable"}, func(w webhookReply) error {
		_, err := fmt.Fprintf(env.Out, "webhook %d is on\n", w.ID)
		return err
	})
}

type webhookTest struct {
	WebhookRef
	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (webhookTest) Help() string {
	return `The message is of the type webhook.test, signed as all are, and sent once; also while the webhook is switched off. When it does not arrive, the exit code is 1; with --json, look at "arrived".

    brigade webhook test 3`
}

// trialReply is what came of a test message, as the API gives it.
type trialReply struct {
	Delivery int64  `json:"delivery_id"`
	Arrived  bool   `json:"arrived"`
	TookMs   int64  `json:"took_ms"`
	Code     int    `json:"code"`
	Answer   string `json:"answer"`
	Error    string `json:"error"`
}

// Run tests a webhook.
func (c *webhookTest) Run(ctx context.Context, env *Env) error {
	return ask(ctx, env, &c.Remote, request{method: http.MethodPost, path: c.path() + "/test"}, func(t trialReply) error {
		if !t.Arrived {
			return errs.Unavailable("message %d did not arrive (%d ms): %s", t.Delivery, t.TookMs, t.Error)
		}
		_, err := fmt.Fprintf(env.Out, "message %d arrived in %d ms: it answered %d %s\n", t.Delivery, t.TookMs, t.Code, orDash(short(t.Answer)))
		return err
	})
}

// MessageFilter chooses messages.
type MessageFilter struct {
	Order  int64  `name:"order" placeholder:"ID" help:"Only those of this order."`
	Status string `name:"status" placeholder:"STATUS" help:"Only pending, sent, failed or collapsed ones."`
	Limit  int    `name:"limit" default:"50" placeholder:"N" help:"So many at most, up to 200."`
	Before int64  `name:"before" placeholder:"ID" help:"Go on where a list ended: it says so."`
}

// Validate names every faulty flag.
func (f MessageFilter) Validate() error {
	var fields errs.Fields
	if f.Limit < 1 || f.Limit > 200 {
		fields.Add("--limit", "must be from 1 to 200")
	}
	if f.Status != "" && !slices.Contains([]string{"pending", "sent", "failed", "collapsed"}, f.Status) {
		fields.Add("--status", "must be pending, sent, failed or collapsed, not %q", f.Status)
	}
	return fields.Err()
}

func (f MessageFilter) query() url.Values {
	q := url.Values{"limit": {strconv.Itoa(f.Limit)}}
	if f.Order != 0 {
		q.Set("order", strconv.FormatInt(f.Order, 10))
	}
	if f.Status != "" {
		q.Set("status", f.Status)
	}
	if f.Before != 0 {
		q.Set("before", strconv.FormatInt(f.Before, 10))
	}
	return q
}

// deliveriesReply is a page of messages as the API gives it.
type deliveriesReply struct {
	Deliveries []struct {
		ID          int64      `json:"id"`
		OrderNumber string     `json:"order_number"`
		Kind        string     `json:"kind"`
		Channel     string     `json:"channel"`
		Recipient   string     `json:"recipient"`
		Status      string     `json:"status"`
		CreatedAt   *time.Time `json:"created_at"`
		NextAt      *time.Time `json:"next_attempt_at"`
		LastError   string     `json:"last_error"`
		Attempts    []struct {
			Code int `json:"code"`
		} `json:"attempts"`
	} `json:"deliveries"`
	Next *int64 `json:"next"`
}

func (p deliveriesReply) show(env *Env) error {
	t := newTable(env.Out, "ID", "ORDER", "WHAT", "BY", "TO", "STATUS", "ATTEMPTS", "CREATED", "NEXT", "ERROR")
	for _, d := range p.Deliveries {
		codes := make([]string, len(d.Attempts))
		for i, a := range d.Attempts {
			codes[i] = strconv.Itoa(a.Code)
		}
		t.row(d.ID, d.OrderNumber, d.Kind, d.Channel, d.Recipient, d.Status, orDash(strings.Join(codes, " ")),
			env.at(d.CreatedAt), env.at(d.NextAt), orDash(short(d.LastError)))
	}
	if p.Next != nil {
		defer fmt.Fprintf(env.Err, "there may be more: --before %d\n", *p.Next)
	}
	return t.end()
}

type webhookDeliveries struct {
	WebhookRef
	MessageFilter
	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (webhookDeliveries) Help() string {
	return `Each attempt is shown by the code of its answer, 0 when there was none.

    brigade webhook deliveries 3 --status failed`
}

// Run lists what a webhook was sent.
func (c *webhookDeliveries) Run(ctx context.Context, env *Env) error {
	r := request{path: c.path() + "/deliveries", query: c.query()}
	return ask(ctx, env, &c.Remote, r, func(p deliveriesReply) error { return p.show(env) })
}

type webhookReplay struct {
	WebhookRef
	Delivery int64 `arg:"" name:"delivery" help:"The message's number; webhook deliveries shows it."`
	Remote   `group:"server"`
}

// Help implements kong.HelpProvider.
func (webhookReplay) Help() string {
	return `It goes out under the same id, whether it arrived before or was given up.

    brigade webhook replay 3 12`
}

// Run sends a message again.
func (c *webhookReplay) Run(ctx context.Context, env *Env) error {
	path := fmt.Sprintf("%s/deliveries/%d/replay", c.path(), c.Delivery)
	return done(ctx, env, &c.Remote, http.MethodPost, path, fmt.Sprintf("message %d will be sent again", c.Delivery))
}

type notificationCommand struct {
	List notificationList `cmd:"" help:"What customers and integrators were told, newest first."`
}

type notificationList struct {
	MessageFilter
	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (notificationList) Help() string {
	return `The ledger of all messages: webhooks, e-mail, text messages and the console. Addresses are masked.

    brigade notification list --status failed
    brigade notification list --order 7`
}

// Run lists the ledger.
func (c *notificationList) Run(ctx context.Context, env *Env) error {
	return ask(ctx, env, &c.Remote, request{path: "/notifications", query: c.query()}, func(p deliveriesReply) error { return p.show(env) })
}
