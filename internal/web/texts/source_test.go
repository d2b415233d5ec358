package texts

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// shown are the packages whose errors pages show, below internal.
var shown = []string{
	"account", "account/accountpg", "actor", "alert", "alert/alertpg", "channel", "channel/channelpg", "delivery", "delivery/deliverypg",
	"kitchen", "kitchen/kitchenpg", "measure", "menu", "menu/edit", "menu/menupg", "modifier", "network", "network/networkpg", "notify",
	"notify/notifypg", "order", "order/orderpg", "payment", "planning", "planning/planningpg", "recipe", "setup", "sim/whatif", "stock", "stock/stockpg",
	"tenant", "tenant/tenantpg", "app", "web/*", "workflow", "workflow/schedule", "workflow/workflowpg",
}

// unseen are files of them whose errors only programs and operators get.
var unseen = []string{
	"channel/key.go", "channel/order.go", // ordering providers
	"workflow/batch.go", "workflow/engine.go", "workflow/workflowpg/finish.go", "workflow/workflowpg/report.go", // steps at work
	"app/contract_r.go", "app/driver_topic.go", "app/http.go", "app/orders_topic.go", "app/sale.go", "app/workflows.go",
	"planning/planningpg/runs.go",
	"menu/menupg/load.go",
}

// kinds make an error of a kind that pages say exactly; who is unknown, or asks for what is away just now, is told so in
// general.
var kinds = []string{"Invalid", "Malformed", "Forbidden", "NotFound", "Conflict", "TooLarge", "TooMany"}

// elsewhere are functions of other packages that pass a format on, with which argument it is.
var elsewhere = map[string]int{"NewOvertaken": 1}

// What a page can show of a service has a text in every language: whoever adds an error adds it to said/*.json.
func TestWhatServicesSayIsInEveryLanguage(t *testing.T) {
	t.Parallel()
	src, trade := read(t), words(t)
	found := src.formats
	require.Greater(t, len(found), 300, "the source was not found")
	var missing, unused []string
	for format, at := range found {
		if speaks(format) && len(said[format]) == 0 {
			missing = append(missing, at+" says "+strconv.Quote(format))
		}
	}
	for format := range said {
		if _, used := found[format]; !used && trade[format] == nil && !src.literals[format] {
			unused = append(unused, format)
		}
	}
	for name, at := range src.fields {
		if labels[name] == nil {
			missing = append(missing, at+" names the field "+name)
		}
	}
	require.Empty(t, missing, "add their texts to internal/web/texts/said")
	require.Empty(t, unused, "nobody says these any more")
}

// Translations fill the verbs of their format, each as often and in the same way, and have as many forms as the language
// has, or one.
func TestTranslationsFillTheirFormats(t *testing.T) {
	t.Parallel()
	forms := map[string]int{"es": 2, "ru": 3}
	for format, text := range said {
		require.Len(t, text, len(Languages)-1, format)
		for code, translation := range text {
			list := strings.Split(translation, "|")
			require.Contains(t, []int{1, forms[code]}, len(list), "%q in %s", format, code)
			for _, form := range list {
				require.Equal(t, verbs(format), verbs(form), "%q in %s", format, code)
			}
		}
	}
	for name, text := range labels {
		require.Len(t, text, len(Languages)-1, name)
	}
}

// verbs are a format's verbs by argument; %q, %s and %v are the same, for languages quote in their own ways.
func verbs(format string) map[int]string {
	list := map[int]string{}
	next := 1
	for _, m := range verb.FindAllStringSubmatch(format, -1) {
		if m[2] == "%" {
			continue
		}
		if m[1] != "" {
			next, _ = strconv.Atoi(m[1])
		}
		list[next] = strings.NewReplacer("q", "s", "v", "s").Replace(m[2])
		next++
	}
	return list
}

func words(t *testing.T) map[string]map[string]string {
	t.Helper()
	body, err := saidFiles.ReadFile("said/words.json")
	require.NoError(t, err)
	m := map[string]map[string]string{}
	require.NoError(t, add(m, body))
	return m
}

// read reads what the packages say.
func read(t *testing.T) *source {
	t.Helper()
	s := &source{t: t, set: token.NewFileSet(), formats: map[string]string{}, fields: map[string]string{}, literals: map[string]bool{}}
	for _, pattern := range shown {
		dirs, err := filepath.Glob(filepath.Join("../..", pattern))
		require.NoError(t, err)
		for _, dir := range dirs {
			s.passes = maps.Clone(elsewhere)
			s.read(dir)
		}
	}
	return s
}

// source is what packages say, with where.
type source struct {
	t       *testing.T
	set     *token.FileSet
	passes  map[string]int // functions of the package that pass a format on, with which argument it is
	formats map[string]string
	fields  map[string]string

	literals map[string]bool // all that stand in the source: reasons that are stored are among them
}

func (s *source) read(dir string) {
	entries, _ := os.ReadDir(dir) // a file has none
	var files []*ast.File
	for _, e := range entries {
		name := filepath.ToSlash(filepath.Join(dir, e.Name()))
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || slices.Contains(unseen, strings.TrimPrefix(name, "../../")) {
			continue
		}
		f, err := parser.ParseFile(s.set, name, nil, parser.SkipObjectResolution)
		require.NoError(s.t, err)
		files = append(files, f)
	}
	for _, f := range files {
		ast.Inspect(f, s.notePassing)
	}
	for _, f := range files {
		ast.Inspect(f, s.noteFormat)
	}
}

// notePassing notes a function with a parameter called format and what fills it.
func (s *source) notePassing(n ast.Node) bool {
	switch f := n.(type) {
	case *ast.FuncDecl:
		s.pass(f.Name.Name, f.Type)
	case *ast.AssignStmt:
		if lit, ok := f.Rhs[0].(*ast.FuncLit); ok {
			if name, ok := f.Lhs[0].(*ast.Ident); ok {
				s.pass(name.Name, lit.Type)
			}
		}
	}
	return true
}

func (s *source) pass(name string, f *ast.FuncType) {
	at := 0
	for i, p := range f.Params.List {
		for _, param := range p.Names {
			if param.Name == "format" && i+1 < len(f.Params.List) {
				s.passes[name] = at
			}
			at++
		}
	}
}

// noteFormat notes the format of a call that says something.
func (s *source) noteFormat(n ast.Node) bool {
	if e, ok := n.(*ast.BasicLit); ok {
		text, _ := literal(e)
		s.literals[text] = true
	}
	call, ok := n.(*ast.CallExpr)
	if !ok {
		return true
	}
	at := -1
	switch f := call.Fun.(type) {
	case *ast.Ident:
		if i, known := s.passes[f.Name]; known {
			at = i
		}
	case *ast.SelectorExpr:
		at = s.method(f, call)
	}
	if at < 0 || at >= len(call.Args) {
		return true
	}
	if id, ok := call.Args[at].(*ast.Ident); ok && id.Name == "format" {
		return true // whoever calls it says it
	}
	format, ok := literal(call.Args[at])
	require.True(s.t, ok, "%s: a page cannot say in its language what is no literal here", s.set.Position(call.Pos()))
	s.formats[format] = s.set.Position(call.Pos()).String()
	return true
}

// method tells which argument of errs.Kind, of Fields.Add or of a method that passes it on is a format; −1: none.
func (s *source) method(f *ast.SelectorExpr, call *ast.CallExpr) int {
	if pkg, ok := f.X.(*ast.Ident); ok && pkg.Name == "errs" {
		if slices.Contains(kinds, f.Sel.Name) || f.Sel.Name == "Textf" {
			return 0
		}
		return -1
	}
	if i, known := s.passes[f.Sel.Name]; known {
		return i
	}
	if f.Sel.Name == "Add" && len(call.Args) > 1 {
		if _, ok := literal(call.Args[1]); ok {
			s.noteField(call.Args[0])
			return 1
		}
	}
	return -1
}

// noteField notes the names of fields in a path.
func (s *source) noteField(path ast.Expr) {
	ast.Inspect(path, func(n ast.Node) bool {
		if e, ok := n.(ast.Expr); ok {
			text, _ := literal(e)
			for _, name := range fieldName.FindAllString(verb.ReplaceAllString(text, ""), -1) {
				s.fields[name] = s.set.Position(path.Pos()).String()
			}
		}
		return true
	})
}

var fieldName = regexp.MustCompile(`[a-z_]+`)

// literal reads a string literal, or several that are added up.
func literal(e ast.Expr) (string, bool) {
	switch x := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(x.Value)
		return text, err == nil && x.Kind == token.STRING
	case *ast.BinaryExpr:
		a, ok := literal(x.X)
		b, too := literal(x.Y)
		return a + b, ok && too
	}
	return "", false
}
