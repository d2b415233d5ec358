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
	shown := ok(t, "simulate", "kitchen", url, "--evenings", "2", "--outlet", "kitchen", "--out", out)
	require.Equal(t, 3, strings.Count(shown, "\n"), shown)
	trace, err := os.ReadFile(filepath.Join(out, "made-up-001.csv"))
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(trace), "order,item,step,station,machine,staff,start,finish\nmade-1,"), string(trace[:200]))
	again := ok(t, "simulate", "kitchen", url, "--evenings", "2", "--outlet", "kitchen", "--out", out)
	require.Equal(t, shown, again)
	same, err := os.ReadFile(filepath.Join(out, "made-up-001.csv"))
	require.NoError(t, err)
	require.Equal(t, trace, same)

	asked := ok(t, "simulate", "kitchen", url, "--evenings", "5", "--per-hour", "80", "--what-if", "no-cook Asha from 19:00 to 19:30", "--what-if", "machine micro-2")
	require.Contains(t, asked, "5 evenings, each with and without: no-cook Asha from 19:00 to 19:30 · machine micro-2\n")
	require.Contains(t, asked, "ticket time p95")
	var a whatif.Answer
	require.NoError(t, json.Unmarshal([]byte(ok(t, "simulate", "kitchen", url, "--evenings", "3", "--what-if", "without-item wrap", "--json")), &a))
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
	r := run(t, "simulate", "kitchen", "--from", "today", "--evenings", "2", "--seeds", "0", "--policy", "best", "--what-if", "oven", "--what-if", "policy faster")
	require.Equal(t, ExitMisuse, r.code)
	for _, fault := range []string{"--from", "--seeds", "--policy there is no policy", "--what-if", "cannot begin with", `there is no policy "faster"`} {
		require.Contains(t, r.err, fault)
	}
}
