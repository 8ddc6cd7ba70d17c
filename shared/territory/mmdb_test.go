package territory

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
)

// writeMMDB writes a GeoIP file with these networks, in the MaxMind DB format 2.0: an IPv6 tree of 24-bit records, the
// data section and the metadata. IPv4 networks lie under ::/96.
func writeMMDB(t *testing.T, countries map[string]string) string {
	t.Helper()
	tree := &mmdbTree{nodes: [][2]int{{}}}
	for network, code := range countries {
		tree.insert(netip.MustParsePrefix(network), tree.add(code))
	}
	path := filepath.Join(t.TempDir(), "geo.mmdb")
	if err := os.WriteFile(path, tree.bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// mmdbTree has nodes of two records: 0 is empty, above 0 another node, below 0 the offset ^n of data.
type mmdbTree struct {
	nodes [][2]int
	data  bytes.Buffer
}

// add writes {"country": {"iso_code": code}} and returns its record.
func (m *mmdbTree) add(code string) int {
	at := m.data.Len()
	m.data.Write(mmdbMap("country", mmdbMap("iso_code", mmdbString(code))))
	return ^at
}

func (m *mmdbTree) insert(p netip.Prefix, record int) {
	bits, addr := p.Bits(), p.Addr().As16()
	if p.Addr().Is4() {
		bits += 96
		addr[10], addr[11] = 0, 0
	}
	node := 0
	for i := range bits - 1 {
		side := addr[i/8] >> (7 - i%8) & 1
		if m.nodes[node][side] == 0 {
			m.nodes = append(m.nodes, [2]int{})
			m.nodes[node][side] = len(m.nodes) - 1
		}
		node = m.nodes[node][side]
	}
	m.nodes[node][addr[(bits-1)/8]>>(7-(bits-1)%8)&1] = record
}

func (m *mmdbTree) bytes() []byte {
	var out bytes.Buffer
	for _, n := range m.nodes {
		for _, record := range n {
			switch {
			case record == 0:
				record = len(m.nodes)
			case record < 0:
				record = len(m.nodes) + 16 + ^record
			}
			out.Write([]byte{byte(record >> 16), byte(record >> 8), byte(record)})
		}
	}
	out.Write(make([]byte, 16))
	out.Write(m.data.Bytes())
	out.WriteString("\xab\xcd\xefMaxMind.com")
	out.Write(m.metadata())
	return out.Bytes()
}

func (m *mmdbTree) metadata() []byte {
	return mmdbMap("node_count", mmdbUint32(len(m.nodes)), "record_size", mmdbUint16(24), "ip_version", mmdbUint16(6),
		"binary_format_major_version", mmdbUint16(2), "binary_format_minor_version", mmdbUint16(0),
		"database_type", mmdbString("Test"), "build_epoch", mmdbUint64(1), "languages", []byte{0, 4},
		"description", mmdbMap("en", mmdbString("test")))
}

func mmdbString(s string) []byte { return append(mmdbControl(2, len(s)), s...) }

func mmdbUint16(n int) []byte { return append([]byte{5<<5 | 2}, byte(n>>8), byte(n)) }

func mmdbUint32(n int) []byte { return binary.BigEndian.AppendUint32([]byte{6<<5 | 4}, uint32(n)) }

func mmdbUint64(n int) []byte { return binary.BigEndian.AppendUint64([]byte{8, 2}, uint64(n)) }

func mmdbControl(kind, size int) []byte {
	if size < 29 {
		return []byte{byte(kind<<5 | size)}
	}
	return []byte{byte(kind<<5 | 29), byte(size - 29)}
}

// mmdbMap takes keys (string) and encoded values ([]byte) by turns.
func mmdbMap(pairs ...any) []byte {
	out := mmdbControl(7, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		out = append(append(out, mmdbString(pairs[i].(string))...), pairs[i+1].([]byte)...)
	}
	return out
}
