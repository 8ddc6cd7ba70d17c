package api

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"encora/shared/fault"
)

// Decimal is an amount of money: a number in JSON that is kept digit by digit, and never becomes a float64. It has the
// spelling without exponent and without zeros that mean nothing. The zero value is 0.
type Decimal struct{ text string }

// maxPlaces is how many decimals an amount may have: no currency of ISO 4217 divides into more.
const maxPlaces = 4

// maxShift bounds exponents: 1e999999999 is nine letters, and its digits would fill the memory.
const maxShift = 40

// ParseDecimal reads a JSON number of a sane length. What is none is an error.
func ParseDecimal(number string) (Decimal, error) {
	mantissa, exponent, shifted := strings.Cut(strings.ToLower(number), "e")
	shift := 0
	if shifted {
		n, err := strconv.Atoi(exponent)
		if err != nil || n < -maxShift || n > maxShift {
			return Decimal{}, fmt.Errorf("%q is no decimal of a sane length", number)
		}
		shift = n
	}
	digits, negative := strings.CutPrefix(mantissa, "-")
	whole, fraction, _ := strings.Cut(digits, ".")
	if whole == "" || strings.Trim(whole+fraction, "0123456789") != "" || len(digits) > maxShift {
		return Decimal{}, fmt.Errorf("%q is no decimal of a sane length", number)
	}
	text := placed(whole+fraction, len(whole)+shift)
	if negative && text != "0" {
		text = "-" + text
	}
	return Decimal{text}, nil
}

// placed puts a point behind that many digits, and takes away zeros that mean nothing.
func placed(digits string, point int) string {
	if point < 0 {
		digits, point = strings.Repeat("0", -point)+digits, 0
	}
	if point > len(digits) {
		digits += strings.Repeat("0", point-len(digits))
	}
	whole, fraction := strings.TrimLeft(digits[:point], "0"), strings.TrimRight(digits[point:], "0")
	if whole == "" {
		whole = "0"
	}
	if fraction == "" {
		return whole
	}
	return whole + "." + fraction
}

// String is the number's one spelling.
func (d Decimal) String() string {
	if d.text == "" {
		return "0"
	}
	return d.text
}

// Faults are those of an amount: at most four decimals.
func (d Decimal) Faults(field string) []fault.Detail {
	if _, fraction, _ := strings.Cut(d.text, "."); len(fraction) > maxPlaces {
		return []fault.Detail{{Field: field, Code: "out_of_range", Message: "Expected a number with at most four decimals."}}
	}
	return nil
}

// MarshalJSON implements json.Marshaler.
func (d Decimal) MarshalJSON() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalJSON implements json.Unmarshaler.
func (d *Decimal) UnmarshalJSON(b []byte) error {
	var number json.Number
	if err := json.Unmarshal(b, &number); err != nil {
		return err
	}
	parsed, err := ParseDecimal(string(number))
	*d = parsed
	return err
}

// Scan implements sql.Scanner for a numeric.
func (d *Decimal) Scan(value any) error {
	text, ok := value.(string)
	if !ok {
		return fmt.Errorf("a %T is no decimal", value)
	}
	parsed, err := ParseDecimal(text)
	*d = parsed
	return err
}

// Value implements driver.Valuer.
func (d Decimal) Value() (driver.Value, error) { return d.String(), nil }

// Schema implements huma.SchemaProvider; the field's own tags say the maximum.
func (d Decimal) Schema(huma.Registry) *huma.Schema {
	zero := 0.0
	return &huma.Schema{Type: huma.TypeNumber, Minimum: &zero}
}
