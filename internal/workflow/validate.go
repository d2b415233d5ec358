package workflow

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"brigade/internal/errs"
)

var nameLike = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)

// Rulebook is what workflows are validated against.
type Rulebook struct {
	Steps []string                                     // steps that are built in
	Check func(cron, zone string) error                // whether a schedule can be read
	URL   func(raw string) error                       // whether a tenant's step may call it; nil: any
	Uses  func(step string, with map[string]any) error // whether a built-in step understands what it is told
}

// Validate names everything that is wrong with a workflow, as one KindInvalid error.
func (w *Workflow) Validate(r Rulebook) error {
	var f errs.Fields
	if !nameLike.MatchString(w.Name) {
		f.Add("name", "must be 1 to 63 small letters, digits, - or _")
	}
	if !slices.Contains(Kinds, w.Kind) {
		f.Add("type", "must be daily, weekly, monthly or on_demand")
	}
	w.checkTimes(r, &f)
	between(&f, "max_execution_seconds", w.MaxRun, time.Second, maxRun)
	between(&f, "retry_delay_seconds", w.RetryDelay, 0, maxDelay)
	if w.MaxRetries < 0 || w.MaxRetries > maxRetries {
		f.Add("max_retries", "must be 0 to %d", maxRetries)
	}
	w.checkSteps(r, &f)
	return f.Err()
}

func (w *Workflow) checkTimes(r Rulebook, f *errs.Fields) {
	zone := w.Zone
	if zone == TenantZone {
		zone = DefaultZone
	}
	if _, err := time.LoadLocation(zone); err != nil || zone == "" || zone == "Local" {
		f.Add("timezone", "must be a zone like Europe/Madrid, or %s for each tenant's own", TenantZone)
		return
	}
	if w.Cron == "" {
		if w.Kind != OnDemand {
			f.Add("cron", "is needed, unless the type is on_demand")
		}
		return
	}
	if err := r.Check(w.Cron, zone); err != nil {
		f.Add("cron", "%v", err)
	}
}

func between(f *errs.Fields, field string, d, least, most time.Duration) {
	if d < least || d > most {
		f.Add(field, "must be %d to %d", int(least.Seconds()), int(most.Seconds()))
	}
}

func (w *Workflow) checkSteps(r Rulebook, f *errs.Fields) {
	if len(w.Steps) == 0 || len(w.Steps) > maxSteps {
		f.Add("steps", "must be 1 to %d", maxSteps)
		return
	}
	seen := map[string]bool{}
	for i := range w.Steps {
		s, at := &w.Steps[i], fmt.Sprintf("steps[%d]", i)
		switch {
		case !nameLike.MatchString(s.Name):
			f.Add(at+".name", "must be 1 to 63 small letters, digits, - or _")
		case seen[s.Name]:
			f.Add(at+".name", "%s is there twice", s.Name)
		}
		seen[s.Name] = true
		w.checkWork(s, at, r, f)
		s.checkPatience(at, f)
	}
	w.checkOrder(seen, f)
}

func (w *Workflow) checkWork(s *Step, at string, r Rulebook, f *errs.Fields) {
	kinds := 0
	if s.Uses != "" {
		kinds++
		if !slices.Contains(r.Steps, s.Uses) {
			f.Add(at+".uses", "%q is not built in; there are %s", s.Uses, strings.Join(r.Steps, ", "))
		} else if r.Uses != nil {
			if err := r.Uses(s.Uses, s.With); err != nil {
				f.Add(at+".with", "%v", err)
			}
		}
	}
	if s.HTTP != nil {
		kinds++
		s.HTTP.check(at+".http", w.Tenant != 0, r, f)
	}
	if s.SQL != "" {
		kinds++
		if w.Tenant != 0 {
			f.Add(at+".sql", "can read every tenant's rows: only the operator's workflows may have it")
		}
	}
	if kinds != 1 {
		f.Add(at, "must have one of uses, http and sql")
	}
}

var methods = []string{"", "GET", "POST", "PUT", "PATCH", "DELETE"}

func (c *Call) check(at string, guarded bool, r Rulebook, f *errs.Fields) {
	u, err := url.Parse(c.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		f.Add(at+".url", "must be an address like https://example.com/hook")
	case guarded && r.URL != nil:
		if err := r.URL(c.URL); err != nil {
			f.Add(at+".url", "%v", err)
		}
	}
	if !slices.Contains(methods, c.Method) {
		f.Add(at+".method", "must be GET, POST, PUT, PATCH or DELETE")
	}
	for name, value := range c.Headers {
		if strings.ContainsAny(name+value, "\r\n\x00") || name == "" {
			f.Add(at+".headers", "%q cannot be sent", name)
		}
	}
}

func (s *Step) checkPatience(at string, f *errs.Fields) {
	if s.Timeout < 0 || s.Timeout > int(maxRun.Seconds()) {
		f.Add(at+".timeout_seconds", "must be 1 to %d", int(maxRun.Seconds()))
	}
	if s.Retries != nil && (*s.Retries < 0 || *s.Retries > maxRetries) {
		f.Add(at+".max_retries", "must be 0 to %d", maxRetries)
	}
	if s.Delay != nil && (*s.Delay < 0 || *s.Delay > int(maxDelay.Seconds())) {
		f.Add(at+".retry_delay_seconds", "must be 0 to %d", int(maxDelay.Seconds()))
	}
}

func (w *Workflow) checkOrder(names map[string]bool, f *errs.Fields) {
	for i := range w.Steps {
		for _, name := range w.Steps[i].After {
			if !names[name] {
				f.Add(fmt.Sprintf("steps[%d].after", i), "there is no step %q", name)
			}
		}
	}
	if i := GraphOf(w.Steps).circle(); i >= 0 {
		f.Add(fmt.Sprintf("steps[%d].after", i), "%s would wait for itself", w.Steps[i].Name)
	}
}
