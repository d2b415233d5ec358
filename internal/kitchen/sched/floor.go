package sched

import (
	"cmp"
	"math"
	"slices"
)

// floor is a layout made ready for lookups, with what is in use. Its lists are sorted by id.
type floor struct {
	stations []*station
	machines []*machine
	staff    []*member

	stationByID map[int64]*station
	machineByID map[int64]*machine
	memberByID  map[int64]*member
}

type station struct {
	Station
	no       int // index in the floor's list
	busy     int
	machines []*machine // that stand here, by id
	staff    []*member  // who have the skill, by id
	groups   []*group   // of its tasks
}

type machine struct {
	Machine
	no   int
	busy int
}

type member struct {
	Staff
	no       int
	busy     int
	work     *work
	stations []*station // that he can work at

	util  float64 // utilization, worked out once per round of planning
	round uint64
}

// newFloor copies a layout; works gives each staff member his record of past work.
func newFloor(l Layout, works func(staff int64) *work) *floor {
	f := &floor{
		stationByID: make(map[int64]*station, len(l.Stations)),
		machineByID: make(map[int64]*machine, len(l.Machines)),
		memberByID:  make(map[int64]*member, len(l.Staff)),
	}
	for _, s := range l.Stations {
		f.addStation(s)
	}
	for _, m := range l.Machines {
		f.machines = append(f.machines, &machine{Machine: m})
	}
	for _, p := range l.Staff {
		f.staff = append(f.staff, newMember(p, works(p.ID)))
	}
	slices.SortFunc(f.stations, func(a, b *station) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(f.machines, func(a, b *machine) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(f.staff, func(a, b *member) int { return cmp.Compare(a.ID, b.ID) })
	f.join()
	f.number()
	return f
}

func (f *floor) number() {
	for i, s := range f.stations {
		s.no = i
	}
	for i, m := range f.machines {
		m.no = i
	}
	for i, p := range f.staff {
		p.no = i
	}
}

func (f *floor) addStation(s Station) {
	st := &station{Station: s}
	f.stations = append(f.stations, st)
	f.stationByID[s.ID] = st
}

func newMember(p Staff, w *work) *member {
	p.Off = merged(p.Off)
	p.Efficiency = efficiency(p.Efficiency)
	return &member{Staff: p, work: w}
}

func efficiency(x float64) float64 {
	if !(x > 0) || math.IsInf(x, 1) {
		return 1
	}
	return x
}

// join links every station with its machines and with those who have the skill for it.
func (f *floor) join() {
	for _, m := range f.machines {
		f.machineByID[m.ID] = m
		if st := f.stationByID[m.Station]; st != nil {
			st.machines = append(st.machines, m)
		}
	}
	for _, p := range f.staff {
		f.memberByID[p.ID] = p
		for _, skill := range p.Skills {
			st := f.stationByID[skill]
			if st != nil && (len(st.staff) == 0 || st.staff[len(st.staff)-1] != p) { // a skill may be listed twice
				st.staff = append(st.staff, p)
				p.stations = append(p.stations, st)
			}
		}
	}
}

// count adds by to what a task holds. What the layout no longer has is not counted.
func (f *floor) count(h hold, by int) {
	if st := f.stationByID[h.station]; st != nil {
		st.busy += by
	}
	if m := f.machineByID[h.machine]; m != nil {
		m.busy += by
	}
	if p := f.memberByID[h.staff]; p != nil {
		p.busy += by
	}
}

// blocked tells why the machine cannot take a task now.
func (m *machine) blocked() Reason {
	switch {
	case !m.Up:
		return MachineDown
	case m.busy >= m.Capacity:
		return MachineFull
	}
	return Assignable
}

// machinesBlocked tells why no machine of the station can take a task now. A station without machines needs none.
func (st *station) machinesBlocked() Reason {
	if len(st.machines) == 0 {
		return Assignable
	}
	why := MachineDown
	for _, m := range st.machines {
		if b := m.blocked(); b == Assignable {
			return Assignable
		} else if b == MachineFull {
			why = MachineFull
		}
	}
	return why
}

// staffBlocked tells why nobody can take a task of the station now.
func (st *station) staffBlocked(now Instant) Reason {
	if len(st.staff) == 0 {
		return NobodySkilled
	}
	why := AllOff
	for _, p := range st.staff {
		if p.OffAt(now) {
			continue
		}
		if p.handFree() {
			return Assignable
		}
		why = StaffAtLimit
	}
	return why
}

func (p *member) handFree() bool { return p.busy < p.MaxParallel }
