// Package workflows serves the pages of what is done again and again: workflows, when they are due, their runs as they go.
package workflows

import (
	"embed"
	"html/template"
	"net/http"
	"net/url"
	"strconv"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/tenant"
	"brigade/internal/web/page"
	"brigade/internal/workflow"
)

// Parts are what the pages of workflows show and act on.
type Parts struct {
	Workflows *workflow.Service
	Holidays  workflow.Holidays // nil: nobody knows any
}

// server has the handlers of the pages.
type server struct {
	*page.Kit
	Parts
	set  *page.Set
	runs *page.Feeds
	all  *page.Feeds
}

//go:embed templates
var templates embed.FS

// Mount adds the pages of workflows.
func Mount(mux *http.ServeMux, k *page.Kit, p Parts) {
	s := &server{Kit: k, Parts: p, set: k.Set(templates, nil)}
	s.runs = k.Feeds(page.FeedOptions{
		Look: s.lookAtRun, Cut: cutRun, Again: runAgain,
		Page: func(lang string) *template.Template { return s.set.Of(lang, "run") },
	})
	s.all = k.Feeds(page.FeedOptions{
		Look: s.lookAtAll, Cut: cutAll, Again: allAgain,
		Page: func(lang string) *template.Template { return s.set.Of(lang, "list") },
	})
	k.MountAll(mux, map[string]page.Action{
		"GET /workflows":                  s.showList,
		"GET /workflows/{$}":              s.showList,
		"GET /workflows/calendar":         s.showCalendar,
		"GET /workflows/runs":             s.showRuns,
		"GET /workflows/runs/{id}":        s.showRun,
		"GET /workflows/new":              s.showNew,
		"GET /workflows/of/{name}":        s.showWorkflow,
		"GET /workflows/of/{name}/edit":   s.showEditor,
		"POST /workflows/check":           s.check,
		"POST /workflows/save":            s.save,
		"POST /workflows/of/{name}/run":   s.trigger,
		"POST /workflows/of/{name}/pause": s.pause,
		"POST /workflows/runs/{id}/retry": s.retry,
		"POST /workflows/runs/{id}/stop":  s.stop,
		"GET /live/workflows":             s.liveAll,
		"GET /live/workflows/{id}":        s.liveRun,
	}, actor.Manager)
}

// tabs are the pages beside each other: the text "workflows.tab." + its key, and its path.
var tabs = []struct{ key, path string }{
	{"list", "/workflows"}, {"calendar", "/workflows/calendar"}, {"runs", "/workflows/runs"},
}

// link leads somewhere.
type link struct {
	Path, Name string
	Here       bool
}

// head is what every page of workflows shows around itself.
type head struct {
	page.Frame
	Tabs  []link
	Clock page.ClockView
	Live  string // where its feed is
	f     format
}

// begin is what every page of workflows begins with. The clock shown is that of the visitor's own outlet.
func (s *server) begin(r *http.Request, who actor.Actor, tab, title string) (head, error) {
	outlet, _, err := s.Outlet(r, who)
	if err != nil {
		return head{}, err
	}
	h := head{Frame: s.Frame(r, title), Clock: s.Time(outlet), Live: "/live/workflows", f: newFormat(page.Language(r), outlet.Timezone)}
	for _, t := range tabs {
		h.Tabs = append(h.Tabs, link{t.path, s.Say(r, "workflows.tab."+t.key), t.key == tab})
	}
	return h, nil
}

// watcher is who reads a tenant's workflows for all who watch them.
func watcher(o tenant.Outlet) actor.Actor {
	return actor.Actor{Tenant: o.Tenant, Name: "board", Role: actor.System}
}

// done answers a form, and has the open page read itself again.
func (s *server) done(w http.ResponseWriter, r *http.Request, back, text string) error {
	w.Header().Set("HX-Trigger", "changed")
	return s.Done(w, r, back, page.Toast{Text: text})
}

// trigger begins a workflow now; a form that comes twice is one execution.
func (s *server) trigger(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	req := workflow.Request{Key: r.PostFormValue("key")}
	if text := r.PostFormValue("date"); text != "" {
		day, err := workflow.ParseDay(text)
		if err != nil {
			return errs.Invalid("%s", s.Say(r, "workflows.fault.date"))
		}
		req.Day = day
	}
	list, err := s.Workflows.Execute(r.Context(), who, r.PathValue("name"), req)
	if err != nil {
		return err
	}
	path := runPath(list[0].ID)
	if r.Header.Get("HX-Request") != "" {
		w.Header().Set("HX-Redirect", path)
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	http.Redirect(w, r, path, http.StatusSeeOther)
	return nil
}

func runPath(id int64) string { return "/workflows/runs/" + strconv.FormatInt(id, 10) }

func workflowPath(name string) string { return "/workflows/of/" + url.PathEscape(name) }

// pause takes a workflow off its schedule or puts it back, as the field "to" says.
func (s *server) pause(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	to := r.PostFormValue("to")
	if to != "pause" && to != "resume" {
		return errs.Malformed("a schedule is paused or resumed")
	}
	name := r.PathValue("name")
	if _, err := s.Workflows.Enable(r.Context(), who, name, to == "resume"); err != nil {
		return err
	}
	t := page.Toast{Text: s.Say(r, "workflows.done."+to, name), Undo: &page.Undo{
		Action: r.URL.Path, Fields: map[string]string{"to": map[string]string{"pause": "resume", "resume": "pause"}[to]},
	}}
	w.Header().Set("HX-Trigger", "changed")
	return s.Done(w, r, workflowPath(name), t)
}

// runID is the execution that a request is about. Errors: KindNotFound.
func runID(r *http.Request) (int64, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil || id <= 0 {
		return 0, errs.NotFound("there is no execution %q", r.PathValue("id"))
	}
	return id, nil
}

// retry does again what failed, or everything when the field "all" is there.
func (s *server) retry(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	id, err := runID(r)
	if err != nil {
		return err
	}
	if _, err := s.Workflows.Retry(r.Context(), who, id, r.PostFormValue("all") != ""); err != nil {
		return err
	}
	return s.done(w, r, runPath(id), s.Say(r, "workflows.done.retry"))
}

// stop cancels an execution.
func (s *server) stop(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	id, err := runID(r)
	if err != nil {
		return err
	}
	if _, err := s.Workflows.Cancel(r.Context(), who, id, ""); err != nil {
		return err
	}
	return s.done(w, r, runPath(id), s.Say(r, "workflows.done.stop"))
}
