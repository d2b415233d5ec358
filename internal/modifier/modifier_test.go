package modifier

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"brigade/internal/errs"
	"brigade/internal/money"
)

var burger = []Group{
	{Name: "Size", Min: 1, Max: 1, Choices: []Choice{{Name: "Regular", Price: 0}, {Name: "Large", Price: 200}}},
	{Name: "Extras", Max: 2, Choices: []Choice{{Name: "Cheese", Price: 100}, {Name: "Bacon", Price: 150}, {Name: "no pickles", Price: 0}}},
}

func TestApply(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		picks []Pick
		words string
		extra money.Amount
		fault string
	}{
		"nothing is as usual":       {},
		"the usual is not said":     {picks: []Pick{{"Size", "Regular"}}},
		"what differs is said":      {picks: []Pick{{"Extras", "no pickles"}, {"Extras", "Cheese"}, {"Size", "Large"}}, words: "Large, Cheese, no pickles", extra: 300},
		"twice is once":             {picks: []Pick{{"Extras", "Bacon"}, {"Extras", "Bacon"}}, words: "Bacon", extra: 150},
		"too many":                  {picks: []Pick{{"Size", "Regular"}, {"Size", "Large"}}, fault: "Size: choose 1"},
		"not on the menu":           {picks: []Pick{{"Extras", "Gold"}}, fault: `no choice "Gold"`},
		"a choice of another group": {picks: []Pick{{"Size", "Cheese"}}, fault: `no choice "Cheese" in "Size"`},
	} {
		words, extra, err := Apply(burger, c.picks)
		if c.fault != "" {
			require.ErrorContains(t, err, c.fault, name)
			continue
		}
		require.NoError(t, err, name)
		require.Equal(t, c.words, strings.Join(words, ", "), name)
		require.Equal(t, c.extra, extra, name)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	require.NoError(t, Check(burger))
	require.NoError(t, Check(nil))
	require.NoError(t, Check([]Group{{Name: "Сорт", Max: 1, Choices: []Choice{{Name: "dear", Price: MaxPrice}, {Name: "cheap", Price: -MaxPrice}}}}))
	for _, g := range []Group{
		{Name: "none", Max: 1},
		{Name: "", Max: 1, Choices: []Choice{{Name: "a", Price: 0}}},
		{Name: "more than there are", Max: 2, Choices: []Choice{{Name: "a", Price: 0}}},
		{Name: "upside down", Min: 2, Max: 1, Choices: []Choice{{Name: "a", Price: 0}, {Name: "b", Price: 0}}},
		{Name: "twice", Max: 1, Choices: []Choice{{Name: "a", Price: 0}, {Name: "a", Price: 1}}},
		{Name: strings.Repeat("x", MaxName+1), Max: 1, Choices: []Choice{{Name: "a", Price: 0}}},
		{Name: "two\nlines", Max: 1, Choices: []Choice{{Name: "a", Price: 0}}},
		{Name: "no text", Max: 1, Choices: []Choice{{Name: "a\x00", Price: 0}}},
		{Name: "no UTF-8", Max: 1, Choices: []Choice{{Name: "\xff", Price: 0}}},
		{Name: "too dear", Max: 1, Choices: []Choice{{Name: "a", Price: MaxPrice + 1}}},
		{Name: "too cheap", Max: 1, Choices: []Choice{{Name: "a", Price: -MaxPrice - 1}}},
	} {
		require.Error(t, Check([]Group{g}), g.Name)
	}
	require.Error(t, Check([]Group{burger[0], burger[0]}))
	var at []string
	var wrong errs.Fields
	Faults(&wrong, []Group{burger[0], {Name: "Size", Min: 3, Max: 2, Choices: []Choice{{Name: "a"}, {}, {Name: "a", Allergens: []string{"egg", "egg", ""}}}}})
	for _, f := range wrong {
		at = append(at, f.Path)
	}
	require.Equal(t, []string{
		"choices[1].name", "choices[1].min", "choices[1].of[1].name", "choices[1].of[2].name", "choices[1].of[2].allergens", "choices[1].of[2].allergens",
	}, at)
	require.ErrorContains(t, Check([]Group{{Name: "Dip", Max: 1}}), `group "Dip": it must have 1 to 30 choices`)
}

// Whatever is picked: the price is the sum of what was taken, and a group never gives more or fewer than it may.
func TestNobodyGetsMoreThanHePaysFor(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		all := []Pick{{"Size", "Regular"}, {"Size", "Large"}, {"Extras", "Cheese"}, {"Extras", "Bacon"}, {"Extras", "no pickles"}, {"Extras", "Gold"}}
		picks := rapid.SliceOf(rapid.SampledFrom(all)).Draw(t, "picks")
		words, extra, err := Apply(burger, picks)
		if err != nil {
			return
		}
		if len(words) > 3 {
			t.Fatalf("%d choices of three at most", len(words))
		}
		price := map[string]money.Amount{"Large": 200, "Cheese": 100, "Bacon": 150}
		var sum money.Amount
		for _, w := range words {
			sum += price[w]
		}
		if sum != extra {
			t.Fatalf("%v costs %v, not %v", words, sum, extra)
		}
	})
}
