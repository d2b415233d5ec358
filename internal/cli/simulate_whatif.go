package cli

import (
	"context"
	"fmt"
	"math"
	"strings"

	"brigade/internal/sim/kitchensim"
	"brigade/internal/sim/whatif"
)

// compare answers what would be different.
func (c *simulateKitchen) compare(ctx context.Context, env *Env, evenings []scene) error {
	q := whatif.Question{Seeds: c.Seeds, Play: whatif.PlayBy, Policy: c.Policy, Done: func(n, of int) {
		if n == of || n%max(1, of/10) == 0 {
			fmt.Fprintf(env.Err, "%d of %d evenings played with and without\n", n, of)
		}
	}}
	if recorded := c.From != ""; q.Seeds == 0 && (recorded || len(evenings) == 1) {
		q.Seeds = 20 // others differ by chance already
	}
	for _, text := range c.WhatIf {
		change, err := whatif.Parse(text)
		if err != nil {
			return err
		}
		q.Changes = append(q.Changes, change)
	}
	for _, e := range evenings {
		q.Evenings = append(q.Evenings, e.Evening)
	}
	a, err := whatif.Run(ctx, q)
	if err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(env.Out, a)
	}
	return showAnswer(env, a)
}

func showAnswer(env *Env, a *whatif.Answer) error {
	fmt.Fprintf(env.Out, "%d evenings, each with and without: ", a.Evenings)
	for i, text := range a.Changes {
		if i > 0 {
			fmt.Fprint(env.Out, " · ")
		}
		fmt.Fprint(env.Out, text)
	}
	fmt.Fprintln(env.Out)
	fmt.Fprintf(env.Out, "%s\n\n", inWords(a))
	t := newTable(env.Out, "FIGURE", "WITHOUT", "WITH", "DIFFERENCE", "95 % INTERVAL", "")
	for _, d := range a.Differences {
		interval, sure := fmt.Sprintf("%+.2f to %+.2f", d.Low, d.High), "may be chance"
		switch {
		case a.Evenings == 1:
			interval, sure = "-", "one evening"
		case d.Sure:
			sure = ""
		}
		t.row(d.Figure, fmt.Sprintf("%.2f %s", d.Without, d.Unit), fmt.Sprintf("%.2f %s", d.With, d.Unit), fmt.Sprintf("%+.2f", d.Mean), interval, sure)
	}
	n := max(1, a.Evenings)
	t.row("orders in an evening", a.Orders[0]/n, a.Orders[1]/n, (a.Orders[1]-a.Orders[0])/n, "", "")
	if a.Missing != [2]int{} {
		t.row("not ready by the end", a.Missing[0], a.Missing[1], a.Missing[1]-a.Missing[0], "", "")
	}
	return t.end()
}

// spoken is how a difference is said.
var spoken = map[string]struct{ less, more string }{
	"ticket time": {"guests wait %.1f min less", "guests wait %.1f min longer"},
	"late orders": {"%.1f %% fewer of the orders are late", "%.1f %% more of the orders are late"},
	"sync gap":    {"an order's first item waits %.1f min less for its last", "an order's first item waits %.1f min longer for its last"},
}

// inWords says in a sentence what guests and owners care for most, as far as it is sure.
func inWords(a *whatif.Answer) string {
	if a.Evenings == 1 {
		return "One evening tells nothing of chance: ask of more."
	}
	var said []string
	for _, d := range a.Differences {
		words, known := spoken[d.Figure]
		switch {
		case !known || !d.Sure || math.Abs(d.Mean) < 0.05:
		case d.Mean < 0:
			said = append(said, fmt.Sprintf(words.less, -d.Mean))
		default:
			said = append(said, fmt.Sprintf(words.more, d.Mean))
		}
	}
	if len(said) == 0 {
		return "No difference that guests would notice, or that could not be chance."
	}
	return "With the change " + strings.Join(said, ", ") + "."
}

// compareData asks the evenings of a folder, which needs no database.
func (c *simulateKitchen) compareData(ctx context.Context, env *Env) error {
	paths, err := kitchensim.Files(c.Data)
	if err != nil {
		return err
	}
	var evenings []scene
	for _, path := range paths {
		e, err := kitchensim.Load(path)
		if err != nil {
			return err
		}
		evenings = append(evenings, scene{e, nil})
	}
	if err := c.traces(evenings); err != nil {
		return err
	}
	return c.compare(ctx, env, evenings)
}
