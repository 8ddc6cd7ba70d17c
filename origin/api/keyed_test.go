package api

import (
	"testing"

	"github.com/google/uuid"
)

// A ByID keeps the order that it is made in, and is encoded as answers are.
func TestByIDKeepsItsOrder(t *testing.T) {
	first, second := uuid.MustParse("2f9d0e34-0000-7000-8000-000000000002"), uuid.MustParse("1f9d0e34-0000-7000-8000-000000000001")
	text := "<&>"
	got, err := encode(struct {
		Data ByID[*string] `json:"data"`
	}{ByID[*string]{{ID: first, Value: &text}, {ID: second}}})
	want := `{"data":{"` + first.String() + `":"<&>","` + second.String() + `":null}}`
	if err != nil || string(got) != want {
		t.Errorf("encoded as %s, %v; want %s", got, err, want)
	}
	if got, err := encode(ByID[int](nil)); err != nil || string(got) != "{}" {
		t.Errorf("an empty one is %s, %v", got, err)
	}
}
