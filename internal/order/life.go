package order

import (
	"slices"

	"brigade/internal/errs"
)

// follows is the order's life: what may come after what.
var follows = map[Status][]Status{
	Created:       {InPreparation, Ready, Cancelled},
	InPreparation: {Ready, Cancelled},
	Ready:         {Served, Collected, Delivered, Cancelled},
}

// Follows returns what may come after a status, in the order of a life.
func Follows(s Status) []Status { return follows[s] }

// HandedOver is the status that ends an order of the given type.
func HandedOver(t Type) Status {
	switch t {
	case DineIn:
		return Served
	case Takeout:
		return Collected
	default:
		return Delivered
	}
}

// Move decides what becomes of an order in status from that shall be in status to. changed is false when it is there
// already (a repeated call answers as before). Errors: KindConflict when the life does not allow it.
func Move(t Type, from, to Status) (changed bool, err error) {
	switch {
	case from == to:
		return false, nil
	case !slices.Contains(follows[from], to):
		return false, errs.Conflict("an order that is %s cannot become %s", from, to)
	case to.Closed() && to != Cancelled && to != HandedOver(t):
		return false, errs.Conflict("a %s order ends %s, not %s", t, HandedOver(t), to)
	}
	return true, nil
}
