package web_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v85/webhook"

	"brigade/internal/app"
	"brigade/internal/config"
	"brigade/internal/payment"
	"brigade/internal/payment/paymenttest"
	"brigade/internal/store/pgtest"
	"brigade/internal/web/webtest"
)

// startCards runs a Brigade whose guests pay by card, at a stand-in for Stripe.
func startCards(t *testing.T) (*webtest.Site, *paymenttest.Stripe) {
	t.Helper()
	standIn := paymenttest.New(0)
	server := httptest.NewServer(standIn)
	t.Cleanup(server.Close)
	a := app.New(app.Config{
		Roles: []config.Role{config.RoleAPI, config.RoleKitchen, config.RoleRelay, config.RoleJobs}, Addr: "127.0.0.1:0",
		DatabaseURL: pgtest.NewURL(t), Demo: config.DemoData, Pages: config.Pages{PublicURL: "https://here.example"},
		Stripe: payment.StripeOptions{Key: "sk_test_1", URL: server.URL, WebhookSecret: "whsec_1"},
	})
	require.NoError(t, a.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, a.Stop(context.Background())) })
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return &webtest.Site{T: t, App: a, URL: a.URL(), Client: &http.Client{
		Jar: jar, Timeout: 30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, standIn
}

// A guest orders, pays at the page of the provider, and his order is made; whoever does not pay is let off when he cancels,
// and cannot pay then.
func TestAGuestPaysByCard(t *testing.T) {
	t.Parallel()
	s, standIn := startCards(t)
	order := func() (track string, o map[string]any) {
		added := s.Do(http.MethodPost, shopPath+"/cart", url.Values{"sku": {"wrap"}, "quantity": {"1"}, "g0": {"Hot"}})
		require.Equal(t, http.StatusSeeOther, added.StatusCode)
		cart := s.Get(shopPath + "/cart")
		require.Contains(t, cart.Text, `value="card"`)
		placed := s.Do(http.MethodPost, shopPath+"/order", form(cart.Text, "type", "takeout", "pay", "card", "name", "Ana", "when", ""))
		require.Equal(t, http.StatusSeeOther, placed.StatusCode, placed.Text)
		_, list := s.Call(http.MethodGet, "/api/v1/orders", "")
		return placed.Header.Get("Location"), list["orders"].([]any)[0].(map[string]any)
	}
	status := func(o map[string]any) any {
		_, now := s.Call(http.MethodGet, fmt.Sprint("/api/v1/orders/", o["number"]), "")
		return now["status"]
	}
	hear := func(o map[string]any) {
		body := fmt.Appendf(nil, `{"id":"evt_1","object":"event","type":"checkout.session.completed","data":{"object":{"metadata":{"brigade_order":"%v"}}}}`, o["id"])
		signed := webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: body, Secret: "whsec_1", Timestamp: time.Now()})
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/api/v1/payments/stripe/webhook", strings.NewReader(string(body)))
		require.NoError(t, err)
		req.Header.Set("Stripe-Signature", signed.Header)
		req.Header.Set("Content-Type", "application/json")
		resp, err := s.Client.Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, http.StatusNoContent, resp.StatusCode)
	}

	track, first := order()
	page := s.Get(track)
	require.Contains(t, page.Text, `href="`+track+`/pay"`)
	require.Contains(t, page.Text, "by card")
	pay := s.Get(track + "/pay").Header.Get("Location")
	require.Regexp(t, "^https://checkout.example/cs_", pay)
	require.Equal(t, pay, s.Get(track+"/pay").Header.Get("Location"), "a second look is the same page")
	require.Equal(t, "created", status(first))
	require.Equal(t, "https://here.example"+track, standIn.Pay(strings.TrimPrefix(pay, "https://checkout.example/")))
	hear(first)
	hear(first)
	require.Eventually(t, func() bool { return status(first) != "created" }, time.Minute, 20*time.Millisecond)
	sum := int64(first["total"].(float64)*100 + 0.5)
	require.Eventually(t, func() bool { return standIn.Held()[fmt.Sprint(first["id"])] == sum }, time.Minute, 20*time.Millisecond)
	require.NotContains(t, s.Get(track).Text, track+"/pay")
	require.Equal(t, track, s.Get(track+"/pay").Header.Get("Location"), "there is nothing to be paid any more")

	track, second := order()
	pay = s.Get(track + "/pay").Header.Get("Location")
	code, _ := s.Call(http.MethodPost, fmt.Sprint("/api/v1/orders/", second["number"], "/cancel"), `{}`)
	require.Equal(t, http.StatusOK, code)
	require.Equal(t, track, s.Get(track+"/pay").Header.Get("Location"))
	hear(second)
	require.Eventually(t, func() bool { return standIn.Ended(strings.TrimPrefix(pay, "https://checkout.example/")) }, time.Minute, 20*time.Millisecond)
	require.Empty(t, standIn.Pay(strings.TrimPrefix(pay, "https://checkout.example/")))
	require.Empty(t, standIn.Promised())
	require.Empty(t, standIn.Faults())
}
