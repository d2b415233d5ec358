package recipe_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"brigade/internal/errs"
	"brigade/internal/recipe"
)

func step(description string, machine int64, after ...int) recipe.Step {
	return recipe.Step{Description: description, Station: 1, Machine: machine, Estimate: time.Second, After: after}
}

func afters(steps []recipe.Step) [][]int {
	out := make([][]int, len(steps))
	for i, s := range steps {
		out[i] = append([]int{}, s.After...)
	}
	return out
}

// oneOven says that machine 7 is the only one of capacity 1.
func oneOven(s recipe.Step) (int64, bool) { return s.Machine, s.Machine == 7 }

func TestInfer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		steps []recipe.Step
		want  [][]int
	}{
		"a finishing step waits for all earlier work": {
			[]recipe.Step{step("grill patty", 0), step("toast bun", 0), step("Assemble burger", 0)},
			[][]int{{}, {}, {0, 1}},
		},
		"later work does not hold an earlier finishing step": {
			[]recipe.Step{step("grill", 0), step("plate", 0), step("pour drink", 0), step("serve", 0)},
			[][]int{{}, {0}, {}, {0, 2}},
		},
		"one single machine is used one after another": {
			[]recipe.Step{step("bake base", 7), step("chop", 0), step("bake top", 7), step("finish", 7)},
			[][]int{{}, {}, {0}, {0, 1, 2}},
		},
		"finishing steps on a single machine queue too": {
			[]recipe.Step{step("pack box", 7), step("pack bag", 7)},
			[][]int{{}, {0}},
		},
		"explicit dependencies win": {
			[]recipe.Step{step("grill", 7), step("toast", 7), step("assemble", 0, 1)},
			[][]int{{}, {}, {1}},
		},
		"only the first word says that a step is finishing": {
			[]recipe.Step{step("grill", 0), step("cup assembly", 0), step("packing", 0)},
			[][]int{{}, {}, {}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			recipe.Infer(c.steps, oneOven)
			require.Equal(t, c.want, afters(c.steps))
			require.NoError(t, recipe.Check(c.steps))
		})
	}
}

func TestFinishing(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"assemble burger", "Pack", " plate it", "FINISH sauce", "serve"} {
		require.True(t, recipe.Finishing(s), s)
	}
	for _, s := range []string{"", "assembly", "unpack", "grill and serve"} {
		require.False(t, recipe.Finishing(s), s)
	}
}

func TestCheckNamesEveryFault(t *testing.T) {
	t.Parallel()
	require.NoError(t, recipe.Check([]recipe.Step{step("a", 0, 1), step("b", 0)}), "a step may wait for a later one")
	for name, c := range map[string]struct {
		steps []recipe.Step
		want  string
	}{
		"empty":        {nil, "steps must not be empty"},
		"unknown step": {[]recipe.Step{step("a", 0, 4)}, `steps "a" waits for a step that is not another step of this recipe`},
		"itself":       {[]recipe.Step{step("a", 0, 0)}, `steps "a" waits for a step that is not another step of this recipe`},
		"twice":        {[]recipe.Step{step("a", 0), step("b", 0, 0, 0)}, `steps "b" waits for the same step twice`},
		"no station, no time": {
			[]recipe.Step{{Description: "a"}, {Description: "b", Station: 1}},
			`steps "a" needs a station; steps "a" needs an estimate above zero; steps "b" needs an estimate above zero`,
		},
		"cycle, without those that only wait for it": {
			[]recipe.Step{step("serve", 0, 1), step("a", 0, 3), step("b", 0, 1), step("c", 0, 2)},
			"steps wait for each other in a circle: a → b → c → a",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := recipe.Check(c.steps)
			require.True(t, errs.Is(err, errs.KindInvalid))
			require.EqualError(t, err, c.want)
		})
	}
}

func drawSteps(t *rapid.T, after func(i, n int) []int) []recipe.Step {
	n := rapid.IntRange(1, 12).Draw(t, "steps")
	steps := make([]recipe.Step, n)
	for i := range steps {
		word := rapid.SampledFrom([]string{"grill", "fry", "assemble", "serve"}).Draw(t, "word")
		steps[i] = step(fmt.Sprint(word, " ", i), rapid.SampledFrom([]int64{0, 7, 8}).Draw(t, "machine"), after(i, n)...)
	}
	return steps
}

func TestInferredRecipesCanAlwaysBeMade(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		steps := drawSteps(t, func(int, int) []int { return nil })
		recipe.Infer(steps, oneOven)
		if err := recipe.Check(steps); err != nil {
			t.Fatal(err)
		}
		last := -1
		for i, s := range steps {
			for _, j := range s.After {
				if j >= i {
					t.Fatalf("step %d waits for the later step %d", i, j)
				}
			}
			for j := range i {
				if recipe.Finishing(s.Description) && !recipe.Finishing(steps[j].Description) {
					require.Contains(t, s.After, j)
				}
			}
			if s.Machine == 7 {
				if last >= 0 {
					require.Contains(t, s.After, last)
				}
				last = i
			}
		}
	})
}

// A cycle is found exactly when no order exists in which the steps can be done, and the one named is one.
func TestCyclesAreFoundExactly(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		steps := drawSteps(t, func(i, n int) []int {
			other := rapid.IntRange(0, n-1).Filter(func(j int) bool { return j != i || n == 1 })
			if n == 1 {
				return nil
			}
			return rapid.SliceOfNDistinct(other, 0, min(2, n-1), rapid.ID[int]).Draw(t, "after")
		})
		require.Equal(t, canBeMade(steps), recipe.Check(steps) == nil)
	})
}

// canBeMade walks every chain of what waits for what; a chain longer than the recipe has come round.
func canBeMade(steps []recipe.Step) bool {
	var depth func(i, left int) bool
	depth = func(i, left int) bool {
		if left < 0 {
			return false
		}
		for _, j := range steps[i].After {
			if !depth(j, left-1) {
				return false
			}
		}
		return true
	}
	for i := range steps {
		if !depth(i, len(steps)) {
			return false
		}
	}
	return true
}
