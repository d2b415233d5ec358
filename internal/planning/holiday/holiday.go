// Package holiday knows public holidays by country. It leans on the calendars of github.com/rickar/cal.
package holiday

import (
	"maps"
	"slices"
	"time"

	"github.com/rickar/cal/v2"
	"github.com/rickar/cal/v2/at"
	"github.com/rickar/cal/v2/au"
	"github.com/rickar/cal/v2/be"
	"github.com/rickar/cal/v2/ca"
	"github.com/rickar/cal/v2/ch"
	"github.com/rickar/cal/v2/de"
	"github.com/rickar/cal/v2/dk"
	"github.com/rickar/cal/v2/es"
	"github.com/rickar/cal/v2/fr"
	"github.com/rickar/cal/v2/gb"
	"github.com/rickar/cal/v2/ie"
	"github.com/rickar/cal/v2/it"
	"github.com/rickar/cal/v2/jp"
	"github.com/rickar/cal/v2/nl"
	"github.com/rickar/cal/v2/no"
	"github.com/rickar/cal/v2/nz"
	"github.com/rickar/cal/v2/pl"
	"github.com/rickar/cal/v2/se"
	"github.com/rickar/cal/v2/us"

	"brigade/internal/planning/forecast"
)

// calendars are the public holidays of whole countries; regional ones are an outlet's own marks.
var calendars = map[string][]*cal.Holiday{
	"at": at.Holidays, "au": au.HolidaysNSW, "be": be.Holidays, "ca": ca.Holidays, "ch": ch.Holidays, "de": de.Holidays,
	"dk": dk.Holidays, "es": es.Holidays, "fr": fr.Holidays, "gb": gb.Holidays, "ie": ie.Holidays, "it": it.Holidays,
	"jp": jp.Holidays, "nl": nl.Holidays, "no": no.Holidays, "nz": nz.Holidays, "pl": pl.Holidays, "se": se.Holidays,
	"us": us.Holidays,
}

// zones are time zones that lie in one country.
var zones = map[string]string{
	"Europe/Vienna": "at", "Australia/Sydney": "au", "Europe/Brussels": "be", "America/Toronto": "ca", "Europe/Zurich": "ch",
	"Europe/Berlin": "de", "Europe/Copenhagen": "dk", "Europe/Madrid": "es", "Atlantic/Canary": "es", "Europe/Paris": "fr",
	"Europe/London": "gb", "Europe/Dublin": "ie", "Europe/Rome": "it", "Asia/Tokyo": "jp", "Europe/Amsterdam": "nl",
	"Europe/Oslo": "no", "Pacific/Auckland": "nz", "Europe/Warsaw": "pl", "Europe/Stockholm": "se", "America/New_York": "us",
	"America/Chicago": "us", "America/Denver": "us", "America/Los_Angeles": "us", "America/Phoenix": "us",
}

// Countries lists the countries whose holidays are known, as ISO 3166 codes in small letters.
func Countries() []string { return slices.Sorted(maps.Keys(calendars)) }

// CountryOf returns the country that a time zone lies in; "" when that is not known.
func CountryOf(zone string) string { return zones[zone] }

// Between lists the public holidays of a country from the first to the last day, rising; those that are kept on another
// day when they fall on a weekend are listed on both. Without a known country there are none.
func Between(country string, first, last forecast.Day) []forecast.Day {
	found := map[forecast.Day]bool{}
	for year := first.Time().Year(); year <= last.Time().Year(); year++ {
		for _, h := range calendars[country] {
			actual, observed := h.Calc(year)
			for _, t := range []time.Time{actual, observed} {
				if d := forecast.DayIn(t); !t.IsZero() && d >= first && d <= last {
					found[d] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}
