package cli

import (
	"context"

	"brigade/internal/money"
)

type menuCommand struct {
	List menuList `cmd:"" help:"What an outlet sells now."`
	Off  menuOff  `cmd:"" name:"86" help:"Take an item off at once, in every channel."`
	Back menuBack `cmd:"" help:"Sell an item again."`
}

type menuList struct {
	AtOutlet `group:"server"`
	Remote   `group:"server"`
}

// Help implements kong.HelpProvider.
func (menuList) Help() string {
	return `The menu comes from a file: see brigade load --help.

    brigade menu list --outlet pizzeria`
}

// Run lists the menu.
func (c *menuList) Run(ctx context.Context, env *Env) error {
	type item struct {
		SKU         string       `json:"sku"`
		Name        string       `json:"name"`
		Category    string       `json:"category"`
		Description string       `json:"description"`
		Price       money.Amount `json:"price"`
	}
	return ask(ctx, env, &c.Remote, request{path: "/menu", query: c.query()}, func(items []item) error {
		t := newTable(env.Out, "SKU", "NAME", "CATEGORY", "PRICE", "DESCRIPTION")
		for _, it := range items {
			t.row(it.SKU, it.Name, orDash(it.Category), it.Price, it.Description)
		}
		return t.end()
	})
}
