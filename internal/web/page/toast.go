package page

import (
	"net/http"
)

// Toast is a short message about what was just done.
type Toast struct {
	Text  string
	Fault bool
	Undo  *Undo // nil: it cannot be taken back
}

// Undo is the form that takes a change back.
type Undo struct {
	Action string // its path
	Fields map[string]string
}

// Toast answers htmx with a message.
func (k *Kit) Toast(w http.ResponseWriter, r *http.Request, status int, t Toast) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if err := k.own.Of(Language(r).Code, "error").ExecuteTemplate(w, "toast", t); err != nil {
		k.Log.ErrorContext(r.Context(), "a message could not be rendered", "action", "page_failed", "error", err)
	}
}

// Done answers a form: htmx with a message, a browser without JavaScript with the page at back as it is now.
func (k *Kit) Done(w http.ResponseWriter, r *http.Request, back string, t Toast) error {
	if r.Header.Get("HX-Request") == "" {
		http.Redirect(w, r, back, http.StatusSeeOther)
		return nil
	}
	k.Toast(w, r, http.StatusOK, t)
	return nil
}
