package webtest

import (
	"log/slog"
	"net/http/cookiejar"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"brigade/internal/account"
	"brigade/internal/account/accountpg"
	"brigade/internal/actor"
	"brigade/internal/app"
	"brigade/internal/config"
	"brigade/internal/store/pgtest"
	"brigade/internal/tenant"
	"brigade/internal/tenant/tenantpg"
)

// Password is what users of a House sign in with.
const Password = "correct horse battery"

// House is the demo restaurant as one in which people must sign in.
type House struct {
	*Site
	Pool     *pgxpool.Pool
	Tenants  *tenant.Service
	Accounts *account.Service
	Owner    actor.Actor
}

// StartHouse runs Brigade for a restaurant in which people must sign in.
func StartHouse(t *testing.T) *House {
	t.Helper()
	database := pgtest.NewURL(t)
	first := app.New(app.Config{DatabaseURL: database, Demo: config.DemoData})
	require.NoError(t, first.Start(t.Context()))
	require.NoError(t, first.Stop(t.Context()))
	pool, err := pgxpool.New(t.Context(), database)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	tenants := tenant.New(tenantpg.New(pool))
	owner, err := tenants.DemoActor(t.Context())
	require.NoError(t, err)
	accounts := account.New(accountpg.New(pool), slog.New(slog.DiscardHandler))
	return &House{Start(t, database, config.DemoOff), pool, tenants, accounts, owner}
}

// Token returns a new one of a role.
func (h *House) Token(role actor.Role) string {
	h.T.Helper()
	plain, _, err := h.Tenants.CreateToken(h.T.Context(), h.Owner, tenant.NewToken{Name: string(role), Role: role})
	require.NoError(h.T, err)
	return plain
}

// User adds one, who signs in with Password when he has an e-mail address.
func (h *House) User(u account.User) account.User {
	h.T.Helper()
	made, err := h.Accounts.Add(h.T.Context(), h.Owner, u)
	require.NoError(h.T, err)
	if u.Email != "" {
		require.NoError(h.T, h.Accounts.SetPassword(h.T.Context(), h.Owner, made.ID, Password))
	}
	return made
}

// Other is another browser at the same site.
func (h *House) Other() *Site {
	jar, err := cookiejar.New(nil)
	require.NoError(h.T, err)
	s, client := *h.Site, *h.Client
	client.Jar, s.Client = jar, &client
	return &s
}
