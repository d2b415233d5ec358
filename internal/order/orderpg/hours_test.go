package orderpg_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/errs"
	"brigade/internal/order"
)

// Of those who change an outlet's hours at once, having seen the same, one does; how it takes orders besides stays as it is.
func TestHoursAreChangedByWhoHasSeenThem(t *testing.T) {
	t.Parallel()
	h := newShop(t)
	s, outlet := h.node(1), h.outlets[0]
	set := order.DefaultSettings()
	set.HandOverCode = true
	require.NoError(t, s.PutSettings(t.Context(), outlet, set))
	results := make([]error, 8)
	var all sync.WaitGroup
	for i := range results {
		all.Go(func() {
			none := func(have []order.OpenHours) error {
				if len(have) > 0 {
					return errs.Conflict("somebody was faster")
				}
				return nil
			}
			results[i] = s.PutHours(context.Background(), outlet, none, []order.OpenHours{{Weekday: time.Monday, Opens: time.Duration(i) * time.Hour, Closes: 22 * time.Hour}})
		})
	}
	all.Wait()
	won := -1
	for i, err := range results {
		if err == nil {
			require.Negative(t, won, "two have written over nothing")
			won = i
			continue
		}
		require.True(t, errs.Is(err, errs.KindConflict), err)
	}
	set, err := s.Settings(t.Context(), outlet)
	require.NoError(t, err)
	require.Equal(t, []order.OpenHours{{Weekday: time.Monday, Opens: time.Duration(won) * time.Hour, Closes: 22 * time.Hour}}, set.Hours)
	require.True(t, set.HandOverCode)
}
