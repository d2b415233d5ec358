package notifypg_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/notify"
)

// mirror is an integrator's server that answers a test with how the message reads.
func mirror(t *testing.T, code int) (*httptest.Server, func() []got) {
	t.Helper()
	var mu sync.Mutex
	var calls []got
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g := read(r)
		mu.Lock()
		calls = append(calls, g)
		mu.Unlock()
		w.WriteHeader(code)
		_, _ = w.Write([]byte("I read " + g.kind + "\xff" + strings.Repeat(".", 1000)))
	}))
	t.Cleanup(s.Close)
	return s, func() []got {
		mu.Lock()
		defer mu.Unlock()
		return append([]got(nil), calls...)
	}
}

// A test is signed as all messages are, is sent once whether the webhook is on or off, and stays in the ledger.
func TestAWebhookIsTried(t *testing.T) {
	t.Parallel()
	h := newHouse(t, brisk)
	server, calls := mirror(t, http.StatusAccepted)
	w := h.hook(server.URL)
	for _, sql := range []string{"update webhooks set disabled_at = null where id = $1", "update webhooks set disabled_at = now() where id = $1"} {
		_, err := h.pool.Exec(t.Context(), sql, w.ID)
		require.NoError(t, err)
		trial, err := h.service.Test(t.Context(), h.owner, w.ID)
		require.NoError(t, err)
		require.True(t, trial.Arrived(), trial.Error)
		require.Equal(t, http.StatusAccepted, trial.Code)
		require.True(t, strings.HasPrefix(trial.Said, "I read webhook.test\uFFFD..."), trial.Said)
		require.Less(t, len(trial.Said), 400)
	}
	seen := calls()
	require.Len(t, seen, 2)
	require.NotEqual(t, seen[0].id, seen[1].id)
	require.Equal(t, []int{1, 2}, []int{seen[0].seq, seen[1].seq})
	for _, c := range seen {
		require.NoError(t, verify(w.Secret, c.header, c.body, time.Now()))
	}
	sent := h.deliveries(w)
	require.Len(t, sent, 2)
	require.Equal(t, notify.Sent, sent[0].Status)
	require.Equal(t, notify.Test, sent[0].Change.Kind)
	require.Equal(t, "owner", sent[0].Change.Facts.ChangedBy)
	require.Equal(t, http.StatusAccepted, sent[0].Log[0].Code)
	require.Equal(t, 0, h.webhook(w.ID).Health.Pending)
}

// What does not arrive is not tried again by itself, does not count against the webhook, and can be sent again by hand.
func TestATestThatDoesNotArrive(t *testing.T) {
	t.Parallel()
	h := newHouse(t, brisk)
	server, calls := mirror(t, http.StatusInternalServerError)
	w := h.hook(server.URL)
	trial, err := h.service.Test(t.Context(), h.owner, w.ID)
	require.NoError(t, err)
	require.False(t, trial.Arrived())
	require.Contains(t, trial.Error, "it answered 500")
	require.Contains(t, trial.Said, "I read")
	sent := h.deliveries(w)
	require.Equal(t, notify.Failed, sent[0].Status)
	require.Contains(t, sent[0].LastError, "it answered 500")
	require.Zero(t, h.webhook(w.ID).Health.Failures)

	server.Close()
	trial, err = h.service.Test(t.Context(), h.owner, w.ID)
	require.NoError(t, err)
	require.Zero(t, trial.Code)
	require.Contains(t, trial.Error, "there was no answer")
	require.Empty(t, trial.Said)

	// Whoever dies between the two leaves a test that is known not to have arrived.
	letter, err := h.store.BeginTrial(t.Context(), w, h.change(0, 0, notify.Test))
	require.NoError(t, err)
	require.Equal(t, "the test was cut short", h.deliveries(w)[0].LastError)
	require.NoError(t, h.service.Replay(t.Context(), h.owner, w.ID, letter.ID))
	require.NoError(t, h.store.EndTrial(t.Context(), notify.Trial{Message: letter.ID}))
	require.Equal(t, notify.Pending, h.deliveries(w)[0].Status, "somebody else sends it now")
	require.Len(t, calls(), 1)

	_, err = h.service.Test(t.Context(), actor.Actor{Tenant: h.tenant + 1, Role: actor.Owner}, w.ID)
	require.True(t, errs.Is(err, errs.KindNotFound), "another tenant's")
	require.NoError(t, h.service.RemoveWebhook(t.Context(), h.owner, w.ID))
	_, err = h.store.BeginTrial(t.Context(), w, h.change(0, 0, notify.Test))
	require.True(t, errs.Is(err, errs.KindNotFound), "%v", err)
}

// A test that is sent again is the same message, byte for byte.
func TestATestIsSentAgain(t *testing.T) {
	t.Parallel()
	h := newHouse(t, brisk)
	server, calls := mirror(t, http.StatusOK)
	w := h.hook(server.URL)
	trial, err := h.service.Test(t.Context(), h.owner, w.ID)
	require.NoError(t, err)
	require.NoError(t, h.service.Replay(context.Background(), h.owner, w.ID, trial.Message))
	h.start()
	h.eventually(func() bool { return len(calls()) == 2 }, "it comes again")
	seen := calls()
	require.Equal(t, seen[0].id, seen[1].id)
	require.Equal(t, string(seen[0].body), string(seen[1].body))
}
