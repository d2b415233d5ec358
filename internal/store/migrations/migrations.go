// Package migrations holds Brigade's schema as goose migrations, embedded in the binary.
package migrations

import "embed"

// FS holds the migrations.
//
//go:embed *.sql
var FS embed.FS
