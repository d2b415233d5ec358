package cli

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"brigade/internal/config"
	"brigade/internal/errs"
	"brigade/internal/event/eventpg"
)

type eventsSinks struct {
	config.Migrate `group:"database"`
	Forget         string `name:"forget" placeholder:"SINK" help:"Forget a sink that nothing is carried to any more: events are not kept for it."`
	JSON           bool   `name:"json" help:"Write JSON."`
}

// Run lists the sinks, or forgets one.
func (c *eventsSinks) Run(ctx context.Context, env *Env) error {
	return postgres{Common: c.Common, Database: c.Database}.withPool(ctx, env, func(ctx context.Context, pool *pgxpool.Pool) error {
		if c.Forget != "" {
			return eventpg.ForgetSink(ctx, pool, c.Forget)
		}
		sinks, err := eventpg.Stats(ctx, pool)
		if err != nil {
			return err
		}
		if c.JSON {
			return writeJSON(env.Out, sinks)
		}
		for _, s := range sinks {
			fmt.Fprintf(env.Out, "%-10s up to %d, %d behind", s.Name, s.Position, s.Behind)
			if s.Attempts > 0 {
				fmt.Fprintf(env.Out, ", %d failed tries: %s", s.Attempts, s.LastError)
			}
			fmt.Fprintln(env.Out)
		}
		return nil
	})
}

type eventsParked struct {
	config.Migrate `group:"database"`
	Sink           string `name:"sink" placeholder:"SINK" help:"Only those of this sink."`
	Limit          int    `name:"limit" default:"100" placeholder:"N" help:"At most so many."`
	JSON           bool   `name:"json" help:"Write JSON."`
}

// Run lists events that a sink could never take.
func (c *eventsParked) Run(ctx context.Context, env *Env) error {
	return postgres{Common: c.Common, Database: c.Database}.withPool(ctx, env, func(ctx context.Context, pool *pgxpool.Pool) error {
		list, err := eventpg.ParkedEvents(ctx, pool, c.Sink, c.Limit)
		if err != nil {
			return err
		}
		if c.JSON {
			return writeJSON(env.Out, list)
		}
		if len(list) == 0 {
			fmt.Fprintln(env.Err, "nothing is parked")
		}
		for _, p := range list {
			fmt.Fprintf(env.Out, "%s  %-10s %6d  %-20s %s\n", p.ParkedAt.In(env.Zone).Format(time.DateTime), p.Sink, p.Position, p.Type, p.Reason)
		}
		return nil
	})
}

type eventsReplay struct {
	config.Migrate `group:"database"`
	From           int64  `name:"from" required:"" placeholder:"POSITION" help:"The first event that goes out again."`
	To             int64  `name:"to" placeholder:"POSITION" help:"The last one (default: the last that went out)."`
	Sink           string `name:"sink" default:"main" placeholder:"SINK" help:"Where to: main, kafka or rabbitmq."`
	NoWait         bool   `name:"no-wait" help:"Ask for it, and do not wait until it is done."`
}

// Help implements kong.HelpProvider.
func (eventsReplay) Help() string {
	return `Whoever relays to the sink publishes the events again, in their order, beside what is new. Consumers know them by their ids.

    brigade events replay --from 1200 --to 1400 --sink kafka`
}

// Validate names every faulty flag.
func (c *eventsReplay) Validate() error {
	var f errs.Fields
	if c.From < 1 {
		f.Add("--from", "must be at least 1")
	}
	if c.To != 0 && c.To < c.From {
		f.Add("--to", "must not be before --from")
	}
	return f.Err()
}

// Run asks for a replay and waits for its end.
func (c *eventsReplay) Run(ctx context.Context, env *Env) error {
	return postgres{Common: c.Common, Database: c.Database}.withPool(ctx, env, func(ctx context.Context, pool *pgxpool.Pool) error {
		id, end, err := eventpg.AskReplay(ctx, pool, c.Sink, c.From, c.To)
		if err != nil || c.NoWait {
			return err
		}
		fmt.Fprintf(env.Err, "events %d to %d go to %s again\n", c.From, end, c.Sink)
		return await(ctx, env, pool, id)
	})
}

// soonBegun is how long a replay may take to begin before that is worth a word.
const soonBegun = 10 * time.Second

func await(ctx context.Context, env *Env, pool *pgxpool.Pool, id int64) error {
	said, asked, hinted := "", time.Now(), false
	for {
		r, err := eventpg.ReplayState(ctx, pool, id)
		if !hinted && time.Since(asked) > soonBegun {
			hinted = true
			fmt.Fprintln(env.Err, "brigade: not done yet; it needs a running brigade that relays to this sink (Ctrl-C leaves it asked for)")
		}
		switch {
		case err != nil:
			return err
		case r.Done:
			fmt.Fprintf(env.Out, "done up to %d\n", r.To)
			return nil
		case r.LastError != "" && r.LastError != said:
			said = r.LastError
			fmt.Fprintf(env.Err, "brigade: at %s: %s\n", strconv.FormatInt(r.Position, 10), said)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// Help implements kong.HelpProvider.
func (eventsSinks) Help() string {
	return "How far each sink has come, and what it fails at.\n\n    brigade events sinks\n    brigade events sinks --forget kafka"
}

// Help implements kong.HelpProvider.
func (eventsParked) Help() string {
	return "Events that a sink could never take, with the reason.\n\n    brigade events parked --sink kafka"
}
