package payment_test

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v85/webhook"

	"brigade/internal/errs"
	"brigade/internal/order"
	"brigade/internal/payment"
	"brigade/internal/payment/paymenttest"
)

func stripe(t *testing.T, hostile float64) (*payment.Stripe, *paymenttest.Stripe) {
	t.Helper()
	standIn := paymenttest.New(hostile)
	server := httptest.NewServer(standIn)
	t.Cleanup(server.Close)
	return payment.NewStripe(payment.StripeOptions{Key: "sk_test_1", URL: server.URL, WebhookSecret: "whsec_1"}, back), standIn
}

func back(tenant, order int64) string {
	return fmt.Sprintf("https://here.example/track/%d-%d", tenant, order)
}

// until asks with the same key until the outcome is known.
func until(t *testing.T, p order.Payments, a order.Attempt) order.Outcome {
	t.Helper()
	for range 200 {
		out, err := p.Do(t.Context(), a)
		if err == nil {
			return out
		}
	}
	require.Fail(t, "no outcome")
	return order.Outcome{}
}

// pageOf asks for the page of a step until it is known.
func pageOf(t *testing.T, p order.Pages, a order.Attempt) (page string) {
	t.Helper()
	require.Eventually(t, func() bool {
		url, err := p.Page(t.Context(), a)
		page = strings.TrimPrefix(url, "https://checkout.example/")
		return err == nil
	}, time.Minute, time.Millisecond)
	return page
}

func TestStripeMovesMoneyOncePerKey(t *testing.T) {
	t.Parallel()
	p, standIn := stripe(t, 0.6)
	a := order.Attempt{Order: 7, Step: order.StepAuthorise, Sum: 12_40, Currency: "EUR", Method: order.Card, Token: "pm_visa", Key: "k1"}
	out := until(t, p, a)
	require.True(t, out.Done)
	require.Equal(t, out, until(t, p, a), "the same key gives the same outcome")
	require.Equal(t, map[string]int{"7": 1}, standIn.Promised())
	a.Step, a.Key, a.Reference = order.StepCapture, "k2", out.Reference
	require.True(t, until(t, p, a).Done)
	a.Step, a.Key, a.Sum = order.StepRefund, "k3", 2_40
	require.True(t, until(t, p, a).Done)
	require.True(t, until(t, p, a).Done)
	require.Equal(t, int64(10_00), standIn.Held()["7"])
	a.Step, a.Key = order.StepRelease, "k4"
	require.False(t, until(t, p, a).Done, "what was taken cannot be let go")
	require.Empty(t, standIn.Faults())
}

// Stripe answers a key as it did first, also with a failure of its own: it is found out what became of the step, and what
// was not done is asked for under another key. No guest pays twice.
func TestStoredFailuresOfStripeAreGotOver(t *testing.T) {
	t.Parallel()
	p, standIn := stripe(t, 0.2)
	standIn.Spoil(0.3)
	for i := range int64(40) {
		key := fmt.Sprint("k", i, "-")
		a := order.Attempt{Order: i, Step: order.StepAuthorise, Sum: 12_40, Currency: "EUR", Method: order.Card, Token: "pm_visa", Key: key + "1", Began: time.Now()}
		a.Reference = until(t, p, a).Reference
		require.NotEmpty(t, a.Reference)
		require.Equal(t, a.Reference, until(t, p, a).Reference, "asked again")
		a.Step, a.Key = order.StepCapture, key+"2"
		if i%4 == 3 {
			a.Step = order.StepRelease
		}
		require.True(t, until(t, p, a).Done)
		if i%4 == 3 {
			continue
		}
		a.Step, a.Key, a.Sum = order.StepRefund, key+"3", 2_40
		require.True(t, until(t, p, a).Done)
		require.True(t, until(t, p, a).Done)
		require.Equal(t, int64(10_00), standIn.Held()[fmt.Sprint(i)])
	}
	require.Empty(t, standIn.Promised())
	require.Empty(t, standIn.Faults())
}

func TestStripeDeclines(t *testing.T) {
	t.Parallel()
	p, _ := stripe(t, 0)
	out := until(t, p, order.Attempt{Order: 7, Step: order.StepAuthorise, Sum: 1, Currency: "EUR", Token: "pm_declined", Key: "k1"})
	require.Equal(t, order.Outcome{Reason: "Your card was declined."}, out)
}

func TestOnlyStripeIsBelieved(t *testing.T) {
	t.Parallel()
	p, _ := stripe(t, 0)
	body := []byte(fmt.Sprintf(`{"id":"evt_1","object":"event","type":"payment_intent.succeeded","data":{"object":{"metadata":{"brigade_order":%q}}}}`, "42"))
	sign := func(secret string, at time.Time) string {
		return webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: body, Secret: secret, Timestamp: at}).Header
	}
	id, err := p.Heard(body, sign("whsec_1", time.Now()))
	require.NoError(t, err)
	require.Equal(t, int64(42), id)
	for name, header := range map[string]string{
		"none": "", "another's": sign("whsec_2", time.Now()), "replayed": sign("whsec_1", time.Now().Add(-time.Hour)),
	} {
		_, err := p.Heard(body, header)
		require.True(t, errs.Is(err, errs.KindUnauthorized), name)
	}
	_, err = p.Heard(append(body, ' '), sign("whsec_1", time.Now())[:40])
	require.True(t, errs.Is(err, errs.KindUnauthorized), "changed")
}

func TestTheTrialProviderDoesAsItIsTold(t *testing.T) {
	t.Parallel()
	p := payment.NewTrial()
	ask := func(token, key string, step order.Step) order.Attempt {
		return order.Attempt{Order: 1, Step: step, Sum: 5_00, Token: token, Key: key}
	}
	require.False(t, until(t, p, ask("decline", "a", order.StepAuthorise)).Done)
	_, err := p.Do(t.Context(), ask("timeout", "b", order.StepCapture))
	require.Error(t, err)
	require.Equal(t, int64(5_00), int64(p.Moved(1)), "it was done all the same")
	require.True(t, until(t, p, ask("timeout", "b", order.StepCapture)).Done)
	require.Equal(t, int64(5_00), int64(p.Moved(1)), "and not again")
	_, err = p.Do(t.Context(), ask("flaky", "c", order.StepCapture))
	require.Error(t, err)
	require.True(t, until(t, p, ask("flaky", "c", order.StepCapture)).Done)
	require.False(t, until(t, p, ask("no_refund", "d", order.StepRefund)).Done)
}

// A guest who pays by himself has one page, however often it is asked for and however badly Stripe answers; once he has paid
// the money is promised, and once his order is over nobody can pay any more.
func TestGuestsPayAtStripesPage(t *testing.T) {
	t.Parallel()
	p, standIn := stripe(t, 0.2)
	standIn.Spoil(0.2)
	for i := range int64(40) {
		a := order.Attempt{Tenant: 3, Order: i, Number: "ORD_1", Step: order.StepAuthorise, Sum: 12_40, Currency: "EUR", Method: order.Card, Key: fmt.Sprint("k", i), Began: time.Now()}
		page := pageOf(t, p, a)
		require.Equal(t, page, pageOf(t, p, a), "it stays the same page")
		if i%2 == 1 {
			a.Over = true
			require.Equal(t, order.Outcome{Reason: "it was not paid in time"}, until(t, p, a))
			require.Empty(t, standIn.Pay(page))
			continue
		}
		require.Eventually(t, func() bool {
			_, err := p.Do(t.Context(), a)
			_, again := errs.RetryDelay(err)
			return errors.Is(err, order.ErrUnpaid) && again
		}, time.Minute, time.Millisecond)
		require.Equal(t, fmt.Sprint("https://here.example/track/3-", i), standIn.Pay(page))
		a.Over = i%4 == 2
		out := until(t, p, a)
		require.True(t, out.Done, "he was faster than the end of his order")
		a.Step, a.Key, a.Reference = order.StepRelease, a.Key+"-release", out.Reference
		require.True(t, until(t, p, a).Done)
	}
	require.Empty(t, standIn.Promised())
	require.Empty(t, standIn.Faults())
}
