package schedule

import (
	"math/bits"
	"strconv"
	"strings"

	"brigade/internal/errs"
)

// Cron is a parsed cron expression. The zero value names no time at all.
type Cron struct {
	text                        string
	days, months, weekdays      set
	everyMonthDay, everyWeekday bool
	times                       []int // seconds after midnight, rising
}

// set has bit n for the value n.
type set uint64

func (s set) has(n int) bool { return s&(1<<n) != 0 }

type field struct {
	name        string
	first, last int
	names       []string // of the values, from first on
}

var (
	minutes  = field{name: "minute", last: 59}
	hours    = field{name: "hour", last: 23}
	monthday = field{name: "day of the month", first: 1, last: 31}
	month    = field{name: "month", first: 1, last: 12, names: []string{
		"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
	}}
	weekday = field{name: "day of the week", last: 7, names: []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}}

	shorthands = map[string]string{
		"@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0",
		"@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *",
	}
)

// ParseCron reads a cron expression: minute, hour, day of the month, month, day of the week. A field is * (or ?), a value,
// a range a-b, either with a step /n, or a list of these; a/n means from a on. Months and weekdays have their English names
// of three letters too; Sunday is 0 or 7. @hourly, @daily, @weekly, @monthly and @yearly stand for what they say.
// When both day fields are restricted, a day that fits either is meant, as everywhere with cron.
// The error is KindInvalid and says what is wrong; an expression that names no day that exists is one.
func ParseCron(text string) (Cron, error) {
	text = strings.Join(strings.Fields(text), " ")
	if text == "" || len(text) > 200 {
		return Cron{}, errs.Invalid("must have five fields: minute, hour, day of the month, month, day of the week")
	}
	long := text
	if text[0] == '@' {
		if long = shorthands[strings.ToLower(text)]; long == "" {
			return Cron{}, errs.Invalid("%q is none of @hourly, @daily, @weekly, @monthly, @yearly", text)
		}
	}
	parts := strings.Split(long, " ")
	if len(parts) != 5 {
		return Cron{}, errs.Invalid("must have five fields (minute, hour, day of the month, month, day of the week), not %d",
			len(parts))
	}
	return parseFields(text, parts)
}

func parseFields(text string, parts []string) (Cron, error) {
	var sets [5]set
	for i, f := range []field{minutes, hours, monthday, month, weekday} {
		var err error
		if sets[i], err = f.parse(parts[i]); err != nil {
			return Cron{}, err
		}
	}
	if sets[4].has(7) {
		sets[4] = sets[4]&^(1<<7) | 1
	}
	c := Cron{
		text: text, days: sets[2], months: sets[3], weekdays: sets[4],
		everyMonthDay: bits.OnesCount64(uint64(sets[2])) == 31, everyWeekday: bits.OnesCount64(uint64(sets[4])) == 7,
	}
	for h := range 24 {
		for m := range 60 {
			if sets[1].has(h) && sets[0].has(m) {
				c.times = append(c.times, h*3600+m*60)
			}
		}
	}
	if !c.possible() {
		return Cron{}, errs.Invalid("%q names no day that exists", text)
	}
	return c, nil
}

func (f field) parse(text string) (set, error) {
	var all set
	for part := range strings.SplitSeq(text, ",") {
		s, err := f.parsePart(part)
		if err != nil {
			return 0, err
		}
		all |= s
	}
	return all, nil
}

func (f field) parsePart(part string) (set, error) {
	span, stepText, stepped := strings.Cut(part, "/")
	low, high, err := f.span(span, stepped)
	if err != nil {
		return 0, err
	}
	step := 1
	if stepped {
		if step, err = strconv.Atoi(stepText); err != nil || step < 1 || step > f.last {
			return 0, errs.Invalid("%s: the step in %q must be 1 to %d", f.name, part, f.last)
		}
	}
	var s set
	for v := low; v <= high; v += step {
		s |= 1 << v
	}
	return s, nil
}

// span reads what stands before a step: all values, a range, or one value, which with a step means from there on.
func (f field) span(text string, stepped bool) (low, high int, err error) {
	if text == "*" || text == "?" {
		if f.name == weekday.name {
			return 0, 6, nil
		}
		return f.first, f.last, nil
	}
	from, to, ranged := strings.Cut(text, "-")
	if low, err = f.value(from); err != nil {
		return 0, 0, err
	}
	switch {
	case ranged:
		if high, err = f.value(to); err == nil && high < low {
			err = errs.Invalid("%s: %q ends before it begins", f.name, text)
		}
	case stepped:
		high = f.last
	default:
		high = low
	}
	return low, high, err
}

func (f field) value(text string) (int, error) {
	for i, name := range f.names {
		if strings.EqualFold(text, name) {
			return f.first + i, nil
		}
	}
	n, err := strconv.ParseUint(text, 10, 8)
	if err != nil || int(n) < f.first || int(n) > f.last {
		return 0, errs.Invalid("%s: %q must be %d to %d", f.name, text, f.first, f.last)
	}
	return int(n), nil
}

// possible tells whether any day can match: 30 February cannot.
func (c Cron) possible() bool {
	if !c.everyWeekday {
		return true
	}
	lengths := [13]int{0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}
	for m := 1; m <= 12; m++ {
		if c.months.has(m) && bits.TrailingZeros64(uint64(c.days)) <= lengths[m] {
			return true
		}
	}
	return false
}

// on tells whether the expression names a day.
func (c Cron) on(d Day) bool {
	_, m, n := d.Date()
	if !c.months.has(int(m)) {
		return false
	}
	day, week := c.days.has(n), c.weekdays.has(int(d.Weekday()))
	if c.everyMonthDay || c.everyWeekday {
		return day && week
	}
	return day || week
}

// PerDay is how many runs the expression has on a day that it names.
func (c Cron) PerDay() int { return len(c.times) }

// String returns the expression as it was given, with single spaces.
func (c Cron) String() string { return c.text }
