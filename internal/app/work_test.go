package app_test

import (
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

	"brigade/internal/app"
	"brigade/internal/config"
	"brigade/internal/store/pgtest"
)

// place is a whole Brigade over the demo restaurant, in which only the test acts.
type place struct {
	t   *testing.T
	url string
	db  *pgx.Conn
}

// start runs it; nothing completes by itself. The product's clock runs scale times faster.
func start(t *testing.T, scale float64) *place {
	t.Helper()
	a := app.New(app.Config{
		Roles: []config.Role{config.RoleAPI, config.RoleKitchen, config.RoleRelay}, Addr: "127.0.0.1:0",
		DatabaseURL: pgtest.NewURL(t), Demo: config.DemoData, TimeScale: scale,
	})
	require.NoError(t, a.Start(t.Context()))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		require.NoError(t, a.Stop(ctx))
	})
	db, err := pgx.Connect(t.Context(), a.DatabaseURL())
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close(context.Background()) })
	return &place{t, a.URL(), db}
}

// ask sends a request and reads the answer of the expected status.
func (p *place) ask(status int, method, path, body string) map[string]any {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), method, p.url+path, strings.NewReader(body))
	require.NoError(p.t, err)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := http.DefaultClient.Do(req)
	require.NoError(p.t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(p.t, err)
	require.Equal(p.t, status, res.StatusCode, "%s %s: %s", method, path, text)
	var v any
	if len(text) > 0 {
		require.NoError(p.t, json.Unmarshal(text, &v), string(text))
	}
	if m, ok := v.(map[string]any); ok {
		return m
	}
	return map[string]any{"list": v}
}

func (p *place) post(path, body string) map[string]any {
	p.t.Helper()
	return p.ask(http.StatusOK, http.MethodPost, "/api/v1"+path, body)
}

// place orders and returns the order's number.
func (p *place) order(body string) string {
	p.t.Helper()
	return p.ask(http.StatusCreated, http.MethodPost, "/api/v1/orders", body)["number"].(string)
}

type task struct {
	ID      int64
	Status  string
	Line    int
	Step    int
	Station string
	Staff   string
	Held    string
	Load    int64
	Remake  int
}

func (p *place) tasks(number string) []task {
	p.t.Helper()
	var tasks []task
	list, _ := p.ask(http.StatusOK, http.MethodGet, "/api/v1/orders/"+number, "")["tasks"].([]any)
	for _, v := range list {
		m := v.(map[string]any)
		num := func(k string) int64 { f, _ := m[k].(float64); return int64(f) }
		text := func(k string) string { s, _ := m[k].(string); return s }
		tasks = append(tasks, task{
			num("id"), text("status"), int(num("line")), int(num("step")), text("counter"), text("staff"), text("held"), num("load_id"), int(num("remake")),
		})
	}
	return tasks
}

func (p *place) status(number string) string {
	p.t.Helper()
	return p.ask(http.StatusOK, http.MethodGet, "/api/v1/orders/"+number, "")["status"].(string)
}

// until waits for something to be so.
func (p *place) until(what string, so func() bool) {
	p.t.Helper()
	for end := time.Now().Add(time.Minute); !so(); <-time.After(5 * time.Millisecond) {
		require.True(p.t, time.Now().Before(end), what)
	}
}

// becomes waits for a task to be in a status.
func (p *place) becomes(id int64, status string) {
	p.t.Helper()
	p.until(fmt.Sprintf("task %d is %s", id, status), func() bool {
		return p.ask(http.StatusOK, http.MethodGet, fmt.Sprint("/api/v1/tasks/", id), "")["status"] == status
	})
}

func (p *place) make(id int64) {
	p.t.Helper()
	p.becomes(id, "ASSIGNED")
	p.until(fmt.Sprintf("task %d can be begun", id), func() bool { // where time flies it may just have gone back, to be assigned again
		res, err := http.Post(fmt.Sprintf("%s/api/v1/tasks/%d/start", p.url, id), "application/json", nil)
		require.NoError(p.t, err)
		require.NoError(p.t, res.Body.Close())
		return res.StatusCode == http.StatusOK
	})
	p.post(fmt.Sprintf("/tasks/%d/complete", id), "")
}

// makeAll makes everything of an order that is wanted.
func (p *place) makeAll(number string) {
	p.t.Helper()
	for _, k := range p.tasks(number) {
		switch k.Status {
		case "COMPLETED", "CANCELLED":
		case "STARTED":
			p.post(fmt.Sprintf("/tasks/%d/complete", k.ID), "")
		default:
			p.make(k.ID)
		}
	}
}

// zero checks that a query counts nothing.
func (p *place) zero(what, sql string) {
	p.t.Helper()
	var n int64
	require.NoError(p.t, p.db.QueryRow(p.t.Context(), sql).Scan(&n), what)
	require.Zero(p.t, n, what)
}

// laws holds the whole database against what must always be so.
func (p *place) laws() {
	p.t.Helper()
	p.zero("tickets count their tasks", `select count(*) from tickets k where (tasks_total, tasks_done) <>
		(select count(*) filter (where status <> 'CANCELLED'), count(*) filter (where status = 'COMPLETED') from tasks t where t.order_id = k.order_id)`)
	p.zero("orders cost what they hold", `select count(*) from orders o where status <> 'cancelled' and total_minor <>
		(select sum(quantity * unit_price_minor) from order_items i where i.order_id = o.id)`)
	p.zero("orders hold what is made", `select count(*) from order_items i join orders o on o.id = i.order_id where o.status <> 'cancelled' and i.quantity <>
		(select count(distinct unit_no) from tasks t where t.order_id = i.order_id and t.line_no = i.line_no and t.status <> 'CANCELLED')`)
	p.zero("ready orders are made", `select count(*) from orders o join tickets k on k.order_id = o.id
		where (o.status in ('ready', 'collected', 'served')) <> (k.status = 'COMPLETED') or (o.status = 'cancelled') <> (k.status = 'CANCELLED')`)
	p.zero("the history ends where the order is", `select count(*) from orders o where (version, status) <>
		(select seq, status from order_history h where h.order_id = o.id order by seq desc limit 1)`)
	p.zero("each version of a task has its event", "select count(*) from tasks t where version <> (select count(*) from event_log e where e.aggregate_type = 'task' and e.aggregate_id = t.id)")
	p.zero("nobody has what is cancelled", "select count(*) from tasks where status = 'CANCELLED' and (due_at is not null or started_at is null and assigned_staff_id is not null)")
}

func TestRecallGoesBackAndForth(t *testing.T) {
	t.Parallel()
	p := start(t, 1)
	n := p.order(`{"type":"takeout","items":[{"sku":"dip_cup","quantity":1}]}`)
	id := p.tasks(n)[0].ID
	p.make(id)
	require.Equal(t, "ready", p.status(n))
	for range 2 {
		require.Equal(t, "STARTED", p.post(fmt.Sprintf("/tasks/%d/undo", id), "")["status"])
	}
	require.Equal(t, "in_preparation", p.status(n))
	p.ask(http.StatusConflict, http.MethodPost, "/api/v1/orders/"+n+"/hand-over", "")
	p.post(fmt.Sprintf("/tasks/%d/complete", id), "")
	require.Equal(t, "ready", p.status(n))
	require.Equal(t, "UNASSIGNED", p.post(fmt.Sprintf("/tasks/%d/recall", id), `{"reason":"cold"}`)["status"])
	p.make(id)
	p.post("/orders/"+n+"/hand-over", "")
	for _, action := range []string{"undo", "recall"} {
		p.ask(http.StatusConflict, http.MethodPost, fmt.Sprintf("/api/v1/tasks/%d/%s", id, action), "")
	}
	p.ask(http.StatusConflict, http.MethodPost, "/api/v1/orders/"+n+"/cancel", "")
	require.Equal(t, "collected", p.status(n))
	p.laws()
}

func TestOrdersAreEditedWhileTheyAreCooked(t *testing.T) {
	t.Parallel()
	p := start(t, 1)
	n := p.order(`{"type":"takeout","items":[{"sku":"burger_combo","quantity":2},{"sku":"dip_cup","quantity":1}]}`)
	tasks := p.tasks(n)
	p.becomes(tasks[0].ID, "ASSIGNED")
	p.post(fmt.Sprintf("/tasks/%d/start", tasks[0].ID), "")

	edit := func(line int, body string) map[string]any {
		return p.ask(http.StatusOK, http.MethodPut, fmt.Sprintf("/api/v1/orders/%s/lines/%d", n, line), body)
	}
	for range 2 {
		require.InDelta(t, 9.90+0.90, edit(1, `{"quantity":1,"reason":"too much"}`)["total"], 0.001)
	}
	for _, k := range p.tasks(n) {
		require.True(t, k.Line == 2 || (k.Status == "CANCELLED") == (k.ID >= tasks[4].ID), "the unit that nobody had begun goes: %+v", k)
	}
	p.ask(http.StatusUnprocessableEntity, http.MethodPut, "/api/v1/orders/"+n+"/lines/1", `{"quantity":5}`)
	p.ask(http.StatusNotFound, http.MethodPut, "/api/v1/orders/"+n+"/lines/7", `{"quantity":0}`)
	p.ask(http.StatusUnprocessableEntity, http.MethodPost, "/api/v1/orders/"+n+"/lines", `{"items":[{"sku":"pizza","quantity":1}]}`)
	require.Len(t, p.post("/orders/"+n+"/lines", `{"items":[{"sku":"wrap","quantity":1}]}`)["lines"], 3)
	edit(1, `{"quantity":0,"made":"returned","reason":"no more burger"}`)
	p.makeAll(n)
	require.Equal(t, "ready", p.status(n))
	require.Equal(t, "in_preparation", p.post("/orders/"+n+"/lines", `{"items":[{"sku":"dip_cup","quantity":2}]}`)["status"])
	p.makeAll(n)

	waste := p.ask(http.StatusOK, http.MethodGet, "/api/v1/kitchen/waste", "")["entries"].([]any)
	require.Len(t, waste, 1)
	entry := waste[0].(map[string]any)
	require.Equal(t, []any{"returned", "cancelled", []any{"grill patty"}}, []any{entry["outcome"], entry["why"], entry["steps"]})
	require.InDelta(t, 9.90*80/230, entry["cost"], 0.006, "its share of the work, of its price")

	gone := p.order(`{"type":"takeout","items":[{"sku":"cold_coffee","quantity":1}]}`)
	for range 2 {
		require.Equal(t, "cancelled", p.post("/orders/"+gone+"/cancel", `{"reason":"gone"}`)["status"])
	}
	require.Equal(t, "cancelled", p.ask(http.StatusOK, http.MethodGet, "/orders/"+gone+"/status", "")["current_status"])
	p.ask(http.StatusConflict, http.MethodPost, "/api/v1/orders/"+gone+"/lines", `{"items":[{"sku":"wrap","quantity":1}]}`)
	p.zero("the events say what is to be paid back", `select count(*) - 1 from event_log where type = 'ORDER_STATUS_CHANGED' and (payload->>'refund_minor')::int > 0`)
	p.zero("and what changed", "select count(*) - 4 from event_log where type = 'ORDER_EDITED'")
	p.laws()
}

func TestRemakeAndRush(t *testing.T) {
	t.Parallel()
	p := start(t, 1)
	n := p.order(`{"type":"takeout","items":[{"sku":"wrap","quantity":1}]}`)
	p.ask(http.StatusConflict, http.MethodPost, "/api/v1/orders/"+n+"/remake", `{"line":1,"reason":"dropped"}`)
	p.makeAll(n)
	require.Equal(t, "ready", p.status(n))
	for range 2 {
		p.post("/orders/"+n+"/remake", `{"line":1,"from_step":1,"reason":"dropped"}`)
	}
	tasks := p.tasks(n)
	require.Len(t, tasks, 5, "the filling and the assembly are made again, the tortilla is not")
	require.Equal(t, "in_preparation", p.status(n))
	require.Equal(t, true, p.post("/orders/"+n+"/rush", "")["rush"])
	require.Equal(t, false, p.ask(http.StatusOK, http.MethodDelete, "/api/v1/orders/"+n+"/rush", "")["rush"])
	p.makeAll(n)
	require.Equal(t, "ready", p.status(n))
	p.ask(http.StatusConflict, http.MethodPost, "/api/v1/orders/"+n+"/rush", "")
	p.ask(http.StatusNotFound, http.MethodPost, "/api/v1/orders/"+n+"/remake", `{"line":1,"unit":4,"reason":"dropped"}`)
	entry := p.ask(http.StatusOK, http.MethodGet, "/api/v1/kitchen/waste", "")["entries"].([]any)[0].(map[string]any)
	require.Equal(t, []any{"grill filling", "assemble wrap"}, entry["steps"])
	p.laws()
}

func TestCoursesFireByHandAndByThemselves(t *testing.T) {
	t.Parallel()
	p := start(t, 50) // the course gap of ten minutes takes twelve seconds, in which it has to be seen
	n := p.order(`{"type":"dine_in","table_number":3,"items":[{"sku":"dip_cup","quantity":1},{"sku":"dip_cup","quantity":1,"course":2},{"sku":"dip_cup","quantity":1,"course":3}]}`)
	held := func() (courses []string) {
		for _, k := range p.tasks(n) {
			if k.Held != "" {
				courses = append(courses, k.Held[:8])
			}
		}
		return courses
	}
	require.Equal(t, []string{"course 2", "course 3"}, held())
	require.Len(t, p.ask(http.StatusOK, http.MethodGet, "/api/v1/kitchen/held", "")["list"], 2)
	p.post("/orders/"+n+"/fire", `{"course":3}`)
	require.Equal(t, []string{"course 2"}, held())
	p.post("/orders/"+n+"/hold", `{"course":3,"reason":"wait"}`)
	p.ask(http.StatusConflict, http.MethodPost, "/api/v1/orders/"+n+"/fire", `{"course":7}`)
	tasks := p.tasks(n)
	p.make(tasks[0].ID)
	p.until("course 2 has its time", func() bool { return strings.Contains(p.tasks(n)[1].Held, "fires at") })
	p.make(tasks[1].ID)
	require.Equal(t, []string{"course 3"}, held(), "held by hand, it waits for a hand")
	p.post("/orders/"+n+"/fire", "")
	p.make(tasks[2].ID)
	require.Equal(t, "ready", p.status(n))

	all := p.order(`{"type":"dine_in","table_number":3,"hold":true,"items":[{"sku":"dip_cup","quantity":1}]}`)
	require.Contains(t, p.tasks(all)[0].Held, "the order is held")
	p.post("/orders/"+all+"/fire", "")
	p.makeAll(all)
	p.laws()
}

func TestWhatIsOffIsRefusedByName(t *testing.T) {
	t.Parallel()
	p := start(t, 1)
	const wrap = `{"type":"takeout","items":[{"sku":"wrap","quantity":2}]}`
	begun, waiting := p.order(wrap), p.order(wrap)
	first := p.tasks(begun)[0].ID
	p.becomes(first, "ASSIGNED")
	p.post(fmt.Sprintf("/tasks/%d/start", first), "")

	orders := p.post("/menu/Grilled wrap/86", `{"reason":"no tortillas"}`)["orders"].([]any)
	require.Len(t, orders, 2)
	refused := func(body, says string) {
		got := p.ask(http.StatusConflict, http.MethodPost, "/api/v1/orders", body)
		require.Contains(t, got["detail"], says)
	}
	refused(wrap, "item wrap is paused: no tortillas")
	p.ask(http.StatusConflict, http.MethodPost, "/api/v1/orders/confirm", `{"external_order_id":"x","items":{"wrap":1}}`)
	p.ask(http.StatusConflict, http.MethodPost, "/api/v1/orders/"+begun+"/lines", `{"items":[{"sku":"wrap","quantity":1}]}`)
	p.ask(http.StatusNotFound, http.MethodPost, "/api/v1/menu/pizza/86", "")
	p.post("/menu/wrap/86", `{"drop":true}`)
	require.Equal(t, "cancelled", p.status(waiting))
	require.InDelta(t, 7.50, p.ask(http.StatusOK, http.MethodGet, "/api/v1/orders/"+begun, "")["total"], 0.001, "what is begun stays")
	p.post("/menu/wrap/back", "")
	p.order(wrap)

	p.post("/pauses", `{"kind":"station","name":"FRYER","minutes":30,"reason":"oil"}`)
	refused(`{"type":"takeout","items":[{"sku":"burger_combo","quantity":1}]}`, "station fryer is paused until")
	p.ask(http.StatusNoContent, http.MethodDelete, "/api/v1/pauses?kind=station&name=fryer", "")
	p.order(`{"type":"takeout","items":[{"sku":"burger_combo","quantity":1}]}`)

	status := func() any { return p.ask(http.StatusOK, http.MethodGet, "/api/v1/status", "")["status"] }
	require.Equal(t, "open", status())
	p.post("/pauses", `{"kind":"source","name":"api"}`)
	require.Equal(t, "paused", status())
	refused(wrap, "source api is paused")
	p.ask(http.StatusCreated, http.MethodPost, "/api/v1/orders/confirm", `{"external_order_id":"y","items":{"wrap":1}}`)
	p.post("/pauses", `{"kind":"outlet","reason":"closed"}`)
	p.ask(http.StatusConflict, http.MethodPost, "/api/v1/orders/confirm", `{"external_order_id":"z","items":{"wrap":1}}`)
	p.ask(http.StatusOK, http.MethodPost, "/api/v1/orders/confirm", `{"external_order_id":"y","items":{"wrap":1}}`)
	p.ask(http.StatusUnprocessableEntity, http.MethodPost, "/api/v1/pauses", `{"kind":"item","name":"wrap","until":"2001-01-01T00:00:00Z"}`)
	p.laws()
}

func TestStationsCloseAndPeopleLeave(t *testing.T) {
	t.Parallel()
	p := start(t, 1)
	p.post("/kitchen/stations/griller/close", `{"to":"adhoc","reason":"quiet"}`)
	p.ask(http.StatusConflict, http.MethodPost, "/api/v1/kitchen/stations/adhoc/close", `{"to":"griller"}`)
	p.ask(http.StatusNotFound, http.MethodPost, "/api/v1/kitchen/stations/bar/close", `{"to":"griller"}`)
	n := p.order(`{"type":"takeout","items":[{"sku":"wrap","quantity":1}]}`)
	p.until("the filling is made elsewhere", func() bool { return p.tasks(n)[1].Station == "adhoc" })
	p.post("/kitchen/stations/griller/open", "")
	p.makeAll(n)

	n = p.order(`{"type":"takeout","items":[{"sku":"wrap","quantity":1}]}`)
	tortilla := p.tasks(n)[0]
	p.becomes(tortilla.ID, "ASSIGNED")
	p.post(fmt.Sprintf("/tasks/%d/start", tortilla.ID), "")
	require.Len(t, p.post("/kitchen/staff/noah/leave", "")["begun"], 1, "Noah alone can do it")
	p.ask(http.StatusConflict, http.MethodPost, fmt.Sprintf("/api/v1/tasks/%d/hand", tortilla.ID), `{"to":"Asha"}`)
	p.post("/kitchen/staff/Noah/back", "")
	p.post(fmt.Sprintf("/tasks/%d/complete", tortilla.ID), "")
	filling := p.tasks(n)[1]
	p.becomes(filling.ID, "ASSIGNED")
	p.post(fmt.Sprintf("/tasks/%d/start", filling.ID), "")
	to := map[string]string{"Asha": "Noah", "Noah": "Asha"}[p.tasks(n)[1].Staff]
	p.post(fmt.Sprintf("/tasks/%d/hand", filling.ID), `{"to":"`+to+`"}`)
	require.Equal(t, to, p.tasks(n)[1].Staff)
	p.makeAll(n)
	p.laws()
}
