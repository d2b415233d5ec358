package deliverypg_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"brigade/internal/delivery"
	"brigade/internal/errs"
)

// What a phone sends twice, even when the world has moved on, is done once; what fails is not kept, so that it may be tried
// again.
func TestATapIsCarriedOutOnce(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ana, ben := w.online("Ana"), w.online("Ben")
	order := w.place(1000)
	w.made(order)
	_, err := w.service.Assign(t.Context(), w.manager(), ref(order), "Ana")
	require.NoError(t, err)
	tap := func(key string, do delivery.TapKind) delivery.Tap {
		return delivery.Tap{Key: key, Do: do, Delivery: ref(order), Reason: "flat tyre"}
	}
	w.fail = func() error { return errs.Unavailable("no network") }
	_, err = w.service.Tap(t.Context(), ana, "", tap("tap-00001", delivery.TapDecline))
	require.True(t, errs.Is(err, errs.KindUnavailable), "%v", err)
	w.fail = nil
	repeated, err := w.service.Tap(t.Context(), ana, "", tap("tap-00001", delivery.TapDecline))
	require.NoError(t, err)
	require.False(t, repeated, "what was not written may be sent again")

	_, err = w.service.Assign(t.Context(), w.manager(), ref(order), "Ana") // she has it again
	require.NoError(t, err)
	repeated, err = w.service.Tap(t.Context(), ana, "", tap("tap-00001", delivery.TapDecline))
	require.NoError(t, err)
	require.True(t, repeated)
	require.Equal(t, "assigned waiting_for_driver", w.status(order), "an old tap takes nothing away")

	_, err = w.service.Tap(t.Context(), ben, "", tap("tap-00002", delivery.TapPickUp))
	require.True(t, errs.Is(err, errs.KindConflict), "%v", err)
	_, err = w.service.Tap(t.Context(), ben, "Ana", tap("tap-00003", delivery.TapPickUp))
	require.True(t, errs.Is(err, errs.KindForbidden), "%v", err)
	var nodes errgroup.Group
	for range 6 {
		nodes.Go(func() error {
			_, err1 := w.service.Tap(t.Context(), ana, "", tap("tap-00004", delivery.TapPickUp))
			_, err2 := w.service.Tap(t.Context(), ana, "", tap("tap-00005", delivery.TapDeliver))
			return errors.Join(err1, err2)
		})
	}
	require.NoError(t, nodes.Wait())
	require.Equal(t, "delivered delivered", w.status(order))
	repeated, err = w.service.Tap(t.Context(), ana, "", tap("tap-00004", delivery.TapPickUp))
	require.NoError(t, err, "what was done is not refused because more was done since")
	require.True(t, repeated)
	w.check()
}

// What is no tap is told so by field, and shifts are tapped, too.
func TestTapsOfAShift(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ana := w.driver("Ana")
	for _, bad := range []delivery.Tap{
		{Key: "short", Do: delivery.TapOnline},
		{Key: "tap-00001", Do: "fly"},
		{Key: "tap-00001", Do: delivery.TapAccept},
		{Key: "tap-00001", Do: delivery.TapBreak, Length: time.Second},
		{Key: "tap-00001", Do: delivery.TapOnline, Reason: "\x00"},
	} {
		_, err := w.service.Tap(t.Context(), ana, "", bad)
		require.True(t, errs.Is(err, errs.KindInvalid), "%v: %v", bad, err)
	}
	for i, step := range []struct {
		tap    delivery.Tap
		status string
	}{
		{delivery.Tap{Do: delivery.TapOnline}, "WAITING_FOR_WORK"},
		{delivery.Tap{Do: delivery.TapBreak, Length: 20 * time.Minute}, "IDLE"},
		{delivery.Tap{Do: delivery.TapOnline}, "WAITING_FOR_WORK"},
		{delivery.Tap{Do: delivery.TapOffline}, "IDLE"},
	} {
		step.tap.Key = "shift.000" + ref(int64(i))
		_, err := w.service.Tap(t.Context(), ana, "", step.tap)
		require.NoError(t, err)
		require.Equal(t, step.status, w.text("select status from drivers where name = 'Ana'"))
	}
}
