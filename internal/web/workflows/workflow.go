package workflows

import (
	"crypto/rand"
	"encoding/json"
	"math"
	"net/http"
	"slices"
	"strconv"
	"time"

	"brigade/internal/actor"
	"brigade/internal/workflow"
)

const (
	costDays  = 30
	nextShown = 12
	mostNext  = 1000 // of a year
)

// workflowPage is what the page workflow shows.
type workflowPage struct {
	head
	Flow    flowView
	Drawing drawing
	Steps   []planStep
	Rules   []string
	Next    []string
	Months  []monthCount
	More    bool // there are more runs within a year than were counted
	Runs    []runRow
	Costs   []costDay
	Slowest []slowStep
	Today   string
	Total   workflow.DayFigures
	Success string
	Average string
	CPU, DB string
}

// planStep is a step of the plan.
type planStep struct{ Name, Does, After, Timeout, Tries string }

// monthCount is how many runs a month to come has.
type monthCount struct {
	Name  string
	Count int
}

// costDay is what a day's runs took, as a column.
type costDay struct {
	X, Y, W, H float64
	Title      string
	Bad        bool
}

// slowStep is a step by what it took in the last run.
type slowStep struct {
	Name, Took, CPU, DB string
	Rows                int64
	Share               float64 // of all, 0 to 100
}

func (s *server) showWorkflow(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	name := r.PathValue("name")
	flow, err := s.Workflows.Workflow(r.Context(), who, name)
	if err != nil {
		return err
	}
	h, err := s.begin(r, who, "list", flow.Name)
	if err != nil {
		return err
	}
	now := s.Clock.Now()
	due, err := s.Workflows.Upcoming(r.Context(), who)
	if err != nil {
		return err
	}
	runs, err := s.Workflows.Executions(r.Context(), who, workflow.Filter{Workflow: flow.ID, Most: 20})
	if err != nil {
		return err
	}
	p := workflowPage{head: h, Today: now.In(h.f.zone).Format(time.DateOnly)}
	p.Flow = flowOf(&flow, &allLook{Now: now, Due: due, Runs: runs}, h.f)
	for i := range runs {
		p.Runs = append(p.Runs, rowOf(&runs[i], now, h.f))
	}
	p.plan(&flow)
	if flow.Cron != "" {
		next, err := s.Workflows.Preview(r.Context(), who, name, mostNext)
		if err != nil {
			return err
		}
		p.upcoming(next, now)
	}
	figures, err := s.Workflows.Statistics(r.Context(), who, costDays)
	if err != nil {
		return err
	}
	p.costs(figures, flow.Name)
	if len(runs) > 0 {
		costs, err := s.Workflows.Costs(r.Context(), who, runs[0].ID)
		if err != nil {
			return err
		}
		p.slowest(costs)
	}
	s.set.Render(w, r, http.StatusOK, "workflow", &p)
	return nil
}

func (p *workflowPage) plan(w *workflow.Workflow) {
	views := make([]stepView, len(w.Steps))
	plan := w.Plan()
	for i, x := range w.Steps {
		views[i] = stepView{Name: x.Name, Status: "plan", Icon: "flow", StatusName: does(&w.Steps[i])}
		step := planStep{Name: x.Name, Does: does(&w.Steps[i]), Timeout: p.f.Took(x.TimeLimit()), Tries: strconv.Itoa(plan.Attempts(i))}
		for k, name := range x.After {
			if k > 0 {
				step.After += ", "
			}
			step.After += name
		}
		p.Steps = append(p.Steps, step)
	}
	p.Drawing = draw(w.Steps, views)
	var rules map[string]any
	if json.Unmarshal(w.Rules, &rules) == nil {
		for key, value := range rules {
			text, err := json.Marshal(value)
			if err == nil {
				p.Rules = append(p.Rules, key+": "+string(text))
			}
		}
		slices.Sort(p.Rules)
	}
}

// does is what a step does, in a word.
func does(s *workflow.Step) string {
	switch {
	case s.HTTP != nil:
		method := s.HTTP.Method
		if method == "" {
			method = http.MethodPost
		}
		return method + " " + s.HTTP.URL
	case s.SQL != "":
		return "SQL"
	}
	return s.Uses
}

// upcoming shows the next runs, and how many each month of the year to come has.
func (p *workflowPage) upcoming(next []time.Time, now time.Time) {
	for i := range next {
		if i < nextShown {
			p.Next = append(p.Next, p.f.At(&next[i], now))
		}
		at := next[i].In(p.f.zone)
		name := p.f.months[at.Month()-1] + " " + strconv.Itoa(at.Year())
		if len(p.Months) == 0 || p.Months[len(p.Months)-1].Name != name {
			p.Months = append(p.Months, monthCount{Name: name})
		}
		p.Months[len(p.Months)-1].Count++
	}
	p.More = len(next) == mostNext
}

// costs draws how long runs took by day, the oldest first.
func (p *workflowPage) costs(list []workflow.DayFigures, name string) {
	list = slices.DeleteFunc(slices.Clone(list), func(d workflow.DayFigures) bool { return d.Name != name })
	slices.SortFunc(list, func(a, b workflow.DayFigures) int { return int(a.Day - b.Day) })
	p.Total, _ = workflow.Sum(list)
	if n := p.Total.Completed + p.Total.Failed; n > 0 {
		p.Success = strconv.Itoa(100*p.Total.Completed/n) + " %"
	}
	if n := p.Total.Executions(); n > 0 {
		p.Average = p.f.Took(time.Duration(p.Total.Seconds / float64(n) * float64(time.Second)))
	}
	p.CPU, p.DB = p.f.Took(p.Total.Cost.CPU), p.f.Took(p.Total.Cost.DB)
	longest := 0.0
	for _, d := range list {
		longest = max(longest, mean(d))
	}
	const wide, high = 16.0, 70.0
	for i, d := range list {
		tall := high * mean(d) / max(longest, 1e-9)
		p.Costs = append(p.Costs, costDay{
			X: wide*float64(i) + 2, Y: math.Round(10*(high-tall)) / 10, W: wide - 4, H: math.Round(10*max(1, tall)) / 10, Bad: d.Failed > 0,
			Title: d.Day.String() + ": " + p.f.Took(time.Duration(mean(d)*float64(time.Second))) + " · " + p.f.say("workflows.runs", d.Executions()),
		})
	}
}

func mean(d workflow.DayFigures) float64 {
	if n := d.Executions(); n > 0 {
		return d.Seconds / float64(n)
	}
	return 0
}

// CostWidth is how wide the drawing of costs is.
func (p *workflowPage) CostWidth() int { return max(160, 16*len(p.Costs)) }

// slowest sorts steps by what they took in the last run.
func (p *workflowPage) slowest(costs []workflow.StepCost) {
	slices.SortStableFunc(costs, func(a, b workflow.StepCost) int { return int((b.Cost.CPU + b.Cost.DB) - (a.Cost.CPU + a.Cost.DB)) })
	var all time.Duration
	for _, c := range costs {
		all += c.Cost.CPU + c.Cost.DB
	}
	for _, c := range costs {
		took := c.Cost.CPU + c.Cost.DB
		p.Slowest = append(p.Slowest, slowStep{
			c.Name, p.f.Took(took), p.f.Took(c.Cost.CPU), p.f.Took(c.Cost.DB), c.Cost.Rows, math.Round(1000*float64(took)/float64(max(all, 1))) / 10,
		})
	}
}

// Key makes pressing a button twice one execution.
func (p *workflowPage) Key() string { return rand.Text() }
