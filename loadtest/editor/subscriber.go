package editor

import "time"

// Plan is as much of a plan as the tools set.
type Plan struct {
	ID         string `json:"id,omitempty"`
	Name       string `json:"name"`
	Price      int    `json:"price"`
	Currency   string `json:"currency"`
	Cycle      string `json:"billing_cycle"`
	Profiles   int    `json:"max_profiles"`
	Streams    int    `json:"max_concurrent_streams"`
	Devices    int    `json:"max_devices"`
	MaxQuality string `json:"max_quality"`
	IsActive   bool   `json:"is_active"` // offered to everybody
}

// CreatePlan makes a plan for one household, and returns its id. The token needs plans:write.
func (c *Client) CreatePlan(name string, streams, devices int) (string, error) {
	var made struct {
		ID string `json:"id"`
	}
	plan := Plan{Name: name, Price: 1, Currency: "EUR", Cycle: "monthly", Profiles: 1, Streams: streams, Devices: devices, MaxQuality: "HD"} // not on offer: apps would show it
	err := c.call("POST", "/v2/admin/plans", 201, plan, &made)
	return made.ID, err
}

// RemovePlan deletes a plan that no account has.
func (c *Client) RemovePlan(id string) error {
	return c.call("DELETE", "/v2/admin/plans/"+id, 204, nil, nil)
}

// Subscribe tells of an account whose subscription to the plan is active. The token needs accounts:write.
func (c *Client) Subscribe(account, plan string) error {
	state := struct {
		Version      int64     `json:"version"`
		Status       string    `json:"status"`
		Plan         string    `json:"plan_id"`
		Subscription string    `json:"subscription_status"`
		Until        time.Time `json:"current_period_end"`
	}{1, "active", plan, "active", time.Now().Add(30 * 24 * time.Hour).UTC()}
	return c.call("PUT", "/v2/admin/accounts/"+account, 200, state, nil)
}

// RemoveAccount deletes an account with its devices and sessions.
func (c *Client) RemoveAccount(id string) error {
	return c.call("DELETE", "/v2/admin/accounts/"+id, 204, nil, nil)
}
