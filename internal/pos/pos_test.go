package pos_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/errs"
	"brigade/internal/pos"
)

func TestARequestIsSignedAndHasOneKey(t *testing.T) {
	t.Parallel()
	keys := map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if pos.Verify("s3cret", r.Header.Get(pos.HeaderSignature), r.Header.Get(pos.HeaderTimestamp), body, time.Now()) != nil {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		keys[r.Header.Get(pos.HeaderKey)]++
		_, _ = w.Write([]byte(`{"event":"accepted"}`))
	}))
	defer server.Close()
	c := pos.NewClient(time.Minute)
	for range 2 {
		a, err := c.Ask(t.Context(), server.URL, "s3cret", pos.Request{Order: 7, Number: "ORD_1"})
		require.NoError(t, err)
		require.Equal(t, "accepted", a.Event)
	}
	require.Equal(t, map[string]int{"prepare-7-false": 2}, keys)
	_, err := c.Ask(t.Context(), server.URL, "other", pos.Request{Order: 7})
	require.Error(t, err)
}

func TestOnlyFreshAndSignedCallBacksAreBelieved(t *testing.T) {
	t.Parallel()
	now, body := time.Now(), []byte(`{"order_id":7,"event":"finished"}`)
	stamp := func(at time.Time) string { return strconv.FormatInt(at.Unix(), 10) }
	require.NoError(t, pos.Verify("s", pos.Sign("s", now, body), stamp(now), body, now))
	old := now.Add(-time.Hour)
	for name, err := range map[string]error{
		"another's": pos.Verify("s", pos.Sign("x", now, body), stamp(now), body, now),
		"replayed":  pos.Verify("s", pos.Sign("s", old, body), stamp(old), body, now),
		"re-dated":  pos.Verify("s", pos.Sign("s", old, body), stamp(now), body, now),
		"changed":   pos.Verify("s", pos.Sign("s", now, body), stamp(now), append(body, ' '), now),
		"no secret": pos.Verify("", pos.Sign("", now, body), stamp(now), body, now),
	} {
		require.True(t, errs.Is(err, errs.KindUnauthorized), name)
	}
}
