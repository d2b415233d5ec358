package app_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/config"
)

// What a guest, an integrator and a manager see of the zones of the demo restaurant.
func TestAnOutletDeliversToItsZones(t *testing.T) {
	t.Parallel()
	p := startDelivering(t, config.Brokers{})
	cups := func(n int, where string) string {
		return fmt.Sprintf(`{"type":"delivery","customer_name":"Ada","items":[{"sku":"dip_cup","quantity":%d}],%s}`, n, where)
	}
	const zones = "/api/v1/outlets/kitchen/delivery-zones"
	centre, east := `"delivery_address":"Gran Vía 1, Madrid"`, `"delivery_location":{"lat":40.4247,"lon":-3.6800}`

	o := p.ask(http.StatusCreated, http.MethodPost, "/api/v1/orders", cups(1, centre))
	alone := o["lines"].([]any)[0].(map[string]any)["unit_price"].(float64)
	require.InDelta(t, 1.90, o["delivery_fee"], 1e-9)
	require.InDelta(t, alone+1.90, o["total"], 1e-9)
	require.Equal(t, "centre", p.ask(http.StatusOK, http.MethodGet, "/api/v1/deliveries/"+o["number"].(string), "")["zone"])
	q := p.ask(http.StatusOK, http.MethodPost, "/api/v1/quotes", cups(40, centre))
	require.InDelta(t, 40*alone, q["total"], 1e-9, "free from there on")
	q = p.ask(http.StatusOK, http.MethodPost, "/api/v1/quotes", cups(1, east))
	require.Equal(t, false, q["accepted"])
	require.Contains(t, q["delivery"].(map[string]any)["refused"], "east is delivered to from 12.00 on")
	refused := p.ask(http.StatusUnprocessableEntity, http.MethodPost, "/api/v1/orders", cups(1, east))
	require.Contains(t, refused["detail"], "items come to")
	refused = p.ask(http.StatusUnprocessableEntity, http.MethodPost, "/api/v1/orders", cups(40, `"delivery_location":{"lat":41,"lon":-3.7}`))
	require.Contains(t, refused["detail"], "delivery_address is outside of every zone")
	o = p.ask(http.StatusCreated, http.MethodPost, "/api/v1/orders", cups(1, `"delivery_address":"Nowhere 1"`))
	require.Nil(t, o["delivery_fee"], "the demo takes what nobody can place")

	listed := p.ask(http.StatusOK, http.MethodPost, zones+"/centre/pause", `{"minutes":30,"reason":"a flood"}`)["zones"].([]any)
	require.Equal(t, "a flood", listed[0].(map[string]any)["paused"].(map[string]any)["reason"])
	require.Equal(t, false, listed[0].(map[string]any)["delivering"])
	refused = p.ask(http.StatusConflict, http.MethodPost, "/api/v1/orders", cups(1, centre))
	require.Contains(t, refused["detail"], "zone centre is paused until")
	earliest, err := time.Parse(time.RFC3339, refused["earliest_at"].(string))
	require.NoError(t, err)
	require.WithinRange(t, earliest, time.Now().Add(time.Minute), time.Now().Add(31*time.Minute))
	for range 2 {
		p.ask(http.StatusOK, http.MethodPost, zones+"/centre/resume", "")
	}
	p.ask(http.StatusCreated, http.MethodPost, "/api/v1/orders", cups(1, centre))

	// Contract R knows no zones: what its clients order costs what they say, wherever it goes.
	r := p.ask(http.StatusOK, http.MethodPost, "/orders", `{"customer_name":"Ada","order_type":"delivery","delivery_address":"12 Analytical Row, London",
		"items":[{"name":"Cake","quantity":2,"price":3.50}]}`)
	require.InDelta(t, 7.00, r["total_amount"], 1e-9)

	feature := `{"type":"Feature","properties":{"name":"all","fee":0.50,"hours":{"from":"00:00","to":"23:59"}},"id":7,
		"geometry":{"type":"Polygon","coordinates":[[[-4,40],[-3,40],[-3,41],[-4,41],[-4,40]]]}}`
	put := p.ask(http.StatusOK, http.MethodPut, zones, `{"type":"FeatureCollection","features":[`+feature+`]}`)
	require.Len(t, put["zones"], 1)
	wrong := p.ask(http.StatusUnprocessableEntity, http.MethodPut, zones, `{"type":"FeatureCollection","features":[`+feature+`,
		{"type":"Feature","properties":{"name":"bow"},"geometry":{"type":"Polygon","coordinates":[[[0,0],[0.1,0.1],[0.1,0],[0,0.1],[0,0]]]}}]}`)
	require.Contains(t, wrong["detail"], "features[1].geometry ring 1 crosses itself")
	require.Empty(t, p.ask(http.StatusOK, http.MethodDelete, zones+"/all", "")["zones"])
	p.ask(http.StatusOK, http.MethodPut, "/api/v1/outlets/kitchen/delivery-reach", `{"radius_metres":3000}`)
	refused = p.ask(http.StatusUnprocessableEntity, http.MethodPost, "/api/v1/orders", cups(1, `"delivery_location":{"lat":41,"lon":-3.7}`))
	require.Contains(t, refused["detail"], "orders are delivered within 3.0 km")
}

// The same key gives the first answer, also when its zone has been paused meanwhile.
func TestAnOrderThatWasTakenIsAnsweredAgain(t *testing.T) {
	t.Parallel()
	p := startDelivering(t, config.Brokers{})
	r := rider{p, p.ask(http.StatusCreated, http.MethodPost, "/api/v1/tokens", `{"name":"till","role":"integrator"}`)["token"].(string)}
	body := `{"type":"delivery","customer_name":"Ada","delivery_address":"Gran Vía 1","items":[{"sku":"dip_cup","quantity":1}]}`
	place := func(key string) (int, string) {
		status, o := r.askWith(http.MethodPost, "/orders", body, "Idempotency-Key", key)
		number, _ := o["number"].(string)
		return status, number
	}
	status, first := place("k1")
	require.Equal(t, http.StatusCreated, status)
	p.ask(http.StatusOK, http.MethodPost, "/api/v1/outlets/kitchen/delivery-zones/centre/pause", `{}`)
	status, again := place("k1")
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, first, again)
	status, _ = place("k2")
	require.Equal(t, http.StatusConflict, status)
	status, seen := r.ask(http.MethodGet, "/outlets/kitchen/delivery-zones", "")
	require.Equal(t, http.StatusOK, status, "integrators see what is paused")
	require.NotNil(t, seen["zones"].([]any)[0].(map[string]any)["paused"])
	status, _ = r.ask(http.MethodPost, "/outlets/kitchen/delivery-zones/centre/resume", "")
	require.Equal(t, http.StatusForbidden, status)
}

// The zones that the help of the command shows can be loaded.
func TestFilesOfZonesAreGeoJSON(t *testing.T) {
	t.Parallel()
	p := startDelivering(t, config.Brokers{})
	text := `{"type":"FeatureCollection","features":[{"type":"Feature",
  "properties":{"name":"centre","fee":1.90,"minimum":10,"free_from":25,"hours":{"from":"12:00","to":"23:00"}},
  "geometry":{"type":"Polygon","coordinates":[[[-3.72,40.41],[-3.69,40.41],[-3.69,40.43],[-3.72,40.43],[-3.72,40.41]]]}}]}`
	z := p.ask(http.StatusOK, http.MethodPut, "/api/v1/outlets/kitchen/delivery-zones", text)["zones"].([]any)[0].(map[string]any)
	require.InDelta(t, 5.65, z["square_km"], 0.02)
	require.Equal(t, map[string]any{"from": "12:00", "to": "23:00"}, z["hours"])
}
