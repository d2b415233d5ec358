package errs

import (
	"fmt"
	"strings"
)

// Text is an English sentence, or a part of one, with what it was made of: its format, and what fills the verbs. Pages say
// it in other languages by its format; everybody else takes the finished English.
type Text struct {
	Format string
	Args   []any
}

// Textf returns a text. As an argument of another it is a part of it that pages can say in their language, too.
func Textf(format string, a ...any) Text { return Text{format, a} }

// Word is a word of the trade, such as a status or a kind: pages have a text for it, names they leave as they are.
func Word[T ~string](word T) Text { return Text{Format: strings.ReplaceAll(string(word), "%", "%%")} }

// Join puts texts into one, divided by sep.
func Join(sep string, parts ...Text) Text {
	switch len(parts) {
	case 0:
		return Text{}
	case 1:
		return parts[0]
	}
	args := make([]any, len(parts))
	for i, p := range parts {
		args[i] = p
	}
	return Text{strings.TrimSuffix(strings.Repeat("%s"+sep, len(parts)), sep), args}
}

// Empty tells whether nothing is said.
func (t Text) Empty() bool { return t.Format == "" }

// String returns the text in English.
func (t Text) String() string { return fmt.Sprintf(t.Format, t.Args...) }

// or returns t when it still makes the sentence that is shown, else the sentence as it is.
func (t Text) or(sentence string) Text {
	if t.String() == sentence {
		return t
	}
	return Textf("%s", sentence)
}
