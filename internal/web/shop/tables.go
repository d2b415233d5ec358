package shop

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"rsc.io/qr"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/web/page"
)

// mostTables is the highest number of a table.
const mostTables = 100

// tablesPage is a sheet to print: a code for each table, which leads a guest to the menu and says where he sits.
type tablesPage struct {
	frame
	Address string
	Tables  []tableView
	Count   int
}

type tableView struct {
	Number int
	Link   string
	Size   int    // of the code, in its dots
	Dots   string // as an SVG path
}

// showTables is for whoever runs the outlet.
func (s *server) showTables(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	p, err := s.find(r.Context(), r.PathValue("tenant"), r.PathValue("outlet"))
	if err != nil {
		return err
	}
	if p.Outlet.Tenant != who.Tenant || !who.Sees(p.ID) {
		return errNoShop
	}
	count, err := strconv.Atoi(r.FormValue("count"))
	if err != nil || count < 1 || count > mostTables {
		count = 12
	}
	data := tablesPage{frame: s.frame(r, p, cart{}, s.Say(r, "shop.tables")), Address: s.address(r) + p.base(), Count: count}
	for n := range count {
		t, err := newTableView(data.Address, n+1)
		if err != nil {
			return err
		}
		data.Tables = append(data.Tables, t)
	}
	s.set.Render(w, r, http.StatusOK, "tables", data)
	return nil
}

// address is where guests reach this server.
func (s *server) address(r *http.Request) string {
	if s.Public != "" {
		return strings.TrimRight(s.Public, "/")
	}
	return page.Address(r)
}

func newTableView(shop string, number int) (tableView, error) {
	link := fmt.Sprintf("%s/table/%d", shop, number)
	code, err := qr.Encode(link, qr.M)
	if err != nil {
		return tableView{}, errs.Invalid("the address %s is too long for a code", link).Because(err)
	}
	return tableView{number, link, code.Size, dots(code)}, nil
}

// dots draws the dark dots of a code, each run of a line as one box.
func dots(c *qr.Code) string {
	var path strings.Builder
	for y := range c.Size {
		for x := 0; x < c.Size; x++ {
			run := 0
			for x+run < c.Size && c.Black(x+run, y) {
				run++
			}
			if run > 0 {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", x, y, run, run)
				x += run
			}
		}
	}
	return path.String()
}
