package page

import (
	"fmt"
	"html/template"
	"strings"

	"brigade/internal/errs"
	"brigade/internal/web/texts"
)

// funcs are what templates can call.
func funcs(files *assets, l texts.Language) template.FuncMap {
	return template.FuncMap{
		"t":      l.Say,
		"raw":    l.Raw,
		"stored": l.Stored,
		"tell":   func(t errs.Text) string { text, _ := l.Tell(t); return text },
		"langs":  func() []texts.Language { return texts.Languages },
		"asset":  files.path,
		"icon":   icon,
		"millis": Millis,
		"digits": func() []int { return []int{1, 2, 3, 4, 5, 6, 7, 8, 9} },
	}
}

// icons are drawn on 16 × 16 units, in the colour of the text.
var icons = map[string]string{
	"received": `<path d="M2 9.5 4 3h8l2 6.5V13H2z"/><path d="M2 9.5h3.5l1 1.5h3l1-1.5H14"/>`,
	"cooking":  `<path d="M8 1.5c.5 2.5 4 4 4 7.8A4 4 0 0 1 8 14a4 4 0 0 1-4-4.4c0-1.5.8-2.6 1.6-3.4.2 1.3.8 1.9 1.4 2.1C6.6 6 7 3.5 8 1.5z"/>`,
	"ready":    `<circle cx="8" cy="8" r="6.2"/><path d="m5.2 8.2 2 2 3.7-4.2"/>`,
	"closed":   `<path d="M3.5 5.5h9l.8 8H2.7z"/><path d="M5.7 5.5a2.3 2.3 0 0 1 4.6 0"/>`,
	"dine_in":  `<path d="M2 6h12M8 6v7M5 13h6"/>`,
	"takeout":  `<path d="M3.5 5.5h9l.8 8H2.7z"/><path d="M5.7 5.5a2.3 2.3 0 0 1 4.6 0"/>`,
	"delivery": `<circle cx="4" cy="11.5" r="1.8"/><circle cx="12.2" cy="11.5" r="1.8"/><path d="M5.8 11.5h4.6M2.2 9.7V8h5.3v3.5M9.5 4h2l1.2 5.7"/>`,
	"person":   `<circle cx="8" cy="5" r="2.7"/><path d="M2.8 14c.3-3.3 2.4-5 5.2-5s4.9 1.7 5.2 5"/>`,
	"machine":  `<rect x="2.5" y="3" width="11" height="10" rx="1.5"/><path d="M2.5 6.2h11M5 4.6h.01M7 4.6h.01"/>`,
	"rush":     `<path d="M9 1.5 3.5 9H8l-1 5.5L12.5 7H8z"/>`,
	"more":     `<path d="M3 8h.01M8 8h.01M13 8h.01" stroke-width="3"/>`,
	"bell":     `<path d="M4 11V7a4 4 0 0 1 8 0v4l1.2 1.5H2.8zM6.5 14h3"/>`,
	"flash":    `<circle cx="8" cy="8" r="2.5"/><path d="M8 1.5V3M8 13v1.5M1.5 8H3M13 8h1.5M3.4 3.4l1 1M11.6 11.6l1 1M12.6 3.4l-1 1M4.4 11.6l-1 1"/>`,
	"keys":     `<rect x="1.5" y="4" width="13" height="8" rx="1.5"/><path d="M4 6.7h.01M6.7 6.7h.01M9.3 6.7h.01M12 6.7h.01M5 9.5h6"/>`,
	"undo":     `<path d="M3 6.5h6.5a3.5 3.5 0 0 1 0 7H6"/><path d="M5.5 3.5 2.5 6.5l3 3"/>`,
	"held":     `<path d="M5.5 3v10M10.5 3v10" stroke-width="2.2"/>`,
	"late":     `<path d="M8 2 14.5 13.5h-13z"/><path d="M8 6.5v3M8 11.6h.01"/>`,
	"print":    `<path d="M4.5 6V2h7v4M4.5 11.5H2.5V6h11v5.5h-2"/><path d="M4.5 9.5h7V14h-7z"/>`,
	"full":     `<path d="M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10"/>`,
	"size":     `<path d="M2 12.5 5.5 4h1L10 12.5M3.3 9.7h5.4M12.5 6v5M10 8.5h5"/>`,
	"gauge":    `<path d="M2 12.5a6.2 6.2 0 1 1 12 0"/><path d="M8 11.5 10.8 7"/>`,
	"calendar": `<rect x="2" y="3.5" width="12" height="10.5" rx="1.5"/><path d="M2 7h12M5.2 2v3M10.8 2v3"/>`,
	"flow":     `<circle cx="3.6" cy="8" r="1.8"/><circle cx="12.4" cy="4" r="1.8"/><circle cx="12.4" cy="12" r="1.8"/><path d="M5.2 7.2 10.8 4.7M5.2 8.8l5.6 2.5"/>`,
	"network":  `<path d="M2 14V8l3-2 3 2v6M8 14V4.5L11 2.5l3 2V14M1.5 14h13M4 10.5h2M10 6.5h2M10 9.5h2"/>`,
	"settings": `<path d="M2 4.5h6M12 4.5h2M2 11.5h2M8 11.5h6"/><circle cx="10" cy="4.5" r="1.8"/><circle cx="6" cy="11.5" r="1.8"/>`,
	"menu":     `<path d="M2 4h12M2 8h12M2 12h12"/>`,
	"lock":     `<rect x="3" y="7" width="10" height="7" rx="1.5"/><path d="M5.2 7V5a2.8 2.8 0 0 1 5.6 0v2"/>`,
	"card":     `<rect x="1.5" y="3.5" width="13" height="9" rx="1.5"/><path d="M1.5 6.5h13M4 10h3"/>`,
	"wait":     `<circle cx="8" cy="8" r="6.2"/><path d="M8 4.5V8l2.5 1.5"/>`,
}

// icon draws an icon that says nothing to a screen reader: words stand beside it.
func icon(name string) (template.HTML, error) {
	paths, ok := icons[name]
	if !ok {
		return "", fmt.Errorf("there is no icon %q", name)
	}
	return template.HTML(`<svg class="icon" viewBox="0 0 16 16" aria-hidden="true">` + paths + `</svg>`), nil
}

// ShortNumber is the end of an order's number: what is called out, 001 of ORD_20241216_001.
func ShortNumber(number string) string { return number[strings.LastIndexByte(number, '_')+1:] }
