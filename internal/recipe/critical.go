package recipe

import "time"

// Alone is how long a recipe takes when every step is begun as soon as it can be: its critical path.
func Alone(steps []Step) time.Duration {
	ends := make([]time.Duration, len(steps))
	var longest time.Duration
	for range steps { // at most as many rounds as steps: a recipe has no cycles
		moved := false
		for i, s := range steps {
			var from time.Duration
			for _, j := range s.After {
				from = max(from, ends[j])
			}
			if end := from + s.Estimate; end != ends[i] {
				ends[i], moved = end, true
				longest = max(longest, end)
			}
		}
		if !moved {
			break
		}
	}
	return longest
}
