package cli

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"brigade/internal/store/pgtest"
)

func TestSalesImport(t *testing.T) {
	t.Parallel()
	url := "--database-url=" + pgtest.NewURL(t)
	ok(t, "load", demoFile(t), url)
	file := filepath.Join(t.TempDir(), "Till 1.csv")
	write := func(text string) { require.NoError(t, os.WriteFile(file, []byte(text), 0o600)) }
	write("Tag;Artikel;Menge;Umsatz\n01.05.2026;wrap;12,5;111,25\n02.05.2026;wrap;\"3\n\";27\n")
	r := run(t, "sales", "import", file, url, "--dry-run")
	require.Equal(t, ExitDone, r.code, r.err)
	require.Equal(t, "2 lines: 2 new, 0 changed, 0 known already (dry run: nothing was changed)\n", r.out)
	require.Contains(t, r.err, "read as: date = column 1, sku = column 2, quantity = column 3, revenue = column 4; source csv:till-1")
	require.Equal(t, "2 lines: 2 new, 0 changed, 0 known already\n", ok(t, "sales", "import", file, url))
	require.JSONEq(t, `{"lines":2,"added":0,"changed":0,"unchanged":2,"dry_run":false}`, ok(t, "sales", "import", file, url, "--json"))

	write("a,b,c\n2026-05-01,wrap,1\n2026-99-99,wrap,x\n")
	r = run(t, "sales", "import", file, url, "--map", "date=a", "--map", "sku=b;quantity=c")
	require.Equal(t, ExitFailed, r.code)
	require.Contains(t, r.err, "nothing was imported:\n  line 3: date")
	require.Contains(t, r.err, "  line 3: quantity \"x\" is not a number\n")
	r = run(t, "sales", "import", file, url)
	require.Contains(t, r.err, "say --map date=COLUMN")
	require.Equal(t, ExitFailed, run(t, "sales", "import", file, url, "--tenant", "nobody").code)
	require.Equal(t, ExitMisuse, run(t, "sales", "import", file, url, "--decimal", "dot").code)
	require.Equal(t, ExitMisuse, run(t, "sales", "import", filepath.Join(t.TempDir(), "none.csv"), url).code)
}

func TestForecastCommandsAskTheServer(t *testing.T) {
	t.Parallel()
	server, asked := serve(t, map[string]string{
		"POST /api/v1/planning/forecasts":       `{"id":3,"day":"2026-05-04","days":7,"status":"pending"}`,
		"GET /api/v1/planning/forecasts/runs/3": `{"id":3,"day":"2026-05-04","days":7,"status":"done","series":12,"done":12}`,
		"GET /api/v1/planning/forecasts": `{"forecasts":[{"day":"2026-05-04","outlet":"kitchen","sku":"wrap","expected":60,"mean":31.4,
			"quantiles":{"p05":22,"p50":31,"p95":42},"edited":60,"why":""}],"next":1}`,
		"GET /api/v1/planning/forecasts/totals":          `{"totals":[{"day":"2026-05-04","outlet":"","sku":"","mean":212.7,"quantiles":{"p05":171,"p50":211,"p95":260}}]}`,
		"GET /api/v1/planning/forecasts/today":           `{"outlet":"kitchen","until_hour":12,"products":[{"sku":"wrap","morning":31.4,"sold":14,"mean":35.1,"low":29.5,"high":41.2,"rest":21.1}]}`,
		"PUT /api/v1/planning/forecasts/wrap/2026-05-04": `{"sku":"wrap","day":"2026-05-04","mean":31.4}`,
		"POST /api/v1/planning/validations":              `[]`,
		"POST /api/v1/planning/models":                   `[{"outlet":"kitchen","sku":"wrap","version":2,"history_days":182,"adopted":true,"reason":"hand","mape_before":0.41,"mape_after":0.28}]`,
		"GET /api/v1/planning/accuracy":                  `{"first_day":"2026-04-27","last_day":"2026-05-03","overall":{"days":84,"wape":0.12},"gaps":[{"outlet":"kitchen","day":"2026-05-01"}]}`,
		"PUT /api/v1/planning/aliases/old":               ``,
		"GET /api/v1/sales":                              `{"sales":[{"day":"2026-05-04","outlet":"kitchen","sku":"wrap","name":"Wrap","quantity":31,"revenue":275.9,"price":8.9,"sold_out":false}]}`,
	})
	require.Equal(t, "run 3 is done: 12 products, 7 days from 2026-05-04\n", ok(t, "forecast", "run", "--days", "7", server))
	require.Equal(t, `DAY         OUTLET   SKU   EXPECTED  P05   P50   P95   NOTE
2026-05-04  kitchen  wrap  60.0      22.0  31.0  42.0  by hand; forecast 31.4
`, ok(t, "forecast", "show", server))
	require.Equal(t, "day,outlet,sku,expected,p05,p50,p95,note\n2026-05-04,-,-,212.7,171.0,211.0,260.0,\n",
		ok(t, "forecast", "show", "--total", "network", "--csv", server))
	require.Contains(t, ok(t, "forecast", "today", server), "wrap  31.4          14    21.1")
	require.Contains(t, ok(t, "forecast", "edit", "wrap", "2026-05-04", "60", server), "60.0 expected, the forecast was 31.4")
	require.Contains(t, ok(t, "forecast", "validate", server), "nothing to compare")
	require.Contains(t, ok(t, "forecast", "refit", "wrap", server), "182 days  41.0 %       28.0 %  yes")
	r := run(t, "forecast", "accuracy", server)
	require.Contains(t, r.out, "12.0 %")
	require.Equal(t, "no sales of 2026-05-01 at kitchen yet\n", r.err)
	ok(t, "sales", "rename", "old", "wrap", server)
	require.Contains(t, ok(t, "sales", "list", "--csv", server), "2026-05-04,kitchen,wrap,Wrap,31,275.9,8.9,no")
	require.Contains(t, *asked, `POST /api/v1/planning/forecasts {"again":false,"days":7}`)
	require.Equal(t, ExitMisuse, run(t, "forecast", "run", "--days", "99", server).code)
	require.Equal(t, ExitMisuse, run(t, "forecast", "edit", "wrap", "2026-05-04", "many", server).code)
}
