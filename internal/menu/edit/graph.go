package edit

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"brigade/internal/menu/load"
	"brigade/internal/recipe"
)

// Graph is a recipe drawn: steps in layers from top to bottom, each below all that it waits for.
type Graph struct {
	Width, Height int // units of the drawing
	Boxes         []Box
	Arrows        []Arrow
	Total         time.Duration // of the critical path: nobody can make it faster
	Steps         []string      // those on the critical path, in their order
}

// Box is a step's place. X and Y are of its upper left corner.
type Box struct {
	X, Y, W, H  int
	Step        load.Step
	Critical    bool
	Start, Ends time.Duration // at the earliest
}

// Arrow leads from a step to one that waits for it.
type Arrow struct {
	Path     string // of SVG
	Critical bool
}

// Sizes of drawings.
const (
	boxWide, boxHigh = 170, 52
	gapWide, gapHigh = 16, 38
	margin           = 6
)

// Draw draws a recipe whose steps do not wait for each other in a circle; one whose steps do is not drawn.
func Draw(steps []load.Step) Graph {
	plain := Plain(steps)
	if len(steps) == 0 || recipe.Circle(plain) != nil {
		return Graph{}
	}
	d := drawing{steps: steps, plain: plain, depth: make([]int, len(steps)), ends: make([]time.Duration, len(steps))}
	for _, i := range inTurn(plain) {
		d.reach(i)
	}
	d.Total = recipe.Alone(plain)
	return d.draw(d.layers(), d.critical())
}

// inTurn lists steps so that each comes after all that it waits for.
func inTurn(steps []recipe.Step) (order []int) {
	done := make([]bool, len(steps))
	for len(order) < len(steps) {
		for i, s := range steps {
			if !done[i] && !slices.ContainsFunc(s.After, func(j int) bool { return !done[j] }) {
				done[i], order = true, append(order, i)
			}
		}
	}
	return order
}

type drawing struct {
	Graph
	steps []load.Step
	plain []recipe.Step
	depth []int
	ends  []time.Duration
}

func (d *drawing) reach(i int) {
	var from time.Duration
	for _, j := range d.plain[i].After {
		d.depth[i] = max(d.depth[i], d.depth[j]+1)
		from = max(from, d.ends[j])
	}
	d.ends[i] = from + d.plain[i].Estimate
}

// layers groups steps by depth. Within a layer, steps stand where those that they wait for stand on average, which keeps
// arrows short (Sugiyama's barycentre, one pass).
func (d *drawing) layers() [][]int {
	layers := make([][]int, slices.Max(d.depth)+1)
	for i, depth := range d.depth {
		layers[depth] = append(layers[depth], i)
	}
	place := make([]float64, len(d.steps))
	for _, layer := range layers {
		for _, i := range layer {
			for _, j := range d.plain[i].After {
				place[i] += place[j] / float64(len(d.plain[i].After))
			}
		}
		slices.SortStableFunc(layer, func(a, b int) int { return cmp.Compare(place[a], place[b]) })
		for n, i := range layer {
			place[i] = float64(n) - float64(len(layer)-1)/2
		}
	}
	return layers
}

// critical marks the steps of a longest path.
func (d *drawing) critical() []bool {
	on := make([]bool, len(d.steps))
	at := 0
	for i, e := range d.ends {
		if e > d.ends[at] {
			at = i
		}
	}
	for {
		on[at] = true
		d.Steps = append(d.Steps, d.steps[at].Name)
		start, next := d.ends[at]-d.plain[at].Estimate, -1
		for _, j := range d.plain[at].After {
			if d.ends[j] == start {
				next = j
			}
		}
		if next < 0 {
			slices.Reverse(d.Steps)
			return on
		}
		at = next
	}
}

func (d *drawing) draw(layers [][]int, critical []bool) Graph {
	widest := 0
	for _, l := range layers {
		widest = max(widest, len(l))
	}
	d.Width = 2*margin + widest*boxWide + (widest-1)*gapWide
	d.Height = 2*margin + len(layers)*boxHigh + (len(layers)-1)*gapHigh
	d.Boxes = make([]Box, len(d.steps))
	for depth, layer := range layers {
		left := (d.Width - len(layer)*boxWide - (len(layer)-1)*gapWide) / 2
		for n, i := range layer {
			d.Boxes[i] = Box{
				X: left + n*(boxWide+gapWide), Y: margin + depth*(boxHigh+gapHigh), W: boxWide, H: boxHigh,
				Step: d.steps[i], Critical: critical[i], Start: d.ends[i] - d.plain[i].Estimate, Ends: d.ends[i],
			}
		}
	}
	for i, s := range d.plain {
		for _, j := range s.After {
			d.Arrows = append(d.Arrows, Arrow{arrow(d.Boxes[j], d.Boxes[i]), critical[i] && critical[j] && d.ends[j] == d.Boxes[i].Start})
		}
	}
	return d.Graph
}

// arrow is a curve from the middle of a box's foot to the middle of another's head.
func arrow(from, to Box) string {
	x1, y1, x2, y2 := from.X+from.W/2, from.Y+from.H, to.X+to.W/2, to.Y-4
	bend := (y2 - y1) / 2
	return fmt.Sprintf("M%d %dC%d %d %d %d %d %d", x1, y1, x1, y1+bend, x2, y2-bend, x2, y2)
}
