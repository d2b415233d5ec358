package planning

import (
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"brigade/internal/actor"
	"brigade/internal/errs"
	plans "brigade/internal/planning"
	"brigade/internal/web/page"
)

const validationsPage = 30

// validationPage is what the page validation shows.
type validationPage struct {
	head
	None    bool // nothing was compared yet
	Figures []figure
	Trend   []bar
	Checks  []checkView
	Best    []metricRow
	Worst   []metricRow
	Gaps    []string
	Edited  int
	AsMade  string
	ByHand  string
	List    []validationRow
	Older   string
	Models  []modelRow
}

// checkView is something that a plan cannot solve, or suggests.
type checkView struct {
	Tab, Path string
	noteView
	When string
}

// metricRow is how good the forecasts of something were.
type metricRow struct{ Name, Accuracy, WAPE, Bias, Coverage, Days string }

// validationRow is a comparison of forecasts with sales.
type validationRow struct {
	At, Day, Kind, Accuracy, MAPE, MASE, Bias, Coverage string
	Compared, Late, Gaps                                int
}

// modelRow is a model that was fitted.
type modelRow struct {
	SKU, At, Reason, Before, After string
	Adopted                        bool
}

func (s *server) showValidation(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	h, err := s.begin(r, who, "validation")
	if err != nil {
		return err
	}
	p := validationPage{head: h}
	before, _ := strconv.ParseInt(r.URL.Query().Get("before"), 10, 64) // what is no number is the first page
	list, err := s.Planning.Validations(r.Context(), who, before, validationsPage)
	if err != nil {
		return err
	}
	a, err := s.Planning.Accuracy(r.Context(), who, plans.Query{Outlet: h.Outlet.ID, First: h.Today - 7, Last: h.Today - 1})
	if err != nil {
		return err
	}
	models, err := s.Planning.Models(r.Context(), who, plans.Query{Outlet: h.Outlet.ID, Most: 12})
	if err != nil {
		return err
	}
	if p.Checks, err = s.checks(r, who, &h); err != nil {
		return err
	}
	p.fill(a, list, models)
	if len(list) == validationsPage {
		p.Older = h.Base + "/validation?" + url.Values{"before": {strconv.FormatInt(list[len(list)-1].ID, 10)}}.Encode()
	}
	s.set.Render(w, r, http.StatusOK, "validation", &p)
	return nil
}

// checks are what today's plans cannot solve, before what they suggest.
func (s *server) checks(r *http.Request, who actor.Actor, h *head) (all []checkView, err error) {
	add := func(tab string, notes []plans.Note, err error) error {
		if err != nil && !errs.Is(err, errs.KindNotFound) {
			return err
		}
		for i, n := range h.f.notes(notes) {
			v := checkView{Tab: h.Say("planning.tab." + tab), Path: h.Base + "/" + tab, noteView: n}
			if at := notes[i].At; !at.IsZero() {
				v.When = h.f.moment(at)
			}
			all = append(all, v)
		}
		return nil
	}
	prepare, _, _, err := s.Planner.ProductionOf(r.Context(), who, h.Outlet.ID, 0, 0)
	if err = add("production", prepare.Notes, err); err != nil {
		return nil, err
	}
	buy, _, _, err := s.Planner.ProcurementOf(r.Context(), who, h.Outlet.ID, 0, 0)
	if err = add("purchases", buy.Notes, err); err != nil {
		return nil, err
	}
	run, _, _, err := s.Planner.StockOf(r.Context(), who, h.Outlet.ID, 0, 0)
	if err = add("stock", run.Notes, err); err != nil {
		return nil, err
	}
	slices.SortStableFunc(all, func(a, b checkView) int {
		switch {
		case a.Problem == b.Problem:
			return 0
		case a.Problem:
			return -1
		}
		return 1
	})
	return all, nil
}

func (p *validationPage) fill(a plans.Accuracy, list []plans.Validation, models []plans.Fitted) {
	f := p.f
	p.None = len(list) == 0 && a.Overall.Days == 0
	now, was := a.Overall, a.Before
	change := ""
	if d := f.Points(now.Accuracy - was.Accuracy); d != "" {
		change = f.say("planning.figure.points", d)
	}
	p.Figures = []figure{
		{f.say("planning.figure.accuracy"), f.Percent(now.Accuracy), change, ""},
		{"MAPE", f.Percent(now.MAPE), f.say("planning.figure.mape"), ""},
		{"MASE", f.ratio(now.MASE), f.say("planning.figure.mase"), ""},
		{f.say("planning.figure.bias"), f.Percent(now.Bias), f.say("planning.figure.bias_is"), ""},
		{f.say("planning.figure.holds"), f.Percent(now.Coverage), f.say("planning.figure.holds_is"), ""},
		{f.say("planning.figure.compared"), f.Num(float64(now.Days)), f.say("planning.figure.compared_is"), ""},
	}
	p.Edited, p.AsMade, p.ByHand = a.Edited, f.Percent(a.ByModel.Accuracy), f.Percent(a.ByHand.Accuracy)
	for _, g := range a.Gaps {
		p.Gaps = append(p.Gaps, f.Day(g.Day))
	}
	for _, m := range a.Best {
		p.Best = append(p.Best, f.metric(m))
	}
	for _, m := range a.Worst {
		p.Worst = append(p.Worst, f.metric(m))
	}
	for _, v := range list {
		p.List = append(p.List, f.validation(v))
	}
	p.Trend = trend(list, f)
	for _, m := range models {
		p.Models = append(p.Models, modelRow{m.SKU, f.At(m.At), f.say("planning.fit." + m.Reason), f.Percent(m.Before), f.Percent(m.After), m.Adopted})
	}
}

func (f format) ratio(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "–"
	}
	return f.decimal(v, 2)
}

func (f format) metric(m plans.Metric) metricRow {
	return metricRow{m.SKU, f.Percent(m.Accuracy), f.Percent(m.WAPE), f.Percent(m.Bias), f.Percent(m.Coverage), f.Num(float64(m.Days))}
}

func (f format) validation(v plans.Validation) validationRow {
	day := f.Day(v.Last)
	if v.First != v.Last {
		day = f.Day(v.First) + " – " + day
	}
	m := v.Overall
	return validationRow{
		f.At(v.At), day, f.say("planning.validation.kind." + string(v.Kind)), f.Percent(m.Accuracy), f.Percent(m.MAPE), f.ratio(m.MASE), f.Percent(m.Bias),
		f.Percent(m.Coverage), v.Validated, v.Late, v.Gaps,
	}
}

// trend is the accuracy of each day that was compared, the oldest first.
func trend(list []plans.Validation, f format) []bar {
	var values []float64
	var titles []string
	for i := len(list) - 1; i >= 0; i-- {
		if m := list[i].Overall; !math.IsNaN(m.Accuracy) {
			values = append(values, m.Accuracy)
			titles = append(titles, f.Day(list[i].Last)+": "+f.Percent(m.Accuracy))
		}
	}
	if len(values) == 0 {
		return nil
	}
	bars := columns(append([]float64{1}, values...), append([]string{""}, titles...), 20*float64(len(values)+1), 80)[1:] // of 100 %
	for i := range bars {
		bars[i].X = round1(bars[i].X - 20)
	}
	return bars
}

// validate compares yesterday's forecasts with what was sold, and earlier ones of which sales came late.
func (s *server) validate(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	outlet, _, err := s.Outlet(r, who)
	if err != nil {
		return err
	}
	o, err := s.Planning.Outlet(r.Context(), who, outlet.ID)
	if err != nil {
		return err
	}
	list, err := s.Planning.ValidateNow(r.Context(), who, o.Today(s.Clock.Now())-1)
	if err != nil {
		return err
	}
	return s.done(w, r, "validation", page.Toast{Text: s.Say(r, "planning.validation.done", len(list))})
}

// tidyText shortens what somebody wrote to so many characters.
func tidyText(text string, most int) string {
	text = strings.TrimSpace(text)
	if r := []rune(text); len(r) > most {
		return string(r[:most])
	}
	return text
}

// TrendWidth is how wide the drawing of the trend is.
func (p *validationPage) TrendWidth() int { return max(240, 20*len(p.Trend)) }
