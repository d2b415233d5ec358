package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"brigade/internal/store/pgtest"
)

func TestUsers(t *testing.T) {
	t.Parallel()
	url := "--database-url=" + pgtest.NewURL(t)
	ok(t, "load", demoFile(t), url)
	user := func(args ...string) []string {
		return append(append([]string{"user"}, args...), "--tenant", "demo", url)
	}
	require.Regexp(t, `^/welcome/brl_[A-Za-z0-9_-]{43}\n$`, ok(t, user("add", "--name", "Olga", "--role", "owner", "--email", "olga@example.com")...))
	ok(t, user("add", "--name", "Asha", "--role", "cook", "--outlet", "kitchen", "--station", "griller", "--pin", "4831")...)

	secret := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(secret, []byte("correct horse battery\n"), 0o600))
	ok(t, user("password", "olga@example.com", "--password-file", secret)...)
	require.Regexp(t, `^/welcome/brl_`, ok(t, user("password", "Olga")...))
	require.Regexp(t, `^\d{6}\n$`, ok(t, user("pin", "Asha")...))
	ok(t, user("disable", "Asha")...)

	var rows []userRow
	require.NoError(t, json.Unmarshal([]byte(ok(t, user("list", "--json")...)), &rows))
	require.Len(t, rows, 2)
	require.Equal(t, []any{"Olga", true, false, true}, []any{rows[0].Name, rows[0].Active, rows[0].HasPIN, rows[0].Password})
	require.Equal(t, []any{"Asha", "kitchen", "griller", false, true}, []any{rows[1].Name, rows[1].Outlet, rows[1].Station, rows[1].Active, rows[1].HasPIN})
	require.Contains(t, ok(t, user("list")...), "disabled")
	ok(t, user("enable", "Asha")...)
	ok(t, user("pin", "Asha", "--off")...)

	for _, c := range []struct {
		args []string
		want string
	}{
		{user("add", "--name", "x", "--role", "king"), "role must be one of"},
		{user("add", "--name", "x", "--role", "cook", "--outlet", "moon"), `no outlet "moon"`},
		{user("add", "--name", "x", "--role", "cook", "--outlet", "kitchen", "--station", "moon"), `no station "moon"`},
		{user("add", "--name", "x", "--role", "cook", "--email", "OLGA@example.com"), "taken"},
		{user("pin", "Asha", "--pin", "1234"), "digits in a row"},
		{user("disable", "nobody"), `no user "nobody"`},
	} {
		r := run(t, c.args...)
		require.Equal(t, ExitFailed, r.code)
		require.Contains(t, r.err, c.want)
	}
}
