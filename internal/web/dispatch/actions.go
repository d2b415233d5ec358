package dispatch

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"brigade/internal/actor"
	"brigade/internal/delivery"
	"brigade/internal/errs"
	"brigade/internal/web/page"
)

// done answers a form, and lets what is chosen be shown anew.
func (s *server) done(w http.ResponseWriter, r *http.Request, p place, number, driver string, t page.Toast) error {
	w.Header().Set("HX-Trigger", "dispatched")
	return s.Done(w, r, p.path(number, driver), t)
}

// undo is the form that takes something back at a place.
func (p place) undo(action string, fields ...string) *page.Undo {
	u := &page.Undo{Action: "/dispatch/" + p.Slug + "/" + action, Fields: map[string]string{}}
	for i := 0; i < len(fields); i += 2 {
		u.Fields[fields[i]] = fields[i+1]
	}
	return u
}

func idText(id int64) string { return strconv.FormatInt(id, 10) }

// about finds the place and the delivery that a form is about: a delivery of another region is none. Errors: KindNotFound.
func (s *server) about(r *http.Request, who actor.Actor) (p place, d *delivery.Delivery, err error) {
	if p, err = s.find(r, who); err != nil {
		return p, nil, err
	}
	number := r.PostFormValue("order")
	if d, err = s.Fleet.Get(r.Context(), who, number); err != nil {
		return p, nil, err
	}
	if d.Region != p.Region || !p.watcher.Sees(d.Outlet) {
		return p, nil, errs.NotFound("there is no delivery %q", number)
	}
	return p, d, nil
}

// wanted is the driver that a form names, of the place's region. Errors: KindNotFound, KindInvalid.
func (s *server) wanted(r *http.Request, who actor.Actor, p place) (*delivery.Driver, error) {
	ref := r.PostFormValue("driver")
	if ref == "" {
		return nil, errs.Invalid("%s", s.Say(r, "dispatch.choose_driver"))
	}
	d, err := s.Fleet.Driver(r.Context(), who, ref)
	if err == nil && d.Region != p.Region {
		err = errs.NotFound("there is no driver %q", ref)
	}
	return d, err
}

// assign gives a delivery to a driver. One that is on board already is taken over. What it was before can be had back.
func (s *server) assign(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	p, before, err := s.about(r, who)
	if err != nil {
		return err
	}
	if before.Status == delivery.PickedUp {
		return s.takeOver(w, r, who)
	}
	to, err := s.wanted(r, who, p)
	if err != nil {
		return err
	}
	if _, err := s.Fleet.Assign(r.Context(), who, before.Number, idText(to.ID)); err != nil {
		return err
	}
	t := page.Toast{Text: s.Say(r, "dispatch.done.assigned", page.ShortNumber(before.Number), to.Name), Undo: p.undo("unassign", "order", before.Number)}
	switch {
	case before.Status == delivery.Assigned && before.Driver == to.ID:
		t.Undo = nil
	case before.Status == delivery.Assigned:
		t.Undo = p.undo("assign", "order", before.Number, "driver", idText(before.Driver))
	}
	return s.done(w, r, p, before.Number, "", t)
}

func (s *server) unassign(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	p, before, err := s.about(r, who)
	if err != nil {
		return err
	}
	if _, err := s.Fleet.Unassign(r.Context(), who, before.Number); err != nil {
		return err
	}
	t := page.Toast{Text: s.Say(r, "dispatch.done.unassigned", page.ShortNumber(before.Number))}
	if before.Status == delivery.Assigned {
		t.Undo = p.undo("assign", "order", before.Number, "driver", idText(before.Driver))
	}
	return s.done(w, r, p, before.Number, "", t)
}

// pin lets nobody but one driver have a delivery, or everybody again.
func (s *server) pin(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	p, before, err := s.about(r, who)
	if err != nil {
		return err
	}
	to, name := "", ""
	if !strings.HasSuffix(r.URL.Path, "/unpin") {
		d, err := s.wanted(r, who, p)
		if err != nil {
			return err
		}
		to, name = idText(d.ID), d.Name
	}
	if _, err := s.Fleet.Pin(r.Context(), who, before.Number, to); err != nil {
		return err
	}
	t := page.Toast{Text: s.Say(r, "dispatch.done.unpinned", page.ShortNumber(before.Number))}
	if to != "" {
		t.Text = s.Say(r, "dispatch.done.pinned", page.ShortNumber(before.Number), name)
	}
	switch {
	case before.Pinned != 0:
		t.Undo = p.undo("pin", "order", before.Number, "driver", idText(before.Pinned))
	case to != "":
		t.Undo = p.undo("unpin", "order", before.Number)
	}
	return s.done(w, r, p, before.Number, "", t)
}

func (s *server) takeOver(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	p, before, err := s.about(r, who)
	if err != nil {
		return err
	}
	to, err := s.wanted(r, who, p)
	if err != nil {
		return err
	}
	if _, err := s.Fleet.TakeOver(r.Context(), who, before.Number, idText(to.ID)); err != nil {
		return err
	}
	return s.done(w, r, p, before.Number, "", page.Toast{
		Text: s.Say(r, "dispatch.done.taken_over", to.Name, page.ShortNumber(before.Number)),
		Undo: p.undo("takeover", "order", before.Number, "driver", idText(before.Driver)),
	})
}

// incident takes a driver off the road.
func (s *server) incident(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	p, d, err := s.aboutDriver(r, who)
	if err != nil {
		return err
	}
	if _, err := s.Fleet.Incident(r.Context(), who, idText(d.ID), strings.TrimSpace(r.PostFormValue("reason"))); err != nil {
		return err
	}
	return s.done(w, r, p, "", idText(d.ID), page.Toast{
		Text: s.Say(r, "dispatch.done.incident", d.Name), Undo: p.undo("recover", "driver", idText(d.ID)),
	})
}

// recoverDriver lets a driver work again.
func (s *server) recoverDriver(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	p, d, err := s.aboutDriver(r, who)
	if err != nil {
		return err
	}
	if _, err := s.Fleet.EndIncident(r.Context(), who, idText(d.ID)); err != nil {
		return err
	}
	t := page.Toast{Text: s.Say(r, "dispatch.done.recovered", d.Name)}
	if !d.IncidentAt.IsZero() {
		t.Undo = p.undo("incident", "driver", idText(d.ID), "reason", d.Incident)
	}
	return s.done(w, r, p, "", idText(d.ID), t)
}

func (s *server) aboutDriver(r *http.Request, who actor.Actor) (p place, d *delivery.Driver, err error) {
	if p, err = s.find(r, who); err == nil {
		d, err = s.wanted(r, who, p)
	}
	return p, d, err
}

// aboutZone finds the zone that a form names, of an outlet of the place's region.
func (s *server) aboutZone(r *http.Request, who actor.Actor) (p place, z delivery.Zone, err error) {
	if p, err = s.find(r, who); err != nil {
		return p, z, err
	}
	name := r.PostFormValue("zone")
	outlet, _ := strconv.ParseInt(r.PostFormValue("outlet_id"), 10, 64)
	if outlet == 0 || !p.watcher.Sees(outlet) {
		return p, z, errs.NotFound("there is no zone %q", name)
	}
	atlas, err := s.Zones.Atlas(r.Context(), who, outlet)
	if err != nil {
		return p, z, err
	}
	for _, x := range atlas.Zones {
		if x.Name == name {
			x.Outlet = outlet
			return p, x, nil
		}
	}
	return p, z, errs.NotFound("there is no zone %q", name)
}

func (s *server) pause(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	p, z, err := s.aboutZone(r, who)
	if err != nil {
		return err
	}
	minutes, err := strconv.Atoi(r.PostFormValue("minutes"))
	if err != nil || minutes < 0 || minutes > 7*24*60 {
		return errs.Invalid("%s", s.Say(r, "dispatch.wrong_minutes"))
	}
	until := time.Time{}
	if minutes > 0 {
		until = s.Clock.Now().Add(time.Duration(minutes) * time.Minute).Truncate(time.Second)
	}
	if _, err := s.Zones.Pause(r.Context(), who, z.Outlet, z.Name, until, strings.TrimSpace(r.PostFormValue("reason"))); err != nil {
		return err
	}
	return s.done(w, r, p, "", "", page.Toast{
		Text: s.Say(r, "dispatch.done.paused", z.Name), Undo: p.undo("resume", "outlet_id", idText(z.Outlet), "zone", z.Name),
	})
}

func (s *server) resume(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	p, z, err := s.aboutZone(r, who)
	if err != nil {
		return err
	}
	if _, err := s.Zones.Resume(r.Context(), who, z.Outlet, z.Name); err != nil {
		return err
	}
	t := page.Toast{Text: s.Say(r, "dispatch.done.resumed", z.Name)}
	if now := s.Clock.Now(); z.Paused(now) {
		minutes := 0
		if !z.Pause.Until.IsZero() {
			minutes = int(z.Pause.Until.Sub(now)/time.Minute) + 1
		}
		t.Undo = p.undo("pause", "outlet_id", idText(z.Outlet), "zone", z.Name, "minutes", strconv.Itoa(minutes), "reason", z.Pause.Reason)
	}
	return s.done(w, r, p, "", "", t)
}
