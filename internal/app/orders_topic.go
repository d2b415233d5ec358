package app

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"

	"brigade/internal/actor"
	"brigade/internal/api"
	"brigade/internal/config"
	"brigade/internal/errs"
	"brigade/internal/event/kafka"
	"brigade/internal/tenant"
)

// ordersGroup is the consumer group of all processes that take orders from Kafka: they share the partitions.
const ordersGroup = "brigade-orders"

// startOrdersTopic takes orders from contract D's topic, in the name of one tenant. A record is what POST
// /api/v1/orders takes, and goes the same way; that it comes twice is known by its Idempotency-Key header, else by its
// place in the topic.
func (a *App) startOrdersTopic(context.Context) error {
	if len(a.cfg.Brokers.KafkaBrokers) == 0 || !a.has(config.RoleAPI) {
		return nil
	}
	door := &topicDoor{app: a}
	c := &kafka.Consumer{Options: a.kafka("orders"), Topic: kafka.OrdersTopic, Group: ordersGroup, Handle: door.take}
	a.run("orders topic", func(ctx context.Context) error { c.Run(ctx); return nil })
	return nil
}

// topicDoor is the API as the topic's orders see it.
type topicDoor struct {
	app *App

	mu      sync.Mutex
	who     actor.Actor
	handler http.Handler // in the name of who
}

// take places the order of one record. Errors: KindInvalid for what the API refuses, KindUnavailable.
func (d *topicDoor) take(ctx context.Context, r kafka.Record) error {
	handler, err := d.open(ctx)
	if err != nil {
		return errs.Unavailable("nobody to take the order for").Because(err)
	}
	key := r.Headers["Idempotency-Key"]
	if key == "" {
		key = "kafka:" + r.ID
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://localhost/api/v1/orders", bytes.NewReader(r.Value))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", key)
	if parent := r.Headers["traceparent"]; parent != "" {
		req.Header.Set("traceparent", parent)
	}
	var a answer
	handler.ServeHTTP(&a, req)
	return a.err()
}

func (d *topicDoor) open(ctx context.Context) (http.Handler, error) {
	who, err := d.app.topicActor(ctx)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.handler == nil || d.who != who {
		p := d.app.apiParts()
		p.Demo, p.Open, p.Views = &who, true, []api.View{api.ViewCanonical}
		d.who, d.handler = who, d.app.traces.HTTP(api.New(p))
	}
	return d.handler, nil
}

func (a *App) topicActor(ctx context.Context) (actor.Actor, error) {
	slug := a.cfg.Brokers.KafkaTenant
	if slug == "" {
		all, err := a.tenants.ListTenants(ctx)
		if err != nil {
			return actor.Actor{}, err
		}
		all = slices.DeleteFunc(all, func(t tenant.Tenant) bool { return t.Status != tenant.Active })
		if slug = tenant.DemoSlug; len(all) == 1 {
			slug = all[0].Slug
		}
	}
	return a.tenants.ActorFor(ctx, slug, "kafka", actor.Integrator)
}

// answer is what the API says to a record.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (a *answer) Header() http.Header {
	if a.header == nil {
		a.header = http.Header{}
	}
	return a.header
}

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) { a.status = status }

// Write implements http.ResponseWriter.
func (a *answer) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return a.body.Write(b)
}

// err turns a refusal back into an error: what can never succeed is KindInvalid, the rest KindUnavailable.
func (a *answer) err() error {
	if a.status < 300 {
		return nil
	}
	var problem struct {
		Detail string `json:"detail"`
	}
	said := strings.TrimSpace(a.body.String())
	if json.Unmarshal(a.body.Bytes(), &problem) == nil && problem.Detail != "" {
		said = problem.Detail
	}
	if a.status >= 500 || a.status == http.StatusTooManyRequests {
		return errs.Unavailable("%s", said)
	}
	return errs.Invalid("%s", said)
}
