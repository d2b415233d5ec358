package api

import (
	"context"
	"net/http"
	"time"

	"brigade/internal/actor"
	"brigade/internal/planning"
)

const (
	exampleMetric = `{"outlet":"","sku":"","days":84,"mae":3.1,"mape":0.14,"rmse":4.2,"r2":0.91,"accuracy":0.88,"wape":0.12,"mase":0.71,"bias":0.01,"coverage":0.9}`
	exampleVal    = `{"id":3,"kind":"daily","first_day":"2024-12-16","last_day":"2024-12-16","validated":12,"late":0,"gaps":0,"overall":` + exampleMetric + `,"by":"nightly","at":"2024-12-17T07:00:00Z"}`
	exampleModel  = `{"outlet":"kitchen","sku":"wrap","version":2,"fitted_on":"2024-12-16","history_days":182,"adopted":true,"reason":"mape","mape_before":0.41,"mape_after":0.28,"at":"2024-12-17T07:00:00Z"}`
)

func (s *server) addAccuracy() {
	add(s, planningRoute(http.MethodGet, "/planning/accuracy", "get-accuracy", tagForecast, "How good forecasts were",
		"Of the last seven days with the seven before (week over week), or of the days from and to say with as many before: overall, by outlet, "+
			"the best and the worst products, what edits by hand did to the accuracy, and days whose sales are missing. Days that were sold "+
			"out say nothing against a higher forecast and are left out.", "",
		`{"first_day":"2024-12-10","last_day":"2024-12-16","overall":`+exampleMetric+`,"before":`+exampleMetric+`,"outlets":[],"best":[],"worst":[],
"edits":{"forecasts":0,"as_made":`+exampleMetric+`,"by_hand":`+exampleMetric+`},"gaps":[]}`), s.getAccuracy)
	add(s, planningRoute(http.MethodGet, "/planning/validations", "list-validations", tagForecast, "Comparisons of forecasts with sales",
		"Latest first. To get earlier ones, send `next` as `before`.", "", `{"validations":[`+exampleVal+`],"next":null}`), s.listValidations)
	add(s, planningRoute(http.MethodPost, "/planning/validations", "validate-forecasts", tagForecast, "Compare forecasts with sales",
		"Of a day that is over (yesterday unless said otherwise), and of days before it of which sales came late. It is done every night; "+
			"repeating it without new sales compares nothing.", `{"day":"2024-12-16"}`, `[`+exampleVal+`]`), s.validateForecasts)
	add(s, planningRoute(http.MethodGet, "/planning/validations/{id}", "get-validation", tagForecast, "A comparison in detail",
		"By outlet or by product, the best first.", "", exampleVal[:len(exampleVal)-1]+`,"metrics":[`+exampleMetric+`],"next":null}`), s.getValidation)
	add(s, planningRoute(http.MethodGet, "/planning/models", "list-models", tagForecast, "Models and their refits",
		"What was fitted, why, and how good it was before and after, latest first. What was not better was not adopted.", "",
		`{"models":[`+exampleModel+`],"next":null}`), s.listModels)
	add(s, planningRoute(http.MethodPost, "/planning/models", "refit-models", tagForecast, "Refit a product's model",
		"Or, without a product, those of the outlet that need it: MAPE above 30 %, 5 points worse than in the 30 days before, or older than "+
			"30 days. Up to twenty at a time. A refit that is not better is not adopted.", `{"outlet":"kitchen","sku":"wrap"}`, `[`+exampleModel+`]`), s.refitModels)
}

type metricView struct {
	Outlet   string   `json:"outlet" doc:"Empty: all" example:""`
	SKU      string   `json:"sku" doc:"Empty: all" example:""`
	Days     int      `json:"days" doc:"Products × days that were compared" example:"84"`
	MAE      *float64 `json:"mae" doc:"Mean absolute error, in units; null: cannot be said, as below" example:"3.1"`
	MAPE     *float64 `json:"mape" doc:"Mean absolute error as a share of sales, over days with sales; 1 = 100 %" example:"0.14"`
	RMSE     *float64 `json:"rmse" example:"4.2"`
	R2       *float64 `json:"r2" example:"0.91"`
	Accuracy *float64 `json:"accuracy" doc:"1 − WAPE, not below 0" example:"0.88"`
	WAPE     *float64 `json:"wape" doc:"Sum of absolute errors as a share of all sales" example:"0.12"`
	MASE     *float64 `json:"mase" doc:"Error over that of repeating last week" example:"0.71"`
	Bias     *float64 `json:"bias" doc:"Too much (above 0) or too little in total" example:"0.01"`
	Coverage *float64 `json:"coverage" doc:"Share of days within p05 to p95: 0.9 is right" example:"0.9"`
}

func viewMetric(m planning.Metric, names map[int64]string) metricView {
	return metricView{
		names[m.Outlet], m.SKU, m.Days, short(m.MAE), short(m.MAPE), short(m.RMSE), short(m.R2), short(m.Accuracy), short(m.WAPE), short(m.MASE),
		short(m.Bias), short(m.Coverage),
	}
}

func short(v float64) *float64 {
	p := said(v)
	if p != nil {
		*p = tidy(*p*10) / 10
	}
	return p
}

func viewMetrics(list []planning.Metric, names map[int64]string) []metricView {
	views := make([]metricView, len(list))
	for i, m := range list {
		views[i] = viewMetric(m, names)
	}
	return views
}

type gapView struct {
	Outlet string `json:"outlet" example:"kitchen"`
	Day    string `json:"day" example:"2024-12-15"`
}

type accuracyInput struct {
	OutletParam
	From string `query:"from" doc:"The first day, YYYY-MM-DD" example:"2024-12-10"`
	To   string `query:"to" doc:"The last day; without it yesterday" example:"2024-12-16"`
}

type accuracyOutput struct {
	Body struct {
		First   string       `json:"first_day" example:"2024-12-10"`
		Last    string       `json:"last_day" example:"2024-12-16"`
		Overall metricView   `json:"overall"`
		Before  metricView   `json:"before" doc:"Of as many days before"`
		Outlets []metricView `json:"outlets"`
		Best    []metricView `json:"best"`
		Worst   []metricView `json:"worst"`
		Edits   struct {
			Forecasts int        `json:"forecasts" doc:"That were changed by hand" example:"2"`
			AsMade    metricView `json:"as_made"`
			ByHand    metricView `json:"by_hand"`
		} `json:"edits"`
		Gaps []gapView `json:"gaps" doc:"Days with a forecast and without sales yet"`
	} `nameHint:"Accuracy"`
}

func (s *server) getAccuracy(ctx context.Context, who actor.Actor, in *accuracyInput) (*accuracyOutput, error) {
	q, err := s.query(ctx, who, DaysParam{OutletParam: in.OutletParam, From: in.From, To: in.To}, -7, -1)
	if err != nil {
		return nil, err
	}
	if in.From == "" && in.To != "" {
		q.First = q.Last - 6
	}
	a, err := s.Planning.Accuracy(ctx, who, q)
	if err != nil {
		return nil, err
	}
	names, err := s.outletNames(ctx, who)
	out := &accuracyOutput{}
	b := &out.Body
	b.First, b.Last, b.Overall, b.Before = a.First.String(), a.Last.String(), viewMetric(a.Overall, names), viewMetric(a.Before, names)
	b.Outlets, b.Best, b.Worst = viewMetrics(a.Outlets, names), viewMetrics(a.Best, names), viewMetrics(a.Worst, names)
	b.Edits.Forecasts, b.Edits.AsMade, b.Edits.ByHand = a.Edited, viewMetric(a.ByModel, names), viewMetric(a.ByHand, names)
	b.Gaps = make([]gapView, len(a.Gaps))
	for i, g := range a.Gaps {
		b.Gaps[i] = gapView{names[g.Outlet], g.Day.String()}
	}
	return out, err
}

// ValidationView is a comparison of forecasts with sales. It is exported for huma, as EstimateView.
type ValidationView struct {
	ID        int64                   `json:"id" example:"3"`
	Kind      planning.ValidationKind `json:"kind" enum:"daily,late,hand" example:"daily"`
	First     string                  `json:"first_day" example:"2024-12-16"`
	Last      string                  `json:"last_day" example:"2024-12-16"`
	Validated int                     `json:"validated" doc:"Forecasts that were compared" example:"12"`
	Late      int                     `json:"late" doc:"Outlets' days among them that came late, or again" example:"0"`
	Gaps      int                     `json:"gaps" doc:"Outlets' days that are still missing" example:"0"`
	Overall   metricView              `json:"overall"`
	By        string                  `json:"by" example:"nightly"`
	At        time.Time               `json:"at"`
}

func viewValidation(v planning.Validation) ValidationView {
	return ValidationView{
		v.ID, v.Kind, v.First.String(), v.Last.String(), v.Validated, v.Late, v.Gaps, viewMetric(v.Overall, nil), v.By, v.At,
	}
}

type validationsOutput struct {
	Body struct {
		Validations []ValidationView `json:"validations"`
		Next        *int64           `json:"next" doc:"What to send as before for earlier ones; null: there may be none"`
	} `nameHint:"Validations"`
}

func (s *server) listValidations(ctx context.Context, who actor.Actor, in *BackParam) (*validationsOutput, error) {
	list, err := s.Planning.Validations(ctx, who, in.Before, in.Limit)
	out := &validationsOutput{}
	out.Body.Validations = make([]ValidationView, len(list))
	for i, v := range list {
		out.Body.Validations[i] = viewValidation(v)
	}
	if len(list) == in.Limit {
		out.Body.Next = &list[len(list)-1].ID
	}
	return out, err
}

type validateInput struct {
	Body struct {
		Day string `json:"day,omitempty" doc:"Without it yesterday" example:"2024-12-16"`
	} `nameHint:"Validate"`
}

type validatedOutput struct{ Body []ValidationView }

func (s *server) validateForecasts(ctx context.Context, who actor.Actor, in *validateInput) (*validatedOutput, error) {
	today, err := s.today(ctx, who, 0)
	if err != nil {
		return nil, err
	}
	day, err := dayOr("day", in.Body.Day, today-1)
	if err != nil {
		return nil, err
	}
	list, err := s.Planning.ValidateNow(ctx, who, day)
	out := &validatedOutput{make([]ValidationView, len(list))}
	for i, v := range list {
		out.Body[i] = viewValidation(v)
	}
	return out, err
}

type validationInput struct {
	ID     int64          `path:"id" example:"3"`
	Level  planning.Level `query:"level" enum:"outlet,product" default:"product" doc:"By what"`
	Limit  int            `query:"limit" minimum:"1" maximum:"5000" default:"500" doc:"Rows per page"`
	Offset int            `query:"offset" minimum:"0" maximum:"10000000" doc:"How many to leave out: next of the page before"`
}

type validationOutput struct {
	Body struct {
		ValidationView
		Metrics []metricView `json:"metrics" doc:"The best first"`
		Next    *int         `json:"next" doc:"What to send as offset for the next page; null: there is none"`
	} `nameHint:"ValidationDetail"`
}

func (s *server) getValidation(ctx context.Context, who actor.Actor, in *validationInput) (*validationOutput, error) {
	v, list, err := s.Planning.Metrics(ctx, who, in.ID, in.Level, in.Offset, in.Limit)
	if err != nil {
		return nil, err
	}
	names, err := s.outletNames(ctx, who)
	out := &validationOutput{}
	out.Body.ValidationView, out.Body.Metrics = viewValidation(v), viewMetrics(list, names)
	out.Body.Next = nextOf(planning.Query{Skip: in.Offset, Most: in.Limit}, len(list))
	return out, err
}

type modelView struct {
	Outlet  string    `json:"outlet" example:"kitchen"`
	SKU     string    `json:"sku" example:"wrap"`
	Version int       `json:"version" example:"2"`
	On      string    `json:"fitted_on" doc:"The last day it was fitted with" example:"2024-12-16"`
	History int       `json:"history_days" doc:"That it looks at; 0: all" example:"182"`
	Adopted bool      `json:"adopted"`
	Reason  string    `json:"reason" enum:"first,mape,worse,age,hand" example:"mape"`
	Before  *float64  `json:"mape_before" doc:"Of the model it was compared with, over the last four weeks" example:"0.41"`
	After   *float64  `json:"mape_after" doc:"Its own, over the same weeks" example:"0.28"`
	At      time.Time `json:"at"`
}

func viewModels(list []planning.Fitted, names map[int64]string) []modelView {
	views := make([]modelView, len(list))
	for i, f := range list {
		views[i] = modelView{
			names[f.Outlet], f.SKU, f.Version, f.On.String(), f.History, f.Adopted, f.Reason, short(f.Before), short(f.After), f.At,
		}
	}
	return views
}

type modelsInput struct {
	OutletParam
	SKU    string `query:"sku" doc:"Only this product" example:"wrap" maxLength:"200"`
	Limit  int    `query:"limit" minimum:"1" maximum:"5000" default:"100" doc:"Rows per page"`
	Offset int    `query:"offset" minimum:"0" maximum:"10000000" doc:"How many to leave out: next of the page before"`
}

type modelsOutput struct {
	Body struct {
		Models []modelView `json:"models"`
		Next   *int        `json:"next" doc:"What to send as offset for the next page; null: there is none"`
	} `nameHint:"Models"`
}

func (s *server) listModels(ctx context.Context, who actor.Actor, in *modelsInput) (*modelsOutput, error) {
	q, err := s.query(ctx, who, DaysParam{OutletParam: in.OutletParam, SKU: in.SKU, Limit: in.Limit, Offset: in.Offset}, 0, 0)
	if err != nil {
		return nil, err
	}
	list, err := s.Planning.Models(ctx, who, q)
	if err != nil {
		return nil, err
	}
	names, err := s.outletNames(ctx, who)
	out := &modelsOutput{}
	out.Body.Models, out.Body.Next = viewModels(list, names), nextOf(q, len(list))
	return out, err
}

type refitInput struct {
	Body struct {
		Outlet string `json:"outlet,omitempty" doc:"Slug or id; without it, the token's own or the default one" example:"kitchen" maxLength:"100"`
		SKU    string `json:"sku,omitempty" doc:"Without it, what needs it" example:"wrap" maxLength:"200"`
	} `nameHint:"Refit"`
}

type refitOutput struct{ Body []modelView }

func (s *server) refitModels(ctx context.Context, who actor.Actor, in *refitInput) (*refitOutput, error) {
	if err := clean("sku", in.Body.SKU); err != nil {
		return nil, err
	}
	outlet, err := s.outletField(ctx, who, in.Body.Outlet)
	if err != nil {
		return nil, err
	}
	list, err := s.Planning.RefitNow(ctx, who, outlet, in.Body.SKU)
	if err != nil {
		return nil, err
	}
	names, err := s.outletNames(ctx, who)
	return &refitOutput{viewModels(list, names)}, err
}
