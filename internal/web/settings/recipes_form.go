package settings

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"brigade/internal/errs"
	"brigade/internal/measure"
	"brigade/internal/menu/edit"
	"brigade/internal/menu/load"
	"brigade/internal/money"
	"brigade/internal/recipe"
)

// itemForm is the form of an item as it was filled in.
type itemForm struct {
	Version                                string // of the item as the form's visitor saw it
	SKU, Name, Category, Description, Cost string
	Alcohol, Large                         bool
	Allergens                              []string
	Steps                                  []stepForm
	Parts                                  []partForm
	Groups                                 []groupForm
	keepsGroups                            bool // it does not speak of choices: they stay as they are
}

// stepForm is a step as it was filled in.
type stepForm struct {
	Name, Station, Machine, Seconds, Priority, Batch, Wait string
	After                                                  []int
}

// partForm is an ingredient as it was filled in.
type partForm struct{ Code, Quantity string }

const (
	emptyParts = 3 // how many more ingredients a form has room for

	// Rows that are read and shown, a few more than may be saved: a step lists all others, an ingredient all that there are.
	mostStepRows = 110
	mostPartRows = 200
)

func itoa(n int) string { return strconv.Itoa(n) }

func newItemForm() itemForm {
	return itemForm{Steps: []stepForm{newStep()}, Parts: make([]partForm, emptyParts)}
}

func newStep() stepForm { return stepForm{Seconds: "60", Priority: "10"} }

// formOf fills a form in.
func formOf(t edit.Thing, unit func(code string) measure.Unit) itemForm {
	it := t.Item
	f := itemForm{
		Version: t.Version(), SKU: it.SKU, Name: it.Name, Category: it.Category, Description: it.Description, Cost: it.Price.String(),
		Alcohol: it.Alcohol, Large: it.Large, Allergens: it.Allergens, Groups: groupForms(it.Choices),
	}
	for _, st := range it.Steps {
		s := stepForm{
			Name: st.Name, Station: st.Station, Machine: st.Machine, Seconds: decimal(st.Seconds), Priority: decimal(st.Priority), After: st.After,
		}
		if st.Batch.Size > 1 {
			s.Batch, s.Wait = itoa(st.Batch.Size), decimal(st.Batch.Wait.Seconds())
		}
		f.Steps = append(f.Steps, s)
	}
	for _, p := range it.Parts {
		f.Parts = append(f.Parts, partForm{p.Code, p.Quantity.In(unit(p.Code))})
	}
	f.Parts = append(f.Parts, make([]partForm, emptyParts)...)
	return f
}

func decimal(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// readItem reads the form.
func readItem(r *http.Request) itemForm {
	v := func(field string) string { return strings.TrimSpace(r.PostFormValue(field)) }
	f := itemForm{
		Version: v("version"), SKU: v("sku"), Name: v("name"), Category: v("category"), Description: v("description"), Cost: v("price"),
		Alcohol: v("alcohol") != "", Large: v("large") != "", Allergens: slices.Clone(r.PostForm["allergen"]),
	}
	if sku := r.PathValue("sku"); sku != "" {
		f.SKU = sku
	}
	for a := range strings.SplitSeq(v("allergens_other"), ",") {
		if a = strings.TrimSpace(a); a != "" && !slices.Contains(f.Allergens, a) {
			f.Allergens = append(f.Allergens, a)
		}
	}
	f.Groups, f.keepsGroups = readGroups(r), v("choices") == ""
	for i := range min(len(r.PostForm["step_name"]), mostStepRows) {
		f.Steps = append(f.Steps, readStep(r, i))
	}
	for i := range min(len(r.PostForm["part"]), mostPartRows) {
		f.Parts = append(f.Parts, partForm{nth(r, "part", i), nth(r, "quantity", i)})
	}
	slices.SortStableFunc(f.Parts, partForm.compare)
	return f
}

// compare puts ingredients into the order in which they are kept, so that what is wrong with one is said in its row; rows that
// were left empty come last.
func (p partForm) compare(o partForm) int {
	if empty := (partForm{}); (p == empty) != (o == empty) {
		if p == empty {
			return 1
		}
		return -1
	}
	return strings.Compare(p.Code, o.Code)
}

// nth is the value of a field that the form has once for each row.
func nth(r *http.Request, field string, i int) string {
	if list := r.PostForm[field]; i < len(list) {
		return strings.TrimSpace(list[i])
	}
	return ""
}

func readStep(r *http.Request, i int) stepForm {
	s := stepForm{
		Name: nth(r, "step_name", i), Station: nth(r, "step_station", i), Machine: nth(r, "step_machine", i), Seconds: nth(r, "step_seconds", i),
		Priority: nth(r, "step_priority", i), Batch: nth(r, "step_batch", i), Wait: nth(r, "step_wait", i),
	}
	for _, text := range r.PostForm["after_"+itoa(i)] {
		if j, err := strconv.Atoi(text); err == nil {
			s.After = append(s.After, j)
		}
	}
	return s
}

// changed is the form once one of its own buttons was used.
func (f itemForm) changed(do string) itemForm {
	f.Groups = changedGroups(f.Groups, do)
	switch gone, drop := strings.CutPrefix(do, "drop:"); {
	case do == "add" && len(f.Steps) < mostStepRows:
		f.Steps = append(f.Steps, newStep())
	case do == "part":
		f.Parts = append(f.Parts, make([]partForm, min(emptyParts, mostPartRows-len(f.Parts)))...)
	case drop:
		if i, err := strconv.Atoi(gone); err == nil && i >= 0 && i < len(f.Steps) && len(f.Steps) > 1 {
			f.Steps = without(f.Steps, i)
		}
	}
	return f
}

// without takes a step away; what waited for it waits for what it waited for.
func without(steps []stepForm, gone int) []stepForm {
	before := steps[gone].After
	out := slices.Delete(slices.Clone(steps), gone, gone+1)
	for i := range out {
		var after []int
		list := out[i].After
		if slices.Contains(list, gone) {
			list = append(slices.Clone(list), before...)
		}
		for _, j := range list {
			if j > gone {
				j--
			} else if j == gone {
				continue
			}
			if j != i && !slices.Contains(after, j) {
				after = append(after, j)
			}
		}
		out[i].After = after
	}
	return out
}

// item reads what the form says. Errors: KindInvalid, for what is no number, amount or quantity; all else is for the editor
// to judge.
func (f itemForm) item(set edit.Set) (edit.Item, error) {
	var wrong errs.Fields
	it := edit.Item{Item: load.Item{
		SKU: f.SKU, Name: f.Name, Category: f.Category, Description: f.Description, Alcohol: f.Alcohol, Large: f.Large, Allergens: f.Allergens,
	}}
	it.Choices = f.groups(&wrong)
	if was := set.Find(load.Ref{Kind: load.KindItem, Name: f.SKU}); f.keepsGroups && was != nil {
		it.Choices = was.Item.Choices
	}
	price, err := money.Parse(strings.Replace(f.Cost, ",", ".", 1))
	if err != nil {
		wrong.Add("price", "must be an amount with at most two decimals, as 9.90")
	}
	it.Price = price
	for i, st := range f.Steps {
		it.Steps = append(it.Steps, st.step(i, &wrong))
	}
	for i, p := range f.Parts {
		if p.Code == "" && p.Quantity == "" {
			continue
		}
		q, err := measure.ParseQuantity(p.Quantity, unitOf(set, p.Code))
		if err != nil {
			wrong.Add(fmt.Sprintf("part[%d]", i), "%s", err)
		}
		it.Parts = append(it.Parts, load.Part{Code: p.Code, Quantity: q})
	}
	return it, wrong.Err()
}

func unitOf(set edit.Set, code string) measure.Unit { return setFrame{Set: set}.unit(code) }

func (s stepForm) step(i int, wrong *errs.Fields) load.Step {
	read := func(field, text string, otherwise float64) float64 {
		if text == "" {
			return otherwise
		}
		v, err := strconv.ParseFloat(strings.Replace(text, ",", ".", 1), 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			wrong.Add(fmt.Sprintf("steps[%d].%s", i, field), "must be a number")
			return 0
		}
		return v
	}
	st := load.Step{Name: s.Name, Station: s.Station, Machine: s.Machine, After: s.After}
	st.Seconds, st.Priority = read("seconds", s.Seconds, 0), read("priority", s.Priority, 10)
	if size := read("batch", s.Batch, 0); size > 1 {
		st.Batch = recipe.Batch{Size: int(min(size, 1e6)), Wait: time.Duration(min(read("wait", s.Wait, 0), 1e6)) * time.Second}
	}
	return st
}

// overtakenBy is what somebody else has made of a thing, if that is why an edit failed; else nil.
func overtakenBy(err error) *edit.Thing {
	if late, ok := errors.AsType[edit.Overtaken](err); ok {
		return late.Now
	}
	return nil
}
