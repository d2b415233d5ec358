package osrm_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/delivery"
	"brigade/internal/osrm"
)

func crow(from, to delivery.Point) time.Duration {
	return time.Duration(from.Metres(to) / 5 * float64(time.Second))
}

func TestWaysAreAskedOnceAndKept(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		from, to, _ := strings.Cut(r.URL.RawQuery, "&") // Go reads no query with semicolons
		rows, columns := strings.Count(from, ";")+1, strings.Count(to, ";")+1
		row := "[" + strings.TrimSuffix(strings.Repeat("600,", columns), ",") + "]"
		fmt.Fprintf(w, `{"code":"Ok","durations":[%s]}`, strings.TrimSuffix(strings.Repeat(row+",", rows), ","))
	}))
	defer s.Close()
	r := osrm.New(osrm.Options{URL: s.URL, Timeout: time.Minute})
	a, b, c := delivery.Point{Lat: 40, Lon: -3}, delivery.Point{Lat: 40.01, Lon: -3}, delivery.Point{Lat: 40.02, Lon: -3.01}
	ways := []delivery.Way{{From: a, To: b}, {From: a, To: c}, {From: b, To: c}}
	for range 3 {
		ride := r.Prepare(t.Context(), ways, crow)
		require.Equal(t, 10*time.Minute, ride(a, b))
		require.Equal(t, 10*time.Minute, ride(b, c))
		require.Greater(t, ride(c, a), crow(c, a), "what nobody asked for takes as much longer as roads do")
	}
	require.EqualValues(t, 1, calls.Load())
}

func TestAServiceThatHangsIsLeftAlone(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	release := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	defer s.Close()
	defer close(release)
	r := osrm.New(osrm.Options{URL: s.URL, Timeout: 2 * time.Second, Pause: time.Hour})
	a, b := delivery.Point{Lat: 40, Lon: -3}, delivery.Point{Lat: 40.01, Lon: -3}
	for range 3 {
		ride := r.Prepare(context.Background(), []delivery.Way{{From: a, To: b}}, crow)
		require.Equal(t, crow(a, b), ride(a, b))
	}
	require.EqualValues(t, 1, calls.Load())
}
