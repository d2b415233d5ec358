package app

import (
	"context"

	"brigade/internal/config"
	"brigade/internal/job"
)

// buildJobs makes what inserts jobs, in every process. Features register who does theirs before startJobs.
func (a *App) buildJobs() error {
	a.workers = job.NewWorkers()
	a.workers.Surround(a.aroundJob)
	jobs, err := job.New(a.pool, a.workers, job.Options{Node: a.node.ID(), Logger: a.log})
	if err != nil {
		return err
	}
	a.jobs = jobs
	return a.buildNotify()
}

// startJobs runs jobs in a process that has the role.
func (a *App) startJobs(ctx context.Context) error {
	if !a.has(config.RoleJobs) {
		return nil
	}
	a.onStop("jobs", a.jobs.Stop)
	if err := a.jobs.Start(ctx); err != nil {
		return err
	}
	return a.startNotify(ctx)
}
