package cli

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
)

// metricReply says how good forecasts were; null: cannot be said.
type metricReply struct {
	Outlet   string   `json:"outlet"`
	SKU      string   `json:"sku"`
	Days     int      `json:"days"`
	MAE      *float64 `json:"mae"`
	MAPE     *float64 `json:"mape"`
	RMSE     *float64 `json:"rmse"`
	R2       *float64 `json:"r2"`
	Accuracy *float64 `json:"accuracy"`
	WAPE     *float64 `json:"wape"`
	MASE     *float64 `json:"mase"`
	Bias     *float64 `json:"bias"`
	Coverage *float64 `json:"coverage"`
}

var metricHead = []string{"ACCURACY", "WAPE", "MAPE", "BIAS", "MASE", "MAE", "RMSE", "R2", "COVERAGE"}

func (m *metricReply) cells(first ...any) []any {
	return append(first, m.Days, share(m.Accuracy), share(m.WAPE), share(m.MAPE), share(m.Bias), plain(m.MASE), plain(m.MAE), plain(m.RMSE),
		plain(m.R2), share(m.Coverage))
}

func share(v *float64) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprintf("%.1f %%", 100**v)
}

func plain(v *float64) string {
	if v == nil {
		return "-"
	}
	return roundTo(*v, 2)
}

type forecastAccuracy struct {
	From string `name:"from" placeholder:"YYYY-MM-DD" help:"The first day (default: seven days ago)."`
	To   string `name:"to" placeholder:"YYYY-MM-DD" help:"The last day (default: yesterday)."`
	CSV  bool   `name:"csv" help:"Write CSV."`

	AtOutlet `group:"server"`
	Remote   `group:"server"`
}

// Help implements kong.HelpProvider.
func (forecastAccuracy) Help() string {
	return `The days before are as many: week over week unless you say otherwise. COVERAGE near 90 % means that intervals are honest.

    brigade forecast accuracy`
}

// accuracyReply is how good forecasts were, as the API gives it.
type accuracyReply struct {
	First   string        `json:"first_day"`
	Last    string        `json:"last_day"`
	Overall metricReply   `json:"overall"`
	Before  metricReply   `json:"before"`
	Outlets []metricReply `json:"outlets"`
	Best    []metricReply `json:"best"`
	Worst   []metricReply `json:"worst"`
	Edits   struct {
		Forecasts int         `json:"forecasts"`
		AsMade    metricReply `json:"as_made"`
		ByHand    metricReply `json:"by_hand"`
	} `json:"edits"`
	Gaps []struct {
		Outlet string `json:"outlet"`
		Day    string `json:"day"`
	} `json:"gaps"`
}

// Run shows how good forecasts were.
func (c *forecastAccuracy) Run(ctx context.Context, env *Env) error {
	q := c.query()
	for name, value := range map[string]string{"from": c.From, "to": c.To} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return ask(ctx, env, &c.Remote, request{path: "/planning/accuracy", query: q}, func(r accuracyReply) error {
		s := newSheetOut(env.Out, c.CSV, append([]string{"WHAT", "OUTLET", "SKU", "COMPARED"}, metricHead...)...)
		add := func(what string, list ...metricReply) {
			for _, m := range list {
				s.row(m.cells(what, orDash(m.Outlet), orDash(m.SKU))...)
			}
		}
		add(r.First+" to "+r.Last, r.Overall)
		add("before", r.Before)
		add("outlet", r.Outlets...)
		add("best", r.Best...)
		add("worst", r.Worst...)
		if r.Edits.Forecasts > 0 {
			add("edited, as made", r.Edits.AsMade)
			add("edited, by hand", r.Edits.ByHand)
		}
		for _, g := range r.Gaps {
			fmt.Fprintf(env.Err, "no sales of %s at %s yet\n", g.Day, g.Outlet)
		}
		return s.end()
	})
}

type forecastValidate struct {
	Day string `name:"day" placeholder:"YYYY-MM-DD" help:"The day (default: yesterday)."`

	Remote `group:"server"`
}

// Help implements kong.HelpProvider.
func (forecastValidate) Help() string {
	return `Also compares days before of which sales came late. Repeating it is fine.

    brigade forecast validate`
}

// Run validates.
func (c *forecastValidate) Run(ctx context.Context, env *Env) error {
	body := map[string]string{}
	if c.Day != "" {
		body["day"] = c.Day
	}
	type reply struct {
		ID        int64       `json:"id"`
		Kind      string      `json:"kind"`
		First     string      `json:"first_day"`
		Last      string      `json:"last_day"`
		Validated int         `json:"validated"`
		Late      int         `json:"late"`
		Gaps      int         `json:"gaps"`
		Overall   metricReply `json:"overall"`
	}
	return ask(ctx, env, &c.Remote, request{method: http.MethodPost, path: "/planning/validations", body: body}, func(list []reply) error {
		if len(list) == 0 {
			fmt.Fprintln(env.Out, "there is nothing to compare: no forecast of that day, or no sales")
			return nil
		}
		t := newTable(env.Out, append([]string{"ID", "KIND", "FROM", "TO", "LATE", "MISSING", "COMPARED"}, metricHead...)...)
		for _, v := range list {
			v.Overall.Days = v.Validated
			t.row(v.Overall.cells(v.ID, v.Kind, v.First, v.Last, v.Late, v.Gaps)...)
		}
		return t.end()
	})
}

type forecastRefit struct {
	SKU string `arg:"" optional:"" name:"sku" help:"The product (default: those that need it)."`

	AtOutlet `group:"server"`
	Remote   `group:"server"`
}

// Help implements kong.HelpProvider.
func (forecastRefit) Help() string {
	return `Chooses how much history a product is forecast from, and compares with before on weeks that neither was chosen by.

    brigade forecast refit wrap`
}

// Run refits.
func (c *forecastRefit) Run(ctx context.Context, env *Env) error {
	body := map[string]string{"sku": c.SKU}
	if c.Outlet != "" {
		body["outlet"] = c.Outlet
	}
	type reply struct {
		Outlet  string   `json:"outlet"`
		SKU     string   `json:"sku"`
		Version int      `json:"version"`
		History int      `json:"history_days"`
		Adopted bool     `json:"adopted"`
		Reason  string   `json:"reason"`
		Before  *float64 `json:"mape_before"`
		After   *float64 `json:"mape_after"`
	}
	return ask(ctx, env, &c.Remote, request{method: http.MethodPost, path: "/planning/models", body: body}, func(list []reply) error {
		t := newTable(env.Out, "OUTLET", "SKU", "VERSION", "WHY", "HISTORY", "MAPE BEFORE", "AFTER", "ADOPTED")
		for _, m := range list {
			history := "all"
			if m.History > 0 {
				history = strconv.Itoa(m.History) + " days"
			}
			t.row(m.Outlet, m.SKU, m.Version, m.Reason, history, share(m.Before), share(m.After), yesNo(m.Adopted))
		}
		return t.end()
	})
}
