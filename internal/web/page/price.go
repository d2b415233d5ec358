package page

import (
	"strings"

	"brigade/internal/money"
	"brigade/internal/web/texts"
)

// signs are those of currencies that have one everybody knows.
var signs = map[string]string{"EUR": "€", "GBP": "£", "USD": "$"}

// Priced writes an amount as a language does: €9.90, 9,90 €.
func Priced(l texts.Language, currency string, a money.Amount) string {
	sign, known := signs[currency]
	switch {
	case l.Code == "en" && known && a >= 0:
		return sign + a.String()
	case !known:
		sign = currency
	}
	number := a.String()
	if l.Code != "en" {
		number = strings.Replace(number, ".", ",", 1)
	}
	return number + "\u00a0" + sign // they stay together
}
