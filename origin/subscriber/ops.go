package subscriber

import (
	"encora/origin/api"
	"encora/shared/op"
)

const (
	devices       = "/v2/devices"
	adminPlans    = "/v2/admin/plans"
	adminAccounts = "/v2/admin/accounts"
)

const tagDevices = "Devices"

// Entries are the operations on subscribers.
func (d *Domain) Entries() []api.Entry {
	return []api.Entry{
		api.Get("listDevices", devices, op.Viewer, d.listDevices).Passed().
			Documented(tagDevices, "List Registered Devices", ""),
		api.Post("registerDevice", devices, op.Viewer, d.registerDevice).Passed().
			Documented(tagDevices, "Register a Device", "Registers a new device. Returns 409 if device limit is reached for the plan, with the registered devices in details. "+
				"A fingerprint that the account has registered already gives that device, also at the limit. The fingerprint field must be a hashed, non-reversible value — never send raw hardware IDs."),
		api.Get("getDevice", devices+"/{device_id}", op.Viewer, d.getDevice).Passed().
			Documented(tagDevices, "Get Device", ""),
		api.Patch("renameDevice", devices+"/{device_id}", op.Viewer, d.renameDevice).Passed().
			Documented(tagDevices, "Rename Device", ""),
		api.Delete("removeDevice", devices+"/{device_id}", op.Viewer, d.removeDevice).Passed().
			Documented(tagDevices, "Remove Device", "Removes the device and terminates any active streams on it."),
	}
}
