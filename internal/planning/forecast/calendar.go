package forecast

// Marks say what is special about a day.
type Marks uint8

// What a day can be.
const (
	Closed  Marks = 1 << iota // nothing can be sold; known ahead
	Holiday                   // a public holiday, open or not
	School                    // school holidays
)

// Calendar is what is known of days without looking at sales, in the past and ahead. Series of one outlet share one.
// A day it does not cover is open and ordinary.
//
// Holidays need no name: those of other years are recognised by their date or by their distance from Easter. Names are
// for what comes back on neither: a festival, a match in the stadium, a promotion.
type Calendar struct {
	Start Day
	Days  []Marks        // Days[i] is the day Start+i
	Names map[Day]string // occasions by name; equal names are compared with each other
}

// At returns the marks of a day.
func (c *Calendar) At(d Day) Marks {
	if c == nil || d < c.Start || int(d-c.Start) >= len(c.Days) {
		return 0
	}
	return c.Days[d-c.Start]
}

// Open tells whether anything can be sold on a day.
func (c *Calendar) Open(d Day) bool { return c.At(d)&Closed == 0 }

func (c *Calendar) name(d Day) string {
	if c == nil {
		return ""
	}
	return c.Names[d]
}

// kind is how a day is treated.
type kind uint8

const (
	ordinary kind = iota
	closed
	holiday // compared with Sundays
	eve     // before a holiday: compared with the same weekday
	yearEnd // from just before Christmas: compared with the same weekday
	named   // an occasion with a name: compared with the same weekday
)

func (c *Calendar) kind(d Day) kind {
	marks := c.At(d)
	switch {
	case marks&Closed != 0:
		return closed
	case marks&Holiday != 0:
		return holiday
	case c.name(d) != "":
		return named
	case aroundChristmas(d.date()):
		return yearEnd
	case c.At(d+1)&Holiday != 0:
		return eve
	default:
		return ordinary
	}
}

// aroundChristmas are the days in which shops sell by the date, not by the weekday.
func aroundChristmas(d date) bool { return d.month == 12 && d.day >= 20 }
