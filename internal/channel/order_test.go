package channel_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"brigade/internal/channel"
	"brigade/internal/errs"
	"brigade/internal/money"
)

var (
	meanings = map[string]channel.Meaning{
		"B": {ID: "B", SKU: "burger"}, "C": {ID: "C", SKU: "cheese"}, "N": {ID: "N", Note: "no onions"}, "G": {ID: "G", SKU: "gone"},
	}
	menu = map[string]money.Amount{"burger": 9_90, "cheese": 50}
)

func eur(n money.Amount) *money.Amount { return &n }

func burger(price *money.Amount, mods ...channel.Modifier) channel.Order {
	return channel.Order{ID: "M-1", Items: []channel.Item{{ID: "B", Quantity: 2, Price: price, Modifiers: mods}}}
}

func TestModifiersAreItemsOrNotes(t *testing.T) {
	t.Parallel()
	o := burger(eur(8_00), channel.Modifier{ID: "C", Quantity: 2, Price: eur(60)}, channel.Modifier{ID: "N", Price: eur(10)})
	o.Total = eur(2*8_00 + 4*60 + 2*10)
	lines, err := channel.Translate(o, meanings, menu, channel.KeepPrices)
	require.NoError(t, err)
	require.Equal(t, []channel.Line{
		{SKU: "burger", Note: "no onions", Quantity: 2, Price: eur(8_10), Path: "items[0].id"},
		{SKU: "cheese", Quantity: 4, Price: eur(60), Path: "items[0].modifiers[0].id"},
	}, lines)
	lines, err = channel.Translate(o, meanings, menu, channel.MenuPrices)
	require.NoError(t, err)
	require.Nil(t, lines[0].Price, "the menu's")
}

func TestWhatMeansNothingIsNamedEachByItsPlace(t *testing.T) {
	t.Parallel()
	o := burger(eur(9_90), channel.Modifier{ID: "X"})
	o.Items = append(o.Items, channel.Item{ID: "Y", Quantity: 1, Price: eur(1)}, channel.Item{ID: "N", Quantity: 1, Price: eur(1)},
		channel.Item{ID: "G", Quantity: 1, Price: eur(1)}, channel.Item{ID: "B", Quantity: 0}, channel.Item{ID: "B", Quantity: 1})
	_, err := channel.Translate(o, meanings, menu, channel.KeepPrices)
	require.True(t, errs.Is(err, errs.KindInvalid))
	require.EqualError(t, err, `items[0].modifiers[0].id "X" is not mapped to anything; items[1].id "Y" is not mapped to anything; `+
		`items[2].id "N" means a note to the cook, not an item; items[3].id "G" means "gone", which is not on the menu; `+
		`items[4].quantity must be 1 to 100; items[5].price is needed`)
}

func TestPricesAreKeptOrChecked(t *testing.T) {
	t.Parallel()
	wrong := burger(eur(9_00))
	_, err := channel.Translate(wrong, meanings, menu, channel.CheckPrices)
	require.EqualError(t, err, "items[0].price is 9.00, and the menu says 9.90")
	_, err = channel.Translate(burger(eur(9_90), channel.Modifier{ID: "N", Price: eur(10)}), meanings, menu, channel.CheckPrices)
	require.EqualError(t, err, "items[0].modifiers[0].price is 0.10, and the menu has no price for a note")
	right := burger(nil)
	right.Total = eur(19_80)
	_, err = channel.Translate(right, meanings, menu, channel.CheckPrices)
	require.NoError(t, err)
	wrong.Total = eur(19_80)
	_, err = channel.Translate(wrong, meanings, menu, channel.KeepPrices)
	require.EqualError(t, err, "total is 19.80, and the items make 18.00")
	_, err = channel.Translate(burger(eur(-1)), meanings, menu, channel.KeepPrices)
	require.True(t, errs.Is(err, errs.KindInvalid))
}

// Whatever is ordered: what the lines cost is what the provider's items and modifiers cost.
func TestNoCentIsLost(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := channel.Order{ID: "M"}
		var sum money.Amount
		for range rapid.IntRange(1, 5).Draw(t, "items") {
			it := channel.Item{ID: "B", Quantity: rapid.IntRange(1, 5).Draw(t, "n"), Price: eur(money.Amount(rapid.IntRange(0, 2000).Draw(t, "price")))}
			each := *it.Price
			for range rapid.IntRange(0, 3).Draw(t, "modifiers") {
				m := channel.Modifier{
					ID: rapid.SampledFrom([]string{"C", "N"}).Draw(t, "id"), Quantity: rapid.IntRange(0, 3).Draw(t, "m"),
					Price: eur(money.Amount(rapid.IntRange(0, 200).Draw(t, "extra"))),
				}
				each += m.Price.Times(max(1, m.Quantity))
				it.Modifiers = append(it.Modifiers, m)
			}
			sum += each.Times(it.Quantity)
			o.Items = append(o.Items, it)
		}
		o.Total = &sum
		lines, err := channel.Translate(o, meanings, menu, channel.KeepPrices)
		require.NoError(t, err)
		var made money.Amount
		for _, l := range lines {
			made += l.Price.Times(l.Quantity)
		}
		require.Equal(t, sum, made)
	})
}

func TestTheLessWelcomingStateHolds(t *testing.T) {
	t.Parallel()
	open, busy, busier := channel.Standing{State: channel.Open}, channel.Standing{State: channel.Busy, Delay: time.Minute}, channel.Standing{State: channel.Busy, Delay: time.Hour}
	soon, never := channel.Standing{State: channel.Paused, Until: time.Unix(1, 0)}, channel.Standing{State: channel.Paused}
	for _, c := range []struct{ a, b, want channel.Standing }{
		{open, busy, busy}, {busy, busier, busier}, {busier, busy, busier}, {soon, busy, soon}, {open, open, open},
	} {
		require.Equal(t, c.want, channel.Worse(c.a, c.b))
	}
	require.Equal(t, never, channel.Longer(soon, never))
	require.Equal(t, never, channel.Longer(never, soon))
	require.Equal(t, soon, channel.Longer(open, soon))
}
