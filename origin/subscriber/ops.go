package subscriber

import (
	"encora/origin/api"
	"encora/origin/filter"
	"encora/shared/op"
)

const (
	devices       = "/v2/devices"
	plans         = "/v2/subscriptions/plans"
	adminPlans    = "/v2/admin/plans"
	adminAccounts = "/v2/admin/accounts"
)

// Scopes of the contract that this domain's operations ask for.
const (
	readAccounts  = "accounts:read"
	writeAccounts = "accounts:write"
	readAllPlans  = "plans:read"
	writePlans    = "plans:write"
)

const (
	tagDevices       = "Devices"
	tagSubscriptions = "Subscriptions"
	tagAdminPlans    = "Plans (Admin)"
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

		api.Get("listPlans", plans, op.Public, d.listPlans).Shared(10).
			Documented(tagSubscriptions, "List Available Plans", "Returns all publicly visible subscription plans."),
		api.Get("getPlan", plans+"/{plan_id}", op.Public, d.getPlan).Shared(10).
			Documented(tagSubscriptions, "Get Plan Details", ""),

		api.Get("adminListPlans", adminPlans, readAllPlans, d.adminListPlans).
			Documented(tagAdminPlans, "List Plans (Admin)", "Returns all plans, on offer or not, in the order of their creation."),
		api.Post("adminCreatePlan", adminPlans, writePlans, d.createPlan).
			Documented(tagAdminPlans, "Create Plan (Admin)", "catalogue_filter is a filter: what it leaves out is not there for the plan's viewers.\n\n"+filter.Document()),
		api.Get("adminGetPlan", adminPlans+"/{plan_id}", readAllPlans, d.adminGetPlan).
			Documented(tagAdminPlans, "Get Plan (Admin)", ""),
		api.Put("adminUpdatePlan", adminPlans+"/{plan_id}", writePlans, d.updatePlan).
			Documented(tagAdminPlans, "Update Plan (Admin)", "What changes holds at once for all who have the plan. catalogue_filter is a filter.\n\n"+filter.Document()),
		api.Delete("adminDeletePlan", adminPlans+"/{plan_id}", writePlans, d.deletePlan).
			Documented(tagAdminPlans, "Delete Plan (Admin)", "Permanently deletes a plan. Only permitted while no account has it."),

		api.Put("adminPutAccount", adminAccounts+"/{account_id}", writeAccounts, d.putAccount).
			Documented(tagAdminAccounts, "Put Account (Admin)", "Tells the state of a subscriber, whole, as identity and billing know it. A version that is not above the stored one changes nothing "+
				"and is answered with the stored state, so repeating is safe and order does not matter. A deleted account is made anew by a newer version."),
		api.Get("adminGetAccount", adminAccounts+"/{account_id}", readAccounts, d.getAccount).
			Documented(tagAdminAccounts, "Get Account (Admin)", ""),
		api.Delete("adminDeleteAccount", adminAccounts+"/{account_id}", writeAccounts, d.deleteAccount).
			Documented(tagAdminAccounts, "Delete Account (Admin)", "Closes the account for good, ends its streams, and removes its profiles, devices and progress."),
	}
}
