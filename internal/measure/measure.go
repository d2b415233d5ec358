// Package measure holds quantities of ingredients as whole numbers, never in floats.
package measure

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"brigade/internal/errs"
)

// Unit is what an ingredient is measured in.
type Unit string

// The units. Quantities are kept as whole thousandths of them.
const (
	Gram       Unit = "g"
	Millilitre Unit = "ml"
	Piece      Unit = "piece"
)

// Quantity is an amount of an ingredient in thousandths of its unit: milligrams, microlitres, thousandths of a piece.
// Whole numbers, so that sums are exact.
type Quantity int64

// Milli is how many parts a unit has.
const Milli = 1000

// Most is the largest quantity that can be entered: a thousand million of a unit. Sums of millions of them still fit.
const Most Quantity = 1_000_000_000 * Milli

// measures are the ways in which quantities are written, with how many thousandths of the unit they are.
var measures = map[string]struct {
	unit  Unit
	milli int64
}{
	"mg": {Gram, 1}, "g": {Gram, 1_000}, "kg": {Gram, 1_000_000}, "t": {Gram, 1_000_000_000},
	"ml": {Millilitre, 1_000}, "cl": {Millilitre, 10_000}, "dl": {Millilitre, 100_000}, "l": {Millilitre, 1_000_000},
	"piece": {Piece, 1_000}, "pieces": {Piece, 1_000}, "pc": {Piece, 1_000}, "pcs": {Piece, 1_000},
}

// ParseQuantity reads "2.5 kg", "330ml" or "12" (which counts in the unit itself) for an ingredient that is measured in a
// unit. Errors: KindInvalid for what is no quantity, is measured otherwise, has more decimals than can be kept, or is huge.
func ParseQuantity(text string, unit Unit) (Quantity, error) {
	text = strings.TrimSpace(text)
	at := strings.IndexFunc(text, func(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' })
	number, measure := text, string(unit)
	if at >= 0 {
		number, measure = strings.TrimSpace(text[:at]), strings.ToLower(strings.TrimSpace(text[at:]))
	}
	m, ok := measures[measure]
	if !ok {
		return 0, errs.Invalid("%q is not a quantity: it is written as 2.5 kg, 330 ml or 12 pieces", text)
	}
	if m.unit != unit {
		return 0, errs.Invalid("%q does not fit: it is measured in %s", text, unit)
	}
	q, err := parseScaled(number, m.milli)
	if err != nil {
		return 0, errs.Invalid("%q is not a quantity: %v", text, err)
	}
	return q, nil
}

// parseScaled reads a decimal times so many thousandths, exactly.
func parseScaled(number string, milli int64) (Quantity, error) {
	digits, negative := strings.CutPrefix(number, "-")
	whole, frac, point := strings.Cut(digits, ".")
	if whole == "" || point && frac == "" {
		return 0, errs.Invalid("it is written as 2.5 kg, 330 ml or 12 pieces")
	}
	n, err := strconv.ParseUint(whole, 10, 63)
	if err != nil || n > uint64(Most)/uint64(milli) {
		return 0, whyNot(whole)
	}
	total := int64(n) * milli
	for part := milli; frac != ""; frac = frac[1:] {
		d := frac[0]
		if d < '0' || d > '9' {
			return 0, errs.Invalid("it is written as 2.5 kg, 330 ml or 12 pieces")
		}
		if d != '0' && part%10 != 0 {
			return 0, errs.Invalid("it has more decimals than are kept")
		}
		part /= 10
		total += int64(d-'0') * part
	}
	if total > int64(Most) {
		return 0, errs.Invalid("it is more than %s of the unit", Most.Decimal())
	}
	if negative {
		total = -total
	}
	return Quantity(total), nil
}

func whyNot(whole string) error {
	if strings.Trim(whole, "0123456789") != "" {
		return errs.Invalid("it is written as 2.5 kg, 330 ml or 12 pieces")
	}
	return errs.Invalid("it is more than %s of the unit", Most.Decimal())
}

// Decimal writes the quantity in its unit, without the unit: "2.5".
func (q Quantity) Decimal() string {
	sign, n := "", uint64(q)
	if q < 0 {
		sign, n = "-", -n
	}
	text := fmt.Sprintf("%s%d.%03d", sign, n/Milli, n%Milli)
	return strings.TrimRight(strings.TrimRight(text, "0"), ".")
}

// In writes the quantity with its unit, in larger ones where that is shorter to read: "2.5 kg", "330 ml", "12 pieces".
func (q Quantity) In(u Unit) string {
	size := q
	if size < 0 {
		size = -size
	}
	switch {
	case u == Gram && size >= Milli*Milli:
		return scaledDown(q, "kg")
	case u == Millilitre && size >= Milli*Milli:
		return scaledDown(q, "l")
	case u == Piece && size != Milli:
		return q.Decimal() + " pieces"
	}
	return q.Decimal() + " " + string(u)
}

// scaledDown writes a thousandth of a quantity, exactly.
func scaledDown(q Quantity, unit string) string {
	if q%Milli == 0 {
		return (q / Milli).Decimal() + " " + unit
	}
	sign, n := "", int64(q)
	if q < 0 {
		sign, n = "-", -n
	}
	const million = Milli * Milli
	return strings.TrimRight(fmt.Sprintf("%s%d.%06d", sign, n/million, n%million), "0") + " " + unit
}

// MarshalJSON writes a number in the ingredient's unit, with as many decimals as it has: 2.5.
func (q Quantity) MarshalJSON() ([]byte, error) { return []byte(q.Decimal()), nil }

// UnmarshalJSON reads a number in the ingredient's unit exactly; null changes nothing. Errors: KindInvalid.
func (q *Quantity) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return nil
	}
	var n json.Number
	if err := json.Unmarshal(b, &n); err != nil {
		return errs.Invalid("%s is not a quantity", b)
	}
	v, err := parseScaled(n.String(), Milli)
	if err != nil {
		return errs.Invalid("%s is not a quantity: %v", b, err)
	}
	*q = v
	return nil
}

// Float is the quantity in its unit, for plans.
func (q Quantity) Float() float64 { return float64(q) / Milli }

// FromFloat is a planned quantity, rounded up to what can be kept; what is no number or too much is Most.
func FromFloat(v float64) Quantity {
	if !(v*Milli <= float64(Most)) {
		return Most
	}
	return Quantity(math.Ceil(v*Milli - 1e-6))
}
