package dispatch

import (
	"slices"
	"time"

	"brigade/internal/delivery"
	"brigade/internal/web/page"
)

// gantt is who carries what when, on a drawing so many units wide.
type gantt struct {
	Width, Height float64
	Now           float64
	Hours         []tickMark
	Rows          []ganttRow
	More          int // drivers with something to carry who are not shown
}

// tickMark is a time on the axis.
type tickMark struct {
	X    float64
	Text string
}

// ganttRow is a driver.
type ganttRow struct {
	ID            int64
	Name          string
	Y, Middle     float64
	Height, Width float64
	Bars          []bar
}

// bar is a delivery from when somebody took it on until it is expected at its door.
type bar struct {
	Number, Short   string
	Says            string
	X, Y, Width     float64
	AboardX, Aboard float64 // the part of it in which he has it with him
	Late, OnRoad    bool
	TextX           float64
}

const (
	ganttWidth = 1000.0
	nameWidth  = 130.0
	lane       = 20.0
	axis       = 24.0
	ganttBack  = 20 * time.Minute
	ganttAhead = time.Hour
)

// x is where a time stands; times outside of the drawing stand at its edge.
func (v viewer) x(t time.Time) float64 {
	begin := v.Now.Truncate(time.Minute).Add(-ganttBack)
	share := float64(t.Sub(begin)) / float64(ganttBack+ganttAhead)
	return nameWidth + min(1, max(0, share))*(ganttWidth-nameWidth)
}

// gantt draws the timeline of those who carry something, who is busy longest first.
func (v viewer) gantt() gantt {
	var busy []*delivery.Driver
	for _, d := range v.Region.Drivers {
		if len(v.tours[d.ID]) > 0 {
			busy = append(busy, d)
		}
	}
	slices.SortStableFunc(busy, func(a, b *delivery.Driver) int { return v.until(b.ID).Compare(v.until(a.ID)) })
	g := gantt{Width: ganttWidth, Now: v.x(v.Now.Truncate(time.Minute)), Height: axis, More: max(0, len(busy)-mostRows)}
	for _, d := range busy[:min(len(busy), mostRows)] {
		r := v.ganttRow(d, g.Height)
		g.Rows = append(g.Rows, r)
		g.Height += r.Height
	}
	begin := v.Now.Truncate(time.Minute).Add(-ganttBack)
	for t := begin.Truncate(10 * time.Minute).Add(10 * time.Minute); t.Before(begin.Add(ganttBack + ganttAhead)); t = t.Add(10 * time.Minute) {
		g.Hours = append(g.Hours, tickMark{v.x(t), v.clock(t)})
	}
	return g
}

func (v viewer) until(driver int64) time.Time {
	tour := v.tours[driver]
	return tour[len(tour)-1].ETA.At
}

func (v viewer) ganttRow(d *delivery.Driver, y float64) ganttRow {
	tour := v.tours[d.ID]
	r := ganttRow{ID: d.ID, Name: d.Name, Y: y, Height: float64(len(tour))*lane + 8, Width: ganttWidth}
	r.Middle = y + r.Height/2 + 5
	for i, x := range tour {
		r.Bars = append(r.Bars, v.bar(x, y+4+float64(i)*lane))
	}
	return r
}

// usualRide is how long a bar is of which nobody knows the end.
const usualRide = 20 * time.Minute

func (v viewer) bar(d *delivery.Delivery, y float64) bar {
	end := d.ETA.At
	if end.IsZero() {
		end = v.Now.Add(usualRide)
	}
	if end.Before(v.Now) {
		end = v.Now
	}
	from, to := v.x(d.AssignedAt), v.x(end)
	b := bar{
		Number: d.Number, Short: page.ShortNumber(d.Number), Says: v.says(d), X: from, Y: y, Width: max(6, to-from), Late: v.slack(d) < 0,
	}
	if !d.PickedUpAt.IsZero() {
		b.OnRoad, b.AboardX = true, min(max(from, v.x(d.PickedUpAt)), b.X+b.Width-6)
		b.Aboard = b.X + b.Width - b.AboardX
	}
	b.TextX = b.X + b.Width + 5
	if b.TextX > ganttWidth-40 {
		b.TextX = b.X - 32
	}
	return b
}
