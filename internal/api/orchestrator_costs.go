package api

import (
	"context"
	"math"
	"net/http"

	"brigade/internal/actor"
	"brigade/internal/workflow"
)

const exampleCostFigures = `"runs":30,"tenants":1,"mean_seconds":0.42,"p95_seconds":0.61,"cpu_ms":41.5,"db_ms":12.1,"rows":380`

func (s *server) addWorkflowCosts() {
	add(s, orchestratorRoute(http.MethodGet, "/costs", "workflow-costs", "What steps take, and whether it is more than before",
		"By step, and by the date that it was for, over the last days and as many before; and the steps of tenants that took longest. Counted as soon as "+
			"a step is over, and kept when executions are deleted. CPU, database time and rows are those of one tenant in one run, on average. A tenant sees his own.", "",
		`{"days":30,"from":"2024-11-17","steps":[{"workflow_id":1,"workflow_name":"daily","step":"forecasts",`+exampleCostFigures+`,"before":{`+exampleCostFigures+
			`},"change":0.0,"by_day":[{"date":"2024-12-16",`+exampleCostFigures+`}]}],
"slowest":[{"workflow_id":1,"workflow_name":"daily","step":"forecasts","tenant_id":7,"times":30,"mean_seconds":0.42,"longest_seconds":0.9,"cpu_ms":41.5,"db_ms":12.1,"rows":380}]}`),
		s.workflowCosts)
}

type workflowCostsInput struct {
	Days     int    `query:"days" minimum:"1" maximum:"183" default:"30" doc:"So many days back"`
	Workflow string `query:"workflow" doc:"Only this one's, by id or name" example:"daily" maxLength:"64"`
}

// CostFigures are what a step took. It is exported for huma, as OutletParam.
type CostFigures struct {
	Runs    int     `json:"runs" doc:"One that was retried by hand counts again" example:"30"`
	Tenants int     `json:"tenants" doc:"Different ones; of several dates, of that with the most" example:"1"`
	Mean    float64 `json:"mean_seconds" doc:"For a tenant; of what is done for many at once, his share" example:"0.42"`
	P95     float64 `json:"p95_seconds" doc:"95 of 100 took no longer, to within 9 %" example:"0.61"`
	CPU     float64 `json:"cpu_ms" doc:"Of a tenant in a run" example:"41.5"`
	DB      float64 `json:"db_ms" doc:"Likewise, in which Postgres was waited for" example:"12.1"`
	Rows    int64   `json:"rows" doc:"Likewise, read and written" example:"380"`
}

type costDayView struct {
	Date string `json:"date" example:"2024-12-16"`
	CostFigures
}

type costTrendView struct {
	Workflow int64  `json:"workflow_id" example:"1"`
	Name     string `json:"workflow_name" example:"daily"`
	Step     string `json:"step" example:"forecasts"`
	CostFigures
	Before CostFigures   `json:"before" doc:"Over as many days before"`
	Change *float64      `json:"change" doc:"Of CPU and database time, as a share of the time before; null: there is nothing to compare" example:"0.25"`
	Days   []costDayView `json:"by_day" doc:"Dates without a run are left out"`
}

type slowStepView struct {
	Workflow int64   `json:"workflow_id" example:"1"`
	Name     string  `json:"workflow_name" example:"daily"`
	Step     string  `json:"step" example:"forecasts"`
	Tenant   int64   `json:"tenant_id" example:"7"`
	Times    int     `json:"times" doc:"So often it was done" example:"30"`
	Mean     float64 `json:"mean_seconds" example:"0.42"`
	Longest  float64 `json:"longest_seconds" example:"0.9"`
	CPU      float64 `json:"cpu_ms" doc:"Each time, on average" example:"41.5"`
	DB       float64 `json:"db_ms" example:"12.1"`
	Rows     int64   `json:"rows" example:"380"`
}

type workflowCostsOutput struct {
	Body struct {
		Days    int             `json:"days" example:"30"`
		From    string          `json:"from" doc:"The first of them" example:"2024-11-17"`
		Steps   []costTrendView `json:"steps"`
		Slowest []slowStepView  `json:"slowest" doc:"What took longest once first"`
	} `nameHint:"WorkflowCosts"`
}

func (s *server) workflowCosts(ctx context.Context, who actor.Actor, in *workflowCostsInput) (*workflowCostsOutput, error) {
	trends, slowest, err := s.Workflows.CostTrends(ctx, who, in.Workflow, in.Days)
	if err != nil {
		return nil, err
	}
	out := &workflowCostsOutput{}
	out.Body.Days, out.Body.Steps, out.Body.Slowest = in.Days, make([]costTrendView, len(trends)), make([]slowStepView, len(slowest))
	out.Body.From = (workflow.DayIn(s.Clock.Now().UTC()) - workflow.Day(in.Days) + 1).String()
	for i := range trends {
		out.Body.Steps[i] = viewCostTrend(&trends[i])
	}
	for i, x := range slowest {
		each := workflow.CostFigures{Steps: x.Steps, Cost: x.Cost}.Each()
		out.Body.Slowest[i] = slowStepView{
			Workflow: x.Workflow, Name: x.Name, Step: x.Step, Tenant: x.Tenant, Times: x.Steps, Mean: x.Mean.Seconds(), Longest: x.Longest.Seconds(),
			CPU: millis(each.CPU), DB: millis(each.DB), Rows: each.Rows,
		}
	}
	return out, nil
}

func viewCostTrend(t *workflow.CostTrend) costTrendView {
	v := costTrendView{
		Workflow: t.Workflow, Name: t.Name, Step: t.Step, CostFigures: viewCostFigures(t.Now), Before: viewCostFigures(t.Before), Days: make([]costDayView, len(t.Days)),
	}
	if share, ok := t.Change(); ok {
		share = math.Round(share*1e4) / 1e4
		v.Change = &share
	}
	for i, d := range t.Days {
		v.Days[i] = costDayView{d.Day.String(), viewCostFigures(d.CostFigures)}
	}
	return v
}

func viewCostFigures(f workflow.CostFigures) CostFigures {
	each := f.Each()
	return CostFigures{
		Runs: f.Runs, Tenants: f.Tenants, Mean: f.Mean.Seconds(), P95: f.P95.Seconds(), CPU: millis(each.CPU), DB: millis(each.DB), Rows: each.Rows,
	}
}
