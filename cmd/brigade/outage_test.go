package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"brigade/internal/store/localpg"
)

// problem is what an error's body tells.
type problem struct {
	Type  string `json:"type"`
	Error string `json:"error"`
}

// try sends an order and returns the status and, unless it was taken, the problem.
func try(t *testing.T, url, id string) (int, problem) {
	t.Helper()
	res, err := http.Post(url+"/api/v1/orders/confirm", "application/json",
		strings.NewReader(`{"external_order_id":"`+id+`","items":{"dip_cup":1}}`))
	require.NoError(t, err)
	defer res.Body.Close()
	var p problem
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	if res.StatusCode >= 300 {
		require.NoError(t, json.Unmarshal(body, &p), string(body))
	}
	return res.StatusCode, p
}

func get(t *testing.T, url string) int {
	t.Helper()
	res, err := http.Get(url)
	require.NoError(t, err)
	_ = res.Body.Close()
	return res.StatusCode
}

// While Postgres is away requests are refused clearly and the process stays; afterwards everything goes on by itself.
func TestPostgresAway(t *testing.T) {
	t.Parallel()
	folder := stateFolder(t)
	server, err := localpg.Start(t.Context(), localpg.Config{StateDir: folder})
	require.NoError(t, err)
	url := server.URL()
	p := boot(t, "up", "--addr", "127.0.0.1:0", "--state", stateFolder(t), "--database-url", url, "--time-scale", "400", "--log-level", "error")
	status, _ := try(t, p.url, "before")
	require.Equal(t, http.StatusCreated, status)

	require.NoError(t, server.Stop(context.Background()))
	for i := range 20 {
		status, said := try(t, p.url, "away-"+strconv.Itoa(i))
		require.Equal(t, http.StatusServiceUnavailable, status)
		require.Contains(t, said.Error, "nothing was written")
	}
	require.Equal(t, http.StatusOK, get(t, p.url+"/health"))
	require.Equal(t, http.StatusServiceUnavailable, get(t, p.url+"/ready"))
	<-time.After(2 * time.Second) // several rounds of every loop, and time for leases to be given up

	server, err = localpg.Start(t.Context(), localpg.Config{StateDir: folder})
	require.NoError(t, err)
	t.Cleanup(func() { _ = server.Stop(context.Background()) })
	require.Eventually(t, func() bool { return get(t, p.url+"/ready") == http.StatusOK }, patience, 50*time.Millisecond)
	require.Eventually(t, func() bool {
		status, _ := try(t, p.url, "after")
		return status < 300
	}, patience, 50*time.Millisecond)
	conn, err := pgx.Connect(t.Context(), server.URL())
	require.NoError(t, err)
	defer conn.Close(context.Background())
	requireCooked(t, conn, 2)
	requireLaws(t, conn)
	p.end()
}

// requireCooked waits until so many orders of contract K were taken and all of them are cooked.
func requireCooked(t *testing.T, conn *pgx.Conn, orders int) {
	t.Helper()
	require.Eventually(t, func() bool {
		var all, open int
		require.NoError(t, conn.QueryRow(t.Context(), `select count(*), count(*) filter (where k.closed_at is null)
			from orders o join tickets k on k.order_id = o.id where o.source = 'kitchen'`).Scan(&all, &open))
		require.LessOrEqual(t, all, orders)
		return all == orders && open == 0
	}, 2*patience, 100*time.Millisecond)
}

// With a full disk orders are refused clearly, nothing half-done remains, and once there is room everything goes on.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	state := filepath.Join(stateFolder(t), "small")
	require.NoError(t, os.Mkdir(state, 0o755))
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=220m", "tmpfs", state).CombinedOutput(); err != nil {
		t.Skipf("a small file system cannot be mounted here: %s", out)
	}
	t.Cleanup(func() { _ = exec.Command("umount", "-l", state).Run() })
	p := boot(t, "up", "--addr", "127.0.0.1:0", "--state", state, "--time-scale", "400", "--log-level", "error")
	status, _ := try(t, p.url, "room")
	require.Equal(t, http.StatusCreated, status)

	ballast := fillUp(t, state)
	accepted := []string{"room"}
	refused := 0
	for i := 0; refused < 5; i++ {
		require.Less(t, i, 100_000, "the disk does not fill")
		id := "full-" + strconv.Itoa(i)
		switch status, said := try(t, p.url, id); status {
		case http.StatusCreated:
			accepted = append(accepted, id)
		default:
			require.Equal(t, http.StatusServiceUnavailable, status)
			require.NotEmpty(t, said.Error)
			refused++
		}
	}
	require.Equal(t, http.StatusOK, get(t, p.url+"/health"))

	require.NoError(t, os.Remove(ballast))
	require.Eventually(t, func() bool {
		status, _ := try(t, p.url, "room again")
		return status < 300
	}, 2*patience, 100*time.Millisecond)
	for _, id := range accepted {
		status, _ := try(t, p.url, id)
		require.Equal(t, http.StatusOK, status, "%s was accepted: it is there", id)
	}
	requireLaws(t, database(t, state))
	p.end()
}

// fillUp leaves next to nothing of the file system free and returns the file that takes the room.
func fillUp(t *testing.T, folder string) string {
	t.Helper()
	name := filepath.Join(folder, "ballast")
	f, err := os.Create(name)
	require.NoError(t, err)
	defer f.Close()
	block := make([]byte, 64<<10)
	for {
		if _, err := f.Write(block); err != nil {
			return name
		}
	}
}
