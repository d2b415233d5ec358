package settings

import (
	"net/http"

	"brigade/internal/account"
	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/web/page"
)

// accountPage is what the page account shows: one's own password and sessions.
type accountPage struct {
	Frame
	User     account.User
	Role     string
	Sessions []sessionRow
	Min      int
	Fault    string
	Saved    bool
}

// accountPages are for everybody who signs in by password.
func (s *server) accountPages() map[string]page.Action {
	return map[string]page.Action{
		"GET /account":           s.InPerson(s.showAccount),
		"POST /account/password": s.InPerson(s.changePassword),
		"POST /account/sign-out": s.InPerson(s.signOutSelf),
	}
}

func (s *server) showAccount(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	return s.renderAccount(w, r, who, http.StatusOK, accountPage{Saved: r.FormValue("saved") != ""})
}

func (s *server) renderAccount(w http.ResponseWriter, r *http.Request, who actor.Actor, status int, p accountPage) error {
	frame, err := s.frame(r, who, "")
	if err != nil && !errs.Is(err, errs.KindNotFound) {
		return err
	}
	if p.User, err = s.Accounts.Self(r.Context(), who); err != nil {
		return err
	}
	if p.Sessions, err = s.sessionRows(r, who, frame, who.User); err != nil {
		return err
	}
	frame.Title = s.Say(r, "nav.account")
	p.Frame, p.Role, p.Min = frame, s.Say(r, "access.role."+string(who.Role)), account.PasswordMin
	s.set.Render(w, r, status, "account", p)
	return nil
}

func (s *server) changePassword(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	old, fresh := r.PostFormValue("old"), r.PostFormValue("password")
	if fresh != r.PostFormValue("again") {
		return s.renderAccount(w, r, who, http.StatusUnprocessableEntity, accountPage{Fault: s.Say(r, "invite.differ")})
	}
	err := s.Accounts.ChangePassword(r.Context(), who, page.Session(r), old, fresh)
	if errs.Is(err, errs.KindInvalid) || errs.Is(err, errs.KindTooMany) {
		return s.renderAccount(w, r, who, page.StatusOf(err), accountPage{Fault: s.Say(r, "access.password_refused", account.PasswordMin)})
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/account?saved=1", http.StatusSeeOther)
	return nil
}

func (s *server) signOutSelf(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	if err := s.Accounts.EndSession(r.Context(), who, who.User, number(r, "session")); err != nil {
		return err
	}
	return s.Done(w, r, "/account", page.Toast{Text: s.Say(r, "access.signed_out")})
}

// sessionsView is what the part sessions shows.
type sessionsView struct {
	Rows      []sessionRow
	Act, Slug string // where the form is sent, and its outlet
}

func newSessions(rows []sessionRow, act, slug string) sessionsView {
	return sessionsView{rows, act, slug}
}
