package web

import (
	"fmt"
	"html/template"
)

// funcs are what templates can call.
func funcs(files *assets) template.FuncMap {
	return template.FuncMap{
		"asset":  files.path,
		"icon":   icon,
		"millis": unixMillis,
	}
}

// icons are drawn on 16 × 16 units, in the colour of the text.
var icons = map[string]string{
	"received": `<path d="M2 9.5 4 3h8l2 6.5V13H2z"/><path d="M2 9.5h3.5l1 1.5h3l1-1.5H14"/>`,
	"cooking":  `<path d="M8 1.5c.5 2.5 4 4 4 7.8A4 4 0 0 1 8 14a4 4 0 0 1-4-4.4c0-1.500.8-2.600 1.600-3.400.2 1.300.8 1.900 1.400 2.100C6.600 6 7 3.500 8 1.500z"/>`,
	"ready":    `<circle cx="8" cy="8" r="6.200"/><path d="m5.200 8.200 2 2 3.700-4.200"/>`,
	"closed":   `<path d="M3.500 5.500h9l.8 8H2.700z"/><path d="M5.700 5.500a2.300 2.300 0 0 1 4.600 0"/>`,
	"dine_in":  `<path d="M2 6h12M8 6v7M5 13h6"/>`,
	"takeout":  `<path d="M3.500 5.500h9l.8 8H2.700z"/><path d="M5.700 5.500a2.300 2.300 0 0 1 4.600 0"/>`,
	"delivery": `<circle cx="4" cy="11.500" r="1.800"/><circle cx="12.200" cy="11.500" r="1.800"/><path d="M5.800 11.500h4.600M2.200 9.700V8h5.300v3.500M9.500 4h2l1.200 5.700"/>`,
	"person":   `<circle cx="8" cy="5" r="2.700"/><path d="M2.800 14c.3-3.300 2.400-5 5.200-5s4.900 1.700 5.200 5"/>`,
	"machine":  `<rect x="2.500" y="3" width="11" height="10" rx="1.500"/><path d="M2.500 6.200h11M5 4.600h.01M7 4.600h.01"/>`,
	"wait":     `<circle cx="8" cy="8" r="6.200"/><path d="M8 4.500V8l2.500 1.500"/>`,
}

// icon draws an icon that says nothing to a screen reader: words stand beside it.
func icon(name string) (template.HTML, error) {
	paths, ok := icons[name]
	if !ok {
		return "", fmt.Errorf("there is no icon %q", name)
	}
	return template.HTML(`<svg class="icon" viewBox="0 0 16 16" aria-hidden="true">` + paths + `</svg>`), nil
}
