package localpg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"brigade/internal/errs"
)

func TestServerIsPrivateAndDurable(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	s := start(t, Config{StateDir: dir})
	for setting, want := range map[string]string{
		"listen_addresses": "", "fsync": "on", "synchronous_commit": "on", "full_page_writes": "on",
		"server_encoding": "UTF8", "TimeZone": "UTC", "data_checksums": "on", "max_connections": "100",
	} {
		require.Equal(t, want, ask[string](t, s.URL(), "select current_setting('"+setting+"')"), setting)
	}
	require.Equal(t, "C", ask[string](t, s.URL(), "select datcollate from pg_database where datname = 'brigade'"))
	for _, folder := range []string{s.c.data, s.c.socketDir} {
		info, err := os.Stat(folder)
		require.NoError(t, err)
		require.Equal(t, fs.FileMode(0o700), info.Mode().Perm(), folder)
	}
	uid, _, err := ownerOf(s.c.data)
	require.NoError(t, err)
	require.NotZero(t, uid, "Postgres never runs as root")
}

func TestDataStayOverStopAndStart(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	first := start(t, Config{StateDir: dir})
	exec1(t, first.URL(), "create table kept as select 42 as n")
	open := connect(t, first.URL()) // does not hold up the end

	require.NoError(t, first.Stop(t.Context()))
	require.NoError(t, first.Stop(t.Context()), "twice is fine")
	require.Error(t, open.Ping(t.Context()))
	<-first.Done()
	require.Empty(t, processesIn(first.c.data))

	second := start(t, Config{StateDir: dir})
	require.Equal(t, first.URL(), second.URL())
	require.Equal(t, 42, ask[int](t, second.URL(), "select n from kept"))

	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() { _ = second.Stop(context.Background()) })
	}
	wg.Wait()
}

func TestStopIsBoundedByItsContext(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	s := start(t, Config{StateDir: dir})
	exec1(t, s.URL(), "create table kept as select 42 as n")
	kept := s.c.data
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := s.Stop(ctx)
	require.True(t, err == nil || errors.Is(err, context.Canceled), err)
	require.Empty(t, processesIn(kept))
	require.Equal(t, 42, ask[int](t, start(t, Config{StateDir: dir}).URL(), "select n from kept"))
}

func TestStartGivesUpWithItsContext(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	for _, after := range []string{"lock", "postgres.new-*", "postgres/PG_VERSION", "postgres/postmaster.pid"} {
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			defer cancel()
			await(ctx, time.Minute, func() bool {
				found, _ := filepath.Glob(filepath.Join(dir, after))
				return len(found) > 0
			})
		}()
		s, err := Start(ctx, Config{StateDir: dir})
		if err == nil { // it was faster
			require.NoError(t, s.Stop(t.Context()))
			continue
		}
		require.ErrorIs(t, err, context.Canceled, after)
		require.Empty(t, processesIn(filepath.Join(dir, "postgres")), after)
	}
	s := start(t, Config{StateDir: dir})
	require.Equal(t, 1, ask[int](t, s.URL(), "select 1"))
	rubbish, err := filepath.Glob(filepath.Join(dir, "postgres.*-*"))
	require.NoError(t, err)
	require.Empty(t, rubbish)
}

func TestADeadPostmasterIsReplaced(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	s := start(t, Config{StateDir: dir})
	exec1(t, s.URL(), "create table kept (n int)")
	for n := range 3 {
		exec1(t, s.URL(), fmt.Sprintf("insert into kept values (%d)", n))
		busy := connect(t, s.URL())
		go func() { _, _ = busy.Exec(context.Background(), "select count(*) from generate_series(1, 1e12)") }() // notices nothing
		kill9(t, postmasterOf(t, dir))
		require.Error(t, <-s.Exits())
		eventually(t, func() bool { return s.Restarts() == int64(n+1) }, "it comes back")
		require.Equal(t, n+1, ask[int](t, s.URL(), "select count(*) from kept"))
	}
}

func TestStopWhilePostgresCannotComeBack(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	s := start(t, Config{StateDir: dir})
	broken := filepath.Join(dir, "postgres", "global", "pg_control")
	require.NoError(t, os.Rename(broken, broken+".away"))
	kill9(t, postmasterOf(t, dir))
	require.Error(t, <-s.Exits())
	require.NoError(t, s.Stop(t.Context()))
	require.NoError(t, os.Rename(broken+".away", broken))
	start(t, Config{StateDir: dir})
}

func TestAKilledBrigadesPostgresIsTakenOver(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	first, word, url := brigade(t, dir)
	require.Equal(t, "ready", word, url)
	exec1(t, url, "create table kept as select 42 as n")
	require.NoError(t, first.Process.Kill())
	_ = first.Wait()
	orphan := postmasterOf(t, dir)
	require.Equal(t, 42, ask[int](t, url, "select n from kept"), "the orphan goes on")

	s := start(t, Config{StateDir: dir})
	require.Equal(t, 42, ask[int](t, s.URL(), "select n from kept"))
	require.False(t, runsIn(orphan, s.c.data))
	require.NotEqual(t, orphan, postmasterOf(t, dir))
}

// As on a Ctrl-C: every process of the terminal's group is told, Postgres must not be among them.
func TestSignalsOfTheTerminalDoNotReachPostgres(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	first, word, url := brigade(t, dir)
	require.Equal(t, "ready", word, url)
	require.NoError(t, syscall.Kill(-first.Process.Pid, syscall.SIGINT))
	_ = first.Wait()
	require.Equal(t, 1, ask[int](t, url, "select 1"))
	start(t, Config{StateDir: dir}) // ends it
}

func TestASecondBrigadeIsRefused(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	s := start(t, Config{StateDir: dir})
	_, err := Start(t.Context(), Config{StateDir: dir})
	require.True(t, errs.Is(err, errs.KindConflict), err)
	require.ErrorContains(t, err, strconv.Itoa(os.Getpid()))
	_, word, rest := brigade(t, dir)
	require.Equal(t, "failed", word)
	require.Contains(t, rest, strconv.Itoa(os.Getpid()))
	require.Equal(t, 1, ask[int](t, s.URL(), "select 1"), "the first is not disturbed")
}

func TestStaleMarksOfACrashedMachineAreIgnored(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	s := start(t, Config{StateDir: dir})
	require.NoError(t, s.Stop(t.Context()))
	// The pid belongs to another living process by now.
	other := exec.CommandContext(t.Context(), "sleep", "600")
	other.SysProcAttr = s.c.account.command(t.Context(), "true").SysProcAttr
	require.NoError(t, other.Start())
	defer func() {
		_ = other.Process.Kill()
		_ = other.Wait()
	}()
	stale := fmt.Sprintf("%d\n%s\n1700000000\n5432\n%s\n\n", other.Process.Pid, s.c.data, s.c.socketDir)
	for _, file := range []string{filepath.Join(s.c.data, "postmaster.pid"), filepath.Join(s.c.socketDir, socketName+".lock")} {
		require.NoError(t, os.WriteFile(file, []byte(stale), 0o600))
		require.NoError(t, s.c.account.own(file))
	}
	again := start(t, Config{StateDir: dir})
	require.Equal(t, 1, ask[int](t, again.URL(), "select 1"))
	require.NoError(t, other.Process.Signal(syscall.Signal(0)), "the other process is left alone")
}

func TestAnUnfinishedDataFolderIsBegunAnew(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "postgres", "base"), 0o700))
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "postgres.new-1", "base"), 0o700))
	s := start(t, Config{StateDir: dir})
	require.Equal(t, 1, ask[int](t, s.URL(), "select 1"))
	aside, err := filepath.Glob(filepath.Join(dir, "postgres.unfinished-*"))
	require.NoError(t, err)
	require.Len(t, aside, 1)
	require.NoDirExists(t, filepath.Join(dir, "postgres.new-1"))
}

func TestDataOfAnotherMajorVersionAreRefused(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	data := filepath.Join(dir, "postgres")
	require.NoError(t, os.MkdirAll(data, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(data, versionFile), []byte("9\n"), 0o600))
	_, err := Start(t.Context(), Config{StateDir: dir})
	require.True(t, errs.Is(err, errs.KindConflict), err)
	require.ErrorContains(t, err, "PostgreSQL 9")
}

func TestALongStatePathHasItsSocketElsewhere(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(stateDir(t), strings.Repeat("long/", 25))
	s := start(t, Config{StateDir: dir, FastUnsafe: true})
	require.Equal(t, 1, ask[int](t, s.URL(), "select 1"))
	require.True(t, strings.HasPrefix(s.c.socketDir, "/tmp/brigade-"))
	info, err := os.Stat(s.c.socketDir)
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o700), info.Mode().Perm())
	require.NoError(t, s.Stop(t.Context()))
	require.NoError(t, os.Remove(s.c.socketDir), "it is empty")
}

func TestASocketFolderOfSomebodyElseIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := &cluster{folders: folders{socketDir: filepath.Join(dir, "socket")}, account: account{uid: os.Geteuid()}}
	require.NoError(t, os.Symlink(t.TempDir(), c.socketDir))
	require.True(t, errs.Is(c.makeSocketDir(), errs.KindConflict), "a link may lead anywhere")
}

func TestFastUnsafeBeginsEmpty(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	s := start(t, Config{StateDir: dir, FastUnsafe: true})
	exec1(t, s.URL(), "create table gone ()")
	require.Equal(t, "off", ask[string](t, s.URL(), "select current_setting('fsync')"))
	require.NoError(t, s.Stop(t.Context()))
	s = start(t, Config{StateDir: dir, FastUnsafe: true})
	require.False(t, ask[bool](t, s.URL(), "select to_regclass('gone') is not null"))
}

func TestAFailureQuotesTheLog(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	s := start(t, Config{StateDir: dir})
	require.NoError(t, s.Stop(t.Context()))
	conf := filepath.Join(dir, "postgres", "postgresql.conf")
	require.NoError(t, os.WriteFile(conf, []byte("no_such_setting = 1\n"), 0o600))
	_, err := Start(t.Context(), Config{StateDir: dir})
	require.ErrorContains(t, err, "no_such_setting")
}

func TestLogIsRotated(t *testing.T) {
	t.Parallel()
	c := &cluster{folders: folders{state: t.TempDir()}}
	require.NoError(t, c.rotateLog(), "there is none yet")
	require.NoError(t, os.WriteFile(c.logPath(), make([]byte, logMax+1), 0o600))
	require.NoError(t, c.rotateLog())
	for path, size := range map[string]int64{c.logPath(): 0, c.logPath() + ".1": logMax + 1} {
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, size, info.Size())
	}
}

func TestRootsDataMayLiveOutsideAClosedFolder(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("for root only")
	}
	dir := stateDir(t) // below a folder that only root may enter
	fallback, err := os.MkdirTemp("/tmp", "brigade-fallback-")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(fallback) })
	require.NoError(t, os.Chmod(fallback, 0o755))

	cfg := Config{StateDir: dir, withoutCaps: true, fallback: fallback}
	s := start(t, cfg)
	require.True(t, strings.HasPrefix(s.c.data, fallback), s.c.data)
	exec1(t, s.URL(), "create table kept as select 42 as n")
	require.NoError(t, s.Stop(t.Context()))

	s = start(t, Config{StateDir: dir}) // now it could enter, but the data are where they are
	require.Equal(t, 42, ask[int](t, s.URL(), "select n from kept"))
	require.NoDirExists(t, filepath.Join(dir, "postgres"))
}

func TestDataThatCannotBeReachedAreNotMadeAnew(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("for root only")
	}
	dir := stateDir(t)
	s := start(t, Config{StateDir: dir})
	require.NoError(t, s.Stop(t.Context()))
	_, err := Start(t.Context(), Config{StateDir: dir, withoutCaps: true})
	require.True(t, errs.Is(err, errs.KindConflict), err)
	require.ErrorContains(t, err, "cannot enter")
}

func TestAPlainUserHasItsOwnPostgres(t *testing.T) {
	t.Parallel()
	setpriv, err := exec.LookPath("setpriv")
	if os.Geteuid() != 0 || err != nil {
		t.Skip("needs root and setpriv to become another user")
	}
	home, err := os.MkdirTemp("/tmp", "brigade-user-")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(home) })
	require.NoError(t, os.Chown(home, 65534, 65534))
	self, err := os.Executable()
	require.NoError(t, err)
	program := filepath.Join(home, "helper")
	require.NoError(t, copyFile(self, program))
	require.NoError(t, os.Chmod(program, 0o755))

	cmd, word, url := brigadeProgram(t, program, filepath.Join(home, "state"), setpriv, "--reuid=65534", "--regid=65534", "--clear-groups")
	require.Equal(t, "ready", word, url)
	require.Equal(t, 1, ask[int](t, url, "select 1"))
	uid, _, err := ownerOf(filepath.Join(home, "state", "postgres"))
	require.NoError(t, err)
	require.Equal(t, 65534, uid)
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait()

	s := start(t, Config{StateDir: filepath.Join(home, "state")}) // root goes on with the owner's data, as the owner
	require.Equal(t, 65534, s.c.account.uid)
	require.Equal(t, 1, ask[int](t, s.URL(), "select 1"))
}

func TestForeignDataAreRefused(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		t.Skip("root may do everything")
	}
	_, err := chooseAccount("/usr") // root's
	require.True(t, errs.Is(err, errs.KindConflict), err)
}

func TestPgxAndLibpqReadTheURL(t *testing.T) {
	t.Parallel()
	c := &cluster{folders: folders{socketDir: "/a b/c%d"}}
	cfg, err := pgx.ParseConfig(c.url(database))
	require.NoError(t, err)
	require.Equal(t, "/a b/c%d", cfg.Host)
	require.Equal(t, "brigade", cfg.Database)
	require.Equal(t, "brigade", cfg.User)
	psql, err := exec.LookPath("psql")
	if err != nil {
		t.Skip("no psql")
	}
	s := start(t, Config{StateDir: stateDir(t), FastUnsafe: true})
	out, err := exec.CommandContext(t.Context(), psql, "-Atc", "select 1", s.URL()).CombinedOutput()
	require.NoError(t, err, string(out))
	require.Equal(t, "1\n", string(out))
}
