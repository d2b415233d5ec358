package order

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"brigade/internal/errs"
	"brigade/internal/modifier"
	"brigade/internal/money"
)

// Limits of one order.
const (
	MaxLines    = 100
	MaxQuantity = 100
	MaxUnits    = 500
	maxKey      = 200
	MaxCourse   = 9
	maxName     = 200  // characters of an item's name
	maxNote     = 2000 // characters of a note to the cook
	minPrice    = money.Amount(1)
	maxPrice    = money.Amount(999_99)

	maxUnitPrice = money.Amount(1_000_000_00) // so that no total overflows
)

// Placement is a request to take an order.
type Placement struct {
	Source          string // who takes it: scopes Key
	Key             string // the same source and key again gives the first answer; empty: every request is new
	Fingerprint     []byte // of the request: another one under the same key is a conflict; nil: not compared
	Outlet          int64  // 0: the actor's
	Type            Type
	CustomerName    string
	TableNumber     int
	DeliveryAddress string
	Contact         *Contact // checked by whoever took it down; nil: none
	Door            *Door    // where a delivery goes; nil: the address says it
	Hold            bool     // nothing is begun until it is fired
	Items           []Wanted
	Method          Method    // how it is paid
	PaymentToken    string    // whose money, to the provider
	ReadyAt         time.Time // when it shall be ready; zero: as soon as it can be
	ReadyFor        string    // the same as HH:MM of the outlet's day, the next to come; "": not given
}

// Wanted is one item as the client asks for it.
type Wanted struct {
	SKU      string          // an item of the menu, by SKU or exact name
	Name     string          // free-form: used when it is not on the menu (contract R)
	Quantity int             // from 1
	Price    *money.Amount   // free-form: the client's price; nil: the menu's
	Course   int             // when in a meal it is wanted, 1 to MaxCourse; 0 = 1
	Picks    []modifier.Pick // of what the item lets one choose; none: as it usually is
	Note     string          // to the cook, behind the item's name
	Path     string          // where the client wrote it, for error messages; empty: items[i]
}

// path names item i in error messages.
func (w Wanted) path(i int, field string) string {
	if w.Path != "" {
		return w.Path
	}
	return fmt.Sprintf("items[%d].%s", i, field)
}

// Validate checks everything that can be told without the menu and names every faulty field (KindInvalid).
func (p Placement) Validate() error {
	var f errs.Fields
	if len(p.Key) > maxKey {
		f.Add("idempotency key", "must have at most %d characters", maxKey)
	}
	p.validateType(&f)
	p.validateItems(&f)
	p.validateTexts(&f)
	p.validatePayment(&f)
	return f.Err()
}

// validateTexts refuses what no text column can hold.
func (p Placement) validateTexts(f *errs.Fields) {
	readable := func(path, s string) {
		if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
			f.Add(path, "must be text")
		}
	}
	readable("idempotency key", p.Key)
	readable("payment.token", p.PaymentToken)
	readable("customer_name", p.CustomerName)
	readable("delivery_address", p.DeliveryAddress)
	for i, it := range p.Items {
		readable(it.path(i, "sku"), it.SKU)
		readable(it.path(i, "name"), it.Name)
		readable(it.path(i, "note"), it.Note)
	}
}

func (p Placement) validateType(f *errs.Fields) {
	switch p.Type {
	case DineIn, Takeout, Delivery:
	default:
		f.Add("order_type", "must be dine_in, takeout or delivery")
	}
	if p.TableNumber < 0 || p.TableNumber > 100 {
		f.Add("table_number", "must be 1 to 100")
	}
	if utf8.RuneCountInString(p.CustomerName) > 100 {
		f.Add("customer_name", "must have at most 100 characters")
	}
	p.Door.validate(f, p.Type)
	if utf8.RuneCountInString(p.DeliveryAddress) > 500 {
		f.Add("delivery_address", "must have at most 500 characters")
	}
}

func (p Placement) validateItems(f *errs.Fields) {
	switch {
	case len(p.Items) == 0:
		f.Add("items", "must not be empty")
	case len(p.Items) > MaxLines:
		f.Add("items", "must be at most %d", MaxLines)
	}
	units := 0
	for i, it := range p.Items {
		it.validate(f, i)
		if it.Quantity < 1 || it.Quantity > MaxQuantity {
			f.Add(it.path(i, "quantity"), "must be 1 to %d", MaxQuantity)
			continue
		}
		units += it.Quantity
	}
	if units > MaxUnits {
		f.Add("items", "must be at most %d units together", MaxUnits)
	}
}

// validate checks that an item is called something and what it costs.
func (w Wanted) validate(f *errs.Fields, i int) {
	field, name := "sku", w.SKU
	if name == "" && w.Name != "" {
		field, name = "name", w.Name
	}
	if n := utf8.RuneCountInString(name); n < 1 || n > maxName {
		f.Add(w.path(i, field), "must have 1 to %d characters", maxName)
	}
	if utf8.RuneCountInString(w.Note) > maxNote {
		f.Add(w.path(i, "note"), "must have at most %d characters", maxNote)
	}
	if len(w.Picks) > modifier.MaxGroups*modifier.MaxChoices {
		f.Add(w.path(i, "choices"), "must be at most %d", modifier.MaxGroups*modifier.MaxChoices)
	}
	if w.Course < 0 || w.Course > MaxCourse {
		f.Add(w.path(i, "course"), "must be 1 to %d", MaxCourse)
	}
	if w.Price != nil && (*w.Price < 0 || *w.Price > maxUnitPrice) {
		f.Add(w.path(i, "price"), "must be 0 to %s", maxUnitPrice)
	}
}

// ValidateFreeForm checks a placement by contract R's rules, which are stricter, and names every faulty field.
func (p Placement) ValidateFreeForm() error {
	var f errs.Fields
	validateCustomer(&f, p.CustomerName)
	switch p.Type {
	case DineIn:
		if p.TableNumber < 1 || p.TableNumber > 100 {
			f.Add("table_number", "must be 1 to 100 for a dine_in order")
		}
		if p.DeliveryAddress != "" {
			f.Add("delivery_address", "must not be given for a dine_in order")
		}
	case Delivery:
		if utf8.RuneCountInString(strings.TrimSpace(p.DeliveryAddress)) < 10 {
			f.Add("delivery_address", "must have at least 10 characters for a delivery order")
		}
		if p.TableNumber != 0 {
			f.Add("table_number", "must not be given for a delivery order")
		}
	case Takeout:
	default:
		f.Add("order_type", "must be dine_in, takeout or delivery")
	}
	validateFreeItems(&f, p.Items)
	return f.Err()
}

func validateFreeItems(f *errs.Fields, items []Wanted) {
	if len(items) < 1 || len(items) > 20 {
		f.Add("items", "must be 1 to 20")
	}
	for i, it := range items {
		if n := utf8.RuneCountInString(strings.TrimSpace(it.Name)); n < 1 || utf8.RuneCountInString(it.Name) > 50 {
			f.Add(it.path(i, "name"), "must have 1 to 50 characters")
		}
		if it.Quantity < 1 || it.Quantity > 10 {
			f.Add(it.path(i, "quantity"), "must be 1 to 10")
		}
		if it.Price == nil || *it.Price < minPrice || *it.Price > maxPrice {
			f.Add(it.path(i, "price"), "must be %s to %s", minPrice, maxPrice)
		}
	}
}

func validateCustomer(f *errs.Fields, name string) {
	n := utf8.RuneCountInString(name)
	switch {
	case strings.TrimSpace(name) == "" || n > 100:
		f.Add("customer_name", "must have 1 to 100 characters")
	case strings.ContainsFunc(name, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsMark(r) && r != ' ' && r != '-' && r != '\'' && r != '’'
	}):
		f.Add("customer_name", "may only hold letters, spaces, hyphens and apostrophes")
	}
}
