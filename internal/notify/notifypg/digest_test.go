package notifypg_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/notify"
)

// Whoever answers for a tenant gets a week's digest once, however often and by how many at a time it is told.
func TestADigestReachesWhoeverAnswersForTheTenantOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t, brisk)
	h.hook("https://example.com/hook")
	other := h.id("insert into tenants (slug, name) values ('o', 'o') returning id")
	for _, u := range []struct {
		tenant      int64
		email, role string
		outlet      any
		active      bool
	}{
		{h.tenant, "olga@example.com", "owner", nil, true},
		{h.tenant, "max@example.com", "manager", nil, true},
		{h.tenant, "one@example.com", "manager", h.outlet, true}, // of an outlet: all of the tenant's figures are not for him
		{h.tenant, "cook@example.com", "cook", nil, true},
		{h.tenant, "gone@example.com", "owner", nil, false},
		{other, "else@example.com", "owner", nil, true},
	} {
		h.id("insert into users (tenant_id, name, email, role, outlet_id, active, created_by) values ($1, $2, $2, $3, $4, $5, 'x') returning id",
			u.tenant, u.email, u.role, u.outlet, u.active)
	}
	digest := func(week int) notify.Change {
		return notify.Change{Tenant: h.tenant, Sequence: week, Kind: notify.Digest, At: noon, Facts: notify.Facts{OrderID: -h.tenant, Number: "a week", Reason: "It went well."}}
	}
	results := make(chan error, 2)
	for range cap(results) {
		go func() {
			_, err := h.store.Tell(t.Context(), []notify.Change{digest(1)})
			results <- err
		}()
	}
	require.NoError(t, <-results)
	require.NoError(t, <-results)
	require.Empty(t, h.tell(digest(1)), "it was told before")
	require.Len(t, h.tell(digest(2)), 2, "the next week is another")
	h.start()
	got := map[string]int{}
	for range 4 {
		select {
		case p := <-h.parcels:
			require.Equal(t, "Your week: a week", p.Subject)
			got[p.To]++
		case <-time.After(patience):
			require.FailNow(t, "a digest did not arrive", "%v", got)
		}
	}
	require.Equal(t, map[string]int{"olga@example.com": 2, "max@example.com": 2}, got)
}
