package salesfile

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"brigade/internal/planning"
	"brigade/internal/planning/forecast"
)

// numbers reads numbers as people of different countries write them.
type numbers struct {
	decimal    string // point, comma; "": guessed
	semicolons bool   // the file's cells are separated by them, as where decimals have commas
}

func (n numbers) read(text string) (float64, error) {
	if text == "" {
		return 0, errors.New("is empty")
	}
	if v, ok := small(text); ok {
		return v, nil
	}
	given := text
	text = strings.NewReplacer(" ", "", "\u00a0", "", "\u202f", "", "'", "", "−", "-").Replace(text)
	if inner, ok := strings.CutPrefix(text, "("); ok && strings.HasSuffix(inner, ")") {
		text = "-" + strings.TrimSuffix(inner, ")")
	}
	text, err := n.point(text)
	if err != nil {
		return 0, err
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) || strings.ContainsAny(text, "xXpP_") {
		return 0, fmt.Errorf("%q is not a number", given)
	}
	return v, nil
}

// small reads what most cells hold: a few digits.
func small(text string) (float64, bool) {
	if len(text) > 9 {
		return 0, false
	}
	n := 0
	for _, c := range []byte(text) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int(c-'0')
	}
	return float64(n), true
}

// point writes a number with a decimal point and without marks between thousands.
func (n numbers) point(text string) (string, error) {
	comma, dot := strings.LastIndexByte(text, ','), strings.LastIndexByte(text, '.')
	decimal := n.decimal
	if decimal == "" {
		switch {
		case comma < 0 && dot < 0:
			return text, nil
		case comma >= 0 && dot >= 0:
			decimal = "point"
			if comma > dot {
				decimal = "comma"
			}
		case comma >= 0:
			if decimal = "comma"; thousands(text, ",") && !n.semicolons {
				return "", fmt.Errorf("%q may be thousands or decimals: say --decimal point or comma", text)
			}
		default:
			if decimal = "point"; thousands(text, ".") && n.semicolons {
				return "", fmt.Errorf("%q may be thousands or decimals: say --decimal point or comma", text)
			}
		}
	}
	if decimal == "comma" {
		return strings.ReplaceAll(strings.ReplaceAll(text, ".", ""), ",", "."), nil
	}
	return strings.ReplaceAll(text, ",", ""), nil
}

// thousands tells whether a mark could stand between thousands: 1,234 but neither 0,234 nor 1,5.
func thousands(text, mark string) bool {
	parts := strings.Split(strings.TrimLeft(text, "+-"), mark)
	for _, p := range parts[1:] {
		if len(p) != 3 {
			return false
		}
	}
	return parts[0] != "" && len(parts[0]) <= 3 && parts[0][0] != '0'
}

// moment is a day, and an hour if one is known.
type moment struct {
	day  planning.Day
	hour int
}

// dates reads dates and times. What it has read it remembers: a file has few different ones.
type dates struct {
	order string // dmy or mdy for dates with slashes; "": refused
	seen  map[string]moment
}

// mostSeen bounds what is remembered.
const mostSeen = 100_000

func (d *dates) read(text string, zone *time.Location) (moment, error) {
	if m, ok := d.seen[text]; ok {
		return m, nil
	}
	m, zoned, err := d.parse(text, zone)
	if err == nil && !zoned && len(d.seen) < mostSeen {
		d.seen[strings.Clone(text)] = m
	}
	return m, err
}

// layouts of local dates and times, without the separators of the date.
var (
	dayLayouts  = []string{"2006-01-02", "2006/01/02", "2006.01.02", "20060102", "02.01.2006", "2.1.2006", "02.01.06"}
	timeLayouts = []string{"15:04:05", "15:04", "15:04:05.999999999", "3:04 PM", "3:04:05 PM"}
)

// parse reads a date, perhaps with a time; zoned tells that the text names its zone.
func (d *dates) parse(text string, zone *time.Location) (m moment, zoned bool, err error) {
	if text == "" {
		return m, false, errors.New("is empty")
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05-07"} {
		if t, err := time.Parse(layout, text); err == nil {
			t = t.In(zone)
			return moment{forecast.DayIn(t), t.Hour()}, true, nil
		}
	}
	date, clock, timed := strings.Cut(strings.Replace(text, "T", " ", 1), " ")
	m = moment{hour: planning.NoHour}
	if m.day, err = d.day(date); err != nil {
		return m, false, err
	}
	if !timed {
		return m, false, nil
	}
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, strings.TrimSpace(clock)); err == nil {
			m.hour = t.Hour()
			return m, false, nil
		}
	}
	return m, false, fmt.Errorf("%q has a time that cannot be read", text)
}

func (d *dates) day(text string) (planning.Day, error) {
	layouts := dayLayouts
	if strings.Count(text, "/") == 2 && strings.IndexByte(text, '/') <= 2 {
		switch d.order {
		case "dmy":
			layouts = []string{"2/1/2006", "2/1/06"}
		case "mdy":
			layouts = []string{"1/2/2006", "1/2/06"}
		default:
			return 0, fmt.Errorf("%q may be day/month or month/day: say --dates dmy or mdy", text)
		}
	}
	for _, layout := range layouts {
		if t, err := time.Parse(layout, text); err == nil {
			return forecast.DayIn(t), nil
		}
	}
	return 0, fmt.Errorf("%q is not a date like 2026-01-31", text)
}

// readHour reads an hour as 13, 13:45 or 1:45 PM.
func readHour(text string) (int, error) {
	if n, err := strconv.Atoi(text); err == nil && n >= 0 && n <= 23 {
		return n, nil
	}
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t.Hour(), nil
		}
	}
	return planning.NoHour, fmt.Errorf("%q is not an hour from 0 to 23", text)
}
