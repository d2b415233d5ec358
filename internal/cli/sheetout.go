package cli

import (
	"encoding/csv"
	"fmt"
	"io"
	"strings"
)

// sheetOut writes rows as a table for people or as CSV for programs.
type sheetOut struct {
	table *table
	csv   *csv.Writer
}

func newSheetOut(out io.Writer, asCSV bool, head ...string) *sheetOut {
	if !asCSV {
		return &sheetOut{table: newTable(out, head...)}
	}
	s := &sheetOut{csv: csv.NewWriter(out)}
	names := make([]string, len(head))
	for i, h := range head {
		names[i] = strings.ReplaceAll(strings.ToLower(h), " ", "_")
	}
	_ = s.csv.Write(names) // end tells
	return s
}

func (s *sheetOut) row(cells ...any) {
	if s.table != nil {
		s.table.row(cells...)
		return
	}
	texts := make([]string, len(cells))
	for i, c := range cells {
		texts[i] = fmt.Sprint(c)
	}
	_ = s.csv.Write(texts) // end tells
}

func (s *sheetOut) end() error {
	if s.table != nil {
		return s.table.end()
	}
	s.csv.Flush()
	return s.csv.Error()
}
