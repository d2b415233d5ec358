package driver

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/delivery"
	"brigade/internal/delivery/dispatch"
	"brigade/internal/event"
	"brigade/internal/order"
	"brigade/internal/tenant"
	"brigade/internal/web/page"
	"brigade/internal/web/texts"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func at12(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }

// carried is a delivery of the driver 3.
func carried(id int64, status delivery.Status, change func(*delivery.Delivery)) *delivery.Delivery {
	d := &delivery.Delivery{
		Order: id, Outlet: 1, Number: "ORD_20260302_00" + string(rune('0'+id)), Status: status, Version: 4, Driver: 3, Customer: "Zoë <i>",
		Address: `Calle "Mayor" 5 (bajo) & 6, Madrid`, From: delivery.Point{Lat: 40.42, Lon: -3.7}, To: delivery.Point{Lat: 40.4215, Lon: -3.704}, Located: true,
		Size: 1, Zone: "centre", OrderStatus: "in_preparation", ETA: delivery.ETA{At: at12(20)}, PromisedAt: at12(15), OfferUntil: at12(1),
	}
	if change != nil {
		change(d)
	}
	return d
}

// evening is a driver with a trip of two orders that he is offered, one that is ready, one that is not, and one on board.
func evening() *look {
	return &look{
		Now: noon,
		Work: delivery.Work{
			Driver: &delivery.Driver{ID: 3, Name: "Marta", Status: delivery.Delivering, Held: 3, Version: 9, Zone: time.FixedZone("Madrid", 3600)},
			Deliveries: []*delivery.Delivery{
				carried(1, delivery.Assigned, func(d *delivery.Delivery) { d.OrderStatus = "ready" }),
				carried(2, delivery.Assigned, func(d *delivery.Delivery) { d.Size = 2 }),
				carried(3, delivery.PickedUp, func(d *delivery.Delivery) {
					d.Needs, d.Code, d.EscalatedAt, d.Note, d.Located = dispatch.Alcohol, "4711", noon, "Marta: <b>", false
				}),
				carried(4, delivery.Offered, nil),
				carried(5, delivery.Offered, nil),
				carried(6, delivery.Offered, func(d *delivery.Delivery) { d.OfferUntil = at12(2) }),
			},
		},
		Outlets: map[int64]tenant.Outlet{1: {ID: 1, Name: "Kitchen <1>"}},
		Money:   map[int64]order.Money{3: {Sum: 1640, Currency: "EUR"}, 4: {Sum: 990, Currency: "EUR"}},
	}
}

func shown(t *testing.T, lang, part string, v view) string {
	t.Helper()
	set := page.New(page.Parts{}).Set(templates, funcs)
	var out bytes.Buffer
	require.NoError(t, set.Of(lang, "driver").ExecuteTemplate(&out, part, v))
	return strings.Join(strings.Fields(out.String()), " ")
}

func TestAWay(t *testing.T) {
	t.Parallel()
	en := texts.Languages[0]
	v := newView(evening(), en)
	require.Len(t, v.Trips, 2, "what runs out together is one trip")
	require.Equal(t, "4:4,5:4", v.Trips[0].Refs)
	require.Len(t, v.Pickups, 1)
	require.Len(t, v.Pickups[0].Bags, 2)
	require.Len(t, v.Doors, 3)
	require.Equal(t, "delivering", v.Shift.State)

	offers := shown(t, "en", "offers", v)
	for _, guests := range []string{"Zoë", "Mayor", "4711"} {
		require.NotContains(t, offers, guests, "nothing of a guest before the trip is taken")
	}
	require.Contains(t, offers, "€9.90 in cash")
	stops := shown(t, "en", "stops", v)
	for _, want := range []string{
		"Kitchen &lt;1&gt;", "Zoë &lt;i&gt;", "Marta: &lt;b&gt;", "Take €16.40 in cash", `name="aged"`, "old enough", "still in the kitchen", "size 2",
		`href="geo:40.421500,-3.704000?q=40.421500,-3.704000%28Calle%20%22Mayor%22%205%20%28bajo%29%20&amp;%206%2C%20Madrid%29"`,
		`href="geo:0,0?q=Calle%20%22Mayor%22%205`, "13:20", "promised 13:15",
	} {
		require.Contains(t, stops, want)
	}
	require.NotContains(t, stops, "4711", "the code is the guest's to say")
	require.NotContains(t, stops, "+34")
	require.Equal(t, 3, strings.Count(stops, `value="delivered"`)-strings.Count(stops, `id="at-`), "one form by code, one with a photo, for each door")
	require.Equal(t, 2, strings.Count(stops, `data-after="pickup" hidden`), "what is not on board cannot be delivered")
	require.Equal(t, stops, shown(t, "en", "stops", newView(evening(), en)), "what has not changed is not sent again")
}

func TestShifts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name           string
		driver         delivery.Driver
		has, hasNot    string
		es, ru, states string
	}{
		{"off", delivery.Driver{Status: delivery.Idle}, "Go on shift", "Go off shift", "Está fuera de turno", "Вы не на смене", "off"},
		{"break", delivery.Driver{Status: delivery.Idle, BreakUntil: at12(20)}, "Back to work now", "Break, 20", "De descanso hasta las 12:20", "Перерыв до 12:20", "break"},
		{"waiting", delivery.Driver{Status: delivery.Waiting}, "Go off shift", "Go on shift", "De turno", "На смене", "waiting"},
		{"delivering", delivery.Driver{Status: delivery.Delivering, Held: 2}, "2 orders to bring", "<form", "De turno, 2 pedidos por llevar", "На смене, везти 2 заказа", "delivering"},
		{"incident", delivery.Driver{Status: delivery.Idle, IncidentAt: noon, Incident: "flat <tyre>"}, "flat &lt;tyre&gt;", "<form", "Está fuera de la calle", "Вы сняты с маршрута", "incident"},
	} {
		d := c.driver
		for lang, want := range map[string]string{"en": c.has, "es": c.es, "ru": c.ru} {
			l, _ := texts.Find(lang)
			v := newView(&look{Now: noon, Work: delivery.Work{Driver: &d}}, l)
			require.Equal(t, c.states, v.Shift.State, c.name)
			text := shown(t, lang, "shift", v)
			require.Contains(t, text, want, c.name)
			require.NotContains(t, text, c.hasNot, c.name)
		}
	}
}

// Of all that happens in a restaurant, a driver's page is drawn anew for what is his alone.
func TestWhatConcernsADriver(t *testing.T) {
	t.Parallel()
	s := &server{load: map[int64][]int64{}}
	s.carries(3, []int64{7})
	cooked := event.New(event.OrderStatusChanged, event.AggregateOrder, 7, 1, noon, event.OrderPayload{OrderID: 7})
	for _, e := range []event.Event{
		event.New(event.DeliveryOffered, event.AggregateDelivery, 7, 1, noon, event.DeliveryPayload{DriverID: 3}),
		event.New(event.DriverChanged, event.AggregateDriver, 3, 1, noon, event.DriverPayload{DriverID: 3}),
		cooked,
	} {
		require.True(t, s.concerns(e, 3))
		require.False(t, s.concerns(e, 4))
	}
	s.carries(3, nil)
	require.False(t, s.concerns(cooked, 3))
	require.Empty(t, s.load)
}
