package filter

import (
	"cmp"
	"fmt"
	"strings"
	"unicode/utf8"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// translation makes SQL of a tree whose types were checked, well or not, and collects what is wrong with it.
type translation struct {
	tree     *ast.AST
	text     []rune
	args     []any
	problems []Problem
	texts    int // how often startsWith, endsWith and contains were called
}

// condition is the SQL of what must be true or false.
func (t *translation) condition(e ast.Expr) string {
	before := len(t.problems)
	sql := t.value(e)
	if t.kind(e) != types.BoolKind && len(t.problems) == before {
		t.refuse(e, wantsCondition)
	}
	return sql
}

// value is the SQL of an expression.
func (t *translation) value(e ast.Expr) string {
	switch e.Kind() {
	case ast.CallKind:
		return t.call(e)
	case ast.IdentKind:
		return t.field(e)
	case ast.LiteralKind:
		return t.argument(t.literal(e))
	case ast.ListKind:
		return t.refuse(e, "A list of literals stands only after in.")
	case ast.SelectKind:
		return t.refuse(e, "A field has no parts: after a dot come startsWith(), endsWith(), contains() and size().")
	default:
		return t.refuse(e, "There are no maps and no messages here.")
	}
}

func (t *translation) field(e ast.Expr) string {
	name := e.AsIdent()
	if fields[name] == nil {
		return t.refuse(e, cmp.Or(refused[name], fmt.Sprintf("There is no field %s.", name)))
	}
	return "{t}." + name
}

func (t *translation) call(e ast.Expr) string {
	name, operands := e.AsCall().FunctionName(), e.AsCall().Args()
	if e.AsCall().IsMemberFunction() {
		operands = append([]ast.Expr{e.AsCall().Target()}, operands...)
	}
	f, known := functions[name]
	switch {
	case !known:
		return t.refuse(e, cmp.Or(refused[name],
			fmt.Sprintf("There is no function %s(): there are size, startsWith, endsWith, contains and timestamp.", name)))
	case name == operators.LogicalAnd || name == operators.LogicalOr:
		return t.join(f.sql, operands)
	case name == "timestamp":
		return t.argument(t.instant(e, operands))
	}
	if f.wants == wantsText {
		if t.texts++; t.texts > maxTexts {
			return t.refuse(e, fmt.Sprintf("A filter looks into texts at most %d times: each time costs every reader of every list. Ask for a list of texts with in.", maxTexts))
		}
	}
	before := len(t.problems)
	sql := t.operands(name, operands)
	if t.kind(e) != types.ErrorKind {
		return strings.NewReplacer("{1}", sql[0], "{2}", sql[len(sql)-1]).Replace(t.template(name, operands))
	}
	if len(t.problems) == before { // each operand is right by itself
		t.refuse(e, f.wants)
	}
	return ""
}

func (t *translation) join(by string, conditions []ast.Expr) string {
	var sql []string
	for _, c := range conditions {
		sql = append(sql, t.condition(c))
	}
	return "(" + strings.Join(sql, by) + ")"
}

func (t *translation) operands(name string, operands []ast.Expr) []string {
	var sql []string
	for i, o := range operands {
		if name == operators.In && i == 1 && o.Kind() == ast.ListKind {
			sql = append(sql, t.list(o))
		} else {
			sql = append(sql, t.value(o))
		}
	}
	return sql
}

// The genres of the row, each of which is there once, under names that no caller's alias has.
const (
	holdsGenre = `EXISTS (SELECT FROM title_genres filter_tg WHERE filter_tg.content_id = coalesce({t}.parent_id, {t}.id)
		AND filter_tg.genre_id = (SELECT filter_g.id FROM genres filter_g WHERE filter_g.slug = {1}))`
	countsGenres = `(SELECT count(*) FROM title_genres filter_tg WHERE filter_tg.content_id = coalesce({t}.parent_id, {t}.id))`
)

// template is the SQL of a function over these operands. Text is ordered by code points, as CEL has it, whatever the database's
// collation.
func (t *translation) template(name string, operands []ast.Expr) string {
	f, last := functions[name], operands[len(operands)-1]
	switch {
	case name == operators.In && last.AsIdent() == genres:
		return holdsGenre
	case name == operators.In && last.Kind() == ast.ListKind:
		return "({1} IN ({2}))"
	case name == "size" && last.AsIdent() == genres:
		return countsGenres
	case f.wants == wantsOrdered && t.kind(last) == types.StringKind:
		return strings.Replace(f.sql, "{1}", `{1} COLLATE "C"`, 1)
	}
	return f.sql
}

// list is the SQL of literals of one kind, without brackets.
func (t *translation) list(e ast.Expr) string {
	items := e.AsList().Elements()
	if len(items) == 0 || len(items) > maxItems {
		return t.refuse(e, fmt.Sprintf("A list has from 1 to %d items; this one has %d.", maxItems, len(items)))
	}
	var sql []string
	for _, item := range items {
		switch {
		case item.Kind() != ast.LiteralKind:
			return t.refuse(item, "The items of a list are literals: text in quotes, or numbers.")
		case t.kind(item) != t.kind(items[0]):
			return t.refuse(item, "The items of a list are of one kind: all text, all whole numbers, or all with a decimal point.")
		}
		sql = append(sql, t.argument(t.literal(item)))
	}
	return strings.Join(sql, ", ")
}

// literal is the value of a literal, or nil.
func (t *translation) literal(e ast.Expr) any {
	switch v := e.AsLiteral().(type) {
	case types.String:
		if !strings.ContainsRune(string(v), 0) && utf8.ValidString(string(v)) {
			return string(v)
		}
		t.refuse(e, "Text can't hold the character NUL.") // Postgres stores none
	case types.Int:
		return int64(v)
	case types.Double:
		return float64(v)
	case types.Bool:
		return bool(v)
	default:
		t.refuse(e, `Values are text in quotes, numbers without u, true and false. Nothing is null: what is not given is "" or 0.`)
	}
	return nil
}

// instant is the time that timestamp() is given, or nil. CEL's go from year 1 to 9999; Postgres keeps microseconds, and a finer
// literal would compare as another.
func (t *translation) instant(e ast.Expr, operands []ast.Expr) any {
	if t.kind(e) != types.ErrorKind && operands[0].Kind() == ast.LiteralKind {
		at, ok := operands[0].AsLiteral().ConvertToType(types.TimestampType).(types.Timestamp)
		if ok && at.Nanosecond()%1000 == 0 {
			return at.UTC()
		}
	}
	t.refuse(e, wantsTime)
	return nil
}

// kinds are Postgres's types of arguments.
var kinds = map[string]string{"string": "text", "int64": "int8", "float64": "float8", "bool": "bool", "time.Time": "timestamptz"}

// argument is the SQL of one argument more, of v's own type, so that nothing is inferred. Nil was refused before.
func (t *translation) argument(v any) string {
	t.args = append(t.args, v)
	return fmt.Sprintf("@{p}%d::%s", len(t.args), kinds[fmt.Sprintf("%T", v)])
}

func (t *translation) kind(e ast.Expr) types.Kind { return t.tree.GetType(e.ID()).Kind() }

// refuse adds a problem with e, and gives no SQL.
func (t *translation) refuse(e ast.Expr, message string) string {
	before := string(t.text[:t.start(e)])
	line, column := strings.Count(before, "\n"), utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:])
	t.problems = append(t.problems, Problem{line + 1, column + 1, message})
	return ""
}

// start is the place of e: of a call, which to the parser is at its bracket, that of the name.
func (t *translation) start(e ast.Expr) int {
	span, _ := t.tree.SourceInfo().GetOffsetRange(e.ID())
	before, named := strings.CutSuffix(strings.TrimRight(string(t.text[:span.Start]), " \t\r\n\f"), e.AsCall().FunctionName())
	if named && e.AsCall().FunctionName() != "" {
		return utf8.RuneCountInString(before)
	}
	return int(span.Start)
}
