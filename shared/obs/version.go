package obs

import (
	"cmp"
	"runtime/debug"
)

// apiVersion is the version of the contract that both binaries serve.
const apiVersion = "2.0.0"

// Set by the Makefile: -ldflags "-X encora/shared/obs.commitSHA=… -X encora/shared/obs.buildDate=2006-01-02".
var commitSHA, buildDate string

// VersionInfo is the body of GET /v2/version.
type VersionInfo struct {
	APIVersion string `json:"api_version"`
	BuildDate  string `json:"build_date"` // 2006-01-02: the build's day, else the commit's, else 0001-01-01
	CommitSHA  string `json:"commit_sha"` // "unknown" if neither the linker nor the go command recorded one
}

// Version tells what was built.
func Version() VersionInfo {
	info, _ := debug.ReadBuildInfo() // nil in a binary that was built without module support
	return version(commitSHA, buildDate, info)
}

func version(sha, date string, info *debug.BuildInfo) VersionInfo {
	if info != nil {
		sha = cmp.Or(sha, setting(info, "vcs.revision"))
		date = cmp.Or(date, setting(info, "vcs.time"))
	}
	date = cmp.Or(date, "0001-01-01")
	return VersionInfo{APIVersion: apiVersion, BuildDate: date[:min(len(date), len("2006-01-02"))],
		CommitSHA: cmp.Or(sha, "unknown")}
}

func setting(info *debug.BuildInfo, key string) string {
	for _, s := range info.Settings {
		if s.Key == key {
			return s.Value
		}
	}
	return ""
}
