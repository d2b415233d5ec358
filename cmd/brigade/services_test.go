package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/event/brokertest"
	"brigade/internal/store/pgtest"
)

// service starts one of contract R's services as their users do: a mode, and config.yaml in the folder.
func service(t *testing.T, database, broker string, args ...string) *process {
	t.Helper()
	dir := t.TempDir()
	u, err := url.Parse(broker)
	require.NoError(t, err)
	password, _ := u.User.Password()
	file := fmt.Sprintf("rabbitmq:\n  host: %s\n  port: %s\n  user: %s\n  password: %s\n  database: %s\n",
		u.Hostname(), u.Port(), u.User.Username(), password, strings.TrimPrefix(u.Path, "/"))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "config.yaml"), []byte(file), 0o600))
	return startIn(t, dir, []string{"DATABASE_URL=" + database}, args...)
}

// line is one line of a service's log.
type line struct {
	Timestamp, Level, Service, Action, Message, Hostname string
	RequestID                                            string `json:"request_id"`
	URL                                                  string
}

// says waits for a log line with an action.
func (p *process) says(action string) line {
	p.t.Helper()
	for until := time.Now().Add(patience); time.Now().Before(until); <-time.After(20 * time.Millisecond) {
		for text := range strings.Lines(p.stdout()) {
			var l line
			if json.Unmarshal([]byte(text), &l) == nil && l.Action == action {
				return l
			}
		}
		select {
		case <-p.exited:
			require.FailNow(p.t, "it ended", p.stdout()+p.stderr())
		default:
		}
	}
	require.FailNow(p.t, "it does not say "+action, p.stdout()+p.stderr())
	return line{}
}

func getJSON(t *testing.T, url string, into any) {
	t.Helper()
	res, err := http.Get(url)
	require.NoError(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.Equal(t, 200, res.StatusCode, string(body))
	require.NoError(t, json.Unmarshal(body, into), string(body))
}

// Contract R as processes: a worker is killed while he cooks and another one takes over; told to end, the other
// finishes what he holds; a live name ends the second who wants it.
func TestServicesAsProcesses(t *testing.T) {
	t.Parallel()
	database, broker := pgtest.NewURL(t), brokertest.RabbitMQ(t)
	orders := service(t, database, broker, "--mode=order-service", "--port", "0", "--max-concurrent=10")
	at := orders.says("listening")
	require.Equal(t, "order-service", at.Service)
	require.NotEmpty(t, at.RequestID)
	require.NotEmpty(t, at.Timestamp)
	tracking := service(t, database, broker, "tracking-service", "--port=0").says("listening").URL
	told := service(t, database, broker, "--mode", "notification-subscriber")
	told.says("rabbitmq_connected")

	mario := service(t, database, broker, "--mode=kitchen-worker", "--worker-name=chef_mario", "--heartbeat-interval=60", "--cooking-scale=20")
	mario.says("rabbitmq_connected")
	second := service(t, database, broker, "kitchen-worker", "--worker-name", "chef_mario")
	require.Equal(t, 1, second.wait(), second.stdout())
	require.Contains(t, second.stderr(), "there is a live worker called chef_mario already")

	res, err := http.Post(at.URL+"/orders", "application/json", bytes.NewBufferString(
		`{"customer_name":"Ada","order_type":"takeout","items":[{"name":"Pizza","quantity":2,"price":12.49}]}`))
	require.NoError(t, err)
	defer res.Body.Close()
	var placed struct {
		Number string      `json:"order_number"`
		Total  json.Number `json:"total_amount"`
	}
	require.NoError(t, json.NewDecoder(res.Body).Decode(&placed))
	require.Equal(t, "24.98", placed.Total.String())
	mario.says("order_processing_started")
	mario.signal(syscall.SIGKILL)

	luigi := service(t, database, broker, "--mode=kitchen-worker", "--worker-name=chef_luigi", "--order-types=takeout", "--cooking-scale=0.2")
	luigi.says("order_processing_started")
	luigi.signal(syscall.SIGTERM)
	require.Equal(t, 0, luigi.wait(), luigi.stdout()+luigi.stderr())
	luigi.says("worker_offline")

	var status struct {
		Status string `json:"current_status"`
		By     string `json:"processed_by"`
	}
	getJSON(t, tracking+"/orders/"+placed.Number+"/status", &status)
	require.Equal(t, "ready", status.Status)
	require.Equal(t, "chef_luigi", status.By)
	want := "Notification for order " + placed.Number + ": Status changed from 'cooking' to 'ready' by chef_luigi."
	require.Eventually(t, func() bool { return strings.Contains(told.stdout(), want) }, patience, 20*time.Millisecond)
	require.Contains(t, told.stdout(), "Status changed from 'received' to 'cooking' by chef_mario.")
	for _, p := range []*process{told, orders} {
		p.signal(syscall.SIGTERM)
		require.Equal(t, 0, p.wait(), p.stderr())
	}
}
