// Package money holds amounts in minor units (cents), never in floats.
package money

import (
	"fmt"
	"strconv"
	"strings"
)

// Amount is a sum of money in minor units of its currency: 1299 is 12.99.
type Amount int64

// Parse reads a decimal ("12.99", "3", "-0.5", "1.500") exactly; more than two decimals are refused unless they are 0.
func Parse(s string) (Amount, error) {
	digits, negative := strings.CutPrefix(s, "-")
	whole, frac, point := strings.Cut(digits, ".")
	if whole == "" || point && frac == "" {
		return 0, fmt.Errorf("%q is not an amount", s)
	}
	for len(frac) > 2 && frac[len(frac)-1] == '0' {
		frac = frac[:len(frac)-1]
	}
	if len(frac) > 2 {
		return 0, fmt.Errorf("%q is not an amount with at most two decimals", s)
	}
	n, err := strconv.ParseUint(whole+(frac + "00")[:2], 10, 63)
	if err != nil {
		return 0, fmt.Errorf("%q is not an amount", s)
	}
	if negative {
		return -Amount(n), nil
	}
	return Amount(n), nil
}

// Times returns the amount multiplied by a count.
func (a Amount) Times(n int) Amount { return a * Amount(n) }

// String writes the amount with two decimals: "12.99".
func (a Amount) String() string {
	sign, minor := "", uint64(a)
	if a < 0 {
		sign, minor = "-", -minor // right for the smallest amount, too
	}
	return fmt.Sprintf("%s%d.%02d", sign, minor/100, minor%100)
}

// MarshalJSON writes a JSON number with two decimals, as contract clients expect: 24.98.
func (a Amount) MarshalJSON() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalJSON reads a JSON number exactly, without a detour over floats. null changes nothing.
func (a *Amount) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return nil
	}
	v, err := Parse(string(b))
	if err != nil {
		return err
	}
	*a = v
	return nil
}
