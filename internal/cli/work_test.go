package cli

import (
	"testing"

	"github.com/stretchr/testify/require"
)

const oneTicket = `{"order_id":1,"order_number":"ORD_20241216_001","status":"IN_PROGRESS","rush":true,"held":[
{"course":2,"reason":"wait","fires_at":null},{"course":3,"reason":"it follows","fires_at":"2024-12-16T12:05:00Z"}],"tasks":[` + oneTask + `}]}`

func TestOrderEdits(t *testing.T) {
	t.Parallel()
	server, asked := serve(t, map[string]string{
		"POST /api/v1/orders/1/cancel": oneOrder + "}",
		"PUT /api/v1/orders/1/lines/2": oneOrder + "}",
		"POST /api/v1/orders/1/lines":  oneOrder + "}",
	})
	const shown = "ORD_20241216_001  created  23.30 EUR  2 Burger combo, 1 Cold coffee\n"
	require.Equal(t, shown, ok(t, "order", "cancel", "1", server, "--reason", "gone"))
	require.Equal(t, shown, ok(t, "order", "cut", "1", "2", "0", server, "--made", "returned"))
	require.Equal(t, shown, ok(t, "order", "add", "1", server, "--item", "wrap=2"))
	require.Equal(t, []string{
		`POST /api/v1/orders/1/cancel {"made":"wasted","reason":"gone"}`,
		`PUT /api/v1/orders/1/lines/2 {"made":"returned","quantity":0,"reason":""}`,
		`POST /api/v1/orders/1/lines {"items":[{"sku":"wrap","quantity":2}],"reason":""}`,
	}, *asked)
	require.Equal(t, ExitMisuse, run(t, "order", "cancel", "1", server, "--made", "eaten").code)
}

func TestOrderWork(t *testing.T) {
	t.Parallel()
	server, asked := serve(t, map[string]string{
		"POST /api/v1/orders/1/rush":   oneTicket,
		"DELETE /api/v1/orders/1/rush": oneTicket,
		"POST /api/v1/orders/1/hold":   oneTicket,
		"POST /api/v1/orders/1/fire":   oneTicket,
		"POST /api/v1/orders/1/remake": oneTicket,
	})
	require.Equal(t, `ORD_20241216_001  IN_PROGRESS  rush
course 2 is held: wait
course 3 is held: it follows, fires at 12:05:00
TASK  ITEM          STEP             STATION  MACHINE    STATUS      STAFF  WAITS FOR     ESTIMATE
5     Burger combo  assemble burger  adhoc    packing-1  UNASSIGNED  -      2 of [1 2 3]  1m20s
`, ok(t, "order", "rush", "1", server))
	ok(t, "order", "rush", "1", server, "--end")
	ok(t, "order", "hold", "1", server, "--course", "2", "--reason", "wait")
	ok(t, "order", "fire", "1", server)
	ok(t, "order", "remake", "1", "2", server, "--from-step", "0", "--reason", "dropped")
	require.Equal(t, []string{
		"POST /api/v1/orders/1/rush",
		"DELETE /api/v1/orders/1/rush",
		`POST /api/v1/orders/1/hold {"course":2,"reason":"wait"}`,
		`POST /api/v1/orders/1/fire {"course":0}`,
		`POST /api/v1/orders/1/remake {"from_step":0,"line":2,"reason":"dropped","unit":1}`,
	}, *asked)
}

func TestTaskWork(t *testing.T) {
	t.Parallel()
	server, asked := serve(t, map[string]string{
		"POST /api/v1/tasks/5/undo":   `{"status":"STARTED"}`,
		"POST /api/v1/tasks/5/recall": `{"status":"UNASSIGNED"}`,
		"POST /api/v1/tasks/5/hand":   `{"status":"STARTED"}`,
		"GET /api/v1/kitchen/held":    `[` + oneTask + `,"held":"course 2 is held: wait"}]`,
	})
	require.Equal(t, "task 5 is STARTED\n", ok(t, "task", "undo", "5", server))
	require.Equal(t, "task 5 is UNASSIGNED\n", ok(t, "task", "recall", "5", server, "--reason", "raw"))
	require.Equal(t, "task 5 is STARTED\n", ok(t, "task", "hand", "5", server, "--to", "Noah"))
	require.Equal(t, `TASK  ORDER             ITEM          STEP             WHY
5     ORD_20241216_001  Burger combo  assemble burger  course 2 is held: wait
`, ok(t, "task", "held", server))
	require.Equal(t, []string{
		"POST /api/v1/tasks/5/undo", `POST /api/v1/tasks/5/recall {"reason":"raw"}`, `POST /api/v1/tasks/5/hand {"to":"Noah"}`,
		"GET /api/v1/kitchen/held",
	}, *asked)
}

func TestStationsAndWhoLeaves(t *testing.T) {
	t.Parallel()
	server, asked := serve(t, map[string]string{
		"GET /api/v1/kitchen/stations": `[{"id":1,"name":"fryer","capacity":4,"assigned":0,"started":1,"ready":0,"blocked":0,
			"closed_to":"griller","reason":"quiet"},{"id":2,"name":"griller","capacity":6,"assigned":1,"started":2,"ready":3,"blocked":4}]`,
		"POST /api/v1/kitchen/stations/fryer/close": `{}`,
		"POST /api/v1/kitchen/stations/fryer/open":  `{}`,
		"POST /api/v1/kitchen/staff/Asha/leave":     `{"staff":"Asha","until":"2024-12-17T08:00:00Z","begun":[` + oneTask + `}]}`,
	})
	require.Equal(t, `NAME     STATE               COOKING  ASSIGNED  READY  BLOCKED  CAPACITY  REASON
fryer    closed, to griller  1        0         0      0        4         quiet
griller  open                2        1         3      4        6
`, ok(t, "station", "list", server))
	require.Equal(t, "fryer is closed, griller takes over\n", ok(t, "station", "close", "fryer", server, "--to", "griller", "--reason", "quiet"))
	require.Equal(t, "fryer is open\n", ok(t, "station", "open", "fryer", server))
	require.Contains(t, ok(t, "staff", "leave", "Asha", server), "Asha has left, until 2024-12-17 08:00:00\nTASK  ITEM")
	require.Equal(t, `POST /api/v1/kitchen/stations/fryer/close {"reason":"quiet","to":"griller"}`, (*asked)[1])
}

func TestSale(t *testing.T) {
	t.Parallel()
	const pause = `{"kind":"station","name":"fryer","until":"2024-12-16T12:30:00Z","reason":"oil","by":"Ada","since":"2024-12-16T12:00:00Z"}`
	server, asked := serve(t, map[string]string{
		"GET /api/v1/status":    `{"status":"paused","paused":[{"kind":"outlet","name":"","until":null,"reason":"","by":"Ada"},` + pause + `]}`,
		"POST /api/v1/pauses":   pause,
		"DELETE /api/v1/pauses": ``,
		"POST /api/v1/menu/wrap/86": `{"item":"wrap","until":null,"reason":"out","orders":[{"order_number":"ORD_1","status":"created",
			"line":1,"quantity":2,"dropped":2}]}`,
		"POST /api/v1/menu/wrap/back": `{"item":"wrap"}`,
	})
	require.Equal(t, `paused
WHAT     NAME   UNTIL                BY   REASON
outlet   -      -                    Ada
station  fryer  2024-12-16 12:30:00  Ada  oil
`, ok(t, "sale", "status", server))
	require.Equal(t, "station fryer is paused, until 2024-12-16 12:30:00\n", ok(t, "sale", "pause", "station", "fryer", server, "--minutes", "30"))
	require.Equal(t, "outlet can be ordered again\n", ok(t, "sale", "resume", "outlet", server))
	require.Equal(t, `wrap is off
ORDER  STATUS   LINE  QUANTITY  DROPPED
ORD_1  created  1     2         2
`, ok(t, "menu", "86", "wrap", server, "--drop"))
	require.Equal(t, "wrap is back\n", ok(t, "menu", "back", "wrap", server))
	require.Equal(t, []string{
		"GET /api/v1/status", `POST /api/v1/pauses {"kind":"station","minutes":30,"name":"fryer","reason":""}`,
		"DELETE /api/v1/pauses?kind=outlet&name=", `POST /api/v1/menu/wrap/86 {"drop":true,"reason":""}`, "POST /api/v1/menu/wrap/back",
	}, *asked)
	require.Equal(t, ExitMisuse, run(t, "sale", "pause", "item", "wrap", server, "--minutes", "0.5").code)
}

func TestWaste(t *testing.T) {
	t.Parallel()
	server, _ := serve(t, map[string]string{"GET /api/v1/kitchen/waste": `{"entries":[{"id":7,"order_id":1,"order_number":"ORD_1","line":1,"unit":1,
		"item":"Burger combo","steps":["grill patty","toast bun"],"share":0.4,"cost":3.96,"outcome":"wasted","why":"remade","reason":"dropped",
		"by":"Ada","at":"2024-12-16T12:00:00Z"}],"next":7}`})
	r := run(t, "waste", server)
	require.Equal(t, `TIME                 ORDER  ITEM          COST  OUTCOME  WHY     BY   REASON   MADE
2024-12-16 12:00:00  ORD_1  Burger combo  3.96  wasted   remade  Ada  dropped  grill patty, toast bun
`, r.out)
	require.Equal(t, "there are more: --before 7\n", r.err)
}
