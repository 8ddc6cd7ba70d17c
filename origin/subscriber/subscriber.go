// Package subscriber owns what the origin knows of those who pay: plans, accounts, their profiles and their devices. Identity
// and billing are elsewhere and tell it; players read from it and register their devices.
//
// Every write that touches an account's devices, plan or sessions locks the account's row first, so that a device that is
// removed and a stream that starts on it come one after the other.
package subscriber

import (
	"context"

	"github.com/google/uuid"

	"encora/origin/api"
	"encora/origin/pgdb"
	"encora/shared/fault"
)

// Domain is the subscribers. The func fields are filled by origin/app from the domain that owns sessions and progress, and from
// the kit of filters; one that is nil has nothing to do.
type Domain struct {
	DB *pgdb.DB
	// CheckFilter says what is wrong with a catalogue filter, naming the field.
	CheckFilter func(field, text string) []fault.Detail
	// EndSessions ends the account's sessions, or those of one device, for a reason of the contract. The account is locked.
	EndSessions func(ctx context.Context, w *api.Write, account uuid.UUID, device *uuid.UUID, reason string) error
	// ForgetProgress removes what the account's profiles have watched. The account is locked.
	ForgetProgress func(ctx context.Context, w *api.Write, account uuid.UUID) error
	// ForgetProfiles removes what these profiles of the account have watched, now that they are gone. The account is locked.
	ForgetProfiles func(ctx context.Context, w *api.Write, account uuid.UUID, profiles []uuid.UUID) error
}

// endSessions ends the account's sessions, or those of one device.
func (d *Domain) endSessions(ctx context.Context, w *api.Write, account uuid.UUID, device *uuid.UUID, reason string) error {
	if d.EndSessions == nil {
		return nil
	}
	return d.EndSessions(ctx, w, account, device, reason)
}

// forgetProgress removes what the account's profiles have watched.
func (d *Domain) forgetProgress(ctx context.Context, w *api.Write, account uuid.UUID) error {
	if d.ForgetProgress == nil {
		return nil
	}
	return d.ForgetProgress(ctx, w, account)
}

// forgetProfiles removes what profiles of the account that are gone have watched.
func (d *Domain) forgetProfiles(ctx context.Context, w *api.Write, account uuid.UUID, profiles []uuid.UUID) error {
	if d.ForgetProfiles == nil || len(profiles) == 0 {
		return nil
	}
	return d.ForgetProfiles(ctx, w, account, profiles)
}

// Types of resources, as the audit log names them.
const (
	resourcePlan    = "plan"
	resourceAccount = "account"
	resourceDevice  = "device"
)

// Tags of answers; a change that emits one makes every cache ask again for the answers that carry it.
const tagPlans = "plans" // any list of plans

func tagPlan(id uuid.UUID) string { return "plan:" + id.String() }
