package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"brigade/internal/errs"
	"brigade/internal/leaktest"
	"brigade/internal/menu/load"
	"brigade/internal/store/pgtest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

func TestWrongOptionsAreAllNamed(t *testing.T) {
	t.Parallel()
	_, err := Orders(t.Context(), Options{Duration: time.Millisecond, Connections: -1, Rate: -1, InFlight: -1, Kitchens: -1})
	require.True(t, errs.Is(err, errs.KindInvalid))
	for _, flag := range []string{"--duration", "--connections", "--rate", "--in-flight", "--kitchens"} {
		require.ErrorContains(t, err, flag)
	}
}

func TestFlatOutCountsAndTimes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := flatOut(t.Context(), "things", 4, time.Second, func(ctx context.Context, _, n int) error {
			if n%10 == 9 {
				return errors.New("refused")
			}
			return pause(ctx, 10*time.Millisecond)
		})
		require.InDelta(t, 400, l.Done, 5)
		require.InDelta(t, l.Done/9, l.Errors, 5)
		require.Equal(t, "refused", l.Error)
		require.InDelta(t, 10, l.Latency.P50, 0.01)
		require.InDelta(t, 400, l.PerSecond, 5)
	})
}

// A server that stalls is measured from when its requests were due.
func TestAtRateDoesNotForgiveStalls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := atRate(t.Context(), "things", 1, 100, 2*time.Second, func(ctx context.Context, _, n int) error {
			if n == 0 {
				return pause(ctx, time.Second)
			}
			return nil
		})
		require.Equal(t, 200, l.Done)
		require.InDelta(t, 2, l.Seconds, 0.02)
		require.InDelta(t, 1000, l.Latency.Max, 1)
		require.Greater(t, l.Latency.P90, 700.0, "a hundred requests waited behind the first")
	})
}

func TestConfirmerSpeaksHTTP(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	seen := map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		body := make([]byte, 200)
		n, _ := r.Body.Read(body)
		seen[string(body[:n])]++
		if r.Method != http.MethodPost || r.URL.Path != "/api/v1/orders/confirm" || r.Header.Get("Authorization") != "Bearer secret" {
			w.WriteHeader(http.StatusTeapot)
		}
		if seen[string(body[:n])] > 1 {
			fmt.Fprint(w, `{"again":true}`)
			return
		}
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, `{"order_id":1}`)
	}))
	defer server.Close()
	c, err := newConfirmer(server.URL, "run", "secret")
	require.NoError(t, err)
	defer c.close()
	require.NoError(t, c.confirm(t.Context(), 7))
	require.NoError(t, c.confirm(t.Context(), 1234))
	require.ErrorContains(t, c.confirm(t.Context(), 7), "200", "an order that was there before is not a new one")
	require.Equal(t, map[string]int{
		`{"external_order_id":"run-000000000007","items":{"burger_combo":1}}`: 2,
		`{"external_order_id":"run-000000001234","items":{"burger_combo":1}}`: 1,
	}, seen)

	server.CloseClientConnections()
	require.Error(t, c.confirm(t.Context(), 8), "what is lost is an error")
	require.NoError(t, c.confirm(t.Context(), 9), "and the next request connects again")
	_, err = newConfirmer("https://example.com", "run", "")
	require.True(t, errs.Is(err, errs.KindInvalid))
}

func TestReadAnswerRefusesWhatItCannotRead(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"SSH-2.0-x\r\n\r\n":                     "not an HTTP answer",
		"HTTP/1.1 200 OK\r\nA: b\r\n\r\nbody":   "does not tell its length",
		"HTTP/1.1 2x0 OK\r\n\r\n":               "invalid syntax",
		"HTTP/1.1 200 OK\r\nContent-Length: 9":  "EOF",
		"HTTP/1.1 200 OK\r\nContent-Length: 9a": "EOF",
	} {
		_, err := readAnswer(bufio.NewReader(strings.NewReader(text)))
		require.ErrorContains(t, err, want, "%q", text)
	}
}

func TestRawSpeed(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"", findPgbench()} {
		url, drop, err := makeDatabase(t.Context(), pgtest.NewURL(t), "brigade_raw")
		require.NoError(t, err)
		defer func() { require.NoError(t, drop(context.Background())) }()
		r := &rawBench{url: url, pgbench: program, scale: 1, length: time.Second}
		require.NoError(t, r.fill(t.Context()))
		tps, err := r.tps(t.Context())
		require.NoError(t, err)
		require.Greater(t, tps, 10.0)
		require.NoError(t, withConn(t.Context(), url, func(c *pgx.Conn) error {
			var done int
			err := c.QueryRow(t.Context(), "select count(*) from pgbench_history").Scan(&done)
			require.Greater(t, done, 10)
			return err
		}))
	}
}

func TestParseTPS(t *testing.T) {
	t.Parallel()
	tps, err := parseTPS("latency average = 3 ms\ninitial connection time = 9 ms\ntps = 5123.451000 (without initial connection time)\n")
	require.NoError(t, err)
	require.InDelta(t, 5123.451, tps, 0.001)
	_, err = parseTPS("pgbench: error\nno such thing")
	require.ErrorContains(t, err, "no such thing")
}

func TestTenantFilesCanBeLoaded(t *testing.T) {
	t.Parallel()
	d, err := load.Parse("bench", []byte(tenantFile("bench", 3, 4)))
	require.NoError(t, err)
	require.Len(t, d.Outlets, 3)
	require.Len(t, d.Outlets[2].Staff, 4)
	require.Len(t, d.Outlets[2].Items[0].Steps, tasksPerOrder)
}

func TestFirstTellsRepeatedCompletions(t *testing.T) {
	t.Parallel()
	var w waits
	for _, id := range []int64{0, 1, 63, 64, 1_000_000} {
		require.True(t, w.first(id))
		require.False(t, w.first(id))
	}
	require.True(t, w.first(65))
}

func TestAVoidRunIsAnError(t *testing.T) {
	t.Parallel()
	c := &Check{Accepted: 3, Stored: 2}
	c.expect(c.Accepted == c.Stored, "%d accepted, %d stored", 3, 2)
	r := Report{Bench: "orders", Check: c, Raw: &Raw{Mean: 5000}, Full: &Load{What: "orders", PerSecond: 2500}}
	r.relate()
	require.InDelta(t, 0.5, r.Full.Ratio, 1e-9)
	require.ErrorContains(t, r.err(), "3 accepted, 2 stored")
	var text strings.Builder
	r.Write(&text)
	require.Contains(t, text.String(), "= 0.50 × raw")
	require.Contains(t, text.String(), "FAULT     3 accepted, 2 stored")
}

func TestAProfileIsWritten(t *testing.T) { //nolint:paralleltest // there is one CPU profile in a process
	path := filepath.Join(t.TempDir(), "cpu.prof")
	ran := false
	require.NoError(t, Options{CPUProfile: path}.profiled(func() { ran = true }))
	require.True(t, ran)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Positive(t, info.Size())
}
