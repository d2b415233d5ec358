// Package texts holds what Brigade's pages say, in each of their languages: one catalogue, a file for each area of pages.
//
// To add a text, add a line to the area's file with all languages; to add a language, add it to Languages and to every
// line. A key stands in one file only; it begins with the area or the part of it that says it.
// A text may have forms for numbers, divided by |, in the order of the language's Forms.
package texts

import (
	"embed"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"brigade/internal/errs"
)

// Language is a language that pages are written in.
type Language struct {
	Code, Name string          // en; English, as its speakers call it
	form       func(n int) int // which form a number takes
}

// Languages are all of them; the first is spoken to who understands none. The rules of numbers are CLDR's for whole
// numbers.
var Languages = []Language{{"en", "English", one}, {"es", "Español", one}, {"ru", "Русский", eastern}}

func one(n int) int {
	if n == 1 {
		return 0
	}
	return 1
}

func eastern(n int) int {
	switch {
	case n%10 == 1 && n%100 != 11:
		return 0
	case n%10 >= 2 && n%10 <= 4 && (n%100 < 12 || n%100 > 14):
		return 1
	}
	return 2
}

//go:embed catalogue/*.json
var catalogue embed.FS

// all are the texts by key and language code.
var all = load()

// load reads the catalogue. It is part of the binary, so a failure is a fault of the build.
func load() map[string]map[string]string {
	m := map[string]map[string]string{}
	files, err := catalogue.ReadDir("catalogue")
	if err != nil {
		panic("texts: " + err.Error())
	}
	for _, f := range files {
		body, err := catalogue.ReadFile("catalogue/" + f.Name())
		if err == nil {
			err = add(m, body)
		}
		if err != nil {
			panic("texts: " + f.Name() + ": " + err.Error())
		}
	}
	return m
}

// add puts a file's texts to those of others. Errors: no catalogue; a key that another file has.
func add(m map[string]map[string]string, body []byte) error {
	var more map[string]map[string]string
	if err := json.Unmarshal(body, &more); err != nil {
		return err
	}
	for key, text := range more {
		if m[key] != nil {
			return fmt.Errorf("the text %q stands in two files", key)
		}
		m[key] = text
	}
	return nil
}

// Find returns the language of a code; ok is false when there is none.
func Find(code string) (l Language, ok bool) {
	i := slices.IndexFunc(Languages, func(l Language) bool { return l.Code == code })
	if i < 0 {
		return Languages[0], false
	}
	return Languages[i], true
}

// Accepted chooses among the languages by a browser's Accept-Language: the best that both speak.
func Accepted(header string) Language {
	best, weight := Languages[0], 0.0
	for part := range strings.SplitSeq(header, ",") {
		tag, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		q := 1.0
		if v, ok := strings.CutPrefix(strings.TrimSpace(params), "q="); ok {
			q, _ = strconv.ParseFloat(v, 64)
		}
		code, _, _ := strings.Cut(strings.ToLower(tag), "-")
		if l, ok := Find(code); ok && q > weight {
			best, weight = l, q
		}
	}
	return best
}

// Say returns the text of a key. Its verbs are filled with args, what services said of them in the language (see Tell); the
// first whole number among them chooses the form.
// Errors: there is no such text.
func (l Language) Say(key string, args ...any) (string, error) {
	text, ok := all[key][l.Code]
	if !ok {
		return "", fmt.Errorf("there is no text %q in %s", key, l.Name)
	}
	if forms := strings.Split(text, "|"); len(forms) > 1 {
		text = forms[min(l.form(firstNumber(args)), len(forms)-1)]
	}
	if len(args) == 0 || !strings.Contains(text, "%") { // a number may choose the form and stand elsewhere
		return text, nil
	}
	filled := slices.Clone(args)
	for i, a := range args {
		if t, ok := a.(errs.Text); ok {
			filled[i], _ = l.Tell(t)
		}
	}
	return fmt.Sprintf(text, filled...), nil
}

// Raw returns the text of a key as it is written, with all its forms, for scripts. Errors: there is no such text.
func (l Language) Raw(key string) (string, error) {
	text, ok := all[key][l.Code]
	if !ok {
		return "", fmt.Errorf("there is no text %q in %s", key, l.Name)
	}
	return text, nil
}

func firstNumber(args []any) int {
	for _, a := range args {
		if n, ok := a.(int); ok {
			return n
		}
	}
	return 0
}
