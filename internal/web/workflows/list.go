package workflows

import (
	"context"
	"crypto/rand"
	"net/http"
	"slices"
	"strconv"
	"time"

	"brigade/internal/actor"
	"brigade/internal/event"
	"brigade/internal/web/page"
	"brigade/internal/workflow"
)

const (
	allAgain   = 5 * time.Second
	recentRuns = 60 // among which the last of each workflow is looked for
	runsShown  = 12
	runsPage   = 40
)

// allLook is what was read of a tenant's workflows.
type allLook struct {
	Now   time.Time
	Flows []workflow.Workflow
	Due   []workflow.Due
	Runs  []workflow.Execution
}

// listPage is what the page list shows.
type listPage struct {
	head
	List listView
}

// listView is the workflows as they stand.
type listView struct {
	Flows []flowView
	Runs  []runRow // the latest
}

// flowView is a workflow of the list.
type flowView struct {
	Name, Path, Kind, Cron, Zone string
	Steps                        int
	Next, In                     string
	Last                         *runRow
	Enabled, Own, ByHand         bool
	Failures                     int
	Key                          string // makes pressing run twice one execution
}

// runRow is an execution of a list.
type runRow struct {
	ID                      int64
	Path, Name, Status      string
	Icon, StatusName, Began string
	Day, Took, By           string
	Percent                 int
	Steps, Failed           int
	Error                   string
}

func (s *server) showList(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	h, err := s.begin(r, who, "list", s.Say(r, "workflows.title"))
	if err != nil {
		return err
	}
	l, err := s.readAll(r.Context(), who)
	if err != nil {
		return err
	}
	s.set.Render(w, r, http.StatusOK, "list", &listPage{h, newListView(l, h.f)})
	return nil
}

func (s *server) readAll(ctx context.Context, who actor.Actor) (l *allLook, err error) {
	l = &allLook{Now: s.Clock.Now()}
	if l.Flows, err = s.Workflows.Workflows(ctx, who); err != nil {
		return nil, err
	}
	if l.Due, err = s.Workflows.Upcoming(ctx, who); err != nil {
		return nil, err
	}
	l.Runs, err = s.Workflows.Executions(ctx, who, workflow.Filter{Most: recentRuns})
	return l, err
}

func newListView(l *allLook, f format) (v listView) {
	for i := range l.Flows {
		v.Flows = append(v.Flows, flowOf(&l.Flows[i], l, f))
	}
	v.Runs = latestRuns(l, f)
	return v
}

func latestRuns(l *allLook, f format) (rows []runRow) {
	for i := range l.Runs[:min(len(l.Runs), runsShown)] {
		rows = append(rows, rowOf(&l.Runs[i], l.Now, f))
	}
	return rows
}

func flowOf(w *workflow.Workflow, l *allLook, f format) flowView {
	v := flowView{
		Name: w.Name, Path: workflowPath(w.Name), Kind: f.say("workflows.kind." + string(w.Kind)), Cron: w.Cron, Zone: w.Zone, Steps: len(w.Steps),
		Enabled: w.Enabled, Own: w.Tenant != 0, ByHand: w.Cron == "", Failures: w.Failures, Key: rand.Text(),
	}
	if w.Zone == workflow.TenantZone {
		v.Zone = f.say("workflows.own_zone")
	}
	next := w.NextAt
	for _, d := range l.Due {
		if d.Workflow.ID == w.ID && d.Next != nil {
			next = d.Next
			break
		}
	}
	if w.Enabled && w.Cron != "" {
		v.Next, v.In = f.At(next, l.Now), f.In(next, l.Now)
	}
	if i := slices.IndexFunc(l.Runs, func(e workflow.Execution) bool { return e.Name == w.Name }); i >= 0 {
		row := rowOf(&l.Runs[i], l.Now, f)
		v.Last = &row
	}
	return v
}

// statusIcons are the icons of states, beside their colours and words.
var statusIcons = map[string]string{
	"pending": "wait", "running": "cooking", "completed": "ready", "failed": "late", "cancelled": "closed",
	"waiting": "wait", "ready": "received", "skipped": "held",
}

func rowOf(e *workflow.Execution, now time.Time, f format) runRow {
	began := e.Started
	if began == nil {
		began = &e.Created
	}
	return runRow{
		ID: e.ID, Path: runPath(e.ID), Name: e.Name, Status: string(e.Status), Icon: statusIcons[string(e.Status)],
		StatusName: f.say("workflows.status." + string(e.Status)), Began: f.At(began, now), Day: e.Day.String(), Took: f.Took(e.Took(now)),
		By: e.By, Percent: int(100 * e.Steps.Progress()), Steps: e.Steps.Total, Failed: e.Steps.Failed, Error: e.Error,
	}
}

// outcomes are the events by which runs end.
var outcomes = []event.Type{event.WorkflowCompleted, event.WorkflowFailed, event.WorkflowCancelled}

func (s *server) liveAll(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	outlet, _, err := s.Outlet(r, who)
	if err != nil {
		return err
	}
	topic := page.Topic{Key: strconv.FormatInt(outlet.ID, 10), Events: event.Filter{Tenant: outlet.Tenant, Types: outcomes}, Outlet: outlet}
	if _, err := s.Workflows.Workflows(r.Context(), who); err != nil { // who may not see them is told so
		return err
	}
	return s.all.Stream(w, r, topic, page.Language(r).Code, s.MayStay(r, who))
}

func (s *server) lookAtAll(ctx context.Context, t page.Topic) (any, error) {
	runs, err := s.Workflows.Executions(ctx, watcher(t.Outlet), workflow.Filter{Most: runsShown})
	return &allLook{Now: s.Clock.Now(), Runs: runs}, err
}

func cutAll(t page.Topic, view string, look any) []page.Section {
	rows := latestRuns(look.(*allLook), newFormat(languageOf(view), t.Outlet.Timezone))
	return []page.Section{{Name: "recent", Part: "recent", Data: rows}}
}

// runsView is what the page runs shows.
type runsView struct {
	head
	Runs      []runRow
	Flow      string
	Status    string
	Flows     []string
	Statuses  []workflow.Status
	Older     string
	Filtering bool
}

func (s *server) showRuns(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	h, err := s.begin(r, who, "runs", s.Say(r, "workflows.tab.runs"))
	if err != nil {
		return err
	}
	q := r.URL.Query()
	v := runsView{head: h, Flow: q.Get("workflow"), Status: q.Get("status"), Statuses: workflow.Statuses}
	v.Filtering = v.Flow != "" || v.Status != ""
	flows, err := s.Workflows.Workflows(r.Context(), who)
	if err != nil {
		return err
	}
	f := workflow.Filter{Most: runsPage}
	f.Before, _ = strconv.ParseInt(q.Get("before"), 10, 64) // what is no number is the first page
	for _, x := range flows {
		v.Flows = append(v.Flows, x.Name)
		if x.Name == v.Flow {
			f.Workflow = x.ID
		}
	}
	if slices.Contains(workflow.Statuses, workflow.Status(v.Status)) {
		f.Status = workflow.Status(v.Status)
	}
	list, err := s.Workflows.Executions(r.Context(), who, f)
	if err != nil {
		return err
	}
	for i := range list {
		v.Runs = append(v.Runs, rowOf(&list[i], s.Clock.Now(), h.f))
	}
	if len(list) == runsPage {
		q.Set("before", strconv.FormatInt(list[len(list)-1].ID, 10))
		v.Older = "/workflows/runs?" + q.Encode()
	}
	s.set.Render(w, r, http.StatusOK, "runs", &v)
	return nil
}
