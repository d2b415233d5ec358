package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/app"
	"brigade/internal/config"
	"brigade/internal/store/pgtest"
)

// told is what an integrator's server hears.
type told struct {
	Type string `json:"type"`
	Data struct {
		Order struct {
			Number string `json:"number"`
			Status string `json:"status"`
		} `json:"order"`
	} `json:"data"`
}

// listen runs an integrator's server.
func listen(t *testing.T) (url string, heard <-chan told) {
	t.Helper()
	calls := make(chan told, 100)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var m told
		if json.NewDecoder(r.Body).Decode(&m) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		calls <- m
	}))
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	return s.URL, calls
}

// run starts a Brigade over a database and returns it with what stops it.
func runNotifying(t *testing.T, database string, roles ...config.Role) (*app.App, func()) {
	t.Helper()
	a := app.New(app.Config{
		Roles: roles, Addr: "127.0.0.1:0", DatabaseURL: database, Demo: config.DemoData,
		Notify: config.Notify{PrivateWebhooks: true},
	})
	require.NoError(t, a.Start(t.Context()))
	stopped := false
	stop := func() {
		if !stopped {
			stopped = true
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			require.NoError(t, a.Stop(ctx))
		}
	}
	t.Cleanup(stop)
	return a, stop
}

func call(t *testing.T, method, url string, body any, want int) map[string]any {
	t.Helper()
	var in io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		require.NoError(t, err)
		in = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, url, in)
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.Equal(t, want, res.StatusCode, string(b))
	var out map[string]any
	_ = json.Unmarshal(b, &out)
	return out
}

func next(t *testing.T, heard <-chan told) told {
	t.Helper()
	select {
	case m := <-heard:
		return m
	case <-time.After(time.Minute):
		t.Fatal("nothing was told")
		return told{}
	}
}

func TestIntegratorsAreToldOfOrdersAlsoAfterARestart(t *testing.T) {
	t.Parallel()
	url, heard := listen(t)
	database := pgtest.NewURL(t)
	first, stop := runNotifying(t, database, config.RoleAPI, config.RoleKitchen) // nobody sends
	hook := call(t, http.MethodPost, first.URL()+"/api/v1/webhooks", map[string]any{"url": url}, http.StatusCreated)
	require.Contains(t, hook["secret"], "whsec_")
	trial := call(t, http.MethodPost, fmt.Sprintf("%s/api/v1/webhooks/%v/test", first.URL(), hook["id"]), nil, http.StatusOK)
	require.Equal(t, true, trial["arrived"], trial)
	require.Equal(t, "webhook.test", next(t, heard).Type)
	order := map[string]any{
		"type": "takeout", "items": []any{map[string]any{"sku": "dip_cup", "quantity": 1}},
		"contact": map[string]any{"email": "ada@example.com", "language": "es"},
	}
	placed := call(t, http.MethodPost, first.URL()+"/api/v1/orders", order, http.StatusCreated)
	stop()

	second, _ := runNotifying(t, database, config.RoleAPI, config.RoleKitchen, config.RoleJobs)
	m := next(t, heard)
	require.Equal(t, "order.accepted", m.Type)
	require.Equal(t, placed["number"], m.Data.Order.Number)
	log := fmt.Sprintf("%s/api/v1/webhooks/%v/deliveries", second.URL(), hook["id"])
	var delivery map[string]any
	require.Eventually(t, func() bool {
		list := call(t, http.MethodGet, log, nil, http.StatusOK)["deliveries"].([]any)
		delivery = list[0].(map[string]any)
		return delivery["status"] == "sent"
	}, time.Minute, 20*time.Millisecond)
	call(t, http.MethodPost, fmt.Sprintf("%s/%v/replay", log, delivery["id"]), nil, http.StatusAccepted)
	require.Equal(t, m, next(t, heard))

	order["contact"] = map[string]any{"email": "nobody"}
	call(t, http.MethodPost, second.URL()+"/api/v1/orders", order, http.StatusUnprocessableEntity)
	list := call(t, http.MethodGet, second.URL()+"/api/v1/notifications", nil, http.StatusOK)["deliveries"].([]any)
	require.Len(t, list, 2, "the test and the order")
	call(t, http.MethodDelete, fmt.Sprintf("%s/api/v1/webhooks/%v", second.URL(), hook["id"]), nil, http.StatusNoContent)
	call(t, http.MethodGet, fmt.Sprintf("%s/api/v1/webhooks/%v", second.URL(), hook["id"]), nil, http.StatusNotFound)
}

func TestWebhooksDoNotLeadIntoPrivateNetworks(t *testing.T) {
	t.Parallel()
	a := app.New(app.Config{
		Roles: []config.Role{config.RoleAPI, config.RoleKitchen}, Addr: "127.0.0.1:0", DatabaseURL: pgtest.NewURL(t), Demo: config.DemoData,
	})
	require.NoError(t, a.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, a.Stop(context.Background())) })
	for _, url := range []string{"http://127.0.0.1:9/", "http://169.254.169.254/latest/meta-data", "http://10.0.0.1", "file:///etc/passwd"} {
		call(t, http.MethodPost, a.URL()+"/api/v1/webhooks", map[string]any{"url": url}, http.StatusUnprocessableEntity)
	}
}
