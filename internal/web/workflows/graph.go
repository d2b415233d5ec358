package workflows

import (
	"fmt"
	"slices"

	"brigade/internal/workflow"
)

// drawing is a graph of steps, worked out for SVG: what comes later stands further to the right.
type drawing struct {
	W, H  int
	Nodes []node
	Edges []edge
}

// node is a step's box.
type node struct {
	stepView
	X, Y, W, H int
}

// edge leads from a step to one that waits for it.
type edge struct {
	Path string
	Done bool // what is waited for is there
}

const (
	boxWide, boxHigh = 168, 64
	gapWide, gapHigh = 44, 18
)

// draw lays steps out in columns: each stands one to the right of the last that it waits for.
func draw(steps []workflow.Step, views []stepView) drawing {
	g := workflow.GraphOf(steps)
	column := make([]int, len(steps))
	for range steps { // a graph of n steps has at most n columns
		for i := range steps {
			for _, b := range g.Before[i] {
				column[i] = min(len(steps), max(column[i], column[b]+1))
			}
		}
	}
	rows := map[int]int{}
	d := drawing{Nodes: make([]node, len(steps))}
	for i := range steps {
		x, y := 4+column[i]*(boxWide+gapWide), 4+rows[column[i]]*(boxHigh+gapHigh)
		rows[column[i]]++
		d.Nodes[i] = node{views[i], x, y, boxWide, boxHigh}
		d.W, d.H = max(d.W, x+boxWide+4), max(d.H, y+boxHigh+4)
	}
	for i := range steps {
		for _, b := range nearest(g, i) {
			d.Edges = append(d.Edges, connect(d.Nodes[b], d.Nodes[i], views[b].Status == "completed"))
		}
	}
	return d
}

// nearest are the steps that a step waits for, without those that others of them wait for already.
func nearest(g workflow.Graph, step int) []int {
	var list []int
	for _, b := range g.Before[step] {
		if !slices.ContainsFunc(g.Before[step], func(o int) bool { return o != b && slices.Contains(g.Upstream(o), b) }) {
			list = append(list, b)
		}
	}
	return list
}

// connect leads from the right of a box, along its row, to the left of another.
func connect(from, to node, done bool) edge {
	x1, y1, x2, y2 := from.X+from.W, from.Y+from.H/2, to.X, to.Y+to.H/2
	turn := max(x1, x2-gapWide)
	bend := (turn + x2) / 2
	return edge{fmt.Sprintf("M%d %dH%dC%d %d %d %d %d %d", x1, y1, turn, bend, y1, bend, y2, x2, y2), done}
}
