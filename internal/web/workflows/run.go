package workflows

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"brigade/internal/actor"
	"brigade/internal/event"
	"brigade/internal/web/page"
	"brigade/internal/web/texts"
	"brigade/internal/workflow"
)

const (
	runAgain  = time.Second // steps end without an event of their own
	mostSteps = 500         // of tenants that are read of an execution
	logsPage  = 200
)

// runLook is what was read of an execution.
type runLook struct {
	Now   time.Time
	Run   workflow.Execution
	Steps []workflow.StepRun
	Costs []workflow.StepCost
	Logs  []workflow.Log
}

// runPage is what the page run shows.
type runPage struct {
	head
	Run      runView
	Step     string
	Level    string
	Levels   []string
	Logs     []logView
	Filtered bool
	More     string
}

// runView is an execution as it stands.
type runView struct {
	runRow
	Over, Retry     bool
	Drawing         drawing
	Steps           []stepView
	Tenants         int
	TenantsBad      int
	Runs, Retries   int
	Scheduled       string
	Zone, Instance  string
	CPU, DB, Ended  string
	Rows            int64
	Summary         string
	Mine            bool // it is for the caller alone, so that it may be retried and cancelled
	Progress, Total int
}

// stepView is a step of the table.
type stepView struct {
	Name, Status, Icon, StatusName string
	Took, CPU, DB                  string
	Rows                           int64
	Attempts                       int
	Error, Result                  string
	Total, Done, Failed            int
}

// logView is a line of the log.
type logView struct{ At, Step, Level, Icon, Message, Data string }

func (s *server) showRun(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	id, err := runID(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	after, _ := strconv.ParseInt(q.Get("after"), 10, 64) // what is no number is the first page
	level := q.Get("level")
	if !slices.Contains(workflow.Levels, level) {
		level = ""
	}
	l, err := s.readRun(r.Context(), who, id, workflow.LogFilter{Step: q.Get("step"), Level: level, After: after, Most: logsPage})
	if err != nil {
		return err
	}
	h, err := s.begin(r, who, "runs", l.Run.Name+" "+strconv.FormatInt(id, 10))
	if err != nil {
		return err
	}
	p := runPage{
		head: h, Run: newRunView(l, h.f), Step: q.Get("step"), Level: level, Levels: workflow.Levels, Logs: logsOf(l.Logs, h.f),
		Filtered: q.Get("step") != "" || level != "" || after != 0,
	}
	if len(l.Logs) == logsPage {
		q.Set("after", strconv.FormatInt(l.Logs[len(l.Logs)-1].ID, 10))
		p.More = runPath(id) + "?" + q.Encode()
	}
	if !p.Run.Over {
		p.Live = "/live/workflows/" + strconv.FormatInt(id, 10)
	}
	s.set.Render(w, r, http.StatusOK, "run", &p)
	return nil
}

// readRun reads an execution, its steps and its log.
func (s *server) readRun(ctx context.Context, who actor.Actor, id int64, logs workflow.LogFilter) (*runLook, error) {
	l := &runLook{Now: s.Clock.Now()}
	var err error
	if l.Run, err = s.Workflows.Execution(ctx, who, id); err != nil {
		return nil, err
	}
	if l.Steps, err = s.Workflows.Steps(ctx, who, id, workflow.StepFilter{Most: mostSteps}); err != nil {
		return nil, err
	}
	if l.Costs, err = s.Workflows.Costs(ctx, who, id); err != nil {
		return nil, err
	}
	l.Logs, err = s.Workflows.Logs(ctx, who, id, logs)
	return l, err
}

func newRunView(l *runLook, f format) runView {
	e := &l.Run
	v := runView{
		runRow: rowOf(e, l.Now, f), Over: e.Status.Over(), Retry: e.Status == workflow.Failed || e.Status == workflow.Cancelled, Tenants: e.Tenants,
		TenantsBad: e.TenantsBad, Runs: e.Runs, Retries: e.Retries, Scheduled: f.At(e.ScheduledFor, l.Now), Zone: e.Zone, Instance: e.Instance,
		Ended: f.At(e.Ended, l.Now), Summary: tidyJSON(e.Summary), Mine: e.Tenant != 0, Progress: e.Steps.Completed + e.Steps.Failed, Total: e.Steps.Total,
	}
	if e.Status == workflow.Pending {
		v.Percent = 0
	}
	var cost workflow.Cost
	for i := range e.Plan.Steps {
		step := stepOf(i, l, f)
		v.Steps = append(v.Steps, step)
	}
	for _, c := range l.Costs {
		cost.CPU, cost.DB, cost.Rows = cost.CPU+c.Cost.CPU, cost.DB+c.Cost.DB, cost.Rows+c.Cost.Rows
	}
	v.CPU, v.DB, v.Rows = f.Took(cost.CPU), f.Took(cost.DB), cost.Rows
	v.Drawing = draw(e.Plan.Steps, v.Steps)
	return v
}

// stepOf is a step over its tenants: as far as the one that is least far, and failed when one failed.
func stepOf(i int, l *runLook, f format) stepView {
	v := stepView{Name: l.Run.Plan.Steps[i].Name, Status: "waiting"}
	var took time.Duration
	for _, x := range l.Steps {
		if x.Step != i {
			continue
		}
		v.Total++
		if rank(string(x.Status)) >= rank(v.Status) || v.Total == 1 {
			v.Status = string(x.Status)
		}
		v.Attempts = max(v.Attempts, x.Attempt)
		if x.Error != "" {
			v.Error = x.Error
		}
		if x.Started != nil {
			end := l.Now
			if x.Ended != nil {
				end = *x.Ended
			}
			took = max(took, end.Sub(*x.Started))
		}
		if len(x.Result) > 0 && l.Run.Tenants <= 1 {
			v.Result = tidyJSON(x.Result)
		}
	}
	for _, c := range l.Costs {
		if c.Step == i {
			v.CPU, v.DB, v.Rows, v.Done, v.Failed, v.Total = f.Took(c.Cost.CPU), f.Took(c.Cost.DB), c.Cost.Rows, c.Completed, c.Failed, max(v.Total, c.Total)
		}
	}
	v.Took, v.Icon, v.StatusName = f.Took(took), statusIcons[v.Status], f.say("workflows.step."+v.Status)
	return v
}

// rank says which of two tenants' states is shown of a step.
func rank(status string) int {
	return slices.Index([]string{"completed", "skipped", "cancelled", "waiting", "ready", "running", "failed"}, status)
}

func tidyJSON(raw json.RawMessage) string {
	var v any
	if len(raw) == 0 || json.Unmarshal(raw, &v) != nil || v == nil {
		return ""
	}
	text, err := json.MarshalIndent(v, "", " ")
	if err != nil || string(text) == "{}" {
		return ""
	}
	return string(text)
}

var levelIcons = map[string]string{"debug": "more", "info": "ready", "warn": "bell", "error": "late"}

func logsOf(list []workflow.Log, f format) []logView {
	views := make([]logView, len(list))
	for i, l := range list {
		v := logView{At: l.At.In(f.zone).Format("15:04:05"), Step: l.Step, Level: l.Level, Icon: levelIcons[l.Level], Message: l.Message}
		if len(l.Data) > 0 {
			if text, err := json.Marshal(l.Data); err == nil {
				v.Data = string(text)
			}
		}
		views[i] = v
	}
	return views
}

// liveRun streams an execution as it goes.
func (s *server) liveRun(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	id, err := runID(r)
	if err != nil {
		return err
	}
	outlet, _, err := s.Outlet(r, who)
	if err != nil {
		return err
	}
	if _, err := s.Workflows.Execution(r.Context(), who, id); err != nil {
		return err
	}
	topic := page.Topic{
		Key:    strconv.FormatInt(outlet.ID, 10) + "/" + strconv.FormatInt(id, 10),
		Events: event.Filter{Tenant: outlet.Tenant, Types: outcomes}, Outlet: outlet,
	}
	return s.runs.Stream(w, r, topic, page.Language(r).Code, s.MayStay(r, who))
}

func (s *server) lookAtRun(ctx context.Context, t page.Topic) (any, error) {
	_, text, _ := strings.Cut(t.Key, "/")
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil, err
	}
	return s.readRun(ctx, watcher(t.Outlet), id, workflow.LogFilter{Most: logsPage})
}

func cutRun(t page.Topic, view string, look any) []page.Section {
	l, f := look.(*runLook), newFormat(languageOf(view), t.Outlet.Timezone)
	return []page.Section{
		{Name: "run", Part: "run", Data: newRunView(l, f)},
		{Name: "logs", Part: "logs", Data: logsOf(l.Logs, f)},
	}
}

// languageOf is the language of a view.
func languageOf(view string) texts.Language {
	l, _ := texts.Find(view)
	return l
}
