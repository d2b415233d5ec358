// Package salesfile reads sales from CSV files as tills and spreadsheets write them: any order and names of columns,
// commas or semicolons, decimal points or commas, quoted line breaks, with or without a byte order mark.
package salesfile

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"brigade/internal/errs"
	"brigade/internal/planning"
)

// Options say how to read a file. The zero value guesses.
type Options struct {
	Map     map[string]string // field → column; what is not named is guessed
	Outlets []planning.Outlet // by slug; times with a zone become theirs
	Outlet  string            // slug for rows that name none
	Decimal string            // point, comma; "": guessed from the file and each number
	Dates   string            // dmy, mdy for dates like 03/04/2026; "": refused as doubtful
}

// mostFaults are listed; more are counted.
const mostFaults = 1000

// File reads one file. It implements planningpg.Sales.
type File struct {
	in      io.ReadSeeker
	o       Options
	r       *csv.Reader
	comma   rune
	column  map[string]int
	outlets map[string]*planning.Outlet
	numbers numbers
	dates   dates
	line    int
	faults  []errs.Field
	more    int
}

// Open reads the header of a file. Errors: KindInvalid when columns are missing or named wrongly.
func Open(in io.ReadSeeker, o Options) (*File, error) {
	f := &File{in: in, o: o, outlets: map[string]*planning.Outlet{}}
	for i := range o.Outlets {
		f.outlets[strings.ToLower(o.Outlets[i].Slug)] = &o.Outlets[i]
	}
	return f, f.Rewind()
}

// Rewind begins again from the start. Errors: as for Open.
func (f *File) Rewind() error {
	if _, err := f.in.Seek(0, io.SeekStart); err != nil {
		return err
	}
	buffered := bufio.NewReaderSize(f.in, 1<<16)
	if mark, err := buffered.Peek(3); err == nil && string(mark) == "\ufeff" {
		_, _ = buffered.Discard(3) // was there
	}
	head, _ := buffered.Peek(1 << 14) // as much as there is
	f.comma = delimiter(string(head))
	f.r = csv.NewReader(buffered)
	f.r.Comma, f.r.ReuseRecord = f.comma, true
	f.faults, f.more, f.line = nil, 0, 1
	f.numbers = numbers{decimal: f.o.Decimal, semicolons: f.comma == ';'}
	f.dates = dates{order: f.o.Dates, seen: map[string]moment{}}
	row, err := f.r.Read()
	switch {
	case errors.Is(err, io.EOF):
		return errs.Invalid("the file is empty")
	case err != nil:
		return errs.Invalid("the header cannot be read").Because(err)
	}
	return f.readHeader(row)
}

// delimiter is what separates the cells of the first line: the one that comes most often outside quotes.
func delimiter(head string) rune {
	counts := map[rune]int{}
	quoted := false
	for _, c := range head {
		if c == '"' {
			quoted = !quoted
		}
		if quoted {
			continue
		}
		if c == '\n' {
			break
		}
		counts[c]++
	}
	best := ','
	for _, c := range []rune{';', '\t', '|'} {
		if counts[c] > counts[best] {
			best = c
		}
	}
	return best
}

// Columns tells which column is read as which field, for people.
func (f *File) Columns() map[string]int { return f.column }

// Keyed tells whether rows have keys of their own. Without, rows of one product and hour add up.
func (f *File) Keyed() bool { _, ok := f.column["key"]; return ok }

// Next returns the next row that can be used; ok is false at the end. Rows that cannot are noted as faults.
func (f *File) Next() (l planning.Line, ok bool) {
	for {
		row, err := f.r.Read()
		if errors.Is(err, io.EOF) {
			return l, false
		}
		if err != nil {
			if !f.broken(err) {
				return l, false
			}
			continue
		}
		f.line, _ = f.r.FieldPos(0)
		if blank(row) {
			continue
		}
		before := len(f.faults) + f.more
		if l = f.read(row); len(f.faults)+f.more == before {
			return l, true
		}
	}
}

func blank(row []string) bool {
	for _, c := range row {
		if strings.TrimSpace(c) != "" {
			return false
		}
	}
	return true
}

// broken notes a row that is no CSV, and tells whether those after it can still be told apart.
func (f *File) broken(err error) bool {
	var fault *csv.ParseError
	if !errors.As(err, &fault) {
		f.fault("the file", "%v", err)
		return false
	}
	f.line = fault.StartLine
	if errors.Is(fault.Err, csv.ErrFieldCount) {
		f.fault("", "has another number of cells than the header")
		return true
	}
	f.fault("", "%v in line %d, column %d: what follows cannot be told apart", fault.Err, fault.Line, fault.Column)
	return false
}

func (f *File) fault(field, format string, a ...any) {
	if len(f.faults) == mostFaults {
		f.more++
		return
	}
	message := fmt.Sprintf(format, a...)
	if field != "" {
		message = field + " " + message
	}
	f.faults = append(f.faults, errs.Field{Path: fmt.Sprintf("line %d:", f.line), Message: message})
}

// Fault notes that a line is wrong for a reason that only whoever keeps the sales can know.
func (f *File) Fault(line int, format string, a ...any) {
	f.line = line
	f.fault("", format, a...)
}

// Faults returns everything that is wrong as one KindInvalid error; nil when nothing is.
func (f *File) Faults() error {
	if len(f.faults) == 0 {
		return nil
	}
	list := f.faults
	if f.more > 0 {
		list = append(list[:len(list):len(list)], errs.Field{Path: "and", Message: fmt.Sprintf("%d more", f.more)})
	}
	return &errs.Error{Kind: errs.KindInvalid, Msg: "nothing was imported", Fields: list}
}

func (f *File) cell(row []string, field string) string {
	if i, ok := f.column[field]; ok && i < len(row) {
		return strings.TrimSpace(row[i])
	}
	return ""
}

// read turns a row into a line, and notes what is wrong with it.
func (f *File) read(row []string) planning.Line {
	l := planning.Line{
		Row: f.line, SKU: strings.Clone(f.cell(row, "sku")), Name: strings.Clone(f.cell(row, "name")), Key: strings.Clone(f.cell(row, "key")),
		Hour: planning.NoHour,
	}
	if l.SKU == "" {
		l.SKU = l.Name
	}
	zone := f.readOutlet(row, &l)
	f.readTime(row, &l, zone)
	f.readAmounts(row, &l)
	l.Check(f.fault)
	if _, keyed := f.column["key"]; keyed && l.Key == "" {
		f.fault("key", "is empty")
	}
	l.OwnKey()
	return l
}

func (f *File) readOutlet(row []string, l *planning.Line) *time.Location {
	slug := f.cell(row, "outlet")
	if slug == "" {
		slug = f.o.Outlet
	}
	o := f.outlets[strings.ToLower(slug)]
	switch {
	case slug == "":
		f.fault("outlet", "is not said: add a column, or --outlet")
	case o == nil:
		f.fault("outlet", "%q is not one of the tenant's", slug)
	default:
		l.Outlet = o.ID
		return o.Zone
	}
	return time.UTC
}

func (f *File) readTime(row []string, l *planning.Line, zone *time.Location) {
	text := f.cell(row, "date")
	m, err := f.dates.read(text, zone)
	if err != nil {
		f.fault("date", "%v", err)
		return
	}
	l.Day, l.Hour = m.day, m.hour
	if text := f.cell(row, "hour"); text != "" {
		hour, err := readHour(text)
		if err != nil {
			f.fault("hour", "%v", err)
		}
		l.Hour = hour
	}
}

func (f *File) readAmounts(row []string, l *planning.Line) {
	units, err := f.numbers.read(f.cell(row, "quantity"))
	if err != nil {
		f.fault("quantity", "%v", err)
	}
	var ok bool
	if l.Milli, ok = planning.ToMilli(units); !ok {
		f.fault("quantity", "%g is more than anybody sells", units)
	}
	revenue := f.optional(row, "revenue")
	if _, given := f.column["revenue"]; !given {
		revenue = f.optional(row, "price") * units
	}
	if l.Revenue, ok = planning.ToMilli(revenue / 10); !ok { // hundredths
		f.fault("revenue", "%g is more than anybody earns", revenue)
	}
	switch text := strings.ToLower(f.cell(row, "sold_out")); text {
	case "", "0", "false", "no":
	case "1", "true", "yes":
		l.SoldOut = true
	default:
		f.fault("sold_out", "%q is neither 0 nor 1", text)
	}
}

func (f *File) optional(row []string, field string) float64 {
	text := f.cell(row, field)
	if text == "" {
		return 0
	}
	v, err := f.numbers.read(text)
	if err != nil {
		f.fault(field, "%v", err)
	}
	return v
}
