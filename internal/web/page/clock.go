package page

import (
	"time"

	"brigade/internal/tenant"
)

// ClockView is the product's time in an outlet, for people and for the browser, which lets it run on.
type ClockView struct {
	Text  string // 14:05
	Zone  string // IANA name
	Now   int64  // product time, Unix milliseconds
	Scale float64
	Build string
}

// Time tells the time of an outlet.
func (k *Kit) Time(o tenant.Outlet) ClockView {
	now := k.Clock.Now()
	v := ClockView{Zone: "UTC", Now: now.UnixMilli(), Scale: 1, Build: k.assets.version}
	if c, ok := k.Clock.(interface{ Scale() float64 }); ok {
		v.Scale = c.Scale()
	}
	if o.Timezone != nil {
		now, v.Zone = now.In(o.Timezone), o.Timezone.String()
	}
	v.Text = now.Format("15:04")
	return v
}

// Millis is a time for the browser; 0 for none.
func Millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}
