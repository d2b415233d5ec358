package paper_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/stock"
	"brigade/internal/stock/paper"
)

func order() stock.Purchase {
	return stock.Purchase{
		Number: "PO-00007", Status: stock.Sent, Currency: "EUR", Supplier: stock.Supplier{Name: "Łąka & Señor", Email: "a@b.example"}, Note: "hinten anliefern",
		DeliverOn: time.Date(2026, 5, 5, 0, 0, 0, 0, time.UTC), CreatedAt: time.Date(2026, 5, 4, 22, 30, 0, 0, time.UTC), ChangedAt: time.Date(2026, 5, 4, 22, 30, 0, 0, time.UTC),
		Lines: []stock.PurchaseLine{
			{No: 1, Code: "=1+1", Name: "Mehl \"fein\"; gesiebt", Unit: stock.Gram, Pack: 2_500_000, Packs: 1200, Price: 1_23},
			{No: 2, Code: "X", Name: "taken out", Unit: stock.Piece, Pack: 1_000, Packs: 0, Price: 5},
			{No: 3, Code: "Y", Name: strings.Repeat("långt namn ", 30), Unit: stock.Piece, Pack: 48_000, Packs: 3, Price: 11_20},
		},
	}
}

func TestNumbersAreWrittenAsWhereTheOutletIs(t *testing.T) {
	t.Parallel()
	madrid, err := time.LoadLocation("Europe/Madrid")
	require.NoError(t, err)
	for country, want := range map[string][]string{
		"es": {"05/05/2026;1;'=1+1", "2,5 kg;1200;3000 kg;1,23;1476,00;EUR"},
		"de": {"05.05.2026;1;'=1+1", "2,5 kg;1200;3000 kg;1,23;1476,00;EUR"},
		"us": {"05/05/2026,1,'=1+1", "2.5 kg,1200,3000 kg,1.23,1476.00,EUR"},
		"":   {"2026-05-05,1,'=1+1", "2.5 kg,1200,3000 kg,1.23,1476.00,EUR"},
		"9":  {"2026-05-05,1,'=1+1", "2.5 kg,1200,3000 kg,1.23,1476.00,EUR"},
	} {
		body, err := paper.CSV(order(), paper.Head{Zone: madrid, Country: country})
		require.NoError(t, err)
		lines := strings.Split(strings.TrimSpace(string(body)), "\n")
		require.Len(t, lines, 3, "what is not ordered is not written")
		for _, text := range want {
			require.Contains(t, lines[1], text, country)
		}
	}
}

func TestAnOrderIsALetter(t *testing.T) {
	t.Parallel()
	for _, country := range []string{"", "es"} {
		body, err := paper.PDF(order(), paper.Head{Business: "Ácme", Outlet: "Кухня", Country: country})
		require.NoError(t, err)
		require.True(t, bytes.HasPrefix(body, []byte("%PDF-")))
		again, err := paper.PDF(order(), paper.Head{Business: "Ácme", Outlet: "Кухня", Country: country})
		require.NoError(t, err)
		require.Equal(t, body, again, "the same order is the same file")
	}
	long := order()
	for range 200 {
		long.Lines = append(long.Lines, long.Lines[0])
	}
	body, err := paper.PDF(long, paper.Head{})
	require.NoError(t, err)
	require.Greater(t, bytes.Count(body, []byte("/Type /Page\n")), 3)
}
