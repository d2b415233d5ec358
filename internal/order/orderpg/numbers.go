package orderpg

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"brigade/internal/order"
	"brigade/internal/order/orderpg/db"
	"brigade/internal/store"
)

// tenantDay is what numbers are counted by.
type tenantDay struct {
	tenant int64
	day    time.Time
}

func dayOf(o *order.Order) tenantDay {
	return tenantDay{o.Tenant, o.PlacedAt.UTC().Truncate(24 * time.Hour)}
}

func (d tenantDay) date() pgtype.Date { return pgtype.Date{Time: d.day, Valid: true} }

func (d tenantDay) compare(o tenantDay) int {
	return cmp.Or(cmp.Compare(d.tenant, o.tenant), d.day.Compare(o.day))
}

// counts tells how many orders there are of each day.
func counts(orders []*order.Order) map[tenantDay]int {
	n := map[tenantDay]int{}
	for _, o := range orders {
		n[dayOf(o)]++
	}
	return n
}

// days lists what the fresh orders of a batch are counted by.
func (b *batch) days() map[tenantDay]int {
	n := map[tenantDay]int{}
	for _, i := range b.fresh {
		n[dayOf(&b.drafts[i].Order)]++
	}
	return n
}

// lastNumbers are the last numbers that this node gave out, which need not be committed yet. Whoever goes by them
// claims the numbers at the end of his transaction: then the counter must hold what he took for the last one. So two
// transactions number the same day's orders side by side, and one ends after the other.
//
// Transactions take turns when they get their numbers. Each waits for an earlier one only, so that no two wait for each
// other: before it claims, or before it asks the counter.
type lastNumbers struct {
	mu     sync.Mutex
	known  map[tenantDay]int
	wary   map[tenantDay]time.Time // until then, in real time, another node numbers too: the counter is asked first
	turn   chan struct{}           // closed when the latest transaction has ended
	asking chan struct{}           // closed when the counter was asked; nil: nobody asks
}

const (
	waryFor    = time.Second
	waitAtMost = time.Second // for the transaction before: whatever keeps it, it may be this one
	daysKnown  = 4096        // more are forgotten: the counter knows them
)

// numbering is what a transaction may number its orders by.
type numbering struct {
	before  map[tenantDay]int // the last numbers before its own; nil: the counter must be asked
	earlier chan struct{}     // closed when the transaction before has ended
	asked   func()            // to be called when the counter was asked
}

// next gives out numbers for every day. When not all are known, the counter must be asked, and nobody else goes by what
// was known until it was. Errors: store.ErrOvertaken when it takes others too long to ask.
func (l *lastNumbers) next(ctx context.Context, tx store.Tx, n map[tenantDay]int) (numbering, error) {
	for {
		l.mu.Lock()
		known, asking := l.allKnown(n), l.asking
		if known || asking == nil {
			defer l.mu.Unlock()
			return l.take(tx, n, known), nil
		}
		l.mu.Unlock()
		if err := await(ctx, asking); err != nil {
			return numbering{}, err
		}
	}
}

func (l *lastNumbers) allKnown(n map[tenantDay]int) bool {
	for d := range n {
		if _, known := l.known[d]; !known || time.Now().Before(l.wary[d]) {
			return false
		}
	}
	return true
}

// take takes the next turn.
func (l *lastNumbers) take(tx store.Tx, n map[tenantDay]int, known bool) numbering {
	t := numbering{earlier: l.turn, asked: func() {}}
	own := make(chan struct{})
	l.turn = own
	store.OnEnd(tx, func() { close(own) })
	if !known {
		l.drop(n)
		l.asking = make(chan struct{})
		t.asked = sync.OnceFunc(l.wasAsked)
		store.OnEnd(tx, t.asked)
		return t
	}
	t.before = make(map[tenantDay]int, len(n))
	for d, count := range n {
		t.before[d] = l.known[d]
		l.known[d] += count
	}
	return t
}

func (l *lastNumbers) wasAsked() {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.asking)
	l.asking = nil
}

func (l *lastNumbers) drop(days map[tenantDay]int) {
	for d := range days {
		delete(l.known, d)
	}
}

// learn notes what the counters were moved to by a transaction that holds them.
func (l *lastNumbers) learn(last map[tenantDay]int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.known == nil || len(l.known) > daysKnown {
		l.known, l.wary = map[tenantDay]int{}, map[tenantDay]time.Time{}
	}
	maps.Copy(l.known, last)
}

// forget notes that numbers were given out in vain; overtaken: because another node has given out some.
func (l *lastNumbers) forget(days map[tenantDay]int, overtaken bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.drop(days)
	for d := range days {
		if overtaken && l.wary != nil {
			l.wary[d] = time.Now().Add(waryFor)
		}
	}
}

// await waits until an earlier transaction of this node has come so far. Errors: store.ErrOvertaken when that takes too
// long.
func await(ctx context.Context, earlier chan struct{}) error {
	if earlier == nil {
		return nil
	}
	late := time.NewTimer(waitAtMost)
	defer late.Stop()
	select {
	case <-earlier:
		return nil
	case <-late.C:
		return store.ErrOvertaken
	case <-ctx.Done():
		return ctx.Err()
	}
}

// claim is the numbers that a transaction has given out without holding their counters.
type claim struct {
	earlier chan struct{}
	rows    []db.ClaimNumbersParams
}

// number gives each order its id and its gap-free number: a number is only given when its order is written. Numbers that
// are not known to follow the last ones are counted first, and their counters held until the commit; others must be
// claimed at the end of the transaction.
func (s *Store) number(ctx context.Context, tx store.Tx, orders []*order.Order) (c claim, err error) {
	q := s.q.WithTx(tx)
	n := counts(orders)
	t, err := s.last.next(ctx, tx, n)
	if err != nil {
		return c, err
	}
	if t.before != nil {
		c = claim{t.earlier, claimOf(t.before, n)}
	} else if err = s.count(ctx, q, &t, n); err != nil {
		return c, err
	}
	ids, err := q.NextOrderIDs(ctx, int32(len(orders)))
	if err != nil {
		return c, err
	}
	for i, o := range orders {
		d := dayOf(o)
		t.before[d]++
		o.ID, o.Number = ids[i], order.Number(o.PlacedAt, t.before[d])
	}
	return c, nil
}

func sortedDays(n map[tenantDay]int) []tenantDay { // one order of locking for all
	return slices.SortedFunc(maps.Keys(n), tenantDay.compare)
}

// count moves the counters on and notes what they were at.
func (s *Store) count(ctx context.Context, q *db.Queries, t *numbering, n map[tenantDay]int) error {
	defer t.asked()
	if err := await(ctx, t.earlier); err != nil {
		return err
	}
	var p db.NextNumbersParams
	for _, d := range sortedDays(n) {
		p.Tenants, p.Days, p.Counts = append(p.Tenants, d.tenant), append(p.Days, d.date()), append(p.Counts, int32(n[d]))
	}
	rows, err := q.NextNumbers(ctx, p)
	if err != nil {
		return err
	}
	last := make(map[tenantDay]int, len(rows))
	t.before = make(map[tenantDay]int, len(rows))
	for _, r := range rows {
		d := tenantDay{r.TenantID, r.Day.Time.UTC()}
		last[d], t.before[d] = int(r.Last), int(r.Last)-n[d]
	}
	s.last.learn(last)
	return nil
}

func claimOf(before, n map[tenantDay]int) (rows []db.ClaimNumbersParams) {
	for _, d := range sortedDays(n) {
		rows = append(rows, db.ClaimNumbersParams{
			Tenant: d.tenant, Day: d.date(), Expected: int32(before[d]), Last: int32(before[d] + n[d]),
		})
	}
	return rows
}

// write moves the counters on, after everything else is written and the transaction before has ended. Errors:
// store.ErrOvertaken when the counters are not what was expected.
func (c claim) write(ctx context.Context, pipe *store.Pipeline, q *db.Queries) error {
	if len(c.rows) == 0 {
		return nil
	}
	if err := pipe.Flush(ctx); err != nil {
		return err
	}
	if err := await(ctx, c.earlier); err != nil {
		return err
	}
	for _, p := range c.rows {
		pipe.Expect(1, store.ErrOvertaken)
		if err := q.ClaimNumbers(ctx, p); err != nil {
			return err
		}
	}
	return nil
}
