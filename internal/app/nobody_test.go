package app_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"brigade/internal/app"
	"brigade/internal/config"
	"brigade/internal/store/pgtest"
)

// A region has orders and no drivers: somebody has to look, and whoever waits is told; who comes to work gets it.
func TestNobodyDeliversAndTheCustomerIsTold(t *testing.T) {
	t.Parallel()
	url, heard := listen(t)
	a := app.New(app.Config{
		Roles: []config.Role{config.RoleAPI, config.RoleKitchen, config.RoleDelivery, config.RoleJobs}, Addr: "127.0.0.1:0",
		DatabaseURL: pgtest.NewURL(t), Demo: config.DemoData, Notify: config.Notify{PrivateWebhooks: true}, TimeScale: 60,
	})
	require.NoError(t, a.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, a.Stop(context.Background())) })
	call(t, http.MethodPost, a.URL()+"/api/v1/webhooks", map[string]any{"url": url}, http.StatusCreated)
	placed := call(t, http.MethodPost, a.URL()+"/api/v1/orders", map[string]any{
		"type": "delivery", "delivery_address": "Gran Vía 1", "items": []any{map[string]any{"sku": "dip_cup", "quantity": 1}},
	}, http.StatusCreated)
	for m := next(t, heard); m.Type != "order.delayed" || m.Data.Order.Status != "requested"; {
		m = next(t, heard)
	}
	number := placed["number"].(string)
	d := call(t, http.MethodGet, a.URL()+"/api/v1/deliveries/"+number, nil, http.StatusOK)
	require.NotNil(t, d["escalated_at"])
	require.Equal(t, "no driver is at work", d["note"])
	call(t, http.MethodPost, a.URL()+"/api/v1/driver/online?driver=Marta", nil, http.StatusOK)
	call(t, http.MethodPost, a.URL()+"/api/v1/deliveries/"+number+"/assign", map[string]any{"driver": "Marta"}, http.StatusOK)
	d = call(t, http.MethodGet, a.URL()+"/api/v1/deliveries/"+number, nil, http.StatusOK)
	require.Nil(t, d["escalated_at"], "whoever gets it clears it")
}
