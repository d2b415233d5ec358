package planning

import (
	"encoding/json"
	"strings"
	"time"

	"brigade/internal/alert"
	plans "brigade/internal/planning"
	"brigade/internal/planning/supply"
)

// Plans and alerts are stored with an English sentence and with what it is about. The sentence says the most, and is shown to
// those who read English; others read what is made here of the values.

// told is a sentence as a page shows it.
type told struct {
	Text string
	Lang string // of the sentence, where it is not the page's; "": it is
}

// told is a stored sentence: the English one, or what it comes to in the language; "" is what nobody can say there.
func (f format) told(stored string, inLanguage func() string) told {
	if f.english {
		return told{Text: stored}
	}
	if text := inLanguage(); text != "" {
		return told{Text: text}
	}
	return told{stored, "en"}
}

// noteView is a note of a plan.
type noteView struct {
	told
	Problem bool
}

func (f format) notes(list []plans.Note) []noteView {
	views := make([]noteView, len(list))
	for i, n := range list {
		views[i] = noteView{f.told(n.Text, func() string { return f.note(n) }), n.Problem}
	}
	return views
}

// note says a note of a plan in a sentence; "" when it was kept without what that takes.
func (f format) note(n plans.Note) string {
	say := func(args ...any) string { return f.say("planning.note."+n.Kind, args...) }
	switch amount := f.Of(n.Amount, n.Unit); {
	case n.Kind == "no_forecast":
		return say()
	case n.Name == "":
		return ""
	case n.Kind == "not_counted":
		return say(n.Name)
	case n.Kind == "cut":
		return say(f.Num(n.Amount.Units()), n.Item, f.Hour(n.At), n.Name)
	case n.Kind == string(supply.TooLate), n.Kind == string(supply.NoMinutes), n.Kind == string(supply.TooShort):
		return say(amount, n.Name, f.Hour(n.At))
	case n.Kind == string(supply.RunsOut) && n.Problem:
		return f.say("planning.note.runs_out_first", n.Name, f.moment(n.At), amount)
	case n.Kind == string(supply.RunsOut):
		return say(n.Name, f.moment(n.At))
	case n.Kind == string(supply.NobodySells), n.Kind == string(supply.WillExpire), n.Kind == "expires":
		return say(amount, n.Name, f.moment(n.At))
	case n.Kind == string(supply.TooSmall):
		return say(n.Name, f.moment(n.At), f.Money(int64(n.Count), n.Unit))
	case n.Kind == string(supply.PriceDown):
		return say(n.Count, n.Item, f.moment(n.At), amount, n.Name)
	case n.Kind == string(supply.MakeLess):
		return say(n.Count, n.Name, amount, f.moment(n.At))
	}
	return ""
}

// moment writes a moment; of midnight, which stands for a day, only that.
func (f format) moment(t time.Time) string {
	return strings.TrimSuffix(f.At(t), " 00:00")
}

// grounds say what else there is to a line's quantity beside its sum; "" for a line that was kept without.
func (f format) grounds(l *plans.PurchaseLine) string {
	if l.Choice == "" {
		return ""
	}
	need := f.Of(l.Need, l.Unit)
	var list []string
	switch {
	case l.Par:
		list = append(list, f.say("planning.grounds.par", need))
	case l.Fresh:
		list = append(list, f.say("planning.grounds.fresh", need))
	case l.Need > l.Use+l.Safety-l.Stock:
		list = append(list, f.say("planning.grounds.spoils", need))
	}
	if l.Fewest {
		list = append(list, f.say("planning.grounds.fewest"))
	}
	if l.Added > 0 {
		list = append(list, f.say("planning.grounds.added", l.Added))
	}
	choice := map[supply.Choice]string{supply.OnlySeller: "only", supply.Preferred: "preferred", supply.Cheapest: "cheapest", supply.Sooner: "sooner"}[l.Choice]
	return strings.Join(append(list, f.say("planning.grounds."+choice)), "; ")
}

// signalled is what alerts keep of what they are about.
type signalled struct {
	Workflow string    `json:"workflow"`
	Day      string    `json:"day"`
	Error    string    `json:"error"`
	Tenants  int       `json:"tenants"`
	Affected int       `json:"affected"`
	Seconds  float64   `json:"seconds"`
	Usual    float64   `json:"usual_seconds"`
	Limit    float64   `json:"limit_seconds"`
	DueAt    time.Time `json:"due_at"`
	Compared int       `json:"compared"`
	MAPE     float64   `json:"mape"`
	Name     string    `json:"name"`
	At       time.Time `json:"at"`
}

// alerted says an alert in a title and a sentence; both are "" when it was kept without what that takes.
func (f format) alerted(a alert.Alert) (title, detail string) {
	var d signalled
	if err := json.Unmarshal(a.Data, &d); err != nil {
		return "", ""
	}
	say := func(what string, args ...any) string {
		return f.say("planning.alert_"+what+"."+string(a.Kind), args...)
	}
	switch {
	case a.Kind == alert.Forecast:
		return say("title"), say("detail", d.Compared, d.Day, f.Percent(d.MAPE))
	case a.Kind == alert.StockOut && d.Name != "":
		return say("title", d.Name), say("detail", d.Name, f.At(d.At))
	case d.Workflow == "":
		return "", ""
	case a.Kind == alert.Failure:
		detail = say("detail", d.Workflow, d.Day, strings.TrimRight(d.Error, "."))
		if d.Affected < d.Tenants {
			detail += " " + f.say("planning.alert_affected", d.Affected, d.Tenants)
		}
		return say("title", d.Workflow), detail
	case a.Kind == alert.Slow:
		return say("title", d.Workflow), say("detail", d.Workflow, f.Num(d.Seconds), f.Num(d.Usual), f.Num(d.Limit))
	case a.Kind == alert.Missing:
		return say("title", d.Workflow), say("detail", d.Workflow, f.At(d.DueAt))
	}
	return "", ""
}
