package forecast

import (
	"math"
	"slices"
)

// priors is what a short history leans on: what other series of the pool do.
//
// Reference: shrinkage towards a group's mean as in Gelman and Hill: Data Analysis Using Regression and
// Multilevel/Hierarchical Models, 2007, ch. 12.
type priors struct {
	weekdays [week]float64 // factors around 1
	classes  classPriors
	settings []float64 // of smoothing: mean AICc above the best one; nil: none
}

// noPriors knows nothing: all weekdays are alike.
func noPriors() *priors {
	p := &priors{classes: experience}
	for d := range p.weekdays {
		p.weekdays[d] = 1
	}
	return p
}

// collected is what the series of a pool do, by group: "i" and the item, "o" and the outlet, and "" for all.
type collected struct {
	weekday map[string]*[week][]float64
	classes [classes][]float64
	level   map[string][]float64
	scores  [][]float64
}

func groups(s *Series) []string {
	list := []string{""}
	if s.Outlet != "" {
		list = append(list, "o"+s.Outlet)
	}
	if s.Item != "" {
		list = append(list, "i"+s.Item)
	}
	return list
}

// levels notes the level of a series.
func (c *collected) levels(h *history) {
	if c.level == nil {
		c.level, c.weekday = map[string][]float64{}, map[string]*[week][]float64{}
	}
	for _, g := range groups(h.series) {
		c.level[g] = append(c.level[g], h.level)
	}
}

// add notes the weekdays and the special days of a series that is long enough.
func (c *collected) add(h *history) {
	if h.known < start || h.level <= 0 {
		return
	}
	p := newProfile(h, noPriors().weekdays)
	means := p.means[h.n]
	total := 0.0
	for _, m := range means {
		total += m
	}
	if total <= 0 {
		return
	}
	for _, g := range groups(h.series) {
		if c.weekday[g] == nil {
			c.weekday[g] = new([week][]float64)
		}
		for d, m := range means {
			c.weekday[g][d] = append(c.weekday[g][d], m/total*week)
		}
	}
	c.special(h, p)
	if len(c.scores) < settingSeries {
		c.scores = append(c.scores, settingScores(h, settings(), noPriors()))
	}
}

// settingSeries are enough to see which settings of smoothing a pool likes.
const settingSeries = 60

// special notes what special days did.
func (c *collected) special(h *history, p *profile) {
	o := newOccasions(h, p.at, &experience)
	var sum, n [classes]float64
	for _, x := range o.past {
		sum[x.class], n[x.class] = sum[x.class]+x.factor, n[x.class]+1
	}
	for k := range sum {
		if n[k] > 0 {
			c.classes[k] = append(c.classes[k], sum[k]/n[k])
		}
	}
}

// settle makes priors of all groups, those of few series leaning on all.
func (c *collected) settle(to *common) {
	to.levels = c.level
	all := noPriors()
	for k, list := range c.classes {
		const lean = 3 // series that experience counts
		if n := float64(len(list)); n > 0 && class(k) < endOfYear {
			all.classes.factor[k] = (n*trimmedMean(list) + lean*experience.factor[k]) / (n + lean)
		}
	}
	all.settings = c.settings()
	to.priors[""] = all
	c.settleGroup(to, "", all)
	for g := range c.weekday {
		if g != "" {
			p := *all
			to.priors[g] = &p
			c.settleGroup(to, g, &p)
		}
	}
}

func (c *collected) settleGroup(to *common, group string, p *priors) {
	const lean = 2 // series that the wider group counts
	if c.weekday[group] == nil {
		return
	}
	for d, list := range c.weekday[group] {
		n := float64(len(list))
		p.weekdays[d] = (n*trimmedMean(list) + lean*to.priors[""].weekdays[d]) / (n + lean)
	}
}

// priorsOf returns what a series leans on: its item's habits, else its outlet's, else everybody's.
func (c *common) priorsOf(s *Series) *priors {
	for _, g := range []string{"i" + s.Item, "o" + s.Outlet, ""} {
		if p := c.priors[g]; p != nil && (len(g) != 1) {
			return p
		}
	}
	return noPriors()
}

// levelOf returns the usual level of the same item elsewhere; NaN when nobody sells it.
func (c *common) levelOf(s *Series) float64 {
	list := slices.Clone(c.levels["i"+s.Item])
	if s.Item == "" || len(list) == 0 {
		return math.NaN()
	}
	slices.Sort(list)
	return list[len(list)/2]
}

// settings returns by how much the settings of smoothing are worse than the best in the mean of the series.
func (c *collected) settings() []float64 {
	if len(c.scores) < 3 {
		return nil
	}
	mean := make([]float64, len(c.scores[0]))
	for _, scores := range c.scores {
		best := slices.Min(scores)
		for i, s := range scores {
			mean[i] += (s - best) / float64(len(c.scores))
		}
	}
	return mean
}
