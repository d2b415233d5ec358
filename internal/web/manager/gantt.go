package manager

import (
	"slices"
	"strconv"
	"time"

	"brigade/internal/kitchen"
	"brigade/internal/kitchen/sched"
	"brigade/internal/web/page"
)

// The stretches of a day that can be drawn: around now, or all of it.
var spans = []string{"1", "3", "day"}

// spanOf is a stretch that there is; the first when it is not known.
func spanOf(span string) string {
	if slices.Contains(spans, span) {
		return span
	}
	return spans[0]
}

// window is the time that is drawn. It moves in steps, so that what is drawn moves seldom.
type window struct {
	from, to time.Time
	tick     time.Duration
}

func windowOf(span string, d *kitchen.Diary) window {
	switch span {
	case "3":
		at := d.Now.Truncate(15 * time.Minute)
		return window{at.Add(-105 * time.Minute), at.Add(75 * time.Minute), 30 * time.Minute}
	case "day":
		at, begun := d.Now.Truncate(30*time.Minute), d.Begun().Truncate(30*time.Minute)
		w := window{begun, at.Add(90 * time.Minute), time.Hour}
		switch long := w.to.Sub(w.from); {
		case long > 14*time.Hour:
			w.tick = 2 * time.Hour
		case long < 4*time.Hour:
			w.tick = 15 * time.Minute
		}
		return w
	}
	at := d.Now.Truncate(5 * time.Minute)
	return window{at.Add(-35 * time.Minute), at.Add(25 * time.Minute), 10 * time.Minute}
}

// part is where a time stands in the window, in percent; below 0 and above 100 outside of it.
func (w window) part(t time.Time) float64 {
	return 100 * float64(t.Sub(w.from)) / float64(w.to.Sub(w.from))
}

func pct(x float64) string { return strconv.FormatFloat(x, 'f', 2, 64) + "%" }

// axisView is the scale of time over the lanes.
type axisView struct {
	From, To int64 // Unix milliseconds, for the line that shows now
	Now      string
	Ticks    []tickView
}

type tickView struct{ X, Text string }

func newAxis(w window, d *kitchen.Diary, zone *time.Location) axisView {
	a := axisView{From: page.Millis(w.from), To: page.Millis(w.to), Now: pct(w.part(d.Now.Truncate(time.Minute)))}
	for t := w.from.Truncate(w.tick); t.Before(w.to); t = t.Add(w.tick) {
		if x := w.part(t); x >= 0 && x < 97 {
			a.Ticks = append(a.Ticks, tickView{pct(x), t.In(zone).Format("15:04")})
		}
	}
	return a
}

// laneView is the work of a station or of a person, drawn in as many tracks as there was at a time.
type laneView struct {
	Key, Name, Note string
	Say             string // what is drawn, in words
	Height          int    // pixels
	Bars            []barView
	Off             []bandView // when somebody is not there
	Hidden          int        // tasks that are not drawn
}

type bandView struct{ X, W string }

// barView is a task as it is drawn, or several that are too short to be drawn apart.
type barView struct {
	X, W        string
	Y           int
	Kind        string // done, running, over, given, planned
	Label, Text string
}

const (
	barHeight   = 18
	trackHeight = 21
	tracksShown = 12
)

// piece is a bar on its way to be drawn.
type piece struct {
	kitchen.Stint
	kind string
	from float64 // percent of the window
	to   float64
	n    int // tasks in it
}

// pieces are a diary's tasks that fall into a window, by start.
func pieces(d *kitchen.Diary, w window) []piece {
	var list []piece
	for _, s := range d.Work {
		p := piece{Stint: s, kind: "done", n: 1}
		if s.To.IsZero() {
			p.kind, p.To = "running", s.From.Add(s.Estimate)
			if p.To.Before(d.Now) {
				p.kind, p.To = "over", d.Now.Truncate(15*time.Second)
			}
		}
		list = append(list, p)
	}
	for _, s := range d.Ahead {
		kind := "planned"
		if slices.Contains(d.Given, s.Task) {
			kind = "given"
		}
		list = append(list, piece{Stint: steady(s, d.Now), kind: kind, n: 1})
	}
	list = slices.DeleteFunc(list, func(p piece) bool { return !p.To.After(w.from) || !p.From.Before(w.to) })
	for i := range list {
		list[i].from, list[i].to = max(0, w.part(list[i].From)), min(100, w.part(list[i].To))
	}
	slices.SortStableFunc(list, func(a, b piece) int { return a.From.Compare(b.From) })
	return list
}

// steady puts what is planned on whole quarters of a minute: what begins now and waits for somebody would move each second.
func steady(s kitchen.Stint, now time.Time) kitchen.Stint {
	long := s.To.Sub(s.From)
	if s.From.Before(now) {
		s.From = now
	}
	s.From = s.From.Round(15 * time.Second)
	s.To = s.From.Add(long)
	return s
}

// track is what follows each other without overlapping.
type track struct{ pieces []piece }

// Pieces that are done and narrower than shortest are joined with their neighbours, when less than gap lies between.
const (
	shortest = 0.6
	gap      = 0.25
	labelled = 2.6 // as wide as a bar is that has room for its number
)

func (t *track) takes(p piece) bool {
	if len(t.pieces) == 0 {
		return true
	}
	return t.pieces[len(t.pieces)-1].to <= p.from+1e-6
}

func (t *track) add(p piece) {
	if n := len(t.pieces); n > 0 {
		last := &t.pieces[n-1]
		short := last.to-last.from < shortest || p.to-p.from < shortest
		if last.kind == "done" && p.kind == "done" && short && p.from-last.to < gap {
			last.to, last.To, last.n = p.to, p.To, last.n+p.n
			return
		}
	}
	t.pieces = append(t.pieces, p)
}

// arrange puts pieces into as few tracks as they need, and joins those of one load.
func arrange(list []piece) (tracks []track, hidden int) {
	for _, p := range loaded(list) {
		i := slices.IndexFunc(tracks, func(t track) bool { return t.takes(p) })
		switch {
		case i >= 0:
			tracks[i].add(p)
		case len(tracks) == tracksShown:
			hidden++
		default:
			tracks = append(tracks, track{[]piece{p}})
		}
	}
	return tracks, hidden
}

// loaded joins tasks that share a load: they take one slot and one hand.
func loaded(list []piece) (joined []piece) {
	type load struct {
		id   int64
		kind string
	}
	at := map[load]int{}
	for _, p := range list {
		key := load{p.Load, p.kind}
		if i, known := at[key]; known && p.Load != 0 {
			joined[i].n++
			continue
		}
		at[key] = len(joined)
		joined = append(joined, p)
	}
	return joined
}

// lane draws the pieces of one station or person.
func lane(key, name string, list []piece, zone *time.Location, say texter) laneView {
	tracks, hidden := arrange(list)
	v := laneView{Key: key, Name: name, Hidden: hidden, Height: max(1, len(tracks)) * trackHeight}
	count := map[string]int{}
	for _, p := range list {
		count[p.kind] += p.n
	}
	v.Say = say("manager.lane_says", name, count["done"], count["running"]+count["over"], count["given"]+count["planned"])
	for i, t := range tracks {
		for _, p := range t.pieces {
			v.Bars = append(v.Bars, newBar(p, i, zone, say))
		}
	}
	return v
}

func newBar(p piece, track int, zone *time.Location, say texter) barView {
	b := barView{X: pct(p.from), W: pct(max(0.2, p.to-p.from)), Y: track * trackHeight, Kind: p.kind}
	times := p.From.In(zone).Format("15:04:05") + "–" + p.To.In(zone).Format("15:04:05")
	b.Text = say("manager.bar_says", page.ShortNumber(p.Number), p.What, p.Item, say("manager.kind_"+p.kind), times)
	if p.n > 1 {
		b.Text = say("manager.bar_joined", p.n) + ", " + times
	}
	if p.to-p.from >= labelled {
		b.Label = page.ShortNumber(p.Number)
		if p.n > 1 {
			b.Label = strconv.Itoa(p.n) + "×"
		}
	}
	return b
}

// lanes draws a day by station and by person.
func lanes(d *kitchen.Diary, w window, say texter) (stations, people []laneView) {
	l, all := d.Board.Layout, pieces(d, w)
	of := func(has func(piece) bool) (some []piece) {
		for _, p := range all {
			if has(p) {
				some = append(some, p)
			}
		}
		return some
	}
	for _, st := range l.Stations {
		some := of(func(p piece) bool { return p.Station == st.ID })
		stations = append(stations, lane("st-"+strconv.FormatInt(st.ID, 10), st.Name, some, l.Location, say))
	}
	for _, p := range l.People {
		some := of(func(x piece) bool { return x.Staff == p.ID })
		if !p.Active && len(some) == 0 {
			continue
		}
		v := lane("pp-"+strconv.FormatInt(p.ID, 10), p.Name, some, l.Location, say)
		for _, off := range sched.Off(p.Hours, l.Location, w.from, w.to) {
			from, to := max(0, w.part(off.From.Time())), min(100, w.part(off.To.Time()))
			v.Off = append(v.Off, bandView{pct(from), pct(to - from)})
		}
		people = append(people, v)
	}
	return stations, people
}

// kinds are the kinds of bars, as the legend lists them.
var kinds = []string{"done", "running", "over", "given", "planned"}
