package system

import (
	"encora/origin/api"
	"encora/shared/obs"
	"encora/shared/op"
)

// Entries are the operations of this package. What has no tag is not described in OpenAPI.
func (d *Domain) Entries() []api.Entry {
	const tag, adminConfig = "System", "/v2/admin/app-config/{platform}"
	return []api.Entry{
		api.Get("getAppConfig", "/v2/config", op.Public, d.getConfig).Shared(10).
			Documented(tag, "Get App Bootstrap Configuration", "Returns client configuration fetched on app launch: feature flags, minimum app versions, CDN base URL, and maintenance status. Supports If-None-Match for efficient polling."),
		api.Plain("getHealth", "/v2/health", op.Both, Health{}, d.getHealth).
			Documented(tag, "Health Check", "Returns overall platform health and per-component status. Does not require authentication. Used by load balancers and monitoring systems. Returns 200 for ok and degraded; returns 503 for down."),
		api.Plain("getReadiness", "/v2/ready", op.Both, Readiness{}, d.ready).
			Documented(tag, "Readiness Check", "Kubernetes-style readiness probe. Returns 200 when all critical dependencies (database, cache, DRM) are available. Returns 503 otherwise. Use for traffic routing decisions (not for end-user display)."),
		api.Plain("getVersion", "/v2/version", op.Both, obs.VersionInfo{}, version).
			Documented(tag, "Get API Version", "Returns the deployed API and service versions. Use for client-side compatibility checks."),
		api.Get("adminGetAppConfig", adminConfig, "content:read", d.adminGetConfig).
			Documented(tag, "Get App Configuration (Admin)", "Returns a platform's configuration as it is set, or the defaults while nothing is."),
		api.Put("adminUpdateAppConfig", adminConfig, "content:write", d.updateConfig).
			Documented(tag, "Update App Configuration (Admin)", "Replaces a platform's configuration."),
		api.Plain("metrics", "/metrics", op.Both, nil, metricsText),
		api.Plain("openapi", "/openapi.json", op.Pass, nil, d.openapi),
		api.Plain("docs", "/docs", op.Pass, nil, page.serve),
		api.Plain("docsScript", scriptPath, op.Pass, nil, script.serve),
		api.Plain("docsStyle", stylePath, op.Pass, nil, style.serve),
	}
}
