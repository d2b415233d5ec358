package settings

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"brigade/internal/actor"
	"brigade/internal/delivery"
	"brigade/internal/errs"
	"brigade/internal/web/page"
	"brigade/internal/web/town"
)

// Zones knows where outlets deliver; delivery.Zones does.
type Zones interface {
	Atlas(ctx context.Context, who actor.Actor, outlet int64) (*delivery.Atlas, error)
	PutZone(ctx context.Context, who actor.Actor, outlet int64, was, version string, z delivery.Zone) (*delivery.Atlas, error)
	RemoveZone(ctx context.Context, who actor.Actor, outlet int64, name, version string) (*delivery.Atlas, error)
	Pause(ctx context.Context, who actor.Actor, outlet int64, name string, until time.Time, reason string) (*delivery.Atlas, error)
	Resume(ctx context.Context, who actor.Actor, outlet int64, name string) (*delivery.Atlas, error)
	PutReach(ctx context.Context, who actor.Actor, outlet int64, r delivery.Reach) (*delivery.Atlas, error)
}

// zonePages are the pages of where an outlet delivers.
func (s *server) zonePages() map[string]page.Action {
	return map[string]page.Action{
		"GET /settings/zones":              s.showZones,
		"POST /settings/zones":             s.actZones,
		"GET /settings/zones/new":          s.showZone,
		"POST /settings/zones/new":         s.saveZone,
		"GET /settings/zones/zone/{name}":  s.showZone,
		"POST /settings/zones/zone/{name}": s.saveZone,
	}
}

// said is what the pages of zones and of suppliers say of what was done, or of what could not be.
type said struct {
	Notice, Fault string
	Faults        map[string]string
	Theirs        []theirs
}

// theirs is a field that somebody else has changed in the meantime.
type theirs struct{ Field, From, To string }

// FaultAt is what is wrong with a field; "" when nothing is.
func (s said) FaultAt(path string) string { return s.Faults[path] }

// wrong says what is wrong with a form. An error that is not about the form is returned.
func (s *server) wrong(r *http.Request, err error) (said, error) {
	if err == nil {
		return said{}, nil
	}
	if !typed(err) {
		return said{}, err
	}
	lang := page.Language(r)
	w := said{Fault: page.Sentence(lang, err), Faults: map[string]string{}}
	if e, ok := errors.AsType[*errs.Error](err); ok && len(e.Fields) > 0 {
		w.Fault = s.Say(r, "setup.faulty")
		for _, at := range e.Fields {
			if _, twice := w.Faults[at.Path]; !twice {
				w.Faults[at.Path], _ = lang.Tell(at.Said())
			}
		}
	}
	return w, nil
}

func statusOf(err error) int {
	if err == nil {
		return http.StatusOK
	}
	return page.StatusOf(err)
}

// zonesPage is what the page of zones shows.
type zonesPage struct {
	Frame
	said
	Map     town.Drawing
	Zones   []zoneRow
	Sited   bool // it is known where the outlet stands
	Radius  string
	Unknown bool
	Seen    string // how far was delivered when the form was filled in
}

// zoneRow is a zone as it is listed.
type zoneRow struct {
	Name, Path, Version, Fee, Minimum, FreeFrom, Hours, Size, Paused string
}

const zonesWide, zonesHigh = 900, 480

func (s *server) showZones(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	return s.renderZones(w, r, who, "", nil)
}

func (s *server) renderZones(w http.ResponseWriter, r *http.Request, who actor.Actor, notice string, err error) error {
	done, err2 := s.wrong(r, err)
	if err2 != nil {
		return err2
	}
	f, a, err2 := s.atlas(r, who)
	if err2 != nil {
		return err2
	}
	p := zonesPage{Frame: f, said: done, Sited: a.Site != nil, Unknown: a.TakeUnknown, Radius: decimal(a.Radius / 1000), Seen: reachText(a.Reach)}
	p.Notice = notice
	if err != nil && r.PostFormValue("do") == "reach" {
		p.Radius, p.Unknown = r.PostFormValue("radius_km"), r.PostFormValue("unknown") == "take"
	}
	now := s.Clock.Now()
	for i := range a.Zones {
		p.Zones = append(p.Zones, s.zoneRow(r, f, &a.Zones[i], now))
	}
	p.Map = s.zoneMap(f, a, now, "", nil)
	s.set.Render(w, r, statusOf(err), "zones", p)
	return nil
}

// atlas reads where the request's outlet delivers.
func (s *server) atlas(r *http.Request, who actor.Actor) (Frame, *delivery.Atlas, error) {
	f, err := s.frame(r, who, "zones")
	if err != nil {
		return f, nil, err
	}
	if r.Method != http.MethodGet {
		f.Here = "/settings/zones?outlet=" + f.Outlet.Slug
	}
	a, err := s.Zones.Atlas(r.Context(), who, f.Outlet.ID)
	return f, a, err
}

func (s *server) zoneRow(r *http.Request, f Frame, z *delivery.Zone, now time.Time) zoneRow {
	row := zoneRow{
		Name: z.Name, Path: "/settings/zones/zone/" + url.PathEscape(z.Name), Version: z.Version(), Fee: z.Fee.String(), Size: fmt.Sprintf("%.1f km²", z.Area.SquareMetres()/1e6),
	}
	if z.Minimum > 0 {
		row.Minimum = z.Minimum.String()
	}
	if z.FreeFrom > 0 {
		row.FreeFrom = z.FreeFrom.String()
	}
	if z.Opens != z.Closes {
		row.Hours = wall(z.Opens) + "–" + wall(z.Closes)
	}
	if z.Paused(now) {
		row.Paused = s.Say(r, "setup.zone_paused")
		if !z.Pause.Until.IsZero() {
			row.Paused = s.Say(r, "setup.zone_paused_until", f.at(z.Pause.Until))
		}
		if z.Pause.Reason != "" {
			row.Paused += ": " + z.Pause.Reason
		}
	}
	return row
}

// zoneMap draws zones and the outlet; the one that is edited, if any, as it is wished.
func (s *server) zoneMap(f Frame, a *delivery.Atlas, now time.Time, edited string, shape delivery.Area) town.Drawing {
	m := town.Map{Around: true, Tiles: s.Tiles.Template, Credit: s.Tiles.Credit}
	if a.Site != nil {
		m.Places = append(m.Places, town.Place{Key: "outlet", Kind: "outlet", Label: f.Outlet.Name, At: *a.Site})
	}
	for i := range a.Zones {
		z, kind := &a.Zones[i], "open"
		if z.Paused(now) {
			kind = "paused"
		}
		if z.Name != edited {
			m.Areas = append(m.Areas, town.Area{Kind: kind, Label: z.Name, Shape: z.Area})
		}
	}
	if len(shape) > 0 {
		m.Areas = append(m.Areas, town.Area{Kind: "edited", Label: edited, Shape: shape})
	}
	return m.Draw(zonesWide, zonesHigh)
}

// actZones does what the button of a form on the page of zones says.
func (s *server) actZones(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	outlet, _, err := s.Outlet(r, who)
	if err != nil {
		return err
	}
	var said string
	name := r.PostFormValue("name")
	switch r.PostFormValue("do") {
	case "remove":
		said = s.Say(r, "setup.removed", name)
		_, err = s.Zones.RemoveZone(r.Context(), who, outlet.ID, name, r.PostFormValue("version"))
	case "pause":
		said = s.Say(r, "setup.zone_is_paused", name)
		_, err = s.Zones.Pause(r.Context(), who, outlet.ID, name, s.until(r), strings.TrimSpace(r.PostFormValue("reason")))
	case "resume":
		said = s.Say(r, "setup.zone_is_back", name)
		_, err = s.Zones.Resume(r.Context(), who, outlet.ID, name)
	case "reach":
		said = s.Say(r, "setup.reach_saved")
		err = s.saveReach(r, who, outlet.ID)
	default:
		return errs.Malformed("a form says what it does")
	}
	if err != nil {
		said = ""
	}
	return s.renderZones(w, r, who, said, err)
}

// until is when a pause ends that lasts the form's minutes; zero: nobody knows.
func (s *server) until(r *http.Request) time.Time {
	if n := min(number(r, "minutes"), 7*24*60); n > 0 {
		return s.Clock.Now().Add(time.Duration(n) * time.Minute)
	}
	return time.Time{}
}

func reachText(r delivery.Reach) string { return fmt.Sprintf("%g %v", r.Radius, r.TakeUnknown) }

// saveReach says how far is delivered beside the zones, unless somebody has changed that since.
func (s *server) saveReach(r *http.Request, who actor.Actor, outlet int64) error {
	km, err := strconv.ParseFloat(strings.Replace(strings.TrimSpace(r.PostFormValue("radius_km")), ",", ".", 1), 64)
	if err != nil {
		return fault("radius_metres", "must be a number")
	}
	a, err := s.Zones.Atlas(r.Context(), who, outlet)
	if err != nil {
		return err
	}
	want := delivery.Reach{Radius: float64(int64(min(max(km, -1), 1e6) * 1000)), TakeUnknown: r.PostFormValue("unknown") == "take"}
	switch now := reachText(a.Reach); {
	case reachText(want) == now:
		return nil
	case r.PostFormValue("seen") != now:
		return errs.Conflict("somebody else has changed how far is delivered in the meantime")
	}
	_, err = s.Zones.PutReach(r.Context(), who, outlet, want)
	return err
}
