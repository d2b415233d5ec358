package manager

import (
	"cmp"
	"net/http"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/web/page"
)

// setMachine takes a machine down or up, as the form's field "to" says.
func (s *server) setMachine(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	outlet, _, err := s.Outlet(r, who)
	if err != nil {
		return err
	}
	to := r.PostFormValue("to")
	reason := map[string]string{"up": "", "down": "taken down by " + who.Name}
	if _, known := reason[to]; !known {
		return errs.Malformed("a machine is put up or down")
	}
	if err := s.Kitchen.SetMachine(r.Context(), who, outlet.ID, r.PathValue("id"), to == "up", reason[to]); err != nil {
		return err
	}
	return s.Done(w, r, base(outlet), page.Toast{
		Text: s.Say(r, "manager.machine_"+to, cmp.Or(r.PostFormValue("name"), r.PathValue("id"))),
		Undo: takeBack(r, map[string]string{"down": "up", "up": "down"}[to]),
	})
}

// setBreak sends somebody on a break or back, as the form's field "to" says.
func (s *server) setBreak(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	outlet, _, err := s.Outlet(r, who)
	if err != nil {
		return err
	}
	to := r.PostFormValue("to")
	if to != "break" && to != "back" {
		return errs.Malformed("a staff member is sent on a break or back")
	}
	if err := s.Kitchen.SetBreak(r.Context(), who, outlet.ID, r.PathValue("id"), to == "back", 0); err != nil {
		return err
	}
	return s.Done(w, r, base(outlet), page.Toast{
		Text: s.Say(r, "manager.person_"+to, cmp.Or(r.PostFormValue("name"), r.PathValue("id"))),
		Undo: takeBack(r, map[string]string{"break": "back", "back": "break"}[to]),
	})
}

// takeBack is the same form with the opposite wish.
func takeBack(r *http.Request, to string) *page.Undo {
	return &page.Undo{Action: r.URL.Path, Fields: map[string]string{"name": r.PostFormValue("name"), "to": to}}
}
