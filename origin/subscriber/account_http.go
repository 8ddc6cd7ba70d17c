package subscriber

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/api"
	"encora/origin/pgdb"
	"encora/shared/fault"
	"encora/shared/wire"
)

type accountID struct {
	AccountID uuid.UUID `path:"account_id"`
}

type putAccountIn struct {
	accountID
	Body AccountWrite
}

func (d *Domain) getAccount(ctx context.Context, r *api.Read, in *accountID) (Account, error) {
	a, err := readAccount(ctx, r, in.AccountID)
	if err != nil {
		return Account{}, err
	}
	if a == nil || !a.told() {
		return Account{}, fault.Missing()
	}
	return a.Account, nil
}

// putAccount takes a state that is newer than the one stored. One that is not changes nothing, so that what is sent again, or
// arrives late, does no harm.
func (d *Domain) putAccount(ctx context.Context, w *api.Write, in *putAccountIn) (Account, error) {
	before, err := holdAccount(ctx, w.Tx.Tx, in.AccountID, w.Now)
	if err != nil {
		return Account{}, err
	}
	if in.Body.Version <= before.Version {
		return before.Account, w.Check(before.current())
	}
	own, err := faultsOf(ctx, w.Tx.Tx, in.AccountID, &in.Body)
	if err != nil {
		return Account{}, err
	}
	if err := w.Check(before.current(), own...); err != nil {
		return Account{}, err
	}
	after := before.replaced(&in.Body, w.Now)
	return after.Account, d.storeAccount(ctx, w, before, after)
}

// faultsOf finds what only the database can tell of a body.
func faultsOf(ctx context.Context, tx pgx.Tx, account uuid.UUID, b *AccountWrite) ([]fault.Detail, error) {
	var faults []fault.Detail
	if b.PlanID != nil {
		known, err := holdPlan(ctx, tx, *b.PlanID)
		if err != nil {
			return nil, err
		}
		if !known {
			faults = append(faults, fault.Detail{Field: "plan_id", Code: "unknown", Message: "There is no plan with this id."})
		}
	}
	taken, err := foreignProfiles(ctx, tx, account, b.profileIDs())
	for i, p := range b.Profiles {
		if taken[p.ID] {
			faults = append(faults, profileTaken(fmt.Sprintf("profiles[%d].id", i)))
		}
	}
	return faults, err
}

// profileTaken does not say whose the profile is.
func profileTaken(field string) fault.Detail {
	return fault.Detail{Field: field, Code: "not_allowed", Message: "This id can't be used for a profile of this account."}
}

func (d *Domain) storeAccount(ctx context.Context, w *api.Write, before, after *account) error {
	if err := updateAccount(ctx, w.Tx.Tx, after); err != nil {
		return err
	}
	err := replaceProfiles(ctx, w.Tx.Tx, after)
	if pgdb.Violates(err, "profiles_id") { // another account took it since it was looked for
		return api.Invalid(profileTaken("profiles"))
	}
	if err != nil {
		return err
	}
	if err := auditAccount(w, before, after); err != nil {
		return err
	}
	tellAccount(w, before, after)
	return d.endWhatIsGone(ctx, w, before, after)
}

// endWhatIsGone ends the sessions of an account that is active no more, then removes what is left of its profiles that are
// gone: the other way round, beats of a session would leave progress behind.
func (d *Domain) endWhatIsGone(ctx context.Context, w *api.Write, before, after *account) error {
	if after.Status != statusActive && after.Status != before.Status {
		if err := d.endSessions(ctx, w, after.AccountID, nil, wire.ReasonAccountClosed); err != nil {
			return err
		}
	}
	return d.forgetProfiles(ctx, w, after.AccountID, without(before.Profiles, after.Profiles))
}

// deleteAccount closes the account and removes what it holds of the person. The row stays, for versions that arrive late.
func (d *Domain) deleteAccount(ctx context.Context, w *api.Write, in *accountID) (api.None, error) {
	if err := w.ForgetAnswers(ctx, in.AccountID); err != nil { // before the row's lock, which requests wait for
		return api.None{}, err
	}
	a, err := lockAccount(ctx, w.Tx.Tx, in.AccountID)
	if err != nil {
		return api.None{}, err
	}
	if a == nil || a.DeletedAt != nil {
		return api.None{}, fault.Missing()
	}
	if err := w.Check(a.current()); err != nil {
		return api.None{}, err
	}
	gone, err := deleteDevices(ctx, w.Tx.Tx, a.AccountID)
	if err != nil {
		return api.None{}, err
	}
	after := a.deleted(w.Now)
	if err := replaceProfiles(ctx, w.Tx.Tx, after); err != nil {
		return api.None{}, err
	}
	w.Audit("account.deleted", resourceAccount, a.AccountID, map[string]any{"version": a.Version, "devices": len(gone), "profiles": len(a.Profiles)})
	tellDeletion(w, a, after, gone)
	if err := updateAccount(ctx, w.Tx.Tx, after); err != nil {
		return api.None{}, err
	}
	// Sessions first: beats of one that is still there would leave progress behind.
	if err := d.endSessions(ctx, w, a.AccountID, nil, wire.ReasonAccountClosed); err != nil {
		return api.None{}, err
	}
	return api.None{}, d.forgetProgress(ctx, w, a.AccountID)
}
