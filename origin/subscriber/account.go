package subscriber

import (
	"cmp"
	"fmt"
	"time"

	"github.com/google/uuid"

	"encora/origin/vocab"
	"encora/shared/fault"
	"encora/shared/territory"
)

// States of an account, and of its subscription.
const (
	statusActive    = "active"
	statusSuspended = "suspended"
	statusClosed    = "closed"

	subNone     = "none"
	subTrialing = "trialing"
	subActive   = "active"
	subPastDue  = "past_due"
	subCanceled = "canceled"
)

// versionUntold is that of an account which the origin has not been told of.
const versionUntold = -1

// Profile is one of an account's viewers.
type Profile struct {
	ID     uuid.UUID `json:"id"`
	Name   string    `json:"name" minLength:"1" maxLength:"100" pattern:"^[^\\r\\n]*\\S[^\\r\\n]*$" patternDescription:"a text on one line that is not blank"`
	IsKids bool      `json:"is_kids" required:"false" default:"false"`
}

// Account is the state of a subscriber, as identity and billing told it.
type Account struct {
	AccountID          uuid.UUID  `json:"account_id" db:"id"`
	ExternalID         int64      `json:"external_id"`
	Version            int64      `json:"version"`
	Status             string     `json:"status" enum:"active,suspended,closed"`
	PlanID             *uuid.UUID `json:"plan_id" nullable:"true"`
	SubscriptionStatus string     `json:"subscription_status" enum:"none,trialing,active,past_due,canceled"`
	CurrentPeriodEnd   *time.Time `json:"current_period_end"`
	Country            *string    `json:"country"`
	EmailVerified      bool       `json:"email_verified"`
	Profiles           []Profile  `json:"profiles" db:"-"`
	CreatedAt          time.Time  `json:"created_at"`
	UpdatedAt          time.Time  `json:"updated_at"`
}

// account is an account as the database holds it.
type account struct {
	Account
	TrialTold bool
	DeletedAt *time.Time
}

// AccountWrite is the body that identity and billing send: the whole state, under a version that grows.
type AccountWrite struct {
	Version            int64      `json:"version" minimum:"0" doc:"A version that is not above the stored one changes nothing."`
	Status             string     `json:"status" enum:"active,suspended,closed"`
	PlanID             *uuid.UUID `json:"plan_id,omitempty" nullable:"true"`
	SubscriptionStatus string     `json:"subscription_status,omitempty" enum:"none,trialing,active,past_due,canceled" default:"none"`
	CurrentPeriodEnd   *time.Time `json:"current_period_end,omitempty" nullable:"true" doc:"Until when trialing, active and past_due play."`
	Country            *string    `json:"country,omitempty" nullable:"true" minLength:"2" maxLength:"2" doc:"ISO 3166-1 alpha-2."`
	EmailVerified      bool       `json:"email_verified,omitempty" default:"false"`
	Profiles           []Profile  `json:"profiles,omitempty" maxItems:"50" doc:"All profiles of the account, in their order."`
}

// Faults implements api.Checked.
func (b *AccountWrite) Faults() []fault.Detail {
	var faults vocab.Faults
	if b.Country != nil && !territory.Valid(*b.Country) {
		faults.Add("country", "not_allowed", "Expected an ISO 3166-1 alpha-2 code, in capitals.")
	}
	if entitled(b.SubscriptionStatus) && b.PlanID == nil {
		faults.Add("plan_id", "required", "A subscription that is "+b.SubscriptionStatus+" has a plan.")
	}
	if entitled(b.SubscriptionStatus) && b.CurrentPeriodEnd == nil {
		faults.Add("current_period_end", "required", "A subscription that is "+b.SubscriptionStatus+" has an end of its period.")
	}
	seen := map[uuid.UUID]bool{}
	for i, p := range b.Profiles {
		if seen[p.ID] {
			faults.Add(fmt.Sprintf("profiles[%d].id", i), "repeated", "Two profiles have this id.")
		}
		seen[p.ID] = true
	}
	return faults
}

// entitled reports whether a subscription in this state plays until its period ends.
func entitled(status string) bool {
	return status == subTrialing || status == subActive || status == subPastDue
}

// told reports whether the origin has been told of the account, and not of its end.
func (a *account) told() bool { return a.Version > versionUntold && a.DeletedAt == nil }

// subscribes reports whether the account has a subscription that plays until its period ends. One that is closed has none,
// whatever billing still says of it.
func (a *account) subscribes() bool {
	return a.Status != statusClosed && entitled(a.SubscriptionStatus)
}

// current is the representation that If-Match speaks of; nil where there never was one.
func (a *account) current() any {
	if a.Version == versionUntold {
		return nil
	}
	return a.Account
}

// replaced is the account once a body has come.
func (a *account) replaced(b *AccountWrite, now time.Time) *account {
	after := *a
	after.Version, after.Status, after.PlanID, after.SubscriptionStatus = b.Version, b.Status, b.PlanID, cmp.Or(b.SubscriptionStatus, subNone)
	after.CurrentPeriodEnd, after.Country, after.EmailVerified = vocab.Instant(b.CurrentPeriodEnd), b.Country, b.EmailVerified
	after.Profiles, after.DeletedAt, after.UpdatedAt = vocab.Some(b.Profiles), nil, now
	after.TrialTold = a.TrialTold && a.SubscriptionStatus == subTrialing && after.SubscriptionStatus == subTrialing
	if !a.told() {
		after.CreatedAt = now
	}
	return &after
}

// deleted is what stays of the account.
func (a *account) deleted(now time.Time) *account {
	after := &account{Account: Account{AccountID: a.AccountID, ExternalID: a.ExternalID, Version: a.Version, Status: statusClosed,
		SubscriptionStatus: subNone, Profiles: []Profile{}, CreatedAt: a.CreatedAt, UpdatedAt: now}}
	after.DeletedAt = &now
	return after
}

// samePeriod reports whether two states have the same plan until the same instant.
func (a *account) samePeriod(b *account) bool {
	return equal(a.PlanID, b.PlanID, func(x, y uuid.UUID) bool { return x == y }) && equal(a.CurrentPeriodEnd, b.CurrentPeriodEnd, time.Time.Equal)
}

// equal compares values that may be absent.
func equal[T any](a, b *T, same func(T, T) bool) bool {
	if a == nil || b == nil {
		return a == b
	}
	return same(*a, *b)
}

func (b *AccountWrite) profileIDs() []uuid.UUID {
	ids := make([]uuid.UUID, len(b.Profiles))
	for i, p := range b.Profiles {
		ids[i] = p.ID
	}
	return ids
}
