package app_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"brigade/internal/app"
	"brigade/internal/config"
	"brigade/internal/store/pgtest"
)

// rider is a driver's app, with the driver's own token.
type rider struct {
	*place
	token string
}

func (r rider) ask(method, path, body string) (int, map[string]any) {
	r.t.Helper()
	return r.askWith(method, path, body)
}

// askWith is ask with more headers: names and values in turn.
func (r rider) askWith(method, path, body string, headers ...string) (int, map[string]any) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.url+"/api/v1"+path, strings.NewReader(body))
	require.NoError(r.t, err)
	req.Header.Set("Authorization", "Bearer "+r.token)
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := http.DefaultClient.Do(req)
	require.NoError(r.t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(r.t, err)
	var v map[string]any
	require.NoError(r.t, json.Unmarshal(text, &v), string(text))
	return res.StatusCode, v
}

// must asks for what has to work.
func (r rider) must(method, path, body string) map[string]any {
	r.t.Helper()
	status, v := r.ask(method, path, body)
	require.Less(r.t, status, 300, "%s %s: %v", method, path, v)
	return v
}

// refused asks for what the driver's state does not allow, and returns why.
func (r rider) refused(status int, method, path string) string {
	r.t.Helper()
	got, v := r.ask(method, path, "")
	require.Equal(r.t, status, got, v)
	return v["detail"].(string)
}

// streams checks that her work comes as a stream too, which ends with the server at the latest.
func (r rider) streams() {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, r.url+"/api/v1/driver/stream", nil)
	require.NoError(r.t, err)
	req.Header.Set("Authorization", "Bearer "+r.token)
	res, err := http.DefaultClient.Do(req)
	require.NoError(r.t, err)
	r.t.Cleanup(func() { _ = res.Body.Close() })
	line, err := bufio.NewReader(res.Body).ReadString('\n')
	require.NoError(r.t, err)
	require.Equal(r.t, "event: work\n", line)
}

func (p *place) rider(name string) rider {
	made := p.ask(http.StatusCreated, http.MethodPost, "/api/v1/tokens", fmt.Sprintf(`{"name":%q,"role":"driver","driver":%q}`, name, name))
	return rider{p, made["token"].(string)}
}

func startDelivering(t *testing.T, b config.Brokers) *place {
	t.Helper()
	a := app.New(app.Config{
		Roles: []config.Role{config.RoleAPI, config.RoleKitchen, config.RoleRelay, config.RoleDelivery}, Addr: "127.0.0.1:0",
		DatabaseURL: pgtest.NewURL(t), Demo: config.DemoData, Brokers: b,
	})
	require.NoError(t, a.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, stop(a)) })
	db, err := pgx.Connect(t.Context(), a.DatabaseURL())
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close(context.Background()) })
	return &place{t, a.URL(), db}
}

// From the click to the door, as a driver's app and a customer see it.
func TestADriversApp(t *testing.T) {
	t.Parallel()
	p := startDelivering(t, config.Brokers{})
	marta, karim := p.rider("Marta"), p.rider("Karim")
	require.Contains(t, marta.refused(http.StatusForbidden, http.MethodGet, "/driver?driver=Karim"), "Marta alone")
	require.Equal(t, "WAITING_FOR_WORK", marta.must(http.MethodPost, "/driver/online", "")["status"])
	marta.must(http.MethodPost, "/driver/position", `{"lat":40.4203,"lon":-3.7058}`)

	number := p.order(`{"type":"delivery","customer_name":"Ada","delivery_address":"Gran Vía 1, Madrid","delivery_location":{"lat":40.4215,"lon":-3.7040},
		"items":[{"sku":"dip_cup","quantity":1}]}`)
	order := "/driver/deliveries/" + number
	p.makeAll(number)
	p.until("it is offered to her", func() bool {
		work := marta.must(http.MethodGet, "/driver/work?wait=1", "")["deliveries"].([]any)
		return len(work) == 1
	})
	work := marta.must(http.MethodGet, "/driver/work?seen=0&wait=60", "") // what she has not seen comes at once
	require.Len(t, work["deliveries"], 1)
	status, strange := karim.ask(http.MethodPost, "/driver/position?driver=Marta", `{"lat":40,"lon":-3}`)
	require.Equal(t, http.StatusForbidden, status)
	require.Contains(t, strange["detail"], "Karim alone")
	require.Contains(t, marta.refused(http.StatusConflict, http.MethodPost, order+"/pickup"), "not yours to pick up")
	require.Contains(t, karim.refused(http.StatusConflict, http.MethodPost, order+"/accept"), "not offered to you")
	link := p.ask(http.StatusOK, http.MethodGet, "/api/v1/deliveries/"+number, "")["tracking"].(string)
	require.Equal(t, "assigned", marta.must(http.MethodPost, order+"/accept", "")["status"])
	require.Nil(t, p.ask(http.StatusOK, http.MethodGet, link, "")["driver"], "she does not have it yet")
	marta.must(http.MethodPost, order+"/pickup", "")
	require.Contains(t, karim.refused(http.StatusConflict, http.MethodPost, order+"/delivered"), "you do not carry")
	require.Contains(t, marta.refused(http.StatusConflict, http.MethodPost, "/driver/offline"), "deliver or give them back")
	marta.must(http.MethodPost, "/driver/positions", `{"positions":[{"lat":40.4210,"lon":-3.7050}]}`)
	seen := p.ask(http.StatusOK, http.MethodGet, link, "")
	require.Equal(t, "in_delivery", seen["order_status"])
	require.InDelta(t, 40.4210, seen["driver"].(map[string]any)["lat"], 1e-9)
	require.NotNil(t, seen["eta"])
	require.Equal(t, "delivered", marta.must(http.MethodPost, order+"/delivered", `{"photo":"p/1.jpg"}`)["status"])
	require.Equal(t, "delivered", p.status(number))
	require.Nil(t, p.ask(http.StatusOK, http.MethodGet, link, "")["driver"], "and not afterwards")
	why := p.ask(http.StatusOK, http.MethodGet, "/api/v1/deliveries/"+number+"/explain", "")["offers"].([]any)
	require.Equal(t, "accepted", why[0].(map[string]any)["outcome"])
	marta.streams()
	for range 40 { // whoever asks all the time is sent away
		res, err := http.Get(p.url + link)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		if res.StatusCode == http.StatusTooManyRequests {
			return
		}
	}
	t.Error("nobody is limited")
}

// Positions come in by contract D's topic; those of nobody go to the dead letters.
func TestDriverUpdatesFromKafka(t *testing.T) {
	t.Parallel()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "orders", "driver-updates", "driver-updates.dlq", "kitchen.domain.events", "orders.domain.events", "delivery.domain.events"))
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	p := startDelivering(t, config.Brokers{Kafka: config.Kafka{KafkaBrokers: cluster.ListenAddrs()}})
	cl, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...), kgo.ConsumeTopics("driver-updates.dlq"))
	require.NoError(t, err)
	t.Cleanup(cl.Close)
	list := p.ask(http.StatusOK, http.MethodGet, "/api/v1/drivers", "")["drivers"].([]any)
	id := int64(list[0].(map[string]any)["id"].(float64))
	require.NoError(t, cl.ProduceSync(t.Context(),
		&kgo.Record{Topic: "driver-updates", Value: fmt.Appendf(nil, `{"driver_id":%d,"lat":40.41,"lon":-3.70}`, id)},
		&kgo.Record{Topic: "driver-updates", Value: []byte(`{"driver_id":999999,"lat":40.41,"lon":-3.70}`)},
		&kgo.Record{Topic: "driver-updates", Value: []byte("nonsense")},
	).FirstErr())
	p.until("the position is written", func() bool {
		var n int
		require.NoError(t, p.db.QueryRow(t.Context(), "select count(*) from driver_positions where driver_id = $1", id).Scan(&n))
		return n == 1
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for dead := 0; dead < 2; {
		dead += len(cl.PollFetches(ctx).Records())
		require.NoError(t, ctx.Err())
	}
}
