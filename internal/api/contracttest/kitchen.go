package contracttest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// RunK checks contract K against a Brigade at baseURL that serves the demo restaurant. client sends the token when one is
// demanded; it needs the rights of an owner.
func RunK(t *testing.T, baseURL string, client *http.Client) {
	t.Helper()
	k := newService(baseURL, client)
	t.Run("health", k.testHealth)
	t.Run("confirm", k.testConfirm)
	t.Run("confirm again", k.testConfirmAgain)
	t.Run("confirm at once", k.testConfirmAtOnce)
	t.Run("confirm refused", k.testConfirmRefused)
	t.Run("tasks of the demo kitchen", k.testDemoTasks)
	t.Run("life of a task", k.testLife)
	t.Run("unknown tasks", k.testUnknownTasks)
	t.Run("run once", k.testRunOnce)
}

type confirmed struct {
	OrderID int64   `json:"order_id"`
	Ready   []int64 `json:"ready_task_ids"`
}

// confirm confirms an order and expects it to be new.
func (s *service) confirm(t *testing.T, id, items string) confirmed {
	t.Helper()
	var c confirmed
	s.post(t, confirmPath, s.confirmBody(id, items)).into(t, http.StatusCreated, &c)
	require.Positive(t, c.OrderID)
	return c
}

const confirmPath = "/api/v1/orders/confirm"

func (s *service) confirmBody(id, items string) string {
	return `{"external_order_id":"` + s.run + "-" + id + `","items":` + items + `}`
}

func (s *service) testHealth(t *testing.T) {
	r := s.get(t, "/health")
	require.Equal(t, http.StatusOK, r.status)
	require.JSONEq(t, `{"status":"ok"}`, r.text)
	require.Equal(t, http.StatusOK, s.get(t, "/ready").status)
}

func (s *service) testConfirm(t *testing.T) {
	c := s.confirm(t, "ord-1001", `{"burger_combo":1,"cold_coffee":2,"wrap":1}`)
	require.Len(t, c.Ready, 3+2+2, "what waits for nothing: three of the burger, one of each coffee, two of the wrap")
	require.True(t, slices.IsSorted(c.Ready))
	require.Len(t, s.tasksOf(t, strconv.FormatInt(c.OrderID, 10)), 4+2*2+3, "one per step and unit")
	s.cook(t, strconv.FormatInt(c.OrderID, 10), nil)
}

func (s *service) testConfirmAgain(t *testing.T) {
	first := s.confirm(t, "again", `{"dip_cup":1}`)
	for _, items := range []string{`{"dip_cup":1}`, `{"dip_cup":3}`} {
		var again confirmed
		s.post(t, confirmPath, s.confirmBody("again", items)).into(t, http.StatusOK, &again)
		require.Equal(t, first, again)
	}
	require.Len(t, s.tasksOf(t, strconv.FormatInt(first.OrderID, 10)), 1, "nothing was created")
	s.cook(t, strconv.FormatInt(first.OrderID, 10), nil)
}

func (s *service) testConfirmAtOnce(t *testing.T) {
	replies := s.atOnce(t, 50, confirmPath, s.confirmBody("at-once", `{"dip_cup":1}`))
	created := 0
	for _, r := range replies {
		require.JSONEq(t, replies[0].text, r.text)
		if r.status == http.StatusCreated {
			created++
		}
	}
	require.Equal(t, 1, created, "one order, the same answer for everybody")
	var c confirmed
	require.NoError(t, json.Unmarshal([]byte(replies[0].text), &c))
	s.cook(t, strconv.FormatInt(c.OrderID, 10), nil)
}

func (s *service) testConfirmRefused(t *testing.T) {
	for _, c := range []struct {
		name, body string
		status     int
		says       string
	}{
		{"unknown item", s.confirmBody("r1", `{"burger_combo":1,"unicorn":1}`), 422, "unicorn"},
		{"quantity 0", s.confirmBody("r2", `{"burger_combo":0}`), 422, "burger_combo"},
		{"quantity below 0", s.confirmBody("r3", `{"burger_combo":-1}`), 422, "burger_combo"},
		{"absurd quantity", s.confirmBody("r4", `{"burger_combo":1e30}`), 422, "burger_combo"},
		{"half a burger", s.confirmBody("r5", `{"burger_combo":0.5}`), 422, "burger_combo"},
		{"quantity as text", s.confirmBody("r6", `{"burger_combo":"1"}`), 422, "burger_combo"},
		{"empty items", s.confirmBody("r7", `{}`), 422, "items"},
		{"items null", s.confirmBody("r8", `null`), 422, "items"},
		{"items as a list", s.confirmBody("r9", `["burger_combo"]`), 422, "items"},
		{"no items", `{"external_order_id":"` + s.run + `-r10"}`, 422, "items"},
		{"no id", `{"items":{"burger_combo":1}}`, 422, "external_order_id"},
		{"empty id", `{"external_order_id":"","items":{"burger_combo":1}}`, 422, "external_order_id"},
		{"long id", s.confirmBody(strings.Repeat("x", 200), `{"burger_combo":1}`), 422, "external_order_id"},
		{"id as number", `{"external_order_id":7,"items":{"burger_combo":1}}`, 422, "external_order_id"},
		{"unknown field", `{"external_order_id":"` + s.run + `-r11","items":{"burger_combo":1},"tip":3}`, 422, "tip"},
		{"broken JSON", `{"external_order_id":"` + s.run + `-r12","items":`, 400, ""},
		{"no JSON", `burger please`, 400, ""},
		{"no body", ``, 400, ""},
	} {
		s.post(t, confirmPath, c.body).refused(t, c.status, c.says)
	}
	c := s.confirm(t, "r1", `{"dip_cup":1}`)
	require.Positive(t, c.OrderID, "a refused request leaves nothing behind, not even its id")
	s.cook(t, strconv.FormatInt(c.OrderID, 10), nil)
}

// step is one line of contract K's demo recipes.
type step struct {
	counter, machine   string
	estimate, priority float64
	waitsFor           int
}

var demoSteps = map[string]step{
	"grill patty":     {"griller", "grill-1", 80, 20, 0},
	"toast bun":       {"griller", "grill-1", 25, 16, 0},
	"fry fries":       {"fryer", "fryer-1", 90, 18, 0},
	"assemble burger": {"adhoc", "packing-1", 35, 14, 3},
	"warm tortilla":   {"microwave", "micro-1", 20, 16, 0},
	"grill filling":   {"griller", "grill-1", 60, 17, 0},
	"assemble wrap":   {"adhoc", "packing-1", 45, 15, 2},
	"blend coffee":    {"beverage", "blender-1", 55, 16, 0},
	"cup assembly":    {"beverage", "blender-1", 30, 12, 1},
	"fill dip cup":    {"adhoc", "packing-1", 12, 6, 0},
}

func (s *service) testDemoTasks(t *testing.T) {
	c := s.confirm(t, "demo", `{"burger_combo":1,"wrap":1,"cold_coffee":1,"dip_cup":1}`)
	order := strconv.FormatInt(c.OrderID, 10)
	seen := map[string]bool{}
	for _, id := range s.tasksOf(t, order) {
		v := s.task(t, id)
		want, ok := demoSteps[*v.Description]
		require.True(t, ok, *v.Description)
		seen[*v.Description] = true
		require.Equal(t, want, step{*v.Counter, *v.Machine, *v.EstimateSecs, *v.BasePriority, *v.PendingDeps}, *v.Description)
		require.Equal(t, c.OrderID, *v.OrderID)
		require.Equal(t, want.waitsFor == 0, slices.Contains(c.Ready, id))
	}
	require.Len(t, seen, len(demoSteps))
	s.cook(t, order, nil)
}

func (s *service) testLife(t *testing.T) {
	c := s.confirm(t, "life", `{"cold_coffee":1}`)
	order := strconv.FormatInt(c.OrderID, 10)
	blend := c.Ready[0]
	cup := s.tasksOf(t, order)[1]

	waiting := s.task(t, cup)
	require.Equal(t, "UNASSIGNED", *waiting.Status)
	require.Equal(t, 1, *waiting.PendingDeps)
	require.Nil(t, waiting.AssignedStaffID)
	require.Nil(t, waiting.AssignedMachineID)
	require.Nil(t, waiting.AssignedAt)
	require.Nil(t, waiting.StartedAt)
	require.Nil(t, waiting.CompletedAt)
	s.post(t, taskPath(cup)+"/start", "").refused(t, http.StatusConflict, "ASSIGNED")

	assigned := s.becomes(t, blend, "ASSIGNED")
	require.Positive(t, *assigned.AssignedStaffID)
	require.Positive(t, *assigned.AssignedMachineID)
	require.NotNil(t, assigned.AssignedAt)
	s.post(t, taskPath(blend)+"/complete", "").refused(t, http.StatusConflict, "STARTED")

	s.does(t, blend, "start", "STARTED")
	started := s.task(t, blend)
	require.Equal(t, "STARTED", *started.Status)
	require.NotNil(t, started.StartedAt)
	require.Nil(t, started.CompletedAt)

	s.does(t, blend, "complete", "COMPLETED")
	require.NotNil(t, s.task(t, blend).CompletedAt)
	s.post(t, taskPath(blend)+"/start", "").refused(t, http.StatusConflict, "COMPLETED")

	require.Zero(t, *s.becomes(t, cup, "ASSIGNED").PendingDeps, "unlocked by what it waited for")
	s.cook(t, order, nil)
}

func (s *service) testUnknownTasks(t *testing.T) {
	for _, id := range []string{"999999999999", "0", "-1"} {
		s.get(t, "/api/v1/tasks/"+id).refused(t, http.StatusNotFound)
		s.post(t, "/api/v1/tasks/"+id+"/start", "").refused(t, http.StatusNotFound)
		s.post(t, "/api/v1/tasks/"+id+"/complete", "").refused(t, http.StatusNotFound)
	}
	require.Less(t, s.get(t, "/api/v1/tasks/burger").status, 500)
}

func (s *service) testRunOnce(t *testing.T) {
	var idle struct {
		Task *int64 `json:"assigned_task_id"`
	}
	s.post(t, "/api/v1/allocator/run-once", "").into(t, http.StatusOK, &idle)
	require.Zero(t, *idle.Task, "nothing waits")

	c := s.confirm(t, "run-once", `{"dip_cup":1}`)
	s.post(t, "/api/v1/allocator/run-once", "").into(t, http.StatusOK, &idle)
	require.Contains(t, []int64{0, c.Ready[0]}, *idle.Task, "0 when the engine was faster")
	s.becomes(t, c.Ready[0], "ASSIGNED")
	s.cook(t, strconv.FormatInt(c.OrderID, 10), nil)
}
