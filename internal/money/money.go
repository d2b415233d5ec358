// Package money holds amounts in minor units (cents), never in floats.
package money

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Amount is a sum of money in minor units of its currency: 1299 is 12.99.
type Amount int64

// Parse reads a decimal with at most two digits after the point ("12.99", "3", "-0.5"), exactly.
func Parse(s string) (Amount, error) {
	digits, negative := strings.CutPrefix(s, "-")
	whole, frac, _ := strings.Cut(digits, ".")
	if whole == "" || len(frac) > 2 {
		return 0, fmt.Errorf("%q is not an amount with at most two decimals", s)
	}
	n, err := strconv.ParseUint(whole+(frac + "00")[:2], 10, 63)
	if err != nil || n > math.MaxInt64 {
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
	sign := ""
	if a < 0 {
		sign, a = "-", -a
	}
	return fmt.Sprintf("%s%d.%02d", sign, a/100, a%100)
}

// MarshalJSON writes a JSON number with two decimals, as contract clients expect: 24.98.
func (a Amount) MarshalJSON() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalJSON reads a JSON number exactly, without a detour over floats.
func (a *Amount) UnmarshalJSON(b []byte) error {
	v, err := Parse(string(b))
	if err != nil {
		return err
	}
	*a = v
	return nil
}
