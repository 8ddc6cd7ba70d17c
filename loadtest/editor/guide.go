package editor

import "encoding/json"

// Channel is what the tools set of a channel.
type Channel struct {
	Name             string   `json:"name"`
	Status           string   `json:"status"`
	DRMRequired      bool     `json:"drm_required"`
	IsPremium        bool     `json:"is_premium"`
	IsCatchupEnabled bool     `json:"is_catchup_enabled"`
	EPGIDs           []string `json:"epg_ids"`
}

// CreateChannel makes a channel that viewers see, whose id in feeds is given, and returns its own.
func (c *Client) CreateChannel(name, feedID string) (string, error) {
	var made struct {
		ID string `json:"id"`
	}
	channel := Channel{Name: name, Status: "live", IsCatchupEnabled: true, EPGIDs: []string{feedID}}
	if err := c.call("POST", "/v2/admin/channels", 201, channel, &made); err != nil {
		return "", err
	}
	return made.ID, c.call("POST", "/v2/admin/channels/"+made.ID+"/publish", 200, nil, nil)
}

// RemoveChannel takes a channel from viewers and deletes it with its schedule.
func (c *Client) RemoveChannel(id string) error {
	if err := c.call("POST", "/v2/admin/channels/"+id+"/unpublish", 200, nil, nil); err != nil {
		return err
	}
	return c.call("DELETE", "/v2/admin/channels/"+id, 204, nil, nil)
}

// Import is how far an import of a schedule is.
type Import struct {
	ID     string `json:"id"`
	Status string `json:"status"` // queued, processing, completed or failed
	ImportCounts
	Faults int `json:"error_count"`
	Errors []struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"errors"`
}

// ImportCounts is what became of an import's programmes.
type ImportCounts struct {
	Imported  int `json:"programs_imported"`
	Created   int `json:"programs_created"`
	Updated   int `json:"programs_updated"`
	Deleted   int `json:"programs_deleted"`
	Unchanged int `json:"programs_unchanged"`
}

// Add counts another document's programmes, too.
func (c *ImportCounts) Add(other ImportCounts) {
	c.Imported += other.Imported
	c.Created += other.Created
	c.Updated += other.Updated
	c.Deleted += other.Deleted
	c.Unchanged += other.Unchanged
}

// XMLTV is the body of an import of the document.
func XMLTV(document []byte) ([]byte, error) {
	return json.Marshal(map[string]string{"format": "xmltv", "source": string(document)})
}

// Submit begins an import; body is one that XMLTV made.
func (c *Client) Submit(body []byte) (Import, error) {
	var job Import
	err := c.call("POST", "/v2/admin/epg/imports", 202, body, &job)
	return job, err
}

// Import shows an import.
func (c *Client) Import(id string) (Import, error) {
	var job Import
	err := c.call("GET", "/v2/admin/epg/imports/"+id, 200, nil, &job)
	return job, err
}
