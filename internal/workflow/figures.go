package workflow

import (
	"cmp"
	"slices"
)

// Sum adds up figures of days: of all workflows, and of each, by name.
func Sum(list []DayFigures) (total DayFigures, by []DayFigures) {
	sums := map[int64]*DayFigures{}
	for _, d := range list {
		if sums[d.Workflow] == nil {
			sums[d.Workflow] = &DayFigures{Workflow: d.Workflow, Name: d.Name}
		}
		sums[d.Workflow].add(d)
		total.add(d)
	}
	for _, d := range sums {
		by = append(by, *d)
	}
	slices.SortFunc(by, func(a, b DayFigures) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Workflow, b.Workflow))
	})
	return total, by
}

func (f *DayFigures) add(d DayFigures) {
	if f.Executions() == 0 || d.Shortest < f.Shortest {
		f.Shortest = d.Shortest
	}
	f.Longest = max(f.Longest, d.Longest)
	f.Completed += d.Completed
	f.Failed += d.Failed
	f.Cancelled += d.Cancelled
	f.Retries += d.Retries
	f.Seconds += d.Seconds
	f.Tenants += d.Tenants
	f.StepsCompleted += d.StepsCompleted
	f.StepsFailed += d.StepsFailed
	f.Cost = Cost{f.Cost.CPU + d.Cost.CPU, f.Cost.DB + d.Cost.DB, f.Cost.Rows + d.Cost.Rows}
}

// Executions is how many ended.
func (f *DayFigures) Executions() int { return f.Completed + f.Failed + f.Cancelled }
