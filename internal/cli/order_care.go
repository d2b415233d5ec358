package cli

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"brigade/internal/money"
	"brigade/internal/order"
)

type orderStuck struct {
	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (orderStuck) Help() string {
	return `Steps that have failed three times, were refused although they must be done, or are overdue. They are still tried; brigade order resolve says that one was dealt with by hand.

    brigade order stuck`
}

// Run lists what is stuck.
func (c *orderStuck) Run(ctx context.Context, env *Env) error {
	type reply struct {
		Steps []struct {
			Number string    `json:"order_number"`
			Kind   string    `json:"kind"`
			Step   string    `json:"step"`
			Tries  int       `json:"tries"`
			Error  string    `json:"error"`
			Since  time.Time `json:"since"`
		} `json:"steps"`
	}
	return ask(ctx, env, &c.Remote, request{path: "/stuck"}, func(r reply) error {
		t := newTable(env.Out, "NUMBER", "KIND", "STEP", "SINCE", "TRIES", "ERROR")
		for _, s := range r.Steps {
			t.row(s.Number, s.Kind, s.Step, env.at(&s.Since), s.Tries, orDash(s.Error))
		}
		return t.end()
	})
}

type orderResolve struct {
	Ref     string `arg:"" name:"ref" help:"The order's number or id."`
	Step    string `name:"step" required:"" placeholder:"STEP" help:"authorise, capture, refund, release or prepare."`
	Note    string `name:"note" required:"" placeholder:"TEXT" help:"How it was resolved; it is kept."`
	Refused bool   `name:"refused" help:"It was not done and never will be."`

	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (orderResolve) Help() string {
	return `For example, when the guest was paid back at the counter:

    brigade order resolve ORD_20260101_001 --step refund --note "12.40 in cash"`
}

// Run resolves a step.
func (c *orderResolve) Run(ctx context.Context, env *Env) error {
	path := "/orders/" + url.PathEscape(c.Ref) + "/resolve"
	body := map[string]any{"step": c.Step, "note": c.Note, "refused": c.Refused}
	return ask(ctx, env, &c.Remote, request{method: http.MethodPost, path: path, body: body}, func(o orderReply) error {
		_, err := fmt.Fprintf(env.Out, "%s: %s is resolved; the order is %s\n", o.Number, c.Step, o.Status)
		return err
	})
}

type orderReschedule struct {
	Ref string `arg:"" name:"ref" help:"The order's number or id."`
	For string `name:"for" required:"" placeholder:"HH:MM" help:"When it shall be ready, by the outlet's clock."`

	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (orderReschedule) Help() string {
	return `Until its kitchen has it:

    brigade order reschedule ORD_20260101_001 --for 20:15`
}

// Run changes when an order shall be ready.
func (c *orderReschedule) Run(ctx context.Context, env *Env) error {
	path := "/orders/" + url.PathEscape(c.Ref) + "/ready-at"
	body := map[string]any{"ready_for": c.For}
	return ask(ctx, env, &c.Remote, request{method: http.MethodPut, path: path, body: body}, func(o orderReply) error {
		_, err := fmt.Fprintf(env.Out, "%s is wanted for %s\n", o.Number, c.For)
		return err
	})
}

// fileReply is all that is known of an order, as the API gives it.
type fileReply struct {
	Order   orderReply `json:"order"`
	History []struct {
		Status order.Status `json:"status"`
		At     time.Time    `json:"timestamp"`
		By     string       `json:"changed_by"`
	} `json:"history"`
	Waits    string     `json:"waits_for"`
	DueAt    *time.Time `json:"due_at"`
	ReadyFor *time.Time `json:"ready_for"`
	External bool       `json:"external"`
	Code     string     `json:"code"`
	Proof    string     `json:"proof"`
	Failure  string     `json:"failure"`
	Payment  *struct {
		Method     string       `json:"method"`
		Authorised money.Amount `json:"authorised"`
		Captured   money.Amount `json:"captured"`
		Refunded   money.Amount `json:"refunded"`
		Steps      []struct {
			Step    string       `json:"step"`
			Amount  money.Amount `json:"amount"`
			State   string       `json:"state"`
			Tries   int          `json:"tries"`
			Key     string       `json:"key"`
			Error   string       `json:"error"`
			Note    string       `json:"note"`
			BeganAt time.Time    `json:"began_at"`
		} `json:"steps"`
	} `json:"payment"`
	Jobs []struct {
		ID      int64     `json:"id"`
		Kind    string    `json:"kind"`
		State   string    `json:"state"`
		Attempt int       `json:"attempt"`
		NextAt  time.Time `json:"next_at"`
	} `json:"jobs"`
}

// showFile shows all that is known of an order.
func showFile(ctx context.Context, env *Env, r *Remote, ref string) error {
	return ask(ctx, env, r, request{path: "/orders/" + url.PathEscape(ref) + "/file"}, func(f fileReply) error {
		fmt.Fprintf(env.Out, "%s  %s\n", f.Order.Number, f.Order.Status)
		if err := f.showTerms(env); err != nil {
			return err
		}
		t := newTable(env.Out, "TIME", "STATUS", "BY")
		for _, h := range f.History {
			t.row(env.at(&h.At), h.Status, orDash(h.By))
		}
		if err := t.end(); err != nil {
			return err
		}
		if err := f.showPayment(env); err != nil {
			return err
		}
		t = newTable(env.Out, "JOB", "KIND", "STATE", "ATTEMPT", "NEXT")
		for _, j := range f.Jobs {
			t.row(j.ID, j.Kind, j.State, j.Attempt, env.at(&j.NextAt))
		}
		return t.end()
	})
}

func (f fileReply) showTerms(env *Env) error {
	t := newTable(env.Out)
	for _, row := range [][2]string{
		{"waits for", f.Waits}, {"code", f.Code}, {"handed over by", f.Proof}, {"point of sale", f.Failure},
	} {
		if row[1] != "" {
			t.row("  "+row[0], row[1])
		}
	}
	if f.DueAt != nil {
		t.row("  until", env.at(f.DueAt))
	}
	if f.ReadyFor != nil {
		t.row("  wanted for", env.at(f.ReadyFor))
	}
	return t.end()
}

func (f fileReply) showPayment(env *Env) error {
	if f.Payment == nil {
		return nil
	}
	p := f.Payment
	fmt.Fprintf(env.Out, "\npaid by %s: %s authorised, %s captured, %s refunded\n", p.Method, p.Authorised, p.Captured, p.Refunded)
	t := newTable(env.Out, "BEGAN", "STEP", "AMOUNT", "STATE", "TRIES", "KEY", "ERROR")
	for _, s := range p.Steps {
		t.row(env.at(&s.BeganAt), s.Step, s.Amount, s.State, s.Tries, s.Key, orDash(s.Error+s.Note))
	}
	return t.end()
}
