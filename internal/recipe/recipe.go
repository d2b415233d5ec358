// Package recipe says how an item is made: steps at stations, and which step waits for which.
package recipe

import (
	"slices"
	"strings"
	"time"

	"brigade/internal/errs"
)

// Recipe is one version of how an item is made. It never changes: a new version has a new ID.
type Recipe struct {
	ID      int64
	Version int
	Steps   []Step
}

// Step is one piece of work at one station.
type Step struct {
	Description string
	Station     int64         // the station (contract K: counter) it is done at
	Machine     int64         // the one machine it needs; 0 = any machine of the station, when it has some
	Estimate    time.Duration // for somebody of efficiency 1
	Priority    float64       // base priority; higher is sooner
	After       []int         // indices of the steps that must be completed before
	Batch       Batch         // with which other units it may share a load
}

// Batch says how a step is done for several units at once: in one fryer or oven load.
type Batch struct {
	Size int           // units in one load; 0 or 1: each by itself
	Wait time.Duration // how long a unit waits for company, at most
}

var finishing = []string{"assemble", "pack", "plate", "finish", "serve"}

// Finishing tells whether a step ends an item: its first word is assemble, pack, plate, finish or serve.
func Finishing(description string) bool {
	word, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(description)), " ")
	return slices.Contains(finishing, word)
}

// Infer fills in what waits for what in a recipe that does not say so (contract K): a finishing step waits for every
// earlier step that is not finishing; steps on one machine of capacity 1 run one after another.
// Explicit dependencies win: when any step has some, Infer changes nothing; and whoever reads a recipe that says of
// its steps that they wait for nothing must not call it. single tells whether a step's work can only be done on one
// machine of capacity 1, and which.
func Infer(steps []Step, single func(Step) (machine int64, ok bool)) {
	if slices.ContainsFunc(steps, func(s Step) bool { return len(s.After) > 0 }) {
		return
	}
	last := map[int64]int{}
	for i := range steps {
		var after []int
		if Finishing(steps[i].Description) {
			for j := range i {
				if !Finishing(steps[j].Description) {
					after = append(after, j)
				}
			}
		}
		if m, ok := single(steps[i]); ok {
			if j, seen := last[m]; seen && !slices.Contains(after, j) {
				after = append(after, j)
			}
			last[m] = i
		}
		slices.Sort(after)
		steps[i].After = after
	}
}

// Check returns a KindInvalid error for a recipe without steps, a dependency that does not exist or is named twice,
// a step without a station or time, or a cycle (which it names).
func Check(steps []Step) error {
	var f errs.Fields
	if len(steps) == 0 {
		f.Add("steps", "must not be empty")
	}
	for i := range steps {
		checkStep(&f, steps, i)
	}
	if err := f.Err(); err != nil {
		return err
	}
	if cycle := findCycle(steps); cycle != nil {
		f.Add("steps", "wait for each other in a circle: %s", strings.Join(cycle, " → "))
	}
	return f.Err()
}

func checkStep(f *errs.Fields, steps []Step, i int) {
	s := steps[i]
	for n, j := range s.After {
		if j < 0 || j >= len(steps) || j == i {
			f.Add("steps", "%q waits for a step that is not another step of this recipe", s.Description)
		}
		if slices.Contains(s.After[:n], j) {
			f.Add("steps", "%q waits for the same step twice", s.Description)
		}
	}
	if s.Station == 0 {
		f.Add("steps", "%q needs a station", s.Description)
	}
	if s.Estimate <= 0 {
		f.Add("steps", "%q needs an estimate above zero", s.Description)
	}
}

// findCycle names the steps of one cycle; nil when there is none.
func findCycle(steps []Step) []string {
	cycle := Circle(steps)
	if cycle == nil {
		return nil
	}
	names := make([]string, len(cycle))
	for i, j := range cycle {
		names[i] = steps[j].Description
	}
	return names
}

// Circle returns the indices of steps that wait for each other, in the order in which they must be done, the first one
// again at the end; nil when all steps can be done.
func Circle(steps []Step) []int {
	stuck := unreachable(steps)
	at := slices.Index(stuck, true)
	if at < 0 {
		return nil
	}
	// Every stuck step waits for a stuck one, so following them must come back to a step already seen.
	var path []int
	for !slices.Contains(path, at) {
		path = append(path, at)
		at = steps[at].After[slices.IndexFunc(steps[at].After, func(j int) bool { return stuck[j] })]
	}
	path = append(path, at)
	cycle := path[slices.Index(path, at):]
	slices.Reverse(cycle)
	return cycle
}

// unreachable tells of each step whether it can never be done, because it is in a cycle or waits for one.
func unreachable(steps []Step) []bool {
	stuck := make([]bool, len(steps))
	for i := range stuck {
		stuck[i] = true
	}
	for progress := true; progress; {
		progress = false
		for i, s := range steps {
			if stuck[i] && !slices.ContainsFunc(s.After, func(j int) bool { return stuck[j] }) {
				stuck[i], progress = false, true
			}
		}
	}
	return stuck
}
