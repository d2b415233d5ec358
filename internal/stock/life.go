package stock

import (
	"slices"
	"time"

	"brigade/internal/errs"
)

// ReceivedNow is what a delivery brings into stock.
type ReceivedNow struct {
	Ingredient int64
	Quantity   Quantity
	Expires    time.Time
}

// Receive takes a delivery into account and returns what comes into stock. Without lines everything that is open came in.
// More than was ordered is taken as well: it is there. Errors: KindConflict unless it was sent, KindInvalid.
func (p *Purchase) Receive(r Receipt) ([]ReceivedNow, error) {
	if p.Status != Sent && p.Status != PartlyReceived {
		return nil, errs.Conflict("%s is %s: only what was sent can be received", p.Number, p.Status)
	}
	if r.Lines == nil {
		for _, l := range p.Lines {
			r.Lines = append(r.Lines, ReceivedLine{No: l.No, Quantity: l.Open()})
		}
	}
	var in []ReceivedNow
	for _, got := range r.Lines {
		i := slices.IndexFunc(p.Lines, func(l PurchaseLine) bool { return l.No == got.No })
		if i < 0 {
			return nil, errs.Invalid("%s has no line %d", p.Number, got.No)
		}
		if got.Quantity < 0 || got.Quantity > Most {
			return nil, errs.Invalid("line %d: what came in must be 0 to %s", got.No, Most.In(p.Lines[i].Unit))
		}
		if got.Quantity > 0 {
			p.Lines[i].Received += got.Quantity
			in = append(in, ReceivedNow{p.Lines[i].Ingredient, got.Quantity, got.Expires})
		}
	}
	p.Status = PartlyReceived
	if r.Close || !slices.ContainsFunc(p.Lines, func(l PurchaseLine) bool { return l.Open() > 0 }) {
		p.Status, p.ClosedAt = Received, r.At
	}
	p.touch(r.By, r.At)
	return in, nil
}

// Send notes that it was sent; again, nothing changes. Errors: KindConflict when it is closed, KindInvalid when it orders
// nothing, or less than the supplier's minimum.
func (p *Purchase) Send(to, by string, at time.Time) error {
	switch {
	case p.Status == Sent || p.Status == PartlyReceived:
		return nil
	case p.Status != Draft:
		return errs.Conflict("%s is %s", p.Number, p.Status)
	case !slices.ContainsFunc(p.Lines, func(l PurchaseLine) bool { return l.Packs > 0 }):
		return errs.Invalid("%s orders nothing", p.Number)
	case p.Total() < p.Supplier.Minimum:
		return errs.Invalid("%s comes to %s %s: %s delivers from %s on", p.Number, p.Total(), p.Currency, p.Supplier.Name, p.Supplier.Minimum)
	}
	p.Status, p.SentTo, p.SentAt = Sent, to, at
	p.touch(by, at)
	return nil
}

// Cancel gives it up; again, nothing changes. What came in stays. Errors: KindConflict when everything came in.
func (p *Purchase) Cancel(by string, at time.Time) error {
	if p.Status == Cancelled {
		return nil
	}
	if p.Status == Received {
		return errs.Conflict("%s is %s", p.Number, p.Status)
	}
	p.Status, p.ClosedAt = Cancelled, at
	p.touch(by, at)
	return nil
}

// Editable tells whether its lines can be changed. Errors: KindConflict.
func (p *Purchase) Editable() error {
	if p.Status != Draft {
		return errs.Conflict("%s is %s: only a draft can be changed", p.Number, p.Status)
	}
	return nil
}

func (p *Purchase) touch(by string, at time.Time) {
	p.Version++
	p.ChangedBy, p.ChangedAt = by, at
}
