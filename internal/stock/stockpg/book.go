package stockpg

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"brigade/internal/errs"
	"brigade/internal/measure"
	"brigade/internal/stock"
	"brigade/internal/stock/stockpg/db"
)

// Book implements stock.Store.
func (s *Store) Book(ctx context.Context, tenant int64, sheet stock.Sheet) (changes []stock.Change, err error) {
	err = s.commit(ctx, func(l *ledger) error {
		changes = nil
		if err := l.lockOutlet(ctx, tenant, sheet.Outlet); err != nil {
			return err
		}
		once := request{tenant: tenant, outlet: sheet.Outlet, key: sheet.Key, at: sheet.At}
		if again, err := l.asked(ctx, once, []any{sheet.Kind, sheet.Entries}, &changes); err != nil || again {
			return err
		}
		if changes, err = l.book(ctx, tenant, sheet); err != nil {
			return err
		}
		return l.answer(ctx, once, changes)
	})
	return changes, err
}

// lockOutlet locks an outlet's stock, which begins with it if need be. Errors: KindNotFound.
func (l *ledger) lockOutlet(ctx context.Context, tenant, outlet int64) error {
	_, err := l.q.LockOutlet(ctx, db.LockOutletParams{Outlet: outlet, Tenant: tenant})
	if noRows(err) {
		return errs.NotFound("no such outlet")
	}
	return err
}

func (l *ledger) book(ctx context.Context, tenant int64, sheet stock.Sheet) ([]stock.Change, error) {
	known, err := l.known(ctx, tenant, sheet)
	if err != nil {
		return nil, err
	}
	var moves []move
	changes := make([]stock.Change, len(sheet.Entries))
	left := map[int64]int64{}
	for i, e := range sheet.Entries {
		k := known[e.Code]
		if _, seen := left[k.id]; !seen {
			left[k.id] = k.onHand
		}
		delta := int64(e.Quantity)
		switch sheet.Kind { //nolint:exhaustive // the others bring as much as they say
		case stock.Count:
			delta -= left[k.id]
		case stock.Waste:
			delta = -delta
		}
		if delta < 0 && sheet.Kind != stock.Count && left[k.id]+delta < 0 {
			return nil, errs.Conflict("there is only %s of %s by the books: count it first", stock.Quantity(max(0, left[k.id])).In(k.unit), k.code)
		}
		changes[i] = stock.Change{
			Code: k.code, Unit: k.unit, Was: stock.Quantity(left[k.id]), Now: stock.Quantity(left[k.id] + delta), Quantity: stock.Quantity(delta),
		}
		left[k.id] += delta
		moves = append(moves, move{
			tenant: tenant, outlet: sheet.Outlet, ingredient: k.id, kind: sheet.Kind, quantity: delta, lot: e.Lot, expires: e.Expires,
			key: sheet.Key, reason: e.Reason, by: sheet.By, at: sheet.At, noted: sheet.Kind == stock.Count,
			hand: sheet.Kind != stock.Bought && sheet.Kind != stock.Make,
		})
		if sheet.Kind == stock.Make {
			moves = append(moves, l.partsFor(k, sheet, e, tenant)...)
		}
	}
	return changes, l.apply(ctx, sheet.At, moves, nil)
}

// item is an ingredient that a sheet names.
type item struct {
	id     int64
	code   string
	unit   stock.Unit
	onHand int64
	batch  int64
	parts  []db.PartsOfRow
}

// known finds the ingredients of a sheet. Errors: KindInvalid, which names all that are not there.
func (l *ledger) known(ctx context.Context, tenant int64, sheet stock.Sheet) (map[string]item, error) {
	codes := make([]string, len(sheet.Entries))
	for i, e := range sheet.Entries {
		codes[i] = e.Code
	}
	rows, err := l.q.IngredientsByCode(ctx, db.IngredientsByCodeParams{Outlet: sheet.Outlet, Tenant: tenant, Codes: codes})
	if err != nil {
		return nil, err
	}
	known, ids := map[string]item{}, make([]int64, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
		known[r.Code] = item{id: r.ID, code: r.Code, unit: stock.Unit(r.Unit), batch: r.BatchMilli}
	}
	var f errs.Fields
	for i, e := range sheet.Entries {
		k, ok := known[e.Code]
		switch {
		case !ok:
			f.Add(fmt.Sprintf("entries[%d].ingredient", i), "there is no ingredient %q here", e.Code)
		case sheet.Kind == stock.Make && k.batch == 0:
			f.Add(fmt.Sprintf("entries[%d].ingredient", i), "%s is bought, not made", e.Code)
		}
	}
	if err := f.Err(); err != nil {
		return nil, err
	}
	return known, l.complete(ctx, sheet, known, ids, codes)
}

// complete adds how much there is, and what preparations are made of.
func (l *ledger) complete(ctx context.Context, sheet stock.Sheet, known map[string]item, ids []int64, codes []string) error {
	levels, err := l.q.LevelsNow(ctx, ids)
	if err != nil {
		return err
	}
	for _, v := range levels {
		k := known[v.Code]
		k.onHand = v.OnHandMilli
		known[v.Code] = k
	}
	if sheet.Kind != stock.Make {
		return nil
	}
	parts, err := l.q.PartsOf(ctx, db.PartsOfParams{Outlet: sheet.Outlet, Codes: codes})
	for _, p := range parts {
		k := known[p.Made]
		k.parts = append(k.parts, p)
		known[p.Made] = k
	}
	return err
}

// partsFor is what making a preparation takes out of stock, rounded up. It may be more than the books have: it was made.
func (l *ledger) partsFor(k item, sheet stock.Sheet, e stock.Entry, tenant int64) []move {
	moves := make([]move, len(k.parts))
	for i, p := range k.parts {
		moves[i] = move{
			tenant: tenant, outlet: sheet.Outlet, ingredient: p.IngredientID, kind: stock.Make,
			quantity: -measure.Share(p.QuantityMilli, int64(e.Quantity), k.batch), key: sheet.Key, reason: "for " + k.code, by: sheet.By, at: sheet.At,
		}
	}
	return moves
}

// request is something that is done once.
type request struct {
	tenant, outlet int64
	key            string // "": as often as it is asked for
	at             time.Time
}

// asked tells whether a request was done before, and reads its answer then. Errors: KindConflict when its key was used
// for another.
func (l *ledger) asked(ctx context.Context, r request, what any, answer any) (again bool, err error) {
	if r.key == "" {
		return false, nil
	}
	text, err := json.Marshal(what)
	if err != nil {
		return false, err
	}
	hash := sha256.Sum256(text)
	n, err := l.q.NoteRequest(ctx, db.NoteRequestParams{Outlet: r.outlet, Key: r.key, Tenant: r.tenant, Hash: hash[:], At: r.at})
	if err != nil || n == 1 {
		return false, err
	}
	noted, err := l.q.RequestNoted(ctx, db.RequestNotedParams{Outlet: r.outlet, Key: r.key})
	if err != nil {
		return false, err
	}
	if !bytes.Equal(noted.Hash, hash[:]) {
		return false, errs.Conflict("the key %q was used for something else", r.key)
	}
	return true, json.Unmarshal(noted.Answer, answer)
}

// answer keeps what was answered to a request.
func (l *ledger) answer(ctx context.Context, r request, answer any) error {
	if r.key == "" {
		return nil
	}
	text, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	return l.q.AnswerRequest(ctx, db.AnswerRequestParams{Outlet: r.outlet, Key: r.key, Answer: text})
}

func noRows(err error) bool { return errors.Is(err, pgx.ErrNoRows) }
