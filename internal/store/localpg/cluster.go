package localpg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"brigade/internal/errs"
)

const versionFile = "PG_VERSION" // written by initdb, names the major version

// cluster is one private Postgres on disk: where it lives, under whom it runs and with which programs. Whoever has one
// holds the locks of its folders until release.
type cluster struct {
	folders
	account account
	bin     binaries
	fast    bool
	log     *slog.Logger
	locks   []*os.File
}

func openCluster(ctx context.Context, cfg Config) (*cluster, error) {
	c := &cluster{fast: cfg.FastUnsafe, log: cfg.Logger}
	state, err := makeStateDir(cfg.StateDir)
	if err != nil {
		return nil, err
	}
	if err := c.lock(state); err != nil {
		return nil, err
	}
	err = c.settle(ctx, cfg, state)
	if err == nil {
		err = c.prepareData(ctx)
	}
	if err != nil {
		c.release()
		return nil, err
	}
	return c, nil
}

// settle finds where the data are or shall be, and who can work there with which programs.
func (c *cluster) settle(ctx context.Context, cfg Config, state string) (err error) {
	if c.folders, err = locate(state); err != nil {
		return err
	}
	if c.home != c.state {
		if err := c.lock(c.home); err != nil {
			return err
		}
	}
	if c.account, err = chooseAccount(c.data); err != nil {
		return err
	}
	major, err := c.dataMajor()
	if err != nil {
		return err
	}
	if c.bin, err = findBinaries(ctx, major); err != nil {
		return err
	}
	return c.checkReach(ctx, cfg, major)
}

// checkReach makes sure that the server's user can enter the folder, else finds another one.
func (c *cluster) checkReach(ctx context.Context, cfg Config, major int) error {
	var ok bool
	c.account, ok = c.account.reach(ctx, c.bin, c.nearest(), cfg.withoutCaps)
	switch {
	case ok:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return c.moveOut(ctx, cfg, major)
}

// moveOut puts the data of a state folder that the server's user cannot enter into a folder of the system's, once.
func (c *cluster) moveOut(ctx context.Context, cfg Config, major int) error {
	name := userName(c.account.uid)
	_, ok := c.account.reach(ctx, c.bin, "/", cfg.withoutCaps)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if !ok {
		return errs.Unavailable("user %s cannot run the programs in %s", name, c.bin.dir)
	}
	if major != 0 || c.home != c.state || !c.account.changed {
		return errs.Conflict("user %s, as whom Postgres runs, cannot enter %s: make the folders above it passable "+
			"(chmod a+x) or choose another state folder", name, c.nearest())
	}
	home, err := pointElsewhere(c.state, cfg.fallback)
	if err != nil {
		return err
	}
	c.log.Info("the state folder is closed to the server's user, its data are elsewhere", "user", name, "folder", home)
	return c.settle(ctx, cfg, c.state)
}

// dataMajor returns the version that made the data; 0 when there are none, or none that shall be kept.
func (c *cluster) dataMajor() (int, error) {
	b, err := os.ReadFile(filepath.Join(c.data, versionFile))
	if errors.Is(err, fs.ErrNotExist) || err == nil && c.fast {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read the version of the data: %w", err)
	}
	return strconv.Atoi(strings.TrimSpace(string(b)))
}

// prepareData leaves a complete data folder, with nobody at work in it. initdb works in a folder of its own that is
// renamed when it is complete, so an interrupted one leaves only rubbish.
func (c *cluster) prepareData(ctx context.Context) error {
	if err := c.evict(ctx); err != nil {
		return err
	}
	c.sweep()
	switch _, err := os.Stat(filepath.Join(c.data, versionFile)); {
	case err == nil:
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("look at the data: %w", err)
	}
	if err := c.setAside(); err != nil {
		return err
	}
	return c.initialize(ctx)
}

// sweep removes what unfinished initdbs left, and with FastUnsafe the old data too.
func (c *cluster) sweep() {
	rubbish, _ := filepath.Glob(c.data + ".new-*") // only a bad pattern is an error
	if c.fast {
		rubbish = append(rubbish, c.data)
	}
	for _, dir := range rubbish {
		if err := os.RemoveAll(dir); err != nil {
			c.log.Warn("private postgres: remove an old folder", "error", err)
		}
	}
}

// setAside makes room for new data. A data folder without a version is of no use to Postgres, but it may hold
// something that somebody wants back.
func (c *cluster) setAside() error {
	err := os.Remove(c.data) // succeeds when it is empty
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	aside := c.data + ".unfinished-" + strconv.FormatInt(time.Now().UnixMicro(), 10)
	c.log.Warn("the data folder is not complete: moving it away and beginning anew", "moved_to", aside)
	return os.Rename(c.data, aside)
}

func (c *cluster) initialize(ctx context.Context) error {
	tmp, err := os.MkdirTemp(filepath.Dir(c.data), filepath.Base(c.data)+".new-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp) // nothing there any more when all went well
	if err := c.account.own(tmp); err != nil {
		return err
	}
	args := []string{"-D", tmp, "--username=" + database, "--auth=trust", "--encoding=UTF8", "--locale=C"}
	if c.fast {
		args = append(args, "--no-sync")
	} else {
		args = append(args, "--data-checksums")
	}
	out, err := c.account.command(ctx, c.bin.path("initdb"), args...).CombinedOutput()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("initdb: %w: %s", err, lastLines(string(out)))
	}
	if err := os.Rename(tmp, c.data); err != nil {
		return err
	}
	return syncDir(filepath.Dir(c.data))
}

// settings are given on the command line, so that neither the configuration file nor ALTER SYSTEM can open a port or
// give up durability.
func (c *cluster) settings(ctx context.Context) []string {
	set := []string{
		"listen_addresses=", "port=5432", "unix_socket_directories=" + c.socketDir, "unix_socket_permissions=0700",
		"max_connections=100", "superuser_reserved_connections=3", "shared_buffers=256MB", "work_mem=8MB",
		"maintenance_work_mem=64MB", "jit=off", "random_page_cost=1.1", "max_wal_size=2GB", "min_wal_size=" + strconv.Itoa(logAhead) + "MB",
		"checkpoint_timeout=15min", "autovacuum_naptime=15s", "autovacuum_vacuum_scale_factor=0.05",
		"timezone=UTC", "log_timezone=UTC", "log_destination=stderr", "logging_collector=off",
		"log_line_prefix=%m [%p] ", "log_checkpoints=off", "log_min_messages=warning", "cluster_name=brigade",
	}
	if c.fast {
		set = append(set, "fsync=off", "synchronous_commit=off", "full_page_writes=off", "wal_level=minimal",
			"max_wal_senders=0", "shared_buffers=128MB", "autovacuum_naptime=1h", "max_connections=400") // many tests share one
	} else {
		set = append(set, "fsync=on", "synchronous_commit=on", "full_page_writes=on")
		set = append(set, c.walCompression(ctx)...)
	}
	args := []string{"-D", c.data}
	for _, s := range set {
		args = append(args, "-c", s)
	}
	return args
}

// walCompression turns compression on where this Postgres has LZ4: that costs next to nothing, the older method does.
func (c *cluster) walCompression(ctx context.Context) []string {
	const lz4 = "wal_compression=lz4"
	ask := c.account.command(ctx, c.bin.path("postgres"), "-D", c.data, "-c", lz4, "-C", "wal_compression")
	if ask.Run() != nil {
		return nil
	}
	return []string{lz4}
}
