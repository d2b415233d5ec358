package page

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"brigade/internal/account"
	"brigade/internal/actor"
	"brigade/internal/errs"
)

const (
	tokenCookie   = "brigade_token"
	sessionCookie = "brigade_session"
	tabletCookie  = "brigade_tablet"
	cookieFor     = 30 * 24 * time.Hour // who came with a token stays signed in
	tabletFor     = 5 * 365 * 24 * time.Hour
	maxForm       = 16 << 10 // bytes
)

// Users signs people in; account.Service does.
type Users interface {
	// SignIn opens a session by password, SignInPIN one on a tablet, in place of the session before.
	SignIn(ctx context.Context, email, password, before string, from account.Origin) (session string, lasts time.Duration, err error)
	SignInPIN(ctx context.Context, device, pin, before string, from account.Origin) (session string, lasts time.Duration, err error)
	// Visit tells who comes with a session. Errors: KindUnauthorized, KindForbidden.
	Visit(ctx context.Context, session, tablet string, used bool) (account.Visit, error)
	// SignOut ends a session.
	SignOut(ctx context.Context, session string, locked bool) error
	// Tablet tells which tablet a device is. Errors: KindNotFound.
	Tablet(ctx context.Context, device string) (account.Tablet, error)
	// Invited tells whose a link is; Accept sets his password. Errors: KindNotFound, KindInvalid.
	Invited(ctx context.Context, link string) (account.User, error)
	Accept(ctx context.Context, link, password string, from account.Origin) error
}

// Visitor is who asks: whose session it is, else the holder of the cookie's token, else the demo's owner. A cookie that no
// longer works, which every Brigade on the same host may have left behind, does not keep anybody out of the demo; but on
// a tablet that is locked nobody acts. Errors: KindUnauthorized.
func (k *Kit) Visitor(r *http.Request) (actor.Actor, error) {
	v, err := k.visit(r)
	return v.Actor, err
}

// visit is Visitor with what is known of his session.
func (k *Kit) visit(r *http.Request) (account.Visit, error) {
	session, tablet := Secret(r, sessionCookie), Secret(r, tabletCookie)
	if k.Users != nil && session != "" {
		v, err := k.Users.Visit(r.Context(), session, tablet, isUse(r))
		if err == nil || !errs.Is(err, errs.KindUnauthorized) {
			return v, err
		}
	}
	if k.Users != nil && tablet != "" {
		_, err := k.Users.Tablet(r.Context(), tablet)
		if err == nil {
			err = errs.Unauthorized("this tablet is locked")
		}
		if !errs.Is(err, errs.KindNotFound) {
			return account.Visit{}, err
		}
	}
	who, err := k.holder(r)
	return account.Visit{Actor: who}, err
}

// holder is who comes with a token, or with nothing.
func (k *Kit) holder(r *http.Request) (actor.Actor, error) {
	if token := Secret(r, tokenCookie); token != "" {
		who, err := k.Tenants.Authenticate(r.Context(), token)
		if err == nil || k.Demo == nil || !errs.Is(err, errs.KindUnauthorized) {
			return who, err
		}
	}
	if k.Demo != nil {
		return *k.Demo, nil
	}
	return actor.Actor{}, errs.Unauthorized("sign in first")
}

// Secret is what a cookie holds; "" for none.
func Secret(r *http.Request, cookie string) string {
	c, err := r.Cookie(cookie)
	if err != nil {
		return ""
	}
	return c.Value
}

// isUse tells whether somebody touches the screen: what scripts fetch, streams and pages that refresh themselves go on
// without him. Browsers say so of themselves, but for those that are spoken to without encryption.
func isUse(r *http.Request) bool {
	if strings.HasPrefix(r.URL.Path, "/live/") {
		return false
	}
	return r.Method != http.MethodGet || r.Header.Get("Sec-Fetch-Mode") == "" || r.Header.Get("Sec-Fetch-User") == "?1"
}

// From is where a request comes from. Only a proxy on the same machine is believed whom it speaks for.
func From(r *http.Request) account.Origin {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsLoopback() {
		hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",") // the last is what the proxy has seen
		if last := net.ParseIP(strings.TrimSpace(hops[len(hops)-1])); last != nil {
			host = last.String()
		}
	}
	return account.Origin{Address: host, Agent: r.UserAgent()}
}

// mayLook says who may sign in: those who work here.
func mayLook(who actor.Actor) error { return who.Require(everybody...) }

// loginPage is what the page login shows.
type loginPage struct {
	Frame
	Next, Email string
	Fault       string
	Tablet      string // the tablet that it is; "" = none
}

func (k *Kit) showLogin(w http.ResponseWriter, r *http.Request) {
	k.renderLogin(w, r, http.StatusOK, loginPage{Next: LocalPath(r.URL.Query().Get("next"))})
}

func (k *Kit) renderLogin(w http.ResponseWriter, r *http.Request, status int, p loginPage) {
	p.Frame = k.Frame(r, k.Say(r, "login.title"))
	if t, ok := k.tablet(r); ok {
		p.Tablet = t.Name
	}
	k.own.Render(w, r, status, "login", p)
}

// login signs in by e-mail and password, or checks a token, and keeps what it got in a cookie that scripts cannot read and
// other sites cannot send. Whoever was signed in before is so no more.
func (k *Kit) login(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	p := loginPage{Next: LocalPath(r.PostFormValue("next")), Email: r.PostFormValue("email")}
	cookie, err := k.credentials(r, p.Email)
	if err != nil {
		k.note(r, err)
		p.Fault = k.fault(r, err)
		k.renderLogin(w, r, StatusOf(err), p)
		return
	}
	k.forget(w, r, sessionCookie, tokenCookie)
	http.SetCookie(w, cookie)
	http.Redirect(w, r, p.Next, http.StatusSeeOther)
}

func (k *Kit) credentials(r *http.Request, email string) (*http.Cookie, error) {
	token := strings.TrimSpace(r.PostFormValue("token"))
	if k.Users == nil || token != "" {
		who, err := k.Tenants.Authenticate(r.Context(), token)
		if err == nil {
			err = mayLook(who)
		}
		if err == nil && k.Users != nil {
			err = k.Users.SignOut(r.Context(), Secret(r, sessionCookie), false)
		}
		return k.Cookie(r, tokenCookie, token, cookieFor), err
	}
	session, lasts, err := k.Users.SignIn(r.Context(), email, r.PostFormValue("password"), Secret(r, sessionCookie), From(r))
	return k.Cookie(r, sessionCookie, session, lasts), err
}

// fault says in the visitor's language why he is not let in.
func (k *Kit) fault(r *http.Request, err error) string {
	switch {
	case errs.Is(err, errs.KindTooMany):
		return k.Say(r, "login.too_many")
	case errs.Is(err, errs.KindUnauthorized) && r.URL.Path == "/pin":
		return k.Say(r, "pin.wrong")
	case errs.Is(err, errs.KindUnauthorized):
		return k.Say(r, "login.wrong")
	}
	return Sentence(Language(r), err)
}

// forget removes cookies.
func (k *Kit) forget(w http.ResponseWriter, r *http.Request, cookies ...string) {
	for _, name := range cookies {
		if Secret(r, name) != "" {
			http.SetCookie(w, k.Cookie(r, name, "", -time.Second))
		}
	}
}

func (k *Kit) logout(w http.ResponseWriter, r *http.Request) {
	if k.Users != nil {
		if err := k.Users.SignOut(r.Context(), Secret(r, sessionCookie), false); err != nil {
			k.Fail(w, r, err)
			return
		}
	}
	k.forget(w, r, sessionCookie, tokenCookie)
	http.Redirect(w, r, k.door(r), http.StatusSeeOther)
}

// door is where somebody signs in: on a tablet by PIN.
func (k *Kit) door(r *http.Request) string {
	if _, ok := k.tablet(r); ok {
		return "/pin"
	}
	return "/login"
}

// Cookie is a cookie that scripts cannot read and other sites cannot send; a negative keep removes it.
func (k *Kit) Cookie(r *http.Request, name, value string, keep time.Duration) *http.Cookie {
	return &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: int(keep / time.Second), HttpOnly: true,
		Secure:   r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https",
		SameSite: http.SameSiteStrictMode,
	}
}

// LocalPath returns where to go next, as a form says: only ever a place on this server.
func LocalPath(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(u.Path, "/") || strings.HasPrefix(u.Path, "//") ||
		strings.ContainsAny(next, "\\\r\n") {
		return "/"
	}
	return u.RequestURI()
}

// Address is where the visitor reached this server, for links that he gives to others.
func Address(r *http.Request) string {
	if r.TLS != nil || strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https") {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}
