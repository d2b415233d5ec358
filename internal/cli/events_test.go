package cli

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/event"
)

const taskEvent = `{"position":%d,"id":"00000000-0000-0000-0000-000000000000","type":"TASK_ASSIGNED","version":1,"aggregate_type":"task",` +
	`"aggregate_id":5,"sequence":2,"occurred_at":"2024-12-16T12:00:00Z","payload":{"task_id":5,"order_id":1,"order_number":"ORD_20241216_001",` +
	`"item":"Burger combo","description":"grill patty","counter":"griller","status":"ASSIGNED","staff":"Asha","machine":"grill-1"}}`

const taskLine = "12:00:00  %6d  TASK_ASSIGNED         ORD_20241216_001  task 5: grill patty (Burger combo) at griller, Asha on grill-1\n"

// stream serves one list of messages per connection, then ends it; the last connection ends the command.
func stream(t *testing.T, end func(), connections ...string) (server string, seen *[]string) {
	t.Helper()
	seen = new([]string)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := len(*seen)
		*seen = append(*seen, r.Header.Get("Last-Event-ID")+"|"+r.URL.RawQuery)
		if n >= len(connections) {
			w.WriteHeader(http.StatusOK)
			_ = http.NewResponseController(w).Flush()
			end()
			<-r.Context().Done()
			return
		}
		_, _ = io.WriteString(w, connections[n])
	}))
	t.Cleanup(s.Close)
	return "--server=" + s.URL, seen
}

func sse(position int) string {
	return fmt.Sprintf("id: %d\nevent: TASK_ASSIGNED\ndata: "+taskEvent+"\n\n", position, position)
}

func TestEventsTailGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	server, seen := stream(t, cancel, "retry: 2000\n\n"+sse(7)+":\n\n"+sse(8), sse(9)+"id: 12\n\ndata: half a mess")
	r := runContext(ctx, "events", "tail", server, "--after", "6", "--type", "TASK_ASSIGNED,TASK_STARTED", "--outlet", "kitchen")
	require.Equal(t, ExitDone, r.code, r.err)
	require.Equal(t, fmt.Sprintf(taskLine+taskLine+taskLine, 7, 8, 9), r.out)
	const query = "|outlet=kitchen&types=TASK_ASSIGNED%2CTASK_STARTED"
	require.Equal(t, []string{"6" + query, "8" + query, "12" + query}, *seen)
	require.Contains(t, r.err, "the connection was lost, trying again")
}

func TestEventsTailJSON(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	server, seen := stream(t, cancel, sse(7))
	r := runContext(ctx, "events", "tail", server, "--json")
	require.Equal(t, fmt.Sprintf(taskEvent, 7)+"\n", r.out)
	require.Equal(t, []string{"|", "7|"}, *seen)
}

func TestEventsTailEndsWhenItIsRefused(t *testing.T) {
	t.Parallel()
	server, _ := serve(t, nil)
	r := run(t, "events", "tail", server)
	require.Equal(t, result{ExitFailed, "", "brigade: there is nothing here\n"}, r)
}

// A stream that says nothing for too long is given up and made again, though nobody closed it.
func TestEventsTailNoticesSilence(t *testing.T) {
	t.Parallel()
	server, _ := stream(t, func() {})
	f := &following{
		eventsTail: &eventsTail{Remote: Remote{Server: strings.TrimPrefix(server, "--server=")}},
		env:        &Env{Out: io.Discard, Err: io.Discard}, patience: 100 * time.Millisecond,
	}
	for !f.connected { // a slow machine needs more to connect at all
		require.Less(t, f.patience, time.Minute)
		f.patience *= 2
		err := f.once(t.Context())
		require.ErrorIs(t, err, errSilent)
		require.True(t, passes(err))
	}
}

func TestMessages(t *testing.T) {
	t.Parallel()
	var got []message
	alive := 0
	err := readMessages(strings.NewReader(": hello\r\n\r\nid:1\r\ndata: a\r\ndata:b\r\n\r\nevent: x\ndata: c\n\nid: 9\n\n"),
		func() { alive++ }, func(m message) error { got = append(got, m); return nil })
	require.ErrorIs(t, err, io.EOF)
	require.Equal(t, []message{{}, {"1", "a\nb"}, {"1", "c"}, {"9", ""}}, got)
	require.Equal(t, 11, alive)
}

func TestEventLines(t *testing.T) {
	t.Parallel()
	env := &Env{Zone: time.UTC}
	at := time.Date(2024, 12, 16, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		e    event.Event
		want string
	}{
		{
			event.New(event.OrderStatusChanged, event.AggregateOrder, 1, 1, at, event.OrderPayload{OrderNumber: "ORD_1", NewStatus: "created", ChangedBy: "till-1"}),
			"12:00:00       0  ORDER_STATUS_CHANGED  ORD_1  created by till-1",
		},
		{
			event.New(event.OrderStatusChanged, event.AggregateOrder, 1, 2, at, event.OrderPayload{OrderNumber: "ORD_1", OldStatus: "created", NewStatus: "cancelled", Reason: "no bread"}),
			"12:00:00       0  ORDER_STATUS_CHANGED  ORD_1  created → cancelled: no bread",
		},
		{
			event.New(event.KitchenChanged, event.AggregateOutlet, 1, 2, at, event.KitchenPayload{What: "machine", Name: "grill-1", Now: "down", By: "Eva"}),
			"12:00:00       0  KITCHEN_CHANGED       machine grill-1 down by Eva",
		},
		{
			event.New(event.TaskRequeued, event.AggregateTask, 1, 2, at, event.TaskPayload{OrderNumber: "ORD_1", TaskID: 5, Description: "fry", Item: "Fries", Counter: "fryer", Reason: "stale"}),
			"12:00:00       0  TASK_REQUEUED         ORD_1  task 5: fry (Fries) at fryer: stale",
		},
		{event.New("SOMETHING_NEW", "moon", 1, 2, at, 7), "12:00:00       0  SOMETHING_NEW         7"},
	} {
		require.Equal(t, c.want, eventLine(env, c.e))
	}
}
