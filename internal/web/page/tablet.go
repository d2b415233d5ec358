package page

import (
	"net/http"
	"net/url"

	"brigade/internal/account"
	"brigade/internal/actor"
	"brigade/internal/errs"
)

// tablet tells which tablet the visitor's device is; ok is false when it is none.
func (k *Kit) tablet(r *http.Request) (t account.Tablet, ok bool) {
	secret := Secret(r, tabletCookie)
	if k.Users == nil || secret == "" {
		return t, false
	}
	t, err := k.Users.Tablet(r.Context(), secret)
	return t, err == nil
}

// MakeTablet makes the visitor's device a tablet, with the secret that it is known by. Who was signed in on it is so no
// more.
func (k *Kit) MakeTablet(w http.ResponseWriter, r *http.Request, secret string) {
	k.forget(w, r, sessionCookie, tokenCookie)
	http.SetCookie(w, k.Cookie(r, tabletCookie, secret, tabletFor))
	http.Redirect(w, r, "/pin", http.StatusSeeOther)
}

// Session is the secret of the visitor's session; "" = he has none.
func Session(r *http.Request) string { return Secret(r, sessionCookie) }

// pinPage is what the page pin shows.
type pinPage struct {
	Frame
	Tablet  account.Tablet
	Next    string
	Fault   string
	CanQuit bool // the demo: whoever sees it may make it a common device again
}

func (k *Kit) showPIN(w http.ResponseWriter, r *http.Request) {
	k.renderPIN(w, r, http.StatusOK, pinPage{Next: LocalPath(r.URL.Query().Get("next"))})
}

func (k *Kit) renderPIN(w http.ResponseWriter, r *http.Request, status int, p pinPage) {
	if k.Users == nil {
		k.Fail(w, r, k.NoPage(r))
		return
	}
	t, err := k.Users.Tablet(r.Context(), Secret(r, tabletCookie))
	switch {
	case errs.Is(err, errs.KindNotFound):
		k.forget(w, r, tabletCookie)
		http.Redirect(w, r, "/login", http.StatusSeeOther)
		return
	case err != nil: // Postgres is away: it is a tablet all the same
		k.Fail(w, r, err)
		return
	}
	p.Frame, p.Tablet, p.CanQuit = k.Frame(r, k.Say(r, "pin.title")), t, k.Demo != nil
	k.own.Render(w, r, status, "pin", p)
}

// enterPIN signs in who types his PIN; whoever was signed in on the tablet is so no more.
func (k *Kit) enterPIN(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if k.Users == nil {
		k.Fail(w, r, k.NoPage(r))
		return
	}
	next := LocalPath(r.PostFormValue("next"))
	session, lasts, err := k.Users.SignInPIN(r.Context(), Secret(r, tabletCookie), r.PostFormValue("pin"), Session(r), From(r))
	if err != nil {
		k.note(r, err)
		k.renderPIN(w, r, StatusOf(err), pinPage{Next: next, Fault: k.fault(r, err)})
		return
	}
	http.SetCookie(w, k.Cookie(r, sessionCookie, session, lasts))
	http.Redirect(w, r, next, http.StatusSeeOther)
}

// lock signs out on a tablet, so that the next one may type his PIN.
func (k *Kit) lock(w http.ResponseWriter, r *http.Request) {
	if k.Users != nil {
		if err := k.Users.SignOut(r.Context(), Session(r), true); err != nil {
			k.Fail(w, r, err)
			return
		}
	}
	k.forget(w, r, sessionCookie)
	http.Redirect(w, r, k.door(r)+"?next="+url.QueryEscape(LocalPath(r.PostFormValue("next"))), http.StatusSeeOther)
}

// quitTablet makes a tablet of the demo a common device again; elsewhere who may have tablets ends it.
func (k *Kit) quitTablet(w http.ResponseWriter, r *http.Request) {
	if k.Demo == nil {
		k.Fail(w, r, errs.Forbidden("%s", k.Say(r, "pin.only_managers")))
		return
	}
	k.forget(w, r, sessionCookie, tabletCookie)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// invitePage is what the page welcome shows.
type invitePage struct {
	Frame
	User  account.User
	Link  string
	Fault string
	Min   int
}

// showInvite shows who was invited where he chooses his password.
func (k *Kit) showInvite(w http.ResponseWriter, r *http.Request) {
	k.renderInvite(w, r, http.StatusOK, "")
}

func (k *Kit) renderInvite(w http.ResponseWriter, r *http.Request, status int, fault string) {
	if k.Users == nil {
		k.Fail(w, r, k.NoPage(r))
		return
	}
	u, err := k.Users.Invited(r.Context(), r.PathValue("link"))
	if errs.Is(err, errs.KindNotFound) {
		err = errs.NotFound("%s", k.Say(r, "invite.over"))
	}
	if err != nil {
		k.Fail(w, r, err)
		return
	}
	w.Header().Set("Referrer-Policy", "no-referrer") // the path is a secret
	k.own.Render(w, r, status, "welcome", invitePage{k.Frame(r, k.Say(r, "invite.title")), u, r.PathValue("link"), fault, account.PasswordMin})
}

// acceptInvite sets the password and has him sign in with it.
func (k *Kit) acceptInvite(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if k.Users == nil {
		k.Fail(w, r, k.NoPage(r))
		return
	}
	if r.PostFormValue("password") != r.PostFormValue("again") {
		k.renderInvite(w, r, http.StatusUnprocessableEntity, k.Say(r, "invite.differ"))
		return
	}
	err := k.Users.Accept(r.Context(), r.PathValue("link"), r.PostFormValue("password"), From(r))
	switch {
	case errs.Is(err, errs.KindInvalid):
		k.renderInvite(w, r, StatusOf(err), k.Say(r, "invite.weak", account.PasswordMin))
	case errs.Is(err, errs.KindNotFound):
		k.Fail(w, r, errs.NotFound("%s", k.Say(r, "invite.over")))
	case err != nil:
		k.Fail(w, r, err)
	default:
		k.forget(w, r, sessionCookie, tokenCookie)
		http.Redirect(w, r, "/login", http.StatusSeeOther)
	}
}

// home is where somebody begins who may not see the board; "" = nowhere else.
func (k *Kit) home(who actor.Actor) string {
	switch {
	case who.Role == actor.Driver && k.Serves("/driver"):
		return "/driver"
	case who.Role == actor.Cook:
		return "/kitchen/"
	}
	return ""
}

// InPerson is for what is somebody's own: on a tablet, where a PIN is enough, it is refused.
func (k *Kit) InPerson(do Action) Action {
	return func(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
		if v, ok := r.Context().Value(visitKey{}).(account.Visit); ok && v.Tablet != 0 {
			return errs.Forbidden("%s", k.Say(r, "pin.not_here"))
		}
		return do(w, r, who)
	}
}
