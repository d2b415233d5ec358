package load

import (
	"slices"

	"go.yaml.in/yaml/v3"

	"brigade/internal/modifier"
	"brigade/internal/money"
)

// mostAllergens is how many an item may name; the European Union's list has fourteen.
const mostAllergens = 30

// allergens reads what an item, or a choice, holds that makes some people ill.
func (f fields) allergens() []string {
	var out []string
	for _, n := range f.list("allergens") {
		name, ok := f.line(n, "an allergen")
		switch {
		case !ok:
		case name == "" || len(name) > modifier.MaxName:
			f.fault(n, "an allergen's name must have 1 to %d characters", modifier.MaxName)
		case slices.Contains(out, name):
			f.fault(n, "allergen %q is here twice", name)
		default:
			out = append(out, name)
		}
	}
	if len(out) > mostAllergens {
		f.fault(f.values["allergens"], "an item has at most %d allergens", mostAllergens)
	}
	return out
}

// choices reads what a guest can choose of an item. Without min a group is a matter of taste; without max it is one of it.
func (k *kitchen) choices(item fields) []modifier.Group {
	var out []modifier.Group
	for _, n := range item.list("choices") {
		f := k.mapping(n, "a group of choices", "name!", "min", "max", "of!")
		g := modifier.Group{Name: f.text("name"), Min: f.from0("min", modifier.MaxChoices), Max: max(1, f.count("max", modifier.MaxChoices))}
		for _, n := range f.list("of") {
			g.Choices = append(g.Choices, k.choice(n))
		}
		out = append(out, g)
	}
	if err := modifier.Check(out); err != nil && len(k.faults) == 0 {
		k.fault(item.node("choices"), "%s", err)
	}
	return out
}

// choice reads one: its name alone, or with what it adds to the price.
func (k *kitchen) choice(n *yaml.Node) modifier.Choice {
	if n.Kind == yaml.ScalarNode {
		name, _ := k.line(n, "a choice")
		return modifier.Choice{Name: name}
	}
	f := k.mapping(n, "a choice", "name!", "price", "allergens")
	c := modifier.Choice{Name: f.text("name"), Allergens: f.allergens()}
	if n := f.values["price"]; n != nil {
		p, err := money.Parse(n.Value)
		if err != nil || p > dearest || p < -dearest {
			f.fault(n, "price must be an amount with at most two decimals, as 1.50 or -0.50")
		}
		c.Price = p
	}
	return c
}

// from0 is count for what may be none.
func (f fields) from0(key string, high int) int {
	if n := f.values[key]; n != nil && n.Value == "0" {
		return 0
	}
	return f.count(key, high)
}
