package app

import (
	"context"
	"maps"
	"math"
	"net/http"
	"net/url"
	"strings"
	"time"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/planning"
	"brigade/internal/post"
	"brigade/internal/workflow"
)

// longestCall bounds every call of a step, whatever its own limit.
const longestCall = time.Hour

// workflowSteps says who does which step.
func (a *App) workflowSteps() *workflow.Registry {
	r := workflow.NewRegistry()
	r.Add(workflow.StepForecast, workflow.Each(a.forecastStep))
	r.Add(workflow.StepValidate, workflow.Each(a.validateStep))
	r.Add(workflow.StepProduction, workflow.Each(planStep(a.planner.Production)))
	r.Add(workflow.StepProcurement, workflow.Each(planStep(a.planner.Procurement)))
	r.Add(workflow.StepInventory, workflow.Each(planStep(a.planner.StockProjection)))
	r.Add(workflow.StepEvaluate, workflow.Each(a.evaluateStep))
	r.Add(workflow.StepRetrain, workflow.Each(a.retrainStep))
	r.Add(workflow.StepDigest, workflow.Runner{Run: a.digestStep, Together: true})
	r.Add(workflow.StepReport, workflow.Each(a.reportStep))
	r.Add(workflow.StepCleanup, workflow.Runner{Run: a.cleanupStep, Together: true})
	r.AddSQL(workflow.Each(a.workflowRows.Report(a.cfg.Workflows.ReportRole)))
	house, tenants := post.NewCaller(longestCall, true), post.NewCaller(longestCall, a.cfg.Notify.PrivateWebhooks)
	a.onStop("workflow calls", func(context.Context) error { house.Close(); tenants.Close(); return nil })
	r.AddHTTP(workflow.Each(func(ctx context.Context, b *workflow.Batch, j workflow.Job) (any, error) {
		if b.House {
			return callStep(ctx, house, b, j)
		}
		return callStep(ctx, tenants, b, j)
	}))
	a.outsideSteps(r, house)
	return r
}

// outsideSteps lets other services do what is built in, as the settings say.
func (a *App) outsideSteps(r *workflow.Registry, caller *post.Caller) {
	w := a.cfg.Workflows
	for _, s := range []struct {
		step, url, path string
		body            map[string]any
	}{
		{workflow.StepForecast, w.ForecastingURL.Reveal(), "/api/v1/forecasting/generate", map[string]any{"days_ahead": 7}},
		{workflow.StepProduction, w.ProductionURL.Reveal(), "/api/v1/production/schedules/generate", nil},
		{workflow.StepProcurement, w.ProcurementURL.Reveal(), "/api/v1/procurement/needs/calculate", map[string]any{"days_ahead": 14}},
		{workflow.StepInventory, w.InventoryURL.Reveal(), "/api/v1/inventory/projections/calculate", map[string]any{"days_ahead": 14}},
	} {
		if s.url == "" {
			continue
		}
		to := strings.TrimSuffix(s.url, "/") + s.path
		r.Add(s.step, workflow.Each(func(ctx context.Context, b *workflow.Batch, j workflow.Job) (any, error) {
			body := map[string]any{"tenant_id": j.Tenant}
			maps.Copy(body, s.body)
			return caller.Call(ctx, post.Question{URL: to, Key: b.Key(j.Tenant), Body: body, JSON: true})
		}))
	}
}

// callStep does a step that is a call.
func callStep(ctx context.Context, caller *post.Caller, b *workflow.Batch, j workflow.Job) (any, error) {
	c := b.Work().HTTP
	q := post.Question{Method: c.Method, URL: c.URL, Header: c.Headers, Key: b.Key(j.Tenant)}
	if c.Method != http.MethodGet && c.Method != http.MethodDelete {
		body := map[string]any{"tenant_id": j.Tenant, "date": b.Day.String(), "workflow_name": b.Name, "execution_id": b.Execution}
		maps.Copy(body, c.Body)
		q.Body = body
	}
	return caller.Call(ctx, q)
}

func (a *App) forecastStep(ctx context.Context, b *workflow.Batch, j workflow.Job) (any, error) {
	r, err := a.planning.Forecast(ctx, j.Tenant, planning.Day(b.Day))
	return map[string]any{"run": r.ID, "day": b.Day.String(), "days": r.Horizon, "series": r.Series}, err
}

// planStep plans something for all outlets of a tenant. Of a date that is over, as a backfill has, there is nothing to plan.
func planStep(plan func(ctx context.Context, tenant int64, outlets []int64, day planning.Day, by string) (int, error)) func(context.Context, *workflow.Batch, workflow.Job) (any, error) {
	return func(ctx context.Context, b *workflow.Batch, j workflow.Job) (any, error) {
		n, err := plan(ctx, j.Tenant, nil, planning.Day(b.Day), b.Name)
		if errs.Is(err, errs.KindInvalid) {
			return map[string]any{"outlets": 0, "why": err.Error()}, nil
		}
		return map[string]any{"day": b.Day.String(), "outlets": n}, err
	}
}

// quality is how good forecasts were, as far as that can be said.
func quality(m planning.Metric) map[string]any {
	said := map[string]any{}
	for name, v := range map[string]float64{
		"mae": m.MAE, "mape": m.MAPE, "rmse": m.RMSE, "r2": m.R2, "wape": m.WAPE, "mase": m.MASE, "bias": m.Bias, "coverage": m.Coverage,
	} {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			said[name] = math.Round(v*1e4) / 1e4
		}
	}
	return said
}

func (a *App) validateStep(ctx context.Context, b *workflow.Batch, j workflow.Job) (any, error) {
	day := planning.Day(b.Day) - 1
	list, err := a.planning.Validate(ctx, j.Tenant, day)
	if err != nil {
		return nil, err
	}
	result := map[string]any{"day": day.String(), "validated": 0}
	for i, v := range list {
		if i == 0 {
			result["run"], result["gaps"], result["quality"] = v.ID, v.Gaps, quality(v.Overall)
		}
		result["validated"] = result["validated"].(int) + v.Validated
	}
	return result, nil
}

// daysTold is how many days a step is told to look at.
func daysTold(b *workflow.Batch, fallback int) (int, error) {
	n, err := b.Work().Number("days", fallback, 1, 366)
	if err != nil {
		return 0, errs.Permanent(err)
	}
	return n, nil
}

func (a *App) evaluateStep(ctx context.Context, b *workflow.Batch, j workflow.Job) (any, error) {
	days, err := daysTold(b, 30)
	if err != nil {
		return nil, err
	}
	return a.accuracy(ctx, j.Tenant, planning.Day(b.Day)-planning.Day(days), planning.Day(b.Day)-1)
}

func (a *App) accuracy(ctx context.Context, tenant int64, first, last planning.Day) (any, error) {
	who := actor.Actor{Tenant: tenant, Role: actor.System, Name: "workflow"}
	x, err := a.planning.Accuracy(ctx, who, planning.Query{First: first, Last: last})
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"from": first.String(), "to": last.String(), "quality": quality(x.Overall), "before": quality(x.Before),
		"outlets": len(x.Outlets), "edited": x.Edited, "gaps": len(x.Gaps),
	}, nil
}

func (a *App) retrainStep(ctx context.Context, b *workflow.Batch, j workflow.Job) (any, error) {
	fitted, err := a.planning.Refit(ctx, j.Tenant, planning.Day(b.Day)-1, planning.RefitOptions{})
	adopted := 0
	for _, f := range fitted {
		if f.Adopted {
			adopted++
		}
	}
	return map[string]any{"fitted": len(fitted), "adopted": adopted}, err
}

// reportStep reports on the month before.
func (a *App) reportStep(ctx context.Context, b *workflow.Batch, j workflow.Job) (any, error) {
	y, m, _ := b.Day.Time().Date()
	first := planning.Day(workflow.DayIn(time.Date(y, m-1, 1, 0, 0, 0, 0, time.UTC)))
	last := planning.Day(workflow.DayIn(time.Date(y, m, 0, 0, 0, 0, 0, time.UTC)))
	return a.accuracy(ctx, j.Tenant, first, last)
}

// prunedSteps bounds one deletion, so that it holds nobody up.
const prunedSteps = 5000

// cleanupStep deletes what nobody looks at any more. That is nobody's own, so it is done once for all tenants of a batch.
func (a *App) cleanupStep(ctx context.Context, b *workflow.Batch) []workflow.Outcome {
	result, err := a.cleanUp(ctx, b)
	outcomes := make([]workflow.Outcome, len(b.Jobs))
	for i := range outcomes {
		outcomes[i] = workflow.Outcome{Result: result, Err: err}
	}
	return outcomes
}

func (a *App) cleanUp(ctx context.Context, b *workflow.Batch) (map[string]any, error) {
	days, err := b.Work().Number("keep_days", 90, 1, 3660)
	if err != nil {
		return nil, errs.Permanent(err)
	}
	archived, all, err := a.alerts.CleanUp(ctx)
	if err != nil {
		return nil, err
	}
	before := b.Day.Time().AddDate(0, 0, -days)
	runs, err := emptied(func() (int64, error) { return a.workflowRows.Prune(ctx, before, prunedSteps) })
	if err != nil {
		return nil, err
	}
	if _, err := emptied(func() (int64, error) { return a.workflowRows.PruneCosts(ctx, b.Day, prunedSteps) }); err != nil {
		return nil, err
	}
	plans, err := emptied(func() (int64, error) {
		n, err := a.salesRows.PrunePlans(ctx, planning.Day(b.Day)-planning.Day(days), prunedSteps)
		return int64(n), err
	})
	return map[string]any{"deleted": all + runs, "plans": plans, "archived": archived}, err
}

// emptied deletes until there is nothing left, and returns how many there were.
func emptied(prune func() (int64, error)) (all int, err error) {
	for {
		n, err := prune()
		if all += int(n); err != nil || n == 0 {
			return all, err
		}
	}
}

// guardCall refuses calls of tenants' steps into private networks.
func (a *App) guardCall(raw string) error {
	if a.cfg.Notify.PrivateWebhooks {
		return nil
	}
	u, err := url.Parse(raw)
	if err != nil {
		return err
	}
	return post.GuardURL(context.Background(), u)
}
