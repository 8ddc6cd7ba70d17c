package conf

import "log/slog"

// Secret is a setting that must not be seen in logs, errors or dumps. Only a conversion to string shows it.
type Secret string

// mask stands for a secret that is set; one that isn't shows as empty.
const mask = "[set]"

// String implements fmt.Stringer.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return mask
}

// GoString implements fmt.GoStringer, for %#v.
func (s Secret) GoString() string { return s.String() }

// LogValue implements slog.LogValuer.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText implements encoding.TextMarshaler, and by that JSON.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
