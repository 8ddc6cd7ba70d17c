package api

import (
	"context"
	"net/http"
	"testing"

	"github.com/google/uuid"

	"encora/shared/op"
)

type describedLate struct {
	ID    uuid.UUID `json:"id"`
	Parts []struct {
		Name string `json:"name"`
	} `json:"parts"`
}

// TestDescriptionWhileServing renders the description, which makes schemas of answers, while bodies are checked. It fails
// under the race detector if those share a registry that is not locked.
func TestDescriptionWhileServing(t *testing.T) {
	e := Put("late", "/late/{id}", "content:write", func(context.Context, *Write, *struct {
		ID   uuid.UUID `path:"id"`
		Body errorDetail
	}) (describedLate, error) {
		return describedLate{}, nil
	})
	done := make(chan error)
	go func() {
		_, err := OpenAPI([]Entry{e.Documented("Late", "Late", ""), Plain("plain", "/plain", op.Both, describedLate{}, func(*http.Request) Document { return Document{} })}, "1")
		done <- err
	}()
	for range 100 {
		if faults := Validate(errorDetail{Field: "a"}); len(faults) != 0 {
			t.Error(faults)
		}
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}
