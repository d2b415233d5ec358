package cli

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

type staffLeave struct {
	Name string `arg:"" name:"name" help:"Who, by name or id."`

	AtOutlet `group:"server"`
	Remote   `group:"server"`
}

// Help implements kong.HelpProvider.
func (staffLeave) Help() string {
	return `He gets nothing until his next shift. What he works on is listed: hand it to somebody.

    brigade staff leave Asha`
}

// Run lets somebody go.
func (c *staffLeave) Run(ctx context.Context, env *Env) error {
	type reply struct {
		Until *time.Time  `json:"until"`
		Begun []taskReply `json:"begun"`
	}
	req := request{method: http.MethodPost, path: "/kitchen/staff/" + url.PathEscape(c.Name) + "/leave", query: c.query()}
	return ask(ctx, env, &c.Remote, req, func(r reply) error {
		until := "until brigade staff back"
		if r.Until != nil {
			until = "until " + env.at(r.Until)
		}
		fmt.Fprintf(env.Out, "%s has left, %s\n", c.Name, until)
		if len(r.Begun) == 0 {
			return nil
		}
		return showTasks(env, r.Begun)
	})
}
