// Package kitchensim plays the evenings of a kitchen benchmark through the scheduler and the life cycle of production.
//
// A folder holds kitchens, NAME.scenario.json, and evenings, NAME_rhoR_seedS.json. A kitchen says what it has and what it
// cooks, an evening which orders come when and how long their work really takes, which the scheduler is told only as it
// happens. What comes out is a trace for each evening: who did what, where and when.
package kitchensim

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"brigade/internal/errs"
	"brigade/internal/kitchen"
	"brigade/internal/kitchen/sched"
	"brigade/internal/recipe"
	"brigade/internal/sim/replay"
)

// Scenario is a kitchen: what it has and what it cooks. Times are seconds; things refer to each other by index.
type Scenario struct {
	Name            string    `json:"name"`
	Stations        []string  `json:"stations"`
	StationCapacity []int     `json:"station_capacity"`
	Machines        []Machine `json:"machines"`
	Staff           []Staff   `json:"staff"`
	Menu            []Item    `json:"menu"`
	Trade                     // only evenings that are generated need it
}

// Machine stands at a station.
type Machine struct {
	Name     string `json:"name"`
	Station  int    `json:"station"`
	Capacity int    `json:"capacity"`
}

// Staff is somebody at work the whole evening but for one break.
type Staff struct {
	Name        string  `json:"name"`
	Skills      []int   `json:"skills"`
	MaxParallel int     `json:"max_parallel"`
	Efficiency  float64 `json:"efficiency"`
	BreakAt     float64 `json:"break_at_secs"` // below zero: none
	BreakFor    float64 `json:"break_secs"`
}

// Item is one thing on the menu.
type Item struct {
	Name  string  `json:"name"`
	Mix   float64 `json:"mix,omitempty"` // how often it is ordered, relative to the others; see [Scenario.Generate]
	Steps []Step  `json:"steps"`
}

// Step is one step of an item.
type Step struct {
	Desc         string  `json:"desc"`
	Station      int     `json:"station"`
	EstSecs      float64 `json:"est_secs"`
	BasePriority float64 `json:"base_priority"`
	Deps         []int   `json:"deps"`
}

// Rush is what an evening brings.
type Rush struct {
	Orders   []Order
	Failures []Failure `json:",omitempty"`
}

// Order comes in at Arr and is due at Due. Noise is actual ÷ estimated duration by item and step.
type Order struct {
	Arr, Due float64
	Items    []int
	Noise    [][]float64
}

// Failure is when a machine takes nothing new.
type Failure struct {
	Machine  int
	From, To float64
}

// begin is when all evenings begin: their times are relative, and clocks that change would only be in the way. Who asks
// what would be from half past seven on means an hour and a half after it.
var begin = time.Date(2026, 1, 1, 18, 0, 0, 0, time.UTC)

// Files lists the evenings of a folder by name, or those that a pattern names, like evenings/*_rho0.95_*. Errors:
// KindNotFound when there are none, KindInvalid when the pattern is malformed.
func Files(data string) ([]string, error) {
	pattern := data
	if info, err := os.Stat(data); err == nil && info.IsDir() {
		pattern = filepath.Join(data, "*_rho*_seed*.json")
	}
	paths, err := filepath.Glob(pattern)
	switch {
	case err != nil:
		return nil, errs.Invalid("%q is no pattern: %v", data, err)
	case len(paths) == 0:
		return nil, errs.NotFound("no evenings (NAME_rhoR_seedS.json) in %s", data)
	}
	slices.Sort(paths)
	return paths, nil
}

// Load reads an evening and its kitchen. Errors: KindInvalid, which say what is wrong in which file.
func Load(path string) (*replay.Evening, error) {
	var sc Scenario
	var rush Rush
	name, _, _ := strings.Cut(filepath.Base(path), "_rho")
	scenario := filepath.Join(filepath.Dir(path), name+".scenario.json")
	if err := readJSON(scenario, &sc); err != nil {
		return nil, err
	}
	if err := sc.check(); err != nil {
		return nil, errs.Invalid("%s: %v", scenario, err)
	}
	if err := readJSON(path, &rush); err != nil {
		return nil, err
	}
	e, err := sc.Evening(&rush)
	if err != nil {
		return nil, errs.Invalid("%s: %v", path, err)
	}
	e.Name = strings.TrimSuffix(filepath.Base(path), ".json")
	return e, nil
}

func readJSON(path string, v any) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return errs.Invalid("%v", err)
	}
	if err := json.Unmarshal(b, v); err != nil {
		return errs.Invalid("%s: %v", path, err)
	}
	return nil
}

// check looks whether all that is referred to is there.
func (sc *Scenario) check() error {
	station := func(i int) bool { return i >= 0 && i < len(sc.Stations) }
	if len(sc.StationCapacity) != len(sc.Stations) {
		return fmt.Errorf("%d stations, but %d capacities", len(sc.Stations), len(sc.StationCapacity))
	}
	for _, m := range sc.Machines {
		if !station(m.Station) {
			return fmt.Errorf("machine %s stands at station %d, which is not there", m.Name, m.Station)
		}
	}
	for _, p := range sc.Staff {
		for _, s := range p.Skills {
			if !station(s) {
				return fmt.Errorf("%s can work at station %d, which is not there", p.Name, s)
			}
		}
	}
	for _, it := range sc.Menu {
		for i, s := range it.Steps {
			if !station(s.Station) {
				return fmt.Errorf("step %q of %s is done at station %d, which is not there", s.Desc, it.Name, s.Station)
			}
			for _, d := range s.Deps {
				if d < 0 || d >= i {
					return fmt.Errorf("step %q of %s waits for step %d, which is not before it", s.Desc, it.Name, d)
				}
			}
		}
	}
	return nil
}

// Evening is what an evening brings to this kitchen. Errors: it does not fit the kitchen.
func (sc *Scenario) Evening(rush *Rush) (*replay.Evening, error) {
	e := &replay.Evening{Layout: sc.layout(), Begin: begin}
	last := 0.0
	for i := range rush.Orders {
		o, err := sc.order(&rush.Orders[i])
		if err != nil {
			return nil, fmt.Errorf("order %d: %w", i, err)
		}
		o.Number = fmt.Sprint(i)
		e.Orders = append(e.Orders, o)
		last = max(last, rush.Orders[i].Arr)
	}
	for _, f := range rush.Failures {
		if f.Machine < 0 || f.Machine >= len(sc.Machines) {
			return nil, fmt.Errorf("machine %d fails, which is not there", f.Machine)
		}
		e.Outages = append(e.Outages, kitchen.Outage{Machine: int64(f.Machine + 1), From: before(f.From), To: after(f.To)})
		last = max(last, f.To)
	}
	e.End = after(last).Add(24 * time.Hour)
	return e, nil
}

func (sc *Scenario) order(o *Order) (replay.Order, error) {
	out := replay.Order{At: after(o.Arr), Due: after(o.Due), Priority: 1}
	if len(o.Noise) != len(o.Items) {
		return out, fmt.Errorf("%d items, but noise for %d", len(o.Items), len(o.Noise))
	}
	for i, item := range o.Items {
		if item < 0 || item >= len(sc.Menu) || len(o.Noise[i]) != len(sc.Menu[item].Steps) {
			return out, fmt.Errorf("item %d does not fit the menu", item)
		}
		u := replay.Unit{SKU: sc.Menu[item].Name, Item: sc.Menu[item].Name}
		for k, s := range sc.Menu[item].Steps {
			u.Steps = append(u.Steps, replay.Step{
				Step: recipe.Step{
					Description: s.Desc, Station: int64(s.Station + 1), Estimate: seconds(s.EstSecs), Priority: s.BasePriority, After: s.Deps,
				},
				Work: seconds(s.EstSecs * o.Noise[i][k]),
			})
		}
		out.Units = append(out.Units, u)
	}
	return out, nil
}

// layout is the kitchen as production knows it. Ids are indices + 1. Breaks are known beforehand.
func (sc *Scenario) layout() *kitchen.Layout {
	l := &kitchen.Layout{Tenant: 1, Outlet: 1, Slug: sc.Name, Name: sc.Name, Location: time.UTC, StaleAfter: time.Hour}
	for i, name := range sc.Stations {
		l.Stations = append(l.Stations, sched.Station{ID: int64(i + 1), Name: name, Capacity: sc.StationCapacity[i]})
	}
	for i, m := range sc.Machines {
		l.Machines = append(l.Machines, kitchen.Machine{
			Machine: sched.Machine{ID: int64(i + 1), Station: int64(m.Station + 1), Name: m.Name, Capacity: m.Capacity, Up: true},
		})
	}
	for i, s := range sc.Staff {
		p := kitchen.Person{ID: int64(i + 1), Name: s.Name, Active: true, MaxParallel: s.MaxParallel, Efficiency: s.Efficiency}
		for _, k := range s.Skills {
			p.Skills = append(p.Skills, int64(k+1))
		}
		if s.BreakAt >= 0 {
			p.Hours.Taken = []sched.Interval{{From: sched.At(before(s.BreakAt)), To: sched.At(after(s.BreakAt + s.BreakFor))}}
		}
		l.People = append(l.People, p)
	}
	return l.Index()
}

func seconds(s float64) time.Duration { return time.Duration(math.Round(s * 1e9)) }

// before and after are the microseconds next to a time: what must not begin before something does not.
func before(s float64) time.Time {
	return begin.Add(time.Duration(math.Floor(s*1e6)) * time.Microsecond)
}

func after(s float64) time.Time {
	return begin.Add(time.Duration(math.Ceil(s*1e6)) * time.Microsecond)
}
