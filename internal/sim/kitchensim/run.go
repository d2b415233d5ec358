package kitchensim

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"brigade/internal/kitchen"
	"brigade/internal/kitchen/sched"
	"brigade/internal/sim/replay"
)

// Outcome is what came of one evening.
type Outcome struct {
	Name    string
	Figures replay.Figures
	Length  time.Duration // from the first arrival to the last order's end
	Took    time.Duration // to play it
}

// Run plays all evenings of a folder by a policy and writes a trace of each to another: NAME_rhoR_seedS.csv. Evenings
// are played beside each other; what comes out does not depend on that. done is called after each, one at a time.
// It ends early when ctx does. Errors: KindInvalid and KindNotFound about the data, those of writing, and ctx's.
func Run(ctx context.Context, data, out string, policy sched.Policy, done func(n, of int, o Outcome)) ([]Outcome, error) {
	s := kitchen.DefaultSettings()
	s.Policy = policy
	return RunWith(ctx, data, out, s, done)
}

// RunWith is Run with the settings of a kitchen. Without a folder to write to there are no traces.
func RunWith(ctx context.Context, data, out string, s kitchen.Settings, done func(n, of int, o Outcome)) ([]Outcome, error) {
	paths, err := Files(data)
	if err != nil {
		return nil, err
	}
	if out != "" {
		if err := os.MkdirAll(out, 0o755); err != nil {
			return nil, err
		}
	}
	list := make([]Outcome, len(paths))
	var mu sync.Mutex
	played := 0
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, path := range paths {
		g.Go(func() error {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			o, err := runOne(path, out, s)
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			list[i], played = o, played+1
			done(played, len(paths), o)
			return nil
		})
	}
	return list, g.Wait()
}

func runOne(path, out string, s kitchen.Settings) (Outcome, error) {
	e, err := Load(path)
	if err != nil {
		return Outcome{}, err
	}
	began := time.Now()
	p := replay.Play(e, s)
	o := Outcome{Name: e.Name, Figures: replay.Measure(e, p), Length: length(p), Took: time.Since(began)}
	if out == "" {
		return o, nil
	}
	return o, write(filepath.Join(out, strings.TrimSuffix(filepath.Base(path), ".json")+".csv"), p)
}

// Play plays an evening by a policy.
func Play(e *replay.Evening, policy sched.Policy) *replay.Played {
	s := kitchen.DefaultSettings()
	s.Policy = policy
	return replay.Play(e, s)
}

func length(p *replay.Played) time.Duration {
	var last time.Time
	for _, r := range p.Ran {
		if r.Finish.After(last) {
			last = r.Finish
		}
	}
	return max(0, last.Sub(begin))
}

func write(path string, p *replay.Played) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	if err := WriteTrace(w, p); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Close()
}

// WriteTrace writes a trace as CSV: order, item, step, station, machine and staff by index, start and finish in seconds
// since the evening began, in the order of starts.
func WriteTrace(w io.Writer, p *replay.Played) error {
	if _, err := fmt.Fprintln(w, "order,item,step,station,machine,staff,start,finish"); err != nil {
		return err
	}
	for _, r := range p.Ran {
		_, err := fmt.Fprintf(w, "%d,%d,%d,%d,%d,%d,%.6f,%.6f\n", r.Order, r.Unit, r.Step, r.Station-1, r.Machine-1, r.Staff-1,
			r.Start.Sub(begin).Seconds(), r.Finish.Sub(begin).Seconds())
		if err != nil {
			return err
		}
	}
	return nil
}
