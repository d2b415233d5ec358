package planning

import (
	"context"
	"math"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"brigade/internal/actor"
	"brigade/internal/errs"
)

// Line is one report of sales: a receipt's line, or the sum of an hour or a day.
type Line struct {
	Row     int // in its file, from 1
	Outlet  int64
	SKU     string
	Name    string
	Day     Day
	Hour    int   // 0 to 23 as the clock showed; NoHour: not known
	Milli   int64 // thousandths of a unit; below 0: returned
	Revenue int64 // in the currency's minor unit
	SoldOut bool
	Key     string // by which its source knows it; the same key again replaces it
}

// NoHour is the hour of sales of which only the day is known.
const NoHour = -1

// Limits of a line.
const (
	maxUnits   = 1e12
	maxText    = 200
	firstDay   = -25567 // 1 January 1900
	lastDay    = 47481  // 31 December 2099
	maxPerCall = 5000
)

// Merged is what an import changed.
type Merged struct {
	Lines   int // that it had, after those of one key were added up
	Added   int
	Changed int
	Same    int // were known already
}

var isSource = regexp.MustCompile(`^[a-z0-9][a-z0-9:._-]{0,63}$`)

// CheckSource refuses a source's name that is not one. Errors: KindInvalid.
func CheckSource(name string) error {
	var f errs.Fields
	if !isSource.MatchString(name) {
		f.Add("source", "must be 1 to 64 of a-z 0-9 : . _ - and begin with a letter or digit")
	} else if name == OwnSource {
		f.Add("source", "%q is what Brigade's own orders are reported by", name)
	}
	return f.Err()
}

// OwnSource reports the sales of Brigade's own orders.
const OwnSource = "brigade"

// Check adds what is wrong with a line, by the names of its fields.
func (l *Line) Check(fault func(field, format string, a ...any)) {
	switch {
	case strings.TrimSpace(l.SKU) == "":
		fault("sku", "must not be empty")
	case tooLong(l.SKU):
		fault("sku", "must have at most %d characters", maxText)
	}
	if tooLong(l.Name) {
		fault("name", "must have at most %d characters", maxText)
	}
	if tooLong(l.Key) {
		fault("key", "must have at most %d characters", maxText)
	}
	for field, text := range map[string]string{"sku": l.SKU, "name": l.Name, "key": l.Key} {
		if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			fault(field, "is not UTF-8 text")
		}
	}
	if l.Day < firstDay || l.Day > lastDay {
		fault("date", "%v is not between 1900 and 2099", l.Day)
	}
	if l.Hour < NoHour || l.Hour > 23 {
		fault("hour", "must be 0 to 23")
	}
}

func tooLong(s string) bool { return utf8.RuneCountInString(s) > maxText }

// ToMilli turns units into thousandths; ok is false for what nobody sells.
func ToMilli(units float64) (milli int64, ok bool) {
	if math.IsNaN(units) || math.Abs(units) > maxUnits {
		return 0, false
	}
	return int64(math.Round(units * Milli)), true
}

// OwnKey gives a line without a key one: its outlet, product, day and hour. Such lines add up within one report.
func (l *Line) OwnKey() {
	if l.Key == "" {
		l.Key = strconv.FormatInt(l.Outlet, 10) + "/" + l.SKU + "/" + l.Day.String() + "/" + strconv.Itoa(l.Hour)
	}
}

// Report takes sales that a point of sale reports, perhaps days late. A line whose source and key are known replaces what
// was known; sending the same again changes nothing. All lines are taken or none.
// Errors: KindInvalid with the path of every faulty field, KindNotFound for an outlet that is not the caller's.
func (s *Service) Report(ctx context.Context, who actor.Actor, source string, lines []Line) (Merged, error) {
	if err := CheckSource(source); err != nil {
		return Merged{}, err
	}
	var f errs.Fields
	if len(lines) == 0 || len(lines) > maxPerCall {
		f.Add("lines", "must be 1 to %d", maxPerCall)
	}
	keys := map[string]int{}
	for i := range lines {
		l := &lines[i]
		at := "lines[" + strconv.Itoa(i) + "]."
		l.Check(func(field, format string, a ...any) { f.Add(at+field, format, a...) })
		if before, twice := keys[l.Key]; twice && l.Key != "" {
			f.Add(at+"key", "%q is that of lines[%d], too", l.Key, before)
		}
		keys[l.Key] = i
		if !who.Sees(l.Outlet) {
			f.Add(at+"outlet", "is not one of your outlets")
		}
		l.OwnKey()
	}
	if err := f.Err(); err != nil {
		return Merged{}, err
	}
	return s.store.Merge(ctx, who.Tenant, source, lines)
}

// Sold lists what was sold, latest first.
func (s *Service) Sold(ctx context.Context, who actor.Actor, q Query) ([]Sold, error) {
	return s.store.Sold(ctx, who.Tenant, q.within(who))
}

// Rename says that what was sold as one SKU is sold as another since: its history counts for that.
// Errors: KindInvalid, KindConflict for a chain or a circle of renames.
func (s *Service) Rename(ctx context.Context, who actor.Actor, sku, now string) error {
	var f errs.Fields
	if strings.TrimSpace(now) == "" || tooLong(now) || now == sku {
		f.Add("stands_for", "must be another SKU")
	}
	if err := f.Err(); err != nil {
		return err
	}
	list, err := s.store.Aliases(ctx, who.Tenant)
	if err != nil {
		return err
	}
	for _, a := range list {
		if a.SKU == now {
			return errs.Conflict("%s was renamed to %s itself", now, a.Now)
		}
		if a.Now == sku {
			return errs.Conflict("%s stands for %s already: rename that one instead", a.SKU, sku)
		}
	}
	return s.store.PutAlias(ctx, who.Tenant, Alias{SKU: sku, Now: now, By: who.Name, At: s.clock.Now()})
}

// Renames lists the products that are sold under another SKU since.
func (s *Service) Renames(ctx context.Context, who actor.Actor) ([]Alias, error) {
	return s.store.Aliases(ctx, who.Tenant)
}

// Unrename takes a rename back. Errors: KindNotFound.
func (s *Service) Unrename(ctx context.Context, who actor.Actor, sku string) error {
	return s.store.DropAlias(ctx, who.Tenant, sku)
}
