package app_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// What a parent is told of its network is what its outlets are told of themselves.
func TestParentsSeeTheirNetwork(t *testing.T) {
	t.Parallel()
	r := run(t, 1)
	const enterprise = "/demo/orchestrator/enterprise/"
	_, summary := r.call(http.MethodGet, enterprise+"network-summary?days=7", nil)
	period := summary["period"].(map[string]any)
	totals := summary["totals"].(map[string]any)
	sold := func(outlet string) (units, revenue float64) {
		_, sales := r.call(http.MethodGet, "/sales?limit=5000&from="+period["first_day"].(string)+"&to="+period["last_day"].(string)+outlet, nil)
		for _, row := range sales["sales"].([]any) {
			units += row.(map[string]any)["quantity"].(float64)
			revenue += row.(map[string]any)["revenue"].(float64)
		}
		require.Positive(t, units)
		return units, revenue
	}
	units, revenue := sold("")
	require.InDelta(t, units, totals["units"], 1e-6)
	require.InDelta(t, revenue, totals["revenue"], 1e-6)
	for _, view := range []string{
		"dashboard", "production-overview", "distribution-status", "child-performance?metric=growth", "child-performance?outlet=kitchen&days=7",
	} {
		status, answer := r.call(http.MethodGet, enterprise+view, nil)
		require.Equal(t, http.StatusOK, status, "%s %v", view, answer)
		require.Equal(t, "demo", answer["network"].(map[string]any)["tenant"])
	}
	_, one := r.call(http.MethodGet, enterprise+"child-performance?outlet=kitchen&days=7", nil)
	list := one["outlets"].([]any)
	require.Len(t, list, 1)
	units, _ = sold("&outlet=kitchen")
	require.InDelta(t, units, list[0].(map[string]any)["figures"].(map[string]any)["units"], 1e-6)
	require.NotEmpty(t, one["detail"].(map[string]any)["products"])
	for path, want := range map[string]int{
		"/other/orchestrator/enterprise/dashboard":                     http.StatusForbidden,
		enterprise + "dashboard?days=0":                                http.StatusUnprocessableEntity,
		enterprise + "child-performance?outlet=moon":                   http.StatusNotFound,
		enterprise + "child-performance?metric=beauty":                 http.StatusUnprocessableEntity,
		"/demo/orchestrator/enterprise/child-performance?limit=100000": http.StatusUnprocessableEntity,
	} {
		status, answer := r.call(http.MethodGet, path, nil)
		require.Equal(t, want, status, "%s %v", path, answer)
	}
}
