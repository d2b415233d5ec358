package salesfile

import (
	"maps"
	"slices"
	"strings"

	"brigade/internal/errs"
)

// Fields are what a file can say of a sale, and the names of columns that are taken for them.
var fields = map[string][]string{
	"date":     {"date", "day", "business_date", "datetime", "timestamp", "sold_at", "datum", "tag", "fecha", "jour", "data"},
	"hour":     {"hour", "time", "stunde", "uhrzeit", "hora", "heure", "ora"},
	"outlet":   {"outlet", "store", "location", "shop", "branch", "restaurant", "filiale", "tienda", "magasin", "negozio"},
	"sku":      {"sku", "item", "product", "article", "plu", "item_id", "product_id", "series_id", "artikel", "articulo", "producto", "produit", "prodotto"}, //nolint:misspell // Spanish
	"name":     {"name", "product_name", "item_name", "description", "bezeichnung", "nombre", "nom", "nome"},
	"quantity": {"quantity", "qty", "units", "sold", "count", "menge", "anzahl", "cantidad", "unidades", "quantité", "quantite", "quantità"}, //nolint:misspell // French
	"revenue":  {"revenue", "amount", "total", "net_sales", "umsatz", "importe", "montant", "importo"},
	"price":    {"price", "unit_price", "preis", "precio", "prix", "prezzo"},
	"key":      {"key", "receipt", "receipt_id", "transaction_id", "line_id", "bon", "ticket"},
	"sold_out": {"sold_out", "stockout", "stock_out", "ausverkauft", "agotado"},
}

// FieldNames lists the fields, for --map.
func FieldNames() []string { return slices.Sorted(maps.Keys(fields)) }

// readHeader finds the columns: those that were named, then those whose names are known.
func (f *File) readHeader(row []string) error {
	f.column = map[string]int{}
	names := map[string]int{}
	for i, cell := range row {
		names[plain(cell)] = i
	}
	var faults errs.Fields
	for _, field := range slices.Sorted(maps.Keys(f.o.Map)) {
		column := f.o.Map[field]
		i, there := names[plain(column)]
		switch {
		case fields[field] == nil:
			faults.Add("--map", "%q is none of %s", field, strings.Join(FieldNames(), ", "))
		case !there:
			faults.Add("--map", "there is no column %q; there are %s", column, strings.Join(row, ", "))
		default:
			f.column[field] = i
		}
	}
	f.guess(names)
	for _, field := range []string{"date", "quantity"} {
		if _, ok := f.column[field]; !ok {
			faults.Add("--map", "no column looks like the %s: say --map %s=COLUMN; there are %s", field, field, strings.Join(row, ", "))
		}
	}
	_, sku := f.column["sku"]
	if _, name := f.column["name"]; !sku && !name {
		faults.Add("--map", "no column looks like the product: say --map sku=COLUMN; there are %s", strings.Join(row, ", "))
	}
	return faults.Err()
}

// guess finds columns by their names that nobody has named.
func (f *File) guess(names map[string]int) {
	taken := map[int]bool{}
	for _, i := range f.column {
		taken[i] = true
	}
	for _, field := range FieldNames() {
		if _, named := f.column[field]; named {
			continue
		}
		for _, name := range fields[field] {
			if i, there := names[name]; there && !taken[i] {
				f.column[field], taken[i] = i, true
				break
			}
		}
	}
}

// plain is a column's name in small letters with underscores.
func plain(name string) string {
	return strings.ReplaceAll(strings.ReplaceAll(strings.ToLower(strings.TrimSpace(name)), " ", "_"), "-", "_")
}
