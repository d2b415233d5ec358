package cli

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const oneChannel = `{"name":"mesa","outlet_id":1,"prices":"keep","webhook_url":"https://mesa.example/b","state":{"state":"busy","delay_minutes":15,
"until":"2024-12-16T20:00:00Z","reason":"a large party"}`

func TestChannelKeysAreShownOnce(t *testing.T) {
	t.Parallel()
	server, asked := serve(t, map[string]string{
		"POST /api/v1/channels": `{"token":"brgch_x","secret":"whsec_y",` + oneChannel[1:] + `}`, "POST /api/v1/channels/mesa/rotate": `{"token":"brgch_x","secret":"whsec_y"}`,
	})
	r := run(t, "channel", "create", "mesa", server, "--url", "https://mesa.example/b", "--outlet", "kitchen")
	require.Equal(t, ExitDone, r.code, r.err)
	require.Equal(t, "token   brgch_x\nsecret  whsec_y\n", r.out)
	require.Equal(t, "Keep both: they cannot be shown again\n", r.err)
	require.Equal(t, ExitDone, run(t, "channel", "rotate", "mesa", server, "--overlap", "1h").code)
	require.Equal(t, []string{
		`POST /api/v1/channels {"name":"mesa","outlet":"kitchen","prices":"keep","webhook_url":"https://mesa.example/b"}`,
		`POST /api/v1/channels/mesa/rotate {"overlap_minutes":60}`,
	}, *asked)
	require.Equal(t, ExitMisuse, run(t, "channel", "create", "mesa", "--prices", "free").code)
}

func TestChannelsAndTheirStates(t *testing.T) {
	t.Parallel()
	const paused = `{"state":"paused","delay_minutes":0,"until":null,"reason":"no gas"}`
	server, asked := serve(t, map[string]string{
		"GET /api/v1/channels": `[` + oneChannel + `}]`, "PUT /api/v1/channels/mesa/state": paused, "GET /api/v1/channels/mesa/state": paused,
		"GET /api/v1/channels/mesa": oneChannel + `}`, "PUT /api/v1/channels/mesa": oneChannel + `}`, "DELETE /api/v1/channels/mesa": "",
	})
	require.Equal(t, `NAME  OUTLET  PRICES  STATE                                                          TOLD AT
mesa  1       keep    busy, 15 min longer, until 2024-12-16 20:00:00: a large party  https://mesa.example/b
`, ok(t, "channel", "list", server))
	require.Equal(t, "mesa is paused: no gas\n", ok(t, "channel", "state", "mesa", server))
	for _, args := range [][]string{
		{"pause", "mesa", "--minutes", "30", "--reason", "no gas"}, {"busy", "mesa", "--delay", "15"}, {"resume", "mesa"}, {"set", "mesa", "--prices", "check"},
	} {
		ok(t, append(append([]string{"channel"}, args...), server)...)
	}
	require.Equal(t, "mesa is closed\n", ok(t, "channel", "close", "mesa", server))
	require.Equal(t, []string{
		`PUT /api/v1/channels/mesa/state {"minutes":30,"reason":"no gas","state":"paused"}`,
		`PUT /api/v1/channels/mesa/state {"delay_minutes":15,"reason":"","state":"busy"}`,
		`PUT /api/v1/channels/mesa/state {"state":"open"}`,
		`GET /api/v1/channels/mesa`,
		`PUT /api/v1/channels/mesa {"prices":"check","webhook_url":"https://mesa.example/b"}`,
		`DELETE /api/v1/channels/mesa`,
	}, (*asked)[2:])
}

func TestChannelMap(t *testing.T) {
	t.Parallel()
	const list = `{"items":[{"id":"B-1","sku":"burger_combo"},{"id":"X-9","note":"no onions"}]}`
	server, asked := serve(t, map[string]string{
		"GET /api/v1/channels/mesa/items": list, "POST /api/v1/channels/mesa/items": list, "PUT /api/v1/channels/mesa/items": list, "DELETE /api/v1/channels/mesa/items": "",
	})
	require.Equal(t, "ID   SKU           NOTE\nB-1  burger_combo  -\nX-9  -             no onions\n", ok(t, "channel", "map", "mesa", server))
	ok(t, "channel", "map", "mesa", "B-1=burger_combo", "--note", "X-9=no onions", server)
	file := filepath.Join(t.TempDir(), "menu.csv")
	require.NoError(t, os.WriteFile(file, []byte("B-1,burger_combo\nX-9,,\"no onions, please\"\n"), 0o600))
	ok(t, "channel", "map", "mesa", "--file", file, "--replace", server)
	require.Equal(t, "B-1 means nothing any more\n", ok(t, "channel", "map", "mesa", "--forget", "B-1", server))
	require.Equal(t, []string{
		"GET /api/v1/channels/mesa/items",
		`POST /api/v1/channels/mesa/items {"items":[{"id":"B-1","sku":"burger_combo"},{"id":"X-9","note":"no onions"}]}`,
		`PUT /api/v1/channels/mesa/items {"items":[{"id":"B-1","sku":"burger_combo"},{"id":"X-9","note":"no onions, please"}]}`,
		"DELETE /api/v1/channels/mesa/items?id=B-1",
	}, *asked)
	r := run(t, "channel", "map", "mesa", "B-1", server)
	require.Equal(t, ExitFailed, r.code)
	require.Contains(t, r.err, `must be ID=…, not "B-1"`)
}

func TestOrdersArePlacedOnTermsAndHandedOverByCode(t *testing.T) {
	t.Parallel()
	server, asked := serve(t, map[string]string{"POST /api/v1/orders": oneOrder + "}", "POST /api/v1/orders/1/hand-over": oneOrder + "}"})
	ok(t, "order", "place", server, "--item", "wrap", "--for", "19:30", "--pay", "test", "--pay-token", "flaky", "--email", "ada@example.com", "--language", "es")
	ok(t, "order", "hand-over", "1", "--code", "4711", server)
	require.Equal(t, []string{
		`POST /api/v1/orders {"type":"takeout","items":[{"sku":"wrap","quantity":1}],"payment":{"method":"test","token":"flaky"},` +
			`"ready_for":"19:30","contact":{"email":"ada@example.com","language":"es"}}`,
		`POST /api/v1/orders/1/hand-over {"code":"4711","photo":""}`,
	}, *asked)
}

func TestOrderSettingsKeepWhatIsNotGiven(t *testing.T) {
	t.Parallel()
	const have = `{"payment_within_seconds":600,"hand_over_code":true,"pos_url":"","pos_accept_seconds":120,
		"hours":[{"weekday":6,"opens":"12:00","closes":"02:00"}],"alert":{"email":"boss@example.com"}}`
	server, asked := serve(t, map[string]string{"GET /api/v1/outlets/centre/order-settings": have, "PUT /api/v1/outlets/centre/order-settings": have})
	require.Equal(t, `paid within          10m0s
handed over by code  true
point of sale        -
alerts go to         boss@example.com
open                 sat 12:00-02:00
`, ok(t, "order", "settings", "centre", server))
	ok(t, "order", "settings", "centre", server, "--no-hand-over-code", "--hours", "sat-mon 11:00-22:30", "--alert-phone", "+34600111222", "--pos-accept", "3m")
	require.Equal(t, `PUT /api/v1/outlets/centre/order-settings {"payment_within_seconds":600,"hand_over_code":false,"pos_url":"","pos_accept_seconds":180,`+
		`"hours":[{"weekday":6,"opens":"11:00","closes":"22:30"},{"weekday":0,"opens":"11:00","closes":"22:30"},`+
		`{"weekday":1,"opens":"11:00","closes":"22:30"}],"alert":{"email":"boss@example.com","phone":"+34600111222"}}`, (*asked)[3])
	require.Equal(t, ExitMisuse, run(t, "order", "settings", "centre", "--hours", "noon").code)
}
