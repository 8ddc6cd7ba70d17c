package bench

import (
	"fmt"
	"slices"

	"encora/loadtest/mdtable"
)

// goal is a ratio that the edge is held to: floor must be reached, aim should be.
type goal struct {
	floor, aim float64
}

// hitGoals are throughput ratios of the edge to the named server for warm hits, homeGoals those of the home screen, revalidationGoals
// those for 304.
var (
	hitGoals = map[string]goal{
		bare: {0.75, 0.85}, nginxStatic: {0.80, 0.90}, nginxCache: {1.05, 1.15}, varnish: {1.45, 1.70},
	}
	homeGoals = map[string]goal{
		bare: {0.90, 1}, nginxStatic: {0.75, 0.85}, nginxCache: {1.05, 1.15}, varnish: {1.45, 1.70},
	}
	revalidationGoals = map[string]goal{nginxStatic: {0.80, 0.85}}
)

func (g goal) verdict(ratio float64) string {
	switch {
	case g == goal{}:
		return ""
	case ratio >= g.aim:
		return "aim reached"
	case ratio >= g.floor:
		return "floor reached"
	}
	return "BELOW"
}

func (g goal) String() string {
	if g == (goal{}) {
		return ""
	}
	return fmt.Sprintf("%.2f / %.2f", g.floor, g.aim)
}

// relative adds a row for each peer: the edge's throughput over the peer's, paired by round.
func relative(t *mdtable.Table, what string, edge *contestant, peers []*contestant, goals map[string]goal) {
	for _, p := range peers {
		ratios := mdtable.Ratios(edge.rounds.perSecond, p.rounds.perSecond)
		median, goal := mdtable.Median(ratios), goals[p.name]
		t.Add(what, p.name, fmt.Sprintf("%.3f", median), fmt.Sprintf("%.3f–%.3f", slices.Min(ratios), slices.Max(ratios)), goal, goal.verdict(median))
	}
}
