package account

import (
	"crypto/rand"
	"fmt"
	"math/big"
	"net/mail"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"brigade/internal/actor"
	"brigade/internal/errs"
)

// Lengths of passwords in characters, of PINs in digits.
const (
	PasswordMin = 10
	passwordMax = 200
	PINMin      = 4
	PINMax      = 6
)

// tidy brings what was typed into the form that is kept.
func tidy(u User) User {
	u.Name, u.Email = strings.TrimSpace(u.Name), strings.ToLower(strings.TrimSpace(u.Email))
	return u
}

// check says what is wrong with a user.
func (u User) check() error {
	var f errs.Fields
	if n := utf8.RuneCountInString(u.Name); n < 1 || n > 100 || !utf8.ValidString(u.Name) || strings.ContainsFunc(u.Name, unicode.IsControl) {
		f.Add("name", "must have 1 to 100 printable characters")
	}
	if u.Email != "" && !validEmail(u.Email) {
		f.Add("email", "must be an e-mail address")
	}
	if !slices.Contains(Roles, u.Role) {
		f.Add("role", "must be one of %v", Roles)
	}
	if u.Station != 0 && (u.Role != actor.Cook || u.Outlet == 0) {
		f.Add("station", "must only be given for a cook of an outlet")
	}
	if u.Driver != 0 && u.Role != actor.Driver {
		f.Add("driver", "must only be given for the role driver")
	}
	return f.Err()
}

func validEmail(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s && len(s) <= 254 && utf8.ValidString(s)
}

// checkPassword says what is wrong with a new password.
func checkPassword(plain string, not ...string) error {
	var f errs.Fields
	n := utf8.RuneCountInString(plain)
	if n < PasswordMin || n > passwordMax || !utf8.ValidString(plain) {
		f.Add("password", "must have %d to %d characters", PasswordMin, passwordMax)
	} else if slices.ContainsFunc(not, func(s string) bool { return s != "" && strings.EqualFold(s, plain) }) {
		f.Add("password", "must be another word than name and e-mail address")
	}
	return f.Err()
}

// checkPIN says what is wrong with a new PIN.
func checkPIN(pin string) error {
	var f errs.Fields
	if !isPIN(pin) {
		f.Add("pin", "must have %d to %d digits", PINMin, PINMax)
	} else if tooPlain(pin) {
		f.Add("pin", "must not be the same digit again and again, or digits in a row")
	}
	return f.Err()
}

func isPIN(s string) bool {
	return len(s) >= PINMin && len(s) <= PINMax && !strings.ContainsFunc(s, func(c rune) bool { return c < '0' || c > '9' })
}

// tooPlain tells whether all steps from digit to digit are the same small one: 0000, 1234, 6543.
func tooPlain(pin string) bool {
	step := int(pin[1]) - int(pin[0])
	if step < -1 || step > 1 {
		return false
	}
	for i := 2; i < len(pin); i++ {
		if int(pin[i])-int(pin[i-1]) != step {
			return false
		}
	}
	return true
}

// newPIN returns a random PIN of most digits.
func newPIN() string {
	for {
		n, _ := rand.Int(rand.Reader, big.NewInt(1_000_000)) // never fails
		if pin := fmt.Sprintf("%06d", n); !tooPlain(pin) {
			return pin
		}
	}
}

// mayManage says whether somebody may have a user as he is or shall be: owners everybody of their outlets, managers the
// cooks and drivers of theirs.
func mayManage(by actor.Actor, u User) error {
	switch {
	case u.Tenant != by.Tenant || by.Bound && u.Outlet != by.Outlet:
		return errs.NotFound("there is no such user")
	case by.Station != 0:
		return by.Whole()
	case by.Role == actor.Owner || by.Role == actor.System:
		return nil
	case by.Role == actor.Manager && (u.Role == actor.Cook || u.Role == actor.Driver):
		return nil
	}
	return errs.Forbidden("a %s may not do this", by.Role)
}
