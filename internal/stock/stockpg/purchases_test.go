package stockpg_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/stock"
	"brigade/internal/stock/stockpg"
	"brigade/internal/store"
)

func TestAPurchaseOrderFromPlanToStock(t *testing.T) {
	t.Parallel()
	k := setup(t).kitchen(t, "10")
	ctx := t.Context()
	drafts, err := k.service.Suggested(ctx, k.who, 0, "monday")
	require.NoError(t, err)
	require.Len(t, drafts, 1)
	p := drafts[0]
	require.Equal(t, "PO-00001", p.Number)
	require.Equal(t, "2026-05-05 2026-05-04T14:00:00Z", p.DeliverOn.Format("2006-01-02")+" "+p.OrderBy.Format(time.RFC3339))
	require.Len(t, p.Lines, 2)
	byProduct := map[string]int{p.Lines[0].Code: p.Lines[0].Packs, p.Lines[1].Code: p.Lines[1].Packs}
	require.Equal(t, map[string]int{"P-1": 3, "M-1": 2}, byProduct, "90 of 40 each; at least two packs")
	again, err := k.service.Suggested(ctx, k.who, 0, "monday")
	require.NoError(t, err)
	require.Empty(t, again, "what is drafted counts")

	p, err = k.service.Edit(ctx, k.who, p.ID, stock.Edit{Version: 1, Set: []stock.OrderLine{{Product: "P-1", Packs: 2}, {Ingredient: "mayo", Packs: 0}}})
	require.NoError(t, err)
	_, err = k.service.Edit(ctx, k.who, p.ID, stock.Edit{Version: 1})
	require.True(t, errs.Is(err, errs.KindConflict), err)
	require.Len(t, p.Lines, 2, "what was suggested stays to be seen")
	require.EqualValues(t, 64_00, p.Total())
	_, err = k.service.Receive(ctx, k.who, stock.Receipt{Purchase: p.ID})
	require.ErrorContains(t, err, "only what was sent")
	for range 2 {
		p, err = k.service.Send(ctx, k.who, p.ID)
		require.NoError(t, err)
		require.Equal(t, stock.Sent, p.Status)
	}
	_, err = k.service.Edit(ctx, k.who, p.ID, stock.Edit{})
	require.ErrorContains(t, err, "only a draft")
	require.InDelta(t, 80, k.level(t, "patty").OnOrder.Float(), 0)

	no := p.Lines[0].No
	if p.Lines[1].Code == "P-1" {
		no = p.Lines[1].No
	}
	first := stock.Receipt{Purchase: p.ID, Key: "slip-1", Lines: []stock.ReceivedLine{{No: no, Quantity: 30_000, Expires: noon.Add(24 * time.Hour)}}}
	var g errgroup.Group
	for range 6 {
		g.Go(func() error { _, err := k.service.Receive(ctx, k.who, first); return err })
	}
	require.NoError(t, g.Wait())
	k.agrees(t)
	k.holds(t, "patty", 40, 0)
	require.InDelta(t, 50, k.level(t, "patty").OnOrder.Float(), 0)
	p, err = k.service.Receive(ctx, k.who, stock.Receipt{Purchase: p.ID})
	require.NoError(t, err)
	require.Equal(t, stock.Received, p.Status)
	k.holds(t, "patty", 90, 0)
	k.holds(t, "mayo", 10_000, 0)
	_, err = k.service.Cancel(ctx, k.who, p.ID)
	require.True(t, errs.Is(err, errs.KindConflict), err)
	k.agrees(t)
}

func TestOrdersByHand(t *testing.T) {
	t.Parallel()
	k := setup(t).kitchen(t, "10")
	ctx := t.Context()
	order := stock.Order{Supplier: "metro", Key: "k", Lines: []stock.OrderLine{{Ingredient: "patty", Packs: 1}}}
	numbers := make([]string, 6)
	var g errgroup.Group
	for i := range numbers {
		g.Go(func() error {
			p, err := k.service.Draft(ctx, k.who, order)
			numbers[i] = p.Number
			return err
		})
	}
	require.NoError(t, g.Wait())
	require.Equal(t, []string{"PO-00001", "PO-00001", "PO-00001", "PO-00001", "PO-00001", "PO-00001"}, numbers)
	p, err := k.service.Find(ctx, k.who, 0, "po-00001")
	require.NoError(t, err)
	_, err = k.service.Send(ctx, k.who, p.ID)
	require.ErrorContains(t, err, "Metro delivers from 50.00 on")
	for says, o := range map[string]stock.Order{
		"does not sell gold":        {Supplier: "metro", Lines: []stock.OrderLine{{Product: "gold", Packs: 1}}},
		"must be 0 to 100000":       {Supplier: "metro", Lines: []stock.OrderLine{{Product: "P-1", Packs: -1}}},
		"is here twice":             {Supplier: "metro", Lines: []stock.OrderLine{{Product: "P-1", Packs: 1}, {Ingredient: "patty", Packs: 1}}},
		"there is no supplier":      {Supplier: "nobody"},
		"was used for":              {Supplier: "metro", Key: "k"},
		"does not deliver on Wed":   {Supplier: "metro", DeliverOn: time.Date(2026, 5, 6, 0, 0, 0, 0, time.UTC)},
		"it is too late":            {Supplier: "metro", DeliverOn: time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)},
		"is too far away":           {Supplier: "metro", DeliverOn: time.Date(2046, 5, 1, 0, 0, 0, 0, time.UTC)},
		"must be UTF-8 without NUL": {Supplier: "metro", Note: "\x00"},
	} {
		_, err := k.service.Draft(ctx, k.who, o)
		require.ErrorContains(t, err, says)
	}
	cook, stranger := k.who, k.who
	cook.Role, stranger.Tenant = actor.Cook, 8
	_, err = k.service.Draft(ctx, cook, order)
	require.True(t, errs.Is(err, errs.KindForbidden), err)
	_, err = k.service.Purchase(ctx, stranger, p.ID)
	require.True(t, errs.Is(err, errs.KindNotFound), err)
	p, err = k.service.Cancel(ctx, k.who, p.ID)
	require.NoError(t, err)
	require.Equal(t, stock.Cancelled, p.Status)
	_, err = k.service.Draft(ctx, k.who, stock.Order{Supplier: "metro"})
	require.NoError(t, err)
	open, err := k.service.Purchases(ctx, k.who, stock.Query{Most: 10})
	require.NoError(t, err)
	require.Len(t, open, 1)
	require.Equal(t, "PO-00002", open[0].Number, "without gaps")
}

func TestWhatIsSentIsMailedWithTheChange(t *testing.T) {
	t.Parallel()
	k := setup(t).kitchen(t, "10")
	var mailed []int64
	rows := stockpg.New(k.pool, stockpg.Parts{Sent: func(_ context.Context, _ store.Tx, _, purchase int64) error {
		mailed = append(mailed, purchase)
		return nil
	}})
	service := stock.NewService(rows, k.clock, func(context.Context, int64, int64) (*time.Location, error) { return time.UTC, nil })
	service.Mails()
	p, err := service.Draft(t.Context(), k.who, stock.Order{Supplier: "metro", Lines: []stock.OrderLine{{Product: "P-1", Packs: 2}}})
	require.NoError(t, err)
	for range 2 {
		p, err = service.Send(t.Context(), k.who, p.ID)
		require.NoError(t, err)
	}
	require.Equal(t, []int64{p.ID}, mailed)
	require.Equal(t, "orders@metro.example", p.SentTo)
	require.NoError(t, rows.NoteFailure(t.Context(), acme, p.ID, "no such mailbox"))
	p, err = service.Purchase(t.Context(), k.who, p.ID)
	require.NoError(t, err)
	require.Equal(t, "no such mailbox", p.Failure)
}
