package app

import (
	"testing"

	"github.com/stretchr/testify/require"

	"brigade/internal/planning"
	"brigade/internal/planning/supply"
	"brigade/internal/stock"
)

func TestOrdersAreSuggestedForTheNextDeliveryLessWhatIsDrafted(t *testing.T) {
	t.Parallel()
	const monday = planning.Day(20577)
	line := func(supplier, product int64, deliver planning.Day, packs int) planning.PurchaseLine {
		return planning.PurchaseLine{SupplierID: supplier, Product: product, Deliver: deliver, Pack: supply.Milli, Packs: packs}
	}
	by := line(2, 20, monday+2, 4)
	by.Edited = &planning.PlanEdit{Quantity: 6 * supply.Milli}
	got := nextOrders([]planning.PurchaseLine{line(1, 10, monday, 3), line(1, 11, monday, 1), line(1, 10, monday+1, 9), by}, map[int64]int{10: 2, 11: 5})
	require.Equal(t, []stock.Suggestion{
		{Supplier: 1, DeliverOn: monday.Time(), Lines: []stock.Wish{{Product: 10, Packs: 1}}},
		{Supplier: 2, DeliverOn: (monday + 2).Time(), Lines: []stock.Wish{{Product: 20, Packs: 6}}},
	}, got)
	require.NotNil(t, nextOrders(nil, nil), "nothing is needed is an answer")
}
