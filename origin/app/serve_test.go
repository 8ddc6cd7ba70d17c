package app

import (
	"log/slog"
	"net"
	"strings"
	"testing"
)

func TestPortInUse(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for setting, s := range map[string]*serve{
		"ORIGIN_ADDR":   {OriginAddr: taken.Addr().String(), InternalAddr: "127.0.0.1:0"},
		"INTERNAL_ADDR": {OriginAddr: "127.0.0.1:0", InternalAddr: taken.Addr().String()},
	} {
		err := s.listen(t.Context(), &program{log: slog.New(slog.DiscardHandler)}, nil, nil)
		if err == nil || !strings.HasPrefix(err.Error(), setting+": ") {
			t.Errorf("%s: %v", setting, err)
		}
	}
}
