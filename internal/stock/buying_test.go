package stock_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/stock"
)

// The cut-off is by the outlet's clock, also on days on which it is changed.
func TestTheNextDelivery(t *testing.T) {
	t.Parallel()
	madrid, err := time.LoadLocation("Europe/Madrid")
	require.NoError(t, err)
	s := stock.Supplier{LeadDays: 1, CutOff: 16 * time.Hour, Days: []time.Weekday{time.Tuesday, time.Friday}}
	for now, want := range map[string]string{
		"2026-05-04T13:59:59Z": "2026-05-05 until 2026-05-04T14:00:00Z", // a Monday, just in time
		"2026-05-04T14:00:00Z": "2026-05-08 until 2026-05-07T14:00:00Z",
		"2026-05-04T23:30:00Z": "2026-05-08 until 2026-05-07T14:00:00Z", // Tuesday already
		"2026-03-28T12:00:00Z": "2026-03-31 until 2026-03-30T14:00:00Z", // over a night of 23 hours
		"2026-10-24T12:00:00Z": "2026-10-27 until 2026-10-26T15:00:00Z", // over a day of 25 hours
	} {
		at, err := time.Parse(time.RFC3339, now)
		require.NoError(t, err)
		day, by := s.NextDelivery(at, madrid)
		require.Equal(t, want, day.Format("2006-01-02")+" until "+by.UTC().Format(time.RFC3339), now)
	}
	s.Days = nil
	day, _ := s.NextDelivery(time.Date(2026, 5, 9, 8, 0, 0, 0, time.UTC), madrid)
	require.Equal(t, time.Sunday, day.Weekday())
}

func TestPacks(t *testing.T) {
	t.Parallel()
	p := stock.Product{Pack: 40_000, LeastPacks: 2}
	for q, packs := range map[stock.Quantity]int{-5: 0, 0: 0, 1: 2, 80_000: 2, 80_001: 3} {
		require.Equal(t, packs, p.Packs(q), "%d", q)
	}
}
