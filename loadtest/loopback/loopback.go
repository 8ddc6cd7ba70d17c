// Package loopback keeps load on this machine: every generator checks its targets and dials through it.
package loopback

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// ErrTarget reports a target that is not an http URL of this machine.
var ErrTarget = errors.New("load may only go to http:// on 127.0.0.0/8, [::1] or localhost")

// Base checks a target such as http://127.0.0.1:8080 and returns it without a trailing slash. A path, query or
// credentials are refused.
func Base(raw string) (string, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return "", fmt.Errorf("%q: %w", raw, ErrTarget)
	}
	plain := u.Scheme == "http" && u.Port() != "" && strings.Trim(u.Path, "/") == "" && u.RawQuery == "" && u.User == nil
	if !plain || !isLoopback(u.Hostname()) {
		return "", fmt.Errorf("%q: %w", raw, ErrTarget)
	}
	return "http://" + u.Host, nil
}

// Host is Base reduced to host:port.
func Host(raw string) (string, error) {
	base, err := Base(raw)
	return strings.TrimPrefix(base, "http://"), err
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// Dial connects to a loopback address and refuses any other once the name is resolved, so that a hosts file that
// sends localhost elsewhere is caught too.
func Dial(addr string) (net.Conn, error) {
	d := net.Dialer{Timeout: 5 * time.Second, Control: refuseOthers}
	return d.Dial("tcp", addr)
}

func refuseOthers(_, addr string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(addr)
	if err != nil || !ap.Addr().IsLoopback() {
		return fmt.Errorf("%q: %w", addr, ErrTarget)
	}
	return nil
}
