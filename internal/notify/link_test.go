package notify

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A guest who still waits for something is told where to follow it, in his language; nobody else is.
func TestMessagesHoldTheLink(t *testing.T) {
	t.Parallel()
	p := &Post{}
	letter := func(kind Kind, channel Channel) Letter {
		c := Change{Tenant: 3, Kind: kind, Facts: Facts{OrderID: 7, Number: "ORD_20241216_007"}}
		return Letter{Message: Message{Change: c, Channel: channel, Recipient: "ada@example.com", Language: "es-MX"}}
	}
	without := string(p.parcel(letter(OnTheWay, ByEmail), time.Time{}).Body)
	require.NotContains(t, without, "http")
	p.Link(func(tenant, order int64) string {
		require.Equal(t, []int64{3, 7}, []int64{tenant, order})
		return "https://order.example.com/track/x"
	})
	require.Equal(t, without+"\nSíguelo aquí: https://order.example.com/track/x", string(p.parcel(letter(OnTheWay, ByEmail), time.Time{}).Body))
	require.Contains(t, string(p.parcel(letter(Ready, ByText), time.Time{}).Body), "/track/x")
	for _, kind := range []Kind{Attention, Alert, Cancelled, HandedOver} {
		require.NotContains(t, string(p.parcel(letter(kind, ByEmail), time.Time{}).Body), "/track/", kind)
	}
	p.Link(func(int64, int64) string { return "" })
	require.Equal(t, without, string(p.parcel(letter(OnTheWay, ByEmail), time.Time{}).Body), "nobody said where customers reach it")
}

// A guest is told a time as the clock on the outlet's wall shows it, and none when nobody knows that clock.
func TestTimesAreTheOutlets(t *testing.T) {
	t.Parallel()
	madrid, err := time.LoadLocation("Europe/Madrid")
	require.NoError(t, err)
	p := &Post{}
	p.Zone(func(tenant, outlet int64) *time.Location {
		return map[[2]int64]*time.Location{{3, 4}: madrid}[[2]int64{tenant, outlet}]
	})
	at := time.Date(2026, 7, 1, 18, 0, 0, 0, time.UTC)
	letter := Letter{Message: Message{Channel: ByText, Recipient: "+34600111222", Change: Change{
		Tenant: 3, Outlet: 4, Kind: Delayed, Facts: Facts{OrderID: 7, Number: "ORD_7", ExpectedAt: &at},
	}}}
	require.Contains(t, string(p.parcel(letter, time.Time{}).Body), "We now expect it at 20:00.")
	require.Equal(t, time.UTC, at.Location(), "what is kept is as it was")
	letter.Change.Outlet = 5
	require.Equal(t, "Sorry, your order ORD_7 takes longer than we said.", string(p.parcel(letter, time.Time{}).Body))
}
