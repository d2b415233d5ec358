package app

import (
	"context"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"brigade/internal/actor"
	"brigade/internal/api"
	"brigade/internal/config"
	"brigade/internal/errs"
	"brigade/internal/lease"
	"brigade/internal/planning/forecast"
	"brigade/internal/planning/holiday"
	"brigade/internal/store"
	"brigade/internal/workflow"
	"brigade/internal/workflow/schedule"
	"brigade/internal/workflow/workflowpg"
)

// workflows is what this process has of workflows.
type workflows struct {
	registry *workflow.Registry
	engine   *workflow.Engine // nil: others do the steps
	leader   *lease.Node      // nil: this process does not stand for leader
	alone    time.Time        // since when it decides without asking others; zero: it does not
	figures  *workflowFigures
}

const (
	schedulerKind  = "scheduler"
	schedulerLease = schedulerKind + ":workflows" // of who decides when workflows begin
)

func (a *App) buildWorkflows() {
	a.workflowRows = workflowpg.New(a.pool, workflowpg.Parts{Append: a.append, Committed: a.committed, Check: a.checkScheduler})
	a.flows.registry = a.workflowSteps()
	a.flows.figures = newWorkflowFigures(a.metrics.Registerer())
	a.workflows = workflow.NewService(a.workflowRows, a.clock, workflow.ServiceOptions{
		Rulebook: workflow.Rulebook{Steps: a.flows.registry.Names(), URL: a.guardCall}, Holidays: isHoliday, DefaultZone: a.cfg.Workflows.DefaultZone,
		Zone: a.zoneOfTenant, Poke: a.pokeWorkflows, Ended: a.flows.figures.ended,
	})
}

func (a *App) pokeWorkflows() {
	if a.flows.engine != nil {
		a.flows.engine.Poke()
	}
}

// isHoliday tells whether a date is a public holiday of a country.
func isHoliday(country string, day schedule.Day) bool {
	d := forecast.Day(day)
	return slices.Contains(holiday.Between(country, d, d), d)
}

// zoneOfTenant is a tenant's time zone. Errors: KindNotFound.
func (a *App) zoneOfTenant(ctx context.Context, id int64) (*time.Location, error) {
	all, err := a.tenants.ListTenants(ctx)
	if err != nil {
		return nil, err
	}
	for _, t := range all {
		if t.ID == id {
			return t.Timezone, nil
		}
	}
	return nil, errs.NotFound("there is no tenant %d", id)
}

// findTenant finds a tenant by id or slug. Errors: KindNotFound.
func (a *App) findTenant(ctx context.Context, id int64, slug string) (int64, error) {
	all, err := a.tenants.ListTenants(ctx)
	if err != nil {
		return 0, err
	}
	for _, t := range all {
		if t.ID == id || id == 0 && t.Slug == slug {
			return t.ID, nil
		}
	}
	return 0, errs.NotFound("there is no such tenant")
}

// startWorkflows does steps of workflows, and stands for who decides when they begin.
func (a *App) startWorkflows(ctx context.Context) error {
	if !a.has(config.RoleOrchestrator) {
		return nil
	}
	times := workflow.Times{
		Daily: a.cfg.Workflows.DailyCron, Weekly: a.cfg.Workflows.WeeklyCron, MaxRun: time.Duration(a.cfg.Workflows.MaxRun) * time.Second,
	}
	for _, w := range workflow.BuiltIn(a.flows.registry, times) {
		if err := a.workflowRows.Seed(ctx, w); err != nil {
			return err
		}
	}
	if err := a.standForLeader(ctx); err != nil {
		return err
	}
	a.flows.engine = workflow.NewEngine(a.workflowRows, a.flows.registry, a.clock, workflow.EngineOptions{
		Node: a.node.ID, Instance: a.instance(), Ended: a.flows.figures.ended, Finished: a.flows.figures.finished, Logger: a.log,
		Lease: time.Duration(a.cfg.Workflows.StepLease), Meter: newWorkflowMeter(), Away: store.IsAway,
	})
	a.run("workflow steps", a.flows.engine.Run)
	scheduler := workflow.NewScheduler(a.workflowRows, a.clock, workflow.SchedulerOptions{
		Fence: a.schedulerFence, Holidays: isHoliday, Logger: a.log, Began: func([]workflow.Execution) { a.pokeWorkflows() },
	})
	a.run("workflow scheduler", scheduler.Run)
	a.run("workflow figures", a.keepWorkflowFigures)
	if !a.has(config.RoleAPI) { // alone: whoever reaches it is the operator
		a.demo = &actor.Actor{Role: actor.System, Name: "operator"}
	}
	return nil
}

// instance is the name of this process, for people: of several on one host each has its own.
func (a *App) instance() string {
	if a.cfg.Name != "" {
		return a.cfg.Name
	}
	name, _ := os.Hostname() // without one it has no name
	if a.replaces() {
		return name
	}
	return name + "-" + strconv.Itoa(os.Getpid())
}

// replaces tells whether no other process can be there under this one's name.
func (a *App) replaces() bool { return a.cfg.Lease.Replace || a.cfg.DatabaseURL == "" }

// standForLeader makes this process one of those of which one decides.
func (a *App) standForLeader(ctx context.Context) error {
	if !a.elects() {
		a.flows.alone = time.Now().UTC()
		a.flows.figures.leads(a.instance(), true)
		return nil
	}
	opts := lease.Options{
		Heartbeat: time.Duration(a.cfg.Workflows.Heartbeat), TTL: time.Duration(a.cfg.Workflows.LockTTL), Logger: a.log, Tick: a.cfg.Lease.Tick,
		Replace: a.replaces(),
	}
	if opts.Heartbeat == 0 {
		opts.Heartbeat, opts.TTL = leaderHeartbeat, leaderTTL
	}
	node, err := lease.Join(ctx, a.pool, a.instance()+schedulerSuffix, []string{schedulerKind}, opts)
	if err != nil {
		return err
	}
	a.flows.leader = node
	a.onStop("workflow leader", node.Stop)
	a.flows.figures.leads(a.instance(), false)
	list := func(context.Context) ([]string, error) { return []string{schedulerLease}, nil }
	return node.Want(schedulerKind, list, func(c lease.Change) {
		a.flows.figures.leads(a.instance(), len(c.Gained) > 0)
	})
}

const (
	schedulerSuffix = "/scheduler" // of the name by which a process stands for leader
	leaderHeartbeat = 30 * time.Second
	leaderTTL       = 90 * time.Second
)

// elects tells whether one of many decides; else this process does, alone.
func (a *App) elects() bool { return !a.cfg.Workflows.Alone() }

// schedulerFence is the fence with which this process decides; ok is false when it does not.
func (a *App) schedulerFence() (int64, bool) {
	if !a.elects() {
		return 0, true
	}
	return a.flows.leader.Owned(schedulerLease)
}

func (a *App) checkScheduler(ctx context.Context, tx store.Tx, fence int64) error {
	if !a.elects() {
		return nil
	}
	return lease.Check(ctx, tx, []string{schedulerLease}, []int64{fence})
}

// leader tells who decides when workflows begin, by the database's clock.
func (a *App) leader(ctx context.Context) (api.Leader, error) {
	l := api.Leader{Instance: a.instance()}
	if since := a.flows.alone; !since.IsZero() {
		now := time.Now().UTC()
		l.Leader, l.Here, l.Since, l.Heartbeat = l.Instance, true, &since, &now
		return l, nil
	}
	state, err := lease.Cluster(ctx, a.pool)
	if err != nil {
		return l, store.Classify(err)
	}
	for _, o := range state.Leases {
		if o.Resource != schedulerLease || o.Node == 0 || !o.Alive {
			continue
		}
		i := slices.IndexFunc(state.Nodes, func(m lease.Member) bool { return m.ID == o.Node })
		if i < 0 {
			continue
		}
		m := state.Nodes[i]
		l.Leader, l.Since, l.Fence = strings.TrimSuffix(m.Name, schedulerSuffix), o.Since, o.Fence
		l.Heartbeat = a.lastHeartbeat(m)
		l.Here = a.flows.leader != nil && a.flows.leader.ID() == o.Node
	}
	return l, nil
}

func (a *App) lastHeartbeat(m lease.Member) *time.Time {
	ttl := time.Duration(a.cfg.Workflows.LockTTL)
	if ttl == 0 {
		ttl = leaderTTL
	}
	at := m.Expires.Add(-ttl)
	if now := time.Now().UTC(); at.After(now) { // it has a longer one than this process
		at = now
	}
	return &at
}
