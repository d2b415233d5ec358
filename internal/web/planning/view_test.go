package planning

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/actor"
	"brigade/internal/alert"
	"brigade/internal/clock"
	plans "brigade/internal/planning"
	"brigade/internal/planning/forecast"
	"brigade/internal/planning/supply"
	"brigade/internal/stock"
	"brigade/internal/tenant"
	"brigade/internal/web/page"
	"brigade/internal/web/texts"
)

const hostile = `<img src=x onerror="alert(1)">&'"`

var (
	today = forecast.DayOf(2026, time.March, 2) // a Monday
	noon  = time.Date(2026, time.March, 2, 12, 0, 0, 0, time.UTC)
)

func formatIn(code string) format {
	l, _ := texts.Find(code)
	return newFormat(l, tenant.Outlet{Timezone: time.UTC, Currency: "EUR"})
}

// render shows a page in each language, where every name that somebody can choose is an attack.
func render(t *testing.T, name string, data func(h head) page.Framed) string {
	t.Helper()
	kit := page.New(page.Parts{Log: slog.New(slog.DiscardHandler)})
	set := kit.Set(templates, nil)
	text := ""
	for _, l := range texts.Languages {
		h := head{
			Frame: page.Frame{Lang: l, Title: hostile}, Base: "/planning/x", Manages: true, Today: today, f: formatIn(l.Code),
			Outlet: tenant.Outlet{Slug: hostile, Name: hostile}, State: stateView{Run: 1, Status: "failed", Failure: hostile, Alerts: 3},
			Tabs: []tabView{{"alerts", "/planning/x/alerts", "Alerts", true}},
		}
		var out bytes.Buffer
		require.NoError(t, set.Of(l.Code, name).ExecuteTemplate(&out, "layout", data(h)))
		require.NotContains(t, out.String(), "<img src=x")
		require.NotRegexp(t, `\son\w+=|\sstyle=`, bytes.ReplaceAll(out.Bytes(), []byte("onerror=&#34;"), nil), "nothing that the policy refuses")
		if text == "" {
			text = out.String()
		}
	}
	return text
}

func lookOf(products int) forecastLook {
	l := forecastLook{Today: today, Accuracy: plans.Accuracy{Overall: plans.Metric{Coverage: math.NaN(), Metrics: forecast.Metrics{Accuracy: 0.9, Bias: math.NaN()}}}}
	for i := range products {
		sku := string(rune('a' + i%26))
		if i >= 26 {
			sku += sku
		}
		for d := today - 10; d <= today; d++ {
			l.Sold = append(l.Sold, plans.Sold{Day: d, SKU: sku, Name: hostile + sku, Quantity: 10})
		}
		for d := today; d < today+daysAhead; d++ {
			f := plans.Forecast{Day: d, SKU: sku, Mean: 12, Levels: []float64{0.1, 0.9}, Quantiles: []float64{8, 16}, Edited: math.NaN(), Hours: make([]float64, 24)}
			if d == today+1 {
				f.Edited, f.EditedBy, f.Reason = 40, hostile, hostile
			}
			l.Ahead = append(l.Ahead, f)
		}
	}
	for d := today; d < today+daysAhead && products > 0; d++ {
		l.Totals = append(l.Totals, plans.TotalForecast{Day: d, Mean: 12 * float64(products), Levels: []float64{0.1, 0.9}, Quantiles: []float64{100, 200}})
	}
	return l
}

func TestForecastPage(t *testing.T) {
	t.Parallel()
	empty, err := newForecastView(lookOf(0), forecastWish{}, formatIn("en"))
	require.NoError(t, err)
	require.True(t, empty.None)
	require.Contains(t, render(t, "forecast", func(h head) page.Framed { return &forecastPage{head: h, forecastView: empty} }), "run-now")

	l := lookOf(45)
	v, err := newForecastView(l, forecastWish{SKU: "a", Base: "/planning/x"}, formatIn("en"))
	require.NoError(t, err)
	require.Len(t, v.Products, productsPage)
	require.NotEmpty(t, v.Next)
	require.Empty(t, v.Prev)
	require.Equal(t, "40", v.Days[1].Expected)
	require.Equal(t, "12", v.Days[1].Made, "the forecast as it was made")
	require.Equal(t, "40", v.Days[1].Was, "what an edit is taken back to")
	text := render(t, "forecast", func(h head) page.Framed {
		return &forecastPage{head: h, forecastView: v, Run: &plans.Run{By: hostile, Requested: noon}}
	})
	require.Contains(t, text, `aria-current`)
	last, err := newForecastView(l, forecastWish{Skip: productsPage}, formatIn("en"))
	require.NoError(t, err)
	require.Len(t, last.Products, 5)
	require.Empty(t, last.Next)
	_, err = newForecastView(l, forecastWish{SKU: "nothing"}, formatIn("en"))
	require.Error(t, err)
	none, err := newForecastView(l, forecastWish{Search: "zzzz", Skip: 1 << 40}, formatIn("en"))
	require.NoError(t, err)
	require.Empty(t, none.Products)
}

func TestOtherPages(t *testing.T) {
	t.Parallel()
	later := noon.Add(8 * time.Hour)
	edit := plans.PlanEdit{Quantity: 30_000, By: hostile, Reason: hostile}
	render(t, "production", func(h head) page.Framed {
		p := productionPage{head: h, Day: today, Notes: h.f.notes([]plans.Note{{Problem: true, Text: hostile}}), PlanWAPE: math.NaN()}
		p.fill(plans.Production{
			Starts: []plans.Start{{Code: "p", Name: hostile, Unit: "g", Station: hostile, Begin: noon, Ready: later, Until: &later, For: later, Batches: 2, Amount: 20_000, Minutes: 30}},
			Totals: []plans.Total{{Code: "p", Name: hostile, Unit: "g", Batch: 10_000, Planned: 20_000, Edited: &edit}},
		}, noon)
		require.True(t, p.Hours[0].Now)
		require.Equal(t, 3, p.Totals[0].Batches)
		require.NotEmpty(t, p.Totals[0].Edited)
		return &p
	})
	render(t, "purchases", func(h head) page.Framed {
		v := purchasesView{head: h, Orders: []purchaseView{newPurchaseView(stock.Purchase{
			ID: 1, Number: "PO-1", Status: stock.Draft, Currency: "EUR", Failure: hostile, Supplier: stock.Supplier{Name: hostile, Minimum: 100},
			Lines: []stock.PurchaseLine{{No: 1, Name: hostile, Code: hostile, Unit: stock.Piece, Packs: 2}},
		}, h.f)}}
		v.Suggestions, v.Later = nextOf(suggestions([]plans.PurchaseLine{
			{Supplier: "s", SupplierName: hostile, Code: "c", Name: hostile, Unit: "g", Deliver: today + 1, OrderBy: noon, Pack: 5_000, Packs: 2, Price: 100, Why: hostile, Currency: "EUR"},
			{Supplier: "s", SupplierName: hostile, Code: "c", Name: hostile, Unit: "g", Deliver: today + 4, OrderBy: later, Pack: 5_000, Packs: 2, Price: 100, Currency: "EUR", Edited: &edit},
		}, []stock.Supplier{{Code: "s", Minimum: 10_000}}, noon, h.f))
		require.Len(t, v.Suggestions, 1)
		require.Len(t, v.Later, 1)
		require.True(t, v.Suggestions[0].Late)
		require.True(t, v.Suggestions[0].Below)
		return &v
	})
	course := plans.StockedItem{Code: "c", Name: hostile, Unit: "g", Out: &later, Wasted: 3_000, Days: []plans.StockDay{
		{Day: today, Opening: 9_000, Used: 2_000, Expired: 3_000, Closing: 4_000}, {Day: today + 1, Opening: 4_000, Used: 4_000, Unmet: supply.Amount(1_000)},
	}}
	render(t, "stock", func(h head) page.Framed {
		p := stockPage{head: h, Outs: []stock.Out{{SKU: hostile, Ingredient: hostile}}}
		level := stock.Level{Ingredient: stock.Ingredient{Code: "c", Name: hostile, Unit: stock.Gram, Par: 100_000}, OnHand: 9_000, NextLoss: noon.Add(time.Hour)}
		row := p.row(level, &course, noon)
		require.Equal(t, "low", row.Level)
		require.True(t, row.ExpiresSoon)
		require.Len(t, row.Spark.Marks, 2)
		p.Rows = []levelView{row}
		p.Item = &itemView{levelView: row, Days: courseDays(&course, h.f), Wide: drawCourse(&course, 1000, 200, h.f, 1), Narrow: drawCourse(&course, 300, 200, h.f, 3)}
		return &p
	})
	render(t, "validation", func(h head) page.Framed {
		p := validationPage{head: h, Checks: []checkView{{Tab: "Stock", Path: "/x", noteView: noteView{told: told{Text: hostile}}}}}
		nan := plans.Metric{SKU: hostile, MASE: math.NaN(), Coverage: math.NaN(), Metrics: forecast.Measure(nil, nil)}
		p.fill(plans.Accuracy{Overall: nan, Best: []plans.Metric{nan}, Gaps: []plans.Gap{{Day: today}}}, []plans.Validation{{Kind: plans.ValidatedLate, First: today - 1, Last: today, Overall: nan, Late: 2}},
			[]plans.Fitted{{SKU: hostile, Reason: plans.FitPoor, Before: math.NaN(), After: 0.2}})
		return &p
	})
	render(t, "alerts", func(h head) page.Framed {
		a := alert.Alert{ID: 1, Severity: alert.Warning, Status: alert.Open, Title: hostile, Detail: hostile, Note: hostile, Count: 2, EscalateAt: &later}
		a.Kind = alert.StockOut
		return &alertsView{head: h, Alerts: []alertView{newAlertView(a, h.f)}}
	})
}

func TestNumbersAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	en, es := formatIn("en"), formatIn("es")
	require.Equal(t, "1,234", en.Num(1234.4))
	require.Equal(t, "1.234.567", es.Num(1234567))
	require.Equal(t, "4,5", es.Num(4.5))
	require.Equal(t, "−3", en.Num(-3))
	require.Equal(t, "0", en.Num(-0.01))
	require.Equal(t, "–", en.Num(math.NaN()))
	require.Equal(t, "2.5 kg", en.Amount(2_500_000, "g"))
	require.Equal(t, "330 ml", en.Amount(330_000, "ml"))
	require.Equal(t, "12,50 €", es.Money(1250, "EUR"))
	require.Equal(t, "Mon 2 Mar", en.Day(today))
}

// Hours are those of the outlet's clock, also where that is not whole hours from UTC, and those that come twice stay two.
func TestHoursOfTheClockOnTheWall(t *testing.T) {
	t.Parallel()
	for zone, c := range map[string]struct {
		begins []time.Time
		want   []string
	}{
		"Asia/Kolkata":  {[]time.Time{noon.Add(-20 * time.Minute), noon.Add(35 * time.Minute)}, []string{"17:00", "18:00"}}, // 17:10, 18:05
		"Europe/Madrid": {[]time.Time{time.Date(2026, 10, 25, 0, 10, 0, 0, time.UTC), time.Date(2026, 10, 25, 1, 10, 0, 0, time.UTC)}, []string{"02:00", "02:00"}},
	} {
		at, err := time.LoadLocation(zone)
		require.NoError(t, err)
		p := productionPage{head: head{f: newFormat(texts.Languages[0], tenant.Outlet{Timezone: at})}}
		var plan plans.Production
		for _, b := range c.begins {
			plan.Starts = append(plan.Starts, plans.Start{Code: "p", Begin: b, Ready: b.Add(time.Minute), For: b.Add(time.Hour), Batches: 1})
		}
		p.fill(plan, c.begins[0].Add(10*time.Minute))
		var got []string
		for _, h := range p.Hours {
			got = append(got, h.Hour)
		}
		require.Equal(t, c.want, got, zone)
		require.True(t, p.Hours[0].Now)
		require.False(t, p.Hours[1].Now)
		for _, x := range p.Timeline.Hours {
			require.Regexp(t, ":00$", x.Text)
		}
	}
}

// Two suppliers of one name are two.
func TestSuppliersAreKnownByTheirCodes(t *testing.T) {
	t.Parallel()
	line := func(code string) plans.PurchaseLine {
		return plans.PurchaseLine{Supplier: code, SupplierName: "Fresh", Code: "c", Unit: "g", Deliver: today + 1, OrderBy: noon, Pack: 5_000, Packs: 2, Price: 100, Currency: "EUR"}
	}
	next, later := nextOf(suggestions([]plans.PurchaseLine{line("one"), line("two")}, nil, noon, formatIn("en")))
	require.Len(t, next, 2)
	require.Empty(t, later)
}

// A drawing stays within its field, whatever is drawn.
func TestDrawings(t *testing.T) {
	t.Parallel()
	nan := math.NaN()
	c := draw("x", []point{{Actual: nan, Mean: nan, Low: nan, High: nan}, {Actual: 0, Mean: 1e9, Low: 0, High: 2e9, Today: true}, {Actual: 5, Mean: 1, Low: 1, High: 1}}, 300, 100, formatIn("en").Num)
	require.Len(t, c.Days, 3)
	require.NotNil(t, c.Now)
	require.Len(t, c.Bands, 1)
	for _, d := range c.Dots {
		require.True(t, d.Y >= c.Top && d.Y <= c.Bottom, d)
	}
	require.LessOrEqual(t, len(c.Lines), 7)
	require.NotEmpty(t, draw("x", nil, 300, 100, formatIn("en").Num).Lines)
	require.Empty(t, sparkOf(nil, 0, "").Ahead)
}

// What was stored as an English sentence is said in other languages by its values; without them it stays what it is.
func TestStoredSentences(t *testing.T) {
	t.Parallel()
	en, es, ru := formatIn("en"), formatIn("es"), formatIn("ru")
	note := plans.Note{Kind: "no_minutes", Problem: true, Code: "patty", At: noon, Amount: 4_000, Text: "4 pieces of Patty are missing", Name: "Patty", Unit: "piece"}
	at := es.Hour(noon)
	require.Equal(t, []noteView{{told{Text: note.Text}, true}}, en.notes([]plans.Note{note}))
	require.Equal(t, []noteView{{told{Text: "Faltan 4 uds. de Patty a las " + at + ": a la partida no le queda tiempo antes"}, true}}, es.notes([]plans.Note{note}))
	require.Equal(t, "Не хватит 4 шт. (Patty) к "+at+": у станции нет времени до этого", ru.note(note))
	old := note
	old.Name = ""
	require.Equal(t, []noteView{{told{note.Text, "en"}, true}}, ru.notes([]plans.Note{old}), "kept by an older version")
	less := plans.Note{Kind: "make_less", At: noon, Amount: 2_500_000, Name: "Sauce", Unit: "ml", Count: 2}
	require.Contains(t, ru.note(less), "На 2 партии меньше (Sauce): у 2,5 л истечёт срок")
	for _, kind := range []string{
		"too_late", "no_minutes", "too_short", "cut", "runs_out", "expires", "packs_too_large", "price_down", "make_less", "nobody_sells",
		"below_minimum", "no_forecast", "not_counted",
	} {
		n := plans.Note{Kind: kind, Name: "Sauce", Unit: "ml", At: noon, Count: 3, Item: "wrap", Amount: 5_000}
		require.NotRegexp(t, `^$|%!|planning\.`, es.note(n), kind)
	}

	line := plans.PurchaseLine{Unit: "g", Need: 4_000_000, Use: 1_000_000, Fewest: true, Added: 2, Choice: supply.Cheapest}
	require.Equal(t, "4 kg, porque parte no aguanta hasta que se usa; el mínimo de bultos que se venden; 2 más para llegar al mínimo del pedido; el más barato", es.grounds(&line))

	for _, s := range []alert.Signal{
		alert.Failed(alert.Run{Workflow: "daily", Day: "2026-05-20"}, "no disk.", 3, 1),
		alert.TookLong(alert.Run{Workflow: "daily", Day: "2026-05-20"}, 90*time.Second, 20*time.Second, 40*time.Second),
		alert.DidNotCome(alert.Run{Workflow: "daily", At: noon}),
		alert.PoorForecast(alert.Judged{Day: "2026-05-20", MAPE: 0.45, Compared: 12}),
		alert.RunsOut(alert.Shortage{Name: "Patty", OutletName: "Kitchen", At: noon, Now: noon}),
	} {
		data, err := json.Marshal(s.Data)
		require.NoError(t, err)
		a := alert.Alert{Matter: s.Matter, Title: s.Title, Detail: s.Detail, Data: data}
		v := newAlertView(a, ru)
		require.Empty(t, v.Title.Lang+v.Detail.Lang, s.Title)
		require.NotRegexp(t, `%!|planning\.|[Tt]he `, v.Title.Text+v.Detail.Text)
		require.Equal(t, s.Detail, newAlertView(a, en).Detail.Text)
		a.Data = nil
		require.Equal(t, told{s.Detail, "en"}, newAlertView(a, ru).Detail)
	}
}

// noRuns has none, and asksAlerts tells for whom alerts were counted.
type (
	noRuns     struct{ plans.Store }
	asksAlerts struct {
		alert.Store
		asked alert.Filter
	}
)

func (noRuns) Runs(context.Context, int64, int64, int64, int) ([]plans.Run, error) { return nil, nil }

func (a *asksAlerts) Alerts(_ context.Context, _ int64, f alert.Filter) ([]alert.Alert, error) {
	a.asked = f
	return nil, nil
}

// Whoever is bound to no outlet is told of the alerts that concern all of them, on the page and by its feed; others are not.
func TestAlertsOfAllOutletsAreCounted(t *testing.T) {
	t.Parallel()
	asks, log := &asksAlerts{}, slog.New(slog.DiscardHandler)
	s := &server{Parts: Parts{Planning: plans.NewService(noRuns{}, &clock.Manual{}, log), Alerts: alert.NewService(asks, &clock.Manual{})}}
	outlet := tenant.Outlet{ID: 3, Tenant: 1}
	for _, bound := range []bool{true, false} {
		who := actor.Actor{Tenant: 1, Outlet: 3, Bound: bound, Role: actor.Manager}
		_, err := s.state(t.Context(), who, outlet)
		require.NoError(t, err)
		require.Equal(t, !bound, asks.asked.Shared)
		asks.asked = alert.Filter{}
		_, err = s.look(t.Context(), topicOf(who, outlet))
		require.NoError(t, err)
		require.Equal(t, !bound, asks.asked.Shared)
		require.Equal(t, int64(3), asks.asked.Outlet)
	}
}
