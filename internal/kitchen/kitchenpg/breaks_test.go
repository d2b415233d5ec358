package kitchenpg_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/kitchen/kitchenpg"
)

// Which breaks still matter is told by the product's clock, which need not be the machine's.
func TestBreaksMatterByTheProductsClock(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	staff := h.id("select min(id) from staff")
	h.exec("insert into staff_breaks (staff_id, starts_at, ends_at) values ($1, $2, $3), ($1, $4, $5)", staff,
		noon.Add(-2*time.Hour), noon.Add(-time.Hour), noon.Add(-26*time.Hour), noon.Add(-25*time.Hour))
	s := kitchenpg.New(h.pool, kitchenpg.Parts{Now: func() time.Time { return noon }})
	for _, p := range h.layout(s, h.outlets[0]).People {
		want := 0
		if p.ID == staff {
			want = 1
		}
		require.Len(t, p.Hours.Taken, want, p.Name)
	}
}
