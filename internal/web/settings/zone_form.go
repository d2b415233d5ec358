package settings

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"brigade/internal/actor"
	"brigade/internal/delivery"
	"brigade/internal/errs"
	"brigade/internal/money"
	"brigade/internal/web/town"
)

// zonePage is what the page of a zone shows.
type zonePage struct {
	Frame
	said
	New  bool
	Path string
	Form zoneForm
	Map  town.Drawing
}

// zoneForm is the form of a zone as it was filled in.
type zoneForm struct {
	Version, Name, Fee, Minimum, FreeFrom, Extra, From, To string
	Area                                                   string // a corner in each line: latitude, longitude; an empty line between rings
}

func zoneFormOf(z *delivery.Zone) zoneForm {
	f := zoneForm{Version: z.Version(), Name: z.Name, Fee: z.Fee.String(), Area: areaText(z.Area)}
	if z.Minimum > 0 {
		f.Minimum = z.Minimum.String()
	}
	if z.FreeFrom > 0 {
		f.FreeFrom = z.FreeFrom.String()
	}
	if z.Extra > 0 {
		f.Extra = decimal(z.Extra.Minutes())
	}
	if z.Opens != z.Closes {
		f.From, f.To = wall(z.Opens), wall(z.Closes)
	}
	return f
}

// areaText writes the corners of an area.
func areaText(a delivery.Area) string {
	var b strings.Builder
	for i, ring := range a {
		if i > 0 {
			b.WriteString("\n")
		}
		for _, p := range ring[:max(len(ring)-1, 0)] {
			b.WriteString(decimal(p.Lat) + ", " + decimal(p.Lon) + "\n")
		}
	}
	return b.String()
}

// readArea reads corners as areaText writes them, or GeoJSON. Rings need not be closed. Errors: KindInvalid.
func readArea(text string) (delivery.Area, error) {
	if text = strings.TrimSpace(text); strings.HasPrefix(text, "{") {
		return delivery.ReadArea([]byte(text))
	}
	var a delivery.Area
	open := false // a ring is being read
	for i, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line == "" {
			open = false
			continue
		}
		p, err := readPoint(line)
		if err != nil {
			return nil, errs.Invalid("line %d must be a latitude and a longitude, as 40.4168, -3.7038", i+1)
		}
		if !open {
			a, open = append(a, nil), true
		}
		a[len(a)-1] = append(a[len(a)-1], p)
	}
	for i, ring := range a {
		if n := len(ring); ring[0] != ring[n-1] || n == 1 {
			a[i] = append(ring, ring[0])
		}
	}
	return a, nil
}

func readPoint(line string) (p delivery.Point, err error) {
	words := strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(",; \t", r) })
	if len(words) != 2 {
		return p, errors.New("not two numbers")
	}
	lat, err1 := strconv.ParseFloat(words[0], 64)
	lon, err2 := strconv.ParseFloat(words[1], 64)
	if math.IsNaN(lat) || math.IsNaN(lon) || math.IsInf(lat, 0) || math.IsInf(lon, 0) {
		return p, errors.New("no number")
	}
	return delivery.Point{Lat: lat, Lon: lon}, errors.Join(err1, err2)
}

func readZone(r *http.Request) zoneForm {
	v := func(field string) string { return strings.TrimSpace(r.PostFormValue(field)) }
	return zoneForm{
		Version: v("version"), Name: v("name"), Fee: v("fee"), Minimum: v("minimum"), FreeFrom: v("free_from"), Extra: v("extra_minutes"),
		From: clockTimeOrNone(v("from")), To: clockTimeOrNone(v("to")), Area: strings.ReplaceAll(r.PostFormValue("area"), "\r\n", "\n"),
	}
}

func clockTimeOrNone(text string) string {
	if text == "" {
		return ""
	}
	return clockTime(text)
}

// zone reads what the form says. Errors: KindInvalid for what is no number, amount or time; all else is for the service to judge.
func (f zoneForm) zone() (delivery.Zone, error) {
	var wrong errs.Fields
	z := delivery.Zone{
		Name: f.Name, Fee: amount(&wrong, "zone.fee", f.Fee), Minimum: amount(&wrong, "zone.minimum", f.Minimum),
		FreeFrom: amount(&wrong, "zone.free_from", f.FreeFrom),
	}
	if f.Extra != "" {
		m, err := strconv.ParseFloat(strings.Replace(f.Extra, ",", ".", 1), 64)
		if err != nil || !(math.Abs(m) < 1e6) {
			wrong.Add("zone.extra_minutes", "must be a number")
		}
		z.Extra = time.Duration(m * float64(time.Minute)).Round(time.Second)
	}
	if f.From != "" || f.To != "" {
		from, err1 := time.Parse("15:04", f.From)
		to, err2 := time.Parse("15:04", f.To)
		if err1 != nil || err2 != nil {
			wrong.Add("zone.hours", "must be times of day, as 11:00-22:30")
		}
		z.Opens, z.Closes = sinceMidnight(from), sinceMidnight(to)
	}
	var err error
	if z.Area, err = readArea(f.Area); err != nil {
		wrong.Add("zone.geometry", "%s", err)
		return z, wrong.Err()
	}
	return z, wrong.Err()
}

func sinceMidnight(t time.Time) time.Duration {
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute
}

// amount reads a sum of money; nothing is none.
func amount(wrong *errs.Fields, path, text string) money.Amount {
	if text == "" {
		return 0
	}
	m, err := money.Parse(strings.Replace(text, ",", ".", 1))
	if err != nil {
		wrong.Add(path, "must be an amount with at most two decimals, as 9.90")
	}
	return m
}

func (s *server) showZone(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	f, a, err := s.atlas(r, who)
	if err != nil {
		return err
	}
	name := r.PathValue("name")
	if name == "" {
		return s.renderZone(w, r, f, a, zoneForm{Fee: "0.00"}, nil)
	}
	for i := range a.Zones {
		if a.Zones[i].Name == name {
			return s.renderZone(w, r, f, a, zoneFormOf(&a.Zones[i]), nil)
		}
	}
	return s.NoPage(r)
}

func (s *server) renderZone(w http.ResponseWriter, r *http.Request, f Frame, a *delivery.Atlas, form zoneForm, err error) error {
	done, err2 := s.wrong(r, err)
	if err2 != nil {
		return err2
	}
	if late, ok := errors.AsType[delivery.ZoneOvertaken](err); ok && late.Now != nil {
		done.Theirs = different(form, zoneFormOf(late.Now))
		form.Version = late.Now.Version()
	}
	p := zonePage{Frame: f, said: done, New: r.PathValue("name") == "", Path: r.URL.EscapedPath(), Form: form}
	shape, _ := readArea(form.Area) // what is wrong with it was said before
	if shape.Check() != nil {
		shape = nil
	}
	p.Map = s.zoneMap(f, a, s.Clock.Now(), r.PathValue("name"), shape)
	s.set.Render(w, r, statusOf(err), "zone", p)
	return nil
}

// different says in which fields a form differs from what is there.
func different(mine, now zoneForm) (list []theirs) {
	for _, f := range [][3]string{
		{"name", mine.Name, now.Name},
		{"fee", mine.Fee, now.Fee},
		{"minimum", mine.Minimum, now.Minimum},
		{"free_from", mine.FreeFrom, now.FreeFrom},
		{"extra_minutes", mine.Extra, now.Extra},
		{"hours", mine.From + "-" + mine.To, now.From + "-" + now.To},
		{"area", strings.TrimSpace(mine.Area), strings.TrimSpace(now.Area)},
	} {
		if f[1] != f[2] {
			list = append(list, theirs{f[0], f[1], f[2]})
		}
	}
	return list
}

// saveZone writes the form of a zone.
func (s *server) saveZone(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	form := readZone(r)
	z, err := form.zone()
	f, a, err2 := s.atlas(r, who)
	if err2 != nil {
		return err2
	}
	if err == nil {
		_, err = s.Zones.PutZone(r.Context(), who, f.Outlet.ID, r.PathValue("name"), form.Version, z)
	}
	if err != nil {
		return s.renderZone(w, r, f, a, form, err)
	}
	return s.renderZones(w, r, who, s.Say(r, "setup.saved", z.Name), nil)
}
