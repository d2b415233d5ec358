package api

import (
	"context"
	"errors"
	"net/http"

	"brigade/internal/actor"
	"brigade/internal/errs"
)

const tagOperation = "Operation"

func (s *server) addHealth() {
	add(s, route{
		method: http.MethodGet, path: "/health", id: "health", tag: tagOperation, quiet: true, lenient: true,
		summary: "Alive", description: "Answers while the process lives.", response: `{"status":"ok"}`,
	}, s.health)
	add(s, route{
		method: http.MethodGet, path: "/ready", id: "ready", tag: tagOperation, quiet: true, lenient: true,
		summary: "Ready", description: "Tells whether requests can be served; 503 says why not.", response: `{"status":"ready"}`,
	}, s.ready)
	if s.Metrics != nil {
		s.raw("GET /metrics", s.Metrics.Handler())
	}
}

type healthOutput struct {
	Body struct {
		Status string `json:"status" example:"ok"`
		Redis  string `json:"redis,omitempty" doc:"How Redis is, when one is used: up, or away since when and why; requests can be served all the same" example:"up"`
	} `nameHint:"Health"`
}

func healthy(status string) *healthOutput {
	out := &healthOutput{}
	out.Body.Status = status
	return out
}

func (s *server) health(context.Context, actor.Actor, *struct{}) (*healthOutput, error) {
	return healthy("ok"), nil
}

func (s *server) ready(ctx context.Context, _ actor.Actor, _ *struct{}) (*healthOutput, error) {
	ctx, cancel := context.WithTimeout(ctx, readyIn)
	defer cancel()
	err := s.Ready(ctx)
	if err == nil {
		out := healthy("ready")
		if s.Redis != nil {
			out.Body.Redis = s.Redis()
		}
		return out, nil
	}
	why := "not ready"
	if e, ok := errors.AsType[*errs.Error](err); ok {
		why = e.Public()
	}
	return nil, errs.Unavailable("%s", why).Because(err)
}

// raw adds a route that is not part of the documented API.
func (s *server) raw(key string, h http.Handler) {
	if _, ok := rights[key]; !ok {
		panic("api: nobody said who may use " + key)
	}
	s.routes[key] = true
	s.mux.HandleFunc(key, func(w http.ResponseWriter, r *http.Request) {
		exchangeOf(r.Context()).quiet = true
		h.ServeHTTP(w, r)
	})
}
