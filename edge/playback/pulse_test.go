package playback

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

const ms = time.Millisecond

// pulsing is a pulse by a clock that is set: instants are counted from its first pulse.
type pulsing struct {
	Pulse
	t     *testing.T
	start time.Time
	now   time.Duration
}

func newPulsing(t *testing.T) *pulsing {
	p := &pulsing{t: t, start: time.Now()}
	p.Now = func() time.Time { return p.start.Add(p.now) }
	p.Beat()
	return p
}

// beats has it beat at instants.
func (p *pulsing) beats(at ...time.Duration) {
	for _, p.now = range at {
		p.Beat()
	}
}

// want checks the instant that a beat counts by which is taken at one.
func (p *pulsing) want(taken, stamp time.Duration) {
	p.t.Helper()
	now := p.start.Add(taken)
	if got := taken - p.Lain(now); got != stamp {
		p.t.Errorf("a beat at %v is stamped %v, want %v", taken, got, stamp)
	}
}

func TestBeatsAreStampedWhenTheyAreTaken(t *testing.T) {
	p := newPulsing(t)
	f := func(taken time.Duration) { t.Helper(); p.want(taken, taken) }
	f(0)
	f(1100 * ms) // the pulse is late by no more than a second
	p.beats(100*ms, 200*ms, 1300*ms)
	f(200 * ms)
	f(1300 * ms)
	f(2400 * ms)
	f(-5 * time.Second) // read before, and taken now
	var still Pulse
	if d := still.Lain(time.Now()); d != 0 {
		t.Errorf("%v by a pulse that never beat", d)
	}
}

func TestBeatsThatLayThroughAStall(t *testing.T) {
	p := newPulsing(t)
	p.beats(100*ms, 200*ms)
	f := func(taken, stamp time.Duration) { t.Helper(); p.want(taken, stamp) }
	f(1301*ms, 200*ms) // before the pulse wakes
	f(40*time.Second, 200*ms)
	p.beats(40 * time.Second)
	f(40*time.Second, 200*ms) // and after
	f(40*time.Second+100*ms, 200*ms)
	f(250*ms, 200*ms) // its instant was read before the stall, which no pulse tells from during it
	f(150*ms, 150*ms)
	p.beats(40*time.Second+100*ms, 40*time.Second+200*ms)
	f(40*time.Second+249*ms, 200*ms)
	f(40*time.Second+250*ms, 40*time.Second+250*ms)
	p.beats(40*time.Second + 300*ms)
	f(40*time.Second+200*ms, 200*ms)
	f(41*time.Second, 41*time.Second)
}

func TestStallsInSuccession(t *testing.T) {
	p := newPulsing(t)
	f := func(taken, stamp time.Duration) { t.Helper(); p.want(taken, stamp) }
	p.beats(10*time.Second, 10*time.Second+100*ms) // and stopped again before the sockets were read
	f(20*time.Second, 0)
	p.beats(20 * time.Second)
	f(20*time.Second+100*ms, 0)
	p.beats(20*time.Second+100*ms, 20*time.Second+200*ms, 20*time.Second+300*ms)
	f(20*time.Second+400*ms, 20*time.Second+400*ms)
	f(30*time.Second, 20*time.Second+300*ms)
	p.beats(30 * time.Second)
	f(30*time.Second, 20*time.Second+300*ms)
}

func TestAPulseRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := Pulse{Now: time.Now}
		ctx, cancel := context.WithCancel(t.Context())
		go p.Run(ctx)
		for range 300 {
			time.Sleep(77 * ms)
			if d := p.Lain(time.Now()); d != 0 {
				t.Fatal(d)
			}
		}
		if d := p.Lain(time.Now().Add(2 * time.Second)); d < 2*time.Second || d > 2*time.Second+pulseEvery {
			t.Errorf("%v", d)
		}
		cancel()
		synctest.Wait()
		if d := p.Lain(time.Now().Add(time.Hour)); d != 0 {
			t.Errorf("%v by a pulse that stopped", d)
		}
	})
}

// Another edge took a beat while this one stood still: what lay here is older, wherever it is compared.
func TestLainBeatsAreOlder(t *testing.T) {
	now := began + 60*second
	f := func(what string, stamp int64, warm bool, wantAt, wantExpires int64, wantPosition int32) {
		t.Helper()
		table := holding(1)
		b := Beat{Session: num(0), Position: 5}
		at := Instant{Now: now, Stamp: stamp}
		taken := Taken{}
		if warm {
			taken = table.TakeWarm(&b, mine, at)
		} else {
			taken = table.Take(&b, mine, at, false)
		}
		wantTaken(t, what, taken, Playing, "")
		told := sends(table, num(0))
		if told == nil || told.At != wantAt || told.ExpiresAt != wantExpires || int32(told.Position) != wantPosition || taken.ExpiresAt != wantExpires {
			t.Errorf("%s, warm %v: %+v %+v", what, warm, told, taken)
		}
	}
	for _, warm := range []bool{false, true} {
		f("plain", now, warm, now, now+sessionMS, 5)
		f("lain", began+50, warm, began+50, now+sessionMS, 5)
		f("lain, with a beat right before the stall", began-50, warm, began+1, now+sessionMS, 5)
		f("lain, with a later beat held", began-5*second, warm, began, began+sessionMS, 0)
	}
}

// A session that is over by now is so for a beat that lay, too, and new URLs are due by now.
func TestLainBeatsAreJudgedByNow(t *testing.T) {
	f := func(now int64, want Standing, wantWarm Standing, refresh bool) {
		t.Helper()
		at := Instant{Now: began + now, Stamp: began + 1}
		b := Beat{Session: num(0), Position: 5}
		wantTaken(t, "warm", holding(1).TakeWarm(&b, mine, at), wantWarm, "")
		taken := holding(1).Take(&b, mine, at, false)
		if wantTaken(t, "cold", taken, want, ""); taken.Refresh != refresh {
			t.Errorf("after %d: %+v", now, taken)
		}
	}
	f(sessionMS-1, Playing, Playing, false)
	f(sessionMS, Late, Late, false)
	table := holding(1)
	table.Enter(toldOf(num(0), mine, began), began+minute)
	b, at := Beat{Session: num(0)}, Instant{Now: began + minute, Stamp: began + 1}
	wantTaken(t, "warm, to be renewed", table.TakeWarm(&b, mine, at), Unknown, "")
	if taken := table.Take(&b, mine, at, false); !taken.Refresh {
		t.Errorf("%+v", taken)
	}
	b.Paused = true
	if taken := table.Take(&b, mine, at, true); taken.ExpiresAt != began+2+30*minute {
		t.Errorf("a pause lasts until %d", taken.ExpiresAt-began)
	}
}

// stampEnv has this test binary be the process that is stopped.
const stampEnv = "ENCORA_TEST_STAMP"

// A process is stopped in earnest, with lines in its pipe that it reads when it goes on.
func TestAProcessThatIsStopped(t *testing.T) {
	if os.Getenv(stampEnv) != "" {
		stampLines(t.Context())
		return
	}
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestAProcessThatIsStopped$")
	child.Env = append(os.Environ(), stampEnv+"=1")
	in, errIn := child.StdinPipe()
	out, errOut := child.StdoutPipe()
	if err := child.Start(); err != nil || errIn != nil || errOut != nil {
		t.Fatal(err, errIn, errOut)
	}
	defer func() { _ = in.Close(); _ = child.Wait() }()
	answers := bufio.NewReader(out)
	f := func(n int, least, most time.Duration) {
		t.Helper()
		for range n {
			var lain time.Duration
			if _, err := fmt.Fscanln(answers, (*int64)(&lain)); err != nil || lain < least || lain > most {
				t.Errorf("lain for %v, want %v to %v; %v", lain, least, most, err)
			}
		}
	}
	fmt.Fprintln(in)
	f(1, 0, 0)
	signal := func(s syscall.Signal) {
		if err := child.Process.Signal(s); err != nil {
			t.Fatal(err)
		}
	}
	signal(syscall.SIGSTOP)
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(child.Process.Pid, &status, syscall.WUNTRACED, nil); err != nil || !status.Stopped() { // it stops when it is told, not before
		t.Fatal(err, status)
	}
	fmt.Fprint(in, "\n\n\n\n\n")
	time.Sleep(1500 * ms)
	signal(syscall.SIGCONT)
	f(5, 1400*ms, 20*time.Second)
	time.Sleep(2 * settling)
	fmt.Fprintln(in)
	f(1, 0, 0)
}

// stampLines answers each line with how long it may have lain.
func stampLines(ctx context.Context) {
	p := Pulse{Now: time.Now}
	p.Beat()
	go p.Run(ctx)
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		fmt.Println(int64(p.Lain(time.Now())))
	}
}
