package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/lease"
	"brigade/internal/menu/load"
	"brigade/internal/store"
	"brigade/internal/store/pgtest"
)

// demoFile writes the demo restaurant's file.
func demoFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "demo.yaml")
	require.NoError(t, os.WriteFile(path, load.Demo(), 0o600))
	return path
}

func TestLoad(t *testing.T) {
	t.Parallel()
	url, file := "--database-url="+pgtest.NewURL(t), demoFile(t)
	dry := ok(t, "load", file, url, "--dry-run")
	require.Contains(t, dry, "this would change, nothing was changed:\n+ tenant demo")
	require.Contains(t, ok(t, "load", file, url), "+ kitchen: item burger_combo")
	require.Equal(t, "nothing to change\n", ok(t, "load", file, url))
	var diff load.Diff
	require.NoError(t, json.Unmarshal([]byte(ok(t, "load", file, url, "--json")), &diff))
	require.Equal(t, load.Diff{Tenant: "demo", Changes: []load.Change{}}, diff)
}

func TestLoadNamesEveryFault(t *testing.T) {
	t.Parallel()
	text := strings.ReplaceAll(string(load.Demo()), "station: griller", "station: moon")
	file := filepath.Join(t.TempDir(), "faulty.yaml")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	r := run(t, "load", file, "--database-url="+pgtest.NewURL(t))
	require.Equal(t, ExitFailed, r.code)
	require.Contains(t, r.err, file+":")
	require.Greater(t, strings.Count(r.err, "moon"), 1)
}

func TestTokens(t *testing.T) {
	t.Parallel()
	url := "--database-url=" + pgtest.NewURL(t)
	r := run(t, "token", "create", "--tenant", "demo", "--name", "me", "--role", "owner", url)
	require.Equal(t, ExitFailed, r.code)
	require.Contains(t, r.err, "there are no tenants yet: load one with brigade load FILE.yaml")
	ok(t, "load", demoFile(t), url)

	r = run(t, "token", "create", "--tenant", "demo", "--name", "Till 1", "--role", "integrator", "--expires-days", "30", url)
	require.Equal(t, ExitDone, r.code, r.err)
	require.Regexp(t, `^brg_[A-Za-z0-9_-]{43}\n$`, r.out, "a script can catch it")
	require.Contains(t, r.err, "Keep it")
	var made tokenRow
	require.NoError(t, json.Unmarshal([]byte(ok(t, "token", "create", "--tenant=demo", "--name=me", "--role=owner", "--outlet=kitchen", "--json", url)), &made))
	require.Regexp(t, "^brg_", made.Token)
	require.Equal(t, "kitchen", made.Outlet)

	list := ok(t, "token", "list", url)
	require.NotContains(t, list, "brg_")
	require.Regexp(t, `2 +demo +kitchen +me +owner .* valid\n`, list)
	require.Regexp(t, `1 +demo +all +Till 1 +integrator .* until `, list)
	require.Equal(t, "token 1 of tenant demo is revoked\n", ok(t, "token", "revoke", "1", url))
	require.Regexp(t, `1 +demo .* revoked `, ok(t, "token", "list", "--tenant", "demo", url))

	for _, c := range []struct{ args, want string }{
		{"token revoke 99", "there is no token 99"},
		{"token list --tenant nobody", `there is no tenant "nobody", only demo`},
		{"token create --tenant nobody --name x --role cook", `there is no tenant "nobody", only demo`},
		{"token create --tenant demo --name x --role cook --outlet moon", `tenant demo has no outlet "moon"`},
	} {
		r := run(t, append(strings.Fields(c.args), url)...)
		require.Equal(t, ExitFailed, r.code)
		require.Contains(t, r.err, c.want)
	}
}

func TestMigrate(t *testing.T) {
	t.Parallel()
	url := "--database-url=" + pgtest.NewURL(t)
	require.Regexp(t, `1 +0001_foundation.sql +20`, ok(t, "migrate", "status", url))
	for n := strings.Count(ok(t, "migrate", "status", url), "\n") - 1; n > 0; n-- {
		require.Contains(t, ok(t, "migrate", "down", url), "took back 0")
	}
	require.Equal(t, ExitFailed, run(t, "migrate", "down", url).code)
	require.Regexp(t, `1 +0001_foundation.sql +-\n`, ok(t, "migrate", "status", url))
	require.Contains(t, ok(t, "migrate", "status", "--json", url), `"applied_at": null`)
	r := run(t, "token", "list", url)
	require.Equal(t, ExitFailed, r.code)
	require.Contains(t, r.err, "run brigade migrate up")
	require.Contains(t, ok(t, "migrate", "up", url), "the schema is at version")
	require.Equal(t, "[]\n", ok(t, "token", "list", "--json", url))
}

func TestMigrateDownSparesARunningBrigade(t *testing.T) {
	t.Parallel()
	url := pgtest.NewURL(t)
	pool, err := store.Open(url, 4)
	require.NoError(t, err)
	defer pool.Close()
	node, err := lease.Join(t.Context(), pool, "oven", []string{"api"}, lease.Options{TTL: time.Hour})
	require.NoError(t, err)
	r := run(t, "migrate", "down", "--database-url", url)
	require.Equal(t, ExitFailed, r.code)
	require.Contains(t, r.err, "brigade is running on this database: oven")
	require.Regexp(t, `1 +oven +api +alive`, ok(t, "cluster", "--database-url", url))
	require.Contains(t, ok(t, "cluster", "--json", "--database-url", url), `"alive": true`)
	require.NoError(t, node.Stop(t.Context()))
}

func TestShowCluster(t *testing.T) {
	t.Parallel()
	at := time.Date(2024, 12, 16, 12, 0, 0, 0, time.UTC)
	var out strings.Builder
	require.NoError(t, showCluster(&Env{Out: &out, Zone: time.UTC}, lease.State{
		Nodes: []lease.Member{
			{ID: 1, Name: "oven", Roles: []string{"api", "kitchen"}, Started: at, Alive: true},
			{ID: 2, Name: "pan", Roles: []string{"relay"}, Started: at},
		},
		Leases: []lease.Ownership{
			{Resource: "kitchen:1", Node: 1, NodeName: "oven", Alive: true, Fence: 3, Since: &at},
			{Resource: "relay:main", Fence: 2},
		},
	}))
	require.Equal(t, `NODE  NAME  ROLES        STATE  SINCE                OWNS
1     oven  api,kitchen  alive  2024-12-16 12:00:00  1
2     pan   relay        dead   2024-12-16 12:00:00  0

RESOURCE    OWNER   STATE   SINCE                FENCE
kitchen:1   1 oven  alive   2024-12-16 12:00:00  3
relay:main  -       nobody  -                    2
`, out.String())
}

func TestNoDatabase(t *testing.T) {
	t.Parallel()
	r := run(t, "token", "list", "--state", filepath.Join(t.TempDir(), "none"))
	require.Equal(t, ExitFailed, r.code)
	require.Contains(t, r.err, "there is no database in the state folder")
	r = run(t, "token", "list", "--database-url", "postgres://127.0.0.1:1/x?sslmode=disable")
	require.Equal(t, ExitFailed, r.code)
	require.Contains(t, r.err, "the database cannot be used")
}

// Commands start the private Postgres of a state folder for as long as they need it.
func TestPrivatePostgresForAMoment(t *testing.T) {
	t.Parallel()
	state, err := os.MkdirTemp("/tmp", "brigade-cli")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(state)) })
	flag := "--state=" + state
	require.Contains(t, ok(t, "load", demoFile(t), flag), "+ tenant demo")
	require.Regexp(t, "^brg_", ok(t, "token", "create", "--tenant=demo", "--name=me", "--role=owner", flag))
	require.Regexp(t, "demo +all +me +owner", ok(t, "token", "list", flag))
}
