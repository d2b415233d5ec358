package supply_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"brigade/internal/planning/supply"
)

var madrid = func() *time.Location {
	z, err := time.LoadLocation("Europe/Madrid")
	if err != nil {
		panic(err)
	}
	return z
}()

// firsts are days around which the clock is changed, and an ordinary Monday.
var firsts = []time.Time{
	time.Date(2026, 5, 4, 0, 0, 0, 0, time.UTC), time.Date(2026, 3, 27, 0, 0, 0, 0, time.UTC), time.Date(2026, 10, 23, 0, 0, 0, 0, time.UTC),
}

// anyBuying draws two suppliers and two ingredients.
func anyBuying(t *rapid.T) supply.Buying {
	b := supply.Buying{First: rapid.SampledFrom(firsts).Draw(t, "first"), Zone: madrid, Days: 14}
	b.Now = b.First.Add(time.Duration(rapid.IntRange(-2*60, 30*60).Draw(t, "now")) * time.Minute)
	for id := range int64(2) {
		s := supply.Supplier{
			ID: id + 1, Lead: rapid.IntRange(0, 4).Draw(t, "lead"), Cutoff: time.Duration(rapid.IntRange(0, 24*60-1).Draw(t, "cut-off")) * time.Minute,
			Least: int64(rapid.SampledFrom([]int{0, 0, 5000}).Draw(t, "least")),
		}
		for w := range s.Weekdays {
			s.Weekdays[w] = rapid.Bool().Draw(t, "delivers")
		}
		b.Suppliers = append(b.Suppliers, s)
	}
	for id := range int64(2) {
		s := supply.Stock{ID: id + 1, Lots: anyLots(t, b.Days), Fresh: rapid.SampledFrom([]int{0, 0, 1, 3, 8}).Draw(t, "fresh")}
		s.Use = supply.Use{Mean: anyUse(t, b.Days), Spread: rapid.SliceOfN(rapid.Float64Range(0, 4000), b.Days, b.Days).Draw(t, "spread")}
		for supplier := range int64(rapid.IntRange(0, 2).Draw(t, "offers")) {
			s.Offers = append(s.Offers, supply.Offer{
				Product: supplier + 10, Supplier: supplier + 1, Pack: 1 + anyAmount(t, 12, "pack"), Fewest: rapid.IntRange(0, 4).Draw(t, "fewest"),
				Price: int64(rapid.IntRange(0, 3000).Draw(t, "price")),
			})
		}
		b.Stocks = append(b.Stocks, s)
	}
	return b
}

func offer(t require.TestingT, s supply.Stock, supplier int64) supply.Offer {
	i := slices.IndexFunc(s.Offers, func(o supply.Offer) bool { return o.Supplier == supplier })
	require.GreaterOrEqual(t, i, 0, "he does not sell it")
	return s.Offers[i]
}

func TestOrdersKeepEveryTermOfTheSupplier(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		b := anyBuying(t)
		lines, problems := supply.Procure(b)
		worth := map[[2]int64]int64{}
		for _, l := range lines {
			s, o := b.Suppliers[l.Supplier-1], offer(t, b.Stocks[l.Ingredient-1], l.Supplier)
			require.Positive(t, l.Packs)
			require.GreaterOrEqual(t, l.Packs, o.Fewest)
			require.Equal(t, supply.Amount(l.Packs)*o.Pack, l.Amount, "whole packs")
			require.Equal(t, int64(l.Packs)*o.Price, l.Price)
			require.True(t, s.Weekdays[b.First.AddDate(0, 0, l.Delivery).Weekday()], "a delivery day")
			require.True(t, b.Now.Before(l.OrderBy), "before the cut-off")
			at := l.OrderBy.In(madrid)
			require.Equal(t, b.First.AddDate(0, 0, l.Delivery-s.Lead).Format(time.DateOnly), at.Format(time.DateOnly))
			require.GreaterOrEqual(t, l.Amount, l.Why.Need)
			require.Greater(t, l.Why.Need, supply.Amount(0))
			worth[[2]int64{l.Supplier, int64(l.Delivery)}] += l.Price
		}
		for k, v := range worth {
			small := slices.ContainsFunc(problems, func(p supply.Problem) bool {
				return p.Kind == supply.TooSmall && p.Supplier == k[0] && int64(p.Day) == k[1]
			})
			require.Equal(t, v < b.Suppliers[k[0]-1].Least, small, "a delivery below the least worth is told of")
		}
	})
}

func TestMoreDemandNeverOrdersLess(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		b := anyBuying(t)
		for i := range b.Stocks {
			b.Stocks[i].Offers = b.Stocks[i].Offers[:min(1, len(b.Stocks[i].Offers))]
			b.Stocks[i].Fresh = 0
			for k := range b.Stocks[i].Offers {
				b.Stocks[i].Offers[k].Fewest = 0
			}
		}
		for i := range b.Suppliers {
			b.Suppliers[i].Least = 0
		}
		before, _ := supply.Procure(b)
		s := &b.Stocks[0]
		s.Use.Mean = slices.Clone(s.Use.Mean)
		s.Use.Mean[rapid.IntRange(0, 13).Draw(t, "day")] += anyAmount(t, 10, "more")
		s.Use.Spread[rapid.IntRange(0, 13).Draw(t, "day")] *= 1.5
		after, _ := supply.Procure(b)
		for day := range b.Days {
			require.GreaterOrEqual(t, ordered(after, 1, day), ordered(before, 1, day), "until day %d", day)
			require.Equal(t, ordered(after, 2, day), ordered(before, 2, day), "others are not touched")
		}
	})
}

func TestMoreDemandNeverOrdersLessOfWhatIsOrderedNext(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		b := anyBuying(t)
		b.Stocks = b.Stocks[:1]
		s := &b.Stocks[0]
		s.Offers = s.Offers[:min(1, len(s.Offers))]
		before, _ := supply.Procure(b)
		if len(before) == 0 {
			return
		}
		s.Use.Mean = slices.Clone(s.Use.Mean)
		s.Use.Mean[rapid.IntRange(0, 13).Draw(t, "day")] += anyAmount(t, 10, "more")
		after, _ := supply.Procure(b)
		day := before[0].Delivery
		require.GreaterOrEqual(t, ordered(after, 1, day), ordered(before, 1, day))
	})
}

// ordered is how much of an ingredient comes until a day.
func ordered(lines []supply.Line, ingredient int64, until int) (sum supply.Amount) {
	for _, l := range lines {
		if l.Ingredient == ingredient && l.Delivery <= until {
			sum += l.Amount
		}
	}
	return sum
}

// grocer delivers on Tuesdays and Fridays what is ordered until 16:00 the day before.
var grocer = supply.Supplier{ID: 1, Name: "Grocer", Lead: 1, Cutoff: 16 * time.Hour, Weekdays: [7]bool{2: true, 5: true}}

func steady(units float64, days int) supply.Use {
	u := supply.Use{}
	for range days {
		u.Mean, u.Spread = append(u.Mean, supply.Of(units)), append(u.Spread, units*200)
	}
	return u
}

func TestADeliveryLastsUntilTheNext(t *testing.T) {
	t.Parallel()
	b := supply.Buying{
		Now: time.Date(2026, 5, 4, 9, 0, 0, 0, madrid), First: firsts[0], Zone: madrid, Days: 7, Suppliers: []supply.Supplier{grocer},
		Stocks: []supply.Stock{{
			ID: 1, Name: "flour", Use: steady(10, 14), Lots: []supply.Lot{{Amount: 12000, Arrives: supply.Here, Last: supply.Keeps}},
			Offers: []supply.Offer{{Supplier: 1, Pack: 5000, Fewest: 2, Price: 400}},
		}},
	}
	lines, problems := supply.Procure(b)
	require.Empty(t, problems)
	require.Len(t, lines, 2)
	l := lines[0]
	require.Equal(t, 1, l.Delivery, "Tuesday")
	require.Equal(t, time.Date(2026, 5, 4, 16, 0, 0, 0, madrid), l.OrderBy.In(madrid))
	require.Equal(t, 1, l.Why.From)
	require.Equal(t, 4, l.Why.Until, "until Friday")
	require.Equal(t, supply.Amount(30000), l.Why.Use)
	require.Equal(t, supply.Amount(2000), l.Why.Stock, "12 less Monday's 10")
	require.Equal(t, supply.Of(supply.Pooled([]float64{2, 2, 2, 2})), l.Why.Safety, "from Monday's cut-off on")
	require.Equal(t, l.Why.Use+l.Why.Safety-l.Why.Stock, l.Why.Need)
	require.Equal(t, 7, l.Packs)
	require.Equal(t, int64(2800), l.Price)

	b.Now = time.Date(2026, 5, 4, 16, 0, 1, 0, madrid)
	lines, problems = supply.Procure(b)
	require.Equal(t, 4, lines[0].Delivery, "too late for Tuesday")
	require.Equal(t, []supply.Problem{{Kind: supply.RunsOut, Ingredient: 1, Day: 1, Amount: 28000}}, problems)
}

func TestTheCheapestIsWaitedForUnlessItRunsOut(t *testing.T) {
	t.Parallel()
	market := supply.Supplier{ID: 2, Name: "Market", Cutoff: 20 * time.Hour, Weekdays: [7]bool{true, true, true, true, true, true, true}}
	b := supply.Buying{
		Now: time.Date(2026, 5, 5, 9, 0, 0, 0, madrid), First: time.Date(2026, 5, 5, 0, 0, 0, 0, time.UTC), Zone: madrid, Days: 10,
		Suppliers: []supply.Supplier{grocer, market},
		Stocks: []supply.Stock{{
			ID: 1, Use: steady(10, 14), Lots: []supply.Lot{{Amount: 11000, Arrives: supply.Here, Last: supply.Keeps}},
			Offers: []supply.Offer{{Supplier: 1, Pack: 1000, Price: 100}, {Supplier: 2, Pack: 1000, Price: 150}},
		}},
	}
	lines, problems := supply.Procure(b)
	require.Empty(t, problems)
	require.Equal(t, int64(2), lines[0].Supplier)
	require.Contains(t, lines[0].Why.Choice, "before the usual one")
	for _, l := range lines {
		require.Equal(t, l.Delivery < 3, l.Supplier == 2, "the market until Friday, then the grocer: %+v", l)
	}
	b.Stocks[0].Lots[0].Amount = 90_000
	lines, _ = supply.Procure(b)
	require.NotEmpty(t, lines)
	for _, l := range lines {
		require.Equal(t, int64(1), l.Supplier)
		require.Equal(t, supply.Cheapest, l.Why.Choice)
	}
	b.Stocks[0].Offers[1].Preferred = true
	lines, _ = supply.Procure(b)
	require.Equal(t, int64(2), lines[0].Supplier)
	require.Equal(t, supply.Preferred, lines[0].Why.Choice)
}

func TestADeliveryIsFilledUpToItsLeastWorth(t *testing.T) {
	t.Parallel()
	s := grocer
	s.Least = 5000
	b := supply.Buying{
		Now: time.Date(2026, 5, 4, 9, 0, 0, 0, madrid), First: firsts[0], Zone: madrid, Days: 14, Suppliers: []supply.Supplier{s},
		Stocks: []supply.Stock{
			{ID: 1, Use: steady(1, 14), Offers: []supply.Offer{{Supplier: 1, Pack: 1000, Price: 400}}},
			{ID: 2, Use: steady(1, 14), Fresh: 3, Offers: []supply.Offer{{Supplier: 1, Pack: 1000, Price: 100}}},
		},
	}
	lines, problems := supply.Procure(b)
	require.Equal(t, 1, lines[0].Delivery)
	require.Positive(t, lines[0].Why.Added)
	require.Zero(t, lines[1].Why.Added, "it would not be used in time")
	require.GreaterOrEqual(t, lines[0].Price+lines[1].Price, int64(5000))
	require.Equal(t, supply.RunsOut, problems[0].Kind, "both are missing on Monday")

	b.Stocks = b.Stocks[1:]
	lines, problems = supply.Procure(b)
	require.NotEmpty(t, lines)
	i := slices.IndexFunc(problems, func(p supply.Problem) bool { return p.Kind == supply.TooSmall })
	require.GreaterOrEqual(t, i, 0)
	require.Equal(t, lines[0].Delivery, problems[i].Day)
}

func TestWhatNobodySellsIsSaid(t *testing.T) {
	t.Parallel()
	b := supply.Buying{Now: firsts[0], First: firsts[0], Zone: madrid, Days: 3, Stocks: []supply.Stock{{ID: 9, Use: steady(1, 3)}, {ID: 10}}}
	lines, problems := supply.Procure(b)
	require.Empty(t, lines)
	require.Equal(t, []supply.Problem{{Kind: supply.NobodySells, Ingredient: 9, Amount: 3000}}, problems)
}

func TestPacksTooLargeForWhatIsFreshAreToldOf(t *testing.T) {
	t.Parallel()
	b := supply.Buying{
		Now: time.Date(2026, 5, 4, 9, 0, 0, 0, madrid), First: firsts[0], Zone: madrid, Days: 2, Suppliers: []supply.Supplier{grocer},
		Stocks: []supply.Stock{{ID: 1, Use: steady(1, 14), Fresh: 2, Offers: []supply.Offer{{Supplier: 1, Pack: 9000, Price: 100}}}},
	}
	lines, problems := supply.Procure(b)
	require.Len(t, lines, 1)
	require.Equal(t, supply.WillExpire, problems[1].Kind)
	require.Equal(t, 2, problems[1].Day)
}

func TestParIsFilledUpAsFarAsItKeeps(t *testing.T) {
	t.Parallel()
	b := supply.Buying{
		Now: time.Date(2026, 5, 4, 9, 0, 0, 0, madrid), First: firsts[0], Zone: madrid, Days: 2, Suppliers: []supply.Supplier{grocer},
		Stocks: []supply.Stock{
			{ID: 1, Use: steady(1, 14), Par: 20_000, Lots: []supply.Lot{{Amount: 8000, Arrives: supply.Here, Last: supply.Keeps}}, Offers: []supply.Offer{{Supplier: 1, Pack: 1000}}},
			{ID: 2, Use: steady(1, 14), Par: 20_000, Fresh: 5, Offers: []supply.Offer{{Supplier: 1, Pack: 1000}}},
		},
	}
	lines, _ := supply.Procure(b)
	require.Equal(t, supply.Amount(13_000), lines[0].Amount, "7 are left on Tuesday")
	require.True(t, lines[0].Why.Par)
	require.Equal(t, supply.Amount(6_000), lines[1].Amount, "5 days and a safety")
	require.True(t, lines[1].Why.Fresh)
}

func TestCutOffsFollowTheClockOfTheOutlet(t *testing.T) {
	t.Parallel()
	b := supply.Buying{First: time.Date(2026, 3, 28, 0, 0, 0, 0, time.UTC), Zone: madrid}
	s := supply.Supplier{Cutoff: 16 * time.Hour}
	winter, summer := b.Deadline(&s, 0), b.Deadline(&s, 1)
	require.Equal(t, 23*time.Hour, summer.Sub(winter), "the night is an hour shorter")
	require.Equal(t, 16, summer.In(madrid).Hour())
}
