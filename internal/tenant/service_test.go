package tenant_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/store/pgtest"
	"brigade/internal/tenant"
	"brigade/internal/tenant/tenantpg"
)

type bundle struct {
	pool     *pgxpool.Pool
	service  *tenant.Service
	owner    actor.Actor // of the demo, which has the outlets main (default) and side
	stranger actor.Actor // owner of another tenant
	side     int64
	foreign  int64 // the other tenant's outlet
}

func setup(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{pool: pgtest.New(t)}
	_, err := b.pool.Exec(t.Context(), `
		insert into tenants (id, slug, name, tier, timezone) values (101, 'demo', 'Demo', 'enterprise', 'Europe/Madrid'), (102, 'other', 'Other', 'starter', 'UTC');
		insert into outlets (id, tenant_id, slug, name, timezone, is_default, free_form_station_id, stale_after_seconds, config_version)
		values (201, 101, 'main', 'Main', 'Europe/Madrid', true, 7, 90, 3), (202, 101, 'side', 'Side', 'Asia/Tokyo', false, null, 120, 1),
		       (203, 102, 'foreign', 'Foreign', 'UTC', true, null, 120, 1)`)
	require.NoError(t, err)
	b.service = tenant.New(tenantpg.New(b.pool))
	b.owner, err = b.service.DemoActor(t.Context())
	require.NoError(t, err)
	b.stranger, err = b.service.ActorFor(t.Context(), "other", "stranger", actor.Owner)
	require.NoError(t, err)
	b.side, b.foreign = 202, 203
	return b
}

func (b *bundle) token(t *testing.T, want tenant.NewToken) (string, tenant.Token) {
	t.Helper()
	plain, tok, err := b.service.CreateToken(t.Context(), b.owner, want)
	require.NoError(t, err)
	return plain, tok
}

func TestTokenIsShownOnceAndKeptAsHash(t *testing.T) {
	t.Parallel()
	b := setup(t)
	plain, tok := b.token(t, tenant.NewToken{Name: "till", Role: actor.Integrator})
	require.Regexp(t, `^brg_[A-Za-z0-9_-]{43}$`, plain)

	var hash []byte
	var row string
	err := b.pool.QueryRow(t.Context(), `select hash, t::text from tokens t where id = $1`, tok.ID).Scan(&hash, &row)
	require.NoError(t, err)
	want := sha256.Sum256([]byte(plain))
	require.Equal(t, want[:], hash)
	require.NotContains(t, row, plain)

	a, err := b.service.Authenticate(t.Context(), plain)
	require.NoError(t, err)
	require.Equal(t, actor.Actor{Tenant: 101, Outlet: 201, Name: "till", Role: actor.Integrator}, a)

	other, _ := b.token(t, tenant.NewToken{Name: "till", Role: actor.Integrator})
	require.NotEqual(t, plain, other)
}

func TestTokenForOneOutletIsBound(t *testing.T) {
	t.Parallel()
	b := setup(t)
	plain, _ := b.token(t, tenant.NewToken{Name: "cook", Role: actor.Cook, Outlet: b.side})
	a, err := b.service.Authenticate(t.Context(), plain)
	require.NoError(t, err)
	require.Equal(t, actor.Actor{Tenant: 101, Outlet: b.side, Bound: true, Name: "cook", Role: actor.Cook}, a)
}

func TestWhoIsNotLetIn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	soon := time.Now().Add(time.Hour)
	expired, tok := b.token(t, tenant.NewToken{Name: "x", Role: actor.Cook, Expires: &soon})
	_, err := b.pool.Exec(t.Context(), `update tokens set expires_at = now() where id = $1`, tok.ID)
	require.NoError(t, err)
	for name, plain := range map[string]string{
		"empty": "", "no token": "Bearer", "unknown": "brg_" + strings.Repeat("A", 43),
		"too long": "brg_" + strings.Repeat("A", 1<<20), "expired": expired,
	} {
		_, err := b.service.Authenticate(t.Context(), plain)
		require.True(t, errs.Is(err, errs.KindUnauthorized), "%s: %v", name, err)
	}
	for _, status := range []tenant.Status{tenant.Suspended, tenant.Cancelled} {
		plain, _ := b.token(t, tenant.NewToken{Name: "x", Role: actor.Cook})
		_, err := b.pool.Exec(t.Context(), `update tenants set status = $1 where id = 101`, string(status))
		require.NoError(t, err)
		_, err = b.service.Authenticate(t.Context(), plain)
		require.True(t, errs.Is(err, errs.KindForbidden), err)
		require.ErrorContains(t, err, string(status))
		_, err = b.service.DemoActor(t.Context())
		require.True(t, errs.Is(err, errs.KindForbidden), err)
	}
}

func TestRevocationTakesEffectAtOnceInThisProcess(t *testing.T) {
	t.Parallel()
	b := setup(t)
	plain, tok := b.token(t, tenant.NewToken{Name: "x", Role: actor.Cook})
	_, err := b.service.Authenticate(t.Context(), plain)
	require.NoError(t, err)

	err = b.service.RevokeToken(t.Context(), b.stranger, tok.ID)
	require.True(t, errs.Is(err, errs.KindNotFound), "another tenant's token")
	require.NoError(t, b.service.RevokeToken(t.Context(), b.owner, tok.ID))
	_, err = b.service.Authenticate(t.Context(), plain)
	require.True(t, errs.Is(err, errs.KindUnauthorized), err)

	before, err := b.service.ListTokens(t.Context(), b.owner)
	require.NoError(t, err)
	require.NotNil(t, before[0].Revoked)
	require.NoError(t, b.service.RevokeToken(t.Context(), b.owner, tok.ID), "repeating it")
	after, err := b.service.ListTokens(t.Context(), b.owner)
	require.NoError(t, err)
	require.Equal(t, before, after)
}

func TestListingsAreScoped(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, main := b.token(t, tenant.NewToken{Name: "all", Role: actor.Manager})
	_, side := b.token(t, tenant.NewToken{Name: "side", Role: actor.Cook, Outlet: b.side})

	all, err := b.service.ListTokens(t.Context(), b.owner)
	require.NoError(t, err)
	require.Equal(t, []tenant.Token{side, main}, all, "newest first")
	bound := actor.Actor{Tenant: 101, Outlet: b.side, Bound: true, Role: actor.Owner}
	list, err := b.service.ListTokens(t.Context(), bound)
	require.NoError(t, err)
	require.Equal(t, []tenant.Token{side}, list)
	require.True(t, errs.Is(b.service.RevokeToken(t.Context(), bound, main.ID), errs.KindNotFound))
	none, err := b.service.ListTokens(t.Context(), b.stranger)
	require.NoError(t, err)
	require.Empty(t, none)
}

func TestOnlyOwnersHandleTokens(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, role := range []actor.Role{actor.Manager, actor.Cook, actor.Driver, actor.Integrator, actor.Customer} {
		by := b.owner
		by.Role = role
		_, _, err := b.service.CreateToken(t.Context(), by, tenant.NewToken{Name: "x", Role: actor.Cook})
		require.True(t, errs.Is(err, errs.KindForbidden), err)
		_, err = b.service.ListTokens(t.Context(), by)
		require.True(t, errs.Is(err, errs.KindForbidden), err)
		require.True(t, errs.Is(b.service.RevokeToken(t.Context(), by, 1), errs.KindForbidden))
	}
}

func TestImpossibleTokensAreRefusedWithAllFaults(t *testing.T) {
	t.Parallel()
	b := setup(t)
	past := time.Now().Add(-time.Second)
	_, _, err := b.service.CreateToken(t.Context(), b.owner, tenant.NewToken{Role: "king", Outlet: b.foreign, Expires: &past})
	e, ok := errors.AsType[*errs.Error](err)
	require.True(t, ok)
	var paths []string
	for _, f := range e.Fields {
		paths = append(paths, f.Path)
	}
	require.Equal(t, []string{"name", "role", "expires", "outlet"}, paths)

	_, _, err = b.service.CreateToken(t.Context(), b.owner, tenant.NewToken{Name: "a\x00b", Role: actor.System})
	require.ErrorContains(t, err, "name must")
	require.ErrorContains(t, err, "role must")

	bound := actor.Actor{Tenant: 101, Outlet: b.side, Bound: true, Role: actor.Owner}
	_, _, err = b.service.CreateToken(t.Context(), bound, tenant.NewToken{Name: "x", Role: actor.Owner, Outlet: 201})
	require.True(t, errs.Is(err, errs.KindInvalid), "an owner of one outlet makes none for another")
	_, tok, err := b.service.CreateToken(t.Context(), bound, tenant.NewToken{Name: "x", Role: actor.Owner})
	require.NoError(t, err)
	require.Equal(t, b.side, tok.Outlet, "nor for all")
}

func TestTenantsAndOutlets(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.Equal(t, actor.Actor{Tenant: 101, Outlet: 201, Name: "demo owner", Role: actor.Owner}, b.owner)
	tenants, err := b.service.ListTenants(t.Context())
	require.NoError(t, err)
	require.Len(t, tenants, 2)
	require.Equal(t, "demo", tenants[0].Slug)
	require.Equal(t, "Europe/Madrid", tenants[0].Timezone.String())

	main, err := b.service.Outlet(t.Context(), 101, 201)
	require.NoError(t, err)
	require.Equal(t, tenant.Outlet{
		ID: 201, Tenant: 101, Slug: "main", Name: "Main", Timezone: tenants[0].Timezone, Currency: "EUR", Default: true,
		FreeFormStation: 7, StaleAfter: 90 * time.Second, ConfigVersion: 3,
	}, main)
	side, err := b.service.OutletBySlug(t.Context(), 101, "side")
	require.NoError(t, err)
	require.Equal(t, "Asia/Tokyo", side.Timezone.String())
	require.Zero(t, side.FreeFormStation)

	_, err = b.service.Outlet(t.Context(), 101, b.foreign)
	require.True(t, errs.Is(err, errs.KindNotFound), "another tenant's outlet")
	_, err = b.service.ActorFor(t.Context(), "nobody", "x", actor.System)
	require.True(t, errs.Is(err, errs.KindNotFound), err)
}

func TestManyAskAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	plain, _ := b.token(t, tenant.NewToken{Name: "x", Role: actor.Cook})
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	var wg sync.WaitGroup
	failures := make([]error, 64)
	for i := range failures {
		wg.Go(func() {
			if i%8 == 0 { // gives up, and takes the answer from nobody
				_, _ = b.service.Authenticate(gone, plain)
				return
			}
			_, failures[i] = b.service.Authenticate(t.Context(), plain)
		})
	}
	wg.Wait()
	require.NoError(t, errors.Join(failures...))
}
