package notify_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/errs"
	"brigade/internal/event"
	"brigade/internal/money"
	"brigade/internal/notify"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func change(order int64, seq int, kind notify.Kind, at time.Time) notify.Change {
	return notify.Change{
		Tenant: 1, Outlet: 2, Sequence: seq, Kind: kind, At: at,
		Facts: notify.Facts{OrderID: order, Number: "ORD_20260302_001", Status: string(kind)},
	}
}

func TestEventsOfOrdersBecomeChanges(t *testing.T) {
	t.Parallel()
	e := event.New(event.OrderStatusChanged, event.AggregateOrder, 7, 3, noon, event.OrderPayload{
		OrderID: 7, OrderNumber: "ORD_1", OldStatus: "in_preparation", NewStatus: "ready", ChangedBy: "Asha",
	})
	e.Tenant, e.Outlet = 1, 2
	changes := notify.FromEvent(e)
	require.Len(t, changes, 1)
	c := changes[0]
	require.Equal(t, notify.Ready, c.Kind)
	require.Equal(t, notify.Facts{OrderID: 7, Number: "ORD_1", OldStatus: "in_preparation", Status: "ready", ChangedBy: "Asha"}, c.Facts)
	require.Equal(t, 3, c.Sequence)
	require.Empty(t, notify.FromEvent(event.New(event.TaskReady, event.AggregateTask, 1, 1, noon, event.TaskPayload{})))
	status := func(p event.OrderPayload) []notify.Change {
		return notify.FromEvent(event.New(event.OrderStatusChanged, event.AggregateOrder, 7, 3, noon, p))
	}
	require.Empty(t, status(event.OrderPayload{NewStatus: "waiting_for_driver"}), "nobody outside cares")
	require.Empty(t, status(event.OrderPayload{NewStatus: "created", WaitsFor: "payment"}), "nobody has accepted it before it is paid")
	alarm := status(event.OrderPayload{OrderID: 7, NewStatus: "cancelled", Attention: true})
	require.Equal(t, []notify.Kind{notify.Cancelled, notify.Attention}, []notify.Kind{alarm[0].Kind, alarm[1].Kind})
	edit := notify.FromEvent(event.New(event.OrderEdited, event.AggregateOrder, 7, 4, noon, event.EditPayload{OrderID: 7, TotalMinor: 5_00, DifferenceMinor: -2_00}))
	require.Equal(t, money.Amount(2_00), *edit[0].Facts.PayBack)
}

func TestProvidersHearOfTheirOwnOrdersAndStaffOfThoseNobodyMakes(t *testing.T) {
	t.Parallel()
	a := notify.Audience{
		Webhooks: []notify.Webhook{{ID: 1, Tenant: 1}, {ID: 2, Tenant: 1, Source: "channel:mesa"}},
		Staff:    map[int64]notify.Contact{2: {Email: "boss@example.com"}}, Channels: []notify.Channel{notify.ByEmail, notify.Console},
	}
	theirs, ours := change(7, 1, notify.Attention, noon), change(8, 1, notify.Ready, noon)
	theirs.Source = "channel:mesa"
	ready := theirs
	ready.Kind = notify.Ready
	state := notify.Change{Tenant: 1, Outlet: 2, Sequence: 1, Kind: notify.StateChanged, Source: "channel:mesa", State: &notify.ChannelState{State: "paused"}}
	got := map[string]int{}
	for _, m := range notify.Plan([]notify.Change{theirs, ready, ours, state}, a) {
		got[m.Recipient+" "+string(m.Change.Kind)]++
	}
	require.Equal(t, map[string]int{
		"webhook:1 attention": 1, "boss@example.com attention": 1, "webhook:1 ready": 2, "webhook:2 ready": 1, "console ready": 2,
		"webhook:2 state": 1,
	}, got)
}

// Whoever looks after an outlet is called to an alert, and is left alone when it is over.
func TestAlertsCallWhoLooksAfterTheOutlet(t *testing.T) {
	t.Parallel()
	alarm := func(what event.Type, sequence int) notify.Change {
		e := event.New(what, event.AggregateAlert, 5, sequence, noon, event.AlertPayload{
			AlertID: 5, Kind: "failure", Severity: "critical", Title: "daily failed", Detail: "The run failed: no flour.",
		})
		e.Tenant, e.Outlet = 1, 2
		list := notify.FromEvent(e)
		require.Len(t, list, 1)
		return list[0]
	}
	a := notify.Audience{
		Webhooks: []notify.Webhook{{ID: 1, Tenant: 1}, {ID: 2, Tenant: 1, Kinds: []notify.Kind{notify.Ready}}, {ID: 3, Tenant: 1, Source: "channel:mesa"}},
		Staff:    map[int64]notify.Contact{2: {Email: "boss@example.com"}}, Channels: []notify.Channel{notify.ByEmail, notify.Console},
	}
	var got []string
	for _, m := range notify.Plan([]notify.Change{alarm(event.AlertRaised, 1), alarm(event.AlertArchived, 2)}, a) {
		got = append(got, m.Recipient+" "+m.Change.Alarm.What)
	}
	require.Equal(t, []string{"webhook:1 raised", "boss@example.com raised", "webhook:1 archived"}, got)
	raised := alarm(event.AlertRaised, 1)
	subject, body := notify.Render("", raised.Kind, raised.Facts)
	require.Equal(t, "Alert: daily failed", subject)
	require.Equal(t, "daily failed. The run failed: no flour.", body)
	require.Negative(t, raised.Facts.OrderID, "no order is meant")

	house := event.New(event.AlertRaised, event.AggregateAlert, 6, 1, noon, event.AlertPayload{AlertID: 6})
	require.Empty(t, notify.FromEvent(house), "no tenant hears of the house's own")
}

func TestIntegratorsHearEverythingTheyAskedForAndGuestsWhatMatters(t *testing.T) {
	t.Parallel()
	a := notify.Audience{
		Webhooks: []notify.Webhook{{ID: 1, Tenant: 1}, {ID: 2, Tenant: 1, Kinds: []notify.Kind{notify.Ready}}, {ID: 3, Tenant: 9}, {ID: 4, Tenant: 1, Outlet: 8}},
		Contacts: map[int64]notify.Contact{7: {Email: "ada@example.com", Phone: "+34600111222", Language: "es"}},
		Channels: []notify.Channel{notify.ByEmail, notify.ByText},
	}
	plan := notify.Plan([]notify.Change{change(7, 1, notify.Accepted, noon), change(7, 2, notify.Preparing, noon), change(7, 3, notify.Ready, noon)}, a)
	got := map[string]int{}
	for _, m := range plan {
		got[m.Recipient+" "+string(m.Change.Kind)]++
	}
	require.Equal(t, map[string]int{
		"webhook:1 accepted": 1, "webhook:1 preparing": 1, "webhook:1 ready": 1, "webhook:2 ready": 1,
		"ada@example.com accepted": 1, "ada@example.com ready": 1, "+34600111222 accepted": 1, "+34600111222 ready": 1,
	}, got)
	a.Channels = []notify.Channel{notify.Console}
	require.Len(t, notify.Plan([]notify.Change{change(8, 1, notify.Accepted, noon)}, a), 2, "the console and one webhook")
}

func TestGuestsAreToldTheSameOnceInAWhile(t *testing.T) {
	t.Parallel()
	a := notify.Audience{
		Webhooks: []notify.Webhook{{ID: 1, Tenant: 1}}, Channels: []notify.Channel{notify.ByEmail},
		Contacts: map[int64]notify.Contact{7: {Email: "ada@example.com"}},
	}
	again := []notify.Change{
		change(7, 3, notify.Ready, noon), change(7, 5, notify.Ready, noon.Add(time.Minute)), change(7, 7, notify.Ready, noon.Add(notify.CollapseWithin)),
	}
	var statuses []notify.Status
	for _, m := range notify.Plan(again, a) {
		if m.Channel == notify.ByEmail {
			statuses = append(statuses, m.Status)
		} else {
			require.Equal(t, notify.Pending, m.Status, "integrators get every change")
		}
	}
	require.Equal(t, []notify.Status{notify.Pending, notify.Collapsed, notify.Pending}, statuses)
}

func TestEveryKindForGuestsIsWrittenInEveryLanguage(t *testing.T) {
	t.Parallel()
	at := noon.Add(7 * time.Hour)
	full := notify.Facts{Number: "ORD_1", CustomerName: "Ada", Reason: "no patties.", ExpectedAt: &at}
	for _, f := range []notify.Facts{full, {Number: "ORD_1"}} {
		for _, language := range []string{"en", "es", "ru"} {
			for _, kind := range append([]notify.Kind{notify.Digest}, notify.Kinds...) {
				if kind == notify.Preparing || kind == notify.Edited {
					continue
				}
				subject, body := notify.Render(language, kind, f)
				require.Contains(t, subject, "ORD_1", "%s %s", language, kind)
				require.Contains(t, body, "ORD_1", "%s %s", language, kind)
				require.NotContains(t, subject+body, "{")
				require.NotContains(t, subject+body, "|")
				require.NotContains(t, body, "..")
			}
		}
	}
}

func TestRender(t *testing.T) {
	t.Parallel()
	at := noon.Add(7 * time.Hour)
	for _, c := range []struct {
		language string
		kind     notify.Kind
		facts    notify.Facts
		want     string
	}{
		{"en", notify.Accepted, notify.Facts{Number: "ORD_1"}, "Hello, we have your order ORD_1."},
		{"ES-mx", notify.Ready, notify.Facts{Number: "ORD_1", CustomerName: "Ada"}, "¡Buenas noticias Ada! Tu pedido ORD_1 está listo."},
		{"ru", notify.Accepted, notify.Facts{Number: "ORD_1", CustomerName: "Ада"}, "Здравствуйте, Ада! Мы получили ваш заказ ORD_1."},
		{"fr", notify.Delayed, notify.Facts{Number: "ORD_1", ExpectedAt: &at}, "Sorry, your order ORD_1 takes longer than we said. We now expect it at 19:00."},
		{"", notify.Cancelled, notify.Facts{Number: "ORD_1", Reason: "no\npatties."}, "Your order ORD_1 was cancelled. Reason: no patties."},
	} {
		_, body := notify.Render(c.language, c.kind, c.facts)
		require.Equal(t, c.want, body)
	}
}

func TestFaultyWebhooksAndContactsAreNamed(t *testing.T) {
	t.Parallel()
	require.NoError(t, notify.Webhook{URL: "https://example.com/hook", Kinds: []notify.Kind{notify.Ready}}.Validate())
	for _, w := range []notify.Webhook{
		{URL: "ftp://example.com"},
		{URL: "example.com"},
		{URL: "https://user:pw@example.com"},
		{URL: "https://example.com", Kinds: []notify.Kind{"x"}},
		{URL: "https://example.com/" + strings.Repeat("x", 2000)},
	} {
		require.True(t, errs.Is(w.Validate(), errs.KindInvalid), w.URL)
	}
	require.NoError(t, notify.Contact{Email: "ada@example.com", Phone: "+34600111222", Language: "es-MX"}.Validate(""))
	for _, c := range []notify.Contact{
		{Email: "ada"},
		{Email: "ada@localhost"},
		{Email: "a\r\nBcc: x@example.com"},
		{Email: "ada@example.com,bob@example.com"},
		{Phone: "600"},
		{Phone: "+34 600"},
		{Language: "e s"},
	} {
		require.True(t, errs.Is(c.Validate("contact."), errs.KindInvalid), c)
	}
}

func TestRecipientsAreMasked(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"ada@example.com": "a…@example.com", "+34600111222": "…222", "webhook:7": "webhook:7", "ñu@example.com": "ñ…@example.com",
	} {
		require.Equal(t, want, notify.Mask(in))
	}
}

func TestSecretsAreRandomAndFactsAreStable(t *testing.T) {
	t.Parallel()
	one, other := notify.NewSecret(), notify.NewSecret()
	require.NotEqual(t, one, other)
	b, err := json.Marshal(notify.Facts{OrderID: 1, Number: "ORD_1", Status: "created"})
	require.NoError(t, err)
	require.JSONEq(t, `{"id":1,"number":"ORD_1","old_status":"","status":"created"}`, string(b))
}
