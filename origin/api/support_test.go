package api_test

import (
	"bytes"
	"sync"
	"time"

	"encora/origin/apitest"
)

// log keeps what the server logs at level info and above.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// created makes a note through the API and returns it with its ETag.
func (b *bundle) created(body any) (Note, string) {
	b.t.Helper()
	a := b.Do(apitest.Request{Method: "POST", Path: "/v2/admin/notes", Access: writer, Body: body}).Want(201)
	var n Note
	a.Decode(&n)
	return n, a.Header.Get("ETag")
}

func (b *bundle) rows() int {
	b.t.Helper()
	var n int
	if err := b.DB.Pool().QueryRow(b.t.Context(), `SELECT count(*) FROM notes`).Scan(&n); err != nil {
		b.t.Fatal(err)
	}
	return n
}

func (b *bundle) eventually(otherwise string, ok func() bool) {
	b.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			b.t.Fatal(otherwise)
		}
	}
}
