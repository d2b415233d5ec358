// Package osrm asks a service that speaks OSRM's table interface (http://project-osrm.org/docs) how long ways take. What
// it says is kept for a while; what it does not say in time stands as the crow flies, stretched by how much longer roads
// were than that. A service that hangs or fails is left alone for a moment.
package osrm

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"brigade/internal/delivery"
)

// Options say where the service is. Zero fields get the defaults.
type Options struct {
	URL     string        // http://osrm:5000
	Profile string        // driving
	Timeout time.Duration // of all calls of one decision together; 1 s
	Pause   time.Duration // after a failure; 15 s
	Keep    time.Duration // how long an answer counts; 1 h
	Most    int           // ways that are kept; 200,000
	Log     *slog.Logger
}

// Roads implements delivery.Roads.
type Roads struct {
	o      Options
	client *http.Client

	mu      sync.Mutex
	known   map[way]answer
	detour  float64   // roads by crow, as last measured
	resume  time.Time // after a failure
	failing bool
}

// way is one from a place to another, both to about eleven metres.
type way struct{ fromLat, fromLon, toLat, toLon int32 }

type answer struct {
	takes time.Duration
	until time.Time
}

// New returns roads of which nothing is known.
func New(o Options) *Roads {
	if o.Profile == "" {
		o.Profile = "driving"
	}
	if o.Timeout == 0 {
		o.Timeout = time.Second
	}
	if o.Pause == 0 {
		o.Pause = 15 * time.Second
	}
	if o.Keep == 0 {
		o.Keep = time.Hour
	}
	if o.Most == 0 {
		o.Most = 200_000
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Roads{o: o, client: &http.Client{}, known: map[way]answer{}, detour: 1}
}

func cell(v float64) int32 { return int32(v * 10_000) }

func wayOf(from, to delivery.Point) way {
	return way{cell(from.Lat), cell(from.Lon), cell(to.Lat), cell(to.Lon)}
}

// Prepare implements delivery.Roads: it asks for the ways that are not known, as far as there is time.
func (r *Roads) Prepare(ctx context.Context, ways []delivery.Way, crow func(from, to delivery.Point) time.Duration) func(from, to delivery.Point) time.Duration {
	missing := r.missing(ways)
	if len(missing) > 0 {
		ctx, cancel := context.WithTimeout(ctx, r.o.Timeout)
		defer cancel()
		for _, t := range tables(missing) {
			if err := r.ask(ctx, t, crow); err != nil {
				r.failed(ctx, err)
				break
			}
		}
	}
	return r.look(crow)
}

// missing lists ways that are not known; none while the service is left alone.
func (r *Roads) missing(ways []delivery.Way) []delivery.Way {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	if now.Before(r.resume) {
		return nil
	}
	var list []delivery.Way
	seen := map[way]bool{}
	for _, w := range ways {
		k := wayOf(w.From, w.To)
		if a, ok := r.known[k]; (!ok || now.After(a.until)) && !seen[k] {
			seen[k] = true
			list = append(list, w)
		}
	}
	return list
}

// table is one call: from some places to others.
type table struct{ from, to []delivery.Point }

// mostPlaces is how many places one call may name: OSRM's own limit is 100.
const mostPlaces = 90

// tables puts ways together that begin or end at the same places.
func tables(ways []delivery.Way) []table {
	var list []table
	current, at := table{}, map[delivery.Point]bool{}
	for _, w := range ways {
		if len(at) >= mostPlaces {
			list = append(list, current)
			current, at = table{}, map[delivery.Point]bool{}
		}
		current.from, current.to = addPoint(current.from, w.From), addPoint(current.to, w.To)
		at[w.From], at[w.To] = true, true
	}
	return append(list, current)
}

func addPoint(list []delivery.Point, p delivery.Point) []delivery.Point {
	for _, have := range list {
		if have == p {
			return list
		}
	}
	return append(list, p)
}

// ask calls the service for one table and keeps what it says.
func (r *Roads) ask(ctx context.Context, t table, crow func(from, to delivery.Point) time.Duration) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url(t), nil)
	if err != nil {
		return err
	}
	res, err := r.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	var reply struct {
		Code      string       `json:"code"`
		Message   string       `json:"message"`
		Durations [][]*float64 `json:"durations"` // seconds; null: there is no way
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, 16<<20)).Decode(&reply); err != nil {
		return err
	}
	if reply.Code != "Ok" || len(reply.Durations) != len(t.from) {
		return fmt.Errorf("osrm says %s %s", reply.Code, reply.Message)
	}
	r.keep(t, reply.Durations, crow)
	return nil
}

func (r *Roads) url(t table) string {
	var at, from, to []string
	for i, p := range append(append([]delivery.Point{}, t.from...), t.to...) {
		at = append(at, fmt.Sprintf("%.5f,%.5f", p.Lon, p.Lat))
		if i < len(t.from) {
			from = append(from, fmt.Sprint(i))
		} else {
			to = append(to, fmt.Sprint(i))
		}
	}
	return fmt.Sprintf("%s/table/v1/%s/%s?sources=%s&destinations=%s", strings.TrimSuffix(r.o.URL, "/"), r.o.Profile,
		strings.Join(at, ";"), strings.Join(from, ";"), strings.Join(to, ";"))
}

func (r *Roads) keep(t table, seconds [][]*float64, crow func(from, to delivery.Point) time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.resume, r.failing = time.Time{}, false
	var roads, flown float64
	until := time.Now().Add(r.o.Keep)
	for i, from := range t.from {
		for k, to := range t.to {
			if k >= len(seconds[i]) || seconds[i][k] == nil {
				continue
			}
			if len(r.known) >= r.o.Most {
				clear(r.known)
			}
			r.known[wayOf(from, to)] = answer{time.Duration(*seconds[i][k] * float64(time.Second)), until}
			roads += *seconds[i][k]
			flown += crow(from, to).Seconds()
		}
	}
	if flown > 60 {
		r.detour = 0.8*r.detour + 0.2*min(5, max(0.2, roads/flown))
	}
}

func (r *Roads) failed(ctx context.Context, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.resume = time.Now().Add(r.o.Pause)
	if !r.failing {
		r.o.Log.WarnContext(ctx, "travel times are out of reach: ways are as the crow flies meanwhile", "action", "osrm_lost", "error", err)
	}
	r.failing = true
}

// look returns what is known now as a plain function.
func (r *Roads) look(crow func(from, to delivery.Point) time.Duration) func(from, to delivery.Point) time.Duration {
	return func(from, to delivery.Point) time.Duration {
		r.mu.Lock()
		a, ok := r.known[wayOf(from, to)]
		detour := r.detour
		r.mu.Unlock()
		if ok {
			return a.takes
		}
		return time.Duration(detour * float64(crow(from, to)))
	}
}
