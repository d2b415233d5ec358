package page

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// policy lets a page load from this server only, run no script and no style that is written into it, and be shown in
// nobody's frame.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:%s; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// tileHost is where a map's tiles come from, for the policy, with a space before it: https://{s}.example.com/{z}/{x}/{y}.png
// is https://*.example.com.
func tileHost(template string) string {
	u, err := url.Parse(strings.NewReplacer("{s}", "*", "{", "", "}", "").Replace(template))
	if err != nil || u.Host == "" {
		return ""
	}
	return " " + u.Scheme + "://" + u.Host
}

// permissions says which of the device's senses a page may ask for: where it is, and that only for drivers on shift and for
// guests who say where their door is.
func permissions(path string) string {
	where := "()"
	if path == "/driver" || strings.HasPrefix(path, "/shop/") {
		where = "(self)"
	}
	return "geolocation=" + where + ", camera=(), microphone=()"
}

// Protect sends what browsers need to know to be careful, and refuses forms that another site sends. Pictures may also come
// from where a map's tiles do, which is a template (https://tile.example.com/{z}/{x}/{y}.png) or "".
func Protect(next http.Handler, tiles string) http.Handler {
	rules := fmt.Sprintf(policy, tileHost(tiles))
	foreign := http.NewCrossOriginProtection()
	foreign.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "this form was sent by another site", http.StatusForbidden)
	}))
	next = foreign.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", rules)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Permissions-Policy", permissions(r.URL.Path))
		next.ServeHTTP(w, r)
	})
}
