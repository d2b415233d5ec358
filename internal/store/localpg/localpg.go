// Package localpg runs a private Postgres for one machine: `brigade up` needs no database server.
//
// The server listens on a Unix socket only, in a folder that nobody else may enter. It is a child of this process in
// a session of its own, so that a Ctrl-C in the terminal does not reach it before Stop does. When it dies it is
// brought back; when this process is killed it goes on alone, and the next Start ends it cleanly and begins anew on
// the same data.
package localpg

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	database    = "brigade"        // the database and the superuser that every Server has
	maintenance = "postgres"       // the database that initdb makes
	stopGrace   = 30 * time.Second // how long a fast shutdown may take before it becomes an immediate one
	quitGrace   = 5 * time.Second  // how long an immediate shutdown may take before the process is killed
	logCheck    = time.Minute      // how often the log's size is looked at
	firstPause  = 100 * time.Millisecond
	longestWait = 10 * time.Second
	settledAt   = time.Minute // a postmaster that ran this long is restarted without a pause
)

// Config says where the private Postgres lives.
type Config struct {
	StateDir   string       // made when missing; holds the data, the lock, the log and (when its path is short) the socket
	Logger     *slog.Logger // nil: slog.Default()
	FastUnsafe bool         // for tests: begins empty at every Start and survives no crash of the machine

	withoutCaps bool // for tests: as if the kernel gave no ambient capabilities
	fallback    string
}

// Server is a running private Postgres. It is made by Start and is safe for concurrent use.
type Server struct {
	c        *cluster
	log      *slog.Logger
	restarts atomic.Int64
	exits    chan error
	hurry    chan struct{}
	done     chan struct{}
	stop     context.CancelFunc
	stopping context.Context // ends with Stop
	hurried  sync.Once
}

// Start brings up the private Postgres of cfg.StateDir, making it when there is none, and returns once it takes
// connections. A postmaster that a killed process left behind is ended first. Cancelling ctx makes Start give up and
// leave nothing running; after Start has returned, ctx has no meaning for the Server.
//
// Errors: errs.KindConflict when another process uses the folder (its pid is named) or when the data cannot be used by
// this user or by the installed version; errs.KindUnavailable when the Postgres programs are not installed.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	c, err := openCluster(ctx, cfg)
	if err != nil {
		return nil, err
	}
	p, err := c.begin(ctx)
	if err != nil {
		c.release()
		return nil, err
	}
	s := &Server{c: c, log: cfg.Logger, exits: make(chan error, 1), hurry: make(chan struct{}), done: make(chan struct{})}
	s.stopping, s.stop = context.WithCancel(context.Background())
	go s.supervise(p)
	return s, nil
}

// URL returns the address of the database, for pgx, psql and pgbench. It stays the same over restarts.
func (s *Server) URL() string { return s.c.url(database) }

// Restarts says how often a postmaster that died has been replaced.
func (s *Server) Restarts() int64 { return s.restarts.Load() }

// Exits tells of postmasters that died unasked; each is being replaced when it is told. A reader that is late finds the
// oldest one only.
func (s *Server) Exits() <-chan error { return s.exits }

// Done is closed once the Server has been stopped and its folder is free.
func (s *Server) Done() <-chan struct{} { return s.done }

// Stop ends the server: transactions under way are rolled back, everything committed is kept. It may be called more
// than once and by several at once; all return when the server has ended. When ctx ends first the server is ended
// without its closing checkpoint (nothing is lost, the next Start takes longer) and ctx's error is returned.
func (s *Server) Stop(ctx context.Context) error {
	s.stop()
	select {
	case <-s.done:
		return nil
	case <-ctx.Done():
	}
	s.hurried.Do(func() { close(s.hurry) })
	<-s.done
	return fmt.Errorf("stop the private postgres: %w", context.Cause(ctx))
}

func (s *Server) supervise(p *postmaster) {
	defer close(s.done)
	defer s.c.release()
	ticker := time.NewTicker(logCheck)
	defer ticker.Stop()
	for p != nil {
		select {
		case <-s.stopping.Done():
			p.end(s.hurry)
			s.c.killStrays()
			return
		case <-ticker.C:
			s.c.checkLog()
		case <-p.exited:
			s.report(p)
			p = s.relaunch(p)
		}
	}
}

func (s *Server) report(p *postmaster) {
	err := p.failure()
	s.log.Error("private postgres died, starting it again", "error", err)
	select {
	case s.exits <- err:
	default:
	}
}

// relaunch returns the new postmaster, or nil when the Server is stopped meanwhile. It never gives up: a full disk may
// be emptied.
func (s *Server) relaunch(died *postmaster) *postmaster {
	pause := time.Duration(0)
	if time.Since(died.started) < settledAt {
		pause = firstPause
	}
	for s.wait(pause) {
		p, err := s.c.begin(s.stopping)
		if err == nil {
			s.restarts.Add(1)
			s.log.Info("private postgres is back")
			return p
		}
		pause = min(max(2*pause, firstPause), longestWait)
		if s.stopping.Err() == nil {
			s.log.Error("private postgres does not start", "error", err, "next_attempt_in", pause)
		}
	}
	return nil
}

// wait pauses for d and tells whether the Server is still wanted.
func (s *Server) wait(d time.Duration) bool {
	select {
	case <-s.stopping.Done():
		return false
	case <-time.After(d):
		return s.stopping.Err() == nil
	}
}

func (c *cluster) url(db string) string {
	q := url.Values{"host": {c.socketDir}, "sslmode": {"disable"}}
	// Neither pgx nor libpq reads a plus as a space.
	query := strings.ReplaceAll(q.Encode(), "+", "%20")
	return (&url.URL{Scheme: "postgres", User: url.User(database), Path: "/" + db, RawQuery: query}).String()
}
