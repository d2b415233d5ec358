package workflows

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"brigade/internal/web/page"
	"brigade/internal/web/texts"
)

// format writes times and durations in a language, by the clock of a zone.
type format struct {
	say          func(key string, args ...any) string
	zone         *time.Location
	days, months []string
	point        string
}

func newFormat(l texts.Language, zone *time.Location) format {
	if zone == nil {
		zone = time.UTC
	}
	f := format{say: page.Sayer(l), zone: zone, point: "."}
	if l.Code != "en" {
		f.point = ","
	}
	f.days, f.months = strings.Fields(f.say("workflows.weekdays")), strings.Fields(f.say("workflows.months"))
	return f
}

// At writes a moment by the clock: Sat 21 Nov 08:00; with the year when it is another one.
func (f format) At(t *time.Time, now time.Time) string {
	if t == nil || t.IsZero() {
		return "–"
	}
	at, now := t.In(f.zone), now.In(f.zone)
	year := ""
	if at.Year() != now.Year() {
		year = " " + strconv.Itoa(at.Year())
	}
	return fmt.Sprintf("%s %d %s%s %s", f.days[at.Weekday()], at.Day(), f.months[at.Month()-1], year, at.Format("15:04"))
}

// Took writes how long something took, with as much precision as somebody reads.
func (f format) Took(d time.Duration) string {
	switch {
	case d <= 0:
		return "–"
	case d < time.Second:
		return f.say("workflows.ms", int(max(1, d.Milliseconds())))
	case d < 10*time.Second:
		return f.say("workflows.s", strings.Replace(strconv.FormatFloat(d.Seconds(), 'f', 1, 64), ".", f.point, 1))
	case d < 2*time.Minute:
		return f.say("workflows.s", strconv.Itoa(int(d.Seconds())))
	case d < 2*time.Hour:
		return f.say("workflows.min", int(d.Minutes()))
	}
	return f.say("workflows.h", strings.Replace(strconv.FormatFloat(d.Hours(), 'f', 1, 64), ".", f.point, 1))
}

// In writes how long it is until a moment.
func (f format) In(t *time.Time, now time.Time) string {
	if t == nil {
		return ""
	}
	left := t.Sub(now)
	if left <= 0 {
		return f.say("workflows.due")
	}
	if left > 48*time.Hour {
		return f.say("workflows.in_days", int(left.Hours()/24))
	}
	return f.say("workflows.in", f.Took(left))
}
