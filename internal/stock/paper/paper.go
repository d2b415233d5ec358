// Package paper writes purchase orders for suppliers, as PDF and as CSV, with numbers and dates as they are written where
// the outlet is.
package paper

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/number"

	"brigade/internal/money"
	"brigade/internal/stock"
)

// Head is what an order's paper says of who orders.
type Head struct {
	Business string // the tenant's name
	Outlet   string
	Zone     *time.Location
	Country  string // ISO 3166, in small letters; "": numbers and dates as in international trade (1,234.50, 2026-05-04)
}

// writer writes numbers and dates.
type writer struct {
	zone           *time.Location
	date           string // layout
	decimal, group string
}

func (h Head) writer() writer {
	w := writer{zone: h.Zone, date: "2006-01-02", decimal: ".", group: ","}
	if w.zone == nil {
		w.zone = time.UTC
	}
	region, err := language.ParseRegion(h.Country)
	if err != nil {
		return w
	}
	w.date = "02/01/2006"
	if layout := layouts[h.Country]; layout != "" {
		w.date = layout
	}
	tag, err := language.Compose(language.Und, region)
	if err != nil {
		return w
	}
	base, _ := tag.Base() // the language that most speak there
	if tag, err = language.Compose(base, region); err == nil {
		w.decimal, w.group = separators(message.NewPrinter(tag))
	}
	return w
}

// separators are how a printer writes decimals, and groups thousands.
func separators(p *message.Printer) (decimal, group string) {
	text := []rune(p.Sprint(number.Decimal(1234567.89)))
	between := func(a, b rune) string {
		i, j := slices.Index(text, a), slices.Index(text, b)
		if i < 0 || j < i {
			return ""
		}
		return string(text[i+1 : j])
	}
	return cmp.Or(between('7', '8'), "."), between('4', '5')
}

// layouts are how dates are written, where day/month/year is not.
var layouts = map[string]string{
	"at": "02.01.2006", "ch": "02.01.2006", "de": "02.01.2006", "dk": "02.01.2006", "no": "02.01.2006", "pl": "02.01.2006",
	"nl": "02-01-2006", "us": "01/02/2006", "se": "2006-01-02", "ca": "2006-01-02", "jp": "2006/01/02",
}

// number writes a decimal with a point in the writer's way, digit by digit: nothing is rounded.
func (w writer) number(text string) string {
	digits, negative := strings.CutPrefix(text, "-")
	whole, frac, point := strings.Cut(digits, ".")
	var out strings.Builder
	if negative {
		out.WriteByte('-')
	}
	for i, d := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			out.WriteString(w.group)
		}
		out.WriteRune(d)
	}
	if point {
		out.WriteString(w.decimal)
		out.WriteString(frac)
	}
	return out.String()
}

func (w writer) amount(a money.Amount) string { return w.number(a.String()) }

// quantity writes a quantity with its unit: 2,5 kg.
func (w writer) quantity(q stock.Quantity, u stock.Unit) string {
	text, unit, _ := strings.Cut(q.In(u), " ")
	return w.number(text) + " " + unit
}

func (w writer) day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(w.date)
}

func (w writer) moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(w.zone).Format(w.date + " 15:04")
}
