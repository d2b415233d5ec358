package edit

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"brigade/internal/errs"
	"brigade/internal/measure"
	"brigade/internal/menu/load"
	"brigade/internal/modifier"
	"brigade/internal/recipe"
)

func (s Set) checkItem(f *errs.Fields, it Item) {
	if !skuForm.MatchString(it.SKU) {
		f.Add("sku", "must be letters, digits, ., - and _, at most 63 of them")
	}
	line(f, "name", it.Name, true)
	line(f, "category", it.Category, false)
	line(f, "description", it.Description, false)
	if it.Price < 0 || it.Price > dearest {
		f.Add("price", "must be from 0 to %s", dearest)
	}
	for _, o := range s.Outlet.Items {
		if o.SKU != it.SKU && strings.EqualFold(o.Name, it.Name) {
			f.Add("name", "is that of item %s already", o.SKU)
		}
	}
	checkAllergens(f, it.Allergens)
	modifier.Faults(f, it.Choices)
	s.checkSteps(f, it.Steps)
	s.checkParts(f, it.Parts)
}

func checkAllergens(f *errs.Fields, names []string) {
	for i, a := range names {
		line(f, "allergens", a, true)
		if slices.Contains(names[:i], a) {
			f.Add("allergens", "%q is here twice", a)
		}
	}
	if len(names) > mostNamedIn {
		f.Add("allergens", "must be at most %d", mostNamedIn)
	}
}

func (s Set) checkSteps(f *errs.Fields, steps []load.Step) {
	if len(steps) < 1 || len(steps) > mostSteps {
		f.Add("steps", "must be 1 to %d", mostSteps)
		return
	}
	for i := range steps {
		s.checkStep(f, steps, i)
	}
	if circle := recipe.Circle(Plain(steps)); circle != nil {
		names := make([]string, len(circle))
		for i, j := range circle {
			names[i] = steps[j].Name
		}
		f.Add(fmt.Sprintf("steps[%d].after", circle[0]), "makes steps wait for each other in a circle: %s", strings.Join(names, " → "))
	}
}

func (s Set) checkStep(f *errs.Fields, steps []load.Step, i int) {
	st := steps[i]
	at := func(field string) string { return fmt.Sprintf("steps[%d].%s", i, field) }
	line(f, at("name"), st.Name, true)
	if slices.ContainsFunc(steps[:i], func(o load.Step) bool { return o.Name == st.Name }) {
		f.Add(at("name"), "is that of another step already")
	}
	number(f, at("seconds"), st.Seconds, 0.001, longestStep)
	number(f, at("priority"), st.Priority, -highest, highest)
	if st.Batch.Size > mostBatch {
		f.Add(at("batch"), "must be at most %d", mostBatch)
	}
	if st.Batch.Wait < 0 || st.Batch.Wait > longestWait || st.Batch.Wait%time.Second != 0 {
		f.Add(at("wait"), "must be from 0 to %.0f seconds", longestWait.Seconds())
	}
	if s.knownStation(f, at("station"), st.Station) && !s.skilled(st.Station, "") {
		f.Add(at("station"), "nobody can work at %q: give somebody the skill first", st.Station)
	}
	s.checkStepMachine(f, at("machine"), st)
	for n, j := range st.After {
		if j < 0 || j >= len(steps) || j == i || slices.Contains(st.After[:n], j) {
			f.Add(at("after"), "must be other steps of this recipe, each once")
			break
		}
	}
}

func (s Set) checkStepMachine(f *errs.Fields, path string, st load.Step) {
	if st.Machine == "" {
		return
	}
	i := slices.IndexFunc(s.Outlet.Machines, func(m load.Machine) bool { return m.Name == st.Machine })
	switch {
	case i < 0:
		f.Add(path, "%q is not a machine of this kitchen", st.Machine)
	case s.Outlet.Machines[i].Station != st.Station && st.Station != "":
		f.Add(path, "%q stands at station %q, not at %q", st.Machine, s.Outlet.Machines[i].Station, st.Station)
	}
}

func (s Set) checkParts(f *errs.Fields, parts []load.Part) {
	if s.Outlet.Stock == nil {
		if len(parts) > 0 {
			f.Add("parts", "cannot be kept: this outlet has no ingredients yet; load a file with stock first")
		}
		return
	}
	for i, p := range parts {
		path := fmt.Sprintf("parts[%d]", i)
		known := slices.ContainsFunc(s.Outlet.Stock.Ingredients, func(g load.Ingredient) bool { return g.Code == p.Code })
		switch {
		case !known:
			f.Add(path, "%q is not an ingredient of this outlet", p.Code)
		case i > 0 && parts[i-1].Code == p.Code:
			f.Add(path, "%q is here twice", p.Code)
		case p.Quantity <= 0 || p.Quantity > mostInBill:
			f.Add(path, "must be above zero and at most a million units")
		}
	}
}

const mostInBill = measure.Quantity(1_000_000) * measure.Milli

// Plain are steps as package recipe knows them, without stations and machines.
func Plain(steps []load.Step) []recipe.Step {
	out := make([]recipe.Step, len(steps))
	for i, st := range steps {
		out[i] = recipe.Step{Description: st.Name, Estimate: time.Duration(st.Seconds * float64(time.Second)), After: inside(st.After, len(steps))}
	}
	return out
}

// inside leaves out what is no step.
func inside(after []int, n int) (out []int) {
	for _, j := range after {
		if j >= 0 && j < n {
			out = append(out, j)
		}
	}
	return out
}
