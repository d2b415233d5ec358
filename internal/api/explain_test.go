package api

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/actor"
	"brigade/internal/kitchen"
)

// stubEstimates knows one step and notes what it is pinned to.
type stubEstimates struct{ asked []any }

var oneStep = kitchen.StepEstimate{
	SKU: "burger_combo", Item: "Burger combo", Description: "grill patty", StationName: "griller", Base: 80 * time.Second,
	Learned: 93500 * time.Millisecond, InForce: 93500 * time.Millisecond, Samples: 412, UpdatedAt: noon,
}

func (s *stubEstimates) List(_ context.Context, _ actor.Actor, outlet int64, skip, most int) ([]kitchen.StepEstimate, int, error) {
	s.asked = append(s.asked, outlet, skip, most)
	return []kitchen.StepEstimate{oneStep}, 7, nil
}

func (s *stubEstimates) Show(_ context.Context, _ actor.Actor, _ int64, ref kitchen.StepRef, before string, most int) (kitchen.StepEstimate, []kitchen.EstimateDay, error) {
	s.asked = append(s.asked, ref, before, most)
	return oneStep, []kitchen.EstimateDay{{Day: "2026-05-03", InForce: 80 * time.Second}}, nil
}

func (s *stubEstimates) Factors(context.Context, actor.Actor, int64) ([]kitchen.Factor, error) {
	return []kitchen.Factor{{Kind: "load", Ref: 0, Factor: 0.9}, {Kind: "person", Ref: 4, Name: "Asha", Factor: 1.1, Samples: 9}}, nil
}

func (s *stubEstimates) Pin(_ context.Context, _ actor.Actor, _ int64, ref kitchen.StepRef, pinned time.Duration) (kitchen.StepEstimate, error) {
	s.asked = append(s.asked, ref, pinned)
	e := oneStep
	e.Pinned, e.PinnedBy = pinned, "Marie"
	return e, nil
}

func TestEstimatesAreShownAndPinned(t *testing.T) {
	t.Parallel()
	stub := &stubEstimates{}
	b := setup(t, func(p *Parts) { p.Estimates = stub })
	got := b.call(t, http.MethodGet, "/api/v1/kitchen/estimates?outlet=pizzeria&limit=1&offset=3", "")
	require.Equal(t, http.StatusOK, got.status, got.text)
	require.InDelta(t, 4, got.body["next"], 0)
	require.InDelta(t, 7, got.body["total"], 0)
	first := got.body["estimates"].([]any)[0].(map[string]any)
	require.InDelta(t, 93.5, first["learned_secs"], 0)
	require.Nil(t, first["p90_secs"])
	require.Nil(t, first["pinned_secs"])
	got = b.call(t, http.MethodGet, "/api/v1/kitchen/estimates/burger_combo/0?before=2026-05-04&limit=1", "")
	require.Equal(t, "2026-05-03", got.body["next"])
	require.Len(t, got.body["history"], 1)
	got = b.call(t, http.MethodPut, "/api/v1/kitchen/estimates/burger_combo/2/pin", `{"seconds":95}`)
	require.Equal(t, http.StatusOK, got.status, got.text)
	require.InDelta(t, 95, got.body["pinned_secs"], 0)
	require.Equal(t, http.StatusOK, b.call(t, http.MethodDelete, "/api/v1/kitchen/estimates/burger_combo/2/pin", "").status)
	ref := kitchen.StepRef{SKU: "burger_combo", Step: 2}
	require.Equal(t, []any{
		int64(2), 3, 1, kitchen.StepRef{SKU: "burger_combo"}, "2026-05-04", 1, ref, 95 * time.Second, ref, time.Duration(0),
	}, stub.asked)
	require.JSONEq(t, `[{"kind":"load","name":"","load":0,"factor":0.9,"samples":0},
		{"kind":"person","name":"Asha","load":null,"factor":1.1,"samples":9}]`, b.call(t, http.MethodGet, "/api/v1/kitchen/factors", "").text)

	for _, c := range [][3]string{
		{http.MethodPut, "/burger_combo/0/pin", `{"seconds":0}`},
		{http.MethodPut, "/burger_combo/0/pin", `{}`},
		{http.MethodPut, "/burger_combo/-1/pin", `{"seconds":1}`},
		{http.MethodGet, "/burger_combo/0?before=2026-02-30", ""},
		{http.MethodGet, "/burger_combo/0?limit=0", ""},
		{http.MethodPut, "/burger_combo/0/pin", `{"seconds":90000}`},
	} {
		require.Equal(t, http.StatusUnprocessableEntity, b.call(t, c[0], "/api/v1/kitchen/estimates"+c[1], c[2]).status, c)
	}
	require.Equal(t, http.StatusForbidden,
		b.call(t, http.MethodPut, "/api/v1/kitchen/estimates/burger_combo/2/pin", `{"seconds":95}`, "Authorization: Bearer cook").status)
}

// stubExplainer gives the same account for every order.
type stubExplainer struct {
	order int64
	due   time.Time
}

func (s *stubExplainer) Order(_ context.Context, _ actor.Actor, order int64, due time.Time) (*kitchen.Account, error) {
	s.order, s.due = order, due
	task := &kitchen.Task{ID: 5, Item: "Burger combo", Description: "grill patty"}
	return &kitchen.Account{
		Order: order, Number: "ORD_1", Placed: noon, End: noon.Add(90 * time.Second), Ready: true, Due: noon.Add(time.Minute),
		Segments: []kitchen.Segment{
			{
				Cause: kitchen.CauseStation, From: noon, To: noon.Add(10 * time.Second), Late: 10 * time.Second, Task: task, Subject: "griller full",
				Holders: []kitchen.Holder{{Order: 2, Number: "ORD_2", For: 20 * time.Second}},
			},
			{Cause: kitchen.CauseCooking, From: noon.Add(10 * time.Second), To: noon.Add(90 * time.Second), Late: 20 * time.Second, Task: task, Subject: "Asha"},
		},
	}, nil
}

func TestOrdersAreExplained(t *testing.T) {
	t.Parallel()
	stub := &stubExplainer{}
	b := setup(t, func(p *Parts) { p.Explainer = stub })
	got := b.call(t, http.MethodGet, "/api/v1/orders/ORD_20260504_001/explain?due=2026-05-04T12:01:00Z", "")
	require.Equal(t, http.StatusOK, got.status, got.text)
	require.Equal(t, noon.Add(time.Minute), stub.due.UTC())
	require.Equal(t, b.orders.order.ID, stub.order)
	require.InDelta(t, 90, got.body["total_secs"], 0)
	require.InDelta(t, 30, got.body["late_secs"], 0)
	require.Len(t, got.body["segments"], 2)
	cause := got.body["causes"].([]any)[0].(map[string]any)
	require.Equal(t, "cooking", cause["cause"])
	require.Contains(t, got.text, `"holders":[{"order_id":2,"number":"ORD_2","secs":20}]`)
	require.Equal(t, http.StatusUnprocessableEntity, b.call(t, http.MethodGet, "/api/v1/orders/ORD_20260504_001/explain?due=noon", "").status)
	require.Equal(t, http.StatusForbidden, b.call(t, http.MethodGet, "/api/v1/orders/ORD_20260504_001/explain", "", "Authorization: Bearer customer").status)
}
