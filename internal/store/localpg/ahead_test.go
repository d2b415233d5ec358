package localpg_test

import (
	"log/slog"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"brigade/internal/store/localpg"
)

// The log of a new server has its files once and for all; what is there is not made again.
func TestTheLogGetsAheadOnce(t *testing.T) {
	t.Parallel()
	server, err := localpg.Start(t.Context(), localpg.Config{StateDir: t.TempDir(), Logger: slog.New(slog.DiscardHandler), FastUnsafe: true})
	require.NoError(t, err)
	defer func() { require.NoError(t, server.Stop(t.Context())) }()
	look := func() (files int, end string) {
		conn, err := pgx.Connect(t.Context(), server.URL())
		require.NoError(t, err)
		defer conn.Close(t.Context())
		require.NoError(t, conn.QueryRow(t.Context(), "select (select count(*) from pg_ls_waldir()), pg_walfile_name(pg_current_wal_lsn())").Scan(&files, &end))
		return files, end
	}
	before, _ := look()
	require.Less(t, before, 10)
	require.NoError(t, localpg.GetAhead(t.Context(), server.URL(), 0))
	files, end := look()
	require.GreaterOrEqual(t, files, 31)
	require.NoError(t, localpg.GetAhead(t.Context(), server.URL(), 0))
	again, still := look()
	require.Equal(t, files, again)
	require.Equal(t, end, still)
}
