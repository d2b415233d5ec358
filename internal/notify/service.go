package notify

import (
	"context"
	"net/url"
	"time"

	"brigade/internal/actor"
	"brigade/internal/errs"
)

// Filter chooses messages of a tenant, newest first.
type Filter struct {
	Tenant  int64
	Outlet  int64  // 0: all
	Order   int64  // 0: all
	Webhook int64  // 0: all
	Status  Status // "": all
	Before  int64  // only smaller ids: the next page; 0: from the newest
	Limit   int
}

// Store keeps webhooks and the ledger.
type Store interface {
	// AddWebhook writes a webhook and returns its id.
	AddWebhook(ctx context.Context, w Webhook) (Webhook, error)
	// Webhooks lists a tenant's webhooks with their health, oldest first; id 0 is all.
	Webhooks(ctx context.Context, tenant, id int64) ([]Webhook, error)
	// ChangeWebhook replaces URL, outlet, kinds and description. Errors: KindNotFound.
	ChangeWebhook(ctx context.Context, w Webhook) error
	// PutSourceWebhook writes the webhook of a source, or replaces its URL and secret and switches it on again.
	PutSourceWebhook(ctx context.Context, w Webhook) (Webhook, error)
	// RemoveWebhook ends a webhook; what waited for it is given up. Errors: KindNotFound.
	RemoveWebhook(ctx context.Context, tenant, id int64) error
	// EnableWebhook switches a webhook on again and forgets its failures. Errors: KindNotFound.
	EnableWebhook(ctx context.Context, tenant, id int64) error
	// Messages lists the ledger.
	Messages(ctx context.Context, f Filter) ([]Message, error)
	// Attempts lists the attempts of messages, oldest first.
	Attempts(ctx context.Context, messages []int64) (map[int64][]Attempt, error)
	// Replay makes a message of a webhook wait to be sent again. Errors: KindNotFound.
	Replay(ctx context.Context, tenant, webhook, message int64) error
}

// Attempt is one row of a delivery log.
type Attempt struct {
	Number int
	At     time.Time
	Took   time.Duration
	Code   int    // of the answer; 0: there was none
	Error  string // "": it arrived
}

// Guard refuses URLs that Brigade must not call. Errors: KindInvalid.
type Guard func(ctx context.Context, u *url.URL) error

// Service is what people do with webhooks and the ledger.
type Service struct {
	store Store
	guard Guard

	trials    Trials // nil: nothing can be tried
	messenger Messenger
}

// NewService returns a service.
func NewService(store Store, guard Guard) *Service { return &Service{store: store, guard: guard} }

// AddWebhook makes a webhook with a new secret. Errors: KindInvalid, KindNotFound (outlet).
func (s *Service) AddWebhook(ctx context.Context, who actor.Actor, w Webhook) (Webhook, error) {
	if err := s.check(ctx, who, &w); err != nil {
		return Webhook{}, err
	}
	w.Secret, w.CreatedBy = NewSecret(), who.Name
	return s.store.AddWebhook(ctx, w)
}

func (s *Service) check(ctx context.Context, who actor.Actor, w *Webhook) error {
	w.Tenant = who.Tenant
	if who.Bound && w.Outlet == 0 {
		w.Outlet = who.Outlet
	}
	if !who.Sees(w.Outlet) {
		return errs.NotFound("no such outlet")
	}
	if err := w.Validate(); err != nil {
		return err
	}
	u, err := url.Parse(w.URL)
	if err != nil {
		return err
	}
	return s.guard(ctx, u)
}

// PutSourceWebhook makes or changes the webhook by which an ordering provider is told, signed with a secret that the
// caller chose. Errors: KindInvalid, KindNotFound (outlet).
func (s *Service) PutSourceWebhook(ctx context.Context, who actor.Actor, w Webhook) (Webhook, error) {
	if err := s.check(ctx, who, &w); err != nil {
		return Webhook{}, err
	}
	w.CreatedBy = who.Name
	return s.store.PutSourceWebhook(ctx, w)
}

// SourceWebhook finds the webhook of a source. Errors: KindNotFound.
func (s *Service) SourceWebhook(ctx context.Context, who actor.Actor, source string) (Webhook, error) {
	list, err := s.Webhooks(ctx, who)
	for _, w := range list {
		if w.Source == source {
			return w, nil
		}
	}
	if err == nil {
		err = errs.NotFound("%s is told by no webhook", source)
	}
	return Webhook{}, err
}

// Webhooks lists the webhooks that the actor may see, oldest first.
func (s *Service) Webhooks(ctx context.Context, who actor.Actor) ([]Webhook, error) {
	list, err := s.store.Webhooks(ctx, who.Tenant, 0)
	seen := list[:0]
	for _, w := range list {
		if !who.Bound || w.Outlet == who.Outlet {
			seen = append(seen, w)
		}
	}
	return seen, err
}

// Webhook returns one. Errors: KindNotFound.
func (s *Service) Webhook(ctx context.Context, who actor.Actor, id int64) (Webhook, error) {
	list, err := s.store.Webhooks(ctx, who.Tenant, id)
	switch {
	case err != nil:
		return Webhook{}, err
	case len(list) == 0, who.Bound && list[0].Outlet != who.Outlet:
		return Webhook{}, errs.NotFound("no webhook %d", id)
	}
	return list[0], nil
}

// ChangeWebhook replaces a webhook's URL, outlet, kinds and description; its secret stays. Errors: KindInvalid,
// KindNotFound.
func (s *Service) ChangeWebhook(ctx context.Context, who actor.Actor, w Webhook) (Webhook, error) {
	if _, err := s.Webhook(ctx, who, w.ID); err != nil {
		return Webhook{}, err
	}
	if err := s.check(ctx, who, &w); err != nil {
		return Webhook{}, err
	}
	if err := s.store.ChangeWebhook(ctx, w); err != nil {
		return Webhook{}, err
	}
	return s.Webhook(ctx, who, w.ID)
}

// RemoveWebhook ends a webhook. Errors: KindNotFound.
func (s *Service) RemoveWebhook(ctx context.Context, who actor.Actor, id int64) error {
	if _, err := s.Webhook(ctx, who, id); err != nil {
		return err
	}
	return s.store.RemoveWebhook(ctx, who.Tenant, id)
}

// EnableWebhook switches a webhook on again; repeating it is fine. Errors: KindNotFound.
func (s *Service) EnableWebhook(ctx context.Context, who actor.Actor, id int64) (Webhook, error) {
	if _, err := s.Webhook(ctx, who, id); err != nil {
		return Webhook{}, err
	}
	if err := s.store.EnableWebhook(ctx, who.Tenant, id); err != nil {
		return Webhook{}, err
	}
	return s.Webhook(ctx, who, id)
}

// Delivery is a message with its attempts.
type Delivery struct {
	Message
	Log []Attempt
}

// Deliveries lists what a webhook was sent, newest first, with every attempt. Errors: KindNotFound.
func (s *Service) Deliveries(ctx context.Context, who actor.Actor, webhook int64, f Filter) ([]Delivery, error) {
	if _, err := s.Webhook(ctx, who, webhook); err != nil {
		return nil, err
	}
	f.Webhook = webhook
	return s.Messages(ctx, who, f)
}

// Messages lists the ledger, newest first, with every attempt.
func (s *Service) Messages(ctx context.Context, who actor.Actor, f Filter) ([]Delivery, error) {
	f.Tenant = who.Tenant
	if who.Bound {
		f.Outlet = who.Outlet
	}
	if f.Limit <= 0 || f.Limit > 200 {
		f.Limit = 50
	}
	list, err := s.store.Messages(ctx, f)
	if err != nil {
		return nil, err
	}
	ids := make([]int64, len(list))
	for i, m := range list {
		ids[i] = m.ID
	}
	logs, err := s.store.Attempts(ctx, ids)
	out := make([]Delivery, len(list))
	for i, m := range list {
		out[i] = Delivery{m, logs[m.ID]}
	}
	return out, err
}

// Replay sends a webhook's message again. Errors: KindNotFound; KindConflict while the webhook is switched off.
func (s *Service) Replay(ctx context.Context, who actor.Actor, webhook, message int64) error {
	w, err := s.Webhook(ctx, who, webhook)
	if err != nil {
		return err
	}
	if !w.DisabledAt.IsZero() {
		return errs.Conflict("webhook %d is switched off: enable it first", webhook)
	}
	return s.store.Replay(ctx, who.Tenant, webhook, message)
}
