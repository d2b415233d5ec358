// Package pgtest gives every test a migrated Postgres database of its own, in milliseconds.
//
// The server is the one that BRIGADE_TEST_POSTGRES names (the URL of a database from which others can be made), else a
// private one that all test programs of this user share: the first starts it, and it ends with the last, however that
// ends. Databases are copies of a migrated template.
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"brigade/internal/store"
)

// ServerEnv names the environment variable with the URL of a running server.
const ServerEnv = "BRIGADE_TEST_POSTGRES"

const (
	newMax  = time.Minute // the first test of the first program waits for a whole server
	dropMax = 30 * time.Second
	poolMax = 16 // connections of a test's pool
)

// New returns a pool on a migrated, empty database that only this test uses. Both go away with the test.
func New(t testing.TB) *pgxpool.Pool {
	t.Helper()
	pool, err := store.Open(NewURL(t), poolMax)
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// NewURL returns the URL of a migrated, empty database that only this test uses, for a program that the test runs.
// The database goes away with the test, connections to it included.
func NewURL(t testing.TB) string {
	t.Helper()
	f, err := shared()
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), newMax)
	defer cancel()
	name, err := f.take(ctx)
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(func() {
		if err := f.drop(name); err != nil {
			t.Logf("pgtest: drop the database: %v", err) // a later process will
		}
	})
	u, err := withDatabase(f.server.URL, name)
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	return u
}

// shared returns the process's one factory, made by the first test that needs it.
var shared = sync.OnceValues(func() (*factory, error) {
	ctx, cancel := context.WithTimeout(context.Background(), newMax)
	defer cancel()
	server, err := Use(ctx)
	if err != nil {
		return nil, fmt.Errorf("get a server: %w", err)
	}
	return openFactory(ctx, server)
})

// withDatabase returns a server's URL (or key=value string) with another database.
func withDatabase(server, name string) (string, error) {
	if !strings.Contains(server, "://") {
		return server + " dbname=" + name, nil
	}
	u, err := url.Parse(server)
	if err != nil {
		return "", errors.New("the server's URL cannot be read") // not quoted: it may hold a password
	}
	u.Path = "/" + name
	return u.String(), nil
}
