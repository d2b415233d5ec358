package settings

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"time"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/menu"
	"brigade/internal/menu/edit"
	"brigade/internal/menu/load"
	"brigade/internal/web/page"
)

// Editor changes what outlets are set up with; setup.Editor does.
type Editor interface {
	Set(ctx context.Context, who actor.Actor, outlet int64) (edit.Set, error)
	Put(ctx context.Context, who actor.Actor, outlet int64, t edit.Thing, version string) (edit.Done, error)
	Remove(ctx context.Context, who actor.Actor, outlet int64, ref load.Ref, version string) (edit.Done, error)
	Export(ctx context.Context, who actor.Actor) ([]byte, error)
}

// Sales takes items off the menu and puts them back; menu.Sales does.
type Sales interface {
	Pause(ctx context.Context, who actor.Actor, outlet int64, p menu.Pause) (menu.Pause, error)
	Resume(ctx context.Context, who actor.Actor, outlet int64, kind menu.PauseKind, name string) (menu.Pause, error)
	Paused(ctx context.Context, who actor.Actor, outlet int64) ([]menu.Pause, error)
}

// setupPages are the pages of what an outlet is set up with.
func (s *server) setupPages() map[string]page.Action {
	return map[string]page.Action{
		"GET /settings/menu":                 shown(s.renderMenu),
		"POST /settings/menu":                s.act(load.KindItem, s.renderMenu, map[string]change{"sale": s.setSale, "move": s.moveItem}),
		"GET /settings/menu/new":             s.showItem,
		"POST /settings/menu/new":            s.saveItem,
		"GET /settings/menu/item/{sku}":      s.showItem,
		"POST /settings/menu/item/{sku}":     s.saveItem,
		"GET /settings/recipes":              s.showRecipes,
		"GET /settings/stations":             shown(s.renderStations),
		"POST /settings/stations":            s.act(load.KindStation, s.renderStations, map[string]change{"save": s.saveStation}),
		"GET /settings/machines":             shown(s.renderMachines),
		"POST /settings/machines":            s.act(load.KindMachine, s.renderMachines, map[string]change{"save": s.saveMachine}),
		"GET /settings/staff":                shown(s.renderStaff),
		"POST /settings/staff":               s.act(load.KindStaff, s.renderStaff, map[string]change{"back": s.bringBack}),
		"GET /settings/staff/new":            s.showPerson,
		"POST /settings/staff/new":           s.savePerson,
		"GET /settings/staff/person/{name}":  s.showPerson,
		"POST /settings/staff/person/{name}": s.savePerson,
		"GET /settings/place":                shown(s.renderPlace),
		"POST /settings/place":               s.act(load.KindOutlet, s.renderPlace, map[string]change{"save": s.savePlace, "hours": s.saveHours, "mark": s.markDay, "unmark": s.unmarkDay, "holidays": s.saveHolidays}),
		"GET /settings/export.yaml":          s.export,
	}
}

// change is what a form does, at an outlet.
type change func(r *http.Request, who actor.Actor, outlet int64) outcome

// shown is a page before anything was done.
func shown(then show) page.Action {
	return func(w http.ResponseWriter, r *http.Request, who actor.Actor) error { return then(w, r, who, outcome{}) }
}

// act returns the handler of a page's forms: each has a button "do", which says what it does. All can remove things of the
// page's kind, and take back what was just done.
func (s *server) act(kind load.Kind, then show, more map[string]change) page.Action {
	return func(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
		outlet, _, err := s.Outlet(r, who)
		if err != nil {
			return err
		}
		do := r.PostFormValue("do")
		change, ok := more[do]
		switch {
		case ok:
		case do == "remove":
			change = s.remove(kind)
		case do == "undo":
			change = s.undo
		default:
			return errs.Malformed("a form says what it does")
		}
		return then(w, r, who, change(r, who, outlet.ID))
	}
}

// setFrame is what all pages of the set-up show around themselves.
type setFrame struct {
	Frame
	Notice string   // what was done
	Undo   *undoing // how it is taken back; nil: it cannot be
	Fault  string   // what went wrong
	Faults map[string]string
	Theirs []load.FieldChange // what somebody else has changed in the meantime: from what is in the form to what is there
	Set    edit.Set
	Part   string // of the path: menu, stations, …
}

// FaultAt is what is wrong with a field; "" when nothing is.
func (f setFrame) FaultAt(path string) string { return f.Faults[path] }

// undoing is the form that takes an edit back.
type undoing struct{ Kind, Name, Was, Version string }

// outcome is what a form has led to, for the page that is shown after it.
type outcome struct {
	done   *edit.Done
	said   string // a text's key; its argument is the thing's name
	name   string
	err    error
	wished *edit.Thing // what the form says, when it could not be done
}

// status is that of the answer.
func (o outcome) status() int {
	if o.err == nil {
		return http.StatusOK
	}
	return page.StatusOf(o.err)
}

// show are pages that are shown after something was done.
type show func(w http.ResponseWriter, r *http.Request, who actor.Actor, o outcome) error

// setUp reads what a page of the set-up shows, and says what was done. An error that is not about the form is returned.
func (s *server) setUp(r *http.Request, who actor.Actor, part string, o outcome) (f setFrame, err error) {
	if o.err != nil && page.StatusOf(o.err) != http.StatusUnprocessableEntity && page.StatusOf(o.err) != http.StatusConflict {
		return f, o.err
	}
	if f.Frame, err = s.frame(r, who, part); err != nil {
		return f, err
	}
	f.Part = part
	if r.Method != http.MethodGet {
		f.Here = "/settings/" + part + "?outlet=" + f.Outlet.Slug
	}
	f.Set, err = s.Editor.Set(r.Context(), who, f.Outlet.ID)
	f.say(o)
	return f, err
}

// say puts what a form has led to into words.
func (f *setFrame) say(o outcome) {
	f.Faults = map[string]string{}
	if o.err == nil {
		if o.said != "" {
			f.Notice = f.Say(o.said, arguments(o.name)...)
		}
		f.Undo = undo(o.done)
		return
	}
	var wrong *errs.Error
	if errors.As(o.err, &wrong) {
		for _, at := range wrong.Fields {
			if _, twice := f.Faults[at.Path]; !twice {
				f.Faults[at.Path], _ = f.Lang.Tell(at.Said())
			}
		}
	}
	f.Fault = page.Sentence(f.Lang, o.err)
	if len(f.Faults) > 0 {
		f.Fault = f.Say("setup.faulty")
	}
	var late edit.Overtaken
	if errors.As(o.err, &late) && late.Now != nil && o.wished != nil {
		f.Theirs = edit.Differences(*o.wished, *late.Now)
	}
}

// arguments are what a text takes of a name; nothing without one.
func arguments(name string) []any {
	if name == "" {
		return nil
	}
	return []any{name}
}

// undo is how an edit is taken back; nil when it changed nothing.
func undo(d *edit.Done) *undoing {
	if d == nil || !d.Changed() {
		return nil
	}
	u := &undoing{}
	thing := d.Now
	if thing == nil {
		thing = d.Was
	}
	ref := thing.Ref("")
	u.Kind, u.Name = string(ref.Kind), ref.Name
	if d.Now != nil {
		u.Version = d.Now.Version()
	}
	if d.Was != nil {
		text, err := json.Marshal(d.Was)
		if err != nil { // it was read from JSON, or from the database
			return nil
		}
		u.Was = string(text)
	}
	return u
}

// undo takes an edit back: what was there comes again, unless somebody has changed it since.
func (s *server) undo(r *http.Request, who actor.Actor, outlet int64) outcome {
	ref, version := load.Ref{Kind: load.Kind(r.PostFormValue("kind")), Name: r.PostFormValue("name")}, r.PostFormValue("version")
	o := outcome{said: "setup.undone", name: ref.Name}
	was := r.PostFormValue("was")
	if was == "" {
		o.done, o.err = done(s.Editor.Remove(r.Context(), who, outlet, ref, version))
		return o
	}
	var t edit.Thing
	if json.Unmarshal([]byte(was), &t) != nil {
		o.err = errs.Conflict("this cannot be taken back any more")
		return o
	}
	o.done, o.err = done(s.Editor.Put(r.Context(), who, outlet, t, version))
	return o
}

func done(d edit.Done, err error) (*edit.Done, error) { return &d, err }

// remove takes the thing away that the form's field "name" names.
func (s *server) remove(kind load.Kind) change {
	return func(r *http.Request, who actor.Actor, outlet int64) outcome {
		o := outcome{said: "setup.removed", name: r.PostFormValue("name")}
		o.done, o.err = done(s.Editor.Remove(r.Context(), who, outlet, load.Ref{Kind: kind, Name: o.name}, r.PostFormValue("version")))
		return o
	}
}

// menuPage is what the page menu shows.
type menuPage struct {
	setFrame
	Groups []menuGroup
	Items  int
}

// menuGroup is what stands together on the menu.
type menuGroup struct {
	Name string
	Rows []menuRow
}

// menuRow is an item as it is listed.
type menuRow struct {
	load.Item
	Version, Order string
	Takes          time.Duration
	Out            string // why it cannot be ordered; "" = it can
	First, Last    bool
}

func (s *server) renderMenu(w http.ResponseWriter, r *http.Request, who actor.Actor, o outcome) error {
	f, err := s.setUp(r, who, "menu", o)
	if err != nil {
		return err
	}
	p := menuPage{setFrame: f, Items: len(f.Set.Outlet.Items)}
	paused, err := s.paused(r, who, f.Outlet.ID)
	if err != nil {
		return err
	}
	order := f.Set.Find(load.Ref{Kind: edit.KindOrder}).Version()
	for i, it := range f.Set.Outlet.Items {
		row := menuRow{
			Item: it, Version: f.Set.Find(load.Ref{Kind: load.KindItem, Name: it.SKU}).Version(), Order: order, Out: paused[it.SKU],
			Takes: edit.Draw(it.Steps).Total, First: i == 0, Last: i == p.Items-1,
		}
		at := slices.IndexFunc(p.Groups, func(g menuGroup) bool { return g.Name == it.Category })
		if at < 0 {
			at, p.Groups = len(p.Groups), append(p.Groups, menuGroup{Name: it.Category})
		}
		p.Groups[at].Rows = append(p.Groups[at].Rows, row)
	}
	s.set.Render(w, r, o.status(), "menu", p)
	return nil
}

// paused says why items cannot be ordered, by SKU.
func (s *server) paused(r *http.Request, who actor.Actor, outlet int64) (map[string]string, error) {
	out := map[string]string{}
	if s.Sales == nil {
		return out, nil
	}
	list, err := s.Sales.Paused(r.Context(), who, outlet)
	for _, p := range list {
		if p.Kind == menu.PauseItem {
			out[p.Name] = p.String()
		}
	}
	return out, err
}

// setSale takes an item off the menu, or puts it back, as the form's field "to" says.
func (s *server) setSale(r *http.Request, who actor.Actor, outlet int64) outcome {
	o := outcome{said: "setup.back_on", name: r.PostFormValue("name")}
	if s.Sales == nil {
		o.err = errs.NotFound("nothing is sold here")
		return o
	}
	if r.PostFormValue("to") == "out" {
		o.said = "setup.sold_out"
		_, o.err = s.Sales.Pause(r.Context(), who, outlet, menu.Pause{Kind: menu.PauseItem, Name: o.name, Reason: "sold out"})
	} else {
		_, o.err = s.Sales.Resume(r.Context(), who, outlet, menu.PauseItem, o.name)
	}
	return o
}

// moveItem lets an item change places with its neighbour, as the form's field "to" says: up or down.
func (s *server) moveItem(r *http.Request, who actor.Actor, outlet int64) outcome {
	o := outcome{said: "setup.moved", name: r.PostFormValue("name")}
	set, err := s.Editor.Set(r.Context(), who, outlet)
	if err != nil {
		o.err = err
		return o
	}
	skus := moved(set.Outlet.Items, o.name, r.PostFormValue("to") == "up")
	o.done, o.err = done(s.Editor.Put(r.Context(), who, outlet, edit.Thing{Order: &edit.Order{SKUs: skus}}, r.PostFormValue("version")))
	return o
}

// moved is the menu's order once an item has gone past its neighbour in its category.
func moved(items []load.Item, sku string, up bool) []string {
	skus := make([]string, len(items))
	for i, it := range items {
		skus[i] = it.SKU
	}
	at := slices.Index(skus, sku)
	if at < 0 {
		return skus
	}
	step := 1
	if up {
		step = -1
	}
	for to := at + step; to >= 0 && to < len(skus); to += step {
		if items[to].Category == items[at].Category {
			return slices.Insert(slices.Delete(skus, at, at+1), to, sku)
		}
	}
	return skus
}

// export sends the file that describes the whole set-up.
func (s *server) export(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	text, err := s.Editor.Export(r.Context(), who)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/yaml")
	w.Header().Set("Content-Disposition", `attachment; filename="brigade.yaml"`)
	w.Header().Set("Cache-Control", "no-store")
	_, err = w.Write(text)
	return err
}

// minutes writes how long something takes: 4:30.
func minutes(d time.Duration) string {
	s := int(d.Round(time.Second) / time.Second)
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

// setupFuncs are what the templates of the set-up can call besides those of all pages.
var setupFuncs = template.FuncMap{
	"clocktime": minutes,
	"sessions":  newSessions,
	"seconds":   func(s float64) string { return minutes(time.Duration(s * float64(time.Second))) },
	"short": func(text string, n int) string {
		if r := []rune(text); len(r) > n {
			return string(r[:n-1]) + "…"
		}
		return text
	},
}
