package manager

import (
	"cmp"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/kitchen"
	"brigade/internal/kitchen/sched"
	"brigade/internal/sim/whatif"
	"brigade/internal/tenant"
	"brigade/internal/web/page"
	"brigade/internal/web/texts"
)

// questionPage is what the page whatif shows.
type questionPage struct {
	head
	Form  formView
	Fault string
	Runs  []runView
}

// formView is the form with what was entered, and what can be chosen.
type formView struct {
	url.Values
	People, Machines, Stations []string
	Items                      []choice
	Policies                   []string
	Amounts                    []string // of orders
}

type choice struct{ Value, Name string }

// Has tells whether a choice was made.
func (f formView) Has(field, value string) bool { return f.Get(field) == value }

// amounts are how many more or fewer orders can be chosen.
var amounts = []string{"-30%", "-20%", "-10%", "+10%", "+20%", "+30%", "+50%", "+100%"}

// showQuestions shows the form and what was asked before.
func (s *server) showQuestions(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	return s.form(w, r, who, url.Values{"source": {"made"}, "evenings": {"10"}, "days": {"1"}, "per_hour": {"12"}}, nil)
}

// form shows the form with what was entered and what is wrong with it.
func (s *server) form(w http.ResponseWriter, r *http.Request, who actor.Actor, entered url.Values, fault error) error {
	outlet, all, err := s.Outlet(r, who)
	if err != nil {
		return err
	}
	p := questionPage{head: s.head(r, outlet, all, "manager.what_if")}
	p.Asking = true
	board, _, err := s.Kitchen.Glance(r.Context(), who, outlet.ID, 1)
	if err != nil {
		return err
	}
	if p.Form, err = s.choices(r, board, outlet, entered); err != nil {
		return err
	}
	runs, err := s.WhatIf.List(who, outlet.ID)
	if err != nil {
		return err
	}
	for _, x := range runs[:min(len(runs), 20)] {
		p.Runs = append(p.Runs, newRun(x, p.Base, p.Lang))
	}
	status := http.StatusOK
	if fault != nil {
		status, p.Fault = page.StatusOf(fault), page.Sentence(p.Lang, fault)
	}
	s.set.Render(w, r, status, "whatif", p)
	return nil
}

func (s *server) choices(r *http.Request, b *kitchen.Board, o tenant.Outlet, entered url.Values) (formView, error) {
	f := formView{Values: entered, Amounts: amounts}
	for _, p := range b.People {
		if p.Active {
			f.People = append(f.People, p.Name)
		}
	}
	for _, m := range b.Machines {
		f.Machines = append(f.Machines, m.Name)
	}
	for _, st := range b.Stations {
		f.Stations = append(f.Stations, st.Name)
	}
	for _, p := range sched.Policies() {
		f.Policies = append(f.Policies, string(p))
	}
	items, err := s.Menu.Items(r.Context(), o.Tenant, o.ID)
	for _, it := range items {
		f.Items = append(f.Items, choice{it.SKU, it.Name})
	}
	return f, err
}

// ask begins to answer a question.
func (s *server) ask(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	outlet, _, err := s.Outlet(r, who)
	if err != nil {
		return err
	}
	asked, err := readQuestion(r.PostForm)
	if err == nil {
		var id string
		asked.Outlet = outlet.ID
		if id, err = s.WhatIf.Start(who, asked); err == nil {
			http.Redirect(w, r, base(outlet)+"/what-if/"+id, http.StatusSeeOther)
			return nil
		}
	}
	if kind := errs.KindOf(err); kind != errs.KindInvalid && kind != errs.KindConflict {
		return err
	}
	return s.form(w, r, who, r.PostForm, err)
}

// readQuestion makes a question of a form. Errors: KindInvalid.
func readQuestion(form url.Values) (whatif.Asked, error) {
	var f errs.Fields
	number := func(field string) float64 {
		n, err := strconv.ParseFloat(strings.Replace(form.Get(field), ",", ".", 1), 64)
		if err != nil || math.IsNaN(n) || math.Abs(n) > 10_000 {
			f.Add(field, "must be a number, not %q", form.Get(field))
		}
		return n
	}
	a := whatif.Asked{}
	if form.Get("source") == "days" {
		a.Days = int(number("days"))
	} else {
		a.Made, a.PerHour = int(number("evenings")), number("per_hour")
	}
	a.Changes = changes(form)
	for field, values := range form {
		if strings.Contains(strings.Join(values, ""), `"`) {
			f.Add(field, "must not hold a double quote")
		}
	}
	if len(a.Changes) == 0 {
		f.Add("changes", "choose at least one thing that would be different")
	}
	return a, f.Err()
}

// changes writes what was chosen as the lines that package whatif reads.
func changes(form url.Values) (list []string) {
	add := func(field, verb, rest string) {
		if v := form.Get(field); v != "" {
			list = append(list, strings.TrimSpace(verb+` "`+v+`"`+rest))
		}
	}
	hours := ""
	for _, at := range []string{"from", "to"} {
		if v := form.Get(at); v != "" {
			hours += " " + at + " " + v
		}
	}
	if like := form.Get("cook"); like != "" {
		list = append(list, `cook "one more" like "`+like+`"`+hours)
	}
	add("no_cook", "no-cook", hours)
	add("no_machine", "no-machine", hours)
	if like := form.Get("machine"); like != "" {
		list = append(list, `machine "one more `+like+`" like "`+like+`"`+hours)
	}
	if n := form.Get("capacity"); n != "" {
		add("station", "station", ` capacity "`+n+`"`)
	}
	add("without", "without-item", "")
	add("policy", "policy", "")
	add("orders", "orders", "")
	return list
}

// answerPage is what the page answer shows.
type answerPage struct {
	head
	Run runView
}

// runView is a question with what has come of it.
type runView struct {
	ID, Base string
	State    string
	Over     bool
	Changes  []string
	About    string
	By       string
	Percent  int
	Progress string
	Fault    string
	Orders   string
	Missing  string
	Rows     []compared
	Said     []string // what is sure, in words
}

// compared is one figure without and with the changes.
type compared struct {
	Name                   string
	Without, With          string
	WithoutWide, WithWide  string // percent of the largest
	Difference, Interval   string
	Verdict, Class         string // better, worse or chance
	RangeX, RangeW, Center string // of the interval, around the middle
}

// showAnswer shows how far a question is, or its answer.
func (s *server) showAnswer(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	outlet, all, err := s.Outlet(r, who)
	if err != nil {
		return err
	}
	x, err := s.WhatIf.Get(who, outlet.ID, r.PathValue("id"))
	if err != nil {
		return err
	}
	p := answerPage{head: s.head(r, outlet, all, "manager.what_if")}
	p.Asking, p.Run = true, newRun(x, p.Base, p.Lang)
	if r.Header.Get("HX-Request") != "" {
		s.set.Part(w, r, "answer", "manager-run", p.Run)
		return nil
	}
	s.set.Render(w, r, http.StatusOK, "answer", p)
	return nil
}

// cancel ends a run.
func (s *server) cancel(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	outlet, _, err := s.Outlet(r, who)
	if err != nil {
		return err
	}
	if err := s.WhatIf.Cancel(who, outlet.ID, r.PathValue("id")); err != nil {
		return err
	}
	http.Redirect(w, r, base(outlet)+"/what-if/"+url.PathEscape(r.PathValue("id")), http.StatusSeeOther)
	return nil
}

func newRun(x whatif.Trial, base string, l texts.Language) runView {
	say := texter(page.Sayer(l))
	v := runView{ID: x.ID, Base: base, State: string(x.State), Over: x.State.Over(), By: x.By}
	for _, c := range x.Asked.Changes {
		v.Changes = append(v.Changes, worded(c, say))
	}
	v.About = say("manager.about_made", x.Asked.Made, one(x.Asked.PerHour))
	if x.Asked.Days > 0 {
		v.About = say("manager.about_days", x.Asked.Days)
	}
	if x.Of > 0 {
		v.Percent, v.Progress = 100*x.Played/x.Of, say("manager.played", x.Played, x.Of)
	}
	if x.Fault != nil {
		v.Fault = page.Sentence(l, x.Fault)
	}
	if a := x.Answer; a != nil {
		v.Orders = say("manager.orders_each", a.Orders[0]/max(1, a.Evenings), a.Orders[1]/max(1, a.Evenings))
		if a.Missing != [2]int{} {
			v.Missing = say("manager.missing", a.Missing[0], a.Missing[1])
		}
		for _, d := range a.Differences {
			v.Rows = append(v.Rows, newCompared(d, say))
		}
		v.Said = said(a, say)
	}
	return v
}

// neutral are the figures of which more is neither better nor worse.
var neutral = []string{"staff utilisation", "machine utilisation"}

func figureName(figure string, say texter) string {
	return say("manager.figure_" + strings.ReplaceAll(figure, " ", "_"))
}

func newCompared(d whatif.Difference, say texter) compared {
	unit := " " + d.Unit
	if d.Unit == "min" {
		unit = " " + say("manager.min")
	}
	top := math.Max(math.Max(d.Without, d.With), 1e-9)
	c := compared{
		Name: figureName(d.Figure, say), Without: one(d.Without) + unit, With: one(d.With) + unit,
		WithoutWide: pct(100 * d.Without / top), WithWide: pct(100 * d.With / top),
		Difference: signed(d.Mean) + unit, Interval: say("manager.interval", signed(d.Low), signed(d.High)), Class: "chance",
	}
	reach := math.Max(math.Max(math.Abs(d.Low), math.Abs(d.High)), 1e-9)
	c.RangeX, c.RangeW, c.Center = pct(50+48*d.Low/reach), pct(math.Max(1, 48*(d.High-d.Low)/reach)), pct(50+48*d.Mean/reach)
	switch {
	case !d.Sure:
	case slices.Contains(neutral, d.Figure) && d.Mean > 0:
		c.Class = "more"
	case slices.Contains(neutral, d.Figure):
		c.Class = "less"
	case d.Mean < 0:
		c.Class = "better"
	default:
		c.Class = "worse"
	}
	c.Verdict = say("manager.verdict_" + c.Class)
	return c
}

// noticed is the smallest difference that is worth a sentence.
const noticed = 0.05

// said are the sure differences that guests and owners care for most, in words.
func said(a *whatif.Answer, say texter) (list []string) {
	for _, d := range a.Differences {
		key := map[string]string{"ticket time": "wait", "late orders": "late", "sync gap": "gap"}[d.Figure]
		switch {
		case key == "" || !d.Sure || math.Abs(d.Mean) < noticed:
		case d.Mean < 0:
			list = append(list, say("manager.said_"+key+"_less", one(-d.Mean)))
		default:
			list = append(list, say("manager.said_"+key+"_more", one(d.Mean)))
		}
	}
	return list
}

// worded says a change in words; as it was written when it says more than the form can ask.
func worded(change string, say texter) string {
	c, err := whatif.Parse(change)
	if err != nil || c.Parallel != 0 || c.Efficiency != 0 || c.Costs != nil || c.Verb == "machine" && c.Capacity != 0 {
		return change
	}
	text := say("manager.change."+c.Verb, cmp.Or(c.Like, c.Name))
	if c.Verb == "station" {
		text = say("manager.change.station", c.Name, c.Capacity)
	}
	if c.From != "" {
		text += " " + say("manager.change.from", c.From)
	}
	if c.To != "" {
		text += " " + say("manager.change.to", c.To)
	}
	return text
}
