package order_test

import (
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"brigade/internal/errs"
	"brigade/internal/money"
	"brigade/internal/order"
)

func TestPriorityBoundaries(t *testing.T) {
	t.Parallel()
	for total, want := range map[money.Amount]int{
		0: 1, 1: 1, 49_99: 1, 50_00: 5, 50_01: 5, 99_99: 5, 100_00: 5, 100_01: 10, 1_000_000_00: 10,
	} {
		require.Equal(t, want, order.Priority(total), total)
	}
}

func TestNumbersGrowPast999(t *testing.T) {
	t.Parallel()
	late := time.Date(2024, 12, 17, 0, 30, 0, 0, time.FixedZone("CET", 3600))
	require.Equal(t, "ORD_20241216_001", order.Number(late, 1), "the day is UTC's")
	require.Equal(t, "ORD_20241216_999", order.Number(late, 999))
	require.Equal(t, "ORD_20241216_1000", order.Number(late, 1000))
}

// Totals are exact: the same as with rational numbers.
func TestTotalIsExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := new(big.Rat)
		var lines []order.Line
		units := 0
		for range rapid.IntRange(0, 20).Draw(t, "lines") {
			l := order.Line{Quantity: rapid.IntRange(1, 100).Draw(t, "quantity"), UnitPrice: money.Amount(rapid.Int64Range(0, 99_999).Draw(t, "price"))}
			price, ok := new(big.Rat).SetString(l.UnitPrice.String())
			require.True(t, ok)
			want.Add(want, price.Mul(price, big.NewRat(int64(l.Quantity), 1)))
			lines = append(lines, l)
			units += l.Quantity
		}
		require.Equal(t, want.FloatString(2), order.Total(lines).String())
		require.Equal(t, units, order.Units(lines))
	})
}

// The life of an order ends, whatever is tried: every chain of allowed moves is finite and never leaves a closed status.
func TestMoveIsALife(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		typ := rapid.SampledFrom([]order.Type{order.DineIn, order.Takeout, order.Delivery}).Draw(t, "type")
		at, moves := order.Created, 0
		for range 30 {
			to := rapid.SampledFrom(order.Statuses).Draw(t, "to")
			changed, err := order.Move(typ, at, to)
			switch {
			case to == at:
				require.False(t, changed)
				require.NoError(t, err, "a repeated move answers as before")
			case changed:
				require.NoError(t, err)
				require.False(t, at.Closed(), "%s is the end", at)
				require.True(t, slices.Contains(order.Follows(at), to))
				require.True(t, !to.Closed() || to == order.Cancelled || to == order.Rejected || to == order.HandedOver(typ), "%s orders end otherwise", typ)
				at = to
				moves++
			default:
				require.True(t, errs.Is(err, errs.KindConflict))
			}
		}
		require.LessOrEqual(t, moves, 30)
	})
}

func good() order.Placement {
	price := money.Amount(12_49)
	return order.Placement{
		Type: order.DineIn, CustomerName: "Ada Lovelace", TableNumber: 7,
		Items: []order.Wanted{{Name: "Margherita Pizza", Quantity: 2, Price: &price}},
	}
}

func amount(a money.Amount) *money.Amount { return &a }

func TestFreeFormRules(t *testing.T) {
	t.Parallel()
	item := func(change func(*order.Wanted)) func(*order.Placement) {
		return func(p *order.Placement) { change(&p.Items[0]) }
	}
	delivery := func(p *order.Placement) {
		p.Type, p.TableNumber, p.DeliveryAddress = order.Delivery, 0, "1 Long Street"
	}
	many := func(n int) func(*order.Placement) {
		return func(p *order.Placement) { p.Items = slices.Repeat(p.Items[:1], n) }
	}
	for name, c := range map[string]struct {
		change func(*order.Placement)
		faulty []string // paths
	}{
		"good":                  {func(*order.Placement) {}, nil},
		"any script":            {func(p *order.Placement) { p.CustomerName = "Ольга Ñandú-O'Brien d’Arc 山田" }, nil},
		"combining marks":       {func(p *order.Placement) { p.CustomerName = "Zoe\u0308 किरण" }, nil},
		"100 letters":           {func(p *order.Placement) { p.CustomerName = strings.Repeat("é", 100) }, nil},
		"101 letters":           {func(p *order.Placement) { p.CustomerName = strings.Repeat("é", 101) }, []string{"customer_name"}},
		"no name":               {func(p *order.Placement) { p.CustomerName = "" }, []string{"customer_name"}},
		"only spaces":           {func(p *order.Placement) { p.CustomerName = "   " }, []string{"customer_name"}},
		"digits":                {func(p *order.Placement) { p.CustomerName = "R2D2" }, []string{"customer_name"}},
		"emoji":                 {func(p *order.Placement) { p.CustomerName = "Ada 🍕" }, []string{"customer_name"}},
		"tab":                   {func(p *order.Placement) { p.CustomerName = "Ada\tL" }, []string{"customer_name"}},
		"unknown type":          {func(p *order.Placement) { p.Type = "drive_in" }, []string{"order_type"}},
		"no table":              {func(p *order.Placement) { p.TableNumber = 0 }, []string{"table_number"}},
		"table 1":               {func(p *order.Placement) { p.TableNumber = 1 }, nil},
		"table 100":             {func(p *order.Placement) { p.TableNumber = 100 }, nil},
		"table 101":             {func(p *order.Placement) { p.TableNumber = 101 }, []string{"table_number"}},
		"table -1":              {func(p *order.Placement) { p.TableNumber = -1 }, []string{"table_number"}},
		"dine-in to an address": {func(p *order.Placement) { p.DeliveryAddress = "1 Long Street" }, []string{"delivery_address"}},
		"delivery":              {delivery, nil},
		"address of 10":         {func(p *order.Placement) { delivery(p); p.DeliveryAddress = "Straße 123" }, nil},
		"address of 9":          {func(p *order.Placement) { delivery(p); p.DeliveryAddress = "Straße 12" }, []string{"delivery_address"}},
		"address of spaces":     {func(p *order.Placement) { delivery(p); p.DeliveryAddress = "a                b" }, nil},
		"padded address":        {func(p *order.Placement) { delivery(p); p.DeliveryAddress = "      here      " }, []string{"delivery_address"}},
		"delivery to a table":   {func(p *order.Placement) { delivery(p); p.TableNumber = 4 }, []string{"table_number"}},
		"takeout":               {func(p *order.Placement) { p.Type, p.TableNumber = order.Takeout, 0 }, nil},
		"no items":              {func(p *order.Placement) { p.Items = nil }, []string{"items"}},
		"20 items":              {many(20), nil},
		"21 items":              {many(21), []string{"items"}},
		"nameless item":         {item(func(w *order.Wanted) { w.Name = " " }), []string{"items[0].name"}},
		"name of 50":            {item(func(w *order.Wanted) { w.Name = strings.Repeat("ü", 50) }), nil},
		"name of 51":            {item(func(w *order.Wanted) { w.Name = strings.Repeat("ü", 51) }), []string{"items[0].name"}},
		"quantity 0":            {item(func(w *order.Wanted) { w.Quantity = 0 }), []string{"items[0].quantity"}},
		"quantity 10":           {item(func(w *order.Wanted) { w.Quantity = 10 }), nil},
		"quantity 11":           {item(func(w *order.Wanted) { w.Quantity = 11 }), []string{"items[0].quantity"}},
		"no price":              {item(func(w *order.Wanted) { w.Price = nil }), []string{"items[0].price"}},
		"price 0":               {item(func(w *order.Wanted) { w.Price = amount(0) }), []string{"items[0].price"}},
		"price 0.01":            {item(func(w *order.Wanted) { w.Price = amount(1) }), nil},
		"price 999.99":          {item(func(w *order.Wanted) { w.Price = amount(999_99) }), nil},
		"price 1000":            {item(func(w *order.Wanted) { w.Price = amount(1000_00) }), []string{"items[0].price"}},
		"everything": {func(p *order.Placement) {
			p.CustomerName, p.TableNumber, p.Items = "7", 0, []order.Wanted{{}}
		}, []string{"customer_name", "table_number", "items[0].name", "items[0].quantity", "items[0].price"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := good()
			c.change(&p)
			require.Equal(t, c.faulty, paths(t, p.ValidateFreeForm()))
		})
	}
}

func paths(t *testing.T, err error) (paths []string) {
	t.Helper()
	if err == nil {
		return nil
	}
	require.True(t, errs.Is(err, errs.KindInvalid))
	e, ok := err.(*errs.Error) //nolint:errorlint // it is returned as it is
	require.True(t, ok)
	for _, f := range e.Fields {
		require.NotEmpty(t, f.Message)
		paths = append(paths, f.Path)
	}
	return paths
}

func TestCanonicalRules(t *testing.T) {
	t.Parallel()
	base := func() order.Placement {
		return order.Placement{Type: order.Takeout, Items: []order.Wanted{{SKU: "burger_combo", Quantity: 1}}}
	}
	for name, c := range map[string]struct {
		change func(*order.Placement)
		faulty []string
	}{
		"good":                   {func(*order.Placement) {}, nil},
		"key of 200":             {func(p *order.Placement) { p.Key = strings.Repeat("k", 200) }, nil},
		"key of 201":             {func(p *order.Placement) { p.Key = strings.Repeat("k", 201) }, []string{"idempotency key"}},
		"key with a NUL":         {func(p *order.Placement) { p.Key = "a\x00" }, []string{"idempotency key"}},
		"name with a NUL":        {func(p *order.Placement) { p.CustomerName = "a\x00" }, []string{"customer_name"}},
		"broken text":            {func(p *order.Placement) { p.DeliveryAddress = "\xff" }, []string{"delivery_address"}},
		"item with a NUL":        {func(p *order.Placement) { p.Items[0].SKU = "a\x00" }, []string{"items[0].sku"}},
		"no type":                {func(p *order.Placement) { p.Type = "" }, []string{"order_type"}},
		"quantity 0":             {func(p *order.Placement) { p.Items[0].Quantity = 0 }, []string{"items[0].quantity"}},
		"quantity 100":           {func(p *order.Placement) { p.Items[0].Quantity = 100 }, nil},
		"quantity 101":           {func(p *order.Placement) { p.Items[0].Quantity = 101 }, []string{"items[0].quantity"}},
		"nothing wanted":         {func(p *order.Placement) { p.Items = nil }, []string{"items"}},
		"nameless":               {func(p *order.Placement) { p.Items[0].SKU = "" }, []string{"items[0].sku"}},
		"long name":              {func(p *order.Placement) { p.Items[0] = order.Wanted{Name: strings.Repeat("x", 201), Quantity: 1} }, []string{"items[0].name"}},
		"negative price":         {func(p *order.Placement) { p.Items[0].Price = amount(-1) }, []string{"items[0].price"}},
		"a price that overflows": {func(p *order.Placement) { p.Items[0].Price = amount(1 << 60) }, []string{"items[0].price"}},
		"500 units":              {func(p *order.Placement) { p.Items = slices.Repeat([]order.Wanted{{SKU: "x", Quantity: 100}}, 5) }, nil},
		"501 units": {func(p *order.Placement) {
			p.Items = append(slices.Repeat([]order.Wanted{{SKU: "x", Quantity: 100}}, 5), order.Wanted{SKU: "y", Quantity: 1})
		}, []string{"items"}},
		"101 lines":   {func(p *order.Placement) { p.Items = slices.Repeat(p.Items, 101) }, []string{"items"}},
		"own path":    {func(p *order.Placement) { p.Items[0].Path, p.Items[0].Quantity = "items.burger_combo", 0 }, []string{"items.burger_combo"}},
		"table 101":   {func(p *order.Placement) { p.TableNumber = 101 }, []string{"table_number"}},
		"long text":   {func(p *order.Placement) { p.CustomerName = strings.Repeat("é", 101) }, []string{"customer_name"}},
		"long street": {func(p *order.Placement) { p.DeliveryAddress = strings.Repeat("é", 501) }, []string{"delivery_address"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := base()
			c.change(&p)
			require.Equal(t, c.faulty, paths(t, p.Validate()))
		})
	}
}

func TestFingerprintsTellRequestsApart(t *testing.T) {
	t.Parallel()
	type body struct {
		A string
		B map[string]int
	}
	one := order.Fingerprint(body{"x", map[string]int{"a": 1, "b": 2}})
	require.Equal(t, one, order.Fingerprint(body{"x", map[string]int{"b": 2, "a": 1}}))
	require.NotEqual(t, one, order.Fingerprint(body{"x", map[string]int{"a": 1, "b": 3}}))
}
