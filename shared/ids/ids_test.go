package ids

import (
	"testing"

	"github.com/google/uuid"
)

func TestParseTakesOneForm(t *testing.T) {
	const plain = "01990000-0000-7dec-8000-0123456789ab"
	for _, text := range []string{plain, "01990000-0000-7DEC-8000-0123456789AB"} {
		if id, ok := Parse(text); !ok || !Valid(text) || id.String() != plain {
			t.Errorf("%q: %s, %v", text, id, ok)
		}
	}
	for _, text := range []string{"", "0199000000007dec80000123456789ab", "{" + plain + "}", "urn:uuid:" + plain, plain[:35], plain[:35] + "g"} {
		if id, ok := Parse(text); ok || Valid(text) || id != uuid.Nil {
			t.Errorf("%q is taken for %s", text, id)
		}
	}
}
