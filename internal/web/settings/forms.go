package settings

import (
	"net/http"
	"net/url"
	"strconv"
)

// rowsShown is how many rows of a list a page shows.
const rowsShown = 50

// Pager leads to the other pages of a list; "" = there is none.
type Pager struct{ Newer, Older string }

// paged cuts a list to the page that the request asks for.
func paged[T any](r *http.Request, all []T) ([]T, Pager) {
	at := min(max(int(number(r, "page")), 0), len(all)/rowsShown)
	var p Pager
	if at > 0 {
		p.Newer = pageLink(r, at-1)
	}
	rest := all[at*rowsShown:]
	if len(rest) > rowsShown {
		rest, p.Older = rest[:rowsShown], pageLink(r, at+1)
	}
	return rest, p
}

func pageLink(r *http.Request, n int) string {
	q := url.Values{"page": {strconv.Itoa(n)}}
	if o := r.FormValue("outlet"); o != "" {
		q.Set("outlet", o)
	}
	return r.URL.Path + "?" + q.Encode()
}

// number reads a whole number from a form or a query; 0 for none.
func number(r *http.Request, field string) int64 {
	n, _ := strconv.ParseInt(r.FormValue(field), 10, 64)
	return n
}

// back is a page at the outlet that a form came from.
func back(r *http.Request, path string) string {
	return path + "?outlet=" + url.QueryEscape(r.FormValue("outlet"))
}
