package order

import "brigade/internal/errs"

// Door is where a delivery goes, beside its address. Orders only carry it to those who deliver.
type Door struct {
	Located  bool    // Lat and Lon are given
	Lat, Lon float64 // degrees (WGS 84)
	Needs    []string
}

// What a delivery can need of its driver.
const (
	NeedsAlcohol = "alcohol" // old enough, and checks the age at the door
	NeedsLarge   = "large"   // has the vehicle for what fits in no bag
)

func (d *Door) validate(f *errs.Fields, t Type) {
	if d == nil {
		return
	}
	if t != Delivery {
		f.Add("delivery_location", "must only be given for a delivery")
	}
	if d.Located && !(d.Lat >= -90 && d.Lat <= 90 && d.Lon >= -180 && d.Lon <= 180) {
		f.Add("delivery_location", "must be a place on earth, in degrees")
	}
	for _, n := range d.Needs {
		if n != NeedsAlcohol && n != NeedsLarge {
			f.Add("delivery_needs", "has no %q: there are alcohol and large", n)
		}
	}
}
