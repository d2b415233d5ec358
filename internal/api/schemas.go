package api

import (
	"context"
	"net/http"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/event"
)

func (s *server) addSchemas() {
	add(s, route{
		method: http.MethodGet, path: "/api/v1/events/schemas", view: ViewCanonical, id: "list-event-schemas", tag: "Events",
		summary: "Which events there are", description: "Every type of event with its meaning, the aggregate it belongs to and where its JSON Schema is.",
		response: `[{"type":"TASK_READY","version":1,"aggregate":"task","context":"kitchen","meaning":"everything that the task waited for is done",
"schema":"/api/v1/events/schemas/TASK_READY"}]`,
	}, s.listSchemas)
	add(s, route{
		method: http.MethodGet, path: "/api/v1/events/schemas/{type}", view: ViewCanonical, id: "get-event-schema", tag: "Events",
		summary: "The schema of an event", description: "The JSON Schema (2020-12) of the events of a type, with their payload: of the version that is written today, or of an earlier one.",
		response: `{"$schema":"https://json-schema.org/draft/2020-12/schema","title":"TASK_READY","type":"object"}`,
		errors:   []int{http.StatusNotFound},
	}, s.getSchema)
}

type eventType struct {
	Type      event.Type `json:"type" example:"TASK_READY"`
	Version   int        `json:"version" doc:"In which they are written today; older events keep theirs" example:"1"`
	Aggregate string     `json:"aggregate" example:"task"`
	Context   string     `json:"context" doc:"The part of the product; brokers have a topic for each" example:"kitchen"`
	Meaning   string     `json:"meaning"`
	Schema    string     `json:"schema" example:"/api/v1/events/schemas/TASK_READY"`
}

type schemasOutput struct{ Body []eventType }

func (s *server) listSchemas(context.Context, actor.Actor, *struct{}) (*schemasOutput, error) {
	out := &schemasOutput{}
	for _, e := range event.Catalogue {
		out.Body = append(out.Body, eventType{
			Type: e.Type, Version: event.VersionOf(e.Type), Aggregate: e.Aggregate, Context: event.Context(event.Event{AggregateType: e.Aggregate}),
			Meaning: e.Meaning, Schema: "/api/v1/events/schemas/" + string(e.Type),
		})
	}
	return out, nil
}

type schemaRef struct {
	Type    string `path:"type" doc:"The event's type" example:"TASK_READY" maxLength:"64"`
	Version int    `query:"version" doc:"Of the payload; without it: today's" minimum:"1"`
}

type schemaOutput struct {
	ContentType string `header:"Content-Type"`
	Body        any    `doc:"A JSON Schema"`
}

func (s *server) getSchema(_ context.Context, _ actor.Actor, in *schemaRef) (*schemaOutput, error) {
	e, ok := event.Find(event.Type(in.Type))
	if !ok {
		return nil, errs.NotFound("there is no event %q", in.Type)
	}
	if in.Version == 0 {
		in.Version = event.VersionOf(e.Type)
	}
	schema, ok := event.SchemaOfVersion(e, in.Version)
	if !ok {
		return nil, errs.NotFound("%s has no version %d: it is written in version %d", e.Type, in.Version, event.VersionOf(e.Type))
	}
	return &schemaOutput{ContentType: "application/schema+json", Body: schema}, nil
}
