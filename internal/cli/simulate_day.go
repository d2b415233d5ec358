package cli

import (
	"context"
	"fmt"
	"time"

	"brigade/internal/errs"
	"brigade/internal/sim/daysim"
)

// simulateDay plays days of kitchens and drivers together.
type simulateDay struct {
	Days    int     `name:"days" default:"5" placeholder:"N" help:"So many days, each from its own seed."`
	Seed    uint64  `name:"seed" default:"1" placeholder:"N" help:"Of the first day's dice: the same seed gives the same day."`
	Orders  int     `name:"orders" default:"300" placeholder:"N" help:"Orders of a day."`
	Hours   float64 `name:"hours" default:"4" placeholder:"N" help:"Over which they come in, most in the middle."`
	Outlets int     `name:"outlets" default:"4" placeholder:"N" help:"Restaurants of the region."`
	Drivers int     `name:"drivers" default:"24" placeholder:"N" help:"Drivers at work."`
	Spread  float64 `name:"spread" default:"0.25" placeholder:"SHARE" help:"By how much dishes take longer or shorter than their recipes say."`
	JSON    bool    `name:"json" help:"Print the figures as JSON."`
}

// Help implements kong.HelpProvider.
func (simulateDay) Help() string {
	return `The production dispatcher decides; kitchens are queues of so many hands. Each day is played twice, with the same orders and the same luck: drivers are asked for so that they arrive when the food is ready, and when it is ready.

    brigade simulate day --days 5 --orders 300 --drivers 24`
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
	rows := make([]dayRow, 0, c.Days)
	for i := range c.Days {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		o := daysim.Options{
			Seed: c.Seed + uint64(i), Orders: c.Orders, Hours: c.Hours, Outlets: c.Outlets, Drivers: c.Drivers, Spread: max(c.Spread, 0.001),
		}
		r := dayRow{Seed: o.Seed, Early: daysim.Run(o)}
		o.WhenMade = true
		r.Made = daysim.Run(o)
		r.Less = 100 * (1 - r.Early.Waits().Seconds()/max(1, r.Made.Waits().Seconds()))
		rows = append(rows, r)
		fmt.Fprintf(env.Err, "[%d/%d] day %d\n", i+1, c.Days, o.Seed)
	}
	if c.JSON {
		return writeJSON(env.Out, rows)
	}
	t := newTable(env.Out, "DAY", "ASKED FOR", "DELIVERED", "FOOD WAITS", "DRIVER WAITS", "CLICK TO DOOR", "P90", "BOTH WAIT LESS")
	for _, r := range rows {
		r.row(t, "in time", r.Early, fmt.Sprintf("%.0f %%", r.Less))
		r.row(t, "when ready", r.Made, "")
	}
	return t.end()
}

func (r dayRow) row(t *table, asked string, d daysim.Result, less string) {
	t.row(r.Seed, asked, fmt.Sprintf("%d of %d", d.Delivered, d.Orders), d.FoodWait.Round(time.Second), d.DriverWait.Round(time.Second),
		d.ClickToDoor.Round(time.Second), d.P90.Round(time.Second), less)
}
