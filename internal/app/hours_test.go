package app_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Whatever time it is: an outlet that is open for an hour, three days from now, takes orders for that hour alone.
func TestOrdersAreTakenForTheHoursOfTheOutlet(t *testing.T) {
	t.Parallel()
	r := run(t, 1)
	status, first := r.call(http.MethodPost, "/orders", map[string]any{"type": "takeout", "items": []any{map[string]any{"sku": "dip_cup", "quantity": 1}}})
	require.Equal(t, http.StatusCreated, status, "%v", first)
	zone, err := time.LoadLocation("Europe/Madrid")
	require.NoError(t, err)
	day := time.Now().In(zone).AddDate(0, 0, 3)
	at := func(hour, minute int) time.Time {
		return time.Date(day.Year(), day.Month(), day.Day(), hour, minute, 0, 0, zone)
	}
	status, set := r.call(http.MethodPut, "/outlets/kitchen/order-settings", map[string]any{
		"payment_within_seconds": 600, "hand_over_code": false, "pos_url": "", "pos_accept_seconds": 120,
		"hours": []any{map[string]any{"weekday": int(day.Weekday()), "opens": "12:00", "closes": "13:00"}},
	})
	require.Equal(t, http.StatusOK, status, "%v", set)
	place := func(ready any) (int, map[string]any) {
		body := map[string]any{"type": "takeout", "items": []any{map[string]any{"sku": "dip_cup", "quantity": 1}}}
		if ready != nil {
			body["ready_at"] = ready
		}
		return r.call(http.MethodPost, "/orders", body)
	}
	require.Eventually(t, func() bool { // settings are remembered for a moment
		status, refused := place(nil)
		return status == http.StatusConflict && refused["detail"] != nil
	}, time.Minute, 50*time.Millisecond, "it is closed now")
	status, o := place(at(12, 30))
	require.Equal(t, http.StatusCreated, status, "%v", o)
	require.Equal(t, "scheduled", o["status"])
	for _, closed := range []time.Time{at(11, 59), at(13, 0), at(12, 30).AddDate(0, 0, 1)} {
		status, refused := place(closed)
		require.Equal(t, http.StatusConflict, status, "%v", refused)
		require.Contains(t, refused["detail"], "closed at")
	}
	status, _ = r.call(http.MethodPut, "/orders/"+o["number"].(string)+"/ready-at", map[string]any{"ready_at": at(14, 0)})
	require.Equal(t, http.StatusConflict, status, "nor can it be moved out of them")
	for _, bad := range []any{time.Now().Add(-time.Hour), time.Now().AddDate(0, 0, 40)} {
		status, _ := place(bad)
		require.Equal(t, http.StatusUnprocessableEntity, status)
	}
}
