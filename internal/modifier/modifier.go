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

	MaxAllergens = 30 // of a choice

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
	Name      string       `json:"name"`
	Price     money.Amount `json:"price"`
	Allergens []string     `json:"allergens,omitempty"` // what it holds that makes some people ill
}

// Pick is a choice that a guest has made.
type Pick struct{ Group, Choice string }

// Usual tells whether a choice is what a guest gets who chooses nothing.
func (g Group) Usual(choice int) bool { return choice < g.Min }

// Check returns the first thing that is wrong with an item's groups; nil when nothing is. Errors: KindInvalid.
func Check(groups []Group) error {
	if len(groups) > MaxGroups {
		return errs.Invalid("there may be at most %d groups", MaxGroups)
	}
	for i, g := range groups {
		var f errs.Fields
		checkGroup(&f, groups[:i], g, "")
		if len(f) > 0 {
			return errs.Invalid("group %q: %s", g.Name, f[0].Said())
		}
	}
	return nil
}

// Faults names each faulty field of an item's groups, as choices[1].of[0].name.
func Faults(f *errs.Fields, groups []Group) {
	if len(groups) > MaxGroups {
		f.Add("choices", "there may be at most %d groups", MaxGroups)
	}
	for i, g := range groups {
		checkGroup(f, groups[:i], g, fmt.Sprintf("choices[%d]", i))
	}
}

func checkGroup(f *errs.Fields, before []Group, g Group, at string) {
	switch {
	case !named(g.Name):
		f.Add(at+".name", "its name must have 1 to %d characters", MaxName)
	case slices.ContainsFunc(before, func(o Group) bool { return o.Name == g.Name }):
		f.Add(at+".name", "there are two groups %q", g.Name)
	}
	switch n := len(g.Choices); {
	case n < 1 || n > MaxChoices:
		f.Add(at+".of", "it must have 1 to %d choices", MaxChoices)
	case g.Min < 0 || g.Max < 1 || g.Min > g.Max || g.Max > n:
		f.Add(at+".min", "it must be from min 0 to max %d, and min not above max", n)
	}
	for i, c := range g.Choices {
		checkChoice(f, g.Choices[:i], c, fmt.Sprintf("%s.of[%d]", at, i))
	}
}

func checkChoice(f *errs.Fields, before []Choice, c Choice, at string) {
	switch {
	case !named(c.Name):
		f.Add(at+".name", "a choice's name must have 1 to %d characters", MaxName)
	case slices.ContainsFunc(before, func(o Choice) bool { return o.Name == c.Name }):
		f.Add(at+".name", "there are two choices %q", c.Name)
	}
	if c.Price < -MaxPrice || c.Price > MaxPrice {
		f.Add(at+".price", "a choice must not add or take off more than %s", MaxPrice)
	}
	if len(c.Allergens) > MaxAllergens {
		f.Add(at+".allergens", "must be at most %d", MaxAllergens)
	}
	for i, a := range c.Allergens {
		if !named(a) {
			f.Add(at+".allergens", "must have 1 to %d characters each", MaxName)
		}
		if slices.Contains(c.Allergens[:i], a) {
			f.Add(at+".allergens", "%q is here twice", a)
		}
	}
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
		if len(c.Allergens) > 0 {
			parts[i] += " (" + strings.Join(c.Allergens, ", ") + ")"
		}
	}
	return fmt.Sprintf("%s %s: %s", g.Name, g.Range(), strings.Join(parts, ", "))
}
