package main

import (
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Under the names of the programs the test binary plays them: local is real, origin and edge do no more than to note
// what becomes of them in the folder that noteDir names, and to answer that they are ready.
const (
	noteDir   = "FAKE_NOTE_DIR"
	edgeFails = "FAKE_EDGE_FAILS" // the edge ends right after it was ready
	seedFails = "FAKE_SEED_FAILS" // number of the seeding that fails, from 1
)

func TestMain(m *testing.M) {
	switch filepath.Base(os.Args[0]) {
	case "local":
		main()
	case "origin":
		fakeOrigin(os.Args[1:])
	case "ffmpeg":
		note("ffmpeg makes a clip")
	case "edge":
		fakeServer("edge", os.Getenv("EDGE_ADDR"))
	default:
		os.Exit(m.Run())
	}
}

func fakeOrigin(args []string) {
	if args[0] == "serve" {
		fakeServer("origin", os.Getenv("ORIGIN_ADDR"))
		return
	}
	note("origin " + strings.Join(args, " "))
	if args[0] == "seed" && os.Getenv(seedFails) == strconv.Itoa(seedings()) {
		fmt.Println("no such luck")
		os.Exit(4)
	}
}

// seedings is how many there were.
func seedings() int {
	calls, err := os.ReadFile(filepath.Join(os.Getenv(noteDir), "calls"))
	if err != nil {
		panic(err)
	}
	return strings.Count(string(calls), "origin seed")
}

func fakeServer(name, addr string) {
	note(name + " serves")
	if err := os.WriteFile(filepath.Join(os.Getenv(noteDir), name+".env"), []byte(strings.Join(os.Environ(), "\n")), 0o600); err != nil {
		panic(err)
	}
	term := make(chan os.Signal, 1)
	signal.Notify(term, syscall.SIGTERM)
	began := time.Now()
	go func() {
		panic(http.ListenAndServe(addr, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/v2/ready" || time.Since(began) < 200*time.Millisecond { // ready only after a while
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			if name == "edge" && os.Getenv(edgeFails) != "" {
				fmt.Println("out of luck")
				os.Exit(3)
			}
		})))
	}()
	<-term
	note(name + " stops")
}

// note appends a line to the file calls.
func note(line string) {
	f, err := os.OpenFile(filepath.Join(os.Getenv(noteDir), "calls"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	if _, err := fmt.Fprintln(f, line); err != nil {
		panic(err)
	}
	if err := f.Close(); err != nil {
		panic(err)
	}
}
