package api

import (
	"context"
	"testing"

	"encora/shared/fault"
)

// Of bodies beyond the general limit the process holds two at once; a third waits for its turn.
func TestLargeBodiesTakeTurns(t *testing.T) {
	first, err := takeLarge(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	second, err := takeLarge(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer second()
	late, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := takeLarge(late); fault.Of(err).Code != fault.Unavailable {
		t.Errorf("a third: %v", err)
	}
	first()
	third, err := takeLarge(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	third()
}
