package cli

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	onePurchase = `{"id":3,"number":"PO-00003","supplier":"mercado","supplier_name":"Mercado","status":"draft","deliver_on":"2024-12-17","order_by":"2024-12-16T15:00:00Z",
"currency":"EUR","total":96.00,"version":2,"lines":[{"line":1,"product":"1001","name":"Patty","unit":"piece","pack":60,"packs":2,"suggested":3,"quantity":120,
"price":48.00,"amount":96.00,"received":0}]}`
	shownPurchase = `PO-00003: Mercado, draft, delivery 2024-12-17, to be ordered until 2024-12-16 15:00:00, version 2
LINE  PRODUCT  NAME   PACK       PACKS  SUGGESTED  QUANTITY    PRICE  AMOUNT  RECEIVED
1     1001     Patty  60 pieces  2      3          120 pieces  48.00  96.00   0 pieces
                                                               TOTAL  96.00   EUR
`
)

func TestSheetsAreEntered(t *testing.T) {
	t.Parallel()
	server, asked := serve(t, map[string]string{
		"POST /api/v1/stock/sheets": `{"changes":[{"ingredient":"milk","unit":"ml","was":20000,"now":22500.5,"change":2500.5}]}`,
		"GET /api/v1/stock": `{"levels":[{"ingredient":"milk","name":"Milk","unit":"ml","on_hand":-500,"reserved":180,"available":-680,"on_order":12000,"par":100000,"stocked":true},
{"ingredient":"dip","unit":"g","stocked":false}],"next":"dip"}`,
	})
	require.Equal(t, "INGREDIENT  WAS   CHANGE    NOW\nmilk        20 l  2.5005 l  22.5005 l\n", ok(t, "stock", "count", "milk=22.5005 l", "--reason", "Monday", server))
	ok(t, "stock", "waste", "milk=1 l", "--lot", "7", server)
	ok(t, "stock", "receive", "milk=12 l", "--expires", "2024-12-24", server)
	ok(t, "stock", "transfer", "flour=-10 kg", "--outlet", "pizzeria", server)
	require.Equal(t, []string{
		`POST /api/v1/stock/sheets {"entries":[{"ingredient":"milk","quantity":"22.5005 l","reason":"Monday"}],"kind":"count"}`,
		`POST /api/v1/stock/sheets {"entries":[{"ingredient":"milk","lot":7,"quantity":"1 l"}],"kind":"waste"}`,
		`POST /api/v1/stock/sheets {"entries":[{"expires":"2024-12-24T00:00:00Z","ingredient":"milk","quantity":"12 l"}],"kind":"purchase"}`,
		`POST /api/v1/stock/sheets?outlet=pizzeria {"entries":[{"ingredient":"flour","quantity":"-10 kg"}],"kind":"transfer"}`,
	}, *asked)
	require.Equal(t, `INGREDIENT  NAME  UNIT  ON HAND  RESERVED  AVAILABLE  ON ORDER  PAR    NEXT EXPIRY
milk        Milk  ml    -500 ml  180 ml    -680 ml    12 l      100 l  -
`, ok(t, "stock", "list", server))
	require.Contains(t, ok(t, "stock", "list", "--csv", server), "milk,Milk,ml,-500,180,-680,12000,100000,-")
	require.Equal(t, ExitMisuse, run(t, "stock", "count", "milk").code)
	require.Equal(t, ExitMisuse, run(t, "stock", "movements", "--kind", "theft").code)
}

func TestPurchaseOrders(t *testing.T) {
	t.Parallel()
	server, asked := serve(t, map[string]string{
		"POST /api/v1/purchases": onePurchase, "PUT /api/v1/purchases/PO-00003": onePurchase, "POST /api/v1/purchases/PO-00003/receive": onePurchase,
		"POST /api/v1/purchases/suggested": `{"purchases":[]}`, "GET /api/v1/purchases/PO-00003/document": "a;b",
	})
	require.Equal(t, shownPurchase, ok(t, "purchase", "create", "mercado", "1001=2", server))
	ok(t, "purchase", "edit", "PO-00003", "1001=2", "1040=0", "--on", "2024-12-17", "--seen", "1", server)
	ok(t, "purchase", "receive", "PO-00003", "1=90", "2=4.5 kg", "--close", server)
	require.Equal(t, "nothing is needed\n", ok(t, "purchase", "suggest", server))
	file := filepath.Join(t.TempDir(), "o.csv")
	require.Equal(t, "written to "+file+"\n", ok(t, "purchase", "export", "PO-00003", "--format", "csv", "--out", file, server))
	body, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, "a;b", string(body))
	require.Equal(t, []string{
		`POST /api/v1/purchases {"lines":[{"packs":2,"product":"1001"}],"supplier":"mercado"}`,
		`PUT /api/v1/purchases/PO-00003 {"deliver_on":"2024-12-17","lines":[{"packs":2,"product":"1001"},{"packs":0,"product":"1040"}],"version":1}`,
		`POST /api/v1/purchases/PO-00003/receive {"close":true,"lines":[{"line":1,"quantity":"90"},{"line":2,"quantity":"4.5 kg"}]}`,
		`POST /api/v1/purchases/suggested`,
		`GET /api/v1/purchases/PO-00003/document?format=csv`,
	}, *asked)
	for _, wrong := range [][]string{{"create", "mercado", "1001"}, {"receive", "PO-1", "x=3"}, {"receive", "PO-1", "--expires", "2024-12-24"}, {"export", "PO-1", "--format", "doc"}} {
		require.Equal(t, ExitMisuse, run(t, append([]string{"purchase"}, wrong...)...).code)
	}
}
