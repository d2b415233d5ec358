package cli

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

const oneOrder = `{"id":1,"number":"ORD_20241216_001","outlet_id":1,"source":"api","status":"created","type":"dine_in",
"customer_name":"Ada","table_number":7,"delivery_address":"","lines":[{"sku":"burger_combo","name":"Burger combo","quantity":2,
"unit_price":9.90},{"sku":"cold_coffee","name":"Cold coffee","quantity":1,"unit_price":3.50}],"total":23.30,"currency":"EUR",
"priority":1,"version":1,"placed_at":"2024-12-16T12:00:00Z","updated_at":"2024-12-16T12:00:00Z","updated_by":"till-1",
"ready_at":null,"closed_at":null`

const oneTask = `{"id":5,"order_id":1,"order_number":"ORD_20241216_001","item":"Burger combo","description":"assemble burger",
"counter":"adhoc","machine":"packing-1","staff":null,"status":"UNASSIGNED","estimate_secs":80,"base_priority":14,
"depends_on":[1,2,3],"pending_deps":2,"requeues":0,"ready_at":null,"assigned_at":null,"started_at":null,"due_at":null,
"completed_at":null`

func TestOrderList(t *testing.T) {
	t.Parallel()
	server, asked := serve(t, map[string]string{"GET /api/v1/orders": `{"orders":[` + oneOrder + `}],"next":17}`})
	r := run(t, "order", "list", server, "--open", "--status", "created,ready", "--limit", "1", "--before", "90", "--outlet", "kitchen")
	require.Equal(t, ExitDone, r.code, r.err)
	require.Equal(t, `NUMBER            STATUS   TYPE     TOTAL      PLACED               READY  ITEMS                          CUSTOMER
ORD_20241216_001  created  dine_in  23.30 EUR  2024-12-16 12:00:00  -      2 Burger combo, 1 Cold coffee  Ada
`, r.out)
	require.Equal(t, "there are more: --before 17\n", r.err)
	require.Equal(t, []string{"GET /api/v1/orders?before=90&limit=1&open=true&outlet=kitchen&status=created%2Cready"}, *asked)
}

func TestOrderShow(t *testing.T) {
	t.Parallel()
	server, _ := serve(t, map[string]string{"GET /api/v1/orders/ORD_20241216_001": oneOrder + `,
		"estimated_ready_at":"2024-12-16T12:02:05Z","tasks":[` + oneTask + `}],"timeline":[
		{"at":"2024-12-16T12:00:00Z","what":"order_created","by":"till-1","task_id":null,"detail":""},
		{"at":"2024-12-16T12:00:03Z","what":"task_started","by":"Asha","task_id":1,"detail":"grill patty"}]}`})
	require.Equal(t, `ORD_20241216_001  created
  for     Ada, dine_in at table 7
  placed  2024-12-16 12:00:00
  ready   about 2024-12-16 12:02:05
  total   23.30 EUR

ITEM          QUANTITY  PRICE
Burger combo  2         9.90
Cold coffee   1         3.50

TASK  ITEM          STEP             STATION  MACHINE    STATUS      STAFF  WAITS FOR     ESTIMATE
5     Burger combo  assemble burger  adhoc    packing-1  UNASSIGNED  -      2 of [1 2 3]  1m20s

TIME      WHAT           TASK  BY      DETAIL
12:00:00  order created  -     till-1
12:00:03  task started   1     Asha    grill patty
`, ok(t, "order", "show", "ORD_20241216_001", server))
}

func TestOrderPlace(t *testing.T) {
	t.Parallel()
	server, asked := serve(t, map[string]string{"POST /api/v1/orders": oneOrder + "}"})
	require.Equal(t, "ORD_20241216_001  created  23.30 EUR  2 Burger combo, 1 Cold coffee\n",
		ok(t, "order", "place", server, "--item", "Burger combo=2", "--item", "cold_coffee", "--type", "dine_in", "--table", "7", "--customer", "Ada"))
	require.Equal(t, []string{`POST /api/v1/orders {"type":"dine_in","customer_name":"Ada","table_number":7,` +
		`"items":[{"sku":"Burger combo","quantity":2},{"sku":"cold_coffee","quantity":1}]}`}, *asked)
}

func TestOrderHandOver(t *testing.T) {
	t.Parallel()
	server, _ := serve(t, map[string]string{"POST /api/v1/orders/1/hand-over": `{"number":"ORD_20241216_001","status":"served"}`})
	require.Equal(t, "ORD_20241216_001 is served\n", ok(t, "order", "hand-over", "1", server))
}

func TestTaskQueue(t *testing.T) {
	t.Parallel()
	server, asked := serve(t, map[string]string{"GET /api/v1/kitchen/queue": `{"tasks":[` + oneTask +
		`,"score":21.42,"waits_for":"machine full"}],"total":9,"next":1}`})
	r := run(t, "task", "queue", server, "--limit", "1", "--offset", "3")
	require.Equal(t, `TASK  ORDER             ITEM          STEP             STATION  SCORE  READY  WAITS FOR
5     ORD_20241216_001  Burger combo  assemble burger  adhoc    21.4   -      machine full
`, r.out)
	require.Equal(t, "there are more, 9 in all: --offset 1\n", r.err)
	require.Equal(t, []string{"GET /api/v1/kitchen/queue?limit=1&offset=3"}, *asked)
}

func TestTask(t *testing.T) {
	t.Parallel()
	server, _ := serve(t, map[string]string{
		"GET /api/v1/tasks/5":           `{"id":5}`,
		"GET /api/v1/tasks/5/explain":   `{"task":` + oneTask + `},"decisions":[]}`,
		"POST /api/v1/tasks/5/start":    `{"status":"STARTED"}`,
		"POST /api/v1/tasks/5/complete": `{"status":"COMPLETED"}`,
	})
	require.Equal(t, `task 5  UNASSIGNED
  order     ORD_20241216_001
  step      assemble burger of Burger combo
  at        adhoc, machine packing-1
  staff     -
  estimate  1m20s
  priority  14
  after     tasks [1 2 3], 2 of them not done
`, ok(t, "task", "show", "5", server))
	require.Equal(t, "{\"id\":5}\n", ok(t, "task", "show", "5", server, "--json"))
	require.Equal(t, "task 5 is STARTED\n", ok(t, "task", "start", "5", server))
	require.Equal(t, "task 5 is COMPLETED\n", ok(t, "task", "complete", "5", server))
	require.Equal(t, `task 5  assemble burger of Burger combo (ORD_20241216_001)  UNASSIGNED
nobody has been given it yet: it waits for 2 of the tasks [1 2 3]
`, ok(t, "task", "explain", "5", server))
}

func TestTaskExplain(t *testing.T) {
	t.Parallel()
	server, _ := serve(t, map[string]string{"GET /api/v1/tasks/5/explain": `{"task":` + oneTask + `},"decisions":[{"attempt":1,
		"decided_at":"2024-12-16T12:00:00Z","why":{"policy":"greedy","at":1767225600000000,
		"score":{"total":21.4,"base":20,"boost":0,"wait":10,"aging":1.4},
		"station":{"id":3,"name":"griller","busy":1,"capacity":6},
		"machine":{"fit":[{"id":1,"name":"grill-1","busy":1,"capacity":6}],"unfit":[{"id":2,"name":"grill-2","busy":0,"capacity":6,"why":"machine down"}]},
		"staff":{"fit":[{"id":1,"name":"Asha","active":1,"load":1.2,"util":0.01,"efficiency":-1.21,"total":0}],"off":["Noah"],"at_limit":["Eva","Tom"],"unskilled":1}}}]}`})
	require.Equal(t, `task 5  assemble burger of Burger combo (ORD_20241216_001)  UNASSIGNED

assigned 2024-12-16 12:00:00, after 1 requeues, policy greedy
  priority 21.4 = base 20.0 + boost 0.0 + 1.4 for waiting 10s
  station griller, 1 of 6 in use
  machine grill-1, 1 of 6 in use  ← taken
  machine grill-2, 0 of 6 in use: not possible, machine down
  STAFF  SCORE  LOAD  UTILIZATION  EFFICIENCY  IN HAND
  Asha   0.00   1.20  0.01         -1.21       1        ← got it
  off shift or on a break: Noah
  hands full: Eva, Tom
  1 without the skill
`, ok(t, "task", "explain", "5", server))
}

func TestStaff(t *testing.T) {
	t.Parallel()
	server, asked := serve(t, map[string]string{
		"GET /api/v1/kitchen/staff": `[{"id":1,"name":"Asha","active":true,"at_work":true,"skills":["griller","fryer"],"max_parallel":3,
			"assigned":1,"started":2,"efficiency":1.1,"tasks_completed":17,"worked_seconds":1290,"last_seen_at":"2024-12-16T12:00:00Z"},
			{"name":"Bob","active":true,"at_work":false,"skills":[],"max_parallel":1,"efficiency":1},{"name":"Eve","active":false},
			{"name":"Tom","active":true,"at_work":true}]`,
		"POST /api/v1/kitchen/staff/Jan van Dam/break": `{}`,
		"POST /api/v1/kitchen/staff/Asha/break":        `{}`,
		"POST /api/v1/kitchen/staff/Asha/back":         `{}`,
	})
	require.Equal(t, `NAME  STATE  COOKS  NEXT  AT ONCE  EFFICIENCY  DONE  LAST SEEN            SKILLS
Asha  busy   2      1     3        1.10        17    2024-12-16 12:00:00  griller,fryer
Bob   off    0      0     1        1.00        0     -
Eve   gone   0      0     0        0.00        0     -
Tom   free   0      0     0        0.00        0     -
`, ok(t, "staff", "list", server))
	require.Equal(t, "Jan van Dam is on a break, for 15m0s\n", ok(t, "staff", "break", "Jan van Dam", "--minutes", "15", server))
	require.Equal(t, "Asha is on a break, until brigade staff back\n", ok(t, "staff", "break", "Asha", server))
	require.Equal(t, "Asha is back\n", ok(t, "staff", "back", "Asha", server))
	require.Equal(t, []string{
		"GET /api/v1/kitchen/staff",
		`POST /api/v1/kitchen/staff/Jan%20van%20Dam/break {"minutes":15}`,
		"POST /api/v1/kitchen/staff/Asha/break {}", "POST /api/v1/kitchen/staff/Asha/back",
	}, *asked)
}

func TestMachine(t *testing.T) {
	t.Parallel()
	server, asked := serve(t, map[string]string{
		"GET /api/v1/kitchen/machines": `[{"id":1,"name":"grill-1","station":"griller","capacity":6,"busy":3,"up":true,"reason":""},
			{"id":2,"name":"fryer-1","station":"fryer","capacity":4,"busy":0,"up":false,"reason":"being cleaned"}]`,
		"POST /api/v1/kitchen/machines/grill-1/down": `{}`,
		"POST /api/v1/kitchen/machines/grill-1/up":   `{}`,
	})
	require.Equal(t, `NAME     STATION  STATE  IN USE  REASON
grill-1  griller  up     3 of 6
fryer-1  fryer    down   0 of 4  being cleaned
`, ok(t, "machine", "list", server))
	require.Equal(t, "grill-1 is down\n", ok(t, "machine", "down", "grill-1", "--reason", "gas", "--outlet", "kitchen", server))
	require.Equal(t, "grill-1 is up\n", ok(t, "machine", "up", "grill-1", server))
	require.Equal(t, `POST /api/v1/kitchen/machines/grill-1/down?outlet=kitchen {"reason":"gas"}`, (*asked)[1])
}

func TestMenuList(t *testing.T) {
	t.Parallel()
	server, _ := serve(t, map[string]string{"GET /api/v1/menu": `[{"sku":"wrap","name":"Wrap","category":"","description":"Warm","price":7.5}]`})
	require.Equal(t, "SKU   NAME  CATEGORY  PRICE  DESCRIPTION\nwrap  Wrap  -         7.50   Warm\n", ok(t, "menu", "list", server))
}

func TestJSONIsTheAPIsOwn(t *testing.T) {
	t.Parallel()
	server, _ := serve(t, map[string]string{"GET /api/v1/menu": `[{"sku":"wrap","something":"new"}]` + "\n"})
	require.JSONEq(t, `[{"sku":"wrap","something":"new"}]`, ok(t, "menu", "list", server, "--json"))
}

func TestTokenIsSent(t *testing.T) {
	t.Parallel()
	var got http.Header
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header
		_, _ = w.Write([]byte("{}"))
	}))
	defer s.Close()
	ok(t, "order", "place", "--server", s.URL, "--item", "wrap", "--token", "brg_x", "--key", "k-1")
	require.Equal(t, "Bearer brg_x", got.Get("Authorization"))
	require.Equal(t, "k-1", got.Get("Idempotency-Key"))
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status     int
		body, want string
	}{
		{404, `{"type":"urn:brigade:problem:not_found","detail":"no order \"x\""}`, "brigade: no order \"x\"\n"},
		{
			422, `{"type":"urn:brigade:problem:invalid","detail":"a; b","errors":[{"field":"items[0].sku","message":"is not on the menu"},
			{"field":"table_number","message":"is required"}]}`,
			"brigade: 2 things are wrong:\n  items[0].sku is not on the menu\n  table_number is required\n",
		},
		{
			401, `{"type":"urn:brigade:problem:unauthorized","detail":"a token is needed"}`,
			"brigade: a token is needed (--token or BRIGADE_TOKEN; brigade token create makes one)\n",
		},
		{503, `{"type":"urn:brigade:problem:unavailable","detail":"Postgres is away"}`, "brigade: Postgres is away\n"},
		{502, `<html>`, "answered 502 Bad Gateway, which no brigade would\n"},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(c.status)
			_, _ = w.Write([]byte(c.body))
		}))
		r := run(t, "order", "show", "x", "--server", s.URL)
		s.Close()
		require.Equal(t, ExitFailed, r.code)
		require.Contains(t, r.err, c.want)
		require.Empty(t, r.out)
	}
}

func TestAnUnknownOutcomeNamesTheKey(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte(`{"type":"urn:brigade:problem:outcome_unknown","detail":"nobody knows"}`))
	}))
	defer s.Close()
	r := run(t, "order", "place", "--server", s.URL, "--item", "wrap")
	require.Equal(t, ExitFailed, r.code)
	require.Regexp(t, `repeat it with --key cli-[0-9a-f-]{36}`, r.err)
}

func TestNobodyAnswers(t *testing.T) {
	t.Parallel()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := l.Addr().String()
	require.NoError(t, l.Close())
	r := run(t, "order", "list", "--server", addr)
	require.Equal(t, ExitFailed, r.code)
	require.Contains(t, r.err, "no brigade answers at http://"+addr+"; is it running? (brigade up)")
	require.Equal(t, ExitFailed, run(t, "order", "list", "--server", "ftp://x").code)
}

func TestWhatIsNoBrigade(t *testing.T) {
	t.Parallel()
	server, _ := serve(t, map[string]string{"GET /api/v1/menu": "hello"})
	r := run(t, "menu", "list", server)
	require.Equal(t, ExitFailed, r.code)
	require.Contains(t, r.err, "no brigade, or one of another version")
}

func TestInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}))
	defer s.Close()
	require.Equal(t, ExitFailed, runContext(ctx, "menu", "list", "--server", s.URL).code)
}
