package main

import (
	"github.com/alecthomas/kong"

	"brigade/internal/app"
	"brigade/internal/bench"
)

type benchmarks struct{ bench.Commands }

// Help implements kong.HelpProvider.
func (benchmarks) Help() string {
	return `Each starts a brigade of its own on databases of its own, which are dropped in the end, and measures the raw speed of the same Postgres right before and after (pgbench -N with 16 clients, where it is installed): the ratio is what to compare. It fails when what was answered is not what is there.`
}

// AfterApply gives the benchmarks what starts an app.
func (benchmarks) AfterApply(k *kong.Context) error { //nolint:unparam // kong's hook
	k.Bind(bench.Starter(app.StartBench))
	return nil
}
