package cli

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"brigade/internal/leaktest"
)

// The environment of whoever runs the tests has no say.
func TestMain(m *testing.M) {
	for _, kv := range os.Environ() {
		if name, _, _ := strings.Cut(kv, "="); name == "DATABASE_URL" || strings.HasPrefix(name, "BRIGADE_") && name != "BRIGADE_TEST_POSTGRES" {
			_ = os.Unsetenv(name) // only an impossible name fails
		}
	}
	leaktest.Main(m, goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop"),
		goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"))
}

// result is what a command left behind.
type result struct {
	code     int
	out, err string
}

// run runs a command in this process.
func run(t *testing.T, args ...string) result {
	t.Helper()
	return runContext(t.Context(), args...)
}

func runContext(ctx context.Context, args ...string) result {
	var out, err bytes.Buffer
	code := Run(ctx, &struct{ Commands }{}, args, &Env{Out: &out, Err: &err, Zone: time.UTC})
	return result{code, out.String(), err.String()}
}

// ok runs a command that must succeed and returns what it wrote to stdout.
func ok(t *testing.T, args ...string) string {
	t.Helper()
	r := run(t, args...)
	require.Equal(t, ExitDone, r.code, r.err)
	return r.out
}

// serve answers each path with a text, and returns the flags that lead there.
func serve(t *testing.T, answers map[string]string) (flag string, asked *[]string) {
	t.Helper()
	asked = new([]string)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body bytes.Buffer
		_, _ = body.ReadFrom(r.Body)
		*asked = append(*asked, strings.TrimSpace(r.Method+" "+r.URL.RequestURI()+" "+body.String()))
		text, known := answers[r.Method+" "+r.URL.Path]
		if !known {
			w.WriteHeader(http.StatusNotFound)
			text = `{"type":"urn:brigade:problem:not_found","detail":"there is nothing here"}`
		}
		_, _ = w.Write([]byte(text))
	}))
	t.Cleanup(s.Close)
	return "--server=" + s.URL, asked
}

// Every command can be found, is explained in one line, and shows an example of itself.
func TestEveryCommandHasHelp(t *testing.T) {
	t.Parallel()
	parser, err := kong.New(&struct{ Commands }{}, style()...)
	require.NoError(t, err)
	for _, leaf := range parser.Model.Leaves(false) {
		require.NotEmpty(t, leaf.Help, leaf.Path())
		require.LessOrEqual(t, len(leaf.Help), 90, leaf.Path())
		require.Contains(t, leaf.Detail, "    brigade "+leaf.Path(), leaf.Path())
		require.NotNil(t, leaf.ClosestGroup(), leaf.Path())
	}
	for _, group := range parser.Model.Children { // one of each: they are all printed in one way
		leaf := group.Path()
		if leaves := group.Leaves(false); len(leaves) > 0 {
			leaf = leaves[0].Path()
		}
		text := ok(t, append(strings.Fields(leaf), "--help")...)
		require.Contains(t, text, "Usage: brigade "+leaf)
		require.Contains(t, text, "    brigade "+leaf)
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	text := ok(t, "--help")
	for _, part := range []string{
		"Set up:", "Operate a running Brigade:", "Inspect:", "order ", "brigade order place --item", "Exit codes",
	} {
		require.Contains(t, text, part)
	}
	require.Contains(t, ok(t, "token", "create", "--help"), "Use this Postgres instead")
	require.Contains(t, ok(t, "order", "list", "--help"), "(default: 20).")
	r := run(t)
	require.Equal(t, result{ExitMisuse, "", text}, r, "nothing typed shows the help and is wrong use")
}

func TestCommandsFitOnOneLineOfHelp(t *testing.T) {
	t.Parallel()
	parser, err := kong.New(&struct{ Commands }{}, style()...)
	require.NoError(t, err)
	for _, c := range parser.Model.Children {
		require.LessOrEqual(t, len(c.Help), 67, c.Name)
	}
}

func TestMisuse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ args, want string }{
		{"order", `expected one of "list"`},
		{"ordr list", "unexpected argument ordr"},
		{"order list --lots", "unknown flag --lots"},
		{"order list --limit 1000", "--limit must be from 1 to 200"},
		{"order list --limit many", "expected a valid 64 bit int"},
		{"order list --status eaten", `not "eaten"`},
		{"order show", `expected "<ref>"`},
		{"order place", "missing flags: --item"},
		{"order place --item burger=two", `not "burger=two"`},
		{"task start x", "expected a valid 64 bit int"},
		{"task queue --offset=-1", "--offset must not be below 0"},
		{"staff break Asha --minutes 9999", "--minutes must be from 1 to 1440"},
		{"events tail --type TASK_EATEN", `not "TASK_EATEN"`},
		{"token create --tenant demo --name x --role king", `not "king"`},
		{"token create --tenant demo --name x --role cook --expires-days=-1", "--expires-days"},
		{"token revoke", `expected "<id>"`},
		{"load no-such-file.yaml", "no-such-file.yaml"},
		{"migrate status --log-level loud", "--log-level"},
		{"migrate status --database-url postgres://h:port/x", "--database-url"},
		{"order list --config no-such-file.yaml", "--config"},
	} {
		r := run(t, strings.Fields(c.args)...)
		require.Equal(t, ExitMisuse, r.code, c.args)
		require.Contains(t, r.err, c.want, c.args)
		require.Regexp(t, `See brigade.* --help\n$`, r.err, c.args)
		require.Empty(t, r.out, c.args)
	}
}

func TestSeveralFaultsGetALineEach(t *testing.T) {
	t.Parallel()
	r := run(t, "order", "list", "--limit", "0", "--before=-1")
	require.Equal(t, ExitMisuse, r.code)
	require.Equal(t, "brigade: 2 things are wrong:\n  --limit must be from 1 to 200\n  --before must not be below 0\n"+
		"See brigade order list --help\n", r.err)
}

func TestModesAreCommands(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"--mode=order-service", "--port", "3000"},
		{"--port", "3000", "--mode", "order-service"},
		{"order-service", "--port", "3000"},
	} {
		got, err := withoutMode(args)
		require.NoError(t, err)
		require.Equal(t, []string{"order-service", "--port", "3000"}, got)
	}
	got, err := withoutMode([]string{"version"})
	require.NoError(t, err)
	require.Equal(t, []string{"version"}, got)
	for _, args := range [][]string{{"--mode"}, {"--mode=waiter"}, {"--mode", "version"}} {
		r := run(t, args...)
		require.Equal(t, ExitMisuse, r.code)
		require.Contains(t, r.err, "--mode must be order-service, kitchen-worker, tracking-service, notification-subscriber, orchestrator, not ")
	}
}

func TestSettingsFromFileAndEnvironment(t *testing.T) {
	flag, asked := serve(t, map[string]string{"GET /api/v1/menu": "[]"})
	file := filepath.Join(t.TempDir(), "brigade.yaml")
	server := strings.TrimPrefix(flag, "--server=")
	require.NoError(t, os.WriteFile(file, []byte("server: "+server+"\noutlet: pizzeria\n"), 0o600))
	ok(t, "menu", "list", "--config", file)
	t.Setenv("BRIGADE_OUTLET", "kitchen")
	ok(t, "menu", "list", "--config", file)
	require.Equal(t, []string{"GET /api/v1/menu?outlet=pizzeria", "GET /api/v1/menu?outlet=kitchen"}, *asked)
}

func TestVersion(t *testing.T) {
	t.Parallel()
	require.Regexp(t, `^brigade \S+, .*go1\.\d+.* \w+/\w+\n$`, ok(t, "version"))
	require.Contains(t, ok(t, "version", "--json"), `"platform":`)
	require.Equal(t, "brigade v1.2.3, revision 0123456789ab (changed), go1.26 linux/amd64",
		build{Version: "v1.2.3", Revision: "0123456789abcdef", Changed: true, Go: "go1.26", Platform: "linux/amd64"}.String())
}
