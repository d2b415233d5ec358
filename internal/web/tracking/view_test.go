package tracking

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/actor"
	"brigade/internal/delivery"
	"brigade/internal/kitchen"
	"brigade/internal/kitchen/sched"
	"brigade/internal/order"
	"brigade/internal/tenant"
	"brigade/internal/web/page"
)

var noon = time.Date(2024, 12, 16, 12, 0, 0, 0, time.UTC)

func at(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }

// anOrder is one that was placed at noon and went through some statuses, a minute after the other.
func anOrder(typ order.Type, statuses ...order.Status) *look {
	l := &look{Now: at(len(statuses)), Outlet: tenant.Outlet{Name: "Kitchen", Timezone: time.UTC}}
	l.File.Order = order.Order{
		ID: 7, Number: "ORD_20241216_007", Type: typ, Status: order.Created, PlacedAt: noon, Currency: "EUR", Total: 1980,
		Lines: []order.Line{{Name: "Burger combo", Quantity: 2, UnitPrice: 990}},
	}
	l.File.History = []order.Change{{Status: order.Created, At: noon}}
	for i, s := range statuses {
		l.File.Order.Status = s
		l.File.History = append(l.File.History, order.Change{Status: s, At: at(i + 1)})
		switch {
		case s == order.Ready:
			l.File.Order.ReadyAt = at(i + 1)
		case s.Closed():
			l.File.Order.ClosedAt, l.File.Order.UpdatedAt = at(i+1), at(i+1)
		}
	}
	return l
}

func server1() *server {
	k := page.New(page.Parts{})
	return &server{Kit: k, Parts: Parts{Links: one{}}, set: k.Set(templates, nil)}
}

// told are the steps as somebody reads them.
func told(v view) string {
	var parts []string
	for _, s := range v.Steps {
		parts = append(parts, strings.TrimSpace(s.Name+" "+s.State+" "+s.Time))
	}
	return strings.Join(parts, ", ")
}

func TestStepsByType(t *testing.T) {
	t.Parallel()
	carried := anOrder(order.Delivery, order.InPreparation, order.Ready, order.SchedulingDelivery)
	carried.Carried = &delivery.Followed{Delivery: &delivery.Delivery{Status: delivery.Assigned, AssignedAt: at(2)}}
	early := anOrder(order.Delivery, order.InPreparation)
	early.Carried = carried.Carried
	for name, c := range map[string]struct {
		look *look
		want string
	}{
		"at a table":           {anOrder(order.DineIn, order.InPreparation), "Received done 12:00, In the kitchen now 12:01, Ready todo, Served todo"},
		"collected":            {anOrder(order.Takeout, order.InPreparation, order.Ready, order.Collected), "Received done 12:00, In the kitchen done 12:01, Ready done 12:02, Collected done 12:03"},
		"a driver is there":    {carried, "Received done 12:00, In the kitchen done 12:01, Ready done 12:02, Driver found now 12:02, On its way todo, Delivered todo"},
		"a driver before food": {early, "Received done 12:00, In the kitchen now 12:01, Ready todo, Driver found done 12:02, On its way todo, Delivered todo"},
		"made again":           {anOrder(order.Takeout, order.InPreparation, order.Ready, order.InPreparation), "Received done 12:00, In the kitchen now 12:01, Ready todo, Collected todo"},
		"cancelled":            {anOrder(order.Takeout, order.InPreparation, order.Cancelled), "Received done 12:00, In the kitchen done 12:01, Cancelled failed 12:02"},
	} {
		require.Equal(t, c.want, told(server1().view(c.look, "en")), name)
	}
}

func TestAPaidOrderSaysSo(t *testing.T) {
	t.Parallel()
	l := anOrder(order.Takeout)
	l.File.Terms = &order.Terms{Waits: order.WaitsPayment, Pay: order.Payment{Method: order.Card}, Code: "4711"}
	v := server1().view(l, "en")
	require.Equal(t, "Waiting for your payment", v.Headline)
	require.Contains(t, told(v), "Paid todo")
	require.Equal(t, "4711", v.Code)
	require.Equal(t, "/track/7/pay", v.Pay, "at the provider's page")
	l.File.Terms.Waits, l.File.Terms.Pay.Authorised = order.WaitsNot, 1980
	l.File.Steps = []order.StepView{{Step: order.StepAuthorise, State: "done", Changed: at(1)}}
	v = server1().view(l, "en")
	require.Contains(t, told(v), "Paid now 12:01")
	require.Empty(t, v.Pay)
}

func TestTheIntervalAndWhatHasChanged(t *testing.T) {
	t.Parallel()
	l := anOrder(order.Takeout, order.InPreparation)
	l.Promise = &kitchen.Promise{At: noon, Made: sched.Made{P50: 10 * time.Minute, P90: 15 * time.Minute}, P50: at(10), P90: at(15)}
	v := server1().view(l, "en")
	require.Equal(t, []string{"Ready", "12:10–12:15", ""}, []string{v.Label, v.When, v.First})
	require.Empty(t, v.Notes)

	l.Promise.P50, l.Promise.P90, l.Cause = at(18), at(24), kitchen.CauseStation
	v = server1().view(l, "en")
	require.Equal(t, []string{"12:18–12:24", "First we said 12:10–12:15."}, []string{v.When, v.First})
	require.Equal(t, []note{{"", "It takes about 9 min longer than we first said. The kitchen has more to do than we expected."}}, v.Notes)

	l.Now = at(20)
	require.Equal(t, "12:20–12:24", server1().view(l, "en").When, "what is past is not said")
	l.Now = at(30)
	require.Equal(t, "any moment now", server1().view(l, "en").When)
}

func TestTheDriverIsShownOnlyWhileHeCarriesIt(t *testing.T) {
	t.Parallel()
	l := anOrder(order.Delivery, order.InPreparation, order.Ready, order.InDelivery)
	l.Carried = &delivery.Followed{Delivery: &delivery.Delivery{
		Status: delivery.PickedUp, Located: true, From: delivery.Point{Lat: 40.42, Lon: -3.70}, To: delivery.Point{Lat: 40.41, Lon: -3.71},
		ETA: delivery.ETA{At: at(9), From: at(8), To: at(12)},
	}, Here: &delivery.Fix{Point: delivery.Point{Lat: 40.415, Lon: -3.705}, At: at(-1)}}
	l.Driver = "Marta"
	v := server1().view(l, "en")
	require.Equal(t, []string{"On its way to you", "Marta has it on board.", "At your door", "12:08–12:12"}, []string{v.Headline, v.Say, v.Label, v.When})
	require.Len(t, v.Map.Spots, 3)
	require.Equal(t, "seen 4 min ago", v.Map.Spots[2].Note, "an old position is said to be old")
	l.Carried.Here = nil
	require.Len(t, server1().view(l, "en").Map.Spots, 2)
	l.Carried.Status, l.File.Order.Status = delivery.Delivered, order.Delivered
	require.Nil(t, server1().view(l, "en").Map)
}

func TestACancelledOrderSaysWhy(t *testing.T) {
	t.Parallel()
	l := anOrder(order.Takeout, order.Cancelled)
	l.File.History[1].Reason = "the oven is broken."
	l.File.Terms = &order.Terms{Pay: order.Payment{Method: order.Card, Captured: 1980, Refunded: 1980}}
	v := server1().view(l, "en")
	require.True(t, v.Failed)
	require.Equal(t, "Reason: the oven is broken. Nothing is charged: your money is with you again.", v.Say)
}

// Every status has its words in every language; what guests and staff wrote stays text.
func TestEveryStatusInEveryLanguage(t *testing.T) {
	t.Parallel()
	s, evil := server1(), `<script>alert("1")</script>`
	for _, typ := range order.Types {
		for _, status := range order.Statuses {
			for _, lang := range []string{"en", "es", "ru"} {
				l := anOrder(typ, status)
				l.File.Order.Lines[0].Name, l.File.History[1].Reason, l.Driver, l.Outlet.Name = evil, evil, evil, evil
				l.Carried = &delivery.Followed{Delivery: &delivery.Delivery{Located: true}, Here: &delivery.Fix{At: l.Now}}
				v := s.view(l, lang)
				for _, part := range []string{"state", "steps", "notes", "lines", "trackmap"} {
					var html strings.Builder
					require.NoError(t, s.set.Of(lang, "track").ExecuteTemplate(&html, part, v))
					require.NotContains(t, html.String(), "<script")
					require.NotContains(t, html.String(), "tracking.", "%s %s %s", typ, status, lang)
					require.NotContains(t, html.String(), "%!")
				}
			}
		}
	}
}

// till counts how often a provider of payment is asked for its page.
type till struct{ asked int }

func (c *till) Page(context.Context, int64) (string, error) {
	c.asked++
	return "https://pay.example/", nil
}

// one is a restaurant whose links and orders are all there.
type one struct {
	page.Tenants
	Links
	Orders
}

func (one) ListOutlets(context.Context, int64) ([]tenant.Outlet, error) {
	return []tenant.Outlet{{ID: 9, Tenant: 1}}, nil
}

func (one) Path(_, id int64) string { return "/track/" + strconv.FormatInt(id, 10) }

func (one) Read(link string) (owner, id int64, ok bool) { return 1, int64(len(link)), true }

func (one) File(context.Context, actor.Actor, string) (order.File, error) {
	return order.File{Order: order.Order{Outlet: 9}}, nil
}

// Whoever has a link cannot have a provider of payment asked as often as he likes: the others' guests pay there, too.
func TestTheProviderIsNotAskedWithoutEnd(t *testing.T) {
	t.Parallel()
	mux, cashier := http.NewServeMux(), &till{}
	Mount(mux, page.New(page.Parts{Tenants: one{}, Log: slog.New(slog.DiscardHandler)}), Parts{Links: one{}, Orders: one{}, Cashier: cashier})
	ask := func(link string) int {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/track/"+link+"/pay", nil))
		return w.Code
	}
	codes := map[int]int{}
	for range 50 {
		codes[ask("a")]++
	}
	require.LessOrEqual(t, cashier.asked, 10)
	require.Equal(t, map[int]int{http.StatusSeeOther: cashier.asked, http.StatusTooManyRequests: 50 - cashier.asked}, codes)
	require.Equal(t, http.StatusSeeOther, ask("bb"), "another order's guest does not wait")
}
