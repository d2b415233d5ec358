// Brigade runs a food business: orders become tasks, tasks are cooked, and everybody can follow them.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"brigade/internal/cli"
)

// commands is everything that can be typed.
type commands struct {
	Up    up    `cmd:"" group:"run" help:"Everything in one process, with a demo and a Postgres of its own."`
	Serve serve `cmd:"" group:"run" help:"Chosen roles, for many machines over one Postgres."`
	services
	cli.Commands
	Bench benchmarks `cmd:"" group:"inspect" help:"Measure Brigade on this machine, beside its bare Postgres."`
}

func main() {
	tradeMemoryForSpeed()
	os.Exit(cli.Run(untilSignal(), &commands{}, os.Args[1:], cli.System()))
}

// tradeMemoryForSpeed lets the garbage collector run a quarter as often: the live heap is small, and at full load it
// took a fifth of the time. GOGC overrides it.
func tradeMemoryForSpeed() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
}

// oneGesture is how long signals count as one: some senders, timeout(1) among them, signal the process and then its
// whole group.
const oneGesture = 500 * time.Millisecond

// untilSignal returns a context that ends with the first signal to end; a later one ends the process at once.
func untilSignal() context.Context {
	ctx, end := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // nohup
		signal.Notify(signals, syscall.SIGHUP)
	}
	go func() {
		<-signals
		end()
		for first := time.Now(); ; {
			if <-signals; time.Since(first) > oneGesture {
				os.Exit(cli.ExitFailed)
			}
		}
	}()
	return ctx
}
