package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"brigade/internal/actor"
	"brigade/internal/notify"
	"brigade/internal/order"
)

const tagNotify = "Notifications"

// Notices tells integrators and guests what becomes of orders; *notify.Service.
type Notices interface {
	AddWebhook(ctx context.Context, who actor.Actor, w notify.Webhook) (notify.Webhook, error)
	Webhooks(ctx context.Context, who actor.Actor) ([]notify.Webhook, error)
	Webhook(ctx context.Context, who actor.Actor, id int64) (notify.Webhook, error)
	ChangeWebhook(ctx context.Context, who actor.Actor, w notify.Webhook) (notify.Webhook, error)
	RemoveWebhook(ctx context.Context, who actor.Actor, id int64) error
	EnableWebhook(ctx context.Context, who actor.Actor, id int64) (notify.Webhook, error)
	Test(ctx context.Context, who actor.Actor, webhook int64) (notify.Trial, error)
	Deliveries(ctx context.Context, who actor.Actor, webhook int64, f notify.Filter) ([]notify.Delivery, error)
	Replay(ctx context.Context, who actor.Actor, webhook, message int64) error
	SourceWebhook(ctx context.Context, who actor.Actor, source string) (notify.Webhook, error)
	Messages(ctx context.Context, who actor.Actor, f notify.Filter) ([]notify.Delivery, error)
}

const exampleWebhook = `{"id":1,"url":"https://example.com/brigade","outlet_id":null,"kinds":["accepted","ready"],"description":"",
"created_at":"2024-12-16T12:00:00Z","created_by":"owner","disabled_at":null,"disabled_reason":"","failures":0,"failing_since":null,
"resume_at":null,"last_error":"","last_sent_at":null,"pending":0}`

const exampleDelivery = `{"id":12,"order_id":7,"order_number":"ORD_20241216_001","sequence":3,"kind":"ready","channel":"webhook",
"webhook_id":1,"recipient":"webhook:1","language":"","status":"sent","occurred_at":"2024-12-16T12:00:00Z",
"created_at":"2024-12-16T12:00:00Z","next_attempt_at":null,"finished_at":"2024-12-16T12:00:01Z","last_error":"",
"attempts":[{"attempt":1,"at":"2024-12-16T12:00:01Z","took_ms":48,"code":204,"error":""}]}`

const exampleTrial = `{"delivery_id":13,"arrived":true,"at":"2024-12-16T12:00:01Z","took_ms":48,"code":200,"answer":"ok","error":""}`

func (s *server) addNotify() {
	at := func(method, path, id, summary, description, request, response string) route {
		return route{
			method: method, path: "/api/v1" + path, view: ViewCanonical, id: id, tag: tagNotify, summary: summary,
			description: description, errors: []int{http.StatusNotFound}, request: request, response: response,
		}
	}
	const wanted = `{"url":"https://example.com/brigade","kinds":["accepted","ready"]}`
	add(s, at(http.MethodGet, "/webhooks", "list-webhooks", "Webhooks",
		"Where integrators are told what becomes of orders, oldest first, and how well each of them answers.", "", `[`+exampleWebhook+`]`), s.listWebhooks)
	create := at(http.MethodPost, "/webhooks", "create-webhook", "Add a webhook",
		"From then on changes of orders are posted there, signed with the secret, which is in this answer only.",
		wanted, `{"secret":"whsec_…",`+exampleWebhook[1:])
	create.status = http.StatusCreated
	add(s, create, s.createWebhook)
	add(s, at(http.MethodGet, "/webhooks/{id}", "get-webhook", "A webhook", "A webhook and how well it answers.", "", exampleWebhook), s.getWebhook)
	add(s, at(http.MethodPut, "/webhooks/{id}", "change-webhook", "Change a webhook",
		"Replaces URL, outlet, kinds and description; the secret stays. Repeating it is fine.", wanted, exampleWebhook), s.changeWebhook)
	add(s, at(http.MethodDelete, "/webhooks/{id}", "remove-webhook", "Remove a webhook",
		"Nothing more is sent there; what waits is given up.", "", ""), s.removeWebhook)
	add(s, at(http.MethodPost, "/webhooks/{id}/enable", "enable-webhook", "Switch a webhook on again",
		"One that took nothing for too long was switched off. Its failures are forgotten. Repeating it is fine.", "", exampleWebhook), s.enableWebhook)
	add(s, at(http.MethodPost, "/webhooks/{id}/test", "test-webhook", "Send a webhook a test message",
		"Sends a signed message of the type `webhook.test` now and waits for the answer, ten seconds at most; nobody tries again. "+
			"It works while the webhook is switched off, too. The answer is 200 also when the message did not arrive.",
		"", exampleTrial), s.testWebhook)
	const page = `{"deliveries":[` + exampleDelivery + `],"next":null}`
	add(s, at(http.MethodGet, "/webhooks/{id}/deliveries", "list-deliveries", "What a webhook was sent",
		"Every message with every attempt, newest first. To get the next page, send `next` as `before`.", "", page), s.listDeliveries)
	replay := at(http.MethodPost, "/webhooks/{id}/deliveries/{delivery}/replay", "replay-delivery", "Send a message again",
		"Whether it arrived or was given up, under the same `webhook-id`. The webhook must be switched on.", "", "")
	replay.errors = append(replay.errors, http.StatusConflict)
	replay.status = http.StatusAccepted
	add(s, replay, s.replayDelivery)
	add(s, at(http.MethodGet, "/notifications", "list-notifications", "What was sent",
		"The ledger of all messages, by whatever channel, newest first; addresses are masked. To get the next page, send `next` as `before`.",
		"", page), s.listNotifications)
}

// WebhookView is a webhook as integrators see it. It is exported for huma, as OrderView.
type WebhookView struct {
	ID             int64      `json:"id" example:"1"`
	URL            string     `json:"url" example:"https://example.com/brigade"`
	Outlet         *int64     `json:"outlet_id" doc:"null: every outlet"`
	Kinds          []string   `json:"kinds" doc:"Empty: everything" example:"[\"accepted\",\"ready\"]"`
	Description    string     `json:"description"`
	CreatedAt      time.Time  `json:"created_at"`
	CreatedBy      string     `json:"created_by" example:"owner"`
	DisabledAt     *time.Time `json:"disabled_at" doc:"null: it is told"`
	DisabledReason string     `json:"disabled_reason"`
	Failures       int        `json:"failures" doc:"Rounds in a row in which it took nothing"`
	FailingSince   *time.Time `json:"failing_since"`
	ResumeAt       *time.Time `json:"resume_at" doc:"Nothing is tried before"`
	LastError      string     `json:"last_error"`
	LastSentAt     *time.Time `json:"last_sent_at"`
	Pending        int        `json:"pending" doc:"Messages that wait"`
}

func viewWebhook(w notify.Webhook) WebhookView {
	v := WebhookView{
		ID: w.ID, URL: w.URL, Outlet: given(w.Outlet), Kinds: make([]string, len(w.Kinds)), Description: w.Description,
		CreatedAt: w.CreatedAt.UTC(), CreatedBy: w.CreatedBy, DisabledAt: when(w.DisabledAt), DisabledReason: w.DisabledReason,
		Failures: w.Health.Failures, FailingSince: when(w.Health.FailingSince), ResumeAt: when(w.Health.ResumeAt),
		LastError: w.Health.LastError, LastSentAt: when(w.Health.LastSentAt), Pending: w.Health.Pending,
	}
	for i, k := range w.Kinds {
		v.Kinds[i] = string(k)
	}
	return v
}

type webhookBody struct {
	URL         string   `json:"url" minLength:"1" maxLength:"2000" example:"https://example.com/brigade"`
	Outlet      string   `json:"outlet,omitempty" doc:"Slug or id: only this outlet's orders" example:"kitchen"`
	Kinds       []string `json:"kinds,omitempty" maxItems:"20" doc:"What is told; without it, everything" example:"[\"accepted\",\"ready\"]"`
	Description string   `json:"description,omitempty" doc:"At most 200 characters" maxLength:"200"`
}

// read turns a request into a webhook.
func (s *server) readWebhook(ctx context.Context, who actor.Actor, b webhookBody) (w notify.Webhook, err error) {
	if err := clean("url", b.URL); err != nil {
		return w, err
	}
	if err := clean("description", b.Description); err != nil {
		return w, err
	}
	w = notify.Webhook{URL: b.URL, Description: b.Description}
	for _, k := range b.Kinds {
		w.Kinds = append(w.Kinds, notify.Kind(k))
	}
	w.Outlet, err = s.outletField(ctx, who, b.Outlet)
	return w, err
}

type webhooksOutput struct{ Body []WebhookView }

func (s *server) listWebhooks(ctx context.Context, who actor.Actor, _ *struct{}) (*webhooksOutput, error) {
	list, err := s.Notices.Webhooks(ctx, who)
	out := &webhooksOutput{make([]WebhookView, len(list))}
	for i, w := range list {
		out.Body[i] = viewWebhook(w)
	}
	return out, err
}

type createWebhookInput struct{ Body webhookBody }

type newWebhook struct {
	Secret string `json:"secret" doc:"What messages are signed with; it is shown this once" example:"whsec_…"`
	WebhookView
}

type createWebhookOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         newWebhook
}

func (s *server) createWebhook(ctx context.Context, who actor.Actor, in *createWebhookInput) (*createWebhookOutput, error) {
	w, err := s.readWebhook(ctx, who, in.Body)
	if err != nil {
		return nil, err
	}
	w, err = s.Notices.AddWebhook(ctx, who, w)
	return &createWebhookOutput{"no-store", newWebhook{w.Secret, viewWebhook(w)}}, err
}

// WebhookRef names a webhook. It is exported for huma, as OutletParam.
type WebhookRef struct {
	ID int64 `path:"id" example:"1"`
}

type webhookOutput struct{ Body WebhookView }

func (s *server) getWebhook(ctx context.Context, who actor.Actor, in *WebhookRef) (*webhookOutput, error) {
	w, err := s.Notices.Webhook(ctx, who, in.ID)
	return &webhookOutput{viewWebhook(w)}, err
}

type changeWebhookInput struct {
	WebhookRef
	Body webhookBody
}

func (s *server) changeWebhook(ctx context.Context, who actor.Actor, in *changeWebhookInput) (*webhookOutput, error) {
	w, err := s.readWebhook(ctx, who, in.Body)
	if err != nil {
		return nil, err
	}
	w.ID = in.ID
	w, err = s.Notices.ChangeWebhook(ctx, who, w)
	return &webhookOutput{viewWebhook(w)}, err
}

func (s *server) removeWebhook(ctx context.Context, who actor.Actor, in *WebhookRef) (*struct{}, error) {
	return nil, s.Notices.RemoveWebhook(ctx, who, in.ID)
}

func (s *server) enableWebhook(ctx context.Context, who actor.Actor, in *WebhookRef) (*webhookOutput, error) {
	w, err := s.Notices.EnableWebhook(ctx, who, in.ID)
	return &webhookOutput{viewWebhook(w)}, err
}

// TrialView is what came of a test message. It is exported for huma, as OrderView.
type TrialView struct {
	Delivery int64     `json:"delivery_id" doc:"In the list of what the webhook was sent" example:"13"`
	Arrived  bool      `json:"arrived" doc:"It was answered with a 2xx"`
	At       time.Time `json:"at"`
	TookMs   int64     `json:"took_ms" example:"48"`
	Code     int       `json:"code" doc:"Of the answer; 0: there was none" example:"200"`
	Answer   string    `json:"answer" doc:"How it begins: 300 bytes at most" example:"ok"`
	Error    string    `json:"error"`
}

type trialOutput struct{ Body TrialView }

func (s *server) testWebhook(ctx context.Context, who actor.Actor, in *WebhookRef) (*trialOutput, error) {
	t, err := s.Notices.Test(ctx, who, in.ID)
	return &trialOutput{TrialView{t.Message, t.Arrived(), t.At.UTC(), t.Took.Milliseconds(), t.Code, t.Said, t.Error}}, err
}

// DeliveryView is a message with its attempts. It is exported for huma, as OrderView.
type DeliveryView struct {
	ID          int64         `json:"id" example:"12"`
	OrderID     int64         `json:"order_id" doc:"0: it tells of an alert" example:"7"`
	OrderNumber string        `json:"order_number" example:"ORD_20241216_001"`
	Sequence    int           `json:"sequence" doc:"Of the order's change"`
	Kind        string        `json:"kind" example:"ready"`
	Channel     string        `json:"channel" enum:"console,webhook,email,sms" example:"webhook"`
	Webhook     *int64        `json:"webhook_id"`
	Recipient   string        `json:"recipient" doc:"Masked" example:"a…@example.com"`
	Language    string        `json:"language" example:"es"`
	Status      string        `json:"status" enum:"pending,sent,failed,collapsed" example:"sent"`
	OccurredAt  time.Time     `json:"occurred_at"`
	CreatedAt   time.Time     `json:"created_at"`
	NextAt      *time.Time    `json:"next_attempt_at"`
	FinishedAt  *time.Time    `json:"finished_at"`
	LastError   string        `json:"last_error"`
	Attempts    []AttemptView `json:"attempts"`
}

// AttemptView is one attempt of a delivery. It is exported for huma, as OrderView.
type AttemptView struct {
	Attempt int       `json:"attempt" example:"1"`
	At      time.Time `json:"at"`
	TookMs  int64     `json:"took_ms" example:"48"`
	Code    int       `json:"code" doc:"Of the answer; 0: there was none" example:"204"`
	Error   string    `json:"error"`
}

func viewDelivery(d notify.Delivery) DeliveryView {
	v := DeliveryView{
		ID: d.ID, OrderID: max(d.Change.Facts.OrderID, 0), OrderNumber: d.Change.Facts.Number, Sequence: d.Change.Sequence,
		Kind: string(d.Change.Kind), Channel: string(d.Channel), Webhook: given(d.Webhook), Recipient: d.Masked(),
		Language: d.Language, Status: string(d.Status), OccurredAt: d.Change.At.UTC(), CreatedAt: d.CreatedAt.UTC(),
		FinishedAt: when(d.DoneAt), LastError: d.LastError, Attempts: make([]AttemptView, len(d.Log)),
	}
	if d.Status == notify.Pending {
		v.NextAt = when(d.NextAt)
	}
	for i, a := range d.Log {
		v.Attempts[i] = AttemptView{a.Number, a.At.UTC(), a.Took.Milliseconds(), a.Code, a.Error}
	}
	return v
}

// MessageFilter chooses messages. It is exported for huma, as OutletParam.
type MessageFilter struct {
	Order  int64  `query:"order" minimum:"0" doc:"Only this order's, by id"`
	Status string `query:"status" enum:"pending,sent,failed,collapsed" doc:"Only those in this status"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"Messages per page"`
	Before int64  `query:"before" minimum:"0" doc:"Only messages with a smaller id: next of the page before"`
}

func (f MessageFilter) filter() notify.Filter {
	return notify.Filter{Order: f.Order, Status: notify.Status(f.Status), Limit: f.Limit, Before: f.Before}
}

type deliveriesInput struct {
	WebhookRef
	MessageFilter
}

type deliveriesOutput struct {
	Body struct {
		Deliveries []DeliveryView `json:"deliveries"`
		Next       *int64         `json:"next" doc:"What to send as before for the next page; null: there is none"`
	} `nameHint:"DeliveryPage"`
}

func viewDeliveries(list []notify.Delivery, limit int) *deliveriesOutput {
	out := &deliveriesOutput{}
	out.Body.Deliveries = make([]DeliveryView, len(list))
	for i, d := range list {
		out.Body.Deliveries[i] = viewDelivery(d)
	}
	if len(list) == limit {
		out.Body.Next = &list[len(list)-1].ID
	}
	return out
}

func (s *server) listDeliveries(ctx context.Context, who actor.Actor, in *deliveriesInput) (*deliveriesOutput, error) {
	list, err := s.Notices.Deliveries(ctx, who, in.ID, in.filter())
	return viewDeliveries(list, in.Limit), err
}

func (s *server) listNotifications(ctx context.Context, who actor.Actor, in *MessageFilter) (*deliveriesOutput, error) {
	list, err := s.Notices.Messages(ctx, who, in.filter())
	return viewDeliveries(list, in.Limit), err
}

type replayInput struct {
	WebhookRef
	Delivery int64 `path:"delivery" example:"12"`
}

func (s *server) replayDelivery(ctx context.Context, who actor.Actor, in *replayInput) (*struct{}, error) {
	return nil, s.Notices.Replay(ctx, who, in.ID, in.Delivery)
}

// contactBody is how a guest wants to be told.
type contactBody struct {
	Email    string `json:"email,omitempty" example:"ada@example.com"`
	Phone    string `json:"phone,omitempty" doc:"E.164" example:"+34600111222"`
	Language string `json:"language,omitempty" doc:"en, es or ru; others are told in English" example:"es"`
}

// contact reads a guest's contact; nil when there is none. Errors: KindInvalid.
func (b *contactBody) contact() (*order.Contact, error) { return b.contactAt("contact.") }

// contactAt reads the contact that stands at a path. Errors: KindInvalid.
func (b *contactBody) contactAt(path string) (*order.Contact, error) {
	if b == nil {
		return nil, nil
	}
	c := notify.Contact{Email: strings.TrimSpace(b.Email), Phone: strings.TrimSpace(b.Phone), Language: b.Language}
	if err := c.Validate(path); err != nil {
		return nil, err
	}
	return &order.Contact{Email: c.Email, Phone: c.Phone, Language: c.Language}, nil
}
