package pgtest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"

	"brigade/internal/store"
	"brigade/internal/store/migrations"
)

const (
	databasePrefix = "brigade_test_"     // then the process's tag, then the test's
	templatePrefix = "brigade_template_" // then the schema's hash
	sparePrefix    = "brigade_spare_"    // then the schema's hash, then a random part
	sparesReady    = 4
	channel        = "brigade_pgtest" // on which the keeper listens
	keeperLock     = 7_246_274_425    // advisory lock that a keeper holds
	templateLock   = 7_246_274_424    // advisory lock of whoever makes or removes templates
	ownerLock      = 724_627          // first half of the advisory lock that a living process holds, the second is its tag
)

// factory makes and drops databases over one connection. It has no goroutines of its own, so that tests which look for
// leaked ones find none.
type factory struct {
	server   *Server // kept: it is in use as long as the factory is
	prefix   string
	template string
	copying  string // how to copy the template

	mu   sync.Mutex // guards conn
	conn *pgx.Conn
}

func openFactory(ctx context.Context, server *Server) (*factory, error) {
	conn, err := pgx.Connect(ctx, server.URL)
	if err != nil {
		return nil, err
	}
	f := &factory{server: server, conn: conn}
	if err := f.prepare(ctx); err != nil {
		return nil, errors.Join(err, conn.Close(ctx))
	}
	return f, nil
}

func (f *factory) prepare(ctx context.Context) error {
	if err := f.claimTag(ctx); err != nil {
		return err
	}
	if err := f.sweep(ctx); err != nil {
		return fmt.Errorf("drop what ended tests left: %w", err)
	}
	var version int
	if err := f.conn.QueryRow(ctx, "select current_setting('server_version_num')::int").Scan(&version); err != nil {
		return err
	}
	if version >= 150000 {
		f.copying = " strategy file_copy" // the other strategy logs every page
	}
	return f.ensureTemplate(ctx)
}

// claimTag chooses the part of the names of this process's databases that tells others whether it lives: it holds the
// tag's advisory lock.
func (f *factory) claimTag(ctx context.Context) error {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails
	b[0] &= 0x7f           // positive
	f.prefix = databasePrefix + hex.EncodeToString(b[:]) + "_"
	_, err := f.conn.Exec(ctx, "select pg_advisory_lock($1, $2)", ownerLock, tagNumber(f.prefix))
	return err
}

// tagNumber reads the tag in a database's name; -1 when there is none.
func tagNumber(name string) int32 {
	tag, _, _ := strings.Cut(strings.TrimPrefix(name, databasePrefix), "_")
	b, err := hex.DecodeString(tag)
	if err != nil || len(b) != 4 {
		return -1
	}
	return int32(binary.BigEndian.Uint32(b))
}

// sweep drops the databases of processes that are gone.
func (f *factory) sweep(ctx context.Context) error {
	names, err := f.databases(ctx, databasePrefix)
	for _, name := range names {
		if !strings.HasPrefix(name, f.prefix) {
			err = errors.Join(err, f.dropOrphan(ctx, name))
		}
	}
	return err
}

func (f *factory) dropOrphan(ctx context.Context, name string) error {
	var orphan bool
	err := f.conn.QueryRow(ctx, "select pg_try_advisory_lock($1, $2)", ownerLock, tagNumber(name)).Scan(&orphan)
	if err != nil || !orphan {
		return err
	}
	_, err = f.conn.Exec(ctx, "drop database if exists "+name+" with (force)")
	_, err2 := f.conn.Exec(ctx, "select pg_advisory_unlock($1, $2)", ownerLock, tagNumber(name))
	return errors.Join(err, err2)
}

// ensureTemplate makes the migrated template of this schema unless it is there. Other schemas have templates of their
// own. A template counts once it is marked as one; an unfinished one is made again.
func (f *factory) ensureTemplate(ctx context.Context) error {
	hash, err := schemaHash()
	if err != nil {
		return err
	}
	f.template = templatePrefix + hash
	if _, err := f.conn.Exec(ctx, "select pg_advisory_lock($1)", int64(templateLock)); err != nil {
		return err
	}
	err = f.makeTemplate(ctx)
	_, err2 := f.conn.Exec(ctx, "select pg_advisory_unlock($1)", int64(templateLock))
	return errors.Join(err, err2)
}

func (f *factory) makeTemplate(ctx context.Context) error {
	var ready bool
	const ask = "select exists (select from pg_database where datname = $1 and datistemplate)"
	if err := f.conn.QueryRow(ctx, ask, f.template).Scan(&ready); err != nil || ready {
		return err
	}
	for _, statement := range []string{"drop database if exists " + f.template + " with (force)", "create database " + f.template} {
		if _, err := f.conn.Exec(ctx, statement); err != nil {
			return err
		}
	}
	u, err := withDatabase(f.server.URL, f.template)
	if err != nil {
		return err
	}
	if err := store.Migrate(ctx, u); err != nil {
		return err
	}
	_, err = f.conn.Exec(ctx, "alter database "+f.template+" with is_template true allow_connections false")
	return err
}

// schemaHash names the schema by what the migrations say.
func schemaHash() (string, error) {
	sum := sha256.New()
	jobs, err := store.JobSchema()
	if err != nil {
		return "", err
	}
	fmt.Fprintf(sum, "jobs %d\n", jobs)
	err = fs.WalkDir(migrations.FS, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(migrations.FS, path)
		fmt.Fprintf(sum, "%s %d\n%s", path, len(b), b)
		return err
	})
	return hex.EncodeToString(sum.Sum(nil)[:8]), err
}

// take returns the name of a new database: one that the keeper has ready, else one made on the spot.
func (f *factory) take(ctx context.Context) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	name := f.prefix + randomName()
	spares, err := f.databases(ctx, f.sparePrefix())
	if err != nil {
		return "", err
	}
	for _, spare := range spares {
		if _, err := f.conn.Exec(ctx, "alter database "+spare+" rename to "+name); err == nil {
			return name, f.tellKeeper(ctx, "")
		} // else another process was faster
	}
	return name, f.copyTemplate(ctx, name)
}

// drop removes a database, connected or not. It leaves the work to the keeper if there is one.
func (f *factory) drop(name string) error {
	ctx, cancel := context.WithTimeout(context.Background(), dropMax)
	defer cancel()
	f.mu.Lock()
	defer f.mu.Unlock()
	var alone bool
	if err := f.conn.QueryRow(ctx, "select pg_try_advisory_lock_shared($1)", int64(keeperLock)).Scan(&alone); err != nil {
		return err
	}
	if !alone {
		return f.tellKeeper(ctx, name)
	}
	_, err := f.conn.Exec(ctx, "drop database if exists "+name+" with (force)")
	_, err2 := f.conn.Exec(ctx, "select pg_advisory_unlock_shared($1)", int64(keeperLock))
	return errors.Join(err, err2)
}

// tellKeeper wakes the keeper; name is a database that nobody needs any more, or empty.
func (f *factory) tellKeeper(ctx context.Context, name string) error {
	_, err := f.conn.Exec(ctx, "select pg_notify($1, $2)", channel, name)
	return err
}

func (f *factory) copyTemplate(ctx context.Context, name string) error {
	_, err := f.conn.Exec(ctx, "create database "+name+" template "+f.template+f.copying)
	return err
}

// tend keeps databases ready and drops used ones until ctx ends. It is the keeper's work.
func (f *factory) tend(ctx context.Context) error {
	if _, err := f.conn.Exec(ctx, "select pg_advisory_lock($1)", int64(keeperLock)); err != nil {
		return err
	}
	if _, err := f.conn.Exec(ctx, "listen "+channel); err != nil {
		return err
	}
	for {
		if err := f.refill(ctx); err != nil {
			return err
		}
		told, err := f.conn.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		if !strings.HasPrefix(told.Payload, databasePrefix) {
			continue
		}
		if _, err := f.conn.Exec(ctx, "drop database if exists "+told.Payload+" with (force)"); err != nil {
			return err
		}
	}
}

func (f *factory) refill(ctx context.Context) error {
	ready, err := f.databases(ctx, f.sparePrefix())
	if err != nil {
		return err
	}
	for range sparesReady - len(ready) {
		if err := f.copyTemplate(ctx, f.sparePrefix()+randomName()); err != nil {
			return err
		}
	}
	return nil
}

func (f *factory) sparePrefix() string {
	return sparePrefix + strings.TrimPrefix(f.template, templatePrefix) + "_"
}

func (f *factory) databases(ctx context.Context, prefix string) ([]string, error) {
	rows, err := f.conn.Query(ctx, "select datname from pg_database where starts_with(datname, $1) order by oid", prefix)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

func randomName() string { return strings.ToLower(rand.Text())[:12] }
