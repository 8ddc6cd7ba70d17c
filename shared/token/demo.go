package token

import (
	"encoding/binary"

	"github.com/google/uuid"
)

// The demo account and its one profile, which the demo data holds and development tokens default to, and the plan that it and
// generated accounts have.
const (
	DemoAccount = "01990000-0000-7000-8000-00000000ac01"
	DemoProfile = "01990000-0000-7000-8000-00000000bf01"
	DemoPlan    = "01990000-0000-7000-8000-00000000b102"
)

// The third group tells generated ids from the demo's and from each other.
const (
	accountKind = 0x7acc
	profileKind = 0x7bf0
	deviceKind  = 0x7dec
)

// AccountID is the id of the i-th generated account, for load tests: the same everywhere and for ever.
func AccountID(i int) uuid.UUID { return generatedID(accountKind, i) }

// ProfileID is the id of the one profile of the i-th generated account.
func ProfileID(i int) uuid.UUID { return generatedID(profileKind, i) }

// DeviceID is the id of the one device that the i-th generated account has from the beginning.
func DeviceID(i int) uuid.UUID { return generatedID(deviceKind, i) }

// generatedID has the layout of a UUIDv7 (RFC 9562, 5.7) with a fixed time and a number for its random part.
func generatedID(kind uint16, i int) uuid.UUID {
	var id uuid.UUID
	copy(id[:], []byte{0x01, 0x99})
	binary.BigEndian.PutUint16(id[6:], kind)
	binary.BigEndian.PutUint64(id[8:], 1<<63|uint64(i))
	return id
}
