package api

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/workflow"
)

func (s *server) addSchedule() {
	r := orchestratorRoute
	add(s, r(http.MethodGet, "/schedule", "get-schedule", "When workflows are done", "Those that have a cron expression, by zone, the soonest first.", "",
		`{"schedules":[`+exampleSchedule+`]}`), s.getSchedule)
	add(s, r(http.MethodPut, "/schedule", "put-schedule", "Change when a workflow is done",
		"What is left out stays as it is. As for a workflow: who changes a built-in one gets one of his own.",
		`{"workflow":"daily","cron":"30 7 * * *","timezone":"Europe/Madrid","rules":{"days_off":"skip","weekdays_off":["sun"],"country":"es"}}`, exampleWorkflow), s.putSchedule)
	add(s, r(http.MethodGet, "/schedule/next-run", "next-run", "What is done next",
		"The next run of all, or of one workflow with its further runs within a year.", "",
		`{"workflow_id":1,"workflow_name":"daily","timezone":"Europe/Madrid","next_run":"2024-12-17T07:00:00Z","seconds_until":3600,
"upcoming":["2024-12-17T07:00:00Z"]}`), s.nextRun)
	add(s, r(http.MethodGet, "/health", "orchestrator-health", "Whether workflows are done", "Answers while the process lives; leader says whether somebody decides.", "",
		`{"status":"ok","instance_id":"orchestrator-1","is_leader":true,"leader":"orchestrator-1"}`), s.orchestratorHealth)
	add(s, r(http.MethodGet, "/leader", "get-leader", "Who decides when workflows begin",
		"By the database's clock. Workers on every node do the steps; the leader only schedules.", "",
		`{"instance_id":"orchestrator-1","is_leader":true,"leader":"orchestrator-1","since":"2024-12-16T06:00:00Z","last_heartbeat":"2024-12-16T07:00:00Z","epoch":3}`), s.getLeader)
	add(s, r(http.MethodGet, "/metrics", "orchestrator-metrics", "Each day's figures",
		"By workflow: how many executions, how long, what they took. Who asks for text, as Prometheus does, gets this instance's metrics.", "",
		`{"metrics":[`+exampleFlowFigures+`]}`), s.orchestratorMetrics)
	add(s, r(http.MethodGet, "/statistics", "orchestrator-statistics", "How workflows do", "Of the last days, all together and by workflow.", "",
		`{"days":30,"total":`+exampleFlowTotals+`,"workflows":[`+exampleFlowTotals+`]}`), s.orchestratorStatistics)
}

const (
	exampleSchedule = `{"workflow_id":1,"workflow_name":"daily","cron":"0 8 * * *","timezone":"Europe/Madrid","enabled":true,
"last_run":"2024-12-16T07:00:00Z","next_run":"2024-12-17T07:00:00Z"}`
	exampleFlowFigures = `{"workflow_id":1,"workflow_name":"daily","date":"2024-12-16","executions":2,"completed":2,"failed":0,"cancelled":0,"retries":1,
"success_rate":100,"average_duration_seconds":12.5,"min_duration_seconds":11,"max_duration_seconds":14,"tenants_processed":2,"steps_completed":12,"steps_failed":0,
"cpu_ms":83,"db_ms":24.2,"rows":760}`
	exampleFlowTotals = `{"workflow_name":"daily","executions":2,"completed":2,"failed":0,"cancelled":0,"retries":1,"success_rate":100,
"average_duration_seconds":12.5,"min_duration_seconds":11,"max_duration_seconds":14,"tenants_processed":2,"steps_completed":12,"steps_failed":0,"cpu_ms":83,"db_ms":24.2,"rows":760}`
)

type scheduleView struct {
	Workflow int64           `json:"workflow_id" example:"1"`
	Name     string          `json:"workflow_name" example:"daily"`
	Cron     string          `json:"cron" example:"0 8 * * *"`
	Timezone string          `json:"timezone" example:"Europe/Madrid"`
	Enabled  bool            `json:"enabled"`
	Rules    json.RawMessage `json:"rules,omitempty"`
	Last     *time.Time      `json:"last_run" doc:"null: not yet"`
	Next     *time.Time      `json:"next_run"`
}

type scheduleOutput struct {
	Body struct {
		Schedules []scheduleView `json:"schedules"`
	} `nameHint:"Schedules"`
}

func (s *server) getSchedule(ctx context.Context, who actor.Actor, _ *struct{}) (*scheduleOutput, error) {
	list, err := s.Workflows.Upcoming(ctx, who)
	if err != nil {
		return nil, err
	}
	out := &scheduleOutput{}
	out.Body.Schedules = make([]scheduleView, len(list))
	for i, d := range list {
		v := scheduleView{
			Workflow: d.Workflow.ID, Name: d.Workflow.Name, Cron: d.Workflow.Cron, Timezone: d.Zone, Enabled: d.Workflow.Enabled,
			Last: d.Workflow.LastAt, Next: d.Next,
		}
		if string(d.Workflow.Rules) != "{}" {
			v.Rules = d.Workflow.Rules
		}
		out.Body.Schedules[i] = v
	}
	return out, nil
}

type putScheduleInput struct {
	Body struct {
		_        struct{}       `json:"-" additionalProperties:"true"`
		Workflow string         `json:"workflow,omitempty" doc:"Its id or name; without it daily" example:"daily" maxLength:"64"`
		Cron     *string        `json:"cron,omitempty" example:"30 7 * * *"`
		Timezone *string        `json:"timezone,omitempty" example:"Europe/Madrid"`
		Enabled  *bool          `json:"enabled,omitempty"`
		Rules    *workflowRules `json:"rules,omitempty"`
	} `nameHint:"ScheduleChange"`
}

func (s *server) putSchedule(ctx context.Context, who actor.Actor, in *putScheduleInput) (*workflowOutput, error) {
	ref := in.Body.Workflow
	if ref == "" {
		ref = "daily"
	}
	change := workflowChange{Cron: in.Body.Cron, Timezone: in.Body.Timezone, Enabled: in.Body.Enabled, Rules: in.Body.Rules}
	w, err := s.Workflows.Put(ctx, who, ref, "schedule", change.apply)
	if err != nil {
		return nil, err
	}
	return &workflowOutput{viewWorkflow(w)}, nil
}

type nextRunInput struct {
	Workflow string `query:"workflow" doc:"Only this one, by id or name" example:"daily" maxLength:"64"`
	Count    int    `query:"count" minimum:"1" maximum:"1000" default:"1" doc:"So many runs of the workflow"`
}

type nextRunOutput struct {
	Body struct {
		Workflow int64       `json:"workflow_id,omitempty" example:"1"`
		Name     string      `json:"workflow_name,omitempty" example:"daily"`
		Timezone string      `json:"timezone,omitempty" example:"Europe/Madrid"`
		Next     *time.Time  `json:"next_run" doc:"null: nothing is due"`
		Until    *float64    `json:"seconds_until" example:"3600"`
		Upcoming []time.Time `json:"upcoming"`
	} `nameHint:"NextRun"`
}

func (s *server) nextRun(ctx context.Context, who actor.Actor, in *nextRunInput) (*nextRunOutput, error) {
	out := &nextRunOutput{}
	b := &out.Body
	b.Upcoming = []time.Time{}
	if in.Workflow != "" {
		w, err := s.Workflows.Workflow(ctx, who, in.Workflow)
		if err != nil {
			return nil, err
		}
		if b.Upcoming, err = s.Workflows.Preview(ctx, who, in.Workflow, in.Count); err != nil {
			return nil, err
		}
		b.Workflow, b.Name, b.Timezone = w.ID, w.Name, w.Zone
	} else {
		list, err := s.Workflows.Upcoming(ctx, who)
		if err != nil {
			return nil, err
		}
		if len(list) > 0 {
			b.Workflow, b.Name, b.Timezone = list[0].Workflow.ID, list[0].Workflow.Name, list[0].Zone
			b.Upcoming = append(b.Upcoming, *list[0].Next)
		}
	}
	if b.Upcoming == nil {
		b.Upcoming = []time.Time{}
	}
	if len(b.Upcoming) > 0 {
		left := max(0, b.Upcoming[0].Sub(s.Clock.Now()).Seconds())
		b.Next, b.Until = &b.Upcoming[0], &left
	}
	return out, nil
}

type leaderOutput struct {
	Body struct {
		Instance  string     `json:"instance_id" doc:"This one" example:"orchestrator-1"`
		Here      bool       `json:"is_leader" doc:"This one decides"`
		Leader    *string    `json:"leader" doc:"null: nobody just now" example:"orchestrator-1"`
		Since     *time.Time `json:"since"`
		Heartbeat *time.Time `json:"last_heartbeat"`
		Epoch     int64      `json:"epoch" doc:"One higher with each leader" example:"3"`
	} `nameHint:"Leader"`
}

func (s *server) getLeader(ctx context.Context, _ actor.Actor, _ *struct{}) (*leaderOutput, error) {
	if s.Leader == nil {
		return nil, errs.Unavailable("nobody here knows who decides")
	}
	l, err := s.Leader(ctx)
	if err != nil {
		return nil, err
	}
	out := &leaderOutput{}
	b := &out.Body
	b.Instance, b.Here, b.Since, b.Heartbeat, b.Epoch = l.Instance, l.Here, l.Since, l.Heartbeat, l.Fence
	if l.Leader != "" {
		b.Leader = &l.Leader
	}
	return out, nil
}

type orchestratorHealthOutput struct {
	Body struct {
		Status   string  `json:"status" example:"ok"`
		Instance string  `json:"instance_id,omitempty" example:"orchestrator-1"`
		Here     bool    `json:"is_leader"`
		Leader   *string `json:"leader" doc:"null: nobody just now, or Postgres is away" example:"orchestrator-1"`
	} `nameHint:"OrchestratorHealth"`
}

func (s *server) orchestratorHealth(ctx context.Context, _ actor.Actor, _ *struct{}) (*orchestratorHealthOutput, error) {
	out := &orchestratorHealthOutput{}
	out.Body.Status = "ok"
	ctx, cancel := context.WithTimeout(ctx, readyIn)
	defer cancel()
	if s.Leader == nil {
		return out, nil
	}
	l, err := s.Leader(ctx)
	out.Body.Instance, out.Body.Here = l.Instance, l.Here
	if err == nil && l.Leader != "" {
		out.Body.Leader = &l.Leader
	}
	return out, nil // alive, whatever Postgres does
}

// flowFiguresView is what executions of a workflow came to.
type flowFiguresView struct {
	Workflow   int64   `json:"workflow_id,omitempty" example:"1"`
	Name       string  `json:"workflow_name,omitempty" example:"daily"`
	Date       string  `json:"date,omitempty" example:"2024-12-16"`
	Executions int     `json:"executions" example:"2"`
	Completed  int     `json:"completed" example:"2"`
	Failed     int     `json:"failed" example:"0"`
	Cancelled  int     `json:"cancelled" example:"0"`
	Retries    int     `json:"retries" example:"1"`
	Success    float64 `json:"success_rate" doc:"Of those that were not cancelled, in percent" example:"100"`
	Average    float64 `json:"average_duration_seconds" example:"12.5"`
	Shortest   float64 `json:"min_duration_seconds" example:"11"`
	Longest    float64 `json:"max_duration_seconds" example:"14"`
	Tenants    int64   `json:"tenants_processed" example:"2"`
	Steps      int64   `json:"steps_completed" example:"12"`
	StepsBad   int64   `json:"steps_failed" example:"0"`
	CPU        float64 `json:"cpu_ms" example:"83"`
	DB         float64 `json:"db_ms" example:"24.2"`
	Rows       int64   `json:"rows" example:"760"`
}

func viewFlowFigures(d workflow.DayFigures) flowFiguresView {
	v := flowFiguresView{
		Workflow: d.Workflow, Name: d.Name, Executions: d.Completed + d.Failed + d.Cancelled, Completed: d.Completed, Failed: d.Failed,
		Cancelled: d.Cancelled, Retries: d.Retries, Shortest: d.Shortest, Longest: d.Longest, Tenants: d.Tenants, Steps: d.StepsCompleted,
		StepsBad: d.StepsFailed, CPU: millis(d.Cost.CPU), DB: millis(d.Cost.DB), Rows: d.Cost.Rows,
	}
	if n := d.Completed + d.Failed; n > 0 {
		v.Success = 100 * float64(d.Completed) / float64(n)
	}
	if v.Executions > 0 {
		v.Average = d.Seconds / float64(v.Executions)
	}
	return v
}

type metricsInput struct {
	Accept string `header:"Accept" doc:"text/plain for Prometheus"`
	Days   int    `query:"days" minimum:"1" maximum:"366" default:"30" doc:"So many days back"`
}

type metricsOutput struct {
	ContentType string `header:"Content-Type"`
	Body        any    `doc:"Figures by workflow and day"`
}

func (s *server) orchestratorMetrics(ctx context.Context, who actor.Actor, in *metricsInput) (*metricsOutput, error) {
	if asksForText(in.Accept) && s.Metrics != nil {
		return s.exposition(ctx, in.Accept)
	}
	list, err := s.Workflows.Statistics(ctx, who, in.Days)
	if err != nil {
		return nil, err
	}
	views := make([]flowFiguresView, len(list))
	for i, d := range list {
		views[i] = viewFlowFigures(d)
		views[i].Date = d.Day.String()
	}
	return &metricsOutput{ContentType: "application/json", Body: map[string]any{"metrics": views}}, nil
}

func asksForText(accept string) bool {
	return strings.Contains(accept, "text/plain") || strings.Contains(accept, "openmetrics")
}

// exposition is what GET /metrics says.
func (s *server) exposition(ctx context.Context, accept string) (*metricsOutput, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "/metrics", nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", accept)
	w := httptest.NewRecorder()
	s.Metrics.Handler().ServeHTTP(w, r)
	return &metricsOutput{ContentType: w.Header().Get("Content-Type"), Body: w.Body.Bytes()}, nil
}

type statisticsInput struct {
	Days int `query:"days" minimum:"1" maximum:"366" default:"30" doc:"So many days back"`
}

type statisticsOutput struct {
	Body struct {
		Days      int               `json:"days" example:"30"`
		Total     flowFiguresView   `json:"total"`
		Workflows []flowFiguresView `json:"workflows"`
	} `nameHint:"WorkflowStatistics"`
}

func (s *server) orchestratorStatistics(ctx context.Context, who actor.Actor, in *statisticsInput) (*statisticsOutput, error) {
	list, err := s.Workflows.Statistics(ctx, who, in.Days)
	if err != nil {
		return nil, err
	}
	total, by := workflow.Sum(list)
	out := &statisticsOutput{}
	out.Body.Days, out.Body.Total, out.Body.Workflows = in.Days, viewFlowFigures(total), []flowFiguresView{}
	for _, d := range by {
		out.Body.Workflows = append(out.Body.Workflows, viewFlowFigures(d))
	}
	return out, nil
}
