package cli

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"brigade/internal/errs"
	"brigade/internal/sim/daysim"
	"brigade/internal/sim/kitchensim"
)

// simulateDay plays days of kitchens and drivers together.
type simulateDay struct {
	Days     int     `name:"days" default:"5" placeholder:"N" help:"So many days, each from its own seed."`
	Seed     uint64  `name:"seed" default:"1" placeholder:"N" help:"Of the first day's dice: the same seed gives the same day."`
	Orders   int     `name:"orders" default:"300" placeholder:"N" help:"Orders of a day."`
	Hours    float64 `name:"hours" default:"4" placeholder:"N" help:"Over which they come in, most in the middle."`
	Outlets  int     `name:"outlets" default:"4" placeholder:"N" help:"Restaurants of the region."`
	Kitchens string  `name:"kitchens" type:"existingdir" placeholder:"DIR" help:"The outlets' kitchens, in turn (NAME.scenario.json); default: made-up ones."`
	Busy     float64 `name:"busy" default:"0.8" placeholder:"SHARE" help:"Orders at the peak over what a kitchen can keep up with, at most: kitchens are as large as that takes."`
	Drivers  int     `name:"drivers" default:"24" placeholder:"N" help:"Drivers at work."`
	Spread   float64 `name:"spread" default:"0.25" placeholder:"SHARE" help:"By how much steps take longer or shorter than their recipes say."`
	Out      string  `name:"out" type:"path" placeholder:"DIR" help:"Write what happens on each day there, as CSV: dayN_in_time.csv and dayN_when_ready.csv."`
	JSON     bool    `name:"json" help:"Print the figures as JSON."`
}

// Help implements kong.HelpProvider.
func (simulateDay) Help() string {
	return `The production scheduler runs the kitchens and promises when orders are ready; the production dispatcher sends the drivers, by these promises, under the same clock. Each day is played twice, with the same orders and the same luck: drivers are asked for so that they arrive when the food is ready, and when it is ready. Needs no database.

    brigade simulate day --days 5 --orders 300 --drivers 24
    brigade simulate day --kitchens kitchens --busy 0.95 --out traces`
}

// Validate names every faulty flag.
func (c *simulateDay) Validate() error {
	var f errs.Fields
	whole := func(name string, v, most int) {
		if v < 1 || v > most {
			f.Add("--"+name, "must be from 1 to %d", most)
		}
	}
	whole("days", c.Days, 1000)
	whole("orders", c.Orders, 5000)
	whole("outlets", c.Outlets, 100)
	whole("drivers", c.Drivers, 1000)
	if !(c.Hours >= 0.5 && c.Hours <= 24) {
		f.Add("--hours", "must be from 0.5 to 24")
	}
	if !(c.Busy >= 0.1 && c.Busy <= 1.5) {
		f.Add("--busy", "must be from 0.1 to 1.5")
	}
	if !(c.Spread >= 0 && c.Spread <= 1) {
		f.Add("--spread", "must be from 0 to 1")
	}
	return f.Err()
}

// dayRow is one day, played both ways.
type dayRow struct {
	Seed  uint64        `json:"seed"`
	Early daysim.Result `json:"asked_for_in_time"`
	Made  daysim.Result `json:"asked_for_when_ready"`
	Less  float64       `json:"waits_less_percent"`
}

// Run plays the days and prints what came out.
func (c *simulateDay) Run(ctx context.Context, env *Env) error {
	kitchens, err := c.kitchens()
	if err != nil {
		return err
	}
	rows := make([]dayRow, 0, c.Days)
	for i := range c.Days {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		r, err := c.play(c.Seed+uint64(i), kitchens)
		if err != nil {
			return err
		}
		rows = append(rows, r)
		fmt.Fprintf(env.Err, "[%d/%d] day %d\n", i+1, c.Days, r.Seed)
	}
	if c.JSON {
		return writeJSON(env.Out, rows)
	}
	t := newTable(env.Out, "DAY", "ASKED FOR", "DELIVERED", "IN THE KITCHEN", "FOOD WAITS", "DRIVER WAITS", "CLICK TO DOOR", "P90", "SPREAD", "BOTH WAIT LESS")
	for _, r := range rows {
		r.row(t, "in time", r.Early, fmt.Sprintf("%.0f %%", r.Less))
		r.row(t, "when ready", r.Made, "")
	}
	return t.end()
}

// kitchens are those of the folder; nil: they are made up.
func (c *simulateDay) kitchens() ([]*kitchensim.Scenario, error) {
	if c.Kitchens == "" {
		return nil, nil
	}
	return kitchensim.Kitchens(c.Kitchens)
}

// play plays a day both ways.
func (c *simulateDay) play(seed uint64, kitchens []*kitchensim.Scenario) (r dayRow, err error) {
	o := daysim.Options{
		Seed: seed, Orders: c.Orders, Hours: c.Hours, Outlets: c.Outlets, Kitchens: kitchens, Busy: c.Busy, Drivers: c.Drivers,
		Spread: max(c.Spread, 0.001),
	}
	r.Seed = seed
	if r.Early, err = c.playTo("in_time", o); err != nil {
		return r, err
	}
	o.WhenMade = true
	r.Made, err = c.playTo("when_ready", o)
	r.Less = 100 * (1 - r.Early.Waits().Seconds()/max(1, r.Made.Waits().Seconds()))
	return r, err
}

// playTo plays a day and writes what happens to a file, when there is a folder for it.
func (c *simulateDay) playTo(name string, o daysim.Options) (daysim.Result, error) {
	if c.Out == "" {
		return daysim.Run(o)
	}
	if err := os.MkdirAll(c.Out, 0o755); err != nil { //nolint:gosec // made to be read by other programs
		return daysim.Result{}, err
	}
	file, err := os.Create(filepath.Join(c.Out, fmt.Sprintf("day%d_%s.csv", o.Seed, name)))
	if err != nil {
		return daysim.Result{}, err
	}
	defer file.Close()
	w := bufio.NewWriter(file)
	o.Trace = w
	r, err := daysim.Run(o)
	if err == nil {
		err = w.Flush()
	}
	return r, err
}

func (r dayRow) row(t *table, asked string, d daysim.Result, less string) {
	t.row(r.Seed, asked, fmt.Sprintf("%d of %d", d.Delivered, d.Orders), d.Kitchen.Round(time.Second), d.FoodWait.Round(time.Second),
		d.DriverWait.Round(time.Second), d.ClickToDoor.Round(time.Second), d.P90.Round(time.Second), fmt.Sprintf("%.2f", d.Spread), less)
}
