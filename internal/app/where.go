package app

// DatabaseURL is the Postgres that the app works with, the private one included; "" before Start. It may hold a
// password.
func (a *App) DatabaseURL() string {
	if a.pool == nil {
		return ""
	}
	return a.pool.Config().ConnString()
}
