package sim

import (
	"fmt"
	"math/rand/v2"
	"time"

	"brigade/internal/order"
)

var names = []string{
	"Carmen Ruiz", "José Ángel Martín", "Lucía Fernández", "Iñaki Etxeberria", "Núria Puig", "Álvaro Núñez",
	"Giulia Bianchi", "Matteo D'Angelo", "Anne-Sophie Lefèvre", "François Dubois", "Jürgen Müller", "Katharina Weiß",
	"Siobhán O'Connor", "James Whitfield", "Olivia Hart", "Søren Kjær", "Åsa Lindström", "Łukasz Wójcik",
	"Zoë van den Berg", "João Gonçalves", "Beatriz Conceição", "Ștefan Ionescu", "Jiří Dvořák", "Ayşe Yılmaz",
	"Ελένη Παπαδοπούλου", "Олена Шевченко", "Димитър Петров", "Priya Raman", "अनन्या शर्मा", "Nguyễn Thị Mai",
	"陈丽", "王伟", "田中 さくら", "김민준", "نور الهاشمي", "דניאל כהן",
}

var streets = []string{
	"Calle de Alcalá", "Gran Vía", "Calle Mayor", "Calle de Fuencarral", "Paseo del Prado", "Calle de Atocha",
	"Calle de Toledo", "Ronda de Segovia", "Calle de Embajadores", "Plaza de Chueca", "Calle de Serrano",
	"Calle del Pez", "Calle de Hortaleza", "Cava Baja", "Calle de Goya", "Calle de Argumosa",
}

func (s *Sim) name() string { return names[s.rng.IntN(len(names))] }

func (s *Sim) address() string {
	return fmt.Sprintf("%s %d, %dº %c, Madrid", streets[s.rng.IntN(len(streets))], 1+s.rng.IntN(180), 1+s.rng.IntN(6), 'A'+s.rng.IntN(4))
}

// basket is what a guest orders: mostly one thing that makes a meal, often something beside it, now and then for a
// table of several.
func basket(dishes []Dish, seed uint64) []order.Wanted {
	rng := rand.New(rand.NewPCG(seed, 1))
	mains, sides := courses(dishes)
	if len(mains) == 0 || len(sides) == 0 {
		mains, sides = dishes, dishes
	}
	counts := map[string]int{}
	var picked []string
	pick := func(from []Dish) {
		sku := from[rng.IntN(len(from))].SKU
		if counts[sku]++; counts[sku] == 1 {
			picked = append(picked, sku)
		}
	}
	for _, c := range []struct {
		chance float64
		from   []Dish
	}{{0.75, mains}, {0.25, mains}, {0.10, mains}, {0.45, sides}, {0.15, sides}} {
		if rng.Float64() < c.chance {
			pick(c.from)
		}
	}
	if len(picked) == 0 {
		pick(sides)
	}
	items := make([]order.Wanted, len(picked))
	for i, sku := range picked {
		items[i] = order.Wanted{SKU: sku, Quantity: counts[sku]}
	}
	return items
}

// courses parts dishes into those that are more work than the average and the others.
func courses(dishes []Dish) (mains, sides []Dish) {
	var sum time.Duration
	for _, d := range dishes {
		sum += d.Work
	}
	for _, d := range dishes {
		if d.Work*time.Duration(len(dishes)) > sum {
			mains = append(mains, d)
		} else {
			sides = append(sides, d)
		}
	}
	return mains, sides
}
