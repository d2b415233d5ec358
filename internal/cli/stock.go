package cli

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"brigade/internal/errs"
	"brigade/internal/measure"
)

type stockCommand struct {
	List      stockList      `cmd:"" help:"How much there is of every ingredient."`
	Show      stockShow      `cmd:"" help:"One ingredient with its lots."`
	Count     stockCount     `cmd:"" help:"Say how much is there."`
	Receive   stockReceive   `cmd:"" help:"Take in what came without a purchase order."`
	Make      stockMake      `cmd:"" help:"Say that a preparation was made: its parts go out."`
	Waste     stockWaste     `cmd:"" help:"Say what was thrown away."`
	Correct   stockCorrect   `cmd:"" help:"Correct a mistake in the books, up or down."`
	Transfer  stockTransfer  `cmd:"" help:"To (below 0: from here) or from another outlet."`
	Movements stockMovements `cmd:"" help:"Why stock changed."`
	Usage     stockUsage     `cmd:"" help:"What was used, by the bills and in truth."`
	Outs      stockOuts      `cmd:"" help:"Items that are off because an ingredient ran out."`
}

// levelReply is a level as the API gives it.
type levelReply struct {
	Ingredient string           `json:"ingredient"`
	Name       string           `json:"name"`
	Unit       measure.Unit     `json:"unit"`
	OnHand     measure.Quantity `json:"on_hand"`
	Reserved   measure.Quantity `json:"reserved"`
	Available  measure.Quantity `json:"available"`
	OnOrder    measure.Quantity `json:"on_order"`
	Par        measure.Quantity `json:"par"`
	Stocked    bool             `json:"stocked"`
	NextExpiry *time.Time       `json:"next_expiry"`
	CountedAt  *time.Time       `json:"counted_at"`
}

type stockList struct {
	Limit int    `name:"limit" default:"200" placeholder:"N" help:"So many rows at most, up to 1000."`
	After string `name:"after" placeholder:"CODE" help:"Only codes after this one."`
	CSV   bool   `name:"csv" help:"Write CSV: quantities in the ingredient's unit."`

	AtOutlet `group:"server"`
	Remote   `group:"server"`
}

// Help implements kong.HelpProvider.
func (stockList) Help() string {
	return `What is reserved is held back by open orders; what is left is available. A preparation that is not stocked is not listed with quantities: what it is made of is.

    brigade stock list --outlet kitchen`
}

// Run lists levels.
func (c *stockList) Run(ctx context.Context, env *Env) error {
	q := c.query()
	q.Set("limit", strconv.Itoa(c.Limit))
	if c.After != "" {
		q.Set("after", c.After)
	}
	type reply struct {
		Levels []levelReply `json:"levels"`
		Next   *string      `json:"next"`
	}
	return ask(ctx, env, &c.Remote, request{path: "/stock", query: q}, func(r reply) error {
		s := newSheetOut(env.Out, c.CSV, "INGREDIENT", "NAME", "UNIT", "ON HAND", "RESERVED", "AVAILABLE", "ON ORDER", "PAR", "NEXT EXPIRY")
		for _, l := range r.Levels {
			if !l.Stocked {
				continue
			}
			write := func(q measure.Quantity) string { return q.In(l.Unit) }
			if c.CSV {
				write = measure.Quantity.Decimal
			}
			s.row(l.Ingredient, l.Name, l.Unit, write(l.OnHand), write(l.Reserved), write(l.Available), write(l.OnOrder), write(l.Par), env.at(l.NextExpiry))
		}
		moreAfter(env, r.Next)
		return s.end()
	})
}

// moreAfter says on the side how to get the next page.
func moreAfter(env *Env, next *string) {
	if next != nil {
		fmt.Fprintf(env.Err, "there may be more: --after %s\n", *next)
	}
}

type stockShow struct {
	Ingredient string `arg:"" name:"ingredient" help:"Its code."`

	AtOutlet `group:"server"`
	Remote   `group:"server"`
}

// Help implements kong.HelpProvider.
func (stockShow) Help() string {
	return `What expires first is used first.

    brigade stock show milk`
}

// Run shows a level with its lots.
func (c *stockShow) Run(ctx context.Context, env *Env) error {
	type reply struct {
		Level levelReply `json:"level"`
		Lots  []struct {
			ID        int64            `json:"id"`
			Received  time.Time        `json:"received_at"`
			Expires   *time.Time       `json:"expires_at"`
			Remaining measure.Quantity `json:"remaining"`
			Note      string           `json:"note"`
		} `json:"lots"`
	}
	req := request{path: "/stock/ingredients/" + url.PathEscape(c.Ingredient), query: c.query()}
	return ask(ctx, env, &c.Remote, req, func(r reply) error {
		l := r.Level
		fmt.Fprintf(env.Out, "%s: %s on hand, %s reserved, %s available, %s on order; counted %s\n",
			l.Name, l.OnHand.In(l.Unit), l.Reserved.In(l.Unit), l.Available.In(l.Unit), l.OnOrder.In(l.Unit), env.at(l.CountedAt))
		t := newTable(env.Out, "LOT", "LEFT", "RECEIVED", "EXPIRES", "NOTE")
		for _, lot := range r.Lots {
			t.row(lot.ID, lot.Remaining.In(l.Unit), env.at(&lot.Received), env.at(lot.Expires), orDash(lot.Note))
		}
		return t.end()
	})
}

// sheetFlags are what every command has that enters a sheet.
type sheetFlags struct {
	Entries []string `arg:"" name:"ingredient=quantity" help:"As patty=120, milk='22.5 l'; again for each."`
	Reason  string   `name:"reason" placeholder:"TEXT" help:"Why."`
	Key     string   `name:"key" placeholder:"KEY" help:"The same sheet with the same key is entered once."`

	AtOutlet `group:"server"`
	Remote   `group:"server"`
}

// Validate names every faulty entry.
func (c *sheetFlags) Validate() error {
	var f errs.Fields
	for _, e := range c.Entries {
		if code, q, ok := strings.Cut(e, "="); !ok || code == "" || q == "" {
			f.Add(e, "must be an ingredient and a quantity, as patty=120")
		}
	}
	return f.Err()
}

// enter sends a sheet and shows what it changed.
func (c *sheetFlags) enter(ctx context.Context, env *Env, kind string, more map[string]any) error {
	entries := make([]map[string]any, len(c.Entries))
	for i, e := range c.Entries {
		code, q, _ := strings.Cut(e, "=")
		entries[i] = map[string]any{"ingredient": code, "quantity": q}
		if c.Reason != "" {
			entries[i]["reason"] = c.Reason
		}
		for k, v := range more {
			entries[i][k] = v
		}
	}
	type reply struct {
		Changes []struct {
			Ingredient string           `json:"ingredient"`
			Unit       measure.Unit     `json:"unit"`
			Was        measure.Quantity `json:"was"`
			Now        measure.Quantity `json:"now"`
			Change     measure.Quantity `json:"change"`
		} `json:"changes"`
	}
	req := request{method: http.MethodPost, path: "/stock/sheets", query: c.query(), key: c.Key, body: map[string]any{"kind": kind, "entries": entries}}
	return ask(ctx, env, &c.Remote, req, func(r reply) error {
		t := newTable(env.Out, "INGREDIENT", "WAS", "CHANGE", "NOW")
		for _, x := range r.Changes {
			t.row(x.Ingredient, x.Was.In(x.Unit), x.Change.In(x.Unit), x.Now.In(x.Unit))
		}
		return t.end()
	})
}

type stockCount struct{ sheetFlags }

// Help implements kong.HelpProvider.
func (stockCount) Help() string {
	return `The difference goes into the ledger. Items that can no longer be made are taken off the menu; those that can be again come back.

    brigade stock count beef_patty=412 milk='22.5 l' --reason "Monday's count"`
}

// Run counts.
func (c *stockCount) Run(ctx context.Context, env *Env) error { return c.enter(ctx, env, "count", nil) }

type stockReceive struct {
	sheetFlags
	Expires string `name:"expires" placeholder:"YYYY-MM-DD" help:"When it expires (default: by its shelf life)."`
}

// Validate names every faulty entry, and a faulty day.
func (c *stockReceive) Validate() error {
	if _, err := expiry(c.Expires); err != nil {
		return err
	}
	return c.sheetFlags.Validate()
}

// expiry is the beginning of a day, as the API wants it; "" stays so. Errors: KindInvalid.
func expiry(day string) (string, error) {
	if day == "" {
		return "", nil
	}
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		var f errs.Fields
		f.Add("--expires", "must be a day, as 2026-05-04")
		return "", f.Err()
	}
	return t.Format(time.RFC3339), nil
}

// Help implements kong.HelpProvider.
func (stockReceive) Help() string {
	return `What came with a purchase order is taken in by "brigade purchase receive".

    brigade stock receive tortilla=72 --reason "from the shop round the corner"`
}

// Run takes in.
func (c *stockReceive) Run(ctx context.Context, env *Env) error {
	more := map[string]any{}
	if at, _ := expiry(c.Expires); at != "" { // Validate has looked
		more["expires"] = at
	}
	return c.enter(ctx, env, "purchase", more)
}

type stockMake struct{ sheetFlags }

// Help implements kong.HelpProvider.
func (stockMake) Help() string {
	return `For preparations that are stocked. What they are made of goes out of stock by their bill.

    brigade stock make dough='8 kg'`
}

// Run makes.
func (c *stockMake) Run(ctx context.Context, env *Env) error { return c.enter(ctx, env, "make", nil) }

type stockWaste struct {
	sheetFlags
	Lot int64 `name:"lot" placeholder:"ID" help:"The lot that is meant (default: what expires first)."`
}

// Help implements kong.HelpProvider.
func (stockWaste) Help() string {
	return `What is past its date goes by itself.

    brigade stock waste chicken='1.2 kg' --reason "left outside"`
}

// Run throws away.
func (c *stockWaste) Run(ctx context.Context, env *Env) error {
	more := map[string]any{}
	if c.Lot != 0 {
		more["lot"] = c.Lot
	}
	return c.enter(ctx, env, "waste", more)
}

type stockCorrect struct{ sheetFlags }

// Help implements kong.HelpProvider.
func (stockCorrect) Help() string {
	return `For what was entered wrongly; a count says how much is there, this how much it was wrong by.

    brigade stock correct milk='-2 l' --reason "entered twice"`
}

// Run corrects.
func (c *stockCorrect) Run(ctx context.Context, env *Env) error {
	return c.enter(ctx, env, "correction", nil)
}

type stockTransfer struct{ sheetFlags }

// Help implements kong.HelpProvider.
func (stockTransfer) Help() string {
	return `Enter it at both outlets.

    brigade stock transfer flour='-10 kg' --outlet pizzeria
    brigade stock transfer flour='10 kg' --outlet kitchen`
}

// Run transfers.
func (c *stockTransfer) Run(ctx context.Context, env *Env) error {
	return c.enter(ctx, env, "transfer", nil)
}

type stockMovements struct {
	Ingredient string `name:"ingredient" placeholder:"CODE" help:"Only of this one."`
	Kind       string `name:"kind" placeholder:"KIND" enum:",count,purchase,make,use,waste,transfer,correction" default:"" help:"Only such: count, purchase, make, use, waste, transfer, correction."`
	From       string `name:"from" placeholder:"TIME" help:"From this time, or this day, on."`
	To         string `name:"to" placeholder:"TIME" help:"Until this time, or the end of this day."`
	Limit      int    `name:"limit" default:"50" placeholder:"N" help:"So many rows at most, up to 500."`
	Before     int64  `name:"before" placeholder:"ID" help:"Only those before this one."`
	CSV        bool   `name:"csv" help:"Write CSV: quantities in the ingredient's unit."`

	AtOutlet `group:"server"`
	Remote   `group:"server"`
}

// Help implements kong.HelpProvider.
func (stockMovements) Help() string {
	return `Latest first. The ledger is only appended to.

    brigade stock movements --ingredient milk --kind waste`
}

// Run lists movements.
func (c *stockMovements) Run(ctx context.Context, env *Env) error {
	q := c.query()
	for name, value := range map[string]string{"ingredient": c.Ingredient, "kind": c.Kind, "from": c.From, "to": c.To} {
		if value != "" {
			q.Set(name, value)
		}
	}
	q.Set("limit", strconv.Itoa(c.Limit))
	if c.Before != 0 {
		q.Set("before", strconv.FormatInt(c.Before, 10))
	}
	type reply struct {
		Movements []struct {
			ID         int64            `json:"id"`
			Ingredient string           `json:"ingredient"`
			Unit       measure.Unit     `json:"unit"`
			Kind       string           `json:"kind"`
			Quantity   measure.Quantity `json:"quantity"`
			Order      int64            `json:"order_id"`
			Reason     string           `json:"reason"`
			By         string           `json:"by"`
			At         time.Time        `json:"at"`
		} `json:"movements"`
		Next *int64 `json:"next"`
	}
	return ask(ctx, env, &c.Remote, request{path: "/stock/movements", query: q}, func(r reply) error {
		s := newSheetOut(env.Out, c.CSV, "ID", "AT", "INGREDIENT", "KIND", "QUANTITY", "ORDER", "BY", "REASON")
		for _, m := range r.Movements {
			amount, order := m.Quantity.In(m.Unit), ""
			if c.CSV {
				amount = m.Quantity.Decimal()
			}
			if m.Order != 0 {
				order = strconv.FormatInt(m.Order, 10)
			}
			s.row(m.ID, env.at(&m.At), m.Ingredient, m.Kind, amount, orDash(order), m.By, orDash(m.Reason))
		}
		if r.Next != nil {
			fmt.Fprintf(env.Err, "there may be more: --before %d\n", *r.Next)
		}
		return s.end()
	})
}

type stockUsage struct {
	Ingredient string `name:"ingredient" placeholder:"CODE" help:"Only of this one."`
	From       string `name:"from" placeholder:"TIME" help:"From this time, or this day, on (default: 7 days ago)."`
	To         string `name:"to" placeholder:"TIME" help:"Until this time, or the end of this day."`
	Limit      int    `name:"limit" default:"200" placeholder:"N" help:"So many rows at most, up to 1000."`
	CSV        bool   `name:"csv" help:"Write CSV: quantities in the ingredient's unit."`

	AtOutlet `group:"server"`
	Remote   `group:"server"`
}

// Help implements kong.HelpProvider.
func (stockUsage) Help() string {
	return `By the bills is what orders needed; in truth is what was there at the beginning and came in, less what was noted as waste and is there at the end. It is as good as the counts are: count at both ends.

    brigade stock usage --from 2026-05-04 --to 2026-05-10`
}

// Run shows what was used.
func (c *stockUsage) Run(ctx context.Context, env *Env) error {
	q := c.query()
	for name, value := range map[string]string{"ingredient": c.Ingredient, "from": c.From, "to": c.To} {
		if value != "" {
			q.Set(name, value)
		}
	}
	q.Set("limit", strconv.Itoa(c.Limit))
	type reply struct {
		Usage []struct {
			Ingredient                                                  string
			Unit                                                        measure.Unit
			Opening, In, Wasted, Theoretical, Actual, Variance, Closing measure.Quantity
		} `json:"usage"`
		Next *string `json:"next"`
	}
	return ask(ctx, env, &c.Remote, request{path: "/stock/usage", query: q}, func(r reply) error {
		s := newSheetOut(env.Out, c.CSV, "INGREDIENT", "OPENING", "IN", "WASTED", "BY THE BILLS", "IN TRUTH", "VARIANCE", "CLOSING")
		for _, u := range r.Usage {
			write := func(q measure.Quantity) string { return q.In(u.Unit) }
			if c.CSV {
				write = measure.Quantity.Decimal
			}
			s.row(u.Ingredient, write(u.Opening), write(u.In), write(u.Wasted), write(u.Theoretical), write(u.Actual), write(u.Variance), write(u.Closing))
		}
		return s.end()
	})
}

type stockOuts struct {
	AtOutlet `group:"server"`
	Remote   `group:"server"`
}

// Help implements kong.HelpProvider.
func (stockOuts) Help() string {
	return `They come back by themselves when their ingredients do.

    brigade stock outs`
}

// Run lists items that are off.
func (c *stockOuts) Run(ctx context.Context, env *Env) error {
	type reply struct {
		Outs []struct {
			Item    string    `json:"item"`
			Missing string    `json:"missing"`
			Since   time.Time `json:"since"`
		} `json:"outs"`
	}
	return ask(ctx, env, &c.Remote, request{path: "/stock/outs", query: c.query()}, func(r reply) error {
		if len(r.Outs) == 0 {
			fmt.Fprintln(env.Out, "everything can be made")
			return nil
		}
		t := newTable(env.Out, "ITEM", "MISSING", "SINCE")
		for _, o := range r.Outs {
			t.row(o.Item, o.Missing, env.at(&o.Since))
		}
		return t.end()
	})
}
