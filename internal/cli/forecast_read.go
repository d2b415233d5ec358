package cli

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"brigade/internal/errs"
	"brigade/internal/planning/forecast"
)

// fromFile reads a file whole; what is wrong in it is said with its name.
func fromFile[T any](path string, read func(io.Reader) (T, error)) (T, error) {
	var none T
	f, err := os.Open(path)
	if err != nil {
		return none, err
	}
	defer f.Close()
	v, err := read(f)
	if err == nil {
		return v, nil
	}
	if faulty, ok := errors.AsType[*errs.Error](err); ok && len(faulty.Fields) > 0 {
		named := *faulty
		named.Msg = path + " cannot be used"
		return none, &named
	}
	return none, fmt.Errorf("%s: %w", path, err)
}

// sheet reads a CSV file with a header, by the names of its columns in any order, and collects its faults.
type sheet struct {
	r      *csv.Reader
	column map[string]int
	row    []string
	line   int
	faults []errs.Field
	more   int
}

// mostFaults are listed; more are counted.
const mostFaults = 20

func newSheet(in io.Reader, required ...string) (*sheet, error) {
	s := &sheet{r: csv.NewReader(in), column: map[string]int{}}
	s.r.ReuseRecord = true
	head, err := s.r.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("the file is empty")
	}
	if err != nil {
		return nil, err
	}
	for i, name := range head {
		s.column[strings.ToLower(strings.TrimSpace(strings.TrimPrefix(name, "\ufeff")))] = i
	}
	for _, name := range required {
		if _, ok := s.column[name]; !ok {
			return nil, fmt.Errorf("line 1: there is no column %q", name)
		}
	}
	return s, nil
}

// next goes to the next row and tells whether there is one. A row with too few or too many cells is a fault, and passed.
func (s *sheet) next() bool {
	for {
		row, err := s.r.Read()
		if errors.Is(err, io.EOF) {
			return false
		}
		s.line, _ = s.r.FieldPos(0)
		if err == nil {
			s.row = row
			return true
		}
		var fault *csv.ParseError
		if !errors.As(err, &fault) {
			s.fault(err.Error())
			return false
		}
		s.line = fault.StartLine
		s.fault(fault.Err.Error())
		if !errors.Is(fault.Err, csv.ErrFieldCount) {
			return false // a quote that is open makes everything after it doubtful
		}
	}
}

func (s *sheet) fault(message string) {
	if len(s.faults) == mostFaults {
		s.more++
		return
	}
	s.faults = append(s.faults, errs.Field{Path: fmt.Sprintf("line %d:", s.line), Message: message})
}

// text returns a cell; "" when there is no such column.
func (s *sheet) text(name string) string {
	if i, ok := s.column[name]; ok {
		return strings.TrimSpace(s.row[i])
	}
	return ""
}

// number returns a cell as a number, with a point or a comma before its decimals; NaN when it is empty or faulty.
func (s *sheet) number(name string) float64 {
	text := s.text(name)
	if text == "" {
		return math.NaN()
	}
	v, err := strconv.ParseFloat(strings.Replace(text, ",", ".", 1), 64)
	if err != nil || math.IsInf(v, 0) {
		s.fault(fmt.Sprintf("%s %q is not a number", name, text))
		return math.NaN()
	}
	return v
}

// yes returns a cell as yes or no.
func (s *sheet) yes(name string, empty bool) bool {
	switch text := strings.ToLower(s.text(name)); text {
	case "":
		return empty
	case "1", "true", "yes":
		return true
	case "0", "false", "no":
		return false
	default:
		s.fault(fmt.Sprintf("%s %q is neither 0 nor 1", name, text))
		return empty
	}
}

// err returns all faults as one error; nil when there are none.
func (s *sheet) err() error {
	if len(s.faults) == 0 {
		return nil
	}
	fields := s.faults
	if s.more > 0 {
		fields = append(fields, errs.Field{Path: "and", Message: fmt.Sprintf("%d more", s.more)})
	}
	return &errs.Error{Kind: errs.KindInvalid, Fields: fields}
}

// sale is a row of a file of sales.
type sale struct {
	line     int
	day      forecast.Day
	quantity float64
	marks    forecast.Marks
	soldOut  bool
}

// rows is the rows of one series.
type rows struct {
	id, outlet, item string
	list             []sale
}

// readSales reads daily sales. Days that are missing between others are not known.
func readSales(in io.Reader) ([]forecast.Series, error) {
	s, err := newSheet(in, "series_id", "date", "quantity")
	if err != nil {
		return nil, err
	}
	all := map[string]*rows{}
	var order []*rows
	for s.next() {
		id := s.text("series_id")
		if id == "" {
			s.fault("series_id is empty")
			continue
		}
		r := all[id]
		if r == nil {
			r = &rows{id: strings.Clone(id), outlet: strings.Clone(s.text("outlet")), item: strings.Clone(s.text("item"))}
			all[r.id], order = r, append(order, r)
		}
		if row, ok := s.sale(); ok {
			r.list = append(r.list, row)
		}
	}
	list := make([]forecast.Series, 0, len(order))
	for _, r := range order {
		if series, ok := r.series(s); ok {
			list = append(list, series)
		}
	}
	if err := s.err(); err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, errors.New("there are no sales in it")
	}
	return list, nil
}

func (s *sheet) sale() (sale, bool) {
	before := len(s.faults) + s.more
	day, err := forecast.ParseDay(s.text("date"))
	if err != nil {
		s.fault(err.Error())
	}
	row := sale{line: s.line, day: day, quantity: s.number("quantity"), soldOut: s.yes("sold_out", false)}
	if !s.yes("open", true) {
		row.marks |= forecast.Closed
	}
	if s.yes("holiday", false) {
		row.marks |= forecast.Holiday
	}
	if s.yes("school_holiday", false) {
		row.marks |= forecast.School
	}
	return row, len(s.faults)+s.more == before
}

// mostDays is the longest history taken: a wrong century would fill the memory with days.
const mostDays = 50 * 366

// series puts the rows into the order of their days; a day that comes twice is a fault.
func (r *rows) series(s *sheet) (forecast.Series, bool) {
	if len(r.list) == 0 {
		return forecast.Series{}, false
	}
	slices.SortStableFunc(r.list, func(a, b sale) int { return int(a.day) - int(b.day) })
	first, last := r.list[0], r.list[len(r.list)-1]
	days := int(last.day-first.day) + 1
	if days > mostDays {
		s.line = last.line
		s.fault(fmt.Sprintf("%s goes from %v to %v: longer than 50 years", r.id, first.day, last.day))
		return forecast.Series{}, false
	}
	c := &forecast.Calendar{Start: first.day, Days: make([]forecast.Marks, days)}
	f := forecast.Series{
		ID: r.id, Outlet: r.outlet, Item: r.item, Start: first.day, Calendar: c,
		Sales: make([]float64, days), SoldOut: make([]bool, days),
	}
	for i := range f.Sales {
		f.Sales[i] = math.NaN()
	}
	for i, row := range r.list {
		if i > 0 && row.day == r.list[i-1].day {
			s.line = row.line
			s.fault(fmt.Sprintf("%s has %v twice, first in line %d", r.id, row.day, r.list[i-1].line))
		}
		at := row.day - first.day
		f.Sales[at], f.SoldOut[at], c.Days[at] = row.quantity, row.soldOut, row.marks
	}
	return f, true
}

// plan is where a backtest forecasts from.
type plan struct {
	origins  []forecast.Day // rising
	horizons []int          // to be scored
}

func readOrigins(in io.Reader) (plan, error) {
	text, err := io.ReadAll(in)
	if err != nil {
		return plan{}, err
	}
	var file struct {
		Horizons []int    `json:"horizons"`
		Dates    []string `json:"origins_last_train_date"`
	}
	if strings.HasPrefix(strings.TrimSpace(string(text)), "[") {
		err = json.Unmarshal(text, &file.Dates)
	} else {
		err = json.Unmarshal(text, &file)
	}
	if err != nil {
		return plan{}, err
	}
	p := plan{horizons: file.Horizons}
	for i, d := range file.Dates {
		day, err := forecast.ParseDay(d)
		if err != nil {
			return plan{}, fmt.Errorf("origin %d: %w", i+1, err)
		}
		p.origins = append(p.origins, day)
	}
	if len(p.origins) == 0 {
		return plan{}, errors.New("there are no origins in it")
	}
	slices.Sort(p.origins)
	p.origins = slices.Compact(p.origins)
	return p, nil
}

func readScales(in io.Reader) (map[string]forecast.Scale, error) {
	s, err := newSheet(in, "series_id", "mase_scale", "rmsse_scale2")
	if err != nil {
		return nil, err
	}
	scales := map[string]forecast.Scale{}
	for s.next() {
		scales[strings.Clone(s.text("series_id"))] = forecast.Scale{MASE: s.number("mase_scale"), RMSSE2: s.number("rmsse_scale2")}
	}
	return scales, s.err()
}
