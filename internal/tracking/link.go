package tracking

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strings"
)

// Links make the addresses at which customers follow their orders, without a login. A link names tenant and order and is
// signed (HMAC-SHA-256, 128 bits of it), so that nobody can guess another; nothing is kept for it.
type Links struct {
	secret []byte
	base   string
}

// macSize is how many bytes of the signature a link has.
const macSize = 16

// linkPath is where the page is.
const linkPath = "/track/"

// NewLinks returns links signed with a secret; base is where customers reach this Brigade ("https://order.example.com"),
// "" when nobody has said.
func NewLinks(secret []byte, base string) *Links {
	return &Links{secret, strings.TrimRight(base, "/")}
}

// Path is where an order is followed, on this server.
func (l *Links) Path(tenant, order int64) string { return linkPath + l.Sign(tenant, order) }

// URL is where an order is followed, from anywhere; "" when nobody has said where customers reach this Brigade.
func (l *Links) URL(tenant, order int64) string {
	if l.base == "" {
		return ""
	}
	return l.base + l.Path(tenant, order)
}

// Best is the URL, else the path.
func (l *Links) Best(tenant, order int64) string { return l.base + l.Path(tenant, order) }

// Sign writes the link of an order.
func (l *Links) Sign(tenant, order int64) string {
	body := binary.AppendUvarint(binary.AppendUvarint(nil, uint64(tenant)), uint64(order))
	return base64.RawURLEncoding.EncodeToString(append(body, l.mac(body)...))
}

// Read returns whose order a link is for; ok is false when it is none of ours.
func (l *Links) Read(link string) (tenant, order int64, ok bool) {
	all, err := base64.RawURLEncoding.Strict().DecodeString(link)
	if err != nil || len(all) <= macSize {
		return 0, 0, false
	}
	body, mac := all[:len(all)-macSize], all[len(all)-macSize:]
	if !hmac.Equal(mac, l.mac(body)) {
		return 0, 0, false
	}
	t, n := binary.Uvarint(body)
	if n <= 0 {
		return 0, 0, false
	}
	o, m := binary.Uvarint(body[n:])
	return int64(t), int64(o), m > 0 && n+m == len(body)
}

func (l *Links) mac(body []byte) []byte {
	h := hmac.New(sha256.New, l.secret)
	h.Write([]byte("track an order\x00")) // whatever else is signed with the secret one day is no link
	h.Write(body)
	return h.Sum(nil)[:macSize]
}
