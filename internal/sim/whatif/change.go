// Package whatif answers what an evening would have been like with another kitchen: it plays evenings with a change and
// without, on the same orders and the same luck, and tells the differences with their confidence intervals.
//
// A change is a line of words:
//
//	machine NAME [like NAME] [capacity N] [from HH:MM] [to HH:MM]   one more machine, and as many slots at its station
//	no-machine NAME [from HH:MM] [to HH:MM]                         a machine is down
//	station NAME capacity N                                         a station has room for N tasks
//	cook NAME like NAME [parallel N] [efficiency X] [from HH:MM] [to HH:MM]   one more cook
//	no-cook NAME [from HH:MM] [to HH:MM]                            a cook is away, and it is known beforehand
//	without-item SKU                                                an item is off the menu; orders come without it
//	policy NAME [wait X] [late X] [together X]                      the planner decides by other rules; see kitchen.Rules
//	orders +N%                                                      so many more orders like those that came; -N%: fewer
//
// A name with spaces stands in double quotes. Without like, a machine is like the one whose name differs only in the
// number at its end. Clock times are the outlet's; those before the evening begins are of the next day.
package whatif

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"brigade/internal/errs"
)

// Change is one thing that would be different.
type Change struct {
	Text       string // as it was written
	Verb       string
	Name       string
	Like       string
	Capacity   int
	Parallel   int
	Efficiency float64
	From, To   string             // HH:MM; "": the whole evening
	Costs      map[string]float64 // of a policy's aims, by option
}

// grammar is which options a verb takes.
var grammar = map[string][]string{
	"machine": {"like", "capacity", "from", "to"}, "no-machine": {"from", "to"}, "station": {"capacity"},
	"cook": {"like", "parallel", "efficiency", "from", "to"}, "no-cook": {"from", "to"}, "without-item": nil,
	"policy": {"wait", "late", "together"}, "orders": nil,
}

// Verbs lists what a change can begin with.
func Verbs() []string {
	return []string{"machine", "no-machine", "station", "cook", "no-cook", "without-item", "policy", "orders"}
}

// Parse reads a change. Errors: KindInvalid, which say which word is wrong and what could stand there.
func Parse(text string) (Change, error) {
	words, err := split(text)
	if err != nil {
		return Change{}, err
	}
	if len(words) == 0 {
		return Change{}, errs.Invalid("a change must not be empty: it begins with %s", strings.Join(Verbs(), ", "))
	}
	c := Change{Text: text, Verb: words[0]}
	options, known := grammar[c.Verb]
	switch {
	case !known:
		return c, errs.Invalid("%q: a change cannot begin with %q, but with %s", text, c.Verb, strings.Join(Verbs(), ", "))
	case len(words) < 2:
		return c, errs.Invalid("%q: after %s comes a name", text, c.Verb)
	}
	c.Name = words[1]
	for i := 2; i < len(words); i += 2 {
		switch {
		case !slices.Contains(options, words[i]):
			return c, errs.Invalid("%q: %q cannot follow here; %s", text, words[i], possible(c.Verb, options))
		case i+1 == len(words):
			return c, errs.Invalid("%q: after %s comes a value", text, words[i])
		}
		if err := c.set(words[i], words[i+1]); err != nil {
			return c, err
		}
	}
	return c, c.check()
}

func possible(verb string, options []string) errs.Text {
	if len(options) == 0 {
		return errs.Textf("%s takes a name and nothing else", verb)
	}
	return errs.Textf("%s takes %s", verb, strings.Join(options, ", "))
}

// split separates words at blanks; double quotes hold a word together.
func split(text string) (words []string, err error) {
	var word strings.Builder
	quoted, any := false, false
	for _, r := range text {
		switch {
		case r == '"':
			quoted, any = !quoted, true
		case (r == ' ' || r == '\t') && !quoted:
			if any {
				words = append(words, word.String())
			}
			word.Reset()
			any = false
		default:
			word.WriteRune(r)
			any = true
		}
	}
	if quoted {
		return nil, errs.Invalid("%q: a quote is not closed", text)
	}
	if any {
		words = append(words, word.String())
	}
	return words, nil
}

func (c *Change) set(option, value string) (err error) {
	switch option {
	case "like":
		c.Like = value
	case "capacity":
		c.Capacity, err = c.number(option, value)
	case "parallel":
		c.Parallel, err = c.number(option, value)
	case "efficiency":
		c.Efficiency, err = strconv.ParseFloat(value, 64)
		if err != nil || !(c.Efficiency > 0 && c.Efficiency <= 10) {
			return errs.Invalid("%q: efficiency is a number above 0 and up to 10, not %q", c.Text, value)
		}
	case "wait", "late", "together":
		cost, err := strconv.ParseFloat(value, 64)
		if err != nil || !(cost >= 0 && cost <= 100) {
			return errs.Invalid("%q: %s is a number from 0 to 100, not %q", c.Text, option, value)
		}
		if c.Costs == nil {
			c.Costs = map[string]float64{}
		}
		c.Costs[option] = cost
	case "from":
		c.From, err = c.clock(option, value)
	case "to":
		c.To, err = c.clock(option, value)
	}
	return err
}

func (c *Change) number(option, value string) (int, error) {
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 || n > 10_000 {
		return 0, errs.Invalid("%q: %s is a whole number from 1 to 10000, not %q", c.Text, option, value)
	}
	return n, nil
}

func (c *Change) clock(option, value string) (string, error) {
	if _, err := time.Parse("15:04", value); err != nil {
		return "", errs.Invalid("%q: %s is a time like 18:00, not %q", c.Text, option, value)
	}
	return value, nil
}

// check looks at what belongs together.
func (c *Change) check() error {
	switch {
	case c.Verb == "station" && c.Capacity == 0:
		return errs.Invalid("%q: say how large: station %s capacity N", c.Text, c.Name)
	case c.Verb == "cook" && c.Like == "":
		return errs.Invalid("%q: say whose skills: cook %s like NAME", c.Text, c.Name)
	case c.Name == "":
		return errs.Invalid("%q: the name is empty", c.Text)
	case c.Verb == "orders":
		_, err := c.percent()
		return err
	}
	return nil
}
