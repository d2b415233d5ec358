// Package page is what all of Brigade's pages share: the frame around them, their templates, texts and static files, who
// asks, what is answered when something goes wrong, and feeds that keep open pages up to date.
//
// An area of pages (floor, shop, …) is a package of its own beside this one. It has its templates in its folder
// templates, its texts in texts/catalogue/AREA.json, its styles and scripts in static/AREA; it makes a Set of its
// templates, wraps its handlers in As (who must be signed in) or Open (anybody), and is mounted in package web.
package page

import (
	"bytes"
	"compress/gzip"
	"context"
	"embed"
	"errors"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"sync"

	"brigade/internal/actor"
	"brigade/internal/clock"
	"brigade/internal/errs"
	"brigade/internal/event"
	"brigade/internal/telemetry"
	"brigade/internal/tenant"
	"brigade/internal/web/texts"
)

// Tenants says who holds a token and which outlets there are; tenant.Service does.
type Tenants interface {
	// Authenticate returns whom a token stands for. Errors: KindUnauthorized, KindForbidden.
	Authenticate(ctx context.Context, token string) (actor.Actor, error)
	// ListOutlets returns a tenant's outlets by slug; the answer is shared.
	ListOutlets(ctx context.Context, tenant int64) ([]tenant.Outlet, error)
}

// Parts are what all pages stand on.
type Parts struct {
	Tenants Tenants
	Users   Users // nil: people come with tokens only
	Tail    *event.Tail
	Clock   clock.Clock  // the product's
	Demo    *actor.Actor // whom visitors without a token act as; nil: a token is demanded
	Log     *slog.Logger
	Tiles   Tiles
}

// Tiles are what maps are drawn on; without a template they are plain.
type Tiles struct{ Template, Credit string }

// Kit is what areas of pages are made with.
type Kit struct {
	Parts
	assets *assets
	own    *Set // the pages of this package

	mu     sync.Mutex
	mux    *http.ServeMux
	served map[string]bool // what is known of paths
}

// New returns a kit.
func New(p Parts) *Kit {
	k := &Kit{Parts: p, assets: loadAssets(), served: map[string]bool{}}
	k.own = k.Set(templateFiles, nil)
	return k
}

//go:embed templates
var templateFiles embed.FS

// Mount adds what belongs to no area: static files, signing in and out, language and colours.
func (k *Kit) Mount(mux *http.ServeMux) {
	k.mux = mux
	mux.Handle("GET /static/", k.assets)
	mux.HandleFunc("GET /login", k.showLogin)
	mux.HandleFunc("POST /login", k.login)
	mux.HandleFunc("POST /logout", k.logout)
	mux.HandleFunc("GET /pin", k.showPIN)
	mux.HandleFunc("POST /pin", k.enterPIN)
	mux.HandleFunc("POST /lock", k.lock)
	mux.HandleFunc("POST /tablet/quit", k.quitTablet)
	mux.HandleFunc("GET /welcome/{link}", k.showInvite)
	mux.HandleFunc("POST /welcome/{link}", k.acceptInvite)
	mux.HandleFunc("POST /look", k.chooseLook)
	mux.HandleFunc(anyPage, k.As(k.noSuchPage, everybody...))
}

// anyPage is the pattern of what is no page.
const anyPage = "GET /"

// everybody who can sign in.
var everybody = []actor.Role{actor.Manager, actor.Cook, actor.Driver}

func (k *Kit) noSuchPage(_ http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	return k.NoPage(r)
}

// Set is an area's parsed templates by language and page: each has the layout, the shared partials, the area's
// partials and the page's own file.
type Set struct {
	kit *Kit
	all map[string]map[string]*template.Template
}

// Set parses an area's templates/PAGE.html and templates/parts/*.html over the layout, with more functions for them
// than all pages have (funcs.go). They are part of the binary, so a failure is a fault of the build and panics.
func (k *Kit) Set(files fs.FS, more template.FuncMap) *Set {
	t := &Set{k, map[string]map[string]*template.Template{}}
	names, _ := fs.Glob(files, "templates/*.html") // the pattern is a right one
	parts, _ := fs.Glob(files, "templates/parts/*.html")
	for _, l := range texts.Languages {
		base := template.New("").Funcs(funcs(k.assets, l)).Funcs(more)
		base = template.Must(base.ParseFS(templateFiles, "templates/layout.html", "templates/parts/*.html"))
		if len(parts) > 0 {
			base = template.Must(base.ParseFS(files, parts...))
		}
		t.all[l.Code] = map[string]*template.Template{}
		for _, file := range names {
			if name := strings.TrimSuffix(path.Base(file), ".html"); name != "layout" {
				t.all[l.Code][name] = template.Must(template.Must(base.Clone()).ParseFS(files, file))
			}
		}
	}
	return t
}

// Of returns a page's template in a language, for its feed.
func (t *Set) Of(lang, page string) *template.Template { return t.all[lang][page] }

// Frame is what the layout shows around every page; what a page shows embeds it.
type Frame struct {
	Title string
	Build string // of the static files; a page of another build reloads itself
	Lang  texts.Language
	Theme string // light or dark; "" = as the device has it
	Here  string // where to come back to after the language or the colours were chosen
	Nav   []NavItem
	Who   Account
}

// Frame returns the frame of a page for who asks.
func (k *Kit) Frame(r *http.Request, title string) Frame {
	return Frame{
		Title: title, Build: k.assets.version, Lang: Language(r), Theme: theme(r), Here: r.URL.RequestURI(),
		Nav: k.navigation(r), Who: k.account(r),
	}
}

// Say says a text in the page's language; the key itself when there is no such text.
func (f Frame) Say(key string, args ...any) string { return Sayer(f.Lang)(key, args...) }

func (f Frame) language() texts.Language { return f.Lang }

// Framed is what a page shows: it embeds a Frame.
type Framed interface{ language() texts.Language }

// Render answers with a page, or with nothing but the status 500 when its template fails.
func (t *Set) Render(w http.ResponseWriter, r *http.Request, status int, page string, data Framed) {
	var body bytes.Buffer
	if err := t.all[data.language().Code][page].ExecuteTemplate(&body, "layout", data); err != nil {
		t.kit.Log.ErrorContext(r.Context(), "a page could not be rendered", "action", "page_failed", "page", page, "error", err)
		http.Error(w, "the page could not be rendered", http.StatusInternalServerError)
		return
	}
	t.send(w, r, status, body.Bytes())
}

// Part answers htmx with a partial of a page.
func (t *Set) Part(w http.ResponseWriter, r *http.Request, page, part string, data any) {
	var body bytes.Buffer
	if err := t.all[Language(r).Code][page].ExecuteTemplate(&body, part, data); err != nil {
		t.kit.Log.ErrorContext(r.Context(), "a part of a page could not be rendered", "action", "page_failed", "part", part, "error", err)
		http.Error(w, "the page could not be rendered", http.StatusInternalServerError)
		return
	}
	t.send(w, r, http.StatusOK, body.Bytes())
}

func (t *Set) send(w http.ResponseWriter, r *http.Request, status int, body []byte) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Vary", "Accept-Encoding")
	if !takesGzip(r) {
		w.WriteHeader(status)
		_, _ = w.Write(body) // who went away needs no answer
		return
	}
	h.Set("Content-Encoding", "gzip")
	w.WriteHeader(status)
	z := gzip.NewWriter(w)
	_, _ = z.Write(body)
	_ = z.Close()
}

// Action is a handler for somebody who is signed in. What it returns is shown.
type Action func(w http.ResponseWriter, r *http.Request, who actor.Actor) error

// As finds out who asks, and whether he has one of some roles, before it hands over. Owners may do everything; without
// roles, those who run the kitchen may. Who works at one station only is refused: what he may see is mounted by
// AtStation.
func (k *Kit) As(do Action, roles ...actor.Role) http.HandlerFunc {
	return k.AtStation(func(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
		if err := who.Whole(); err != nil {
			return k.elsewhere(w, r, who, err)
		}
		return do(w, r, who)
	}, roles...)
}

// AtStation is As for what those who work at one station only may ask for, too: the handler sees to it that they get
// no more than that.
func (k *Kit) AtStation(do Action, roles ...actor.Role) http.HandlerFunc {
	if len(roles) == 0 {
		roles = []actor.Role{actor.Manager, actor.Cook}
	}
	return func(w http.ResponseWriter, r *http.Request) {
		v, err := k.visit(r)
		if err != nil {
			k.Fail(w, r, err)
			return
		}
		r = r.WithContext(context.WithValue(actor.With(r.Context(), v.Actor), visitKey{}, v))
		k.Open(func(w http.ResponseWriter, r *http.Request) error {
			if err := v.Require(roles...); err != nil {
				return k.elsewhere(w, r, v.Actor, err)
			}
			return do(w, r, v.Actor)
		})(w, r)
	}
}

// visitKey is under what a request's context has its account.Visit.
type visitKey struct{}

// elsewhere leads who opens the front page and may not see it to where he works.
func (k *Kit) elsewhere(w http.ResponseWriter, r *http.Request, who actor.Actor, err error) error {
	if home := k.home(who); r.Method == http.MethodGet && r.URL.Path == "/" && home != "" {
		http.Redirect(w, r, home, http.StatusSeeOther)
		return nil
	}
	return err
}

// Open is for handlers that anybody may ask, unless what is sent cannot be read. What they return is shown.
func (k *Kit) Open(do func(w http.ResponseWriter, r *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		err := k.readable(r)
		if err == nil {
			err = do(w, r)
		}
		if err != nil {
			k.Fail(w, r, err)
		}
	}
}

// MountAll adds an area's pages for some roles; see As.
func (k *Kit) MountAll(mux *http.ServeMux, pages map[string]Action, roles ...actor.Role) {
	for pattern, do := range pages {
		mux.HandleFunc(pattern, k.As(do, roles...))
	}
}

// Fail shows an error: strangers are asked to sign in, htmx gets a message, everybody else a page.
func (k *Kit) Fail(w http.ResponseWriter, r *http.Request, err error) {
	k.note(r, err)
	status := StatusOf(err)
	switch {
	case r.Header.Get("HX-Request") != "" && status == http.StatusUnauthorized:
		w.Header().Set("HX-Redirect", k.door(r))
		w.WriteHeader(status)
	case r.Header.Get("HX-Request") != "":
		k.Toast(w, r, status, Toast{Text: Sentence(Language(r), err), Fault: true})
	case status == http.StatusUnauthorized && r.Method == http.MethodGet && !strings.HasPrefix(r.URL.Path, "/live/"):
		http.Redirect(w, r, k.door(r)+"?next="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
	default:
		k.own.Render(w, r, status, "error", errorPage{k.Frame(r, k.title(r, status)), status, Sentence(Language(r), err)})
	}
}

// errorPage is what the page error shows.
type errorPage struct {
	Frame
	Status int
	Text   string
}

// note logs what somebody should look after.
func (k *Kit) note(r *http.Request, err error) {
	level := slog.LevelError
	switch StatusOf(err) {
	case http.StatusInternalServerError:
	case http.StatusServiceUnavailable: // a part of ours is away
		level = slog.LevelWarn
	default:
		return
	}
	if r.Context().Err() == nil {
		k.Log.Log(r.Context(), level, "a request failed", "action", "request_failed", "path", telemetry.Path(r.URL.Path), "error", err)
	}
}

// Sentence is what visitors are told of an error, in their language: what exactly it was where there is a text for it,
// else what is said of its kind, else the English.
func Sentence(l texts.Language, err error) string {
	e, ok := errors.AsType[*errs.Error](err)
	if !ok {
		return Sayer(l)("error.500")
	}
	text, known := l.Refusal(e)
	switch status := StatusOf(err); status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests, http.StatusServiceUnavailable:
		if !known {
			return Sayer(l)("error." + strconv.Itoa(status))
		}
	}
	return text
}

// title is the heading of an error.
func (k *Kit) title(r *http.Request, status int) string {
	if text := k.Say(r, "error.title."+strconv.Itoa(status)); !strings.HasPrefix(text, "error.") {
		return text
	}
	return k.Say(r, "app.error")
}

// StatusOf is the HTTP status of an error's kind.
func StatusOf(err error) int {
	switch errs.KindOf(err) {
	case errs.KindInvalid:
		return http.StatusUnprocessableEntity
	case errs.KindMalformed:
		return http.StatusBadRequest
	case errs.KindUnauthorized:
		return http.StatusUnauthorized
	case errs.KindForbidden:
		return http.StatusForbidden
	case errs.KindNotFound:
		return http.StatusNotFound
	case errs.KindConflict:
		return http.StatusConflict
	case errs.KindTooMany:
		return http.StatusTooManyRequests
	case errs.KindTooLarge:
		return http.StatusRequestEntityTooLarge
	case errs.KindUnavailable, errs.KindUnknown:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}
