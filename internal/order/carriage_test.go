package order_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/actor"
	"brigade/internal/clock"
	"brigade/internal/errs"
	"brigade/internal/order"
)

// shop sells one thing at 10.00 and is asked what carrying it means.
type shop struct {
	order.Store
	carriage order.Carriage
	fails    error
	asked    []order.Journey
	drafts   []order.Draft
}

func (s *shop) Lookup(_ context.Context, _, _ int64, names []string) ([]*order.MenuItem, error) {
	items := make([]*order.MenuItem, len(names))
	for i := range names {
		items[i] = &order.MenuItem{SKU: "soup", Name: "Soup", Price: 1000}
	}
	return items, nil
}

func (s *shop) Outlet(context.Context, int64, int64) (order.Outlet, error) {
	return order.Outlet{ID: 2, Currency: "EUR"}, nil
}

func (s *shop) Carry(_ context.Context, j order.Journey) (order.Carriage, error) {
	s.asked = append(s.asked, j)
	return s.carriage, s.fails
}

func (s *shop) Place(_ context.Context, d order.Draft) (order.Receipt, error) {
	s.drafts = append(s.drafts, d)
	return order.Receipt{Order: d.Order}, d.Refused
}

func (s *shop) place(t *testing.T, change func(*order.Placement)) (order.Order, error) {
	t.Helper()
	service := order.NewService(s, s, s, clock.NewManual(time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)))
	service.CarryBy(s)
	p := order.Placement{Source: "api", Type: order.Delivery, Outlet: 2, DeliveryAddress: "Calle Mayor 1", Items: []order.Wanted{{SKU: "soup", Quantity: 6}}}
	change(&p)
	r, err := service.Place(t.Context(), actor.Actor{Tenant: 1, Role: actor.Manager}, p)
	return r.Order, err
}

func TestTheFeeIsPartOfTheTotal(t *testing.T) {
	t.Parallel()
	s := &shop{carriage: order.Carriage{Zone: "far", Fee: 490, Extra: time.Minute}}
	o, err := s.place(t, func(*order.Placement) {})
	require.NoError(t, err)
	require.EqualValues(t, 6490, o.Total)
	require.EqualValues(t, 490, o.Fee)
	require.Equal(t, 5, o.Priority, "that of what is eaten")
	require.EqualValues(t, 6000, s.asked[0].Sum, "minimums are without the fee")
	require.False(t, s.asked[0].Agreed)

	_, err = s.place(t, func(p *order.Placement) { p.Source = "channel:eats" })
	require.NoError(t, err)
	require.True(t, s.asked[1].Agreed, "a provider has agreed on a fee of his own")
	for _, free := range []func(*order.Placement){
		func(p *order.Placement) { p.Source = "orders" }, func(p *order.Placement) { p.Source = "kitchen" },
		func(p *order.Placement) { p.Type, p.DeliveryAddress = order.Takeout, "" },
	} {
		o, err = s.place(t, free)
		require.NoError(t, err)
		require.EqualValues(t, 6000, o.Total)
	}
	require.Len(t, s.asked, 2, "nobody is asked for those")
}

// A request with a key that was right when it came first gets its first answer, whatever is so now; only the store knows.
func TestWhatIsNotCarriedIsRefused(t *testing.T) {
	t.Parallel()
	keyed := func(p *order.Placement) { p.Key = "k" }
	for _, refusal := range []error{errs.Conflict("paused"), errs.Invalid("outside")} {
		for _, s := range []*shop{{fails: refusal}, {carriage: order.Carriage{Refusal: refusal}}} {
			_, err := s.place(t, func(*order.Placement) {})
			require.ErrorIs(t, err, refusal)
			require.Empty(t, s.drafts, "nothing is written")
			_, err = s.place(t, keyed)
			require.ErrorIs(t, err, refusal)
			require.Len(t, s.drafts, 1, "the store is asked")
		}
	}
	away := &shop{fails: errors.New("no database")}
	_, err := away.place(t, keyed)
	require.ErrorIs(t, err, away.fails)
	require.Empty(t, away.drafts)
}
