package api

import (
	"context"
	"net/http"

	"brigade/internal/actor"
	"brigade/internal/kitchen"
	"brigade/internal/kitchen/sched"
)

const exampleRules = `{"policy":"brigade","wait":1,"late":3,"together":0.5}`

func (s *server) addRules() {
	get := changes(http.MethodGet, "/outlets/{outlet}/rules", "get-rules", tagKitchen, "By which rules a kitchen decides",
		"The policy and, for `brigade`, what a minute of waiting, of lateness and between an order's first item and its last cost in comparison.",
		"", exampleRules)
	get.errors = []int{http.StatusNotFound}
	add(s, get, s.rules)
	add(s, changes(http.MethodPut, "/outlets/{outlet}/rules", "put-rules", tagKitchen, "Set by which rules a kitchen decides",
		"All settings at once; they hold from the next decision on. More of one aim is less of the others: `together` 0 never holds "+
			"anything back, a high one lets food wait less for the rest of its order and guests longer.", exampleRules, exampleRules), s.putRules)
}

// RulesBody is how a kitchen decides. It is exported for huma, as OrderView.
type RulesBody struct {
	Policy   string  `json:"policy" enum:"brigade,greedy,fifo" example:"brigade"`
	Wait     float64 `json:"wait" minimum:"0" maximum:"100" doc:"Cost of a minute until an order is ready" example:"1"`
	Late     float64 `json:"late" minimum:"0" maximum:"100" doc:"Cost of a minute after its promise" example:"3"`
	Together float64 `json:"together" minimum:"0" maximum:"100" doc:"Cost of a minute between its first item and its last" example:"0.5"`
}

type rulesInput struct {
	Outlet string `path:"outlet" doc:"Slug or id" example:"kitchen" maxLength:"100"`
}

type putRulesInput struct {
	rulesInput
	Body RulesBody
}

type rulesOutput struct{ Body RulesBody }

func (s *server) rules(ctx context.Context, who actor.Actor, in *rulesInput) (*rulesOutput, error) {
	outlet, err := s.outlet(ctx, who, in.Outlet)
	if err != nil {
		return nil, err
	}
	r, err := s.Work.Rules(ctx, who, outlet)
	return &rulesOutput{RulesBody{string(r.Policy), r.Wait, r.Late, r.Together}}, err
}

func (s *server) putRules(ctx context.Context, who actor.Actor, in *putRulesInput) (*rulesOutput, error) {
	outlet, err := s.outlet(ctx, who, in.Outlet)
	if err != nil {
		return nil, err
	}
	b := in.Body
	r := kitchen.Rules{Policy: sched.Policy(b.Policy), Wait: b.Wait, Late: b.Late, Together: b.Together}
	return &rulesOutput{b}, s.Work.PutRules(ctx, who, outlet, r)
}
