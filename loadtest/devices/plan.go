package devices

import (
	"math/rand/v2"
	"slices"
	"time"
)

// Phases of a device's life, in their order.
const (
	launch = "launch"
	home   = "home"
	detail = "detail"
	play   = "play"
	beat   = "beat"
	end    = "end"
)

var phases = []string{launch, home, detail, play, beat, end}

// step is one request of a device.
type step uint8

const (
	config step = iota
	plans
	movies
	channels
	genres
	now
	movie
	related
	start
	heartbeat
	stop
)

// phaseOf is by step.
var phaseOf = [...]string{config: launch, plans: launch, movies: home, channels: home, genres: home, now: home, movie: detail, related: detail,
	start: play, heartbeat: beat, stop: end}

// due is a step with its instant, counted from the beginning.
type due struct {
	at     time.Duration
	device int32
	step   step
}

// apart is how far apart the requests of one screen are.
const apart = 20 * time.Millisecond

// plan is what every device does and when, which no answer changes: a device that waits for one still beats when it is due.
func (c *Command) plan(n int) []due {
	var all []due
	for i := range n {
		rng := rand.New(rand.NewPCG(c.Seed, uint64(i)))
		all = append(all, c.life(rng, int32(i), n)...)
	}
	slices.SortStableFunc(all, func(a, b due) int { return int(a.at - b.at) })
	return all
}

// life is one device's. People look at a screen for some seconds.
func (c *Command) life(rng *rand.Rand, i int32, n int) []due {
	between := func(least, most time.Duration) time.Duration {
		return least + time.Duration(rng.Int64N(int64(most-least)+1))
	}
	var life []due
	screen := func(at time.Duration, steps ...step) {
		for k, s := range steps {
			life = append(life, due{at + time.Duration(k)*apart, i, s})
		}
	}
	at := c.RampUp * time.Duration(i) / time.Duration(n)
	screen(at, config, plans)
	at += between(500*time.Millisecond, 1500*time.Millisecond)
	screen(at, movies, channels, genres, now)
	at += between(2*time.Second, 6*time.Second)
	screen(at, movie, related)
	at += between(2*time.Second, 8*time.Second)
	screen(at, start)
	until := max(c.RampUp+c.Playing, at)
	for at += c.BeatEvery; at < until; at += c.BeatEvery {
		screen(at, heartbeat)
	}
	screen(until+time.Second+between(0, c.RampDown), stop)
	return life
}
