package app_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"brigade/internal/app"
	"brigade/internal/store/pgtest"
)

// The weekly workflow writes to the owner, and done once more it does not write again.
func TestTheWeeklyDigestIsSentOnce(t *testing.T) {
	t.Parallel()
	database := pgtest.NewURL(t)
	p, _ := orchestrate(t, database, "one", func(c *app.Config) { c.Notify.Mail, c.Notify.MailFrom = "smtp://127.0.0.1:1", "brigade@example.com" })
	conn, err := pgx.Connect(t.Context(), database)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	_, err = conn.Exec(t.Context(), `insert into users (tenant_id, name, email, role, created_by)
		select id, 'Olga', 'olga@digest.example.com', 'owner', 'x' from tenants where slug = 'demo'`)
	require.NoError(t, err)
	for range 2 {
		e := p.ask(http.StatusAccepted, http.MethodPost, orchestrated+"/workflows/weekly/execute", `{"tenant":"demo"}`)
		require.Equal(t, "completed", p.ended(e)["status"])
		var n, jobs int
		var said string
		require.NoError(t, conn.QueryRow(t.Context(), `
			select count(*), max(facts ->> 'reason'), (select count(*) from river_job where kind = 'notify_lane')
			from notifications where kind = 'digest' and recipient = 'olga@digest.example.com'`).Scan(&n, &said, &jobs))
		require.Equal(t, 1, n)
		require.Positive(t, jobs, "somebody sends it")
		require.NotEmpty(t, said)
	}
}
