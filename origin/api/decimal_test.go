package api

import (
	"encoding/json"
	"math/big"
	"strings"
	"testing"
)

func TestDecimal(t *testing.T) {
	f := func(input, want string) {
		t.Helper()
		var d Decimal
		if err := json.Unmarshal([]byte(input), &d); err != nil {
			t.Errorf("%s: %v", input, err)
			return
		}
		out, err := json.Marshal(d)
		if err != nil || string(out) != want || d.String() != want {
			t.Errorf("%s became %s, want %s; %v", input, out, want, err)
		}
		var read Decimal
		if err := read.Scan(want + "000"); strings.Contains(want, ".") && (err != nil || read != d) {
			t.Errorf("%s000 is read as %v; %v", want, read, err)
		}
	}
	f("9.99", "9.99")
	f("9.90", "9.9")
	f("10.00", "10")
	f("0", "0")
	f("-0.0", "0")
	f("-1.50", "-1.5")
	f("0.1", "0.1")
	f("1e2", "100")
	f("1.25E+1", "12.5")
	f("125e-2", "1.25")
	f("5e-3", "0.005")
	f("0e40", "0")
	f("99999999.9999", "99999999.9999")
	f("9007199254740993", "9007199254740993") // no float64 has it
	if d := (Decimal{}); d.String() != "0" || len(d.Faults("price")) != 0 {
		t.Errorf("the zero value is %s", d)
	}
}

func TestNoDecimals(t *testing.T) {
	for _, text := range []string{"", ".", "x", "1.2.3", "1a2", "--1", "1e", "1e999999999", "1e-41", "NaN", "Infinity", strings.Repeat("1", 41)} {
		if d, err := ParseDecimal(text); err == nil {
			t.Errorf("%q is taken for %s", text, d)
		}
	}
	for _, text := range []string{`null`, `true`, `[]`, `{}`} {
		d := Decimal{"1"}
		if err := json.Unmarshal([]byte(text), &d); err == nil && text != "null" {
			t.Errorf("%s is taken for %s", text, d)
		}
	}
	if err := new(Decimal).Scan(1.5); err == nil {
		t.Error("a float64 is taken")
	}
}

func TestDecimalPlaces(t *testing.T) {
	for text, ok := range map[string]bool{"1": true, "1.2345": true, "1.23450": true, "1.23456": false, "1e-5": false, "1e-4": true} {
		d, err := ParseDecimal(text)
		if faults := d.Faults("price"); err != nil || (len(faults) == 0) != ok {
			t.Errorf("%s: %v, %v", text, faults, err)
		}
	}
}

// A decimal is the number that it was written as.
func FuzzDecimal(f *testing.F) {
	for _, seed := range []string{"9.99", "-1e-7", "0.000", "12e3", "1e", "1.2.3"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !json.Valid([]byte(text)) {
			return
		}
		d, err := ParseDecimal(text)
		if err != nil {
			return
		}
		want, _ := new(big.Rat).SetString(text)
		got, ok := new(big.Rat).SetString(d.String())
		if want == nil || !ok || got.Cmp(want) != 0 || !json.Valid([]byte(d.String())) {
			t.Errorf("%q became %s", text, d)
		}
	})
}
