package event_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"brigade/internal/event"
)

// What was once published fits today's schema: it has every required field, and none of another type.
func TestGoldenEventsFitTheirSchemas(t *testing.T) {
	t.Parallel()
	for _, entry := range event.Catalogue {
		for v := range event.VersionOf(entry.Type) {
			requireFits(t, entry, v+1)
		}
	}
	_, ok := event.Find("NOTHING")
	require.False(t, ok)
}

func requireFits(t *testing.T, entry event.Entry, version int) {
	t.Helper()
	schema, ok := event.SchemaOfVersion(entry, version)
	require.True(t, ok)
	body, err := os.ReadFile(goldenFile(entry, version))
	require.NoError(t, err)
	var golden map[string]any
	require.NoError(t, json.Unmarshal(body, &golden))
	require.NoError(t, fits(schema, golden), entry.Type)
	text, err := json.Marshal(schema)
	require.NoError(t, err)
	require.Contains(t, string(text), `"const":"`+string(entry.Type)+`"`)
}

// fits checks a value as far as the schemas of payloads go.
func fits(s *event.Schema, v any) error {
	if s.Const != nil {
		if fmt.Sprint(s.Const) != fmt.Sprint(v) {
			return fmt.Errorf("%v is not %v", v, s.Const)
		}
		return nil
	}
	if types, ok := s.Type.([]string); ok && v == nil && slices.Contains(types, "null") {
		return nil
	}
	name := fmt.Sprint(s.Type)
	switch v := v.(type) {
	case string:
		return want(name, "string")
	case bool:
		return want(name, "boolean")
	case float64:
		if strings.Contains(name, "number") {
			return nil
		}
		return want(name, "integer")
	case []any:
		for _, item := range v {
			if err := fits(s.Items, item); err != nil {
				return err
			}
		}
		return want(name, "array")
	case map[string]any:
		for _, field := range s.Required {
			if _, ok := v[field]; !ok {
				return fmt.Errorf("%s is missing", field)
			}
		}
		for field, value := range v {
			if s.Properties[field] == nil {
				continue // readers leave alone what they do not know
			}
			if err := fits(s.Properties[field], value); err != nil {
				return fmt.Errorf("%s: %w", field, err)
			}
		}
	}
	return nil
}

func want(have, name string) error {
	if !strings.Contains(have, name) {
		return fmt.Errorf("a %s where %s is expected", name, have)
	}
	return nil
}

// What readers may rely on stays: a field that every event of a version has does not become one that may be absent.
func TestRequiredFieldsStayRequired(t *testing.T) {
	t.Parallel()
	path := filepath.Join("testdata", "required.json")
	body, err := os.ReadFile(path)
	require.NoError(t, err)
	var promised map[string][]string
	require.NoError(t, json.Unmarshal(body, &promised))
	grown := false
	for _, entry := range event.Catalogue {
		key := fmt.Sprintf("%s %d", entry.Type, event.VersionOf(entry.Type))
		now := event.SchemaOf(entry).Properties["payload"].Required
		for _, field := range promised[key] {
			require.Contains(t, now, field, "%s: readers rely on it", key)
		}
		if *update && len(now) > len(promised[key]) {
			promised[key], grown = now, true
		}
		require.NotNil(t, promised[key], "run the test with -update to note the fields of %s", key)
	}
	if grown {
		text, err := json.MarshalIndent(promised, "", "  ")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, append(text, '\n'), 0o600))
	}
}

// A type that got a second version is written in it; the first keeps its schema.
func TestVersions(t *testing.T) { //nolint:paralleltest // the catalogue is everybody's
	entry, ok := event.Find(event.TaskReady)
	require.True(t, ok)
	type first struct {
		Task string `json:"task"`
	}
	defer event.Supersede(event.TaskReady, first{})()
	require.Equal(t, 2, event.New(event.TaskReady, event.AggregateTask, 1, 1, time.Now(), event.TaskPayload{}).Version)
	require.Equal(t, 2, event.SchemaOf(entry).Properties["version"].Const)
	old, ok := event.SchemaOfVersion(entry, 1)
	require.True(t, ok)
	require.Equal(t, 1, old.Properties["version"].Const)
	require.Equal(t, []string{"task"}, old.Properties["payload"].Fields())
	for _, none := range []int{0, 3} {
		_, ok = event.SchemaOfVersion(entry, none)
		require.False(t, ok)
	}
}

// docs/events.md is written from the catalogue: go test ./internal/event -update writes it anew.
func TestDocumentation(t *testing.T) {
	t.Parallel()
	path := filepath.Join("..", "..", "docs", "events.md")
	text := []byte(documentation())
	have, err := os.ReadFile(path)
	if *update && !bytes.Equal(have, text) {
		require.NoError(t, os.WriteFile(path, text, 0o644)) //nolint:gosec // documentation is for everybody
		return
	}
	require.NoError(t, err)
	require.Equal(t, string(text), string(have), "run go test ./internal/event -update")
}

func documentation() string {
	var b strings.Builder
	b.WriteString(`# Events

Everything that happens is an event: written in the transaction of the change, carried to every sink in order and at
least once. Readers drop what they have seen by ` + "`id`" + ` and leave alone fields that they do not know: fields may be added to a
version, everything else makes a new version. JSON Schemas are served at ` + "`/api/v1/events/schemas`" + `, those of earlier versions with
` + "`?version=`" + `.
(This page is written from the catalogue, ` + "`internal/event/catalogue.go`" + `.)

| Where | How |
|---|---|
| HTTP | ` + "`GET /api/v1/events`" + `, server-sent events; ` + "`Last-Event-ID`" + ` resumes |
| Kafka | topics ` + topics() + `; key ` + "`AGGREGATE:ID`" + ` |
| RabbitMQ | topic exchange ` + "`domain_events`" + `, key ` + "`CONTEXT.TYPE`" + ` |
| Postgres | view ` + "`domain_events`" + `, with ` + "`published_at`, `attempts`, `last_error`" + ` |

## Envelope

`)
	envelope := event.SchemaOf(event.Catalogue[0])
	table(&b, envelope)
	for _, e := range event.Catalogue {
		s := event.SchemaOf(e)
		fmt.Fprintf(&b, "\n## %s\n\nOf %s, in `%s`: %s.%s\n\n", e.Type, e.Aggregate, topic(e), e.Meaning, versionNote(e))
		table(&b, s.Properties["payload"])
	}
	return b.String()
}

func versionNote(e event.Entry) string {
	if v := event.VersionOf(e.Type); v > 1 {
		return fmt.Sprintf(" Version %d.", v)
	}
	return ""
}

// topics lists Kafka's topics.
func topics() string {
	var names []string
	for _, e := range event.Catalogue {
		if name := "`" + topic(e) + "`"; !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

func topic(e event.Entry) string {
	return event.Context(event.Event{AggregateType: e.Aggregate}) + ".domain.events"
}

func table(b *strings.Builder, s *event.Schema) {
	b.WriteString("| Field | Type | |\n|---|---|---|\n")
	for _, name := range s.Fields() {
		note := ""
		if !slices.Contains(s.Required, name) {
			note = "may be absent"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", name, typeText(s.Properties[name]), note)
	}
}

func typeText(s *event.Schema) string {
	switch {
	case s.Const == 1:
		return "integer"
	case s.Const != nil:
		return "string"
	case s.Format != "":
		return s.Format
	case s.Items != nil:
		if parts := s.Items.Fields(); len(parts) > 0 {
			return "list of {" + strings.Join(parts, ", ") + "}"
		}
		return "list of " + typeText(s.Items)
	case s.Properties != nil:
		return "object"
	}
	return strings.NewReplacer("[", "", "]", "", " ", " or ").Replace(fmt.Sprint(s.Type))
}
