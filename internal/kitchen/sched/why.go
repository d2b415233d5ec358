package sched

import (
	"math"
	"strconv"
	"unicode/utf8"
)

// Listed is how many entries each list of a Why has at most; the field with More in its name counts the others.
const Listed = 5

// Why explains an assignment: what stood to choice at that moment, before the task took its place. The field tags are
// its JSON form, which [Why.AppendJSON] writes and encoding/json reads. Numbers are rounded to four decimals.
//
//	{"policy":"greedy","at":1767225600000000,
//	 "score":{"total":21.4,"base":20,"boost":0,"wait":10,"aging":1.4},
//	 "station":{"id":3,"name":"griller","busy":1,"capacity":6},
//	 "machine":{"fit":[{"id":1,"name":"grill-1","busy":1,"capacity":6}]},
//	 "staff":{"fit":[{"id":1,"name":"Asha","active":1,"load":1.2,"util":0.01,"efficiency":-1.21,"total":0}],
//	          "off":["Noah"],"unskilled":1}}
type Why struct {
	Policy  string        `json:"policy"`
	At      Instant       `json:"at"` // when it was decided, microseconds since the Unix epoch
	Score   Score         `json:"score"`
	Station Use           `json:"station"`
	Machine MachineChoice `json:"machine,omitzero"` // absent when the task needs none
	Staff   StaffChoice   `json:"staff"`
	Outlook Outlook       `json:"outlook,omitzero"` // of the policy "brigade", which decides by it and not by the score
}

// Outlook is what the policy "brigade" expected of a task's order when it assigned the task. Times are seconds.
type Outlook struct {
	Place    int     `json:"place"`  // of the order in the kitchen's sequence, from 1; 0: too far behind to have one
	Orders   int     `json:"orders"` // that are open
	Due      float64 `json:"due"`    // until the order is due
	Ready    float64 `json:"ready"`  // until it is expected to be ready
	Slack    float64 `json:"slack"`  // Due − Ready; below zero: it will be late
	Path     float64 `json:"path"`   // work on the longest way from this task to the end of its unit, this task included
	Critical bool    `json:"critical,omitempty"`
	Held     float64 `json:"held,omitempty"` // how long the task was held back for the rest of its order
}

// Score is a task's priority in points: Total = Base + Boost + Aging.
type Score struct {
	Total float64 `json:"total"`
	Base  float64 `json:"base"`
	Boost float64 `json:"boost"`
	Wait  float64 `json:"wait"`  // seconds since its order came in
	Aging float64 `json:"aging"` // what the wait is worth
}

// Use is how full a station or machine is, and why it cannot be used.
type Use struct {
	ID       int64  `json:"id"`
	Name     string `json:"name"`
	Busy     int    `json:"busy"`
	Capacity int    `json:"capacity"`
	Why      Reason `json:"why,omitempty"`
}

// MachineChoice is the machines that were compared: those that could be used with the lowest share in use first (the
// first was taken), and those that could not, by id.
type MachineChoice struct {
	Fit       []Use `json:"fit,omitempty"`
	FitMore   int   `json:"fit_more,omitempty"`
	Unfit     []Use `json:"unfit,omitempty"`
	UnfitMore int   `json:"unfit_more,omitempty"`
}

// StaffChoice is the staff that was compared: who could take the task with the lowest score first (the first got it),
// who was off shift or on a break, who had his hands full (both by id), and how many do not have the skill.
type StaffChoice struct {
	Fit         []StaffScore `json:"fit"`
	FitMore     int          `json:"fit_more,omitempty"`
	Off         []string     `json:"off,omitempty"`
	OffMore     int          `json:"off_more,omitempty"`
	AtLimit     []string     `json:"at_limit,omitempty"`
	AtLimitMore int          `json:"at_limit_more,omitempty"`
	Unskilled   int          `json:"unskilled,omitempty"`
}

// StaffScore is a staff member's score, lowest wins: Total = Load + Util + Efficiency + Scarcity, each already weighted.
// With the policy "greedy" Efficiency is therefore below zero; with "brigade" it is the time that a minute of work takes
// him, and Scarcity what sparing him for what others cannot do is worth.
type StaffScore struct {
	ID         int64   `json:"id"`
	Name       string  `json:"name"`
	Active     int     `json:"active"` // tasks in hand
	Load       float64 `json:"load"`
	Util       float64 `json:"util"`
	Efficiency float64 `json:"efficiency"`
	Scarcity   float64 `json:"scarcity,omitempty"`
	Total      float64 `json:"total"`
}

func (s Score) rounded() Score {
	return Score{round(s.Total), round(s.Base), round(s.Boost), round(s.Wait), round(s.Aging)}
}

// round rounds to four decimals; adding 0 turns −0 into 0.
func round(x float64) float64 {
	if math.Abs(x) > 1e11 {
		return x
	}
	return math.Round(x*1e4)/1e4 + 0
}

// AppendJSON appends the compact JSON form to b. It allocates nothing but what b needs to grow. Names are made fit for
// Postgres: what is not valid UTF-8, and the character 0, becomes U+FFFD.
func (w *Why) AppendJSON(b []byte) []byte {
	b = appendString(append(b, `{"policy":`...), w.Policy)
	b = strconv.AppendInt(append(b, `,"at":`...), int64(w.At), 10)
	b = w.Score.appendJSON(append(b, `,"score":`...))
	b = w.Station.appendJSON(append(b, `,"station":`...))
	if len(w.Machine.Fit)+len(w.Machine.Unfit) > 0 {
		b = w.Machine.appendJSON(append(b, `,"machine":`...))
	}
	b = w.Staff.appendJSON(append(b, `,"staff":`...))
	if w.Outlook != (Outlook{}) {
		b = w.Outlook.appendJSON(append(b, `,"outlook":`...))
	}
	return append(b, '}')
}

func (o *Outlook) appendJSON(b []byte) []byte {
	b = strconv.AppendInt(append(b, `{"place":`...), int64(o.Place), 10)
	b = strconv.AppendInt(append(b, `,"orders":`...), int64(o.Orders), 10)
	b = appendNumber(append(b, `,"due":`...), o.Due)
	b = appendNumber(append(b, `,"ready":`...), o.Ready)
	b = appendNumber(append(b, `,"slack":`...), o.Slack)
	b = appendNumber(append(b, `,"path":`...), o.Path)
	if o.Critical {
		b = append(b, `,"critical":true`...)
	}
	if o.Held != 0 {
		b = appendNumber(append(b, `,"held":`...), o.Held)
	}
	return append(b, '}')
}

func (s *Score) appendJSON(b []byte) []byte {
	b = appendNumber(append(b, `{"total":`...), s.Total)
	b = appendNumber(append(b, `,"base":`...), s.Base)
	b = appendNumber(append(b, `,"boost":`...), s.Boost)
	b = appendNumber(append(b, `,"wait":`...), s.Wait)
	b = appendNumber(append(b, `,"aging":`...), s.Aging)
	return append(b, '}')
}

func (u *Use) appendJSON(b []byte) []byte {
	b = strconv.AppendInt(append(b, `{"id":`...), u.ID, 10)
	b = appendString(append(b, `,"name":`...), u.Name)
	b = strconv.AppendInt(append(b, `,"busy":`...), int64(u.Busy), 10)
	b = strconv.AppendInt(append(b, `,"capacity":`...), int64(u.Capacity), 10)
	if u.Why != Assignable {
		b = appendString(append(b, `,"why":`...), u.Why.String())
	}
	return append(b, '}')
}

func (c *MachineChoice) appendJSON(b []byte) []byte {
	b = append(b, '{')
	if len(c.Fit) > 0 {
		b = appendList(append(b, `"fit":`...), c.Fit, (*Use).appendJSON)
	}
	b = appendMore(b, `"fit_more":`, c.FitMore)
	if len(c.Unfit) > 0 {
		b = appendList(append(next(b), `"unfit":`...), c.Unfit, (*Use).appendJSON)
	}
	b = appendMore(b, `"unfit_more":`, c.UnfitMore)
	return append(b, '}')
}

func (c *StaffChoice) appendJSON(b []byte) []byte {
	b = appendList(append(b, `{"fit":`...), c.Fit, (*StaffScore).appendJSON)
	b = appendMore(b, `"fit_more":`, c.FitMore)
	b = appendNames(b, `"off":`, c.Off)
	b = appendMore(b, `"off_more":`, c.OffMore)
	b = appendNames(b, `"at_limit":`, c.AtLimit)
	b = appendMore(b, `"at_limit_more":`, c.AtLimitMore)
	b = appendMore(b, `"unskilled":`, c.Unskilled)
	return append(b, '}')
}

func (s *StaffScore) appendJSON(b []byte) []byte {
	b = strconv.AppendInt(append(b, `{"id":`...), s.ID, 10)
	b = appendString(append(b, `,"name":`...), s.Name)
	b = strconv.AppendInt(append(b, `,"active":`...), int64(s.Active), 10)
	b = appendNumber(append(b, `,"load":`...), s.Load)
	b = appendNumber(append(b, `,"util":`...), s.Util)
	b = appendNumber(append(b, `,"efficiency":`...), s.Efficiency)
	if s.Scarcity != 0 {
		b = appendNumber(append(b, `,"scarcity":`...), s.Scarcity)
	}
	b = appendNumber(append(b, `,"total":`...), s.Total)
	return append(b, '}')
}

// next appends the comma before a further field.
func next(b []byte) []byte {
	if b[len(b)-1] == '{' {
		return b
	}
	return append(b, ',')
}

func appendList[T any](b []byte, list []T, one func(*T, []byte) []byte) []byte {
	b = append(b, '[')
	for i := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = one(&list[i], b)
	}
	return append(b, ']')
}

func appendNames(b []byte, field string, names []string) []byte {
	if len(names) == 0 {
		return b
	}
	b = append(append(next(b), field...), '[')
	for i, name := range names {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, name)
	}
	return append(b, ']')
}

func appendMore(b []byte, field string, n int) []byte {
	if n == 0 {
		return b
	}
	return strconv.AppendInt(append(next(b), field...), int64(n), 10)
}

// appendNumber writes what JSON has no number for as 0.
func appendNumber(b []byte, x float64) []byte {
	format := byte('f')
	if math.Abs(x) >= 1e21 {
		format = 'e'
	}
	return strconv.AppendFloat(b, finite(x), format, -1, 64)
}

func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == 0:
			b = utf8.AppendRune(b, utf8.RuneError)
		case r < ' ':
			b = append(b, `\u00`...)
			b = append(b, "0123456789abcdef"[r>>4], "0123456789abcdef"[r&15])
		default:
			b = utf8.AppendRune(b, r) // what was no valid UTF-8 is RuneError here
		}
	}
	return append(b, '"')
}
