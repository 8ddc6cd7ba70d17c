package loopback

import (
	"errors"
	"net"
	"testing"
)

func TestBase(t *testing.T) {
	ok := map[string]string{
		"http://127.0.0.1:8080":  "http://127.0.0.1:8080",
		"http://127.0.0.1:8080/": "http://127.0.0.1:8080",
		"http://localhost:80":    "http://localhost:80",
		"http://[::1]:8080":      "http://[::1]:8080",
	}
	for raw, want := range ok {
		if got, err := Base(raw); err != nil || got != want {
			t.Errorf("Base(%q) = %q, %v; want %q", raw, got, err, want)
		}
	}
	for _, raw := range []string{
		"", "127.0.0.1:8080", "https://127.0.0.1:8443", "http://example.com:80", "http://10.0.0.1:80", "http://0.0.0.0:80",
		"http://127.0.0.1", "http://127.0.0.1.example.com:80", "http://127.0.0.1:80/v2", "http://u:p@127.0.0.1:80", "http://192.168.1.1:80/?a=127.0.0.1",
	} {
		if got, err := Base(raw); !errors.Is(err, ErrTarget) {
			t.Errorf("Base(%q) = %q, %v; want ErrTarget", raw, got, err)
		}
	}
}

func TestDialRefusesOtherAddresses(t *testing.T) {
	// 192.0.2.0/24 is reserved for documentation (RFC 5737); the refusal comes before any packet.
	if _, err := Dial("192.0.2.1:80"); !errors.Is(err, ErrTarget) {
		t.Errorf("Dial of a foreign address: %v, want ErrTarget", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	conn, err := Dial(l.Addr().String())
	if err != nil {
		t.Fatalf("Dial of loopback: %v", err)
	}
	conn.Close()
}
