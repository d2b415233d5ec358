package kitchensim

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"brigade/internal/errs"
)

// mostStations is how many stations a kitchen may have of which evenings are generated; see [Scenario.Saturation].
const mostStations = 20

// Kitchens reads the kitchens of a folder, NAME.scenario.json, by name. Errors: KindNotFound when there are none,
// KindInvalid, which say what is wrong in which file.
func Kitchens(dir string) ([]*Scenario, error) {
	const suffix = ".scenario.json"
	paths, err := filepath.Glob(filepath.Join(dir, "*"+suffix))
	if err == nil && len(paths) == 0 {
		err = errs.NotFound("no kitchens (NAME%s) in %s", suffix, dir)
	}
	slices.Sort(paths)
	var list []*Scenario
	for _, path := range paths {
		sc := &Scenario{}
		if err := readJSON(path, sc); err != nil {
			return nil, err
		}
		if err := sc.check(); err != nil {
			return nil, errs.Invalid("%s: %v", path, err)
		}
		sc.Name = strings.TrimSuffix(filepath.Base(path), suffix)
		list = append(list, sc)
	}
	return list, err
}

// CanSell tells whether evenings can be generated for a kitchen. Errors: KindInvalid.
func (sc *Scenario) CanSell() error {
	switch {
	case len(sc.Menu) == 0:
		return errs.Invalid("kitchen %s has nothing on its menu", sc.Name)
	case len(sc.Stations) > mostStations:
		return errs.Invalid("kitchen %s has more than %d stations", sc.Name, mostStations)
	case !(sc.Saturation() > 0):
		return errs.Invalid("kitchen %s has things on its menu that nobody can ever make", sc.Name)
	}
	return nil
}

// WriteKitchen writes a kitchen to a folder as NAME.scenario.json.
func (sc *Scenario) WriteKitchen(dir string) error {
	return save(filepath.Join(dir, sc.Name+".scenario.json"), sc)
}

// WriteEvening writes an evening of a kitchen to a folder as NAME_rhoR_seedS.json.
func (sc *Scenario) WriteEvening(dir string, rho float64, seed uint64, rush *Rush) error {
	return save(filepath.Join(dir, fmt.Sprintf("%s_rho%.2f_seed%d.json", sc.Name, rho, seed)), rush)
}

func save(path string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(b, '\n'), 0o644) //nolint:gosec // made to be read by other programs
}
