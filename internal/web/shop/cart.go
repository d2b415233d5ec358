package shop

import (
	"bytes"
	"compress/flate"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"brigade/internal/errs"
	"brigade/internal/modifier"
)

// cart is what a guest has gathered, and how he wants to have it.
type cart struct {
	Key   string `json:"k"` // of the order that it becomes: the same cart sent twice is one order
	Lines []line `json:"l,omitempty"`
	Way   way    `json:"w"`

	// What the cart before this one became: its key, and where that is followed. Who goes back and sends it again lands there.
	LastKey  string `json:"a,omitempty"`
	LastPath string `json:"b,omitempty"`
}

// line is so many of an item, as it was chosen.
type line struct {
	SKU   string          `json:"s"`
	N     int             `json:"n"`
	Picks []modifier.Pick `json:"p,omitempty"`
	Note  string          `json:"m,omitempty"`
}

// way is how an order reaches its guest, and how he pays.
type way struct {
	Type    string  `json:"t,omitempty"` // an order.Type; "" = not chosen yet
	Table   int     `json:"u,omitempty"` // at which he sits; 0 = none
	Name    string  `json:"n,omitempty"`
	Phone   string  `json:"p,omitempty"`
	Email   string  `json:"e,omitempty"`
	Address string  `json:"a,omitempty"`
	Located bool    `json:"x,omitempty"` // Lat and Lon are given
	Lat     float64 `json:"y,omitempty"`
	Lon     float64 `json:"z,omitempty"`
	When    string  `json:"w,omitempty"` // RFC 3339; "" = as soon as it can be
	Pay     string  `json:"c,omitempty"` // an order.Method
}

// Limits of a cart. A cookie has 4 KiB.
const (
	mostLines   = 40
	mostOfLine  = 50
	longestNote = 120
	cookieMax   = 3800
	keptFor     = 7 * 24 * time.Hour
	unpackedMax = 64 << 10
)

// units is how many single items a cart holds.
func (c cart) units() (n int) {
	for _, l := range c.Lines {
		n += l.N
	}
	return n
}

// add puts a line into the cart, to another one of the same. Errors: KindConflict when the cart is full.
func (c *cart) add(l line) error {
	i := slices.IndexFunc(c.Lines, func(o line) bool {
		return o.SKU == l.SKU && o.Note == l.Note && slices.Equal(o.Picks, l.Picks)
	})
	switch {
	case i >= 0:
		c.Lines[i].N = min(c.Lines[i].N+l.N, mostOfLine)
	case len(c.Lines) >= mostLines:
		return errFull
	default:
		c.Lines = append(c.Lines, l)
	}
	return nil
}

var errFull = errs.Conflict("The basket is full: order what is in it first.")

// set changes how many of a line there are; with 0 it goes. A line that is not there any more is left alone.
func (c *cart) set(i, n int) {
	switch {
	case i < 0 || i >= len(c.Lines):
	case n <= 0:
		c.Lines = slices.Delete(c.Lines, i, i+1)
	default:
		c.Lines[i].N = min(n, mostOfLine)
	}
}

// become empties the cart, whose order is followed at a path.
func (c *cart) become(path string) {
	c.LastKey, c.LastPath = c.Key, path
	c.Key, c.Lines, c.Way.When = newKey(), nil, ""
}

// newKey cannot be guessed: whoever knows the key of an order is shown the order.
func newKey() string { return rand.Text() }

// encode writes the cart for a cookie. Errors: KindConflict when it does not fit.
func (c cart) encode() (string, error) {
	text, err := json.Marshal(c)
	if err != nil {
		return "", err
	}
	var packed bytes.Buffer
	z, _ := flate.NewWriter(&packed, flate.BestCompression) // the level is one that exists
	_, _ = z.Write(text)                                    // a buffer takes everything
	_ = z.Close()
	if s := base64.RawURLEncoding.EncodeToString(packed.Bytes()); len(s) <= cookieMax {
		return s, nil
	}
	return "", errFull
}

// decode reads a cart; what is none, or says what no page of ours has written, is an empty one.
func decode(s string) cart {
	var c cart
	packed, err := base64.RawURLEncoding.DecodeString(s)
	if err == nil {
		var text []byte
		text, err = io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), unpackedMax))
		if err == nil {
			err = json.Unmarshal(text, &c)
		}
	}
	if err != nil || !c.sound() {
		c = cart{}
	}
	if c.Key == "" {
		c.Key = newKey()
	}
	return c
}

// sound tells whether a cart may be ours: a guest can write into his cookie what he likes.
func (c cart) sound() bool {
	return len(c.Lines) <= mostLines && len(c.Key) <= 40 && (c.LastPath == "" || strings.HasPrefix(c.LastPath, "/track/")) &&
		!slices.ContainsFunc(c.Lines, func(l line) bool { return l.N < 1 || l.N > mostOfLine || len(l.Picks) > 50 })
}

func (p place) cookie() string { return "brigade_cart_" + strconv.FormatInt(p.ID, 10) }

// cart returns the guest's, an empty one when he has none.
func (s *server) cart(r *http.Request, p place) cart {
	c, err := r.Cookie(p.cookie())
	if err != nil {
		return decode("")
	}
	return decode(c.Value)
}

// keep puts the cart into the guest's browser. He may come by a link from elsewhere (a table's code), so it is sent then, too.
func (s *server) keep(w http.ResponseWriter, r *http.Request, p place, c cart) error {
	text, err := c.encode()
	if err != nil {
		return err
	}
	cookie := s.Cookie(r, p.cookie(), text, keptFor)
	cookie.Path, cookie.SameSite = p.base(), http.SameSiteLaxMode
	http.SetCookie(w, cookie)
	return nil
}

// words is a line of text as a guest may write it: without control characters and spaces around it, and not too long.
func words(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return ' '
		}
		return r
	}, strings.TrimSpace(s))
	if r := []rune(s); len(r) > most {
		s = strings.TrimSpace(string(r[:most]))
	}
	return s
}
