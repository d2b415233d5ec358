// Package static holds the files that browsers load: vendored ones and Brigade's own.
package static

import "embed"

// Files are all static files, by their path in this folder ("vendor/swagger-ui/swagger-ui.css").
//
//go:embed vendor kit kitchen driver shop manager network settings town tracking dispatch planning workflows app.css app.js pin.js lock.js icon.svg
var Files embed.FS
