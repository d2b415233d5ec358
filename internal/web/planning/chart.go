package planning

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// point is a day of a chart. What is not known is NaN.
type point struct {
	Label         string // under it; "" = none
	Title         string // what is said of it
	Actual        float64
	Mean          float64
	Low, High     float64
	Edited        bool
	Weekend, Free bool // Free: a holiday, or closed
	Today         bool
}

// chart is a drawing of history and forecast, worked out for SVG: all coordinates are in its view box.
type chart struct {
	W, H         int
	Title        string
	Left, Bottom float64 // where the axes stand
	Right, Top   float64
	Lines        []tick
	Days         []dayMark
	Bands        []string // polygons
	Means        []string // polylines
	Dots         []dot    // what was sold
	Actuals      []string // polylines through them
	Now          *float64 // x
}

// tick is a line of the grid.
type tick struct {
	Y    float64
	Text string
}

// dayMark is a day's column: where it is, and what is said of it.
type dayMark struct {
	X, W, Mid    float64
	Label, Title string
	Shade        string // weekend, free or ""
}

// dot is what was sold on a day, or what somebody made of its forecast.
type dot struct {
	X, Y float64
	Kind string // actual, partial, edited
}

// draw lays points out on a field of a size, of which axis texts take a part.
func draw(title string, points []point, w, h int, num func(float64) string) chart {
	c := chart{W: w, H: h, Title: title, Left: 40, Right: float64(w) - 6, Top: 10, Bottom: float64(h) - 24}
	step, ceiling := scale(points)
	y := func(v float64) float64 { return round1(c.Bottom - (c.Bottom-c.Top)*v/ceiling) }
	for v := 0.0; v <= ceiling+step/2; v += step {
		c.Lines = append(c.Lines, tick{y(v), num(v)})
	}
	width := (c.Right - c.Left) / float64(max(1, len(points)))
	mid := func(i int) float64 { return round1(c.Left + width*(float64(i)+0.5)) }
	for i, p := range points {
		c.column(i, p, width, mid(i))
		c.dots(p, mid(i), y)
	}
	c.Actuals = lines(points, func(i int, p point) (string, bool) {
		return pair(mid(i), y(p.Actual)), !math.IsNaN(p.Actual) && !p.Today
	})
	c.Means = lines(points, func(i int, p point) (string, bool) { return pair(mid(i), y(p.Mean)), !math.IsNaN(p.Mean) })
	c.Bands = bands(points, mid, y)
	return c
}

func (c *chart) column(i int, p point, width, mid float64) {
	d := dayMark{X: round1(c.Left + width*float64(i)), W: round1(width), Mid: mid, Label: p.Label, Title: p.Title}
	switch {
	case p.Free:
		d.Shade = "free"
	case p.Weekend:
		d.Shade = "weekend"
	}
	c.Days = append(c.Days, d)
	if p.Today {
		x := d.X
		c.Now = &x
	}
}

func (c *chart) dots(p point, x float64, y func(float64) float64) {
	if !math.IsNaN(p.Actual) {
		kind := "actual"
		if p.Today {
			kind = "partial"
		}
		c.Dots = append(c.Dots, dot{x, y(p.Actual), kind})
	}
	if p.Edited {
		c.Dots = append(c.Dots, dot{x, y(p.Mean), "edited"})
	}
}

// scale chooses steps of 1, 2 or 5 times a power of ten, at most five of which reach over everything.
func scale(points []point) (step, ceiling float64) {
	top := 0.0
	for _, p := range points {
		for _, v := range []float64{p.Actual, p.Mean, p.High} {
			if !math.IsNaN(v) {
				top = max(top, v)
			}
		}
	}
	if top <= 0 {
		return 1, 1
	}
	step = math.Pow(10, math.Floor(math.Log10(top/5)))
	for _, times := range []float64{1, 2, 5, 10} {
		if top <= 5*step*times {
			step *= times
			break
		}
	}
	return step, math.Ceil(top/step) * step
}

// lines joins neighbouring points that are known.
func lines(points []point, at func(int, point) (string, bool)) (all []string) {
	var now []string
	flush := func() {
		if len(now) > 1 {
			all = append(all, strings.Join(now, " "))
		}
		now = nil
	}
	for i, p := range points {
		if xy, ok := at(i, p); ok {
			now = append(now, xy)
		} else {
			flush()
		}
	}
	flush()
	return all
}

// bands are the areas between low and high, forth and back.
func bands(points []point, mid func(int) float64, y func(float64) float64) (all []string) {
	var up, down []string
	flush := func() {
		if len(up) > 1 {
			for i := len(down) - 1; i >= 0; i-- {
				up = append(up, down[i])
			}
			all = append(all, strings.Join(up, " "))
		}
		up, down = nil, nil
	}
	for i, p := range points {
		if math.IsNaN(p.Low) || math.IsNaN(p.High) {
			flush()
			continue
		}
		up, down = append(up, pair(mid(i), y(p.High))), append(down, pair(mid(i), y(p.Low)))
	}
	flush()
	return all
}

func pair(x, y float64) string {
	return strconv.FormatFloat(x, 'f', -1, 64) + "," + strconv.FormatFloat(y, 'f', -1, 64)
}

func round1(v float64) float64 { return math.Round(10*v) / 10 }

// spark is a line of a table's cell: what was, what will be, and marks on it.
type spark struct {
	W, H     int
	Past     string // polylines
	Ahead    string
	Marks    []dot
	Title    string
	Baseline float64
}

// sparkOf draws values on one scale; the first so many of them were, the rest will be.
func sparkOf(values []float64, past int, title string) spark {
	s := spark{W: 120, H: 28, Title: title, Baseline: 26}
	top := 0.0
	for _, v := range values {
		if !math.IsNaN(v) {
			top = max(top, v)
		}
	}
	if top == 0 {
		top = 1
	}
	var was, will []string
	for i, v := range values {
		if math.IsNaN(v) {
			continue
		}
		xy := s.at(i, len(values), v/top)
		if i < past {
			was = append(was, xy)
		} else {
			if len(will) == 0 && len(was) > 0 {
				will = append(will, was[len(was)-1])
			}
			will = append(will, xy)
		}
	}
	s.Past, s.Ahead = strings.Join(was, " "), strings.Join(will, " ")
	return s
}

func (s *spark) x(i, n int) float64 {
	return round1(2 + float64(s.W-4)*float64(i)/float64(max(1, n-1)))
}

func (s *spark) at(i, n int, share float64) string {
	return pair(s.x(i, n), round1(2+float64(s.H-4)*(1-min(1, max(0, share)))))
}

// mark puts a mark on a place of the line.
func (s *spark) mark(i, n int, kind string) {
	s.Marks = append(s.Marks, dot{s.x(i, n), s.Baseline - 2, kind})
}

// bar is a column of a small chart.
type bar struct {
	X, Y, W, H  float64
	Title, Kind string
}

// columns draws values as columns on a field; titles say what each is.
func columns(values []float64, titles []string, w, h float64) []bar {
	top := 0.0
	for _, v := range values {
		if !math.IsNaN(v) {
			top = max(top, v)
		}
	}
	list := make([]bar, 0, len(values))
	width := w / float64(max(1, len(values)))
	for i, v := range values {
		if math.IsNaN(v) || top == 0 {
			v = 0
		} else {
			v = max(v/top, 0) * h
		}
		list = append(list, bar{X: round1(width*float64(i) + width*0.12), Y: round1(h - v), W: round1(width * 0.76), H: round1(v), Title: titles[i]})
	}
	return list
}

// View is the view box of a drawing.
func (c chart) View() string { return fmt.Sprintf("0 0 %d %d", c.W, c.H) }

// Plot is how tall the field is.
func (c chart) Plot() float64 { return round1(c.Bottom - c.Top) }

// AxisX is where the texts of the grid end.
func (c chart) AxisX() float64 { return c.Left - 6 }

// LabelY is where the days' texts stand.
func (c chart) LabelY() float64 { return float64(c.H) - 7 }
