package event_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"brigade/internal/event"
)

var update = flag.Bool("update", false, "write the golden files of event types that have none yet")

// Every constant of type Type in catalogue.go is in the catalogue, with a payload struct that has a doc comment.
func TestCatalogueIsComplete(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "catalogue.go", nil, parser.ParseComments)
	require.NoError(t, err)
	types, documented := declared(t, file)
	listed := map[string]event.Entry{}
	for _, e := range event.Catalogue {
		require.NotContains(t, listed, string(e.Type), "listed twice")
		listed[string(e.Type)] = e
		require.NotEmpty(t, e.Meaning, e.Type)
		require.NotEmpty(t, e.Aggregate, e.Type)
		payload := reflect.TypeOf(e.Payload)
		require.Equal(t, reflect.Struct, payload.Kind(), e.Type)
		require.True(t, documented[payload.Name()], "%s needs a doc comment", payload.Name())
	}
	for _, name := range types {
		require.Contains(t, listed, name, "not in the catalogue")
	}
	require.Len(t, types, len(listed))
}

// declared returns the values of the file's constants of type Type, and its structs that have a doc comment.
func declared(t *testing.T, file *ast.File) (types []string, documented map[string]bool) {
	documented = map[string]bool{}
	for _, d := range file.Decls {
		decl, ok := d.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, s := range decl.Specs {
			switch spec := s.(type) {
			case *ast.ValueSpec:
				if id, ok := spec.Type.(*ast.Ident); ok && id.Name == "Type" {
					name, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
					require.NoError(t, err)
					types = append(types, name)
				}
			case *ast.TypeSpec:
				documented[spec.Name.Name] = decl.Doc != nil || spec.Doc != nil
			}
		}
	}
	return types, documented
}

// An event as it was once published must be read the same for ever: the golden files hold one of each type. New
// fields are fine, a field that vanishes or changes its name or type is not. -update only writes missing files.
func TestEventsStayCompatible(t *testing.T) {
	t.Parallel()
	for _, entry := range event.Catalogue {
		path := goldenFile(entry, event.VersionOf(entry.Type))
		now, err := json.MarshalIndent(example(entry), "", "  ")
		require.NoError(t, err)
		golden, err := os.ReadFile(path)
		if os.IsNotExist(err) && *update {
			require.NoError(t, os.WriteFile(path, append(now, '\n'), 0o600))
			continue
		}
		require.NoError(t, err, "run the test with -update to add the example of a new type")
		var want, got map[string]any
		require.NoError(t, json.Unmarshal(golden, &want))
		require.NoError(t, json.Unmarshal(now, &got))
		requireContains(t, string(entry.Type), want, got)
	}
}

// goldenFile holds an event of a version: TYPE.json, from version 2 on TYPE.v2.json.
func goldenFile(e event.Entry, v int) string {
	name := string(e.Type)
	if v > 1 {
		name += fmt.Sprintf(".v%d", v)
	}
	return filepath.Join("testdata", name+".json")
}

func requireContains(t *testing.T, path string, want, got map[string]any) {
	for field, w := range want {
		g, ok := got[field]
		require.True(t, ok, "%s.%s has vanished", path, field)
		if inner, ok := w.(map[string]any); ok {
			require.IsType(t, inner, g)
			requireContains(t, path+"."+field, inner, g.(map[string]any))
			continue
		}
		require.Equal(t, w, g, "%s.%s", path, field)
	}
}

func example(entry event.Entry) event.Event {
	at := time.Date(2026, 5, 4, 12, 30, 0, 123456000, time.UTC)
	payload := reflect.New(reflect.TypeOf(entry.Payload)).Elem()
	for i := range payload.NumField() {
		fill(payload.Field(i), payload.Type().Field(i).Name, at)
	}
	e := event.New(entry.Type, entry.Aggregate, 42, 3, at, payload.Interface())
	e.Position, e.Tenant, e.Outlet = 1234, 1, 2
	e.ID = uuid.MustParse("0196a0c4-7d3a-7c11-9a55-1f3d2c4b5a69")
	e.TraceParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	return e
}

// fill gives a field a value that does not depend on the fields beside it.
func fill(v reflect.Value, name string, at time.Time) {
	switch v.Interface().(type) {
	case string:
		v.SetString("some " + name)
	case int, int64:
		v.SetInt(int64(100 + len(name)))
	case *time.Time:
		v.Set(reflect.ValueOf(&at))
	case time.Time:
		v.Set(reflect.ValueOf(at))
	case bool:
		v.SetBool(true)
	case float64:
		v.SetFloat(1.5)
	default:
		if v.Kind() == reflect.Slice {
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
			for i := range v.Index(0).NumField() {
				fill(v.Index(0).Field(i), v.Index(0).Type().Field(i).Name, at)
			}
			return
		}
		panic("fill does not know " + v.Type().String())
	}
}
