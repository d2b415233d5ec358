package planning

import (
	"cmp"
	"context"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"brigade/internal/actor"
	"brigade/internal/errs"
	plans "brigade/internal/planning"
	"brigade/internal/planning/forecast"
	"brigade/internal/web/page"
)

const (
	daysBack     = 28 // of history
	daysJudged   = 7  // over which the accuracy is shown
	daysAhead    = plans.DefaultHorizon
	mostRows     = 100_000 // products × days of one outlet
	productsPage = 40
)

// forecastLook is what was read of an outlet's sales and forecasts.
type forecastLook struct {
	Today    plans.Day
	Sold     []plans.Sold     // from so many days back to today
	Past     []plans.Forecast // made before their days
	Ahead    []plans.Forecast
	Totals   []plans.TotalForecast
	Accuracy plans.Accuracy
	Holidays []plans.Day
}

// forecastPage is what the page forecast shows.
type forecastPage struct {
	head
	forecastView
	Run *plans.Run // the latest; nil: none
}

func (s *server) showForecast(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	h, err := s.begin(r, who, "forecast")
	if err != nil {
		return err
	}
	look, err := s.lookAhead(r.Context(), who, h.Outlet.ID, h.Today)
	if err != nil {
		return err
	}
	look.Holidays = holidaysOf(h.Outlet, h.Today-daysBack, h.Today+daysAhead)
	skip, _ := strconv.Atoi(r.URL.Query().Get("skip")) // what is no number is the first page
	v, err := newForecastView(look, forecastWish{
		SKU: r.URL.Query().Get("sku"), Search: strings.TrimSpace(r.URL.Query().Get("q")), Skip: max(0, skip), Base: h.Base,
	}, h.f)
	if err != nil {
		return err
	}
	p := forecastPage{head: h, forecastView: v}
	if h.State.Run != 0 {
		run, err := s.Planning.Run(r.Context(), who, h.State.Run)
		if err != nil {
			return err
		}
		p.Run = &run
	}
	s.set.Render(w, r, http.StatusOK, "forecast", &p)
	return nil
}

// lookAhead reads an outlet's sales and forecasts, each with one question whatever the number of products.
func (s *server) lookAhead(ctx context.Context, who actor.Actor, outlet int64, today plans.Day) (l forecastLook, err error) {
	l.Today = today
	between := func(first, last plans.Day) plans.Query {
		return plans.Query{Outlet: outlet, First: first, Last: last, Most: mostRows}
	}
	if l.Sold, err = s.Planning.Sold(ctx, who, between(today-daysBack, today)); err != nil {
		return l, err
	}
	past := between(today-daysJudged, today-1)
	past.Kind = plans.RunDaily
	if l.Past, err = s.Planning.Current(ctx, who, past); err != nil {
		return l, err
	}
	if l.Ahead, err = s.Planning.Current(ctx, who, between(today, today+daysAhead-1)); err != nil {
		return l, err
	}
	if l.Totals, err = s.Planning.Totals(ctx, who, plans.LevelOutlet, between(today-daysJudged, today+daysAhead-1)); err != nil {
		return l, err
	}
	l.Accuracy, err = s.Planning.Accuracy(ctx, who, between(today-daysJudged, today-1))
	return l, err
}

// makeForecast asks for forecasts from today on: made already, only when they are wanted again.
func (s *server) makeForecast(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	outlet, _, err := s.Outlet(r, who)
	if err != nil {
		return err
	}
	o, err := s.Planning.Outlet(r.Context(), who, outlet.ID)
	if err != nil {
		return err
	}
	_, err = s.Planning.Request(r.Context(), who, who.OutletFilter(), o.Today(s.Clock.Now()), plans.DefaultHorizon, r.PostFormValue("again") == "1")
	if err != nil {
		return err
	}
	return s.done(w, r, "forecast", page.Toast{Text: s.Say(r, "planning.forecast.asked")})
}

// editForecast takes what somebody knows better; it is taken back by what was expected before.
func (s *server) editForecast(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	outlet, _, err := s.Outlet(r, who)
	if err != nil {
		return err
	}
	day, err := dayField(r)
	if err != nil {
		return err
	}
	quantity, err := strconv.ParseFloat(strings.ReplaceAll(strings.TrimSpace(r.PostFormValue("quantity")), ",", "."), 64)
	if err != nil || math.IsNaN(quantity) || math.IsInf(quantity, 0) {
		return errs.Invalid("%s", s.Say(r, "planning.fault.number"))
	}
	f, err := s.Planning.Edit(r.Context(), who, outlet.ID, r.PostFormValue("sku"), day, quantity, strings.TrimSpace(r.PostFormValue("reason")))
	if err != nil {
		return err
	}
	fm := newFormat(page.Language(r), outlet)
	t := page.Toast{Text: s.Say(r, "planning.forecast.edited", cmp.Or(f.Name, f.SKU), fm.Day(day), fm.Num(quantity))}
	if was := r.PostFormValue("was"); was != "" {
		t.Undo = &page.Undo{Action: r.URL.Path, Fields: map[string]string{
			"sku": f.SKU, "day": day.String(), "quantity": was, "reason": r.PostFormValue("was_reason"),
		}}
	}
	w.Header().Set("HX-Trigger", "changed")
	return s.Done(w, r, "/planning/"+url.PathEscape(outlet.Slug)+"?sku="+url.QueryEscape(f.SKU), t)
}

// dayField reads the field day. Errors: KindInvalid.
func dayField(r *http.Request) (plans.Day, error) {
	day, err := forecast.ParseDay(r.PostFormValue("day"))
	if err != nil {
		return 0, errs.Invalid("day must be YYYY-MM-DD")
	}
	return day, nil
}
