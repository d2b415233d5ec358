package supply

import "slices"

// Making is a preparation as its ingredients see it.
type Making struct {
	ID    int64
	Batch Amount // made at a time
	Fresh int    // days it may be used, the one it is made on included; 0: it keeps
	Lots  []Lot
	Bill  []Share
}

// Share is what a batch takes of an ingredient.
type Share struct {
	Ingredient int64
	Amount     Amount
}

// Explode adds to the uses what the preparations among them will be made of: on each day as many whole batches as what is
// left of earlier ones does not cover, made on that day (material requirements planning, gross to net: Orlicky: Material
// Requirements Planning, 1975). Preparations may be made of others. It returns what will be made, by preparation and day.
func Explode(makings []Making, uses map[int64]*Use, days int) map[int64][]Amount {
	made := map[int64][]Amount{}
	for _, m := range usersFirst(makings) {
		u := uses[m.ID]
		if u == nil || m.Batch <= 0 {
			continue
		}
		batches := m.batches(u, days)
		made[m.ID] = make([]Amount, days)
		for _, share := range m.Bill {
			of := uses[share.Ingredient]
			if of == nil {
				of = &Use{make([]Amount, days), make([]float64, days)}
				uses[share.Ingredient] = of
			}
			per := float64(share.Amount) / float64(m.Batch)
			for d, n := range batches {
				of.Mean[d] += share.Amount * Amount(n)
				of.Spread[d] = Pooled([]float64{of.Spread[d], u.Spread[d] * per})
			}
		}
		for d, n := range batches {
			made[m.ID][d] = m.Batch * Amount(n)
		}
	}
	return made
}

// batches is how many are made on each day.
func (m *Making) batches(u *Use, days int) []int {
	sh, list := newShelf(m.Lots), make([]int, days)
	for d := range days {
		st := &stock{Stock: &Stock{Use: *u}}
		if g := missing(sh, st, d, d+1); g.unmet > 0 {
			list[d] = int((g.unmet + m.Batch - 1) / m.Batch)
			sh.add(m.lot(list[d], d))
		}
		sh.day(d, u.Mean[d])
	}
	return list
}

func (m *Making) lot(n, day int) Lot {
	l := Lot{ID: -1, Amount: m.Batch * Amount(n), Arrives: day, Last: Keeps}
	if m.Fresh > 0 {
		l.Last = day + m.Fresh - 1
	}
	return l
}

// usersFirst orders preparations so that each comes after those that are made of it. What is made of itself, by however
// many steps, comes last.
func usersFirst(list []Making) []Making {
	left, order := slices.Clone(list), []Making(nil)
	for len(left) > 0 {
		i := slices.IndexFunc(left, func(m Making) bool {
			return !slices.ContainsFunc(left, func(user Making) bool { return user.ID != m.ID && user.takes(m.ID) })
		})
		i = max(i, 0)
		order, left = append(order, left[i]), slices.Delete(left, i, i+1)
	}
	return order
}

func (m *Making) takes(ingredient int64) bool {
	return slices.ContainsFunc(m.Bill, func(s Share) bool { return s.Ingredient == ingredient })
}
