package cli

import (
	"context"
	"fmt"
	"os"

	"brigade/internal/errs"
	"brigade/internal/sim/kitchensim"
)

type simulateEvenings struct {
	Kitchens  string    `name:"kitchens" type:"existingdir" placeholder:"DIR" help:"Generate evenings of the kitchens in this folder (NAME.scenario.json)."`
	MadeUp    int       `name:"made-up" placeholder:"N" help:"Generate evenings of so many kitchens that are made up, too."`
	Out       string    `name:"out" required:"" type:"path" placeholder:"DIR" help:"Write kitchens and evenings there: NAME.scenario.json, NAME_rhoR_seedS.json."`
	Rho       []float64 `name:"rho" default:"0.6,0.8,0.95,1.1" placeholder:"RHO,…" help:"How busy: arrivals at the peak over the most that the kitchen can keep up with."`
	Seeds     int       `name:"seeds" default:"4" placeholder:"N" help:"Evenings of each kitchen and rho."`
	FirstSeed uint64    `name:"first-seed" default:"1" placeholder:"SEED" help:"The first one's seed; the others count on."`
	JSON      bool      `name:"json" help:"Write what was generated as JSON."`
}

// Help implements kong.HelpProvider.
func (simulateEvenings) Help() string {
	return `Orders come in at random, most of them around the peak; how long work really takes differs from the estimates at random. The same seed gives the same evening. Needs no database.

    brigade simulate evenings --kitchens kitchens --seeds 8 --first-seed 7000 --out evenings
    brigade simulate kitchen --data evenings --out traces`
}

// Validate names every faulty flag.
func (c *simulateEvenings) Validate() error {
	var f errs.Fields
	if c.Kitchens == "" && c.MadeUp == 0 {
		f.Add("--kitchens", "or --made-up must be given")
	}
	if c.MadeUp < 0 || c.MadeUp > 1000 {
		f.Add("--made-up", "must be from 1 to 1000")
	}
	if c.Seeds < 1 || c.Seeds > 1000 {
		f.Add("--seeds", "must be from 1 to 1000")
	}
	for _, rho := range c.Rho {
		if !(rho >= 0.01 && rho <= 5) {
			f.Add("--rho", "must be from 0.01 to 5, not %v", rho)
		}
	}
	return f.Err()
}

// generated is one evening that was written, for programs.
type generated struct {
	Kitchen string  `json:"kitchen"`
	Rho     float64 `json:"rho"`
	Seed    uint64  `json:"seed"`
	Orders  int     `json:"orders"`
}

// Run writes the evenings.
func (c *simulateEvenings) Run(ctx context.Context, env *Env) error {
	kitchens, err := c.kitchens()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.Out, 0o755); err != nil { //nolint:gosec // made to be read by other programs
		return err
	}
	var list []generated
	for _, k := range kitchens {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		of, err := c.write(k)
		if err != nil {
			return err
		}
		list = append(list, of...)
	}
	if c.JSON {
		return writeJSON(env.Out, list)
	}
	return c.show(env, kitchens, list)
}

func (c *simulateEvenings) kitchens() (list []*kitchensim.Scenario, err error) {
	if c.Kitchens != "" {
		if list, err = kitchensim.Kitchens(c.Kitchens); err != nil {
			return nil, err
		}
	}
	for i := range c.MadeUp {
		list = append(list, kitchensim.MadeUp(uint64(i+1)))
	}
	for _, k := range list {
		if err := k.CanSell(); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (c *simulateEvenings) write(k *kitchensim.Scenario) (list []generated, err error) {
	if err := k.WriteKitchen(c.Out); err != nil {
		return nil, err
	}
	for _, rho := range c.Rho {
		for i := range c.Seeds {
			seed := c.FirstSeed + uint64(i)
			rush := k.Generate(rho, seed)
			if err := k.WriteEvening(c.Out, rho, seed, rush); err != nil {
				return nil, err
			}
			list = append(list, generated{k.Name, rho, seed, len(rush.Orders)})
		}
	}
	return list, nil
}

// show writes how many orders the evenings have on average.
func (c *simulateEvenings) show(env *Env, kitchens []*kitchensim.Scenario, list []generated) error {
	t := newTable(env.Out, "KITCHEN", "RHO", "EVENINGS", "ORDERS", "KEEPS UP WITH")
	for i := 0; i < len(list); i += c.Seeds {
		orders := 0
		for _, g := range list[i : i+c.Seeds] {
			orders += g.Orders
		}
		k := kitchens[i/(c.Seeds*len(c.Rho))]
		t.row(k.Name, fmt.Sprintf("%.2f", list[i].Rho), c.Seeds, fmt.Sprintf("%.1f", float64(orders)/float64(c.Seeds)),
			fmt.Sprintf("%.0f an hour", 3600*k.Saturation()))
	}
	return t.end()
}
