package cli

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"

	"brigade/internal/planning/forecast"
)

// ForecastBacktestCmd shows how good forecasts would have been: at each origin it forecasts with what was known then.
type ForecastBacktestCmd struct {
	Data    string `required:"" placeholder:"SALES.csv" help:"Daily sales: series_id, date, quantity; optional open, holiday, school_holiday, sold_out (0 or 1), outlet, item."`
	Origins string `required:"" placeholder:"ORIGINS.json" help:"Last known days: a list of dates, or an object with origins_last_train_date."`
	Horizon int    `default:"14" help:"Days to forecast after each origin, 1 to 28."`
	Out     string `required:"" placeholder:"PREDICTIONS.csv" help:"Where the forecasts go: series_id, origin, date, forecast, p05, p50, p95."`
	Scales  string `placeholder:"SCALES.csv" help:"Denominators of MASE and RMSSE: series_id, mase_scale, rmsse_scale2. Without: seasonal naive before the first origin."`
	Workers int    `default:"0" help:"Series worked on at the same time; 0: one per core."`
	JSON    bool   `name:"json" help:"Write the scores as JSON."`
}

// Help implements kong.HelpProvider.
func (ForecastBacktestCmd) Help() string {
	return `Nothing after an origin is used, but for what the calendar tells: closed days and holidays are known ahead. Closed days are forecast as zero and not scored. A faulty file is refused whole, with the line of every fault.

    brigade forecast backtest --data sales.csv --origins origins.json --horizon 14 --out predictions.csv`
}

// Validate implements kong's check of flags.
func (c *ForecastBacktestCmd) Validate() error {
	if c.Horizon < 1 || c.Horizon > forecast.MaxHorizon {
		return fmt.Errorf("--horizon must be 1 to %d days", forecast.MaxHorizon)
	}
	if c.Workers < 0 {
		return errors.New("--workers must not be negative")
	}
	return nil
}

// Run forecasts, writes and scores.
func (c *ForecastBacktestCmd) Run(ctx context.Context, env *Env) error {
	series, err := fromFile(c.Data, readSales)
	if err != nil {
		return err
	}
	plan, err := fromFile(c.Origins, readOrigins)
	if err != nil {
		return err
	}
	scales := ownScales(series, plan.origins[0])
	if c.Scales != "" {
		if scales, err = fromFile(c.Scales, readScales); err != nil {
			return err
		}
	}
	fmt.Fprintf(env.Err, "%d series, %d origins, %d days ahead\n", len(series), len(plan.origins), c.Horizon)
	back := c.backtest(ctx, env, series, plan.origins)
	if back == nil {
		return context.Cause(ctx)
	}
	if err := writeWhole(c.Out, func(w io.Writer) error { return writePredictions(w, back) }); err != nil {
		return err
	}
	return c.show(env, back, plan.horizons, scales)
}

func (c *ForecastBacktestCmd) backtest(ctx context.Context, env *Env, series []forecast.Series, origins []forecast.Day) *forecast.Backtest {
	o := forecast.Options{Workers: c.Workers, Stop: ctx.Done()}
	if o.Workers == 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	return forecast.NewBacktest(series, origins, c.Horizon, o, func(done int) bool {
		fmt.Fprintf(env.Err, "%d of %d: known until %v\n", done, len(origins), origins[done-1])
		return ctx.Err() == nil
	})
}

// ownScales are the scales from what was known at the first origin.
func ownScales(series []forecast.Series, first forecast.Day) map[string]forecast.Scale {
	scales := make(map[string]forecast.Scale, len(series))
	for i := range series {
		known := series[i].Until(first)
		mase, rmsse2 := forecast.Scales(&known)
		scales[known.ID] = forecast.Scale{MASE: mase, RMSSE2: rmsse2}
	}
	return scales
}

// writePredictions writes the forecasts of series that had begun.
func writePredictions(out io.Writer, b *forecast.Backtest) error {
	w := csv.NewWriter(out)
	_ = w.Write([]string{"series_id", "origin", "date", "forecast", "p05", "p50", "p95"}) // Error tells
	for i, origin := range b.Origins {
		for k, r := range b.Results[i] {
			if b.Series[k].Start > origin {
				continue
			}
			for _, d := range r.Days {
				_ = w.Write([]string{
					r.ID, origin.String(), d.Day.String(), decimal(d.Mean),
					decimal(d.Quantiles[0]), decimal(d.Quantiles[1]), decimal(d.Quantiles[2]),
				})
			}
		}
	}
	w.Flush()
	return w.Error()
}

func decimal(v float64) string { return strconv.FormatFloat(v, 'f', 4, 64) }

// writeWhole writes a file that is there whole or not at all.
func writeWhole(path string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // gone once renamed
	if err := errors.Join(write(f), f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// scoreReply is a score for programs; what cannot be said is null.
type scoreReply struct {
	Horizon  int      `json:"horizon_days"`
	Days     int      `json:"days"`
	MASE     *float64 `json:"mase"`
	RMSSE    *float64 `json:"rmsse"`
	MAE      *float64 `json:"mae"`
	RMSE     *float64 `json:"rmse"`
	MAPE     *float64 `json:"mape"`
	WAPE     *float64 `json:"wape"`
	R2       *float64 `json:"r2"`
	Bias     *float64 `json:"bias"`
	Coverage *float64 `json:"coverage"`
	Pinball  *float64 `json:"pinball"`
}

func (c *ForecastBacktestCmd) show(env *Env, b *forecast.Backtest, horizons []int, scales map[string]forecast.Scale) error {
	var replies []scoreReply
	t := newTable(env.Out, "DAYS AHEAD", "SCORED", "MASE", "RMSSE", "WAPE", "BIAS", "COVERAGE")
	for _, h := range c.horizons(horizons) {
		s := b.Score(h, forecast.DefaultLevels, scales)
		t.row(fmt.Sprintf("1 to %d", h), s.Days, rounded(s.MASE), rounded(s.RMSSE), percent(s.WAPE), percent(s.Bias), percent(s.Coverage))
		replies = append(replies, scoreReply{
			h, s.Days, orNull(s.MASE), orNull(s.RMSSE), orNull(s.MAE), orNull(s.RMSE), orNull(s.MAPE), orNull(s.WAPE),
			orNull(s.R2), orNull(s.Bias), orNull(s.Coverage), orNull(s.Pinball),
		})
	}
	if c.JSON {
		return writeJSON(env.Out, replies)
	}
	return t.end()
}

// horizons are those asked for by the origins' file that were forecast, and the longest.
func (c *ForecastBacktestCmd) horizons(asked []int) []int {
	list := []int{c.Horizon}
	for _, h := range asked {
		if h > 0 && h < c.Horizon {
			list = append(list, h)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func rounded(v float64) string {
	if math.IsNaN(v) {
		return "-"
	}
	return fmt.Sprintf("%.4f", v)
}

func percent(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "-"
	}
	return fmt.Sprintf("%.1f %%", 100*v)
}

func orNull(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}
