package stock

import "brigade/internal/measure"

// Unit is what an ingredient is measured in.
type Unit = measure.Unit

// The units.
const (
	Gram       = measure.Gram
	Millilitre = measure.Millilitre
	Piece      = measure.Piece
)

// Quantity is an amount of an ingredient in thousandths of its unit.
type Quantity = measure.Quantity

// Milli is how many parts a unit has.
const Milli = measure.Milli

// Most is the largest quantity that can be entered.
const Most = measure.Most
