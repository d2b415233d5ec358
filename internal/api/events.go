package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/event"
)

func (s *server) addEvents() {
	s.addSchemas()
	add(s, route{
		method: http.MethodGet, path: "/api/v1/events", view: ViewCanonical, id: "follow-events", tag: "Events",
		summary: "Follow what happens",
		description: "Server-sent events: `id` is the event's position, `event` its type, `data` its envelope. A client that was cut " +
			"off goes on without a gap by sending the last position as Last-Event-ID (browsers do) or `after`; without either, " +
			"the stream begins now. A comment comes every 15 seconds when nothing else does.",
		stream: true,
		response: "id: 1234\nevent: TASK_STARTED\ndata: {\"position\":1234,\"type\":\"TASK_STARTED\",\"aggregate_type\":\"task\"," +
			"\"aggregate_id\":42,…}\n\n",
		errors: []int{http.StatusNotFound},
	}, s.followEvents)
}

type eventsInput struct {
	OutletParam
	LastEventID string   `header:"Last-Event-ID" doc:"The last position that was seen" example:"1234"`
	After       string   `query:"after" doc:"The same, for clients that cannot send the header; 0: from the beginning" example:"1234"`
	Types       []string `query:"types" doc:"Only events of these types, separated by commas" example:"TASK_STARTED,TASK_COMPLETED"`
}

type eventsOutput struct {
	ContentType string `header:"Content-Type"`
	Body        func(huma.Context)
}

func (s *server) followEvents(ctx context.Context, who actor.Actor, in *eventsInput) (*eventsOutput, error) {
	outlet, err := s.outlet(ctx, who, in.Outlet)
	if err != nil {
		return nil, err
	}
	after, types, err := in.read()
	if err != nil {
		return nil, err
	}
	if outlet == 0 {
		outlet = who.OutletFilter()
	}
	filter := event.Filter{Tenant: who.Tenant, Outlet: outlet, Types: types}
	return &eventsOutput{ContentType: "text/event-stream", Body: func(hc huma.Context) {
		r, w := humago.Unwrap(hc)
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Accel-Buffering", "no")
		w.WriteHeader(http.StatusOK)
		if r.Method != http.MethodHead {
			s.stream(ctx, w, filter, after)
		}
	}}, nil
}

// read returns the position to begin after (-1: now) and the types that are wanted. Errors: KindInvalid.
func (in *eventsInput) read() (int64, []event.Type, error) {
	var f errs.Fields
	after, field, value := int64(-1), "Last-Event-ID", in.LastEventID
	if value == "" {
		field, value = "after", in.After
	}
	if value != "" {
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil || n < 0 {
			f.Add(field, "must be the position of an event")
		}
		after = n
	}
	types := make([]event.Type, len(in.Types))
	for i, t := range in.Types {
		types[i] = event.Type(t)
		if !slices.ContainsFunc(event.Catalogue, func(e event.Entry) bool { return e.Type == types[i] }) {
			f.Add("types", "has no %q", t)
		}
	}
	return after, types, f.Err()
}

// stream writes events until the client goes, is too slow, or the server ends.
func (s *server) stream(ctx context.Context, w http.ResponseWriter, filter event.Filter, after int64) {
	c := http.NewResponseController(w)
	_ = c.SetReadDeadline(time.Time{})                     // a stream outlives the server's time for a request
	defer func() { _ = c.SetWriteDeadline(time.Time{}) }() // the connection may serve further requests
	events := s.Events.Stream(filter, after)
	defer events.Close()
	for text := []byte("retry: 2000\n\n"); ; {
		_ = c.SetWriteDeadline(time.Now().Add(writeIn))
		if _, err := w.Write(text); err != nil || c.Flush() != nil {
			return
		}
		var ended bool
		if text, ended = next(ctx, events); ended {
			return
		}
	}
}

// next waits for the next events and returns them as text, or a comment when there were none for a while.
func next(ctx context.Context, events *event.Stream) (text []byte, ended bool) {
	beat, cancel := context.WithTimeout(ctx, heartbeat)
	defer cancel()
	list, err := events.Next(beat)
	switch {
	case ctx.Err() != nil || errors.Is(err, event.ErrStopped):
		return nil, true
	case err == nil:
		return eventText(list), false
	}
	<-beat.Done() // the log is out of reach: try again with the next heartbeat
	return []byte(":\n\n"), ctx.Err() != nil
}

func eventText(events []event.Event) []byte {
	var b bytes.Buffer
	for _, e := range events {
		data, err := json.Marshal(e)
		if err != nil { // envelopes are plain structs, their payloads JSON
			panic("api: event: " + err.Error())
		}
		fmt.Fprintf(&b, "id: %d\nevent: %s\ndata: %s\n\n", e.Position, e.Type, data)
	}
	return b.Bytes()
}
