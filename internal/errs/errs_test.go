package errs_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/errs"
)

func TestKinds(t *testing.T) {
	t.Parallel()
	for kind, tc := range map[errs.Kind]struct {
		make func(string, ...any) *errs.Error
		name string
	}{
		errs.KindInvalid:      {errs.Invalid, "invalid"},
		errs.KindMalformed:    {errs.Malformed, "malformed"},
		errs.KindUnauthorized: {errs.Unauthorized, "unauthorized"},
		errs.KindForbidden:    {errs.Forbidden, "forbidden"},
		errs.KindNotFound:     {errs.NotFound, "not_found"},
		errs.KindConflict:     {errs.Conflict, "conflict"},
		errs.KindTooLarge:     {errs.TooLarge, "too_large"},
		errs.KindUnavailable:  {errs.Unavailable, "unavailable"},
		errs.KindUnknown:      {errs.Unknown, "outcome_unknown"},
	} {
		err := fmt.Errorf("while serving: %w", tc.make("order %d", 7))
		require.Equal(t, kind, errs.KindOf(err))
		require.True(t, errs.Is(err, kind))
		require.Equal(t, tc.name, kind.String())
		require.EqualError(t, err, "while serving: order 7")
	}
}

func TestErrorsWithoutAKindAreInternal(t *testing.T) {
	t.Parallel()
	require.Equal(t, errs.KindInternal, errs.KindOf(errors.New("oops")))
	require.True(t, errs.Is(errors.New("oops"), errs.KindInternal))
	require.False(t, errs.Is(nil, errs.KindInternal), "no error is of no kind")
	require.Equal(t, "internal", errs.KindInternal.String())
	require.Equal(t, "internal", errs.Kind(200).String())
}

func TestOutermostKindWins(t *testing.T) {
	t.Parallel()
	err := errs.Unavailable("the kitchen is away").Because(errs.NotFound("no node"))
	require.Equal(t, errs.KindUnavailable, errs.KindOf(err))
}

func TestTheCauseIsLoggedNotShown(t *testing.T) {
	t.Parallel()
	cause := errors.New("dial tcp 10.0.0.7: refused")
	plain := errs.Unavailable("Postgres is away")
	err := plain.Because(cause)
	require.ErrorIs(t, err, cause)
	require.EqualError(t, err, "Postgres is away: dial tcp 10.0.0.7: refused")
	require.Equal(t, "Postgres is away", err.Public())
	require.EqualError(t, plain, "Postgres is away", "the original is left alone")
	err.After = time.Second
	require.Zero(t, plain.After)
}

func TestFieldsNameEveryFault(t *testing.T) {
	t.Parallel()
	var f errs.Fields
	require.NoError(t, f.Err())
	f.Add("items[2].quantity", "must be %d to %d", 1, 10)
	f.Add("customer_name", "is required")
	err := f.Err()
	require.Equal(t, errs.KindInvalid, errs.KindOf(err))
	require.EqualError(t, err, "items[2].quantity must be 1 to 10; customer_name is required")

	var e *errs.Error
	require.ErrorAs(t, err, &e)
	require.Len(t, e.Fields, 2)
	e.Msg = "the order cannot be taken"
	require.EqualError(t, e.Because(errors.New("x")), "the order cannot be taken: items[2].quantity must be 1 to 10; customer_name is required: x")
	require.NotContains(t, e.Because(errors.New("secret")).Public(), "secret")
}

func TestErrorsSayWhetherToTryAgain(t *testing.T) {
	t.Parallel()
	plain := errors.New("refused")
	require.NoError(t, errs.Permanent(nil))
	require.NoError(t, errs.RetryAfter(time.Second, nil))
	gone := fmt.Errorf("send: %w", errs.Permanent(plain))
	require.True(t, errs.IsPermanent(gone))
	require.ErrorIs(t, gone, plain)
	require.False(t, errs.IsPermanent(plain))
	d, ok := errs.RetryDelay(fmt.Errorf("send: %w", errs.RetryAfter(3*time.Second, plain)))
	require.True(t, ok)
	require.Equal(t, 3*time.Second, d)
	_, ok = errs.RetryDelay(plain)
	require.False(t, ok)
}

func TestWhatWasSaidKeepsWhatItWasMadeOf(t *testing.T) {
	t.Parallel()
	part := errs.Textf("%d open tasks need it", 2)
	err := errs.Conflict("%s cannot go: %s", "fryer", errs.Join("; ", part, errs.Word("100 %")))
	require.EqualError(t, err, "fryer cannot go: 2 open tasks need it; 100 %")
	said := err.Because(errors.New("x")).Said()
	require.Equal(t, "%s cannot go: %s", said.Format)
	require.Equal(t, "fryer", said.Args[0])
	require.Equal(t, err.Msg, said.String())

	var f errs.Fields
	f.Add("name", "must have at most %d characters", 60)
	require.Equal(t, errs.Textf("must have at most %d characters", 60), f[0].Said())
	require.Equal(t, "50 % of it", errs.Field{Message: "50 % of it"}.Said().String(), "what was made otherwise is said as it is")
	other := *err
	other.Msg = "something else"
	require.Equal(t, "something else", other.Said().String())
	require.True(t, errs.Text{}.Empty())
	require.True(t, errs.Join("; ").Empty())
	require.Equal(t, part, errs.Join("; ", part))
}
