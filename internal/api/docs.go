package api

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"reflect"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"brigade/internal/errs"
	"brigade/internal/measure"
	"brigade/internal/money"
	"brigade/internal/web/static"
)

// describe is what the documentation says about the API as a whole.
func describe(version string) huma.Config {
	if version == "" {
		version = "development"
	}
	schemas := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	schemas.RegisterTypeAlias(reflect.TypeFor[money.Amount](), reflect.TypeFor[decimal]())
	schemas.RegisterTypeAlias(reflect.TypeFor[measure.Quantity](), reflect.TypeFor[measured]())
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title: "Brigade", Version: version,
				Description: "Orders, kitchen and tracking of a food business. Errors are problem documents (RFC 9457); `error` holds " +
					"the same sentence as `detail`. Bodies are JSON of at most 1 MiB; unknown fields are refused.",
			},
			Tags: []*huma.Tag{
				{Name: tagOrders, Description: "Place orders and follow them."},
				{Name: tagKitchen, Description: "Stations, machines, staff and their work."},
				{Name: tagDelivery, Description: "How orders come to their doors."},
				{Name: tagDriver, Description: "What a driver's app does: with the driver's own token, or a manager's and `driver`."},
				{Name: tagMenu, Description: "What is sold, and where."},
				{Name: "Events", Description: "Everything that happens, as it happens."},
				{Name: tagStock, Description: "What kitchens hold, what was used of it, and what they can make."},
				{Name: tagPurchases, Description: "Where kitchens buy."},
				{Name: tagTokens, Description: "Who may ask."},
				{Name: tagK, Description: "The kitchen scheduling engine, as its clients know it."},
				{Name: tagR, Description: "The restaurant order services, as their clients know them. Every fault of a request is 400."},
				{Name: tagOperation, Description: "For operators."},
			},
			Components: &huma.Components{
				Schemas: schemas,
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"token": {Type: "http", Scheme: "bearer", Description: "A token made by `brigade token create`"},
				},
			},
		},
		Formats: map[string]huma.Format{
			"application/json": {Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: readJSON},
			"json":             {Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: readJSON},
		},
		DefaultFormat: "application/json",
	}
}

// needed lists the fields that requests must have. The services check them, so that all faults are named at once;
// this is for the documentation.
var needed = map[string][]string{
	"ConfirmBody":  {"external_order_id", "items"},
	"FreeFormBody": {"customer_name", "order_type", "items"},
	"FreeFormItem": {"name", "quantity", "price"},
}

const docsPolicy = "default-src 'none'; base-uri 'none'; connect-src 'self'; form-action 'none'; frame-ancestors 'none'; " +
	"img-src 'self' data:; script-src 'self'; style-src 'self' 'unsafe-inline'"

const docsPage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Brigade API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="api"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`

const docsScript = `SwaggerUIBundle({url: "/openapi.json", dom_id: "#api", deepLinking: true, tryItOutEnabled: true});
`

func (s *server) addDocs() {
	spec := s.huma.OpenAPI()
	for name, fields := range needed {
		if schema := spec.Components.Schemas.Map()[name]; schema != nil {
			schema.Required = fields
		}
	}
	asJSON := sync.OnceValues(func() ([]byte, error) { return json.Marshal(spec) })
	asYAML := sync.OnceValues(spec.YAML)
	s.raw("GET /openapi.json", document("application/openapi+json", asJSON))
	s.raw("GET /openapi.yaml", document("application/openapi+yaml", asYAML))
	s.raw("GET /docs", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Security-Policy", docsPolicy)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, docsPage)
	}))
	s.raw("GET /docs/{file}", http.HandlerFunc(docsFile))
}

func document(contentType string, text func() ([]byte, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := text()
		if err != nil {
			problem(r.Context(), err).write(w)
			return
		}
		w.Header().Set("Content-Type", contentType)
		w.Write(b)
	})
}

// docsFile serves what the page needs, from the vendored files.
func docsFile(w http.ResponseWriter, r *http.Request) {
	switch name := r.PathValue("file"); {
	case name == "start.js":
		w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
		fmt.Fprint(w, docsScript)
	case strings.HasSuffix(name, ".css") || strings.HasSuffix(name, ".js"):
		files, err := fs.Sub(static.Files, "vendor/swagger-ui")
		if err != nil {
			problem(r.Context(), err).write(w)
			return
		}
		http.ServeFileFS(w, r, files, name)
	default:
		problem(r.Context(), errs.NotFound("there is nothing at %s", r.URL.Path)).write(w)
	}
}
