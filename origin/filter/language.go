package filter

import (
	"strconv"
	"sync"

	"cel.dev/cel-go/checker"
	"cel.dev/cel-go/common/containers"
	"cel.dev/cel-go/common/decls"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/parser"
)

// The kinds of values.
var (
	text    = types.StringType
	whole   = types.IntType
	number  = types.DoubleType
	truth   = types.BoolType
	instant = types.TimestampType
	texts   = types.NewListType(text)
)

// genres is the one field that is no column: an episode has those of its show.
const genres = "genres"

// fields are what a filter can ask of a title. All but genres are columns of titles, by the same name.
var fields = map[string]*types.Type{
	"content_type": text, "title": text, "slug": text, "content_rating": text, "studio": text,
	"release_year": whole, "runtime_minutes": whole, "rating_count": whole, "average_rating": number,
	genres: texts, "country_of_origin": texts, "audio_languages": texts,
	"is_premium": truth, "drm_required": truth,
	"available_from": instant, "created_at": instant, "updated_at": instant,
}

const document = `A condition on titles, in a subset of CEL.
Text: content_type (movie, show, episode, channel), title, slug, content_rating, studio (of shows the network); "" if not given.
Numbers: release_year, runtime_minutes, rating_count, average_rating; 0 if not given.
Lists: genres (slugs; an episode has its show's), country_of_origin, audio_languages. True or false: is_premium, drm_required.
Times: available_from, created_at, updated_at, compared with timestamp("2024-01-01T00:00:00Z"); there is no "now".
Operators: == != < <= > >= && || ! ( ); studio in ["a", "b"]; "drama" in genres; size(genres) > 1; title.startsWith("a"), endsWith, contains.
Example: content_type == "movie" && "drama" in genres && release_year >= 1990. At most 2,000 characters.`

// Document describes the language in a few lines, for the documentation of a field that holds a filter.
func Document() string { return document }

// function is an operator or function of the language: its SQL over operands {1} and {2}, what it takes and gives, and what to
// say when it is given something else.
type function struct {
	sql    string
	takes  [][]*types.Type
	gives  *types.Type
	wants  string
	method bool // of its first operand only; size is both
}

var (
	numbers   = [][]*types.Type{{whole, whole}, {number, number}, {number, whole}, {whole, number}}
	ordered   = append([][]*types.Type{{text, text}, {instant, instant}}, numbers...)
	alike     = append([][]*types.Type{{truth, truth}}, ordered...)
	both      = [][]*types.Type{{truth, truth}}
	bothTexts = [][]*types.Type{{text, text}}
	contained = [][]*types.Type{{text, texts}, {whole, types.NewListType(whole)}, {number, types.NewListType(number)},
		{number, types.NewListType(whole)}, {whole, types.NewListType(number)}}
)

const (
	wantsCondition = "Expected a condition, which is true or false."
	wantsAlike     = `== and != compare two texts, numbers, times or conditions. Of a list ask "drama" in genres, or its size().`
	wantsOrdered   = "< <= > >= compare two texts, numbers or times."
	wantsText      = `startsWith, endsWith and contains are asked of a text and take a text: title.startsWith("The").`
	wantsTime      = `timestamp() takes a time in quotes, of microseconds at most: timestamp("2024-01-01T00:00:00Z").`
	wantsList      = "size() counts a list: size(genres)."
	wantsItem      = "in looks for a text in a list of texts, or for a number in a list of numbers."
)

// functions are all there are. @> is false where = ANY would be NULL: for an array with a NULL in it.
var functions = map[string]function{
	operators.LogicalAnd:    {" AND ", both, truth, wantsCondition, false},
	operators.LogicalOr:     {" OR ", both, truth, wantsCondition, false},
	operators.LogicalNot:    {"(NOT {1})", [][]*types.Type{{truth}}, truth, wantsCondition, false},
	operators.Equals:        {"({1} = {2})", alike, truth, wantsAlike, false},
	operators.NotEquals:     {"({1} <> {2})", alike, truth, wantsAlike, false},
	operators.Less:          {"({1} < {2})", ordered, truth, wantsOrdered, false},
	operators.LessEquals:    {"({1} <= {2})", ordered, truth, wantsOrdered, false},
	operators.Greater:       {"({1} > {2})", ordered, truth, wantsOrdered, false},
	operators.GreaterEquals: {"({1} >= {2})", ordered, truth, wantsOrdered, false},
	operators.In:            {"({2} @> ARRAY[{1}])", contained, truth, wantsItem, false},
	"startsWith":            {"starts_with({1}, {2})", bothTexts, truth, wantsText, true},
	"endsWith":              {"(right({1}, char_length({2})) = {2})", bothTexts, truth, wantsText, true},
	"contains":              {"(strpos({1}, {2}) > 0)", bothTexts, truth, wantsText, true},
	"size":                  {"cardinality({1})", [][]*types.Type{{texts}}, whole, wantsList, false},
	"timestamp":             {"", [][]*types.Type{{text}}, instant, wantsTime, false},
}

const (
	noArithmetic = "There is no arithmetic here: give the number itself."
	noMacros     = `There are no macros here (has, all, exists, exists_one, map, filter): ask "drama" in genres.`
)

// refused says of what CEL has, or an author may look for, why it is not here.
var refused = map[string]string{
	operators.Conditional: "There is no ?: here: join conditions by && and ||.",
	operators.Index:       `Lists have no places here: ask "drama" in genres.`,
	operators.Add:         noArithmetic, operators.Subtract: noArithmetic, operators.Multiply: noArithmetic,
	operators.Divide: noArithmetic, operators.Modulo: noArithmetic, operators.Negate: noArithmetic,
	"has": noMacros, "all": noMacros, "exists": noMacros, "exists_one": noMacros, "map": noMacros, "filter": noMacros,
	"matches": "There is no matches() here: use startsWith, endsWith or contains.",
	"now":     "There is no now: what a filter selects does not change with the clock. Give a timestamp().",
}

// language is the parser, and the declarations that types are checked against.
type language struct {
	parser *parser.Parser
	env    *checker.Env
}

var cel = sync.OnceValue(func() language {
	p := must(parser.NewParser(parser.EnablePrattParser(true), parser.EnableVariadicOperatorASTs(true),
		parser.MaxRecursionDepth(maxNesting), parser.ErrorReportingLimit(maxProblems)))
	env := must(checker.NewEnv(containers.DefaultContainer, types.NewEmptyRegistry()))
	for name, kind := range fields {
		must(0, env.AddIdents(decls.NewVariable(name, kind)))
	}
	for name, f := range functions {
		must(0, env.AddFunctions(f.declare(name)))
	}
	return language{p, env}
})

func (f function) declare(name string) *decls.FunctionDecl {
	var options []decls.FunctionOpt
	for i, operands := range f.takes {
		id := name + strconv.Itoa(i)
		if !f.method {
			options = append(options, decls.Overload(id, operands, f.gives))
		}
		if f.method || name == "size" {
			options = append(options, decls.MemberOverload(id+"method", operands, f.gives))
		}
	}
	return must(decls.NewFunction(name, options...))
}

// must panics: declarations that don't fit are a broken invariant, which any test finds.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
