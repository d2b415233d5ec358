package app_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/app"
	"brigade/internal/config"
	"brigade/internal/store/pgtest"
)

// A point of sale that does not answer is no secret of the list of stuck orders: the outlet's people are told, and the
// guest is, too. Nobody was told that the order was accepted before it was paid.
func TestStaffHearOfWhatNobodyMakes(t *testing.T) {
	t.Parallel()
	texts := make(chan [2]string, 20)
	phone := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) {
		texts <- [2]string{q.FormValue("to"), q.FormValue("text")}
	}))
	defer phone.Close()
	sale := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }))
	defer sale.Close()
	a := app.New(app.Config{
		Roles: []config.Role{config.RoleAPI, config.RoleKitchen, config.RoleRelay, config.RoleJobs}, DatabaseURL: pgtest.NewURL(t),
		Addr: "127.0.0.1:0", Demo: config.DemoData, Notify: config.Notify{SMS: config.URL(phone.URL), KeepNotifications: config.Interval(time.Hour)},
	})
	require.NoError(t, a.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, a.Stop(context.Background())) })
	r := &running{t, a}
	settings := map[string]any{
		"payment_within_seconds": 600, "hand_over_code": false, "pos_url": sale.URL, "pos_secret": "s", "pos_accept_seconds": 1, "hours": []any{},
		"alert": map[string]any{"phone": "+34600000001"},
	}
	status, got := r.call(http.MethodPut, "/outlets/kitchen/order-settings", settings)
	require.Equal(t, http.StatusOK, status, "%v", got)
	require.Equal(t, map[string]any{"phone": "+34600000001"}, got["alert"])
	settings["alert"] = map[string]any{"phone": "600"}
	status, got = r.call(http.MethodPut, "/outlets/kitchen/order-settings", settings)
	require.Equal(t, http.StatusUnprocessableEntity, status)
	require.Equal(t, "alert.phone must be a number as +34600111222", got["detail"])

	guest := map[string]any{"phone": "+34600000002"}
	o := r.place(map[string]any{"contact": guest, "payment": map[string]any{"method": "test", "token": "slow"}})
	heard := map[string][]string{}
	for len(heard["+34600000001"]) < 1 || len(heard["+34600000002"]) < 2 {
		select {
		case text := <-texts:
			if text[0] == "+34600000002" && len(heard[text[0]]) == 0 {
				_, file := r.call(http.MethodGet, "/orders/"+o["number"].(string)+"/file", nil)
				require.NotZero(t, file["payment"].(map[string]any)["authorised"], "it was paid first")
			}
			heard[text[0]] = append(heard[text[0]], text[1])
		case <-time.After(time.Minute):
			require.Fail(t, "nobody hears", "%v", heard)
		}
	}
	number := o["number"].(string)
	require.Equal(t, []string{"Order " + number + " needs you: it was cancelled, because nobody makes it. Reason: the point of sale did not answer in time."}, heard["+34600000001"])
	require.Equal(t, []string{
		"Hello, we have your order " + number + ".", "Your order " + number + " was cancelled. Reason: the point of sale did not answer in time.",
	}, heard["+34600000002"])
}
