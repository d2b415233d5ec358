package store

// For the tests of what a lost commit is told.
var (
	Resolve = resolve
	RunOf   = runOf
)
