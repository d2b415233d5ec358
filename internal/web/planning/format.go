package planning

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	plans "brigade/internal/planning"
	"brigade/internal/planning/supply"
	"brigade/internal/stock"
	"brigade/internal/tenant"
	"brigade/internal/web/page"
	"brigade/internal/web/texts"
)

// format writes numbers, amounts, days and times in a language, by the clock of an outlet.
type format struct {
	say              func(key string, args ...any) string
	thousands, point string
	zone             *time.Location
	currency         string
	days, months     []string
	english          bool
}

func newFormat(l texts.Language, o tenant.Outlet) format {
	f := format{say: page.Sayer(l), thousands: ",", point: ".", zone: o.Timezone, currency: o.Currency, english: l.Code == texts.Languages[0].Code}
	switch l.Code {
	case "es":
		f.thousands, f.point = ".", ","
	case "ru":
		f.thousands, f.point = "\u202f", ","
	}
	if f.zone == nil {
		f.zone = time.UTC
	}
	f.days, f.months = strings.Fields(f.say("planning.weekdays")), strings.Fields(f.say("planning.months"))
	return f
}

// Num writes a number with as many decimals as somebody reads; a dash for what cannot be said.
func (f format) Num(v float64) string {
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return "–"
	case math.Abs(v) < 10 && math.Abs(v-math.Round(v)) >= 0.05:
		return f.decimal(v, 1)
	}
	return f.decimal(v, 0)
}

func (f format) decimal(v float64, places int) string {
	text := strconv.FormatFloat(math.Abs(v), 'f', places, 64)
	whole, rest, _ := strings.Cut(text, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + f.thousands + whole[i:]
	}
	if rest != "" {
		whole += f.point + rest
	}
	if v < 0 && strings.Trim(text, "0.") != "" {
		whole = "−" + whole
	}
	return whole
}

// Percent writes a share; a dash for what cannot be said.
func (f format) Percent(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "–"
	}
	return f.decimal(100*v, 0) + " %"
}

// Points writes the difference of two shares with its sign; "" when it cannot be said.
func (f format) Points(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return ""
	}
	text := f.decimal(100*v, 1)
	if v > 0 {
		text = "+" + text
	}
	return text
}

// Amount writes thousandths of a unit, in larger ones where that is shorter.
func (f format) Amount(milli int64, unit string) string {
	v := float64(milli) / 1000
	switch {
	case unit == "g" && math.Abs(v) >= 1000:
		v, unit = v/1000, "kg"
	case unit == "ml" && math.Abs(v) >= 1000:
		v, unit = v/1000, "l"
	}
	places := 0
	if r := math.Abs(v); r < 100 && math.Abs(v-math.Round(v)) >= 0.05 {
		places = 1
	}
	return f.decimal(v, places) + " " + f.say("planning.unit."+unit)
}

// Of writes a planned amount.
func (f format) Of(a supply.Amount, unit string) string { return f.Amount(int64(a), unit) }

// Has writes an amount of stock.
func (f format) Has(q stock.Quantity, unit stock.Unit) string {
	return f.Amount(int64(q), string(unit))
}

// Money writes minor units of a currency.
func (f format) Money(minor int64, currency string) string {
	text := f.decimal(float64(minor)/100, 2)
	if sign, ok := map[string]string{"EUR": "€", "GBP": "£", "USD": "$"}[currency]; ok {
		currency = sign
	}
	return text + " " + currency
}

// Day writes a day: Sat 21 Nov.
func (f format) Day(d plans.Day) string {
	return f.Weekday(d) + " " + f.Date(d)
}

// Weekday writes the day of the week.
func (f format) Weekday(d plans.Day) string { return f.days[d.Weekday()] }

// Date writes a day without its weekday: 21 Nov.
func (f format) Date(d plans.Day) string {
	t := d.Time()
	return strconv.Itoa(t.Day()) + " " + f.months[t.Month()-1]
}

// At writes a moment by the outlet's clock: Sat 21 Nov 16:00.
func (f format) At(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	t = t.In(f.zone)
	return fmt.Sprintf("%s %d %s %s", f.days[t.Weekday()], t.Day(), f.months[t.Month()-1], t.Format("15:04"))
}

// hourOf is when the hour began that a clock on the outlet's wall shows, which need not be a whole one of UTC.
func (f format) hourOf(t time.Time) time.Time {
	t = t.In(f.zone)
	return t.Add(-time.Duration(t.Minute())*time.Minute - time.Duration(t.Second())*time.Second - time.Duration(t.Nanosecond()))
}

// Hour writes the time of day.
func (f format) Hour(t time.Time) string { return t.In(f.zone).Format("15:04") }
