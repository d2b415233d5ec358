package payment

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v85"

	"brigade/internal/errs"
	"brigade/internal/order"
)

// Guests who pay by themselves do so at a page of Stripe's (Checkout): Brigade sees no card. A step has one page, whoever
// asks for it, because it is made under the step's idempotency key.

// lookAgain is how long to wait before a guest's page is looked at again; Stripe's webhook makes it sooner.
const lookAgain = 10 * time.Second

// Page implements order.Pages.
func (s *Stripe) Page(ctx context.Context, a order.Attempt) (url string, err error) {
	for n := range mostKeys {
		page, err := s.page(ctx, a, keyOf(a, n))
		if stored(err) {
			continue
		}
		if err == nil {
			return page.URL, nil
		}
		out, err := outcome("", err)
		if err == nil {
			return "", errs.Conflict("the provider of payment refuses it: %s", out.Reason)
		}
		return "", errs.Unavailable("the provider of payment does not answer").Because(err)
	}
	return "", errs.Unavailable("the provider of payment answers every key with a failure of its own")
}

// page makes a step's page, or returns the one that was made under its key.
func (s *Stripe) page(ctx context.Context, a order.Attempt, key string) (*stripe.CheckoutSession, error) {
	back := s.back(a.Tenant, a.Order)
	id := strconv.FormatInt(a.Order, 10)
	p := &stripe.CheckoutSessionCreateParams{
		Mode: stripe.String(string(stripe.CheckoutSessionModePayment)), ClientReferenceID: stripe.String(a.Number),
		SuccessURL: stripe.String(back), CancelURL: stripe.String(back), PaymentMethodTypes: []*string{stripe.String("card")},
		LineItems: []*stripe.CheckoutSessionCreateLineItemParams{{
			Quantity: stripe.Int64(1),
			PriceData: &stripe.CheckoutSessionCreateLineItemPriceDataParams{
				Currency: stripe.String(strings.ToLower(a.Currency)), UnitAmount: stripe.Int64(int64(a.Sum)),
				ProductData: &stripe.CheckoutSessionCreateLineItemPriceDataProductDataParams{Name: stripe.String(a.Number)},
			},
		}},
		PaymentIntentData: &stripe.CheckoutSessionCreatePaymentIntentDataParams{
			CaptureMethod: stripe.String(string(stripe.PaymentIntentCaptureMethodManual)), Description: stripe.String(a.Number),
			Metadata: map[string]string{metaOrder: id, metaKey: a.Key},
		},
	}
	p.AddMetadata(metaOrder, id)
	p.SetIdempotencyKey(key)
	return s.client.V1CheckoutSessions.Create(ctx, p)
}

// paidByGuest tells what became of the page at which a guest pays by himself. Nobody can pay there any more once his order is
// over. Errors: order.ErrUnpaid, to be asked again, as long as he has not.
func (s *Stripe) paidByGuest(ctx context.Context, a order.Attempt, key string) (order.Outcome, error) {
	made, err := s.page(ctx, a, key)
	if err != nil {
		return outcome("", err)
	}
	p := &stripe.CheckoutSessionRetrieveParams{}
	p.AddExpand("payment_intent")
	page, err := s.client.V1CheckoutSessions.Retrieve(ctx, made.ID, p)
	if err == nil && a.Over && page.Status == stripe.CheckoutSessionStatusOpen {
		page, err = s.client.V1CheckoutSessions.Expire(ctx, made.ID, &stripe.CheckoutSessionExpireParams{})
	}
	if err != nil { // not wrapped: it says nothing about the key under which the page was made
		return order.Outcome{}, fmt.Errorf("stripe: what became of page %s is not known: %v", made.ID, err) //nolint:errorlint // see above
	}
	switch {
	case page.Status == stripe.CheckoutSessionStatusExpired:
		return order.Outcome{Reason: "it was not paid in time"}, nil
	case page.Status == stripe.CheckoutSessionStatusComplete && page.PaymentIntent != nil:
		return intended(page.PaymentIntent), nil
	}
	return order.Outcome{}, errs.RetryAfter(lookAgain, order.ErrUnpaid)
}
