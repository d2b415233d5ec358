package cli

import (
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
)

// barEvery is how often a progress bar is drawn at most.
const barEvery = 200 * time.Millisecond

// newBar returns a progress bar, which is drawn for people only: in a file or a pipe it would be noise.
func newBar(env *Env, most int64, what string) *progressbar.ProgressBar {
	out := env.Err
	if !isTerminal(out) {
		out = io.Discard
	}
	return progressbar.NewOptions64(most, progressbar.OptionSetWriter(out), progressbar.OptionSetDescription(what),
		progressbar.OptionThrottle(barEvery), progressbar.OptionSetWidth(30), progressbar.OptionClearOnFinish(),
		progressbar.OptionSetSpinnerChangeInterval(0)) // what turns by itself is drawn from two goroutines, unguarded
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
