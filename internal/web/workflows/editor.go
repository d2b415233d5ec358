package workflows

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"brigade/internal/actor"
	"brigade/internal/errs"
	"brigade/internal/workflow"
)

// document is a workflow as somebody writes it.
type document struct {
	Name       string           `json:"name"`
	Type       string           `json:"type,omitempty"`
	Cron       string           `json:"cron,omitempty"`
	Timezone   string           `json:"timezone,omitempty"`
	Enabled    *bool            `json:"enabled,omitempty"`
	MaxRun     *int             `json:"max_execution_seconds,omitempty"`
	MaxRetries *int             `json:"max_retries,omitempty"`
	RetryDelay *int             `json:"retry_delay_seconds,omitempty"`
	Steps      []workflow.Step  `json:"steps"`
	Rules      *json.RawMessage `json:"rules,omitempty"`
}

// fault is something wrong with a text, and in which line; 0: in none.
type fault struct {
	Line int
	Text errs.Text
}

// editorPage is what the page editor shows.
type editorPage struct {
	head
	Name   string // "": a new one
	Seen   string // which version of which workflow the text was made from
	Text   string
	Faults []fault
	House  bool // saving makes the tenant one of his own
}

// sample is what a new workflow begins with.
const sample = `name: morning
type: daily
cron: "30 6 * * *"
timezone: Europe/Madrid
steps:
  - name: forecasts
    uses: forecast
  - name: tell
    http: {url: https://example.com/forecasted}
    after: [forecasts]
    optional: true
rules:
  days_off: skip
  weekdays_off: [sun]
`

func (s *server) showNew(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	return s.renderEditor(w, r, who, http.StatusOK, editorPage{Text: sample, Seen: seen(&workflow.Workflow{})})
}

func (s *server) showEditor(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	flow, err := s.Workflows.Workflow(r.Context(), who, r.PathValue("name"))
	if err != nil {
		return err
	}
	text, err := write(&flow)
	if err != nil {
		return err
	}
	return s.renderEditor(w, r, who, http.StatusOK, editorPage{Name: flow.Name, Seen: seen(&flow), Text: text, House: flow.Tenant != who.Tenant})
}

// seen names what somebody has before him when he begins to edit: the house's workflow becomes another one when the tenant
// makes it his own.
func seen(w *workflow.Workflow) string {
	id := w.ID
	if w.Tenant == 0 {
		id = 0
	}
	return fmt.Sprintf("%d.%d", id, w.Version)
}

// seenAs makes a change of what somebody has seen alone. Errors: KindConflict when it is another by now.
func seenAs(was string, change workflow.Change) workflow.Change {
	return func(w *workflow.Workflow) error {
		switch now := fmt.Sprintf("%d.%d", w.ID, w.Version); {
		case now == was:
			return change(w)
		case was == seen(&workflow.Workflow{}):
			return errs.Conflict("there is a workflow %s already", w.Name)
		}
		return errs.Conflict("somebody else has changed %s: read it again", w.Name)
	}
}

func (s *server) renderEditor(w http.ResponseWriter, r *http.Request, who actor.Actor, status int, p editorPage) error {
	title := p.Name
	if title == "" {
		title = s.Say(r, "workflows.new")
	}
	var err error
	if p.head, err = s.begin(r, who, "list", title); err != nil {
		return err
	}
	s.set.Render(w, r, status, "editor", &p)
	return nil
}

// check says what is wrong with a text, and saves nothing.
func (s *server) check(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	text := r.PostFormValue("text")
	name, change, faults := read(text)
	if len(faults) == 0 {
		_, err := s.Workflows.Check(r.Context(), who, name, change)
		if faults = faultsOf(err, text); err != nil && faults == nil {
			return err
		}
	}
	if r.Header.Get("HX-Request") == "" {
		return s.renderEditor(w, r, who, http.StatusOK, editorPage{Name: r.PostFormValue("name"), Seen: r.PostFormValue("seen"), Text: text, Faults: faults})
	}
	s.set.Part(w, r, "editor", "faults", faultsView{faults, true})
	return nil
}

// faultsView is what the partial faults shows.
type faultsView struct {
	Faults  []fault
	Checked bool
}

// save keeps a workflow when nothing is wrong with it; else it says what, and keeps the text.
func (s *server) save(w http.ResponseWriter, r *http.Request, who actor.Actor) error {
	text, was := r.PostFormValue("text"), r.PostFormValue("name")
	name, change, faults := read(text)
	ref := name
	if was != "" {
		ref = was // it may be renamed
	}
	status := http.StatusUnprocessableEntity
	if len(faults) == 0 {
		saved, err := s.Workflows.Put(r.Context(), who, ref, "put", seenAs(r.PostFormValue("seen"), change))
		switch faults = faultsOf(err, text); {
		case err == nil:
			return s.saved(w, r, saved.Name)
		case errs.Is(err, errs.KindConflict):
			e, _ := errors.AsType[*errs.Error](err) // it has a kind
			status, faults = http.StatusConflict, []fault{{0, e.Said()}}
		case faults == nil:
			return err
		}
	}
	if r.Header.Get("HX-Request") == "" {
		return s.renderEditor(w, r, who, status, editorPage{Name: was, Seen: r.PostFormValue("seen"), Text: text, Faults: faults})
	}
	s.set.Part(w, r, "editor", "faults", faultsView{faults, true})
	return nil
}

func (s *server) saved(w http.ResponseWriter, r *http.Request, name string) error {
	if r.Header.Get("HX-Request") == "" {
		http.Redirect(w, r, workflowPath(name), http.StatusSeeOther)
		return nil
	}
	w.Header().Set("HX-Redirect", workflowPath(name))
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// write is a workflow as text.
func write(w *workflow.Workflow) (string, error) {
	number := func(n int) *int { return &n }
	d := document{
		Name: w.Name, Type: string(w.Kind), Cron: w.Cron, Timezone: w.Zone, Enabled: &w.Enabled, MaxRun: number(int(w.MaxRun.Seconds())),
		MaxRetries: &w.MaxRetries, RetryDelay: number(int(w.RetryDelay.Seconds())), Steps: w.Steps,
	}
	if len(w.Rules) > 0 && string(w.Rules) != "{}" {
		d.Rules = &w.Rules
	}
	body, err := json.Marshal(d)
	if err != nil {
		return "", err
	}
	text, err := yaml.JSONToYAML(body)
	return string(text), err
}

// read turns a text into a change. Faults name what cannot be understood at all.
func read(text string) (name string, change workflow.Change, faults []fault) {
	if line := aliasIn(text); line > 0 {
		return "", nil, []fault{{line, errs.Textf("an alias is not understood here: write it out")}}
	}
	body, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		return "", nil, []fault{yamlFault(err)}
	}
	var d document
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&d); err != nil {
		return "", nil, []fault{jsonFault(err, text)}
	}
	if d.Name == "" {
		return "", nil, []fault{{1, errs.Textf("%s is needed", "name")}}
	}
	if d.Rules != nil {
		rules := json.NewDecoder(bytes.NewReader(*d.Rules))
		rules.DisallowUnknownFields()
		if err := rules.Decode(&workflow.Rules{}); err != nil {
			return "", nil, []fault{jsonFault(err, text)}
		}
	}
	return d.Name, d.apply, nil
}

// apply makes a workflow what the document says; what it leaves out stays as it is.
func (d *document) apply(w *workflow.Workflow) error {
	w.Name, w.Cron, w.Steps = d.Name, d.Cron, d.Steps
	if d.Type != "" {
		w.Kind = workflow.Kind(d.Type)
	}
	if d.Timezone != "" {
		w.Zone = d.Timezone
	}
	if d.Enabled != nil {
		w.Enabled = *d.Enabled
	}
	if d.MaxRun != nil {
		w.MaxRun = time.Duration(*d.MaxRun) * time.Second
	}
	if d.MaxRetries != nil {
		w.MaxRetries = *d.MaxRetries
	}
	if d.RetryDelay != nil {
		w.RetryDelay = time.Duration(*d.RetryDelay) * time.Second
	}
	w.Rules = json.RawMessage("{}")
	if d.Rules != nil && string(*d.Rules) != "null" {
		w.Rules = *d.Rules
	}
	return nil
}

// aliasIn is the line of the first alias in a text; 0: there is none. Aliases of aliases make of a short text one that no memory
// holds.
func aliasIn(text string) int {
	for _, t := range lexer.Tokenize(text) {
		if t.Type == token.AliasType {
			return t.Position.Line
		}
	}
	return 0
}

var yamlPlace = regexp.MustCompile(`^\[(\d+):\d+\]\s*`)

// yamlFault reads the place that a YAML error begins with.
func yamlFault(err error) fault {
	text := yaml.FormatError(err, false, false)
	at := yamlPlace.FindStringSubmatch(text)
	if at == nil {
		return fault{1, errs.Textf("%s", text)}
	}
	line, _ := strconv.Atoi(at[1]) // digits
	return fault{line, errs.Textf("%s", strings.TrimSpace(text[len(at[0]):]))}
}

var unknownField = regexp.MustCompile(`unknown field "([^"]+)"`)

// jsonFault finds the line of a field that nobody knows, or that has a value of another kind.
func jsonFault(err error, text string) fault {
	if at := unknownField.FindStringSubmatch(err.Error()); at != nil {
		return fault{lineOfKey(text, at[1]), errs.Textf("%s is not known here", at[1])}
	}
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		key := wrong.Field[strings.LastIndex(wrong.Field, ".")+1:]
		return fault{lineOfKey(text, key), errs.Textf("%s must not be a %s", wrong.Field, wrong.Value)}
	}
	return fault{1, errs.Textf("%s", err.Error())}
}

// lineOfKey is the first line on which a key stands; 1 when it stands on none.
func lineOfKey(text, key string) int {
	at := regexp.MustCompile(`(^|[\s{,-])"?` + regexp.QuoteMeta(key) + `"?\s*:`)
	for i, line := range strings.Split(text, "\n") {
		if key != "" && at.MatchString(line) {
			return i + 1
		}
	}
	return 1
}

// faultsOf names what is wrong by lines; nil when the error is of another kind.
func faultsOf(err error, text string) []fault {
	e, ok := errors.AsType[*errs.Error](err)
	if !ok || e.Kind != errs.KindInvalid {
		return nil
	}
	if len(e.Fields) == 0 {
		return []fault{{0, e.Said()}}
	}
	list := make([]fault, len(e.Fields))
	for i, f := range e.Fields {
		list[i] = fault{lineOf(text, f.Path), errs.Textf("%s %s", f.Path, f.Said())}
	}
	slices.SortStableFunc(list, func(a, b fault) int { return a.Line - b.Line })
	return list
}

// lineOf finds the line of a path such as steps[1].after, else of what it is in; 1 when there is nothing of it.
func lineOf(text, path string) int {
	file, err := parser.ParseBytes([]byte(text), 0)
	if err != nil {
		return 1
	}
	for path != "" {
		if at, err := yaml.PathString("$." + path); err == nil {
			if node, err := at.FilterFile(file); err == nil && node != nil && node.GetToken() != nil {
				return node.GetToken().Position.Line
			}
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
	return 1
}

// Lines are the numbers beside the text.
func (p *editorPage) Lines() []int {
	lines := make([]int, strings.Count(p.Text, "\n")+1)
	for i := range lines {
		lines[i] = i + 1
	}
	return lines
}

// Checked is what the partial shows before anything was checked.
func (p *editorPage) Checked() faultsView { return faultsView{p.Faults, false} }
