package cli

import (
	"context"
	"fmt"

	"brigade/internal/errs"
	"brigade/internal/sim/dispatchsim"
)

// simulateTowns makes days of deliveries up.
type simulateTowns struct {
	Data      string `name:"data" required:"" type:"existingdir" placeholder:"DIR" help:"A folder of instances of the Meal Delivery Routing Problem, or one instance."`
	Out       string `name:"out" required:"" type:"path" placeholder:"DIR" help:"Write the new instances there, a folder each: NAME_SEED."`
	Seeds     int    `name:"seeds" default:"1" placeholder:"N" help:"So many days like each."`
	FirstSeed uint64 `name:"first-seed" default:"1" placeholder:"SEED" help:"The first one's seed; the others count on."`
}

// Help implements kong.HelpProvider.
func (simulateTowns) Help() string {
	return `Each day is like one of the folder, in another town: mirrored and stretched, with other speeds and preparation times, restaurants and doors elsewhere, and more or fewer orders and couriers. The same seed gives the same day. Needs no database.

    brigade simulate towns --data instances --first-seed 9000 --out towns
    brigade simulate dispatch --data towns --out solutions`
}

// Validate names every faulty flag.
func (c *simulateTowns) Validate() error {
	var f errs.Fields
	if c.Seeds < 1 || c.Seeds > 1000 {
		f.Add("--seeds", "must be from 1 to 1000")
	}
	return f.Err()
}

// Run writes the days.
func (c *simulateTowns) Run(_ context.Context, env *Env) error {
	n, err := dispatchsim.Vary(c.Data, c.Out, c.FirstSeed, c.Seeds)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(env.Out, "%d days in %s\n", n, c.Out)
	return err
}
