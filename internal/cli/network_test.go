package cli

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"brigade/internal/store/pgtest"
)

const someFigures = `{"units":5120,"revenue":40960,"units_before":4800,"revenue_before":38400,"growth":0.0667,"units_today":61,"revenue_today":488,
"orders_open":7,"units_to_make":11,"units_made":5,"waste_cost":310.5,"waste_units":42,"waste_unpriced":0,"waste_share":0.0076,"waste_reduction":null,
"forecast_units":1260.4,"forecast_accuracy":0.88,"deliveries":{"under_way":6,"waiting":1,"assigned":2,"picked_up":3,"late":1,"escalated":0},"shipments":4,"shipments_overdue":1}`

const someNetwork = `{"network":{"tenant":"chain","name":"Chain","currency":"EUR","members":1,"inactive":0,"outlets":3,"central_sites":1},
"period":{"first_day":"2024-11-16","last_day":"2024-12-15","today":"2024-12-16","days":30},"as_of":"2024-12-16T12:00:00Z"`

const someOutlet = `{"outlet":"shop","tenant":"chain","id":2,"name":"Shop","central":true,"figures":` + someFigures

func TestNetworkIsShown(t *testing.T) {
	t.Parallel()
	path := "GET /api/v1/chain/orchestrator/enterprise/"
	server, asked := serve(t, map[string]string{
		path + "network-summary": someNetwork + `,"totals":` + someFigures + `,"sales":[{"day":"2024-12-15","units":170,"revenue":1360,"outlets":3}],
			"outlook":[{"day":"2024-12-16","units":180.1,"low":141,"high":null}]}`,
		path + "production-overview": someNetwork + `,"totals":` + someFigures + `,"central":` + someFigures + `,"outlets":[` + someOutlet + `}],"next":null,
			"preparations":[{"code":"dough","name":"Dough","unit":"g","quantity":90000,"batches":6,"planned_today":18000,"made_today":12000,"outlets":[]}]}`,
		path + "distribution-status": someNetwork + `,"deliveries":{"under_way":6,"waiting":1,"assigned":2,"picked_up":3,"late":1,"escalated":0},
			"outlets":[{"outlet":"shop","tenant":"chain","deliveries":{"under_way":6,"waiting":1,"assigned":2,"picked_up":3,"late":1,"escalated":0},"shipments":1,"shipments_overdue":1}],
			"next":null,"routes":[{"driver":"Bea","vehicle":"moped","region":"town","stops":2,"on_board":1,"next_at":null,"last_at":null,"outlets":["shop"]}],
			"shipments":[{"outlet":"shop","tenant":"chain","number":"PO-00007","supplier":"Mill","status":"sent","expected":"","overdue":false,"value":120}],"transfers":[]}`,
		path + "child-performance": someNetwork + `,"metric":"growth","outlets":[` + someOutlet + `,"rank":null,"value":null}],"next":null,
			"detail":{"days":[],"products":[{"sku":"wrap","name":"Wrap","units":310,"revenue":2759,"units_before":290,"forecast_units":74.2}]}}`,
	})
	require.Equal(t, `Chain: 3 outlets, 1 for others; members: 1
2024-11-16 to 2024-12-15
  sold      5120.0 units, 40960.00 EUR (6.7 %)
  lost      310.50 EUR, 0.8 % of it; share smaller by -
  forecast  1260.4 units in seven days; accuracy 88.0 %

DAY                  UNITS  REVENUE  OUTLETS  LOW     HIGH
2024-12-15           170.0  1360.00  3
2024-12-16 expected  180.1                    141.00  -
`, ok(t, "network", "show", "--parent", "chain", server))
	require.Equal(t, `OUTLET         FOR OTHERS  OPEN ORDERS  TO MAKE  MADE  FORECAST  LOST    SHARE  LESS BY
chain/shop     yes         7            11       5     1260.4    310.50  0.8 %  -
central sites              7            11       5     1260.4    310.50  0.8 %  -
network                    7            11       5     1260.4    310.50  0.8 %  -
dough: 90000.0 g in 6 batches; today 12000.0 of 18000.0
`, ok(t, "network", "production", "--parent", "chain", "--days", "7", server))
	require.Equal(t, `OUTLET      UNDER WAY  WAITING  ASSIGNED  PICKED UP  LATE  SHIPMENTS  OVERDUE
chain/shop  6          1        2         3          1     1          1
network     6          1        2         3          1     1
Bea (town): 2 stops, 1 on board
PO-00007 from Mill to chain/shop: -
`, ok(t, "network", "distribution", "--parent", "chain", server))
	require.Equal(t, `RANK  OUTLET      UNITS   REVENUE   GROWTH  WASTE  ACCURACY  FORECAST
-     chain/shop  5120.0  40960.00  6.7 %   0.8 %  88.0 %    1260.4

SKU   UNITS  REVENUE  FORECAST
wrap  310.0  2759.00  74.2
`, ok(t, "network", "outlets", "--parent", "chain", "--by", "growth", "--outlet", "chain/shop", server))
	require.Equal(t, []string{
		path + "network-summary?days=30", path + "production-overview?days=7&limit=1000", path + "distribution-status?days=30&limit=1000",
		path + "child-performance?days=30&limit=100&metric=growth&outlet=chain%2Fshop",
	}, *asked)
}

func TestNetworksAreMade(t *testing.T) {
	t.Parallel()
	url := "--database-url=" + pgtest.NewURL(t)
	ok(t, "load", demoFile(t), url)
	other := write(t, "other.yaml", `tenant: {slug: franchise, name: Franchise, timezone: Europe/Madrid}
outlets: [{slug: cafe, name: Café, stations: [{name: bar, capacity: 1}], staff: [{name: Ann, max_parallel: 1, skills: [bar]}]}]
`)
	ok(t, "load", other, url)
	require.Equal(t, "franchise is in the network of demo\n", ok(t, "network", "join", "franchise", "--parent", "demo", url))
	require.Equal(t, "demo/kitchen produces for others\n", ok(t, "network", "central", "kitchen", "--tenant", "demo", url))
	list := ok(t, "network", "members", url)
	require.Regexp(t, `demo +franchise +active +1 +.* operator`, list)
	require.Contains(t, list, "demo/kitchen produces for others")
	var members struct {
		Members []memberRow `json:"members"`
	}
	require.NoError(t, json.Unmarshal([]byte(ok(t, "network", "members", "--json", url)), &members))
	require.Equal(t, "franchise", members.Members[0].Tenant)
	require.Equal(t, "demo/kitchen produces for itself\n", ok(t, "network", "central", "kitchen", "--tenant", "demo", "--off", url))
	require.Equal(t, "franchise is in no network any more\n", ok(t, "network", "leave", "franchise", url))
	r := run(t, "network", "join", "demo", "--parent", "franchise", url)
	require.Equal(t, ExitFailed, r.code)
	require.Contains(t, r.err, "networks are for the enterprise tier")
}
