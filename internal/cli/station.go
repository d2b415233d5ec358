package cli

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
)

type stationCommand struct {
	List  stationList  `cmd:"" help:"The stations and their work."`
	Close stationClose `cmd:"" help:"Close a station; its work goes to another one."`
	Open  stationOpen  `cmd:"" help:"Open a closed station."`
}

type stationList struct {
	AtOutlet `group:"server"`
	Remote   `group:"server"`
}

// Help implements kong.HelpProvider.
func (stationList) Help() string {
	return `For example:

    brigade station list`
}

// Run lists the stations.
func (c *stationList) Run(ctx context.Context, env *Env) error {
	type station struct {
		Name                                        string `json:"name"`
		Capacity, Assigned, Started, Ready, Blocked int
		ClosedTo                                    string `json:"closed_to"`
		Reason                                      string `json:"reason"`
	}
	return ask(ctx, env, &c.Remote, request{path: "/kitchen/stations", query: c.query()}, func(stations []station) error {
		t := newTable(env.Out, "NAME", "STATE", "COOKING", "ASSIGNED", "READY", "BLOCKED", "CAPACITY", "REASON")
		for _, s := range stations {
			state := "open"
			if s.ClosedTo != "" {
				state = "closed, to " + s.ClosedTo
			}
			t.row(s.Name, state, s.Started, s.Assigned, s.Ready, s.Blocked, s.Capacity, s.Reason)
		}
		return t.end()
	})
}

// StationRef names a station.
type StationRef struct {
	Name string `arg:"" name:"name" help:"Which, by name or id."`
}

func (r StationRef) path(action string) string {
	return "/kitchen/stations/" + url.PathEscape(r.Name) + "/" + action
}

type stationClose struct {
	StationRef
	To     string `name:"to" required:"" placeholder:"NAME" help:"The station that takes over."`
	Reason string `name:"reason" placeholder:"TEXT" help:"Why, for the others."`

	AtOutlet `group:"server"`
	Remote   `group:"server"`
}

// Help implements kong.HelpProvider.
func (stationClose) Help() string {
	return `What nobody has begun there moves, and new work goes there too.

    brigade station close fryer --to griller --reason quiet`
}

// Run closes the station.
func (c *stationClose) Run(ctx context.Context, env *Env) error {
	req := request{method: http.MethodPost, path: c.path("close"), query: c.query(), body: map[string]string{"to": c.To, "reason": c.Reason}}
	return ask(ctx, env, &c.Remote, req, func(any) error {
		_, err := fmt.Fprintf(env.Out, "%s is closed, %s takes over\n", c.Name, c.To)
		return err
	})
}

type stationOpen struct {
	StationRef

	AtOutlet `group:"server"`
	Remote   `group:"server"`
}

// Help implements kong.HelpProvider.
func (stationOpen) Help() string {
	return `For example:

    brigade station open fryer`
}

// Run opens the station.
func (c *stationOpen) Run(ctx context.Context, env *Env) error {
	return ask(ctx, env, &c.Remote, request{method: http.MethodPost, path: c.path("open"), query: c.query()}, func(any) error {
		_, err := fmt.Fprintf(env.Out, "%s is open\n", c.Name)
		return err
	})
}
