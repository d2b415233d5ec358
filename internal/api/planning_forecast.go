package api

import (
	"cmp"
	"context"
	"math"
	"net/http"
	"time"

	"brigade/internal/actor"
	"brigade/internal/planning"
)

const exampleRun = `{"id":12,"kind":"daily","outlet":"","day":"2024-12-17","days":14,"attempt":1,"status":"done","series":12,"done":12,
"error":"","by":"ann","requested_at":"2024-12-17T06:00:00Z","finished_at":"2024-12-17T06:00:01Z"}`

const exampleForecast = `{"run":12,"kind":"daily","day":"2024-12-17","outlet":"kitchen","sku":"wrap","name":"Wrap","expected":31.4,
"mean":31.4,"quantiles":{"p05":22,"p50":31,"p95":42},"edited":null,"edited_by":"","reason":"","model":"smoothing 61 %, regression 39 %","why":""}`

func (s *server) addForecasts() {
	start := planningRoute(http.MethodPost, "/planning/forecasts", "make-forecasts", tagForecast, "Make forecasts",
		"Of all products at all outlets, or at one, from a day on (today unless said otherwise): what is known are the days before. It is "+
			"made in the background; ask for the run until its status is done. Made already, the run that did is answered; with `again` "+
			"another one is made and the former stays as it is.", `{"days":14}`, exampleRun)
	start.status = http.StatusAccepted
	add(s, start, s.makeForecasts)
	add(s, planningRoute(http.MethodGet, "/planning/forecasts", "list-forecasts", tagForecast, "What will sell",
		"The latest forecast of each product, outlet and day, or those of one `run` as it made them; 14 days from today on unless from and to "+
			"say otherwise. `expected` is what to plan with: what somebody made of it by hand, else the mean. To get the next page, send "+
			"`next` as `offset`.", "", `{"forecasts":[`+exampleForecast+`],"next":null}`), s.listForecasts)
	add(s, planningRoute(http.MethodGet, "/planning/forecasts/totals", "list-forecast-totals", tagForecast, "What will sell in total",
		"The sums over products, by outlet (`level` outlet), by product over all outlets, or of the network. The means are the sums of the "+
			"products' means.", "",
		`{"totals":[{"run":12,"day":"2024-12-17","outlet":"kitchen","sku":"","mean":212.7,"quantiles":{"p05":171,"p50":211,"p95":260}}],"next":null}`), s.listTotals)
	add(s, planningRoute(http.MethodGet, "/planning/forecasts/runs", "list-forecast-runs", tagForecast, "The makings of forecasts",
		"Latest first. To get earlier ones, send `next` as `before`.", "", `{"runs":[`+exampleRun+`],"next":null}`), s.listRuns)
	add(s, planningRoute(http.MethodGet, "/planning/forecasts/runs/{id}", "get-forecast-run", tagForecast, "A making of forecasts",
		"How far it is.", "", exampleRun), s.getRun)
	add(s, planningRoute(http.MethodGet, "/planning/forecasts/today", "get-forecast-today", tagForecast, "The rest of today",
		"Today's forecast of an outlet, brought up to date from what was sold until the last full hour. `rest` is what is still to come: "+
			"what to have ready.", "",
		`{"outlet":"kitchen","until_hour":12,"products":[{"sku":"wrap","name":"Wrap","morning":31.4,"sold":14,"mean":35.1,"low":29.5,"high":41.2,"rest":21.1}]}`), s.getToday)
	add(s, planningRoute(http.MethodPost, "/planning/forecasts/today", "keep-forecast-today", tagForecast, "Plan with the rest of today",
		"Keeps today's forecast as it is now; lists and plans show it from then on. What was forecast before the day stays as it was made.",
		"", exampleRun), s.keepToday)
	add(s, planningRoute(http.MethodPut, "/planning/forecasts/{sku}/{day}", "edit-forecast", tagForecast, "Know better",
		"Says what a product at an outlet will sell on a day. The forecast stays as it was made; the accuracy shows later who was "+
			"right. The latest edit counts.", `{"quantity":60,"reason":"wedding"}`, exampleForecast), s.editForecast)
}

type runView struct {
	ID        int64              `json:"id" example:"12"`
	Kind      planning.RunKind   `json:"kind" enum:"daily,intraday" example:"daily"`
	Outlet    string             `json:"outlet" doc:"Slug; empty: all" example:""`
	Day       string             `json:"day" doc:"The first that it forecasts" example:"2024-12-17"`
	Days      int                `json:"days" example:"14"`
	Attempt   int                `json:"attempt" example:"1"`
	Status    planning.RunStatus `json:"status" enum:"pending,running,done,failed" example:"done"`
	Series    int                `json:"series" doc:"Products at outlets" example:"12"`
	Done      int                `json:"done" doc:"Of them, so far" example:"12"`
	Error     string             `json:"error" example:""`
	By        string             `json:"by" example:"ann"`
	Requested time.Time          `json:"requested_at"`
	Finished  *time.Time         `json:"finished_at"`
}

func viewRun(r planning.Run, names map[int64]string) runView {
	return runView{
		r.ID, r.Kind, names[r.Outlet], r.Day.String(), r.Horizon, r.Attempt, r.Status, r.Series, r.Done, r.Error, r.By, r.Requested, r.Finished,
	}
}

type runOutput struct{ Body runView }

func (s *server) shownRun(ctx context.Context, who actor.Actor, r planning.Run, err error) (*runOutput, error) {
	if err != nil {
		return nil, err
	}
	names, err := s.outletNames(ctx, who)
	return &runOutput{viewRun(r, names)}, err
}

type makeInput struct {
	Body struct {
		Outlet string `json:"outlet,omitempty" doc:"Slug or id; without it all outlets" maxLength:"100"`
		Day    string `json:"day,omitempty" doc:"The first day to forecast; without it today" example:"2024-12-17"`
		Days   int    `json:"days,omitempty" doc:"How many; without it 14" minimum:"0" maximum:"28" example:"14"`
		Again  bool   `json:"again,omitempty" doc:"Make them although they are made"`
	} `nameHint:"MakeForecasts"`
}

func (s *server) makeForecasts(ctx context.Context, who actor.Actor, in *makeInput) (*runOutput, error) {
	outlet, err := s.outletField(ctx, who, in.Body.Outlet)
	if err != nil {
		return nil, err
	}
	today, err := s.today(ctx, who, outlet)
	if err != nil {
		return nil, err
	}
	day, err := dayOr("day", in.Body.Day, today)
	if err != nil {
		return nil, err
	}
	r, err := s.Planning.Request(ctx, who, outlet, day, cmp.Or(in.Body.Days, planning.DefaultHorizon), in.Body.Again)
	return s.shownRun(ctx, who, r, err)
}

type runRef struct {
	ID int64 `path:"id" example:"12"`
}

func (s *server) getRun(ctx context.Context, who actor.Actor, in *runRef) (*runOutput, error) {
	r, err := s.Planning.Run(ctx, who, in.ID)
	return s.shownRun(ctx, who, r, err)
}

// BackParam pages backwards. It is exported for huma, as OutletParam.
type BackParam struct {
	Limit  int   `query:"limit" minimum:"1" maximum:"500" default:"50" doc:"Rows per page"`
	Before int64 `query:"before" minimum:"0" doc:"Only those before this one: next of the page before"`
}

type runsOutput struct {
	Body struct {
		Runs []runView `json:"runs"`
		Next *int64    `json:"next" doc:"What to send as before for earlier ones; null: there may be none"`
	} `nameHint:"ForecastRuns"`
}

func (s *server) listRuns(ctx context.Context, who actor.Actor, in *BackParam) (*runsOutput, error) {
	list, err := s.Planning.Runs(ctx, who, in.Before, in.Limit)
	if err != nil {
		return nil, err
	}
	names, err := s.outletNames(ctx, who)
	out := &runsOutput{}
	out.Body.Runs = make([]runView, len(list))
	for i, r := range list {
		out.Body.Runs[i] = viewRun(r, names)
	}
	if len(list) == in.Limit {
		out.Body.Next = &list[len(list)-1].ID
	}
	return out, err
}

// ForecastView is the forecast of a product for a day. It is exported for huma, as EstimateView.
type ForecastView struct {
	Run       int64              `json:"run" example:"12"`
	Kind      planning.RunKind   `json:"kind" enum:"daily,intraday" example:"daily"`
	Day       string             `json:"day" example:"2024-12-17"`
	Outlet    string             `json:"outlet" example:"kitchen"`
	SKU       string             `json:"sku" example:"wrap"`
	Name      string             `json:"name" example:"Wrap"`
	Expected  float64            `json:"expected" doc:"What to plan with" example:"31.4"`
	Mean      float64            `json:"mean" example:"31.4"`
	Quantiles map[string]float64 `json:"quantiles" doc:"p05 to p95: nine in ten days lie between these two"`
	Hours     []float64          `json:"hours,omitempty" doc:"With hours=true: the mean by the hour from midnight; 23 or 25 when the clock is changed"`
	Edited    *float64           `json:"edited" doc:"What somebody made of it; null: nothing"`
	EditedBy  string             `json:"edited_by" example:""`
	Reason    string             `json:"reason" example:""`
	Model     string             `json:"model" doc:"The models it comes from, with their weights"`
	Why       string             `json:"why" doc:"What is particular about it"`
}

func viewForecast(f planning.Forecast, names map[int64]string, hours bool) ForecastView {
	v := ForecastView{
		Run: f.Run, Kind: f.Kind, Day: f.Day.String(), Outlet: names[f.Outlet], SKU: f.SKU, Name: cmp.Or(f.Name, f.SKU),
		Expected: tidy(f.Expected()), Mean: tidy(f.Mean), Quantiles: viewQuantiles(f.Levels, f.Quantiles), Edited: said(f.Edited),
		EditedBy: f.EditedBy, Reason: f.Reason, Model: f.Model, Why: f.Why,
	}
	if hours {
		for _, h := range f.Hours {
			v.Hours = append(v.Hours, tidy(h))
		}
	}
	return v
}

// tidy leaves out decimals that nobody reads.
func tidy(v float64) float64 { return math.Round(v*1000) / 1000 }

func viewQuantiles(levels, values []float64) map[string]float64 {
	named := map[string]float64{}
	for i, l := range levels {
		if i < len(values) {
			percent := int(math.Round(100 * l))
			named["p"+string(rune('0'+percent/10))+string(rune('0'+percent%10))] = tidy(values[i])
		}
	}
	return named
}

type forecastsInput struct {
	DaysParam
	Run   int64 `query:"run" minimum:"0" doc:"Only those of this run" example:"12"`
	Hours bool  `query:"hours" doc:"With the hours of each day"`
}

type forecastsOutput struct {
	Body struct {
		Forecasts []ForecastView `json:"forecasts"`
		Next      *int           `json:"next" doc:"What to send as offset for the next page; null: there is none"`
	} `nameHint:"Forecasts"`
}

// aheadDays is the usual window of forecasts, in days after the first.
const aheadDays = planning.DefaultHorizon - 1

func (s *server) listForecasts(ctx context.Context, who actor.Actor, in *forecastsInput) (*forecastsOutput, error) {
	q, err := s.query(ctx, who, in.DaysParam, 0, aheadDays)
	if err != nil {
		return nil, err
	}
	if q.Run = in.Run; q.Run != 0 {
		if _, err := s.Planning.Run(ctx, who, q.Run); err != nil {
			return nil, err
		}
	}
	list, err := s.Planning.Current(ctx, who, q)
	if err != nil {
		return nil, err
	}
	names, err := s.outletNames(ctx, who)
	out := &forecastsOutput{}
	out.Body.Forecasts, out.Body.Next = make([]ForecastView, len(list)), nextOf(q, len(list))
	for i, f := range list {
		out.Body.Forecasts[i] = viewForecast(f, names, in.Hours)
	}
	return out, err
}

type totalsInput struct {
	DaysParam
	Run   int64          `query:"run" minimum:"0" doc:"Only those of this run" example:"12"`
	Level planning.Level `query:"level" enum:"outlet,product,network" default:"outlet" doc:"What is summed up"`
}

type totalView struct {
	Run       int64              `json:"run" example:"12"`
	Day       string             `json:"day" example:"2024-12-17"`
	Outlet    string             `json:"outlet" doc:"Empty: all" example:"kitchen"`
	SKU       string             `json:"sku" doc:"Empty: all" example:""`
	Mean      float64            `json:"mean" example:"212.7"`
	Quantiles map[string]float64 `json:"quantiles"`
}

type totalsOutput struct {
	Body struct {
		Totals []totalView `json:"totals"`
		Next   *int        `json:"next" doc:"What to send as offset for the next page; null: there is none"`
	} `nameHint:"ForecastTotals"`
}

func (s *server) listTotals(ctx context.Context, who actor.Actor, in *totalsInput) (*totalsOutput, error) {
	q, err := s.query(ctx, who, in.DaysParam, 0, aheadDays)
	if err != nil {
		return nil, err
	}
	q.Run = in.Run
	list, err := s.Planning.Totals(ctx, who, in.Level, q)
	if err != nil {
		return nil, err
	}
	names, err := s.outletNames(ctx, who)
	out := &totalsOutput{}
	out.Body.Totals, out.Body.Next = make([]totalView, len(list)), nextOf(q, len(list))
	for i, t := range list {
		out.Body.Totals[i] = totalView{t.Run, t.Day.String(), names[t.Outlet], t.SKU, tidy(t.Mean), viewQuantiles(t.Levels, t.Quantiles)}
	}
	return out, err
}

type nowView struct {
	SKU     string  `json:"sku" example:"wrap"`
	Name    string  `json:"name" example:"Wrap"`
	Morning float64 `json:"morning" doc:"Forecast before the day, or by hand" example:"31.4"`
	Sold    float64 `json:"sold" doc:"Until the hour" example:"14"`
	Mean    float64 `json:"mean" doc:"Of the whole day, as it looks now" example:"35.1"`
	Low     float64 `json:"low" example:"29.5"`
	High    float64 `json:"high" doc:"Nine in ten days lie between low and high" example:"41.2"`
	Rest    float64 `json:"rest" doc:"Still to come" example:"21.1"`
}

type todayOutput struct {
	Body struct {
		Outlet   string    `json:"outlet" example:"kitchen"`
		Until    int       `json:"until_hour" doc:"Sales before this hour are known" example:"12"`
		Products []nowView `json:"products"`
	} `nameHint:"Today"`
}

func (s *server) getToday(ctx context.Context, who actor.Actor, in *OutletParam) (*todayOutput, error) {
	id, err := s.outlet(ctx, who, in.Outlet)
	if err != nil {
		return nil, err
	}
	o, err := s.Planning.Outlet(ctx, who, id)
	if err != nil {
		return nil, err
	}
	list, until, err := s.Planning.Today(ctx, who, o.ID)
	out := &todayOutput{}
	out.Body.Outlet, out.Body.Until, out.Body.Products = o.Slug, until, make([]nowView, len(list))
	for i, n := range list {
		out.Body.Products[i] = nowView{
			n.SKU, cmp.Or(n.Name, n.SKU), tidy(n.Morning), tidy(n.Sold), tidy(n.Mean), tidy(n.Low), tidy(n.High), tidy(n.Rest),
		}
	}
	return out, err
}

func (s *server) keepToday(ctx context.Context, who actor.Actor, in *OutletParam) (*runOutput, error) {
	id, err := s.outlet(ctx, who, in.Outlet)
	if err != nil {
		return nil, err
	}
	r, err := s.Planning.KeepToday(ctx, who, id)
	return s.shownRun(ctx, who, r, err)
}

type editInput struct {
	OutletParam
	SKU  string `path:"sku" doc:"The product" example:"wrap" maxLength:"200"`
	Day  string `path:"day" doc:"YYYY-MM-DD" example:"2024-12-17"`
	Body struct {
		Quantity float64 `json:"quantity" minimum:"0" example:"60"`
		Reason   string  `json:"reason,omitempty" example:"wedding" maxLength:"200"`
	} `nameHint:"EditForecast"`
}

type forecastOutput struct{ Body ForecastView }

func (s *server) editForecast(ctx context.Context, who actor.Actor, in *editInput) (*forecastOutput, error) {
	for field, text := range map[string]string{"sku": in.SKU, "reason": in.Body.Reason} {
		if err := clean(field, text); err != nil {
			return nil, err
		}
	}
	d, err := dayOr("day", cmp.Or(in.Day, "-"), 0)
	if err != nil {
		return nil, err
	}
	outlet, err := s.outlet(ctx, who, in.Outlet)
	if err != nil {
		return nil, err
	}
	f, err := s.Planning.Edit(ctx, who, outlet, in.SKU, d, in.Body.Quantity, in.Body.Reason)
	if err != nil {
		return nil, err
	}
	names, err := s.outletNames(ctx, who)
	return &forecastOutput{viewForecast(f, names, false)}, err
}
