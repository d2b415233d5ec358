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

func simulateDays(args ...string) (code int, out, errors string) {
	var o, e bytes.Buffer
	code = Run(context.Background(), &struct {
		Day simulateDay `cmd:""`
	}{}, append([]string{"day"}, args...), &Env{Out: &o, Err: &e})
	return code, o.String(), e.String()
}

func TestSimulateDayPlaysBothWaysAndWritesTraces(t *testing.T) {
	t.Parallel()
	small := []string{"--days", "1", "--orders", "12", "--hours", "0.5", "--outlets", "2", "--drivers", "4", "--seed", "5"}
	first, again := t.TempDir(), t.TempDir()
	code, out, progress := simulateDays(append(small, "--out", first)...)
	require.Equal(t, ExitDone, code, progress)
	require.Contains(t, out, "when ready")
	require.Contains(t, progress, "[1/1]")

	code, out, _ = simulateDays(append(small, "--out", again, "--json")...)
	require.Equal(t, ExitDone, code)
	var rows []dayRow
	require.NoError(t, json.Unmarshal([]byte(out), &rows))
	require.Equal(t, 12, rows[0].Early.Delivered)
	require.Equal(t, rows[0].Early.Kitchen, rows[0].Made.Kitchen)
	for _, name := range []string{"day5_in_time.csv", "day5_when_ready.csv"} {
		one, err := os.ReadFile(filepath.Join(first, name))
		require.NoError(t, err)
		other, err := os.ReadFile(filepath.Join(again, name))
		require.NoError(t, err)
		require.Equal(t, string(one), string(other), "the same seed gives the same day")
		require.Contains(t, string(one), ",picked up,")
	}
}

func TestSimulateDayNamesWrongFlags(t *testing.T) {
	t.Parallel()
	code, _, said := simulateDays("--busy", "9", "--drivers", "0")
	require.Equal(t, ExitMisuse, code)
	require.Contains(t, said, "--busy must be from 0.1 to 1.5")
	require.Contains(t, said, "--drivers must be from 1 to 1000")
	code, _, said = simulateDays("--kitchens", t.TempDir())
	require.Equal(t, ExitFailed, code)
	require.Contains(t, said, "no kitchens")
}
