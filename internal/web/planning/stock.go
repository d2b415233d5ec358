package planning

import (
	"cmp"
	"crypto/rand"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"brigade/internal/actor"
	"brigade/internal/errs"
	plans "brigade/internal/planning"
	"brigade/internal/planning/supply"
	"brigade/internal/stock"
	"brigade/internal/web/page"
)

const (
	levelsPage    = 60
	movementsSeen = 15
	soon          = 48 * time.Hour // an expiry within is worth a mark
)

// stockPage is what the page stock shows.
type stockPage struct {
	head
	NoPlan bool
	Plan   plans.Plan
	Rows   []levelView
	Next   string
	Outs   []stock.Out
	Notes  []noteView
	Item   *itemView // one of them in detail; nil: none
	Key    string
	Short  int // that run out within the projection
	Waste  int // that will expire in part
}

// levelView is an ingredient of the list.
type levelView struct {
	Code, Name, Path           string
	OnHand, Reserved, Incoming string
	Par                        string
	Share                      float64 // of the par level, 0 to 100
	Level                      string  // low, fair or good; "": no par level
	Expiry                     string
	ExpiresSoon                bool
	Counted                    string
	Spark                      spark
	Out, Ordered               string // when it runs out; and once the planned orders come
	Wasted                     string
	Made, Here                 bool
	Unit                       string
}

// itemView is one ingredient in detail.
type itemView struct {
	levelView
	Wide, Narrow courseView
	Days         []courseDay
	Lots         []lotView
	Moves        []moveView
}

// courseDay is a day of an ingredient's projection.
type courseDay struct {
	Day, Opening, Arrivals, Used, Unmet, Expired, Closing string
	Short, Loses                                          bool
}

// lotView is what is left of a lot.
type lotView struct{ Left, Received, Expires, Note string }

// moveView is a change of stock.
type moveView struct{ At, Kind, Quantity, By, Reason string }

// courseView is the projection of an ingredient as a drawing: what is there at the end of each day.
type courseView struct {
	W, H   int
	Lines  []tick
	Bars   []bar
	Labels []dot // Kind is the text
	Bottom float64
}

// View is the view box of the drawing.
func (c courseView) View() string { return chart{W: c.W, H: c.H}.View() }

func (s *server) showStock(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	h, err := s.begin(r, who, "stock")
	if err != nil {
		return err
	}
	p := stockPage{head: h, Key: rand.Text()}
	plan, made, _, err := s.Planner.StockOf(r.Context(), who, h.Outlet.ID, 0, 0)
	switch {
	case errs.Is(err, errs.KindNotFound):
		p.NoPlan = true
	case err != nil:
		return err
	}
	p.Plan, p.Notes = made, h.f.notes(plan.Notes)
	levels, err := s.Stock.Levels(r.Context(), who, stock.Query{Outlet: h.Outlet.ID, After: r.URL.Query().Get("after"), Most: levelsPage})
	if err != nil {
		return err
	}
	if p.Outs, err = s.Stock.Outs(r.Context(), who, h.Outlet.ID); err != nil {
		return err
	}
	if len(levels) == levelsPage {
		p.Next = h.Base + "/stock?" + url.Values{"after": {levels[len(levels)-1].Code}}.Encode()
	}
	wanted := r.URL.Query().Get("item")
	for _, l := range levels {
		row := p.row(l, courseOf(plan, l.Code), s.Clock.Now())
		row.Here = l.Code == wanted
		p.Rows = append(p.Rows, row)
	}
	if wanted != "" {
		if p.Item, err = s.item(r, who, &p, plan, wanted); err != nil {
			return err
		}
	}
	s.set.Render(w, r, http.StatusOK, "stock", &p)
	return nil
}

func courseOf(plan plans.StockCourse, code string) *plans.StockedItem {
	i := slices.IndexFunc(plan.Ingredients, func(x plans.StockedItem) bool { return x.Code == code })
	if i < 0 {
		return nil
	}
	return &plan.Ingredients[i]
}

func (p *stockPage) row(l stock.Level, course *plans.StockedItem, now time.Time) levelView {
	v := levelView{
		Code: l.Code, Name: cmp.Or(l.Name, l.Code), Path: p.Base + "/stock?item=" + url.QueryEscape(l.Code), OnHand: p.f.Has(l.OnHand, l.Unit),
		Reserved: p.f.Has(l.Reserved, l.Unit), Made: l.Prepared(), Unit: p.Say("planning.unit." + string(l.Unit)),
	}
	if l.OnOrder > 0 {
		v.Incoming = p.f.Has(l.OnOrder, l.Unit)
	}
	if l.Par > 0 {
		v.Par, v.Share, v.Level = p.f.Has(l.Par, l.Unit), min(100, max(0, 100*float64(l.Available())/float64(l.Par))), "good"
		switch {
		case v.Share < 25:
			v.Level = "low"
		case v.Share < 50:
			v.Level = "fair"
		}
	}
	if !l.NextLoss.IsZero() {
		v.Expiry, v.ExpiresSoon = p.f.At(l.NextLoss), l.NextLoss.Sub(now) < soon
	}
	if !l.Counted.IsZero() {
		v.Counted = p.f.At(l.Counted)
	}
	if course != nil {
		p.course(&v, course)
	}
	return v
}

// course adds how an ingredient's stock will run.
func (p *stockPage) course(v *levelView, c *plans.StockedItem) {
	values := make([]float64, len(c.Days))
	for i, d := range c.Days {
		values[i] = d.Closing.Units()
	}
	v.Spark = sparkOf(values, 0, p.Say("planning.stock.spark", v.Name))
	for i, d := range c.Days {
		switch {
		case d.Unmet > 0:
			v.Spark.mark(i, len(c.Days), "short")
		case d.Expired > 0:
			v.Spark.mark(i, len(c.Days), "waste")
		}
	}
	if c.Out != nil {
		v.Out = p.f.At(*c.Out)
		p.Short++
	}
	if c.Ordered != nil {
		v.Ordered = p.f.At(*c.Ordered)
	}
	if c.Wasted > 0 {
		v.Wasted = p.f.Of(c.Wasted, c.Unit)
		p.Waste++
	}
}

// item reads one ingredient in detail.
func (s *server) item(r *http.Request, who actor.Actor, p *stockPage, plan plans.StockCourse, code string) (*itemView, error) {
	level, err := s.Stock.Level(r.Context(), who, p.Outlet.ID, code)
	if err != nil {
		return nil, err
	}
	lots, err := s.Stock.Lots(r.Context(), who, stock.Query{Outlet: p.Outlet.ID, Code: code, Most: 20})
	if err != nil {
		return nil, err
	}
	moves, err := s.Stock.Movements(r.Context(), who, stock.Query{Outlet: p.Outlet.ID, Code: code, Most: movementsSeen})
	if err != nil {
		return nil, err
	}
	course := courseOf(plan, code)
	counted := *p // rows are counted once
	v := &itemView{levelView: counted.row(level, course, s.Clock.Now())}
	for _, l := range lots {
		v.Lots = append(v.Lots, lotView{p.f.Has(l.Remaining, level.Unit), p.f.At(l.Received), p.f.At(l.Expires), l.Note})
	}
	for _, m := range moves {
		v.Moves = append(v.Moves, moveView{p.f.At(m.At), p.Say("planning.move." + string(m.Kind)), p.f.Has(m.Quantity, m.Unit), m.By, m.Reason})
	}
	if course != nil {
		v.Days = courseDays(course, p.f)
		v.Wide, v.Narrow = drawCourse(course, 1060, 220, p.f, 1), drawCourse(course, 360, 180, p.f, 3)
	}
	return v, nil
}

func courseDays(c *plans.StockedItem, f format) []courseDay {
	list := make([]courseDay, len(c.Days))
	text := func(a supply.Amount) string {
		if a == 0 {
			return "–"
		}
		return f.Of(a, c.Unit)
	}
	for i, d := range c.Days {
		list[i] = courseDay{
			f.Day(d.Day), f.Of(d.Opening, c.Unit), text(d.Arrivals), text(d.Used), text(d.Unmet), text(d.Expired), f.Of(d.Closing, c.Unit), d.Unmet > 0, d.Expired > 0,
		}
	}
	return list
}

// drawCourse draws what is there at the end of each day, what expires on top of it, and what is missing.
func drawCourse(c *plans.StockedItem, w, h int, f format, every int) courseView {
	v := courseView{W: w, H: h, Bottom: float64(h) - 24}
	points := make([]point, len(c.Days))
	for i, d := range c.Days {
		points[i].Actual = (d.Closing + d.Expired).Units()
		points[i].Mean = d.Unmet.Units()
	}
	step, ceiling := scale(points)
	height := func(a supply.Amount) float64 { return round1((v.Bottom - 10) * a.Units() / ceiling) }
	for x := 0.0; x <= ceiling+step/2; x += step {
		v.Lines = append(v.Lines, tick{round1(v.Bottom - (v.Bottom-10)*x/ceiling), f.Amount(int64(x*1000), c.Unit)})
	}
	const left = 64.0
	width := (float64(w) - left - 6) / float64(max(1, len(c.Days)))
	for i, d := range c.Days {
		x := left + width*float64(i)
		put := func(kind string, a supply.Amount, base float64) float64 {
			if a <= 0 {
				return base
			}
			tall := max(2, height(a))
			v.Bars = append(v.Bars, bar{
				round1(x + width*0.15), round1(base - tall), round1(width * 0.7), tall, f.Day(d.Day) + ": " + f.say("planning.stock.bar."+kind, f.Of(a, c.Unit)), kind,
			})
			return base - tall
		}
		top := put("there", d.Closing, v.Bottom)
		top = put("expired", d.Expired, top)
		put("unmet", d.Unmet, top)
		if i%every == 0 {
			v.Labels = append(v.Labels, dot{round1(x + width/2), float64(h) - 7, f.Weekday(d.Day) + " " + strconv.Itoa(d.Day.Time().Day())})
		}
	}
	return v
}

// bookStock enters a sheet: counts of what the fields "count-" say, or waste of one ingredient. A sheet that comes twice counts once.
func (s *server) bookStock(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	outlet, _, err := s.Outlet(r, who)
	if err != nil {
		return err
	}
	sheet := stock.Sheet{Outlet: outlet.ID, Key: r.PostFormValue("key"), Kind: stock.MovementKind(r.PostFormValue("kind"))}
	reason := strings.TrimSpace(r.PostFormValue("reason"))
	switch sheet.Kind {
	case stock.Count:
		for field := range r.PostForm {
			code, ok := strings.CutPrefix(field, "count-")
			if text := strings.TrimSpace(r.PostFormValue(field)); ok && text != "" {
				sheet.Entries = append(sheet.Entries, stock.Entry{Code: code, Text: strings.ReplaceAll(text, ",", "."), Reason: reason})
			}
		}
		slices.SortFunc(sheet.Entries, func(a, b stock.Entry) int { return strings.Compare(a.Code, b.Code) })
	case stock.Waste:
		sheet.Entries = []stock.Entry{{
			Code: r.PostFormValue("item"), Text: strings.ReplaceAll(strings.TrimSpace(r.PostFormValue("quantity")), ",", "."), Reason: reason,
		}}
	default:
		return errs.Malformed("a sheet is a count or waste")
	}
	if len(sheet.Entries) == 0 {
		return errs.Invalid("%s", s.Say(r, "planning.fault.nothing_counted"))
	}
	changes, err := s.Stock.Book(r.Context(), who, sheet)
	if err != nil {
		return err
	}
	text := s.Say(r, "planning.stock.counted", len(changes))
	if sheet.Kind == stock.Waste && len(changes) > 0 {
		f := newFormat(page.Language(r), outlet)
		text = s.Say(r, "planning.stock.wasted", f.Has(changes[0].Now, changes[0].Unit), changes[0].Code)
	}
	return s.done(w, r, "stock", page.Toast{Text: text})
}
