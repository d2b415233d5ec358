package paper

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"

	"brigade/internal/stock"
)

// CSV writes an order as a spreadsheet of where the outlet is reads it: with semicolons where decimals have a comma. What a
// spreadsheet would take for a formula is text.
func CSV(p stock.Purchase, h Head) ([]byte, error) {
	w := h.writer()
	var out bytes.Buffer
	c := csv.NewWriter(&out)
	if w.decimal == "," {
		c.Comma = ';'
	}
	_ = c.Write([]string{"order", "delivery", "line", "code", "product", "pack", "packs", "quantity", "price", "amount", "currency"}) // Error tells
	w.group = ""                                                                                                                      // programs read it, too
	for _, l := range p.Lines {
		if l.Packs == 0 {
			continue
		}
		_ = c.Write([]string{
			p.Number, w.day(p.DeliverOn), strconv.Itoa(l.No), plain(l.Code), plain(l.Name), w.quantity(l.Pack, l.Unit), strconv.Itoa(l.Packs),
			w.quantity(l.Ordered(), l.Unit), w.amount(l.Price), w.amount(l.Price.Times(l.Packs)), p.Currency,
		})
	}
	c.Flush()
	return out.Bytes(), c.Error()
}

func plain(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}

// The sheet, in millimetres.
const (
	margin = 18.0
	width  = 210 - 2*margin
	row    = 7.0
)

// columns of the table: title, width, alignment.
var columns = []struct {
	title string
	width float64
	align string
}{
	{"Code", 22, "L"}, {"Product", 58, "L"}, {"Pack", 22, "R"}, {"Packs", 14, "R"}, {"Quantity", 24, "R"}, {"Price", 16, "R"}, {"Amount", 18, "R"},
}

// PDF writes an order as a letter on A4.
func PDF(p stock.Purchase, h Head) ([]byte, error) {
	d := &letter{Fpdf: fpdf.New("P", "mm", "A4", ""), writer: h.writer()}
	d.AddUTF8FontFromBytes("go", "", goregular.TTF)
	d.AddUTF8FontFromBytes("go", "B", gobold.TTF)
	d.SetMargins(margin, margin, margin)
	d.SetAutoPageBreak(true, margin)
	d.SetTitle("Purchase order "+p.Number, true)
	d.SetCreationDate(p.CreatedAt) // the same order is the same file
	d.SetModificationDate(p.ChangedAt)
	d.SetCatalogSort(true)
	d.SetFooterFunc(func() {
		d.SetY(-margin + 4)
		d.SetFont("go", "", 8)
		d.CellFormat(width, 5, fmt.Sprintf("%s · page %d", p.Number, d.PageNo()), "", 0, "R", false, 0, "")
	})
	d.AddPage()
	d.head(p, h)
	d.table(p)
	var out bytes.Buffer
	err := d.Output(&out)
	return out.Bytes(), err
}

// letter is an order being written.
type letter struct {
	*fpdf.Fpdf
	writer
}

func (d *letter) line(style string, size float64, text string) {
	d.SetFont("go", style, size)
	d.MultiCell(width, size*0.55, text, "", "L", false)
}

func (d *letter) head(p stock.Purchase, h Head) {
	d.line("B", 16, "Purchase order "+p.Number)
	if p.Status == stock.Draft || p.Status == stock.Cancelled {
		d.line("B", 11, strings.ToUpper(string(p.Status)))
	}
	d.Ln(4)
	d.line("B", 10, p.Supplier.Name)
	for _, text := range []string{p.Supplier.Email, p.Supplier.Phone} {
		if text != "" {
			d.line("", 10, text)
		}
	}
	d.Ln(3)
	d.line("", 10, "For: "+h.Business+", "+h.Outlet)
	if !p.DeliverOn.IsZero() {
		d.line("", 10, "Delivery: "+d.day(p.DeliverOn))
	}
	d.line("", 10, "Written: "+d.moment(p.ChangedAt)+" ("+d.zone.String()+")")
	if p.Note != "" {
		d.line("", 10, "Note: "+p.Note)
	}
	d.Ln(5)
}

func (d *letter) table(p stock.Purchase) {
	titles := make([]string, len(columns))
	for i, c := range columns {
		titles[i] = c.title
	}
	d.row("B", "B", titles)
	for _, l := range p.Lines {
		if l.Packs == 0 {
			continue
		}
		d.row("", "", []string{
			l.Code, l.Name, d.quantity(l.Pack, l.Unit), strconv.Itoa(l.Packs), d.quantity(l.Ordered(), l.Unit), d.amount(l.Price), d.amount(l.Price.Times(l.Packs)),
		})
	}
	d.row("B", "T", []string{"", "", "", "", "", "Total", d.amount(p.Total())})
	d.line("", 9, "Prices in "+p.Currency+", per pack.")
}

// row writes cells side by side; what is too long is cut.
func (d *letter) row(style, border string, cells []string) {
	d.SetFont("go", style, 9)
	for i, c := range columns {
		d.CellFormat(c.width, row, d.fit(cells[i], c.width-2), border, 0, c.align, false, 0, "")
	}
	d.Ln(row)
}

func (d *letter) fit(text string, width float64) string {
	if d.GetStringWidth(text) <= width {
		return text
	}
	runes := []rune(text)
	for len(runes) > 0 && d.GetStringWidth(string(runes)+"…") > width {
		runes = runes[:len(runes)-1]
	}
	return string(runes) + "…"
}
