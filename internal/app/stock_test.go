package app_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"brigade/internal/cli"
)

// onHand is how much of an ingredient the kitchen has, and how much of that is held back.
func (r *running) onHand(ingredient string) (onHand, reserved float64) {
	r.t.Helper()
	status, answer := r.call(http.MethodGet, "/stock/ingredients/"+ingredient+"?outlet=kitchen", nil)
	require.Equal(r.t, http.StatusOK, status, "%v", answer)
	level := answer["level"].(map[string]any)
	return level["on_hand"].(float64), level["reserved"].(float64)
}

func (r *running) eventuallyHolds(ingredient string, onHand, reserved float64) {
	r.t.Helper()
	eventually(r.t, fmt.Sprint(ingredient, " ", onHand, " reserved ", reserved), func() bool {
		has, held := r.onHand(ingredient)
		return has == onHand && held == reserved
	})
}

func (r *running) count(entries ...any) {
	r.t.Helper()
	status, answer := r.call(http.MethodPost, "/stock/sheets?outlet=kitchen", map[string]any{"kind": "count", "entries": entries})
	require.Equal(r.t, http.StatusOK, status, "%v", answer)
}

// Orders hold ingredients back, cooking uses them, cancelling lets them go; what runs out is off everywhere, and back with it.
func TestStockFollowsOrdersAndTheMenuFollowsStock(t *testing.T) {
	t.Parallel()
	r := run(t, 1)
	r.count(map[string]any{"ingredient": "tortilla", "quantity": "3"}, map[string]any{"ingredient": "cup", "quantity": "10 pieces"})
	made := r.place(nil)["number"]
	r.eventuallyHolds("cup", 10, 1)
	r.cook(made)
	r.eventuallyHolds("cup", 9, 0)

	wraps := func(n int) map[string]any {
		return map[string]any{"items": []any{map[string]any{"sku": "wrap", "quantity": n}}}
	}
	number := r.place(wraps(3))["number"]
	r.eventuallyHolds("tortilla", 3, 3)
	refused := func() (int, any) {
		status, problem := r.call(http.MethodPost, "/orders", map[string]any{"type": "takeout", "items": []any{map[string]any{"sku": "wrap", "quantity": 1}}})
		return status, problem["detail"]
	}
	status, why := refused()
	require.Equal(t, http.StatusConflict, status)
	require.Equal(t, "item wrap is paused: Wheat tortilla has run out", why)
	_, quote := r.call(http.MethodPost, "/quotes", map[string]any{"type": "takeout", "items": []any{map[string]any{"sku": "wrap", "quantity": 1}}})
	require.Equal(t, []any{false, why}, []any{quote["accepted"], quote["paused"]})
	_, state := r.call(http.MethodGet, "/status?outlet=kitchen", nil)
	require.Len(t, state["paused"], 1)
	_, outs := r.call(http.MethodGet, "/stock/outs?outlet=kitchen", nil)
	require.Equal(t, "tortilla", outs["outs"].([]any)[0].(map[string]any)["missing"])

	status, _ = r.call(http.MethodPost, fmt.Sprint("/orders/", number, "/cancel"), nil)
	require.Equal(t, http.StatusOK, status)
	r.eventuallyHolds("tortilla", 3, 0)
	status, why = refused()
	require.Equal(t, http.StatusCreated, status, "%v", why)
	r.eventuallyHolds("tortilla", 3, 1)

	// By hand stays by hand, both ways.
	r.call(http.MethodPost, "/menu/wrap/86?outlet=kitchen", map[string]any{"reason": "the press is broken"})
	r.count(map[string]any{"ingredient": "tortilla", "quantity": "0"})
	r.count(map[string]any{"ingredient": "tortilla", "quantity": "50"})
	_, why = refused()
	require.Equal(t, "item wrap is paused: the press is broken", why)
	r.call(http.MethodPost, "/menu/wrap/back?outlet=kitchen", nil)
	r.count(map[string]any{"ingredient": "tortilla", "quantity": "0"})
	_, why = refused()
	require.Equal(t, "item wrap is paused: Wheat tortilla has run out", why)
	r.call(http.MethodPost, "/menu/wrap/back?outlet=kitchen", nil)
	status, why = refused()
	require.Equal(t, http.StatusCreated, status, "somebody has found some: %v", why)
	require.Empty(t, r.disagreements())
}

// disagreements are ingredients of which stock, lots, ledger and orders do not say the same.
func (r *running) disagreements() (list []string) {
	r.t.Helper()
	conn, err := pgx.Connect(r.t.Context(), r.a.DatabaseURL())
	require.NoError(r.t, err)
	defer conn.Close(context.Background())
	rows, err := conn.Query(r.t.Context(), `select i.code from stock_levels l join ingredients i on i.id = l.ingredient_id
		where l.on_hand_milli <> coalesce((select sum(remaining_milli) from stock_lots where ingredient_id = i.id), 0) - l.owed_milli
		   or l.on_hand_milli <> coalesce((select sum(quantity_milli) from stock_movements where ingredient_id = i.id), 0)
		   or l.reserved_milli <> coalesce((select sum(reserved_milli) from stock_orders where ingredient_id = i.id), 0)`)
	require.NoError(r.t, err)
	list, err = pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(r.t, err)
	return list
}

// A purchase order is drafted, edited, sent, received and exported from the command line.
func TestBuyingFromTheCommandLine(t *testing.T) {
	t.Parallel()
	r := run(t, 1)
	ok := func(args ...string) string {
		t.Helper()
		code, out, failed := r.brigade(append(args, "--outlet", "kitchen")...)
		require.Equal(t, cli.ExitDone, code, failed)
		return out
	}
	require.Contains(t, ok("supplier", "list"), "mercado")
	require.Contains(t, ok("supplier", "show", "mercado"), "Beef patty 113 g")
	require.Contains(t, ok("purchase", "create", "mercado", "1001=2", "--key", "a"), "PO-00001")
	require.Contains(t, ok("purchase", "create", "mercado", "1001=2", "--key", "a"), "PO-00001")
	require.Contains(t, ok("purchase", "edit", "PO-00001", "1001=3", "--note", "back door"), "144.00")
	require.Contains(t, ok("purchase", "send", "PO-00001"), "sent")
	before, _ := r.onHand("beef_patty")
	require.Contains(t, ok("purchase", "receive", "PO-00001", "1=90", "--key", "slip"), "partly_received")
	ok("purchase", "receive", "PO-00001", "1=90", "--key", "slip")
	r.eventuallyHolds("beef_patty", before+90, 0)
	require.Contains(t, ok("purchase", "receive", "PO-00001"), "received, delivery")
	require.Contains(t, ok("purchase", "export", "PO-00001", "--format", "csv", "--out", "-"), "144,00;EUR")
	require.Contains(t, ok("purchase", "list", "--all"), "PO-00001")
	file := t.TempDir() + "/po.pdf"
	require.Contains(t, ok("purchase", "export", "PO-00001", "--out", file), file)

	require.Contains(t, ok("stock", "list"), "Beef patty")
	require.Contains(t, ok("stock", "show", "beef_patty"), "PO-00001")
	require.Contains(t, ok("stock", "waste", "chicken=1.2 kg", "--reason", "left outside"), "-1.2 kg")
	require.Contains(t, ok("stock", "movements", "--ingredient", "chicken"), "left outside")
	require.Contains(t, ok("stock", "usage", "--ingredient", "chicken"), "chicken")
	require.Contains(t, ok("stock", "outs"), "everything can be made")
	code, _, failed := r.brigade("stock", "count", "chicken=3 l", "gold=1", "--outlet", "kitchen")
	require.Equal(t, cli.ExitFailed, code)
	require.Contains(t, failed, "it is measured in g")
	require.Contains(t, failed, `there is no ingredient "gold" here`)
	code, _, _ = r.brigade("stock", "count", "chicken")
	require.Equal(t, cli.ExitMisuse, code)
}
