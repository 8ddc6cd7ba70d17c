package e2e

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"encora/shared/op"
)

// ours are the paths of the operations that need a line: shows and what is part of them, collections, the home screen, what
// finds titles.
var ours = regexp.MustCompile(`^/v2/(admin/)?(shows|episodes|collections|home|home-layout|search|recommendations)\b`)

// line is what an operation is asked: what succeeds, and what is refused.
type line struct {
	at      at // the path's values, beside those of the stage
	query   string
	body    object
	header  []string
	holds   string // in the answer
	nothing string // a query that only what is hidden would meet
	refused []refusal
	hidden  []at // what is there but not for this viewer: 404, as of what is absent, to the byte
}

// refusal is a request that differs from the line's in what is given here, and what becomes of it.
type refusal struct {
	at     at
	query  string
	body   object
	header []string
	status int
	code   string
}

// at is values of a path by their names.
type at map[string]string

// Every operation does what it is for, and refuses what it must: those of viewers at the edge, those of editors at the origin,
// which edges have no trace of.
func TestEveryOperationOfTheCatalogue(t *testing.T) {
	t.Parallel()
	c := furnish(start(t, 1))
	lines := c.viewersLines()
	maps.Copy(lines, c.editorsLines())
	ops, err := op.All()
	if err != nil {
		t.Fatal(err)
	}
	// Viewers come first: they see what was furnished.
	slices.SortStableFunc(ops, func(a, b op.Op) int { return cmp.Compare(rank(&a), rank(&b)) })
	for i := range ops {
		c.take(t, lines, &ops[i])
	}
	for id := range lines {
		t.Errorf("there is no operation %s", id)
	}
}

func rank(o *op.Op) int {
	if o.Serve == op.Origin {
		return 1
	}
	return 0
}

// take takes an operation's line.
func (c *shelves) take(t *testing.T, lines map[string]line, o *op.Op) {
	l, ok := lines[o.ID]
	delete(lines, o.ID)
	ask := c.asViewer
	if o.Serve == op.Origin {
		ask = c.asEditor
		r := call(t.Context(), o.Method, c.edges[0]+c.path(o, ""), c.admin, "")
		wantRefusal(t, o.ID+" at the edge", r, 404, "NOT_FOUND")
	}
	if ok {
		t.Run(o.ID, func(t *testing.T) { c.t = t; ask(t, o, &l) })
	} else if ours.MatchString(o.Path) {
		t.Errorf("%s has no line", o.ID)
	}
}

// path fills an operation's path with values of which the later count, and the stage's for the others.
func (c *shelves) path(o *op.Op, query string, values ...at) string {
	all := maps.Clone(c.usual)
	for _, more := range values {
		maps.Copy(all, more)
	}
	path := o.Path
	for name, value := range all {
		path = strings.ReplaceAll(path, "{"+name+"}", value)
	}
	if query != "" {
		path += "?" + query
	}
	return path
}

func (c *shelves) asViewer(t *testing.T, o *op.Op, l *line) {
	ask := func(token string, values at, query string, header []string) reply {
		return c.plainly(0, c.path(o, query, l.at, values), token, header...)
	}
	eventually(t, 5*time.Second, fmt.Sprintf("%s is %d with %q", o.Path, o.Success, l.holds), func() bool {
		r := ask(c.viewer.token, nil, l.query, l.header)
		return r.status == o.Success && strings.Contains(r.body, l.holds) && !strings.Contains(r.body, hidden)
	})
	if l.nothing != "" {
		if r := ask(c.viewer.token, nil, l.nothing, l.header); r.status != o.Success || !strings.Contains(r.body, `"data":[]`) {
			t.Errorf("%s: %d %s", l.nothing, r.status, r.body)
		}
	}
	wantRefusal(t, "without a token", ask("", nil, l.query, l.header), 401, "UNAUTHORIZED")
	wantRefusal(t, "with an editor's token", ask(c.editor, nil, l.query, l.header), 403, "FORBIDDEN")
	for _, no := range l.refused {
		wantRefusal(t, fmt.Sprintf("%+v", no), ask(c.viewer.token, no.at, no.query, no.header), no.status, no.code)
	}
	absent := ask(c.viewer.token, absentFrom(o), l.query, l.header)
	if strings.Contains(o.Path, "{") {
		wantRefusal(t, "what is absent", absent, 404, "NOT_FOUND")
	}
	for _, values := range l.hidden {
		if r := ask(c.viewer.token, values, l.query, l.header); r.told() != absent.told() {
			t.Errorf("hidden: %v\n%s\nabsent\n%s", values, r.told(), absent.told())
		}
	}
}

// absentFrom is a value that nothing has, for the first of the path.
func absentFrom(o *op.Op) at {
	_, rest, _ := strings.Cut(o.Path, "{")
	name, _, _ := strings.Cut(rest, "}")
	return at{name: uuid.Must(uuid.NewV7()).String()}
}

func (c *shelves) asEditor(t *testing.T, o *op.Op, l *line) {
	token := c.editor
	if strings.HasPrefix(o.Access, "plans:") {
		token = c.admin
	}
	ask := func(token string, values at, query string, body object, header []string) reply {
		sent := ""
		if body != nil {
			sent = text(body)
		}
		return call(t.Context(), o.Method, "http://"+c.addr+c.path(o, query, l.at, values), token, sent, header...)
	}
	wantRefusal(t, "without a token", ask("", nil, "", l.body, nil), 401, "UNAUTHORIZED")
	wantRefusal(t, "with a viewer's token", ask(c.viewer.token, nil, "", l.body, nil), 403, "FORBIDDEN")
	for _, no := range l.refused {
		body := no.body
		if body == nil {
			body = l.body
		}
		wantRefusal(t, fmt.Sprintf("%+v", no), ask(token, no.at, no.query, body, no.header), no.status, no.code)
	}
	if len(l.refused) == 0 {
		t.Error("nothing is refused")
	}
	if r := ask(token, nil, l.query, l.body, l.header); r.status != o.Success || !strings.Contains(r.body, l.holds) {
		t.Errorf("%d %s %v, want %d with %q", r.status, r.body, r.err, o.Success, l.holds)
	}
}

func wantRefusal(t *testing.T, what string, r reply, status int, code string) {
	t.Helper()
	if r.status != status || !strings.Contains(r.body, `"code":"`+code+`"`) {
		t.Errorf("%s: %d %.300s %v, want %d %s", what, r.status, r.body, r.err, status, code)
	}
}
