package cli

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
)

type kitchenRules struct {
	Name     string   `arg:"" name:"outlet" help:"Which outlet, by slug or id."`
	Policy   string   `name:"policy" placeholder:"NAME" help:"brigade, greedy or fifo."`
	Wait     *float64 `name:"wait" placeholder:"COST" help:"Cost of a minute until an order is ready."`
	Late     *float64 `name:"late" placeholder:"COST" help:"Cost of a minute after its promise."`
	Together *float64 `name:"together" placeholder:"COST" help:"Cost of a minute between its first item and its last; 0: nothing is held back for the rest of its order."`

	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (kitchenRules) Help() string {
	return `Without a flag the rules are shown; what no flag says stays as it is.

    brigade kitchen rules kitchen
    brigade kitchen rules kitchen --late 6 --together 0.2
    brigade kitchen rules kitchen --policy greedy

What that would do to an evening: brigade simulate kitchen --evenings 10 --what-if 'policy brigade late 6 together 0.2'`
}

// rulesReply is how a kitchen decides, as the API gives it.
type rulesReply struct {
	Policy   string  `json:"policy"`
	Wait     float64 `json:"wait"`
	Late     float64 `json:"late"`
	Together float64 `json:"together"`
}

// Run shows or sets rules.
func (c *kitchenRules) Run(ctx context.Context, env *Env) error {
	req := request{path: "/outlets/" + url.PathEscape(c.Name) + "/rules"}
	if c.Policy == "" && c.Wait == nil && c.Late == nil && c.Together == nil {
		return ask(ctx, env, &c.Remote, req, func(r rulesReply) error { return r.show(env) })
	}
	var now rulesReply
	quiet := c.Remote
	quiet.JSON = false
	if err := ask(ctx, env, &quiet, req, func(r rulesReply) error { now = r; return nil }); err != nil {
		return err
	}
	if c.Policy != "" {
		now.Policy = c.Policy
	}
	for _, x := range []struct {
		said *float64
		into *float64
	}{{c.Wait, &now.Wait}, {c.Late, &now.Late}, {c.Together, &now.Together}} {
		if x.said != nil {
			*x.into = *x.said
		}
	}
	req.method, req.body = http.MethodPut, now
	return ask(ctx, env, &c.Remote, req, func(r rulesReply) error { return r.show(env) })
}

func (r rulesReply) show(env *Env) error {
	t := newTable(env.Out)
	t.row("policy", r.Policy)
	for _, x := range []struct {
		what string
		cost float64
	}{{"a minute of waiting costs", r.Wait}, {"a minute after the promise", r.Late}, {"a minute between first and last item", r.Together}} {
		t.row(x.what, strconv.FormatFloat(x.cost, 'f', -1, 64))
	}
	return t.end()
}
