package config

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/goccy/go-yaml"

	"brigade/internal/errs"
)

// File is the flag that names the YAML file with settings. Its keys are the names of flags; a flag or an
// environment variable wins over it. Keys that belong to another command are left alone, unknown ones are faults.
type File string

// BeforeResolve implements kong's hook: the file is read before unset flags get their values.
func (f File) BeforeResolve(ctx *kong.Context, trace *kong.Path) error {
	path, ok := ctx.FlagValue(trace.Flag).(File)
	if !ok || path == "" {
		return nil
	}
	body, err := os.ReadFile(string(path))
	if err != nil {
		return errs.Invalid("--config: %s", err)
	}
	r := &resolver{path: string(path)}
	if err := yaml.Unmarshal(body, &r.values); err != nil {
		return errs.Invalid("--config: %s is not YAML of the form name: value: %s", path, yaml.FormatError(err, false, false))
	}
	if err := r.Validate(ctx.Model); err != nil {
		return err
	}
	ctx.AddResolver(r)
	return nil
}

// resolver gives kong the values of a YAML file.
type resolver struct {
	path   string
	values map[string]any
}

// Validate names every key that is no command's flag.
func (r *resolver) Validate(app *kong.Application) error {
	known := map[string]bool{}
	var visit func(n *kong.Node)
	visit = func(n *kong.Node) {
		for _, flag := range n.Flags {
			known[flag.Name] = true
		}
		for _, child := range n.Children {
			visit(child)
		}
	}
	visit(app.Node)
	var faults errs.Fields
	for _, key := range slices.Sorted(maps.Keys(r.values)) {
		if !known[key] || key == "config" || key == "help" {
			faults.Add(r.path+": "+key, "is not a setting")
		}
	}
	return faults.Err()
}

// Resolve returns the file's value for a flag, or nil: the environment wins, and a key without a value says nothing.
func (r *resolver) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	for _, env := range flag.Envs {
		if os.Getenv(env) != "" {
			return nil, nil
		}
	}
	v, ok := r.values[flag.Name]
	if !ok || v == nil {
		return nil, nil
	}
	return scalar(v)
}

// scalar turns a YAML value into what the flag would have on the command line.
func scalar(v any) (any, error) {
	switch v := v.(type) {
	case []any:
		parts := make([]string, len(v))
		for i, p := range v {
			parts[i] = fmt.Sprint(p)
		}
		return strings.Join(parts, ","), nil
	case map[string]any:
		return nil, errs.Invalid("must be one value or a list, not a map")
	case bool:
		return v, nil
	default:
		return fmt.Sprint(v), nil
	}
}
