package op

import (
	"errors"
	"net/url"
	"slices"
	"strings"
)

// ErrQuery reports a query string that is not valid percent-encoding.
var ErrQuery = errors.New("query string is not valid percent-encoding")

// Canonical rewrites a raw query string so that requests with one meaning have one spelling: known parameters only,
// sorted by name, percent-encoded one way, defaults dropped, lists split, sorted unless their order means something, and without
// repeats. Scalars that are
// repeated stay repeated, for the origin to refuse. It is the query of the cache key, of the fill.
func (o *Op) Canonical(raw string) (string, error) { return o.canonical(raw, false) }

// Filters is Canonical without the parameters that select or project a page.
func (o *Op) Filters(raw string) (string, error) { return o.canonical(raw, true) }

// Scope is what a cursor is bound to: the filters, and the path where that has values.
func (o *Op) Scope(path, raw string) (string, error) {
	filters, err := o.Filters(raw)
	if strings.Contains(o.Path, "{") {
		filters = path + "?" + filters
	}
	return filters, err
}

func (o *Op) canonical(raw string, filtersOnly bool) (string, error) {
	if raw == "" || len(o.Query) == 0 {
		return "", nil
	}
	given, err := url.ParseQuery(raw)
	if err != nil {
		return "", ErrQuery
	}
	var b strings.Builder
	for i := range o.Query {
		p := &o.Query[i]
		if filtersOnly && p.Page {
			continue
		}
		for _, v := range p.values(given[p.Name]) {
			if b.Len() > 0 {
				b.WriteByte('&')
			}
			b.WriteString(p.Name)
			b.WriteByte('=')
			b.WriteString(url.QueryEscape(v))
		}
	}
	return b.String(), nil
}

func (p *Param) values(given []string) []string {
	if !p.List {
		if len(given) == 1 && p.Default != "" && given[0] == p.Default {
			return nil
		}
		return given
	}
	var all []string
	for _, v := range given {
		for item := range strings.SplitSeq(v, ",") {
			if p.Fold {
				item = strings.ToLower(item)
			}
			if item != "" {
				all = append(all, item)
			}
		}
	}
	if p.Ordered {
		return distinct(all)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// distinct leaves the first of each item, in the order given.
func distinct(all []string) []string {
	seen := make(map[string]bool, len(all))
	return slices.DeleteFunc(all, func(item string) bool {
		again := seen[item]
		seen[item] = true
		return again
	})
}
