package web

import (
	"time"

	"brigade/internal/tenant"
)

// clockView is the product's time in an outlet, for people and for the browser, which lets it run on.
type clockView struct {
	Text  string // 14:05
	Zone  string // IANA name
	Now   int64  // product time, Unix milliseconds
	Scale float64
	Build string
}

// clock tells the time of an outlet.
func (s *server) clock(o tenant.Outlet) clockView {
	now := s.Clock.Now()
	v := clockView{Zone: "UTC", Now: now.UnixMilli(), Scale: 1, Build: s.assets.version}
	if c, ok := s.Clock.(interface{ Scale() float64 }); ok {
		v.Scale = c.Scale()
	}
	if o.Timezone != nil {
		now, v.Zone = now.In(o.Timezone), o.Timezone.String()
	}
	v.Text = now.Format("15:04")
	return v
}

// unixMillis is a time for the browser; 0 for none.
func unixMillis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}
