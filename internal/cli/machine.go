package cli

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
)

type machineCommand struct {
	List machineList `cmd:"" help:"The machines and what is on them."`
	Down machineDown `cmd:"" help:"Take a machine down; what was not started on it goes elsewhere."`
	Up   machineUp   `cmd:"" help:"Bring a machine up again."`
}

type machineList struct {
	AtOutlet `group:"server"`
	Remote   `group:"server"`
}

// Help implements kong.HelpProvider.
func (machineList) Help() string {
	return `For example:

    brigade machine list`
}

// machineReply is a machine as the API gives it.
type machineReply struct {
	Name     string `json:"name"`
	Station  string `json:"station"`
	Capacity int    `json:"capacity"`
	Busy     int    `json:"busy"`
	Up       bool   `json:"up"`
	Reason   string `json:"reason"`
}

func (m machineReply) state() string {
	if m.Up {
		return "up"
	}
	return "down"
}

// Run lists the machines.
func (c *machineList) Run(ctx context.Context, env *Env) error {
	return ask(ctx, env, &c.Remote, request{path: "/kitchen/machines", query: c.query()}, func(machines []machineReply) error {
		t := newTable(env.Out, "NAME", "STATION", "STATE", "IN USE", "REASON")
		for _, m := range machines {
			t.row(m.Name, m.Station, m.state(), fmt.Sprintf("%d of %d", m.Busy, m.Capacity), m.Reason)
		}
		return t.end()
	})
}

// MachineRef names a machine.
type MachineRef struct {
	Name string `arg:"" name:"name" help:"Which, by name or id."`
}

// set sends a machine's new state and says it.
func (m MachineRef) set(ctx context.Context, env *Env, r *Remote, query url.Values, action string, body any) error {
	req := request{method: http.MethodPost, path: "/kitchen/machines/" + url.PathEscape(m.Name) + "/" + action, query: query, body: body}
	return ask(ctx, env, r, req, func(any) error {
		_, err := fmt.Fprintf(env.Out, "%s is %s\n", m.Name, action)
		return err
	})
}

type machineDown struct {
	MachineRef
	Reason string `name:"reason" placeholder:"TEXT" help:"Why, for the others."`

	AtOutlet `group:"server"`
	Remote   `group:"server"`
}

// Help implements kong.HelpProvider.
func (machineDown) Help() string {
	return `For example:

    brigade machine down grill-1 --reason "gas is out"`
}

// Run takes the machine down.
func (c *machineDown) Run(ctx context.Context, env *Env) error {
	return c.set(ctx, env, &c.Remote, c.query(), "down", map[string]string{"reason": c.Reason})
}

type machineUp struct {
	MachineRef

	AtOutlet `group:"server"`
	Remote   `group:"server"`
}

// Help implements kong.HelpProvider.
func (machineUp) Help() string {
	return `For example:

    brigade machine up grill-1`
}

// Run brings the machine up.
func (c *machineUp) Run(ctx context.Context, env *Env) error {
	return c.set(ctx, env, &c.Remote, c.query(), "up", nil)
}
