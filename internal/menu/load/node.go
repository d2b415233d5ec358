package load

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"brigade/internal/errs"
)

// reader walks a file's nodes and notes every fault with its place.
type reader struct {
	file   string
	faults []fault
}

type fault struct {
	line, column int
	message      string
}

func (r *reader) fault(at *yaml.Node, format string, a ...any) {
	r.faults = append(r.faults, fault{at.Line, at.Column, fmt.Sprintf(format, a...)})
}

// err returns nil when there were no faults, else one KindInvalid error that names all, in the order of the file.
func (r *reader) err() error {
	if len(r.faults) == 0 {
		return nil
	}
	slices.SortStableFunc(r.faults, func(a, b fault) int {
		if a.line != b.line {
			return a.line - b.line
		}
		return a.column - b.column
	})
	err := errs.Invalid("the file cannot be loaded")
	for _, f := range r.faults {
		err.Fields = append(err.Fields, errs.Field{
			Path: fmt.Sprintf("%s:%d:%d:", r.file, f.line, f.column), Message: f.message,
		})
	}
	return err
}

// fields is a mapping whose keys are known.
type fields struct {
	*reader
	what   string // what the mapping describes, for messages
	at     *yaml.Node
	values map[string]*yaml.Node
}

// mapping reads a node with the given keys. A key with a ! must be there.
func (r *reader) mapping(n *yaml.Node, what string, keys ...string) fields {
	f := fields{reader: r, what: what, at: n, values: map[string]*yaml.Node{}}
	if n.Kind != yaml.MappingNode {
		r.fault(n, "%s must be a mapping with keys and values", what)
		return f
	}
	known := make([]string, len(keys))
	for i, k := range keys {
		known[i] = strings.TrimSuffix(k, "!")
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		f.add(n.Content[i], resolve(n.Content[i+1]), known)
	}
	for _, k := range keys {
		if name, must := strings.CutSuffix(k, "!"); must && f.values[name] == nil {
			r.fault(n, "%s needs %s", what, name)
		}
	}
	return f
}

func (f fields) add(key, value *yaml.Node, known []string) {
	switch {
	case !slices.Contains(known, key.Value):
		f.fault(key, "unknown key %q: %s has %s", key.Value, f.what, strings.Join(known, ", "))
	case f.values[key.Value] != nil:
		f.fault(key, "%q is here twice", key.Value)
	case value.Tag == "!!null":
		return // as if it were not there
	default:
		f.values[key.Value] = value
	}
}

// resolve follows an alias to what it stands for.
func resolve(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// node returns where to point at for a key: its value, else the mapping.
func (f fields) node(key string) *yaml.Node {
	if n := f.values[key]; n != nil {
		return n
	}
	return f.at
}

const longestText = 200

// text returns a line of text; "" when it is not there or faulty.
func (f fields) text(key string) string {
	n := f.values[key]
	if n == nil {
		return ""
	}
	s, ok := f.line(n, key)
	if ok && s == "" {
		f.fault(n, "%s must not be empty", key)
	}
	return s
}

// line reads a node as one line of text without spaces around it.
func (r *reader) line(n *yaml.Node, what string) (s string, ok bool) {
	switch {
	case n.Kind != yaml.ScalarNode:
		r.fault(n, "%s must be text", what)
	case n.Tag != "!!str":
		r.fault(n, "%s must be text: put %s in quotes", what, n.Value)
	case utf8.RuneCountInString(n.Value) > longestText:
		r.fault(n, "%s must have at most %d characters", what, longestText)
	case strings.ContainsFunc(n.Value, unicode.IsControl):
		r.fault(n, "%s must be one line of printable text", what)
	default:
		return strings.TrimSpace(n.Value), true
	}
	return "", false
}

// match returns a text of a given form.
func (f fields) match(key string, form *regexp.Regexp, says string) string {
	s := f.text(key)
	if s != "" && !form.MatchString(s) {
		f.fault(f.values[key], "%s must be %s", key, says)
		return ""
	}
	return s
}

// number returns a number from low to high; otherwise when it is not there, NaN when it is faulty.
func (f fields) number(key string, low, high, otherwise float64) float64 {
	n := f.values[key]
	if n == nil {
		return otherwise
	}
	v, err := strconv.ParseFloat(n.Value, 64)
	if n.Kind != yaml.ScalarNode || n.Tag != "!!int" && n.Tag != "!!float" || err != nil || v < low || v > high || v != v {
		f.fault(n, "%s must be a number from %v to %v", key, low, high)
		return math.NaN()
	}
	return v
}

// count returns a whole number from 1 to high; 0 when it is not there or faulty.
func (f fields) count(key string, high int) int {
	n := f.values[key]
	if n == nil {
		return 0
	}
	v, err := strconv.Atoi(n.Value)
	if n.Kind != yaml.ScalarNode || n.Tag != "!!int" || err != nil || v < 1 || v > high {
		f.fault(n, "%s must be a whole number from 1 to %d", key, high)
		return 0
	}
	return v
}

func (f fields) yes(key string) bool {
	n := f.values[key]
	if n == nil {
		return false
	}
	if n.Kind != yaml.ScalarNode || n.Tag != "!!bool" {
		f.fault(n, "%s must be true or false", key)
	}
	return n.Value == "true"
}

// list returns the entries of a list; none when it is not there or faulty.
func (f fields) list(key string) []*yaml.Node {
	n := f.values[key]
	if n == nil {
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		f.fault(n, "%s must be a list", key)
		return nil
	}
	out := make([]*yaml.Node, len(n.Content))
	for i, e := range n.Content {
		out[i] = resolve(e)
	}
	return out
}

// names remembers what has been named, so that nothing is named twice and what is meant exists.
type names struct {
	what  string
	known []string
	fold  bool // upper and lower case are the same
}

// add notes a new name; it is a fault when it is known. Empty names were faulty before and do not count.
func (k *names) add(r *reader, at *yaml.Node, name string) {
	same := func(other string) bool { return other == name || k.fold && strings.EqualFold(other, name) }
	if name == "" {
		return
	}
	if slices.ContainsFunc(k.known, same) {
		r.fault(at, "there are two %ss %q", k.what, name)
		return
	}
	k.known = append(k.known, name)
}

// pick reads a name that must be known; "" when it is not.
func (k *names) pick(r *reader, n *yaml.Node) string {
	s, ok := r.line(n, k.what)
	if !ok {
		return ""
	}
	if !slices.Contains(k.known, s) {
		r.fault(n, "unknown %s %q: there %s", k.what, s, k.all())
		return ""
	}
	return s
}

func (k *names) all() string {
	if len(k.known) == 0 {
		return "is none"
	}
	return "are " + strings.Join(k.known, ", ")
}

// pickAll reads a list of names that must be known, each once.
func (k *names) pickAll(r *reader, list []*yaml.Node) []string {
	var out []string
	for _, n := range list {
		s := k.pick(r, n)
		switch {
		case s == "":
		case slices.Contains(out, s):
			r.fault(n, "%s %q is here twice", k.what, s)
		default:
			out = append(out, s)
		}
	}
	return out
}
