// Package contracttest says what contract clients rely on, as an HTTP client sees it. It knows nothing but addresses and
// JSON, so it runs against any Brigade that serves the demo restaurant and in which nobody else acts.
package contracttest

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// patience is how long the kitchen may take to get something done.
const patience = time.Minute

// service is Brigade as its clients know it.
type service struct {
	url    string
	client *http.Client
	run    string // makes ids of this run differ from those of others
}

func newService(url string, client *http.Client) *service {
	return &service{url: strings.TrimSuffix(url, "/"), client: client, run: rand.Text()[:8]}
}

// reply is an answer as it came.
type reply struct {
	status int
	header http.Header
	text   string
	err    error // there was no answer
}

func (s *service) call(t *testing.T, method, path, body string, headers ...string) reply {
	t.Helper()
	r := s.send(t.Context(), method, path, body, headers...)
	require.NoError(t, r.err)
	return r
}

func (s *service) send(ctx context.Context, method, path, body string, headers ...string) reply {
	req, err := http.NewRequestWithContext(ctx, method, s.url+path, strings.NewReader(body))
	if err != nil {
		return reply{err: err}
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return reply{err: err}
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, resp.Header, strings.TrimSpace(string(text)), err}
}

func (s *service) get(t *testing.T, path string) reply {
	t.Helper()
	return s.call(t, http.MethodGet, path, "")
}

func (s *service) post(t *testing.T, path, body string) reply {
	t.Helper()
	return s.call(t, http.MethodPost, path, body)
}

// into reads an answer of the expected status; fields that v does not have fail the test.
func (r reply) into(t *testing.T, status int, v any) {
	t.Helper()
	require.Equal(t, status, r.status, r.text)
	require.Contains(t, r.header.Get("Content-Type"), "application/json")
	d := json.NewDecoder(strings.NewReader(r.text))
	d.DisallowUnknownFields()
	require.NoError(t, d.Decode(v), r.text)
}

// refused checks that an answer is a failure with a sentence that names what is wrong.
func (r reply) refused(t *testing.T, status int, names ...string) {
	t.Helper()
	require.Equal(t, status, r.status, r.text)
	require.Equal(t, "application/problem+json", r.header.Get("Content-Type"))
	var p struct {
		Status int    `json:"status"`
		Detail string `json:"detail"`
		Error  string `json:"error"`
	}
	require.NoError(t, json.Unmarshal([]byte(r.text), &p), r.text)
	require.Equal(t, status, p.Status)
	require.NotEmpty(t, p.Error)
	require.Equal(t, p.Detail, p.Error)
	for _, name := range names {
		require.Contains(t, p.Error, name)
	}
}

// task is contract K's task, every field of it.
type task struct {
	ID                *int64     `json:"id"`
	OrderID           *int64     `json:"order_id"`
	Description       *string    `json:"description"`
	Counter           *string    `json:"counter"`
	Machine           *string    `json:"machine"`
	EstimateSecs      *float64   `json:"estimate_secs"`
	BasePriority      *float64   `json:"base_priority"`
	PendingDeps       *int       `json:"pending_deps"`
	AssignedStaffID   *int64     `json:"assigned_staff_id"`
	AssignedMachineID *int64     `json:"assigned_machine_id"`
	Status            *string    `json:"status"`
	AssignedAt        *time.Time `json:"assigned_at"`
	StartedAt         *time.Time `json:"started_at"`
	CompletedAt       *time.Time `json:"completed_at"`
}

func (s *service) task(t *testing.T, id int64) task {
	t.Helper()
	var v task
	s.get(t, taskPath(id)).into(t, http.StatusOK, &v)
	return v
}

func taskPath(id int64) string { return "/api/v1/tasks/" + strconv.FormatInt(id, 10) }

// becomes waits until a task has a status.
func (s *service) becomes(t *testing.T, id int64, status string) task {
	t.Helper()
	var v task
	until(t, func() bool { v = s.task(t, id); return *v.Status == status }, "task %d becomes %s", id, status)
	return v
}

func until(t *testing.T, done func() bool, format string, args ...any) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	late := time.After(patience)
	for !done() {
		select {
		case <-tick.C:
		case <-late:
			require.Failf(t, "this did not happen in time", format, args...)
		}
	}
}

// tasksOf are the ids of an order's tasks.
func (s *service) tasksOf(t *testing.T, order string) (ids []int64) {
	t.Helper()
	var o struct {
		Tasks []struct {
			ID int64 `json:"id"`
		} `json:"tasks"`
	}
	r := s.get(t, "/api/v1/orders/"+order)
	require.Equal(t, http.StatusOK, r.status, r.text)
	require.NoError(t, json.Unmarshal([]byte(r.text), &o))
	for _, v := range o.Tasks {
		ids = append(ids, v.ID)
	}
	return ids
}

// cook does all tasks of an order as its cooks would, and calls begun after the first one was started.
func (s *service) cook(t *testing.T, order string, begun func()) {
	t.Helper()
	ids := s.tasksOf(t, order)
	require.NotEmpty(t, ids)
	until(t, func() bool {
		open := 0
		for _, id := range ids {
			switch *s.task(t, id).Status {
			case "COMPLETED":
				continue
			case "ASSIGNED":
				s.does(t, id, "start", "STARTED")
				if begun != nil {
					begun()
					begun = nil
				}
			case "STARTED":
				s.does(t, id, "complete", "COMPLETED")
			}
			open++
		}
		return open == 0
	}, "order %s is cooked", order)
}

// does starts or completes a task, twice: the second time changes nothing and is answered the same.
func (s *service) does(t *testing.T, id int64, what, status string) {
	t.Helper()
	for range 2 {
		r := s.post(t, taskPath(id)+"/"+what, "")
		require.Equal(t, http.StatusOK, r.status, r.text)
		require.JSONEq(t, `{"status":"`+status+`"}`, r.text)
	}
}

// atOnce posts the same n times at the same time and returns all answers.
func (s *service) atOnce(t *testing.T, n int, path, body string, headers ...string) []reply {
	t.Helper()
	replies := make(chan reply, n)
	for range n {
		go func() { replies <- s.send(t.Context(), http.MethodPost, path, body, headers...) }()
	}
	all := make([]reply, n)
	for i := range all {
		all[i] = <-replies
		require.NoError(t, all[i].err)
	}
	return all
}
