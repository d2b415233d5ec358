package dispatch

// candidate is a driver as seen by those who expect orders.
type candidate struct {
	driver int32
	t, at  int32 // from when on he can be counted on, and where he is then
	idle   bool
}

// reposition sends drivers without work to where the orders of the last window came from, as if those came again one
// window later. A matching decides who goes where, so that two do not go for one. Drivers who will be free soon take part:
// what they can do, nobody has to move for.
func (m *model) reposition() {
	set := &m.s.Settings.Reposition
	expected := m.expected()
	if set.Window <= 0 || len(expected) == 0 {
		return
	}
	drivers := m.candidates()
	if len(drivers) == 0 {
		return
	}
	for e, c := range Match(m.expectedCost(expected, drivers)) {
		if c >= 0 && drivers[c].idle {
			m.moveTo(drivers[c].driver, expected[e])
		}
	}
}

// expected are the orders that may come: those of the last window, thinned out evenly when they are many.
func (m *model) expected() []*Demand {
	most := max(1, m.s.Settings.Reposition.Most)
	from := m.now.Add(-m.s.Settings.Reposition.Window)
	var all []*Demand
	for i := range m.s.Recent {
		if d := &m.s.Recent[i]; d.Placed.After(from) {
			all = append(all, d)
		}
	}
	if len(all) <= most {
		return all
	}
	out := make([]*Demand, most)
	for i := range out {
		out[i] = all[i*len(all)/most]
	}
	return out
}

// candidates are the drivers that the near future can count on; none when nobody could be moved.
func (m *model) candidates() []candidate {
	set := &m.s.Settings.Reposition
	var out []candidate
	idle := 0
	for _, want := range [...]bool{true, false} {
		for i := range m.drivers {
			d := &m.drivers[i]
			end := d.pre[len(d.pre)-1]
			c := candidate{int32(i), end.t, end.at, len(d.route) == 0 && d.start <= 0 && !m.moved[i]}
			if c.idle != want || d.off-max(0, c.t) < seconds(set.MinShift) || c.t > seconds(set.Window) || len(out) >= set.Most {
				continue
			}
			if c.idle {
				idle++
			}
			out = append(out, c)
		}
	}
	if idle == 0 {
		return nil
	}
	return out
}

// expectedCost is how long each expected order would wait for each driver, plus a price for his way.
func (m *model) expectedCost(expected []*Demand, drivers []candidate) [][]float64 {
	set := &m.s.Settings.Reposition
	out := make([][]float64, len(expected))
	for e, want := range expected {
		out[e] = make([]float64, len(drivers))
		ready := m.at(want.Ready.Add(set.Window))
		for c, who := range drivers {
			drive := m.driveTo(&m.drivers[who.driver], who.at, want)
			out[e][c] = float64(max(0, who.t+drive+m.pickHalf-ready)) + set.DriveCost*float64(drive)
			if !who.idle {
				out[e][c] += set.BusyCost
			}
		}
	}
	return out
}

// driveTo is the time from a place to an expected order's restaurant, which may be none of this plan's places.
func (m *model) driveTo(d *driver, at int32, want *Demand) int32 {
	if p, ok := m.placeAt[want.Pickup]; ok {
		return m.drive(d, at, p)
	}
	return int32(float64(seconds(m.s.Travel.Between(m.points[at], want.From))) / d.speed)
}

func (m *model) moveTo(i int32, want *Demand) {
	d := &m.drivers[i]
	drive := m.driveTo(d, d.at, want)
	if drive < seconds(m.s.Settings.Reposition.MinDrive) || m.s.Drivers[i].Pickup == want.Pickup {
		return
	}
	m.moved[i] = true
	m.told = append(m.told, Instruction{
		Driver: m.s.Drivers[i].ID, Kind: Move, Pickup: want.Pickup, To: want.From, Arrive: m.time(drive),
	})
}
