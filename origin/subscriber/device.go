package subscriber

import (
	"crypto/sha256"
	"time"

	"github.com/google/uuid"
)

// Device is a device that plays for an account. What was not given is left out.
type Device struct {
	ID           uuid.UUID `json:"id"`
	Name         string    `json:"name"`
	DeviceType   string    `json:"device_type" enum:"smart_tv,mobile,tablet,desktop,console,stb,other"`
	Platform     string    `json:"platform,omitempty"`
	OSVersion    string    `json:"os_version,omitempty" db:"os_version"`
	AppVersion   string    `json:"app_version,omitempty"`
	IsTrusted    bool      `json:"is_trusted"`
	LastActiveAt time.Time `json:"last_active_at"`
	CreatedAt    time.Time `json:"created_at"`
	UpdatedAt    time.Time `json:"updated_at"`
}

// defaultDevices is how many devices an account without a plan may have.
const defaultDevices = 5

// Location is the address of the device for its account.
func (d Device) Location() string { return devices + "/" + d.ID.String() }

// DeviceWrite is the body of a registration.
type DeviceWrite struct {
	Name        string `json:"name" minLength:"1" maxLength:"100" pattern:"^[^\\r\\n]*\\S[^\\r\\n]*$" patternDescription:"a text on one line that is not blank"`
	DeviceType  string `json:"device_type" enum:"smart_tv,mobile,tablet,desktop,console,stb,other"`
	Platform    string `json:"platform,omitempty" maxLength:"100" pattern:"^[^\\r\\n]*$" patternDescription:"a text on one line" doc:"OS name and version (e.g. \"Android 14\")."`
	OSVersion   string `json:"os_version,omitempty" maxLength:"50" pattern:"^[^\\r\\n]*$" patternDescription:"a text on one line" doc:"OS version string."`
	AppVersion  string `json:"app_version,omitempty" maxLength:"50" pattern:"^[^\\r\\n]*$" patternDescription:"a text on one line" doc:"App version initiating registration."`
	Fingerprint string `json:"fingerprint" minLength:"1" maxLength:"512" doc:"Opaque hardware/software fingerprint (hashed client-side using SHA-256). Never send raw device identifiers such as IMEI, MAC address, or serial numbers."`
}

// DeviceRename is the body of a change.
type DeviceRename struct {
	Name string `json:"name,omitempty" minLength:"1" maxLength:"100" pattern:"^[^\\r\\n]*\\S[^\\r\\n]*$" patternDescription:"a text on one line that is not blank"`
}

// device makes the one that a registration asks for.
func (b *DeviceWrite) device(now time.Time) *Device {
	return &Device{ID: uuid.Must(uuid.NewV7()), Name: b.Name, DeviceType: b.DeviceType, Platform: b.Platform, OSVersion: b.OSVersion,
		AppVersion: b.AppVersion, LastActiveAt: now, CreatedAt: now, UpdatedAt: now}
}

// print is what is kept of a fingerprint: enough to know it again, and nothing to give away.
func (b *DeviceWrite) print() []byte {
	sum := sha256.Sum256([]byte(b.Fingerprint))
	return sum[:]
}
