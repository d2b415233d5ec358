package archtest

import (
	"path"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestArrows(t *testing.T) {
	t.Parallel()
	g := loadGraph(t)
	require.Contains(t, g, "./internal/errs", "the graph is not this module's")
	if faults := g.check(rules()); len(faults) > 0 {
		t.Errorf("%d imports go against the arrows of the design:\n  %s", len(faults), strings.Join(faults, "\n  "))
	}
}

func TestForbiddenImportsAreFound(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ pkg, imported string }{
		{"./internal/money", "github.com/google/uuid"},
		{"./internal/recipe", "./internal/clock"},
		{"./internal/errs", "./internal/event"},
		{"./internal/kitchen/sched", "os"},
		{"./internal/kitchen/sched", "net/url"},
		{"./internal/kitchen/sched", "log/slog"},
		{"./internal/kitchen/sched", "./internal/clock"},
		{"./internal/planning/forecast", "github.com/jackc/pgx/v5"},
		{"./internal/workflow/schedule", "./internal/clock"},
		{"./internal/workflow/schedule", "./internal/planning/holiday"},
		{"./internal/order", "./internal/menu"},
		{"./internal/order", "./internal/kitchen/sched"},
		{"./internal/order", "./internal/order/orderpg"},
		{"./internal/order", "./internal/store"},
		{"./internal/kitchen", "net/http"},
		{"./internal/kitchen", "github.com/riverqueue/river"},
		{"./internal/tenant", "github.com/jackc/pgx/v5/pgxpool"},
		{"./internal/order/orderpg", "./internal/kitchen/kitchenpg"},
		{"./internal/order/orderpg", "./internal/telemetry"},
		{"./internal/order/orderpg", "./internal/kitchen/kitchenpg/db"},
		{"./internal/api", "./internal/order/orderpg"},
		{"./internal/api", "./internal/store"},
		{"./internal/web", "github.com/jackc/pgx/v5"},
		{"./internal/sim", "./internal/app"},
		{"./internal/sim", "./internal/order/orderpg/db"},
		{"./internal/store", "./internal/order"},
		{"./internal/event", "./internal/order"},
		{"./cmd/brigade", "./internal/kitchen"},
		{"./internal/app", "testing"},
		{"./internal/app", "./internal/store/pgtest"},
	} {
		faults := graph{c.pkg: {c.imported}}.check(rules())
		require.NotEmpty(t, faults, "%s may not import %s", c.pkg, c.imported)
		require.True(t, strings.HasPrefix(faults[0], c.pkg+" imports "+c.imported+": "), faults[0])
	}
}

func TestWantedImportsAreAllowed(t *testing.T) {
	t.Parallel()
	g := graph{
		"./internal/errs":                     {"errors"},
		"./internal/actor":                    {"context", "./internal/errs"},
		"./internal/kitchen/sched":            {"slices", "time", "gonum.org/v1/gonum/optimize"},
		"./internal/kitchen":                  {"context", "./internal/kitchen/sched", "./internal/event", "./internal/recipe"},
		"./internal/kitchen/kitchenpg":        {"./internal/kitchen", "./internal/kitchen/kitchenpg/db", "./internal/store"},
		"./internal/kitchen/kitchenpg/db":     {"context", "github.com/jackc/pgx/v5"},
		"./internal/store/pgtest":             {"testing", "./internal/store", "github.com/stretchr/testify/require"},
		"./internal/store/pgtest/cmd/withpg":  {"os", "./internal/store/pgtest"},
		"./internal/api":                      {"net/http", "./internal/order", "./internal/kitchen"},
		"./internal/app":                      {"./internal/order/orderpg", "./internal/api", "./internal/store"},
		"./cmd/brigade":                       {"os", "./internal/app", "./internal/config", "github.com/alecthomas/kong"},
		"./internal/event/eventpg":            {"./internal/event", "./internal/store", "github.com/jackc/pgx/v5"},
		"./internal/event/eventtest/inmemory": {"testing"},
	}
	require.Empty(t, g.check(rules()))
}

func TestRulesAreWellFormed(t *testing.T) {
	t.Parallel()
	for _, r := range rules() {
		require.NotEmpty(t, r.why)
		require.NotEmpty(t, r.from, r.why)
		require.NotEmpty(t, join(r.only, r.deny...), "%s: forbids nothing", r.why)
		for _, pattern := range join(r.from, join(r.except, join(r.only, r.deny...)...)...) {
			_, err := path.Match(pattern, "")
			require.NoError(t, err, pattern)
		}
	}
}

func TestMatch(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, pkg string
		want         bool
	}{
		{std, "net/http", true},
		{std, "./internal/order", false},
		{std, "gonum.org/v1/gonum", false},
		{thirdParty, "gonum.org/v1/gonum", true},
		{thirdParty, "./internal/order", false},
		{thirdParty, "os", false},
		{"./internal/order", "./internal/order", true},
		{"./internal/order", "./internal/orders", false},
		{"./internal/order/...", "./internal/order", true},
		{"./internal/order/...", "./internal/order/orderpg/db", true},
		{"./internal/order/...", "./internal/orders", false},
		{"./internal/*/*pg", "./internal/order/orderpg", true},
		{"./internal/*/*pg", "./internal/order/orderpg/db", false},
		{"./internal/*/*pg/...", "./internal/order/orderpg/db", true},
		{"./...", "./cmd/brigade", true},
		{"./...", "os", false},
		{"os/...", "os", true},
		{"os/...", "os/exec", true},
	} {
		require.Equal(t, c.want, match(c.pattern, c.pkg), "%s on %s", c.pattern, c.pkg)
	}
}

func TestParseGraph(t *testing.T) {
	t.Parallel()
	g, err := parseGraph(strings.NewReader(`
		{"ImportPath": "brigade/internal/a", "Module": {"Path": "brigade"}, "Imports": ["brigade/internal/b", "brigadeer/c", "os"]}
		{"ImportPath": "brigade/internal/b", "Module": {"Path": "brigade"}}`))
	require.NoError(t, err)
	require.Equal(t, graph{"./internal/a": {"./internal/b", "brigadeer/c", "os"}, "./internal/b": nil}, g)
}
