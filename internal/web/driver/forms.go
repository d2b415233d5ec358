package driver

import (
	"cmp"
	"html/template"
	"slices"
)

// funcs are what the page's templates can call.
var funcs = template.FuncMap{"tap": newTapForm, "reasons": func(of string) []string { return reasons[of] }, "main": mainIf, "at": at}

// reasons are why something is not carried, as the page offers them; each is a text.
var reasons = map[string][]string{
	"decline": {"driver.reason.far", "driver.reason.vehicle", "driver.reason.stop"},
	"problem": {"driver.reason.nobody", "driver.reason.address", "driver.reason.damaged", "driver.reason.refused"},
}

// tapForm is a form that is one tap.
type tapForm struct {
	Base, Do, Refs string
	Class          string // of its button
	ID             string // of its field for another reason
	Text           string // what its button says, or whose reasons it offers
	About          string // what its button is about, for those who do not see what it stands at
}

func newTapForm(base, do, refs, class, text string, about ...string) tapForm {
	return tapForm{Base: base, Do: do, Refs: refs, Class: class, ID: class, Text: text, About: cmp.Or(slices.Concat(about, []string{""})...)}
}

// mainIf is the class of a button that is the next to be pressed.
func mainIf(ready bool) string {
	if ready {
		return "main"
	}
	return ""
}

// placed is a stop on a driver's page.
type placed struct {
	Base string
	It   any
}

func at(v any, it any) placed {
	switch v := v.(type) {
	case view:
		return placed{v.Base, it}
	case driverPage:
		return placed{v.Base, it}
	}
	return placed{It: it}
}
