package config

import (
	"net/url"
	"strings"

	"brigade/internal/errs"
)

// Pages says where customers reach the pages, and what maps are drawn on.
type Pages struct {
	PublicURL string `name:"public-url" env:"BRIGADE_PUBLIC_URL" placeholder:"URL" help:"Where customers reach this Brigade (https://order.example.com): messages to them then hold the link by which they follow their order."`
	MapTiles  string `name:"map-tiles" env:"BRIGADE_MAP_TILES" placeholder:"URL" help:"Draw maps on the tiles of this server (https://tile.example.com/{z}/{x}/{y}.png); without it maps are plain and nobody outside is asked."`
	MapCredit string `name:"map-credit" env:"BRIGADE_MAP_CREDIT" placeholder:"TEXT" help:"Whose tiles they are, as the map says."`
}

func (p Pages) check(f *errs.Fields) {
	if p.PublicURL != "" {
		u, err := url.Parse(p.PublicURL)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
			f.Add("--public-url", "must be the address of this Brigade, as https://order.example.com")
		}
	}
	if p.MapTiles != "" && !tileTemplate(p.MapTiles) {
		f.Add("--map-tiles", "must be as https://tile.example.com/{z}/{x}/{y}.png")
	}
	if len(p.MapCredit) > 200 {
		f.Add("--map-credit", "must have at most 200 characters")
	}
}

// tileTemplate tells whether browsers can be sent to a server for tiles: its host stands in the pages' policy.
func tileTemplate(s string) bool {
	for _, part := range []string{"{z}", "{x}", "{y}"} {
		if !strings.Contains(s, part) {
			return false
		}
	}
	scheme, rest, ok := strings.Cut(s, "://")
	host, _, _ := strings.Cut(rest, "/")
	host = strings.Replace(host, "{s}.", "", 1)
	return ok && (scheme == "http" || scheme == "https") && host != "" &&
		strings.Trim(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.:[]") == "" && !strings.ContainsAny(s, " \"'<>;,")
}
