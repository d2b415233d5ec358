package app_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/app"
	"brigade/internal/bench"
	"brigade/internal/store/pgtest"
)

func benchOptions(t *testing.T) bench.Options {
	t.Helper()
	return bench.Options{
		Duration: time.Second, DatabaseURL: pgtest.NewURL(t), SkipRaw: true, Start: app.StartBench, Kitchens: 3,
		Progress: t.Output(),
	}
}

func TestBenchOrders(t *testing.T) {
	t.Parallel()
	o := benchOptions(t)
	o.Connections = 8
	r, err := bench.Orders(t.Context(), o)
	require.NoError(t, err)
	require.Positive(t, r.Full.Done)
	require.Zero(t, r.Full.Errors+r.Paced.Errors, r.Full.Error)
	require.Equal(t, r.Full.Done+r.Paced.Done, r.Check.Stored)
}

func TestBenchKitchen(t *testing.T) {
	t.Parallel()
	o := benchOptions(t)
	o.InFlight, o.Rate = 4, 20
	r, err := bench.Kitchen(t.Context(), o)
	require.NoError(t, err)
	require.Zero(t, r.Full.Errors+r.Paced.Errors, r.Full.Error)
	require.Positive(t, r.Check.Completed)
	require.Equal(t, 4*r.Paced.Done, r.Assign.Tasks)
	require.Positive(t, r.Assign.Rows.P99)
	require.GreaterOrEqual(t, r.Assign.Heard.P50, r.Assign.Rows.P50)
}

func TestBenchIdle(t *testing.T) {
	t.Parallel()
	r, err := bench.IdleKitchens(t.Context(), benchOptions(t))
	require.NoError(t, err)
	require.Equal(t, 3, r.Idle.Kitchens)
	require.GreaterOrEqual(t, r.Idle.Seconds, 0.9)
}
