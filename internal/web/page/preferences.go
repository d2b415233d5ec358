package page

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

// Language is what a visitor reads: as he chose, else as his browser says.
func Language(r *http.Request) texts.Language {
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

// Say returns a text in the visitor's language; the key itself when there is no such text.
func (k *Kit) Say(r *http.Request, key string, args ...any) string {
	return Sayer(Language(r))(key, args...)
}

// Sayer says texts in a language.
func Sayer(l texts.Language) func(key string, args ...any) string {
	return func(key string, args ...any) string {
		text, err := l.Say(key, args...)
		if err != nil {
			return key
		}
		return text
	}
}

// chooseLook remembers language and colours on the visitor's device.
func (k *Kit) chooseLook(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	for name, value := range map[string]string{langCookie: r.PostFormValue("lang"), themeCookie: r.PostFormValue("theme")} {
		http.SetCookie(w, k.Cookie(r, name, value, keepLook))
	}
	http.Redirect(w, r, LocalPath(r.PostFormValue("next")), http.StatusSeeOther)
}
