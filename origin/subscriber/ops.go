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

// Scopes of the contract that this domain's operations ask for.
const (
	readAccounts  = "accounts:read"
	writeAccounts = "accounts:write"
)

const (
	tagDevices       = "Devices"
	tagAdminAccounts = "Accounts (Admin)"
)

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
		api.Delete("removeDevice", devices+"/{device_id}", op.Viewer, d.removeDevice).Passed().EndsStreams().
			Documented(tagDevices, "Remove Device", "Removes the device and terminates any active streams on it."),

		api.Put("adminPutAccount", adminAccounts+"/{account_id}", writeAccounts, d.putAccount).
			Documented(tagAdminAccounts, "Put Account (Admin)", "Tells the state of a subscriber, whole, as identity and billing know it. A version that is not above the stored one changes nothing "+
				"and is answered with the stored state, so repeating is safe and order does not matter. A deleted account is made anew by a newer version."),
		api.Get("adminGetAccount", adminAccounts+"/{account_id}", readAccounts, d.getAccount).
			Documented(tagAdminAccounts, "Get Account (Admin)", ""),
		api.Delete("adminDeleteAccount", adminAccounts+"/{account_id}", writeAccounts, d.deleteAccount).
			Documented(tagAdminAccounts, "Delete Account (Admin)", "Closes the account for good, ends its streams, and removes its profiles, devices and progress."),
	}
}
