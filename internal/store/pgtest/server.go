package pgtest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"brigade/internal/store/localpg"
)

// A process that uses the private server holds a shared lock on `users` in its folder. Another process, the keeper,
// owns the server and ends it when it gets that lock for itself alone: when the last user has gone, killed or not.
// `start` is held by whoever looks whether there is a server and starts one if not.
const (
	keeperEnv  = "BRIGADE_PGTEST_KEEPER" // set: this process is the keeper of the named folder
	usersLock  = "users"
	startLock  = "start"
	aliveLock  = "keeper" // held by the keeper
	keeperLog  = "keeper.log"
	urlName    = "url" // there while the server is
	memory     = "/dev/shm"
	roomNeeded = 4 << 30 // bytes free in memory's file system for using it
	readyFD    = 3
	stopMax    = 10 * time.Second
)

// DirEnv names the environment variable with the folder for the private server's files. Unset: memory or a temporary
// folder.
const DirEnv = "BRIGADE_TEST_POSTGRES_DIR"

// Server is a Postgres server on which tests may make databases. It is in use until Release, the end of the process or
// the loss of the value.
type Server struct {
	URL   string
	users *os.File
}

// Use returns the server of ServerEnv, else the private one, started if need be.
func Use(ctx context.Context) (*Server, error) {
	if u := os.Getenv(ServerEnv); u != "" {
		return &Server{URL: u}, nil
	}
	dir, err := serverDir()
	if err != nil {
		return nil, err
	}
	start, err := lockFile(dir, startLock, syscall.LOCK_EX)
	if err != nil {
		return nil, err
	}
	defer start.Close()
	users, err := lockFile(dir, usersLock, syscall.LOCK_SH) // waits for a keeper that is about to end
	if err != nil {
		return nil, err
	}
	u, err := serverIn(ctx, dir)
	if err != nil {
		return nil, errors.Join(err, users.Close())
	}
	return &Server{URL: u, users: users}, nil
}

// Release says that this process needs the server no more.
func (s *Server) Release() {
	if s.users != nil {
		_ = s.users.Close() // gives the lock back
	}
}

// serverDir returns this user's folder for the server, in memory when there is room, since nothing in it shall last.
func serverDir() (string, error) {
	dir := filepath.Join(baseDir(), "brigade-pgtest-"+strconv.Itoa(os.Getuid()))
	if err := os.Mkdir(dir, 0o711); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return "", err
	}
	if st, ok := info.Sys().(*syscall.Stat_t); !ok || !info.IsDir() || int(st.Uid) != os.Getuid() {
		return "", fmt.Errorf("%s belongs to somebody else", dir)
	}
	return dir, nil
}

func baseDir() string {
	if dir := os.Getenv(DirEnv); dir != "" {
		return dir
	}
	var room syscall.Statfs_t
	if syscall.Statfs(memory, &room) == nil && room.Bavail > roomNeeded/uint64(room.Bsize) {
		return memory
	}
	return os.TempDir()
}

// lockFile opens and locks a file in dir, waiting if how says so.
func lockFile(dir, name string, how int) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(f.Fd()), how)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// serverIn returns the URL of the server in dir. The caller holds the locks start and users.
func serverIn(ctx context.Context, dir string) (string, error) {
	if b, err := os.ReadFile(filepath.Join(dir, urlName)); err == nil && hasKeeper(dir) {
		return string(b), nil
	}
	return startKeeper(ctx, dir)
}

func hasKeeper(dir string) bool {
	f, err := lockFile(dir, aliveLock, syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		_ = f.Close()
	}
	return err != nil
}

// startKeeper runs this very program again as the keeper and waits until its server is ready.
func startKeeper(ctx context.Context, dir string) (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	ready, told, err := os.Pipe()
	if err != nil {
		return "", err
	}
	defer ready.Close()
	cmd := exec.CommandContext(context.WithoutCancel(ctx), self)
	cmd.Env = append(os.Environ(), keeperEnv+"="+dir)
	cmd.Dir = "/"
	cmd.ExtraFiles = []*os.File{told}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // out of reach of the terminal's signals
	err = cmd.Start()
	_ = told.Close() // the keeper has its own
	if err != nil {
		return "", err
	}
	_ = cmd.Process.Release() // it outlives this process: nobody waits for it
	if deadline, ok := ctx.Deadline(); ok {
		_ = ready.SetReadDeadline(deadline)
	}
	u, err := bufio.NewReader(ready).ReadString('\n')
	if err != nil {
		log, _ := os.ReadFile(filepath.Join(dir, keeperLog)) // for the message only
		return "", fmt.Errorf("the test server did not start: %w: %s", err, strings.TrimSpace(string(log)))
	}
	return strings.TrimSpace(u), nil
}

// The keeper is this program, so that `go test` of a single package needs nothing built beforehand: that is why there
// is work in an init. Nobody but startKeeper sets the variable.
func init() {
	if dir := os.Getenv(keeperEnv); dir != "" {
		keep(dir)
	}
}

// keep owns the server of dir until nobody uses it any more, and ends the process.
func keep(dir string) {
	log, err := os.Create(filepath.Join(dir, keeperLog))
	if err != nil {
		os.Exit(1)
	}
	syscall.CloseOnExec(readyFD)
	logger := slog.New(slog.NewTextHandler(log, nil))
	if err := serve(dir, logger, os.NewFile(readyFD, "ready")); err != nil {
		logger.Error("test server", "error", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func serve(dir string, logger *slog.Logger, ready *os.File) error {
	alive, err := lockFile(dir, aliveLock, syscall.LOCK_EX) // waits for a predecessor that is ending
	if err != nil {
		return err
	}
	defer alive.Close()
	state := filepath.Join(dir, "state")
	server, err := localpg.Start(context.Background(), localpg.Config{StateDir: state, Logger: logger, FastUnsafe: true})
	if err != nil {
		return err
	}
	urlFile := filepath.Join(dir, urlName)
	err = os.WriteFile(urlFile, []byte(server.URL()), 0o600)
	fmt.Fprintln(ready, server.URL())
	_ = ready.Close()
	tended := make(chan struct{})
	tending, end := context.WithCancel(context.Background())
	go func() {
		defer close(tended)
		tend(tending, server.URL(), logger)
	}()
	users, err2 := lockFile(dir, usersLock, syscall.LOCK_EX) // until the last user has gone; newer ones wait
	if err2 == nil {
		defer users.Close()
	}
	end()
	<-tended
	ctx, cancel := context.WithTimeout(context.Background(), stopMax)
	defer cancel()
	return errors.Join(err, err2, os.Remove(urlFile), server.Stop(ctx), os.RemoveAll(state))
}

// tend keeps databases ready as long as ctx lives. Without it tests make their own.
func tend(ctx context.Context, url string, logger *slog.Logger) {
	f, err := openFactory(ctx, &Server{URL: url})
	if err == nil {
		err = errors.Join(f.tend(ctx), f.conn.Close(context.Background()))
	}
	if ctx.Err() == nil {
		logger.Error("keep databases ready", "error", err)
	}
}
