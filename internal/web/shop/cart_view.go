package shop

import (
	"strings"

	"brigade/internal/errs"
	"brigade/internal/menu"
	"brigade/internal/modifier"
	"brigade/internal/money"
	"brigade/internal/order"
	"brigade/internal/web/texts"
)

// cartView is a cart as its guest sees it, at what the menu says now.
type cartView struct {
	Base  string
	Units int
	Sum   string
	Lines []lineView
	Last  string // where the order before this one is followed; "" = there is none
}

type lineView struct {
	No          int
	Name, Words string
	N           int
	Price       string // of all units
	Gone        bool
	Art         string
}

func newCartView(p place, l texts.Language, c cart, seen *look) cartView {
	v := cartView{Base: p.base(), Units: c.units(), Last: c.LastPath}
	var sum money.Amount
	for i, ln := range c.Lines {
		lv, price := newLineView(p, ln, seen)
		lv.No, lv.N, lv.Price = i, ln.N, priced(l, p.Currency, price)
		v.Lines = append(v.Lines, lv)
		if !lv.Gone {
			sum += price
		}
	}
	v.Sum = priced(l, p.Currency, sum)
	return v
}

// newLineView shows a line and returns what all its units cost. What is not sold any more, or not so, is gone.
func newLineView(p place, ln line, seen *look) (lineView, money.Amount) {
	it, err := seen.item(ln.SKU)
	if err != nil {
		return lineView{Name: ln.SKU, Gone: true}, 0
	}
	words, more, err := modifier.Apply(it.Choices, ln.Picks)
	if ln.Note != "" {
		words = append(words, "“"+ln.Note+"”")
	}
	v := lineView{Name: it.Name, Words: strings.Join(words, ", "), Art: artPath(p, it), Gone: err != nil || it.Paused(seen.Pauses) != ""}
	return v, max(0, it.Price+more).Times(ln.N)
}

// wanted are the lines of a cart as an order has them. Errors: KindConflict when something of it is gone.
func wanted(c cart, items []menu.Item, pauses []menu.Pause) ([]order.Wanted, error) {
	seen := &look{Items: items, Pauses: pauses}
	for _, ln := range c.Lines {
		if it, err := seen.item(ln.SKU); err != nil || it.Paused(pauses) != "" {
			return nil, errGone
		}
	}
	if len(c.Lines) == 0 {
		return nil, errEmpty
	}
	return c.lines(), nil
}

// lines are those of the cart as an order has them.
func (c cart) lines() (list []order.Wanted) {
	for _, ln := range c.Lines {
		list = append(list, order.Wanted{SKU: ln.SKU, Quantity: ln.N, Picks: ln.Picks, Note: ln.Note})
	}
	return list
}

var (
	errGone  = errs.Conflict("Something in your basket is sold out: take it out to go on.")
	errEmpty = errs.Invalid("Your basket is empty.")
)
