package settings

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"brigade/internal/errs"
	"brigade/internal/modifier"
	"brigade/internal/money"
)

// groupForm is choices of one kind as they were filled in.
type groupForm struct {
	Name, Min, Max string
	Options        []optionForm
}

// optionForm is one of them.
type optionForm struct{ Name, Price, Allergens string }

const (
	emptyOptions = 2 // how many more choices a group has room for

	// Rows that are read and shown, a few more than may be saved.
	mostGroupRows  = modifier.MaxGroups + 2
	mostOptionRows = modifier.MaxChoices + 2*emptyOptions
)

func groupForms(groups []modifier.Group) (list []groupForm) {
	for _, g := range groups {
		f := groupForm{Name: g.Name, Min: itoa(g.Min), Max: itoa(g.Max)}
		for _, c := range g.Choices {
			o := optionForm{Name: c.Name, Allergens: strings.Join(c.Allergens, ", ")}
			if c.Price != 0 {
				o.Price = c.Price.String()
			}
			f.Options = append(f.Options, o)
		}
		list = append(list, f)
	}
	return list
}

func newGroup() groupForm { return groupForm{Min: "0", Max: "1"} }

// readGroups reads the choices of a form, row by row.
func readGroups(r *http.Request) (list []groupForm) {
	for i := range min(len(r.PostForm["group_name"]), mostGroupRows) {
		g := groupForm{Name: nth(r, "group_name", i), Min: nth(r, "group_min", i), Max: nth(r, "group_max", i)}
		of := "_" + itoa(i)
		for j := range min(len(r.PostForm["option_name"+of]), mostOptionRows) {
			g.Options = append(g.Options, optionForm{
				nth(r, "option_name"+of, j), nth(r, "option_price"+of, j), nth(r, "option_allergens"+of, j),
			})
		}
		list = append(list, g)
	}
	return list
}

// filled leaves out the rows in which nothing stands, so that what is wrong is said of the rows that are shown.
func filled(groups []groupForm) (list []groupForm) {
	for _, g := range groups {
		g.Options = slices.DeleteFunc(slices.Clone(g.Options), func(o optionForm) bool { return o == optionForm{} })
		if g.Name != "" || len(g.Options) > 0 {
			list = append(list, g)
		}
	}
	return list
}

// roomy gives each group empty rows to write more choices into.
func roomy(groups []groupForm) []groupForm {
	groups = slices.Clone(groups)
	for i, g := range groups {
		if n := len(g.Options); n == 0 || g.Options[n-1] != (optionForm{}) {
			groups[i].Options = append(slices.Clone(g.Options), make([]optionForm, emptyOptions)...)
		}
	}
	return groups
}

// changedGroups are the groups once one of the form's own buttons was used.
func changedGroups(groups []groupForm, do string) []groupForm {
	at := func(prefix string) int {
		rest, ok := strings.CutPrefix(do, prefix)
		if i, err := strconv.Atoi(rest); ok && err == nil && i >= 0 && i < len(groups) {
			return i
		}
		return -1
	}
	switch more, gone := at("options:"), at("dropgroup:"); {
	case do == "group" && len(groups) < mostGroupRows:
		return append(groups, newGroup())
	case more >= 0 && len(groups[more].Options) < mostOptionRows:
		groups[more].Options = append(groups[more].Options, make([]optionForm, emptyOptions)...)
	case gone >= 0:
		return slices.Delete(slices.Clone(groups), gone, gone+1)
	}
	return groups
}

// groups reads what the rows say; what is no number or amount is wrong, all else is for the editor to judge.
func (f itemForm) groups(wrong *errs.Fields) (list []modifier.Group) {
	for i, g := range f.Groups {
		path := fmt.Sprintf("choices[%d]", i)
		group := modifier.Group{Name: g.Name, Min: count(wrong, path+".min", g.Min, 0), Max: count(wrong, path+".min", g.Max, 1)}
		for j, o := range g.Options {
			group.Choices = append(group.Choices, o.choice(wrong, fmt.Sprintf("%s.of[%d]", path, j)))
		}
		list = append(list, group)
	}
	return list
}

func count(wrong *errs.Fields, path, text string, otherwise int) int {
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		wrong.Add(path, "must be a whole number")
	}
	return n
}

func (o optionForm) choice(wrong *errs.Fields, path string) modifier.Choice {
	c := modifier.Choice{Name: o.Name}
	if o.Price != "" {
		price, err := money.Parse(strings.TrimPrefix(strings.Replace(o.Price, ",", ".", 1), "+"))
		if err != nil {
			wrong.Add(path+".price", "must be an amount with at most two decimals, as 1.50 or -0.50")
		}
		c.Price = price
	}
	for a := range strings.SplitSeq(o.Allergens, ",") {
		if a = strings.TrimSpace(a); a != "" {
			c.Allergens = append(c.Allergens, a)
		}
	}
	return c
}
