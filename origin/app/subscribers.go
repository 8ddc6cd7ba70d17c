package app

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"encora/origin/api"
	"encora/origin/seeded"
	"encora/origin/subscriber"
	"encora/shared/token"
)

// demoPeriodEnd is far enough away for every demo and every load test.
var demoPeriodEnd = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)

// accountBatch is how many generated accounts are brought in by one transaction: what is in memory, and what an interruption
// loses.
const accountBatch = 5000

// demoPlan is a plan of the demo with the key by which it is remembered.
type demoPlan struct {
	key string
	subscriber.IncomingPlan
}

// demoPlans are what the demo offers. The demo account's is the second.
func demoPlans() []demoPlan {
	basic := subscriber.PlanWrite{Name: "Basic", Description: "One stream in standard definition, with ads.", Price: amount("5.99"), Currency: "EUR", BillingCycle: "monthly",
		MaxProfiles: 2, MaxConcurrentStreams: 1, MaxDevices: 2, MaxQuality: "SD", HasAds: true, IsActive: true}
	standard := subscriber.PlanWrite{Name: "Standard", Description: "Two streams in high definition, and every channel.", Price: amount("9.99"), Currency: "EUR", BillingCycle: "monthly",
		MaxProfiles: 4, MaxConcurrentStreams: 2, MaxDevices: 5, MaxQuality: "HD", TrialDays: 14, IsActive: true, IncludesPremiumChannels: true}
	premium := subscriber.PlanWrite{Name: "Premium", Description: "Four streams in ultra high definition, every channel, and downloads.", Price: amount("14.99"), Currency: "EUR", BillingCycle: "monthly",
		MaxProfiles: 6, MaxConcurrentStreams: 4, MaxDevices: 10, MaxQuality: "UHD", HasDownloads: true, AllowDownloadCount: 50, HasHDR: true, HasDolbyAtmos: true,
		TrialDays: 14, IsActive: true, IncludesPremiumChannels: true}
	annual, dollars := standard, standard
	annual.Name, annual.Price, annual.BillingCycle = "Standard, a year", amount("99.9"), "annual"
	dollars.Price, dollars.Currency = amount("10.99"), "USD"
	plan := func(key, id string, p subscriber.PlanWrite) demoPlan {
		return demoPlan{"plan:" + key, subscriber.IncomingPlan{ID: uuid.MustParse(id), Plan: p}}
	}
	return []demoPlan{
		plan("basic", "01990000-0000-7000-8000-00000000b101", basic), plan("standard", token.DemoPlan, standard),
		plan("premium", "01990000-0000-7000-8000-00000000b103", premium), plan("annual", "01990000-0000-7000-8000-00000000b104", annual),
		plan("dollars", "01990000-0000-7000-8000-00000000b105", dollars),
	}
}

// amount is one of our own, which is legal.
func amount(text string) api.Decimal {
	d, err := api.ParseDecimal(text)
	if err != nil {
		panic(err)
	}
	return d
}

// demoAccountKey is what the demo account is remembered by.
const demoAccountKey = "account:demo"

// demoSubscribers brings in what of the demo's plans never was, and the demo account.
func demoSubscribers(ctx context.Context, p *program, d *subscriber.Domain, once seeded.Marks) error {
	known, err := once.All(ctx)
	if err != nil {
		return err
	}
	var plans []subscriber.IncomingPlan
	var keys []string
	for _, plan := range demoPlans() {
		if _, ok := known[plan.key]; !ok {
			plans, keys = append(plans, plan.IncomingPlan), append(keys, plan.key)
		}
	}
	if _, ok := known[demoAccountKey]; !ok {
		keys = append(keys, demoAccountKey)
	}
	if len(keys) == 0 {
		fmt.Fprintln(p.out, "demo subscribers: brought in already")
		return nil
	}
	n, err := d.IngestPlans(ctx, commandLine, time.Now(), plans)
	if err != nil {
		return err
	}
	if err := demoAccount(ctx, d, known); err != nil {
		return err
	}
	fmt.Fprintf(p.out, "demo subscribers: %d plans created, and the demo account\n", n)
	return once.Put(ctx, time.Time{}, keys...)
}

// demoAccount tells of the account that development tokens are for.
func demoAccount(ctx context.Context, d *subscriber.Domain, known map[string]time.Time) error {
	if _, ok := known[demoAccountKey]; ok {
		return nil
	}
	plan, err := standardPlan(ctx, d)
	if err != nil {
		return err
	}
	_, err = d.IngestAccount(ctx, commandLine, time.Now(), uuid.MustParse(token.DemoAccount), subscriber.AccountWrite{
		Status: "active", PlanID: &plan, SubscriptionStatus: "active", CurrentPeriodEnd: &demoPeriodEnd, EmailVerified: true,
		Profiles: []subscriber.Profile{{ID: uuid.MustParse(token.DemoProfile), Name: "Demo"}}})
	return err
}

// standardPlan sees to it that there is the plan which accounts of ours have.
func standardPlan(ctx context.Context, d *subscriber.Domain) (uuid.UUID, error) {
	standard := demoPlans()[1].IncomingPlan
	_, err := d.IngestPlans(ctx, commandLine, time.Now(), []subscriber.IncomingPlan{standard})
	return standard.ID, err
}

// generateAccounts brings in the first n generated accounts, as far as they are not there.
func generateAccounts(ctx context.Context, p *program, d *subscriber.Domain, n int) error {
	const name = "generated accounts"
	plan, err := standardPlan(ctx, d)
	if err != nil {
		return err
	}
	bar := progress(p.err, name, n)
	created, done := 0, 0
	for done < n && err == nil {
		batch := generated(done, min(done+accountBatch, n))
		var added int
		if added, err = d.IngestGenerated(ctx, commandLine, time.Now(), plan, demoPeriodEnd, batch); err == nil {
			created, done = created+added, done+len(batch)
			_ = bar.Add(len(batch)) // it only draws
		}
	}
	_ = bar.Finish()
	fmt.Fprintf(p.out, "%s: %d created, %d known already\n", name, created, done-created)
	return err
}

// generated are the accounts from the first number to before the end.
func generated(first, end int) []subscriber.Generated {
	batch := make([]subscriber.Generated, 0, end-first)
	for i := first; i < end; i++ {
		batch = append(batch, subscriber.Generated{Account: token.AccountID(i), Profile: token.ProfileID(i), Device: token.DeviceID(i)})
	}
	return batch
}
