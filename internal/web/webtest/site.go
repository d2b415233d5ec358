package webtest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"brigade/internal/app"
	"brigade/internal/config"
)

// Site is a running Brigade and a client that does not follow redirections.
type Site struct {
	T      *testing.T
	App    *app.App
	URL    string
	Client *http.Client
}

// Start runs Brigade over a database: its pages and kitchens, and what else it is to do. Nothing is completed by itself,
// however long a test takes.
func Start(t *testing.T, database string, demo config.Demo, more ...config.Role) *Site {
	t.Helper()
	a := app.New(app.Config{
		Roles: append([]config.Role{config.RoleAPI, config.RoleKitchen, config.RoleRelay}, more...), Addr: "127.0.0.1:0",
		DatabaseURL: database, Demo: demo, Notify: config.Notify{PrivateWebhooks: true},
	})
	require.NoError(t, a.Start(t.Context()))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		require.NoError(t, a.Stop(ctx))
	})
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	noRedirects := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Site{t, a, a.URL(), &http.Client{Jar: jar, CheckRedirect: noRedirects, Timeout: patience}}
}

// Answer is a response that was read.
type Answer struct {
	*http.Response
	Text string
}

// Do sends a request, with a form unless it is nil, and headers by name and value in turn.
func (s *Site) Do(method, path string, form url.Values, headers ...string) Answer {
	s.T.Helper()
	req, err := http.NewRequestWithContext(s.T.Context(), method, s.URL+path, strings.NewReader(form.Encode()))
	require.NoError(s.T, err)
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := s.Client.Do(req)
	require.NoError(s.T, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(s.T, err)
	return Answer{resp, string(body)}
}

// Get gets a page.
func (s *Site) Get(path string, headers ...string) Answer {
	s.T.Helper()
	return s.Do(http.MethodGet, path, nil, headers...)
}

// Post sends a form, fields by name and value in turn, as htmx does from a page of the site.
func (s *Site) Post(path string, fields ...string) Answer {
	s.T.Helper()
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	return s.Do(http.MethodPost, path, form, "Sec-Fetch-Site", "same-origin", "HX-Request", "true")
}

// Call sends a request to the API and reads what it answers.
func (s *Site) Call(method, path, body string) (status int, answer map[string]any) {
	s.T.Helper()
	req, err := http.NewRequestWithContext(s.T.Context(), method, s.URL+path, strings.NewReader(body))
	require.NoError(s.T, err)
	req.Header.Set("Content-Type", "application/json")
	resp, err := s.Client.Do(req)
	require.NoError(s.T, err)
	defer resp.Body.Close()
	require.NoError(s.T, json.NewDecoder(resp.Body).Decode(&answer))
	return resp.StatusCode, answer
}

// Order places an order by the kitchen's contract and returns its id and its first tasks.
func (s *Site) Order(key, items string) (order int64, tasks []int64) {
	s.T.Helper()
	status, answer := s.Call(http.MethodPost, "/api/v1/orders/confirm", fmt.Sprintf(`{"external_order_id":%q,"items":{%s}}`, key, items))
	require.Equal(s.T, http.StatusCreated, status, answer)
	for _, id := range answer["ready_task_ids"].([]any) {
		tasks = append(tasks, int64(id.(float64)))
	}
	return int64(answer["order_id"].(float64)), tasks
}

// TaskStatus asks the API for the status of a task.
func (s *Site) TaskStatus(task int64) string {
	s.T.Helper()
	_, answer := s.Call(http.MethodGet, fmt.Sprint("/api/v1/tasks/", task), "")
	return answer["status"].(string)
}
