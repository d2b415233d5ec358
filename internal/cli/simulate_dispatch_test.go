package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// simulation is the grammar around the command.
type simulation struct {
	Dispatch SimulateDispatchCmd `cmd:""`
}

// instance writes one order, one courier and one restaurant, and returns the folder.
func instance(t *testing.T, orders string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"instance_parameters.txt": "meters_per_minute\tpickup service minutes\tdropoff service minutes\ttarget click-to-door\n300\t4\t4\t40\n",
		"restaurants.txt":         "restaurant\tx\ty\nr1\t0\t0\n",
		"couriers.txt":            "courier\tx\ty\ton_time\toff_time\nc1\t600\t0\t0\t30\n",
		"orders.txt":              "order\tx\ty\tplacement_time\trestaurant\tready_time\n" + orders,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	return dir
}

func simulate(args ...string) (code int, out, errors string) {
	var o, e bytes.Buffer
	code = Run(context.Background(), &simulation{}, append([]string{"dispatch"}, args...), &Env{Out: &o, Err: &e})
	return code, o.String(), e.String()
}

func TestSimulateDispatchWritesSolutionsAndFigures(t *testing.T) {
	t.Parallel()
	data, to := instance(t, "o1\t0\t900\t5\tr1\t15\n"), t.TempDir()
	code, out, progress := simulate("--data", data, "--out", to)
	require.Equal(t, ExitDone, code, progress)
	require.Contains(t, out, "click-to-door")
	require.Contains(t, out, "17.00")
	require.Contains(t, progress, "[1/1]")
	require.FileExists(t, filepath.Join(to, "solution_info_orders.txt"))

	code, out, _ = simulate("--data", data, "--out", to, "--json", "--policy", "assignment")
	require.Equal(t, ExitDone, code)
	var results []struct{ ClickToDoor float64 }
	require.NoError(t, json.Unmarshal([]byte(out), &results))
	require.InDelta(t, 17, results[0].ClickToDoor, 1e-9)
}

func TestSimulateDispatchTellsFailureFromMisuse(t *testing.T) {
	t.Parallel()
	code, _, said := simulate("--data", instance(t, "o1\t0\t900\t5\tr7\t15\n"), "--out", t.TempDir())
	require.Equal(t, ExitFailed, code)
	require.Contains(t, said, "restaurants.txt")
	code, _, _ = simulate("--data", t.TempDir())
	require.Equal(t, ExitMisuse, code)
	code, _, _ = simulate("--data", filepath.Join(t.TempDir(), "missing"), "--out", t.TempDir())
	require.Equal(t, ExitMisuse, code)
}

func TestSimulateTownsMakesDaysUp(t *testing.T) {
	t.Parallel()
	towns := t.TempDir()
	run := func(args ...string) (int, string, string) {
		var o, e bytes.Buffer
		code := Run(context.Background(), &struct {
			Towns simulateTowns `cmd:""`
		}{}, append([]string{"towns"}, args...), &Env{Out: &o, Err: &e})
		return code, o.String(), e.String()
	}
	code, out, said := run("--data", instance(t, "o1\t0\t900\t5\tr1\t15\n"), "--out", towns, "--seeds", "3", "--first-seed", "40")
	require.Equal(t, ExitDone, code, said)
	require.Contains(t, out, "3 days in")
	code, out, _ = simulate("--data", towns, "--out", t.TempDir())
	require.Equal(t, ExitDone, code)
	require.Contains(t, out, "_42")
	code, _, said = run("--data", towns, "--out", towns, "--seeds", "0")
	require.Equal(t, ExitMisuse, code)
	require.Contains(t, said, "--seeds must be from 1 to 1000")
}
