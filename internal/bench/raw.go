package bench

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"brigade/internal/errs"
	"brigade/internal/store"
	"brigade/internal/store/localpg"
)

const (
	rawClients = 16
	rawScale   = 10 // pgbench's: so many times 100,000 accounts
)

// rawBench measures Postgres without Brigade, in a database of its own on the same server.
type rawBench struct {
	url     string
	pgbench string // the program; "": it is not installed
	scale   int
	length  time.Duration
	drop    func(context.Context) error
}

// newRaw makes and fills the database.
func newRaw(ctx context.Context, o Options, serverURL string) (*rawBench, error) {
	dbURL, drop, err := makeDatabase(ctx, serverURL, "brigade_raw")
	if err != nil {
		return nil, err
	}
	r := &rawBench{
		url: dbURL, pgbench: findPgbench(), scale: rawScale, length: max(3*time.Second, o.Duration/4), drop: drop,
	}
	o.say("preparing the raw measurement (%s)", r.method())
	if err := r.fill(ctx); err != nil {
		return nil, errors.Join(err, drop(context.WithoutCancel(ctx)))
	}
	return r, nil
}

func (r *rawBench) method() string {
	if r.pgbench == "" {
		return "go"
	}
	return "pgbench"
}

func (r *rawBench) fill(ctx context.Context) error {
	if r.pgbench != "" {
		_, err := r.run(ctx, "-i", "-q", "-s", strconv.Itoa(r.scale))
		return err
	}
	return withConn(ctx, r.url, func(c *pgx.Conn) error {
		_, err := c.Exec(ctx, fmt.Sprintf(`
			create table pgbench_accounts (aid int primary key, bid int, abalance int, filler char(84)) with (fillfactor = 100);
			create table pgbench_history (tid int, bid int, aid int, delta int, mtime timestamp, filler char(22));
			insert into pgbench_accounts select i, 1 + i / 100000, 0, '' from generate_series(1, %d) i;
			analyze pgbench_accounts`, r.scale*100_000), pgx.QueryExecModeSimpleProtocol)
		return err
	})
}

// tps measures transactions per second.
func (r *rawBench) tps(ctx context.Context) (float64, error) {
	if r.pgbench == "" {
		return r.tpsByGo(ctx)
	}
	out, err := r.run(ctx, "-N", "-n", "-M", "prepared", "-c", strconv.Itoa(rawClients), "-j", "2",
		"-T", strconv.Itoa(int(r.length.Round(time.Second).Seconds())))
	if err != nil {
		return 0, err
	}
	return parseTPS(out)
}

// run runs pgbench. The URL goes by the environment, where other users do not see its password.
func (r *rawBench) run(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, r.pgbench, args...)
	env, err := libpqEnv(r.url)
	if err != nil {
		return "", err
	}
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("pgbench %s: %w: %s", strings.Join(args, " "), err, lastLine(out))
	}
	return string(out), nil
}

func lastLine(out []byte) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return lines[len(lines)-1]
}

// libpqEnv says in environment variables how to connect.
func libpqEnv(dbURL string) ([]string, error) {
	c, err := pgx.ParseConfig(dbURL)
	if err != nil {
		return nil, errs.Invalid("the database URL cannot be read").Because(err)
	}
	env := []string{
		"PGHOST=" + c.Host, fmt.Sprintf("PGPORT=%d", c.Port), "PGUSER=" + c.User, "PGDATABASE=" + c.Database,
	}
	if c.Password != "" {
		env = append(env, "PGPASSWORD="+c.Password)
	}
	return env, nil
}

var tpsLine = regexp.MustCompile(`(?m)^tps = ([0-9.]+)`)

func parseTPS(out string) (float64, error) {
	m := tpsLine.FindStringSubmatch(out)
	if m == nil {
		return 0, fmt.Errorf("pgbench did not say how many transactions it made: %s", lastLine([]byte(out)))
	}
	return strconv.ParseFloat(m[1], 64)
}

// findPgbench looks where the server's programs are.
func findPgbench() string {
	dirs := []string{os.Getenv(localpg.BinEnv)}
	if p, err := exec.LookPath("pgbench"); err == nil {
		return p
	}
	usual, _ := filepath.Glob("/usr/lib/postgresql/*/bin") // only a bad pattern is an error
	slices.SortFunc(usual, func(a, b string) int { return major(b) - major(a) })
	for _, dir := range append(dirs, usual...) {
		p := filepath.Join(dir, "pgbench")
		if info, err := os.Stat(p); dir != "" && err == nil && info.Mode()&0o111 != 0 {
			return p
		}
	}
	return ""
}

func major(dir string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(dir))) // 0 sorts last
	return n
}

// tpsByGo does what pgbench -N does: one transaction of an update, a select and an insert, by 16 clients.
func (r *rawBench) tpsByGo(ctx context.Context) (float64, error) {
	pool, err := store.Open(r.url, rawClients)
	if err != nil {
		return 0, err
	}
	defer pool.Close()
	l := flatOut(ctx, "transactions", rawClients, r.length, func(ctx context.Context, w, n int) error {
		return rawTransaction(ctx, pool, 1+(w*7919+n*104729)%(r.scale*100_000))
	})
	if l.Errors > 0 {
		return 0, fmt.Errorf("raw transactions failed: %s", l.Error)
	}
	return l.PerSecond, nil
}

func rawTransaction(ctx context.Context, pool *pgxpool.Pool, account int) error {
	return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "update pgbench_accounts set abalance = abalance + $1 where aid = $2", 7, account); err != nil {
			return err
		}
		var balance int
		if err := tx.QueryRow(ctx, "select abalance from pgbench_accounts where aid = $1", account).Scan(&balance); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "insert into pgbench_history (tid, bid, aid, delta, mtime) values (1, 1, $1, $2, current_timestamp)", account, 7)
		return err
	})
}

// makeDatabase makes a database with a new name on a server and returns its URL and what drops it.
func makeDatabase(ctx context.Context, serverURL, prefix string) (dbURL string, drop func(context.Context) error, err error) {
	name := prefix + "_" + strings.ToLower(rand.Text()[:10])
	if dbURL, err = withDatabase(serverURL, name); err != nil {
		return "", nil, err
	}
	err = withConn(ctx, serverURL, func(c *pgx.Conn) error {
		_, err := c.Exec(ctx, "create database "+name)
		return err
	})
	if err != nil {
		return "", nil, fmt.Errorf("make a database for the benchmark: %w", err)
	}
	return dbURL, func(ctx context.Context) error {
		return withConn(ctx, serverURL, func(c *pgx.Conn) error {
			_, err := c.Exec(ctx, "drop database if exists "+name+" with (force)")
			return err
		})
	}, nil
}

// withDatabase returns a server's URL (or key=value string) with another database.
func withDatabase(server, name string) (string, error) {
	if !strings.Contains(server, "://") {
		return server + " dbname=" + name, nil
	}
	u, err := url.Parse(server)
	if err != nil {
		return "", errs.Invalid("the database URL cannot be read")
	}
	u.Path = "/" + name
	return u.String(), nil
}

func withConn(ctx context.Context, dbURL string, do func(*pgx.Conn) error) error {
	c, err := pgx.Connect(ctx, dbURL)
	if err != nil {
		return errs.Unavailable("Postgres cannot be reached").Because(err)
	}
	defer func() { _ = c.Close(context.WithoutCancel(ctx)) }()
	return do(c)
}

// meet finds out about the server behind a URL.
func meet(ctx context.Context, dbURL string) (version string, s server, err error) {
	err = withConn(ctx, dbURL, func(c *pgx.Conn) error {
		var backend int
		err := c.QueryRow(ctx, "select current_setting('server_version'), pg_backend_pid()").Scan(&version, &backend)
		s = postmaster(backend)
		return err
	})
	return version, s, err
}
