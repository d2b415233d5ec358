package localpg

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"brigade/internal/leaktest"
)

// helperEnv makes this test program a brigade that runs a private Postgres in the named folder until it is killed.
const helperEnv = "BRIGADE_LOCALPG_HELPER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(helperEnv); dir != "" {
		os.Exit(helper(dir))
	}
	leaktest.Main(m)
}

func helper(dir string) int {
	s, err := Start(context.Background(), Config{StateDir: dir, Logger: slog.New(slog.NewTextHandler(os.Stderr, nil))})
	if err != nil {
		fmt.Println("failed", err)
		return 1
	}
	fmt.Println("ready", s.URL())
	_, _ = os.Stdin.Read(make([]byte, 1)) // until it is closed
	if err := s.Stop(context.Background()); err != nil {
		return 1
	}
	return 0
}

// stateDir returns a folder below one that only this user may enter, as /root is; in memory where that is possible,
// since these tests make a score of databases.
func stateDir(t *testing.T) string {
	parent, err := os.MkdirTemp("/dev/shm", "brigade-localpg-")
	if err != nil {
		parent = t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(parent) })
	return filepath.Join(parent, ".brigade")
}

func start(t *testing.T, cfg Config) *Server {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.NewTextHandler(testLog{t}, nil))
	}
	s, err := Start(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Stop(context.Background())) })
	return s
}

// testLog writes to a test's log. It outlives the test's t.Context, not the test.
type testLog struct{ t *testing.T }

func (l testLog) Write(p []byte) (int, error) {
	l.t.Log(strings.TrimSpace(string(p)))
	return len(p), nil
}

func connect(t *testing.T, url string) *pgx.Conn {
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func exec1(t *testing.T, url, sql string) {
	conn := connect(t, url)
	_, err := conn.Exec(t.Context(), sql)
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))
}

func ask[T any](t *testing.T, url, sql string) (answer T) {
	conn := connect(t, url)
	require.NoError(t, conn.QueryRow(t.Context(), sql).Scan(&answer))
	require.NoError(t, conn.Close(t.Context()))
	return answer
}

func eventually(t *testing.T, met func() bool, what string) {
	require.Eventually(t, met, time.Minute, 10*time.Millisecond, what)
}

// postmasterOf returns the pid in the data folder's postmaster.pid.
func postmasterOf(t *testing.T, state string) int {
	f, err := locate(state)
	require.NoError(t, err)
	pid := (&cluster{folders: f}).recordedPID()
	require.Positive(t, pid)
	return pid
}

func kill9(t *testing.T, pid int) { require.NoError(t, syscall.Kill(pid, syscall.SIGKILL)) }

// brigade starts a helper process and returns its first word and the rest of that line.
func brigade(t *testing.T, state string) (cmd *exec.Cmd, word, rest string) {
	self, err := os.Executable()
	require.NoError(t, err)
	return brigadeProgram(t, self, state)
}

func brigadeProgram(t *testing.T, program, state string, wrap ...string) (cmd *exec.Cmd, word, rest string) {
	args := slices.Concat(wrap, []string{program})
	cmd = exec.CommandContext(t.Context(), args[0], args[1:]...)
	cmd.Env = append(os.Environ(), helperEnv+"="+state)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	cmd.Stderr = testLog{t}
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Wait()
	})
	var line string
	buf := make([]byte, 4096)
	for !strings.Contains(line, "\n") {
		n, err := stdout.Read(buf)
		line += string(buf[:n])
		require.NoError(t, err, line)
	}
	word, rest, _ = strings.Cut(strings.TrimSpace(line), " ")
	return cmd, word, rest
}
