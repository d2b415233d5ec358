// Command withpg runs a command with a throw-away Postgres server and returns its exit code: `withpg go test ./...`.
// The command finds the server's URL in BRIGADE_TEST_POSTGRES; a URL that is there already is left alone.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"

	"brigade/internal/store/pgtest"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: withpg COMMAND [ARGUMENT...]")
		os.Exit(2)
	}
	code, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "withpg:", err)
	}
	os.Exit(code)
}

// run returns the exit code of the command; 1 when it could not be run.
func run(args []string) (int, error) {
	ctx := context.Background()
	server, err := pgtest.Use(ctx)
	if err != nil {
		return 1, err
	}
	defer server.Release()
	// The terminal sends Ctrl-C to the command as well: it decides what becomes of it, and its code is ours.
	signal.Notify(make(chan os.Signal, 1), os.Interrupt)
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), pgtest.ServerEnv+"="+server.URL)
	err = cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return max(exit.ExitCode(), 1), nil
	}
	if err != nil {
		return 1, err
	}
	return 0, nil
}
