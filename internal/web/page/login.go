package page

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"brigade/internal/actor"
	"brigade/internal/errs"
)

const (
	tokenCookie = "brigade_token"
	cookieFor   = 30 * 24 * time.Hour // a kitchen's tablet stays signed in
	maxForm     = 16 << 10            // bytes
)

// Visitor is who asks: the holder of the cookie's token, else the demo's owner. A cookie that no longer works, which
// every Brigade on the same host may have left behind, does not keep anybody out of the demo. Errors: KindUnauthorized.
func (k *Kit) Visitor(r *http.Request) (actor.Actor, error) {
	cookie, err := r.Cookie(tokenCookie)
	if err == nil {
		who, err := k.Tenants.Authenticate(r.Context(), cookie.Value)
		if err == nil || k.Demo == nil || !errs.Is(err, errs.KindUnauthorized) {
			return who, err
		}
	}
	if k.Demo != nil {
		return *k.Demo, nil
	}
	return actor.Actor{}, errs.Unauthorized("sign in first")
}

// mayLook says who may see the kitchen and its guests' names: those who run it.
func mayLook(who actor.Actor) error { return who.Require(actor.Manager, actor.Cook) }

// loginPage is what the page login shows.
type loginPage struct {
	Frame
	Next  string
	Fault string
}

func (k *Kit) showLogin(w http.ResponseWriter, r *http.Request) {
	k.own.Render(w, r, http.StatusOK, "login", loginPage{Frame: k.Frame(r, k.Say(r, "login.title")), Next: localPath(r.URL.Query().Get("next"))})
}

// login checks a token and keeps it in a cookie that scripts cannot read and other sites cannot send.
func (k *Kit) login(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	token, next := strings.TrimSpace(r.PostFormValue("token")), localPath(r.PostFormValue("next"))
	who, err := k.Tenants.Authenticate(r.Context(), token)
	if err == nil {
		err = mayLook(who)
	}
	if err != nil {
		k.note(r, err)
		k.own.Render(w, r, StatusOf(err), "login", loginPage{Frame: k.Frame(r, k.Say(r, "login.title")), Next: next, Fault: Sentence(err)})
		return
	}
	http.SetCookie(w, k.Cookie(r, tokenCookie, token, cookieFor))
	http.Redirect(w, r, next, http.StatusSeeOther)
}

func (k *Kit) logout(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, k.Cookie(r, tokenCookie, "", -time.Second))
	http.Redirect(w, r, "/login", http.StatusSeeOther)
}

// Cookie is a cookie that scripts cannot read and other sites cannot send; a negative keep removes it.
func (k *Kit) Cookie(r *http.Request, name, value string, keep time.Duration) *http.Cookie {
	return &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: int(keep / time.Second), HttpOnly: true,
		Secure:   r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https",
		SameSite: http.SameSiteStrictMode,
	}
}

// localPath returns where to go after signing in: only ever a place on this server.
func localPath(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(u.Path, "/") || strings.HasPrefix(u.Path, "//") ||
		strings.ContainsAny(next, "\\\r\n") {
		return "/"
	}
	return u.RequestURI()
}
