package notifypg

import "strings"

// printable makes a text of anybody's error that Postgres can keep.
func printable(reason string) string {
	reason = reason[:min(len(reason), longestError)]
	return strings.ToValidUTF8(strings.ReplaceAll(reason, "\x00", ""), "")
}
