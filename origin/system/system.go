// Package system is what the platform says of itself: the apps' bootstrap configuration, health, readiness, version,
// metrics, and the description of the API.
package system

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// Domain is the operations of this package. Don't copy it once it serves.
type Domain struct {
	// CDNBaseURL is what apps are told to load media from until an editor says otherwise.
	CDNBaseURL string
	// Components are what health tells of.
	Components []Component
	// OpenAPI renders the description of all operations. It is asked once.
	OpenAPI func() ([]byte, error)
	Log     *slog.Logger
	Now     func() time.Time

	probe struct {
		sync.Mutex
		last Health
	}
	description struct {
		sync.Once
		*file
	}
}

// Component is a part of the platform that can fail on its own.
type Component struct {
	Name     string
	Critical bool // without it the platform is down, and else degraded
	// Check returns nil while the component works. It is called at most once a second, and has two seconds.
	Check func(ctx context.Context) error
}
