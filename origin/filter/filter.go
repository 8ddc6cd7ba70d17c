// Package filter compiles the catalogue's filter language, a subset of CEL, to SQL: the query of a dynamic collection and the
// catalogue_filter of a plan (shared/docs/FILTERS.md).
//
// cel-go parses and checks types, against declarations that hold nothing but the language; the SQL is made from the checked tree
// by a list of what is allowed. No text of the author's gets into the SQL, no SQL can fail or be NULL where it runs, and there is
// no clock in the language: what a filter selects changes only when a title does.
package filter

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"cel.dev/cel-go/checker"
	"cel.dev/cel-go/common"
	"github.com/jackc/pgx/v5"

	"encora/shared/fault"
)

// What a filter may hold, so that the work and the SQL that an editor can ask for are bounded.
const (
	maxCharacters = 2000
	maxNesting    = 50
	maxItems      = 200 // of a list
	maxTexts      = 12  // calls of startsWith, endsWith and contains: each looks at the text of every title
	maxProblems   = 10  // told in one answer
	maxCompiled   = 256 // kept
)

// Filter is a compiled condition on a title. It does not change and may be used by many at once.
type Filter struct {
	text string
	sql  string // with {t} for the row and {p} before an argument's number; it holds no text of the author's
	args []any
}

// Problem is one thing that is wrong with a filter, and where. Column counts characters; both begin at 1.
type Problem struct {
	Line    int
	Column  int
	Message string
}

// compiled holds good filters by their text: every read for a plan's viewers compiles the plan's filter.
var compiled = struct {
	sync.Mutex
	filters map[string]*Filter
}{filters: map[string]*Filter{}}

// Compile returns the filter that text is, or else what is wrong with it, in the order of the text.
func Compile(text string) (*Filter, []Problem) {
	compiled.Lock()
	f := compiled.filters[text]
	compiled.Unlock()
	if f != nil {
		return f, nil
	}
	f, problems := compile(text)
	if f != nil {
		f.keep()
	}
	return f, problems
}

func (f *Filter) keep() {
	compiled.Lock()
	defer compiled.Unlock()
	if len(compiled.filters) >= maxCompiled { // rare, and cheaper than remembering which was used when
		clear(compiled.filters)
	}
	compiled.filters[f.text] = f
}

func compile(text string) (*Filter, []Problem) {
	if !utf8.ValidString(text) {
		return nil, []Problem{{1, 1, "This is no UTF-8."}}
	}
	if n := utf8.RuneCountInString(text); n > maxCharacters {
		return nil, []Problem{{1, 1, fmt.Sprintf("A filter has at most %d characters; this one has %d.", maxCharacters, n)}}
	}
	source := common.NewTextSource(text)
	parsed, errors := cel().parser.Parse(source)
	if problems := told(errors); len(problems) > 0 {
		return nil, inOrder(problems)
	}
	checked, errors := checker.Check(parsed, source, cel().env)
	t := translation{tree: checked, text: []rune(text)}
	sql := t.condition(checked.Expr())
	if len(t.problems) == 0 { // or else they are plainer than the checker's
		t.problems = told(errors)
	}
	if len(t.problems) > 0 {
		return nil, inOrder(t.problems)
	}
	return &Filter{text, sql, t.args}, nil
}

// told are errors of cel-go as problems. An error of the whole has no place, which is -1.
func told(errors *common.Errors) []Problem {
	var problems []Problem
	for _, e := range errors.GetErrors() {
		problems = append(problems, Problem{max(1, e.Location.Line()), max(0, e.Location.Column()) + 1, plain(e.Message)})
	}
	return problems
}

// inOrder are the first problems in the order of the text.
func inOrder(problems []Problem) []Problem {
	slices.SortStableFunc(problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return problems[:min(len(problems), maxProblems)]
}

// plainer are the parser's commonest errors, in words for people who know no parsers.
var plainer = map[string]string{
	"mismatched input '<EOF>' expecting expression": "The filter ends where a value or a condition is missing.",
	"unexpected token after expression":             "This can't follow here: compare by ==, join conditions by && or ||.",
	"unexpected token":                              "Expected a value or a condition.",
	"invalid int literal":                           "This is no whole number, or one that is too large.",
	"invalid double literal":                        "This is no number, or one that is too large.",
	"expression recursion limit exceeded: 50":       "This is nested too deep: at most 50 levels.",
}

func plain(message string) string {
	message = strings.TrimPrefix(message, "Syntax error: ")
	return cmp.Or(plainer[message], strings.ToUpper(message[:1])+message[1:]+".")
}

// Faults is what an answer says of a field whose value is the filter text; nil if it is a good one.
func Faults(field, text string) []fault.Detail {
	_, problems := Compile(text)
	var details []fault.Detail
	for _, p := range problems {
		message := fmt.Sprintf("line %d, column %d: %s", p.Line, p.Column, p.Message)
		details = append(details, fault.Detail{Field: field, Code: "invalid_filter", Message: message})
	}
	return details
}

// SQL is the filter as a boolean expression over a row of the table titles that goes by the name alias; it is true or false,
// never NULL. Its arguments are named prefix1, prefix2 and so on.
func (f *Filter) SQL(alias, prefix string) (string, pgx.NamedArgs) {
	args := pgx.NamedArgs{}
	for i, v := range f.args {
		args[prefix+strconv.Itoa(i+1)] = v
	}
	return strings.NewReplacer("{t}", alias, "{p}", prefix).Replace(f.sql), args
}
