//go:build race

package epg

const raceDetector = true
