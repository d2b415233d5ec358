package kitchenpg_test

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"brigade/internal/errs"
	"brigade/internal/kitchen"
)

// Postgres refuses what one kitchen writes, each time. The others of the same desk go on as if nothing were wrong, and so
// does it once its rows can be written again.
func TestAPoisonedKitchenStopsNobodyElse(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 6)
	bad := h.outlets[2]
	h.exec(`create function refuse() returns trigger language plpgsql as $$ begin raise exception 'poisoned'; end $$`)
	n := h.node(1)
	var fences []kitchen.Fence
	for _, o := range h.outlets {
		fences = append(fences, h.first(o))
	}
	n.own(fences...)
	s := h.store(1)
	place := func() (tickets []*kitchen.Ticket) {
		var work []kitchen.Work
		for _, o := range h.outlets {
			work = append(work, h.work(h.layout(s, o), 1))
		}
		return h.open(s, work...)
	}
	n.Opened(place()) // before the poison: their first steps are assigned
	h.until("all kitchens work", "select (count(*) = 12)::int from tasks where status = 'ASSIGNED'")

	h.exec("create trigger poison before update on tasks for each row when (old.outlet_id = " + strconv.FormatInt(bad, 10) + ") execute function refuse()")
	n.Opened(place())
	h.until("the others assign", "select (count(*) = 22)::int from tasks where status = 'ASSIGNED'")
	for range 3 {
		for _, o := range h.outlets {
			task := h.id("select min(id) from tasks where outlet_id = $1 and status in ('ASSIGNED', 'STARTED')", o)
			_, err := n.Start(t.Context(), h.tenant, task)
			require.Equal(t, o == bad, err != nil, "outlet %d: %v", o, err)
			require.False(t, errs.Is(err, errs.KindConflict), "%v", err)
		}
	}
	require.EqualValues(t, 5, h.id("select count(distinct outlet_id) from tasks where status = 'STARTED'"))

	h.exec("drop trigger poison on tasks")
	h.until("it is read again and goes on", "select (count(*) = 4)::int from tasks where status = 'ASSIGNED' and outlet_id = "+strconv.FormatInt(bad, 10))
}
