package payment

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v85"
	"github.com/stripe/stripe-go/v85/webhook"

	"brigade/internal/errs"
	"brigade/internal/order"
)

// Stripe pays by cards through Stripe: a payment intent that is captured by hand.
type Stripe struct {
	client *stripe.Client
	secret string
	back   func(tenant, order int64) string
}

// StripeOptions say which account is used, and where.
type StripeOptions struct {
	Key           string // the secret API key
	URL           string // another base URL than Stripe's; "": Stripe's
	WebhookSecret string // signs what Stripe sends; "": nothing it sends is believed
}

// NewStripe returns a provider. It makes no call. Back is where a guest finds his order when he has paid at Stripe's page: an
// absolute address, or "" when nobody knows one; nobody can pay there without.
func NewStripe(o StripeOptions, back func(tenant, order int64) string) *Stripe {
	config := &stripe.BackendConfig{
		HTTPClient:        &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64, MaxConnsPerHost: 64}},
		MaxNetworkRetries: stripe.Int64(0), // the cashier asks again, with the same key
		LeveledLogger:     &stripe.LeveledLogger{Level: stripe.LevelNull},
		EnableTelemetry:   stripe.Bool(false),
	}
	if o.URL != "" {
		config.URL = stripe.String(strings.TrimSuffix(o.URL, "/"))
	}
	return &Stripe{client: stripe.NewClient(o.Key, stripe.WithBackends(stripe.NewBackendsWithConfig(config))), secret: o.WebhookSecret, back: back}
}

// metaOrder is where a payment intent names its order.
const metaOrder = "brigade_order"

// metaKey is where a payment and a refund name the step that wanted them.
const metaKey = "brigade_key"

// Do implements order.Payments.
func (s *Stripe) Do(ctx context.Context, a order.Attempt) (order.Outcome, error) {
	for n := range mostKeys {
		out, err := s.ask(ctx, a, keyOf(a, n))
		if !stored(err) {
			return out, err
		}
		if out, known, err := s.lookUp(ctx, a); known || err != nil {
			return out, err
		}
	}
	return order.Outcome{}, errors.New("stripe: it answers every key with a failure of its own")
}

// mostKeys is how many keys of a step may be spoilt: Stripe answers a key with what it answered first, also when that was
// a failure of its own (500). Only when it says so, and nothing was done under that key, is the next key asked: which keys
// follow is the same for whoever asks, so that no two of them lead to a second payment.
const mostKeys = 10

// keyOf is the n-th idempotency key of a step.
func keyOf(a order.Attempt, n int) string {
	if n == 0 {
		return a.Key
	}
	return a.Key + "-" + strconv.Itoa(n+1)
}

// replayed is the header by which Stripe says that this is the stored answer to a key.
const replayed = "Idempotent-Replayed"

// stored tells whether an error is Stripe's stored failure: the same key will never be answered otherwise.
func stored(err error) bool {
	e, ok := errors.AsType[*stripe.Error](err)
	return ok && e.HTTPStatusCode >= http.StatusInternalServerError && e.LastResponse != nil && e.LastResponse.Header.Get(replayed) == "true"
}

// ask asks for a step under a key.
func (s *Stripe) ask(ctx context.Context, a order.Attempt, key string) (order.Outcome, error) {
	switch a.Step {
	case order.StepAuthorise:
		if a.Token == "" {
			return s.paidByGuest(ctx, a, key)
		}
		return s.authorise(ctx, a, key)
	case order.StepCapture:
		p := &stripe.PaymentIntentCaptureParams{AmountToCapture: stripe.Int64(int64(a.Sum))}
		p.SetIdempotencyKey(key)
		_, err := s.client.V1PaymentIntents.Capture(ctx, a.Reference, p)
		return outcome(a.Reference, err)
	case order.StepRelease:
		p := &stripe.PaymentIntentCancelParams{}
		p.SetIdempotencyKey(key)
		_, err := s.client.V1PaymentIntents.Cancel(ctx, a.Reference, p)
		return outcome(a.Reference, err)
	case order.StepRefund:
		p := &stripe.RefundCreateParams{PaymentIntent: stripe.String(a.Reference), Amount: stripe.Int64(int64(a.Sum))}
		p.AddMetadata(metaKey, a.Key)
		p.SetIdempotencyKey(key)
		_, err := s.client.V1Refunds.Create(ctx, p)
		return outcome(a.Reference, err)
	}
	return order.Outcome{Reason: "there is no step " + string(a.Step)}, nil
}

// lookUp finds out whether a step was done, whatever was answered; known is false when nothing was.
func (s *Stripe) lookUp(ctx context.Context, a order.Attempt) (out order.Outcome, known bool, err error) {
	switch a.Step {
	case order.StepAuthorise:
		return s.findIntent(ctx, a)
	case order.StepRefund:
		return s.findRefund(ctx, a)
	case order.StepCapture, order.StepRelease:
	}
	pi, err := s.client.V1PaymentIntents.Retrieve(ctx, a.Reference, nil)
	if err != nil {
		return order.Outcome{}, false, err
	}
	wanted := stripe.PaymentIntentStatusSucceeded
	if a.Step == order.StepRelease {
		wanted = stripe.PaymentIntentStatusCanceled
	}
	return order.Outcome{Done: true, Reference: a.Reference}, pi.Status == wanted, nil
}

// lookBack is how long Stripe keeps its answers to keys, and a little more.
const lookBack = 25 * time.Hour

// findIntent looks for the payment of a step among those made since it began. Lists are exact, which searches are not.
func (s *Stripe) findIntent(ctx context.Context, a order.Attempt) (order.Outcome, bool, error) {
	since := time.Now().Add(-lookBack)
	if began := a.Began.Add(-time.Hour); began.After(since) && began.Before(time.Now()) {
		since = began
	}
	p := &stripe.PaymentIntentListParams{CreatedRange: &stripe.RangeQueryParams{GreaterThanOrEqual: since.Unix()}}
	p.Limit = stripe.Int64(100)
	for pi, err := range s.client.V1PaymentIntents.List(ctx, p).All(ctx) {
		if err != nil {
			return order.Outcome{}, false, err
		}
		if pi.Metadata[metaKey] == a.Key {
			return intended(pi), true, nil
		}
	}
	return order.Outcome{}, false, nil
}

func (s *Stripe) findRefund(ctx context.Context, a order.Attempt) (order.Outcome, bool, error) {
	p := &stripe.RefundListParams{PaymentIntent: stripe.String(a.Reference)}
	for r, err := range s.client.V1Refunds.List(ctx, p).All(ctx) {
		if err != nil {
			return order.Outcome{}, false, err
		}
		if r.Metadata[metaKey] == a.Key && r.Status != stripe.RefundStatusFailed && r.Status != stripe.RefundStatusCanceled {
			return order.Outcome{Done: true, Reference: a.Reference}, true, nil
		}
	}
	return order.Outcome{}, false, nil
}

func (s *Stripe) authorise(ctx context.Context, a order.Attempt, key string) (order.Outcome, error) {
	p := &stripe.PaymentIntentCreateParams{
		Amount: stripe.Int64(int64(a.Sum)), Currency: stripe.String(strings.ToLower(a.Currency)),
		PaymentMethod: stripe.String(a.Token), Confirm: stripe.Bool(true),
		CaptureMethod:      stripe.String(string(stripe.PaymentIntentCaptureMethodManual)),
		PaymentMethodTypes: []*string{stripe.String("card")}, Description: stripe.String(a.Number),
	}
	p.AddMetadata(metaOrder, strconv.FormatInt(a.Order, 10))
	p.AddMetadata(metaKey, a.Key)
	p.SetIdempotencyKey(key)
	pi, err := s.client.V1PaymentIntents.Create(ctx, p)
	if err != nil {
		return outcome("", err)
	}
	return intended(pi), nil
}

// intended is the outcome that a payment stands for.
func intended(pi *stripe.PaymentIntent) order.Outcome {
	if pi.Status == stripe.PaymentIntentStatusRequiresCapture {
		return order.Outcome{Done: true, Reference: pi.ID}
	}
	return order.Outcome{Reference: pi.ID, Reason: "the bank wants the guest to confirm: " + string(pi.Status)}
}

// outcome reads an error: what Stripe refuses is refused, everything else may or may not have happened.
func outcome(reference string, err error) (order.Outcome, error) {
	if err == nil {
		return order.Outcome{Done: true, Reference: reference}, nil
	}
	e, ok := errors.AsType[*stripe.Error](err)
	if !ok {
		return order.Outcome{}, err
	}
	switch e.HTTPStatusCode {
	case http.StatusPaymentRequired, http.StatusBadRequest, http.StatusNotFound:
		return order.Outcome{Reason: e.Msg}, nil
	}
	return order.Outcome{}, &failure{e}
}

// failure is an answer of Stripe that says nothing about what became of a step.
type failure struct{ cause *stripe.Error }

func (f *failure) Error() string {
	return fmt.Sprintf("stripe: %d %s", f.cause.HTTPStatusCode, f.cause.Msg)
}

func (f *failure) Unwrap() error { return f.cause }

// Heard reads what Stripe sends and returns the order whose payment it tells of; 0 is none of Brigade's.
// Errors: KindUnauthorized when it is not from Stripe, or too old.
func (s *Stripe) Heard(body []byte, signature string) (int64, error) {
	if s.secret == "" {
		return 0, errs.Unauthorized("what Stripe sends is not believed without a secret")
	}
	e, err := webhook.ConstructEventWithOptions(body, signature, s.secret, webhook.ConstructEventOptions{
		Tolerance: webhook.DefaultTolerance, IgnoreAPIVersionMismatch: true,
	})
	if err != nil {
		return 0, errs.Unauthorized("the signature is wrong or too old").Because(err)
	}
	meta, _ := e.Data.Object["metadata"].(map[string]any)
	id, _ := meta[metaOrder].(string)
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return 0, nil // somebody else's payment in the same account
	}
	return n, nil
}
