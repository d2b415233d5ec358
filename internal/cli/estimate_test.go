package cli

import (
	"testing"

	"github.com/stretchr/testify/require"
)

const oneEstimate = `{"sku":"burger_combo","item":"Burger combo","step":0,"description":"grill patty","station":"griller","base_secs":80,
"learned_secs":93.5,"p90_secs":121.2,"in_force_secs":95,"samples":412,"pinned_secs":95,"pinned_by":"Marie","pinned_at":"2024-12-16T12:00:00Z",
"updated_at":null`

func TestEstimateList(t *testing.T) {
	t.Parallel()
	server, asked := serve(t, map[string]string{"GET /api/v1/kitchen/estimates": `{"estimates":[` + oneEstimate + `}],"total":9,"next":1}`})
	r := run(t, "estimate", "list", server, "--limit", "1")
	require.Equal(t, ExitDone, r.code, r.err)
	require.Equal(t, `SKU           STEP  WHAT         STATION  RECIPE  LEARNED  9 IN 10  NEW TASKS  SAMPLES  PINNED
burger_combo  0     grill patty  griller  1m20s   1m33.5s  2m1.2s   1m35s      412      by Marie
`, r.out)
	require.Equal(t, "there are more, 9 in all: --offset 1\n", r.err)
	require.Equal(t, []string{"GET /api/v1/kitchen/estimates?limit=1&offset=0"}, *asked)
	require.Equal(t, ExitMisuse, run(t, "estimate", "list", server, "--limit", "0").code)
}

func TestEstimateShowAndPin(t *testing.T) {
	t.Parallel()
	server, asked := serve(t, map[string]string{
		"GET /api/v1/kitchen/estimates/burger_combo/0": oneEstimate + `,"history":[{"day":"2024-12-16","learned_secs":93.5,
			"p90_secs":null,"in_force_secs":95,"samples":412}],"next":"2024-12-16"}`,
		"PUT /api/v1/kitchen/estimates/burger_combo/0/pin":    oneEstimate + "}",
		"DELETE /api/v1/kitchen/estimates/burger_combo/0/pin": oneEstimate + "}",
	})
	require.Equal(t, `grill patty of Burger combo (burger_combo 0)
  station    griller
  recipe     1m20s
  learned    1m33.5s, nine in ten take less than 2m1.2s
  samples    412
  pinned     1m35s by Marie at 2024-12-16 12:00:00
  new tasks  1m35s

DAY         LEARNED  9 IN 10  NEW TASKS  SAMPLES
2024-12-16  1m33.5s  -        1m35s      412
`, run(t, "estimate", "show", "burger_combo", "0", server, "--days", "1").out)
	ok(t, "estimate", "pin", "burger_combo", "0", "1m35s", server)
	ok(t, "estimate", "unpin", "burger_combo", "0", server)
	require.Equal(t, []string{
		"GET /api/v1/kitchen/estimates/burger_combo/0?limit=1",
		`PUT /api/v1/kitchen/estimates/burger_combo/0/pin {"seconds":95}`,
		"DELETE /api/v1/kitchen/estimates/burger_combo/0/pin",
	}, *asked)
	require.Equal(t, ExitMisuse, run(t, "estimate", "pin", "burger_combo", "0", "-5s", server).code)
	require.Equal(t, ExitMisuse, run(t, "estimate", "pin", "burger_combo", "x", "5s", server).code)
}

func TestFactors(t *testing.T) {
	t.Parallel()
	server, _ := serve(t, map[string]string{"GET /api/v1/kitchen/factors": `[{"kind":"load","name":"","load":2,"factor":1.25,"samples":40},
		{"kind":"person","name":"Asha","load":null,"factor":0.9,"samples":412}]`})
	require.Equal(t, `KIND    WHICH                  TAKES  SAMPLES
load    2 other tasks in hand  ×1.25  40
person  Asha                   ×0.90  412
`, ok(t, "estimate", "factors", server))
}

func TestOrderExplain(t *testing.T) {
	t.Parallel()
	server, asked := serve(t, map[string]string{"GET /api/v1/orders/ORD_1/explain": `{"order_id":1,"number":"ORD_1","placed_at":"2024-12-16T12:00:00Z",
		"ready_at":"2024-12-16T12:03:30Z","until":"2024-12-16T12:03:30Z","due_at":"2024-12-16T12:03:00Z","total_secs":210,"late_secs":30,
		"causes":[{"cause":"cooking","secs":140,"late_secs":0},{"cause":"station","secs":70,"late_secs":30}],
		"segments":[{"cause":"station","from":"2024-12-16T12:00:00Z","to":"2024-12-16T12:01:10Z","secs":70,"late_secs":30,"task_id":1,
		"item":"Burger combo","step":"grill patty","subject":"griller full","holders":[{"order_id":7,"number":"ORD_7","secs":95},
		{"order_id":8,"number":"ORD_8","secs":9},{"order_id":9,"number":"ORD_9","secs":5},{"order_id":10,"number":"ORD_10","secs":5}]},
		{"cause":"cooking","from":"2024-12-16T12:01:10Z","to":"2024-12-16T12:03:30Z","secs":140,"late_secs":0,"task_id":1,
		"item":"Burger combo","step":"grill patty","subject":"Asha","holders":[]}]}`})
	require.Equal(t, `ORD_1  placed 2024-12-16 12:00:00, ready 12:03:30, 3m30s, 30s late for 12:03:00
  |ssssssssssssssssssssssss████████████████████████████████████████████████|

FROM      TOOK   LATE  WHAT                     STEP         BECAUSE
12:00:00  1m10s  30s   waiting for the station  grill patty  griller full: ORD_7, ORD_8, ORD_9, 1 more
12:01:10  2m20s  -     being made               grill patty  Asha

   TOOK   LATE  IN ALL
█  2m20s  -     being made
s  1m10s  30s   waiting for the station
=  3m30s  30s   in total
`, ok(t, "order", "explain", "ORD_1", server, "--due", "2024-12-16T12:03:00Z"))
	require.Equal(t, []string{"GET /api/v1/orders/ORD_1/explain?due=2024-12-16T12%3A03%3A00Z"}, *asked)
	require.Equal(t, ExitMisuse, run(t, "order", "explain", "ORD_1", server, "--due", "noon").code)
}
