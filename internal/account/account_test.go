package account_test

import (
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"brigade/internal/account"
	"brigade/internal/account/accountpg"
	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/store/pgtest"
)

const password = "correct horse battery"

var from = account.Origin{Address: "192.0.2.7", Agent: "a browser"}

type bundle struct {
	t        *testing.T
	pool     *pgxpool.Pool
	one, two *account.Service // two nodes
	owner    actor.Actor      // of the tenant 101 with the outlets 201 (stations 301, 302) and 202
	stranger actor.Actor      // owner of the tenant 102 with the outlet 203
}

func setup(t *testing.T) *bundle {
	t.Helper()
	pool := pgtest.New(t)
	_, err := pool.Exec(t.Context(), `
		insert into tenants (id, slug, name, timezone) values (101, 'demo', 'Demo', 'UTC'), (102, 'other', 'Other', 'UTC');
		insert into outlets (id, tenant_id, slug, name, timezone, is_default) values
			(201, 101, 'main', 'Main', 'UTC', true), (202, 101, 'side', 'Side', 'UTC', false), (203, 102, 'foreign', 'Foreign', 'UTC', true);
		insert into stations (id, tenant_id, outlet_id, name, capacity) values (301, 101, 201, 'grill', 4), (302, 101, 201, 'fryer', 4), (303, 102, 203, 'grill', 4)`)
	require.NoError(t, err)
	node := func() *account.Service { return account.New(accountpg.New(pool), slog.New(slog.DiscardHandler)) }
	return &bundle{
		t, pool, node(), node(),
		actor.Actor{Tenant: 101, Outlet: 201, Name: "olga", Role: actor.Owner},
		actor.Actor{Tenant: 102, Outlet: 203, Name: "stranger", Role: actor.Owner},
	}
}

// user adds a user, with a password when he has an e-mail address.
func (b *bundle) user(u account.User) account.User {
	b.t.Helper()
	made, err := b.one.Add(b.t.Context(), b.owner, u)
	require.NoError(b.t, err)
	if u.Email != "" {
		require.NoError(b.t, b.one.SetPassword(b.t.Context(), b.owner, made.ID, password))
	}
	return made
}

func (b *bundle) signIn(email, before string) string {
	b.t.Helper()
	session, _, err := b.one.SignIn(b.t.Context(), email, password, before, from)
	require.NoError(b.t, err)
	return session
}

func (b *bundle) tablet(t account.Tablet) string {
	b.t.Helper()
	device, _, err := b.one.Register(b.t.Context(), b.owner, t, "")
	require.NoError(b.t, err)
	return device
}

func (b *bundle) exec(sql string, args ...any) {
	b.t.Helper()
	_, err := b.pool.Exec(b.t.Context(), sql, args...)
	require.NoError(b.t, err)
}

func TestTwoNodesShareSessionsAndWhoIsDisabledIsOutAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u := b.user(account.User{Name: "Mia", Email: " Mia@Example.COM ", Role: actor.Manager, Outlet: 202})
	session := b.signIn("mia@example.com", "")
	v, err := b.two.Visit(t.Context(), session, "", true)
	require.NoError(t, err)
	require.Equal(t, actor.Actor{Tenant: 101, Outlet: 202, Bound: true, Name: "Mia", Role: actor.Manager, User: u.ID}, v.Actor)

	u.Active = false
	require.NoError(t, b.one.Change(t.Context(), b.owner, u))
	_, err = b.two.Visit(t.Context(), session, "", true)
	require.True(t, errs.Is(err, errs.KindUnauthorized), err)
	_, _, err = b.one.SignIn(t.Context(), "mia@example.com", password, "", from)
	require.ErrorIs(t, err, account.ErrNotYou, "nobody is told that the password was right")

	u.Active = true
	require.NoError(t, b.one.Change(t.Context(), b.owner, u))
	_, err = b.two.Visit(t.Context(), session, "", true)
	require.True(t, errs.Is(err, errs.KindUnauthorized), "what has ended stays ended")
	b.exec(`update tenants set status = 'suspended' where id = 101`)
	_, _, err = b.one.SignIn(t.Context(), "mia@example.com", password, "", from)
	require.True(t, errs.Is(err, errs.KindForbidden), err)
}

func TestWrongPasswordsManyTimes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.user(account.User{Name: "Mia", Email: "mia@example.com", Role: actor.Owner})
	for _, email := range []string{"mia@example.com", "nobody@example.com"} { // both are answered alike
		for range 8 {
			_, _, err := b.one.SignIn(t.Context(), email, "not the password", "", from)
			require.ErrorIs(t, err, account.ErrNotYou)
		}
		_, _, err := b.two.SignIn(t.Context(), email, password, "", from)
		require.ErrorIs(t, err, account.ErrTooManyTries, "on the other node, and with the right one")
	}
	session, _, err := b.two.SignIn(t.Context(), "mia@example.com", password, "", account.Origin{Address: "198.51.100.1"})
	require.NoError(t, err, "who sits elsewhere is not kept out")
	require.NotEmpty(t, session)
	b.exec(`update sign_in_tries set at = at - interval '16 minutes'`)
	b.signIn("mia@example.com", "")
}

// Attempts that come at the same moment are all counted.
func TestManyAttemptsAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.user(account.User{Name: "Mia", Email: "mia@example.com", Role: actor.Owner})
	var wg sync.WaitGroup
	var mu sync.Mutex
	looked := 0
	for range 30 {
		wg.Go(func() {
			_, _, err := b.one.SignIn(t.Context(), "mia@example.com", "guess and guess", "", from)
			mu.Lock()
			defer mu.Unlock()
			if !errs.Is(err, errs.KindTooMany) {
				looked++
			}
		})
	}
	wg.Wait()
	require.LessOrEqual(t, looked, 8)
}

func TestSigningInReplacesTheSession(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.user(account.User{Name: "Mia", Email: "mia@example.com", Role: actor.Owner})
	first := b.signIn("mia@example.com", "brs_"+strings.Repeat("x", 43))
	second := b.signIn("mia@example.com", first)
	require.NotEqual(t, first, second)
	_, err := b.one.Visit(t.Context(), first, "", true)
	require.True(t, errs.Is(err, errs.KindUnauthorized), "a session that somebody else knows is worth nothing")
	for _, odd := range []string{"", "brs_", "brs_" + strings.Repeat("x", 43), strings.Repeat("x", 1<<16), strings.Replace(second, "brs_", "brg_", 1)} {
		_, err := b.one.Visit(t.Context(), odd, "", true)
		require.True(t, errs.Is(err, errs.KindUnauthorized), err)
	}
	var rows string
	require.NoError(t, b.pool.QueryRow(t.Context(), `select string_agg(s::text, '') || (select string_agg(u::text, '') from users u) from user_sessions s`).Scan(&rows))
	require.NotContains(t, rows, strings.TrimPrefix(second, "brs_"))
	require.NotContains(t, rows, password)
	b.exec(`update user_sessions set expires_at = now()`)
	_, err = b.one.Visit(t.Context(), second, "", true)
	require.True(t, errs.Is(err, errs.KindUnauthorized), err)
}

func TestPasswordsAndLinks(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u := b.user(account.User{Name: "Mia", Email: "mia@example.com", Role: actor.Manager})
	here, there := b.signIn("mia@example.com", ""), b.signIn("mia@example.com", "")
	v, err := b.one.Visit(t.Context(), here, "", true)
	require.NoError(t, err)
	require.True(t, errs.Is(b.one.ChangePassword(t.Context(), v.Actor, here, "wrong", "another long word"), errs.KindInvalid))
	require.True(t, errs.Is(b.one.ChangePassword(t.Context(), v.Actor, here, password, "short"), errs.KindInvalid))
	require.True(t, errs.Is(b.one.ChangePassword(t.Context(), v.Actor, here, password, "MIA@example.com"), errs.KindInvalid))
	require.NoError(t, b.one.ChangePassword(t.Context(), v.Actor, here, password, "another long word"))
	_, err = b.one.Visit(t.Context(), here, "", true)
	require.NoError(t, err)
	_, err = b.one.Visit(t.Context(), there, "", true)
	require.True(t, errs.Is(err, errs.KindUnauthorized), "others who are signed in as him are out")

	old, err := b.one.Invite(t.Context(), b.owner, u.ID)
	require.NoError(t, err)
	link, err := b.one.Invite(t.Context(), b.owner, u.ID)
	require.NoError(t, err)
	require.True(t, errs.Is(b.one.Accept(t.Context(), old, password, from), errs.KindNotFound), "a new link ends those before")
	require.True(t, errs.Is(b.one.Accept(t.Context(), link, "short", from), errs.KindInvalid))
	require.NoError(t, b.one.Accept(t.Context(), link, password, from))
	require.True(t, errs.Is(b.one.Accept(t.Context(), link, password, from), errs.KindNotFound), "once")
	_, err = b.one.Visit(t.Context(), here, "", true)
	require.True(t, errs.Is(err, errs.KindUnauthorized), err)
	b.signIn("mia@example.com", "")
}

func TestWhoMayHaveWhom(t *testing.T) {
	t.Parallel()
	b := setup(t)
	boss := b.user(account.User{Name: "Boss", Email: "boss@example.com", Role: actor.Owner})
	cook := b.user(account.User{Name: "Cook", Role: actor.Cook, Outlet: 201})
	manager := actor.Actor{Tenant: 101, Outlet: 202, Bound: true, Role: actor.Manager, Name: "m"}
	own := actor.Actor{Tenant: 101, Role: actor.Owner, Name: "Boss", User: boss.ID}

	_, err := b.one.Add(t.Context(), manager, account.User{Name: "x", Role: actor.Owner})
	require.True(t, errs.Is(err, errs.KindForbidden), err)
	for _, by := range []actor.Actor{manager, b.stranger} {
		require.Error(t, b.one.Change(t.Context(), by, account.User{ID: cook.ID, Name: "x", Role: actor.Cook, Outlet: by.Outlet, Active: true}), "not his")
		_, err = b.one.SetPIN(t.Context(), by, cook.ID, 0, "4831")
		require.True(t, errs.Is(err, errs.KindNotFound), err)
		require.True(t, errs.Is(b.one.SetPassword(t.Context(), by, cook.ID, password), errs.KindNotFound))
	}
	chain := actor.Actor{Tenant: 101, Role: actor.Manager, Name: "chain"}
	_, err = b.one.Invite(t.Context(), chain, boss.ID)
	require.True(t, errs.Is(err, errs.KindForbidden), "a manager does not take an owner's place")
	require.True(t, errs.Is(b.one.Change(t.Context(), chain, account.User{ID: boss.ID, Name: "Boss", Role: actor.Cook, Active: true}), errs.KindForbidden))
	require.True(t, errs.Is(b.one.Change(t.Context(), own, account.User{ID: boss.ID, Name: "Boss", Email: "boss@example.com", Role: actor.Owner}), errs.KindForbidden))
	_, err = b.one.Add(t.Context(), b.owner, account.User{Name: "y", Role: actor.Cook, Outlet: 203})
	require.True(t, errs.Is(err, errs.KindInvalid), "another tenant's outlet")
	_, err = b.one.Add(t.Context(), b.owner, account.User{Name: "y", Role: actor.Cook, Outlet: 201, Station: 303})
	require.True(t, errs.Is(err, errs.KindInvalid), "another tenant's station")
	_, err = b.one.Add(t.Context(), b.owner, account.User{Name: "y", Email: "BOSS@example.com", Role: actor.Cook})
	require.True(t, errs.Is(err, errs.KindConflict), err)
	for _, by := range []actor.Actor{{Tenant: 101, Role: actor.Cook}, {Tenant: 101, Role: actor.Driver}} {
		_, _, err = b.one.List(t.Context(), by, 0)
		require.True(t, errs.Is(err, errs.KindForbidden), err)
		_, _, err = b.one.Register(t.Context(), by, account.Tablet{Name: "x", Outlet: 201}, "")
		require.True(t, errs.Is(err, errs.KindForbidden), err)
	}
}

func TestPINs(t *testing.T) {
	t.Parallel()
	b := setup(t)
	grill := b.user(account.User{Name: "Asha", Role: actor.Cook, Outlet: 201, Station: 301})
	boss := b.user(account.User{Name: "Boss", Email: "boss@example.com", Role: actor.Owner})
	pin := func(u account.User, outlet int64, pin string) error {
		_, err := b.one.SetPIN(t.Context(), b.owner, u.ID, outlet, pin)
		return err
	}
	require.NoError(t, pin(grill, 0, "4831"))
	require.True(t, errs.Is(pin(boss, 201, "4831"), errs.KindConflict), "once within the outlet")
	require.NoError(t, pin(boss, 201, "927154"))
	for _, plain := range []string{"123", "1234567", "1234", "0000", "9876", "12a4", "١٢٣٤"} {
		require.True(t, errs.Is(pin(boss, 201, plain), errs.KindInvalid), plain)
	}
	require.True(t, errs.Is(pin(boss, 203, "4831"), errs.KindNotFound), "another tenant's outlet tells nothing of its PINs")
	made, err := b.one.SetPIN(t.Context(), b.owner, boss.ID, 201, "")
	require.NoError(t, err)
	require.Len(t, made, 6)

	grillTablet := b.tablet(account.Tablet{Name: "grill tablet", Outlet: 201, Station: 301})
	enter := func(device, pin string) (actor.Actor, string, error) {
		session, _, err := b.one.SignInPIN(t.Context(), device, pin, "", from)
		if err != nil {
			return actor.Actor{}, "", err
		}
		v, err := b.two.Visit(t.Context(), session, device, true)
		require.NoError(t, err)
		return v.Actor, session, nil
	}
	who, session, err := enter(grillTablet, "4831")
	require.NoError(t, err)
	require.Equal(t, actor.Actor{Tenant: 101, Outlet: 201, Bound: true, Name: "Asha", Role: actor.Cook, User: grill.ID, Station: 301}, who)
	who, _, err = enter(grillTablet, made)
	require.NoError(t, err)
	require.Equal(t, actor.Actor{Tenant: 101, Outlet: 201, Bound: true, Name: "Boss", Role: actor.Cook, User: boss.ID}, who, "a PIN makes nobody an owner")

	_, err = b.one.Visit(t.Context(), session, "", true)
	require.True(t, errs.Is(err, errs.KindUnauthorized), "without its tablet the session is worth nothing")
	fryer := b.tablet(account.Tablet{Name: "fryer tablet", Outlet: 201, Station: 302})
	_, err = b.one.Visit(t.Context(), session, fryer, true)
	require.True(t, errs.Is(err, errs.KindUnauthorized), "nor with another")
	_, _, err = enter(fryer, "4831")
	require.True(t, errs.Is(err, errs.KindForbidden), "another station's cook")
	side := b.tablet(account.Tablet{Name: "side tablet", Outlet: 202})
	_, _, err = enter(side, "4831")
	require.ErrorIs(t, err, account.ErrNotYou, "another outlet's cook")
	_, _, err = enter("brt_"+strings.Repeat("A", 43), "4831")
	require.True(t, errs.Is(err, errs.KindNotFound), err)

	b.exec(`update user_sessions set last_seen_at = now() - interval '6 minutes'`)
	_, err = b.two.Visit(t.Context(), session, grillTablet, true)
	require.True(t, errs.Is(err, errs.KindUnauthorized), "it has locked itself")
	_, session, err = enter(grillTablet, "4831")
	require.NoError(t, err)
	require.NoError(t, b.one.DropPIN(t.Context(), b.owner, grill.ID))
	_, err = b.two.Visit(t.Context(), session, grillTablet, true)
	require.True(t, errs.Is(err, errs.KindUnauthorized), "without a PIN he is out at once")
	tablets, err := b.one.Tablets(t.Context(), b.owner)
	require.NoError(t, err)
	require.True(t, errs.Is(b.one.EndTablet(t.Context(), b.stranger, tablets[0].ID), errs.KindNotFound))
	for _, x := range tablets {
		require.NoError(t, b.one.EndTablet(t.Context(), b.owner, x.ID))
	}
	_, _, err = enter(grillTablet, made)
	require.True(t, errs.Is(err, errs.KindNotFound), err)
}

// A right PIN in between gives nobody more attempts at others'.
func TestPINsCannotBeTried(t *testing.T) {
	t.Parallel()
	b := setup(t)
	cook := b.user(account.User{Name: "Asha", Role: actor.Cook, Outlet: 201})
	_, err := b.one.SetPIN(t.Context(), b.owner, cook.ID, 0, "4831")
	require.NoError(t, err)
	device := b.tablet(account.Tablet{Name: "tablet", Outlet: 201})
	try := func(pin string) error {
		_, _, err := b.one.SignInPIN(t.Context(), device, pin, "", from)
		return err
	}
	for range 3 {
		require.ErrorIs(t, try("5555"), account.ErrNotYou)
		require.ErrorIs(t, try("no digits"), account.ErrNotYou)
		_ = try("4831") // the sixth failure has used up what there is
	}
	require.ErrorIs(t, try("4831"), account.ErrTooManyTries)
	b.exec(`update sign_in_tries set at = at - interval '5 minutes'`)
	require.NoError(t, try("4831"))
}

func TestSessionsAreListedAndEnded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u := b.user(account.User{Name: "Mia", Email: "mia@example.com", Role: actor.Manager})
	here, there := b.signIn("mia@example.com", ""), b.signIn("mia@example.com", "")
	self := actor.Actor{Tenant: 101, Role: actor.Manager, User: u.ID, Name: "Mia"}
	list, err := b.one.Sessions(t.Context(), self, u.ID, here)
	require.NoError(t, err)
	require.Len(t, list, 2)
	_, err = b.one.Sessions(t.Context(), b.stranger, u.ID, "")
	require.True(t, errs.Is(err, errs.KindNotFound), err)
	require.True(t, errs.Is(b.one.EndSession(t.Context(), b.stranger, u.ID, list[0].ID), errs.KindNotFound))
	for _, s := range list {
		if !s.Here {
			require.NoError(t, b.one.EndSession(t.Context(), self, u.ID, s.ID))
		}
	}
	_, err = b.one.Visit(t.Context(), there, "", true)
	require.True(t, errs.Is(err, errs.KindUnauthorized), err)
	require.NoError(t, b.one.EndSession(t.Context(), b.owner, u.ID, 0))
	_, err = b.one.Visit(t.Context(), here, "", true)
	require.True(t, errs.Is(err, errs.KindUnauthorized), err)

	notes, err := b.one.Log(t.Context(), b.owner, 0, 50)
	require.NoError(t, err)
	require.Equal(t, "session_ended", notes[0].What)
	require.Equal(t, "user_added", notes[len(notes)-1].What)
	none, err := b.one.Log(t.Context(), b.stranger, 0, 50)
	require.NoError(t, err)
	require.Empty(t, none)
}
