package delivery

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"brigade/internal/actor"
	"brigade/internal/errs"
)

// ZoneEdit is what becomes of one zone: it is put, under another name than before perhaps, or dropped; neither: all stays.
type ZoneEdit struct {
	Was  string // what it was called; "": it is new
	Put  *Zone
	Drop bool
}

// Version is a text that differs whenever the zone does, and is the same for the same. Pauses are not part of it.
func (z *Zone) Version() string {
	text, err := json.Marshal([]any{z.Name, z.Area.Rings(), z.Fee, z.Minimum, z.FreeFrom, z.Extra, z.Opens, z.Closes})
	if err != nil { // finite numbers: areas are checked
		panic("delivery: zone: " + err.Error())
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// ZoneOvertaken is a KindConflict: somebody else has changed a zone since its editor saw it.
type ZoneOvertaken struct {
	Now *Zone // as it is; nil: it is gone
	err error
}

// Error implements error.
func (o ZoneOvertaken) Error() string { return o.err.Error() }

// Unwrap returns the conflict.
func (o ZoneOvertaken) Unwrap() error { return o.err }

// PutZone adds a zone to an outlet's, or changes the one that is called was; renamed, it stays paused. version is that of the
// zone as its editor saw it, "" of a new one. What is as it is wanted to be stays so, whatever the version: an edit that is
// sent twice is done once. Errors: KindForbidden, KindNotFound (the outlet), KindInvalid (fields of "zone"), KindConflict (a
// ZoneOvertaken).
func (s *Zones) PutZone(ctx context.Context, who actor.Actor, outlet int64, was, version string, z Zone) (*Atlas, error) {
	return s.edit(ctx, who, outlet, func(have []Zone) (ZoneEdit, error) {
		if i := indexOf(have, z.Name); i >= 0 && have[i].Version() == z.Version() {
			return ZoneEdit{}, nil
		}
		if err := overtaken(have, was, version, z.Name); err != nil {
			return ZoneEdit{}, err
		}
		return ZoneEdit{Was: was, Put: &z}, checkZone(have, was, z)
	})
}

// RemoveZone removes a zone that is as its editor saw it; without it nothing changes. Its orders are still brought. Errors:
// KindForbidden, KindNotFound (the outlet), KindConflict (a ZoneOvertaken).
func (s *Zones) RemoveZone(ctx context.Context, who actor.Actor, outlet int64, name, version string) (*Atlas, error) {
	return s.edit(ctx, who, outlet, func(have []Zone) (ZoneEdit, error) {
		if indexOf(have, name) < 0 {
			return ZoneEdit{}, nil
		}
		return ZoneEdit{Was: name, Drop: true}, overtaken(have, name, version, name)
	})
}

func (s *Zones) edit(ctx context.Context, who actor.Actor, outlet int64, do func([]Zone) (ZoneEdit, error)) (*Atlas, error) {
	return s.change(ctx, who, outlet, func(outlet int64) error { return s.store.EditZones(ctx, who.Tenant, outlet, do) })
}

func indexOf(zones []Zone, name string) int {
	return slices.IndexFunc(zones, func(z Zone) bool { return z.Name == name })
}

// overtaken checks that a zone is still as its editor saw it.
func overtaken(have []Zone, was, version, name string) error {
	if was == "" {
		if i := indexOf(have, name); i >= 0 {
			return ZoneOvertaken{&have[i], errs.Conflict("there is a zone %s already", name)}
		}
		return nil
	}
	switch i := indexOf(have, was); {
	case i < 0:
		return ZoneOvertaken{nil, errs.Conflict("somebody else has removed zone %s in the meantime", was)}
	case have[i].Version() != version:
		return ZoneOvertaken{&have[i], errs.Conflict("somebody else has changed zone %s in the meantime", was)}
	}
	return nil
}

// checkZone names everything that is wrong with a zone among others.
func checkZone(have []Zone, was string, z Zone) error {
	var f errs.Fields
	z.check(&f, "zone")
	others := slices.DeleteFunc(slices.Clone(have), func(o Zone) bool { return o.Name == was })
	if len(others) >= mostZones {
		f.Add("zone", "must be at most %d", mostZones)
	}
	if slices.ContainsFunc(others, func(o Zone) bool { return strings.EqualFold(o.Name, z.Name) }) {
		f.Add("zone.name", "%q is there twice", z.Name)
	}
	return f.Err()
}
