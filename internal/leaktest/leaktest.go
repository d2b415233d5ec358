// Package leaktest tells tests what goroutines they left, and gives those that are about to end the time to do so.
package leaktest

import (
	"testing"
	"time"

	"go.uber.org/goleak"
)

// patience is how long a machine with far too much to do may take to end what was told to. goleak's own is less than half a
// second, in which such a machine does not even come to every goroutine.
const patience = 30 * time.Second

// Main runs the tests of a package, and fails it when goroutines stay behind.
func Main(m *testing.M, options ...goleak.Option) {
	goleak.VerifyTestMain(patient{m, options}, options...)
}

// None fails a test when goroutines stay behind.
func None(t *testing.T, options ...goleak.Option) {
	t.Helper()
	wait(options)
	goleak.VerifyNone(t, options...)
}

type patient struct {
	*testing.M
	options []goleak.Option
}

func (p patient) Run() int {
	code := p.M.Run()
	if code == 0 {
		wait(p.options)
	}
	return code
}

func wait(options []goleak.Option) {
	for end := time.Now().Add(patience); goleak.Find(options...) != nil && time.Now().Before(end); {
		<-time.After(10 * time.Millisecond)
	}
}
