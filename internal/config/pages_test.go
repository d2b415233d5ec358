package config

import (
	"testing"

	"github.com/stretchr/testify/require"

	"brigade/internal/errs"
)

func TestPages(t *testing.T) {
	t.Parallel()
	for _, right := range []Pages{
		{},
		{PublicURL: "https://order.example.com", MapTiles: "https://{s}.tile.example.com/{z}/{x}/{y}.png", MapCredit: "© Town"},
		{PublicURL: "http://10.0.0.7:8080/", MapTiles: "http://127.0.0.1:9000/{z}/{x}/{y}@2x.png?key=a"},
	} {
		var f errs.Fields
		right.check(&f)
		require.NoError(t, f.Err(), "%+v", right)
	}
	for _, wrong := range []Pages{
		{PublicURL: "order.example.com"},
		{PublicURL: "ftp://order.example.com"},
		{PublicURL: "https://user:secret@order.example.com"},
		{MapTiles: "https://tile.example.com/"},
		{MapTiles: "javascript:alert(1)//{z}{x}{y}"},
		{MapTiles: "https://a.example; script-src */{z}/{x}/{y}"},
		{MapTiles: "https:///{z}/{x}/{y}.png"},
	} {
		var f errs.Fields
		wrong.check(&f)
		require.Error(t, f.Err(), "%+v", wrong)
	}
}
