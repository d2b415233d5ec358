package account_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/account"
	"brigade/internal/account/accountpg"
	"brigade/internal/actor"
	"brigade/internal/errs"
)

// A password is read, hashed and compared, which takes a while. When it is replaced meanwhile, whoever came with the old one
// does not get in: neither after the change nor while it is being written.
func TestAPasswordThatIsReplacedMeanwhileOpensNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u := b.user(account.User{Name: "Mia", Email: "mia@example.com", Role: actor.Manager})
	s := accountpg.New(b.pool)
	known, err := s.ByEmail(t.Context(), "mia@example.com")
	require.NoError(t, err)
	open := func(n byte) error {
		return s.Open(t.Context(), account.NewSession{User: u.ID, Hash: account.Hash{n}, Lasts: time.Hour, Password: known.Password}, account.Note{Tenant: 101})
	}
	require.NoError(t, open(1))

	tx, err := b.pool.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
	_, err = tx.Exec(t.Context(), `update users set password_hash = 'another' where id = $1`, u.ID)
	require.NoError(t, err)
	opened := make(chan error, 1)
	go func() { opened <- open(2) }()
	require.Eventually(t, func() bool {
		var waits bool
		err := b.pool.QueryRow(t.Context(), `select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')`).Scan(&waits)
		return err == nil && waits
	}, time.Minute, 5*time.Millisecond, "it waits for what becomes of the change")
	require.NoError(t, tx.Commit(t.Context()))
	require.True(t, errs.Is(<-opened, errs.KindNotFound))
	require.True(t, errs.Is(open(3), errs.KindNotFound))
}

// Who is signed in by a PIN is out when it is taken away or replaced, and stays out when he has one again.
func TestAPINThatIsGoneLetsNobodyBackIn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	cook := b.user(account.User{Name: "Asha", Role: actor.Cook, Outlet: 201})
	device := b.tablet(account.Tablet{Name: "tablet", Outlet: 201})
	pin := func(pin string) {
		t.Helper()
		_, err := b.one.SetPIN(t.Context(), b.owner, cook.ID, 0, pin)
		require.NoError(t, err)
	}
	for name, replace := range map[string]func(){
		"taken away": func() { require.NoError(t, b.one.DropPIN(t.Context(), b.owner, cook.ID)) },
		"replaced":   func() { pin("927154") },
		"at another outlet": func() {
			c := cook
			c.Active, c.Outlet = true, 202
			require.NoError(t, b.one.Change(t.Context(), b.owner, c))
		},
	} {
		back := cook
		back.Active = true
		require.NoError(t, b.one.Change(t.Context(), b.owner, back))
		pin("4831")
		session, _, err := b.one.SignInPIN(t.Context(), device, "4831", "", from)
		require.NoError(t, err, name)
		replace()
		require.NoError(t, b.one.Change(t.Context(), b.owner, back))
		pin("4831")
		_, err = b.two.Visit(t.Context(), session, device, true)
		require.True(t, errs.Is(err, errs.KindUnauthorized), "%s: %v", name, err)
	}
}

// A link that was made for a cook does not open an owner's account.
func TestALinkEndsWithTheRoleItWasMadeFor(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u := b.user(account.User{Name: "Mia", Email: "mia@example.com", Role: actor.Cook})
	link, err := b.one.Invite(t.Context(), actor.Actor{Tenant: 101, Role: actor.Manager, Name: "chain"}, u.ID)
	require.NoError(t, err)
	u.Active = true
	require.NoError(t, b.one.Change(t.Context(), b.owner, u))
	_, err = b.one.Invited(t.Context(), link)
	require.NoError(t, err, "his name may change")
	u.Role = actor.Owner
	require.NoError(t, b.one.Change(t.Context(), b.owner, u))
	require.True(t, errs.Is(b.one.Accept(t.Context(), link, "another long word", from), errs.KindNotFound))

	link, err = b.one.Invite(t.Context(), b.owner, u.ID)
	require.NoError(t, err)
	u.Email = "mia.lopez@example.com"
	require.NoError(t, b.one.Change(t.Context(), b.owner, u))
	_, err = b.one.Invited(t.Context(), link)
	require.True(t, errs.Is(err, errs.KindNotFound), "whoever had the address before is not she")
}

// The log says what happened, not what somebody tried, and calls things by their names.
func TestNotesAreOfWhatHappened(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u := b.user(account.User{Name: "Mia", Email: "mia@example.com", Role: actor.Manager})
	b.signIn("mia@example.com", "")
	list, err := b.one.Sessions(t.Context(), b.owner, u.ID, "")
	require.NoError(t, err)
	for _, session := range []int64{list[0].ID, list[0].ID, 999_999, 0} {
		require.NoError(t, b.one.EndSession(t.Context(), b.owner, u.ID, session), "it is over, whoever ended it")
	}
	b.tablet(account.Tablet{Name: "Grill", Outlet: 201})
	tablets, err := b.one.Tablets(t.Context(), b.owner)
	require.NoError(t, err)
	require.NoError(t, b.one.EndTablet(t.Context(), b.owner, tablets[0].ID))
	notes, err := b.one.Log(t.Context(), b.owner, 0, 4)
	require.NoError(t, err)
	var said []string
	for _, n := range notes {
		said = append(said, n.What+" "+n.About)
	}
	require.Equal(t, []string{"tablet_ended Grill", "tablet_registered Grill", "session_ended Mia", "signed_in "}, said)
}

func TestLinksMadeAtOnceLeaveOne(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u := b.user(account.User{Name: "Mia", Email: "mia@example.com", Role: actor.Cook})
	links := make([]string, 12)
	var wg sync.WaitGroup
	for i := range links {
		wg.Go(func() { links[i], _ = b.one.Invite(t.Context(), b.owner, u.ID) })
	}
	wg.Wait()
	valid := 0
	for _, link := range links {
		if _, err := b.two.Invited(t.Context(), link); err == nil {
			valid++
		}
	}
	require.Equal(t, 1, valid)
}

// A PIN opens a kitchen's screens, not somebody's own account.
func TestNoPasswordIsChangedOnATablet(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u := b.user(account.User{Name: "Mia", Email: "mia@example.com", Role: actor.Owner})
	_, err := b.one.SetPIN(t.Context(), b.owner, u.ID, 201, "4831")
	require.NoError(t, err)
	device := b.tablet(account.Tablet{Name: "tablet", Outlet: 201})
	shared, _, err := b.one.SignInPIN(t.Context(), device, "4831", "", from)
	require.NoError(t, err)
	v, err := b.one.Visit(t.Context(), shared, device, true)
	require.NoError(t, err)
	require.True(t, errs.Is(b.one.ChangePassword(t.Context(), v.Actor, shared, password, "another long word"), errs.KindForbidden))
	b.user(account.User{Name: "Other", Email: "other@example.com", Role: actor.Owner})
	others := b.signIn("other@example.com", "")
	require.True(t, errs.Is(b.one.ChangePassword(t.Context(), v.Actor, others, password, "another long word"), errs.KindForbidden), "nor with somebody else's session")
	b.signIn("mia@example.com", "")
}

func TestPagesThatAreNotThereAreEmpty(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.user(account.User{Name: "Mia", Role: actor.Cook, Outlet: 201})
	for page, want := range map[int]int{-1: 1, 0: 1, 1: 0, 42_949_673: 0, 1 << 62: 0} {
		list, more, err := b.one.List(t.Context(), b.owner, page)
		require.NoError(t, err, page)
		require.Len(t, list, want, page)
		require.False(t, more)
	}
}

// full is a store that lets nobody try, and notes by what he was counted.
type full struct {
	account.Store
	keys []string
}

func (s *full) Try(_ context.Context, limits []account.Limit) ([]int64, error) {
	for _, l := range limits {
		s.keys = append(s.keys, l.Key)
	}
	return nil, account.ErrTooManyTries
}

// Who has a network of IPv6 addresses does not get attempts for each of them.
func TestAttemptsAreCountedByNetwork(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "::ffff:192.0.2.7": "192.0.2.7", "2001:db8:1:2:3::4": "2001:db8:1:2::/64",
		"fe80::1%eth0": "fe80::/64", "": "", "@": "@",
	} {
		require.Equal(t, want, account.Origin{Address: address}.Network(), address)
	}
	keys := func(address string) []string {
		s := &full{}
		_, _, err := account.New(s, slog.New(slog.DiscardHandler)).SignIn(t.Context(), "mia@example.com", password, "", account.Origin{Address: address})
		require.ErrorIs(t, err, account.ErrTooManyTries)
		return s.keys
	}
	require.Equal(t, keys("2001:db8::1"), keys("2001:db8::ffff"))
	other := keys("2001:db8:0:1::1")
	require.Equal(t, keys("2001:db8::1")[1], other[1], "the account's, from everywhere")
	require.NotContains(t, other, keys("2001:db8::1")[0], "another network is not kept out")
	require.NotContains(t, other, keys("2001:db8::1")[2])
}

// What happened is known for 400 days, and then no more.
func TestOldNotesAreForgotten(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.user(account.User{Name: "Mia", Email: "mia@example.com", Role: actor.Owner})
	b.exec(`insert into access_log (tenant_id, at, what, who) select 101, now() - interval '401 days', 'old', 'x' from generate_series(1, 3);
		insert into access_log (tenant_id, at, what, who) values (102, now() - interval '401 days', 'of another', 'x')`)
	b.signIn("mia@example.com", "")
	var old int
	require.NoError(t, b.pool.QueryRow(t.Context(), `select count(*) from access_log where what = 'old'`).Scan(&old))
	require.Zero(t, old)
	notes, err := b.one.Log(t.Context(), b.owner, 0, 50)
	require.NoError(t, err)
	require.Equal(t, "signed_in", notes[0].What)
	require.Equal(t, "user_added", notes[len(notes)-1].What)
}

// Who signs in by password on a tablet that others share is forgotten by it as soon as everybody else.
func TestATabletForgetsWhoCameByPassword(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.user(account.User{Name: "Mia", Email: "mia@example.com", Role: actor.Owner})
	device := b.tablet(account.Tablet{Name: "tablet", Outlet: 201, Idle: time.Minute})
	session := b.signIn("mia@example.com", "")
	v, err := b.one.Visit(t.Context(), session, device, true)
	require.NoError(t, err)
	require.Equal(t, []any{actor.Owner, int64(0), time.Minute}, []any{v.Role, v.Tablet, v.Idle})
	b.exec(`update user_sessions set last_seen_at = now() - interval '61 seconds'`)
	_, err = b.two.Visit(t.Context(), session, device, true)
	require.True(t, errs.Is(err, errs.KindUnauthorized), err)

	v, err = b.two.Visit(t.Context(), session, "", true)
	require.NoError(t, err, "a device of one's own remembers")
	require.Zero(t, v.Idle)
	tablets, err := b.one.Tablets(t.Context(), b.owner)
	require.NoError(t, err)
	require.NoError(t, b.one.EndTablet(t.Context(), b.owner, tablets[0].ID))
	b.exec(`update user_sessions set last_seen_at = now() - interval '61 seconds'`)
	_, err = b.two.Visit(t.Context(), session, device, true)
	require.NoError(t, err, "and so does one that is no tablet any more")
}

// Who goes on and on after he was refused makes nobody write: floods are only read away.
func TestWhoIsRefusedWritesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	one, two := accountpg.New(b.pool), accountpg.New(b.pool)
	limits := []account.Limit{{Key: "both", Most: 8, Within: time.Minute}, {Key: "address", Most: 60, Within: time.Minute}}
	for range 8 {
		_, err := one.Try(t.Context(), limits)
		require.NoError(t, err)
	}
	written := func() (n int64) {
		require.NoError(t, b.pool.QueryRow(t.Context(), `select last_value from pg_sequences where sequencename = 'sign_in_tries_id_seq'`).Scan(&n))
		return n
	}
	before := written()
	for range 20 {
		_, err := two.Try(t.Context(), limits)
		require.ErrorIs(t, err, account.ErrTooManyTries)
	}
	require.Equal(t, before, written())
}

// watched is a store that notes what it is asked for.
type watched struct {
	account.Store
	asked []string
}

func (s *watched) ByEmail(ctx context.Context, email string) (account.Known, error) {
	s.asked = append(s.asked, "by e-mail")
	return s.Store.ByEmail(ctx, email)
}

func (s *watched) Try(ctx context.Context, limits []account.Limit) ([]int64, error) {
	s.asked = append(s.asked, "try")
	return s.Store.Try(ctx, limits)
}

func (s *watched) Failed(ctx context.Context, tries []int64, n account.Note) error {
	s.asked = append(s.asked, fmt.Sprint("failed ", len(tries)))
	return s.Store.Failed(ctx, tries, n)
}

// How long an answer takes tells nobody who has an account: whoever it is, the same is read and written.
func TestNobodyLearnsByTheClockWhoHasAnAccount(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.user(account.User{Name: "Mia", Email: "mia@example.com", Role: actor.Owner})
	for _, email := range []string{"mia@example.com", "nobody@example.com"} {
		s := &watched{Store: accountpg.New(b.pool)}
		_, _, err := account.New(s, slog.New(slog.DiscardHandler)).SignIn(t.Context(), email, "guess and guess", "", from)
		require.ErrorIs(t, err, account.ErrNotYou)
		require.Equal(t, []string{"try", "by e-mail", "failed 3"}, s.asked, email)
	}
	var kept int
	require.NoError(t, b.pool.QueryRow(t.Context(), `select count(*) from sign_in_tries`).Scan(&kept))
	require.Equal(t, 6, kept)
	notes, err := b.one.Log(t.Context(), b.owner, 0, 1)
	require.NoError(t, err)
	require.Equal(t, []string{"sign_in_failed", "Mia", from.Address}, []string{notes[0].What, notes[0].Who, notes[0].Address})
}
