package dispatch

// instruct tells every driver who is free what cannot wait.
func (m *model) instruct() {
	for i := range m.drivers {
		m.instructOne(int32(i))
	}
}

func (m *model) instructOne(i int32) {
	d := &m.drivers[i]
	x := d.begin()
	for n, s := range d.route {
		o := &m.orders[s.order]
		here := !s.drop && x.at == o.from
		if d.on > 0 || (x.t > 0 && (!here || x.last <= -never)) {
			return // busy: he hears it when he is free
		}
		if !here {
			if n == 0 && (s.drop || m.mustLeave(d, o)) {
				m.tell(i, s)
			}
			return
		}
		at := m.collectAt(d, &x, o)
		if at > 0 {
			return // the food is not ready
		}
		m.collect(i, s)
		m.step(d, &x, s)
	}
}

// mustLeave says whether driver d would be late for order o if he left at the next decision.
func (m *model) mustLeave(d *driver, o *order) bool {
	return seconds(m.s.Settings.Cadence)+m.drive(d, d.at, o.from)+m.pickHalf > o.ready
}

// tell sends a driver to the stop.
func (m *model) tell(i int32, s stop) {
	d, o, in := &m.drivers[i], &m.orders[s.order], &m.s.Orders[s.order]
	t := Instruction{Driver: m.s.Drivers[i].ID, Kind: Deliver, Order: in.ID, To: in.To}
	there := o.to
	if !s.drop {
		t.Kind, t.Pickup, t.To, there = Fetch, in.Pickup, in.From, o.from
	}
	t.Arrive = m.time(m.drive(d, d.at, there))
	if !s.drop && o.stage == Open {
		t.Why = m.why(i, s.order)
	}
	if !s.drop {
		o.stage = Bound
	}
	m.moved[i] = true
	m.told = append(m.told, t)
}

// collect has a driver take the order on board where he stands.
func (m *model) collect(i int32, s stop) {
	o, in := &m.orders[s.order], &m.s.Orders[s.order]
	t := Instruction{
		Driver: m.s.Drivers[i].ID, Kind: Collect, Order: in.ID, Pickup: in.Pickup, To: in.From, Arrive: m.now,
	}
	if o.stage == Open {
		t.Why = m.why(i, s.order)
	}
	o.stage = Bound
	m.moved[i] = true
	m.told = append(m.told, t)
}
