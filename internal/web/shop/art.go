package shop

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"

	"brigade/internal/menu"
)

// An item without a photograph is drawn: what it is follows from its words, how it lies there from its name, so that the
// same item always looks the same and no two of a kind do.

// artEdition moves when drawings change, so that browsers draw them anew.
const artEdition = "1"

// Art is drawn on so many units.
const artWide, artHigh = 320, 220

// artPath is where an item's picture is. It changes when what is drawn does, so it may be kept for ever.
func artPath(p place, it menu.Item) string {
	return p.base() + "/art/" + it.SKU + "?v=" + strconv.FormatUint(seed(artEdition+it.Name+"|"+it.Category)%1_000_000_000, 36)
}

func (s *server) showArt(w http.ResponseWriter, r *http.Request, p place) error {
	items, err := s.Menu.Items(r.Context(), p.Outlet.Tenant, p.ID)
	if err != nil {
		return err
	}
	it, err := (&look{Items: items}).item(r.PathValue("sku"))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = w.Write([]byte(draw(it.Name, it.Category))) // who went away needs no answer
	return nil
}

func seed(s string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s)) // a hash takes everything
	return h.Sum64()
}

// canvas is a picture in work. It is drawn with attributes alone: pages allow no styles.
type canvas struct {
	strings.Builder
	*rand.Rand
	words string // of the item, in lower case
}

// says tells whether one of the item's words begins with one of some.
func (c *canvas) says(some string) bool { return begins(c.words, some) }

func begins(words, some string) bool {
	for w := range strings.FieldsSeq(words) {
		for s := range strings.FieldsSeq(some) {
			if strings.HasPrefix(w, s) {
				return true
			}
		}
	}
	return false
}

// draw draws an item.
func draw(name, category string) string {
	n := seed(strings.ToLower(name))
	words := strings.ToLower(name + " " + category)
	c := &canvas{Rand: rand.New(rand.NewPCG(n, n>>7)), words: words} //nolint:gosec // it is a picture
	kind := kindOf(strings.ToLower(name))
	if kind == anyKind {
		kind = kindOf(words)
	}
	ground := grounds[kind][c.IntN(len(grounds[kind]))]
	fmt.Fprintf(c, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d">`, artWide, artHigh)
	fmt.Fprintf(c, `<rect width="%d" height="%d" fill="%s"/>`, artWide, artHigh, ground[0])
	c.cloth(ground[1])
	drawings[kind](c)
	c.WriteString(`</svg>`)
	return c.String()
}

// cloth lays a few wide, quiet bands over the ground.
func (c *canvas) cloth(colour string) {
	tilt := c.Float64()*40 - 20
	for x := -60.0 + c.Float64()*40; x < artWide+60; x += 84 {
		fmt.Fprintf(c, `<path d="M%.0f -10h30L%.0f 230h-30z" fill="%s" opacity=".35"/>`, x+tilt, x-tilt, colour)
	}
}

// Kinds of drawings, by words that names and categories have; the first that is found counts.
var kinds = []struct{ kind, words string }{
	{"burger", "burger hamburg cheeseburg sandwich бургер"},
	{"wrap", "wrap burrito taco kebab tortilla ролл шаурма"},
	{"calzone", "calzone empanada pastry пирож"},
	{"pizza", "pizza focaccia пицца"},
	{"bowl", "insalata salad ensalada bowl poke leaves салат soup sopa ramen суп"},
	{"dessert", "tiramis cake dessert postre torta pie brownie ice десерт торт"},
	{"dip", "dip sauce salsa extra соус"},
	{"cup", "espresso hot coffee tea té café cappucc latte чай кофе"},
	{"glass", "drink lemonade juice soda water cola beer wine bebida zumo напит лимонад"},
}

// anyKind is how anything else is drawn.
const anyKind = "plate"

// kindOf tells how something is drawn, by its words in lower case. A cold coffee is a glass.
func kindOf(words string) string {
	if begins(words, "cold iced frapp") {
		return "glass"
	}
	for _, k := range kinds {
		if begins(words, k.words) {
			return k.kind
		}
	}
	return anyKind
}

// grounds are what kinds are drawn on: a ground and the bands on it.
var grounds = map[string][][2]string{
	"burger":  {{"#f6c667", "#f0b440"}, {"#f2b880", "#eaa562"}},
	"wrap":    {{"#c9dcae", "#b5cd92"}, {"#f1d8a6", "#e9c988"}},
	"calzone": {{"#e9c9a2", "#deb685"}},
	"pizza":   {{"#e8a27c", "#dd8c61"}, {"#b8cfc1", "#a2bfae"}, {"#f0cf8e", "#e7bf71"}, {"#c7b9d6", "#b6a5c9"}},
	"bowl":    {{"#d7e6c3", "#c5d9ab"}},
	"dessert": {{"#ecd3cd", "#e2bfb7"}, {"#d9cbb8", "#ccbaa2"}},
	"dip":     {{"#f3d9c4", "#eac6a9"}},
	"cup":     {{"#d8c8b8", "#c9b5a1"}},
	"glass":   {{"#bfe0dc", "#a8d2cd"}, {"#cfd9ee", "#bcc9e4"}, {"#dfe7a9", "#d2dc8e"}},
	"plate":   {{"#cfdbe4", "#bccdd9"}, {"#e4d5c3", "#d9c5ad"}},
}

// drawings draw the kinds.
var drawings = map[string]func(*canvas){
	"burger": burger, "wrap": wrap, "calzone": calzone, "pizza": pizza, "bowl": bowl,
	"dessert": dessert, "dip": dip, "cup": cup, "glass": glass, "plate": plate,
}

// shade draws what lies below things.
func (c *canvas) shade(x, y, rx, ry float64) {
	fmt.Fprintf(c, `<ellipse cx="%.1f" cy="%.1f" rx="%.1f" ry="%.1f" fill="#2b1d12" opacity=".16"/>`, x, y, rx, ry)
}

func (c *canvas) circle(x, y, r float64, fill string) {
	fmt.Fprintf(c, `<circle cx="%.1f" cy="%.1f" r="%.1f" fill="%s"/>`, x, y, r, fill)
}

func (c *canvas) ellipse(x, y, rx, ry float64, fill string) {
	fmt.Fprintf(c, `<ellipse cx="%.1f" cy="%.1f" rx="%.1f" ry="%.1f" fill="%s"/>`, x, y, rx, ry, fill)
}

func (c *canvas) path(d, fill string) { fmt.Fprintf(c, `<path d="%s" fill="%s"/>`, d, fill) }

// dish draws an empty plate from above.
func (c *canvas) dish(r float64) {
	c.shade(164, 118, r+3, r+3)
	c.circle(160, 110, r, "#fdfaf4")
	c.circle(160, 110, r-11, "#f1ebdf")
	c.circle(160, 110, r-13, "#f8f3e9")
}

// around returns a random place at most r from the middle, the same chance for each.
func (c *canvas) around(x, y, r float64) (float64, float64) {
	a, d := c.Float64()*2*math.Pi, r*math.Sqrt(c.Float64())
	return x + d*math.Cos(a), y + d*math.Sin(a)
}

func (c *canvas) pick(colours ...string) string { return colours[c.IntN(len(colours))] }

// veil is a path that lets through what lies below it.
func (c *canvas) veil(d, fill string, opacity float64) {
	fmt.Fprintf(c, `<path d="%s" fill="%s" opacity="%.2f"/>`, d, fill, opacity)
}

// leaf draws a leaf that points somewhere.
func (c *canvas) leaf(x, y, size float64, colour string) {
	fmt.Fprintf(c, `<g transform="translate(%.1f %.1f) rotate(%d)"><path d="M0 %.1fC%.1f %.1f %.1f %.1f 0 %.1fC%.1f %.1f %.1f %.1f 0 %.1fz" fill="%s"/><path d="M0 %.1fV%.1f" stroke="#fff" stroke-opacity=".45" stroke-width="1.4"/></g>`,
		x, y, c.IntN(360), size, size*.8, size*.4, size*.8, -size*.4, -size, -size*.8, -size*.4, -size*.8, size*.4, size, colour, size*.7, -size*.6)
}
