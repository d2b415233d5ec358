package web

import (
	"bytes"
	"compress/gzip"
	"embed"
	"errors"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"strings"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/web/texts"
)

//go:embed templates
var templateFiles embed.FS

// pages are the parsed templates by language and page: each has the layout, the shared partials and the page's own file.
type pages map[string]map[string]*template.Template

// parsePages parses templates/layout.html, templates/parts/*.html and, for each page, templates/PAGE.html. They are
// part of the binary, so a failure is a fault of the build.
func parsePages(files *assets) pages {
	all := pages{}
	for _, l := range texts.Languages {
		base := template.New("").Funcs(funcs(files, l))
		base = template.Must(base.ParseFS(templateFiles, "templates/layout.html", "templates/parts/*.html"))
		names, _ := fs.Glob(templateFiles, "templates/*.html") // the pattern is a right one
		all[l.Code] = map[string]*template.Template{}
		for _, file := range names {
			if name := strings.TrimSuffix(path.Base(file), ".html"); name != "layout" {
				all[l.Code][name] = template.Must(template.Must(base.Clone()).ParseFS(templateFiles, file))
			}
		}
	}
	return all
}

// frame is what the layout shows around every page.
type frame struct {
	Title string
	Build string // of the static files; a page of another build reloads itself
	Lang  texts.Language
	Theme string // light or dark; "" = as the device has it
	Here  string // where to come back to after the language or the colours were chosen
}

func (s *server) frame(r *http.Request, title string) frame {
	return frame{Title: title, Build: s.assets.version, Lang: language(r), Theme: theme(r), Here: r.URL.RequestURI()}
}

func (f frame) language() texts.Language { return f.Lang }

// framed is what a page shows: it begins with a frame.
type framed interface{ language() texts.Language }

// render answers with a page, or with nothing but the status 500 when its template fails.
func (s *server) render(w http.ResponseWriter, r *http.Request, status int, page string, data framed) {
	var body bytes.Buffer
	if err := s.pages[data.language().Code][page].ExecuteTemplate(&body, "layout", data); err != nil {
		s.Log.ErrorContext(r.Context(), "a page could not be rendered", "action", "page_failed", "page", page, "error", err)
		http.Error(w, "the page could not be rendered", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Vary", "Accept-Encoding")
	if !takesGzip(r) {
		w.WriteHeader(status)
		_, _ = w.Write(body.Bytes()) // who went away needs no answer
		return
	}
	h.Set("Content-Encoding", "gzip")
	w.WriteHeader(status)
	z := gzip.NewWriter(w)
	_, _ = z.Write(body.Bytes())
	_ = z.Close()
}

// action is a handler for somebody who may look at the kitchen. What it returns is shown.
type action func(w http.ResponseWriter, r *http.Request, who actor.Actor) error

// as finds out who asks before it hands over.
func (s *server) as(do action) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		who, err := s.visitor(r)
		if err == nil {
			err = mayLook(who)
		}
		if err == nil {
			err = do(w, r.WithContext(actor.With(r.Context(), who)), who)
		}
		if err != nil {
			s.fail(w, r, err)
		}
	}
}

// fail shows an error: strangers are asked to sign in, htmx gets a message, everybody else a page.
func (s *server) fail(w http.ResponseWriter, r *http.Request, err error) {
	s.note(r, err)
	status := statusOf(err)
	switch {
	case r.Header.Get("HX-Request") != "" && status == http.StatusUnauthorized:
		w.Header().Set("HX-Redirect", "/login")
		w.WriteHeader(status)
	case r.Header.Get("HX-Request") != "":
		s.toast(w, r, status, toast{Text: sentence(err), Fault: true})
	case status == http.StatusUnauthorized && r.Method == http.MethodGet && !strings.HasPrefix(r.URL.Path, "/live/"):
		http.Redirect(w, r, "/login?next="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
	default:
		s.render(w, r, status, "error", errorPage{s.frame(r, http.StatusText(status)), status, sentence(err)})
	}
}

// errorPage is what the page error shows.
type errorPage struct {
	frame
	Status int
	Text   string
}

// note logs what somebody should look after.
func (s *server) note(r *http.Request, err error) {
	if statusOf(err) == http.StatusInternalServerError && r.Context().Err() == nil {
		s.Log.ErrorContext(r.Context(), "a request failed", "action", "request_failed", "path", r.URL.Path, "error", err)
	}
}

// sentence is what visitors are told of an error.
func sentence(err error) string {
	if e, ok := errors.AsType[*errs.Error](err); ok {
		return e.Public()
	}
	return "Something went wrong. It was written to the log."
}

func statusOf(err error) int {
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
	case errs.KindTooLarge:
		return http.StatusRequestEntityTooLarge
	case errs.KindUnavailable, errs.KindUnknown:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}
