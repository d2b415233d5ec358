package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"

	"brigade/internal/config"
	"brigade/internal/lease"
)

type clusterCommand struct {
	config.Migrate `group:"database"`
	JSON           bool `name:"json" help:"Write JSON."`
}

// Help implements kong.HelpProvider.
func (clusterCommand) Help() string {
	return `Each kitchen, and each relay of events, has one node that decides for it. This asks Postgres, so it also tells when no node answers.

    brigade cluster`
}

// Run lists nodes and owners.
func (c *clusterCommand) Run(ctx context.Context, env *Env) error {
	return postgres{Common: c.Common, Database: c.Database}.withPool(ctx, env, func(ctx context.Context, pool *pgxpool.Pool) error {
		state, err := lease.Cluster(ctx, pool)
		if err != nil {
			return err
		}
		if c.JSON {
			return writeJSON(env.Out, state)
		}
		return showCluster(env, state)
	})
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
