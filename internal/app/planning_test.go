package app_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// soldOf returns what was sold of a product by day, latest first.
func (r *running) soldOf(sku string) []any {
	r.t.Helper()
	status, answer := r.call(http.MethodGet, "/sales?outlet=kitchen&sku="+sku, nil)
	require.Equal(r.t, http.StatusOK, status, "%v", answer)
	list, _ := answer["sales"].([]any)
	return list
}

// An order counts as sold once it is made, and no longer when it is cancelled.
func TestOrdersBecomeSalesAndSalesForecasts(t *testing.T) {
	t.Parallel()
	r := run(t, 1)
	before := r.soldOf("dip_cup")
	require.NotEmpty(t, before, "the demo has a past")
	number := r.place(nil)["number"]
	r.cook(number)
	counts := func(quantity float64) func() bool {
		return func() bool {
			list := r.soldOf("dip_cup")
			return list[0].(map[string]any)["quantity"] == quantity
		}
	}
	eventually(t, "the order counts", counts(1))
	status, _ := r.call(http.MethodPost, fmt.Sprint("/orders/", number, "/cancel"), map[string]any{"reason": "dropped"})
	require.Equal(t, http.StatusOK, status)
	eventually(t, "it does not count any more", counts(0))

	status, made := r.call(http.MethodPost, "/planning/forecasts", map[string]any{"days": 7})
	require.Equal(t, http.StatusAccepted, status, "%v", made)
	eventually(t, "forecasts are made", func() bool {
		_, now := r.call(http.MethodGet, fmt.Sprint("/planning/forecasts/runs/", made["id"]), nil)
		return now["status"] == "done"
	})
	_, answer := r.call(http.MethodGet, "/planning/forecasts?outlet=kitchen&hours=true", nil)
	list, _ := answer["forecasts"].([]any)
	require.Len(t, list, 4*7)
	first := list[0].(map[string]any)
	require.Positive(t, first["expected"])
	require.Contains(t, first["quantiles"], "p05")
	require.NotEmpty(t, first["hours"])
	status, edited := r.call(http.MethodPut, fmt.Sprint("/planning/forecasts/wrap/", list[4].(map[string]any)["day"], "?outlet=kitchen"),
		map[string]any{"quantity": 60})
	require.Equal(t, http.StatusOK, status, "%v", edited)
	require.InDelta(t, 60, edited["expected"], 0)
	for _, path := range []string{
		"/planning/forecasts/today?outlet=kitchen", "/planning/forecasts/totals?level=network", "/planning/accuracy", "/planning/models",
		"/planning/validations", "/planning/calendar", "/planning/aliases", "/planning/outlets/kitchen", "/planning/forecasts/runs",
	} {
		status, answer := r.call(http.MethodGet, path, nil)
		require.Equal(t, http.StatusOK, status, "%s %v", path, answer)
	}
}

func TestReportsOfSalesNameWhatIsWrong(t *testing.T) {
	t.Parallel()
	r := run(t, 1)
	report := func(line map[string]any) (int, map[string]any) {
		return r.call(http.MethodPost, "/sales", map[string]any{"source": "pos:till", "lines": []any{line}})
	}
	status, taken := report(map[string]any{"sku": "wrap", "date": "2020-03-29T01:30:00Z", "quantity": 2.5, "revenue": 20})
	require.Equal(t, http.StatusOK, status, "%v", taken)
	require.InDelta(t, 1, taken["added"], 0)
	_, again := report(map[string]any{"sku": "wrap", "date": "2020-03-29T01:30:00Z", "quantity": 2.5, "revenue": 20})
	require.InDelta(t, 1, again["unchanged"], 0)
	for field, line := range map[string]map[string]any{
		"date":     {"sku": "wrap", "date": "29.03.2020", "quantity": 1},
		"outlet":   {"sku": "wrap", "date": "2020-03-29", "quantity": 1, "outlet": "moon"},
		"quantity": {"sku": "wrap", "date": "2020-03-29", "quantity": 1e15},
		"sku":      {"sku": " ", "date": "2020-03-29", "quantity": 1},
	} {
		status, problem := report(line)
		require.Equal(t, http.StatusUnprocessableEntity, status, "%v", problem)
		require.Contains(t, problem["detail"], field)
	}
	for path, body := range map[string]map[string]any{
		"/planning/calendar":    {"marks": []any{map[string]any{"day": "2020-02-30", "kind": "closed"}}},
		"/planning/forecasts":   {"day": "1999-01-01"},
		"/planning/validations": {"day": "2999-01-01"},
	} {
		status, problem := r.call(http.MethodPost, path, body)
		require.Equal(t, http.StatusUnprocessableEntity, status, "%s %v", path, problem)
	}
	status, _ = r.call(http.MethodPut, "/planning/outlets/kitchen", map[string]any{"country": "xx", "closed_on_holidays": true})
	require.Equal(t, http.StatusUnprocessableEntity, status)
	status, _ = r.call(http.MethodPost, "/planning/models", map[string]any{"outlet": "kitchen", "sku": "unheard-of"})
	require.Equal(t, http.StatusNotFound, status)
}

// What follows from forecasts: plans, what somebody knows better, and purchase orders made of them.
func TestForecastsBecomePlansAndPlansPurchases(t *testing.T) {
	t.Parallel()
	r := run(t, 1)
	status, made := r.call(http.MethodPost, "/planning/forecasts", map[string]any{"days": 14})
	require.Equal(t, http.StatusAccepted, status, "%v", made)
	eventually(t, "forecasts are made", func() bool {
		_, now := r.call(http.MethodGet, fmt.Sprint("/planning/forecasts/runs/", made["id"]), nil)
		return now["status"] == "done"
	})
	tomorrow := made["day"].(string)
	if d, err := time.Parse(time.DateOnly, tomorrow); err == nil {
		tomorrow = d.AddDate(0, 0, 1).Format(time.DateOnly) // a whole day, whenever this runs
	}
	for kind, part := range map[string]string{"production": "totals", "procurement": "lines", "stock": "ingredients"} {
		status, problem := r.call(http.MethodGet, "/planning/"+kind+"?outlet=kitchen&day=2020-01-01", nil)
		require.Equal(t, http.StatusNotFound, status, "%v", problem)
		status, problem = r.call(http.MethodPost, "/planning/"+kind, map[string]any{"day": "2020-01-01"})
		require.Equal(t, http.StatusUnprocessableEntity, status, "%v", problem)
		status, answer := r.call(http.MethodPost, "/planning/"+kind, map[string]any{"outlet": "kitchen", "day": tomorrow})
		require.Equal(t, http.StatusOK, status, "%v", answer)
		require.InDelta(t, 1, answer["outlets"], 0)
		status, plan := r.call(http.MethodGet, "/planning/"+kind+"?outlet=kitchen&day="+tomorrow, nil)
		require.Equal(t, http.StatusOK, status, "%v", plan)
		require.NotEmpty(t, plan[part], "%s: %v", kind, plan)
	}
	status, edited := r.call(http.MethodPut, "/planning/production/house_dip/"+tomorrow+"?outlet=kitchen", map[string]any{"batches": 7})
	require.Equal(t, http.StatusOK, status, "%v", edited)
	_, plan := r.call(http.MethodGet, "/planning/production?outlet=kitchen&day="+tomorrow, nil)
	batches := 0.0
	for _, s := range plan["starts"].([]any) {
		batches += s.(map[string]any)["batches"].(float64)
	}
	require.InDelta(t, 7, batches, 0)
	status, _ = r.call(http.MethodPut, "/planning/production/soup/"+tomorrow+"?outlet=kitchen", map[string]any{"batches": 7})
	require.Equal(t, http.StatusNotFound, status)
	status, _ = r.call(http.MethodGet, "/planning/plan-edits?outlet=kitchen", nil)
	require.Equal(t, http.StatusOK, status)

	eventually(t, "purchases are suggested by today's plan", func() bool { // again when the day ends in between
		status, drafts := r.call(http.MethodPost, "/purchases/suggested?outlet=kitchen", nil)
		require.Less(t, status, 300, "%v", drafts)
		_, planned := r.call(http.MethodGet, "/planning/procurement?outlet=kitchen", nil)
		lines, _ := planned["lines"].([]any)
		return len(lines) > 0
	})
}
