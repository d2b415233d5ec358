package cli

import (
	"context"
	"fmt"
	"time"

	"brigade/internal/delivery/dispatch"
	"brigade/internal/sim/dispatchsim"
)

// SimulateDispatchCmd plays days of deliveries through the production dispatcher.
type SimulateDispatchCmd struct {
	Data   string `required:"" type:"existingdir" placeholder:"DIR" help:"A folder of instances of the Meal Delivery Routing Problem, or one instance."`
	Out    string `required:"" type:"path" placeholder:"DIR" help:"Where the solutions are written: a folder per instance."`
	Policy string `enum:"brigade,assignment" default:"brigade" help:"Who decides: the production dispatcher (brigade), or the rule it is compared with (assignment): a linear assignment every minute."`
	JSON   bool   `name:"json" help:"Print the figures as JSON."`
}

// Help implements kong.HelpProvider.
func (SimulateDispatchCmd) Help() string {
	return `The harness shows an order from its placement on and a courier from the start of his shift on, and asks for a decision
every minute. The same data gives the same solutions.

    brigade simulate dispatch --data instances --out solutions`
}

// Run plays the instances and prints what came out.
func (c *SimulateDispatchCmd) Run(ctx context.Context, env *Env) error {
	decide := dispatchsim.Policy(dispatch.Decide)
	if c.Policy == "assignment" {
		decide = dispatchsim.AssignmentRule
	}
	results, err := dispatchsim.Folder(ctx, c.Data, c.Out, dispatch.DefaultSettings(), decide, func(n, of int, r dispatchsim.Result) {
		fmt.Fprintf(env.Err, "[%*d/%d] %s: %d orders, click-to-door %.2f min, %s\n",
			len(fmt.Sprint(of)), n, of, r.Instance, r.Orders, r.ClickToDoor, r.Took.Round(time.Millisecond))
	})
	if err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(env.Out, results)
	}
	return c.table(env, results)
}

func (c *SimulateDispatchCmd) table(env *Env, results []dispatchsim.Result) error {
	t := newTable(env.Out, "instance", "orders", "undelivered %", "click-to-door min", "p90", "ready-to-pickup", "bound", "spread of work")
	row := func(name string, f dispatchsim.Figures, undelivered float64) {
		t.row(name, f.Orders, fmt.Sprintf("%.2f", undelivered), fmt.Sprintf("%.2f", f.ClickToDoor),
			fmt.Sprintf("%.1f", f.ClickToDoor90), fmt.Sprintf("%.2f", f.ReadyToPickup), fmt.Sprintf("%.2f", f.Bound),
			fmt.Sprintf("%.2f", f.Spread))
	}
	for _, r := range results {
		row(r.Instance, r.Figures, r.Undelivered())
	}
	mean, undelivered := dispatchsim.Mean(results)
	row("mean", mean, undelivered)
	return t.end()
}
