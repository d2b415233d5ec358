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
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	pollEvery  = 10 * time.Millisecond
	connectMax = 5 * time.Second
	killMax    = 10 * time.Second
)

// postmaster is the server's process, a child of this one.
type postmaster struct {
	cmd     *exec.Cmd
	started time.Time
	exited  chan struct{} // closed when it has ended; err is set before
	err     error
	logFrom int64
}

// begin starts a postmaster in the data folder, whoever was there before, and waits until it takes connections.
func (c *cluster) begin(ctx context.Context) (*postmaster, error) {
	if err := c.evict(ctx); err != nil {
		return nil, err
	}
	if err := c.makeSocketDir(); err != nil {
		return nil, err
	}
	p, err := c.launch(ctx)
	if err != nil {
		return nil, err
	}
	if err := c.awaitReady(ctx, p); err != nil {
		now := make(chan struct{})
		close(now)
		p.end(now)
		c.killStrays()
		return nil, err
	}
	return p, nil
}

func (c *cluster) launch(ctx context.Context) (*postmaster, error) {
	c.checkLog()
	log, err := os.OpenFile(c.logPath(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close() // the postmaster has its own
	from, err := log.Seek(0, 2)
	if err != nil {
		return nil, err
	}
	p := &postmaster{started: time.Now(), exited: make(chan struct{}), logFrom: from}
	// The caller's ctx may end while the server goes on: it is not the command's.
	p.cmd = c.account.command(context.WithoutCancel(ctx), c.bin.path("postgres"), c.settings(ctx)...)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start postgres: %w", err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.exited)
	}()
	return p, nil
}

// awaitReady waits for the end of start-up and crash recovery, as long as ctx allows, and makes the database.
func (c *cluster) awaitReady(ctx context.Context, p *postmaster) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return fmt.Errorf("start postgres: %w", context.Cause(ctx))
		case <-p.exited:
			return fmt.Errorf("postgres ended at its start (%w); its log %s ends with: %s",
				p.failure(), c.logPath(), c.logSince(p.logFrom))
		case <-tick.C:
			if err := c.makeDatabase(ctx); err == nil {
				return nil
			}
		}
	}
}

func (c *cluster) makeDatabase(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, connectMax)
	defer cancel()
	conn, err := pgx.Connect(ctx, c.url(maintenance))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	var there bool
	const ask = "select exists (select from pg_database where datname = $1)"
	if err := conn.QueryRow(ctx, ask, database).Scan(&there); err != nil || there {
		return err
	}
	_, err = conn.Exec(ctx, "create database "+database)
	return err
}

func (p *postmaster) failure() error {
	if p.err == nil {
		return errors.New("postgres was shut down by somebody else")
	}
	return p.err
}

// end shuts the postmaster down: fast, then, when that takes too long or hurry is closed, at once.
func (p *postmaster) end(hurry <-chan struct{}) {
	p.signal(syscall.SIGINT)
	select {
	case <-p.exited:
		return
	case <-hurry:
	case <-time.After(stopGrace):
	}
	p.signal(syscall.SIGQUIT)
	select {
	case <-p.exited:
		return
	case <-time.After(quitGrace):
	}
	p.signal(syscall.SIGKILL)
	<-p.exited
}

func (p *postmaster) signal(sig os.Signal) {
	_ = p.cmd.Process.Signal(sig) // fails only when it has ended
}

// evict ends whatever is at work in the data folder and removes the marks it left: a Postgres that outlived its
// brigade, backends that outlived their postmaster, the pid of a process that is something else by now.
func (c *cluster) evict(ctx context.Context) error {
	if pid := c.recordedPID(); pid > 0 && runsIn(pid, c.data) {
		c.log.Info("ending the private postgres that an earlier process left behind", "pid", pid)
		if err := c.endOrphan(ctx, pid); err != nil {
			return fmt.Errorf("end the postgres with pid %d: %w", pid, err)
		}
	}
	c.killStrays()
	socket := filepath.Join(c.socketDir, socketName)
	for _, mark := range []string{filepath.Join(c.data, "postmaster.pid"), socket, socket + ".lock"} {
		if err := os.Remove(mark); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
			return err
		}
	}
	return nil
}

// recordedPID returns the pid in postmaster.pid; 0 when there is none.
func (c *cluster) recordedPID() int {
	b, err := os.ReadFile(filepath.Join(c.data, "postmaster.pid"))
	if err != nil {
		return 0
	}
	line, _, _ := strings.Cut(string(b), "\n")
	pid, _ := strconv.Atoi(strings.TrimSpace(line)) // unreadable: 0, nobody
	return pid
}

// endOrphan ends a postmaster that is nobody's child any more, more and more firmly.
func (c *cluster) endOrphan(ctx context.Context, pid int) error {
	gone := func() bool { return !runsIn(pid, c.data) }
	for _, step := range []struct {
		sig   syscall.Signal
		grace time.Duration
	}{{syscall.SIGINT, stopGrace}, {syscall.SIGQUIT, quitGrace}, {syscall.SIGKILL, killMax}} {
		if err := syscall.Kill(pid, step.sig); err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
		if await(ctx, step.grace, gone) {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	return errors.New("it does not end")
}

// killStrays kills backends whose postmaster is dead: they would keep the next one from starting.
func (c *cluster) killStrays() {
	await(context.Background(), killMax, func() bool {
		pids := processesIn(c.data)
		for _, pid := range pids {
			_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended by itself
		}
		return len(pids) == 0
	})
}

// await polls until met returns true and tells whether it did within the time.
func await(ctx context.Context, atMost time.Duration, met func() bool) bool {
	ctx, cancel := context.WithTimeout(ctx, atMost)
	defer cancel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for !met() {
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
	}
	return true
}
