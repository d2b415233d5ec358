package texts

import (
	"embed"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"brigade/internal/errs"
)

// What services say stands in their code in English; errors keep the format it was made by, and said has the texts of
// the other languages under that format. A translation may put its verbs in another sequence (%[2]s) and quote in its own
// way (%s for %q). Words stand there as they are, and so do the reasons that services store; fields.json names the fields of
// forms.
//
//go:embed said/*.json
var saidFiles embed.FS

// verb is a verb of a format: which argument, and how.
var verb = regexp.MustCompile(`%(?:\[(\d+)\])?[+#]?(?:\.\d)?([a-zA-Z%])`)

// said are the translations by English format, labels those of the names of fields; both then by language code.
var said, labels = loadSaid()

func loadSaid() (texts, fields map[string]map[string]string) {
	texts, fields = map[string]map[string]string{}, map[string]map[string]string{}
	files, err := saidFiles.ReadDir("said")
	if err != nil {
		panic("texts: " + err.Error())
	}
	for _, f := range files {
		into := texts
		if f.Name() == "fields.json" {
			into = fields
		}
		body, err := saidFiles.ReadFile("said/" + f.Name())
		if err == nil {
			err = add(into, body)
		}
		if err != nil {
			panic("texts: " + f.Name() + ": " + err.Error())
		}
	}
	return texts, fields
}

// Tell says in the language what a service said; ok is false when the language has no text for it, and it is English.
func (l Language) Tell(t errs.Text) (text string, ok bool) {
	if l.Code == Languages[0].Code {
		return t.String(), true
	}
	format, ok := said[t.Format][l.Code]
	if !ok && speaks(t.Format) {
		return t.String(), false
	}
	if !ok { // such as "%s: %s": all is in the arguments
		format = t.Format
	}
	verbs := strings.Contains(format, "%")
	if forms := strings.Split(format, "|"); len(forms) > 1 {
		format = forms[min(l.form(wholeNumber(t.Args)), len(forms)-1)]
	}
	if !verbs {
		return format, ok
	}
	args := make([]any, len(t.Args))
	for i, a := range t.Args {
		args[i] = l.argument(a)
	}
	return fmt.Sprintf(format, args...), ok
}

// Stored says a reason that was stored as a sentence, when it is one that services give; what people wrote stays as it is.
func (l Language) Stored(reason string) string {
	text, _ := l.Tell(errs.Word(reason))
	return text
}

// speaks tells whether a format has words of its own beside its verbs.
func speaks(format string) bool {
	rest := verb.ReplaceAllString(format, "")
	return strings.ContainsFunc(rest, func(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' })
}

// argument says an argument that is a sentence or a word; names and numbers stay as they are.
func (l Language) argument(a any) any {
	switch x := a.(type) {
	case nil, string:
		return a
	case errs.Text:
		text, _ := l.Tell(x)
		return text
	case time.Duration:
		return l.span(x)
	case error:
		if e, ok := errors.AsType[*errs.Error](x); ok {
			text, _ := l.Refusal(e)
			return text
		}
		return a
	}
	if reflect.TypeOf(a).PkgPath() == "" { // a plain number or list
		return a
	}
	if word, ok := said[fmt.Sprint(a)][l.Code]; ok {
		return word
	}
	return a
}

// span writes a length of time, with the two units that say most of it.
func (l Language) span(d time.Duration) string {
	var parts []string
	for _, u := range []struct {
		key string
		of  time.Duration
	}{{"app.h", time.Hour}, {"app.min", time.Minute}, {"app.s", time.Second}} {
		if n := int(d / u.of); n > 0 && len(parts) < 2 {
			unit, _ := l.Raw(u.key)
			parts = append(parts, strconv.Itoa(n)+" "+unit)
			d %= u.of
		}
	}
	if len(parts) == 0 {
		return d.String()
	}
	return strings.Join(parts, " ")
}

// Refusal says an error in the language, its cause left out; ok is false when some of it has no text there, and is
// English.
func (l Language) Refusal(e *errs.Error) (text string, ok bool) {
	if l.Code == Languages[0].Code {
		return e.Public(), true
	}
	ok = true
	var parts []string
	for _, f := range e.Fields {
		text, known := l.Tell(f.Said())
		parts, ok = append(parts, l.Label(f.Path)+": "+text), ok && known
	}
	faults := strings.Join(parts, "; ")
	if e.Msg == "" {
		return begun(faults), ok
	}
	text, known := l.Tell(e.Said())
	if len(parts) > 0 {
		text = strings.TrimSuffix(text, ".") + ": " + faults
	}
	return text, ok && known
}

// begun begins a sentence with a capital.
func begun(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[size:]
}

// Label names a field in the language by its path: "steps[2].name" is "paso 3, nombre". What has no name stays as
// it is.
func (l Language) Label(path string) string {
	var parts []string
	for segment := range strings.SplitSeq(path, ".") {
		name, index, listed := strings.Cut(strings.TrimSuffix(segment, "]"), "[")
		if label, ok := labels[name][l.Code]; ok {
			name = label
		}
		if n, err := strconv.Atoi(index); listed && err == nil {
			index = strconv.Itoa(n + 1)
		}
		parts = append(parts, strings.TrimSpace(name+" "+index))
	}
	return strings.Join(parts, ", ")
}

// wholeNumber is the first whole number among arguments, of whatever type: it chooses the form.
func wholeNumber(args []any) int {
	for _, a := range args {
		switch v := reflect.ValueOf(a); {
		case v.CanInt():
			return int(v.Int())
		case v.CanUint():
			return int(v.Uint())
		case v.CanFloat() && v.Float() == float64(int(v.Float())):
			return int(v.Float())
		}
	}
	return 0
}
