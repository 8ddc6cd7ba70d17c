package fault

import (
	"errors"
	"fmt"
	"testing"
)

func TestJSON(t *testing.T) {
	got := string(New(NotFound, "Nothing here.").JSON("r-1"))
	if want := `{"code":"NOT_FOUND","message":"Nothing here.","request_id":"r-1","details":[]}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	got = string(New(ValidationFailed, "Wrong.", Detail{Field: "title", Code: "required", Message: "Missing."}).JSON("r"))
	if want := `{"code":"VALIDATION_FAILED","message":"Wrong.","request_id":"r","details":[{"field":"title","code":"required","message":"Missing."}]}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// Only a fault tells callers anything; every code has its status.
func TestOf(t *testing.T) {
	inner := New(Conflict, "Taken.")
	if got := Of(fmt.Errorf("wrapped: %w", inner)); got != inner {
		t.Errorf("Of a wrapped fault is %v", got)
	}
	if got := Of(errors.New("password=secret")); got.Status() != 500 || got.Code != Internal || got.Message == "password=secret" {
		t.Errorf("Of another error is %d %v", got.Status(), got)
	}
	for code, status := range statuses {
		if got := New(code, "").Status(); got != status || status < 400 {
			t.Errorf("%s has status %d, want %d", code, got, status)
		}
	}
}
