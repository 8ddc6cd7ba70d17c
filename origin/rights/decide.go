package rights

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/api"
	"encora/origin/content"
	"encora/shared/fault"
	"encora/shared/territory"
	"encora/shared/wire"
)

// DenyRules lists the ids of the rules in use that deny the country (ISO 3166-1 alpha-2, or territory.Unknown), sorted.
func (d *Domain) DenyRules(ctx context.Context, tx pgx.Tx, country string) ([]uuid.UUID, error) {
	rules, err := rulesInUse(ctx, tx)
	if err != nil {
		return nil, err
	}
	var ids []uuid.UUID
	for _, r := range rules {
		if denies(r.Policy, r.Territories, country) {
			ids = append(ids, r.ID)
		}
	}
	return ids, nil
}

// audiences answers edges with the whole map of which country is denied by which rules, and which plans have which filter.
func (d *Domain) audiences(ctx context.Context, r *api.Read, _ *api.None) (wire.Audiences, error) {
	r.Tag(tagMap, wire.TagFilters)
	answer := wire.Audiences{Deny: map[string][]string{}}
	rules, err := rulesInUse(ctx, r)
	if err != nil {
		return answer, err
	}
	for _, rule := range rules {
		for i, denied := range (meaning{rule.Policy, rule.Territories, 1}).denied() {
			if code := territory.Code(i); denied {
				answer.Deny[code] = append(answer.Deny[code], rule.ID.String())
			}
		}
	}
	if d.PlanFilters != nil {
		answer.Filters, err = d.PlanFilters(ctx, r)
	}
	return answer, err
}

// GeoQuestion asks whether a content may be seen in a country.
type GeoQuestion struct {
	ContentID   uuid.UUID `json:"content_id"`
	ContentType string    `json:"content_type" enum:"movie,show,episode,channel"`
	CountryCode string    `json:"country_code" minLength:"2" maxLength:"2" doc:"ISO 3166-1 alpha-2, or ZZ for a country that is not known."`
}

// GeoDecision answers a GeoQuestion.
type GeoDecision struct {
	Allowed bool       `json:"allowed"`
	RuleID  *uuid.UUID `json:"rule_id" nullable:"true" doc:"The rule that decided: the first by id that denies, else the first that is attached; null when none is."`
}

type checkIn struct {
	Body GeoQuestion
}

func (d *Domain) check(ctx context.Context, r *api.Read, in *checkIn) (GeoDecision, error) {
	types, err := content.Types(ctx, r, []uuid.UUID{in.Body.ContentID})
	if err != nil {
		return GeoDecision{}, err
	}
	if types[in.Body.ContentID] != in.Body.ContentType {
		return GeoDecision{}, fault.Missing()
	}
	if _, known := territory.Index(in.Body.CountryCode); !known {
		return GeoDecision{}, api.Invalid(fault.Detail{Field: "country_code", Code: "not_allowed",
			Message: "Expected an ISO 3166-1 alpha-2 code in capitals, or ZZ."})
	}
	rules, err := rulesOf(ctx, r, in.Body.ContentID)
	return decide(rules, in.Body.CountryCode), err
}

// decide applies a content's rules, all of which must allow.
func decide(rules []ruling, country string) GeoDecision {
	for i := range rules {
		if denies(rules[i].Policy, rules[i].Territories, country) {
			return GeoDecision{Allowed: false, RuleID: &rules[i].ID}
		}
	}
	if len(rules) == 0 {
		return GeoDecision{Allowed: true}
	}
	return GeoDecision{Allowed: true, RuleID: &rules[0].ID}
}
