package notifypg_test

import (
	"context"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/notify"
	"brigade/internal/notify/notifypg"
	"brigade/internal/store"
)

func TestAChangeIsToldOnceAndSigned(t *testing.T) {
	t.Parallel()
	h := newHouse(t, brisk)
	r := newReceiver(t, always(http.StatusNoContent))
	w := h.hook(r.URL)
	h.start()
	require.Len(t, h.tell(h.change(7, 1, notify.Accepted)), 2, "the webhook and the console")
	require.Empty(t, h.tell(h.change(7, 1, notify.Accepted)), "the relay may bring it again")
	h.eventually(func() bool { return len(h.deliveries(w)) == 1 && h.deliveries(w)[0].Status == notify.Sent }, "it is sent")
	require.Len(t, r.calls(), 1)
	g := r.calls()[0]
	require.Equal(t, "order.accepted", g.kind)
	require.NoError(t, verify(w.Secret, g.header, g.body, time.Now()))
	require.Error(t, verify(w.Secret, g.header, append(g.body[:len(g.body):len(g.body)], ' '), time.Now()))
	require.Error(t, verify(notify.NewSecret(), g.header, g.body, time.Now()))
	require.Error(t, verify(w.Secret, g.header, g.body, time.Now().Add(time.Hour)), "a replay of an old call")
	d := h.deliveries(w)[0]
	require.Len(t, d.Log, 1)
	require.Equal(t, http.StatusNoContent, d.Log[0].Code)
}

func TestMessagesOfAnOrderArriveInTheirOrderWhateverTheReceiverDoes(t *testing.T) {
	t.Parallel()
	policy := brisk
	policy.Attempts, policy.DisableAfter = 1000, 1000
	h := newHouse(t, policy)
	r := newReceiver(t, func(int, got) int { // drops, 500s, refusals, and answers that say nothing of success
		return []int{0, 500, 400, 204, 204}[rand.IntN(5)]
	})
	w := h.hook(r.URL)
	h.start()
	const orders = 20
	kinds := []notify.Kind{notify.Accepted, notify.Preparing, notify.Ready, notify.HandedOver}
	for seq, kind := range kinds {
		var changes []notify.Change
		for order := range int64(orders) {
			changes = append(changes, h.change(order+1, seq+1, kind))
		}
		h.tell(changes...)
	}
	h.eventually(func() bool { return h.webhook(w.ID).Health.Pending == 0 }, "all are sent")
	last := map[int64]int{}
	for _, g := range r.calls() {
		require.GreaterOrEqual(t, g.seq, last[g.order], "order %d", g.order)
		require.LessOrEqual(t, g.seq, last[g.order]+1, "order %d: none is left out", g.order)
		last[g.order] = g.seq
	}
	for _, seq := range last {
		require.Equal(t, len(kinds), seq)
	}
	require.Len(t, last, orders)
	h.eventually(func() bool { return h.id("select count(*) from notify_lanes where busy") == 0 }, "nothing waits: no job is left")
}

func TestAnEndpointThatHangsHoldsUpNobodyElseAndNoTransaction(t *testing.T) {
	t.Parallel()
	h := newHouse(t, brisk)
	h.hangs = time.Second
	h.build()
	hangs, released := make(chan struct{}, 100), make(chan struct{})
	dead := newReceiver(t, func(int, got) int { hangs <- struct{}{}; <-released; return 500 })
	defer close(released)
	well := newReceiver(t, always(http.StatusOK))
	slow, fast := h.hook(dead.URL), h.hook(well.URL)
	h.start()
	h.tell(h.change(1, 1, notify.Accepted))
	<-hangs
	h.eventually(func() bool {
		return h.id(`select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
			and xact_start is not null and backend_type = 'client backend'`) == 0
	}, "no transaction waits for it")
	for order := int64(2); order <= 20; order++ {
		h.tell(h.change(order, 1, notify.Accepted))
	}
	h.eventually(func() bool { return len(well.calls()) == 20 }, "the other one hears everything")
	h.eventually(func() bool { return h.webhook(fast.ID).Health.Pending == 0 }, "and it is written down")
	require.Positive(t, h.webhook(slow.ID).Health.Pending+len(h.deliveries(slow)))
	h.eventually(func() bool { return h.webhook(slow.ID).Health.LastError != "" }, "its time is up")
}

func TestADeadEndpointIsSwitchedOffVisiblyAndOnAgain(t *testing.T) {
	t.Parallel()
	h := newHouse(t, brisk)
	var well atomic.Bool
	r := newReceiver(t, func(int, got) int {
		if well.Load() {
			return 200
		}
		return 503
	})
	w := h.hook(r.URL)
	h.start()
	h.tell(h.change(1, 1, notify.Accepted), h.change(2, 1, notify.Accepted))
	h.eventually(func() bool { return !h.webhook(w.ID).DisabledAt.IsZero() }, "it is switched off")
	off := h.webhook(w.ID)
	require.Equal(t, "it took nothing for too long", off.DisabledReason)
	require.Contains(t, off.Health.LastError, "503")
	require.Zero(t, off.Health.Pending)
	for _, m := range h.tell(h.change(3, 1, notify.Accepted)) {
		require.Equal(t, notify.Console, m.Channel, "nothing is written for it any more")
	}
	lost := h.deliveries(w)[0]
	require.Equal(t, notify.Failed, lost.Status)
	err := h.service.Replay(t.Context(), h.owner, w.ID, lost.ID)
	require.True(t, errs.Is(err, errs.KindConflict), err)

	well.Store(true)
	on, err := h.service.EnableWebhook(t.Context(), h.owner, w.ID)
	require.NoError(t, err)
	require.Zero(t, on.DisabledAt)
	require.Zero(t, on.Health.Failures)
	require.NoError(t, h.service.Replay(t.Context(), h.owner, w.ID, lost.ID))
	h.eventually(func() bool { return len(r.calls()) == 1 }, "it is replayed")
	h.eventually(func() bool { return h.deliveries(w)[0].Status == notify.Sent }, "and recorded")
	require.NoError(t, h.service.Replay(t.Context(), h.owner, w.ID, lost.ID), "also what was sent")
	h.eventually(func() bool { return len(r.calls()) == 2 }, "it is replayed again")
	require.Equal(t, r.calls()[0].id, r.calls()[1].id, "the receiver knows it by its id")
	require.True(t, errs.Is(h.service.Replay(t.Context(), h.owner, w.ID, 4711), errs.KindNotFound))
}

func TestAnEndpointThatIsGoneIsSwitchedOffAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t, brisk)
	r := newReceiver(t, always(http.StatusGone))
	w := h.hook(r.URL)
	h.start()
	h.tell(h.change(1, 1, notify.Accepted))
	h.eventually(func() bool { return h.webhook(w.ID).DisabledReason == "it answered that it is gone" }, "it is switched off")
}

func TestWhatWasWrittenIsSentAfterARestart(t *testing.T) {
	t.Parallel()
	h := newHouse(t, brisk)
	r := newReceiver(t, always(http.StatusOK))
	w := h.hook(r.URL)
	h.tell(h.change(1, 1, notify.Accepted)) // and the process dies before it sends
	h.build()
	h.start()
	h.eventually(func() bool { return len(r.calls()) == 1 }, "the next one sends it")
	h.eventually(func() bool { return h.webhook(w.ID).Health.Pending == 0 }, "and writes it down")
}

func TestALaneWhoseNodeDiedIsTakenOver(t *testing.T) {
	t.Parallel()
	h := newHouse(t, brisk)
	r := newReceiver(t, always(http.StatusOK))
	h.hook(r.URL)
	h.tell(h.change(1, 1, notify.Accepted))
	_, err := h.pool.Exec(t.Context(), "update river_job set state = 'running', attempt = 1, attempted_at = now(), attempted_by = '{node-4711}'")
	require.NoError(t, err)
	h.start()
	h.eventually(func() bool { return len(r.calls()) == 1 }, "it is sent")
}

func TestAMessageThatSleepsHoldsUpNoOtherOrder(t *testing.T) {
	t.Parallel()
	policy := brisk
	policy.Backoff, policy.MaxBackoff = time.Hour, time.Hour
	h := newHouse(t, policy)
	r := newReceiver(t, func(_ int, g got) int {
		if g.order == 1 {
			return http.StatusBadRequest
		}
		return http.StatusOK
	})
	w := h.hook(r.URL)
	h.start()
	h.tell(h.change(1, 1, notify.Accepted))
	h.eventually(func() bool { return h.deliveries(w)[0].Attempts == 1 }, "it is refused")
	asleep := func() bool {
		return h.id("select count(*) from river_job where state = 'scheduled'") == 1 &&
			h.id("select count(*) from river_job where state in ('available', 'running', 'retryable')") == 0
	}
	h.eventually(asleep, "its job sleeps")
	h.tell(h.change(2, 1, notify.Accepted), h.change(1, 2, notify.Ready))
	h.eventually(func() bool { return len(r.calls()) == 1 }, "the other order goes on")
	require.Equal(t, int64(2), r.calls()[0].order)
	h.eventually(asleep, "the one job sleeps again")
	require.Equal(t, 2, h.webhook(w.ID).Health.Pending, "the refused one, and the one behind it")
}

func TestAWebhookBelongsToItsTenant(t *testing.T) {
	t.Parallel()
	h := newHouse(t, brisk)
	w := h.hook("https://example.com/hook")
	stranger := actor.Actor{Tenant: h.tenant + 1, Role: actor.Owner}
	bound := actor.Actor{Tenant: h.tenant, Outlet: h.outlet, Bound: true, Role: actor.Manager}
	for _, who := range []actor.Actor{stranger, bound} {
		_, err := h.service.Webhook(t.Context(), who, w.ID)
		require.True(t, errs.Is(err, errs.KindNotFound), err)
		require.True(t, errs.Is(h.service.RemoveWebhook(t.Context(), who, w.ID), errs.KindNotFound))
		list, err := h.service.Webhooks(t.Context(), who)
		require.NoError(t, err)
		require.Empty(t, list)
	}
	w.URL, w.Kinds = "https://example.com/new", []notify.Kind{notify.Ready}
	changed, err := h.service.ChangeWebhook(t.Context(), h.owner, w)
	require.NoError(t, err)
	require.Equal(t, w.Kinds, changed.Kinds)
	require.Empty(t, changed.Secret, "it is shown once")
	require.NoError(t, h.service.RemoveWebhook(t.Context(), h.owner, w.ID))
	require.True(t, errs.Is(h.service.RemoveWebhook(t.Context(), h.owner, w.ID), errs.KindNotFound))
}

func TestGuestsAreToldByTheirContacts(t *testing.T) {
	t.Parallel()
	h := newHouse(t, brisk)
	keep := func(order int64, c notify.Contact) {
		require.NoError(t, store.Commit(t.Context(), h.pool, func(tx store.Tx) error {
			return h.store.KeepContacts(t.Context(), tx, []notifypg.OrderContact{{Order: order, Tenant: h.tenant, Contact: c}})
		}))
	}
	keep(1, notify.Contact{Email: "ada@example.com", Language: "es"})
	told := h.tell(h.change(1, 1, notify.Accepted), h.change(1, 2, notify.Preparing), h.change(1, 3, notify.Ready))
	require.Len(t, told, 3+2)
	told = h.tell(h.change(1, 5, notify.Ready))
	require.Len(t, told, 2)
	for _, m := range told {
		if m.Channel == notify.ByEmail {
			require.Equal(t, notify.Collapsed, m.Status, "he knows")
		}
	}
	list, err := h.service.Messages(t.Context(), h.owner, notify.Filter{Order: 1, Status: notify.Pending})
	require.NoError(t, err)
	require.Len(t, list, 2)
	page, err := h.service.Messages(context.Background(), h.owner, notify.Filter{Limit: 3})
	require.NoError(t, err)
	require.Len(t, page, 3)
	next, err := h.service.Messages(t.Context(), h.owner, notify.Filter{Limit: 3, Before: page[2].ID})
	require.NoError(t, err)
	require.Less(t, next[0].ID, page[2].ID)
}

func TestGuestsAreWrittenToInTheirLanguage(t *testing.T) {
	t.Parallel()
	h := newHouse(t, brisk)
	require.NoError(t, store.Commit(t.Context(), h.pool, func(tx store.Tx) error {
		return h.store.KeepContacts(t.Context(), tx, []notifypg.OrderContact{
			{Order: 1, Tenant: h.tenant, Contact: notify.Contact{Email: "ada@example.com", Language: "es"}},
			{Order: 2, Tenant: h.tenant, Contact: notify.Contact{Phone: "+34600111222", Language: "ru"}},
		})
	}))
	h.start()
	h.tell(h.change(1, 1, notify.Ready), h.change(2, 1, notify.Ready))
	got := map[string]string{}
	for range 2 {
		p := <-h.parcels
		got[p.To] = string(p.Body)
	}
	require.Equal(t, map[string]string{
		"ada@example.com": "¡Buenas noticias! Tu pedido ORD_20260302_001 está listo.",
		"+34600111222":    "Хорошие новости: ваш заказ ORD_20260302_001 готов.",
	}, got)
}

func TestOldMessagesGoAFewAtATimeAndWhatWaitsStays(t *testing.T) {
	t.Parallel()
	h := newHouse(t, brisk)
	row := `insert into notifications (tenant_id, outlet_id, order_id, sequence, kind, channel, recipient, lane, facts, status, occurred_at, finished_at)
		values ($1, $2, $3, 1, 'ready', 'email', 'a@example.com', 'email:1', '{}', $4, now(), $5) returning id`
	for i := range 5 {
		id := h.id(row, h.tenant, h.outlet, i, "sent", noon.Add(time.Duration(i)*time.Hour))
		_, err := h.pool.Exec(t.Context(), `insert into notification_attempts (notification_id, attempt, took_ms, code, error) values ($1, 1, 1, 200, '')`, id)
		require.NoError(t, err)
	}
	h.id(row, h.tenant, h.outlet, 9, "pending", nil)
	for _, want := range []int{3, 1, 0} {
		n, err := h.store.Prune(t.Context(), noon.Add(210*time.Minute), 3)
		require.NoError(t, err)
		require.Equal(t, want, n)
	}
	require.Equal(t, int64(2), h.id("select count(*) from notifications"))
	require.Equal(t, int64(1), h.id("select count(*) from notification_attempts"), "attempts go with their messages")
}
