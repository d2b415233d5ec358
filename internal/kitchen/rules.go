package kitchen

import (
	"context"
	"math"
	"strings"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/kitchen/sched"
)

// Rules are what an outlet has a say in about how its kitchen decides: by which policy and, for the policy "brigade",
// what a minute costs in comparison. More of one aim is less of the others.
type Rules struct {
	Policy   sched.Policy `json:"policy"`
	Wait     float64      `json:"wait"`     // of a minute from an order's arrival until it is ready
	Late     float64      `json:"late"`     // of a minute after its promise
	Together float64      `json:"together"` // of a minute between its first item and its last
}

// UsualRules are those of an outlet that has not set its own.
func UsualRules() Rules { return DefaultSettings().rules() }

func (s Settings) rules() Rules { return Rules{s.Policy, s.Aims.Ticket, s.Aims.Late, s.Aims.Gap} }

// mostCost bounds what a minute may cost.
const mostCost = 100

// Check looks over rules that somebody has set. Errors: KindInvalid, every faulty field named.
func (r Rules) Check() error {
	var f errs.Fields
	if !r.Policy.Known() {
		f.Add("policy", "must be one of %s, not %q", strings.Join(policyNames(), ", "), r.Policy)
	}
	for name, cost := range map[string]float64{"wait": r.Wait, "late": r.Late, "together": r.Together} {
		if !(cost >= 0 && cost <= mostCost) {
			f.Add(name, "must be from 0 to %d", mostCost)
		}
	}
	if math.Max(r.Wait, r.Late) == 0 {
		f.Add("wait", "must be above 0, or late: otherwise nothing is ever urgent")
	}
	return f.Err()
}

func policyNames() (names []string) {
	for _, p := range sched.Policies() {
		names = append(names, string(p))
	}
	return names
}

// By returns the settings with an outlet's own rules; nil: it has none.
func (s Settings) By(r *Rules) Settings {
	if r == nil || s.Fixed {
		return s
	}
	s.Policy, s.Aims.Ticket, s.Aims.Late, s.Aims.Gap = r.Policy, r.Wait, r.Late, r.Together
	return s
}

// Rules tells by which rules a kitchen decides. Errors: KindNotFound.
func (s *Service) Rules(ctx context.Context, who actor.Actor, outlet int64) (Rules, error) {
	l, err := s.layout(ctx, who, outlet)
	if err != nil {
		return Rules{}, err
	}
	return s.settings.By(l.Rules).rules(), nil
}

// PutRules sets by which rules a kitchen decides, from its next decision on. Errors: KindForbidden, KindInvalid (every
// faulty field named), KindNotFound.
func (s *Service) PutRules(ctx context.Context, who actor.Actor, outlet int64, r Rules) error {
	if err := who.Require(actor.Manager); err != nil {
		return err
	}
	l, err := s.layout(ctx, who, outlet)
	if err != nil {
		return err
	}
	if err := r.Check(); err != nil {
		return err
	}
	if err := s.repo.PutRules(ctx, who.Tenant, l.Outlet, r, who.Name, s.clock.Now()); err != nil {
		return err
	}
	s.desk.Relaid(l.Outlet)
	return nil
}
