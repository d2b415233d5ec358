package archtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// graph holds, for each package of the module, what it imports outside its tests. Paths are written as in patterns.
type graph map[string][]string

// loadGraph asks the go command for the module's packages.
func loadGraph(t *testing.T) graph {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-e", "-json=ImportPath,Imports,Module", "./...")
	cmd.Dir = moduleRoot(t)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	require.NoError(t, err, "go list")
	g, err := parseGraph(strings.NewReader(string(out)))
	require.NoError(t, err)
	return g
}

// moduleRoot is the folder of go.mod, looked for upwards from this package.
func moduleRoot(t *testing.T) string {
	t.Helper()
	folder, err := os.Getwd()
	require.NoError(t, err)
	for {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			return folder
		}
		up := filepath.Dir(folder)
		require.NotEqual(t, folder, up, "no go.mod above the test")
		folder = up
	}
}

// parseGraph reads what go list -json prints: one object after the other.
func parseGraph(r io.Reader) (graph, error) {
	g := graph{}
	for decoder := json.NewDecoder(r); ; {
		var pkg struct {
			ImportPath string
			Imports    []string
			Module     struct{ Path string }
		}
		err := decoder.Decode(&pkg)
		if errors.Is(err, io.EOF) {
			return g, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read go list: %w", err)
		}
		var imports []string
		for _, imported := range pkg.Imports {
			imports = append(imports, relative(imported, pkg.Module.Path))
		}
		g[relative(pkg.ImportPath, pkg.Module.Path)] = imports
	}
}

// relative writes a package of the module as "./…".
func relative(importPath, module string) string {
	if rest, ok := strings.CutPrefix(importPath, module+"/"); ok {
		return "./" + rest
	}
	return importPath
}

// check returns one sentence for each import that a rule forbids, in the order of packages and imports.
func (g graph) check(rules []rule) []string {
	var faults []string
	for pkg, imports := range g {
		for _, imported := range imports {
			for _, r := range rules {
				if r.forbids(pkg, imported) {
					faults = append(faults, fmt.Sprintf("%s imports %s: %s", pkg, imported, r.why))
				}
			}
		}
	}
	slices.Sort(faults)
	return slices.Compact(faults)
}

func (r rule) forbids(pkg, imported string) bool {
	if !matchAny(r.from, pkg) || matchAny(r.except, pkg) {
		return false
	}
	return matchAny(r.deny, imported) || r.only != nil && !matchAny(r.only, imported)
}

func matchAny(patterns []string, pkg string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return match(p, pkg) })
}

// match tells whether a pattern names a package.
func match(pattern, pkg string) bool {
	switch pattern {
	case std:
		return isStd(pkg)
	case thirdParty:
		return !isStd(pkg) && !strings.HasPrefix(pkg, "./")
	}
	if tree, ok := strings.CutSuffix(pattern, "/..."); ok {
		depth := strings.Count(tree, "/") + 1
		elements := strings.Split(pkg, "/")
		return len(elements) >= depth && matchPath(tree, strings.Join(elements[:depth], "/"))
	}
	return matchPath(pattern, pkg)
}

func matchPath(pattern, pkg string) bool {
	ok, err := path.Match(pattern, pkg)
	return err == nil && ok
}

// isStd: only other modules have a dot in the first element of their paths, and this one is written with "./".
func isStd(pkg string) bool {
	first, _, _ := strings.Cut(pkg, "/")
	return !strings.Contains(first, ".")
}
