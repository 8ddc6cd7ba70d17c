package epg

import (
	"encora/origin/api"
)

// Schedule is a page of the guide: programmes by channel, in the order asked.
type Schedule struct {
	Data api.ByID[[]Program] `json:"data" doc:"Programmes by channel id, in the order asked."`
	Meta api.Meta            `json:"meta"`
}

// Now is what is on air, by channel in the order asked; null where nothing is.
type Now struct {
	Data api.ByID[*Program] `json:"data" doc:"What is on air by channel id, in the order asked; null where nothing is."`
}
