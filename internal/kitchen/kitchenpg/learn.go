package kitchenpg

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"brigade/internal/kitchen/kitchenpg/db"
	"brigade/internal/kitchen/learn"
	"brigade/internal/store"
)

// Learning implements kitchen.LearningStore.
type Learning struct {
	pool  *pgxpool.Pool
	check func(ctx context.Context, tx store.Tx, fence int64) error
}

// NewLearning returns a learning store. check returns an error unless the caller still owns kitchen.LearningResource
// with this fence, and keeps it so until tx ends.
func NewLearning(pool *pgxpool.Pool, check func(ctx context.Context, tx store.Tx, fence int64) error) *Learning {
	return &Learning{pool: pool, check: check}
}

// SkipTo implements kitchen.LearningStore.
func (s *Learning) SkipTo(ctx context.Context, fence, position int64) error {
	return store.Commit(ctx, s.pool, func(tx store.Tx) error {
		if err := s.check(ctx, tx, fence); err != nil {
			return err
		}
		q := db.New(tx)
		at, err := q.LearnedUpTo(ctx)
		if err != nil || at >= position {
			return err
		}
		return q.LearnUpTo(ctx, position)
	})
}

// Learn implements kitchen.LearningStore.
func (s *Learning) Learn(ctx context.Context, fence, upTo int64, most int, at time.Time) (n int, err error) {
	err = store.Commit(ctx, s.pool, func(tx store.Tx) error {
		if err := s.check(ctx, tx, fence); err != nil {
			return err
		}
		q := db.New(tx)
		after, err := q.LearnedUpTo(ctx)
		if err != nil || after >= upTo {
			return err
		}
		rows, err := q.DoneTasks(ctx, db.DoneTasksParams{After: after, UpTo: upTo, Most: int32(most)})
		if err != nil {
			return err
		}
		if n = len(rows); n == most {
			upTo = rows[n-1].Position
		}
		if err := learnFrom(ctx, q, rows, at); err != nil {
			return err
		}
		return q.LearnUpTo(ctx, upTo)
	})
	return n, err
}

// lesson is what one batch has to say about one outlet.
type lesson struct {
	outlet  int64
	model   *learn.Model
	samples []learn.Sample
	steps   map[learn.Step]*taught
}

// taught is a step that the batch is about.
type taught struct {
	tenant      int64
	description string
	station     int64
	base        time.Duration
	inForce     time.Duration
}

// learnFrom takes completions into account and writes what they have changed.
func learnFrom(ctx context.Context, q *db.Queries, rows []db.DoneTasksRow, at time.Time) error {
	byOutlet := map[int64]*lesson{}
	for _, r := range rows {
		if r.Sku == "" || r.TookSeconds <= 0 {
			continue // not on the menu, or open again
		}
		l := byOutlet[r.OutletID]
		if l == nil {
			l = &lesson{outlet: r.OutletID, model: learn.NewModel(), steps: map[learn.Step]*taught{}}
			byOutlet[r.OutletID] = l
		}
		l.add(r)
	}
	if len(byOutlet) == 0 {
		return nil
	}
	lessons := make([]*lesson, 0, len(byOutlet))
	for _, outlet := range slices.Sorted(maps.Keys(byOutlet)) {
		lessons = append(lessons, byOutlet[outlet])
	}
	if err := recall(ctx, q, byOutlet); err != nil {
		return err
	}
	for _, l := range lessons {
		l.model.Learn(l.samples)
	}
	return write(ctx, q, lessons, at)
}

func (l *lesson) add(r db.DoneTasksRow) {
	s := learn.Sample{
		Step: learn.Step{SKU: r.Sku, No: int(r.StepNo)}, Station: r.StationID, Person: r.StaffID, Load: int(r.Load),
		Base: seconds(r.EstimateSeconds), Took: seconds(r.TookSeconds), Open: r.Open,
	}
	now := &taught{tenant: r.TenantID, description: r.Description, station: r.StationID, base: s.Base}
	if old := l.steps[s.Step]; old != nil && *old != *now { // the recipe changed: the latest version counts
		l.samples = slices.DeleteFunc(l.samples, func(o learn.Sample) bool { return o.Step == s.Step })
	}
	l.steps[s.Step] = now
	l.samples = append(l.samples, s)
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// recall gives the models what was known before.
func recall(ctx context.Context, q *db.Queries, lessons map[int64]*lesson) error {
	outlets := slices.Sorted(maps.Keys(lessons))
	steps, err := q.StepEvidence(ctx, outlets)
	if err != nil {
		return err
	}
	for _, r := range steps {
		lessons[r.OutletID].recallStep(r)
	}
	factors, err := q.FactorEvidence(ctx, outlets)
	if err != nil {
		return err
	}
	for _, r := range factors {
		kinds(lessons[r.OutletID].model)[r.Kind][r.Ref] = &learn.Evidence{Logs: r.Logs, Open: r.Open, Samples: r.Samples}
	}
	people, err := q.BaseEfficiencies(ctx, outlets)
	for _, r := range people {
		lessons[r.OutletID].model.Efficiency[r.ID] = r.BaseEfficiency
	}
	return err
}

// recallStep takes what is known of a step, unless the recipe says something else by now.
func (l *lesson) recallStep(r db.StepEvidenceRow) {
	key := learn.Step{SKU: r.Sku, No: int(r.StepNo)}
	t := l.steps[key]
	if t != nil && (t.description != r.Description || t.station != r.StationID || t.base != seconds(r.BaseSeconds)) {
		return
	}
	l.model.Steps[key] = &learn.Evidence{Logs: r.Logs, Open: r.Open, Samples: r.Samples}
	if t != nil {
		t.inForce = seconds(r.InForceSeconds)
	}
}

// kinds are the factors of a model, as the table names them.
func kinds(m *learn.Model) map[string]map[int64]*learn.Evidence {
	return map[string]map[int64]*learn.Evidence{"station": m.Stations, "person": m.People, "load": m.Loads}
}

func write(ctx context.Context, q *db.Queries, lessons []*lesson, at time.Time) error {
	steps := db.PutStepEstimatesParams{At: at}
	factors := db.PutFactorsParams{At: at}
	for _, l := range lessons {
		l.putSteps(&steps)
		l.putFactors(&factors)
	}
	if err := q.PutStepEstimates(ctx, steps); err != nil {
		return err
	}
	err := q.PutStepDays(ctx, db.PutStepDaysParams{At: at, Outlets: steps.Outlets, Skus: steps.Skus, Steps: steps.Steps})
	if err != nil {
		return err
	}
	return q.PutFactors(ctx, factors)
}

func (l *lesson) putSteps(p *db.PutStepEstimatesParams) {
	keys := slices.SortedFunc(maps.Keys(l.steps), func(a, b learn.Step) int {
		return cmp.Or(cmp.Compare(a.SKU, b.SKU), cmp.Compare(a.No, b.No))
	})
	for _, key := range keys {
		t, known := l.steps[key], l.model.Steps[key]
		if known == nil { // its samples said nothing
			known = &learn.Evidence{}
		}
		e := l.model.Estimate(key, t.station, t.base)
		learned, p90, inForce := 0.0, 0.0, 0.0
		if e.Sure {
			learned, p90 = e.Mean.Seconds(), e.P90.Seconds()
			inForce = learn.InForce(t.inForce, t.base, e).Seconds()
		}
		p.Outlets, p.Skus, p.Steps = append(p.Outlets, l.outlet), append(p.Skus, key.SKU), append(p.Steps, int32(key.No))
		p.Tenants, p.Descriptions = append(p.Tenants, t.tenant), append(p.Descriptions, t.description)
		p.Stations, p.Bases = append(p.Stations, t.station), append(p.Bases, t.base.Seconds())
		p.Logs, p.Opens = append(p.Logs, floatsLiteral(known.Logs)), append(p.Opens, boolsLiteral(known.Open))
		p.Samples, p.Learned = append(p.Samples, known.Samples), append(p.Learned, learned)
		p.P90s, p.InForce = append(p.P90s, p90), append(p.InForce, inForce)
	}
}

func (l *lesson) putFactors(p *db.PutFactorsParams) {
	values := map[string]learn.Factors{
		"station": l.model.StationFactors(), "person": l.model.PersonFactors(), "load": l.model.LoadFactors(),
	}
	for _, kind := range []string{"load", "person", "station"} {
		evidence := kinds(l.model)[kind]
		for _, ref := range slices.Sorted(maps.Keys(evidence)) {
			e := evidence[ref]
			p.Outlets, p.Kinds, p.Refs = append(p.Outlets, l.outlet), append(p.Kinds, kind), append(p.Refs, ref)
			p.Logs, p.Opens = append(p.Logs, floatsLiteral(e.Logs)), append(p.Opens, boolsLiteral(e.Open))
			p.Samples, p.Factors = append(p.Samples, e.Samples), append(p.Factors, values[kind][ref])
		}
	}
}

// floatsLiteral writes numbers as Postgres reads an array; see arrayLiteral.
func floatsLiteral(list []float64) string {
	b := []byte{'{'}
	for i, x := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendFloat(b, x, 'g', 8, 64)
	}
	return string(append(b, '}'))
}

func boolsLiteral(list []bool) string {
	b := []byte{'{'}
	for i, x := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendBool(b, x)
	}
	return string(append(b, '}'))
}
