package lane

import (
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

// Listener accepts TCP connections whose plain requests Answer answers. All fields are required.
type Listener struct {
	net.Listener
	Answer       Answerer
	Now          func() time.Time
	IdleTimeout  time.Duration // between requests that the lane answers
	WriteTimeout time.Duration
	MaxConns     int64
	// Refuse is sent to a connection beyond MaxConns before it is closed.
	Refuse []byte

	open     atomic.Int64
	refused  atomic.Uint64
	stopping atomic.Bool

	mu    sync.Mutex
	conns map[*conn]struct{}
}

// Open is the number of connections.
func (l *Listener) Open() int64 { return l.open.Load() }

// Refused counts the connections beyond MaxConns.
func (l *Listener) Refused() uint64 { return l.refused.Load() }

// Stop ends the waiting of idle connections, and leaves all further requests to the server, which closes the others once
// it is told to stop.
func (l *Listener) Stop() {
	l.stopping.Store(true)
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.conns {
		if c.idle.Load() {
			_ = c.TCPConn.SetReadDeadline(l.Now())
		}
	}
}

// ConnState is to be the server's hook of that name: it tells the lane when a connection is between requests.
func (l *Listener) ConnState(c net.Conn, state fasthttp.ConnState) {
	if w, ok := c.(*conn); ok {
		w.idle.Store(state == fasthttp.StateNew || state == fasthttp.StateIdle)
	}
}

// Accept implements net.Listener.
func (l *Listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		tcp, ok := c.(*net.TCPConn)
		if !ok {
			return c, nil
		}
		if l.open.Add(1) > l.MaxConns {
			l.open.Add(-1)
			l.refuse(tcp)
			continue
		}
		w, err := newConn(tcp, l)
		if err != nil {
			l.open.Add(-1)
			_ = tcp.Close()
			continue
		}
		l.enter(w)
		return w, nil
	}
}

// refuse tells a client to come back later. The answer fits the empty socket buffer, so this does not block.
func (l *Listener) refuse(c *net.TCPConn) {
	l.refused.Add(1)
	_ = c.SetWriteDeadline(l.Now().Add(100 * time.Millisecond))
	_, _ = c.Write(l.Refuse)
	_ = c.CloseWrite()
	_ = c.Close()
}

// enter and leave keep the books of open connections.
func (l *Listener) enter(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conns == nil {
		l.conns = make(map[*conn]struct{})
	}
	l.conns[c] = struct{}{}
}

func (l *Listener) leave(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := l.conns[c]; ok { // the server may close twice
		delete(l.conns, c)
		l.open.Add(-1)
	}
}
