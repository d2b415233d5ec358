package driver

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"brigade/internal/actor"
	"brigade/internal/delivery"
	"brigade/internal/errs"
	"brigade/internal/web/page"
)

// breakFor is how long a break is that the page offers.
const breakFor = 20 * time.Minute

// phoneTap is what a phone sends of a tap.
type phoneTap struct {
	Key    string `json:"key"`
	Do     string `json:"do"`
	Order  string `json:"order"` // its id; "": it is about the driver
	Reason string `json:"reason"`
	Code   string `json:"code"`
	Photo  string `json:"photo"`
	Aged   bool   `json:"aged"`
}

func (t phoneTap) tap() delivery.Tap {
	return delivery.Tap{
		Key: t.Key, Do: delivery.TapKind(t.Do), Delivery: t.Order, Reason: t.Reason, Length: breakFor,
		Proof: delivery.Proof{Code: strings.TrimSpace(t.Code), Photo: strings.TrimSpace(t.Photo), AgeChecked: t.Aged},
	}
}

// settleTaps carries out what a phone has gathered, each tap once, in its order.
func (s *server) settleTaps(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	ref := r.PathValue("driver")
	if _, err := s.Fleet.Driver(r.Context(), who, ref); err != nil {
		return err
	}
	return page.SettleTaps(w, r, func(t phoneTap) page.Settled {
		repeated, err := s.Fleet.Tap(r.Context(), who, ref, t.tap())
		return s.Settled(r, t.Key, repeated, err)
	})
}

// do carries out a form of a browser without scripts. Its orders are named as the page had seen them, so that who taps twice
// has tapped once.
func (s *server) do(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	ref := r.PathValue("driver")
	t := phoneTap{
		Do: r.PostFormValue("do"), Reason: cmp.Or(r.PostFormValue("reason"), r.PostFormValue("other")), Code: r.PostFormValue("code"),
		Photo: r.PostFormValue("photo"), Aged: r.PostFormValue("aged") != "",
	}
	for name := range strings.SplitSeq(r.PostFormValue("refs"), ",") {
		order, version, _ := strings.Cut(name, ":")
		t.Order, t.Key = order, "form-"+t.Do+"-"+order+"-"+version
		if _, err := s.Fleet.Tap(r.Context(), who, ref, t.tap()); err != nil {
			return err
		}
	}
	back := path
	if who.Role != actor.Driver {
		back += "?driver=" + url.QueryEscape(ref)
	}
	http.Redirect(w, r, back, http.StatusSeeOther)
	return nil
}

// phoneFix is where a phone was.
type phoneFix struct {
	Lat float64 `json:"lat"`
	Lon float64 `json:"lon"`
	At  int64   `json:"at"` // product time, Unix milliseconds
}

const maxFixes = 200 // at once

// takePositions takes in where a phone was; none at all is a sign of life.
func (s *server) takePositions(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	var list []phoneFix
	if err := json.NewDecoder(r.Body).Decode(&list); err != nil || len(list) > maxFixes {
		return errs.Malformed("send a list of at most %d positions as JSON", maxFixes)
	}
	ref := r.PathValue("driver")
	if who.Role == actor.Driver && ref == strconv.FormatInt(who.Driver, 10) {
		ref = "" // his own needs no look at the database
	}
	if err := s.hear(r.Context(), who, ref, list); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *server) hear(ctx context.Context, who actor.Actor, ref string, list []phoneFix) (err error) {
	if len(list) == 0 {
		_, err = s.Fleet.Work(ctx, who, ref)
		return err
	}
	_, err = s.Fleet.Positions(ctx, who, ref, fixes(list))
	return err
}

func fixes(list []phoneFix) []delivery.Fix {
	all := make([]delivery.Fix, len(list))
	for i, f := range list {
		all[i] = delivery.Fix{Point: delivery.Point{Lat: f.Lat, Lon: f.Lon}, At: time.UnixMilli(f.At).UTC()}
	}
	return all
}
