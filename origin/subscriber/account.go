package subscriber

import (
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
	IsKids bool      `json:"is_kids,omitempty" default:"false"`
}

// Account is the state of a subscriber, as identity and billing told it.
type Account struct {
	AccountID          uuid.UUID  `json:"account_id" db:"id"`
	ExternalID         int64      `json:"external_id"`
	Version            int64      `json:"version"`
	Status             string     `json:"status" enum:"active,suspended,closed"`
	PlanID             *uuid.UUID `json:"plan_id"`
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
