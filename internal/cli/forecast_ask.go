package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"brigade/internal/errs"
)

type forecastCommand struct {
	Run      forecastRun         `cmd:"" help:"Forecast what every product will sell."`
	Show     forecastShow        `cmd:"" help:"What will sell, by product and day."`
	Today    forecastToday       `cmd:"" help:"The rest of today, from what was sold so far."`
	Edit     forecastEdit        `cmd:"" help:"Say what you know better than a forecast."`
	Accuracy forecastAccuracy    `cmd:"" help:"How good forecasts were, week over week."`
	Validate forecastValidate    `cmd:"" help:"Compare forecasts with what was sold."`
	Refit    forecastRefit       `cmd:"" help:"Fit poor models anew; what is not better is not adopted."`
	Backtest ForecastBacktestCmd `cmd:"" help:"Forecast as of past days and compare with what was sold."`
}

type forecastRun struct {
	Day    string `name:"day" placeholder:"YYYY-MM-DD" help:"The first day to forecast (default: today)."`
	Days   int    `name:"days" default:"14" placeholder:"N" help:"How many, 1 to 28."`
	Again  bool   `name:"again" help:"Make it although it is made; the former stays as it is."`
	NoWait bool   `name:"no-wait" help:"Do not wait until it is made."`

	AtOutlet `group:"server"`
	Remote   `group:"server"`
}

// Help implements kong.HelpProvider.
func (forecastRun) Help() string {
	return `Known are the days before the first one. Without --outlet all outlets are forecast.

    brigade forecast run
    brigade forecast show --to 2026-05-20`
}

// Validate names every faulty flag.
func (c *forecastRun) Validate() error {
	var f errs.Fields
	if c.Days < 1 || c.Days > 28 {
		f.Add("--days", "must be from 1 to 28")
	}
	return f.Err()
}

// runReply is a making of forecasts as the API gives it.
type runReply struct {
	ID     int64  `json:"id"`
	Day    string `json:"day"`
	Days   int    `json:"days"`
	Status string `json:"status"`
	Series int    `json:"series"`
	Done   int    `json:"done"`
	Error  string `json:"error"`
}

// Run asks for forecasts and waits for them.
func (c *forecastRun) Run(ctx context.Context, env *Env) error {
	body := map[string]any{"days": c.Days, "again": c.Again}
	if c.Outlet != "" {
		body["outlet"] = c.Outlet
	}
	if c.Day != "" {
		body["day"] = c.Day
	}
	r, raw, err := fetch[runReply](ctx, &c.Remote, request{method: http.MethodPost, path: "/planning/forecasts", body: body})
	if err == nil && !c.NoWait {
		r, raw, err = c.wait(ctx, env, r, raw)
	}
	switch {
	case err != nil:
		return err
	case c.JSON:
		_, err := fmt.Fprintln(env.Out, string(raw))
		return err
	case r.Status == "failed":
		return errs.Unavailable("run %d failed: %s", r.ID, r.Error)
	}
	fmt.Fprintf(env.Out, "run %d is %s: %d products, %d days from %s\n", r.ID, r.Status, r.Series, r.Days, r.Day)
	return nil
}

// wait looks at a run until it has ended.
func (c *forecastRun) wait(ctx context.Context, env *Env, r runReply, raw json.RawMessage) (runReply, json.RawMessage, error) {
	bar := newBar(env, -1, "forecasting")
	defer func() { _ = bar.Finish() }() // only a picture
	for r.Status == "pending" || r.Status == "running" {
		select {
		case <-ctx.Done():
			return r, raw, context.Cause(ctx)
		case <-time.After(barEvery):
		}
		var err error
		if r, raw, err = fetch[runReply](ctx, &c.Remote, request{path: "/planning/forecasts/runs/" + strconv.FormatInt(r.ID, 10)}); err != nil {
			return r, raw, err
		}
		if r.Series > 0 {
			bar.ChangeMax(r.Series)
			_ = bar.Set(r.Done)
		}
	}
	return r, raw, nil
}

// fetch asks and returns the answer, read and as it came.
func fetch[T any](ctx context.Context, r *Remote, req request) (v T, raw json.RawMessage, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, answerIn, errs.Unknown("there was no answer in %v", answerIn))
	defer cancel()
	res, err := r.send(ctx, req, nil)
	if err != nil {
		return v, nil, err
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&raw); err != nil {
		return v, nil, errs.Unknown("the answer broke off").Because(err)
	}
	return v, raw, json.Unmarshal(raw, &v)
}

type forecastShow struct {
	SKU   string `name:"sku" placeholder:"SKU" help:"Only this product."`
	From  string `name:"from" placeholder:"YYYY-MM-DD" help:"The first day (default: today)."`
	To    string `name:"to" placeholder:"YYYY-MM-DD" help:"The last day (default: 14 days from today)."`
	Of    int64  `name:"run" placeholder:"ID" help:"As this run made it (default: the latest)."`
	Total string `name:"total" placeholder:"outlet|product|network" enum:",outlet,product,network" default:"" help:"Sums instead of products."`
	Hours bool   `name:"hours" help:"With the hours of each day, from midnight."`
	Limit int    `name:"limit" default:"1000" placeholder:"N" help:"So many rows at most, up to 5000."`
	CSV   bool   `name:"csv" help:"Write CSV."`

	AtOutlet `group:"server"`
	Remote   `group:"server"`
}

// Help implements kong.HelpProvider.
func (forecastShow) Help() string {
	return `Nine in ten days lie between P05 and P95. A value with an asterisk was changed by hand.

    brigade forecast show --sku wrap
    brigade forecast show --total network --csv`
}

// forecastRow is a forecast, or a sum of them, as the API gives it.
type forecastRow struct {
	Day       string             `json:"day"`
	Outlet    string             `json:"outlet"`
	SKU       string             `json:"sku"`
	Expected  *float64           `json:"expected"`
	Mean      float64            `json:"mean"`
	Quantiles map[string]float64 `json:"quantiles"`
	Hours     []float64          `json:"hours"`
	Edited    *float64           `json:"edited"`
	Why       string             `json:"why"`
}

type forecastRows struct {
	Forecasts []forecastRow `json:"forecasts"`
	Totals    []forecastRow `json:"totals"`
	Next      *int          `json:"next"`
}

// Run shows forecasts.
func (c *forecastShow) Run(ctx context.Context, env *Env) error {
	q := days(c.query(), c.SKU, c.From, c.To, c.Limit)
	if c.Of != 0 {
		q.Set("run", strconv.FormatInt(c.Of, 10))
	}
	path := "/planning/forecasts"
	if c.Total != "" {
		path += "/totals"
		q.Set("level", c.Total)
	} else if c.Hours {
		q.Set("hours", "true")
	}
	return ask(ctx, env, &c.Remote, request{path: path, query: q}, func(r forecastRows) error {
		head := []string{"DAY", "OUTLET", "SKU", "EXPECTED", "P05", "P50", "P95", "NOTE"}
		if c.Hours {
			head = append(head, "HOURS")
		}
		s := newSheetOut(env.Out, c.CSV, head...)
		for _, f := range append(r.Forecasts, r.Totals...) {
			s.row(f.cells(c.Hours)...)
		}
		more(env, r.Next)
		return s.end()
	})
}

func (f *forecastRow) cells(hours bool) []any {
	expected := roundTo(f.Mean, 1)
	if f.Expected != nil {
		expected = roundTo(*f.Expected, 1)
	}
	note := f.Why
	if f.Edited != nil {
		note = "by hand; forecast " + roundTo(f.Mean, 1)
	}
	cells := []any{
		f.Day, orDash(f.Outlet), orDash(f.SKU), expected, roundTo(f.Quantiles["p05"], 1), roundTo(f.Quantiles["p50"], 1),
		roundTo(f.Quantiles["p95"], 1), note,
	}
	if hours {
		text := ""
		for _, h := range f.Hours {
			text += roundTo(h, 1) + " "
		}
		cells = append(cells, text)
	}
	return cells
}

type forecastToday struct {
	Keep bool `name:"keep" help:"Plan with it: lists show it from then on."`
	CSV  bool `name:"csv" help:"Write CSV."`

	AtOutlet `group:"server"`
	Remote   `group:"server"`
}

// Help implements kong.HelpProvider.
func (forecastToday) Help() string {
	return `TO COME is what to have ready for the rest of the day.

    brigade forecast today --outlet kitchen`
}

// Run shows the rest of today.
func (c *forecastToday) Run(ctx context.Context, env *Env) error {
	if c.Keep {
		_, _, err := fetch[runReply](ctx, &c.Remote, request{method: http.MethodPost, path: "/planning/forecasts/today", query: c.query()})
		if err != nil {
			return err
		}
	}
	type reply struct {
		Until    int `json:"until_hour"`
		Products []struct {
			SKU     string  `json:"sku"`
			Morning float64 `json:"morning"`
			Sold    float64 `json:"sold"`
			Mean    float64 `json:"mean"`
			Low     float64 `json:"low"`
			High    float64 `json:"high"`
			Rest    float64 `json:"rest"`
		} `json:"products"`
	}
	return ask(ctx, env, &c.Remote, request{path: "/planning/forecasts/today", query: c.query()}, func(r reply) error {
		fmt.Fprintf(env.Err, "from what was sold until %d:00\n", r.Until)
		s := newSheetOut(env.Out, c.CSV, "SKU", "THIS MORNING", "SOLD", "TO COME", "WHOLE DAY", "FROM", "TO")
		for _, p := range r.Products {
			s.row(p.SKU, roundTo(p.Morning, 1), p.Sold, roundTo(p.Rest, 1), roundTo(p.Mean, 1), roundTo(p.Low, 1), roundTo(p.High, 1))
		}
		return s.end()
	})
}

type forecastEdit struct {
	SKU      string  `arg:"" name:"sku" help:"The product."`
	Day      string  `arg:"" name:"day" help:"YYYY-MM-DD."`
	Quantity float64 `arg:"" name:"quantity" help:"What will sell."`
	Reason   string  `name:"reason" placeholder:"TEXT" help:"Why you know better."`

	AtOutlet `group:"server"`
	Remote   `group:"server"`
}

// Help implements kong.HelpProvider.
func (forecastEdit) Help() string {
	return `The forecast stays as it was made; brigade forecast accuracy shows later who was right.

    brigade forecast edit wrap 2026-05-20 60 --reason wedding`
}

// Run edits a forecast.
func (c *forecastEdit) Run(ctx context.Context, env *Env) error {
	path := "/planning/forecasts/" + url.PathEscape(c.SKU) + "/" + url.PathEscape(c.Day)
	body := map[string]any{"quantity": c.Quantity, "reason": c.Reason}
	return ask(ctx, env, &c.Remote, request{method: http.MethodPut, path: path, query: c.query(), body: body}, func(f forecastRow) error {
		fmt.Fprintf(env.Out, "%s on %s: %s expected, the forecast was %s\n", f.SKU, f.Day, roundTo(c.Quantity, 1), roundTo(f.Mean, 1))
		return nil
	})
}
