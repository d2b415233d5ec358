package cli

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"brigade/internal/money"
)

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
