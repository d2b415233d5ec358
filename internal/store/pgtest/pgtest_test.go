package pgtest_test

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"brigade/internal/leaktest"
	"brigade/internal/store/pgtest"
)

// helperEnv makes this test program a process that only uses the server and waits to be killed.
const helperEnv = "BRIGADE_PGTEST_HELPER"

func TestMain(m *testing.M) {
	if os.Getenv(helperEnv) != "" {
		server, err := pgtest.Use(context.Background())
		if err != nil {
			panic(err)
		}
		_, _ = os.Stdout.WriteString(server.URL + "\n")
		_, _ = os.Stdin.Read(make([]byte, 1)) // killed
		server.Release()
		os.Exit(0)
	}
	leaktest.Main(m)
}

func TestEachTestHasItsOwnMigratedDatabase(t *testing.T) {
	t.Parallel()
	for range 4 {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			pool := pgtest.New(t)
			_, err := pool.Exec(t.Context(), "insert into tenants (slug, name) values ('same', 'Same')")
			require.NoError(t, err)
			var n int
			require.NoError(t, pool.QueryRow(t.Context(), "select count(*) from tenants").Scan(&n))
			require.Equal(t, 1, n)
		})
	}
}

func TestDatabaseGoesAwayWithItsTest(t *testing.T) {
	t.Parallel()
	var dsn string
	t.Run("inner", func(t *testing.T) { // not parallel: its end is what is looked at
		dsn = pgtest.NewURL(t)
		conn, err := pgx.Connect(t.Context(), dsn)
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.PgConn().Conn().Close() }) // left open: it is dropped all the same
	})
	require.Eventually(t, func() bool {
		conn, err := pgx.Connect(t.Context(), dsn)
		if err == nil {
			_ = conn.Close(t.Context())
		}
		return err != nil && strings.Contains(err.Error(), "does not exist")
	}, time.Minute, 10*time.Millisecond)
}

// The private server ends with its users, even if they are killed, and leaves no data.
func TestServerEndsWithItsLastUser(t *testing.T) {
	t.Parallel()
	tmp := privateTemp(t)
	first, url := user(t, tmp)
	second, url2 := user(t, tmp)
	require.Equal(t, url, url2, "both share one server")

	require.NoError(t, first.Process.Kill())
	_ = first.Wait()
	ping(t, url)

	require.NoError(t, second.Process.Kill())
	_ = second.Wait()
	awaitNoServer(t, tmp)
}

func TestWithpgRunsACommandAndReturnsItsCode(t *testing.T) {
	t.Parallel()
	withpg := filepath.Join(t.TempDir(), "withpg")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", withpg, "./cmd/withpg").CombinedOutput()
	require.NoError(t, err, string(out))
	tmp := privateTemp(t)
	cmd := exec.CommandContext(t.Context(), withpg, "sh", "-c", `echo "$`+pgtest.ServerEnv+`"; exit 7`)
	cmd.Env = privateEnv(tmp)
	out, err = cmd.Output()
	require.Error(t, err)
	require.Equal(t, 7, cmd.ProcessState.ExitCode())
	require.Contains(t, string(out), "postgres://")
	awaitNoServer(t, tmp)

	usage := exec.CommandContext(t.Context(), withpg)
	require.Error(t, usage.Run())
	require.Equal(t, 2, usage.ProcessState.ExitCode())
}

func BenchmarkNew(b *testing.B) {
	pgtest.New(b) // the server and the template
	for b.Loop() {
		require.NoError(b, pgtest.New(b).Ping(b.Context()))
	}
}

// privateTemp returns a folder in which helper processes have a server apart from the one of this process.
func privateTemp(t *testing.T) string {
	dir, err := os.MkdirTemp("/tmp", "pgt")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	require.NoError(t, os.Chmod(dir, 0o755))
	return dir
}

func privateEnv(tmp string) []string {
	var env []string
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, pgtest.ServerEnv+"=") {
			env = append(env, e)
		}
	}
	return append(env, pgtest.DirEnv+"="+tmp)
}

func user(t *testing.T, tmp string) (*exec.Cmd, string) {
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(privateEnv(tmp), helperEnv+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Stderr = os.Stderr
	_, err = cmd.StdinPipe() // open as long as this process lives
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	return cmd, strings.TrimSpace(line)
}

func ping(t *testing.T, url string) {
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))
}

func awaitNoServer(t *testing.T, tmp string) {
	require.Eventually(t, func() bool {
		state, err := filepath.Glob(filepath.Join(tmp, "brigade-pgtest-*", "state"))
		return err == nil && len(state) == 0
	}, time.Minute, 20*time.Millisecond)
}
