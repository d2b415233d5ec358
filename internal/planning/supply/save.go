package supply

import "math"

// SavingKind is what may be done so that less is thrown away.
type SavingKind string

// The kinds of savings.
const (
	PriceDown SavingKind = "price_down" // sell more of an item
	MakeLess  SavingKind = "make_less"  // of a preparation
)

// Saving is a suggestion against waste.
type Saving struct {
	Kind       SavingKind
	Ingredient int64
	Day        int    // on whose evening it would be thrown away
	Amount     Amount // of it
	Item       string // to sell more of
	Units      float64
	Percent    int // off the price
	Batches    int // to make less
}

const (
	// Elasticity is how many percent more are sold when the price goes down by one percent: the upper end of what studies find
	// for meals out, 0.8 on average (Andreyeva, Long and Brownell: The impact of food prices on consumption, American Journal
	// of Public Health 100, 2010), because a discount of the day is announced.
	Elasticity = 1.8
	// DeepestCut is how much is taken off a price at most, in percent.
	DeepestCut = 30
)

// Seller is an item that takes an ingredient: how many of it sell by day.
type Seller struct {
	Item  string
	Takes Amount
	Sells []float64
}

// Savings says what may be done about what would be thrown away of an ingredient: to take off the price of the item that
// uses up most of it per percent, as far as that goes, from day 0 to the last day. A preparation that is made in batches, of
// which one or more would be thrown away whole, is made less of instead.
func Savings(ingredient int64, waste []Waste, sellers []Seller, batch Amount) []Saving {
	var list []Saving
	for _, w := range waste {
		if w.Day < 0 {
			continue
		}
		if batch > 0 && w.Lot < 0 {
			if n := int64(w.Amount / batch); n > 0 {
				list = append(list, Saving{Kind: MakeLess, Ingredient: ingredient, Day: w.Day, Amount: batch * Amount(n), Batches: int(n)})
				continue
			}
		}
		if s, ok := priceDown(ingredient, w, sellers); ok {
			list = append(list, s)
		}
	}
	return list
}

func priceDown(ingredient int64, w Waste, sellers []Seller) (Saving, bool) {
	best, most := -1, 0.0
	for i, s := range sellers {
		if used := s.until(w.Day) * float64(s.Takes); used > most {
			best, most = i, used
		}
	}
	if best < 0 {
		return Saving{}, false
	}
	s := sellers[best]
	deepest := 1 / math.Pow(1-DeepestCut/100.0, Elasticity)
	share := min(1+float64(w.Amount)/most, deepest)
	percent := 5 * int(math.Ceil(100*(1-math.Pow(share, -1/Elasticity))/5-1e-9)) // in steps that are easy to announce
	return Saving{
		Kind: PriceDown, Ingredient: ingredient, Day: w.Day, Amount: min(w.Amount, whole((share-1)*most)), Item: s.Item,
		Units: (share - 1) * s.until(w.Day), Percent: percent,
	}, true
}

func (s *Seller) until(day int) (sum float64) {
	for d := 0; d <= day && d < len(s.Sells); d++ {
		sum += max(s.Sells[d], 0)
	}
	return sum
}
