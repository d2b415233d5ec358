package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// table writes columns for people, without blanks at the ends of lines.
type table struct {
	out  io.Writer
	text bytes.Buffer
	w    *tabwriter.Writer
}

func newTable(out io.Writer, head ...string) *table {
	t := &table{out: out}
	t.w = tabwriter.NewWriter(&t.text, 0, 0, 2, ' ', 0)
	if len(head) > 0 {
		fmt.Fprintln(t.w, strings.Join(head, "\t")+"\t")
	}
	return t
}

// row adds a row; each cell as fmt prints it.
func (t *table) row(cells ...any) {
	for _, c := range cells {
		fmt.Fprintf(t.w, "%v\t", c)
	}
	fmt.Fprintln(t.w)
}

// end writes the table.
func (t *table) end() error {
	if err := t.w.Flush(); err != nil {
		return err
	}
	for line := range strings.Lines(t.text.String()) {
		if _, err := fmt.Fprintln(t.out, strings.TrimRight(line, " \n")); err != nil {
			return err
		}
	}
	return nil
}

// writeJSON writes a value as indented JSON.
func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// at writes a time for people, in their zone; "-" for none.
func (e *Env) at(t *time.Time) string {
	if t == nil || t.IsZero() {
		return "-"
	}
	return t.In(e.Zone).Format("2006-01-02 15:04:05")
}

// clock is at without the day.
func (e *Env) clock(t *time.Time) string {
	if t == nil || t.IsZero() {
		return "-"
	}
	return t.In(e.Zone).Format("15:04:05")
}

// orDash stands for what is empty.
func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
