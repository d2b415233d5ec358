package brokertest

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A process that uses the shared server holds a shared lock on `users` in its folder. Another process, the keeper, owns
// the server and ends it once it gets that lock for itself alone: when the last user has gone, killed or not. `start` is
// held by whoever looks whether there is a server and starts one if not.
const (
	keeperEnv = "BRIGADE_BROKERTEST_KEEPER" // set: this process is the keeper of the named folder
	usersLock = "users"
	startLock = "start"
	aliveLock = "keeper" // held by the keeper
	portsName = "ports"  // there while the server is
	stateName = "state"  // the server's own folder
	readyFD   = 3
)

// shared returns the server that all programs share, in use until this process ends.
var shared = sync.OnceValues(func() (*Server, error) {
	dir := filepath.Join(os.TempDir(), "brigade-brokertest-2-"+strconv.Itoa(os.Getuid()))
	if err := os.MkdirAll(dir, 0o700); err != nil {
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
	s, err := serverIn(dir)
	if err != nil {
		return nil, errors.Join(err, users.Close())
	}
	inUse = users
	return s, nil
})

// inUse keeps the lock from being collected.
var inUse *os.File //nolint:unused // holding it is its use

type ports struct{ AMQP, AMQPS, Manage int }

func serverIn(dir string) (*Server, error) {
	if b, err := os.ReadFile(filepath.Join(dir, portsName)); err == nil && hasKeeper(dir) {
		return serverAt(dir, b)
	}
	b, err := startKeeper(dir)
	if err != nil {
		return nil, err
	}
	return serverAt(dir, b)
}

func serverAt(dir string, b []byte) (*Server, error) {
	var p ports
	if err := json.Unmarshal(b, &p); err != nil {
		return nil, fmt.Errorf("the shared server: %w", err)
	}
	return &Server{dir: filepath.Join(dir, stateName), amqp: p.AMQP, amqps: p.AMQPS, manage: p.Manage}, nil
}

func hasKeeper(dir string) bool {
	f, err := lockFile(dir, aliveLock, syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		_ = f.Close()
	}
	return err != nil
}

func lockFile(dir, name string, how int) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		if err = syscall.Flock(int(f.Fd()), how); !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// startKeeper runs this very program again as the keeper and waits until its server is ready.
func startKeeper(dir string) ([]byte, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	ready, told, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer ready.Close()
	cmd := exec.CommandContext(context.Background(), self)
	cmd.Env = append(os.Environ(), keeperEnv+"="+dir)
	cmd.Dir = "/"
	cmd.ExtraFiles = []*os.File{told}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // out of reach of the terminal's signals
	err = cmd.Start()
	_ = told.Close() // the keeper has its own
	if err != nil {
		return nil, err
	}
	_ = cmd.Process.Release() // it outlives this process: nobody waits for it
	_ = ready.SetReadDeadline(time.Now().Add(startMax))
	line, err := bufio.NewReader(ready).ReadString('\n')
	if err != nil || strings.HasPrefix(line, "!") {
		return nil, errors.Join(errors.New(strings.TrimPrefix(line, "!")), err)
	}
	return []byte(line), nil
}

// The keeper is this program, so that `go test` of a single package needs nothing built beforehand: that is why there
// is work in an init. Nobody but startKeeper sets the variable.
func init() {
	if dir := os.Getenv(keeperEnv); dir != "" {
		keep(dir)
		os.Exit(0)
	}
}

// keep owns the server of dir until nobody uses it any more.
func keep(dir string) {
	syscall.CloseOnExec(readyFD)
	told := os.NewFile(readyFD, "ready")
	if err := serve(dir, told); err != nil {
		fmt.Fprintf(told, "!%s\n", strings.ReplaceAll(err.Error(), "\n", " "))
		os.Exit(1)
	}
}

func serve(dir string, told *os.File) error {
	alive, err := lockFile(dir, aliveLock, syscall.LOCK_EX) // waits for a predecessor that is ending
	if err != nil {
		return err
	}
	defer alive.Close()
	state := filepath.Join(dir, stateName)
	if err := errors.Join(os.RemoveAll(state), os.Mkdir(state, 0o700)); err != nil {
		return err
	}
	s, err := newServer(state)
	if err != nil {
		return err
	}
	if err := s.start(); err != nil {
		return err
	}
	defer s.running.kill()
	b, err := json.Marshal(ports{s.amqp, s.amqps, s.manage})
	if err != nil {
		return err
	}
	file := filepath.Join(dir, portsName)
	if err := os.WriteFile(file, b, 0o600); err != nil {
		return err
	}
	fmt.Fprintf(told, "%s\n", b)
	_ = told.Close()
	users, err := lockFile(dir, usersLock, syscall.LOCK_EX) // until the last user has gone; newer ones wait
	if err != nil {
		return err
	}
	defer users.Close()
	s.running.kill()
	return errors.Join(os.Remove(file), os.RemoveAll(state))
}
