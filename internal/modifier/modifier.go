// Package modifier is what a guest can choose of an item: groups of choices, how many of each may be taken, and what
// they add to its price.
package modifier

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"brigade/internal/errs"
	"brigade/internal/money"
)

// Limits of an item's groups.
const (
	MaxGroups  = 10
	MaxChoices = 30
	MaxName    = 60 // characters of a group or a choice

	MaxPrice = money.Amount(1_000_000_00) // that a choice adds or takes off, so that no sum overflows
)

// Group is choices of one kind, of which a guest takes Min to Max. Who chooses nothing of a group gets its first Min
// choices: the item as it usually is.
type Group struct {
	Name    string   `json:"name"`
	Min     int      `json:"min"`
	Max     int      `json:"max"`
	Choices []Choice `json:"choices"`
}

// Choice is one of a group, and what it adds to the price of a unit; it may take something off.
type Choice struct {
	Name  string       `json:"name"`
	Price money.Amount `json:"price"`
}

// Pick is a choice that a guest has made.
type Pick struct{ Group, Choice string }

// Usual tells whether a choice is what a guest gets who chooses nothing.
func (g Group) Usual(choice int) bool { return choice < g.Min }

// Check returns what is wrong with an item's groups; nil when nothing is.
func Check(groups []Group) error {
	if len(groups) > MaxGroups {
		return errs.Invalid("there may be at most %d groups", MaxGroups)
	}
	for i, g := range groups {
		if slices.ContainsFunc(groups[:i], func(o Group) bool { return o.Name == g.Name }) {
			return errs.Invalid("there are two groups %q", g.Name)
		}
		if err := g.check(); err != nil {
			return errs.Invalid("group %q: %s", g.Name, err)
		}
	}
	return nil
}

func (g Group) check() error {
	switch n := len(g.Choices); {
	case !named(g.Name):
		return errs.Invalid("its name must have 1 to %d characters", MaxName)
	case n < 1 || n > MaxChoices:
		return errs.Invalid("it must have 1 to %d choices", MaxChoices)
	case g.Min < 0 || g.Max < 1 || g.Min > g.Max || g.Max > n:
		return errs.Invalid("it must be from min 0 to max %d, and min not above max", n)
	}
	for i, c := range g.Choices {
		if !named(c.Name) {
			return errs.Invalid("a choice's name must have 1 to %d characters", MaxName)
		}
		if slices.ContainsFunc(g.Choices[:i], func(o Choice) bool { return o.Name == c.Name }) {
			return errs.Invalid("there are two choices %q", c.Name)
		}
		if c.Price < -MaxPrice || c.Price > MaxPrice {
			return errs.Invalid("a choice must not add or take off more than %s", MaxPrice)
		}
	}
	return nil
}

func named(s string) bool {
	return s != "" && utf8.RuneCountInString(s) <= MaxName && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

// Apply works out what picks mean: the words for whoever makes the item (only what is not usual, "Extra cheese", "no
// pickles"), and what they add to the price of a unit. Errors: a pick that there is not, or too few or too many of a group.
func Apply(groups []Group, picks []Pick) (words []string, extra money.Amount, err error) {
	for _, p := range picks {
		if !slices.ContainsFunc(groups, func(g Group) bool { return g.Name == p.Group && g.find(p.Choice) >= 0 }) {
			return nil, 0, errs.Invalid("there is no choice %q in %q", p.Choice, p.Group)
		}
	}
	for _, g := range groups {
		taken := g.taken(picks)
		if len(taken) < g.Min || len(taken) > g.Max {
			return nil, 0, errs.Invalid("%s: choose %s", g.Name, g.Range())
		}
		for _, i := range taken {
			extra += g.Choices[i].Price
			if !g.Usual(i) {
				words = append(words, g.Choices[i].Name)
			}
		}
	}
	return words, extra, nil
}

// taken is which choices of the group are meant by picks, each once and in the group's order.
func (g Group) taken(picks []Pick) (taken []int) {
	for i, c := range g.Choices {
		if slices.Contains(picks, Pick{g.Name, c.Name}) {
			taken = append(taken, i)
		}
	}
	if len(taken) == 0 {
		for i := range g.Min {
			taken = append(taken, i)
		}
	}
	return taken
}

func (g Group) find(choice string) int {
	return slices.IndexFunc(g.Choices, func(c Choice) bool { return c.Name == choice })
}

// Range says how many are to be chosen: "1", "1 to 3".
func (g Group) Range() string {
	if g.Min == g.Max {
		return fmt.Sprint(g.Min)
	}
	return fmt.Sprintf("%d to %d", g.Min, g.Max)
}

// String says a group in one line, for people who compare two menus: "Extras 0 to 2: cheese +1.00, bacon +1.50".
func (g Group) String() string {
	parts := make([]string, len(g.Choices))
	for i, c := range g.Choices {
		parts[i] = c.Name
		switch {
		case c.Price > 0:
			parts[i] += " +" + c.Price.String()
		case c.Price < 0:
			parts[i] += " " + c.Price.String()
		}
	}
	return fmt.Sprintf("%s %s: %s", g.Name, g.Range(), strings.Join(parts, ", "))
}
