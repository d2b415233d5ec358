package web

import (
	"net/http"
	"slices"
	"time"

	"brigade/internal/web/texts"
)

const (
	langCookie  = "brigade_lang"
	themeCookie = "brigade_theme"
	keepLook    = 365 * 24 * time.Hour // how long a device remembers how it wants to be spoken to
)

// language is what a visitor reads: as he chose, else as his browser says.
func language(r *http.Request) texts.Language {
	if c, err := r.Cookie(langCookie); err == nil {
		if l, ok := texts.Find(c.Value); ok {
			return l
		}
	}
	return texts.Accepted(r.Header.Get("Accept-Language"))
}

// theme is light or dark as a visitor chose, "" for as his device has it.
func theme(r *http.Request) string {
	c, err := r.Cookie(themeCookie)
	if err != nil || !slices.Contains([]string{"light", "dark"}, c.Value) {
		return ""
	}
	return c.Value
}

// say returns a text in the visitor's language; the key itself when there is no such text.
func (s *server) say(r *http.Request, key string, args ...any) string {
	return sayer(language(r))(key, args...)
}

// sayer says texts in a language.
func sayer(l texts.Language) func(key string, args ...any) string {
	return func(key string, args ...any) string {
		text, err := l.Say(key, args...)
		if err != nil {
			return key
		}
		return text
	}
}

// chooseLook remembers language and colours on the visitor's device.
func (s *server) chooseLook(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	for name, value := range map[string]string{langCookie: r.PostFormValue("lang"), themeCookie: r.PostFormValue("theme")} {
		c := s.cookie(r, value, keepLook)
		c.Name = name
		http.SetCookie(w, c)
	}
	http.Redirect(w, r, localPath(r.PostFormValue("next")), http.StatusSeeOther)
}
