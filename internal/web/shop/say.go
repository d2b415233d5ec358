package shop

import (
	"brigade/internal/money"
	"brigade/internal/web/page"
	"brigade/internal/web/texts"
)

// priced writes an amount as a language does.
func priced(l texts.Language, currency string, a money.Amount) string {
	return page.Priced(l, currency, a)
}

// extra writes what a choice adds to a price; "" for nothing.
func extra(l texts.Language, currency string, a money.Amount) string {
	switch {
	case a > 0:
		return "+" + priced(l, currency, a)
	case a < 0:
		return priced(l, currency, a)
	}
	return ""
}
