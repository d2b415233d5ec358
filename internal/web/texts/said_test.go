package texts

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/actor"
	"brigade/internal/errs"
)

// What services say in English is said in the language, whole, with the words in it and the right forms of numbers.
func TestRefusals(t *testing.T) {
	t.Parallel()
	var f errs.Fields
	f.Add("steps[2].name", "must have at most %d characters", 21)
	f.Add("colour", "must be a number")
	both := *errs.Conflict("%s is sold out.", "Wrap")
	both.Fields = f
	for _, c := range []struct {
		err        error
		en, es, ru string
	}{
		{errs.NotFound("there is no driver %q", "Ana"), `there is no driver "Ana"`, "No existe el repartidor «Ana».", "Курьера «Ana» нет."},
		{errs.Forbidden("a %s may not do this", actor.Cook), "a cook may not do this", "Un cocinero no puede hacer esto.", "Роль «повар» этого не позволяет."},
		{errs.NotFound("there is no driver %q", "cook"), `there is no driver "cook"`, "No existe el repartidor «cook».", "Курьера «cook» нет."},
		{
			f.Err(), "steps[2].name must have at most 21 characters; colour must be a number",
			"Paso 3, nombre: debe tener como máximo 21 caracteres; colour: debe ser un número",
			"Шаг 3, имя: не длиннее 21 символа; colour: должно быть числом",
		},
		{
			&both, "Wrap is sold out.: steps[2].name must have at most 21 characters; colour must be a number",
			"Wrap está agotado: paso 3, nombre: debe tener como máximo 21 caracteres; colour: debe ser un número",
			"Wrap закончилось: шаг 3, имя: не длиннее 21 символа; colour: должно быть числом",
		},
		{
			errs.Conflict("%s was changed by %s: look at it again", "PO-1", "Ana"), "PO-1 was changed by Ana: look at it again",
			"Ana ha cambiado PO-1: vuelva a mirarlo.", "PO-1 тем временем изменён (Ana): посмотрите ещё раз.",
		},
		{
			errs.Conflict("%s", errs.Join("; ", errs.Textf("%s is paused", errs.Word(actor.Role("station"))), errs.Textf("%d open tasks need it", 2))),
			"station is paused; 2 open tasks need it", "partida: en pausa; lo necesitan 2 tareas abiertas", "станция: пауза; нужно для 2 открытых задач",
		},
		{
			errs.Conflict("%s", errs.Textf("%s: %s", errs.Textf("zone %s is paused", "Sol"), errs.Word("the kitchen is busy"))),
			"zone Sol is paused: the kitchen is busy", "La zona Sol está en pausa: la cocina está muy ocupada",
			"Доставка в зону Sol приостановлена: кухня загружена",
		},
		{
			errs.Conflict("it is not your shift, nor does it begin within %v", 90*time.Minute), "it is not your shift, nor does it begin within 1h30m0s",
			"No es su turno ni empieza en 1 h 30 min.", "Сейчас не ваша смена, и она не начнётся в ближайшие 1 ч 30 мин.",
		},
		{
			errs.Invalid("ring %d %s", 1, errs.Invalid("has position %d twice in a row", 3)), "ring 1 has position 3 twice in a row",
			"el anillo 1 repite la posición 3 dos veces seguidas", "кольцо 1: дважды подряд содержит точку 3",
		},
	} {
		var e *errs.Error
		require.ErrorAs(t, c.err, &e)
		for code, want := range map[string]string{"en": c.en, "es": c.es, "ru": c.ru} {
			l, _ := Find(code)
			got, _ := l.Refusal(e)
			require.Equal(t, want, got)
		}
	}
}

// Reasons that services store as sentences are said, too; what people wrote is not touched.
func TestStoredReasons(t *testing.T) {
	t.Parallel()
	ru, _ := Find("ru")
	require.Equal(t, "карта отклонена", ru.Stored("the card was declined"))
	require.Equal(t, "100 % mine, %s", ru.Stored("100 % mine, %s"))
	require.Equal(t, "the card was declined", Languages[0].Stored("the card was declined"))
	text, err := ru.Say("why.hand", errs.Word("the order is held"))
	require.NoError(t, err)
	require.Equal(t, "придержано: заказ придержан", text)
}

// What no language knows stays English, and says so.
func TestWhatNobodyTranslatedIsEnglish(t *testing.T) {
	t.Parallel()
	es, _ := Find("es")
	for _, e := range []*errs.Error{errs.Unavailable("the %s of %d is away", "house", 3), errs.Conflict("%s", "the 50 % house")} {
		text, known := es.Refusal(e)
		require.Equal(t, e.Public(), text)
		require.False(t, known)
	}
	text, known := Languages[0].Refusal(errs.Unavailable("away"))
	require.Equal(t, "away", text)
	require.True(t, known)
}
