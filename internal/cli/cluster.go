package cli

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"

	"brigade/internal/config"
	"brigade/internal/kitchen/readyqueue"
	"brigade/internal/lease"
	"brigade/internal/live"
)

type clusterCommand struct {
	config.Migrate `group:"database"`
	RedisURL       config.URL `name:"redis-url" env:"BRIGADE_REDIS_URL,REDIS_URL" placeholder:"URL" help:"Tell how this Redis is as well."`
	JSON           bool       `name:"json" help:"Write JSON."`
}

// Help implements kong.HelpProvider.
func (clusterCommand) Help() string {
	return `Each kitchen, and each relay of events, has one node that decides for it. This asks Postgres, so it also tells when no node answers.
Of Redis it tells whether it answers and how many ready tasks it shows; without it everything goes on.

    brigade cluster`
}

// Run lists nodes and owners.
func (c *clusterCommand) Run(ctx context.Context, env *Env) error {
	return postgres{Common: c.Common, Database: c.Database}.withPool(ctx, env, func(ctx context.Context, pool *pgxpool.Pool) error {
		state, err := lease.Cluster(ctx, pool)
		if err != nil {
			return err
		}
		redis, err := lookAtRedis(ctx, c.RedisURL)
		if err != nil {
			return err
		}
		if c.JSON {
			return writeJSON(env.Out, clusterView{state, redis})
		}
		if err := showCluster(env, state); err != nil || redis == nil {
			return err
		}
		return redis.show(env)
	})
}

// clusterView is what is told about a cluster.
type clusterView struct {
	lease.State
	Redis *redisView `json:"redis,omitempty"`
}

// redisView is how Redis is.
type redisView struct {
	URL      string `json:"url"`
	Up       bool   `json:"up"`
	Why      string `json:"why,omitempty"` // it is not up
	Kitchens int    `json:"kitchens"`      // whose ready queues were shown in it
	Tasks    int64  `json:"ready_tasks"`
}

// lookAtRedis asks a Redis how it is; nil when there is none. Errors: KindInvalid.
func lookAtRedis(ctx context.Context, url config.URL) (*redisView, error) {
	if url == "" {
		return nil, nil
	}
	link, err := live.Open(url.Reveal(), "brigade cluster", slog.New(slog.DiscardHandler), nil)
	if err != nil {
		return nil, err
	}
	defer link.Close()
	v := &redisView{URL: url.String()}
	shown, err := readyqueue.Look(ctx, link.Client())
	if err != nil {
		v.Why = live.Explain(err)
		return v, nil
	}
	v.Up, v.Kitchens, v.Tasks = true, shown.Kitchens, shown.Tasks
	return v, nil
}

func (v *redisView) show(env *Env) error {
	fmt.Fprintln(env.Out)
	t := newTable(env.Out, "REDIS", "STATE", "KITCHENS", "READY TASKS")
	state := "up"
	if !v.Up {
		state = v.Why
	}
	t.row(v.URL, state, v.Kitchens, v.Tasks)
	return t.end()
}

func showCluster(env *Env, s lease.State) error {
	owned := map[int64]int{}
	for _, l := range s.Leases {
		owned[l.Node]++
	}
	t := newTable(env.Out, "NODE", "NAME", "ROLES", "STATE", "SINCE", "OWNS")
	for _, n := range s.Nodes {
		t.row(n.ID, n.Name, strings.Join(n.Roles, ","), aliveText(n.Alive), env.at(&n.Started), owned[n.ID])
	}
	if err := t.end(); err != nil {
		return err
	}
	fmt.Fprintln(env.Out)
	t = newTable(env.Out, "RESOURCE", "OWNER", "STATE", "SINCE", "FENCE")
	for _, l := range s.Leases {
		owner, state := "-", "nobody"
		if l.Node != 0 {
			owner, state = fmt.Sprintf("%d %s", l.Node, l.NodeName), aliveText(l.Alive)
		}
		t.row(l.Resource, owner, state, env.at(l.Since), l.Fence)
	}
	return t.end()
}

func aliveText(alive bool) string {
	if alive {
		return "alive"
	}
	return "dead"
}
