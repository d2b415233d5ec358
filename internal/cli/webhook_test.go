package cli

import (
	"testing"

	"github.com/stretchr/testify/require"
)

const oneWebhook = `{"id":3,"url":"https://example.com/brigade","outlet_id":null,"kinds":["ready"],"description":"",
"disabled_at":null,"disabled_reason":"","failures":0,"failing_since":null,"last_error":"","last_sent_at":"2024-12-16T12:00:00Z","pending":2}`

const deadWebhook = `{"id":4,"url":"https://example.com/dead","outlet_id":null,"kinds":[],"disabled_at":"2024-12-16T12:00:00Z",
"disabled_reason":"it answered that it is gone","last_error":"it answered 410 Gone","last_sent_at":null,"pending":0}`

const onePage = `{"deliveries":[{"id":12,"order_number":"ORD_20241216_001","kind":"ready","channel":"webhook","recipient":"webhook:3",
"status":"pending","created_at":"2024-12-16T12:00:00Z","next_attempt_at":"2024-12-16T12:00:05Z","last_error":"it answered 500",
"attempts":[{"code":0},{"code":500}]}],"next":12}`

func TestWebhookAdd(t *testing.T) {
	t.Parallel()
	server, asked := serve(t, map[string]string{"POST /api/v1/webhooks": `{"secret":"whsec_abc",` + oneWebhook[1:]})
	r := run(t, "webhook", "add", "https://example.com/brigade", server, "--kinds", "ready")
	require.Equal(t, ExitDone, r.code, r.err)
	require.Equal(t, "whsec_abc\n", r.out)
	require.Equal(t, "webhook 3: ready to https://example.com/brigade. Keep the secret: it cannot be shown again\n", r.err)
	require.Equal(t, []string{`POST /api/v1/webhooks {"description":"","kinds":["ready"],"url":"https://example.com/brigade"}`}, *asked)
}

func TestWebhookList(t *testing.T) {
	t.Parallel()
	server, _ := serve(t, map[string]string{"GET /api/v1/webhooks": `[` + oneWebhook + `,` + deadWebhook + `]`})
	require.Equal(t, `ID  URL                          KINDS  STATE                                                       WAITING  LAST SENT            LAST ERROR
3   https://example.com/brigade  ready  on                                                          2        2024-12-16 12:00:00  -
4   https://example.com/dead     all    off since 2024-12-16 12:00:00: it answered that it is gone  0        -                    it answered 410 Gone
`, ok(t, "webhook", "list", server))
}

func TestWebhookChanges(t *testing.T) {
	t.Parallel()
	server, asked := serve(t, map[string]string{
		"DELETE /api/v1/webhooks/3": "", "POST /api/v1/webhooks/3/enable": oneWebhook, "POST /api/v1/webhooks/3/deliveries/12/replay": "",
	})
	require.Equal(t, "webhook 3 is on\n", ok(t, "webhook", "enable", "3", server))
	require.Equal(t, "message 12 will be sent again\n", ok(t, "webhook", "replay", "3", "12", server))
	require.Equal(t, "webhook 3 is removed\n", ok(t, "webhook", "remove", "3", server))
	require.Len(t, *asked, 3)
	require.Equal(t, ExitMisuse, run(t, "webhook", "remove", "x", server).code)
}

func TestWebhookTest(t *testing.T) {
	t.Parallel()
	const sent = `{"delivery_id":13,"arrived":true,"took_ms":48,"code":200,"answer":"ok  then","error":""}`
	server, _ := serve(t, map[string]string{
		"POST /api/v1/webhooks/3/test": sent, "POST /api/v1/webhooks/4/test": `{"delivery_id":14,"took_ms":9,"error":"there was no answer"}`,
	})
	require.Equal(t, "message 13 arrived in 48 ms: it answered 200 ok then\n", ok(t, "webhook", "test", "3", server))
	require.Equal(t, sent+"\n", ok(t, "webhook", "test", "3", server, "--json"))
	r := run(t, "webhook", "test", "4", server)
	require.Equal(t, ExitFailed, r.code)
	require.Contains(t, r.err, "message 14 did not arrive (9 ms): there was no answer")
}

func TestDeliveries(t *testing.T) {
	t.Parallel()
	server, asked := serve(t, map[string]string{"GET /api/v1/webhooks/3/deliveries": onePage, "GET /api/v1/notifications": onePage})
	const want = `ID  ORDER             WHAT   BY       TO         STATUS   ATTEMPTS  CREATED              NEXT                 ERROR
12  ORD_20241216_001  ready  webhook  webhook:3  pending  0 500     2024-12-16 12:00:00  2024-12-16 12:00:05  it answered 500
`
	r := run(t, "webhook", "deliveries", "3", server, "--limit", "1", "--status", "pending")
	require.Equal(t, want, r.out)
	require.Equal(t, "there may be more: --before 12\n", r.err)
	require.Equal(t, want, ok(t, "notification", "list", server, "--order", "7", "--before", "90"))
	require.Equal(t, []string{
		"GET /api/v1/webhooks/3/deliveries?limit=1&status=pending", "GET /api/v1/notifications?before=90&limit=50&order=7",
	}, *asked)
	require.Equal(t, ExitMisuse, run(t, "notification", "list", server, "--status", "lost").code)
	require.Equal(t, ExitMisuse, run(t, "notification", "list", server, "--limit", "0").code)
}
