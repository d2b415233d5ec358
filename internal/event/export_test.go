package event

// Supersede gives a type one more version, whose predecessor had this payload, until the returned function is called.
func Supersede(t Type, payload any) (back func()) {
	superseded[t] = append(superseded[t], payload)
	return func() { superseded[t] = superseded[t][:len(superseded[t])-1] }
}
