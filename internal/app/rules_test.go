package app_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Whoever runs a kitchen says by which rules it decides; the next decision goes by them and says so.
func TestAnOutletDecidesByItsRules(t *testing.T) {
	t.Parallel()
	r := run(t, 1)
	status, rules := r.call(http.MethodGet, "/outlets/kitchen/rules", nil)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, map[string]any{"policy": "brigade", "wait": 1.0, "late": 3.0, "together": 0.5}, rules)

	rules["policy"], rules["together"] = "fifo", 0.0
	status, said := r.call(http.MethodPut, "/outlets/kitchen/rules", rules)
	require.Equal(t, http.StatusOK, status, "%v", said)
	_, now := r.call(http.MethodGet, "/outlets/kitchen/rules", nil)
	require.Equal(t, rules, now)

	body := map[string]any{"type": "takeout", "items": []any{map[string]any{"sku": "dip_cup", "quantity": 1}}}
	require.Eventually(t, func() bool { // the kitchen's owner hears of its rules in a moment
		_, o := r.call(http.MethodPost, "/orders", body)
		defer r.call(http.MethodPost, fmt.Sprint("/orders/", o["number"], "/cancel"), nil) // the cooks are free for the next one
		tasks, _ := o["tasks"].([]any)
		if len(tasks) == 0 {
			_, o = r.call(http.MethodGet, fmt.Sprint("/orders/", o["number"]), nil)
			tasks, _ = o["tasks"].([]any)
		}
		for _, task := range tasks {
			_, why := r.call(http.MethodGet, fmt.Sprint("/tasks/", task.(map[string]any)["id"], "/explain"), nil)
			if list, _ := why["decisions"].([]any); len(list) > 0 {
				return fmt.Sprint(list[0].(map[string]any)["why"].(map[string]any)["policy"]) == "fifo"
			}
		}
		return false
	}, time.Minute, 50*time.Millisecond)

	for field, wrong := range map[string]any{"policy": "best", "late": -1, "together": "much"} {
		faulty := map[string]any{"policy": "brigade", "wait": 1, "late": 3, "together": 0.5}
		faulty[field] = wrong
		status, p := r.call(http.MethodPut, "/outlets/kitchen/rules", faulty)
		require.GreaterOrEqual(t, status, 400, field)
		require.Contains(t, fmt.Sprint(p["errors"], p["detail"]), field)
	}
	status, _ = r.call(http.MethodGet, "/outlets/nowhere/rules", nil)
	require.Equal(t, http.StatusNotFound, status)
}
