package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/cli"
	"brigade/internal/menu/load"
	"brigade/internal/store/pgtest"
)

const freePort = "--addr=127.0.0.1:0"

func TestUpAndDown(t *testing.T) {
	t.Parallel()
	state := stateFolder(t)
	p := boot(t, "up", freePort, "--state", state, "--demo=data")
	require.Regexp(t, `^http://127\.0\.0\.1:\d+$`, p.url)
	require.Contains(t, "\n"+p.stdout(), "\nready "+p.url+"\n", "a line of its own")

	var running cli.Running
	file := filepath.Join(state, "run.json")
	body, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(body, &running))
	require.Equal(t, p.cmd.Process.Pid, running.PID)
	require.Equal(t, p.url, running.URL)
	require.True(t, strings.HasPrefix(running.DatabaseURL, "postgres://"), running.DatabaseURL)
	info, err := os.Stat(file)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())

	require.Regexp(t, `^ORD_\d{8}_001  created  9.90 EUR`, ok(t, "order", "place", "--item", "burger_combo", "--state", state))
	require.Regexp(t, `kitchen:1 +\d+ \S+ +alive`, ok(t, "cluster", "--state", state), "it uses the private Postgres that runs")
	require.Regexp(t, "^brg_", ok(t, "token", "create", "--tenant=demo", "--name=me", "--role=owner", "--state", state))

	p.end()
	require.True(t, gone(file))
	for line := range strings.Lines(p.stdout()) {
		require.True(t, strings.HasPrefix(line, "ready ") || json.Valid([]byte(line)), line)
	}
	require.Contains(t, p.stderr(), p.url+"/\n")
	require.Contains(t, p.stderr(), "acts as the demo owner")
	require.Contains(t, ok(t, "token", "list", "--state", state), "me", "the private Postgres starts for a moment")
}

func TestBusyDemo(t *testing.T) {
	t.Parallel()
	p := boot(t, "up", freePort, "--database-url", pgtest.NewURL(t), "--time-scale=200")
	require.Contains(t, p.stderr()+waitFor(p, "stop "), "clock   runs 200 times as fast")
	tail := start(t, "events", "tail", "--server", p.url, "--after", "0")
	require.Eventually(t, func() bool { return strings.Contains(tail.stdout(), "→ ready") }, patience, 50*time.Millisecond,
		"an order is made by simulated cooks")
	tail.end()
	p.signal(syscall.SIGTERM)
	require.Equal(t, 0, p.wait())
}

// waitFor waits until the introduction has been written, which comes after the ready line.
func waitFor(p *process, text string) string {
	require.Eventually(p.t, func() bool { return strings.Contains(p.stderr(), text) }, patience, 10*time.Millisecond)
	return p.stderr()
}

func TestTakenPort(t *testing.T) {
	t.Parallel()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	code, out, stderr := brigade(t, "up", "--addr", l.Addr().String(), "--database-url", pgtest.NewURL(t))
	require.Equal(t, 1, code)
	require.Contains(t, stderr, l.Addr().String())
	require.Contains(t, stderr, "--addr")
	require.Contains(t, stderr, "address already in use")
	require.NotContains(t, out, "\nready ")
}

func TestWrongUse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ args, want string }{
		{"up --demo sometimes", "--demo must be off, data or busy"},
		{"up --addr nowhere", "--addr must be HOST:PORT"},
		{"up --fast", "unknown flag --fast"},
		{"up --kafka-brokers localhost", "--kafka-brokers must be HOST:PORT"},
		{"serve --role api", "--database-url is required"},
		{"serve --database-url postgres://x --role chef", `not "chef"`},
		{"--mode=order-service --port 3000", "--rabbitmq-url is required, or rabbitmq: in config.yaml"},
		{"--mode kitchen-worker", "--worker-name is required"},
		{"--mode waiter", "--mode must be order-service"},
		{"--mode", "--mode must be order-service"},
		{"--mode=kitchen-worker --worker-name x --order-types takeout,picnic", `--order-types must be of dine_in, takeout, delivery, not "picnic"`},
		{"--mode=kitchen-worker --worker-name x --prefetch 0 --heartbeat-interval 0", "--heartbeat-interval must be 100ms to 1h, not 0s"},
	} {
		code, out, stderr := brigade(t, strings.Fields(c.args)...)
		require.Equal(t, 2, code, c.args)
		require.Contains(t, stderr, c.want)
		require.Empty(t, out)
	}
	require.Contains(t, ok(t, "--help"), "Run Brigade:\n  up ")
	require.Contains(t, ok(t, "up", "--help"), "    brigade up ")
	require.Contains(t, ok(t, "serve", "--help"), "    brigade serve ")
}

// What was answered is there after the process was killed; the next one takes the orphaned Postgres over.
func TestKilledAndStartedAgain(t *testing.T) {
	t.Parallel()
	state := stateFolder(t)
	p := boot(t, "up", freePort, "--state", state, "--demo=data")
	number, _, _ := strings.Cut(ok(t, "order", "place", "--item", "wrap=2", "--server", p.url), " ")
	p.signal(syscall.SIGKILL)
	require.Equal(t, -1, p.wait())
	require.False(t, gone(filepath.Join(state, "run.json")))
	found, err := cli.FindRunning(state)
	require.NoError(t, err)
	require.Nil(t, found, "a killed brigade is not found")

	p = boot(t, "up", freePort, "--state", state, "--demo=data")
	require.Contains(t, ok(t, "order", "show", number, "--state", state), "wrap")
	p.end()
}

func TestTwoInOneStateFolder(t *testing.T) {
	t.Parallel()
	state := stateFolder(t)
	p := boot(t, "up", freePort, "--state", state, "--demo=data")
	code, _, stderr := brigade(t, "up", freePort, "--state", state)
	require.Equal(t, 1, code)
	require.Contains(t, stderr, fmt.Sprintf("in use by brigade with pid %d", p.cmd.Process.Pid))
	require.False(t, gone(filepath.Join(state, "run.json")), "the second leaves the first alone")
	p.end()
}

func TestTokenIsDemanded(t *testing.T) {
	t.Parallel()
	url := "--database-url=" + pgtest.NewURL(t)
	file := filepath.Join(t.TempDir(), "demo.yaml")
	require.NoError(t, os.WriteFile(file, load.Demo(), 0o600))
	ok(t, "load", file, url)
	for _, args := range [][]string{
		{"up", url, freePort, "--demo=off"},
		{"up", url, "--addr=0.0.0.0:0", "--demo=data"},
	} {
		p := boot(t, args...)
		require.Contains(t, waitFor(p, "stop "), "a token is needed: brigade token create --tenant")
		code, _, stderr := brigade(t, "order", "list", "--server", p.url)
		require.Equal(t, 1, code)
		require.Contains(t, stderr, "BRIGADE_TOKEN")
		token := strings.TrimSpace(ok(t, "token", "create", "--tenant=demo", "--name=me", "--role=owner", url))
		require.Contains(t, ok(t, "order", "list", "--server", p.url, "--token", token), "NUMBER")
		p.end()
	}
}

func TestServeSharesTheRoles(t *testing.T) {
	t.Parallel()
	url := "--database-url=" + pgtest.NewURL(t)
	api := boot(t, "serve", url, freePort, "--role=api", "--demo=data")
	kitchen := boot(t, "serve", url, freePort, "--role=kitchen,relay", "--demo=data")
	require.Regexp(t, `(?s)api +alive.*kitchen,\S*relay +alive`, ok(t, "cluster", url))
	ok(t, "order", "place", "--item=burger_combo", "--server", api.url)
	require.Eventually(t, func() bool {
		_, out, _ := brigade(t, "task", "show", "1", "--server", api.url)
		return strings.Contains(out, "ASSIGNED")
	}, patience, 50*time.Millisecond, "the other process assigns what this one took in")
	code, _, stderr := brigade(t, "order", "list", "--server", kitchen.url)
	require.Equal(t, 1, code, stderr)
	kitchen.end()
	api.end()
}

// The second signal does not wait for anything.
func TestSecondSignal(t *testing.T) {
	t.Parallel()
	p := boot(t, "up", freePort, "--database-url", pgtest.NewURL(t), "--demo=data")
	addr := strings.TrimPrefix(p.url, "http://")
	conn := dial(t, addr)
	defer conn.Close()
	_, err := fmt.Fprintf(conn, "POST /api/v1/orders HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{", addr)
	require.NoError(t, err)
	ok(t, "order", "list", "--server", p.url) // by now the half request is being served
	p.signal(syscall.SIGINT)
	require.Eventually(t, func() bool {
		c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", addr)
		if err == nil {
			_ = c.Close() // we only knocked
		}
		return err != nil
	}, patience, 10*time.Millisecond)
	require.Eventually(t, func() bool { // at first they count as one
		_ = p.cmd.Process.Signal(syscall.SIGINT) // it may have ended
		select {
		case <-p.exited:
			return true
		default:
			return false
		}
	}, 8*time.Second, 50*time.Millisecond, "the half request may take 10 s")
	require.Equal(t, 1, p.wait())
}

// Some senders signal the process and then its group.
func TestSignalsAtOnceAreOne(t *testing.T) {
	t.Parallel()
	p := boot(t, "up", freePort, "--state", stateFolder(t), "--demo=data")
	p.signal(syscall.SIGTERM)
	p.signal(syscall.SIGTERM)
	require.Equal(t, 0, p.wait())
}

func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", addr)
	require.NoError(t, err)
	return conn
}
