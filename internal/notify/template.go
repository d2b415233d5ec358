package notify

import (
	"strings"
)

// text is a message in one language: {number}, {name}, {reason} and {time} stand for facts. With "|" the part behind
// it is left out when the fact in it is empty.
type text struct{ subject, body string }

const english = "en"

// catalogue holds every message in every language. A kind that a language does not have is told in English.
var catalogue = map[string]map[Kind]text{
	english: {
		Accepted:   {"Your order {number}", "Hello{ name}, we have your order {number}."},
		Delayed:    {"Order {number} takes longer", "Sorry{ name}, your order {number} takes longer than we said.| We now expect it at {time}."},
		Ready:      {"Order {number} is ready", "Good news{ name}: your order {number} is ready."},
		OnTheWay:   {"Order {number} is on its way", "Your order {number} is on its way.| We expect it at {time}."},
		DriverNear: {"Order {number} is almost there", "Your order {number} is almost at your door."},
		HandedOver: {"Enjoy order {number}", "Your order {number} was handed over. Enjoy your meal{ name}!"},
		Cancelled:  {"Order {number} was cancelled", "Your order {number} was cancelled.| Reason: {reason}."},
		Alert:      {"Alert: {number}", "{number}.| {reason}."},
		Digest:     {"Your week: {number}", "{number}.| {reason}."},
		Attention:  {"Order {number} is not being made", "Order {number} needs you: it was cancelled, because nobody makes it.| Reason: {reason}."},
		Rejected:   {"Order {number} could not be taken", "We are sorry{ name}: your order {number} could not be taken.| Reason: {reason}."},
	},
	"es": {
		Accepted:   {"Tu pedido {number}", "Hola{ name}, hemos recibido tu pedido {number}."},
		Delayed:    {"El pedido {number} se retrasa", "Lo sentimos{ name}, tu pedido {number} tardará más de lo previsto.| Lo esperamos a las {time}."},
		Ready:      {"El pedido {number} está listo", "¡Buenas noticias{ name}! Tu pedido {number} está listo."},
		OnTheWay:   {"El pedido {number} está en camino", "Tu pedido {number} está en camino.| Lo esperamos a las {time}."},
		DriverNear: {"El pedido {number} está a punto de llegar", "Tu pedido {number} está a punto de llegar a tu puerta."},
		HandedOver: {"Disfruta del pedido {number}", "Tu pedido {number} ha sido entregado. ¡Buen provecho{ name}!"},
		Cancelled:  {"El pedido {number} se ha cancelado", "Tu pedido {number} se ha cancelado.| Motivo: {reason}."},
		Alert:      {"Aviso: {number}", "{number}.| {reason}."},
		Digest:     {"Tu semana: {number}", "{number}.| {reason}."},
		Attention:  {"El pedido {number} no se prepara", "El pedido {number} te necesita: se ha cancelado porque nadie lo prepara.| Motivo: {reason}."},
		Rejected:   {"No hemos podido aceptar el pedido {number}", "Lo sentimos{ name}: no hemos podido aceptar tu pedido {number}.| Motivo: {reason}."},
	},
	"ru": {
		Accepted:   {"Ваш заказ {number}", "Здравствуйте{, name}! Мы получили ваш заказ {number}."},
		Delayed:    {"Заказ {number} задерживается", "Извините, ваш заказ {number} задерживается.| Ожидаем его в {time}."},
		Ready:      {"Заказ {number} готов", "Хорошие новости: ваш заказ {number} готов."},
		OnTheWay:   {"Заказ {number} в пути", "Ваш заказ {number} уже в пути.| Ожидаем его в {time}."},
		DriverNear: {"Заказ {number} почти у вас", "Курьер с заказом {number} почти у вашей двери."},
		HandedOver: {"Заказ {number} получен", "Ваш заказ {number} передан. Приятного аппетита!"},
		Cancelled:  {"Заказ {number} отменён", "Ваш заказ {number} отменён.| Причина: {reason}."},
		Alert:      {"Внимание: {number}", "{number}.| {reason}."},
		Digest:     {"Ваша неделя: {number}", "{number}.| {reason}."},
		Attention:  {"Заказ {number} не готовится", "Заказ {number} требует внимания: он отменён, его никто не готовит.| Причина: {reason}."},
		Rejected:   {"Заказ {number} не принят", "К сожалению, мы не смогли принять ваш заказ {number}.| Причина: {reason}."},
	},
}

// Render writes a message for a guest in his language: es-MX is told in es, what nobody translated in English.
// Times are in the zone that they come in. It is pure.
func Render(language string, kind Kind, f Facts) (subject, body string) {
	t := lookUp(language, kind)
	return fill(t.subject, f), fill(t.body, f)
}

// follow is what stands before the link.
var follow = map[string]string{english: "Follow it here: ", "es": "Síguelo aquí: ", "ru": "Следите за ним здесь: "}

// followed adds the link under which a guest follows his order; "" adds nothing.
func followed(language, body, link string) string {
	if link == "" {
		return body
	}
	base, _, _ := strings.Cut(strings.ToLower(language), "-")
	words, ok := follow[base]
	if !ok {
		words = follow[english]
	}
	return body + "\n" + words + link
}

func lookUp(language string, kind Kind) text {
	base, _, _ := strings.Cut(strings.ToLower(language), "-")
	if t, ok := catalogue[base][kind]; ok {
		return t
	}
	return catalogue[english][kind]
}

func fill(pattern string, f Facts) string {
	main, optional, _ := strings.Cut(pattern, "|")
	if strings.Contains(optional, "{reason}") && f.Reason != "" || strings.Contains(optional, "{time}") && f.ExpectedAt != nil {
		main += optional
	}
	name := oneLine(f.CustomerName)
	at := ""
	if f.ExpectedAt != nil {
		at = f.ExpectedAt.Format("15:04")
	}
	return strings.NewReplacer(
		"{number}", f.Number, "{reason}", strings.TrimRight(oneLine(f.Reason), "."), "{time}", at,
		"{ name}", before(" ", name), "{, name}", before(", ", name),
	).Replace(main)
}

func before(sign, s string) string {
	if s == "" {
		return ""
	}
	return sign + s
}

// oneLine keeps what guests wrote from adding lines to a message.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
