package store_test

import (
	"context"
	"io/fs"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"brigade/internal/errs"
	"brigade/internal/store"
	"brigade/internal/store/migrations"
	"brigade/internal/store/pgtest"
)

// Each step down leaves what was there before the step up, also the second time.
func TestMigrationsGoUpDownAndUpAgain(t *testing.T) {
	t.Parallel()
	url := emptyDatabase(t)
	var first []any
	for round := range 2 {
		require.NoError(t, store.Migrate(t.Context(), url))
		for i := range migrationFiles(t) {
			schema, newest := schemaOf(t, url), newestApplied(t, url)
			if round == 0 {
				first = append(first, schema)
			}
			require.Equal(t, first[i], schema)
			require.NoError(t, store.MigrateDown(t.Context(), url))
			require.Less(t, newestApplied(t, url), newest)
		}
		require.Empty(t, schemaOf(t, url), "what the first migration made is gone")
	}
	err := store.MigrateDown(t.Context(), url)
	require.True(t, errs.Is(err, errs.KindConflict), err)
}

func TestTenProcessesMayMigrateAtOnce(t *testing.T) {
	t.Parallel()
	url := emptyDatabase(t)
	g, ctx := errgroup.WithContext(t.Context())
	for range 10 {
		g.Go(func() error { return store.Migrate(ctx, url) })
	}
	require.NoError(t, g.Wait())
	list, err := store.MigrationStatus(t.Context(), url)
	require.NoError(t, err)
	require.Len(t, list, len(migrationFiles(t)))
	for _, m := range list {
		require.NotZero(t, m.Version)
		require.Regexp(t, `^\d+_\w+\.sql$`, m.Name)
		require.False(t, m.AppliedAt.IsZero())
	}
}

func TestANewerSchemaIsRefused(t *testing.T) {
	t.Parallel()
	url := pgtest.NewURL(t)
	exec(t, url, "insert into goose_db_version (version_id, is_applied) values (999999, true)")
	for _, change := range []func(context.Context, string) error{store.Migrate, store.MigrateDown} {
		err := change(t.Context(), url)
		require.True(t, errs.Is(err, errs.KindConflict), err)
		require.ErrorContains(t, err, "999999")
	}
}

func TestMigrateGivesUpWaitingWithItsContext(t *testing.T) {
	t.Parallel()
	url := emptyDatabase(t)
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	_, err = conn.Exec(t.Context(), "select pg_advisory_lock(7246274423)")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- store.Migrate(ctx, url) }()
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
	require.Error(t, store.Migrate(t.Context(), "postgres://%zz"))
}

// emptyDatabase returns the URL of a database without a schema.
func emptyDatabase(t *testing.T) string {
	url := pgtest.NewURL(t)
	exec(t, url, "drop schema public cascade; create schema public")
	return url
}

func exec(t *testing.T, url, sql string) {
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	_, err = conn.Exec(t.Context(), sql)
	require.NoError(t, err)
}

func migrationFiles(t *testing.T) []string {
	files, err := fs.Glob(migrations.FS, "*.sql")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	return files
}

// newestApplied returns the highest version in the database, 0 without any.
func newestApplied(t *testing.T, url string) int64 {
	list, err := store.MigrationStatus(t.Context(), url)
	require.NoError(t, err)
	var newest int64
	for _, m := range list {
		if !m.AppliedAt.IsZero() {
			newest = max(newest, m.Version)
		}
	}
	return newest
}

// schemaOf lists every relation, column and constraint but goose's own.
func schemaOf(t *testing.T, url string) []string {
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	rows, err := conn.Query(t.Context(), `
		select c.relname || ' ' || c.relkind::text || ' ' || coalesce(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), '')
		from pg_class c left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
		where c.relnamespace = 'public'::regnamespace and c.relname not like 'goose%'
		union all
		select 'constraint ' || conname || ' ' || pg_get_constraintdef(oid) from pg_constraint
		where connamespace = 'public'::regnamespace and conname not like 'goose%'`)
	require.NoError(t, err)
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	slices.Sort(list)
	return list
}
