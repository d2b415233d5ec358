package config

import (
	"log/slog"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"brigade/internal/errs"
)

// URL is an address that may hold a password. Printed, logged or marshalled it shows none; Reveal gives it whole.
type URL string

// Reveal returns the URL with its password, for the one who connects.
func (u URL) Reveal() string { return string(u) }

var dsnPassword = regexp.MustCompile(`(?i)\b(password\s*=\s*)('(?:[^'\\]|\\.)*'|[^\s&]+)`)

// String returns the URL without passwords, wherever they stand: user part, query, or "password=…" of a Postgres DSN.
func (u URL) String() string {
	if u == "" {
		return ""
	}
	parsed, err := url.Parse(string(u))
	if err != nil {
		return "[unreadable URL]"
	}
	if parsed.Scheme == "" {
		return dsnPassword.ReplaceAllString(string(u), "${1}xxxxx")
	}
	return dsnPassword.ReplaceAllString(parsed.Redacted(), "${1}xxxxx")
}

// GoString keeps the password out of %#v.
func (u URL) GoString() string { return u.String() }

// LogValue implements slog.LogValuer.
func (u URL) LogValue() slog.Value { return slog.StringValue(u.String()) }

// MarshalText keeps the password out of JSON and YAML.
func (u URL) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// check notes a URL that Postgres clients cannot read, without showing it.
func (u URL) check(flag string, f *errs.Fields) {
	if _, err := pgconn.ParseConfig(string(u)); err != nil {
		f.Add(flag, "cannot be read as a Postgres URL (postgres://user:password@host:5432/database) or DSN")
	}
}

// checkScheme notes a URL that is not of one of the schemes, without showing it.
func (u URL) checkScheme(flag string, f *errs.Fields, schemes ...string) {
	if u == "" {
		return
	}
	parsed, err := url.Parse(string(u))
	if err != nil || !slices.Contains(schemes, parsed.Scheme) || parsed.Host == "" && parsed.Path == "" {
		f.Add(flag, "must be a URL that begins with %s://", strings.Join(schemes, ":// or "))
	}
}

// Secret is a password. Printed, logged or marshalled it shows nothing; Reveal gives it.
type Secret string

// Reveal returns the secret, for the one who connects.
func (s Secret) Reveal() string { return string(s) }

// String shows nothing.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "xxxxx"
}

// GoString keeps the secret out of %#v.
func (s Secret) GoString() string { return s.String() }

// LogValue implements slog.LogValuer.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText keeps the secret out of JSON and YAML.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
