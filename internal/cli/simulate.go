package cli

import (
	"cmp"
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"brigade/internal/config"
	"brigade/internal/errs"
	"brigade/internal/kitchen"
	"brigade/internal/kitchen/kitchenpg"
	"brigade/internal/menu/menupg"
	"brigade/internal/sim/replay"
	"brigade/internal/sim/whatif"
)

type simulateCommand struct {
	Kitchen  simulateKitchen     `cmd:"" help:"Play evenings again; ask what another kitchen would make of them."`
	Evenings simulateEvenings    `cmd:"" help:"Generate evenings for 'simulate kitchen --data'."`
	Dispatch SimulateDispatchCmd `cmd:"" help:"Play days of deliveries through the production dispatcher."`
	Towns    simulateTowns       `cmd:"" help:"Make up days for 'simulate dispatch --data', like those of a folder."`
	Day      simulateDay         `cmd:"" help:"Play days of kitchens and drivers together: asked for in time, and when the food is ready."`
}

type simulateKitchen struct {
	config.Migrate `group:"database"`

	Data     string        `name:"data" placeholder:"DIR" help:"Play the evenings of this folder (NAME.scenario.json, NAME_rhoR_seedS.json), or those that a pattern names, and write their traces to --out. They begin at 18:00. Needs no database."`
	From     string        `name:"from" placeholder:"YYYY-MM-DD" help:"Play this recorded day of the outlet."`
	To       string        `name:"to" placeholder:"YYYY-MM-DD" help:"And all days up to this one (default: that day alone)."`
	Evenings int           `name:"evenings" placeholder:"N" help:"Instead of recorded days: make so many evenings up, from 18:00 to 22:00, of the outlet's menu."`
	PerHour  float64       `name:"per-hour" default:"30" placeholder:"N" help:"Orders an hour, for evenings that are made up."`
	Tenant   string        `name:"tenant" placeholder:"SLUG" help:"Whose outlet (default: any)."`
	Outlet   string        `name:"outlet" env:"BRIGADE_OUTLET" placeholder:"SLUG" help:"Which outlet (default: the default one)."`
	Policy   string        `name:"policy" placeholder:"NAME" help:"By which rules the planner decides: brigade, greedy or fifo (default: the usual ones)."`
	Promise  time.Duration `name:"promise" default:"15m" placeholder:"LENGTH" help:"What orders of recorded days are taken to be promised for that were promised nothing; 0: nothing."`
	WhatIf   []string      `name:"what-if" sep:"none" placeholder:"CHANGE" help:"What would be different; several are made together. See below."`
	Seeds    int           `name:"seeds" placeholder:"N" help:"With --what-if: play each evening so often, once as it was and then with its orders and durations shuffled (default: 20 for recorded days and for one evening alone, else 1)."`
	Promises bool          `name:"promises" help:"With --data: promise each order a time when it comes, as kitchens do, and tell how many kept it. Traces are only written when --out is given."`
	Out      string        `name:"out" type:"path" placeholder:"DIR" help:"Write the trace of each evening there, as CSV."`
	JSON     bool          `name:"json" help:"Write the figures as JSON."`
}

// Help implements kong.HelpProvider.
func (simulateKitchen) Help() string {
	return `Arrivals, real durations, failures and breaks are told to the scheduler only when they happen.

    brigade simulate kitchen --from 2026-11-19 --outlet kitchen --out traces
    brigade simulate kitchen --from 2026-11-19 --what-if 'machine fryer-2'
    brigade simulate kitchen --data evenings --out traces --policy greedy
    brigade simulate kitchen --data evenings --promises
    brigade simulate kitchen --evenings 10 --what-if 'no-cook Noah from 18:00' --what-if 'without-item wrap'
    brigade simulate kitchen --data 'evenings/bistro_rho0.95_*' --what-if 'no-cook fry-1 from 19:30'

A change is one of

    machine NAME [like NAME] [capacity N] [from HH:MM] [to HH:MM]
    no-machine NAME [from HH:MM] [to HH:MM]
    station NAME capacity N
    cook NAME like NAME [parallel N] [efficiency X] [from HH:MM] [to HH:MM]
    no-cook NAME [from HH:MM] [to HH:MM]
    without-item SKU
    policy NAME [wait COST] [late COST] [together COST]
    orders +N% (or -N%)

The costs are what a minute is worth: until an order is ready, after its promise, and between its first item and its last. Names with spaces stand in double quotes. Each evening is played with the changes and without, on the same orders and the same luck; the differences come with their 95 % confidence intervals.`
}

// Validate names every faulty flag.
func (c *simulateKitchen) Validate() error { //nolint:cyclop // a list of faults, one after another
	var f errs.Fields
	if c.sources() != 1 {
		f.Add("--from", "or --evenings or --data must be given, one of them")
	}
	if c.Data != "" && c.Out == "" && !c.Promises && len(c.WhatIf) == 0 {
		f.Add("--out", "or --what-if must be given with --data")
	}
	for flag, day := range map[string]string{"--from": c.From, "--to": c.To} {
		if _, err := time.Parse(time.DateOnly, day); day != "" && err != nil {
			f.Add(flag, "must be a day as YYYY-MM-DD, not %q", day)
		}
	}
	if c.To != "" && c.To < c.From {
		f.Add("--to", "must not be before --from")
	}
	if c.Evenings < 0 || c.Evenings > 1000 {
		f.Add("--evenings", "must be from 1 to 1000")
	}
	if !(c.PerHour > 0 && c.PerHour <= 10_000) {
		f.Add("--per-hour", "must be above 0 and at most 10000")
	}
	if c.Seeds < 0 || c.Seeds > 1000 {
		f.Add("--seeds", "must be from 1 to 1000")
	}
	if c.Promise < 0 {
		f.Add("--promise", "must not be below 0")
	}
	if _, err := whatif.SettingsFor(c.Policy); err != nil {
		f.Add("--policy", "%v", err)
	}
	for _, text := range c.WhatIf {
		change, err := whatif.Parse(text)
		if err == nil && change.Verb == "policy" {
			_, err = whatif.SettingsFor(change.Name)
		}
		if err != nil {
			f.Add("--what-if", "%v", err)
		}
	}
	return f.Err()
}

// sources is how many sources of evenings are given.
func (c *simulateKitchen) sources() (n int) {
	for _, given := range []bool{c.Data != "", c.From != "", c.Evenings != 0} {
		if given {
			n++
		}
	}
	return n
}

// Run plays the evenings.
func (c *simulateKitchen) Run(ctx context.Context, env *Env) error {
	if c.Data != "" {
		return c.playData(ctx, env)
	}
	p := postgres{Common: c.Common, Database: c.Database}
	var evenings []scene
	err := p.withPool(ctx, env, func(ctx context.Context, pool *pgxpool.Pool) (err error) {
		evenings, err = c.evenings(ctx, env, pool)
		return err
	})
	if err != nil {
		return err
	}
	if err := c.traces(evenings); err != nil {
		return err
	}
	if len(c.WhatIf) > 0 {
		return c.compare(ctx, env, evenings)
	}
	return c.show(env, evenings)
}

// scene is an evening with how it was, when it was recorded.
type scene struct {
	*replay.Evening
	was *replay.Played // nil: it is made up
}

func (c *simulateKitchen) evenings(ctx context.Context, env *Env, pool *pgxpool.Pool) ([]scene, error) {
	rows := kitchenpg.New(pool, kitchenpg.Parts{})
	outlet, zone, err := rows.Outlet(ctx, c.Tenant, c.Outlet)
	if err != nil {
		return nil, err
	}
	if c.Evenings > 0 {
		return c.made(ctx, rows, pool, outlet, zone)
	}
	return c.recorded(ctx, env, rows, outlet, zone)
}

func (c *simulateKitchen) recorded(ctx context.Context, env *Env, rows *kitchenpg.Store, outlet int64, zone *time.Location) (list []scene, err error) {
	first, _ := time.ParseInLocation(time.DateOnly, c.From, zone)
	last, _ := time.ParseInLocation(time.DateOnly, cmp.Or(c.To, c.From), zone)
	for day := first; !day.After(last); day = day.AddDate(0, 0, 1) {
		d, err := rows.Day(ctx, outlet, day, day.AddDate(0, 0, 1))
		if errs.Is(err, errs.KindNotFound) && c.To != "" {
			fmt.Fprintf(env.Err, "%s: no order was placed\n", day.Format(time.DateOnly))
			continue
		}
		if err != nil {
			return nil, err
		}
		e := replay.Recorded(d, c.Promise)
		list = append(list, scene{e, replay.AsItWas(d, e)})
	}
	if len(list) == 0 {
		return nil, errs.NotFound("no order was placed on any of these days")
	}
	return list, nil
}

// made makes evenings up of what the outlet sells, all of it equally often.
func (c *simulateKitchen) made(ctx context.Context, rows *kitchenpg.Store, pool *pgxpool.Pool, outlet int64, zone *time.Location) ([]scene, error) {
	layouts, err := rows.Layouts(ctx, []int64{outlet})
	if err != nil {
		return nil, err
	}
	if len(layouts) == 0 {
		return nil, errs.NotFound("the outlet is gone")
	}
	items, err := menupg.New(pool).Items(ctx, layouts[0].Tenant, outlet)
	if err != nil {
		return nil, err
	}
	m := replay.Made{Layout: layouts[0], Length: 4 * time.Hour, PerHour: c.PerHour, Noise: 0.25}
	for _, it := range items {
		m.Dishes = append(m.Dishes, replay.Dish{SKU: it.SKU, Item: it.Name, Weight: 1, Steps: it.Recipe.Steps})
	}
	if len(m.Dishes) == 0 {
		return nil, errs.NotFound("the outlet sells nothing")
	}
	var list []scene
	for i := range c.Evenings {
		m.Seed, m.Begin = uint64(i+1), time.Date(2026, 1, 2, 18, 0, 0, 0, zone)
		e := replay.Make(m)
		e.Name = fmt.Sprintf("made-up-%03d", i+1)
		list = append(list, scene{e, nil})
	}
	return list, nil
}

// traces writes what was done when, one file for each evening.
func (c *simulateKitchen) traces(evenings []scene) error {
	if c.Out == "" {
		return nil
	}
	if err := os.MkdirAll(c.Out, 0o750); err != nil {
		return err
	}
	for _, e := range evenings {
		p, err := whatif.PlayBy(e.Evening, c.Policy)
		if err != nil {
			return err
		}
		if err := writeTrace(filepath.Join(c.Out, e.Name+".csv"), e.Evening, p); err != nil {
			return err
		}
	}
	return nil
}

// writeTrace writes order, item (from 0), step, station, machine, staff, and start and finish in seconds since the
// evening began.
func writeTrace(path string, e *replay.Evening, p *replay.Played) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	w := csv.NewWriter(file)
	rows := [][]string{{"order", "item", "step", "station", "machine", "staff", "start", "finish"}}
	secs := func(t time.Time) string { return strconv.FormatFloat(t.Sub(e.Begin).Seconds(), 'f', 6, 64) }
	for _, r := range p.Ran {
		rows = append(rows, []string{
			e.Orders[r.Order].Number, strconv.Itoa(r.Unit), strconv.Itoa(r.Step), e.Layout.Station(r.Station),
			e.Layout.Machine(r.Machine), e.Layout.Staff(r.Staff), secs(r.Start), secs(r.Finish),
		})
	}
	if err := w.WriteAll(rows); err != nil {
		return err
	}
	return file.Close()
}

// eveningFigures is one evening as JSON.
type eveningFigures struct {
	Evening string          `json:"evening"`
	Was     *replay.Figures `json:"as_it_was,omitempty"`
	Played  replay.Figures  `json:"played"`
}

// show plays every evening once.
func (c *simulateKitchen) show(env *Env, evenings []scene) error {
	var list []eveningFigures
	for _, e := range evenings {
		p, err := whatif.PlayBy(e.Evening, c.Policy)
		if err != nil {
			return err
		}
		f := eveningFigures{Evening: e.Name, Played: replay.Measure(e.Evening, p)}
		if e.was != nil {
			was := replay.Measure(e.Evening, e.was)
			f.Was = &was
		}
		list = append(list, f)
	}
	if c.JSON {
		return writeJSON(env.Out, list)
	}
	t := newTable(env.Out, "EVENING", "", "ORDERS", "TICKET", "P95", "LATE", "TARDINESS", "SYNC GAP", "STAFF", "MACHINES", "NOT READY")
	for _, f := range list {
		if f.Was != nil {
			figuresRow(t, f.Evening, "as it was", *f.Was)
		}
		figuresRow(t, f.Evening, cmp.Or(c.Policy, string(kitchen.DefaultSettings().Policy)), f.Played)
	}
	return t.end()
}

func figuresRow(t *table, evening, how string, f replay.Figures) {
	min := func(x float64) string { return fmt.Sprintf("%.2f min", x) }
	share := func(x float64) string { return fmt.Sprintf("%.1f %%", 100*x) }
	t.row(evening, how, f.Orders, min(f.Ticket), min(f.TicketP95), share(f.Late), min(f.Tardiness), min(f.SyncGap),
		share(f.Staff), share(f.Machines), f.Missing)
}
