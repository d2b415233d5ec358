package app_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"

	"brigade/internal/app"
	"brigade/internal/config"
	"brigade/internal/errs"
	"brigade/internal/event/brokertest"
	"brigade/internal/store/pgtest"
	"brigade/internal/worker"
)

// crew is contract R's services over one Postgres and one RabbitMQ.
type crew struct {
	t            *testing.T
	database     string
	broker       string
	orders, told *app.App // order-service and tracking-service
	lines        chan string
}

func startCrew(t *testing.T, broker string) *crew {
	c := &crew{t: t, database: pgtest.NewURL(t), broker: broker, lines: make(chan string, 1<<16)}
	c.orders = c.start(config.RoleOrderService, app.Service{MaxConcurrent: 50})
	c.told = c.start(config.RoleTracking, app.Service{})
	return c
}

func (c *crew) config(role config.Role, s app.Service) app.Config {
	cfg := app.Config{
		Roles: []config.Role{role}, DatabaseURL: c.database, AutoComplete: true, Service: s,
		Brokers: config.Brokers{RabbitMQURL: config.URL(c.broker)},
	}
	if role != config.RoleWorker {
		cfg.Addr = "127.0.0.1:0"
	}
	return cfg
}

func (c *crew) start(role config.Role, s app.Service) *app.App {
	a := app.New(c.config(role, s))
	require.NoError(c.t, a.Start(c.t.Context()))
	c.t.Cleanup(func() { require.NoError(c.t, stop(a)) })
	return a
}

func stop(a *app.App) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return a.Stop(ctx)
}

func (c *crew) worker(name string, scale float64, prefetch int, types ...string) *app.App {
	return c.start(config.RoleWorker, as(name, scale, prefetch, types...))
}

func as(name string, scale float64, prefetch int, types ...string) app.Service {
	return app.Service{Prefetch: prefetch, Worker: worker.Config{Name: name, Types: types, Heartbeat: time.Minute, Scale: scale}}
}

func (c *crew) subscribe() {
	r, w := io.Pipe()
	ctx, cancel := context.WithCancel(c.t.Context())
	done := make(chan error, 1)
	go func() { done <- app.Subscribe(ctx, c.broker, slog.New(slog.DiscardHandler), w) }()
	go func() {
		for s := bufio.NewScanner(r); s.Scan(); {
			c.lines <- s.Text()
		}
	}()
	c.t.Cleanup(func() { cancel(); require.NoError(c.t, <-done); _ = w.Close() })
}

func order(kind string, price float64) string {
	extra := map[string]string{"dine_in": `"table_number":5,`, "delivery": `"delivery_address":"12 Analytical Row",`}[kind]
	return fmt.Sprintf(`{"customer_name":"Ada Lovelace","order_type":%q,%s"items":[{"name":"Pizza","quantity":2,"price":%.2f}]}`, kind, extra, price)
}

func (c *crew) place(kind string, price float64) string {
	res, err := http.Post(c.orders.URL()+"/orders", "application/json", strings.NewReader(order(kind, price)))
	require.NoError(c.t, err)
	defer res.Body.Close()
	var answer struct {
		Number string `json:"order_number"`
		Status string `json:"status"`
	}
	require.Equal(c.t, http.StatusOK, res.StatusCode)
	require.NoError(c.t, json.NewDecoder(res.Body).Decode(&answer))
	require.Equal(c.t, "received", answer.Status)
	return answer.Number
}

func (c *crew) get(path string, into any) {
	res, err := http.Get(c.told.URL() + path)
	require.NoError(c.t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(c.t, err)
	require.Equal(c.t, http.StatusOK, res.StatusCode, string(body))
	require.NoError(c.t, json.Unmarshal(body, into), string(body))
}

type status struct {
	Current   string     `json:"current_status"`
	By        string     `json:"processed_by"`
	Estimated *time.Time `json:"estimated_completion"`
}

func (c *crew) await(number, want string) (s status) {
	for until := time.Now().Add(time.Minute); s.Current != want; <-time.After(50 * time.Millisecond) {
		require.True(c.t, time.Now().Before(until), "%s is %s after a minute", number, s.Current)
		c.get("/orders/"+number+"/status", &s)
	}
	return s
}

type change struct {
	Status string `json:"status"`
	By     string `json:"changed_by"`
}

func (c *crew) history(number string) (h []change) {
	c.get("/orders/"+number+"/history", &h)
	return h
}

// Contract R from one end to the other: ordered over HTTP, cooked from the queue, told to subscribers, followed.
func TestServicesTogether(t *testing.T) {
	t.Parallel()
	c := startCrew(t, brokertest.RabbitMQ(t))
	c.subscribe()
	first := c.place("dine_in", 12.49) // nobody cooks yet
	var s status
	c.get("/orders/"+first+"/status", &s)
	require.Equal(t, "received", s.Current)
	require.Empty(t, s.By)
	require.NotNil(t, s.Estimated)

	c.worker("chef_mario", 0.02, 1, "dine_in")
	s = c.await(first, "ready")
	require.Equal(t, "chef_mario", s.By)
	require.Equal(t, []change{{"received", "order-service"}, {"cooking", "chef_mario"}, {"ready", "chef_mario"}}, c.history(first))
	require.Equal(t, "Notification for order "+first+": Status changed from 'received' to 'cooking' by chef_mario.", <-c.lines)
	require.Equal(t, "Notification for order "+first+": Status changed from 'cooking' to 'ready' by chef_mario.", <-c.lines)

	second := c.place("delivery", 80) // not for him
	c.worker("chef_luigi", 0, 2)
	require.Equal(t, "chef_luigi", c.await(second, "ready").By)
	var workers []struct {
		Name      string `json:"worker_name"`
		Status    string `json:"status"`
		Processed int    `json:"orders_processed"`
	}
	c.get("/workers/status", &workers)
	require.Len(t, workers, 2)
	for _, w := range workers {
		require.Equal(t, "online", w.Status)
		require.Equal(t, 1, w.Processed)
	}
}

func TestALiveNameIsTakenAndADeadOneIsNot(t *testing.T) {
	t.Parallel()
	c := startCrew(t, brokertest.RabbitMQ(t))
	mario := c.worker("chef_mario", 0, 1)
	again := app.New(c.config(config.RoleWorker, as("chef_mario", 0, 1)))
	err := again.Start(t.Context())
	require.True(t, errs.Is(err, errs.KindConflict), "%v", err)
	require.NoError(t, stop(mario))
	var workers []struct {
		Status string `json:"status"`
	}
	c.get("/workers/status", &workers)
	require.Equal(t, "offline", workers[0].Status)
	c.worker("chef_mario", 0, 1)
}

// Told to end, a worker finishes what he holds and leaves the rest to others.
func TestAWorkerFinishesWhatHeHolds(t *testing.T) {
	t.Parallel()
	c := startCrew(t, brokertest.RabbitMQ(t))
	mario := c.worker("chef_mario", 0.8, 1) // 8 s for a takeout order: it is long not ready when it is seen that he cooks it
	numbers := []string{c.place("takeout", 5), c.place("takeout", 5)}
	held, left := numbers[0], numbers[1]
	for s := (status{}); s.Current != "cooking"; <-time.After(20 * time.Millisecond) {
		c.get("/orders/"+held+"/status", &s)
		if s.Current == "received" {
			var other status
			if c.get("/orders/"+left+"/status", &other); other.Current == "cooking" {
				held, left, s = left, held, other
			}
		}
	}
	require.NoError(t, stop(mario))
	var s status
	c.get("/orders/"+held+"/status", &s)
	require.Equal(t, "ready", s.Current)
	c.get("/orders/"+left+"/status", &s)
	require.Equal(t, "received", s.Current)
	c.worker("chef_luigi", 0, 1)
	c.await(left, "ready")
}

// What cannot be read goes to the dead letters; what comes twice, late or in another order has its effect once.
func TestBadAndRepeatedMessages(t *testing.T) {
	t.Parallel()
	c := startCrew(t, brokertest.RabbitMQ(t))
	number := c.place("takeout", 5)
	conn, err := amqp.Dial(c.broker)
	require.NoError(t, err)
	defer conn.Close()
	ch, err := conn.Channel()
	require.NoError(t, err)
	copyOf, ok := amqp.Delivery{}, false
	for until := time.Now().Add(time.Minute); !ok && time.Now().Before(until); <-time.After(20 * time.Millisecond) {
		copyOf, ok, err = ch.Get("kitchen_queue", true)
		require.NoError(t, err)
	}
	require.True(t, ok)
	require.JSONEq(t, `{"order_number":"`+number+`","customer_name":"Ada Lovelace","order_type":"takeout","table_number":null,
		"delivery_address":null,"items":[{"name":"Pizza","quantity":2,"price":5.00}],"total_amount":10.00,"priority":1}`, string(copyOf.Body))
	require.EqualValues(t, 1, copyOf.Priority)
	require.Equal(t, "kitchen.takeout.1", copyOf.RoutingKey)
	for _, body := range []string{"not json", `{"order_number":"ORD_1","order_type":"picnic"}`, `{"order_number":"ORD_1","order_type":"takeout"}`, string(copyOf.Body), string(copyOf.Body)} {
		require.NoError(t, ch.PublishWithContext(t.Context(), "orders_topic", "kitchen.takeout.1", false, false, amqp.Publishing{Body: []byte(body)}))
	}
	c.worker("chef_mario", 0, 3)
	c.await(number, "ready")
	for until := time.Now().Add(time.Minute); ; <-time.After(50 * time.Millisecond) {
		q, err := ch.QueueDeclarePassive("orders_dlq", true, false, false, false, nil)
		require.NoError(t, err)
		takeout, err := ch.QueueDeclarePassive("kitchen_takeout_queue", true, false, false, false, nil)
		require.NoError(t, err)
		if q.Messages == 3 && takeout.Messages == 0 {
			break
		}
		require.True(t, time.Now().Before(until), "%d dead letters", q.Messages)
	}
	require.Len(t, c.history(number), 3)
}

// The broker dies and comes back while orders come in and are cooked: every order becomes ready, once.
func TestServicesOverABrokerThatDies(t *testing.T) {
	t.Parallel()
	server := brokertest.NewRabbitMQ(t)
	c := startCrew(t, server.URL())
	c.worker("chef_mario", 0.01, 5)
	c.worker("chef_luigi", 0.01, 5)
	var mu sync.Mutex
	var numbers []string
	var guests sync.WaitGroup
	for range 4 {
		guests.Go(func() {
			for i := range 40 {
				n := c.place([]string{"takeout", "delivery", "dine_in"}[i%3], float64(i+1))
				mu.Lock()
				numbers = append(numbers, n)
				mu.Unlock()
				<-time.After(20 * time.Millisecond)
			}
		})
	}
	placed := func() int { mu.Lock(); defer mu.Unlock(); return len(numbers) }
	for until := time.Now().Add(time.Minute); placed() < 12 && time.Now().Before(until); <-time.After(5 * time.Millisecond) {
	}
	server.Kill()
	server.Start(t)
	guests.Wait()
	for _, n := range numbers {
		c.await(n, "ready")
		require.Len(t, c.history(n), 3, n)
	}
}

func TestTooManyRequestsAreRefused(t *testing.T) {
	t.Parallel()
	c := startCrew(t, brokertest.RabbitMQ(t))
	few := c.start(config.RoleOrderService, app.Service{MaxConcurrent: 1})
	slow, feed := io.Pipe()
	go func() { // a request whose body never ends holds the only turn
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, few.URL()+"/orders", slow)
		req.Header.Set("Content-Type", "application/json")
		if res, err := http.DefaultClient.Do(req); err == nil {
			_ = res.Body.Close()
		}
	}()
	_, err := feed.Write([]byte(`{"customer_name":`))
	require.NoError(t, err)
	refused := func() bool {
		res, err := http.Post(few.URL()+"/orders", "application/json", bytes.NewBufferString(order("takeout", 5)))
		require.NoError(t, err)
		defer res.Body.Close()
		return res.StatusCode == http.StatusServiceUnavailable
	}
	require.Eventually(t, refused, time.Minute, 10*time.Millisecond)
	_ = feed.Close()
	require.Eventually(t, func() bool { return !refused() }, time.Minute, 10*time.Millisecond)
}
