package api

import (
	"context"
	"net/http"
	"strconv"

	"brigade/internal/actor"
	"brigade/internal/planning"
)

func (s *server) addCalendar() {
	add(s, planningRoute(http.MethodGet, "/planning/calendar", "list-calendar", tagHistory, "What is special about days",
		"Closed days, holidays of your own, school holidays, events and promotions, from the first day on; the coming 90 days unless "+
			"from and to say otherwise. Public holidays come from the outlet's country and are not listed.", "",
		`{"marks":[{"id":1,"day":"2024-12-24","kind":"closed","name":"","outlet":"","sku":""}],"next":null}`), s.listMarks)
	add(s, planningRoute(http.MethodPost, "/planning/calendar", "add-calendar", tagHistory, "Say what is special about days",
		"Closed days are forecast as zero. Events and promotions are compared with others of the same name. Repeating it is fine.",
		`{"marks":[{"day":"2024-12-24","kind":"closed"}]}`, `{"marks":1}`), s.addMarks)
	add(s, planningRoute(http.MethodDelete, "/planning/calendar/{id}", "delete-calendar", tagHistory, "Take it back", "The day is ordinary again.", "", ""), s.dropMark)
	add(s, planningRoute(http.MethodGet, "/planning/outlets/{outlet}", "get-planned-outlet", tagHistory, "How an outlet is planned",
		"Whose public holidays it keeps.", "", `{"outlet":"kitchen","country":"es","closed_on_holidays":false}`), s.getPlanned)
	add(s, planningRoute(http.MethodPut, "/planning/outlets/{outlet}", "put-planned-outlet", tagHistory, "Say how an outlet is planned",
		"The country whose public holidays it keeps (empty: by its time zone), and whether it is closed on them. Weekdays on which it is "+
			"closed come from its opening hours.", `{"country":"es","closed_on_holidays":false}`,
		`{"outlet":"kitchen","country":"es","closed_on_holidays":false}`), s.putPlanned)
}

type markView struct {
	ID     int64             `json:"id,omitempty" example:"1"`
	Day    string            `json:"day" example:"2024-12-24"`
	Kind   planning.MarkKind `json:"kind" enum:"closed,open,holiday,school,event,promotion" example:"closed"`
	Name   string            `json:"name,omitempty" doc:"Of an event or a promotion" example:"" maxLength:"200"`
	Outlet string            `json:"outlet,omitempty" doc:"Slug; empty: all" example:"" maxLength:"100"`
	SKU    string            `json:"sku,omitempty" doc:"Of a promotion; empty: all products" example:"" maxLength:"200"`
}

type marksOutput struct {
	Body struct {
		Marks []markView `json:"marks"`
		Next  *int       `json:"next" doc:"What to send as offset for the next page; null: there is none"`
	} `nameHint:"Calendar"`
}

func (s *server) listMarks(ctx context.Context, who actor.Actor, in *DaysParam) (*marksOutput, error) {
	q, err := s.query(ctx, who, *in, 0, 90)
	if err != nil {
		return nil, err
	}
	list, err := s.Planning.Marks(ctx, who, q)
	if err != nil {
		return nil, err
	}
	names, err := s.outletNames(ctx, who)
	out := &marksOutput{}
	out.Body.Marks, out.Body.Next = make([]markView, len(list)), nextOf(q, len(list))
	for i, m := range list {
		out.Body.Marks[i] = markView{m.ID, m.Day.String(), m.Kind, m.Name, names[m.Outlet], m.SKU}
	}
	return out, err
}

type marksInput struct {
	Body struct {
		Marks []markView `json:"marks" minItems:"1" maxItems:"1000"`
	} `nameHint:"NewMarks"`
}

type countOutput struct {
	Body struct {
		Marks int `json:"marks" example:"1"`
	} `nameHint:"MarksTaken"`
}

func (s *server) addMarks(ctx context.Context, who actor.Actor, in *marksInput) (*countOutput, error) {
	marks := make([]planning.Mark, len(in.Body.Marks))
	for i, v := range in.Body.Marks {
		for field, text := range map[string]string{"name": v.Name, "sku": v.SKU} {
			if err := clean(field, text); err != nil {
				return nil, err
			}
		}
		d, err := dayOr("marks["+strconv.Itoa(i)+"].day", v.Day, -1<<20)
		if err != nil {
			return nil, err
		}
		outlet, err := s.outletField(ctx, who, v.Outlet)
		if err != nil {
			return nil, err
		}
		if only := who.OutletFilter(); outlet == 0 && only != 0 {
			outlet = only
		}
		marks[i] = planning.Mark{Outlet: outlet, SKU: v.SKU, Day: d, Kind: v.Kind, Name: v.Name}
	}
	out := &countOutput{}
	out.Body.Marks = len(marks)
	return out, s.Planning.AddMarks(ctx, who, marks)
}

type markRef struct {
	ID int64 `path:"id" example:"1"`
}

func (s *server) dropMark(ctx context.Context, who actor.Actor, in *markRef) (*struct{}, error) {
	return nil, s.Planning.DropMark(ctx, who, in.ID)
}

type plannedRef struct {
	Outlet string `path:"outlet" doc:"Slug or id" example:"kitchen" maxLength:"100"`
}

type plannedOutput struct {
	Body struct {
		Outlet  string `json:"outlet" example:"kitchen"`
		Country string `json:"country" doc:"ISO 3166 in small letters; empty: by its time zone" example:"es"`
		Closed  bool   `json:"closed_on_holidays"`
	} `nameHint:"PlannedOutlet"`
}

func (s *server) getPlanned(ctx context.Context, who actor.Actor, in *plannedRef) (*plannedOutput, error) {
	id, err := s.outlet(ctx, who, in.Outlet)
	if err != nil {
		return nil, err
	}
	o, err := s.Planning.Outlet(ctx, who, id)
	out := &plannedOutput{}
	out.Body.Outlet, out.Body.Country, out.Body.Closed = o.Slug, o.Country, o.ClosedOnHolidays
	return out, err
}

type plannedInput struct {
	Outlet string `path:"outlet" doc:"Slug or id" example:"kitchen" maxLength:"100"`
	Body   struct {
		Country string `json:"country" doc:"ISO 3166 in small letters; empty: by its time zone" example:"es" maxLength:"2"`
		Closed  bool   `json:"closed_on_holidays"`
	} `nameHint:"PlanOutlet"`
}

func (s *server) putPlanned(ctx context.Context, who actor.Actor, in *plannedInput) (*plannedOutput, error) {
	id, err := s.outlet(ctx, who, in.Outlet)
	if err != nil {
		return nil, err
	}
	o := planning.Outlet{ID: id, Country: in.Body.Country, ClosedOnHolidays: in.Body.Closed}
	if err := s.Planning.PutOutlet(ctx, who, o); err != nil {
		return nil, err
	}
	return s.getPlanned(ctx, who, &plannedRef{in.Outlet})
}
