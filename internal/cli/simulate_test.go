package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"brigade/internal/sim/whatif"
	"brigade/internal/store/pgtest"
)

func TestSimulateKitchen(t *testing.T) {
	t.Parallel()
	url := "--database-url=" + pgtest.NewURL(t)
	ok(t, "load", demoFile(t), url)
	out := filepath.Join(t.TempDir(), "traces")
	shown := ok(t, "simulate", "kitchen", url, "--evenings", "2", "--per-hour", "10", "--outlet", "kitchen", "--out", out)
	require.Equal(t, 3, strings.Count(shown, "\n"), shown)
	trace, err := os.ReadFile(filepath.Join(out, "made-up-001.csv"))
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(trace), "order,item,step,station,machine,staff,start,finish\nmade-1,"), string(trace[:200]))
	again := ok(t, "simulate", "kitchen", url, "--evenings", "2", "--per-hour", "10", "--outlet", "kitchen", "--out", out)
	require.Equal(t, shown, again)
	same, err := os.ReadFile(filepath.Join(out, "made-up-001.csv"))
	require.NoError(t, err)
	require.Equal(t, trace, same)

	asked := ok(t, "simulate", "kitchen", url, "--evenings", "3", "--per-hour", "12", "--what-if", "no-cook Asha from 19:00 to 19:30", "--what-if", "machine micro-2")
	require.Contains(t, asked, "3 evenings, each with and without: no-cook Asha from 19:00 to 19:30 · machine micro-2\n")
	require.Contains(t, asked, "ticket time p95")
	var a whatif.Answer
	require.NoError(t, json.Unmarshal([]byte(ok(t, "simulate", "kitchen", url, "--evenings", "3", "--per-hour", "10", "--what-if", "without-item wrap", "--json")), &a))
	require.Equal(t, 3, a.Evenings)

	r := run(t, "simulate", "kitchen", url, "--from", "2026-11-19")
	require.Equal(t, ExitFailed, r.code)
	require.Contains(t, r.err, "no order was placed there")
	r = run(t, "simulate", "kitchen", url, "--evenings", "1", "--what-if", "machine oven-2")
	require.Equal(t, ExitFailed, r.code)
	require.Contains(t, r.err, "no machine's name is like")
}

func TestSimulateNamesEveryFault(t *testing.T) {
	t.Parallel()
	r := run(t, "simulate", "kitchen", "--from", "today", "--evenings", "2", "--seeds=-1", "--policy", "best", "--what-if", "oven", "--what-if", "policy faster")
	require.Equal(t, ExitMisuse, r.code)
	for _, fault := range []string{"--from", "--seeds", "--policy there is no policy", "--what-if", "cannot begin with", `there is no policy "faster"`} {
		require.Contains(t, r.err, fault)
	}
}

func TestSimulateKitchenFromAFolder(t *testing.T) {
	t.Parallel()
	data, out := t.TempDir(), filepath.Join(t.TempDir(), "traces")
	for name, text := range map[string]string{
		"diner.scenario.json": `{"name":"diner","stations":["grill","pass"],"station_capacity":[1,1],
			"machines":[{"name":"g","station":0,"capacity":1},{"name":"p","station":1,"capacity":1}],
			"staff":[{"name":"Asha","skills":[0,1],"max_parallel":2,"efficiency":1,"break_at_secs":-1,"break_secs":0}],
			"menu":[{"name":"burger","steps":[{"desc":"grill","station":0,"est_secs":60,"base_priority":1},
				{"desc":"plate","station":1,"est_secs":20,"base_priority":1,"deps":[0]}]}]}`,
		"diner_rho0.50_seed1.json": `{"Orders":[{"Arr":1.5,"Due":300,"Items":[0],"Noise":[[1,1.5]]}]}`,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(data, name), []byte(text), 0o600))
	}
	r := run(t, "simulate", "kitchen", "--data", data, "--out", out)
	require.Equal(t, ExitDone, r.code, r.err)
	require.Contains(t, r.err, "1 of 1  diner_rho0.50_seed1")
	require.Contains(t, r.out, "diner_rho0.50")
	require.Contains(t, r.out, "1.50 min")
	trace, err := os.ReadFile(filepath.Join(out, "diner_rho0.50_seed1.csv"))
	require.NoError(t, err)
	require.Equal(t, "order,item,step,station,machine,staff,start,finish\n0,0,0,0,0,0,1.500000,61.500000\n0,0,1,1,1,0,61.500000,91.500000\n", string(trace))

	require.Contains(t, ok(t, "simulate", "kitchen", "--data", data, "--out", out, "--policy", "fifo", "--json"), `"ticket_minutes": 1.5`)
	r = run(t, "simulate", "kitchen", "--data", data)
	require.Equal(t, ExitMisuse, r.code)
	require.Contains(t, r.err, "--out or --what-if must be given with --data")
	one := filepath.Join(data, "*_seed1.json")
	r = run(t, "simulate", "kitchen", "--data", one, "--what-if", "cook Noah like Asha from 18:00", "--seeds", "3")
	require.Equal(t, ExitDone, r.code, r.err)
	require.Contains(t, r.out, "3 evenings, each with and without: cook Noah like Asha from 18:00\n")
	require.Contains(t, r.out, "No difference that guests would notice")
	require.Contains(t, r.err, "3 of 3 evenings played with and without")
	var a whatif.Answer
	require.NoError(t, json.Unmarshal([]byte(ok(t, "simulate", "kitchen", "--data", data, "--what-if", "station grill capacity 1", "--json")), &a))
	require.Equal(t, 20, a.Evenings)
	require.Equal(t, [2]int{20, 20}, a.Orders)
	for change, fault := range map[string]string{
		"machine oven-2":           "no machine's name is like",
		"no-cook Bob from 18:00":   `there is no cook "Bob"; there are Asha`,
		"no-cook Asha from 23:30":  "not within the evening: orders come in from 18:00 to 18:00",
		"without-item sushi":       `there is no item "sushi"; there are burger`,
		"no-machine fryer to 18:0": "",
	} {
		r = run(t, "simulate", "kitchen", "--data", one, "--what-if", change)
		require.NotEqual(t, ExitDone, r.code, change)
		require.Contains(t, r.err, fault)
	}
	r = run(t, "simulate", "kitchen", "--data", t.TempDir(), "--out", out)
	require.Equal(t, ExitFailed, r.code)
	require.Contains(t, r.err, "no evenings")
}

func TestSimulateEvenings(t *testing.T) {
	t.Parallel()
	out, traces := filepath.Join(t.TempDir(), "evenings"), filepath.Join(t.TempDir(), "traces")
	shown := ok(t, "simulate", "evenings", "--made-up", "2", "--rho", "0.3,0.5", "--seeds", "1", "--first-seed", "9", "--out", out)
	require.Equal(t, 5, strings.Count(shown, "\n"), shown)
	require.FileExists(t, filepath.Join(out, "made-up-2_rho0.50_seed9.json"))
	again := ok(t, "simulate", "evenings", "--kitchens", out, "--rho", "0.5", "--seeds", "1", "--first-seed", "9", "--out", filepath.Join(out, "again"), "--json")
	require.Contains(t, again, `"kitchen": "made-up-2"`)
	for _, name := range []string{"made-up-2.scenario.json", "made-up-2_rho0.50_seed9.json"} {
		one, err := os.ReadFile(filepath.Join(out, name))
		require.NoError(t, err)
		two, err := os.ReadFile(filepath.Join(out, "again", name))
		require.NoError(t, err)
		require.Equal(t, string(one), string(two), "from a file it is the same kitchen")
	}
	require.Contains(t, ok(t, "simulate", "kitchen", "--data", out, "--out", traces), "made-up-1_rho0.30")

	r := run(t, "simulate", "evenings", "--out", out, "--rho", "0", "--seeds", "0", "--made-up=-1")
	require.Equal(t, ExitMisuse, r.code)
	for _, fault := range []string{"--made-up must be", "--rho must be", "--seeds must be"} {
		require.Contains(t, r.err, fault)
	}
	r = run(t, "simulate", "evenings", "--out", out, "--kitchens", t.TempDir())
	require.Equal(t, ExitFailed, r.code)
	require.Contains(t, r.err, "no kitchens (NAME.scenario.json)")
}
