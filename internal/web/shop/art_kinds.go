package shop

import (
	"fmt"
	"math"
)

func burger(c *canvas) {
	c.shade(150, 178, 92, 13)
	for i := range 6 { // fries beside it
		x := 226 + float64(i%3)*15 + c.Float64()*4
		fmt.Fprintf(c, `<rect x="%.1f" y="%.1f" width="10" height="%d" rx="3" fill="%s" transform="rotate(%d %.1f 170)"/>`,
			x, 104+float64(i/3)*12+c.Float64()*8, 66-i/3*10, c.pick("#f7d154", "#f2c230", "#fbdc74"), c.IntN(16)-8, x)
	}
	c.path("M218 132h62l-8 48a6 6 0 0 1-6 5h-34a6 6 0 0 1-6-5z", "#c8452f")
	c.path("M224 146h50l-2 12h-46z", "#fdf6ea")
	c.path("M70 160h160v6a14 14 0 0 1-14 14H84a14 14 0 0 1-14-14z", "#d98a3d")
	c.path("M66 142h168a9 9 0 0 1 0 18H66a9 9 0 0 1 0-18z", "#6b3a22")
	c.path("M72 130h156l-26 18-20-12-22 16-22-16-20 12z", "#f6c430")
	c.path("M64 126q14-14 28 0t28 0 28 0 28 0 28 0 32 0v10q-18 8-34-2t-28 0-28 0-28 0-28 2-26-2z", "#6fae3f")
	c.path("M68 120h164v9a4 4 0 0 1-4 4H72a4 4 0 0 1-4-4z", "#d8492f")
	c.path("M66 118C66 74 104 52 150 52s84 22 84 66a5 5 0 0 1-5 5H71a5 5 0 0 1-5-5z", "#e39a47")
	c.path("M84 106c4-26 28-40 58-42-30 8-44 22-48 42z", "#f0b566")
	for range 14 {
		x, y := c.around(150, 88, 62)
		if y = math.Min(y, 104); y > 62 {
			fmt.Fprintf(c, `<ellipse cx="%.1f" cy="%.1f" rx="4" ry="2.3" fill="#fbe6b8" transform="rotate(%d %.1f %.1f)"/>`, x, y*.6+32, c.IntN(60)-30, x, y*.6+32)
		}
	}
}

func wrap(c *canvas) {
	c.shade(164, 172, 108, 16)
	for i, shift := range []float64{0, 44} {
		fmt.Fprintf(c, `<g transform="translate(%.0f %.0f) rotate(%d 150 110)">`, shift-22, shift*.5-8, -24+i*6)
		c.path("M66 92h150a30 30 0 0 1 0 60H66z", "#ecc993")
		c.path("M66 92h150a30 30 0 0 1 8 1 52 52 0 0 0-22 59H66z", "#f5dcb0")
		c.ellipse(66, 122, 17, 30, "#f8e6c4")
		c.ellipse(66, 122, 12.5, 24, "#7fb24a")
		for range 9 {
			x, y := c.around(66, 122, 11)
			c.circle(66+(x-66)*.75, 122+(y-122)*1.7, 4+c.Float64()*2, c.pick("#d8492f", "#f3cf5d", "#fff3df", "#8f5a33", "#a9cf6b"))
		}
		c.path("M120 92h96a30 30 0 0 1 0 60h-96q10-30 0-60z", "#fdfaf4")
		c.path("M138 92h10q8 30 0 60h-10q8-30 0-60zM170 92h10q8 30 0 60h-10q8-30 0-60z", c.pick("#d8694a", "#4f8f8b"))
		for range 7 {
			x, y := 76+c.Float64()*40, 98+c.Float64()*46
			c.ellipse(x, y, 4, 2, "#d6a668")
		}
		c.WriteString(`</g>`)
	}
}

func pizza(c *canvas) {
	c.shade(165, 119, 96, 94)
	c.circle(160, 110, 94, "#d9964c")
	c.circle(160, 110, 89, "#e8b069")
	c.circle(160, 110, 80, c.pick("#cf4527", "#d6542f"))
	cheese := 26
	if c.says("quattro formaggi cheese") {
		cheese = 60
	}
	for range cheese {
		x, y := c.around(160, 110, 70)
		c.ellipse(x, y, 9+c.Float64()*9, 7+c.Float64()*8, c.pick("#fbe3a4", "#f8d988", "#fdeebf"))
	}
	top := c.IntN(3)
	switch {
	case c.says("margherita vegg napol"):
		top = 0
	case c.says("diavola pepperoni salami"):
		top = 1
	}
	for i := range 11 {
		if c.says("quattro formaggi cheese") {
			break // nothing but cheese
		}
		a, d := float64(i)*2.4+c.Float64()*.5, 18+float64(i%4)*16
		x, y := 160+d*math.Cos(a), 110+d*math.Sin(a)
		switch top {
		case 0:
			c.leaf(x, y, 10, c.pick("#3f8a3a", "#5aa548"))
		case 1:
			c.circle(x, y, 10.5, "#9c2b1c")
			c.circle(x, y, 9, "#bb3a26")
			c.circle(x-2, y-2, 1.6, "#e2836b")
			c.circle(x+3, y+2, 1.4, "#e2836b")
		default:
			c.circle(x, y, 7, "#33363f")
			c.circle(x, y, 3, "#d9a05c")
		}
	}
	for i := range 4 {
		a := float64(i)*math.Pi/4 + .3
		dx, dy := 92*math.Cos(a), 92*math.Sin(a)
		fmt.Fprintf(c, `<path d="M%.1f %.1fL%.1f %.1f" stroke="#7a3b16" stroke-opacity=".28" stroke-width="1.6"/>`, 160-dx, 110-dy, 160+dx, 110+dy)
	}
}

func calzone(c *canvas) {
	c.dish(98)
	c.path("M76 128a84 76 0 0 1 168 0q-84 26-168 0z", "#d9964c")
	c.path("M84 124a76 68 0 0 1 152 0q-76 20-152 0z", "#eab873")
	for i := range 13 {
		c.circle(78+float64(i)*13.7, 128+7*math.Sin(float64(i)*math.Pi/12), 8, "#e0a257")
	}
	for range 12 {
		x, y := c.around(160, 96, 46)
		c.ellipse(x, y, 7, 3.5, c.pick("#c47f38", "#f3cf93"))
	}
	c.leaf(120, 160, 11, "#4f9440")
	c.leaf(200, 164, 11, "#5aa548")
	c.circle(160, 168, 11, "#cf4527")
}

func bowl(c *canvas) {
	c.shade(164, 122, 98, 96)
	c.circle(160, 112, 97, "#3d5a5c")
	c.circle(160, 112, 90, "#4d6f70")
	c.circle(160, 112, 82, "#86b05a")
	for range 34 {
		x, y := c.around(160, 112, 68)
		c.leaf(x, y, 15+c.Float64()*8, c.pick("#6fa347", "#88bb58", "#a6cf76", "#4f8a3c", "#7d4a68"))
	}
	for range 7 {
		x, y := c.around(160, 112, 58)
		c.circle(x, y, 12, "#d8432d")
		c.circle(x, y, 9, "#e8644b")
		c.circle(x-2, y-1, 2, "#f6c9a5")
		c.circle(x+3, y+2, 2, "#f6c9a5")
	}
	for range 8 {
		x, y := c.around(160, 112, 64)
		c.circle(x, y, 6.5, "#3a3340")
		c.circle(x, y, 2.6, "#a7b36a")
	}
}

func dessert(c *canvas) {
	c.dish(100)
	layers := [][]string{{"#f7ead2", "#8d5b3a", "#f7ead2", "#8d5b3a"}, {"#fbe4df", "#d77f7f", "#fbe4df", "#b95d64"}}[c.IntN(2)]
	for i, colour := range layers {
		y := 150 - float64(i)*18
		c.path(fmt.Sprintf("M92 %.0fL204 %.0fl28-20v-18l-28 20H92z", y, y), colour)
	}
	c.path("M92 78l34-22h106l-28 22z", "#5a3722")
	for range 40 {
		x := 104 + c.Float64()*104
		c.circle(x, 60+c.Float64()*15, 1+c.Float64()*1.4, c.pick("#7c4d30", "#3f2616", "#8f6142"))
	}
	c.veil("M204 78l28-22v72l-28 22z", "#000000", .1)
	c.circle(168, 58, 9, "#c53a4b")
	c.leaf(184, 56, 9, "#4f9440")
}

func dip(c *canvas) {
	c.shade(166, 126, 78, 76)
	c.circle(160, 114, 78, "#8c5b3f")
	c.circle(160, 114, 71, "#a87150")
	sauce, swirl := "#f5e6b8", "#fbf3d8"
	if c.IntN(2) == 0 {
		sauce, swirl = "#f2d9a0", "#f9eac4"
	}
	c.circle(160, 114, 62, sauce)
	for i := range 3 {
		r := 46 - float64(i)*15
		fmt.Fprintf(c, `<path d="M%.1f 114a%.1f %.1f 0 0 1 %.1f 0" fill="none" stroke="%s" stroke-width="6" stroke-linecap="round" transform="rotate(%d 160 114)"/>`, 160-r, r, r, 2*r, swirl, c.IntN(360))
	}
	for range 22 {
		x, y := c.around(160, 114, 46)
		c.circle(x, y, 1.4+c.Float64()*1.6, c.pick("#6c9a45", "#4e7d33", "#c8452f"))
	}
	c.leaf(178, 96, 11, "#5aa548")
	for i := range 3 {
		fmt.Fprintf(c, `<path d="M%d 60l26-40a7 7 0 0 1 12 4l-14 48z" fill="%s"/>`, 214+i*16, c.pick("#f2c230", "#f7d154"))
	}
}

func cup(c *canvas) {
	c.shade(168, 128, 96, 92)
	c.circle(160, 114, 92, "#fbf7ef")
	c.circle(160, 114, 84, "#eee5d6")
	c.shade(164, 120, 58, 56)
	c.path("M206 92h22a16 16 0 0 1 0 34h-22z", "#fbf7ef")
	c.path("M206 102h18a7 7 0 0 1 0 15h-18z", "#eee5d6")
	c.circle(158, 112, 57, "#fbf7ef")
	c.circle(158, 112, 50, "#4a2a18")
	c.circle(158, 112, 46, "#7a4a28")
	fmt.Fprintf(c, `<g transform="rotate(%d 158 112)">`, c.IntN(80)-40)
	c.path("M158 82c20 10 30 20 22 34-6 10-16 8-22 0-6 8-16 10-22 0-8-14 2-24 22-34z", "#d9ab78")
	c.path("M158 96c9 6 14 11 10 18-3 5-8 4-10 0-2 4-7 5-10 0-4-7 1-12 10-18z", "#f2dcb8")
	c.WriteString(`</g>`)
	for range 3 {
		x, y := 70+c.Float64()*30, 160+c.Float64()*34
		fmt.Fprintf(c, `<g transform="rotate(%d %.1f %.1f)"><ellipse cx="%.1f" cy="%.1f" rx="9" ry="6" fill="#5c3620"/><path d="M%.1f %.1fq9 4 18 0" stroke="#c69a6b" fill="none" stroke-width="1.4"/></g>`,
			c.IntN(180), x, y, x, y, x-9, y)
	}
}

func glass(c *canvas) {
	drink, fruit := c.pick("#f0c33c", "#e2745c", "#9ac25b"), true
	switch {
	case c.says("coffee frapp latte café кофе"):
		drink, fruit = "#b98556", false
	case c.says("lemon limon лимон"):
		drink = "#f3d768"
	}
	c.shade(172, 196, 70, 11)
	c.veil("M114 52h92l-12 140a8 8 0 0 1-8 7h-52a8 8 0 0 1-8-7z", "#ffffff", .55)
	c.path("M119 82h82l-9 106a6 6 0 0 1-6 5h-52a6 6 0 0 1-6-5z", drink)
	c.veil("M119 82h82l-2 22q-20 12-40 0t-38 0z", "#ffffff", .35)
	for range 4 {
		x, y := 128+c.Float64()*44, 86+c.Float64()*50
		fmt.Fprintf(c, `<rect x="%.1f" y="%.1f" width="22" height="22" rx="5" fill="#fff" opacity=".45" transform="rotate(%d %.1f %.1f)"/>`, x, y, c.IntN(70), x+11, y+11)
	}
	fmt.Fprintf(c, `<path d="M168 120L%d 16" stroke="%s" stroke-width="7" stroke-linecap="round"/>`, 186+c.IntN(18), c.pick("#d8492f", "#3c7d80", "#f6f1e6"))
	if fruit {
		c.slice(120, 58)
		c.leaf(146, 50, 13, "#4f9a4a")
		c.leaf(158, 58, 10, "#6bb35c")
	} else {
		c.veil("M119 82h82l-3 18q-20 14-40 2t-36 4z", "#fff6e6", .9)
	}
	c.WriteString(`<path d="M128 92l7 92" stroke="#fff" stroke-opacity=".5" stroke-width="4" stroke-linecap="round"/>`)
}

// slice is one of a lemon.
func (c *canvas) slice(x, y float64) {
	c.circle(x, y, 24, "#f4d24a")
	c.circle(x, y, 20, "#fbe98f")
	for i := range 6 {
		a := float64(i) * math.Pi / 3
		fmt.Fprintf(c, `<path d="M%.0f %.0fL%.1f %.1f" stroke="#f4d24a" stroke-width="2"/>`, x, y, x+19*math.Cos(a), y+19*math.Sin(a))
	}
}

// plate is anything else: something good in the middle of a plate, with what goes with it around.
func plate(c *canvas) {
	c.dish(101)
	main := [][2]string{{"#b5653a", "#cf8552"}, {"#e08a6a", "#eda98d"}, {"#d8b26a", "#e8cb91"}, {"#7d4b3c", "#9a6350"}}[c.IntN(4)]
	for range 5 {
		x, y := c.around(160, 110, 24)
		c.ellipse(x, y, 24+c.Float64()*12, 18+c.Float64()*10, main[c.IntN(2)])
	}
	turn := c.Float64() * 6
	for i := range 9 {
		a := turn + float64(i)*.36
		c.leaf(160+62*math.Cos(a), 110+62*math.Sin(a), 11+c.Float64()*5, c.pick("#5f9a45", "#86b85a", "#3f7d3a"))
	}
	for i := range 6 {
		a := turn + math.Pi + float64(i)*.42
		c.circle(160+62*math.Cos(a), 110+62*math.Sin(a), 8+c.Float64()*3, c.pick("#d8492f", "#f0b73c", "#e8e0c8", "#8a3f5a"))
	}
	for range 16 {
		x, y := c.around(160, 110, 72)
		c.circle(x, y, 1.5, c.pick("#3d3026", "#4f9440", "#c8452f"))
	}
}
