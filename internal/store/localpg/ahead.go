package localpg

import (
	"context"
	"fmt"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// logAhead is how much write-ahead log, in MiB, a private server has files for: what it keeps when there is little to do.
const logAhead = 512

// RoomAhead tells whether the file system of a folder has room enough for a prepared log to be no matter: eight times what
// it takes. Where nobody can tell, it has not.
func RoomAhead(folder string) bool {
	var room syscall.Statfs_t
	return syscall.Statfs(folder, &room) == nil && room.Bavail*uint64(room.Bsize) >= 8*logAhead<<20
}

// GetAhead lets the server behind a superuser's URL have the files of its write-ahead log before it needs them. A new
// server has one only, and fills each further one with zeros when it comes to it: whoever commits just then waits for tens
// of milliseconds. A server that has run for a while uses its old files again; GetAhead brings a new one there. It does
// nothing when the files are there, and pauses after each; a rush in the meantime finds less of them, and nothing else.
func GetAhead(ctx context.Context, url string, pause time.Duration) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return fmt.Errorf("prepare the log of Postgres: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	var missing int
	err = conn.QueryRow(ctx, `select ceil($1 * 1048576.0 / pg_size_bytes(current_setting('wal_segment_size')))::int - count(*)::int
		from pg_ls_waldir()`, logAhead).Scan(&missing)
	if err != nil || missing <= 0 {
		return err
	}
	for range missing {
		if _, err := conn.Exec(ctx, "select pg_logical_emit_message(false, 'brigade', ''), pg_switch_wal()"); err != nil {
			return fmt.Errorf("prepare the log of Postgres: %w", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
	_, err = conn.Exec(ctx, "checkpoint") // from here on the files are used again
	return err
}
