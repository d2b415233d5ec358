package cli

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
)

type versionCommand struct {
	JSON bool `name:"json" help:"Write JSON."`
}

// Help implements kong.HelpProvider.
func (versionCommand) Help() string {
	return `For example:

    brigade version`
}

// build is what a binary knows of its making.
type build struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"` // of the source; "" when it was built without knowing
	Changed  bool   `json:"changed,omitempty"`  // the source differed from the revision
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// Run tells which brigade this is.
func (c *versionCommand) Run(env *Env) error {
	b := thisBuild()
	if c.JSON {
		return writeJSON(env.Out, b)
	}
	fmt.Fprintln(env.Out, b)
	return nil
}

func thisBuild() build {
	b := build{Version: "devel", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	b.Version = cmp.Or(strings.Trim(info.Main.Version, "()"), b.Version)
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Revision = s.Value
		case "vcs.modified":
			b.Changed = s.Value == "true"
		}
	}
	return b
}

// String writes "brigade devel, revision 1234567 (changed), go1.26.0 linux/amd64".
func (b build) String() string {
	parts := []string{"brigade " + b.Version}
	if b.Revision != "" {
		revision := "revision " + b.Revision[:min(12, len(b.Revision))]
		if b.Changed {
			revision += " (changed)"
		}
		parts = append(parts, revision)
	}
	return strings.Join(append(parts, b.Go+" "+b.Platform), ", ")
}
