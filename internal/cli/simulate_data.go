package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"brigade/internal/sim/kitchensim"
	"brigade/internal/sim/replay"
	"brigade/internal/sim/whatif"
)

// playData plays the evenings of a folder, which needs no database.
func (c *simulateKitchen) playData(ctx context.Context, env *Env) error {
	if len(c.WhatIf) > 0 {
		return c.compareData(ctx, env)
	}
	s, err := whatif.SettingsFor(c.Policy)
	if err != nil {
		return err
	}
	s.Promises = c.Promises
	list, err := kitchensim.RunWith(ctx, c.Data, c.Out, s, func(n, of int, o kitchensim.Outcome) {
		fmt.Fprintf(env.Err, "%d of %d  %s  %.1f h in %v\n", n, of, o.Name, o.Length.Hours(), o.Took.Round(time.Millisecond))
	})
	if err != nil {
		return err
	}
	if c.JSON {
		var figures []eveningFigures
		for _, o := range list {
			figures = append(figures, eveningFigures{Evening: o.Name, Played: o.Figures})
		}
		return writeJSON(env.Out, figures)
	}
	if err := showCells(env, list, string(s.Policy)); err != nil || !c.Promises {
		return err
	}
	fmt.Fprintln(env.Out)
	return showPromises(env, list)
}

// showPromises writes how the promises of evenings were kept that differ by their seed only. Each evening begins with a
// kitchen that has learned nothing.
func showPromises(env *Env, list []kitchensim.Outcome) error {
	type kept struct{ n, p50, p90, length float64 }
	var names []string
	cells := map[string]*kept{}
	for _, o := range list {
		name, _, _ := strings.Cut(o.Name, "_seed")
		if cells[name] == nil {
			names, cells[name] = append(names, name), &kept{}
		}
		k, f, n := cells[name], o.Figures, float64(o.Figures.Promised)
		k.n, k.p50, k.p90, k.length = k.n+n, k.p50+n*f.WithinP50, k.p90+n*f.WithinP90, k.length+n*f.P90
	}
	t := newTable(env.Out, "EVENINGS", "PROMISES", "READY BY P50", "READY BY P90", "P90 AFTER")
	for _, name := range names {
		k := cells[name]
		n := max(k.n, 1)
		t.row(name, int(k.n), fmt.Sprintf("%.1f %%", 100*k.p50/n), fmt.Sprintf("%.1f %%", 100*k.p90/n), minutes(k.length/n))
	}
	return t.end()
}

// cell is the evenings that differ by their seed only, summed up.
type cell struct {
	name         string
	n            float64
	sum          replay.Figures
	length, took time.Duration
}

// showCells writes the means of evenings that differ by their seed only.
func showCells(env *Env, list []kitchensim.Outcome, policy string) error {
	var cells []*cell
	for _, o := range list {
		name, _, _ := strings.Cut(o.Name, "_seed")
		i := slices.IndexFunc(cells, func(c *cell) bool { return c.name == name })
		if i < 0 {
			i, cells = len(cells), append(cells, &cell{name: name})
		}
		cells[i].add(o)
	}
	t := newTable(env.Out, "EVENINGS", "", "NUMBER", "TICKET", "P95", "LATE", "TARDINESS", "SYNC GAP", "TIMES REAL TIME")
	for _, c := range cells {
		f, n := c.sum, c.n
		t.row(c.name, policy, int(n), minutes(f.Ticket/n), minutes(f.TicketP95/n), fmt.Sprintf("%.1f %%", 100*f.Late/n),
			minutes(f.Tardiness/n), minutes(f.SyncGap/n), fmt.Sprintf("%.0f", c.length.Seconds()/max(c.took.Seconds(), 1e-9)))
	}
	return t.end()
}

func minutes(x float64) string { return fmt.Sprintf("%.2f min", x) }

func (c *cell) add(o kitchensim.Outcome) {
	c.n++
	c.length, c.took = c.length+o.Length, c.took+o.Took
	f := o.Figures
	c.sum.Ticket += f.Ticket
	c.sum.TicketP95 += f.TicketP95
	c.sum.Late += f.Late
	c.sum.Tardiness += f.Tardiness
	c.sum.SyncGap += f.SyncGap
}
