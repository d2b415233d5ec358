package texts

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var plainVerb = regexp.MustCompile(`%[ds]`)

// Every text exists in every language, with the same verbs, and as many forms as the language has or one.
func TestTheCatalogueIsWhole(t *testing.T) {
	t.Parallel()
	forms := map[string]int{"en": 2, "es": 2, "ru": 3}
	for key, text := range all {
		require.Len(t, text, len(Languages), key)
		want := plainVerb.FindAllString(strings.Split(text["en"], "|")[0], -1)
		for _, l := range Languages {
			list := strings.Split(text[l.Code], "|")
			require.NotEmpty(t, text[l.Code], key)
			require.Contains(t, []int{1, forms[l.Code]}, len(list), "%s in %s", key, l.Name)
			for _, form := range list {
				require.Equal(t, want, plainVerb.FindAllString(form, -1), "%s in %s", key, l.Name)
			}
		}
	}
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	ru, _ := Find("ru")
	for n, want := range map[int]string{1: "1 заказ", 3: "3 заказа", 5: "5 заказов", 11: "11 заказов", 12: "12 заказов", 21: "21 заказ", 102: "102 заказа"} {
		got, err := ru.Say("kitchen.orders", n)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	_, err := ru.Say("no such text")
	require.Error(t, err)
}

func TestTheBrowsersLanguage(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"": "en", "de,fr": "en", "es-AR,es;q=0.9,en;q=0.8": "es", "de,ru;q=0.7,en;q=0.3": "ru", "en;q=0.2, es;q=0.9": "es", ";;q=,": "en",
	} {
		require.Equal(t, want, Accepted(header).Code, header)
	}
}
