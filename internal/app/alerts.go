package app

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"

	"brigade/internal/alert"
	"brigade/internal/alert/alertpg"
	"brigade/internal/config"
	"brigade/internal/event"
	"brigade/internal/event/eventpg"
	"brigade/internal/lease"
	"brigade/internal/planning"
	"brigade/internal/planning/planningpg"
	"brigade/internal/store"
)

const (
	alertDuty   = "alerts"            // what nodes with the role jobs take a lease for
	alertIntake = alertDuty + ":sink" // the lease of who watches runs

	alertEvery = 30 * time.Second // how often it is looked what is missing and what is to be escalated; of real time
	tidyEvery  = time.Hour        // and what can be put away
)

func (a *App) buildAlerts() {
	a.alertRows = alertpg.New(a.pool, alertpg.Parts{Append: a.append})
	a.alerts = alert.NewService(a.alertRows, a.clock)
}

// startAlerts watches runs and escalates alerts, in processes with the role jobs.
func (a *App) startAlerts(ctx context.Context) error {
	if !a.has(config.RoleJobs) {
		return nil
	}
	if err := a.beginAlerts(ctx); err != nil {
		return err
	}
	watch := alert.NewWatch(a.alerts, a.alertRows)
	cursors := eventpg.NewCursors(a.pool, func(ctx context.Context, tx store.Tx, _ string, fence int64) error {
		return lease.Check(ctx, tx, []string{alertIntake}, []int64{fence})
	})
	relay := event.NewRelay(alertSink{a, watch}, a.sharedLog, cursors, alertOwner{a.node}, event.RelayOptions{Clock: a.clock, Logger: a.log})
	a.run("alerts", relay.Run)
	a.run("alerts that wait", func(ctx context.Context) error { return a.lookAfterAlerts(ctx, watch) })
	list := func(context.Context) ([]string, error) { return []string{alertIntake}, nil }
	return a.node.Want(alertDuty, list, func(lease.Change) { relay.Poke() })
}

// beginAlerts lets the first reader begin near the end of the log, as beginNotify does: the same end of a run signals once.
func (a *App) beginAlerts(ctx context.Context) error {
	_, err := a.pool.Exec(ctx, `
		insert into event_sinks (name, position) select $1, greatest(0, coalesce(max(position), 0) - 1000) from event_log
		on conflict do nothing`, alertDuty)
	return store.Classify(err)
}

// alertOwner lends the relay to alerts the lease that this duty has.
type alertOwner struct{ node *lease.Node }

// Owned implements event.Owner.
func (o alertOwner) Owned(string) (int64, bool) { return o.node.Owned(alertIntake) }

// alertSink reads from the log how runs ended. A batch that comes again changes nothing.
type alertSink struct {
	app   *App
	watch *alert.Watch
}

// Name implements event.Sink.
func (alertSink) Name() string { return alertDuty }

// Publish implements event.Sink.
func (s alertSink) Publish(ctx context.Context, events []event.Event) error {
	for _, e := range events {
		s.app.tellHouse(ctx, e)
		end, ok := endedRun(e)
		if !ok {
			continue
		}
		if err := s.watch.Ended(ctx, end); err != nil {
			return err
		}
	}
	return nil
}

// endedRun reads how a run ended out of an event; ok is false for others, and for one that somebody cancelled.
func endedRun(e event.Event) (alert.Ended, bool) {
	var p event.WorkflowPayload
	if e.Type != event.WorkflowCompleted && e.Type != event.WorkflowFailed || json.Unmarshal(e.Payload, &p) != nil {
		return alert.Ended{}, false
	}
	end := alert.Ended{
		Run:     alert.Run{Tenant: e.Tenant, Workflow: p.WorkflowName, Execution: p.ExecutionID, Day: p.Day, At: e.OccurredAt},
		Tenants: p.Tenants, Affected: p.TenantsAffected, Took: time.Duration(p.Seconds * float64(time.Second)),
	}
	if e.Type == event.WorkflowFailed {
		if end.Error = p.Error; end.Error == "" {
			end.Error = "it does not say why"
		}
	}
	return end, true
}

// tellHouse writes the house's own alerts to the log of the process: no tenant hears of them.
func (a *App) tellHouse(ctx context.Context, e event.Event) {
	p, ok := e.AlertPayload()
	if !ok || e.Tenant != 0 || e.Type != event.AlertRaised && e.Type != event.AlertEscalated {
		return
	}
	a.log.WarnContext(ctx, p.Title, "action", "alert", "alert", p.AlertID, "kind", p.Kind, "severity", p.Severity, "level", p.Level, "detail", p.Detail)
}

// lookAfterAlerts signals what is missing, on the node that watches runs, and escalates and puts away, on any.
func (a *App) lookAfterAlerts(ctx context.Context, watch *alert.Watch) error {
	tick := time.NewTicker(alertEvery)
	defer tick.Stop()
	tidied, open := time.Now(), newAlertFigures(a.metrics.Registerer())
	for {
		err := a.countAlerts(ctx, open)
		if err != nil && ctx.Err() == nil {
			a.log.WarnContext(ctx, "alerts were not counted", "action", "alerts_failed", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		err = a.lookOnce(ctx, watch)
		if err == nil && time.Since(tidied) >= tidyEvery {
			tidied = time.Now()
			_, _, err = a.alerts.CleanUp(ctx)
		}
		if err != nil && ctx.Err() == nil {
			a.log.WarnContext(ctx, "alerts were not looked after", "action", "alerts_failed", "error", err)
		}
	}
}

func (a *App) lookOnce(ctx context.Context, watch *alert.Watch) error {
	if _, ours := a.node.Owned(alertIntake); ours {
		if err := watch.Look(ctx, a.clock.Now()); err != nil {
			return err
		}
	}
	_, err := a.alerts.Escalate(ctx)
	return err
}

// watched is planning's store, which signals poor forecasts and expected stock-outs once they are written. Who is told that
// the signal failed does it again, and signals the same again, which does not count.
type watched struct {
	*planningpg.Store
	app *App
}

// Validate implements planning.OutcomeStore.
func (w watched) Validate(ctx context.Context, tenant int64, due []planning.DueDay, measure func([]planning.Outcome) planning.Validation) (planning.Validation, error) {
	v, err := w.Store.Validate(ctx, tenant, due, measure)
	if err != nil || v.Kind == planning.ValidatedLate {
		return v, err
	}
	return v, w.judge(ctx, tenant, v, v.Outlets)
}

// ValidationOf implements planning.OutcomeStore: who validates again may have died before he signalled.
func (w watched) ValidationOf(ctx context.Context, tenant int64, day planning.Day) (planning.Validation, error) {
	v, err := w.Store.ValidationOf(ctx, tenant, day)
	if err != nil {
		return v, err
	}
	outlets, err := w.Metrics(ctx, tenant, v.ID, planning.LevelOutlet, 0, 10_000)
	if err != nil {
		return v, err
	}
	return v, w.judge(ctx, tenant, v, outlets)
}

// judge signals where forecasts were poor, and that they are no longer where they were not.
func (w watched) judge(ctx context.Context, tenant int64, v planning.Validation, outlets []planning.Metric) error {
	places, err := w.Outlets(ctx, tenant, 0)
	if err != nil {
		return err
	}
	var signals []alert.Signal
	var over []alert.Matter
	for _, m := range outlets {
		j := alert.Judged{
			Tenant: tenant, Outlet: m.Outlet, OutletName: slugOf(places, m.Outlet), Validation: v.ID, Day: v.Last.String(), MAPE: m.MAPE, WAPE: m.WAPE,
			Compared: m.Days,
		}
		if j.Poor() {
			signals = append(signals, alert.PoorForecast(j))
		} else {
			over = append(over, j.Matter())
		}
	}
	if err := w.app.alerts.Clear(ctx, over...); err != nil {
		return err
	}
	return w.app.alerts.Raise(ctx, signals...)
}

func slugOf(places []planning.Outlet, id int64) string {
	i := slices.IndexFunc(places, func(o planning.Outlet) bool { return o.ID == id })
	if i < 0 {
		return ""
	}
	return places[i].Slug
}

// PutPlans implements planning.PlanStore.
func (w watched) PutPlans(ctx context.Context, tenant int64, kind planning.PlanKind, day planning.Day, plans []planning.Plan, digests [][]byte, by string, at time.Time) error {
	if err := w.Store.PutPlans(ctx, tenant, kind, day, plans, digests, by, at); err != nil || kind != planning.PlanStock {
		return err
	}
	places, err := w.Outlets(ctx, tenant, 0)
	if err != nil {
		return err
	}
	var signals []alert.Signal
	var over []alert.Matter
	for i := range plans {
		s, o, err := shortages(tenant, places, &plans[i], day.String()+"/"+hex.EncodeToString(digests[i][:4]), at)
		if err != nil {
			return err
		}
		signals, over = append(signals, s...), append(over, o...)
	}
	if err := w.app.alerts.Clear(ctx, over...); err != nil {
		return err
	}
	return w.app.alerts.Raise(ctx, signals...)
}

// shortages reads out of a course of stock what will run out before anything comes, and what will not.
func shortages(tenant int64, places []planning.Outlet, plan *planning.Plan, ref string, now time.Time) (signals []alert.Signal, over []alert.Matter, err error) {
	var course planning.StockCourse
	if err := json.Unmarshal(plan.Body, &course); err != nil {
		return nil, nil, err
	}
	zone, name := time.UTC, ""
	if i := slices.IndexFunc(places, func(o planning.Outlet) bool { return o.ID == plan.Outlet }); i >= 0 {
		zone, name = places[i].Zone, places[i].Slug
	}
	out := map[string]time.Time{}
	for _, n := range course.Notes {
		if n.Kind == "runs_out" && n.Problem {
			out[n.Code] = n.At
		}
	}
	for _, item := range course.Ingredients {
		s := alert.Shortage{Tenant: tenant, Outlet: plan.Outlet, OutletName: name, Code: item.Code, Name: item.Name, Now: now, Plan: ref}
		if at, short := out[item.Code]; short {
			s.At = at.In(zone)
			signals = append(signals, alert.RunsOut(s))
		} else {
			over = append(over, s.Matter())
		}
	}
	return signals, over, nil
}
