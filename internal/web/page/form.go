package page

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"brigade/internal/errs"
)

// readable checks that a request's address and form can be read, and kept: Postgres takes no text that has NUL or is not
// UTF-8. Errors: KindMalformed, KindTooLarge.
func (k *Kit) readable(r *http.Request) error {
	query, err := url.QueryUnescape(r.URL.RawQuery)
	if err != nil || !isText(query) || !isText(r.URL.Path) {
		return errs.Malformed("%s", k.Say(r, "error.not_text"))
	}
	if r.Method != http.MethodPost {
		return nil
	}
	err = parseForm(r)
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return errs.TooLarge("%s", k.Say(r, "error.too_large")).Because(err)
	}
	if err != nil || !allText(r.PostForm) {
		return errs.Malformed("%s", k.Say(r, "error.not_text")).Because(err)
	}
	return nil
}

// parseForm reads what forms browsers send; a body that is none of them is left to its handler.
func parseForm(r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	if err := r.ParseMultipartForm(maxForm); !errors.Is(err, http.ErrNotMultipart) {
		return err
	}
	return nil
}

func allText(form url.Values) bool {
	for name, values := range form {
		if !isText(name) || !isText(strings.Join(values, "")) {
			return false
		}
	}
	return true
}

func isText(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }
