package order

// Contact is how the guest of an order wants to be told of it. Empty fields are not used. Whoever takes it down checks
// it; orders only carry it to those who tell.
type Contact struct {
	Email    string
	Phone    string
	Language string
}
