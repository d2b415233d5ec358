package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var binary string // built once

// The environment of whoever runs the tests has no say.
func TestMain(m *testing.M) {
	for _, kv := range os.Environ() {
		if name, _, _ := strings.Cut(kv, "="); name == "DATABASE_URL" || strings.HasPrefix(name, "BRIGADE_") && name != "BRIGADE_TEST_POSTGRES" {
			_ = os.Unsetenv(name) // only an impossible name fails
		}
	}
	os.Exit(withBinary(m.Run))
}

func withBinary(run func() int) int {
	dir, err := os.MkdirTemp("", "brigade-bin")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "brigade")
	if out, err := exec.Command("go", "build", "-buildvcs=false", "-o", binary, ".").CombinedOutput(); err != nil {
		panic(string(out))
	}
	return run()
}

// patience is how long a machine with far too much to do may take for what is waited for.
const patience = 3 * time.Minute

// process is a running brigade.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	url    string // where it is ready
	ready  chan string
	exited chan struct{}

	mu       sync.Mutex
	out, err bytes.Buffer
}

// start starts brigade and returns at once. What is still running when the test ends is killed.
func start(t *testing.T, args ...string) *process {
	t.Helper()
	return startIn(t, t.TempDir(), nil, args...)
}

// startIn is start in a folder, with more in its environment.
func startIn(t *testing.T, dir string, env []string, args ...string) *process {
	t.Helper()
	p := &process{t: t, ready: make(chan string, 1), exited: make(chan struct{})}
	p.cmd = exec.Command(binary, args...)
	p.cmd.Dir, p.cmd.Env = dir, append(os.Environ(), env...)
	stdout, err := p.cmd.StdoutPipe()
	require.NoError(t, err)
	stderr, err := p.cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, p.cmd.Start())
	var read sync.WaitGroup
	read.Go(func() { p.follow(stdout, &p.out) })
	read.Go(func() { p.follow(stderr, &p.err) })
	go func() {
		read.Wait()
		_ = p.cmd.Wait() // the exit code is looked at by whoever waits
		close(p.exited)
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.exited
	})
	return p
}

func (p *process) follow(r io.Reader, into *bytes.Buffer) {
	for lines := bufio.NewScanner(r); lines.Scan(); {
		p.mu.Lock()
		into.WriteString(lines.Text() + "\n")
		p.mu.Unlock()
		if url, ok := strings.CutPrefix(lines.Text(), "ready "); ok && into == &p.out {
			p.ready <- url
		}
	}
}

func (p *process) stdout() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.String()
}

func (p *process) stderr() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err.String()
}

// boot starts brigade and waits until it is ready.
func boot(t *testing.T, args ...string) *process {
	t.Helper()
	p := start(t, args...)
	p.awaitReady()
	return p
}

func (p *process) awaitReady() {
	p.t.Helper()
	select {
	case p.url = <-p.ready:
	case <-p.exited:
		require.FailNow(p.t, "brigade ended before it was ready", p.stdout()+p.stderr())
	case <-time.After(patience):
		require.FailNow(p.t, "brigade is not ready", p.stdout()+p.stderr())
	}
}

// wait returns the exit code.
func (p *process) wait() int {
	p.t.Helper()
	select {
	case <-p.exited:
	case <-time.After(patience):
		require.FailNow(p.t, "brigade does not end", p.stdout()+p.stderr())
	}
	return p.cmd.ProcessState.ExitCode()
}

func (p *process) signal(s syscall.Signal) {
	p.t.Helper()
	require.NoError(p.t, p.cmd.Process.Signal(s))
}

// end ends brigade as an operator does.
func (p *process) end() {
	p.t.Helper()
	p.signal(syscall.SIGINT)
	require.Equal(p.t, 0, p.wait(), p.stdout()+p.stderr())
}

// brigade runs a command to its end.
func brigade(t *testing.T, args ...string) (code int, out, err string) {
	t.Helper()
	p := start(t, args...)
	code = p.wait()
	return code, p.stdout(), p.stderr()
}

// ok runs a command that must succeed and returns what it wrote to stdout.
func ok(t *testing.T, args ...string) string {
	t.Helper()
	code, out, err := brigade(t, args...)
	require.Equal(t, 0, code, err)
	return out
}

// stateFolder returns a folder whose path is short enough for a socket.
func stateFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "brigade-up")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return dir
}

// gone tells whether there is no such file.
func gone(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, os.ErrNotExist)
}
