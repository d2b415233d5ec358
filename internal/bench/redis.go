package bench

import (
	"context"
	"fmt"
	"io"
)

// CompareRedis is Kitchen. With a Redis it lets orders live without it too, before and after: what ready queues in Redis
// cost is the difference.
func CompareRedis(ctx context.Context, o Options) (Report, error) {
	if o.Redis == "" {
		return Kitchen(ctx, o)
	}
	without := o.withDefaults()
	without.Redis, without.SkipRaw, without.CPUProfile = "", true, ""
	before, err := Kitchen(ctx, without)
	if err != nil {
		return before, err
	}
	r, err := Kitchen(ctx, o)
	if err != nil {
		return r, err
	}
	after, err := Kitchen(ctx, without)
	if err != nil {
		return after, err
	}
	r.Without = []*Load{before.Full, after.Full}
	return r, nil
}

// compare writes what Redis costs: in lives a second, and in the processor's time per life, which other work on the
// machine changes less.
func (r Report) compare(w io.Writer) {
	if len(r.Without) == 0 {
		return
	}
	rate, each := 0.0, 0.0
	for _, l := range r.Without {
		l.write(w, "no Redis")
		rate += l.PerSecond / float64(len(r.Without))
		each += l.each() / float64(len(r.Without))
	}
	fmt.Fprintf(w, "            with Redis %.2f × the rate, %.2f × the CPU time of each (%.2f ms, not %.2f)\n",
		r.Full.PerSecond/rate, r.Full.each()/each, r.Full.each(), each)
}

// each is the processor's time for one, in milliseconds, that of Postgres included.
func (l *Load) each() float64 { return 1000 * (l.Cores + l.PGCores) / l.PerSecond }
