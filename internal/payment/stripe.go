package payment

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/stripe/stripe-go/v85"
	"github.com/stripe/stripe-go/v85/webhook"

	"brigade/internal/errs"
	"brigade/internal/order"
)

// Stripe pays by cards through Stripe: a payment intent that is captured by hand.
type Stripe struct {
	client *stripe.Client
	secret string
}

// StripeOptions say which account is used, and where.
type StripeOptions struct {
	Key           string // the secret API key
	URL           string // another base URL than Stripe's; "": Stripe's
	WebhookSecret string // signs what Stripe sends; "": nothing it sends is believed
}

// NewStripe returns a provider. It makes no call.
func NewStripe(o StripeOptions) *Stripe {
	config := &stripe.BackendConfig{
		HTTPClient:        &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64, MaxConnsPerHost: 64}},
		MaxNetworkRetries: stripe.Int64(0), // the cashier asks again, with the same key
		LeveledLogger:     &stripe.LeveledLogger{Level: stripe.LevelNull},
		EnableTelemetry:   stripe.Bool(false),
	}
	if o.URL != "" {
		config.URL = stripe.String(strings.TrimSuffix(o.URL, "/"))
	}
	return &Stripe{client: stripe.NewClient(o.Key, stripe.WithBackends(stripe.NewBackendsWithConfig(config))), secret: o.WebhookSecret}
}

// metaOrder is where a payment intent names its order.
const metaOrder = "brigade_order"

// Do implements order.Payments.
func (s *Stripe) Do(ctx context.Context, a order.Attempt) (order.Outcome, error) {
	switch a.Step {
	case order.StepAuthorise:
		return s.authorise(ctx, a)
	case order.StepCapture:
		p := &stripe.PaymentIntentCaptureParams{AmountToCapture: stripe.Int64(int64(a.Sum))}
		p.SetIdempotencyKey(a.Key)
		_, err := s.client.V1PaymentIntents.Capture(ctx, a.Reference, p)
		return outcome(a.Reference, err)
	case order.StepRelease:
		p := &stripe.PaymentIntentCancelParams{}
		p.SetIdempotencyKey(a.Key)
		_, err := s.client.V1PaymentIntents.Cancel(ctx, a.Reference, p)
		return outcome(a.Reference, err)
	case order.StepRefund:
		p := &stripe.RefundCreateParams{PaymentIntent: stripe.String(a.Reference), Amount: stripe.Int64(int64(a.Sum))}
		p.SetIdempotencyKey(a.Key)
		_, err := s.client.V1Refunds.Create(ctx, p)
		return outcome(a.Reference, err)
	}
	return order.Outcome{Reason: "there is no step " + string(a.Step)}, nil
}

func (s *Stripe) authorise(ctx context.Context, a order.Attempt) (order.Outcome, error) {
	p := &stripe.PaymentIntentCreateParams{
		Amount: stripe.Int64(int64(a.Sum)), Currency: stripe.String(strings.ToLower(a.Currency)),
		PaymentMethod: stripe.String(a.Token), Confirm: stripe.Bool(true),
		CaptureMethod:      stripe.String(string(stripe.PaymentIntentCaptureMethodManual)),
		PaymentMethodTypes: []*string{stripe.String("card")}, Description: stripe.String(a.Number),
	}
	p.AddMetadata(metaOrder, strconv.FormatInt(a.Order, 10))
	p.SetIdempotencyKey(a.Key)
	pi, err := s.client.V1PaymentIntents.Create(ctx, p)
	if err != nil {
		return outcome("", err)
	}
	if pi.Status == stripe.PaymentIntentStatusRequiresCapture {
		return order.Outcome{Done: true, Reference: pi.ID}, nil
	}
	return order.Outcome{Reference: pi.ID, Reason: "the bank wants the guest to confirm: " + string(pi.Status)}, nil
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
	return order.Outcome{}, errors.New("stripe: " + strconv.Itoa(e.HTTPStatusCode) + " " + e.Msg)
}

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
