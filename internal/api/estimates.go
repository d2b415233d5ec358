package api

import (
	"context"
	"net/http"
	"regexp"
	"time"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/kitchen"
)

// Estimates shows what was learned about how long work takes; *kitchen.Estimates.
type Estimates interface {
	List(ctx context.Context, who actor.Actor, outlet int64, skip, most int) ([]kitchen.StepEstimate, int, error)
	Show(ctx context.Context, who actor.Actor, outlet int64, ref kitchen.StepRef, before string, most int) (kitchen.StepEstimate, []kitchen.EstimateDay, error)
	Factors(ctx context.Context, who actor.Actor, outlet int64) ([]kitchen.Factor, error)
	Pin(ctx context.Context, who actor.Actor, outlet int64, ref kitchen.StepRef, pinned time.Duration) (kitchen.StepEstimate, error)
}

const exampleEstimate = `{"sku":"burger_combo","item":"Burger combo","step":0,"description":"grill patty","station":"griller",
"base_secs":80,"learned_secs":93.5,"p90_secs":121.2,"in_force_secs":93.5,"samples":412,"pinned_secs":null,"pinned_by":"",
"pinned_at":null,"updated_at":"2024-12-16T12:00:00Z"}`

func (s *server) addEstimates() {
	at := func(method, path, id, summary, description, response string) route {
		return route{
			method: method, path: "/api/v1/kitchen" + path, view: ViewCanonical, id: id, tag: tagKitchen, summary: summary,
			description: description, errors: []int{http.StatusNotFound}, response: response,
		}
	}
	add(s, at(http.MethodGet, "/estimates", "list-estimates", "How long steps take",
		"Every step of the menu: what its recipe says, what was learned from tasks that people completed, and what new tasks "+
			"take. To get the next page, send `next` as `offset`.",
		`{"estimates":[`+exampleEstimate+`],"total":1,"next":null}`), s.listEstimates)
	add(s, at(http.MethodGet, "/estimates/{sku}/{step}", "get-estimate", "How long a step takes, day by day",
		"A step with how its estimate stood at the end of each day on which something was learned, latest first. To get "+
			"earlier days, send `next` as `before`.",
		exampleEstimate[:len(exampleEstimate)-1]+`,"history":[{"day":"2024-12-16","learned_secs":93.5,"p90_secs":121.2,
"in_force_secs":93.5,"samples":412}],"next":null}`), s.getEstimate)
	add(s, at(http.MethodGet, "/factors", "list-factors", "What makes work take longer",
		"How much longer than expected work takes at each station, with each person (compared with somebody of efficiency 1), and "+
			"with so many other tasks in hand (compared with the usual).",
		`[{"kind":"person","name":"Asha","load":null,"factor":0.91,"samples":412}]`), s.listFactors)
	pin := at(http.MethodPut, "/estimates/{sku}/{step}/pin", "pin-estimate", "Pin an estimate",
		"New tasks of the step take this long, whatever is learned. Repeating it is fine.", exampleEstimate)
	pin.request = `{"seconds":95}`
	add(s, pin, s.pinEstimate)
	add(s, at(http.MethodDelete, "/estimates/{sku}/{step}/pin", "unpin-estimate", "Unpin an estimate",
		"New tasks of the step take what was learned again. Repeating it is fine.", exampleEstimate), s.unpinEstimate)
}

// EstimateView is how long a step takes. It is exported for huma, which documents exported embedded types only.
type EstimateView struct {
	SKU         string     `json:"sku" example:"burger_combo"`
	Item        string     `json:"item" example:"Burger combo"`
	Step        int        `json:"step" doc:"Index in the recipe, from 0" example:"0"`
	Description string     `json:"description" example:"grill patty"`
	Station     string     `json:"station" example:"griller"`
	BaseSecs    float64    `json:"base_secs" doc:"As the recipe says" example:"80"`
	LearnedSecs *float64   `json:"learned_secs" doc:"As learned: half take longer; null: too little is known" example:"93.5"`
	P90Secs     *float64   `json:"p90_secs" doc:"Nine in ten take less" example:"121.2"`
	InForceSecs float64    `json:"in_force_secs" doc:"What new tasks take" example:"93.5"`
	Samples     int64      `json:"samples" doc:"Tasks that people completed, ever" example:"412"`
	PinnedSecs  *float64   `json:"pinned_secs" doc:"null: not pinned" example:"95"`
	PinnedBy    string     `json:"pinned_by" example:""`
	PinnedAt    *time.Time `json:"pinned_at"`
	UpdatedAt   *time.Time `json:"updated_at" doc:"When something was learned; null: never"`
}

func viewEstimate(e kitchen.StepEstimate) EstimateView {
	return EstimateView{
		SKU: e.SKU, Item: e.Item, Step: e.Step, Description: e.Description, Station: e.StationName,
		BaseSecs: inSeconds(e.Base), LearnedSecs: given(inSeconds(e.Learned)), P90Secs: given(inSeconds(e.P90)),
		InForceSecs: inSeconds(e.InForce), Samples: e.Samples, PinnedSecs: given(inSeconds(e.Pinned)), PinnedBy: e.PinnedBy,
		PinnedAt: when(e.PinnedAt), UpdatedAt: when(e.UpdatedAt),
	}
}

// inSeconds is exact to the millisecond: nobody cooks finer.
func inSeconds(d time.Duration) float64 {
	return float64(d.Round(time.Millisecond)/time.Millisecond) / 1000
}

type estimatesInput struct {
	OutletParam
	Limit  int `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"Steps per page"`
	Offset int `query:"offset" minimum:"0" maximum:"1000000" doc:"How many to leave out: next of the page before"`
}

type estimatesOutput struct {
	Body struct {
		Estimates []EstimateView `json:"estimates"`
		Total     int            `json:"total" example:"1"`
		Next      *int           `json:"next" doc:"What to send as offset for the next page; null: there is none"`
	} `nameHint:"Estimates"`
}

func (s *server) listEstimates(ctx context.Context, who actor.Actor, in *estimatesInput) (*estimatesOutput, error) {
	outlet, err := s.outlet(ctx, who, in.Outlet)
	if err != nil {
		return nil, err
	}
	list, total, err := s.Estimates.List(ctx, who, outlet, in.Offset, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &estimatesOutput{}
	out.Body.Estimates, out.Body.Total = make([]EstimateView, len(list)), total
	for i, e := range list {
		out.Body.Estimates[i] = viewEstimate(e)
	}
	if next := in.Offset + len(list); next < total {
		out.Body.Next = &next
	}
	return out, nil
}

// StepParam is the step that a request is about. It is exported for huma, as OutletParam.
type StepParam struct {
	OutletParam
	SKU  string `path:"sku" doc:"The item's SKU" example:"burger_combo" maxLength:"200"`
	Step int    `path:"step" minimum:"0" maximum:"10000" doc:"Index of the recipe's step, from 0" example:"0"`
}

func (p StepParam) ref() (kitchen.StepRef, error) {
	return kitchen.StepRef{SKU: p.SKU, Step: p.Step}, clean("sku", p.SKU)
}

type estimateInput struct {
	StepParam
	Before string `query:"before" doc:"Only days before this one, YYYY-MM-DD: next of the page before" example:"2024-12-16"`
	Limit  int    `query:"limit" minimum:"1" maximum:"400" default:"30" doc:"Days per page"`
}

type estimateDay struct {
	Day         string   `json:"day" doc:"In the outlet's zone" example:"2024-12-16"`
	LearnedSecs *float64 `json:"learned_secs" example:"93.5"`
	P90Secs     *float64 `json:"p90_secs" example:"121.2"`
	InForceSecs float64  `json:"in_force_secs" example:"93.5"`
	Samples     int64    `json:"samples" doc:"Until then" example:"412"`
}

type estimateOutput struct {
	Body struct {
		EstimateView
		History []estimateDay `json:"history" doc:"Latest first"`
		Next    *string       `json:"next" doc:"What to send as before for earlier days; null: there may be none"`
	} `nameHint:"Estimate"`
}

var isDay = regexp.MustCompile(`^\d{4}-\d\d-\d\d$`)

// checkDay refuses what is no day of the calendar. Errors: KindInvalid.
func checkDay(field, day string) error {
	if _, err := time.Parse(time.DateOnly, day); day != "" && (err != nil || !isDay.MatchString(day)) {
		var f errs.Fields
		f.Add(field, "must be a day as YYYY-MM-DD")
		return f.Err()
	}
	return nil
}

func (s *server) getEstimate(ctx context.Context, who actor.Actor, in *estimateInput) (*estimateOutput, error) {
	ref, err := in.ref()
	if err != nil {
		return nil, err
	}
	if err := checkDay("before", in.Before); err != nil {
		return nil, err
	}
	outlet, err := s.outlet(ctx, who, in.Outlet)
	if err != nil {
		return nil, err
	}
	e, days, err := s.Estimates.Show(ctx, who, outlet, ref, in.Before, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &estimateOutput{}
	out.Body.EstimateView, out.Body.History = viewEstimate(e), make([]estimateDay, len(days))
	for i, d := range days {
		out.Body.History[i] = estimateDay{
			d.Day, given(inSeconds(d.Learned)), given(inSeconds(d.P90)), inSeconds(d.InForce), d.Samples,
		}
	}
	if len(days) == in.Limit {
		out.Body.Next = &days[len(days)-1].Day
	}
	return out, nil
}

type factorView struct {
	Kind    string  `json:"kind" enum:"station,person,load" example:"person"`
	Name    string  `json:"name" doc:"Of the station or person" example:"Asha"`
	Load    *int64  `json:"load" doc:"Other tasks in hand; the highest counts for more, too" example:"2"`
	Factor  float64 `json:"factor" doc:"Actual ÷ expected; 1 while too little is known" example:"0.91"`
	Samples int64   `json:"samples" example:"412"`
}

type factorsOutput struct{ Body []factorView }

func (s *server) listFactors(ctx context.Context, who actor.Actor, in *OutletParam) (*factorsOutput, error) {
	outlet, err := s.outlet(ctx, who, in.Outlet)
	if err != nil {
		return nil, err
	}
	list, err := s.Estimates.Factors(ctx, who, outlet)
	out := &factorsOutput{make([]factorView, len(list))}
	for i, f := range list {
		out.Body[i] = factorView{Kind: f.Kind, Name: f.Name, Factor: f.Factor, Samples: f.Samples}
		if f.Kind == "load" {
			out.Body[i].Load = &list[i].Ref
		}
	}
	return out, err
}

type pinInput struct {
	StepParam
	Body struct {
		Seconds float64 `json:"seconds" doc:"Above 0, at most a day" exclusiveMinimum:"0" maximum:"86400" example:"95"`
	} `nameHint:"Pin"`
}

type pinOutput struct{ Body EstimateView }

func (s *server) pinEstimate(ctx context.Context, who actor.Actor, in *pinInput) (*pinOutput, error) {
	pinned := max(time.Millisecond, time.Duration(in.Body.Seconds*float64(time.Second)))
	return s.pin(ctx, who, in.StepParam, pinned)
}

func (s *server) unpinEstimate(ctx context.Context, who actor.Actor, in *StepParam) (*pinOutput, error) {
	return s.pin(ctx, who, *in, 0)
}

func (s *server) pin(ctx context.Context, who actor.Actor, in StepParam, pinned time.Duration) (*pinOutput, error) {
	ref, err := in.ref()
	if err != nil {
		return nil, err
	}
	outlet, err := s.outlet(ctx, who, in.Outlet)
	if err != nil {
		return nil, err
	}
	e, err := s.Estimates.Pin(ctx, who, outlet, ref, pinned)
	return &pinOutput{viewEstimate(e)}, err
}
