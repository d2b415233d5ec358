package config_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"

	"brigade/internal/config"
	"brigade/internal/errs"
	"brigade/internal/telemetry"
)

type cli struct {
	Up      config.Up      `cmd:""`
	Serve   config.Serve   `cmd:""`
	Migrate config.Migrate `cmd:""`
	Load    config.Load    `cmd:""`
}

// The environment of whoever runs the tests has no say.
func TestMain(m *testing.M) {
	for _, kv := range os.Environ() {
		if name, _, _ := strings.Cut(kv, "="); name == "DATABASE_URL" || strings.HasPrefix(name, "BRIGADE_") {
			_ = os.Unsetenv(name) // only an impossible name fails
		}
	}
	os.Exit(m.Run())
}

// parse is what cmd does.
func parse(t *testing.T, args ...string) (cli, error) {
	t.Helper()
	var c cli
	p, err := kong.New(&c, kong.Name("brigade"))
	require.NoError(t, err)
	_, err = p.Parse(args)
	return c, err
}

func write(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "brigade.yaml")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	c, err := parse(t, "up")
	require.NoError(t, err)
	up := c.Up
	require.Equal(t, "127.0.0.1:8080", up.Addr)
	require.Equal(t, ".brigade", up.State)
	require.True(t, up.Private())
	require.Equal(t, config.DemoBusy, up.Demo)
	require.True(t, up.AutoComplete)
	require.InDelta(t, 1, up.TimeScale, 0)
	require.Equal(t, "info", up.LogLevel)
	require.Equal(t, telemetry.FormatAuto, up.LogFormat)
}

func TestPrecedence(t *testing.T) {
	file := write(t, "addr: 127.0.0.1:1\ntime-scale: 7\nauto-complete: false\ndemo: data\nlog-level: debug\nrole: [api, kitchen]\n")
	t.Setenv("BRIGADE_TIME_SCALE", "8")
	t.Setenv("BRIGADE_DEMO", "off")
	c, err := parse(t, "up", "--config", file, "--demo=busy")
	require.NoError(t, err)
	require.Equal(t, config.DemoBusy, c.Up.Demo, "a flag wins over the environment")
	require.InDelta(t, 8, c.Up.TimeScale, 0, "the environment wins over the file")
	require.Equal(t, "127.0.0.1:1", c.Up.Addr, "the file wins over the default")
	require.False(t, c.Up.AutoComplete)
	require.Equal(t, "debug", c.Up.LogLevel)

	t.Setenv("BRIGADE_CONFIG", file)
	t.Setenv("DATABASE_URL", "postgres://b@db/b")
	c, err = parse(t, "serve")
	require.NoError(t, err)
	require.Equal(t, []config.Role{config.RoleAPI, config.RoleKitchen}, c.Serve.Role)
	require.Equal(t, "postgres://b@db/b", c.Serve.DatabaseURL.Reveal())

	t.Setenv("BRIGADE_DATABASE_URL", "postgres://own@db/b")
	c, err = parse(t, "up")
	require.NoError(t, err)
	require.Equal(t, "postgres://own@db/b", c.Up.DatabaseURL.Reveal())
	require.False(t, c.Up.Private())
}

func TestFileFaults(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ content, want string }{
		"unknown keys, all":  {"adr: x\ntimescale: 2\naddr: localhost:1\n", "adr is not a setting"},
		"not YAML":           {"addr: [", "is not YAML"},
		"a map":              {"addr: {host: x}\n", "must be one value or a list"},
		"a value of no sort": {"time-scale: fast\n", "time-scale"},
		"itself":             {"config: other.yaml\n", "config is not a setting"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := parse(t, "up", "--config", write(t, tc.content))
			require.ErrorContains(t, err, tc.want)
		})
	}
	_, err := parse(t, "up", "--config", write(t, "adr: x\ntimescale: 2\n"))
	require.ErrorContains(t, err, "timescale is not a setting")
	_, err = parse(t, "up", "--config", "/does/not/exist.yaml")
	require.ErrorContains(t, err, "--config")
	_, err = parse(t, "migrate", "--config", write(t, "addr: 127.0.0.1:1\n"))
	require.NoError(t, err, "another command's setting is fine")
	_, err = parse(t, "migrate", "--config", write(t, ""))
	require.NoError(t, err)
}

func TestAllFaultsAtOnce(t *testing.T) {
	t.Parallel()
	_, err := parse(t, "up", "--addr=nowhere", "--demo=loud", "--time-scale=0", "--log-level=chatty", "--log-format=xml",
		"--kafka-brokers=k1,k2:9092", "--rabbitmq-url=http://u:sesame@mq", "--redis-url=http://:sesame@r", "--kafka-sasl=magic",
		"--database-url=postgres://u:sesame@db:port/x")
	for _, flag := range []string{
		"--addr", "--demo", "--time-scale", "--log-level", "--log-format",
		"--kafka-brokers", "--kafka-sasl", "--rabbitmq-url", "--redis-url", "--database-url",
	} {
		require.ErrorContains(t, err, flag+" ")
	}
	require.NotContains(t, err.Error(), "sesame")
	require.Equal(t, errs.KindInvalid, errs.KindOf(err))
}

func TestUpRules(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{
		"--time-scale=-1", "--time-scale=10001", "--time-scale=NaN", "--addr=:99999", "--addr=127.0.0.1:http",
		"--addr=127.0.0.1", "--state=", "--role=api", "--redis-url=r", "--kafka-sasl=plain", "--kafka-ca=x.pem",
	} {
		_, err := parse(t, "up", bad)
		require.Error(t, err, bad)
	}
	for _, good := range []string{
		"--time-scale=10000", "--time-scale=0.5", "--addr=:0", "--addr=[::1]:80", "--no-auto-complete", "--auto-complete=false",
		"--database-url=host=/run/postgresql dbname=b", "--redis-url=redis://r", "--rabbitmq-url=amqps://u:p@mq/v", "--kafka-brokers=a:1,b:2",
	} {
		_, err := parse(t, "up", good)
		require.NoError(t, err, good)
	}
}

func TestServeRules(t *testing.T) {
	t.Parallel()
	const db = "--database-url=postgres://b@db/b"
	_, err := parse(t, "serve")
	require.ErrorContains(t, err, "--database-url is required")
	require.ErrorContains(t, err, "--role must name")
	for _, bad := range []string{"--role=cook", "--role=api,api", "--role=sim", "--state=x"} {
		_, err := parse(t, "serve", db, bad)
		require.Error(t, err, bad)
	}
	c, err := parse(t, "serve", db, "--role=api,kitchen", "--role=relay")
	require.NoError(t, err)
	require.Len(t, c.Serve.Role, 3)
	require.Equal(t, config.DemoOff, c.Serve.Demo)
	_, err = parse(t, "serve", db, "--role=sim", "--demo=busy")
	require.NoError(t, err)
}

func TestLoad(t *testing.T) {
	t.Parallel()
	c, err := parse(t, "load", "--dry-run", write(t, "tenants: []"))
	require.NoError(t, err)
	require.True(t, c.Load.DryRun)
	_, err = parse(t, "load", "missing.yaml")
	require.Error(t, err)
}

func TestURLHidesPasswords(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"postgres://u:sesame@db:5432/x", "postgres://db/x?user=u&password=sesame", "host=db password=sesame dbname=x",
		"host=db password = 'sesame open' dbname=x", `host=db password='open \' sesame'`, "postgres://u:sesame@db:port/x", "redis://:sesame@r/0",
	} {
		u := config.URL(s)
		js, err := json.Marshal(map[string]any{"url": u})
		require.NoError(t, err)
		var log strings.Builder
		telemetry.NewLogger(&log, slog.LevelInfo, "test").Info("up", "url", u)
		for _, shown := range []string{
			u.String(), fmt.Sprintf("%v %+v %#v %q %s", u, u, u, u, u), fmt.Sprintf("%+v %#v", config.Up{Database: config.Database{DatabaseURL: u}}, config.Up{Database: config.Database{DatabaseURL: u}}),
			string(js), log.String(),
		} {
			require.NotContains(t, shown, "sesame", s)
		}
		require.Equal(t, s, u.Reveal())
	}
	require.Equal(t, "postgres://u:xxxxx@db:5432/x", config.URL("postgres://u:sesame@db:5432/x").String())
	require.Empty(t, config.URL("").String())
}

func TestIsLoopback(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]bool{
		"127.0.0.1:8080": true, "127.9.9.9:1": true, "[::1]:80": true, "localhost:80": true,
		":8080": false, "0.0.0.0:80": false, "[::]:80": false, "192.168.0.1:80": false, "example.com:80": false, "127.0.0.1": false, "": false,
	} {
		require.Equal(t, want, config.IsLoopback(addr), addr)
	}
}
