package salesfile_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/planning"
	"brigade/internal/planning/salesfile"
)

func outlets(t *testing.T) []planning.Outlet {
	t.Helper()
	madrid, err := time.LoadLocation("Europe/Madrid")
	require.NoError(t, err)
	return []planning.Outlet{{ID: 1, Slug: "main", Zone: madrid}}
}

// read reads a whole file.
func read(t *testing.T, text string, o salesfile.Options) ([]planning.Line, error) {
	t.Helper()
	o.Outlets = outlets(t)
	if o.Outlet == "" {
		o.Outlet = "main"
	}
	f, err := salesfile.Open(strings.NewReader(text), o)
	if err != nil {
		return nil, err
	}
	var list []planning.Line
	for {
		l, ok := f.Next()
		if !ok {
			return list, f.Faults()
		}
		list = append(list, l)
	}
}

func one(t *testing.T, head, row string, o salesfile.Options) planning.Line {
	t.Helper()
	list, err := read(t, head+"\n"+row+"\n", o)
	require.NoError(t, err)
	require.Len(t, list, 1)
	return list[0]
}

func TestFilesOfManyTills(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		o    salesfile.Options
	}{
		"plain":           {"date,sku,quantity\n2026-05-01,wrap,1.5\n", salesfile.Options{}},
		"other order":     {"Quantity,Business Date,Product\n1.5,2026-05-01,wrap\n", salesfile.Options{}},
		"byte order mark": {"\ufeffdate,sku,quantity\r\n2026-05-01,wrap,1.5\r\n", salesfile.Options{}},
		"german":          {"Datum;Artikel;Menge\n01.05.2026;wrap;1,5\n", salesfile.Options{}},
		"quoted comma":    {"date,sku,quantity\n2026-05-01,wrap,\"1,5\"\n", salesfile.Options{}},
		"tabs":            {"date\tsku\tqty\n20260501\twrap\t1.500\n", salesfile.Options{}},
		"named columns":   {"a,b,c,d\nx,1.5,wrap,2026/05/01\n", salesfile.Options{Map: map[string]string{"date": "d", "sku": "C", "quantity": "b"}}},
		"slashes":         {"date,sku,quantity\n05/01/2026,wrap,1.5\n", salesfile.Options{Dates: "mdy"}},
		"blank lines":     {"date,sku,quantity\n\n2026-05-01,wrap,1.5\n,,\n", salesfile.Options{}},
		"only a name":     {"date,name,quantity\n2026-05-01,wrap,1.5\n", salesfile.Options{}},
	} {
		list, err := read(t, c.text, c.o)
		require.NoError(t, err, name)
		require.Len(t, list, 1, name)
		require.Equal(t, "wrap", list[0].SKU, name)
		require.Equal(t, int64(1500), list[0].Milli, name)
		require.Equal(t, "2026-05-01", list[0].Day.String(), name)
		require.Equal(t, planning.NoHour, list[0].Hour, name)
	}
}

func TestNumbersAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, decimal string
		want          int64
	}{
		{"3", "", 3000},
		{"-2", "", -2000},
		{"(2)", "", -2000},
		{"−2.5", "", -2500},
		{"1.234,5", "", 1234500},
		{"1,234.5", "", 1234500},
		{"1'234.5", "", 1234500},
		{"1 234,5", "", 1234500},
		{"0,125", "", 125},
		{"1,234", "comma", 1234},
		{"1,234", "point", 1234000},
		{"999999999999", "", 999999999999000},
		{"1e3", "", 1000000},
		{"+7", "", 7000},
		{"0.0004", "", 0},
	} {
		l := one(t, "date\tsku\tquantity", "2026-05-01\twrap\t"+c.text, salesfile.Options{Decimal: c.decimal})
		require.Equal(t, c.want, l.Milli, "%q %s", c.text, c.decimal)
	}
	for text, fault := range map[string]string{
		"": "is empty", "x": "not a number", "1,234": "thousands or decimals", "NaN": "not a number", "0x10": "not a number", "1e40": "more than anybody sells",
		"Inf": "not a number", "1.2.3": "not a number",
	} {
		_, err := read(t, "date\tsku\tquantity\n2026-05-01\twrap\t"+text+"\n", salesfile.Options{})
		require.ErrorContains(t, err, "line 2: quantity", text)
		require.ErrorContains(t, err, fault, text)
	}
}

func TestTimesBecomeTheOutletsDaysAndHours(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][2]any{
		"2026-05-01 13:45":          {"2026-05-01", 13},
		"2026-05-01T13:45:10":       {"2026-05-01", 13},
		"01.05.2026 23:59:59":       {"2026-05-01", 23},
		"2026-05-01 1:45 PM":        {"2026-05-01", 13},
		"2026-05-01T22:30:00Z":      {"2026-05-02", 0},
		"2026-05-01T23:30:00-04:00": {"2026-05-02", 5},
		"2026-03-29T00:59:59Z":      {"2026-03-29", 1}, // the clock goes forward: there is no 02:30
		"2026-03-29T01:30:00Z":      {"2026-03-29", 3},
		"2026-10-25T00:30:00Z":      {"2026-10-25", 2}, // and back: 02:30 comes twice
		"2026-10-25T01:30:00Z":      {"2026-10-25", 2},
	} {
		l := one(t, "date,sku,quantity", text+",wrap,1", salesfile.Options{})
		require.Equal(t, want, [2]any{l.Day.String(), l.Hour}, text)
	}
	require.Equal(t, 14, one(t, "date,time,sku,quantity", "2026-05-01,14:59,wrap,1", salesfile.Options{}).Hour)
	_, err := read(t, "date,sku,quantity\n03/04/2026,wrap,1\n", salesfile.Options{})
	require.ErrorContains(t, err, "--dates dmy or mdy")
}

func TestMoneyAndKeys(t *testing.T) {
	t.Parallel()
	l := one(t, "date,sku,quantity,revenue,receipt", "2026-05-01,wrap,3,26.70,r-1", salesfile.Options{})
	require.Equal(t, int64(2670), l.Revenue)
	require.Equal(t, "r-1", l.Key)
	l = one(t, "date,sku,quantity,price", "2026-05-01,wrap,3,8.90", salesfile.Options{})
	require.Equal(t, int64(2670), l.Revenue)
	require.NotEmpty(t, l.Key)
}

func TestHeadersThatSayTooLittle(t *testing.T) {
	t.Parallel()
	for text, fault := range map[string]string{
		"":                             "the file is empty",
		"a,b,c\n":                      "no column looks like the date",
		"date,sku\n":                   "no column looks like the quantity",
		"date,quantity,colour\n":       "no column looks like the product",
		"date,sku,quantity\nx,y,1,2\n": "line 2: has another number of cells",
	} {
		_, err := read(t, text, salesfile.Options{})
		require.ErrorContains(t, err, fault)
	}
	_, err := read(t, "date,sku,quantity\n", salesfile.Options{Map: map[string]string{"colour": "sku", "date": "Tag"}})
	require.ErrorContains(t, err, `"colour" is none of`)
	require.ErrorContains(t, err, `there is no column "Tag"`)
}
