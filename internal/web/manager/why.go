package manager

import (
	"context"
	"strings"
	"time"

	"brigade/internal/actor"
	"brigade/internal/kitchen"
	"brigade/internal/tenant"
	"brigade/internal/web/page"
	"brigade/internal/web/texts"
)

// whyView is where an order's time went, as a bar and as a list.
type whyView struct {
	Number, Short string
	Said          string // the answer in a sentence
	Due           string // where the promise stands on the bar, in percent; "" = nothing was promised
	Promised      string
	Segments      []segmentView
	Causes        []causeView
}

// segmentView is one stretch of the time.
type segmentView struct {
	No             int
	Cause, Name    string
	X, W           string
	From, To       string
	Minutes, Late  string
	Step, Item     string
	Subject, Whose string
	Wide           bool // there is room for its number
}

// causeView is what one cause took of the time.
type causeView struct{ Cause, Name, Minutes, Late string }

// why explains an order's time.
func (s *server) why(ctx context.Context, who actor.Actor, o tenant.Outlet, x kitchen.Served, l texts.Language) (*whyView, error) {
	a, err := s.Explain.Order(ctx, who, x.Order, x.Promised())
	if err != nil {
		return nil, err
	}
	return newWhy(a, o.Timezone, page.Sayer(l)), nil
}

func newWhy(a *kitchen.Account, zone *time.Location, say texter) *whyView {
	if zone == nil {
		zone = time.UTC
	}
	clock := func(t time.Time) string { return t.In(zone).Format("15:04:05") }
	v := &whyView{Number: a.Number, Short: page.ShortNumber(a.Number)}
	total := max(a.Total(), time.Second)
	at := func(t time.Time) float64 { return 100 * float64(t.Sub(a.Placed)) / float64(total) }
	for i, g := range a.Segments {
		wide := at(g.To) - at(g.From)
		seg := segmentView{
			No: i + 1, Cause: string(g.Cause), Name: causeName(g.Cause, say), X: pct(at(g.From)), W: pct(wide), Wide: wide > 2.5,
			From: clock(g.From), To: clock(g.To), Minutes: span(g.Length()), Late: lateness(g.Late), Subject: g.Subject, Whose: holders(g.Holders, say),
		}
		if g.Task != nil {
			seg.Step, seg.Item = g.Task.Description, g.Task.Item
		}
		v.Segments = append(v.Segments, seg)
	}
	for _, c := range a.Shares() {
		v.Causes = append(v.Causes, causeView{string(c.Cause), causeName(c.Cause, say), span(c.Took), lateness(c.Late)})
	}
	if !a.Due.IsZero() && at(a.Due) >= 0 && at(a.Due) <= 100 {
		v.Due, v.Promised = pct(at(a.Due)), a.Due.In(zone).Format("15:04")
	}
	v.Said = sentence(a, say)
	return v
}

// sentence says which cause bears most of the lateness.
func sentence(a *kitchen.Account, say texter) string {
	worst := kitchen.Share{}
	for _, c := range a.Shares() {
		if c.Late > worst.Late {
			worst = c
		}
	}
	if worst.Late == 0 {
		return say("manager.why_in_time", span(a.Total()))
	}
	return say("manager.why_late", span(a.Late()), causeName(worst.Cause, say), span(worst.Late))
}

func causeName(c kitchen.Cause, say texter) string { return say("manager.cause_" + string(c)) }

func lateness(d time.Duration) string {
	if d < time.Second {
		return ""
	}
	return span(d)
}

// holders names whose tasks had what was wanting, three at most.
func holders(list []kitchen.Holder, say texter) string {
	var names []string
	for _, h := range list[:min(3, len(list))] {
		names = append(names, page.ShortNumber(h.Number))
	}
	if len(names) == 0 {
		return ""
	}
	return say("manager.held_by", strings.Join(names, ", "))
}
