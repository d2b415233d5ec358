package api

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/stretchr/testify/require"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/event/eventtest"
	"brigade/internal/kitchen"
	"brigade/internal/order"
)

func TestEveryRouteHasRightsAndEveryRightARoute(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for key := range rights {
		require.True(t, b.server.routes[key], "%s stands in the table but is no route", key)
	}
	require.Len(t, b.server.routes, len(rights))
}

func TestEveryOperationIsDocumented(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	eachOperation(t, setup(t), func(key string, op *huma.Operation) {
		require.NotEmpty(t, op.Summary, key)
		require.NotEmpty(t, op.Description, key)
		require.Len(t, op.Tags, 1, key)
		require.False(t, seen[op.OperationID], "%s: its id is taken", key)
		seen[op.OperationID] = true
		if op.RequestBody != nil {
			require.NotNil(t, op.RequestBody.Content["application/json"].Example, "%s: an example of the body", key)
		}
		for status, r := range op.Responses {
			for _, media := range r.Content {
				if status < "300" {
					require.NotNil(t, media.Example, "%s %s: an example of the answer", key, status)
				}
			}
		}
	})
}

func eachOperation(t *testing.T, b *bundle, check func(key string, op *huma.Operation)) {
	t.Helper()
	for path, item := range b.server.huma.OpenAPI().Paths {
		for method, op := range map[string]*huma.Operation{"GET": item.Get, "POST": item.Post, "PUT": item.Put, "DELETE": item.Delete} {
			if op != nil {
				check(method+" "+path, op)
			}
		}
	}
}

// Examples are what clients copy: they have to be what the API takes and gives.
func TestExamplesFitTheirSchemas(t *testing.T) {
	t.Parallel()
	b := setup(t)
	registry := b.server.huma.OpenAPI().Components.Schemas
	check := func(what string, media *huma.MediaType, mode huma.ValidateMode) {
		if media == nil || media.Schema == nil {
			return
		}
		res := &huma.ValidateResult{}
		huma.Validate(registry, media.Schema, huma.NewPathBuffer(nil, 0), mode, media.Example, res)
		require.Empty(t, res.Errors, what)
	}
	eachOperation(t, b, func(key string, op *huma.Operation) {
		if op.RequestBody != nil {
			check(key+" body", op.RequestBody.Content["application/json"], huma.ModeWriteToServer)
		}
		for status, r := range op.Responses {
			if status < "300" {
				check(key+" "+status, r.Content["application/json"], huma.ModeReadFromServer)
			}
		}
	})
}

func TestDocumentationIsServedOffline(t *testing.T) {
	t.Parallel()
	b := setup(t)
	spec := b.call(t, http.MethodGet, "/openapi.json", "", "Authorization:")
	require.Equal(t, http.StatusOK, spec.status)
	require.Equal(t, "3.1.0", spec.body["openapi"])
	schemas := spec.body["components"].(map[string]any)["schemas"].(map[string]any)
	require.Equal(t, []any{"customer_name", "order_type", "items"}, schemas["FreeFormBody"].(map[string]any)["required"])
	require.Contains(t, schemas["OrderDetail"].(map[string]any)["properties"], "number")
	total := schemas["OrderView"].(map[string]any)["properties"].(map[string]any)["total"].(map[string]any)
	require.Equal(t, "number", total["type"])

	require.Contains(t, b.call(t, http.MethodGet, "/openapi.yaml", "").text, "openapi: 3.1.0")
	page := b.call(t, http.MethodGet, "/docs", "", "Authorization:")
	require.Equal(t, http.StatusOK, page.status)
	require.NotContains(t, page.text, "://", "nothing comes from elsewhere")
	for _, file := range []string{"swagger-ui.css", "swagger-ui-bundle.js", "start.js"} {
		require.Contains(t, page.text, "/docs/"+file)
		got := b.call(t, http.MethodGet, "/docs/"+file, "")
		require.Equal(t, http.StatusOK, got.status, file)
		require.NotEmpty(t, got.text)
	}
	require.Equal(t, http.StatusNotFound, b.call(t, http.MethodGet, "/docs/LICENSE", "").status)
	require.Equal(t, http.StatusNotFound, b.call(t, http.MethodGet, "/docs/none.js", "").status)
}

func TestRolesMayDoWhatTheTableSays(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, c := range []struct {
		method, path, body string
		may                []actor.Role
	}{
		{"POST", "/api/v1/orders/confirm", confirmExample, []actor.Role{actor.Manager, actor.Integrator, actor.Customer}},
		{"POST", "/api/v1/tasks/1/start", "", []actor.Role{actor.Manager, actor.Cook}},
		{"POST", "/api/v1/kitchen/machines/grill-1/down", "", []actor.Role{actor.Manager, actor.Cook}},
		{"GET", "/api/v1/orders", "", actor.Roles},
		{"GET", "/api/v1/kitchen", "", []actor.Role{actor.Manager, actor.Cook, actor.Driver, actor.Integrator}},
		{"GET", "/api/v1/tokens", "", nil},
	} {
		for _, role := range actor.Roles {
			got := b.call(t, c.method, c.path, c.body, "Authorization: Bearer "+string(role))
			allowed := role == actor.Owner || slices.Contains(c.may, role)
			require.Equal(t, !allowed, got.status == http.StatusForbidden, "%s %s as %s: %d", c.method, c.path, role, got.status)
		}
	}
}

func TestTokensAreDemanded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, header := range []string{"", "Bearer nobody", "Basic b3duZXI6", "owner"} {
		got := b.call(t, http.MethodGet, "/api/v1/orders", "", "Authorization: "+header)
		require.Equal(t, http.StatusUnauthorized, got.status, header)
		require.Equal(t, `Bearer realm="brigade"`, got.header.Get("WWW-Authenticate"))
		require.Equal(t, "urn:brigade:problem:unauthorized", got.body["type"])
	}
	for _, path := range []string{"/health", "/ready", "/metrics", "/docs", "/openapi.json"} {
		require.Equal(t, http.StatusOK, b.call(t, http.MethodGet, path, "", "Authorization:").status, path)
	}
}

func TestDemoOwnerActsWithoutAToken(t *testing.T) {
	t.Parallel()
	b := setup(t, func(p *Parts) { p.Demo = &actor.Actor{Tenant: 3, Outlet: 1, Name: "demo owner", Role: actor.Owner} })
	at := func(host string, headers ...string) int {
		req := httptest.NewRequest(http.MethodGet, "http://"+host+"/api/v1/tokens", nil)
		for _, h := range headers {
			name, value, _ := strings.Cut(h, ": ")
			req.Header.Set(name, value)
		}
		w := httptest.NewRecorder()
		b.ServeHTTP(w, req)
		return w.Code
	}
	for _, host := range []string{"127.0.0.1:8080", "localhost:8080", "[::1]:8080", "localhost", "[::1]"} {
		require.Equal(t, http.StatusOK, at(host), host)
	}
	require.Equal(t, http.StatusUnauthorized, at("rebound.example:8080"), "a domain that was made to resolve to this machine")
	require.Equal(t, http.StatusUnauthorized, at("localhost:8080", "Authorization: Bearer nobody"), "a wrong token is not no token")
	require.Equal(t, http.StatusForbidden, at("localhost:8080", "Authorization: Bearer cook"))
}

func TestOtherSitesCannotMakeABrowserAct(t *testing.T) {
	t.Parallel()
	b := setup(t)
	got := b.call(t, http.MethodPost, "/api/v1/tasks/1/start", "", "Sec-Fetch-Site: cross-site")
	require.Equal(t, http.StatusForbidden, got.status)
	require.Equal(t, http.StatusOK, b.call(t, http.MethodPost, "/api/v1/tasks/1/start", "", "Sec-Fetch-Site: same-origin").status)
	require.Equal(t, http.StatusOK, b.call(t, http.MethodPost, "/api/v1/tasks/1/start", "").status)
	require.Empty(t, b.call(t, http.MethodGet, "/api/v1/menu", "", "Origin: https://elsewhere.example").header.Get("Access-Control-Allow-Origin"))
}

func TestEveryKindOfErrorHasItsStatus(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, c := range []struct {
		err    error
		status int
		kind   string
		header string
		says   string
	}{
		{errs.Invalid("no"), 422, "invalid", "", "no"},
		{errs.Malformed("no"), 400, "malformed", "", "no"},
		{errs.Forbidden("no"), 403, "forbidden", "", "no"},
		{errs.NotFound("no"), 404, "not_found", "", "no"},
		{errs.Conflict("no").Because(errors.New("secret")), 409, "conflict", "", "no"},
		{errs.TooLarge("no"), 413, "too_large", "", "no"},
		{errs.TooMany("no"), 429, "too_many", "1", "no"},
		{&errs.Error{Kind: errs.KindUnavailable, Msg: "away", After: 2500 * time.Millisecond}, 503, "unavailable", "3", "away"},
		{errs.Unknown("maybe"), 503, "outcome_unknown", "1", "maybe"},
		{errors.New("secret"), 500, "internal", "", "something is broken here"},
		{context.DeadlineExceeded, 503, "outcome_unknown", "1", "this took too long"},
	} {
		b.kitchen.err = c.err
		got := b.call(t, http.MethodPost, "/api/v1/tasks/1/start", "")
		require.Equal(t, c.status, got.status, c.kind)
		require.Equal(t, "application/problem+json", got.header.Get("Content-Type"))
		require.Equal(t, typePrefix+c.kind, got.body["type"])
		require.InDelta(t, c.status, got.body["status"], 0)
		require.Equal(t, http.StatusText(c.status), got.body["title"])
		require.Contains(t, got.body["detail"], c.says)
		require.Equal(t, got.body["detail"], got.body["error"])
		require.Equal(t, got.header.Get("X-Request-Id"), got.body["request_id"])
		require.Equal(t, c.header, got.header.Get("Retry-After"))
		require.NotContains(t, got.text, "secret")
	}
	require.Contains(t, b.logs.String(), `"error":{"msg":"secret"`)
}

func TestWhatTheRouterRefusesIsAProblemToo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	got := b.call(t, http.MethodGet, "/api/v1/nothing", "")
	require.Equal(t, http.StatusNotFound, got.status)
	require.Equal(t, "application/problem+json", got.header.Get("Content-Type"))
	require.Equal(t, got.body["detail"], got.body["error"])
	got = b.call(t, http.MethodPut, "/api/v1/orders", "{}")
	require.Equal(t, http.StatusMethodNotAllowed, got.status)
	require.Equal(t, "GET, HEAD, POST", got.header.Get("Allow"))
	require.Contains(t, got.body["error"], "PUT is not possible here")
}

func TestBodiesThatAreNotAccepted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const path = "/api/v1/orders/confirm"
	large := `{"external_order_id":"x","items":{"` + strings.Repeat("x", maxBody) + `":1}}`
	for _, c := range []struct {
		body   string
		header string
		status int
		says   string
	}{
		{`{"external_order_id"`, "", 400, "the body is not JSON"},
		{"", "Content-Type: application/json", 400, "request body is required"},
		{"external_order_id: x", "Content-Type: text/yaml", 415, "must be application/json"},
		{"a=b", "Content-Type: application/x-www-form-urlencoded", 400, "the body is not JSON"},
		{large, "", 413, "larger than 1048576 bytes"},
		{`{"external_order_id":"a\u0000b","items":{"wrap":1}}`, "", 400, "NUL"},
		{`[]`, "", 422, "the body must be an object"},
		{`null`, "", 422, "the body must be an object"},
		{`{"external_order_id":"x","items":{"wrap":1}} {}`, "", 400, "the body is not JSON"},
	} {
		headers := []string{}
		if c.header != "" {
			headers = append(headers, c.header)
		}
		got := b.call(t, http.MethodPost, path, c.body, headers...)
		require.Equal(t, c.status, got.status, "%.80s: %.200s", c.body, got.text)
		require.Contains(t, got.body["error"], c.says)
	}
	require.Empty(t, b.orders.placed)
	escaped := b.call(t, http.MethodPost, path, `{"external_order_id":"a\\u0000b","items":{"wrap":1}}`, "Content-Type: application/json; charset=utf-8")
	require.Equal(t, http.StatusCreated, escaped.status, "an escaped backslash is no NUL")
	require.Equal(t, http.StatusCreated, b.call(t, http.MethodPost, path, confirmExample, "Content-Type:").status, "JSON is what is expected")
}

// A body of unknown length is counted while it is read.
func TestChunkedBodiesHaveTheSameLimit(t *testing.T) {
	t.Parallel()
	b := setup(t)
	req := httptest.NewRequest(http.MethodPost, "/api/v1/orders/confirm", strings.NewReader(strings.Repeat(" ", maxBody+1)))
	req.ContentLength = -1
	req.Header.Set("Authorization", "Bearer owner")
	w := httptest.NewRecorder()
	b.ServeHTTP(w, req)
	require.Equal(t, http.StatusRequestEntityTooLarge, w.Code)
}

func TestAddressesThatCannotBeKept(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, path := range []string{"/orders/a%00b/status", "/orders/%ff/status", "/api/v1/menu?outlet=%00", "/api/v1/menu?outlet=%ff"} {
		require.Equal(t, http.StatusBadRequest, b.call(t, http.MethodGet, path, "").status, path)
	}
	got := b.call(t, http.MethodPost, "/orders", `{"customer_name":"Ada"}`, "Idempotency-Key: a\xffb")
	require.Equal(t, http.StatusBadRequest, got.status)
	require.Contains(t, got.faults(), "Idempotency-Key")
}

func TestPanicsAreAnsweredAndLogged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.orders.place = func(context.Context) error { panic("boom") }
	got := b.call(t, http.MethodPost, "/api/v1/orders/confirm", confirmExample)
	require.Equal(t, http.StatusInternalServerError, got.status)
	require.NotContains(t, got.text, "boom")
	require.Equal(t, "application/problem+json", got.header.Get("Content-Type"))
	require.Contains(t, b.logs.String(), `"action":"panic"`)
	require.Contains(t, b.logs.String(), "boom")
}

func TestRequestsHaveATimeLimit(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.server.timeout = time.Millisecond
	b.orders.place = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	got := b.call(t, http.MethodPost, "/api/v1/orders/confirm", confirmExample)
	require.Equal(t, http.StatusServiceUnavailable, got.status)
	require.Equal(t, "urn:brigade:problem:outcome_unknown", got.body["type"])
	require.NotEmpty(t, got.header.Get("Retry-After"))
}

func TestRequestIDsAreTakenOrMade(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.Equal(t, "mine-1", b.call(t, http.MethodGet, "/health", "", "X-Request-Id: mine-1").header.Get("X-Request-Id"))
	require.Contains(t, b.logs.String(), `"request_id":"mine-1"`)
	first := b.call(t, http.MethodGet, "/health", "").header.Get("X-Request-Id")
	second := b.call(t, http.MethodGet, "/health", "", "X-Request-Id: with space").header.Get("X-Request-Id")
	require.NotEmpty(t, first)
	require.NotEqual(t, first, second)
	require.NotContains(t, second, " ")
}

func TestTheHotPathIsLoggedInDebugOnly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.call(t, http.MethodPost, "/api/v1/orders/confirm", confirmExample)
	b.call(t, http.MethodGet, "/api/v1/menu", "")
	b.call(t, http.MethodGet, "/api/v1/tasks/99", "")
	require.Contains(t, b.logs.String(), `"level":"DEBUG","message":"POST /api/v1/orders/confirm 201"`)
	require.Contains(t, b.logs.String(), `"level":"INFO","message":"GET /api/v1/menu 200"`)
	require.Contains(t, b.logs.String(), `"level":"INFO","message":"GET /api/v1/tasks/99 404"`)
	metrics := b.call(t, http.MethodGet, "/metrics", "").text
	require.Contains(t, metrics, `brigade_http_requests_total{method="GET",route="/api/v1/tasks/{taskID}",status="404"} 1`)
	require.Contains(t, metrics, `brigade_http_requests_total{method="POST",route="/api/v1/orders/confirm",status="201"} 1`)
}

func TestReadySaysWhyNot(t *testing.T) {
	t.Parallel()
	b := setup(t, func(p *Parts) {
		p.Ready = func(context.Context) error {
			return errs.Unavailable("Postgres is out of reach").Because(errors.New("secret"))
		}
	})
	got := b.call(t, http.MethodGet, "/ready", "")
	require.Equal(t, http.StatusServiceUnavailable, got.status)
	require.Equal(t, "Postgres is out of reach", got.body["error"])
	require.Equal(t, http.StatusOK, b.call(t, http.MethodGet, "/health", "").status)
}

func TestViewsServeTheirRoutesAlone(t *testing.T) {
	t.Parallel()
	b := setup(t, func(p *Parts) { p.Views = []View{ViewTracking} })
	require.Equal(t, http.StatusOK, b.call(t, http.MethodGet, "/workers/status", "").status)
	require.Equal(t, http.StatusOK, b.call(t, http.MethodGet, "/health", "").status)
	require.Equal(t, http.StatusNotFound, b.call(t, http.MethodPost, "/orders", "{}").status)
	require.Equal(t, http.StatusNotFound, b.call(t, http.MethodGet, "/api/v1/orders", "").status)
	require.NotContains(t, b.call(t, http.MethodGet, "/openapi.json", "").body["paths"], "/orders")
}

func TestOutletsAreNamedBySlugOrID(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, ref := range []string{"pizzeria", "2"} {
		require.Equal(t, http.StatusCreated, b.call(t, http.MethodPost, "/api/v1/orders/confirm?outlet="+ref, confirmExample).status)
	}
	require.Equal(t, int64(2), b.orders.placed[0].Outlet)
	require.Equal(t, int64(2), b.orders.placed[1].Outlet)
	require.Equal(t, http.StatusNotFound, b.call(t, http.MethodGet, "/api/v1/kitchen?outlet=nowhere", "").status)
	require.Equal(t, http.StatusNotFound, b.call(t, http.MethodGet, "/api/v1/kitchen?outlet=kitchen", "", "Authorization: Bearer bound").status)
	list := b.call(t, http.MethodGet, "/api/v1/outlets", "", "Authorization: Bearer bound")
	require.JSONEq(t, `[{"id":2,"slug":"pizzeria","name":"Pizzeria","timezone":"UTC","currency":"EUR","default":false}]`, list.text)
}

func TestOrdersArePaged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	older := demoOrder()
	older.ID = 7
	b.orders.list = []order.Order{demoOrder(), older}
	got := b.call(t, http.MethodGet, "/api/v1/orders?limit=2&status=created,ready&open=true&outlet=pizzeria&before=50", "")
	require.Equal(t, http.StatusOK, got.status, got.text)
	require.InDelta(t, 7, got.body["next"], 0)
	require.Equal(t, order.Filter{
		Outlet: 2, Status: []order.Status{order.Created, order.Ready}, Open: true, Before: 50, Limit: 2,
	}, b.orders.filter)
	require.Nil(t, b.call(t, http.MethodGet, "/api/v1/orders?limit=3", "").body["next"])

	wrong := b.call(t, http.MethodGet, "/api/v1/orders?limit=0&before=x", "")
	require.Equal(t, http.StatusUnprocessableEntity, wrong.status)
	require.Equal(t, map[string]string{"limit": "must be at least 1", "before": "must be a whole number"}, wrong.faults())
	unknown := b.call(t, http.MethodGet, "/api/v1/orders?outlets=pizzeria", "")
	require.Equal(t, map[string]string{"outlets": "is not known"}, unknown.faults())
}

func TestPlacingACanonicalOrder(t *testing.T) {
	t.Parallel()
	b := setup(t)
	got := b.call(t, http.MethodPost, "/api/v1/orders",
		`{"type":"dine_in","table_number":7,"customer_name":"Ada","items":[{"sku":"wrap","quantity":2}],"outlet":"pizzeria"}`, "Idempotency-Key: k1")
	require.Equal(t, http.StatusCreated, got.status, got.text)
	require.Contains(t, got.text, `"total":24.98`)
	p := b.orders.placed[0]
	require.Equal(t, "api", p.Source)
	require.Equal(t, "k1", p.Key)
	require.NotEmpty(t, p.Fingerprint)
	require.Equal(t, int64(2), p.Outlet)
	require.Equal(t, 7, p.TableNumber)
	b.orders.receipt.Repeated = true
	require.Equal(t, http.StatusOK, b.call(t, http.MethodPost, "/api/v1/orders", `{"type":"takeout","items":[{"sku":"wrap","quantity":1}]}`).status)

	wrong := b.call(t, http.MethodPost, "/api/v1/orders", `{"items":[{"sku":5},{"quantity":1,"colour":"red"}],"x":1}`)
	require.Equal(t, http.StatusUnprocessableEntity, wrong.status)
	require.Equal(t, map[string]string{
		"type": "is missing", "items[0].sku": "must be a text", "items[0].quantity": "is missing",
		"items[1].sku": "is missing", "items[1].colour": "is not known", "x": "is not known",
	}, wrong.faults())
}

func TestAnOrderIsShownWithItsTasksAndTimeline(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.orders.changes = []order.Change{{Seq: 1, Status: order.Created, By: "till", At: noon}}
	got := b.call(t, http.MethodGet, "/api/v1/orders/ORD_20260504_001", "")
	require.Equal(t, http.StatusOK, got.status)
	require.Equal(t, "2026-05-04T12:02:05Z", got.body["estimated_ready_at"])
	require.Len(t, got.body["tasks"], 4)
	require.Len(t, got.body["timeline"], 1)
	require.Equal(t, http.StatusNotFound, b.call(t, http.MethodGet, "/api/v1/orders/ORD_1", "").status)
}

func TestQueueIsPaged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	got := b.call(t, http.MethodGet, "/api/v1/kitchen/queue?limit=2", "")
	require.Len(t, got.body["tasks"], 2)
	require.InDelta(t, 2, got.body["next"], 0)
	first := got.body["tasks"].([]any)[0].(map[string]any)
	require.InDelta(t, 20, first["score"], 0)
	require.Equal(t, "machine full", first["waits_for"])
	got = b.call(t, http.MethodGet, "/api/v1/kitchen/queue?limit=2&offset=2", "")
	require.Len(t, got.body["tasks"], 1)
	require.Nil(t, got.body["next"])
	require.Empty(t, b.call(t, http.MethodGet, "/api/v1/kitchen/queue?offset=99", "").body["tasks"])
}

func TestKitchenIsShownAndChanged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	board := b.call(t, http.MethodGet, "/api/v1/kitchen", "")
	require.InDelta(t, 41, board.body["open_tickets"], 0)
	require.InDelta(t, 2, board.body["ready_tasks"], 0)
	for _, list := range []string{"stations", "machines", "staff"} {
		got := b.call(t, http.MethodGet, "/api/v1/kitchen/"+list, "")
		want, err := json.Marshal(board.body[list])
		require.NoError(t, err)
		require.JSONEq(t, string(want), got.text)
	}
	for _, c := range [][2]string{
		{"machines/grill-1/down", `{"reason":"cleaning"}`},
		{"machines/grill-1/down", ``},
		{"machines/grill-1/up", ``},
		{"staff/Asha/break", `{"minutes":15}`},
		{"staff/Asha/break", ``},
		{"staff/Asha/back", ``},
	} {
		require.Equal(t, http.StatusOK, b.call(t, http.MethodPost, "/api/v1/kitchen/"+c[0], c[1]).status, c[0])
	}
	require.Equal(t, []string{
		"grill-1 down cleaning", "grill-1 down", "grill-1 up", "Asha break 15m0s", "Asha break 0s", "Asha back 0s",
	}, b.kitchen.calls)
	require.Equal(t, http.StatusUnprocessableEntity, b.call(t, http.MethodPost, "/api/v1/kitchen/staff/Asha/break", `{"minutes":-1}`).status)
	explained := b.call(t, http.MethodGet, "/api/v1/tasks/1/explain", "")
	require.Contains(t, explained.text, `"why":{"policy":"greedy"}`)
}

func TestTokensAreShownOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	got := b.call(t, http.MethodPost, "/api/v1/tokens", `{"name":"till","role":"cook","outlet":"2","expires_in_days":1}`)
	require.Equal(t, http.StatusCreated, got.status, got.text)
	require.Equal(t, "brg_plain", got.body["token"])
	require.Equal(t, "no-store", got.header.Get("Cache-Control"))
	require.InDelta(t, 2, got.body["outlet_id"], 0)
	require.NotNil(t, got.body["expires_at"])
	require.NotContains(t, b.call(t, http.MethodGet, "/api/v1/tokens", "").text, "brg_")
	require.Equal(t, http.StatusNoContent, b.call(t, http.MethodDelete, "/api/v1/tokens/9", "").status)
	require.Equal(t, []int64{9}, b.tenants.revoked)
	wrong := b.call(t, http.MethodPost, "/api/v1/tokens", `{"name":"","role":"king","outlet":"nowhere","expires_in_days":0}`)
	require.Equal(t, http.StatusUnprocessableEntity, wrong.status)
	require.Contains(t, wrong.faults(), "role")
	require.Contains(t, wrong.faults(), "name")
}

func TestStatusOfAnOrderInContractRsWords(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const path = "/orders/ORD_20260504_001/status"
	require.JSONEq(t, `{"order_number":"ORD_20260504_001","current_status":"received","updated_at":"2026-05-04T12:00:00Z",
		"estimated_completion":"2026-05-04T12:02:05Z","processed_by":""}`, b.call(t, http.MethodGet, path, "").text)
	for _, s := range order.Statuses {
		require.NotEmpty(t, contractStatus[s], s)
	}
	b.orders.order.Status = order.Cancelled
	require.Nil(t, b.call(t, http.MethodGet, path, "").body["estimated_completion"])
	b.orders.order.Status, b.orders.order.ReadyAt = order.Collected, noon.Add(time.Minute)
	b.kitchen.ticket.TaskViews[0].StartedAt, b.kitchen.ticket.TaskViews[0].StaffName = noon, "Asha"
	got := b.call(t, http.MethodGet, path, "")
	require.Equal(t, "completed", got.body["current_status"])
	require.Equal(t, "2026-05-04T12:01:00Z", got.body["estimated_completion"])
	require.Equal(t, "Asha", got.body["processed_by"])
}

func TestTaskShowsNullForWhatIsNotThere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.JSONEq(t, `{"id":1,"order_id":1,"description":"grill patty","counter":"griller","machine":"grill-1","estimate_secs":80,
		"base_priority":20,"pending_deps":0,"assigned_staff_id":null,"assigned_machine_id":null,"status":"UNASSIGNED",
		"assigned_at":null,"started_at":null,"completed_at":null}`, b.call(t, http.MethodGet, "/api/v1/tasks/1", "").text)
	b.kitchen.ticket.TaskViews[0].Task = kitchen.Task{ID: 1, Staff: 4, OnMachine: 5, AssignedAt: noon, Estimate: 12500 * time.Millisecond}
	got := b.call(t, http.MethodGet, "/api/v1/tasks/1", "")
	require.InDelta(t, 12.5, got.body["estimate_secs"], 0)
	require.Equal(t, "2026-05-04T12:00:00Z", got.body["assigned_at"])
}

// feed is a client of the event stream.
type feed struct {
	*bufio.Scanner
	resp *http.Response
}

func follow(t *testing.T, url, token string, headers ...string) feed {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+token)
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	t.Cleanup(func() { _ = resp.Body.Close() })
	require.Equal(t, http.StatusOK, resp.StatusCode)
	return feed{bufio.NewScanner(resp.Body), resp}
}

// ids are the next n ids of events.
func (f feed) ids(n int) (got []string) {
	for len(got) < n && f.Scan() {
		if id, ok := strings.CutPrefix(f.Text(), "id: "); ok {
			got = append(got, id)
		}
	}
	return got
}

func TestEventsAreStreamedAndResumed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.tail.Run(ctx) }()
	srv := httptest.NewServer(b)
	t.Cleanup(srv.Close)
	url := srv.URL + "/api/v1/events"
	mine := eventtest.Event(1, 1)
	mine.Tenant, mine.Outlet = 3, 1
	other := mine
	other.Outlet = 2
	b.events.Append(mine)
	b.events.Append(other)
	b.events.Append(mine)

	all := follow(t, url+"?after=0", "owner")
	require.Equal(t, "text/event-stream", all.resp.Header.Get("Content-Type"))
	require.Equal(t, []string{"1", "2", "3"}, all.ids(3))
	resumed := follow(t, url+"?after=0", "owner", "Last-Event-ID: 2")
	require.Equal(t, []string{"3"}, resumed.ids(1))
	bound := follow(t, url+"?after=0", "bound")
	require.Equal(t, []string{"2"}, bound.ids(1))
	b.events.Append(other)
	require.Equal(t, []string{"4"}, all.ids(1))
	require.Equal(t, []string{"4"}, bound.ids(1))
	require.True(t, all.Scan())
	require.Equal(t, "event: "+string(mine.Type), all.Text())
	require.True(t, all.Scan())
	data, ok := strings.CutPrefix(all.Text(), "data: ")
	require.True(t, ok)
	var envelope map[string]any
	require.NoError(t, json.Unmarshal([]byte(data), &envelope))
	require.InDelta(t, 4, envelope["position"], 0)

	stop()
	require.NoError(t, <-ended)
	for _, f := range []feed{all, resumed, bound} {
		for f.Scan() {
		}
		require.NoError(t, f.Err(), "the stream ends cleanly when the server does")
	}
}

func TestEventsRefuseWhatTheyCannotRead(t *testing.T) {
	t.Parallel()
	b := setup(t)
	got := b.call(t, http.MethodGet, "/api/v1/events?types=TASK_READY,NOTHING&after=-4", "")
	require.Equal(t, http.StatusUnprocessableEntity, got.status)
	require.Equal(t, map[string]string{"types": `has no "NOTHING"`, "after": "must be the position of an event"}, got.faults())
	require.Equal(t, http.StatusForbidden, b.call(t, http.MethodGet, "/api/v1/events", "", "Authorization: Bearer customer").status)
	require.Equal(t, http.StatusOK, b.call(t, http.MethodHead, "/api/v1/events", "").status, "only asked about, so it ends at once")
	require.Equal(t, http.StatusNotFound, b.call(t, http.MethodGet, "/api/v1/events?outlet=kitchen", "", "Authorization: Bearer bound").status)
}
