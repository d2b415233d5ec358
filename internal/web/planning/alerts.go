package planning

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"brigade/internal/actor"
	"brigade/internal/alert"
	"brigade/internal/errs"
	"brigade/internal/web/page"
)

const alertsPage = 40

// alertFilters are which alerts can be looked at; each is a text.
var alertFilters = []string{"live", "open", "acknowledged", "archived", "all"}

// alertsView is what the page alerts shows.
type alertsView struct {
	head
	Filter  string
	Filters []dayLink
	Alerts  []alertView
	Older   string
}

// alertView is an alert of the list.
type alertView struct {
	alert.Alert
	Title, Detail                  told
	Severity, KindName, StatusName string
	First, Last, Escalates         string
	Acknowledged, Archived         string
	Open, Live                     bool
}

func (s *server) showAlerts(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	h, err := s.begin(r, who, "alerts")
	if err != nil {
		return err
	}
	v := alertsView{head: h, Filter: r.URL.Query().Get("show")}
	if !slices.Contains(alertFilters, v.Filter) {
		v.Filter = "live"
	}
	before, _ := strconv.ParseInt(r.URL.Query().Get("before"), 10, 64) // what is no number is the first page
	f := alert.Filter{Outlet: h.Outlet.ID, Shared: true, Before: before, Most: alertsPage, Live: v.Filter == "live"}
	if v.Filter != "live" && v.Filter != "all" {
		f.Status = alert.Status(v.Filter)
	}
	list, err := s.Alerts.Alerts(r.Context(), who, f)
	if err != nil {
		return err
	}
	for _, name := range alertFilters {
		v.Filters = append(v.Filters, dayLink{h.Base + "/alerts?show=" + name, s.Say(r, "planning.alerts."+name), name == v.Filter})
	}
	for _, a := range list {
		v.Alerts = append(v.Alerts, newAlertView(a, h.f))
	}
	if len(list) == alertsPage {
		v.Older = h.Base + "/alerts?" + url.Values{"show": {v.Filter}, "before": {strconv.FormatInt(list[len(list)-1].ID, 10)}}.Encode()
	}
	s.set.Render(w, r, http.StatusOK, "alerts", &v)
	return nil
}

func newAlertView(a alert.Alert, f format) alertView {
	v := alertView{
		Alert: a, Severity: a.Severity.String(), KindName: f.say("planning.alert." + string(a.Kind)), StatusName: f.say("planning.alerts." + string(a.Status)),
		First: f.At(a.FirstAt), Last: f.At(a.LastAt), Open: a.Status == alert.Open, Live: a.Status != alert.Archived,
	}
	title, detail := f.alerted(a)
	v.Title, v.Detail = f.told(a.Title, func() string { return title }), f.told(a.Detail, func() string { return detail })
	if a.EscalateAt != nil && v.Open {
		v.Escalates = f.At(*a.EscalateAt)
	}
	if a.AcknowledgedAt != nil {
		v.Acknowledged = f.At(*a.AcknowledgedAt)
	}
	if a.ArchivedAt != nil {
		v.Archived = f.At(*a.ArchivedAt)
	}
	return v
}

// changeAlert acknowledges or archives an alert, as the form's field "do" says.
func (s *server) changeAlert(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	outlet, _, err := s.Outlet(r, who)
	if err != nil {
		return err
	}
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return errs.NotFound("there is no alert %q", r.PathValue("id"))
	}
	note := tidyText(r.PostFormValue("note"), 500)
	var a alert.Alert
	key := "planning.alerts.done.archive"
	switch r.PostFormValue("do") {
	case "acknowledge":
		key = "planning.alerts.done.acknowledge"
		a, err = s.Alerts.Acknowledge(r.Context(), who, id, note)
	case "archive":
		a, err = s.Alerts.Archive(r.Context(), who, id, note)
	default:
		err = errs.Malformed("an alert is acknowledged or archived")
	}
	if err != nil {
		return err
	}
	v := newAlertView(a, newFormat(page.Language(r), outlet))
	return s.done(w, r, "alerts", page.Toast{Text: s.Say(r, key, v.Title.Text)})
}
