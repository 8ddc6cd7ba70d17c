// Package arch tests the rules of shared/docs/ARCHITECTURE.md: who imports whom, and which library stays where.
package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const root = "../.."

// file is a Go file of the tree: its folder, whether it is a test, and its syntax.
type file struct {
	dir, name string
	test      bool
	syntax    *ast.File
}

func files(t *testing.T) []file {
	t.Helper()
	var all []file
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || d.Name() == "bin" || strings.HasPrefix(d.Name(), ".") && d.Name() != "..") {
			return filepath.SkipDir
		}
		if d.IsDir() || path.Ext(name) != ".go" {
			return nil
		}
		syntax, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		rel, _ := filepath.Rel(root, name)
		all = append(all, file{path.Dir(filepath.ToSlash(rel)), rel, strings.HasSuffix(rel, "_test.go"), syntax})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 50 {
		t.Fatalf("found %d files: the tree is not where it should be", len(all))
	}
	return all
}

func (f file) imports() []string {
	var all []string
	for _, i := range f.syntax.Imports {
		p, _ := strconv.Unquote(i.Path.Value) // the parser has
		all = append(all, p)
	}
	return all
}

// under reports whether the path is the folder or below it.
func under(p, folder string) bool { return p == folder || strings.HasPrefix(p, folder+"/") }

func underAny(p string, folders []string) bool {
	return slices.ContainsFunc(folders, func(f string) bool { return under(p, f) })
}

// Which of our own packages each part may import.
func TestPartsImportOnlyWhatTheyMay(t *testing.T) {
	allowed := map[string][]string{
		"shared":   {"encora/shared"},
		"edge":     {"encora/edge", "encora/shared"},
		"origin":   {"encora/origin", "encora/shared"},
		"loadtest": {"encora/loadtest", "encora/shared", "encora/deploy/local/pg"},
		"deploy":   {"encora/deploy", "encora/shared"},
	}
	for _, f := range files(t) {
		part, _, _ := strings.Cut(f.dir, "/")
		may, known := allowed[part]
		if !known {
			t.Errorf("%s is in no known part of the tree", f.name)
			continue
		}
		for _, p := range f.imports() {
			if under(p, "encora") && !underAny(p, may) {
				t.Errorf("%s imports %s", f.name, p)
			}
		}
	}
}

var kits = []string{"encora/origin/api", "encora/origin/record", "encora/origin/changes", "encora/origin/pgdb", "encora/origin/pgtest", "encora/origin/apitest", "encora/origin/migrations",
	"encora/origin/vocab", "encora/origin/listings", "encora/origin/content", "encora/origin/filter"}

// A domain imports kits, never another domain; kits never import domains; only app sees all.
func TestDomainsImportKitsOnly(t *testing.T) {
	for _, f := range files(t) {
		if !under(f.dir, "origin") || f.dir == "origin" || under(f.dir, "origin/app") {
			continue
		}
		for _, p := range f.imports() {
			if under(p, "encora/origin") && !underAny(p, kits) && !under(p, "encora/"+domainOf(f.dir)) {
				t.Errorf("%s imports %s", f.name, p)
			}
		}
	}
}

// domainOf is origin/NAME of a folder below it.
func domainOf(dir string) string { return strings.Join(strings.SplitN(dir, "/", 3)[:2], "/") }

// Libraries that decide how a tier works stay in it.
func TestLibrariesStayWhereTheyBelong(t *testing.T) {
	homes := map[string][]string{
		"github.com/jackc/pgx":           {"origin", "loadtest"},
		"github.com/valyala/fasthttp":    {"edge", "loadtest"},
		"github.com/dgraph-io/ristretto": {"edge/cache"},
		"github.com/danielgtaylor/huma":  {"origin/api"},
		"cel.dev/cel-go":                 {"origin/filter"},
		"github.com/riverqueue/river":    {"origin/app", "origin/migrations", "origin/pgtest"},
	}
	for _, f := range files(t) {
		for _, p := range f.imports() {
			for library, folders := range homes {
				if under(p, library) && !underAny(f.dir, folders) {
					t.Errorf("%s imports %s, which stays in %v", f.name, p, folders)
				}
			}
		}
	}
}

// Every table has one writing package: no other names it after INSERT INTO, UPDATE or DELETE FROM.
func TestTablesHaveOneWriter(t *testing.T) {
	writers := map[string]map[string]bool{}
	for _, f := range files(t) {
		if f.test || !under(f.dir, "origin") || under(f.dir, "origin/apitest") {
			continue
		}
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			text, _ := strconv.Unquote(lit.Value) // the parser has
			for _, table := range written(text) {
				if writers[table] == nil {
					writers[table] = map[string]bool{}
				}
				writers[table][f.dir] = true
			}
			return true
		})
	}
	if len(writers["movies"]) == 0 {
		t.Error("found nobody who writes movies: the test looks in the wrong place")
	}
	for table, packages := range writers {
		if len(packages) > 1 {
			t.Errorf("%s is written by %v", table, slices.Sorted(maps.Keys(packages)))
		}
	}
}

func written(text string) []string {
	var tables []string
	words := strings.Fields(text)
	for i := range words {
		switch {
		case i+2 < len(words) && (words[i] == "INSERT" && words[i+1] == "INTO" || words[i] == "DELETE" && words[i+1] == "FROM"):
			tables = append(tables, words[i+2])
		case i+2 < len(words) && words[i] == "UPDATE" && words[i+2] == "SET":
			tables = append(tables, words[i+1])
		}
	}
	return tables
}

// A struct that goes over the wire names every field: what has one json tag has all.
func TestJSONTagsAreComplete(t *testing.T) {
	for _, f := range files(t) {
		if f.test {
			continue
		}
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			if s, ok := n.(*ast.StructType); ok {
				checkTags(t, f, s)
			}
			return true
		})
	}
}

func checkTags(t *testing.T, f file, s *ast.StructType) {
	t.Helper()
	tagged, bare := 0, []string{}
	for _, field := range s.Fields.List {
		switch {
		case len(field.Names) == 0 || !field.Names[0].IsExported():
		case field.Tag != nil && hasJSON(field.Tag.Value):
			tagged++
		default:
			bare = append(bare, field.Names[0].Name)
		}
	}
	if tagged > 0 && len(bare) > 0 {
		t.Errorf("%s: %v have no json tag beside fields that do", f.name, bare)
	}
}

func hasJSON(literal string) bool {
	text, _ := strconv.Unquote(literal) // the parser has
	_, ok := reflect.StructTag(text).Lookup("json")
	return ok
}
