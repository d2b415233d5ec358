package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"brigade/internal/actor"
	"brigade/internal/alert"
)

const tagAlerts = "Alerts"

// Alerts keeps what somebody should look at; *alert.Service.
type Alerts interface {
	Alert(ctx context.Context, who actor.Actor, id int64) (alert.Alert, error)
	Alerts(ctx context.Context, who actor.Actor, f alert.Filter) ([]alert.Alert, error)
	Acknowledge(ctx context.Context, who actor.Actor, id int64, note string) (alert.Alert, error)
	Archive(ctx context.Context, who actor.Actor, id int64, note string) (alert.Alert, error)
}

const exampleAlert = `{"id":5,"kind":"forecast","key":"outlet/1","outlet":"kitchen","severity":"warning","level":0,"status":"open","title":"Forecasts were poor at kitchen",
"detail":"The 12 forecasts for 2024-12-15 were off by 41 % on average (MAPE).","data":{"mape":0.41},"count":2,"first_at":"2024-12-15T07:00:00Z","last_at":"2024-12-16T07:00:00Z",
"escalates_at":"2024-12-16T11:00:00Z","acknowledged_at":null,"acknowledged_by":"","archived_at":null,"archived_by":"","note":""}`

func (s *server) addAlerts() {
	at := func(method, path, id, summary, description, request, response string) route {
		return route{
			method: method, path: "/api/v1/alerts" + path, view: ViewCanonical, id: id, tag: tagAlerts, summary: summary, description: description,
			request: request, response: response, errors: []int{http.StatusNotFound},
		}
	}
	add(s, at(http.MethodGet, "", "list-alerts", "What to look at",
		"Runs that failed, took long by what such runs take, or did not come; poor forecasts; stock that will run out. What is the same is one alert "+
			"that is counted. Newest first; those that live, unless `status` says otherwise. To get earlier ones, send `next` as `before`.", "",
		`{"alerts":[`+exampleAlert+`],"next":null}`), s.listAlerts)
	add(s, at(http.MethodGet, "/{id}", "get-alert", "An alert", "With what programs may want to know of it.", "", exampleAlert), s.getAlert)
	acknowledge := at(http.MethodPost, "/{id}/acknowledge", "acknowledge-alert", "Look after an alert",
		"Nobody else is called any more, unless it becomes graver. Repeating it answers as before.", `{"note":"on my way"}`, exampleAlert)
	acknowledge.errors = append(acknowledge.errors, http.StatusConflict)
	add(s, acknowledge, s.acknowledgeAlert)
	add(s, at(http.MethodPost, "/{id}/archive", "archive-alert", "Put an alert away",
		"The same again will be a new alert. What is over is put away by itself. Repeating it answers as before.", `{"note":"was a drill"}`,
		exampleAlert), s.archiveAlert)
}

// AlertView is an alert as managers see it. It is exported for huma.
type AlertView struct {
	ID             int64           `json:"id" example:"5"`
	Kind           alert.Kind      `json:"kind" enum:"failure,slow,missing,forecast,stock_out" example:"forecast"`
	Key            string          `json:"key" doc:"What it is about" example:"outlet/1"`
	Outlet         string          `json:"outlet" doc:"Slug; empty: all" example:"kitchen"`
	Severity       string          `json:"severity" enum:"info,warning,critical" example:"warning"`
	Level          int             `json:"level" doc:"How often it was escalated"`
	Status         alert.Status    `json:"status" enum:"open,acknowledged,archived" example:"open"`
	Title          string          `json:"title"`
	Detail         string          `json:"detail"`
	Data           json.RawMessage `json:"data" doc:"For programs"`
	Count          int             `json:"count" doc:"How often it was the same" example:"2"`
	FirstAt        time.Time       `json:"first_at"`
	LastAt         time.Time       `json:"last_at"`
	EscalatesAt    *time.Time      `json:"escalates_at" doc:"Unless somebody looks after it; null: it does not"`
	AcknowledgedAt *time.Time      `json:"acknowledged_at"`
	AcknowledgedBy string          `json:"acknowledged_by"`
	ArchivedAt     *time.Time      `json:"archived_at"`
	ArchivedBy     string          `json:"archived_by"`
	Note           string          `json:"note"`
}

func viewAlert(a alert.Alert, outlets map[int64]string) AlertView {
	return AlertView{
		ID: a.ID, Kind: a.Kind, Key: a.Key, Outlet: outlets[a.Outlet], Severity: a.Severity.String(), Level: a.Level, Status: a.Status, Title: a.Title,
		Detail: a.Detail, Data: a.Data, Count: a.Count, FirstAt: a.FirstAt, LastAt: a.LastAt, EscalatesAt: a.EscalateAt,
		AcknowledgedAt: a.AcknowledgedAt, AcknowledgedBy: a.AcknowledgedBy, ArchivedAt: a.ArchivedAt, ArchivedBy: a.ArchivedBy, Note: a.Note,
	}
}

type alertsInput struct {
	OutletParam
	Kind     alert.Kind `query:"kind" enum:"failure,slow,missing,forecast,stock_out" doc:"Only these"`
	Status   string     `query:"status" enum:"live,open,acknowledged,archived,all" default:"live" doc:"live: open or acknowledged"`
	Severity string     `query:"severity" enum:"info,warning,critical" doc:"These and graver ones"`
	Before   int64      `query:"before" minimum:"0" doc:"Only earlier ones: next of the page before"`
	Limit    int        `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"Alerts per page"`
}

type alertsOutput struct {
	Body struct {
		Alerts []AlertView `json:"alerts"`
		Next   *int64      `json:"next" doc:"What to send as before for earlier ones; null: there may be none"`
	} `nameHint:"Alerts"`
}

func (s *server) listAlerts(ctx context.Context, who actor.Actor, in *alertsInput) (*alertsOutput, error) {
	f := alert.Filter{Kind: in.Kind, Severity: alert.SeverityOf(in.Severity), Before: in.Before, Most: in.Limit, Live: in.Status == "live"}
	if in.Status != "live" && in.Status != "all" {
		f.Status = alert.Status(in.Status)
	}
	var err error
	if f.Outlet, err = s.outlet(ctx, who, in.Outlet); err != nil {
		return nil, err
	}
	list, err := s.Alerts.Alerts(ctx, who, f)
	if err != nil {
		return nil, err
	}
	names, err := s.outletNames(ctx, who)
	out := &alertsOutput{}
	out.Body.Alerts = make([]AlertView, len(list))
	for i, a := range list {
		out.Body.Alerts[i] = viewAlert(a, names)
	}
	if len(list) == in.Limit {
		out.Body.Next = &list[len(list)-1].ID
	}
	return out, err
}

// AlertRef names an alert. It is exported for huma, as OutletParam.
type AlertRef struct {
	ID int64 `path:"id" example:"5"`
}

type alertOutput struct{ Body AlertView }

// shown is an alert as an answer.
func (s *server) shown(ctx context.Context, who actor.Actor, a alert.Alert, err error) (*alertOutput, error) {
	if err != nil {
		return nil, err
	}
	names, err := s.outletNames(ctx, who)
	return &alertOutput{viewAlert(a, names)}, err
}

func (s *server) getAlert(ctx context.Context, who actor.Actor, in *AlertRef) (*alertOutput, error) {
	a, err := s.Alerts.Alert(ctx, who, in.ID)
	return s.shown(ctx, who, a, err)
}

type noteInput struct {
	AlertRef
	Body struct {
		Note string `json:"note,omitempty" doc:"At most 500 characters" maxLength:"500" example:"on my way"`
	} `nameHint:"AlertNote"`
}

func (s *server) acknowledgeAlert(ctx context.Context, who actor.Actor, in *noteInput) (*alertOutput, error) {
	a, err := s.Alerts.Acknowledge(ctx, who, in.ID, in.Body.Note)
	return s.shown(ctx, who, a, err)
}

func (s *server) archiveAlert(ctx context.Context, who actor.Actor, in *noteInput) (*alertOutput, error) {
	a, err := s.Alerts.Archive(ctx, who, in.ID, in.Body.Note)
	return s.shown(ctx, who, a, err)
}
