package telemetry_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"testing/slogtest"

	"github.com/stretchr/testify/require"

	"brigade/internal/telemetry"
)

func line(t *testing.T, b *bytes.Buffer) map[string]any {
	t.Helper()
	var m map[string]any
	require.NoError(t, json.Unmarshal(b.Bytes(), &m), b.String())
	b.Reset()
	return m
}

func TestContractFields(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	log := telemetry.NewLogger(&b, slog.LevelInfo, "order-service")
	ctx := telemetry.WithRequestID(t.Context(), "req-1")

	log.InfoContext(ctx, "order taken", "action", "order_placed", "number", "ORD_1")
	m := line(t, &b)
	require.Regexp(t, `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`, m["timestamp"])
	require.NotEmpty(t, m["hostname"])
	delete(m, "timestamp")
	delete(m, "hostname")
	require.Equal(t, map[string]any{
		"level": "INFO", "service": "order-service", "action": "order_placed", "message": "order taken",
		"request_id": "req-1", "number": "ORD_1",
	}, m)

	log.Info("up")
	m = line(t, &b)
	require.Regexp(t, "^run-", m["request_id"], "outside a request the process has an ID of its own")
	require.Equal(t, "log", m["action"])
	require.NotContains(t, m, "error")

	log.Debug("not at this level")
	require.Zero(t, b.Len())
}

func TestErrorsHaveMessageAndStack(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	log := telemetry.NewLogger(&b, slog.LevelInfo, "kitchen").With("action", "commit_failed", "shard", 3)
	log.Error("commit failed", telemetry.Err(errors.New("disk full")))
	m := line(t, &b)
	require.Equal(t, "commit_failed", m["action"])
	require.InDelta(t, 3, m["shard"], 0)
	failure := m["error"].(map[string]any)
	require.Equal(t, "disk full", failure["msg"])
	require.Regexp(t, `^brigade/internal/telemetry_test\.TestErrorsHaveMessageAndStack .*log_test\.go:\d+\n`, failure["stack"])

	log.Error("no error given")
	require.Equal(t, "no error given", line(t, &b)["error"].(map[string]any)["msg"])

	log.Warn("odd", "error", fmt.Errorf("wrapped: %w", errors.ErrUnsupported))
	require.Contains(t, line(t, &b)["error"].(map[string]any)["msg"], "wrapped")
	telemetry.NewLogger(&b, slog.LevelInfo, "kitchen").With(telemetry.Err(errors.New("earlier"))).Info("x")
	require.Equal(t, "earlier", line(t, &b)["error"].(map[string]any)["msg"])
}

func TestGroupsKeepTheContractAtTheTop(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	log := telemetry.NewLogger(&b, slog.LevelInfo, "s").With("a", 1).WithGroup("job").With("id", 7).WithGroup("empty")
	log.Info("done", "kind", "mail")
	m := line(t, &b)
	require.Equal(t, "done", m["message"])
	require.NotEmpty(t, m["request_id"])
	require.InDelta(t, 1, m["a"], 0)
	require.Equal(t, map[string]any{"id": 7.0, "empty": map[string]any{"kind": "mail"}}, m["job"])
}

func TestSlogConformance(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	slogtest.Run(t, func(*testing.T) slog.Handler {
		b.Reset()
		return telemetry.NewLogger(&b, slog.LevelInfo, "s").Handler()
	}, func(t *testing.T) map[string]any {
		m := line(t, &b)
		for ours, slogs := range map[string]string{"timestamp": slog.TimeKey, "message": slog.MessageKey} {
			if v, ok := m[ours]; ok {
				m[slogs] = v
			}
		}
		return m
	})
}

func TestText(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	log := telemetry.NewLogger(&b, slog.LevelDebug, "s", telemetry.WithFormat(telemetry.FormatText))
	log.With("who", "Asha Rao").WithGroup("task").Warn("late", "id", 4, "action", "task_late", telemetry.Err(errors.New("no = yes")))
	require.Regexp(t, `^\d\d:\d\d:\d\d\.\d{3} WARN  late who="Asha Rao" task\.id=4 .*task\.error="no = yes"\n$`, b.String())

	b.Reset()
	telemetry.NewLogger(&b, slog.LevelInfo, "s", telemetry.WithFormat(telemetry.FormatAuto)).Info("no terminal")
	line(t, &b)
}

func TestSecret(t *testing.T) {
	t.Parallel()
	s := telemetry.Secret("sesame")
	js, err := json.Marshal(map[string]any{"s": s})
	require.NoError(t, err)
	var b bytes.Buffer
	telemetry.NewLogger(&b, slog.LevelInfo, "s").Info("x", "secret", s)
	for _, shown := range []string{
		s.String(), string(js), b.String(), fmt.Sprintf("%v %s %q %x %#v %+v", s, s, s, s, s, struct{ S telemetry.Secret }{s}),
	} {
		require.NotContains(t, shown, "sesame")
		require.NotContains(t, shown, "736573616d65")
		require.Contains(t, shown, "redacted")
	}
	require.Equal(t, "sesame", s.Reveal())
	require.Empty(t, telemetry.Secret("").String())
}

func TestParseLevel(t *testing.T) {
	t.Parallel()
	l, err := telemetry.ParseLevel("warn")
	require.NoError(t, err)
	require.Equal(t, slog.LevelWarn, l)
	_, err = telemetry.ParseLevel("chatty")
	require.Error(t, err)
}
