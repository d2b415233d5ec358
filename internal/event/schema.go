package event

import (
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Schema is a JSON Schema (draft 2020-12), as far as payloads need it.
type Schema struct {
	Schema      string             `json:"$schema,omitempty"`
	Title       string             `json:"title,omitempty"`
	Description string             `json:"description,omitempty"`
	Type        any                `json:"type,omitempty"` // a name, or a list of names
	Const       any                `json:"const,omitempty"`
	Format      string             `json:"format,omitempty"`
	Properties  map[string]*Schema `json:"properties,omitempty"`
	Required    []string           `json:"required,omitempty"`
	Items       *Schema            `json:"items,omitempty"`

	order []string // of the properties, as they are declared
}

// Fields lists the names of a struct's properties in the order in which they are declared.
func (s *Schema) Fields() []string { return s.order }

func schemaOfEntry(e Entry, version int) *Schema {
	s := schemaOf(reflect.TypeFor[Event]())
	s.Schema, s.Title, s.Description = "https://json-schema.org/draft/2020-12/schema", string(e.Type), e.Meaning
	s.Properties["type"] = &Schema{Const: e.Type}
	s.Properties["version"] = &Schema{Const: version}
	s.Properties["aggregate_type"] = &Schema{Const: e.Aggregate}
	s.Properties["payload"] = schemaOf(reflect.TypeOf(e.Payload))
	return s
}

// Find returns the catalogue's entry of a type; ok is false when there is none.
func Find(t Type) (e Entry, ok bool) {
	i := slices.IndexFunc(Catalogue, func(e Entry) bool { return e.Type == t })
	if i < 0 {
		return Entry{}, false
	}
	return Catalogue[i], true
}

func schemaOf(t reflect.Type) *Schema {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return &Schema{Type: "string", Format: "date-time"}
	case t == reflect.TypeFor[uuid.UUID]():
		return &Schema{Type: "string", Format: "uuid"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		s := schemaOf(t.Elem())
		s.Type = []string{s.Type.(string), "null"}
		return s
	case reflect.Slice, reflect.Array:
		return &Schema{Type: "array", Items: schemaOf(t.Elem())}
	case reflect.Map:
		return &Schema{Type: "object"}
	case reflect.Struct:
		return structSchema(t)
	case reflect.String:
		return &Schema{Type: "string"}
	case reflect.Bool:
		return &Schema{Type: "boolean"}
	case reflect.Float32, reflect.Float64:
		return &Schema{Type: "number"}
	case reflect.Interface:
		return &Schema{}
	default:
		return &Schema{Type: "integer"}
	}
}

func structSchema(t reflect.Type) *Schema {
	s := &Schema{Type: "object", Properties: map[string]*Schema{}}
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" || name == "" {
			continue
		}
		s.Properties[name] = schemaOf(f.Type)
		s.order = append(s.order, name)
		if !strings.Contains(options, "omitempty") && !strings.Contains(options, "omitzero") {
			s.Required = append(s.Required, name)
		}
	}
	return s
}
