package config_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/config"
)

// Contract R's config.yaml is read when it is there; flags and environment win.
func TestServiceFile(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	var s config.KitchenWorker
	s.LogLevel, s.LogFormat, s.WorkerName, s.Prefetch = "info", "auto", "chef", 1
	require.ErrorContains(t, s.Validate(), "--database-url is required, or database: in config.yaml")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "config.yaml"), []byte(`
database:
  host: db.example
  port: 5433
  user: restaurant_user
  password: "p@ss/word"
  database: restaurant_db
rabbitmq:
  host: mq.example
  user: guest
  password: guest
`), 0o600))
	require.NoError(t, s.Validate())
	require.Equal(t, "postgres://restaurant_user:p%40ss%2Fword@db.example:5433/restaurant_db", s.DatabaseURL.Reveal())
	require.Equal(t, "amqp://guest:guest@mq.example:5672/", s.RabbitMQURL.Reveal())
	s.RabbitMQURL = "amqp://other/"
	require.NoError(t, s.Validate())
	require.Equal(t, "amqp://other/", s.RabbitMQURL.Reveal())

	require.NoError(t, os.WriteFile(filepath.Join(dir, "config.yaml"), []byte("database: {host: /run/postgresql, database: r}"), 0o600))
	var o config.TrackingService
	o.LogLevel, o.LogFormat = "info", "auto"
	require.NoError(t, o.Validate())
	require.Equal(t, "postgres:///r?host=%2Frun%2Fpostgresql&port=5432", o.DatabaseURL.Reveal())

	require.NoError(t, os.WriteFile(filepath.Join(dir, "config.yaml"), []byte("database: ["), 0o600))
	require.ErrorContains(t, o.Validate(), "config.yaml cannot be read")
}

func TestIntervals(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{"30": 30 * time.Second, "30s": 30 * time.Second, "0.5": 500 * time.Millisecond, "2m": 2 * time.Minute} {
		var i config.Interval
		require.NoError(t, i.UnmarshalText([]byte(text)))
		require.Equal(t, want, time.Duration(i))
	}
	var i config.Interval
	require.Error(t, i.UnmarshalText([]byte("soon")))
}
