// Package cli is Brigade's command line: what people and scripts type. Its commands ask a running Brigade over HTTP, or
// work on its Postgres. Those that run Brigade itself are in cmd/brigade, which adds them to these.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"brigade/internal/config"
	"brigade/internal/errs"
)

// Exit codes, which other people's scripts rely on.
const (
	ExitDone   = 0
	ExitFailed = 1
	ExitMisuse = 2
)

// Commands are the commands that need no app.
type Commands struct {
	Load    loadCommand    `cmd:"" group:"setup" help:"Load tenants, menus, kitchens and staff from a file."`
	User    userCommand    `cmd:"" group:"setup" help:"People who sign in by password or PIN."`
	Token   tokenCommand   `cmd:"" group:"setup" help:"Tokens, by which people and programs are let in."`
	Migrate migrateCommand `cmd:"" group:"setup" help:"The database's schema: up to date, back, or how it stands."`

	Order    orderCommand    `cmd:"" group:"operate" help:"Place, follow, edit, cancel, fire, rush and hand over orders."`
	Task     taskCommand     `cmd:"" group:"operate" help:"The kitchen's tasks: queue, start, complete, undo, hand on, why."`
	Staff    staffCommand    `cmd:"" group:"operate" help:"Who is at work; send somebody on a break, home, and back."`
	Machine  machineCommand  `cmd:"" group:"operate" help:"The machines; take one down and up again."`
	Driver   driverCommand   `cmd:"" group:"operate" help:"The drivers: who is where with what; online, offline, off the road."`
	Delivery deliveryCommand `cmd:"" group:"operate" help:"Deliveries: list, show, assign, pin, and why who was asked."`
	Estimate estimateCommand `cmd:"" group:"operate" help:"How long steps take: by their recipes, as learned, and pinned."`
	Station  stationCommand  `cmd:"" group:"operate" help:"The stations; close one in quiet hours and open it again."`
	Kitchen  kitchenCommand  `cmd:"" group:"setup" help:"Who cooks at an outlet, and by which rules."`
	Menu     menuCommand     `cmd:"" group:"operate" help:"What is sold; 86 an item and put it back."`
	Sale     saleCommand     `cmd:"" group:"operate" help:"Whether orders are taken; pause an item, station or channel."`
	Channel  channelCommand  `cmd:"" group:"operate" help:"Ordering providers: let them order, map their items, pause them."`
	Stock    stockCommand    `cmd:"" group:"operate" help:"Ingredients: how much there is, count, take in, throw away, why."`
	Supplier supplierCommand `cmd:"" group:"operate" help:"Where an outlet buys."`
	Purchase purchaseCommand `cmd:"" group:"operate" help:"Purchase orders: draft what is needed, edit, send, receive, export."`
	Waste    wasteCommand    `cmd:"" group:"inspect" help:"Food that was made in vain."`

	Simulate     simulateCommand     `cmd:"" group:"inspect" help:"Play evenings again with the production scheduler."`
	Forecast     forecastCommand     `cmd:"" group:"inspect" help:"What will sell, and how good that was known."`
	Plan         planCommand         `cmd:"" group:"inspect" help:"What to prepare, what to order, and how stock will run."`
	Sales        salesCommand        `cmd:"" group:"operate" help:"The history of sales, from which forecasts are made."`
	Workflow     workflowCommand     `cmd:"" group:"operate" help:"What is done every night: list, run, show, retry, schedule."`
	Webhook      webhookCommand      `cmd:"" group:"operate" help:"Where integrators are told what becomes of orders."`
	Alert        alertCommand        `cmd:"" group:"inspect" help:"What to look at: runs, forecasts, stock that will run out."`
	Network      networkCommand      `cmd:"" group:"inspect" help:"A network of outlets, summed up and compared; who is in it."`
	Notification notificationCommand `cmd:"" group:"inspect" help:"What customers and integrators were told."`

	Events  eventsCommand  `cmd:"" group:"inspect" help:"Follow what happens; where it is carried to, again if need be."`
	Cluster clusterCommand `cmd:"" group:"inspect" help:"The running nodes, and which of them decides for what."`
	Version versionCommand `cmd:"" group:"inspect" help:"Which brigade this is."`
}

// Env is what a command has around it.
type Env struct {
	Out  io.Writer // results, for people or programs
	Err  io.Writer // everything else
	Zone *time.Location
}

// System returns the environment of this process.
func System() *Env { return &Env{Out: os.Stdout, Err: os.Stderr, Zone: time.Local} }

// exit is how kong's --help ends a run.
type exit int

// Run reads the arguments, runs the command they name, and returns the exit code. The grammar is a pointer to a struct
// for kong. A command ends when ctx does.
func Run(ctx context.Context, grammar any, args []string, env *Env) (code int) {
	defer func() {
		switch e := recover().(type) {
		case nil:
		case exit:
			code = max(code, int(e))
		default:
			panic(e)
		}
	}()
	args, err := withoutMode(args)
	if err != nil {
		reportMisuse(env.Err, err)
		return ExitMisuse
	}
	parser, err := kong.New(narrow(grammar, args), append(style(), kong.Writers(env.Out, env.Err),
		kong.Exit(func(code int) { panic(exit(code)) }), kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(env))...)
	if err != nil {
		panic(err) // the grammar is part of the program
	}
	if len(args) == 0 {
		parser.Stdout, code = env.Err, ExitMisuse
		_, _ = parser.Parse([]string{"--help"}) // leaves by exit
	}
	command, err := parser.Parse(args)
	if err != nil {
		reportMisuse(env.Err, err)
		return ExitMisuse
	}
	if err := command.Run(); err != nil {
		report(env.Err, err)
		return ExitFailed
	}
	return ExitDone
}

// withoutMode writes contract R's --mode=SERVICE as the command of that name. Errors: KindInvalid for no such service.
func withoutMode(args []string) ([]string, error) {
	for i, a := range args {
		name, ok := strings.CutPrefix(a, "--mode=")
		after := args[i+1:]
		if a == "--mode" {
			ok = true
			if len(after) > 0 {
				name, after = after[0], after[1:]
			}
		}
		switch {
		case !ok:
		case !slices.Contains(config.Services, name):
			return nil, errs.Invalid("--mode must be %s, not %q", strings.Join(config.Services, ", "), name)
		default:
			return slices.Concat([]string{name}, args[:i], after), nil
		}
	}
	return args, nil
}

func reportMisuse(w io.Writer, err error) {
	report(w, err)
	command := "brigade"
	if p, ok := errors.AsType[*kong.ParseError](err); ok && p.Context != nil && p.Context.Selected() != nil {
		command = p.Context.Selected().FullPath()
	}
	fmt.Fprintf(w, "See %s --help\n", command)
}

// report says in one sentence what went wrong; several faulty fields get a line each.
func report(w io.Writer, err error) {
	e, ok := errors.AsType[*errs.Error](err)
	if !ok || len(e.Fields) < 2 {
		fmt.Fprintf(w, "brigade: %v\n", err)
		return
	}
	msg := e.Msg
	if msg == "" {
		msg = fmt.Sprintf("%d things are wrong", len(e.Fields))
	}
	fmt.Fprintf(w, "brigade: %s:\n", msg)
	for _, f := range e.Fields {
		fmt.Fprintf(w, "  %s %s\n", f.Path, f.Message)
	}
}
