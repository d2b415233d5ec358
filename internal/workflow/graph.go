package workflow

import "slices"

// Graph is how the steps of a plan wait for each other, by their places.
type Graph struct {
	Before [][]int // what must be completed before each step
	After  [][]int // which steps wait for each step
}

// GraphOf links steps that were validated.
func GraphOf(steps []Step) Graph {
	place := make(map[string]int, len(steps))
	for i := range steps {
		place[steps[i].Name] = i
	}
	g := Graph{Before: make([][]int, len(steps)), After: make([][]int, len(steps))}
	for i := range steps {
		for _, name := range steps[i].After {
			if j, ok := place[name]; ok && !slices.Contains(g.Before[i], j) {
				g.Before[i] = append(g.Before[i], j)
				g.After[j] = append(g.After[j], i)
			}
		}
	}
	return g
}

// Waits is for how many steps each step waits.
func (g Graph) Waits() []int {
	waits := make([]int, len(g.Before))
	for i := range waits {
		waits[i] = len(g.Before[i])
	}
	return waits
}

// Downstream lists the steps that cannot be done without a step, sorted.
func (g Graph) Downstream(step int) []int { return reach(g.After, step) }

// Upstream lists the steps whose results a step may use, sorted.
func (g Graph) Upstream(step int) []int { return reach(g.Before, step) }

func reach(edges [][]int, from int) []int {
	seen := map[int]bool{}
	var list []int
	var visit func(int)
	visit = func(i int) {
		for _, j := range edges[i] {
			if !seen[j] {
				seen[j] = true
				list = append(list, j)
				visit(j)
			}
		}
	}
	visit(from)
	slices.Sort(list)
	return list
}

// circle returns a step that waits for itself, over others or directly; -1 when none does.
func (g Graph) circle() int {
	for i := range g.Before {
		if slices.Contains(g.Upstream(i), i) {
			return i
		}
	}
	return -1
}
