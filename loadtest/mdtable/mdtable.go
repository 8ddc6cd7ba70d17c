// Package mdtable writes results as Markdown tables that line up in a terminal too, and holds the few statistics that
// the tables need.
package mdtable

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// Table is a heading and its rows. Cells of a column whose name ends in ":" are aligned right.
type Table struct {
	Title   string
	Columns []string
	Rows    [][]string
}

// Add appends a row; values are printed as fmt.Sprint does.
func (t *Table) Add(cells ...any) {
	row := make([]string, len(cells))
	for i, c := range cells {
		row[i] = strings.ReplaceAll(fmt.Sprint(c), "|", `\|`)
	}
	t.Rows = append(t.Rows, row)
}

// WriteTo writes the table as GitHub-flavoured Markdown with an empty line after it.
func (t *Table) WriteTo(w io.Writer) (int64, error) {
	var b strings.Builder
	if t.Title != "" {
		fmt.Fprintf(&b, "### %s\n\n", t.Title)
	}
	widths, rule := t.widths(), make([]string, len(t.Columns))
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = strings.TrimSuffix(c, ":")
		rule[i] = strings.Repeat("-", widths[i])
		if t.right(i) {
			rule[i] = rule[i][1:] + ":"
		}
	}
	for _, row := range append([][]string{names, rule}, t.Rows...) {
		t.line(&b, row, widths)
	}
	n, err := io.WriteString(w, b.String()+"\n")
	return int64(n), err
}

func (t *Table) right(column int) bool { return strings.HasSuffix(t.Columns[column], ":") }

func (t *Table) widths() []int {
	widths := make([]int, len(t.Columns))
	for i, c := range t.Columns {
		widths[i] = max(3, utf8.RuneCountInString(strings.TrimSuffix(c, ":")))
		for _, row := range t.Rows {
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i]))
		}
	}
	return widths
}

func (t *Table) line(b *strings.Builder, row []string, widths []int) {
	for i, cell := range row {
		pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
		if t.right(i) {
			cell = pad + cell
		} else {
			cell += pad
		}
		b.WriteString("| " + cell + " ")
	}
	b.WriteString("|\n")
}

// Median returns the middle value, the mean of both middle values of an even number, and the zero value of none.
func Median[T ~int | ~int64 | ~float64](values []T) T {
	n := len(values)
	if n == 0 {
		return 0
	}
	sorted := slices.SortedFunc(slices.Values(values), cmp.Compare[T])
	if n%2 == 1 {
		return sorted[n/2]
	}
	return (sorted[n/2-1] + sorted[n/2]) / 2
}

// Ratios divides pairwise: a[i]/b[i], where the i-th values come from the same round. Pairs with a zero divisor are
// left out.
func Ratios(a, b []float64) []float64 {
	var ratios []float64
	for i := range min(len(a), len(b)) {
		if b[i] != 0 {
			ratios = append(ratios, a[i]/b[i])
		}
	}
	return ratios
}
