package dispatchsim

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"brigade/internal/delivery/dispatch"
)

// Result is how one instance went.
type Result struct {
	Instance string
	Figures
	Took time.Duration // for the whole day, decisions and harness
}

// Folder plays every instance of the folder data, some at a time, and writes a solution folder for each into out. Data
// may also be an instance itself; its solution is then written into out directly. Done is called after each instance, one
// call at a time. The results come in the sequence of the names. It ends early when ctx does.
func Folder(ctx context.Context, data, out string, set dispatch.Settings, decide Policy, done func(n, of int, r Result)) ([]Result, error) {
	dirs, err := instances(data)
	if err != nil {
		return nil, err
	}
	results := make([]Result, len(dirs))
	var mu sync.Mutex
	var n atomic.Int32
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, name := range dirs {
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			r, err := playOne(filepath.Join(data, name), filepath.Join(out, name), set, decide)
			if err != nil {
				return err
			}
			results[i] = r
			mu.Lock()
			defer mu.Unlock()
			done(int(n.Add(1)), len(dirs), r)
			return nil
		})
	}
	return results, g.Wait()
}

// playOne reads, plays and writes one instance.
func playOne(from, to string, set dispatch.Settings, decide Policy) (Result, error) {
	in, err := Read(from)
	if err != nil {
		return Result{}, err
	}
	start := time.Now()
	s := Run(in, set, decide)
	r := Result{in.Name, s.Figures(in), time.Since(start)}
	if err := s.Write(in, to); err != nil {
		return Result{}, fmt.Errorf("writing the solution of %s: %w", in.Name, err)
	}
	return r, nil
}

// instances are the sub-folders of data that hold an instance; "." when data is one.
func instances(data string) ([]string, error) {
	if holdsInstance(data) {
		return []string{"."}, nil
	}
	entries, err := os.ReadDir(data)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range entries {
		if holdsInstance(filepath.Join(data, e.Name())) {
			out = append(out, e.Name())
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no instances in %s: an instance is a folder with orders.txt, couriers.txt, restaurants.txt and instance_parameters.txt", data)
	}
	return out, nil
}

func holdsInstance(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "orders.txt"))
	return err == nil
}

// Mean is the mean of the instances, each counting the same; Orders and Lost are sums.
func Mean(results []Result) (mean Figures, undelivered float64) {
	k := float64(len(results))
	for _, r := range results {
		mean.Orders += r.Orders
		mean.Lost += r.Lost
		mean.ClickToDoor += r.ClickToDoor / k
		mean.ClickToDoor90 += r.ClickToDoor90 / k
		mean.ReadyToPickup += r.ReadyToPickup / k
		mean.Bound += r.Bound / k
		mean.Spread += r.Spread / k
		undelivered += r.Undelivered() / k
	}
	return mean, undelivered
}
