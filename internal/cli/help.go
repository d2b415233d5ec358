package cli

import (
	"strings"

	"github.com/alecthomas/kong"
)

const about = `Brigade runs a restaurant from the order to the pass: orders become tasks, tasks go to people and machines.

    brigade up                                 everything, with a demo restaurant, in one process
    brigade order place --item burger_combo=1  place an order
    brigade order list --open                  what is being made
    brigade events tail                        watch it happen

Commands find the brigade that runs in this folder by themselves. Flags can also be given as environment variables (BRIGADE_…) or in a YAML file (--config). Exit codes: 0 done, 1 failed, 2 wrong use.`

// style is how help looks.
func style() []kong.Option {
	return []kong.Option{
		kong.Name("brigade"),
		kong.Description(about),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true, FlagsLast: true, WrapUpperBound: 110}),
		kong.ValueFormatter(valueText),
		kong.ExplicitGroups([]kong.Group{
			{Key: "run", Title: "Run Brigade:"},
			{Key: "services", Title: "One service at a time, over Postgres and RabbitMQ:"},
			{Key: "setup", Title: "Set up:"},
			{Key: "operate", Title: "Operate a running Brigade:"},
			{Key: "inspect", Title: "Inspect:"},
			{Key: "server", Title: "Which Brigade, and as whom:"},
			{Key: "sources", Title: "For the other sources:"},
			{Key: "database", Title: "Which database, and how much is told:"},
		}),
	}
}

// valueText explains a flag or an argument, with its default and the environment variables that set it.
func valueText(v *kong.Value) string {
	var notes []string
	if v.HasDefault && v.Default != "" && v.Default != "-1" {
		notes = append(notes, "default: "+v.Default)
	}
	for _, env := range v.Tag.Envs {
		notes = append(notes, "$"+env)
	}
	if len(notes) == 0 {
		return v.Help
	}
	return strings.TrimSuffix(v.Help, ".") + " (" + strings.Join(notes, ", ") + ")."
}
