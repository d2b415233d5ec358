// Package clock is the product's clock: estimates, timers and schedules run on it.
// Leases and time-outs towards other systems run on the real clock instead.
package clock

import (
	"math"
	"sync/atomic"
	"time"
)

// Clock tells the product's time. All times are UTC.
type Clock interface {
	// Now is the product's present time.
	Now() time.Time
	// After delivers once when the product's clock has advanced by d. Stop frees it early.
	After(d time.Duration) (c <-chan time.Time, stop func())
}

// Scaled is a clock that runs Scale times faster than the machine's, from an offset. It never goes back.
type Scaled struct {
	scale  float64
	origin time.Time // the machine's time at which the product's clock read base
	base   time.Time
	latest atomic.Int64 // furthest time told at scale 1, in Unix nanoseconds
}

// Real returns the machine's clock.
func Real() *Scaled { return NewScaled(1, time.Time{}) }

// NewScaled returns a clock that runs scale times faster than the machine's and starts at the later of
// the machine's time and notBefore, so that it never goes back over a restart. scale must be above 0.
func NewScaled(scale float64, notBefore time.Time) *Scaled {
	now := time.Now()
	c := &Scaled{scale: scale, origin: now, base: now.UTC().Round(0)}
	if notBefore.After(c.base) {
		c.base = notBefore.UTC().Round(0)
	}
	return c
}

// Now implements Clock.
func (c *Scaled) Now() time.Time {
	if c.scale == 1 {
		return c.wall()
	}
	return c.base.Add(stretch(time.Since(c.origin), c.scale))
}

// wall is the machine's wall clock plus the offset: unlike the monotonic clock it goes on while a machine is
// suspended, so that nodes agree afterwards. When the wall clock is set back, it waits.
func (c *Scaled) wall() time.Time {
	now := c.base.Add(time.Now().Round(0).Sub(c.origin.Round(0))).UnixNano()
	for {
		latest := c.latest.Load()
		if now <= latest {
			return time.Unix(0, latest).UTC()
		}
		if c.latest.CompareAndSwap(latest, now) {
			return time.Unix(0, now).UTC()
		}
	}
}

// stretch multiplies a duration, rounding up and stopping at the longest one.
func stretch(d time.Duration, by float64) time.Duration {
	ns := math.Ceil(float64(d) * by)
	if ns >= math.MaxInt64 {
		return math.MaxInt64
	}
	return time.Duration(ns)
}

// Scale is how many times faster than the machine's clock this one runs.
func (c *Scaled) Scale() float64 { return c.scale }

// After implements Clock.
func (c *Scaled) After(d time.Duration) (<-chan time.Time, func()) {
	t := time.NewTimer(stretch(d, 1/c.scale))
	return t.C, func() { t.Stop() }
}

// Manual is a clock for tests and simulations that moves only when told. Its After never fires by itself.
type Manual struct{ ns atomic.Int64 }

// NewManual returns a clock that stands at t.
func NewManual(t time.Time) *Manual {
	m := &Manual{}
	m.Set(t)
	return m
}

// Now implements Clock.
func (m *Manual) Now() time.Time { return time.Unix(0, m.ns.Load()).UTC() }

// Set moves the clock to t.
func (m *Manual) Set(t time.Time) { m.ns.Store(t.UnixNano()) }

// Advance moves the clock by d.
func (m *Manual) Advance(d time.Duration) { m.ns.Add(int64(d)) }

// After implements Clock; the channel never delivers.
func (m *Manual) After(time.Duration) (<-chan time.Time, func()) { return nil, func() {} }
