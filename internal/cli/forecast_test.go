package cli

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// backtest runs the command by itself.
func backtest(ctx context.Context, args ...string) result {
	var out, err bytes.Buffer
	var grammar struct {
		Forecast struct {
			Backtest ForecastBacktestCmd `cmd:""`
		} `cmd:""`
	}
	code := Run(ctx, &grammar, append([]string{"forecast", "backtest"}, args...), &Env{Out: &out, Err: &err, Zone: time.UTC})
	return result{code, out.String(), err.String()}
}

// sales writes a year of daily sales of two products; Mondays are closed.
func sales(t *testing.T) (data, origins string) {
	t.Helper()
	var text strings.Builder
	text.WriteString("\ufeffdate,series_id,open,quantity,note\n")
	start := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, id := range []string{"soup", "pizza"} {
		for i := range 365 {
			d := start.AddDate(0, 0, i)
			open := d.Weekday() != time.Monday
			quantity := fmt.Sprintf("%d,%d", 20+5*int(d.Weekday()), i%10) // decimals after a comma
			if !open {
				quantity = ""
			}
			fmt.Fprintf(&text, "%s,%s,%d,%q,\"two\nlines\"\n", d.Format(time.DateOnly), id, btoi(open), quantity)
		}
	}
	return write(t, "sales.csv", text.String()), write(t, "origins.json", `{"horizons":[7,14],"origins_last_train_date":["2025-10-05","2025-11-02"]}`)
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestBacktestWritesForecastsAndScores(t *testing.T) {
	t.Parallel()
	data, origins := sales(t)
	out := filepath.Join(t.TempDir(), "predictions.csv")
	r := backtest(t.Context(), "--data", data, "--origins", origins, "--horizon", "14", "--out", out)
	require.Equal(t, ExitDone, r.code, r.err)
	require.Contains(t, r.out, "DAYS AHEAD")
	require.Contains(t, r.out, "1 to 7")
	require.Contains(t, r.out, "1 to 14")
	require.Contains(t, r.err, "2 of 2: known until 2025-11-02")

	f, err := os.Open(out)
	require.NoError(t, err)
	defer f.Close()
	list, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	require.Equal(t, []string{"series_id", "origin", "date", "forecast", "p05", "p50", "p95"}, list[0])
	require.Len(t, list, 1+2*2*14)
	require.Equal(t, []string{"soup", "2025-10-05", "2025-10-06", "0.0000", "0.0000", "0.0000", "0.0000"}, list[1], "a Monday")
}

func TestBacktestScoresForPrograms(t *testing.T) {
	t.Parallel()
	data, origins := sales(t)
	scales := write(t, "scales.csv", "series_id,mase_scale,rmsse_scale2\nsoup,1,1\n")
	r := backtest(t.Context(), "--data", data, "--origins", origins, "--scales", scales, "--horizon", "7", "--json",
		"--out", filepath.Join(t.TempDir(), "p.csv"))
	require.Equal(t, ExitDone, r.code, r.err)
	var scores []scoreReply
	require.NoError(t, json.Unmarshal([]byte(r.out), &scores))
	require.Len(t, scores, 1)
	require.Equal(t, 7, scores[0].Horizon)
	require.NotNil(t, scores[0].MASE)
}

func TestBacktestNamesEveryFault(t *testing.T) {
	t.Parallel()
	_, origins := sales(t)
	data := write(t, "broken.csv", `series_id,date,quantity,open
soup,2025-01-01,3,1
soup,2025-13-01,3,1
soup,2025-01-02,many,1
soup,2025-01-01,4,1
soup,2025-01-03
soup,2025-01-04,1,maybe
,2025-01-05,1,1
`)
	out := filepath.Join(t.TempDir(), "p.csv")
	r := backtest(t.Context(), "--data", data, "--origins", origins, "--out", out)
	require.Equal(t, ExitFailed, r.code)
	for _, want := range []string{
		`line 3: "2025-13-01" is not a date like 2026-01-31`,
		`line 4: quantity "many" is not a number`,
		`line 5: soup has 2025-01-01 twice, first in line 2`,
		`line 6: wrong number of fields`,
		`line 7: open "maybe" is neither 0 nor 1`,
		`line 8: series_id is empty`,
	} {
		require.Contains(t, r.err, want)
	}
	require.NoFileExists(t, out)
}

func TestBacktestSaysWhatIsWrongWithAFile(t *testing.T) {
	t.Parallel()
	data, origins := sales(t)
	for _, c := range []struct{ data, origins, want string }{
		{write(t, "a.csv", ""), origins, "the file is empty"},
		{write(t, "a.csv", "series_id,date\n"), origins, `line 1: there is no column "quantity"`},
		{write(t, "a.csv", "series_id,date,quantity\n"), origins, "there are no sales in it"},
		{write(t, "a.csv", "series_id,date,quantity\nsoup,2025-01-01,\"3\n"), origins, `line 2: extraneous or missing " in quoted-field`},
		{write(t, "a.csv", "series_id,date,quantity\nsoup,1025-01-01,3\nsoup,2025-01-01,3\n"), origins, "line 3: soup goes from 1025-01-01 to 2025-01-01: longer than 50 years"},
		{"nowhere.csv", origins, "nowhere.csv"},
		{data, write(t, "o.json", "{"), "o.json"},
		{data, write(t, "o.json", "[]"), "there are no origins in it"},
		{data, write(t, "o.json", `["yesterday"]`), `origin 1: "yesterday" is not a date`},
	} {
		r := backtest(t.Context(), "--data", c.data, "--origins", c.origins, "--out", filepath.Join(t.TempDir(), "p.csv"))
		require.Equal(t, ExitFailed, r.code)
		require.Contains(t, r.err, c.want)
	}
}

func TestBacktestListsTheFirstFaultsAndCountsTheRest(t *testing.T) {
	t.Parallel()
	_, origins := sales(t)
	data := write(t, "broken.csv", "series_id,date,quantity\n"+strings.Repeat("soup,never,1\n", 100))
	r := backtest(t.Context(), "--data", data, "--origins", origins, "--out", "p.csv")
	require.Equal(t, ExitFailed, r.code)
	require.Contains(t, r.err, "and 80 more")
}

func TestBacktestRefusesWrongUse(t *testing.T) {
	t.Parallel()
	data, origins := sales(t)
	for _, args := range [][]string{
		{"--data", data, "--origins", origins},
		{"--data", data, "--origins", origins, "--out", "p.csv", "--horizon", "0"},
		{"--data", data, "--origins", origins, "--out", "p.csv", "--horizon", "29"},
		{"--data", data, "--origins", origins, "--out", "p.csv", "--workers", "-1"},
	} {
		require.Equal(t, ExitMisuse, backtest(t.Context(), args...).code)
	}
}

func TestBacktestEndsWhenToldTo(t *testing.T) {
	t.Parallel()
	data, origins := sales(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	out := filepath.Join(t.TempDir(), "p.csv")
	r := backtest(ctx, "--data", data, "--origins", origins, "--out", out)
	require.Equal(t, ExitFailed, r.code)
	require.NoFileExists(t, out)
}
