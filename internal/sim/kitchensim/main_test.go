package kitchensim_test

import (
	"flag"
	"os"
	"testing"
)

// An evening takes a while to play: fewer of them than rapid draws by itself, unless -rapid.checks asks for more.
func TestMain(m *testing.M) {
	if err := flag.Set("rapid.checks", "40"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}
