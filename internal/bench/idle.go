package bench

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"
)

// tenantSize is how many kitchens a tenant of the idle benchmark has.
const tenantSize = 100

// IdleKitchens measures what a process costs that decides for many kitchens in which nothing happens.
func IdleKitchens(ctx context.Context, o Options) (r Report, err error) {
	o = o.withDefaults()
	setDefault(&o.Kitchens, 1000)
	r = Report{Bench: "idle", Machine: thisMachine()}
	if err := o.check(); err != nil {
		return r, err
	}
	var files []string
	for left := o.Kitchens; left > 0; left -= tenantSize {
		files = append(files, tenantFile(fmt.Sprintf("bench-%d", len(files)), min(left, tenantSize), 5))
	}
	st, err := setUp(ctx, o, Setup{HTTP: true, Tenants: files})
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, st.close(context.WithoutCancel(ctx))) }()
	began := time.Now()
	if err := st.awaitOwner(ctx, o.Kitchens); err != nil {
		return r, err
	}
	r.Idle = &Idle{Kitchens: o.Kitchens, StartedInMS: ms(time.Since(began))}
	if r.Machine.Postgres, st.postgres, err = meet(ctx, st.DatabaseURL); err != nil {
		return r, err
	}
	return r, st.rest(ctx, fmt.Sprintf("%d kitchens idle", o.Kitchens), r.Idle)
}

// rest measures while nothing happens, once what starting left behind is settled.
func (st *stage) rest(ctx context.Context, what string, i *Idle) error {
	debug.FreeOSMemory()
	if err := pause(ctx, 2*time.Second); err != nil {
		return err
	}
	st.o.say("%s for %v", what, st.o.Duration)
	var failure error
	err := st.o.profiled(func() {
		own, pg, began := ownCPU(), st.postgres.cpu(), time.Now()
		failure = pause(ctx, st.o.Duration)
		i.Seconds = time.Since(began).Seconds()
		i.CPUPercent = 100 * (ownCPU() - own).Seconds() / i.Seconds
		i.PGPercent = 100 * (st.postgres.cpu() - pg).Seconds() / i.Seconds
		i.RSSMiB = residentMiB()
	})
	return errors.Join(err, failure)
}
