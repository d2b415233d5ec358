package api

import "net/http"

// Refuse answers a request that cannot be served just now, before it has come to any route: 503, and come again.
func Refuse(w http.ResponseWriter, sentence string) {
	p := newProblem(http.StatusServiceUnavailable, "unavailable", sentence)
	p.header.Set("Retry-After", "1")
	p.write(w)
}
