package supply_test

import (
	"fmt"
	"testing"
	"time"

	"brigade/internal/planning/supply"
)

// BenchmarkOutlet plans an outlet of 5 products and 30 ingredients, 3 of them prepared: needs, production by the hour of two
// days, purchases of three suppliers and the course of stock, 14 days each. A night of 10,000 outlets is as many rounds.
func BenchmarkOutlet(b *testing.B) {
	night := newNight()
	b.ReportAllocs()
	for b.Loop() {
		night.plan()
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)*10_000, "s/10,000-outlets")
}

type night struct {
	demand       []supply.Demand
	parts        []supply.Part
	makings      []supply.Making
	preparations []supply.Preparation
	kitchen      supply.Kitchen
	buying       supply.Buying
}

func newNight() *night {
	n := &night{buying: supply.Buying{
		Now: time.Date(2026, 5, 4, 6, 0, 0, 0, madrid), First: firsts[0], Zone: madrid, Days: 14,
		Suppliers: []supply.Supplier{grocer, {ID: 2, Lead: 1, Cutoff: 16 * time.Hour, Weekdays: [7]bool{1: true, 3: true, 5: true}, Least: 4000}, {ID: 3, Lead: 2, Weekdays: [7]bool{4: true}}},
	}}
	for item := range 5 {
		name := fmt.Sprint("item ", item)
		for day := range 14 {
			mean := float64(20 + 5*item + day%7)
			n.demand = append(n.demand, supply.Demand{Item: name, Day: day, Mean: mean, Levels: levels, Quantiles: []float64{mean / 2, mean, mean * 1.6}})
		}
		for k := range 8 {
			n.parts = append(n.parts, supply.Part{Item: name, Ingredient: int64(item*5+k) + 1, Amount: supply.Amount(20 * (k + 1))})
		}
	}
	n.kitchen = supply.Kitchen{Hours: append(hoursOf(2026, 5, 4), hoursOf(2026, 5, 5)...), Minutes: map[int64][]float64{griddle: flat(60, 48)}}
	for id := range int64(30) {
		if id < 3 {
			n.makings = append(n.makings, supply.Making{ID: id + 1, Batch: 2000, Fresh: 1, Bill: []supply.Share{{Ingredient: id + 20, Amount: 900}}})
			n.preparations = append(n.preparations, supply.Preparation{
				ID: id + 1, Station: griddle, Batch: 2000, Work: 15, Lead: 40 * time.Minute, Shelf: 6 * time.Hour, Want: append(lunch(hoursOf(2026, 5, 4), 2), lunch(hoursOf(2026, 5, 5), 2)...),
			})
			continue
		}
		n.buying.Stocks = append(n.buying.Stocks, supply.Stock{
			ID: id + 1, Fresh: int(id % 6), Lots: []supply.Lot{{ID: 1, Amount: 5000, Arrives: supply.Here, Last: 3}, {ID: 2, Amount: 5000, Arrives: 1, Last: 6}},
			Offers: []supply.Offer{{Supplier: id%3 + 1, Pack: 3000, Fewest: 1, Price: 450}, {Supplier: (id+1)%3 + 1, Pack: 5000, Price: 900}},
		})
	}
	return n
}

func (n *night) plan() {
	uses := supply.Uses(n.demand, n.parts, 14, 0.9)
	supply.Explode(n.makings, uses, 14)
	supply.Produce(n.preparations, n.kitchen)
	for i := range n.buying.Stocks {
		if u := uses[n.buying.Stocks[i].ID]; u != nil {
			n.buying.Stocks[i].Use = *u
		}
	}
	lines, _ := supply.Procure(n.buying)
	for i := range n.buying.Stocks {
		s := &n.buying.Stocks[i]
		lots := append([]supply.Lot(nil), s.Lots...)
		for _, l := range lines {
			if l.Ingredient == s.ID {
				lots = append(lots, supply.Lot{ID: -1, Amount: l.Amount, Arrives: l.Delivery, Last: supply.Keeps})
			}
		}
		c := supply.Project(lots, s.Use.Mean)
		supply.Savings(s.ID, c.Waste, nil, 0)
	}
}
