package telemetry

import (
	"fmt"
	"log/slog"
	"strings"
)

const redacted = "[redacted]"

// Secret is a string that no log, print or JSON shows. Only Reveal gives it away.
type Secret string

// Reveal returns the secret itself.
func (s Secret) Reveal() string { return string(s) }

// String implements fmt.Stringer; an empty secret is shown as empty, which tells that none is set.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return redacted
}

// Format implements fmt.Formatter, for every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// LogValue implements slog.LogValuer.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText keeps the secret out of JSON and YAML.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// links are where the rest of an address is a secret: whoever has it may come in, or see somebody's order.
var links = []string{"/welcome/", "/track/", "/live/track/", "/api/v1/track/"}

// Path is a request's path as logs and traces may have it: of a link its secret is left out.
func Path(path string) string {
	for _, prefix := range links {
		if rest, ok := strings.CutPrefix(path, prefix); ok && rest != "" {
			return prefix + redacted
		}
	}
	return path
}
